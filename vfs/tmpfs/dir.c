/* SPDX-License-Identifier: MIT
 *
 * Directories of tmpfs: a hash table by name, and a radix tree by cookie for listing.
 *
 * Each name gets the next number of its directory as cookie and keeps it, so a listing goes on at the right place whatever
 * is added or removed meanwhile. i_rwsem protects everything.
 */
#include <linux/fs.h>
#include <linux/stat.h>

#include "kernel/kernel.h"
#include "vfs/namei.h"
#include "vfs/tmpfs/tmpfs.h"

#define FIRST_COOKIE 3 /* after "." and ".." */

static uint32_t
name_hash(const char *name, uint32_t len)
{
	uint64_t h = 0xcbf29ce484222325ull;

	for (uint32_t i = 0; i < len; i++)
		h = (h ^ (unsigned char)name[i]) * 0x100000001b3ull;
	return (uint32_t)(h ^ h >> 32);
}

struct tmpfs_dirent *
tmpfs_find(struct inode *dir, const char *name, uint32_t len)
{
	struct tmpfs_inode *ti = TMPFS_I(dir);
	uint32_t hash = name_hash(name, len);

	if (!ti->dir.nbuckets)
		return NULL;
	for (struct tmpfs_dirent *de = ti->dir.buckets[hash & (ti->dir.nbuckets - 1)]; de; de = de->next)
		if (de->hash == hash && de->len == len && memcmp(de->name, name, len) == 0)
			return de;
	return NULL;
}

static int
grow(struct kernel *k, struct tmpfs_inode *ti)
{
	uint32_t n = ti->dir.nbuckets ? ti->dir.nbuckets * 2 : 8;
	struct tmpfs_dirent **b = kzalloc(k, n * sizeof(*b));

	if (!b)
		return ti->dir.nbuckets ? 0 : -ENOMEM; /* longer chains do as well */
	for (uint32_t i = 0; i < ti->dir.nbuckets; i++) {
		struct tmpfs_dirent *de = ti->dir.buckets[i], *next;

		for (; de; de = next) {
			next = de->next;
			de->next = b[de->hash & (n - 1)];
			b[de->hash & (n - 1)] = de;
		}
	}
	kfree(k, ti->dir.buckets);
	ti->dir.buckets = b;
	ti->dir.nbuckets = n;
	return 0;
}

int
tmpfs_add_name(struct inode *dir, const struct qstr *name, struct inode *inode)
{
	struct tmpfs_inode *ti = TMPFS_I(dir);
	struct kernel *k = dir->i_sb->k;
	struct tmpfs_dirent *de;

	if (ti->dir.nr >= ti->dir.nbuckets && grow(k, ti) != 0)
		return -ENOMEM;
	de = kmalloc(k, sizeof(*de) + name->len + 1);
	if (!de)
		return -ENOMEM;
	if (ti->dir.next_cookie < FIRST_COOKIE)
		ti->dir.next_cookie = FIRST_COOKIE;
	de->cookie = ti->dir.next_cookie++;
	de->inode = inode;
	de->hash = name_hash(name->name, name->len);
	de->len = (uint16_t)name->len;
	de->type = (uint8_t)((inode->i_mode & S_IFMT) >> 12);
	memcpy(de->name, name->name, name->len);
	de->name[name->len] = 0;
	if (radix_set(k, &ti->dir.cookies, de->cookie, de) != 0) {
		kfree(k, de);
		return -ENOMEM;
	}
	de->next = ti->dir.buckets[de->hash & (ti->dir.nbuckets - 1)];
	ti->dir.buckets[de->hash & (ti->dir.nbuckets - 1)] = de;
	ti->dir.nr++;
	dir->i_size += BOGO_DIRENT_SIZE;
	return 0;
}

static void
unlink_name(struct inode *dir, struct tmpfs_dirent *de)
{
	struct tmpfs_inode *ti = TMPFS_I(dir);
	struct tmpfs_dirent **p = &ti->dir.buckets[de->hash & (ti->dir.nbuckets - 1)];

	while (*p != de)
		p = &(*p)->next;
	*p = de->next;
	radix_clear(dir->i_sb->k, &ti->dir.cookies, de->cookie);
	ti->dir.nr--;
	dir->i_size -= BOGO_DIRENT_SIZE;
}

void
tmpfs_remove_name(struct inode *dir, struct tmpfs_dirent *de)
{
	unlink_name(dir, de);
	iput(de->inode);
	kfree(dir->i_sb->k, de);
}

/*
 * The end of a directory inode. Names are left in it only when the whole file system goes: whatever is below is taken apart
 * through a list, not by recursion, however deep it is.
 */
static void
doom_names(struct inode *dir)
{
	struct tmpfs_inode *ti = TMPFS_I(dir);
	struct tmpfs_dirent *de;
	uint64_t at = 0;

	while ((de = radix_next(&ti->dir.cookies, &at))) {
		unlink_name(dir, de);
		list_add_tail(&de->doomed, &TMPFS_SB(dir->i_sb)->doomed);
	}
}

void
tmpfs_dir_destroy(struct kernel *k, struct inode *dir)
{
	struct tmpfs_sb *sbi = TMPFS_SB(dir->i_sb);
	struct tmpfs_inode *ti = TMPFS_I(dir);

	doom_names(dir);
	while (!list_empty(&sbi->doomed)) {
		struct tmpfs_dirent *de = list_first_entry(&sbi->doomed, struct tmpfs_dirent, doomed);

		list_del(&de->doomed);
		if (S_ISDIR(de->inode->i_mode))
			doom_names(de->inode);
		iput(de->inode);
		kfree(k, de);
	}
	kfree(k, ti->dir.buckets);
	ti->dir.buckets = NULL;
	ti->dir.nbuckets = 0;
}

/* i_rwsem is held by iterate_dir(). */
static int
tmpfs_iterate(struct task *t, struct file *file, struct dir_context *ctx)
{
	struct inode *dir = file->f_inode;
	struct tmpfs_inode *ti = TMPFS_I(dir);
	struct tmpfs_dirent *de;
	uint64_t at;

	if (ctx->pos == 0) {
		if (!ctx->actor(ctx, ".", 1, 0, dir->i_ino, S_IFDIR >> 12))
			return 0;
		ctx->pos = 1;
	}
	if (ctx->pos == 1) {
		struct dentry *parent = dget_parent(file->f_path.dentry);
		uint64_t ino = d_inode(parent)->i_ino;

		dput(parent);
		if (!ctx->actor(ctx, "..", 2, 1, ino, S_IFDIR >> 12))
			return 0;
		ctx->pos = FIRST_COOKIE;
	}
	at = ctx->pos > 0 ? (uint64_t)ctx->pos : 0;
	while ((de = radix_next(&ti->dir.cookies, &at))) {
		ctx->pos = (int64_t)at;
		if (!ctx->actor(ctx, de->name, de->len, ctx->pos, de->inode->i_ino, de->type))
			return 0;
		ctx->pos = (int64_t)++at;
	}
	return 0;
}

static int64_t
tmpfs_dir_llseek(struct task *t, struct file *file, int64_t off, int whence)
{
	if (whence == SEEK_CUR)
		off += file->f_pos;
	else if (whence != SEEK_SET)
		return -EINVAL;
	if (off < 0)
		return -EINVAL;
	file->f_pos = off;
	return off;
}

static int
tmpfs_dir_fsync(struct task *t, struct file *file, int64_t start, int64_t end, int datasync)
{
	return 0;
}

const struct file_operations tmpfs_dir_fops = {
	.llseek = tmpfs_dir_llseek,
	.iterate = tmpfs_iterate,
	.fsync = tmpfs_dir_fsync,
};
