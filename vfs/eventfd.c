/* SPDX-License-Identifier: MIT
 *
 * eventfd: eventfd(2). A counter changed by compare and exchange; waiters of both kinds sleep on one queue.
 */
#include <linux/fcntl.h>
#include <linux/fs.h>

#include "kernel/task.h"
#include "vfs/eventfd.h"
#include "vfs/fdtable.h"
#include "vfs/namei.h"
#include "vfs/poll.h"

#define EFD_SEMAPHORE 1
#define EFD_CLOEXEC   O_CLOEXEC
#define EFD_NONBLOCK  O_NONBLOCK

#define EVENTFD_MAX (UINT64_MAX - 1)

struct eventfd_ctx {
	struct wait_queue_head wq;
	uint64_t count; /* atomic */
	bool semaphore;
	int id;
};

static bool
take(struct eventfd_ctx *ctx, uint64_t *v)
{
	uint64_t old = __atomic_load_n(&ctx->count, __ATOMIC_SEQ_CST);

	do {
		if (old == 0)
			return false;
		*v = ctx->semaphore ? 1 : old;
	} while (!__atomic_compare_exchange_n(&ctx->count, &old, old - *v, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST));
	return true;
}

static bool
add(struct eventfd_ctx *ctx, uint64_t v)
{
	uint64_t old = __atomic_load_n(&ctx->count, __ATOMIC_SEQ_CST);

	do {
		if (EVENTFD_MAX - old < v)
			return false;
	} while (!__atomic_compare_exchange_n(&ctx->count, &old, old + v, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST));
	return true;
}

static bool
nonblock(const struct file *file, uint32_t rwf)
{
	return (READ_ONCE(file->f_flags) & O_NONBLOCK) || (rwf & RWF_NOWAIT);
}

static int64_t
eventfd_read(struct task *t, struct file *file, struct iov_iter *to, int64_t *pos, uint32_t rwf)
{
	struct eventfd_ctx *ctx = file->private_data;
	uint64_t v;

	if (to->count < sizeof(v))
		return -EINVAL;
	if (!take(ctx, &v)) {
		int err;

		if (nonblock(file, rwf))
			return -EAGAIN;
		err = wait_event_interruptible(t, &ctx->wq, take(ctx, &v));
		if (err)
			return err;
	}
	wake_up_poll_after_mb(&ctx->wq, K_POLLOUT);
	return copy_to_iter(&v, sizeof(v), to) == sizeof(v) ? (int64_t)sizeof(v) : -EFAULT;
}

static int64_t
eventfd_write(struct task *t, struct file *file, struct iov_iter *from, int64_t *pos, uint32_t rwf)
{
	struct eventfd_ctx *ctx = file->private_data;
	uint64_t v;

	if (from->count < sizeof(v))
		return -EINVAL;
	if (copy_from_iter(&v, sizeof(v), from) < sizeof(v))
		return -EFAULT;
	if (v == UINT64_MAX)
		return -EINVAL;
	if (!add(ctx, v)) {
		int err;

		if (nonblock(file, rwf))
			return -EAGAIN;
		err = wait_event_interruptible(t, &ctx->wq, add(ctx, v));
		if (err)
			return err;
	}
	wake_up_poll_after_mb(&ctx->wq, K_POLLIN);
	return sizeof(v);
}

static uint32_t
eventfd_poll(struct task *t, struct file *file, struct poll_table *pt)
{
	struct eventfd_ctx *ctx = file->private_data;
	uint64_t count;
	uint32_t mask = 0;

	poll_wait(file, &ctx->wq, pt);
	count = __atomic_load_n(&ctx->count, __ATOMIC_SEQ_CST);
	if (count > 0)
		mask |= K_POLLIN;
	if (count == UINT64_MAX)
		mask |= K_POLLERR;
	if (count < EVENTFD_MAX)
		mask |= K_POLLOUT;
	return mask;
}

static void
eventfd_release(struct task *t, struct inode *inode, struct file *file)
{
	struct eventfd_ctx *ctx = file->private_data;

	__wake_up(&ctx->wq, 0, K_POLLHUP);
	kfree(file->k, ctx);
}

static int
eventfd_show_fdinfo(struct task *t, struct file *file, char *buf, size_t n)
{
	struct eventfd_ctx *ctx = file->private_data;

	return ksnprintf(buf, n, "eventfd-count: %16llx\neventfd-id: %d\neventfd-semaphore: %d\n",
			 (unsigned long long)READ_ONCE(ctx->count), ctx->id, ctx->semaphore);
}

static const struct file_operations eventfd_fops = {
	.f_mode = FMODE_NOWAIT | FMODE_OLD_WRITE | FMODE_NO_SPLICE_READ,
	.llseek = noop_llseek,
	.read = eventfd_read,
	.write = eventfd_write,
	.poll = eventfd_poll,
	.release = eventfd_release,
	.show_fdinfo = eventfd_show_fdinfo,
};

int64_t
do_eventfd(struct task *t, unsigned int count, int flags)
{
	struct eventfd_ctx *ctx;
	struct file *file;
	int fd;

	if (flags & ~(EFD_SEMAPHORE | EFD_CLOEXEC | EFD_NONBLOCK))
		return -EINVAL;
	ctx = kzalloc(t->k, sizeof(*ctx));
	if (!ctx)
		return -ENOMEM;
	init_waitqueue_head(&ctx->wq);
	ctx->count = count;
	ctx->semaphore = flags & EFD_SEMAPHORE;
	fd = get_unused_fd_flags(t, (uint32_t)flags & O_CLOEXEC);
	if (fd < 0)
		goto free;
	file = anon_inode_getfile(t, "[eventfd]", &eventfd_fops, ctx, O_RDWR | ((uint32_t)flags & O_NONBLOCK));
	if (IS_ERR(file)) {
		put_unused_fd(t, fd);
		fd = (int)PTR_ERR(file);
		goto free;
	}
	fd_install(t, fd, file);
	return fd;
free:
	kfree(t->k, ctx);
	return fd;
}
