/* SPDX-License-Identifier: MIT
 *
 * Runs the program once, on one side, and gives back what was recorded.
 */
#ifndef STEAD_SRC_DIFF_RUNNER_H
#define STEAD_SRC_DIFF_RUNNER_H

#include "src/diff/record.h"
#include "src/options.h"

struct inject_rules;

struct runner {
	enum run_trap trap;
	int argc;
	char **argv;
	const char *cwd;  /* where the first process starts; absolute */
	char **setup;	  /* what it does then: from setup_words() */
	const char *tree; /* directory whose final state is reported, or "" */
	const char *copy_of; /* the tree is a copy of this one, made afresh for each run; or NULL */
	const char *work; /* an empty directory of our own */
	bool sandbox;	  /* the native side gets namespaces and overlays */
	bool aslr, tty;
	char size[16]; /* of the terminal: ROWSxCOLUMNS */
	int linger, timeout; /* seconds */
	uint64_t started;    /* ns since 1970: what has changed since then has changed during the comparison */
	char *input;	     /* what to feed into standard input, if it was a pipe */
	size_t input_len;
	bool have_input;
	struct inject_rules *inject; /* or NULL */
};

enum runner_side { RUNNER_NATIVE, RUNNER_STEAD };

/**
 * runner_input() - look at our own standard input, and read it if it can be read once only or is to be typed
 * @r: input is set
 */
void runner_input(struct runner *r);

/**
 * runner_run() - run the program once
 * @r: how
 * @side: where
 *
 * Return: the run, with ->failure set if it came to nothing.
 */
struct run *runner_run(const struct runner *r, enum runner_side side);

#endif
