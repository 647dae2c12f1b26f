/* SPDX-License-Identifier: MIT
 *
 * Standard input, output and error of the first program, and what else was open: descriptors of the host that the stead command was
 * started with.
 *
 * A regular file keeps the host's offset, which other processes of the host share (cmd >>log, (a; b) >out). A pipe, socket or
 * device may block: it is polled first, and the task sleeps on a wait queue that the supervisor's readiness thread wakes, so
 * that signals are seen. O_NONBLOCK is ours alone: on the host it would belong to everybody who shares the description.
 *
 * Opened anew (/dev/stdin, /proc/PID/fd/N) it is a description of its own inside, with a position of its own in a regular file, on the
 * same descriptor of the host: for what that was opened for and no more.
 *
 * Lock: hostfile.lock protects the two registrations at the readiness thread; it is held around their making, which may wake
 * the queue.
 */
#include <asm/ioctls.h>
#include <asm/poll.h>
#include <asm/signal.h>
#include <asm/unistd.h>
#include <linux/fcntl.h>
#include <linux/fs.h>
#include <linux/resource.h>
#include <linux/stat.h>

#include "kernel/task.h"
#include "mm/mm.h"
#include "trap/host.h"
#include "trap/trap.h"
#include "devices/console.h"
#include "vfs/fdtable.h"
#include "vfs/hostfs/hostfs.h"
#include "vfs/namei.h"
#include "vfs/poll.h"

#define PIPE_BUF_HOST 4096

/* f_pos of a file whose position is the host's: the calls hand it to read and write, which then use the host's. */
#define HOST_POS (INT64_C(1) << 62)

struct hostfile {
	struct kernel *k;
	hfd_t fd;
	bool seekable; /* a regular file or block device */
	uint32_t mode; /* O_ACCMODE of the host's description */
	bool append;   /* O_APPEND of it */
	struct wait_queue_head wq;
	struct mutex lock;
	struct host_poll in, out;
	bool in_armed, out_armed;
};

static uint32_t
host_poll_now(const struct hostfile *hf, short events)
{
	struct pollfd pfd = { hf->fd.fd, events, 0 };

	return host_call3(__NR_poll, &pfd, 1, 0) > 0 ? (uint32_t)(uint16_t)pfd.revents : 0;
}

/* Registrations are for one shot: made anew each time somebody is going to wait. */
static void
arm(struct hostfile *hf, struct host_poll *hp, bool *armed)
{
	mutex_lock(&hf->lock);
	if (*armed)
		hf->k->trap->host_poll_del(hf->k, hp);
	*armed = true;
	hf->k->trap->host_poll_add(hf->k, hf->fd, hp);
	mutex_unlock(&hf->lock);
}

/* Until a transfer in this direction would not block. */
static int
wait_ready(struct task *t, struct file *file, bool out, bool nowait)
{
	struct hostfile *hf = file->private_data;
	short want = out ? POLLOUT : POLLIN;
	struct wait_queue_entry we;
	int err = 0;

	if (hf->seekable || (host_poll_now(hf, want) & (uint32_t)(want | POLLERR | POLLHUP | POLLNVAL)))
		return 0;
	if (nowait || (file->f_flags & O_NONBLOCK))
		return -EAGAIN;
	init_wait(&we, t);
	for (;;) {
		prepare_to_wait(&hf->wq, &we, TASK_INTERRUPTIBLE);
		arm(hf, out ? &hf->out : &hf->in, out ? &hf->out_armed : &hf->in_armed);
		if (host_poll_now(hf, want) & (uint32_t)(want | POLLERR | POLLHUP | POLLNVAL))
			break;
		if (signal_pending(t)) {
			err = -ERESTARTSYS;
			break;
		}
		schedule(t);
	}
	finish_wait(&hf->wq, &we);
	return err;
}

static int64_t
hostfile_read(struct task *t, struct file *file, struct iov_iter *to, int64_t *pos, uint32_t rwf)
{
	struct hostfile *hf = file->private_data;
	bool at = hf->seekable && *pos != HOST_POS;
	int64_t n = to->count ? wait_ready(t, file, false, rwf & RWF_NOWAIT) : 0;

	if (n == 0)
		n = hostfs_pread(t, hf->k->hostfs, hf->fd, to, at ? *pos : -1, 0);
	if (n > 0 && at)
		*pos += n;
	return n == -EINTR ? -ERESTARTSYS : n;
}

static int64_t
write_stream(struct task *t, struct file *file, struct iov_iter *from, uint32_t rwf)
{
	struct hostfile *hf = file->private_data;
	int64_t done = 0, n = 0;

	do {
		size_t all = from->count;

		n = wait_ready(t, file, true, rwf & RWF_NOWAIT);
		if (n)
			break;
		if (!hf->seekable)
			from->count = MIN(all, (size_t)PIPE_BUF_HOST); /* so much a pipe that polls writable takes */
		all -= from->count;
		n = hostfs_pwrite(t, hf->k->hostfs, hf->fd, from, -1, hf->seekable && (file->f_flags & O_APPEND) ? RWF_APPEND : 0);
		from->count += all;
		if (n > 0)
			done += n;
	} while (n > 0 && from->count > 0);
	if (n == -EPIPE)
		send_sig_info(SIGPIPE, SEND_SIG_PRIV, t, PIDTYPE_PID, NULL);
	return done ? done : n == -EINTR ? -ERESTARTSYS : n;
}

/* Where the host will write. */
static int64_t
write_position(struct hostfile *hf, const struct file *file, int64_t pos)
{
	struct statx stx;

	if (!hf->append && !(file->f_flags & O_APPEND))
		return pos == HOST_POS ? host_call3(__NR_lseek, hf->fd.fd, 0, SEEK_CUR) : pos;
	if (host_call5(__NR_statx, hf->fd.fd, "", AT_EMPTY_PATH, STATX_SIZE, &stx) < 0)
		return 0;
	return (int64_t)stx.stx_size;
}

/* RLIMIT_FSIZE: the host does not know this program's. */
static int
limit_size(struct task *t, struct hostfile *hf, struct file *file, struct iov_iter *from, int64_t pos)
{
	uint64_t limit = rlimit(t, RLIMIT_FSIZE), at;

	if (limit == K_RLIM_INFINITY || !S_ISREG(file->f_inode->i_mode) || from->count == 0)
		return 0;
	at = (uint64_t)MAX(write_position(hf, file, pos), 0);
	if (at >= limit) {
		send_sig_info(SIGXFSZ, SEND_SIG_NOINFO, t, PIDTYPE_PID, NULL);
		return -EFBIG;
	}
	from->count = MIN(from->count, limit - at);
	return 0;
}

static int64_t
hostfile_write(struct task *t, struct file *file, struct iov_iter *from, int64_t *pos, uint32_t rwf)
{
	struct hostfile *hf = file->private_data;
	bool at = hf->seekable && *pos != HOST_POS;
	int64_t n = limit_size(t, hf, file, from, *pos);

	if (n || !at)
		return n ? n : write_stream(t, file, from, rwf);
	*pos = write_position(hf, file, *pos);
	n = hostfs_pwrite(t, hf->k->hostfs, hf->fd, from, *pos, file->f_flags & O_APPEND ? RWF_APPEND : 0);
	if (n > 0)
		*pos += n;
	return n;
}

static int64_t
hostfile_llseek(struct task *t, struct file *file, int64_t off, int whence)
{
	struct hostfile *hf = file->private_data;
	struct statx stx;

	if (file->f_pos == HOST_POS)
		return host_call3(__NR_lseek, hf->fd.fd, off, whence);
	if (hostfs_statx(hf->fd, "", &stx) == 0)
		WRITE_ONCE(file->f_inode->i_size, (int64_t)stx.stx_size);
	return generic_file_llseek(t, file, off, whence);
}

static uint32_t
hostfile_poll(struct task *t, struct file *file, struct poll_table *pt)
{
	struct hostfile *hf = file->private_data;
	uint32_t mask;

	poll_wait(file, &hf->wq, pt);
	mask = host_poll_now(hf, POLLIN | POLLOUT | POLLPRI | POLLRDHUP);
	if (!(mask & K_POLLIN) && (file->f_mode & FMODE_READ))
		arm(hf, &hf->in, &hf->in_armed);
	if (!(mask & K_POLLOUT) && (file->f_mode & FMODE_WRITE))
		arm(hf, &hf->out, &hf->out_armed);
	if (mask & K_POLLIN)
		mask |= K_POLLRDNORM;
	if (mask & K_POLLOUT)
		mask |= K_POLLWRNORM;
	return mask;
}

static int64_t
hostfile_ioctl(struct task *t, struct file *file, unsigned int cmd, uint64_t arg)
{
	struct hostfile *hf = file->private_data;
	int n = 0;
	int64_t ret;

	if (cmd != FIONREAD)
		return -ENOTTY;
	ret = host_call3(__NR_ioctl, hf->fd.fd, FIONREAD, &n);
	return ret < 0 ? ret : copy_out(t, UADDR(arg), &n);
}

static int
hostfile_mmap(struct task *t, struct file *file, uint64_t pgoff, uint64_t len, uint32_t vm_flags, struct mmap_source *src)
{
	struct hostfile *hf = file->private_data;

	if (!hf->seekable)
		return -ENODEV;
	*src = (struct mmap_source){ .fd = hf->fd, .off = pgoff << PAGE_SHIFT, .len = len };
	return 0;
}

static int
hostfile_fsync(struct task *t, struct file *file, int64_t start, int64_t end, int datasync)
{
	struct hostfile *hf = file->private_data;

	return (int)host_call1(datasync ? __NR_fdatasync : __NR_fsync, hf->fd.fd);
}

static int
hostfile_flush(struct task *t, struct file *file)
{
	struct hostfile *hf = file->private_data;

	return file->f_mode & FMODE_WRITE ? hostfs_flush_fd(hf->fd) : 0;
}

static hfd_t
hostfile_host_fd(struct file *file)
{
	struct hostfile *hf = file->private_data;

	return hf->seekable ? hf->fd : HFD_NONE;
}

static int
hostfile_open(struct task *t, struct inode *inode, struct file *file)
{
	struct hostfile *hf = inode->i_private;

	if (((file->f_mode & FMODE_READ) && hf->mode == O_WRONLY) || ((file->f_mode & FMODE_WRITE) && hf->mode == O_RDONLY))
		return -EACCES;
	file->private_data = hf;
	if (!hf->seekable)
		file->f_mode |= FMODE_STREAM;
	return 0;
}

static const struct file_operations hostfile_fops = {
	.open = hostfile_open,
	.read = hostfile_read,
	.write = hostfile_write,
	.llseek = hostfile_llseek,
	.poll = hostfile_poll,
	.ioctl = hostfile_ioctl,
	.mmap = hostfile_mmap,
	.fsync = hostfile_fsync,
	.host_fd = hostfile_host_fd,
};

/* A regular file is always ready and epoll refuses it, which programs tell by the missing poll. */
static const struct file_operations hostfile_regular_fops = {
	.open = hostfile_open,
	.flush = hostfile_flush,
	.read = hostfile_read,
	.write = hostfile_write,
	.llseek = hostfile_llseek,
	.ioctl = hostfile_ioctl,
	.mmap = hostfile_mmap,
	.fsync = hostfile_fsync,
	.host_fd = hostfile_host_fd,
};

static void
fill(struct inode *inode, const struct statx *stx)
{
	inode->i_mode = stx->stx_mode;
	inode->i_uid = stx->stx_uid;
	inode->i_gid = stx->stx_gid;
	inode->i_nlink = stx->stx_nlink;
	inode->i_size = (int64_t)stx->stx_size;
	inode->i_blocks = stx->stx_blocks;
	inode->i_atime = (struct k_timespec){ stx->stx_atime.tv_sec, stx->stx_atime.tv_nsec };
	inode->i_mtime = (struct k_timespec){ stx->stx_mtime.tv_sec, stx->stx_mtime.tv_nsec };
	inode->i_ctime = (struct k_timespec){ stx->stx_ctime.tv_sec, stx->stx_ctime.tv_nsec };
}

static int
hostfile_getattr(struct task *t, const struct path *path, struct kstat *st, uint32_t mask, unsigned int flags)
{
	struct inode *inode = d_inode(path->dentry);
	struct hostfile *hf = inode->i_private;
	struct statx stx;

	if (hostfs_statx(hf->fd, "", &stx) == 0)
		fill(inode, &stx);
	generic_fillattr(inode, st);
	return 0;
}

static int
hostfile_setattr(struct task *t, struct dentry *dentry, struct iattr *attr)
{
	struct hostfile *hf = d_inode(dentry)->i_private;

	if (attr->ia_valid & ATTR_SIZE)
		return (int)host_call2(__NR_ftruncate, hf->fd.fd, attr->ia_size);
	return attr->ia_valid & (ATTR_MODE | ATTR_UID | ATTR_GID) ? -EPERM : 0;
}

static const struct inode_operations hostfile_iops = {
	.getattr = hostfile_getattr,
	.setattr = hostfile_setattr,
};

/* Standard input, output and error are the stead command's, too, and stay open. Others are given away: whoever reads a pipe sees its end. */
void
hostfile_evict(struct kernel *k, struct inode *inode)
{
	struct hostfile *hf = inode->i_op == &hostfile_iops ? inode->i_private : NULL;

	if (!hf)
		return;
	if (hf->in_armed)
		k->trap->host_poll_del(k, &hf->in);
	if (hf->out_armed)
		k->trap->host_poll_del(k, &hf->out);
	if (hf->fd.fd > 2)
		host_call1(__NR_close, hf->fd.fd);
	kfree(k, hf);
}

/* What /proc/PID/fd shows: a file's path on the host, which is mostly its path inside, too. */
static const char *
hostfile_name(hfd_t fd, uint32_t type, char *buf, size_t n)
{
	int64_t len;

	if (type == S_IFIFO || type == S_IFSOCK)
		return type == S_IFIFO ? "pipe" : "socket";
	ksnprintf(buf, n, "/proc/self/fd/%d", fd.fd);
	len = host_call4(__NR_readlinkat, AT_FDCWD, buf, buf, n - 1);
	if (len <= 0 || buf[0] != '/')
		return "host";
	buf[len] = '\0';
	return buf;
}

static struct file *
hostfile_create(struct task *t, hfd_t fd, const struct statx *stx)
{
	int64_t hflags = host_call3(__NR_fcntl, fd.fd, F_GETFL, 0);
	uint32_t type = stx->stx_mode & S_IFMT;
	bool seekable = type == S_IFREG || type == S_IFBLK;
	struct hostfile *hf;
	struct file *file;
	char name[512]; /* of what is longer the beginning */

	if (hflags < 0)
		return ERR_PTR(hflags);
	if (!hostfs_state_get(t->k))
		return ERR_PTR(-ENOMEM);
	hf = kzalloc(t->k, sizeof(*hf));
	if (!hf)
		return ERR_PTR(-ENOMEM);
	hf->k = t->k;
	hf->mode = (uint32_t)hflags & O_ACCMODE;
	hf->append = hflags & O_APPEND;
	hf->fd = fd;
	hf->seekable = seekable;
	init_waitqueue_head(&hf->wq);
	mutex_init(&hf->lock, RANK_TIMER); /* just before wait queues */
	hf->in = (struct host_poll){ .wq = &hf->wq, .events = POLLIN | POLLRDHUP, .slot = -1 };
	hf->out = (struct host_poll){ .wq = &hf->wq, .events = POLLOUT, .slot = -1 };
	file = pseudo_getfile(t, hostfile_name(fd, type, name, sizeof(name)), stx->stx_mode,
			      seekable ? &hostfile_regular_fops : &hostfile_fops, hf,
			      (uint32_t)hflags & (O_ACCMODE | O_NONBLOCK));
	if (IS_ERR(file)) {
		kfree(t->k, hf);
		return file;
	}
	file->f_flags |= (uint32_t)hflags & O_APPEND;
	file->f_inode->i_op = &hostfile_iops;
	file->f_inode->i_private = hf;
	fill(file->f_inode, stx);
	if (seekable) {
		file->f_mode &= ~FMODE_STREAM;
		file->f_mode |= FMODE_LSEEK | FMODE_PREAD | FMODE_PWRITE;
		file->f_pos = HOST_POS;
	} else {
		file->f_mode &= ~(FMODE_LSEEK | FMODE_PREAD | FMODE_PWRITE);
		file->f_mode |= FMODE_STREAM;
	}
	return file;
}

/* The memory devices are the same everywhere: the program gets its own one, that it can stat and seek. NULL: another device. */
static struct file *
own_device(struct task *t, hfd_t fd, const struct statx *stx)
{
	static const char *const names[] = { [3] = "/dev/null", [5] = "/dev/zero", [7] = "/dev/full", [8] = "/dev/random", [9] = "/dev/urandom" };
	int64_t hflags = host_call3(__NR_fcntl, fd.fd, F_GETFL, 0);

	if ((stx->stx_mode & S_IFMT) != S_IFCHR || stx->stx_rdev_major != 1 || stx->stx_rdev_minor >= ARRAY_SIZE(names) ||
	    !names[stx->stx_rdev_minor] || hflags < 0)
		return NULL;
	return filp_open(t, names[stx->stx_rdev_minor], (uint32_t)hflags & (O_ACCMODE | O_APPEND | O_NONBLOCK), 0);
}

int
vfs_install_host_fd(struct task *t, int guest_fd, hfd_t fd, bool is_tty)
{
	struct statx stx;
	struct file *file;
	int nr, err = hostfs_statx(fd, "", &stx);

	if (err)
		return err;
	nr = get_unused_fd_from(t, guest_fd, 0);
	if (nr < 0)
		return nr;
	file = is_tty ? tty_open_console(t, O_RDWR) : own_device(t, fd, &stx);
	if (IS_ERR(file) || !file) /* there may be no /dev inside */
		file = hostfile_create(t, fd, &stx);
	if (IS_ERR(file) || nr != guest_fd) {
		put_unused_fd(t, nr);
		if (IS_ERR(file))
			return (int)PTR_ERR(file);
		fput(t, file);
		return -EBADF;
	}
	fd_install(t, nr, file);
	return 0;
}
