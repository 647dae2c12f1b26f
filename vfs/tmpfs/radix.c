/* SPDX-License-Identifier: MIT
 *
 * Radix trees: chunks of a file by offset, names of a directory by cookie. The tree grows in height as keys do, and becomes
 * empty (height 0) when its last item goes.
 */
#include "kernel/kernel.h"
#include "kernel/errno.h"
#include "vfs/tmpfs/radix.h"

#define RADIX_BITS 6
#define RADIX_WAYS (1u << RADIX_BITS)
#define RADIX_MAX_HEIGHT 11

struct radix_node {
	void *slot[RADIX_WAYS];
	uint32_t count;
};

static bool
fits(uint32_t height, uint64_t key)
{
	return height >= RADIX_MAX_HEIGHT || (key >> (height * RADIX_BITS)) == 0;
}

static uint32_t
digit(uint64_t key, uint32_t level)
{
	return (uint32_t)(key >> (level * RADIX_BITS)) & (RADIX_WAYS - 1);
}

void *
radix_get(const struct radix *r, uint64_t key)
{
	void *p = r->root;

	if (!p || !fits(r->height, key))
		return NULL;
	for (uint32_t level = r->height; p && level-- > 0;)
		p = ((struct radix_node *)p)->slot[digit(key, level)];
	return p;
}

static struct radix_node *
new_node(struct kernel *k)
{
	return kzalloc(k, sizeof(struct radix_node));
}

int
radix_set(struct kernel *k, struct radix *r, uint64_t key, void *item)
{
	void **slot;
	struct radix_node *node = NULL;

	while (!fits(r->height, key)) {
		if (r->root) {
			struct radix_node *top = new_node(k);

			if (!top)
				return -ENOMEM;
			top->slot[0] = r->root;
			top->count = 1;
			r->root = top;
		}
		r->height++;
	}
	slot = &r->root;
	for (uint32_t level = r->height; level-- > 0;) {
		if (!*slot) {
			*slot = new_node(k);
			if (!*slot)
				return -ENOMEM; /* the empty nodes above stay for the next try */
			if (node)
				node->count++;
		}
		node = *slot;
		slot = &node->slot[digit(key, level)];
	}
	if (!*slot && node)
		node->count++;
	*slot = item;
	return 0;
}

void
radix_clear(struct kernel *k, struct radix *r, uint64_t key)
{
	struct radix_node *path[RADIX_MAX_HEIGHT];
	void *p = r->root;
	uint32_t level;

	if (!p || !fits(r->height, key))
		return;
	for (level = r->height; level-- > 0;) {
		path[level] = p;
		p = path[level]->slot[digit(key, level)];
		if (!p)
			return;
	}
	for (level = 0; level < r->height; level++) {
		path[level]->slot[digit(key, level)] = NULL;
		if (--path[level]->count > 0)
			return;
		kfree(k, path[level]);
	}
	*r = (struct radix){ NULL, 0 };
}

void *
radix_next(const struct radix *r, uint64_t *key)
{
	uint64_t at = *key;

	if (!r->root || !fits(r->height, at))
		return NULL;
	for (;;) {
		void *p = r->root;
		uint32_t level = r->height;

		while (level > 0) {
			struct radix_node *n = p;
			uint32_t d;

			level--;
			d = digit(at, level);
			p = n->slot[d];
			if (p)
				continue;
			while (++d < RADIX_WAYS && !n->slot[d])
				;
			if (d < RADIX_WAYS) { /* the least key below that slot; look again from there */
				at = at >> (level * RADIX_BITS) >> RADIX_BITS << RADIX_BITS;
				at = (at | d) << (level * RADIX_BITS);
				p = n->slot[d];
				continue;
			}
			/* nothing here: on to the next subtree of this node's parent */
			at = (at >> ((level + 1) * RADIX_BITS)) + 1;
			if (level + 1 >= r->height || (level + 1) * RADIX_BITS >= 64)
				return NULL;
			at <<= (level + 1) * RADIX_BITS;
			if (!fits(r->height, at) || at == 0)
				return NULL;
			break;
		}
		if (level == 0 && p) {
			if (r->height == 0 && at > 0)
				return NULL;
			*key = at;
			return p;
		}
	}
}
