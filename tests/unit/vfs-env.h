/* SPDX-License-Identifier: MIT
 *
 * For unit tests of the VFS: an instance with a task and a file system that lives in the dentry cache alone.
 */
#ifndef STEAD_TESTS_UNIT_VFS_ENV_H
#define STEAD_TESTS_UNIT_VFS_ENV_H

#include "tests/unit/env.h"

#include <fcntl.h>

#include "kernel/cred.h"
#include "vfs/fdtable.h"
#include "vfs/internal.h"

static struct dentry *
toy_lookup(struct task *t, struct inode *dir, struct dentry *dentry)
{
	d_add(dentry, NULL);
	return NULL;
}

static int toy_make(struct task *t, struct inode *dir, struct dentry *dentry, uint16_t mode);

static int
toy_create(struct task *t, struct inode *dir, struct dentry *dentry, uint16_t mode, bool excl)
{
	return toy_make(t, dir, dentry, mode);
}

static int
toy_unlink(struct task *t, struct inode *dir, struct dentry *dentry)
{
	drop_nlink(d_inode(dentry));
	return 0;
}

static int
toy_rename(struct task *t, struct inode *odir, struct dentry *old, struct inode *ndir, struct dentry *new, unsigned int flags)
{
	return 0;
}

static const struct inode_operations toy_iops = {
	.lookup = toy_lookup, .create = toy_create, .mkdir = toy_make, .unlink = toy_unlink, .rmdir = toy_unlink,
	.rename = toy_rename,
};

static const struct file_operations toy_fops = { 0 };

static int
toy_make(struct task *t, struct inode *dir, struct dentry *dentry, uint16_t mode)
{
	struct inode *inode = new_inode_of(dir->i_sb);

	if (!inode)
		return -ENOMEM;
	inode->i_ino = get_next_ino(t->k);
	inode_init_owner(t, inode, dir, mode);
	inode->i_op = &toy_iops;
	inode->i_fop = &toy_fops;
	d_instantiate(dentry, inode);
	d_make_persistent(dentry);
	return 0;
}

static int
toy_get_tree(struct fs_context *fc, struct super_block **out)
{
	static const struct file_system_type type = { .name = "toy" };
	struct super_block *sb = sget(fc->k, &type);
	struct inode *inode = sb ? new_inode_of(sb) : NULL;

	if (!inode)
		return -ENOMEM;
	inode->i_mode = S_IFDIR | 0755;
	inode->i_op = &toy_iops;
	sb->s_root = d_make_root(sb, inode);
	*out = sb;
	return sb->s_root ? 0 : -ENOMEM;
}

static const struct file_system_type toy_fs __unused = { .name = "toy", .get_tree = toy_get_tree };

/* A task with files, root and all capabilities. */
static inline struct task *
vfs_task(struct kernel *k)
{
	struct task *t = test_task(k);

	t->cred = init_cred(k);
	t->signal = kzalloc(k, sizeof(*t->signal));
	cr_assert(t->cred && t->signal);
	for (int i = 0; i < K_RLIM_NLIMITS; i++)
		t->signal->rlim[i] = (struct rlimit64_k){ K_RLIM_INFINITY, K_RLIM_INFINITY };
	t->signal->rlim[7].cur = 1024; /* RLIMIT_NOFILE */
	mutex_init(&t->alloc_lock, RANK_TASK);
	t->fs = fs_alloc(k);
	t->files = files_alloc(k);
	cr_assert(t->fs && t->files);
	return t;
}

/* A task whose root is a new file system of this type. */
static inline struct task *
vfs_env_of(const struct file_system_type *type, const char *options)
{
	struct kernel *k = test_arena();
	struct fs_context fc = { .k = k, .host_root = HFD_NONE, .options = options };
	struct task *t;

	kmem_cache_init(k, &k->cred_cache, "cred", sizeof(struct cred), 0);
	cr_assert_eq(cred_init(k), 0);
	cr_assert_eq(vfs_init(k), 0);
	t = vfs_task(k);
	fc.t = t;
	cr_assert_eq(do_mount_kernel(t, type, &fc, "/", 0), 0);
	return t;
}

static inline struct task *
vfs_env(void)
{
	return vfs_env_of(&toy_fs, NULL);
}

static inline struct file *
vfs_test_open(struct task *t, const char *name, uint32_t flags)
{
	struct file *f = filp_open(t, name, flags, 0644);

	cr_assert(!IS_ERR(f), "%s: %d", name, (int)PTR_ERR(f));
	return f;
}

#endif
