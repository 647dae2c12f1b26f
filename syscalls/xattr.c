/* SPDX-License-Identifier: MIT
 *
 * Extended attributes: set, get, list, remove; by path, by link, by descriptor.
 */
#include <linux/fcntl.h>
#include <linux/limits.h>
#include <linux/xattr.h>

#include "kernel/task.h"
#include "syscalls/proto.h"
#include "vfs/fdtable.h"
#include "vfs/namei.h"

/* What a call is about: a path, or an open file's. path_put() is due. */
static int
by_path(struct task *t, uaddr_t path, bool follow, struct path *out)
{
	return user_path_at(t, AT_FDCWD, path, follow ? LOOKUP_FOLLOW : 0, out);
}

static int
by_fd(struct task *t, int fd, struct path *out)
{
	struct fd f = fdget(t, fd);

	if (!f.file)
		return -EBADF;
	*out = f.file->f_path;
	path_get(out);
	fdput(t, f);
	return 0;
}

static int
get_xattr_name(struct task *t, char name[XATTR_NAME_MAX + 1], uaddr_t u)
{
	int64_t len = strncpy_from_user(t, name, u, XATTR_NAME_MAX + 1);

	if (len == -ENAMETOOLONG || len == 0)
		return -ERANGE;
	return len < 0 ? (int)len : 0;
}

static int64_t
do_setxattr(struct task *t, struct path *path, uaddr_t uname, uaddr_t value, uint64_t size, int flags)
{
	char name[XATTR_NAME_MAX + 1];
	char *buf;
	int64_t ret;

	if (flags & ~(XATTR_CREATE | XATTR_REPLACE))
		return -EINVAL;
	ret = get_xattr_name(t, name, uname);
	if (ret)
		return ret;
	if (size > XATTR_SIZE_MAX)
		return -E2BIG;
	buf = kmalloc(t->k, size ? size : 1); /* no value is not the same as an empty one: NULL removes */
	if (!buf)
		return -ENOMEM;
	ret = size && copy_from_user(t, buf, value, size) ? -EFAULT : mnt_want_write(path->mnt);
	if (!ret)
		ret = vfs_setxattr(t, path->dentry, name, buf, size, flags);
	kfree(t->k, buf);
	return ret;
}

static int64_t
do_getxattr(struct task *t, struct path *path, uaddr_t uname, uaddr_t value, uint64_t size)
{
	char name[XATTR_NAME_MAX + 1];
	char *buf = NULL;
	int64_t ret = get_xattr_name(t, name, uname);

	if (ret)
		return ret;
	if (size) {
		size = MIN(size, (uint64_t)XATTR_SIZE_MAX);
		buf = kmalloc(t->k, size);
		if (!buf)
			return -ENOMEM;
	}
	ret = vfs_getxattr(t, path->dentry, name, buf, size);
	if (ret > 0 && size && copy_to_user(t, value, buf, (size_t)ret))
		ret = -EFAULT;
	kfree(t->k, buf);
	return ret;
}

static int64_t
do_listxattr(struct task *t, struct path *path, uaddr_t list, uint64_t size)
{
	char *buf = NULL;
	int64_t ret;

	if (size) {
		size = MIN(size, (uint64_t)XATTR_LIST_MAX);
		buf = kmalloc(t->k, size);
		if (!buf)
			return -ENOMEM;
	}
	ret = vfs_listxattr(t, path->dentry, buf, size);
	if (ret > 0 && size && copy_to_user(t, list, buf, (size_t)ret))
		ret = -EFAULT;
	kfree(t->k, buf);
	return ret;
}

static int64_t
do_removexattr(struct task *t, struct path *path, uaddr_t uname)
{
	char name[XATTR_NAME_MAX + 1];
	int64_t ret = get_xattr_name(t, name, uname);

	if (!ret)
		ret = mnt_want_write(path->mnt);
	return ret ? ret : vfs_setxattr(t, path->dentry, name, NULL, 0, XATTR_REPLACE);
}

int64_t
sys_setxattr(struct task *t, uaddr_t path, uaddr_t name, uaddr_t value, uint64_t size, int flags)
{
	struct path p;
	int64_t ret = by_path(t, path, true, &p);

	if (ret)
		return ret;
	ret = do_setxattr(t, &p, name, value, size, flags);
	path_put(t, &p);
	return ret;
}

int64_t
sys_lsetxattr(struct task *t, uaddr_t path, uaddr_t name, uaddr_t value, uint64_t size, int flags)
{
	struct path p;
	int64_t ret = by_path(t, path, false, &p);

	if (ret)
		return ret;
	ret = do_setxattr(t, &p, name, value, size, flags);
	path_put(t, &p);
	return ret;
}

int64_t
sys_fsetxattr(struct task *t, int fd, uaddr_t name, uaddr_t value, uint64_t size, int flags)
{
	struct path p;
	int64_t ret = by_fd(t, fd, &p);

	if (ret)
		return ret;
	ret = do_setxattr(t, &p, name, value, size, flags);
	path_put(t, &p);
	return ret;
}

int64_t
sys_getxattr(struct task *t, uaddr_t path, uaddr_t name, uaddr_t value, uint64_t size)
{
	struct path p;
	int64_t ret = by_path(t, path, true, &p);

	if (ret)
		return ret;
	ret = do_getxattr(t, &p, name, value, size);
	path_put(t, &p);
	return ret;
}

int64_t
sys_lgetxattr(struct task *t, uaddr_t path, uaddr_t name, uaddr_t value, uint64_t size)
{
	struct path p;
	int64_t ret = by_path(t, path, false, &p);

	if (ret)
		return ret;
	ret = do_getxattr(t, &p, name, value, size);
	path_put(t, &p);
	return ret;
}

int64_t
sys_fgetxattr(struct task *t, int fd, uaddr_t name, uaddr_t value, uint64_t size)
{
	struct path p;
	int64_t ret = by_fd(t, fd, &p);

	if (ret)
		return ret;
	ret = do_getxattr(t, &p, name, value, size);
	path_put(t, &p);
	return ret;
}

int64_t
sys_listxattr(struct task *t, uaddr_t path, uaddr_t list, uint64_t size)
{
	struct path p;
	int64_t ret = by_path(t, path, true, &p);

	if (ret)
		return ret;
	ret = do_listxattr(t, &p, list, size);
	path_put(t, &p);
	return ret;
}

int64_t
sys_llistxattr(struct task *t, uaddr_t path, uaddr_t list, uint64_t size)
{
	struct path p;
	int64_t ret = by_path(t, path, false, &p);

	if (ret)
		return ret;
	ret = do_listxattr(t, &p, list, size);
	path_put(t, &p);
	return ret;
}

int64_t
sys_flistxattr(struct task *t, int fd, uaddr_t list, uint64_t size)
{
	struct path p;
	int64_t ret = by_fd(t, fd, &p);

	if (ret)
		return ret;
	ret = do_listxattr(t, &p, list, size);
	path_put(t, &p);
	return ret;
}

int64_t
sys_removexattr(struct task *t, uaddr_t path, uaddr_t name)
{
	struct path p;
	int64_t ret = by_path(t, path, true, &p);

	if (ret)
		return ret;
	ret = do_removexattr(t, &p, name);
	path_put(t, &p);
	return ret;
}

int64_t
sys_lremovexattr(struct task *t, uaddr_t path, uaddr_t name)
{
	struct path p;
	int64_t ret = by_path(t, path, false, &p);

	if (ret)
		return ret;
	ret = do_removexattr(t, &p, name);
	path_put(t, &p);
	return ret;
}

int64_t
sys_fremovexattr(struct task *t, int fd, uaddr_t name)
{
	struct path p;
	int64_t ret = by_fd(t, fd, &p);

	if (ret)
		return ret;
	ret = do_removexattr(t, &p, name);
	path_put(t, &p);
	return ret;
}
