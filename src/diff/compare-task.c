/* SPDX-License-Identifier: MIT
 *
 * One task of two runs: its events are aligned, each pair is compared field by field, and what is left over or different is
 * excused by the rules for sequences, if one holds.
 */

#include "src/diff/calls.h"
#include "src/diff/chance.h"
#include "src/diff/compare.h"
#include "src/diff/copies.h"
#include "src/diff/excuse.h"
#include "src/diff/messages.h"
#include "src/diff/moved.h"
#include "src/diff/pair.h"
#include "src/diff/pass.h"
#include "src/diff/ready.h"
#include "src/diff/text.h"

/* A poll more or less, of one that found something: what it found is read next, and that is compared. */
static bool
is_wakeup(const struct pass *p, const struct event *e)
{
	return p->tasks_meet && is_poll(e) && e->result > 0;
}

static int
judge_step(struct pass *p, size_t i)
{
	const struct task_comparison *t = p->t;
	const struct event *a = step_native(t, i), *b = step_stead(t, i);
	const struct event *next;
	int rule, other;

	if (a && b) {
		rule = compare_pair(p, i, a, b, false);
		if (rule != RULE_DIFFERENT)
			return rule;
		if (is_absent(b, false))
			return RULE_ABSENT;
		if (p->tasks_meet && ready_otherwise(a, b))
			return RULE_SCHEDULING;
		rule = excuse(p, a, true);
		other = rule == RULE_DIFFERENT ? rule : excuse(p, b, false);
		return other;
	}
	if (a)
		return a->absent ? RULE_NATIVE_VARIES : is_wakeup(p, a) ? RULE_SCHEDULING : excuse(p, a, true);
	next = NULL; /* the native event before which it stands */
	for (size_t j = i + 1; j < t->al.n && !next; j++)
		next = step_native(t, j);
	if (next ? next->gap : t->a->gap_end)
		return RULE_NATIVE_VARIES;
	return is_wakeup(p, b) ? RULE_SCHEDULING : excuse(p, b, false);
}

/* The last step at which both sides have something: what comes later on one side alone was not reached on the other. */
static size_t
last_common(const struct task_comparison *t)
{
	for (size_t i = t->al.n; i-- > 0;)
		if (t->al.steps[i].a != ALIGN_NONE && t->al.steps[i].b != ALIGN_NONE &&
		    t->a->events[t->al.steps[i].a].type != EVENT_END)
			return i;
	return 0;
}

static void
report_steps(struct pass *p)
{
	struct task_comparison *t = p->t;
	size_t last = last_common(t);
	bool behind = false;

	for (size_t i = 0; i < t->al.n; i++) {
		const struct event *a = step_native(t, i), *b = step_stead(t, i);

		if (t->outcome[i] != RULE_DIFFERENT)
			continue;
		if (a && b) {
			compare_pair(p, i, a, b, true);
			continue;
		}
		t->unreached[i] = behind && i > last;
		behind |= i > last;
		if (!t->unreached[i])
			note_difference(p, i, a, b, a ? "is missing" : "is too much",
					a ? text_result_string(a, t->ra) : NULL, b ? text_result_string(b, p->rb) : NULL);
	}
}

void
compare_task(struct task_comparison *t, const struct run *rb, struct comparison *c, bool order_differs)
{
	struct pass p = { .t = t, .rb = rb, .c = c, .order_differs = order_differs };

	p.tasks_meet = rb->ntasks > 2 || t->ra->ntasks > 2;
	align(t->a->events, t->a->nevents, t->b->events, t->b->nevents, &t->al);
	t->outcome = must_alloc(t->al.n);
	t->moved = must_alloc(t->al.n);
	t->unreached = must_alloc(t->al.n * sizeof(*t->unreached));
	for (size_t i = 0; i < t->al.n; i++)
		t->outcome[i] = (signed char)judge_step(&p, i);
	excuse_moved(&p);
	excuse_copies(t);
	excuse_messages(t);
	excuse_cut(t);
	excuse_rounds(t, true);
	excuse_rounds(t, false);
	t->differences = 0;
	report_steps(&p);
}
