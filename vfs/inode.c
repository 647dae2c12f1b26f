/* SPDX-License-Identifier: MIT
 *
 * Inodes: the cache by (super block, number, key), their life, link counts, times and write access.
 *
 * A hashed inode's (vfs/ihash.c) last reference is dropped under its bucket's lock, so a search under that lock never meets a dying one. There
 * is no cache of unused inodes: the dentry cache keeps what is worth keeping.
 *
 * A new inode is hashed at once with I_NEW and i_new_lock held; who finds it waits on that lock. If it could not be filled it is
 * marked I_BAD and unhashed, and the waiters search again.
 */
#include <linux/capability.h>
#include <linux/fcntl.h>
#include <linux/stat.h>

#include "kernel/cred.h"
#include "kernel/kernel.h"
#include "vfs/internal.h"

/**
 * new_inode_of() - an inode that is in no hash
 * @sb: its super block
 *
 * Return: with one reference and a link count of 1, or NULL.
 */
struct inode *
new_inode_of(struct super_block *sb)
{
	struct vfs_state *v = sb->k->vfs;
	struct inode *inode = kmem_cache_zalloc(&v->inodes);

	if (!inode)
		return NULL;
	refcount_set(&inode->i_count, 1);
	inode->i_nlink = 1;
	inode->i_sb = sb;
	mutex_init(&inode->i_rwsem, RANK_INODE);
	mutex_init(&inode->i_new_lock, RANK_NONE);
	mutex_init(&inode->i_mmap_lock, RANK_LEAF);
	INIT_LIST_HEAD(&inode->i_hash);
	INIT_LIST_HEAD(&inode->i_mmap);
	mutex_lock(&sb->s_inodes_lock);
	list_add_tail(&inode->i_sb_list, &sb->s_inodes);
	mutex_unlock(&sb->s_inodes_lock);
	__atomic_add_fetch(&v->nr_inodes, 1, __ATOMIC_RELAXED);
	return inode;
}

/* No reference is left and no hash knows it. */
static void
evict(struct inode *inode)
{
	struct super_block *sb = inode->i_sb;
	struct kernel *k = sb->k;

	mutex_lock(&sb->s_inodes_lock);
	list_del(&inode->i_sb_list);
	mutex_unlock(&sb->s_inodes_lock);
	if (sb->s_op && sb->s_op->evict_inode)
		sb->s_op->evict_inode(k, inode);
	locks_free_context(inode);
	__atomic_sub_fetch(&k->vfs->nr_inodes, 1, __ATOMIC_RELAXED);
	kmem_cache_free(&k->vfs->inodes, inode);
}

/* Waits for whoever fills it. False: it was given up, the reference is dropped. */
static bool
wait_on_new_inode(struct inode *inode)
{
	if (unlikely(__atomic_load_n(&inode->i_state, __ATOMIC_ACQUIRE) & I_NEW)) {
		mutex_lock(&inode->i_new_lock);
		mutex_unlock(&inode->i_new_lock);
	}
	if (likely(!(__atomic_load_n(&inode->i_state, __ATOMIC_ACQUIRE) & I_BAD)))
		return true;
	iput(inode);
	return false;
}

struct inode *
iget_keyed(struct super_block *sb, uint64_t ino, uint64_t key, struct new_inode *fresh) __no_thread_safety
{
	struct ihash_bucket *b;
	struct inode *inode, *made = NULL;

	fresh->inode = NULL;
	i_hash_grow(sb->k);
	for (;;) {
		b = i_hash_lock(sb, ino, key);
		inode = i_hash_find(b, sb, ino, key);
		if (inode) {
			refcount_inc(&inode->i_count);
		} else if (made) {
			mutex_lock(&made->i_new_lock);
			made->i_ino = ino;
			made->i_key = key;
			set_bits(&made->i_state, I_NEW | I_HASHED);
			i_hash_add(b, made);
		}
		i_hash_unlock(b);
		if (inode) {
			if (!wait_on_new_inode(inode))
				continue;
			iput(made);
			return inode;
		}
		if (made) {
			fresh->inode = made;
			return NULL;
		}
		made = new_inode_of(sb);
		if (!made)
			return NULL;
	}
}

/**
 * iget_locked() - the inode of a number, or a new one to be filled
 * @sb: the super block
 * @ino: the number
 * @fresh: set to the new inode, or to NULL
 *
 * Context: may wait for another task that fills the same inode.
 * Return: a live inode with a reference; or NULL: @fresh holds the new one, or NULL when there is no memory.
 */
struct inode *
iget_locked(struct super_block *sb, uint64_t ino, struct new_inode *fresh)
{
	return iget_keyed(sb, ino, 0, fresh);
}

/**
 * unlock_new_inode() - publish a filled inode
 * @fresh: from iget_locked(); empty afterwards
 *
 * Return: the inode; the reference is the caller's.
 */
struct inode *
unlock_new_inode(struct new_inode *fresh) __no_thread_safety
{
	struct inode *inode = fresh->inode;

	fresh->inode = NULL;
	clear_bits(&inode->i_state, I_NEW);
	mutex_unlock(&inode->i_new_lock);
	return inode;
}

void
remove_inode_hash(struct inode *inode) __no_thread_safety
{
	struct ihash_bucket *b = i_hash_lock(inode->i_sb, inode->i_ino, inode->i_key);

	if (inode->i_state & I_HASHED) {
		list_del_init(&inode->i_hash);
		clear_bits(&inode->i_state, I_HASHED);
	}
	i_hash_unlock(b);
}

/**
 * iget_failed() - give a new inode up
 * @fresh: from iget_locked(); nothing happens if it is empty
 */
void
iget_failed(struct new_inode *fresh) __no_thread_safety
{
	struct inode *inode = fresh->inode;

	if (!inode)
		return;
	fresh->inode = NULL;
	remove_inode_hash(inode);
	set_bits(&inode->i_state, I_BAD);
	clear_bits(&inode->i_state, I_NEW);
	mutex_unlock(&inode->i_new_lock);
	iput(inode);
}

struct inode *
igrab(struct inode *inode)
{
	return refcount_inc_not_zero(&inode->i_count) ? inode : NULL;
}

/**
 * iput() - drop a reference; the last one evicts the inode
 * @inode: the inode, or NULL
 *
 * Context: may sleep (evict_inode); no lock of RANK_ICACHE or later.
 */
void
iput(struct inode *inode) __no_thread_safety
{
	struct ihash_bucket *b;
	int32_t n;

	if (!inode)
		return;
	n = __atomic_load_n(&inode->i_count.n, __ATOMIC_RELAXED);
	while (n > 1)
		if (__atomic_compare_exchange_n(&inode->i_count.n, &n, n - 1, true, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED))
			return;
	if (!(__atomic_load_n(&inode->i_state, __ATOMIC_ACQUIRE) & I_HASHED)) {
		if (refcount_dec_and_test(&inode->i_count))
			evict(inode);
		return;
	}
	b = i_hash_lock(inode->i_sb, inode->i_ino, inode->i_key);
	if (!refcount_dec_and_test(&inode->i_count)) {
		i_hash_unlock(b);
		return;
	}
	if (inode->i_state & I_HASHED) {
		list_del_init(&inode->i_hash);
		clear_bits(&inode->i_state, I_HASHED);
	}
	i_hash_unlock(b);
	evict(inode);
}

/**
 * mode_strip_sgid() - who is not in the group that a set-group-id directory hands on makes no programs that run as it
 * @t: the current task
 * @dir: the directory
 * @mode: of the new file
 *
 * Return: @mode, perhaps without S_ISGID.
 */
uint16_t
mode_strip_sgid(struct task *t, const struct inode *dir, uint16_t mode)
{
	if ((mode & (S_ISGID | S_IXGRP)) != (S_ISGID | S_IXGRP) || S_ISDIR(mode) || !(dir->i_mode & S_ISGID))
		return mode;
	if (in_group_p(t->cred, dir->i_gid) || capable(t, CAP_FSETID))
		return mode;
	return mode & (uint16_t)~S_ISGID;
}

/**
 * inode_init_owner() - owner and mode of a new inode: a set-group-id directory hands its group on
 * @t: the current task
 * @inode: the new inode
 * @dir: its directory, or NULL
 * @mode: type and permissions; the umask is already taken out
 */
void
inode_init_owner(struct task *t, struct inode *inode, const struct inode *dir, uint16_t mode)
{
	inode->i_uid = t->cred->fsuid;
	if (dir && (dir->i_mode & S_ISGID)) {
		inode->i_gid = dir->i_gid;
		if (S_ISDIR(mode))
			mode |= S_ISGID;
	} else {
		inode->i_gid = t->cred->fsgid;
	}
	inode->i_mode = mode;
}

/* How old a time of day is good enough for a file: 1 to 2 ms, in cycles. Linux uses its last tick, which is no better. */
#define COARSE_CYCLES (1ull << 22)

/* The time that somebody asked the host for last, if that was just now. One writer at a time: coarse_seq is odd meanwhile. */
static int64_t
coarse_real_time(struct kernel *k)
{
	uint64_t seq = __atomic_load_n(&k->coarse_seq, __ATOMIC_ACQUIRE), now = __builtin_ia32_rdtsc();
	uint64_t then = READ_ONCE(k->coarse_cycles);
	int64_t ns = READ_ONCE(k->coarse_ns);

	__atomic_thread_fence(__ATOMIC_ACQUIRE);
	if (!(seq & 1) && now - then < COARSE_CYCLES && __atomic_load_n(&k->coarse_seq, __ATOMIC_RELAXED) == seq)
		return ns;
	ns = ktime_get_real();
	if (!(seq & 1) && __atomic_compare_exchange_n(&k->coarse_seq, &seq, seq + 1, false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED)) {
		WRITE_ONCE(k->coarse_cycles, now);
		WRITE_ONCE(k->coarse_ns, ns);
		__atomic_store_n(&k->coarse_seq, seq + 2, __ATOMIC_RELEASE);
	}
	return ns;
}

struct k_timespec
current_time(void)
{
	int64_t now = coarse_real_time((struct kernel *)ARENA_BASE);

	return (struct k_timespec){ now / NSEC_PER_SEC, now % NSEC_PER_SEC };
}

void
inode_update_times(struct inode *inode, uint32_t which)
{
	struct k_timespec now = current_time();

	if (which & ATTR_ATIME)
		inode->i_atime = now;
	if (which & ATTR_MTIME)
		inode->i_mtime = now;
	if (which & ATTR_CTIME)
		inode->i_ctime = now;
}

static bool
before_or_same(const struct k_timespec *a, const struct k_timespec *b)
{
	return a->tv_sec < b->tv_sec || (a->tv_sec == b->tv_sec && a->tv_nsec <= b->tv_nsec);
}

/* Mount flags of mount(2): MS_RELATIME writes only what says something new, or once a day. */
static bool
atime_needs_update(const struct path *path, const struct inode *inode, const struct k_timespec *now)
{
	uint32_t flags = path->mnt->mnt_flags;

	if ((inode->i_flags & S_NOATIME) || (flags & (MNT_NOATIME | MNT_READONLY)) || (inode->i_sb->s_flags & SB_RDONLY))
		return false;
	if ((flags & MNT_NODIRATIME) && S_ISDIR(inode->i_mode))
		return false;
	if (flags & MNT_RELATIME)
		return before_or_same(&inode->i_atime, &inode->i_mtime) || before_or_same(&inode->i_atime, &inode->i_ctime) ||
		       now->tv_sec - inode->i_atime.tv_sec >= 24 * 60 * 60;
	return now->tv_sec != inode->i_atime.tv_sec || now->tv_nsec != inode->i_atime.tv_nsec;
}

void
touch_atime(struct task *t, const struct path *path)
{
	struct inode *inode = d_inode(path->dentry);
	struct k_timespec now;

	if (!inode || !path->mnt || (inode->i_flags & S_NOATIME) || (path->mnt->mnt_flags & (MNT_NOATIME | MNT_READONLY)))
		return;
	now = current_time();
	if (atime_needs_update(path, inode, &now))
		inode->i_atime = now;
}

uint64_t
get_next_ino(struct kernel *k)
{
	return __atomic_add_fetch(&k->vfs->next_ino, 1, __ATOMIC_RELAXED);
}

/* Minor numbers of major 0, in the encoding of stat(2). */
uint64_t
get_anon_dev(struct kernel *k)
{
	uint64_t minor = __atomic_add_fetch(&k->vfs->next_anon_dev, 1, __ATOMIC_RELAXED);

	return (minor & 0xff) | ((minor & ~0xffULL) << 12);
}

void
generic_fillattr(const struct inode *inode, struct kstat *st)
{
	st->dev = inode->i_sb->s_dev;
	st->ino = inode->i_ino;
	st->mode = inode->i_mode;
	st->nlink = inode->i_nlink;
	st->uid = inode->i_uid;
	st->gid = inode->i_gid;
	st->rdev = inode->i_rdev;
	st->size = (uint64_t)__atomic_load_n(&inode->i_size, __ATOMIC_RELAXED);
	st->atime = inode->i_atime;
	st->mtime = inode->i_mtime;
	st->ctime = inode->i_ctime;
	st->btime = inode->i_btime;
	st->blksize = inode->i_sb->s_blocksize;
	st->blocks = inode->i_blocks;
}

void
inc_nlink(struct inode *inode)
{
	__atomic_add_fetch(&inode->i_nlink, 1, __ATOMIC_RELAXED);
}

void
drop_nlink(struct inode *inode)
{
	if (inode->i_nlink > 0)
		__atomic_sub_fetch(&inode->i_nlink, 1, __ATOMIC_RELAXED);
}

void
clear_nlink(struct inode *inode)
{
	set_nlink(inode, 0);
}

void
set_nlink(struct inode *inode, uint32_t n)
{
	__atomic_store_n(&inode->i_nlink, n, __ATOMIC_RELAXED);
}

int
get_write_access(struct inode *inode)
{
	int32_t n = __atomic_load_n(&inode->i_writecount, __ATOMIC_RELAXED);

	do {
		if (n < 0)
			return -ETXTBSY;
	} while (!__atomic_compare_exchange_n(&inode->i_writecount, &n, n + 1, true, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED));
	return 0;
}

void
put_write_access(struct inode *inode)
{
	__atomic_sub_fetch(&inode->i_writecount, 1, __ATOMIC_RELEASE);
}

int
deny_write_access(struct inode *inode)
{
	int32_t n = __atomic_load_n(&inode->i_writecount, __ATOMIC_RELAXED);

	do {
		if (n > 0)
			return -ETXTBSY;
	} while (!__atomic_compare_exchange_n(&inode->i_writecount, &n, n - 1, true, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED));
	return 0;
}

/**
 * allow_write_access() - undo what do_open_execat() denied; once for each
 * @file: the program's file, or NULL
 */
void
allow_write_access(struct file *file)
{
	if (file)
		__atomic_add_fetch(&file->f_inode->i_writecount, 1, __ATOMIC_RELEASE);
}

int
icache_init(struct kernel *k)
{
	struct vfs_state *v = k->vfs;

	kmem_cache_init(k, &v->inodes, "inode", sizeof(struct inode), 64);
	return i_hash_init(k);
}
