/* SPDX-License-Identifier: MIT
 *
 * getdents, getdents64, getcwd, chdir, fchdir, chroot.
 */
#include <linux/capability.h>
#include <linux/fcntl.h>
#include <linux/stat.h>

#include "kernel/cred.h"
#include "kernel/task.h"
#include "syscalls/proto.h"
#include "vfs/internal.h"
#include "vfs/read_write.h"
#include "vfs/readdir.h"

static int64_t
getdents(struct task *t, int fd, uaddr_t dirent, unsigned int count, bool old)
{
	struct fd f = fdget(t, fd);
	int64_t ret;
	bool locked;

	if (!f.file)
		return -EBADF;
	locked = file_pos_lock(t, &f);
	ret = do_getdents(t, f.file, dirent, count, old);
	file_pos_unlock(&f, locked);
	fdput(t, f);
	return ret;
}

int64_t
sys_getdents(struct task *t, int fd, uaddr_t dirent, unsigned int count)
{
	return getdents(t, fd, dirent, count, true);
}

int64_t
sys_getdents64(struct task *t, int fd, uaddr_t dirent, unsigned int count)
{
	return getdents(t, fd, dirent, count, false);
}

int64_t
sys_getcwd(struct task *t, uaddr_t buf, uint64_t size)
{
	char *page = kmalloc(t->k, K_PATH_MAX), *p;
	int64_t ret;

	if (!page)
		return -ENOMEM;
	p = d_getcwd(t, page, K_PATH_MAX);
	if (IS_ERR(p)) {
		ret = PTR_ERR(p);
	} else {
		ret = (int64_t)strlen(p) + 1;
		if ((uint64_t)ret > size)
			ret = -ERANGE;
		else if (copy_to_user(t, buf, p, (size_t)ret))
			ret = -EFAULT;
	}
	kfree(t->k, page);
	return ret;
}

int64_t
sys_chdir(struct task *t, uaddr_t path)
{
	struct path p;
	int err = user_path_at(t, AT_FDCWD, path, LOOKUP_FOLLOW | LOOKUP_DIRECTORY, &p);

	if (err)
		return err;
	err = inode_permission(t, d_inode(p.dentry), MAY_EXEC | MAY_CHDIR);
	if (!err)
		set_fs_pwd(t, &p);
	path_put(t, &p);
	return err;
}

int64_t
sys_fchdir(struct task *t, int fd)
{
	struct fd f = fdget_raw(t, fd);
	int err = -ENOTDIR;

	if (!f.file)
		return -EBADF;
	if (S_ISDIR(f.file->f_inode->i_mode)) {
		err = inode_permission(t, f.file->f_inode, MAY_EXEC | MAY_CHDIR);
		if (!err)
			set_fs_pwd(t, &f.file->f_path);
	}
	fdput(t, f);
	return err;
}

int64_t
sys_chroot(struct task *t, uaddr_t path)
{
	struct path p;
	int err = user_path_at(t, AT_FDCWD, path, LOOKUP_FOLLOW | LOOKUP_DIRECTORY, &p);

	if (err)
		return err;
	err = inode_permission(t, d_inode(p.dentry), MAY_EXEC | MAY_CHDIR);
	if (!err && !capable(t, CAP_SYS_CHROOT))
		err = -EPERM;
	if (!err)
		set_fs_root(t, &p);
	path_put(t, &p);
	return err;
}
