/* SPDX-License-Identifier: MIT
 *
 * stat, statx, statfs, access, readlink and their forms.
 */
#include <asm/stat.h>
#include <asm/statfs.h>
#include <linux/fcntl.h>
#include <linux/securebits.h>
#include <linux/stat.h>

#include "kernel/cred.h"
#include "kernel/seeded.h"
#include "kernel/task.h"
#include "syscalls/proto.h"
#include "vfs/internal.h"

/* linux/fcntl.h of libc's headers has it under _GNU_SOURCE alone. */
#ifndef AT_EACCESS
#define AT_EACCESS 0x200
#endif

static int
copy_stat(struct task *t, const struct kstat *k, uaddr_t u)
{
	struct stat st = {
		.st_dev = k->dev,
		.st_ino = k->ino,
		.st_nlink = SEEDED(k->nlink, k->nlink - (k->nlink > 2)),
		.st_mode = k->mode,
		.st_uid = k->uid,
		.st_gid = k->gid,
		.st_rdev = k->rdev,
		.st_size = (__kernel_long_t)k->size,
		.st_blksize = k->blksize,
		.st_blocks = (__kernel_long_t)k->blocks,
		.st_atime = (__kernel_ulong_t)k->atime.tv_sec,
		.st_atime_nsec = (__kernel_ulong_t)k->atime.tv_nsec,
		.st_mtime = (__kernel_ulong_t)k->mtime.tv_sec,
		.st_mtime_nsec = (__kernel_ulong_t)k->mtime.tv_nsec,
		.st_ctime = (__kernel_ulong_t)k->ctime.tv_sec,
		.st_ctime_nsec = (__kernel_ulong_t)k->ctime.tv_nsec,
	};

	return copy_out(t, u, &st);
}

static int
fd_getattr(struct task *t, int fd, struct kstat *k, uint32_t mask, unsigned int flags)
{
	struct fd f = fdget_raw(t, fd);
	int err;

	if (!f.file)
		return -EBADF;
	err = vfs_getattr(t, &f.file->f_path, k, mask, flags);
	fdput(t, f);
	return err;
}

/* With AT_EMPTY_PATH an empty path, or since Linux 6.11 none, means the descriptor itself. */
static int
path_getattr(struct task *t, int dfd, uaddr_t path, unsigned int flags, struct kstat *k, uint32_t mask)
{
	unsigned int lookup = (flags & AT_SYMLINK_NOFOLLOW) ? 0 : LOOKUP_FOLLOW;
	struct filename *name;
	int err;

	if ((flags & AT_EMPTY_PATH) && uaddr_null(path) && dfd >= 0)
		return fd_getattr(t, dfd, k, mask, flags);
	name = getname_flags(t, path, (flags & AT_EMPTY_PATH) != 0);
	if (IS_ERR(name))
		return (int)PTR_ERR(name);
	if (name->name[0] == 0 && dfd >= 0) {
		err = fd_getattr(t, dfd, k, mask, flags);
	} else {
		lookup |= (flags & AT_EMPTY_PATH) ? LOOKUP_EMPTY : 0;
		err = filename_getattr(t, dfd, name, lookup, k, mask, flags);
	}
	putname(name);
	return err;
}

int64_t
sys_newfstatat(struct task *t, int dirfd, uaddr_t path, uaddr_t st, int flags)
{
	struct kstat k;
	int err;

	if (flags & ~(AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT | AT_EMPTY_PATH | AT_STATX_SYNC_TYPE))
		return -EINVAL;
	err = path_getattr(t, dirfd, path, (unsigned int)flags, &k, STATX_BASIC_STATS);
	return err ? err : copy_stat(t, &k, st);
}

int64_t
sys_stat(struct task *t, uaddr_t path, uaddr_t st)
{
	return sys_newfstatat(t, AT_FDCWD, path, st, 0);
}

int64_t
sys_lstat(struct task *t, uaddr_t path, uaddr_t st)
{
	return sys_newfstatat(t, AT_FDCWD, path, st, AT_SYMLINK_NOFOLLOW);
}

int64_t
sys_fstat(struct task *t, int fd, uaddr_t st)
{
	struct kstat k;
	int err = fd_getattr(t, fd, &k, STATX_BASIC_STATS, 0);

	return err ? err : copy_stat(t, &k, st);
}

/* Device numbers of stat(2) hold the minor's high bits above the major. */
static uint32_t
dev_major(uint64_t dev)
{
	return (uint32_t)(dev >> 8) & 0xfff;
}

static uint32_t
dev_minor(uint64_t dev)
{
	return (uint32_t)((dev & 0xff) | ((dev >> 12) & 0xfff00));
}

static struct statx_timestamp
statx_time(const struct k_timespec *ts)
{
	return (struct statx_timestamp){ .tv_sec = ts->tv_sec, .tv_nsec = (__u32)ts->tv_nsec };
}

int64_t
sys_statx(struct task *t, int dirfd, uaddr_t path, unsigned int flags, unsigned int mask, uaddr_t buf)
{
	struct kstat k;
	struct statx x;
	int err;

	if (mask & STATX__RESERVED)
		return -EINVAL;
	if ((flags & AT_STATX_SYNC_TYPE) == AT_STATX_SYNC_TYPE)
		return -EINVAL;
	if (flags & ~(unsigned int)(AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT | AT_EMPTY_PATH | AT_STATX_SYNC_TYPE))
		return -EINVAL;
	err = path_getattr(t, dirfd, path, flags, &k, mask);
	if (err)
		return err;
	x = (struct statx){
		.stx_mask = k.result_mask & ~STATX__RESERVED,
		.stx_blksize = k.blksize,
		.stx_attributes = k.attributes,
		.stx_nlink = k.nlink,
		.stx_uid = k.uid,
		.stx_gid = k.gid,
		.stx_mode = (__u16)k.mode,
		.stx_ino = k.ino,
		.stx_size = k.size,
		.stx_blocks = k.blocks,
		.stx_attributes_mask = k.attributes_mask,
		.stx_atime = statx_time(&k.atime),
		.stx_btime = statx_time(&k.btime),
		.stx_ctime = statx_time(&k.ctime),
		.stx_mtime = statx_time(&k.mtime),
		.stx_rdev_major = dev_major(k.rdev),
		.stx_rdev_minor = dev_minor(k.rdev),
		.stx_dev_major = dev_major(k.dev),
		.stx_dev_minor = dev_minor(k.dev),
		.stx_mnt_id = k.mnt_id,
	};
	return copy_out(t, buf, &x);
}

/* The mount's flags are told with the file system's numbers: ST_* of statvfs(3), and a bit that says that they are valid. */
static int
statfs_path(struct task *t, const struct path *p, struct statfs64 *s)
{
	static const struct {
		uint32_t mnt;
		unsigned int st;
	} map[] = { { MNT_READONLY, 1 },   { MNT_NOSUID, 2 },	   { MNT_NODEV, 4 },	    { MNT_NOEXEC, 8 },
		    { MNT_NOATIME, 1024 }, { MNT_NODIRATIME, 2048 }, { MNT_RELATIME, 4096 }, { MNT_NOSYMFOLLOW, 8192 } };
	int err = vfs_statfs(t, p->dentry, s);

	s->f_flags = 0x20;
	for (unsigned int i = 0; i < ARRAY_SIZE(map); i++)
		if (p->mnt->mnt_flags & map[i].mnt)
			s->f_flags |= (__statfs_word)map[i].st;
	if (p->mnt->mnt_sb->s_flags & SB_RDONLY)
		s->f_flags |= 1;
	return err;
}

int64_t
sys_statfs(struct task *t, uaddr_t path, uaddr_t buf)
{
	struct statfs64 s;
	struct path p;
	int err = user_path_at(t, AT_FDCWD, path, LOOKUP_FOLLOW, &p);

	if (err)
		return err;
	err = statfs_path(t, &p, &s);
	path_put(t, &p);
	return err ? err : copy_out(t, buf, &s);
}

int64_t
sys_fstatfs(struct task *t, int fd, uaddr_t buf)
{
	struct fd f = fdget_raw(t, fd);
	struct statfs64 s;
	int err;

	if (!f.file)
		return -EBADF;
	err = statfs_path(t, &f.file->f_path, &s);
	fdput(t, f);
	return err ? err : copy_out(t, buf, &s);
}

/*
 * access(2) asks for the real user and group: credentials to ask with, or NULL when the current ones say the same. Capabilities
 * count as they would for the real user.
 */
static struct cred *
access_creds(struct task *t, int *err)
{
	const struct cred *c = t->cred;
	uint64_t caps = c->cap_effective;
	struct cred *new;

	*err = 0;
	if (!(c->securebits & SECBIT_NO_SETUID_FIXUP))
		caps = c->uid == 0 ? c->cap_permitted : 0;
	if (c->fsuid == c->uid && c->fsgid == c->gid && caps == c->cap_effective)
		return NULL;
	new = prepare_creds(t);
	if (!new) {
		*err = -ENOMEM;
		return NULL;
	}
	new->fsuid = new->uid;
	new->fsgid = new->gid;
	new->cap_effective = caps;
	return new;
}

/* Makes @c the current task's for a moment; gives the one before. */
static struct cred *
override_creds(struct task *t, struct cred *c)
{
	struct cred *old;
	mutex_guard(&t->alloc_lock);

	old = t->cred;
	t->cred = c;
	return old;
}

static int
path_access(struct task *t, const struct path *p, int mode)
{
	struct inode *inode = d_inode(p->dentry);
	uint16_t type = inode->i_mode & S_IFMT;
	int err;

	if ((mode & MAY_EXEC) && type == S_IFREG && (p->mnt->mnt_flags & MNT_NOEXEC))
		return -EACCES;
	err = inode_permission(t, inode, mode | MAY_ACCESS);
	if (err || !(mode & MAY_WRITE) || type == S_IFCHR || type == S_IFBLK || type == S_IFIFO || type == S_IFSOCK)
		return err;
	return mnt_want_write(p->mnt);
}

int64_t
sys_faccessat2(struct task *t, int dirfd, uaddr_t path, int mode, int flags)
{
	unsigned int lookup = (flags & AT_SYMLINK_NOFOLLOW) ? 0 : LOOKUP_FOLLOW;
	struct cred *new = NULL, *old = NULL;
	struct path p;
	int err = 0;

	if ((mode & ~(MAY_READ | MAY_WRITE | MAY_EXEC)) || (flags & ~(AT_EACCESS | AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH)))
		return -EINVAL;
	if (flags & AT_EMPTY_PATH)
		lookup |= LOOKUP_EMPTY;
	if (!(flags & AT_EACCESS))
		new = access_creds(t, &err);
	if (err)
		return err;
	if (new)
		old = override_creds(t, new);
	err = user_path_at(t, dirfd, path, lookup, &p);
	if (!err) {
		err = path_access(t, &p, mode);
		path_put(t, &p);
	}
	if (new) {
		override_creds(t, old);
		put_cred(new);
	}
	return err;
}

int64_t
sys_faccessat(struct task *t, int dirfd, uaddr_t path, int mode)
{
	return sys_faccessat2(t, dirfd, path, mode, 0);
}

int64_t
sys_access(struct task *t, uaddr_t path, int mode)
{
	return sys_faccessat2(t, AT_FDCWD, path, mode, 0);
}

int64_t
sys_readlinkat(struct task *t, int dirfd, uaddr_t path, uaddr_t buf, int bufsiz)
{
	struct filename *name;
	struct inode *inode;
	struct path p;
	int64_t ret;
	char *text;

	if (bufsiz <= 0)
		return -EINVAL;
	name = getname_flags(t, path, true);
	if (IS_ERR(name))
		return PTR_ERR(name);
	ret = filename_lookup(t, dirfd, name, LOOKUP_EMPTY, &p);
	if (ret)
		goto out_name;
	inode = d_inode(p.dentry);
	if (!S_ISLNK(inode->i_mode)) {
		ret = name->name[0] ? -EINVAL : -ENOENT;
		goto out_path;
	}
	text = kmalloc(t->k, K_PATH_MAX);
	if (!text) {
		ret = -ENOMEM;
		goto out_path;
	}
	touch_atime(t, &p);
	ret = vfs_readlink(t, p.dentry, text, MIN((size_t)bufsiz, (size_t)K_PATH_MAX));
	if (ret > 0 && copy_to_user(t, buf, text, (size_t)ret))
		ret = -EFAULT;
	kfree(t->k, text);
out_path:
	path_put(t, &p);
out_name:
	putname(name);
	return ret;
}

int64_t
sys_readlink(struct task *t, uaddr_t path, uaddr_t buf, int bufsiz)
{
	return sys_readlinkat(t, AT_FDCWD, path, buf, bufsiz);
}
