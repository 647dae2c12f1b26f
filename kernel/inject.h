/* SPDX-License-Identifier: MIT
 *
 * Fault injection: which invocation of which call fails, returns something else, brings a signal, takes longer or finds other memory
 * than the program gave it. The rules are read from the command line (src/inject.h) and never change afterwards; the native recorder uses the same ones.
 */
#ifndef STEAD_KERNEL_INJECT_H
#define STEAD_KERNEL_INJECT_H

#include "kernel/types.h"

struct task;

#define INJECT_CALLS 512
#define INJECT_RULES 48
#define INJECT_EVER  UINT32_MAX
#define INJECT_POKES 6	  /* arguments */
#define INJECT_DATA  4096 /* bytes, of all rules together */

/* What is written where an argument points. */
struct inject_poke {
	uint8_t arg; /* from 0 */
	uint16_t at, len; /* in inject_rules.data */
};

struct inject_rule {
	uint32_t first, last, step; /* invocations, from 1; step 0: @first alone */
	bool has_result;	    /* the call is not made, and returns @result */
	int64_t result;		    /* a value, or a negative errno */
	int32_t signal;		    /* or 0 */
	uint32_t instead;   /* with @has_result: this call is made, which only says who the task is; or 0 */
	uint64_t delay_enter, delay_exit; /* ns */
	uint8_t npokes[2];		  /* before the call, after it */
	struct inject_poke poke[2][INJECT_POKES];
};

struct inject_rules {
	uint32_t nrules;
	uint32_t spare; /* so many tasks, the first ones, are let alone (stead diff's own); stead has one of them at most */
	uint8_t rule_of[INJECT_CALLS]; /* by call: number of the rule, from 1; 0: none */
	uint8_t nargs[INJECT_CALLS];   /* by call: how many arguments it has, of those with a rule */
	struct inject_rule rule[INJECT_RULES];
	uint32_t ndata;
	uint8_t data[INJECT_DATA];
};

/* Invocations of each call so far: of one task, as each has a count of its own. */
struct inject_state {
	uint32_t count[INJECT_CALLS];
};

/* What was done to a call, for the trace. */
#define INJECT_TAMPERED 1u
#define INJECT_DELAYED	2u
#define INJECT_POKED	4u

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
 * inject_poke() - write what a rule says to where the arguments point
 * @t: the current task
 * @rule: from inject_call_rule()
 * @after: 0 before the call, 1 after it
 * @nr, @a: the call; what is in the place of an argument that it does not have points nowhere
 *
 * Context: as in a system call. Only what the program itself could write.
 * Return: INJECT_POKED if something was written, else 0.
 */
uint32_t inject_poke(struct task *t, const struct inject_rule *rule, unsigned int after, uint64_t nr,
		     const uint64_t a[6]);

/**
 * inject_delay() - hold a task up
 * @t: the current task
 * @ns: how long; 0: not at all
 *
 * Context: sleeps; ends early when the task is killed.
 */
void inject_delay(struct task *t, uint64_t ns);

#endif
