/* SPDX-License-Identifier: MIT
 *
 * Which notify worker receives. A call wakes every thread that waits in SECCOMP_IOCTL_NOTIF_RECV, so only one does, the leader; the
 * others are parked. The leader serves what it received itself and stays the leader, so that calls that do not block need no thread
 * but one, which the host moves to the CPU of its caller. A call that sleeps leaves the leader its thread (fiber.c); where it cannot,
 * the leader steps down before. Where it is held up otherwise (a slow disk,
 * a lock), the watch takes the lead away from it, so that nobody waits much longer than a tick.
 *
 *	leader = turn * 2		the leader is in RECV, or about to be
 *	leader = turn * 2 + 1		it serves
 *
 * A worker that does not lead any more goes on the list of the parked before it answers its call: the answer lets the caller run, whose
 * next call may well block and need another leader before this thread has come to park. It then takes over without having slept.
 *
 * Turns only grow. From odd values, who gets the compare and exchange to the next even one through decides who leads: the leader
 * itself (it is done), or it or the watch on behalf of a parked worker.
 */
#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

#include "kernel/entry.h"
#include "kernel/time.h"
#include "trap/host.h"
#include "trap/remote/fiber.h"
#include "trap/remote/leader.h"
#include "trap/remote/ptrace.h"

#define PARKED_MAX 6
#define TICK_NS	   (NSEC_PER_SEC / 2000)
#define IDLE_TICKS 4

enum { PARKED_AWAKE, PARKED_ASLEEP, PARKED_LEADS };

struct parked {
	struct parked *next;
	bool listed;	/* its own thread's: on the list, or taken from it to lead */
	uint32_t state; /* PARKED_*; futex */
};

static __thread struct parked me;
static pthread_mutex_t parked_lock = PTHREAD_MUTEX_INITIALIZER;
static struct parked *parked;
static unsigned int nparked;

static __thread uint64_t my_turn; /* the value of @leader that this thread wrote when it began to serve; 0: it does not lead */

static uint32_t watch_asleep; /* futex */

static uint64_t *
leader(void)
{
	return &remote.k->ready->leader;
}

static void
promote(void)
{
	struct parked *p;

	pthread_mutex_lock(&parked_lock);
	p = parked;
	if (p) {
		parked = p->next;
		nparked--;
	}
	pthread_mutex_unlock(&parked_lock);
	if (!p) {
		if (start_thread(notify_worker, NULL) < 0)
			kernel_panic(remote.k, "cannot start a thread; raise the limit on processes (ulimit -u)");
	} else if (__atomic_exchange_n(&p->state, PARKED_LEADS, __ATOMIC_SEQ_CST) == PARKED_ASLEEP) {
		host_futex_wake(&p->state, 1); /* at worst spurious: @p is of a thread that goes on at once, and may end */
	}
}

/* On the list of those who may be given the lead. False: there are enough. */
static bool
enlist(void)
{
	bool room;

	me.state = PARKED_AWAKE;
	pthread_mutex_lock(&parked_lock);
	room = nparked < PARKED_MAX;
	if (room) {
		me.next = parked;
		parked = &me;
		nparked++;
	}
	pthread_mutex_unlock(&parked_lock);
	me.listed = room;
	return room;
}

void
leader_before_answer(void)
{
	if (!my_turn && !me.listed)
		enlist();
}

bool
leader_park(void)
{
	uint32_t awake = PARKED_AWAKE;

	if (!me.listed && !enlist())
		return false;
	if (__atomic_compare_exchange_n(&me.state, &awake, PARKED_ASLEEP, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST))
		while (__atomic_load_n(&me.state, __ATOMIC_ACQUIRE) != PARKED_LEADS)
			host_futex_wait(&me.state, PARKED_ASLEEP, INT64_MAX);
	me.listed = false;
	return true;
}

void
leader_begins(void)
{
	__atomic_store_n(&remote.k->ready->tid, (int32_t)gettid(), __ATOMIC_SEQ_CST);
}

void
leader_serves(void)
{
	my_turn = __atomic_load_n(leader(), __ATOMIC_RELAXED) | 1;
	__atomic_store_n(leader(), my_turn, __ATOMIC_SEQ_CST);
	/* A single guest thread has nobody else who could call. */
	if (__atomic_load_n(&watch_asleep, __ATOMIC_SEQ_CST) && atomic_load_explicit(&remote.nthreads, memory_order_relaxed) > 1) {
		__atomic_store_n(&watch_asleep, 0, __ATOMIC_SEQ_CST);
		host_futex_wake(&watch_asleep, 1);
	}
}

static bool
end_turn(uint64_t turn)
{
	return __atomic_compare_exchange_n(leader(), &turn, turn + 1, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
}

bool
leader_served(void)
{
	uint64_t turn = my_turn;

	my_turn = 0;
	return turn && end_turn(turn);
}

void
leader_steps_down(void)
{
	if (leader_served())
		promote();
}

/* The lead is taken from a worker that serves the same call at two ticks. */
static void *
watch(void *arg)
{
	uint64_t before = 0, now;
	unsigned int idle = 0;

	for (;;) {
		if (idle >= IDLE_TICKS) {
			__atomic_store_n(&watch_asleep, 1, __ATOMIC_SEQ_CST);
			if (!(__atomic_load_n(leader(), __ATOMIC_SEQ_CST) & 1))
				while (__atomic_load_n(&watch_asleep, __ATOMIC_SEQ_CST))
					host_futex_wait(&watch_asleep, 1, INT64_MAX);
			__atomic_store_n(&watch_asleep, 0, __ATOMIC_SEQ_CST);
			idle = 0;
		}
		host_futex_wait(&watch_asleep, 0, ktime_get() + TICK_NS);
		now = __atomic_load_n(leader(), __ATOMIC_SEQ_CST);
		if (now != before)
			idle = 0;
		else if (!(now & 1))
			idle++;
		else if (end_turn(now))
			promote();
		before = now;
	}
	return arg;
}

int
leader_start(void)
{
	int err = start_thread(watch, NULL);

	return err < 0 ? err : start_thread(notify_worker, NULL);
}
