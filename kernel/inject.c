/* SPDX-License-Identifier: MIT
 *
 * Fault injection. kernel/entry.c asks for each call once any rule exists; without rules there is nothing here that is run.
 */
#include "kernel/inject.h"

#include "kernel/task.h"
#include "kernel/time.h"

const struct inject_rule *
inject_call_rule(struct task *t, uint64_t nr)
{
	const struct inject_rules *r = t->k->inject;

	if (nr >= INJECT_CALLS || !r->rule_of[nr] || (r->spare && t == t->k->main_task))
		return NULL;
	if (!t->inject)
		t->inject = kzalloc(t->k, sizeof(*t->inject));
	return inject_rule_hit(r, t->inject, nr);
}

void
inject_delay(struct task *t, uint64_t ns)
{
	int64_t deadline;

	if (!ns)
		return;
	deadline = deadline_after(ns > INT64_MAX ? INT64_MAX : (int64_t)ns);
	while (!fatal_signal_pending(t) && ktime_get() < deadline) {
		set_current_state(t, TASK_KILLABLE);
		if (fatal_signal_pending(t))
			break;
		ignore_err(schedule_until(t, deadline), "the clock is looked at again");
	}
	set_current_state(t, TASK_RUNNING);
}
