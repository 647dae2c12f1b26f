/* SPDX-License-Identifier: MIT
 *
 * The hash of inodes, by super block, number and key. Whoever looks holds the bucket's lock.
 *
 * A small table for the few inodes most instances have, and a big one to which they all move once there are many, for the reason that
 * vfs/dhash.c gives.
 *
 * Locks: of a small bucket -> of a big one (RANK_ICACHE both).
 */
#include "kernel/kernel.h"
#include "vfs/internal.h"

#define SMALL_BITS  9
#define BIG_BITS    16
#define GROW_INODES (8u << SMALL_BITS)
#define MOVED	    ((struct list_head *)1)

struct ihash_bucket {
	struct mutex lock; /* RANK_ICACHE */
	struct list_head head; /* zero before the first inode; next is MOVED if all that belong here are in the big table */
};

static uint64_t
i_hash_of(const struct super_block *sb, uint64_t ino, uint64_t key)
{
	uint64_t h = ((uintptr_t)sb >> 6) + ino * 0x9e3779b97f4a7c15ULL + key * 0xc2b2ae3d27d4eb4fULL;

	h ^= h >> 32;
	return h * 0x9e3779b97f4a7c15ULL;
}

struct ihash_bucket *
i_hash_lock(const struct super_block *sb, uint64_t ino, uint64_t key) __no_thread_safety
{
	struct ihash *t = &sb->k->vfs->ihash;
	uint64_t h = i_hash_of(sb, ino, key);
	struct ihash_bucket *b;

	if (!__atomic_load_n(&t->grown, __ATOMIC_ACQUIRE)) {
		b = &t->small[h >> (64 - SMALL_BITS)];
		mutex_lock(&b->lock);
		if (b->head.next != MOVED)
			return b;
		mutex_unlock(&b->lock);
	}
	b = &t->big[h >> (64 - BIG_BITS)];
	mutex_lock(&b->lock);
	return b;
}

void
i_hash_unlock(struct ihash_bucket *b) __no_thread_safety
{
	mutex_unlock(&b->lock);
}

void
i_hash_add(struct ihash_bucket *b, struct inode *inode)
{
	if (unlikely(!b->head.next))
		INIT_LIST_HEAD(&b->head);
	list_add(&inode->i_hash, &b->head);
}

struct inode *
i_hash_find(struct ihash_bucket *b, const struct super_block *sb, uint64_t ino, uint64_t key)
{
	struct inode *inode;

	if (!b->head.next)
		return NULL;
	list_for_each_entry(inode, &b->head, i_hash)
		if (inode->i_ino == ino && inode->i_key == key && inode->i_sb == sb)
			return inode;
	return NULL;
}

static void
move_bucket(struct ihash *t, struct ihash_bucket *from) __no_thread_safety
{
	mutex_lock(&from->lock);
	while (from->head.next && !list_empty(&from->head)) {
		struct inode *inode = list_first_entry(&from->head, struct inode, i_hash);
		struct ihash_bucket *to = &t->big[i_hash_of(inode->i_sb, inode->i_ino, inode->i_key) >> (64 - BIG_BITS)];

		list_del_init(&inode->i_hash);
		mutex_lock_nested(&to->lock);
		i_hash_add(to, inode);
		mutex_unlock(&to->lock);
	}
	from->head.next = MOVED;
	mutex_unlock(&from->lock);
}

void
i_hash_grow(struct kernel *k)
{
	struct vfs_state *v = k->vfs;
	struct ihash *t = &v->ihash;

	if (likely(__atomic_load_n(&v->nr_inodes, __ATOMIC_RELAXED) < GROW_INODES || __atomic_load_n(&t->growing, __ATOMIC_RELAXED)) ||
	    __atomic_exchange_n(&t->growing, 1, __ATOMIC_ACQ_REL))
		return;
	t->big = page_alloc(k, (sizeof(struct ihash_bucket) << BIG_BITS) >> PAGE_SHIFT, 1);
	if (!t->big)
		return; /* the arena is full: long chains are the least of it */
	for (unsigned int i = 0; i < 1u << BIG_BITS; i++)
		mutex_init_zeroed(&t->big[i].lock, RANK_ICACHE);
	for (unsigned int i = 0; i < 1u << SMALL_BITS; i++)
		move_bucket(t, &t->small[i]);
	__atomic_store_n(&t->grown, true, __ATOMIC_RELEASE);
}

int
i_hash_init(struct kernel *k)
{
	struct ihash *t = &k->vfs->ihash;

	t->small = page_alloc(k, (sizeof(struct ihash_bucket) << SMALL_BITS) >> PAGE_SHIFT, 1);
	if (!t->small)
		return -ENOMEM;
	for (unsigned int i = 0; i < 1u << SMALL_BITS; i++)
		mutex_init_zeroed(&t->small[i].lock, RANK_ICACHE);
	return 0;
}
