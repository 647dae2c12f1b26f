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
#include "trap/request.h"
#include "vfs/hostfs/hostfs.h"
#include "vfs/namei.h"

#ifndef __NR_setxattrat
#define __NR_setxattrat	   463
#define __NR_getxattrat	   464
#define __NR_listxattrat   465
#define __NR_removexattrat 466
#endif

struct host_xattr_args { /* struct xattr_args of linux/xattr.h, since Linux 6.13 */
	uint64_t value;
	uint32_t size, flags;
};

static int64_t
by_fd(const struct hostfs_xattr_call *c)
{
	switch (c->op) {
	case HOSTFS_XATTR_GET:
		return host_call4(__NR_fgetxattr, c->fd.fd, c->name, c->value, c->n);
	case HOSTFS_XATTR_SET:
		return host_call5(__NR_fsetxattr, c->fd.fd, c->name, c->value, c->n, c->flags);
	case HOSTFS_XATTR_REMOVE:
		return host_call2(__NR_fremovexattr, c->fd.fd, c->name);
	default:
		return host_call3(__NR_flistxattr, c->fd.fd, c->value, c->n);
	}
}

int64_t
hostfs_xattr(const struct hostfs_xattr_call *c)
{
	struct host_xattr_args args = { (uintptr_t)c->value, (uint32_t)c->n, (uint32_t)c->flags };

	if (!c->file)
		return by_fd(c);
	switch (c->op) {
	case HOSTFS_XATTR_GET:
		return host_call6(__NR_getxattrat, c->fd.fd, c->file, AT_SYMLINK_NOFOLLOW, c->name, &args, sizeof(args));
	case HOSTFS_XATTR_SET:
		return host_call6(__NR_setxattrat, c->fd.fd, c->file, AT_SYMLINK_NOFOLLOW, c->name, &args, sizeof(args));
	case HOSTFS_XATTR_REMOVE:
		return host_call4(__NR_removexattrat, c->fd.fd, c->file, AT_SYMLINK_NOFOLLOW, c->name);
	default:
		return host_call5(__NR_listxattrat, c->fd.fd, c->file, AT_SYMLINK_NOFOLLOW, c->value, c->n);
	}
}

/* trusted.* needs a privilege on the host that guest processes do not have: then the supervisor does it. A list leaves them out. */
static int64_t
make_call(struct kernel *k, const struct hostfs_xattr_call *c)
{
	if (c->name && k->super->trusted_xattr && !strncmp(c->name, "trusted.", 8))
		return k->super->trusted_xattr(k, c);
	return hostfs_xattr(c);
}

/* For hosts without the calls by name. */
static int64_t
by_open(struct task *t, struct dentry *dentry, struct hostfs_xattr_call *c)
{
	uint32_t type = dentry->d_inode->i_mode & S_IFMT;
	int64_t ret = -EOPNOTSUPP;
	bool own;

	if (type == S_IFREG || type == S_IFDIR)
		ret = hostfs_readfd(t, dentry, 0, &c->fd, &own);
	if (ret)
		return ret;
	c->file = NULL;
	ret = make_call(dentry->d_sb->k, c);
	if (own)
		hostfs_close(c->fd);
	else
		hostfs_unpin(dentry->d_inode);
	return ret;
}

static int64_t
ask(struct task *t, struct dentry *dentry, struct hostfs_xattr_call *c)
{
	struct hostfs_state *st = HOSTFS_SB(dentry->d_sb)->state;
	struct hostfs_target tg;
	int64_t ret = hostfs_target_get(t, dentry, &tg);

	if (!ret) {
		c->fd = tg.fd;
		c->file = tg.name;
		ret = tg.name && READ_ONCE(st->no_xattrat) ? -ENOSYS : make_call(dentry->d_sb->k, c);
		hostfs_target_put(&tg);
		if (ret == -ENOSYS) {
			WRITE_ONCE(st->no_xattrat, true);
			ret = by_open(t, dentry, c);
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
	ret = ask(t, dentry, &(struct hostfs_xattr_call){ .op = HOSTFS_XATTR_GET, .name = name, .value = buf, .n = n });
	return ret == -EACCES || ret == -EOPNOTSUPP ? -ENODATA : ret;
}

int
hostfs_setxattr(struct task *t, struct dentry *dentry, const char *name, const void *buf, size_t n, int flags)
{
	int64_t ret;

	if (HOSTFS_SB(dentry->d_sb)->ro)
		return -EROFS;
	if (!strncmp(name, "system.", 7))
		return -EOPNOTSUPP;
	ret = ask(t, dentry,
		  &(struct hostfs_xattr_call){ .op = buf ? HOSTFS_XATTR_SET : HOSTFS_XATTR_REMOVE,
					       .name = name,
					       .value = buf,
					       .n = n,
					       .flags = flags });
	hostfs_changed(dentry->d_inode);
	return (int)ret;
}

int64_t
hostfs_listxattr(struct task *t, struct dentry *dentry, char *buf, size_t n)
{
	int64_t ret = ask(t, dentry, &(struct hostfs_xattr_call){ .op = HOSTFS_XATTR_LIST, .value = buf, .n = n });

	return ret == -EOPNOTSUPP || ret == -EACCES ? 0 : ret;
}
