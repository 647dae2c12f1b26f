/* SPDX-License-Identifier: MIT
 *
 * chmod, chown, utimes, truncate, fallocate and their forms.
 */
#include <asm/resource.h>
#include <linux/falloc.h>
#include <linux/fcntl.h>
#include <linux/stat.h>
#include <linux/utime.h>

#include "kernel/task.h"
#include "mm/mm.h"
#include "syscalls/proto.h"
#include "vfs/fsnotify.h"
#include "vfs/hostfs/hostfs.h"
#include "vfs/internal.h"

/* sys/stat.h of libc has them; no uapi header does. */
#define UTIME_NOW  0x3fffffffL
#define UTIME_OMIT 0x3ffffffeL

/* The file of a descriptor as a path with references. @raw: O_PATH will do. */
static int
fd_path(struct task *t, int fd, bool raw, struct path *out)
{
	struct fd f = raw ? fdget_raw(t, fd) : fdget(t, fd);

	if (!f.file)
		return -EBADF;
	*out = f.file->f_path;
	path_get(out);
	fdput(t, f);
	return 0;
}

static unsigned int
lookup_of_at(int flags)
{
	return ((flags & AT_SYMLINK_NOFOLLOW) ? 0 : LOOKUP_FOLLOW) | ((flags & AT_EMPTY_PATH) ? LOOKUP_EMPTY : 0);
}

/* Consumes @p. */
static int
change_path(struct task *t, struct path *p, struct iattr *attr)
{
	int err = mnt_want_write(p->mnt);

	if (!err)
		err = notify_change(t, p->dentry, attr);
	path_put(t, p);
	return err;
}

static int
chmod_path(struct task *t, struct path *p, uint32_t mode)
{
	struct iattr attr = { .ia_valid = ATTR_MODE };

	attr.ia_mode = (mode & 07777) | (d_inode(p->dentry)->i_mode & S_IFMT);
	return change_path(t, p, &attr);
}

int64_t
sys_fchmodat2(struct task *t, int dirfd, uaddr_t path, unsigned int mode, unsigned int flags)
{
	struct path p;
	int err;

	if (flags & ~(unsigned int)(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH))
		return -EINVAL;
	err = user_path_at(t, dirfd, path, lookup_of_at((int)flags), &p);
	return err ? err : chmod_path(t, &p, mode);
}

int64_t
sys_fchmodat(struct task *t, int dirfd, uaddr_t path, unsigned int mode)
{
	return sys_fchmodat2(t, dirfd, path, mode, 0);
}

int64_t
sys_chmod(struct task *t, uaddr_t path, unsigned int mode)
{
	return sys_fchmodat2(t, AT_FDCWD, path, mode, 0);
}

int64_t
sys_fchmod(struct task *t, int fd, unsigned int mode)
{
	struct path p;
	int err = fd_path(t, fd, false, &p);

	return err ? err : chmod_path(t, &p, mode);
}

static int
chown_path(struct task *t, struct path *p, uint32_t uid, uint32_t gid)
{
	struct iattr attr = { .ia_valid = ATTR_CTIME, .ia_uid = uid, .ia_gid = gid };

	if (uid != UINT32_MAX)
		attr.ia_valid |= ATTR_UID;
	if (gid != UINT32_MAX)
		attr.ia_valid |= ATTR_GID;
	if (!S_ISDIR(d_inode(p->dentry)->i_mode))
		attr.ia_valid |= ATTR_KILL_SUID | ATTR_KILL_SGID;
	return change_path(t, p, &attr);
}

int64_t
sys_fchownat(struct task *t, int dirfd, uaddr_t path, unsigned int uid, unsigned int gid, int flags)
{
	struct path p;
	int err;

	if (flags & ~(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH))
		return -EINVAL;
	err = user_path_at(t, dirfd, path, lookup_of_at(flags), &p);
	return err ? err : chown_path(t, &p, uid, gid);
}

int64_t
sys_chown(struct task *t, uaddr_t path, unsigned int uid, unsigned int gid)
{
	return sys_fchownat(t, AT_FDCWD, path, uid, gid, 0);
}

int64_t
sys_lchown(struct task *t, uaddr_t path, unsigned int uid, unsigned int gid)
{
	return sys_fchownat(t, AT_FDCWD, path, uid, gid, AT_SYMLINK_NOFOLLOW);
}

int64_t
sys_fchown(struct task *t, int fd, unsigned int uid, unsigned int gid)
{
	struct path p;
	int err = fd_path(t, fd, false, &p);

	return err ? err : chown_path(t, &p, uid, gid);
}

static bool
nsec_valid(int64_t nsec)
{
	return nsec == UTIME_OMIT || nsec == UTIME_NOW || (nsec >= 0 && nsec < NSEC_PER_SEC);
}

/* @times: NULL for now. Consumes @p. */
static int
utimes_path(struct task *t, struct path *p, const struct k_timespec *times)
{
	struct iattr attr = { .ia_valid = ATTR_CTIME | ATTR_MTIME | ATTR_ATIME };

	if (times && times[0].tv_nsec == UTIME_NOW && times[1].tv_nsec == UTIME_NOW)
		times = NULL;
	if (!times) {
		attr.ia_valid |= ATTR_TOUCH;
		return change_path(t, p, &attr);
	}
	if (times[0].tv_nsec == UTIME_OMIT) {
		attr.ia_valid &= ~ATTR_ATIME;
	} else if (times[0].tv_nsec != UTIME_NOW) {
		attr.ia_atime = times[0];
		attr.ia_valid |= ATTR_ATIME_SET;
	}
	if (times[1].tv_nsec == UTIME_OMIT) {
		attr.ia_valid &= ~ATTR_MTIME;
	} else if (times[1].tv_nsec != UTIME_NOW) {
		attr.ia_mtime = times[1];
		attr.ia_valid |= ATTR_MTIME_SET;
	}
	attr.ia_valid |= ATTR_TIMES_SET;
	return change_path(t, p, &attr);
}

static int
do_utimes(struct task *t, int dfd, uaddr_t path, const struct k_timespec *times, int flags)
{
	struct path p;
	int err;

	if (uaddr_null(path) && dfd != AT_FDCWD) {
		if (flags)
			return -EINVAL;
		err = fd_path(t, dfd, false, &p);
	} else {
		if (flags & ~(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH))
			return -EINVAL;
		err = user_path_at(t, dfd, path, lookup_of_at(flags), &p);
	}
	if (err)
		return err;
	if (times && (!nsec_valid(times[0].tv_nsec) || !nsec_valid(times[1].tv_nsec))) {
		path_put(t, &p);
		return -EINVAL;
	}
	return utimes_path(t, &p, times);
}

int64_t
sys_utimensat(struct task *t, int dirfd, uaddr_t path, uaddr_t times, int flags)
{
	struct k_timespec ts[2];

	if (uaddr_null(times))
		return do_utimes(t, dirfd, path, NULL, flags);
	if (copy_in(t, &ts, times))
		return -EFAULT;
	if (ts[0].tv_nsec == UTIME_OMIT && ts[1].tv_nsec == UTIME_OMIT)
		return 0;
	return do_utimes(t, dirfd, path, ts, flags);
}

int64_t
sys_futimesat(struct task *t, int dirfd, uaddr_t path, uaddr_t times)
{
	struct k_timeval tv[2];
	struct k_timespec ts[2];

	if (uaddr_null(times))
		return do_utimes(t, dirfd, path, NULL, 0);
	if (copy_in(t, &tv, times))
		return -EFAULT;
	for (int i = 0; i < 2; i++) {
		if (tv[i].tv_usec < 0 || tv[i].tv_usec >= 1000000)
			return -EINVAL;
		ts[i] = (struct k_timespec){ tv[i].tv_sec, tv[i].tv_usec * 1000 };
	}
	return do_utimes(t, dirfd, path, ts, 0);
}

int64_t
sys_utimes(struct task *t, uaddr_t path, uaddr_t times)
{
	return sys_futimesat(t, AT_FDCWD, path, times);
}

int64_t
sys_utime(struct task *t, uaddr_t path, uaddr_t times)
{
	struct utimbuf tb;
	struct k_timespec ts[2];

	if (uaddr_null(times))
		return do_utimes(t, AT_FDCWD, path, NULL, 0);
	if (copy_in(t, &tb, times))
		return -EFAULT;
	ts[0] = (struct k_timespec){ tb.actime, 0 };
	ts[1] = (struct k_timespec){ tb.modtime, 0 };
	return do_utimes(t, AT_FDCWD, path, ts, 0);
}

int64_t
sys_truncate(struct task *t, uaddr_t path, int64_t length)
{
	struct path p;
	int err;

	if (length < 0)
		return -EINVAL;
	err = user_path_at(t, AT_FDCWD, path, LOOKUP_FOLLOW, &p);
	if (err)
		return err;
	err = vfs_truncate(t, &p, length);
	path_put(t, &p);
	return err;
}

int64_t
sys_ftruncate(struct task *t, int fd, int64_t length)
{
	struct fd f;
	int err;

	if (length < 0)
		return -EINVAL;
	f = fdget(t, fd);
	if (!f.file)
		return -EBADF;
	if (!S_ISREG(f.file->f_inode->i_mode) || !(f.file->f_mode & FMODE_WRITE))
		err = -EINVAL;
	else if (f.file->f_inode->i_flags & S_APPEND)
		err = -EPERM;
	else
		err = do_truncate(t, f.file->f_path.dentry, length, ATTR_MTIME | ATTR_CTIME, f.file);
	fdput(t, f);
	return err;
}

#define FALLOC_FL_KNOWN                                                                                                   \
	(FALLOC_FL_KEEP_SIZE | FALLOC_FL_PUNCH_HOLE | FALLOC_FL_COLLAPSE_RANGE | FALLOC_FL_ZERO_RANGE |                    \
	 FALLOC_FL_INSERT_RANGE | FALLOC_FL_UNSHARE_RANGE)

static int
check_fallocate(struct file *file, int mode, int64_t off, int64_t len)
{
	struct inode *inode = file->f_inode;

	if (off < 0 || len <= 0)
		return -EINVAL;
	if (mode & ~FALLOC_FL_KNOWN)
		return -EOPNOTSUPP;
	if ((mode & (FALLOC_FL_PUNCH_HOLE | FALLOC_FL_ZERO_RANGE)) == (FALLOC_FL_PUNCH_HOLE | FALLOC_FL_ZERO_RANGE))
		return -EOPNOTSUPP;
	if ((mode & FALLOC_FL_PUNCH_HOLE) && !(mode & FALLOC_FL_KEEP_SIZE))
		return -EOPNOTSUPP;
	if (((mode & FALLOC_FL_COLLAPSE_RANGE) && (mode & ~FALLOC_FL_COLLAPSE_RANGE)) ||
	    ((mode & FALLOC_FL_INSERT_RANGE) && (mode & ~FALLOC_FL_INSERT_RANGE)) ||
	    ((mode & FALLOC_FL_UNSHARE_RANGE) && (mode & ~(FALLOC_FL_UNSHARE_RANGE | FALLOC_FL_KEEP_SIZE))))
		return -EINVAL;
	if (!(file->f_mode & FMODE_WRITE))
		return -EBADF;
	if ((mode & ~FALLOC_FL_KEEP_SIZE) && (inode->i_flags & S_APPEND))
		return -EPERM;
	if (inode->i_flags & S_IMMUTABLE)
		return -EPERM;
	if (S_ISFIFO(inode->i_mode))
		return -ESPIPE;
	if (S_ISDIR(inode->i_mode))
		return -EISDIR;
	if (!S_ISREG(inode->i_mode))
		return -ENODEV;
	if (off > INT64_MAX - len || (uint64_t)(off + len) > inode->i_sb->s_maxbytes)
		return -EFBIG;
	return file->f_op && file->f_op->fallocate ? 0 : -EOPNOTSUPP;
}

int64_t
sys_fallocate(struct task *t, int fd, int mode, int64_t offset, int64_t len)
{
	struct fd f = fdget(t, fd);
	bool early; /* file systems on disks take set-id bits away before they look at limits, those in memory if it works */
	int64_t ret;

	if (!f.file)
		return -EBADF;
	ret = check_fallocate(f.file, mode, offset, len);
	early = !ret && is_hostfs(f.file->f_inode->i_sb);
	if (early)
		ret = file_remove_privs(t, f.file);
	if (!ret)
		ret = f.file->f_op->fallocate(t, f.file, mode, offset, len);
	if (!ret)
		fsnotify_file(f.file, IN_MODIFY);
	if (!ret && !early)
		ret = file_remove_privs(t, f.file);
	fdput(t, f);
	return ret;
}
