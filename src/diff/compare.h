/* SPDX-License-Identifier: MIT
 *
 * Compares a run on stead with native ones.
 */
#ifndef STEAD_SRC_DIFF_COMPARE_H
#define STEAD_SRC_DIFF_COMPARE_H

#include "src/diff/align.h"
#include "src/diff/record.h"
#include "src/diff/rules.h"

/* One difference. In a call or signal: @task and at least one of @a, @b. Else @where says. */
struct difference {
	const char *task;  /* path, or NULL: of the run as a whole */
	const char *where; /* "call", "task", "exit status", "standard output", "tree" */
	const char *call;  /* name of the call or signal, or path in the tree */
	const char *what;  /* "result", "st.nlink", ...; "call" when it is there on one side only */
	char *left, *right;
	const struct event *a, *b;
	size_t step; /* in the task's alignment */
	uint64_t key;
	const char *reason; /* why it is expected, or NULL */
	bool unsteady;	    /* another run of stead did not have it */
};

/* How one task was compared. */
struct task_comparison {
	const char *path;
	const struct run *ra;
	const struct rtask *a, *b; /* NULL: not there */
	struct alignment al;
	signed char *outcome; /* of each step: enum rule, or RULE_DIFFERENT */
	unsigned char *moved; /* of each step: 1 the native event, 2 stead's has its equal at another place */
	bool *unreached;      /* of each step */
	size_t differences;
};

/* The events of a step, or NULL. */
static inline const struct event *
step_native(const struct task_comparison *t, size_t i)
{
	return t->al.steps[i].a != ALIGN_NONE ? &t->a->events[t->al.steps[i].a] : NULL;
}

static inline const struct event *
step_stead(const struct task_comparison *t, size_t i)
{
	return t->al.steps[i].b != ALIGN_NONE ? &t->b->events[t->al.steps[i].b] : NULL;
}

struct comparison {
	const volatile int *stop; /* not 0: the comparison is wanted no more; or NULL */
	struct run **natives;
	size_t nnatives;
	struct run *stead;
	struct difference *differences;
	size_t ndifferences, cap;
	struct task_comparison *tasks;
	size_t ntasks;
	size_t compared, equal, by_rule, different, unreached; /* calls */
	size_t rule_used[NRULES];
	size_t tree_compared;
};

/**
 * compare_learn() - find what varies between native runs
 * @runs, @n: marked: fields that vary, events that are not always there
 */
void compare_learn(struct run **runs, size_t n);

/**
 * compare_runs() - compare
 * @c: natives and stead are set, all else is zero
 *
 * Each task is compared with the native run in which it is most alike.
 */
void compare_runs(struct comparison *c);

/**
 * compare_task() - compare one task
 * @t: path, ra, a and b are set; the rest is filled
 * @rb: stead's run
 * @c: differences are added, if not NULL
 * @order_differs: directories were listed in another order
 */
void compare_task(struct task_comparison *t, const struct run *rb, struct comparison *c, bool order_differs);

/**
 * difference_add() - add a difference
 * @left, @right: texts that are kept
 */
struct difference *difference_add(struct comparison *c, const char *task, const char *where, const char *call,
				  const char *what, char *left, char *right);

#endif
