/* SPDX-License-Identifier: MIT
 *
 * Host descriptors of hostfs inodes: opened when first needed, shared, kept while there is room.
 */
#include <asm/unistd.h>
#include <linux/fcntl.h>
#include <linux/limits.h>
#include <linux/openat2.h>
#include <linux/resource.h>
#include <linux/stat.h>

#include "kernel/task.h"
#include "trap/host.h"
#include "vfs/hostfs/hostfs.h"
#include "vfs/namei.h"

struct hostfs_state *
hostfs_state_get(struct kernel *k)
{
	struct hostfs_state *st = k->hostfs;
	struct rlimit64_k lim = { 1024, 1024 };

	if (st)
		return st;
	st = kzalloc(k, sizeof(*st));
	if (!st || hostfs_recent_init(k, st)) {
		kfree(k, st);
		return NULL;
	}
	mutex_init(&st->lock, RANK_LEAF);
	INIT_LIST_HEAD(&st->lru);
	host_call4(__NR_prlimit64, 0, RLIMIT_NOFILE, 0, &lim);
	st->max_fds = (uint32_t)MIN(lim.cur / 4, 65536ul);
	k->hostfs = st;
	return st;
}

void
hostfs_close(hfd_t fd)
{
	if (fd.fd >= 0)
		host_call1(__NR_close, fd.fd);
}

int64_t
hostfs_open_at(hfd_t dir, const char *name, uint64_t flags, uint32_t mode)
{
	struct open_how how = {
		.flags = flags | O_CLOEXEC | O_NOFOLLOW | (flags & (O_PATH | O_DIRECTORY) ? 0 : O_NOCTTY | O_NONBLOCK),
		.mode = mode,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS,
	};
	int64_t ret;
	int tries = 0;

	do
		ret = host_call4(__NR_openat2, dir.fd, name, &how, sizeof(how));
	while (ret == -EINTR || (ret == -EAGAIN && ++tries < 100)); /* EAGAIN: a rename on the host while it looked */
	return ret;
}

/* Close idle descriptors down to @max in use, a few at a time. */
static void
trim_and_unlock(struct hostfs_state *st, uint32_t max) __releases_lock(st->lock)
{
	hfd_t victims[8];
	unsigned int n = 0;

	while (st->nr_fds > max && n < ARRAY_SIZE(victims) && !list_empty(&st->lru)) {
		struct hostfs_inode *hi = list_first_entry(&st->lru, struct hostfs_inode, lru);

		list_del_init(&hi->lru);
		victims[n++] = hi->fd;
		hi->fd = HFD_NONE;
		hi->fd_kind = HOSTFS_FD_NONE;
		st->nr_fds--;
	}
	mutex_unlock(&st->lock);
	while (n > 0)
		hostfs_close(victims[--n]);
}

static struct hostfs_state *
state_of(const struct inode *inode)
{
	return HOSTFS_SB(inode->i_sb)->state;
}

/* Use the inode's descriptor if it has one of at least this kind. */
static bool
try_pin(struct inode *inode, enum hostfs_fd_kind kind, hfd_t *out)
{
	struct hostfs_state *st = state_of(inode);
	struct hostfs_inode *hi = HOSTFS_I(inode);
	bool ok;

	mutex_lock(&st->lock);
	ok = hi->fd_kind >= kind;
	if (ok) {
		if (hi->pins++ == 0)
			list_del_init(&hi->lru);
		*out = hi->fd;
	}
	mutex_unlock(&st->lock);
	return ok;
}

void
hostfs_unpin(struct inode *inode)
{
	struct hostfs_state *st = state_of(inode);
	struct hostfs_inode *hi = HOSTFS_I(inode);

	mutex_lock(&st->lock);
	if (--hi->pins == 0)
		list_add_tail(&hi->lru, &st->lru);
	trim_and_unlock(st, st->max_fds);
}

/*
 * Make a descriptor just opened the inode's, pinned. If somebody was faster theirs is used, unless it is of a lesser kind:
 * then that one is replaced when nobody uses it, else ours stays the caller's own.
 */
static void
install(struct inode *inode, hfd_t fd, enum hostfs_fd_kind kind, hfd_t *out, bool *own)
{
	struct hostfs_state *st = state_of(inode);
	struct hostfs_inode *hi = HOSTFS_I(inode);
	hfd_t old = HFD_NONE;

	*own = false;
	mutex_lock(&st->lock);
	if (hi->fd_kind >= kind) {
		old = fd;
	} else if (hi->fd_kind != HOSTFS_FD_NONE && hi->pins > 0) {
		mutex_unlock(&st->lock);
		*own = true;
		*out = fd;
		return;
	} else {
		old = hi->fd;
		if (hi->fd_kind == HOSTFS_FD_NONE)
			st->nr_fds++;
		hi->fd = fd;
		hi->fd_kind = (uint8_t)kind;
		hi->dir_pos = 0;
	}
	if (hi->pins++ == 0)
		list_del_init(&hi->lru);
	*out = hi->fd;
	trim_and_unlock(st, st->max_fds);
	hostfs_close(old);
}

struct dentry *
hostfs_name(struct dentry *dentry, char *name)
{
	for (;;) {
		uint32_t seq = __atomic_load_n(&dentry->d_seq, __ATOMIC_ACQUIRE);
		struct dentry *parent = dget_parent(dentry);
		uint32_t len = MIN(READ_ONCE(dentry->d_name.len), (uint32_t)NAME_MAX);

		memcpy(name, READ_ONCE(dentry->d_name.name), len);
		name[len] = 0;
		__atomic_thread_fence(__ATOMIC_ACQUIRE);
		if (!(seq & 1) && __atomic_load_n(&dentry->d_seq, __ATOMIC_ACQUIRE) == seq)
			return parent;
		dput(parent);
		cpu_relax();
	}
}

/*
 * Open a dentry of the host by the names from its nearest ancestor that has a descriptor. Names may change meanwhile: the
 * caller compares what was opened with the inode.
 */
static int64_t
open_by_names(struct task *t, struct dentry *dentry, uint64_t flags)
{
	struct hostfs_sb *sbi = HOSTFS_SB(dentry->d_sb);
	struct dentry *d = dget(dentry);
	char *buf = kmalloc(sbi->k, PATH_MAX);
	size_t at = PATH_MAX - 1;
	hfd_t base = sbi->root;
	struct inode *pinned = NULL;
	int64_t ret = -ENOMEM;

	if (!buf)
		goto out;
	buf[at] = 0;
	while (d != d->d_sb->s_root) {
		char name[NAME_MAX + 1];
		struct dentry *parent = hostfs_name(d, name);
		size_t len = strlen(name);

		if (len + 1 <= at) {
			if (buf[at])
				buf[--at] = '/';
			at -= len;
			memcpy(buf + at, name, len);
		} else { /* deeper than PATH_MAX: in two steps */
			int err = hostfs_dirfd(t, d, &base);

			dput(parent);
			if (err) {
				ret = err;
				goto out;
			}
			pinned = d->d_inode;
			break;
		}
		dput(d);
		d = parent;
		if (d->d_inode && try_pin(d->d_inode, HOSTFS_FD_PATH, &base)) {
			pinned = d->d_inode;
			break;
		}
	}
	ret = hostfs_open_at(base, buf[at] ? buf + at : ".", flags, 0);
	for (int i = 0; i < 16 && (ret == -EMFILE || ret == -ENFILE); i++) { /* room for what is needed now */
		mutex_lock(&sbi->state->lock);
		trim_and_unlock(sbi->state, 0);
		ret = hostfs_open_at(base, buf[at] ? buf + at : ".", flags, 0);
	}
	if (ret == -ELOOP || ret == -EXDEV)
		ret = -ESTALE;
	if (pinned)
		hostfs_unpin(pinned);
out:
	kfree(sbi->k, buf);
	dput(d);
	return ret;
}

/* The host has changed under us: let the next walk look at every name on the way. */
static void
expire(struct dentry *dentry)
{
	struct dentry *d = dget(dentry);

	for (;;) {
		struct dentry *parent = dget_parent(d);

		WRITE_ONCE(d->d_time, 0);
		dput(d);
		if (parent == d) {
			dput(parent);
			return;
		}
		d = parent;
	}
}

static int
open_checked(struct task *t, struct dentry *dentry, uint64_t flags, hfd_t *out)
{
	struct statx stx;
	int64_t fd = open_by_names(t, dentry, flags);
	uint64_t since;
	int err;

	if (fd == -ENOENT || fd == -ENOTDIR)
		fd = -ESTALE; /* it was there when it was looked up */
	if (fd == -ESTALE)
		expire(dentry);
	if (fd < 0)
		return (int)fd;
	*out = HFD((int)fd);
	since = hostfs_clock();
	err = hostfs_statx(*out, "", &stx);
	if (!err && !hostfs_same(dentry->d_inode, &stx))
		err = -ESTALE;
	if (err == -ESTALE)
		expire(dentry);
	if (err)
		hostfs_close(*out);
	else
		(void)hostfs_fill(dentry->d_inode, &stx, since);
	return err;
}

int
hostfs_dirfd(struct task *t, struct dentry *dentry, hfd_t *out)
{
	hfd_t fd;
	bool own;
	int err;

	if (!dentry->d_inode || !HOSTFS_I(dentry->d_inode))
		return -ESTALE;
	if (try_pin(dentry->d_inode, HOSTFS_FD_PATH, out))
		return 0;
	err = open_checked(t, dentry, O_PATH | O_DIRECTORY, &fd);
	if (!err)
		install(dentry->d_inode, fd, HOSTFS_FD_PATH, out, &own); /* PATH is the least kind: never own */
	return err;
}

int
hostfs_readfd(struct task *t, struct dentry *dentry, uint32_t file_flags, hfd_t *out, bool *own)
{
	struct hostfs_sb *sbi = HOSTFS_SB(dentry->d_sb);
	uint64_t flags = O_RDONLY | ((dentry->d_inode->i_mode & S_IFMT) == S_IFDIR ? O_DIRECTORY : 0);
	uint64_t noatime = (file_flags & O_NOATIME) || sbi->may_noatime ? O_NOATIME : 0;
	hfd_t fd;
	int err;

	*own = false;
	if (try_pin(dentry->d_inode, HOSTFS_FD_READ, out))
		return 0;
	err = open_checked(t, dentry, flags | noatime, &fd);
	if (err == -EPERM && noatime) {
		WRITE_ONCE(sbi->may_noatime, false); /* it is for owners and root */
		err = open_checked(t, dentry, flags, &fd);
	}
	if (!err)
		install(dentry->d_inode, fd, HOSTFS_FD_READ, out, own);
	return err;
}

int
hostfs_writefd(struct task *t, struct dentry *dentry, bool read_too, hfd_t *out, bool *own)
{
	struct inode *inode = dentry->d_inode;
	struct hostfs_state *st = state_of(inode);
	struct hostfs_inode *hi = HOSTFS_I(inode);
	bool rw = true;
	hfd_t fd;
	int err;

	*own = false;
	if (HOSTFS_SB(inode->i_sb)->ro)
		return -EROFS;
	mutex_lock(&st->lock);
	if (hi->wfd.fd >= 0 && (hi->wfd_rw || !read_too)) {
		hi->writers++;
		*out = hi->wfd;
		mutex_unlock(&st->lock);
		return 0;
	}
	mutex_unlock(&st->lock);
	err = open_checked(t, dentry, O_RDWR, &fd);
	if (err == -EACCES && !read_too) {
		rw = false;
		err = open_checked(t, dentry, O_WRONLY, &fd);
	}
	if (err)
		return err;
	mutex_lock(&st->lock);
	if (hi->wfd.fd < 0) {
		hi->wfd = fd;
		hi->wfd_rw = rw;
		hi->writers = 1;
	} else {
		*own = true;
	}
	*out = fd;
	mutex_unlock(&st->lock);
	return 0;
}

void
hostfs_put_writer(struct inode *inode)
{
	struct hostfs_state *st = state_of(inode);
	struct hostfs_inode *hi = HOSTFS_I(inode);
	hfd_t fd = HFD_NONE;

	mutex_lock(&st->lock);
	if (--hi->writers == 0) {
		fd = hi->wfd;
		hi->wfd = HFD_NONE;
	}
	mutex_unlock(&st->lock);
	hostfs_close(fd);
}

void
hostfs_adopt_writefd(struct inode *inode, hfd_t fd)
{
	struct hostfs_state *st = state_of(inode);
	struct hostfs_inode *hi = HOSTFS_I(inode);

	mutex_lock(&st->lock);
	if (hi->wfd.fd < 0) {
		hi->wfd = fd;
		hi->wfd_rw = true;
		hi->writers = 0;
		fd = HFD_NONE;
	}
	mutex_unlock(&st->lock);
	hostfs_close(fd);
}

hfd_t
hostfs_anyfd(struct inode *inode, bool real, bool *writer)
{
	struct hostfs_state *st = state_of(inode);
	struct hostfs_inode *hi = HOSTFS_I(inode);
	hfd_t fd = HFD_NONE;

	*writer = false;
	mutex_lock(&st->lock);
	if (hi->wfd.fd >= 0) {
		hi->writers++;
		*writer = true;
		fd = hi->wfd;
	} else if (hi->fd_kind >= (real ? HOSTFS_FD_READ : HOSTFS_FD_PATH)) {
		if (hi->pins++ == 0)
			list_del_init(&hi->lru);
		fd = hi->fd;
	}
	mutex_unlock(&st->lock);
	return fd;
}

hfd_t
hostfs_otherfd(struct inode *inode, hfd_t fd, bool *writer)
{
	struct hostfs_state *st = state_of(inode);
	struct hostfs_inode *hi = HOSTFS_I(inode);
	hfd_t other = HFD_NONE;

	mutex_lock(&st->lock);
	*writer = hi->wfd.fd >= 0 && hi->wfd.fd != fd.fd;
	if (*writer) {
		hi->writers++;
		other = hi->wfd;
	} else if (hi->fd_kind >= HOSTFS_FD_READ && hi->fd.fd != fd.fd) {
		if (hi->pins++ == 0)
			list_del_init(&hi->lru);
		other = hi->fd;
	}
	mutex_unlock(&st->lock);
	return other;
}

void
hostfs_close_all(struct inode *inode)
{
	struct hostfs_state *st = state_of(inode);
	struct hostfs_inode *hi = HOSTFS_I(inode);
	hfd_t fd, wfd;

	mutex_lock(&st->lock);
	list_del_init(&hi->lru);
	fd = hi->fd;
	wfd = hi->wfd;
	if (hi->fd_kind != HOSTFS_FD_NONE)
		st->nr_fds--;
	hi->fd = hi->wfd = HFD_NONE;
	hi->fd_kind = HOSTFS_FD_NONE;
	mutex_unlock(&st->lock);
	hostfs_close(fd);
	hostfs_close(wfd);
}
