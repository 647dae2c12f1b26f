/* SPDX-License-Identifier: MIT
 *
 * Pipes and FIFOs: pipe(7), fifo(7).
 *
 * A ring of buffers, each at most a page. Small writes are appended to the last page, so a slot is not a write. A reader is
 * woken when the ring stops being empty, a writer when it stops being full; waiters are exclusive, and one that leaves data
 * (or room) behind wakes the next. Somebody who polls is told of every write, since edge triggered users count on it.
 *
 * Locks: pipe->mutex (RANK_PIPE) is held over copies to and from user memory; k->pipe->lock is a leaf below it.
 * head and tail are written under the mutex and read without it by poll and by waiters' conditions.
 * Left out: notification pipes (O_NOTIFICATION_PIPE is -ENOPKG, as in a kernel without watch queues).
 */
#include <asm/ioctls.h>
#include <asm/signal.h>
#include <linux/capability.h>
#include <linux/fcntl.h>
#include <linux/fs.h>
#include <linux/magic.h>
#include <linux/stat.h>

#include "kernel/cred.h"
#include "kernel/seeded.h"
#include "kernel/task.h"
#include "vfs/fdtable.h"
#include "vfs/namei.h"
#include "vfs/pipe.h"
#include "vfs/poll.h"

#define PIPE_POLL_IN   1 /* POLL_IN and POLL_OUT of siginfo */
#define PIPE_POLL_OUT  2
#define PIPE_READ_KEY  (K_POLLIN | K_POLLRDNORM)
#define PIPE_WRITE_KEY (K_POLLOUT | K_POLLWRNORM)
#define MAX_SLOTS 65536 /* as many as Linux has contiguous memory for */
#define PIPE_TICK_CYCLES (1u << 21)

int
pipe_init(struct kernel *k)
{
	struct pipe_state *ps = kzalloc(k, sizeof(*ps));

	if (!ps)
		return -ENOMEM;
	kmem_cache_init(k, &ps->pipes, "pipe_inode_info", sizeof(struct pipe_inode_info), 64);
	kmem_cache_init(k, &ps->pages, "pipe_page", PAGE_SIZE, PAGE_SIZE);
	mutex_init(&ps->lock, RANK_LEAF);
	INIT_LIST_HEAD(&ps->users);
	ps->max_size = 1048576;
	ps->user_pages_soft = PIPE_DEF_BUFFERS * 1024;
	k->pipe = ps;
	return 0;
}

char *
pipe_page_alloc(struct pipe_inode_info *pipe)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(pipe->tmp_page); i++) {
		char *page = pipe->tmp_page[i];

		if (page) {
			pipe->tmp_page[i] = NULL;
			return page;
		}
	}
	return kmem_cache_alloc(&pipe->k->pipe->pages);
}

void
pipe_page_free(struct pipe_inode_info *pipe, char *page)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(pipe->tmp_page); i++) {
		if (!pipe->tmp_page[i]) {
			pipe->tmp_page[i] = page;
			return;
		}
	}
	kmem_cache_free(&pipe->k->pipe->pages, page);
}

/* k->pipe->lock is held. */
static struct pipe_user *
pipe_user_get(struct kernel *k, uint32_t uid)
{
	struct pipe_user *u;

	list_for_each_entry(u, &k->pipe->users, list) {
		if (u->uid == uid) {
			u->pipes++;
			return u;
		}
	}
	u = kzalloc(k, sizeof(*u));
	if (!u)
		return NULL;
	u->uid = uid;
	u->pipes = 1;
	list_add(&u->list, &k->pipe->users);
	return u;
}

static void
pipe_user_put(struct kernel *k, struct pipe_user *u, uint64_t pages)
{
	mutex_lock(&k->pipe->lock);
	u->pages -= pages;
	if (--u->pipes == 0) {
		list_del(&u->list);
		kfree(k, u);
	}
	mutex_unlock(&k->pipe->lock);
}

static bool
pipe_is_unprivileged(struct task *t)
{
	return !capable(t, CAP_SYS_RESOURCE) && !capable(t, CAP_SYS_ADMIN);
}

/* Slots a new pipe of the task gets and is charged for; 0 if the user has too many. */
static uint32_t
pipe_charge_new(struct task *t, struct pipe_inode_info *pipe)
{
	struct pipe_state *ps = t->k->pipe;
	uint32_t slots = PIPE_DEF_BUFFERS;
	bool limited = pipe_is_unprivileged(t);
	mutex_guard(&ps->lock);

	if (slots * PAGE_SIZE > ps->max_size && !capable(t, CAP_SYS_RESOURCE))
		slots = (uint32_t)(ps->max_size / PAGE_SIZE);

	pipe->user = pipe_user_get(t->k, t->cred->uid);
	if (!pipe->user)
		return 0;
	if (limited && ps->user_pages_soft && pipe->user->pages + slots > ps->user_pages_soft)
		slots = PIPE_MIN_DEF_BUFFERS;
	if (limited && ps->user_pages_hard && pipe->user->pages + slots > ps->user_pages_hard) {
		if (--pipe->user->pipes == 0) {
			list_del(&pipe->user->list);
			kfree(t->k, pipe->user);
		}
		return 0;
	}
	pipe->user->pages += slots;
	return slots;
}

static struct pipe_inode_info *
alloc_pipe_info(struct task *t)
{
	struct pipe_inode_info *pipe = kmem_cache_zalloc(&t->k->pipe->pipes);

	if (!pipe)
		return NULL;
	pipe->k = t->k;
	pipe->ring_size = pipe_charge_new(t, pipe);
	if (!pipe->ring_size)
		goto free_pipe;
	pipe->bufs = kzalloc(t->k, pipe->ring_size * sizeof(*pipe->bufs));
	if (!pipe->bufs)
		goto uncharge;
	mutex_init(&pipe->mutex, RANK_PIPE);
	init_waitqueue_head(&pipe->rd_wait);
	init_waitqueue_head(&pipe->wr_wait);
	init_waitqueue_head(&pipe->busy_wait);
	fasync_init(&pipe->fasync_readers);
	fasync_init(&pipe->fasync_writers);
	pipe->r_counter = pipe->w_counter = 1;
	return pipe;
uncharge:
	pipe_user_put(t->k, pipe->user, pipe->ring_size);
free_pipe:
	kmem_cache_free(&t->k->pipe->pipes, pipe);
	return NULL;
}

void
free_pipe_info(struct pipe_inode_info *pipe)
{
	struct kernel *k = pipe->k;

	for (uint32_t i = pipe->tail; i != pipe->head; i++)
		kmem_cache_free(&k->pipe->pages, pipe_slot(pipe, i)->page);
	for (unsigned int i = 0; i < ARRAY_SIZE(pipe->tmp_page); i++)
		if (pipe->tmp_page[i])
			kmem_cache_free(&k->pipe->pages, pipe->tmp_page[i]);
	pipe_user_put(k, pipe->user, pipe->ring_size);
	kfree(k, pipe->bufs);
	kmem_cache_free(&k->pipe->pipes, pipe);
}

static void
put_pipe_info(struct inode *inode, struct pipe_inode_info *pipe)
{
	bool last;

	mutex_lock(&pipe->k->pipe->lock);
	last = --pipe->files == 0;
	if (last)
		inode->i_pipe = NULL;
	mutex_unlock(&pipe->k->pipe->lock);
	if (last)
		free_pipe_info(pipe);
}

/* Waits, without the mutex, until @cond; exclusive, so that one event wakes one waiter. 0 or -ERESTARTSYS. */
#define pipe_wait_exclusive(t, wq, cond)                                                                                  \
	({                                                                                                                \
		struct wait_queue_entry we_;                                                                              \
		int err_ = 0;                                                                                             \
		init_wait(&we_, (t));                                                                                     \
		for (;;) {                                                                                                \
			prepare_to_wait_exclusive((wq), &we_, TASK_INTERRUPTIBLE);                                        \
			if (cond)                                                                                         \
				break;                                                                                    \
			if (signal_pending(t)) {                                                                          \
				err_ = SEEDED(-ERESTARTSYS, -ERESTARTNOINTR);                                                               \
				break;                                                                                    \
			}                                                                                                 \
			schedule(t);                                                                                      \
		}                                                                                                         \
		finish_wait((wq), &we_);                                                                                  \
		err_;                                                                                                     \
	})

/* The mutex, with no splice at work on the read (or write) side. */
static int
pipe_lock_side(struct task *t, struct pipe_inode_info *pipe, bool *busy) __no_thread_safety
{
	mutex_lock(&pipe->mutex);
	while (unlikely(*busy)) {
		int err;

		mutex_unlock(&pipe->mutex);
		err = wait_event_interruptible(t, &pipe->busy_wait, !READ_ONCE(*busy));
		if (err)
			return err;
		mutex_lock(&pipe->mutex);
	}
	return 0;
}

int
pipe_lock_read(struct task *t, struct pipe_inode_info *pipe)
{
	return pipe_lock_side(t, pipe, &pipe->rd_busy);
}

int
pipe_lock_write(struct task *t, struct pipe_inode_info *pipe)
{
	return pipe_lock_side(t, pipe, &pipe->wr_busy);
}

static bool
pipe_readable(const struct pipe_inode_info *pipe)
{
	return !pipe_empty(pipe) || READ_ONCE(pipe->writers) == 0;
}

static bool
pipe_writable(const struct pipe_inode_info *pipe)
{
	return !pipe_full(pipe) || READ_ONCE(pipe->readers) == 0;
}

void
pipe_consume(struct pipe_inode_info *pipe, uint32_t n)
{
	struct pipe_buffer *buf = pipe_slot(pipe, pipe->tail);

	buf->offset += n;
	buf->len -= n;
	if (buf->len > 0)
		return;
	pipe_page_free(pipe, buf->page);
	buf->page = NULL;
	WRITE_ONCE(pipe->tail, pipe->tail + 1);
}

void
pipe_wake_readers(struct pipe_inode_info *pipe)
{
	wake_up_poll(&pipe->rd_wait, PIPE_READ_KEY);
	kill_fasync(pipe->k, &pipe->fasync_readers, PIPE_POLL_IN);
}

void
pipe_wake_writers(struct pipe_inode_info *pipe)
{
	wake_up_poll(&pipe->wr_wait, PIPE_WRITE_KEY);
	kill_fasync(pipe->k, &pipe->fasync_writers, PIPE_POLL_OUT);
}

int
pipe_wait_data(struct task *t, struct pipe_inode_info *pipe, bool nonblock) __no_thread_safety
{
	while (pipe_empty(pipe) && pipe->writers) {
		int err;

		mutex_unlock(&pipe->mutex);
		if (signal_pending(t))
			return SEEDED(-ERESTARTSYS, -ERESTARTNOINTR);
		if (nonblock)
			return -EAGAIN;
		err = pipe_wait_exclusive(t, &pipe->rd_wait, pipe_readable(pipe));
		if (!err)
			err = pipe_lock_read(t, pipe);
		if (err)
			return err;
	}
	return 0;
}

int
pipe_wait_room(struct task *t, struct pipe_inode_info *pipe, bool nonblock) __no_thread_safety
{
	for (;;) {
		int err;

		if (!pipe->readers) {
			mutex_unlock(&pipe->mutex);
			ignore_err(send_sig_info(SIGPIPE, SEND_SIG_NOINFO, t, PIDTYPE_PID, t), "the call says EPIPE");
			return -EPIPE;
		}
		if (!pipe_full(pipe))
			return 0;
		mutex_unlock(&pipe->mutex);
		if (nonblock)
			return -EAGAIN;
		if (signal_pending(t))
			return -ERESTARTSYS;
		err = pipe_wait_exclusive(t, &pipe->wr_wait, pipe_writable(pipe));
		if (!err)
			err = pipe_lock_write(t, pipe);
		if (err)
			return err;
	}
}

/* Take what is there, up to the room of @to. Bytes, or -EFAULT if nothing could be copied. */
static int64_t
pipe_drain(struct pipe_inode_info *pipe, struct iov_iter *to)
{
	int64_t done = 0;

	while (!pipe_empty(pipe) && to->count > 0) {
		struct pipe_buffer *buf = pipe_slot(pipe, pipe->tail);
		size_t chars = MIN((size_t)buf->len, to->count);
		bool packet = buf->flags & PIPE_BUF_PACKET;

		if (copy_to_iter(buf->page + buf->offset, chars, to) < chars)
			return done ? done : -EFAULT;
		done += (int64_t)chars;
		buf->offset += (uint32_t)chars;
		buf->len -= (uint32_t)chars;
		if (buf->len == 0 || packet) {
			pipe_page_free(pipe, buf->page);
			buf->page = NULL;
			WRITE_ONCE(pipe->tail, pipe->tail + 1);
		}
		if (packet)
			break;
	}
	return done;
}

/*
 * Linux's times of files go by ticks of a few milliseconds. So a pipe's need no look at the clock, which costs more than the rest
 * of a small write, within a millisecond or so of the last one by the processor's counter. (A FIFO's may have been set meanwhile.)
 */
static void
pipe_update_times(struct inode *inode, uint64_t *last, uint32_t which)
{
	uint64_t now = __builtin_ia32_rdtsc();

	if (now - READ_ONCE(*last) < PIPE_TICK_CYCLES && inode->i_sb->s_magic == PIPEFS_MAGIC)
		return;
	WRITE_ONCE(*last, now);
	inode_update_times(inode, which);
}

static bool
pipe_nonblock(const struct file *file, uint32_t rwf)
{
	return (READ_ONCE(file->f_flags) & O_NONBLOCK) || (rwf & RWF_NOWAIT);
}

static int64_t
pipe_read(struct task *t, struct file *file, struct iov_iter *to, int64_t *pos, uint32_t rwf) __no_thread_safety
{
	struct pipe_inode_info *pipe = file->private_data;
	bool was_full, wake_next_reader = false;
	int64_t ret = 0;

	if (to->count == 0)
		return 0;
	/* Most often a reader comes first, and has nothing to lock the pipe for. */
	if (!pipe_readable(pipe) && !pipe_nonblock(file, rwf)) {
		ret = pipe_wait_exclusive(t, &pipe->rd_wait, pipe_readable(pipe));
		if (ret)
			return ret;
		wake_next_reader = true;
	}
	ret = pipe_lock_read(t, pipe);
	if (ret)
		return ret;
	for (;;) {
		was_full = pipe_full(pipe);
		if (!pipe_empty(pipe)) {
			ret = pipe_drain(pipe, to);
			break;
		}
		if (pipe->writers == 0)
			break;
		if (pipe_nonblock(file, rwf)) {
			ret = -EAGAIN;
			break;
		}
		mutex_unlock(&pipe->mutex);
		ret = pipe_wait_exclusive(t, &pipe->rd_wait, pipe_readable(pipe));
		if (!ret)
			ret = pipe_lock_read(t, pipe);
		if (ret)
			return ret;
		wake_next_reader = true;
	}
	if (pipe_empty(pipe))
		wake_next_reader = false;
	was_full = was_full && !pipe_full(pipe);
	mutex_unlock_mb(&pipe->mutex);
	if (was_full)
		wake_up_poll_after_mb(&pipe->wr_wait, PIPE_WRITE_KEY);
	if (wake_next_reader)
		wake_up_poll_after_mb(&pipe->rd_wait, PIPE_READ_KEY);
	kill_fasync(pipe->k, &pipe->fasync_writers, PIPE_POLL_OUT);
	if (ret > 0 && !(file->f_flags & O_NOATIME))
		pipe_update_times(file->f_inode, &pipe->atime_cycles, ATTR_ATIME);
	return ret;
}

/* Append the part of a write that is no whole page to the last page, if it fits there. Bytes or -EFAULT. */
static int64_t
pipe_merge(struct pipe_inode_info *pipe, struct iov_iter *from)
{
	size_t chars = from->count & (PAGE_SIZE - 1);
	struct pipe_buffer *buf;

	if (chars == 0 || pipe_empty(pipe))
		return 0;
	buf = pipe_slot(pipe, pipe->head - 1);
	if (!(buf->flags & PIPE_BUF_CAN_MERGE) || buf->offset + buf->len + chars > PAGE_SIZE)
		return 0;
	if (copy_from_iter(buf->page + buf->offset + buf->len, chars, from) < chars)
		return -EFAULT;
	buf->len += (uint32_t)chars;
	return (int64_t)chars;
}

/* One more buffer of @from; there is a free slot. Bytes, -ENOMEM, -EFAULT. */
static int64_t
pipe_append(struct pipe_inode_info *pipe, struct iov_iter *from, uint32_t flags)
{
	struct pipe_buffer *buf = pipe_slot(pipe, pipe->head);
	size_t n = MIN(from->count, PAGE_SIZE);
	char *page = pipe_page_alloc(pipe);

	if (!page)
		return -ENOMEM;
	if (copy_from_iter(page, n, from) < n) {
		pipe_page_free(pipe, page);
		return -EFAULT;
	}
	*buf = (struct pipe_buffer){ .page = page, .len = (uint32_t)n, .flags = flags };
	__atomic_store_n(&pipe->head, pipe->head + 1, __ATOMIC_RELEASE);
	return (int64_t)n;
}

/* Fill free slots. *@done counts; 0, or the error that stopped it. */
int64_t
pipe_fill(struct pipe_inode_info *pipe, struct iov_iter *from, uint32_t flags, int64_t *done)
{
	while (from->count > 0 && !pipe_full(pipe)) {
		int64_t n = pipe_append(pipe, from, flags);

		if (n < 0)
			return n;
		*done += n;
	}
	return 0;
}

static int64_t
pipe_write(struct task *t, struct file *file, struct iov_iter *from, int64_t *pos, uint32_t rwf) __no_thread_safety
{
	struct pipe_inode_info *pipe = file->private_data;
	uint32_t bflags = file->f_flags & O_DIRECT ? PIPE_BUF_PACKET : PIPE_BUF_CAN_MERGE;
	bool was_empty, wake_next_writer = false;
	int64_t done = 0, err;

	if (from->count == 0)
		return 0;
	err = pipe_lock_write(t, pipe);
	if (err)
		return err;
	was_empty = pipe_empty(pipe);
	if (pipe->readers) {
		done = pipe_merge(pipe, from);
		if (done < 0) {
			err = done;
			done = 0;
		}
	}
	while (!err) {
		if (pipe->readers == 0) {
			err = -EPIPE;
			break;
		}
		err = pipe_fill(pipe, from, bflags, &done);
		if (err || from->count == 0)
			break;
		if (pipe_nonblock(file, rwf)) {
			err = -EAGAIN;
			break;
		}
		if (signal_pending(t)) {
			err = -ERESTARTSYS;
			break;
		}
		mutex_unlock(&pipe->mutex);
		if (was_empty)
			wake_up_poll(&pipe->rd_wait, PIPE_READ_KEY);
		err = pipe_wait_exclusive(t, &pipe->wr_wait, pipe_writable(pipe));
		if (!err)
			err = pipe_lock_write(t, pipe);
		if (err) {
			was_empty = false;
			goto out;
		}
		was_empty = pipe_empty(pipe);
		wake_next_writer = true;
	}
	if (pipe_full(pipe))
		wake_next_writer = false;
	mutex_unlock_mb(&pipe->mutex);
	if ((was_empty && !pipe_empty(pipe)) || READ_ONCE(pipe->poll_usage))
		wake_up_poll_after_mb(&pipe->rd_wait, PIPE_READ_KEY);
	if (wake_next_writer)
		wake_up_poll_after_mb(&pipe->wr_wait, PIPE_WRITE_KEY);
	kill_fasync(pipe->k, &pipe->fasync_readers, PIPE_POLL_IN);
out:
	if (err == -EPIPE)
		ignore_err(send_sig_info(SIGPIPE, SEND_SIG_NOINFO, t, PIDTYPE_PID, t), "the call says EPIPE all the same");
	if (done > 0)
		pipe_update_times(file->f_inode, &pipe->mtime_cycles, ATTR_MTIME | ATTR_CTIME);
	return done > 0 ? done : err;
}

static uint32_t
pipe_poll(struct task *t, struct file *file, struct poll_table *pt)
{
	struct pipe_inode_info *pipe = file->private_data;
	uint32_t mask = 0;

	if (pt)
		WRITE_ONCE(pipe->poll_usage, true);
	if (file->f_mode & FMODE_READ)
		poll_wait(file, &pipe->rd_wait, pt);
	if (file->f_mode & FMODE_WRITE)
		poll_wait(file, &pipe->wr_wait, pt);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	if (file->f_mode & FMODE_READ) {
		if (!pipe_empty(pipe))
			mask |= K_POLLIN | K_POLLRDNORM;
		/* A reader of a FIFO that never had a writer is not hung up. */
		if (READ_ONCE(pipe->writers) == 0 && file->f_version != READ_ONCE(pipe->w_counter))
			mask |= K_POLLHUP;
	}
	if (file->f_mode & FMODE_WRITE) {
		if (!pipe_full(pipe))
			mask |= K_POLLOUT | K_POLLWRNORM;
		if (READ_ONCE(pipe->readers) == 0)
			mask |= K_POLLERR;
	}
	return mask;
}

static int64_t
pipe_ioctl(struct task *t, struct file *file, unsigned int cmd, uint64_t arg)
{
	struct pipe_inode_info *pipe = file->private_data;
	uint32_t count = 0;

	if (cmd != FIONREAD)
		return -ENOIOCTLCMD;
	mutex_lock(&pipe->mutex);
	for (uint32_t i = pipe->tail; i != pipe->head; i++)
		count += pipe_slot(pipe, i)->len;
	mutex_unlock(&pipe->mutex);
	return put_user_u32(t, count, UADDR(arg));
}

static int
pipe_fasync(struct task *t, int fd, struct file *file, bool on)
{
	struct pipe_inode_info *pipe = file->private_data;
	int err = 0;

	if (file->f_mode & FMODE_READ)
		err = fasync_helper(pipe->k, fd, file, on, &pipe->fasync_readers);
	if (!err && (file->f_mode & FMODE_WRITE)) {
		err = fasync_helper(pipe->k, fd, file, on, &pipe->fasync_writers);
		if (err && (file->f_mode & FMODE_READ))
			ignore_err(fasync_helper(pipe->k, fd, file, false, &pipe->fasync_readers), "leaving cannot fail");
	}
	return err;
}

static void
pipe_release(struct task *t, struct inode *inode, struct file *file)
{
	struct pipe_inode_info *pipe = file->private_data;
	bool one_sided;

	mutex_lock(&pipe->mutex);
	if (file->f_mode & FMODE_READ)
		WRITE_ONCE(pipe->readers, pipe->readers - 1);
	if (file->f_mode & FMODE_WRITE)
		WRITE_ONCE(pipe->writers, pipe->writers - 1);
	one_sided = (pipe->readers == 0) != (pipe->writers == 0);
	mutex_unlock(&pipe->mutex);
	if (one_sided) {
		__wake_up(&pipe->rd_wait, 0, PIPE_READ_KEY | K_POLLERR | K_POLLHUP);
		__wake_up(&pipe->wr_wait, 0, PIPE_WRITE_KEY | K_POLLERR | K_POLLHUP);
		kill_fasync(pipe->k, &pipe->fasync_readers, PIPE_POLL_IN);
		kill_fasync(pipe->k, &pipe->fasync_writers, PIPE_POLL_OUT);
	}
	put_pipe_info(inode, pipe);
}

/* A FIFO's open waits until the other side has been opened once more than when it looked; *@counter counts those opens. */
static int
wait_for_partner(struct task *t, struct pipe_inode_info *pipe, uint32_t *counter, struct wait_queue_head *wq) __requires_lock(pipe->mutex)
{
	uint32_t seen = *counter;
	int err;

	mutex_unlock(&pipe->mutex);
	err = wait_event_interruptible(t, wq, READ_ONCE(*counter) != seen);
	mutex_lock(&pipe->mutex);
	/* A partner that came and a signal: the partner counts. */
	return seen == *counter ? err : 0;
}

static struct pipe_inode_info *
fifo_get_pipe(struct task *t, struct inode *inode)
{
	struct pipe_state *ps = t->k->pipe;
	struct pipe_inode_info *pipe, *fresh;

	mutex_lock(&ps->lock);
	pipe = inode->i_pipe;
	if (pipe)
		pipe->files++;
	mutex_unlock(&ps->lock);
	if (pipe)
		return pipe;
	fresh = alloc_pipe_info(t);
	if (!fresh)
		return NULL;
	fresh->files = 1;
	mutex_lock(&ps->lock);
	pipe = inode->i_pipe;
	if (pipe)
		pipe->files++;
	else
		inode->i_pipe = fresh;
	mutex_unlock(&ps->lock);
	if (!pipe)
		return fresh;
	free_pipe_info(fresh);
	return pipe;
}

static int
fifo_open_reader(struct task *t, struct file *file, struct pipe_inode_info *pipe) __requires_lock(pipe->mutex)
{
	WRITE_ONCE(pipe->r_counter, pipe->r_counter + 1);
	WRITE_ONCE(pipe->readers, pipe->readers + 1);
	if (pipe->readers == 1)
		wake_up_all(&pipe->wr_wait);
	if (pipe->anon || pipe->writers)
		return 0;
	if (file->f_flags & O_NONBLOCK) {
		file->f_version = pipe->w_counter;
		return 0;
	}
	if (wait_for_partner(t, pipe, &pipe->w_counter, &pipe->rd_wait) == 0)
		return 0;
	WRITE_ONCE(pipe->readers, pipe->readers - 1);
	if (pipe->readers == 0)
		wake_up_all(&pipe->wr_wait);
	return -ERESTARTSYS;
}

static int
fifo_open_writer(struct task *t, struct file *file, struct pipe_inode_info *pipe) __requires_lock(pipe->mutex)
{
	if (!pipe->anon && (file->f_flags & O_NONBLOCK) && pipe->readers == 0)
		return -ENXIO;
	WRITE_ONCE(pipe->w_counter, pipe->w_counter + 1);
	WRITE_ONCE(pipe->writers, pipe->writers + 1);
	if (pipe->writers == 1)
		wake_up_all(&pipe->rd_wait);
	if (pipe->anon || pipe->readers)
		return 0;
	if (wait_for_partner(t, pipe, &pipe->r_counter, &pipe->wr_wait) == 0)
		return 0;
	WRITE_ONCE(pipe->writers, pipe->writers - 1);
	if (pipe->writers == 0)
		wake_up_all(&pipe->rd_wait);
	return -ERESTARTSYS;
}

/* fifo(7). A pipe opened again by its /proc link never waits. */
static int
fifo_open(struct task *t, struct inode *inode, struct file *file)
{
	struct pipe_inode_info *pipe = fifo_get_pipe(t, inode);
	int err;

	if (!pipe)
		return -ENOMEM;
	file->f_version = 0;
	file->private_data = pipe;
	mutex_lock(&pipe->mutex);
	switch (file->f_mode & (FMODE_READ | FMODE_WRITE)) {
	case FMODE_READ:
		err = fifo_open_reader(t, file, pipe);
		break;
	case FMODE_WRITE:
		err = fifo_open_writer(t, file, pipe);
		break;
	case FMODE_READ | FMODE_WRITE:
		WRITE_ONCE(pipe->r_counter, pipe->r_counter + 1);
		WRITE_ONCE(pipe->w_counter, pipe->w_counter + 1);
		WRITE_ONCE(pipe->readers, pipe->readers + 1);
		WRITE_ONCE(pipe->writers, pipe->writers + 1);
		wake_up_all(&pipe->rd_wait);
		wake_up_all(&pipe->wr_wait);
		err = 0;
		break;
	default:
		err = -EINVAL;
	}
	mutex_unlock(&pipe->mutex);
	if (err) {
		file->private_data = NULL;
		put_pipe_info(inode, pipe);
		return err;
	}
	file->f_mode |= FMODE_STREAM | FMODE_NOWAIT;
	return 0;
}

static int64_t
pipe_llseek(struct task *t, struct file *file, int64_t off, int whence)
{
	return -ESPIPE;
}

const struct file_operations fifo_fops = {
	.open = fifo_open,
	.release = pipe_release,
	.read = pipe_read,
	.write = pipe_write,
	.llseek = pipe_llseek,
	.poll = pipe_poll,
	.ioctl = pipe_ioctl,
	.fasync = pipe_fasync,
};

const struct file_operations pipe_fops = {
	.open = fifo_open,
	.release = pipe_release,
	.read = pipe_read,
	.write = pipe_write,
	.llseek = pipe_llseek,
	.poll = pipe_poll,
	.ioctl = pipe_ioctl,
	.fasync = pipe_fasync,
};

struct pipe_inode_info *
get_pipe_info(struct file *file)
{
	if (file->f_op != &pipe_fops && file->f_op != &fifo_fops)
		return NULL;
	return file->private_data;
}

int
create_pipe_files(struct task *t, struct file *res[2], uint32_t flags)
{
	struct pipe_inode_info *pipe = alloc_pipe_info(t);
	struct file *rd, *wr;

	if (!pipe)
		return -ENFILE;
	pipe->anon = true;
	pipe->files = 2;
	pipe->readers = pipe->writers = 1;
	rd = pseudo_getfile(t, "pipe", S_IFIFO | 0600, &pipe_fops, pipe, O_RDONLY | (flags & O_NONBLOCK));
	if (IS_ERR(rd)) {
		free_pipe_info(pipe);
		return (int)PTR_ERR(rd);
	}
	rd->f_inode->i_pipe = pipe;
	rd->f_mode |= FMODE_STREAM | FMODE_NOWAIT;
	wr = alloc_file_clone(t, rd, O_WRONLY | (flags & (O_NONBLOCK | O_DIRECT)), &pipe_fops);
	if (IS_ERR(wr)) {
		/* The reader's release finds the writer's share of the counts gone. */
		pipe->files = 1;
		pipe->writers = 0;
		fput(t, rd);
		return (int)PTR_ERR(wr);
	}
	wr->private_data = pipe;
	wr->f_mode |= FMODE_STREAM | FMODE_NOWAIT;
	res[0] = rd;
	res[1] = wr;
	return 0;
}

/* 0 if @size cannot be had. */
static uint32_t
round_pipe_size(uint64_t size)
{
	uint32_t n = PAGE_SIZE;

	if (size > 1u << 31)
		return 0;
	while (n < size)
		n <<= 1;
	return n;
}

/* Charge the difference to the user, or say -EPERM. */
static int
pipe_charge_resize(struct task *t, struct pipe_inode_info *pipe, uint32_t slots)
{
	struct pipe_state *ps = t->k->pipe;
	bool limited = pipe_is_unprivileged(t);
	uint64_t pages;
	mutex_guard(&ps->lock);

	pages = pipe->user->pages - pipe->ring_size + slots;
	if (slots > pipe->ring_size && limited &&
	    ((ps->user_pages_soft && pages > ps->user_pages_soft) || (ps->user_pages_hard && pages > ps->user_pages_hard)))
		return -EPERM;
	pipe->user->pages = pages;
	return 0;
}

/* The mutex is held and no splice is at work. */
static int64_t
pipe_set_size(struct task *t, struct pipe_inode_info *pipe, uint64_t arg)
{
	uint32_t size = round_pipe_size(arg), slots = size >> PAGE_SHIFT, n = pipe_occupancy(pipe);
	struct pipe_buffer *bufs;
	int err;

	if (slots == 0)
		return -EINVAL;
	if (slots > pipe->ring_size && size > t->k->pipe->max_size && !capable(t, CAP_SYS_RESOURCE))
		return -EPERM;
	if (slots < n)
		return -EBUSY;
	if (slots > MAX_SLOTS)
		return -ENOMEM;
	bufs = kzalloc(t->k, slots * sizeof(*bufs));
	if (!bufs)
		return -ENOMEM;
	err = pipe_charge_resize(t, pipe, slots);
	if (err) {
		kfree(t->k, bufs);
		return err;
	}
	for (uint32_t i = 0; i < n; i++)
		bufs[i] = *pipe_slot(pipe, pipe->tail + i);
	kfree(t->k, pipe->bufs);
	pipe->bufs = bufs;
	/* Readers of head and tail without the mutex compare, they do not index: between these stores they see at worst "full". */
	WRITE_ONCE(pipe->ring_size, slots);
	WRITE_ONCE(pipe->tail, 0);
	WRITE_ONCE(pipe->head, n);
	return size;
}

int64_t
pipe_fcntl(struct task *t, struct file *file, unsigned int cmd, uint64_t arg) __no_thread_safety
{
	struct pipe_inode_info *pipe = get_pipe_info(file);
	int64_t ret;

	if (!pipe)
		return -EBADF;
	if (cmd == F_GETPIPE_SZ)
		return (int64_t)READ_ONCE(pipe->ring_size) * (int64_t)PAGE_SIZE;
	if (cmd != F_SETPIPE_SZ)
		return -EINVAL;
	for (;;) {
		ret = pipe_lock_read(t, pipe);
		if (ret)
			return ret;
		if (!pipe->wr_busy)
			break;
		mutex_unlock(&pipe->mutex);
		if (wait_event_interruptible(t, &pipe->busy_wait, !READ_ONCE(pipe->wr_busy)))
			return -ERESTARTSYS;
	}
	ret = pipe_set_size(t, pipe, (uint32_t)arg);
	mutex_unlock(&pipe->mutex);
	if (ret > 0)
		__wake_up(&pipe->wr_wait, 0, PIPE_WRITE_KEY); /* there may be room now */
	return ret;
}
