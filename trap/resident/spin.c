/* SPDX-License-Identifier: MIT
 *
 * Looking out for a wake-up before going to sleep.
 *
 * Two tasks on two CPUs that answer each other at once spend nearly all their time on the host's way of waking an idle CPU: an interrupt, and
 * in a virtual machine an exit at either end, 10 to 60 us a round trip of which they use a half. Where this is seen, and only there, a task
 * looks at its state for a while first; when it is woken meanwhile, neither side has asked the host for anything.
 *
 * Seen: it was woken from another CPU than its own, some times running, soon each time. Then it tries for as long as the last sleep took,
 * since its partner may have to be woken the slow way once more. When that pays, as it does if both sides come to try, the limit
 * goes down to some times what it waited, 5 us at most: about what a sleep and the wake-up cost in processor time. When it does not,
 * because the partner works longer, or has lost its CPU, the task soon gives up, and wants to see twice as much before it tries
 * again. On one CPU, and where CPUs are busy with others, so that sleeps are long, nobody ever tries.
 *
 * Times are in cycles of the processor's counter, for which no frequency is needed: 2 to 4 a nanosecond.
 */
#include "trap/resident/spin.h"

#include "kernel/task.h"

#define US	     3000u
#define GAP	     (US / 2)
#define SOON	     (50 * US)
#define LIMIT_TRYING (30 * US)
#define LIMIT_MIN    (1 * US)
#define LIMIT_MAX    (5 * US)
#define TRIES	     6 /* that may fail at first */
#define TRIES_PAID   3 /* that may fail one after the other once one has paid */
#define NEED_FIRST   4 /* sleeps that were soon over, before it tries */
#define NEED_LAST    4096
#define LOOK_EVERY   16

/* CPU and node, where the host's vDSO has them: the limit of a segment. */
static uint32_t
this_cpu(void)
{
	uint32_t v = 0;

	__asm__ volatile("lsl %1, %0" : "+r"(v) : "r"(0x7b) : "cc");
	return v;
}

static void
stop_trying(struct task_spin *s)
{
	s->limit = 0;
	s->near = 0;
}

static void
has_paid(struct task_spin *s, uint64_t waited)
{
	s->limit = (uint32_t)MIN(MAX(waited * 4, LIMIT_MIN), LIMIT_MAX);
	s->tries = TRIES_PAID;
	s->need = NEED_FIRST;
}

void
resident_spin(struct task *t)
{
	uint32_t state = __atomic_load_n(&t->state, __ATOMIC_ACQUIRE);
	uint64_t start = __builtin_ia32_rdtsc(), waited = 0, before;
	bool woken;

	if (state == TASK_RUNNING)
		return;
	do {
		for (int i = 0; i < 4; i++)
			cpu_relax();
		before = waited;
		waited = __builtin_ia32_rdtsc() - start;
		woken = __atomic_load_n(&t->state, __ATOMIC_ACQUIRE) != state;
	} while (!woken && waited < t->spin.limit);
	/* If that came in a gap, the partner may have run on this very CPU, which it got the sooner the sooner this task had slept. */
	if (woken && waited - before < GAP)
		has_paid(&t->spin, waited);
	else if (--t->spin.tries == 0) {
		t->spin.need = MIN(t->spin.need * 2, NEED_LAST);
		stop_trying(&t->spin);
	}
}

/* Where tasks share a CPU, which costs some 25 ns to ask for, they look now and then whether they still do. */
uint64_t
spin_before_sleep(struct task *t)
{
	struct task_spin *s = &t->spin;

	s->ask = s->apart || ++s->sleeps % LOOK_EVERY == 0;
	return s->apart ? __builtin_ia32_rdtsc() : 0;
}

void
spin_after_sleep(struct task *t, uint64_t since)
{
	struct task_spin *s = &t->spin;
	uint64_t took;

	if (!s->ask)
		return;
	s->apart = READ_ONCE(s->woken_on) != this_cpu();
	if (!s->apart || !since) {
		stop_trying(s);
		return;
	}
	took = __builtin_ia32_rdtsc() - since;
	if (took > SOON) {
		stop_trying(s);
	} else if (s->limit == 0 && ++s->near >= s->need) {
		s->limit = (uint32_t)MIN(took, LIMIT_TRYING);
		s->tries = TRIES;
	}
}

void
spin_note_waker(struct task *t)
{
	if (READ_ONCE(t->spin.ask))
		WRITE_ONCE(t->spin.woken_on, this_cpu());
}

void
spin_init(struct task *t)
{
	t->spin = (struct task_spin){ .need = NEED_FIRST };
}
