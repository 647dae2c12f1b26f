/* SPDX-License-Identifier: MIT
 *
 * Extended attributes of host files: by name in the directory, so that nothing has to be opened (Linux 6.13 has calls for that);
 * on older hosts through a descriptor, and then links and special files have none. ACLs (system.*) are not there: our permission
 * checks would have to obey them first.
 */
#include <asm/unistd.h>
#include <linux/fcntl.h>
#include <linux/stat.h>

#include "kernel/task.h"
#include "trap/host.h"
#include "vfs/hostfs/hostfs.h"
#include "vfs/namei.h"

#ifndef __NR_setxattrat
#define __NR_setxattrat	   463
#define __NR_getxattrat	   464
#define __NR_listxattrat   465
#define __NR_removexattrat 466
#endif

enum xattr_op { XATTR_GET, XATTR_SET, XATTR_REMOVE, XATTR_LIST };

struct xattr_request {
	enum xattr_op op;
	const char *name;
	const void *value;
	size_t n;
	int flags;
};

struct host_xattr_args { /* struct xattr_args of linux/xattr.h, since Linux 6.13 */
	uint64_t value;
	uint32_t size, flags;
};

static int64_t
by_fd(hfd_t fd, const struct xattr_request *x)
{
	switch (x->op) {
	case XATTR_GET:
		return host_call4(__NR_fgetxattr, fd.fd, x->name, x->value, x->n);
	case XATTR_SET:
		return host_call5(__NR_fsetxattr, fd.fd, x->name, x->value, x->n, x->flags);
	case XATTR_REMOVE:
		return host_call2(__NR_fremovexattr, fd.fd, x->name);
	default:
		return host_call3(__NR_flistxattr, fd.fd, x->value, x->n);
	}
}

static int64_t
by_name(hfd_t dir, const char *name, const struct xattr_request *x)
{
	struct host_xattr_args args = { (uintptr_t)x->value, (uint32_t)x->n, (uint32_t)x->flags };

	switch (x->op) {
	case XATTR_GET:
		return host_call6(__NR_getxattrat, dir.fd, name, AT_SYMLINK_NOFOLLOW, x->name, &args, sizeof(args));
	case XATTR_SET:
		return host_call6(__NR_setxattrat, dir.fd, name, AT_SYMLINK_NOFOLLOW, x->name, &args, sizeof(args));
	case XATTR_REMOVE:
		return host_call4(__NR_removexattrat, dir.fd, name, AT_SYMLINK_NOFOLLOW, x->name);
	default:
		return host_call5(__NR_listxattrat, dir.fd, name, AT_SYMLINK_NOFOLLOW, x->value, x->n);
	}
}

/* For hosts without the calls by name. */
static int64_t
by_open(struct task *t, struct dentry *dentry, const struct xattr_request *x)
{
	uint32_t type = dentry->d_inode->i_mode & S_IFMT;
	int64_t ret = -EOPNOTSUPP;
	hfd_t fd;
	bool own;

	if (type == S_IFREG || type == S_IFDIR)
		ret = hostfs_readfd(t, dentry, 0, &fd, &own);
	if (ret)
		return ret;
	ret = by_fd(fd, x);
	if (own)
		hostfs_close(fd);
	else
		hostfs_unpin(dentry->d_inode);
	return ret;
}

static int64_t
ask(struct task *t, struct dentry *dentry, const struct xattr_request *x)
{
	struct hostfs_state *st = HOSTFS_SB(dentry->d_sb)->state;
	struct hostfs_target tg;
	int64_t ret = hostfs_target_get(t, dentry, &tg);

	if (!ret) {
		if (!tg.name)
			ret = by_fd(tg.fd, x);
		else
			ret = READ_ONCE(st->no_xattrat) ? -ENOSYS : by_name(tg.fd, tg.name, x);
		hostfs_target_put(&tg);
		if (ret == -ENOSYS) {
			WRITE_ONCE(st->no_xattrat, true);
			ret = by_open(t, dentry, x);
		}
	}
	return ret == -ESTALE ? -ENOENT : ret;
}

int64_t
hostfs_getxattr(struct task *t, struct dentry *dentry, const char *name, void *buf, size_t n)
{
	int64_t ret;

	if (!strncmp(name, "system.", 7))
		return -EOPNOTSUPP;
	ret = ask(t, dentry, &(struct xattr_request){ .op = XATTR_GET, .name = name, .value = buf, .n = n });
	return ret == -EACCES || ret == -EOPNOTSUPP ? -ENODATA : ret;
}

int
hostfs_setxattr(struct task *t, struct dentry *dentry, const char *name, const void *buf, size_t n, int flags)
{
	int64_t ret;

	if (!strncmp(name, "system.", 7))
		return -EOPNOTSUPP;
	ret = ask(t, dentry,
		  &(struct xattr_request){ .op = buf ? XATTR_SET : XATTR_REMOVE, .name = name, .value = buf, .n = n, .flags = flags });
	WRITE_ONCE(HOSTFS_I(dentry->d_inode)->stamp, 0);
	return (int)ret;
}

int64_t
hostfs_listxattr(struct task *t, struct dentry *dentry, char *buf, size_t n)
{
	int64_t ret = ask(t, dentry, &(struct xattr_request){ .op = XATTR_LIST, .value = buf, .n = n });

	return ret == -EOPNOTSUPP || ret == -EACCES ? 0 : ret;
}
