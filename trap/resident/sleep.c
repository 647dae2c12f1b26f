/* SPDX-License-Identifier: MIT
 *
 * How tasks of the resident trap sleep: in a futex of the host, each in the word t->sched of its own (kernel/waitq.c has the protocol).
 *
 * The arena is shared by processes, and the host takes 130 ns more, at either end, for a futex that is. Threads are mostly woken by threads of
 * the same memory, for which a private one does. So a task that was woken by such a few times running sleeps in a private futex; its word
 * then says whose. Somebody else cannot wake that: he kicks the host thread instead, which ends the host's call, and after that it
 * takes longer until the task tries again. t->sched is then
 *
 *	1 + SLEEP_SHARED	in a futex that anybody can wake
 *	1 + space_id()		in a private futex of that space; threads that share it wake it
 *
 * Both use futex_wait(2) and futex_wake(2), numbers of their own, which the second wall lets through by number (trap/host-calls.h). A host
 * older than those (Linux 6.7, so none with protection keys that will do) sleeps as kernel/waitq.c does without a trap: 1.
 */
#include <asm/unistd.h>
#include <linux/time.h>

#include "kernel/errno.h"
#include "kernel/time.h"
#include "trap/host.h"
#include "trap/resident/resident.h"
#include "trap/resident/sleep.h"
#include "trap/resident/spin.h"

#ifndef __NR_futex_wake
#define __NR_futex_wake 454
#define __NR_futex_wait 455
#endif
#define SIZE_U32  0x02u /* FUTEX2_SIZE_U32 */
#define PRIVATE	  0x80u /* FUTEX2_PRIVATE */
#define MATCH_ANY 0xffffffffu

#define TRUST_FIRST 2u	/* so many wake-ups from one's own space, and the next is expected from there, too */
#define TRUST_LAST  64u /* the same after disappointments */

/* Spaces lie on lines of their own, and the arena has 2^32 lines, the first of which are struct kernel's: not 0 or SLEEP_SHARED. */
static uint32_t
space_id(const struct trap_space *s)
{
	return (uint32_t)(((uint64_t)(uintptr_t)s - ARENA_BASE) / SPACE_ALIGN);
}

/* Of the running thread; 0 in the supervisor, whose %gs is null. */
static uint32_t
own_space(void)
{
	const struct space_page *page = (const struct space_page *)(uintptr_t)(RES_SCRATCH + RES_SEL_OFF);
	uint64_t gs;

	__asm__ volatile("rdgsbase %0" : "=r"(gs));
	return gs ? space_id(page->space) : 0;
}

bool
resident_probe_sleep(void)
{
	uint32_t word = 0;

	return host_call4(__NR_futex_wake, &word, MATCH_ANY, 1, SIZE_U32 | PRIVATE) == 0;
}

void
resident_sleep_init(struct task *t)
{
	t->sleep_how = t->k->resident->plain_futex ? 0 : SLEEP_SHARED;
	t->sleep_streak = 0;
	t->sleep_trust = TRUST_FIRST;
	spin_init(t);
}

/* Woken: by whom, and where to sleep next time. */
static void
learn(struct task *t, uint32_t mine)
{
	if (READ_ONCE(t->woken_by) == mine) {
		if (t->sleep_how == SLEEP_SHARED && ++t->sleep_streak >= t->sleep_trust)
			t->sleep_how = mine;
		return;
	}
	if (t->sleep_how == mine)
		t->sleep_trust = MIN(t->sleep_trust * 4, TRUST_LAST);
	t->sleep_how = SLEEP_SHARED;
	t->sleep_streak = 0;
}

int
resident_sleep(struct task *t, int64_t deadline)
{
	struct k_timespec ts = { deadline / NSEC_PER_SEC, deadline % NSEC_PER_SEC };
	uint32_t how = t->sleep_how, mine;
	uint64_t since;
	int64_t err;

	/* The second is the first task, in the supervisor. */
	if (how == 0 || unlikely(!rt_of(t)))
		return host_futex_wait(&t->sched, 1 + how, deadline);
	mine = space_id(rt_of(t)->proc->space);
	if (unlikely(how != SLEEP_SHARED && how != mine)) {
		resident_sleep_init(t); /* it has moved to other memory; the word is written anew */
		return 0;
	}
	since = spin_before_sleep(t);
	err = host_call6(__NR_futex_wait, &t->sched, 1 + how, MATCH_ANY, SIZE_U32 | (how == mine ? PRIVATE : 0),
			 deadline == NO_DEADLINE ? NULL : &ts, CLOCK_MONOTONIC);
	if (__atomic_load_n(&t->sched, __ATOMIC_ACQUIRE) == 0) {
		learn(t, mine);
		spin_after_sleep(t, since);
	}
	return (int)err;
}

/*
 * A kick may come when the task has left its sleep, like any other. If it has ended meanwhile, the numbers are nobody's, or those of another
 * thread here, whose memory is type-stable as the task's.
 */
static void
wake_foreign(const struct task *t)
{
	const struct trap_task *rt = __atomic_load_n(&t->trap, __ATOMIC_RELAXED);
	int pid, tid;

	if (!rt)
		return;
	pid = READ_ONCE(rt->pid);
	tid = READ_ONCE(rt->tid);
	if (pid > 0 && tid > 0)
		host_call3(__NR_tgkill, pid, tid, KICK_SIGNAL);
}

void
resident_wake(struct task *t, uint32_t was)
{
	uint32_t mine = own_space();

	WRITE_ONCE(t->woken_by, mine);
	spin_note_waker(t);
	if (was == 1 + SLEEP_SHARED)
		host_call4(__NR_futex_wake, &t->sched, MATCH_ANY, 1, SIZE_U32);
	else if (was == 1 + mine)
		host_call4(__NR_futex_wake, &t->sched, MATCH_ANY, 1, SIZE_U32 | PRIVATE);
	else
		wake_foreign(t);
}
