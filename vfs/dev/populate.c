/* SPDX-License-Identifier: MIT
 *
 * The names in /dev, as a container has them.
 */
#include <linux/mount.h>
#include <linux/stat.h>

#include "kernel/kernel.h"
#include "kernel/task.h"
#include "vfs/dev/dev.h"
#include "vfs/fdtable.h"
#include "vfs/namei.h"

static const struct {
	const char *name;
	uint16_t mode;
	uint32_t major, minor;
	const char *target;
} names[] = {
	{ "null", S_IFCHR | 0666, 1, 3, NULL },	   { "zero", S_IFCHR | 0666, 1, 5, NULL },
	{ "full", S_IFCHR | 0666, 1, 7, NULL },	   { "random", S_IFCHR | 0666, 1, 8, NULL },
	{ "urandom", S_IFCHR | 0666, 1, 9, NULL }, { "kmsg", S_IFCHR | 0644, 1, 11, NULL },
	{ "tty", S_IFCHR | 0666, 5, 0, NULL },	   { "console", S_IFCHR | 0620, 5, 1, NULL },
	{ "pts", S_IFDIR | 0755, 0, 0, NULL },	   { "shm", S_IFDIR | 01777, 0, 0, NULL },
	{ "mqueue", S_IFDIR | 01777, 0, 0, NULL }, { "fd", S_IFLNK, 0, 0, "/proc/self/fd" },
	{ "stdin", S_IFLNK, 0, 0, "/proc/self/fd/0" }, { "stdout", S_IFLNK, 0, 0, "/proc/self/fd/1" },
	{ "stderr", S_IFLNK, 0, 0, "/proc/self/fd/2" }, { "core", S_IFLNK, 0, 0, "/proc/kcore" },
	{ "ptmx", S_IFLNK, 0, 0, "pts/ptmx" },
};

static int
make_name(struct task *t, struct dentry *dir, size_t i)
{
	struct inode *inode = d_inode(dir);
	struct dentry *d;
	int err;

	mutex_lock(&inode->i_rwsem);
	d = lookup_one(t, &QSTR(names[i].name), dir);
	if (IS_ERR(d)) {
		err = (int)PTR_ERR(d);
		goto unlock;
	}
	if (d_inode(d))
		err = 0;
	else if (S_ISLNK(names[i].mode))
		err = vfs_symlink(t, inode, d, names[i].target);
	else if (S_ISDIR(names[i].mode))
		err = vfs_mkdir(t, inode, d, names[i].mode & 07777);
	else
		err = vfs_mknod(t, inode, d, names[i].mode, MKDEV(names[i].major, names[i].minor));
	dput(d);
unlock:
	mutex_unlock(&inode->i_rwsem);
	return err;
}

int
dev_populate(struct kernel *k, struct task *t, const char *dir)
{
	struct fs_context fc = { .k = k, .t = t, .source = "devpts", .options = "gid=5,mode=620,ptmxmode=666",
				 .host_root = HFD_NONE };
	uint32_t umask = t->fs->umask;
	struct path path;
	char pts[128];
	int err;

	register_filesystem(k, &devpts_fs_type);
	err = kern_path(t, dir, LOOKUP_FOLLOW | LOOKUP_DIRECTORY, &path);
	if (err)
		return err;
	t->fs->umask = 0;
	for (size_t i = 0; i < ARRAY_SIZE(names) && !err; i++)
		err = make_name(t, path.dentry, i);
	t->fs->umask = umask;
	path_put(t, &path);
	if (err)
		return err;
	ksnprintf(pts, sizeof(pts), "%s/pts", dir);
	return do_mount_kernel(t, &devpts_fs_type, &fc, pts, MNT_NOSUID | MNT_NOEXEC);
}
