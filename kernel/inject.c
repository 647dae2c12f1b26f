/* SPDX-License-Identifier: MIT
 *
 * Fault injection. kernel/entry.c asks for each call once any rule exists; without rules there is nothing here that is run.
 */
#include "kernel/inject.h"

#include "kernel/task.h"
#include "kernel/time.h"
#include "mm/uaccess.h"

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

uint32_t
inject_poke(struct task *t, const struct inject_rule *rule, unsigned int after, uint64_t nr, const uint64_t a[6])
{
	const struct inject_rules *r = t->k->inject;
	uint32_t poked = 0;

	for (unsigned int i = 0; i < rule->npokes[after]; i++) {
		const struct inject_poke *p = &rule->poke[after][i];

		if (p->arg < r->nargs[nr] && copy_to_user(t, UADDR(a[p->arg]), r->data + p->at, p->len) == 0)
			poked = INJECT_POKED;
	}
	return poked;
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
