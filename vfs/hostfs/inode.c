/* SPDX-License-Identifier: MIT
 *
 * hostfs inodes: identity and attributes.
 *
 * An inode is one (device, inode number, type, birth time) of the host: hard links share it, and a number the host uses again
 * does not bring an old inode back. Left out: the host's idea of users is the guest's (no id mapping).
 *
 * How the host's own changes are seen: nothing tells us, so whatever was read of the host is believed for a bounded time, and
 * then looked at again by one statx of the name (hostfs_revalidate) or of the file (hostfs_getattr). A name is compared by identity:
 * another file under the name makes a new dentry and inode, and files that are open stay what they were.
 *
 *	a name of a directory; any name below an overlay	HOSTFS_AGE_DIR, 1 to 2 ms
 *	any other name						not at all
 *	attributes						HOSTFS_AGE_STAT, some 20 us: a lookup and the stat after it ask once
 *	the upper layer of an overlay				for ever: it is ours alone
 *	a name that is only stated				not cached at all, but remembered for as long (recent.c)
 *	listings						from the host each time they start
 *	data							always the host's
 */
#include <asm/unistd.h>
#include <linux/fcntl.h>
#include <linux/limits.h>
#include <linux/stat.h>

#include "kernel/task.h"
#include "trap/host.h"
#include "vfs/hostfs/hostfs.h"
#include "vfs/namei.h"

#ifndef __NR_fchmodat2
#define __NR_fchmodat2 452
#endif

int
hostfs_statx(hfd_t dir, const char *name, struct statx *stx)
{
	unsigned int flags = AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT | (*name ? 0 : AT_EMPTY_PATH);
	int64_t ret;

	do
		ret = host_call5(__NR_statx, dir.fd, name, flags, STATX_BASIC_STATS | STATX_BTIME, stx);
	while (ret == -EINTR);
	return (int)ret;
}

static uint64_t
make_dev(uint32_t major, uint32_t minor)
{
	return (minor & 0xff) | (uint64_t)(major & 0xfff) << 8 | (uint64_t)(minor & ~0xffu) << 12 |
	       (uint64_t)(major & ~0xfffu) << 32;
}

static struct k_timespec
stx_time(struct statx_timestamp ts)
{
	return (struct k_timespec){ ts.tv_sec, ts.tv_nsec };
}

uint64_t
hostfs_dev(struct kernel *k, struct hostfs_state *st, uint64_t host)
{
	uint64_t dev = 0;

	for (uint32_t i = 0, n = __atomic_load_n(&st->nr_devs, __ATOMIC_ACQUIRE); i < n; i++)
		if (st->devs[i].host == host)
			return st->devs[i].guest;
	mutex_lock(&st->lock);
	for (uint32_t i = 0; i < st->nr_devs && !dev; i++)
		if (st->devs[i].host == host)
			dev = st->devs[i].guest;
	if (!dev && st->nr_devs < HOSTFS_MAX_DEVS) {
		dev = get_anon_dev(k);
		st->devs[st->nr_devs].host = host;
		st->devs[st->nr_devs].guest = dev;
		__atomic_store_n(&st->nr_devs, st->nr_devs + 1, __ATOMIC_RELEASE);
	}
	mutex_unlock(&st->lock);
	return dev ? dev : host; /* more devices than the table has room for */
}

bool
hostfs_same(const struct inode *inode, const struct statx *stx)
{
	const struct hostfs_inode *hi = HOSTFS_I(inode);

	return hi->ino == stx->stx_ino && hi->dev == make_dev(stx->stx_dev_major, stx->stx_dev_minor) &&
	       ((inode->i_mode ^ stx->stx_mode) & S_IFMT) == 0 &&
	       (!(stx->stx_mask & STATX_BTIME) ||
		(hi->btime.tv_sec == stx->stx_btime.tv_sec && hi->btime.tv_nsec == stx->stx_btime.tv_nsec));
}

static void
fill(struct inode *inode, const struct statx *stx, uint64_t since)
{
	inode->i_mode = stx->stx_mode;
	inode->i_uid = stx->stx_uid;
	inode->i_gid = stx->stx_gid;
	inode->i_nlink = stx->stx_nlink;
	inode->i_rdev = make_dev(stx->stx_rdev_major, stx->stx_rdev_minor);
	WRITE_ONCE(inode->i_size, (int64_t)stx->stx_size);
	inode->i_blocks = stx->stx_blocks;
	inode->i_atime = stx_time(stx->stx_atime);
	inode->i_mtime = stx_time(stx->stx_mtime);
	inode->i_ctime = stx_time(stx->stx_ctime);
	inode->i_btime = stx_time(stx->stx_btime);
	WRITE_ONCE(HOSTFS_I(inode)->stamp, since);
}

/*
 * Who asks the host for attributes may be overtaken by who changes them, or by who asks later: then the answer is of the past. A stamp of 0
 * says that nothing newer is known than the last change.
 */
bool
hostfs_fill(struct inode *inode, const struct statx *stx, uint64_t since)
{
	struct hostfs_inode *hi = HOSTFS_I(inode);
	mutex_guard(&hi->attr_lock);

	if ((int64_t)(since - hi->changed) < 0 || (hi->stamp && (int64_t)(since - hi->stamp) < 0))
		return false;
	fill(inode, stx, since);
	return true;
}

void
hostfs_change_begin(struct inode *inode) __no_thread_safety
{
	mutex_lock(&HOSTFS_I(inode)->attr_lock);
}

void
hostfs_change_end(struct inode *inode) __no_thread_safety
{
	struct hostfs_inode *hi = HOSTFS_I(inode);

	hi->changed = hostfs_clock();
	WRITE_ONCE(hi->stamp, 0);
	mutex_unlock(&hi->attr_lock);
}

void
hostfs_changed(struct inode *inode)
{
	hostfs_change_begin(inode);
	hostfs_change_end(inode);
}

void
hostfs_fill_stat(const struct super_block *sb, const struct statx *stx, struct kstat *st)
{
	const struct hostfs_sb *sbi = HOSTFS_SB(sb);

	st->dev = hostfs_dev(sbi->k, sbi->state, make_dev(stx->stx_dev_major, stx->stx_dev_minor));
	st->ino = stx->stx_ino;
	st->mode = stx->stx_mode;
	st->nlink = stx->stx_nlink;
	st->uid = stx->stx_uid;
	st->gid = stx->stx_gid;
	st->rdev = make_dev(stx->stx_rdev_major, stx->stx_rdev_minor);
	st->size = stx->stx_size;
	st->atime = stx_time(stx->stx_atime);
	st->mtime = stx_time(stx->stx_mtime);
	st->ctime = stx_time(stx->stx_ctime);
	st->btime = stx_time(stx->stx_btime);
	st->blksize = sb->s_blocksize;
	st->blocks = stx->stx_blocks;
}

static void
set_ops(struct inode *inode)
{
	switch (inode->i_mode & S_IFMT) {
	case S_IFDIR:
		inode->i_op = &hostfs_dir_iops;
		inode->i_fop = &hostfs_dir_fops;
		break;
	case S_IFLNK:
		inode->i_op = &hostfs_symlink_iops;
		break;
	case S_IFREG:
		inode->i_op = &hostfs_file_iops;
		inode->i_fop = &hostfs_file_fops;
		break;
	default: /* devices, FIFOs and sockets are the guest's own, found by i_mode and i_rdev */
		inode->i_op = &hostfs_file_iops;
		break;
	}
}

struct inode *
hostfs_iget(struct super_block *sb, const struct statx *stx, uint64_t since)
{
	struct hostfs_sb *sbi = HOSTFS_SB(sb);
	uint64_t dev = make_dev(stx->stx_dev_major, stx->stx_dev_minor);
	struct hostfs_inode *hi;
	struct new_inode fresh = { NULL };
	struct inode *inode;

	while ((inode = iget_keyed(sb, stx->stx_ino, dev, &fresh))) {
		if (hostfs_same(inode, stx)) {
			(void)hostfs_fill(inode, stx, since);
			return inode;
		}
		remove_inode_hash(inode); /* the host has given the number to another file */
		iput(inode);
	}
	if (!fresh.inode)
		return ERR_PTR(-ENOMEM);
	hi = kzalloc(sbi->k, sizeof(*hi));
	if (!hi) {
		iget_failed(&fresh);
		return ERR_PTR(-ENOMEM);
	}
	inode = fresh.inode;
	hi->inode = inode;
	hi->dev = dev;
	hi->ino = stx->stx_ino;
	hi->btime = stx_time(stx->stx_btime);
	hi->fd = hi->wfd = HFD_NONE;
	INIT_LIST_HEAD(&hi->lru);
	mutex_init(&hi->attr_lock, RANK_LEAF);
	mutex_init(&hi->dir_lock, RANK_LEAF);
	inode->i_private = hi;
	fill(inode, stx, since);
	set_ops(inode);
	return unlock_new_inode(&fresh);
}

/* Ask the host for the attributes of a dentry: by a descriptor if there is one, for the name may be gone. */
static int
stat_dentry(struct task *t, struct dentry *dentry, struct statx *stx)
{
	struct inode *inode = dentry->d_inode;
	struct hostfs_sb *sbi = HOSTFS_SB(dentry->d_sb);
	struct dentry *parent;
	bool writer;
	hfd_t fd = hostfs_anyfd(inode, false, &writer);
	char name[NAME_MAX + 1];
	int err;

	if (fd.fd >= 0) {
		err = hostfs_statx(fd, "", stx);
		if (writer)
			hostfs_put_writer(inode);
		else
			hostfs_unpin(inode);
		return err;
	}
	if (dentry == dentry->d_sb->s_root)
		return hostfs_statx(sbi->root, "", stx);
	parent = hostfs_name(dentry, name);
	err = hostfs_dirfd(t, parent, &fd);
	if (!err) {
		err = hostfs_statx(fd, name, stx);
		hostfs_unpin(parent->d_inode);
	}
	dput(parent);
	return err;
}

/* No descriptor of the host's keeps a FIFO or a socket: what becomes of one without its name is known here alone. */
static bool
hostfs_is_special(const struct inode *inode)
{
	return !S_ISREG(inode->i_mode) && !S_ISDIR(inode->i_mode) && !S_ISLNK(inode->i_mode);
}

int
hostfs_refresh(struct task *t, struct dentry *dentry)
{
	struct inode *inode = dentry->d_inode;
	struct statx stx;
	uint64_t since;
	int err;

again:
	since = hostfs_clock();
	err = stat_dentry(t, dentry, &stx);
	if (!err && hostfs_same(inode, &stx)) {
		if (!hostfs_fill(inode, &stx, since) && READ_ONCE(HOSTFS_I(inode)->stamp) == 0 && !fatal_signal_pending(t))
			goto again;
	} else if ((!err || err == -ENOENT || err == -ESTALE) && !hostfs_is_special(inode) && !d_unhashed(dentry)) {
		inode->i_nlink = 0; /* it is gone from its place, not by us; what was known last stays true enough */
	} else if (err && err != -ENOENT && err != -ESTALE) {
		return err;
	}
	return 0;
}

int
hostfs_getattr(struct task *t, const struct path *path, struct kstat *st, uint32_t mask, unsigned int flags)
{
	struct inode *inode = path->dentry->d_inode;
	struct hostfs_inode *hi = HOSTFS_I(inode);
	struct hostfs_sb *sbi = HOSTFS_SB(inode->i_sb);
	uint64_t age = hostfs_clock() - READ_ONCE(hi->stamp);

	if (age > (sbi->layer ? HOSTFS_AGE_DIR : HOSTFS_AGE_STAT)) {
		int err = hostfs_refresh(t, path->dentry);

		if (err)
			return err;
	}
	generic_fillattr(inode, st);
	st->dev = hostfs_dev(sbi->k, sbi->state, hi->dev);
	return 0;
}

const char *
hostfs_get_link(struct task *t, struct dentry *dentry, struct inode *inode, void **done, struct path *jump)
{
	struct hostfs_inode *hi = HOSTFS_I(inode);
	struct hostfs_sb *sbi = HOSTFS_SB(inode->i_sb);
	char *link = __atomic_load_n(&hi->link, __ATOMIC_ACQUIRE), *old = NULL, *buf;
	int64_t n;
	hfd_t fd;

	if (link)
		return link;
	buf = kmalloc(sbi->k, PATH_MAX);
	if (!buf)
		return ERR_PTR(-ENOMEM);
	n = hostfs_dirfd(t, dentry->d_parent, &fd);
	if (n == 0) {
		n = host_call4(__NR_readlinkat, fd.fd, dentry->d_name.name, buf, PATH_MAX - 1);
		hostfs_unpin(dentry->d_parent->d_inode);
	}
	if (n > 0) {
		link = kstrndup(sbi->k, buf, (size_t)n);
		if (!link)
			n = -ENOMEM;
	}
	kfree(sbi->k, buf);
	if (n <= 0)
		return ERR_PTR(n ? n : -EINVAL);
	if (!__atomic_compare_exchange_n(&hi->link, &old, link, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE)) {
		kfree(sbi->k, link);
		link = old;
	}
	return link;
}

int
hostfs_target_get(struct task *t, struct dentry *dentry, struct hostfs_target *tg)
{
	int err;

	tg->name = NULL;
	tg->parent = NULL;
	tg->pinned = dentry->d_inode;
	tg->fd = hostfs_anyfd(dentry->d_inode, true, &tg->writer);
	if (tg->fd.fd >= 0)
		return 0;
	if (dentry == dentry->d_sb->s_root) {
		bool own;

		err = hostfs_readfd(t, dentry, 0, &tg->fd, &own);
		if (!err && own) { /* used for a moment only; being shared is not needed */
			hostfs_close(tg->fd);
			return -EBUSY;
		}
		return err;
	}
	if (dentry->d_flags & DCACHE_UNHASHED)
		return -ENOENT; /* its name is somebody else's */
	tg->parent = hostfs_name(dentry, tg->buf);
	tg->name = tg->buf;
	tg->pinned = tg->parent->d_inode;
	err = hostfs_dirfd(t, tg->parent, &tg->fd);
	if (err)
		dput(tg->parent);
	return err;
}

void
hostfs_target_put(struct hostfs_target *tg)
{
	if (tg->writer)
		hostfs_put_writer(tg->pinned);
	else
		hostfs_unpin(tg->pinned);
	dput(tg->parent);
}

static int64_t
target_chmod(struct hostfs_target *tg, uint32_t mode)
{
	int64_t ret, fd;

	if (!tg->name)
		return host_call2(__NR_fchmod, tg->fd.fd, mode);
	ret = host_call4(__NR_fchmodat2, tg->fd.fd, tg->name, mode, AT_SYMLINK_NOFOLLOW);
	if (ret != -ENOSYS)
		return ret;
	fd = hostfs_open_at(tg->fd, tg->name, O_RDONLY, 0); /* before Linux 6.6: only through a descriptor */
	if (fd < 0)
		return fd == -EACCES ? -EPERM : fd;
	ret = host_call2(__NR_fchmod, fd, mode);
	hostfs_close(HFD((int)fd));
	return ret;
}

static int64_t
target_utimens(struct hostfs_target *tg, const struct iattr *attr)
{
	const int64_t now = (1l << 30) - 1, omit = (1l << 30) - 2;
	struct k_timespec ts[2] = { { 0, omit }, { 0, omit } };

	if (attr->ia_valid & ATTR_ATIME)
		ts[0] = attr->ia_valid & ATTR_ATIME_SET ? attr->ia_atime : (struct k_timespec){ 0, now };
	if (attr->ia_valid & ATTR_MTIME)
		ts[1] = attr->ia_valid & ATTR_MTIME_SET ? attr->ia_mtime : (struct k_timespec){ 0, now };
	return host_call4(__NR_utimensat, tg->fd.fd, tg->name, ts, tg->name ? AT_SYMLINK_NOFOLLOW : 0);
}

static int64_t
truncate_to(struct task *t, struct dentry *dentry, int64_t size)
{
	hfd_t fd;
	bool own;
	int64_t ret = hostfs_writefd(t, dentry, false, &fd, &own);

	if (ret)
		return ret == -ESTALE ? -ENOENT : ret;
	ret = host_call2(__NR_ftruncate, fd.fd, size);
	if (own)
		hostfs_close(fd);
	else
		hostfs_put_writer(dentry->d_inode);
	return ret;
}

int
hostfs_setattr(struct task *t, struct dentry *dentry, struct iattr *attr)
{
	struct inode *inode = dentry->d_inode;
	struct hostfs_target tg;
	int64_t ret = 0;

	if (HOSTFS_SB(inode->i_sb)->ro)
		return -EROFS;
	if (attr->ia_valid & ATTR_SIZE) {
		ret = truncate_to(t, dentry, attr->ia_size);
		if (ret)
			return (int)ret;
	}
	if (attr->ia_valid & (ATTR_UID | ATTR_GID | ATTR_MODE | ATTR_ATIME | ATTR_MTIME)) {
		ret = hostfs_target_get(t, dentry, &tg);
		if (ret == -ENOENT && hostfs_is_special(inode)) {
			setattr_copy(t, inode, attr);
			return 0;
		}
		if (ret)
			return (int)ret;
		if (attr->ia_valid & (ATTR_UID | ATTR_GID)) {
			uint64_t uid = attr->ia_valid & ATTR_UID ? attr->ia_uid : UINT32_MAX;
			uint64_t gid = attr->ia_valid & ATTR_GID ? attr->ia_gid : UINT32_MAX;

			ret = tg.name ? host_call5(__NR_fchownat, tg.fd.fd, tg.name, uid, gid, AT_SYMLINK_NOFOLLOW) :
					host_call3(__NR_fchown, tg.fd.fd, uid, gid);
		}
		if (!ret && (attr->ia_valid & ATTR_MODE))
			ret = target_chmod(&tg, attr->ia_mode & 07777);
		if (!ret && (attr->ia_valid & (ATTR_ATIME | ATTR_MTIME)) &&
		    !((attr->ia_valid & ATTR_SIZE) && !(attr->ia_valid & (ATTR_ATIME_SET | ATTR_MTIME_SET))))
			ret = target_utimens(&tg, attr);
		hostfs_target_put(&tg);
	}
	hostfs_changed(inode);
	if (!ret)
		ret = hostfs_refresh(t, dentry);
	return (int)ret;
}
