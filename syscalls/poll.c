/* SPDX-License-Identifier: MIT
 *
 * poll, ppoll, select, pselect6: poll(2), select(2), and how much of the timeout is left.
 */
#include <linux/personality.h>

#include "kernel/task.h"
#include "mm/uaccess.h"
#include "syscalls/proto.h"
#include "vfs/select.h"

/* Of a timeout in ns: what to wait until. */
static int64_t
poll_end(int64_t ns)
{
	return ns == 0 ? POLL_NO_WAIT : deadline_after(ns);
}

static int64_t
do_restart_poll(struct task *t, struct restart_block *rb)
{
	int64_t ret = do_sys_poll(t, UADDR(rb->a[0]), (unsigned int)rb->a[1], rb->deadline);

	return ret == -ERESTARTNOHAND ? -ERESTART_RESTARTBLOCK : ret;
}

int64_t
sys_poll(struct task *t, uaddr_t fds, unsigned int nfds, int timeout)
{
	int64_t end = timeout < 0 ? NO_DEADLINE : poll_end(timeout * 1000000LL);
	int64_t ret = do_sys_poll(t, fds, nfds, end);

	if (ret == -ERESTARTNOHAND) {
		t->restart.fn = do_restart_poll;
		t->restart.deadline = end;
		t->restart.a[0] = fds.a;
		t->restart.a[1] = nfds;
		ret = -ERESTART_RESTARTBLOCK;
	}
	return ret;
}

/*
 * The end of ppoll, select and pselect6: mask back, and the rest of the timeout. If the rest cannot be written the call
 * must not be restarted with the old timeout.
 */
static int64_t
poll_finish(struct task *t, uaddr_t timeout, bool timeval, int64_t end, int64_t ret)
{
	int64_t left;
	int err;

	restore_saved_sigmask_unless(t, ret == -ERESTARTNOHAND);
	if (uaddr_null(timeout))
		return ret;
	if (!(t->personality & STICKY_TIMEOUTS)) {
		if (end == POLL_NO_WAIT)
			return ret;
		left = end == NO_DEADLINE ? end : end - ktime_get();
		left = MAX(left, 0);
		if (timeval) {
			struct k_timeval tv = { left / NSEC_PER_SEC, left % NSEC_PER_SEC / NSEC_PER_USEC };

			err = copy_out(t, timeout, &tv);
		} else {
			err = put_timespec64(t, left, timeout);
		}
		if (!err)
			return ret;
	}
	return ret == -ERESTARTNOHAND ? -EINTR : ret;
}

int64_t
sys_ppoll(struct task *t, uaddr_t fds, unsigned int nfds, uaddr_t tsp, uaddr_t sigmask, uint64_t sigsetsize)
{
	int64_t end = NO_DEADLINE, ns, ret;

	if (!uaddr_null(tsp)) {
		ret = get_timespec64(t, &ns, tsp);
		if (ret)
			return ret;
		end = poll_end(ns);
	}
	ret = set_user_sigmask(t, sigmask, sigsetsize);
	if (ret)
		return ret;
	ret = do_sys_poll(t, fds, nfds, end);
	return poll_finish(t, tsp, false, end, ret);
}

int64_t
sys_select(struct task *t, int n, uaddr_t inp, uaddr_t outp, uaddr_t exp, uaddr_t tvp)
{
	const uaddr_t sets[3] = { inp, outp, exp };
	int64_t end = NO_DEADLINE;

	if (!uaddr_null(tvp)) {
		struct k_timeval tv;
		int64_t sec, nsec;

		if (copy_in(t, &tv, tvp))
			return -EFAULT;
		if (__builtin_add_overflow(tv.tv_sec, tv.tv_usec / 1000000, &sec))
			return -EINVAL;
		nsec = tv.tv_usec % 1000000 * NSEC_PER_USEC;
		if (sec < 0 || nsec < 0)
			return -EINVAL;
		end = poll_end(sec >= INT64_MAX / NSEC_PER_SEC - 1 ? INT64_MAX : sec * NSEC_PER_SEC + nsec);
	}
	return poll_finish(t, tvp, true, end, core_sys_select(t, n, sets, end));
}

int64_t
sys_pselect6(struct task *t, int n, uaddr_t inp, uaddr_t outp, uaddr_t exp, uaddr_t tsp, uaddr_t sig)
{
	const uaddr_t sets[3] = { inp, outp, exp };
	uint64_t mask[2] = { 0, 0 }; /* address and size */
	int64_t end = NO_DEADLINE, ns, ret;

	if (!uaddr_null(sig) && copy_in(t, &mask, sig))
		return -EFAULT;
	if (!uaddr_null(tsp)) {
		ret = get_timespec64(t, &ns, tsp);
		if (ret)
			return ret;
		end = poll_end(ns);
	}
	ret = set_user_sigmask(t, UADDR(mask[0]), mask[1]);
	if (ret)
		return ret;
	ret = core_sys_select(t, n, sets, end);
	return poll_finish(t, tsp, false, end, ret);
}
