/* SPDX-License-Identifier: MIT
 *
 * timerfd: timerfd_create(2).
 *
 * The timer itself always runs on CLOCK_MONOTONIC; other clocks are converted when it is set, and an absolute real time one
 * looks at its clock again when it fires. A periodic timer is armed again when somebody reads, with the periods since counted.
 *
 * Locks: ctx->lock (RANK_TASK, since the timer's function takes it), then the timer queue. The function may run late, for a
 * setting that is gone: it looks at expires.
 * Left out: a jump of the host's real time wakes nobody; it is noticed (TFD_TIMER_CANCEL_ON_SET) by the next read or poll.
 */
#include <linux/capability.h>
#include <linux/fcntl.h>
#include <linux/fs.h>
#include <linux/time.h>
#include <linux/timerfd.h>

#include "kernel/cred.h"
#include "kernel/task.h"
#include "vfs/eventfd.h"
#include "vfs/fdtable.h"
#include "vfs/namei.h"
#include "vfs/poll.h"

#define TFD_SETTIME_FLAGS (TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET)
#define CLOCK_JUMP_NS 10000000LL /* both clocks cannot be read at once: less is no jump */

struct timerfd_ctx {
	struct ktimer timer;
	struct mutex lock; /* RANK_TASK */
	struct wait_queue_head wq;
	struct kernel *k;
	int clockid;
	int settime_flags;
	bool active;	  /* armed, or expired and periodic */
	bool expired;
	int64_t expires;  /* CLOCK_MONOTONIC */
	int64_t real_expires; /* CLOCK_REALTIME, of an absolute timer on it; else 0 */
	int64_t interval;
	uint64_t ticks;
	bool might_cancel;
	int64_t real_offset; /* real minus monotonic when set */
};

static bool
is_real(const struct timerfd_ctx *ctx)
{
	return ctx->clockid == CLOCK_REALTIME || ctx->clockid == CLOCK_REALTIME_ALARM;
}

static int64_t
clock_now(const struct timerfd_ctx *ctx)
{
	if (is_real(ctx))
		return ktime_get_real();
	return ctx->clockid == CLOCK_MONOTONIC ? ktime_get() : host_clock(CLOCK_BOOTTIME);
}

/* Expire it if it is due, and say so. ctx->lock is held. */
static bool
expire(struct timerfd_ctx *ctx)
{
	int64_t now = ktime_get(), real_left;

	if (!ctx->active || ctx->expired || now < ctx->expires)
		return false;
	real_left = ctx->real_expires ? ctx->real_expires - ktime_get_real() : 0;
	if (real_left > 0) {
		ctx->expires = now + real_left;
		ktimer_start(ctx->k, &ctx->timer, ctx->expires);
		return false;
	}
	ctx->expired = true;
	ctx->ticks++;
	ctx->active = ctx->interval != 0;
	return true;
}

static void
timerfd_fire(struct kernel *k, struct ktimer *tm)
{
	struct timerfd_ctx *ctx = container_of(tm, struct timerfd_ctx, timer);
	bool wake;

	mutex_lock(&ctx->lock);
	wake = expire(ctx);
	mutex_unlock(&ctx->lock);
	if (wake)
		__wake_up(&ctx->wq, 0, K_POLLIN);
}

/* Count the periods that went by since it fired, and arm it for the next. ctx->lock is held. */
static void
forward(struct timerfd_ctx *ctx)
{
	int64_t now = ktime_get(), n;

	/* The timer thread may be behind. */
	(void)expire(ctx);
	if (!ctx->expired || !ctx->interval)
		return;
	n = now >= ctx->expires ? (now - ctx->expires) / ctx->interval + 1 : 0;
	ctx->expires += n * ctx->interval;
	if (ctx->real_expires)
		ctx->real_expires += n * ctx->interval;
	if (n > 0)
		ctx->ticks += (uint64_t)(n - 1);
	ctx->expired = false;
	ctx->active = true;
	ktimer_start(ctx->k, &ctx->timer, ctx->expires);
}

/* Was the clock set? Tells once for each time. ctx->lock is held. */
static bool
canceled(struct timerfd_ctx *ctx)
{
	int64_t offset;

	if (!ctx->might_cancel)
		return false;
	offset = ktime_get_real() - ktime_get();
	if (offset - ctx->real_offset < CLOCK_JUMP_NS && ctx->real_offset - offset < CLOCK_JUMP_NS)
		return false;
	ctx->real_offset = offset;
	return true;
}

static int64_t
timerfd_read(struct task *t, struct file *file, struct iov_iter *to, int64_t *pos, uint32_t rwf)
{
	struct timerfd_ctx *ctx = file->private_data;
	uint64_t ticks = 0;
	int64_t ret = -EAGAIN;

	if (to->count < sizeof(ticks))
		return -EINVAL;
	while (ret == -EAGAIN) {
		mutex_lock(&ctx->lock);
		(void)expire(ctx);
		if (canceled(ctx)) {
			ctx->ticks = 0;
			ret = -ECANCELED;
		} else if (ctx->ticks) {
			forward(ctx);
			ticks = ctx->ticks;
			ctx->ticks = 0;
			ctx->expired = false;
			ret = sizeof(ticks);
		}
		mutex_unlock(&ctx->lock);
		if (ret != -EAGAIN)
			break;
		if ((READ_ONCE(file->f_flags) & O_NONBLOCK) || (rwf & RWF_NOWAIT))
			return -EAGAIN;
		if (wait_event_interruptible(t, &ctx->wq, READ_ONCE(ctx->ticks) != 0))
			return -ERESTARTSYS;
	}
	if (ret > 0 && copy_to_iter(&ticks, sizeof(ticks), to) < sizeof(ticks))
		return -EFAULT;
	return ret;
}

static uint32_t
timerfd_poll(struct task *t, struct file *file, struct poll_table *pt)
{
	struct timerfd_ctx *ctx = file->private_data;

	bool ready;

	poll_wait(file, &ctx->wq, pt);
	mutex_lock(&ctx->lock);
	(void)expire(ctx);
	ready = ctx->ticks != 0;
	mutex_unlock(&ctx->lock);
	return ready ? K_POLLIN : 0;
}

static void
timerfd_release(struct task *t, struct inode *inode, struct file *file)
{
	struct timerfd_ctx *ctx = file->private_data;

	mutex_lock(&ctx->lock);
	ctx->active = false;
	mutex_unlock(&ctx->lock);
	(void)ktimer_cancel(ctx->k, &ctx->timer);
	kfree(ctx->k, ctx);
}

static int64_t
timerfd_ioctl(struct task *t, struct file *file, unsigned int cmd, uint64_t arg)
{
	struct timerfd_ctx *ctx = file->private_data;
	uint64_t ticks;

	if (cmd != TFD_IOC_SET_TICKS)
		return -ENOIOCTLCMD;
	if (get_user_u64(t, &ticks, UADDR(arg)))
		return -EFAULT;
	if (!ticks)
		return -EINVAL;
	mutex_lock(&ctx->lock);
	ctx->ticks = ticks;
	mutex_unlock(&ctx->lock);
	__wake_up(&ctx->wq, 0, K_POLLIN);
	return 0;
}

/* What is left until the next expiration. ctx->lock is held. */
static void
remaining(struct timerfd_ctx *ctx, struct k_itimerspec *cur)
{
	int64_t left = 0;

	forward(ctx);
	if (ctx->active && !ctx->expired) {
		left = ctx->expires - ktime_get();
		left = MAX(left, 1); /* due, but not fired yet: not disarmed */
	}
	cur->it_value = ns_to_timespec(left);
	cur->it_interval = ns_to_timespec(ctx->interval);
}

static int
timerfd_show_fdinfo(struct task *t, struct file *file, char *buf, size_t n)
{
	struct timerfd_ctx *ctx = file->private_data;
	struct k_itimerspec cur;
	uint64_t ticks;

	mutex_lock(&ctx->lock);
	ticks = ctx->ticks;
	remaining(ctx, &cur);
	mutex_unlock(&ctx->lock);
	return ksnprintf(buf, n, "clockid: %d\nticks: %llu\nsettime flags: 0%o\nit_value: (%llu, %llu)\nit_interval: (%llu, %llu)\n",
			 ctx->clockid, (unsigned long long)ticks, (unsigned int)ctx->settime_flags,
			 (unsigned long long)cur.it_value.tv_sec, (unsigned long long)cur.it_value.tv_nsec,
			 (unsigned long long)cur.it_interval.tv_sec, (unsigned long long)cur.it_interval.tv_nsec);
}

static const struct file_operations timerfd_fops = {
	.f_mode = FMODE_NOWAIT | FMODE_NO_SPLICE_READ,
	.llseek = noop_llseek,
	.read = timerfd_read,
	.poll = timerfd_poll,
	.release = timerfd_release,
	.ioctl = timerfd_ioctl,
	.show_fdinfo = timerfd_show_fdinfo,
};

static bool
is_alarm(int clockid)
{
	return clockid == CLOCK_REALTIME_ALARM || clockid == CLOCK_BOOTTIME_ALARM;
}

int64_t
do_timerfd_create(struct task *t, int clockid, int flags)
{
	struct timerfd_ctx *ctx;
	struct file *file;
	int fd;

	if ((flags & ~(TFD_CLOEXEC | TFD_NONBLOCK)) ||
	    (clockid != CLOCK_MONOTONIC && clockid != CLOCK_REALTIME && clockid != CLOCK_BOOTTIME && !is_alarm(clockid)))
		return -EINVAL;
	if (is_alarm(clockid) && !capable(t, CAP_WAKE_ALARM))
		return -EPERM;
	ctx = kzalloc(t->k, sizeof(*ctx));
	if (!ctx)
		return -ENOMEM;
	ktimer_init(&ctx->timer, timerfd_fire);
	mutex_init(&ctx->lock, RANK_TASK);
	init_waitqueue_head(&ctx->wq);
	ctx->k = t->k;
	ctx->clockid = clockid;
	fd = get_unused_fd_flags(t, (uint32_t)flags & O_CLOEXEC);
	if (fd < 0)
		goto free;
	file = anon_inode_getfile(t, "[timerfd]", &timerfd_fops, ctx, O_RDWR | ((uint32_t)flags & O_NONBLOCK));
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

/* @now + @ns without overflow. */
static int64_t
add_ns(int64_t now, int64_t ns)
{
	int64_t sum;

	return __builtin_add_overflow(now, ns, &sum) ? NO_DEADLINE - 1 : sum;
}

/* ctx->lock is held. */
static int64_t
arm(struct timerfd_ctx *ctx, int flags, int64_t value, int64_t interval)
{
	int64_t now = ktime_get();

	ctx->settime_flags = flags & TFD_SETTIME_FLAGS;
	ctx->ticks = 0;
	ctx->expired = false;
	ctx->interval = interval;
	ctx->active = value != 0;
	ctx->real_expires = 0;
	if (!value)
		return 0;
	if (flags & TFD_TIMER_ABSTIME) {
		ctx->expires = ctx->clockid == CLOCK_MONOTONIC ? value : add_ns(now, value - clock_now(ctx));
		if (is_real(ctx))
			ctx->real_expires = value;
	} else {
		ctx->expires = add_ns(now, value);
	}
	ctx->expires = MAX(ctx->expires, 0);
	if (expire(ctx))
		return 0;
	ktimer_start(ctx->k, &ctx->timer, ctx->expires);
	return 0;
}

int64_t
do_timerfd_settime(struct task *t, int fd, int flags, const struct k_itimerspec *new, struct k_itimerspec *old)
{
	int64_t value, interval, ret = -EINVAL;
	struct timerfd_ctx *ctx;
	struct fd f;

	if ((flags & ~TFD_SETTIME_FLAGS) || timespec_to_ns(&new->it_value, &value) || timespec_to_ns(&new->it_interval, &interval))
		return -EINVAL;
	f = fdget(t, fd);
	if (!f.file)
		return -EBADF;
	if (f.file->f_op != &timerfd_fops)
		goto put;
	ctx = f.file->private_data;
	ret = -EPERM;
	if (is_alarm(ctx->clockid) && !capable(t, CAP_WAKE_ALARM))
		goto put;
	mutex_lock(&ctx->lock);
	remaining(ctx, old);
	ret = arm(ctx, flags, value, interval);
	ctx->might_cancel = is_real(ctx) && (flags & TFD_TIMER_ABSTIME) && (flags & TFD_TIMER_CANCEL_ON_SET);
	if (ctx->might_cancel)
		ctx->real_offset = ktime_get_real() - ktime_get();
	mutex_unlock(&ctx->lock);
	if (READ_ONCE(ctx->ticks))
		__wake_up(&ctx->wq, 0, K_POLLIN);
put:
	fdput(t, f);
	return ret;
}

int64_t
do_timerfd_gettime(struct task *t, int fd, struct k_itimerspec *cur)
{
	struct timerfd_ctx *ctx;
	struct fd f = fdget(t, fd);
	int64_t ret = -EINVAL;

	if (!f.file)
		return -EBADF;
	if (f.file->f_op == &timerfd_fops) {
		ctx = f.file->private_data;
		mutex_lock(&ctx->lock);
		remaining(ctx, cur);
		mutex_unlock(&ctx->lock);
		ret = 0;
	}
	fdput(t, f);
	return ret;
}
