/* SPDX-License-Identifier: MIT
 *
 * splice, tee, vmsplice. (sendfile is in read_write.c.)
 *
 * Between two pipes whole buffers change owner. Between a pipe and another file the data goes through the pipe's pages by the
 * file's own read and write, without the pipe's mutex (which ranks below an inode's): the side at work is marked busy, and
 * others wait for it. So nobody can take data out of order, and nothing that was read is lost for want of a slot.
 *
 * Locks: see pipe.c; two pipes in the order of their addresses.
 * Left out: pages are never shared: what a program changes after vmsplice or in a spliced file is not seen in the pipe.
 */
#include <asm/signal.h>
#include <linux/fcntl.h>
#include <linux/stat.h>

#include "kernel/task.h"
#include "vfs/fdtable.h"
#include "vfs/namei.h"
#include "vfs/pipe.h"
#include "vfs/splice.h"

#define SPLICE_F_MOVE	  1u
#define SPLICE_F_NONBLOCK 2u

static void
clear_busy(struct pipe_inode_info *pipe, bool *busy) __releases_lock(pipe->mutex)
{
	WRITE_ONCE(*busy, false);
	mutex_unlock(&pipe->mutex);
	wake_up_all(&pipe->busy_wait);
}

/* Read up to @n bytes of @in into a new page. Bytes and *@page, or 0 or an error without a page. */
static int64_t
read_page(struct task *t, struct pipe_inode_info *pipe, struct file *in, int64_t *pos, size_t n, char **page)
{
	struct kmem_cache *cache = &pipe->k->pipe->pages;
	struct iov_iter to;
	int64_t got;

	*page = kmem_cache_alloc(cache);
	if (!*page)
		return -ENOMEM;
	iov_iter_kernel(&to, *page, MIN(n, PAGE_SIZE));
	got = vfs_read(t, in, &to, pos, 0);
	if (got <= 0) {
		kmem_cache_free(cache, *page);
		*page = NULL;
	}
	return got;
}

int64_t
splice_file_to_pipe(struct task *t, struct file *in, int64_t *pos, struct file *out, size_t len, unsigned int flags) __no_thread_safety
{
	struct pipe_inode_info *pipe = get_pipe_info(out);
	bool nonblock = (flags & SPLICE_F_NONBLOCK) || (out->f_flags & O_NONBLOCK);
	int64_t done = 0, got = 0;
	uint32_t room;
	int err;

	err = pipe_lock_write(t, pipe);
	if (!err)
		err = pipe_wait_room(t, pipe, nonblock);
	if (err)
		return err;
	if (len == 0 || S_ISDIR(in->f_inode->i_mode) || get_pipe_info(in) || !can_splice_from(in)) { /* which is looked at only when there is room */
		mutex_unlock(&pipe->mutex);
		return len ? -EINVAL : 0;
	}
	room = pipe->ring_size - pipe_occupancy(pipe);
	pipe->wr_busy = true;
	mutex_unlock(&pipe->mutex);
	while (room > 0 && len > 0) {
		size_t want = MIN(len, PAGE_SIZE);
		char *page;

		got = read_page(t, pipe, in, pos, want, &page);
		if (got <= 0)
			break;
		mutex_lock(&pipe->mutex);
		*pipe_slot(pipe, pipe->head) = (struct pipe_buffer){ .page = page, .len = (uint32_t)got };
		__atomic_store_n(&pipe->head, pipe->head + 1, __ATOMIC_RELEASE);
		mutex_unlock(&pipe->mutex);
		done += got;
		len -= (size_t)got;
		room--;
		if ((size_t)got < want)
			break;
	}
	mutex_lock(&pipe->mutex);
	clear_busy(pipe, &pipe->wr_busy);
	if (done > 0)
		pipe_wake_readers(pipe);
	return done > 0 ? done : got;
}

/* Writes what the pipe has, up to @len; waits only for the first. */
static int64_t
splice_pipe_to_file(struct task *t, struct pipe_inode_info *pipe, struct file *out, int64_t *pos, size_t len, bool nonblock) __no_thread_safety
{
	int64_t done = 0, put = 0;
	int err;

	err = pipe_lock_read(t, pipe);
	if (!err)
		err = pipe_wait_data(t, pipe, nonblock);
	if (err)
		return err;
	pipe->rd_busy = true;
	while (len > 0 && !pipe_empty(pipe)) {
		struct pipe_buffer buf = *pipe_slot(pipe, pipe->tail);
		struct iov_iter from;
		size_t n = MIN(len, (size_t)buf.len);

		mutex_unlock(&pipe->mutex);
		iov_iter_kernel(&from, buf.page + buf.offset, n);
		put = vfs_write(t, out, &from, pos, 0);
		mutex_lock(&pipe->mutex);
		if (put <= 0)
			break;
		pipe_consume(pipe, (uint32_t)put);
		done += put;
		len -= (size_t)put;
		if ((size_t)put < n)
			break;
	}
	clear_busy(pipe, &pipe->rd_busy);
	if (done > 0)
		pipe_wake_writers(pipe);
	return done > 0 ? done : put;
}

/* ---- two pipes ---- */

static void
unlock_two(struct pipe_inode_info *a, struct pipe_inode_info *b) __no_thread_safety
{
	mutex_unlock(&a->mutex);
	mutex_unlock(&b->mutex);
}

/* Both mutexes, data in @in (or no writers), room in @out. On error neither is held. */
static int
lock_two(struct task *t, struct pipe_inode_info *in, struct pipe_inode_info *out, bool nonblock) __no_thread_safety
{
	struct pipe_inode_info *first = in < out ? in : out, *second = in < out ? out : in;
	int err;

	for (;;) {
		err = pipe_lock_read(t, in);
		if (!err)
			err = pipe_wait_data(t, in, nonblock);
		if (err)
			return err;
		mutex_unlock(&in->mutex);
		err = pipe_lock_write(t, out);
		if (!err)
			err = pipe_wait_room(t, out, nonblock);
		if (err)
			return err;
		mutex_unlock(&out->mutex);
		mutex_lock(&first->mutex);
		mutex_lock_nested(&second->mutex);
		if (!in->rd_busy && !out->wr_busy && (!pipe_empty(in) || !in->writers) && (!pipe_full(out) || !out->readers))
			return 0;
		unlock_two(in, out);
	}
}

/* The first @n bytes of a buffer as a new buffer of @out. */
static bool
copy_buffer(struct pipe_inode_info *out, const struct pipe_buffer *buf, uint32_t n)
{
	char *page = pipe_page_alloc(out);

	if (!page)
		return false;
	memcpy(page, buf->page + buf->offset, n);
	*pipe_slot(out, out->head) = (struct pipe_buffer){ .page = page, .len = n, .flags = buf->flags & PIPE_BUF_PACKET };
	__atomic_store_n(&out->head, out->head + 1, __ATOMIC_RELEASE);
	return true;
}

static int64_t
splice_pipe_to_pipe(struct task *t, struct pipe_inode_info *in, struct pipe_inode_info *out, size_t len, bool nonblock)
{
	int64_t done = 0, err = lock_two(t, in, out, nonblock);

	if (err)
		return err;
	while (len > 0 && !pipe_empty(in)) {
		struct pipe_buffer *buf = pipe_slot(in, in->tail);
		uint32_t n = (uint32_t)MIN(len, (size_t)buf->len);

		if (out->readers == 0) {
			err = -EPIPE;
			break;
		}
		if (pipe_full(out))
			break;
		if (n == buf->len) {
			*pipe_slot(out, out->head) = *buf;
			__atomic_store_n(&out->head, out->head + 1, __ATOMIC_RELEASE);
			buf->page = NULL;
			WRITE_ONCE(in->tail, in->tail + 1);
		} else if (copy_buffer(out, buf, n)) {
			pipe_consume(in, n);
		} else {
			err = -ENOMEM;
			break;
		}
		done += n;
		len -= n;
	}
	unlock_two(in, out);
	if (done > 0) {
		pipe_wake_readers(out);
		pipe_wake_writers(in);
		return done;
	}
	if (err == -EPIPE)
		ignore_err(send_sig_info(SIGPIPE, SEND_SIG_NOINFO, t, PIDTYPE_PID, t), "the call says EPIPE");
	return err;
}

int64_t
do_tee(struct task *t, struct file *in, struct file *out, size_t len, unsigned int flags)
{
	struct pipe_inode_info *ip = get_pipe_info(in), *op = get_pipe_info(out);
	bool nonblock = (flags & SPLICE_F_NONBLOCK) || ((in->f_flags | out->f_flags) & O_NONBLOCK);
	int64_t done = 0, err;

	if (!(in->f_mode & FMODE_READ) || !(out->f_mode & FMODE_WRITE))
		return -EBADF;
	if (!ip || !op || ip == op)
		return -EINVAL;
	err = lock_two(t, ip, op, nonblock);
	if (err)
		return err;
	for (uint32_t i = ip->tail; i != ip->head && len > 0 && !pipe_full(op) && op->readers; i++) {
		struct pipe_buffer *buf = pipe_slot(ip, i);
		uint32_t n = (uint32_t)MIN(len, (size_t)buf->len);

		if (!copy_buffer(op, buf, n)) {
			err = -ENOMEM;
			break;
		}
		done += n;
		len -= n;
	}
	if (!op->readers && !done)
		err = -EPIPE;
	unlock_two(ip, op);
	if (done > 0) {
		pipe_wake_readers(op);
		return done;
	}
	if (err == -EPIPE)
		ignore_err(send_sig_info(SIGPIPE, SEND_SIG_NOINFO, t, PIDTYPE_PID, t), "the call says EPIPE");
	return err;
}

/* A buffer for each page of the program, however little of it is wanted. */
static int64_t
fill_by_pages(struct task *t, struct pipe_inode_info *pipe, struct iovec_k seg, int64_t *done)
{
	int64_t err = 0;

	while (seg.len > 0 && !pipe_full(pipe) && !err) {
		uint64_t n = MIN(seg.len, PAGE_SIZE - (seg.base & ~PAGE_MASK));
		struct iov_iter from;

		iov_iter_user(&from, t, UADDR(seg.base), n);
		err = pipe_fill(pipe, &from, 0, done);
		seg.base += n;
		seg.len -= n;
	}
	return err;
}

int64_t
vmsplice_to_pipe(struct task *t, struct file *file, struct iov_iter *from, unsigned int flags) __no_thread_safety
{
	struct pipe_inode_info *pipe = get_pipe_info(file);
	int64_t done = 0, err;

	if (!pipe)
		return -EBADF;
	err = pipe_lock_write(t, pipe);
	if (!err)
		err = pipe_wait_room(t, pipe, flags & SPLICE_F_NONBLOCK);
	if (err)
		return err;
	for (unsigned int i = 0; i < from->nr && !err; i++)
		err = fill_by_pages(t, pipe, from->iov[i], &done);
	mutex_unlock(&pipe->mutex);
	if (done > 0)
		pipe_wake_readers(pipe);
	return done > 0 ? done : err;
}

/* ---- a pipe and another file ---- */

int64_t
do_splice(struct task *t, struct file *in, int64_t *off_in, struct file *out, int64_t *off_out, size_t len, unsigned int flags)
{
	struct pipe_inode_info *ip = get_pipe_info(in), *op = get_pipe_info(out);
	bool nonblock = flags & SPLICE_F_NONBLOCK;

	if (!(in->f_mode & FMODE_READ) || !(out->f_mode & FMODE_WRITE))
		return -EBADF;
	len = MIN(len, MAX_RW_COUNT);
	if (ip && op) {
		if (off_in || off_out)
			return -ESPIPE;
		if (ip == op)
			return -EINVAL;
		nonblock = nonblock || ((in->f_flags | out->f_flags) & O_NONBLOCK);
		return splice_pipe_to_pipe(t, ip, op, len, nonblock);
	}
	if (ip) {
		if (off_in)
			return -ESPIPE;
		if (off_out && !(out->f_mode & FMODE_PWRITE))
			return -EINVAL;
		if ((out->f_flags & O_APPEND) || !can_splice_to(out))
			return -EINVAL;
		nonblock = nonblock || (in->f_flags & O_NONBLOCK);
		return splice_pipe_to_file(t, ip, out, off_out ? off_out : &out->f_pos, len, nonblock);
	}
	if (op) {
		if (off_out)
			return -ESPIPE;
		if (off_in && !(in->f_mode & FMODE_PREAD))
			return -EINVAL;
		return splice_file_to_pipe(t, in, off_in ? off_in : &in->f_pos, out, len, flags);
	}
	return -EINVAL;
}
