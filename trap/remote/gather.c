/* SPDX-License-Identifier: MIT
 *
 * A thread that stops all the time is kept on the tracer's CPU. A stop and the way on from it are two switches of threads there; between
 * CPUs they are two interrupts, and the host puts a thread that is let go on a CPU that is idle, which the tracer's never is at that
 * moment. So after some stops in a short time the thread is given that CPU alone, by the host: what the program sees of its affinity is
 * the kernel's. As soon as it has not stopped for a while, which every CHECK_NS tells, it is free again; and all are if several of them
 * are found running, since they could do so side by side. Programs that choose CPUs themselves are left alone, all of them: the one that was
 * kept here might share its CPU with one that may not leave it.
 *
 * The spawner is kept there, too, once there is something to keep, and so are the processes that it makes for execve(2): they begin with stops.
 *
 * Where the tracer itself comes late to its check, there is others' work on its CPU, and the host should choose another for all of them.
 *
 * All of this is the tracer's.
 */
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "kernel/time.h"
#include "trap/remote/ptrace.h"

#define MANY_STOPS 4
#define SHORT_NS   (NSEC_PER_SEC / 2000)
#define CHECK_NS   (NSEC_PER_SEC / 500)
#define LATE_NS    (NSEC_PER_SEC / 125)
#define APART_NS   (NSEC_PER_SEC / 20) /* after several have been found running, or it was late */

static struct list_head gathered = { &gathered, &gathered };
static int64_t next_check, apart_until;
static timer_t timer;
static bool ticking;
static int spawner_cpu = -1;
static bool spawner_was_kept; /* at any time: a new process may be from then */
static enum { TIMER_NONE, TIMER_MADE, TIMER_FAILED } timer_state;

static bool
make_timer(void)
{
	struct sigevent ev = { .sigev_notify = SIGEV_THREAD_ID, .sigev_signo = TRACER_SIGNAL };

	if (timer_state == TIMER_NONE) {
		ev._sigev_un._tid = remote.tracer_tid;
		timer_state = timer_create(CLOCK_MONOTONIC, &ev, &timer) < 0 ? TIMER_FAILED : TIMER_MADE;
	}
	return timer_state == TIMER_MADE;
}

/* Every CHECK_NS, since a signal that comes just before the tracer sleeps is lost. 0: no more. */
static void
set_timer(long ns)
{
	struct itimerspec its = { { 0, ns }, { 0, ns } };

	timer_settime(timer, 0, &its, NULL);
	ticking = ns != 0;
}

static bool
keep_on(pid_t tid, int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET((size_t)cpu, &set);
	return sched_setaffinity(tid, sizeof(set), &set) == 0;
}

static void
keep_spawner(int cpu)
{
	if (spawner_cpu != cpu && keep_on(remote.spawner, cpu))
		spawner_cpu = cpu;
	spawner_was_kept = true;
}

static bool
several_cpus(const uint64_t *mask, size_t n)
{
	int cpus = 0;

	for (size_t i = 0; i < n; i++)
		cpus += __builtin_popcountll(mask[i]);
	return cpus > 1;
}

static bool
may_gather(int64_t now)
{
	const struct kernel *k = remote.k;

	return now >= apart_until && !READ_ONCE(k->affinity_chosen) &&
	       several_cpus(k->params.affinity, ARRAY_SIZE(k->params.affinity)) && make_timer();
}

static void
add(struct trap_task *rt, int64_t now)
{
	if (list_empty(&gathered))
		next_check = now + CHECK_NS;
	if (!ticking)
		set_timer(CHECK_NS);
	rt->gathered = true;
	rt->stops_seen = rt->stops;
	list_add_tail(&rt->gather, &gathered);
}

void
gather_stopped(struct trap_task *rt)
{
	int64_t now = ktime_get();
	int cpu;

	rt->stops++;
	if (rt->gathered || !rt->t)
		return;
	if (now > rt->burst_start + SHORT_NS) {
		rt->burst_start = now;
		rt->burst = 0;
	}
	if (++rt->burst < MANY_STOPS || !may_gather(now))
		return;
	cpu = tracer_stays();
	keep_spawner(cpu);
	if (keep_on(rt->tid, cpu))
		add(rt, now);
	else
		rt->burst = 0; /* it is only slower */
}

void
gather_child(struct trap_task *rt, struct trap_task *child)
{
	if (rt->gathered)
		add(child, ktime_get());
}

void
gather_gone(struct trap_task *rt)
{
	if (rt->gathered)
		list_del(&rt->gather);
	rt->gathered = false;
}

static void
free_spawner(void)
{
	const struct kernel *k = remote.k;

	if (spawner_cpu < 0)
		return;
	spawner_cpu = -1;
	syscall(SYS_sched_setaffinity, remote.spawner, sizeof(k->params.affinity), k->params.affinity);
}

/* As the program has it; the program may change it meanwhile. */
static void
allow_all(pid_t tid, const struct task *t)
{
	uint64_t mask[ARRAY_SIZE(t->cpu_affinity)];

	do {
		memcpy(mask, t->cpu_affinity, sizeof(mask));
		syscall(SYS_sched_setaffinity, tid, sizeof(mask), mask);
	} while (memcmp(mask, t->cpu_affinity, sizeof(mask)) != 0);
}

void
gather_spawned(struct trap_task *rt)
{
	int64_t now = ktime_get();

	if (!spawner_was_kept)
		return;
	if (spawner_cpu >= 0 && spawner_cpu == tracer_stays() && may_gather(now))
		add(rt, now);
	else
		allow_all(rt->tid, rt->t);
}

/* leave_lock is held. */
static void
set_free(struct trap_task *rt)
{
	gather_gone(rt);
	rt->burst = 0;
	if (rt->t) /* else it is about to die */
		allow_all(rt->tid, rt->t);
}

bool
gather_any(void)
{
	return !list_empty(&gathered);
}

static bool
is_running(const struct trap_task *rt)
{
	return rt->t && rt->stop == STOP_NONE && __atomic_load_n(&rt->t->mode, __ATOMIC_RELAXED) == MODE_USER;
}

void
gather_check(void)
{
	struct trap_task *rt, *next;
	int64_t now;
	int running = 0;
	bool apart, late;

	if (!ticking)
		return;
	if (list_empty(&gathered)) {
		set_timer(0);
		return;
	}
	now = ktime_get();
	if (now < next_check)
		return;
	late = now > next_check + LATE_NS;
	pthread_mutex_lock(&leave_lock);
	list_for_each_entry(rt, &gathered, gather)
		running += rt->stops != rt->stops_seen && is_running(rt);
	apart = late || running > 1 || READ_ONCE(remote.k->affinity_chosen);
	if (apart)
		apart_until = now + APART_NS;
	list_for_each_entry_safe(rt, next, &gathered, gather) {
		if (apart || rt->stops == rt->stops_seen)
			set_free(rt);
		rt->stops_seen = rt->stops;
	}
	pthread_mutex_unlock(&leave_lock);
	if (apart)
		free_spawner();
	if (late)
		tracer_roams();
	next_check = now + CHECK_NS;
}
