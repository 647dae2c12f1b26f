/* SPDX-License-Identifier: MIT
 *
 * The rules by which two runs may differ and still be equal, each with a name.
 */
#ifndef STEAD_SRC_DIFF_RULES_H
#define STEAD_SRC_DIFF_RULES_H

#include "src/diff/record.h"

enum rule {
	RULE_NONE, /* equal as it is */
	RULE_PID,
	RULE_ADDRESS,
	RULE_DESCRIPTOR,
	RULE_INODE,
	RULE_DEVICE,
	RULE_TIME,
	RULE_CLOCK,
	RULE_CPU_TIME,
	RULE_RANDOM,
	RULE_FILE_SYSTEM,
	RULE_MACHINE,
	RULE_COOKIE,
	RULE_PROC,
	RULE_DIRECTORY_ORDER,
	RULE_RESTART,
	RULE_SIGNAL_POSITION,
	RULE_SCHEDULING,
	RULE_THREAD_STACK,
	RULE_STREAM,
	RULE_ABSENT,
	RULE_NATIVE_VARIES,
	NRULES
};

struct rule_text {
	const char *name, *text;
};

extern const struct rule_text rule_texts[NRULES];

/**
 * rules_list() - print every rule
 * @f: where to
 */
void rules_list(FILE *f);

/* The outcome for one value: different, or equal by a rule (RULE_NONE: as it is). */
#define RULE_DIFFERENT (-1)

/**
 * rule_field() - compare a field of two runs
 * @a, @b: the same field of two events
 * @ra, @rb: their runs
 *
 * Return: enum rule, or RULE_DIFFERENT.
 */
int rule_field(const struct field *a, const struct run *ra, const struct field *b, const struct run *rb);

/**
 * rule_result() - compare the results of two events
 *
 * Return: enum rule, or RULE_DIFFERENT.
 */
int rule_result(const struct event *a, const struct run *ra, const struct event *b, const struct run *rb);

/**
 * rule_hash() - a number that is equal for values that rule_field() finds equal
 * @f: the field
 * @run: its run
 */
uint64_t rule_hash(const struct field *f, const struct run *run);

/**
 * rule_pid_name() - a pid as the path of its task
 * @run: the run
 * @pid: as seen inside; negative ones are groups
 *
 * Return: the path, "start" for who started the program, or NULL: no task of the run.
 */
const char *rule_pid_name(const struct run *run, int64_t pid);

#endif
