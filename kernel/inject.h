/* SPDX-License-Identifier: MIT
 *
 * Fault injection: which invocation of which call fails, returns something else, brings a signal or takes longer. The rules are
 * read from the command line (src/inject.h) and never change afterwards; the native recorder uses the same ones.
 */
#ifndef STEAD_KERNEL_INJECT_H
#define STEAD_KERNEL_INJECT_H

#include "kernel/types.h"

struct task;

#define INJECT_CALLS 512
#define INJECT_RULES 48
#define INJECT_EVER  UINT32_MAX

struct inject_rule {
	uint32_t first, last, step; /* invocations, from 1; step 0: @first alone */
	bool has_result;	    /* the call is not made, and returns @result */
	int64_t result;		    /* a value, or a negative errno */
	int32_t signal;		    /* or 0 */
	uint64_t delay_enter, delay_exit; /* ns */
};

struct inject_rules {
	uint32_t nrules;
	uint32_t spare; /* so many tasks, the first ones, are let alone (stead diff's own); stead has one of them at most */
	uint8_t rule_of[INJECT_CALLS]; /* by call: number of the rule, from 1; 0: none */
	struct inject_rule rule[INJECT_RULES];
};

/* Invocations of each call so far: of one task, as each has a count of its own. */
struct inject_state {
	uint32_t count[INJECT_CALLS];
};

/* What was done to a call, for the trace. */
#define INJECT_TAMPERED 1u
#define INJECT_DELAYED	2u

/**
 * inject_rule_hit() - count an invocation
 * @r: the rules
 * @s: counts of the task, or NULL: nothing is injected
 * @nr: the call
 *
 * Return: the rule to apply to this invocation, or NULL.
 */
static inline const struct inject_rule *
inject_rule_hit(const struct inject_rules *r, struct inject_state *s, uint64_t nr)
{
	const struct inject_rule *rule;
	uint32_t n;

	if (!s || nr >= INJECT_CALLS || !r->rule_of[nr])
		return NULL;
	rule = &r->rule[r->rule_of[nr] - 1];
	n = ++s->count[nr];
	if (n < rule->first || n > rule->last)
		return NULL;
	return n == rule->first || (rule->step && (n - rule->first) % rule->step == 0) ? rule : NULL;
}

/**
 * inject_call_rule() - the rule for the call a task makes now (kernel/inject.c)
 * @t: the current task
 * @nr: the call
 *
 * Context: may allocate.
 * Return: the rule or NULL.
 */
const struct inject_rule *inject_call_rule(struct task *t, uint64_t nr);

/**
 * inject_delay() - hold a task up
 * @t: the current task
 * @ns: how long; 0: not at all
 *
 * Context: sleeps; ends early when the task is killed.
 */
void inject_delay(struct task *t, uint64_t ns);

#endif
