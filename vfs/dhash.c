/* SPDX-License-Identifier: MIT
 *
 * The hash of the dentry cache, by directory and name.
 *
 * Looking up takes no lock: a chain is walked in type-stable memory, the dentry's name compared, a reference taken if the
 * count is not zero, and d_seq looked at again: it changes when the dentry is renamed or its memory is given to another name.
 * A miss is only a hint (a chain may change underfoot); whoever must know asks again with the directory's i_rwsem held, under
 * which all names of it come and go.
 *
 * There are two tables. Most instances know a few hundred names, which a small table keeps on few pages: every page costs the
 * first process that touches it, and each that comes after a fault. Once there are many, the names move to the big one, bucket
 * by bucket, and the small buckets say so for ever (MOVED).
 *
 * Locks: of a small bucket -> of a big one (RANK_DCACHE both).
 */
#include "kernel/kernel.h"
#include "vfs/internal.h"

#define SMALL_BITS 10
#define BIG_BITS   17
#define GROW_NAMES (8u << SMALL_BITS)
#define MOVED	   ((struct dentry *)1)

struct dhash_bucket {
	struct mutex lock; /* RANK_DCACHE */
	struct dentry *first;
};

static uint64_t
d_hash(const struct dentry *parent, uint32_t hash)
{
	return ((uintptr_t)parent >> 6) * 0x9e3779b97f4a7c15ULL + (uint64_t)hash * 0xc2b2ae3d27d4eb4fULL;
}

static uint64_t
d_hash_of(const struct dentry *d)
{
	return d_hash(d->d_parent, d->d_name.hash);
}

/* The bucket where names of this hash are, locked. */
static struct dhash_bucket *
lock_bucket(struct dhash *t, uint64_t h) __no_thread_safety
{
	struct dhash_bucket *b;

	if (!__atomic_load_n(&t->grown, __ATOMIC_ACQUIRE)) {
		b = &t->small[h >> (64 - SMALL_BITS)];
		mutex_lock(&b->lock);
		if (b->first != MOVED)
			return b;
		mutex_unlock(&b->lock);
	}
	b = &t->big[h >> (64 - BIG_BITS)];
	mutex_lock(&b->lock);
	return b;
}

static struct dentry *
first_of(const struct dhash *t, uint64_t h)
{
	if (!__atomic_load_n(&t->grown, __ATOMIC_ACQUIRE)) {
		struct dentry *d = __atomic_load_n(&t->small[h >> (64 - SMALL_BITS)].first, __ATOMIC_ACQUIRE);

		if (d != MOVED)
			return d;
	}
	return __atomic_load_n(&t->big[h >> (64 - BIG_BITS)].first, __ATOMIC_ACQUIRE);
}

static void
move_bucket(struct dhash *t, struct dhash_bucket *from) __no_thread_safety
{
	struct dentry *next;

	mutex_lock(&from->lock);
	for (struct dentry *d = from->first; d; d = next) {
		struct dhash_bucket *to = &t->big[d_hash_of(d) >> (64 - BIG_BITS)];

		next = d->d_hash;
		mutex_lock_nested(&to->lock);
		__atomic_store_n(&d->d_hash, to->first, __ATOMIC_RELEASE);
		__atomic_store_n(&to->first, d, __ATOMIC_RELEASE);
		mutex_unlock(&to->lock);
	}
	__atomic_store_n(&from->first, MOVED, __ATOMIC_RELEASE);
	mutex_unlock(&from->lock);
}

void
d_hash_grow(struct kernel *k)
{
	struct vfs_state *v = k->vfs;
	struct dhash *t = &v->dhash;

	if (likely(__atomic_load_n(&v->nr_dentry, __ATOMIC_RELAXED) < GROW_NAMES || __atomic_load_n(&t->growing, __ATOMIC_RELAXED)) ||
	    __atomic_exchange_n(&t->growing, 1, __ATOMIC_ACQ_REL))
		return;
	t->big = page_alloc(k, (sizeof(struct dhash_bucket) << BIG_BITS) >> PAGE_SHIFT, 1);
	if (!t->big)
		return; /* the arena is full: long chains are the least of it */
	for (unsigned int i = 0; i < 1u << BIG_BITS; i++)
		mutex_init_zeroed(&t->big[i].lock, RANK_DCACHE);
	for (unsigned int i = 0; i < 1u << SMALL_BITS; i++)
		move_bucket(t, &t->small[i]);
	__atomic_store_n(&t->grown, true, __ATOMIC_RELEASE);
}

int
d_hash_init(struct kernel *k)
{
	struct dhash *t = &k->vfs->dhash;

	t->small = page_alloc(k, (sizeof(struct dhash_bucket) << SMALL_BITS) >> PAGE_SHIFT, 1);
	if (!t->small)
		return -ENOMEM;
	for (unsigned int i = 0; i < 1u << SMALL_BITS; i++)
		mutex_init_zeroed(&t->small[i].lock, RANK_DCACHE);
	return 0;
}

void
d_hash_insert(struct vfs_state *v, struct dentry *d) __no_thread_safety
{
	struct dhash_bucket *b = lock_bucket(&v->dhash, d_hash_of(d));

	d->d_hash = b->first;
	clear_bits(&d->d_flags, DCACHE_UNHASHED);
	__atomic_store_n(&b->first, d, __ATOMIC_RELEASE);
	mutex_unlock(&b->lock);
}

/* The bucket's lock is held and @d is in it. d_hash of @d stays: a reader that stands on it goes on. */
static void
remove_locked(struct dhash_bucket *b, struct dentry *d)
{
	struct dentry **p = &b->first;

	while (*p && *p != d)
		p = &(*p)->d_hash;
	if (*p)
		__atomic_store_n(p, d->d_hash, __ATOMIC_RELEASE);
}

void
d_hash_remove(struct vfs_state *v, struct dentry *d) __no_thread_safety
{
	struct dhash_bucket *b = lock_bucket(&v->dhash, d_hash_of(d));

	remove_locked(b, d);
	mutex_unlock(&b->lock);
}

/* Waits until nobody renames @d, and locks its bucket. False: it is not hashed, and nothing is locked. */
static bool
lock_bucket_of(struct vfs_state *v, struct dentry *d, struct dhash_bucket **out) __no_thread_safety
{
	for (;;) {
		uint32_t seq = __atomic_load_n(&d->d_seq, __ATOMIC_ACQUIRE);
		struct dhash_bucket *b;

		if (seq & 1) {
			mutex_lock(&v->rename_lock);
			mutex_unlock(&v->rename_lock);
			continue;
		}
		b = lock_bucket(&v->dhash, d_hash_of(d));
		if (__atomic_load_n(&d->d_seq, __ATOMIC_ACQUIRE) == seq) {
			if (!d_unhashed(d)) {
				*out = b;
				return true;
			}
			mutex_unlock(&b->lock);
			return false;
		}
		mutex_unlock(&b->lock);
	}
}

bool
d_hash_drop(struct vfs_state *v, struct dentry *d) __no_thread_safety
{
	struct dhash_bucket *b;

	if (d_unhashed(d) || !lock_bucket_of(v, d, &b))
		return false;
	remove_locked(b, d);
	set_bits(&d->d_flags, DCACHE_UNHASHED);
	mutex_unlock(&b->lock);
	return true;
}

static bool
d_name_matches(const struct dentry *d, const struct qstr *name)
{
	return READ_ONCE(d->d_name.len) == name->len && memcmp(READ_ONCE(d->d_name.name), name->name, name->len) == 0;
}

/* False: the cache has no such name, for sure as the chain would tell: no need to look for a bucket far away. */
static bool
d_may_have_child(const struct dentry *parent, uint32_t hash)
{
	return READ_ONCE(parent->d_child_bits) & d_child_bit(hash);
}

/**
 * d_lookup() - a child in the cache
 * @parent: referenced
 * @name: hash may be 0
 *
 * Context: takes no lock. A miss is only certain with the directory's i_rwsem held.
 * Return: with a reference, or NULL.
 */
struct dentry *
d_lookup(struct dentry *parent, const struct qstr *name)
{
	uint32_t hash = name->hash ? name->hash : full_name_hash(name->name, name->len);
	unsigned int steps = 0;
	struct dentry *d;

	if (!d_may_have_child(parent, hash))
		return NULL;
again:
	for (d = first_of(&parent->d_sb->k->vfs->dhash, d_hash(parent, hash)); d; d = __atomic_load_n(&d->d_hash, __ATOMIC_ACQUIRE)) {
		uint32_t seq;

		if (unlikely(++steps > 10000))
			return NULL;
		if (READ_ONCE(d->d_name.hash) != hash || READ_ONCE(d->d_parent) != parent)
			continue;
		seq = __atomic_load_n(&d->d_seq, __ATOMIC_ACQUIRE);
		if (unlikely(seq & 1) || READ_ONCE(d->d_parent) != parent || d_unhashed(d) || !d_name_matches(d, name))
			continue;
		if (!refcount_inc_not_zero(&d->d_count))
			continue;
		__atomic_thread_fence(__ATOMIC_ACQUIRE);
		if (likely(__atomic_load_n(&d->d_seq, __ATOMIC_ACQUIRE) == seq)) {
			if (!(READ_ONCE(d->d_flags) & DCACHE_REFERENCED))
				set_bits(&d->d_flags, DCACHE_REFERENCED);
			return d;
		}
		dput(d);
		goto again;
	}
	return NULL;
}

/**
 * d_lookup_certain() - the same, and a miss is certain
 * @parent: its i_rwsem is held, so that no name of it comes or goes
 * @name: as above
 *
 * Context: takes the bucket's lock.
 * Return: with a reference, or NULL.
 */
struct dentry *
d_lookup_certain(struct dentry *parent, const struct qstr *name) __no_thread_safety
{
	uint32_t hash = name->hash ? name->hash : full_name_hash(name->name, name->len);
	struct dhash_bucket *b;
	struct dentry *d;

	if (!d_may_have_child(parent, hash))
		return NULL;
	b = lock_bucket(&parent->d_sb->k->vfs->dhash, d_hash(parent, hash));
	for (d = b->first; d; d = d->d_hash)
		if (d->d_name.hash == hash && d->d_parent == parent && d_name_matches(d, name) && refcount_inc_not_zero(&d->d_count))
			break;
	mutex_unlock(&b->lock);
	return d;
}
