/* SPDX-License-Identifier: MIT
 *
 * Files of tmpfs without a name: memfd_create(2), shared memory of System V. They are on a tmpfs of their own that no path
 * leads to and that has no limits.
 */
#include <linux/fcntl.h>
#include <linux/stat.h>

#include "kernel/task.h"
#include "vfs/namei.h"
#include "vfs/tmpfs/tmpfs.h"

static int
shmem_dname(struct dentry *dentry, char *buf, size_t n)
{
	return ksnprintf(buf, n, "/%s (deleted)", dentry->d_name.name);
}

static const struct dentry_operations shmem_dops = { .d_dname = shmem_dname };

/* The mount, made at first use: two tasks may race, and one of the two mounts is given back. */
static struct mount *
shmem_mount(struct task *t)
{
	struct fs_context fc = { .k = t->k, .t = t, .options = "size=0,nr_inodes=0,mode=0700", .host_root = HFD_NONE };
	struct mount *m = __atomic_load_n(&t->k->shm_mnt, __ATOMIC_ACQUIRE), *old = NULL;
	struct super_block *sb;
	int err;

	if (m)
		return m;
	err = tmpfs_fs_type.get_tree(&fc, &sb);
	if (err)
		return ERR_PTR(err);
	sb->s_d_op = &shmem_dops;
	m = kern_mount(t->k, sb);
	if (IS_ERR(m))
		return m;
	if (__atomic_compare_exchange_n(&t->k->shm_mnt, &old, m, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE))
		return m;
	mntput(m);
	return old;
}

struct file *
shmem_file_setup(struct task *t, const char *name, uint16_t mode)
{
	struct path path = { .mnt = shmem_mount(t) };
	struct inode *inode;
	struct file *file;

	if (IS_ERR(path.mnt))
		return ERR_PTR(PTR_ERR(path.mnt));
	inode = tmpfs_new_inode(t, path.mnt->mnt_sb, NULL, (uint16_t)(S_IFREG | mode), 0);
	if (IS_ERR(inode))
		return ERR_PTR(PTR_ERR(inode));
	clear_nlink(inode);
	path.dentry = d_alloc_anon(path.mnt->mnt_sb, inode, name);
	if (!path.dentry)
		return ERR_PTR(-ENOMEM);
	mntget(path.mnt);
	file = alloc_file(t, &path, O_RDWR | O_LARGEFILE, &tmpfs_file_fops);
	if (IS_ERR(file))
		path_put(t, &path);
	else
		file->f_mode |= FMODE_PREAD | FMODE_PWRITE | FMODE_ATOMIC_POS;
	return file;
}
