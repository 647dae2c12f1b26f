/* SPDX-License-Identifier: MIT
 *
 * signalfd: signalfd(2). Who reads or polls gets its own signals, whoever made the descriptor.
 *
 * Waiters sleep on the reader's sighand->signalfd_wqh, woken for every signal queued; that queue's memory outlives the process
 * (sighand is type-stable and keeps its queue), so an epoll item may stay on it.
 */
#include <asm/siginfo.h>
#include <asm/signal.h>
#include <linux/fcntl.h>
#include <linux/fs.h>
#include <linux/signalfd.h>

#include "kernel/task.h"
#include "vfs/eventfd.h"
#include "vfs/fdtable.h"
#include "vfs/namei.h"
#include "vfs/poll.h"

_Static_assert(sizeof(struct signalfd_siginfo) == 128, "ABI of signalfd_siginfo");

struct signalfd_ctx {
	uint64_t mask; /* signals it gives; atomic */
};

static bool
signals_pending(struct task *t, uint64_t mask)
{
	mutex_guard(&t->sighand->siglock);

	return ((t->pending.signal | t->signal->shared_pending.signal) & mask) != 0;
}

static uint32_t
signalfd_poll(struct task *t, struct file *file, struct poll_table *pt)
{
	struct signalfd_ctx *ctx = file->private_data;

	poll_wait(file, &t->sighand->signalfd_wqh, pt);
	return signals_pending(t, READ_ONCE(ctx->mask)) ? K_POLLIN : 0;
}

/* The fields of a fault, by signal. */
static bool
is_fault(int sig)
{
	return sig == SIGSEGV || sig == SIGBUS || sig == SIGILL || sig == SIGFPE || sig == SIGTRAP;
}

static void
fill(struct signalfd_siginfo *out, const struct k_siginfo *in)
{
	int code = in->si_code;

	*out = (struct signalfd_siginfo){ .ssi_signo = (uint32_t)in->si_signo, .ssi_errno = in->si_errno, .ssi_code = code };
	if (code == SI_TIMER) {
		out->ssi_tid = (uint32_t)in->timer.tid;
		out->ssi_overrun = (uint32_t)in->timer.overrun;
		out->ssi_ptr = in->timer.value;
		out->ssi_int = (int32_t)in->timer.value;
	} else if (code == SI_SIGIO || (in->si_signo == SIGIO && code > 0)) {
		out->ssi_band = (uint32_t)in->poll.band;
		out->ssi_fd = in->poll.fd;
	} else if (code < 0) {
		out->ssi_pid = (uint32_t)in->rt.pid;
		out->ssi_uid = in->rt.uid;
		out->ssi_ptr = in->rt.value;
		out->ssi_int = (int32_t)in->rt.value;
	} else if (code > 0 && in->si_signo == SIGCHLD) {
		out->ssi_pid = (uint32_t)in->chld.pid;
		out->ssi_uid = in->chld.uid;
		out->ssi_status = in->chld.status;
		out->ssi_utime = (uint64_t)in->chld.utime;
		out->ssi_stime = (uint64_t)in->chld.stime;
	} else if (code > 0 && code != SI_KERNEL && is_fault(in->si_signo)) {
		out->ssi_addr = in->fault.addr;
		out->ssi_addr_lsb = (uint16_t)in->fault.addr_lsb;
	} else if (code > 0 && in->si_signo == SIGSYS) {
		out->ssi_call_addr = in->sys.call_addr;
		out->ssi_syscall = in->sys.syscall;
		out->ssi_arch = in->sys.arch;
	} else {
		out->ssi_pid = (uint32_t)in->kill.pid;
		out->ssi_uid = in->kill.uid;
	}
}

static int
take_signal(struct task *t, uint64_t mask, struct k_siginfo *info)
{
	mutex_guard(&t->sighand->siglock);

	return dequeue_signal(t, ~mask, info);
}

static int64_t
signalfd_read(struct task *t, struct file *file, struct iov_iter *to, int64_t *pos, uint32_t rwf)
{
	struct signalfd_ctx *ctx = file->private_data;
	bool nonblock = (READ_ONCE(file->f_flags) & O_NONBLOCK) || (rwf & RWF_NOWAIT);
	struct signalfd_siginfo out;
	struct k_siginfo info;
	int64_t done = 0;

	if (to->count < sizeof(out))
		return -EINVAL;
	while (to->count >= sizeof(out)) {
		if (!take_signal(t, READ_ONCE(ctx->mask), &info)) {
			if (done)
				break;
			if (nonblock)
				return -EAGAIN;
			if (wait_event_interruptible(t, &t->sighand->signalfd_wqh, signals_pending(t, READ_ONCE(ctx->mask))))
				return -ERESTARTSYS;
			continue;
		}
		fill(&out, &info);
		if (copy_to_iter(&out, sizeof(out), to) < sizeof(out))
			return done ? done : -EFAULT;
		done += (int64_t)sizeof(out);
	}
	return done;
}

static void
signalfd_release(struct task *t, struct inode *inode, struct file *file)
{
	kfree(file->k, file->private_data);
}

static int
signalfd_show_fdinfo(struct task *t, struct file *file, char *buf, size_t n)
{
	struct signalfd_ctx *ctx = file->private_data;

	return ksnprintf(buf, n, "sigmask:\t%016llx\n", (unsigned long long)READ_ONCE(ctx->mask));
}

static const struct file_operations signalfd_fops = {
	.f_mode = FMODE_NOWAIT | FMODE_NO_SPLICE_READ,
	.llseek = noop_llseek,
	.read = signalfd_read,
	.poll = signalfd_poll,
	.release = signalfd_release,
	.show_fdinfo = signalfd_show_fdinfo,
};

static int64_t
signalfd_new(struct task *t, uint64_t mask, int flags)
{
	struct signalfd_ctx *ctx = kzalloc(t->k, sizeof(*ctx));
	struct file *file;
	int fd;

	if (!ctx)
		return -ENOMEM;
	ctx->mask = mask;
	fd = get_unused_fd_flags(t, (uint32_t)flags & O_CLOEXEC);
	if (fd < 0)
		goto free;
	file = anon_inode_getfile(t, "[signalfd]", &signalfd_fops, ctx, O_RDWR | ((uint32_t)flags & O_NONBLOCK));
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

int64_t
do_signalfd(struct task *t, int fd, uint64_t mask, int flags)
{
	struct signalfd_ctx *ctx;
	int64_t ret = -EINVAL;
	struct fd f;

	if (flags & ~(SFD_CLOEXEC | SFD_NONBLOCK))
		return -EINVAL;
	mask &= ~(sigmask_of(SIGKILL) | sigmask_of(SIGSTOP));
	if (fd == -1)
		return signalfd_new(t, mask, flags);
	f = fdget(t, fd);
	if (!f.file)
		return -EBADF;
	if (f.file->f_op == &signalfd_fops) {
		ctx = f.file->private_data;
		WRITE_ONCE(ctx->mask, mask);
		wake_up_all(&t->sighand->signalfd_wqh);
		ret = fd;
	}
	fdput(t, f);
	return ret;
}
