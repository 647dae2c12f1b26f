/* SPDX-License-Identifier: MIT
 *
 * CPU time of tasks: what the host has counted for their threads.
 *
 * A thread's CPU clock can be read in its own host process (resident trap); the supervisor (remote trap) reads /proc. Both know
 * the sum exactly, and the share of user and system time from ticks, so the sum is split in that ratio, and neither part
 * ever goes back, as in Linux. exec under the remote trap goes on in another host thread, whose clock starts at zero: what is
 * added to t->times is the growth since the last look.
 *
 * The remote trap knows the times of whole host processes at once, which those of a group are taken from: a thread that ends need not be
 * asked for its own.
 *
 * Under the remote trap the time that workers spend on a task's calls is not counted; that of the trap itself is.
 * Lock: t->alloc_lock.
 */
#include <asm/unistd.h>
#include <linux/fcntl.h>

#include "kernel/errno.h"
#include "kernel/posix-clocks.h"
#include "kernel/task.h"
#include "trap/host.h"
#include "trap/request.h"
#include "trap/trap.h"

/* Clock id of a host thread: ~tid << 3, with bit 2 for a thread. */
static bool
thread_clock(int tid, int which, uint64_t *ns)
{
	struct k_timespec ts;

	if (host_call2(__NR_clock_gettime, (int)((~(unsigned int)tid << 3) | 4 | (unsigned int)which), &ts) < 0)
		return false;
	*ns = (uint64_t)(ts.tv_sec * NSEC_PER_SEC + ts.tv_nsec);
	return true;
}

/* /proc/TID/task/TID/NAME */
static bool
read_proc(int tid, const char *name, char *buf, size_t n)
{
	char path[64];
	int64_t fd, len;

	ksnprintf(path, sizeof(path), "/proc/%d/task/%d/%s", tid, tid, name);
	fd = host_call4(__NR_openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC, 0);
	if (fd < 0)
		return false;
	len = host_call3(__NR_read, fd, buf, n - 1);
	host_call1(__NR_close, fd);
	if (len <= 0)
		return false;
	buf[len] = '\0';
	return true;
}

static uint64_t
parse_number(const char **s)
{
	uint64_t v = 0;

	while (**s == ' ')
		(*s)++;
	for (; **s >= '0' && **s <= '9'; (*s)++)
		v = v * 10 + (uint64_t)(**s - '0');
	return v;
}

/* utime and stime, fields 14 and 15 of proc(5)'s stat; the name in field 2 may hold anything. */
static bool
parse_ticks(const char *stat, uint64_t *ut, uint64_t *st)
{
	const char *s = strrchr(stat, ')');

	for (int field = 2; s && field < 14; field++) {
		s = strchr(s, ' ');
		if (s)
			s++;
	}
	if (!s)
		return false;
	*ut = parse_number(&s);
	*st = parse_number(&s);
	return true;
}

#define TICK (NSEC_PER_SEC / 100)

/* Of what is shorter than a tick, the ticks say nothing. */
bool
proc_thread_times(int tid, uint64_t out[3])
{
	char buf[512];
	const char *s = buf;
	bool exact = read_proc(tid, "schedstat", buf, sizeof(buf));

	out[0] = exact ? parse_number(&s) : 0;
	out[1] = 1;
	out[2] = 0;
	if (exact && out[0] < TICK)
		return true;
	if (!read_proc(tid, "stat", buf, sizeof(buf)) || !parse_ticks(buf, &out[1], &out[2]))
		return exact;
	if (!exact)
		out[0] = (out[1] + out[2]) * TICK;
	return true;
}

/* What the host has counted of a host thread: the sum, and two numbers in the ratio of user to system time. */
static bool
host_thread_time(struct kernel *k, int tid, uint64_t *sum, uint64_t *ut, uint64_t *st)
{
	uint64_t prof, out[3];

	if (thread_clock(tid, CPUCLOCK_SCHED, sum)) {
		if (!thread_clock(tid, CPUCLOCK_VIRT, ut) || !thread_clock(tid, CPUCLOCK_PROF, &prof))
			return false;
		*st = prof > *ut ? prof - *ut : 0;
		return true;
	}
	if (!k->super || !k->super->thread_times || !k->super->thread_times(k, HPID(tid), out))
		return false;
	*sum = out[0];
	*ut = out[1];
	*st = out[2];
	return true;
}

/* a * b / c for b <= c: the product is 128 bits long, the result fits. gcc would call its library for it. */
static uint64_t
mul_div(uint64_t a, uint64_t b, uint64_t c)
{
	uint64_t hi;

	__asm__("mulq %2\n\tdivq %3" : "+a"(a), "=&d"(hi) : "r"(b), "r"(c) : "cc");
	return a;
}

/* Split, with both parts at least what they were. */
static void
advance(struct host_times *h, uint64_t sum, uint64_t ut, uint64_t st)
{
	uint64_t utime, stime;

	if (sum <= h->utime + h->stime)
		return;
	stime = st == 0 ? 0 : mul_div(sum, st, ut + st);
	stime = MAX(stime, h->stime);
	utime = sum - stime;
	if (utime < h->utime) {
		utime = h->utime;
		stime = sum - utime;
	}
	h->utime = utime;
	h->stime = stime;
}

struct cputime {
	uint64_t sum, ut, st; /* the parts give the ratio only */
};

/* *@utime and *@stime grow by what is new of host thread, or process, @tid. The lock of @h is held. */
static void
grow(struct host_times *h, int tid, const struct cputime *now, uint64_t *utime, uint64_t *stime)
{
	struct host_times was;

	if (h->tid != tid)
		*h = (struct host_times){ .tid = tid };
	was = *h;
	advance(h, now->sum, now->ut, now->st);
	__atomic_store_n(utime, *utime + h->utime - was.utime, __ATOMIC_RELAXED);
	__atomic_store_n(stime, *stime + h->stime - was.stime, __ATOMIC_RELAXED);
}

/* @t->alloc_lock is held. */
static void
note_times(struct task *t, int tid, const struct cputime *now)
{
	grow(&t->host_times, tid, now, &t->times.utime, &t->times.stime);
}

static void
note_group_times(struct signal_struct *sig, int pid, const struct cputime *now)
{
	mutex_guard(&sig->times_lock);
	grow(&sig->host_times, pid, now, &sig->utime, &sig->stime);
}

/* The host process is there as long as a task of the group is in it. */
static void
note_group(struct task *t)
{
	struct signal_struct *sig = t->signal;
	int pid = READ_ONCE(sig->host_process.id);
	uint64_t out[3];

	if (pid != 0 && t->k->trap->process_times(HPID(pid), out))
		note_group_times(sig, pid, &(struct cputime){ out[0], out[1], out[2] });
}

bool
group_cputime(struct task *t, uint64_t *utime, uint64_t *stime)
{
	struct signal_struct *sig = t->signal;

	if (!t->k->trap->process_times)
		return false;
	if (refcount_read(&sig->live) > 0) /* the last task's end has noted it */
		note_group(t);
	mutex_guard(&sig->times_lock);
	*utime = sig->utime;
	*stime = sig->stime;
	return true;
}

void
note_cputime(struct task *t)
{
	struct cputime now = { 0 };
	int tid;

	/* A host thread id may be another's soon after its task has ended. */
	if (READ_ONCE(t->exit_state) != 0)
		return;
	mutex_guard(&t->alloc_lock);
	tid = READ_ONCE(t->host_tid.id);
	if (tid == 0 || !host_thread_time(t->k, tid, &now.sum, &now.ut, &now.st))
		return;
	note_times(t, tid, &now);
}

void
note_own_usage(struct task *t)
{
	struct host_usage u;
	struct cputime now;

	if (!t->k->trap->own_usage || t->host_tid.id == 0) {
		note_cputime(t);
		note_maxrss(t);
		return;
	}
	t->k->trap->own_usage(t, &u);
	set_maxrss(t, u.maxrss);
	now = (struct cputime){ u.utime + u.stime, u.utime, u.stime };
	if (u.whole_process)
		note_group_times(t->signal, t->host_tid.id, &now);
	else if (t->k->trap->process_times)
		note_group(t);
	mutex_guard(&t->alloc_lock);
	note_times(t, t->host_tid.id, &now);
}
