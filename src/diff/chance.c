/* SPDX-License-Identifier: MIT
 *
 * How far two tasks got that were ended from outside, and how often they went round waiting, is chance.
 */
#include "src/diff/chance.h"

#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "src/diff/calls.h"

#define LOOP_MAX 16 /* calls of one round */

bool
ended_by_another(const struct rtask *t)
{
	const struct event *end = t->nevents ? &t->events[t->nevents - 1] : NULL,
			   *last = t->nevents > 1 ? &t->events[t->nevents - 2] : NULL;

	if (!end || end->type != EVENT_END)
		return false;
	if (WIFSIGNALED((int)end->result))
		return WTERMSIG((int)end->result) == SIGKILL || !last || last->type != EVENT_SIGNAL || last->elsewhere;
	return !last || last->type != EVENT_CALL ||
	       (last->nr != SYS_exit && last->nr != SYS_exit_group && last->nr != SYS_execve);
}

/*
 * Two tasks that were ended from outside got to different points: what one did more, behind all that both did, is chance.
 * The call that both were killed in may be the next round of the same on one side.
 */
void
excuse_cut(struct task_comparison *t)
{
	const struct event *last = NULL;

	if (!ended_by_another(t->a) || !ended_by_another(t->b))
		return;
	for (size_t i = t->al.n; i-- > 0;) {
		const struct event *a = step_native(t, i), *b = step_stead(t, i);

		if (a && b && a->type == EVENT_CALL && a->returned == b->returned && (a->returned || last))
			return;
		if (a && b && a->type == EVENT_CALL && !a->returned && !b->returned)
			last = a;
		if (last && ((a ? a : b)->type != EVENT_CALL || (a ? a : b)->nr != last->nr))
			return;
		if (t->outcome[i] == RULE_DIFFERENT && !(a && b && a->type == EVENT_END))
			t->outcome[i] = RULE_SCHEDULING;
	}
}

static bool
is_waiting(const struct event *e)
{
	return is_poll(e) || (e->type == EVENT_CALL &&
			      (e->nr == SYS_nanosleep || e->nr == SYS_clock_nanosleep || e->nr == SYS_sched_yield ||
			       e->nr == SYS_futex || e->nr == SYS_pause || e->nr == SYS_rt_sigsuspend));
}

/* A signal from elsewhere that comes while one is pending is one with that; but for the real-time ones. */
static bool
is_merging(const struct rtask *t, const struct event *e)
{
	return t->handler && e->type == EVENT_SIGNAL && e->nr < 32;
}

/* Do the @n events at @at repeat, @period events apart, what stands before (or after) them? */
static bool
repeats(const struct rtask *t, size_t at, size_t n, size_t period, bool before)
{
	for (size_t i = at; i < at + n; i++) {
		if (before ? i < period : i + period >= t->nevents)
			return false;
		if (t->events[i].hash != t->events[before ? i - period : i + period].hash)
			return false;
	}
	return true;
}

/* Is there more or less of this natively, too? */
static bool
varies_in_number(const struct rtask *native, const struct event *e)
{
	for (size_t i = 0; i < native->nevents; i++)
		if (native->events[i].absent && native->events[i].hash == e->hash)
			return true;
	return false;
}

/* Rounds more of a loop that waits for something to happen, or that goes round as often as chance has it natively. */
void
excuse_rounds(struct task_comparison *t, bool left)
{
	const struct rtask *side = left ? t->a : t->b;
	size_t i = 0, n, first, period;
	const struct event *e;
	bool waits;

	for (; i < t->al.n; i += n ? n : 1) {
		waits = false;
		for (n = 0; i + n < t->al.n && t->outcome[i + n] == RULE_DIFFERENT; n++) {
			const struct align_step s = t->al.steps[i + n];

			if ((left ? s.b : s.a) != ALIGN_NONE)
				break;
			e = &side->events[left ? s.a : s.b];
			waits |= is_waiting(e) || is_merging(side, e);
		}
		first = left ? t->al.steps[i].a : t->al.steps[i].b;
		if (!n || !(waits || varies_in_number(t->a, &side->events[first])))
			continue;
		for (period = 1;
		     period <= LOOP_MAX && !repeats(side, first, n, period, true) && !repeats(side, first, n, period, false);
		     period++)
			;
		for (size_t k = 0; k < n && period <= LOOP_MAX; k++)
			t->outcome[i + k] = RULE_SCHEDULING;
	}
}
