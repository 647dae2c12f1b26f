/* SPDX-License-Identifier: MIT
 *
 * The first process of each side of a comparison: it starts the program, waits for everything it leaves behind, and then
 * reports on a descriptor that the program does not get, how the program ended and what the tree of files looks like.
 */
#ifndef STEAD_SRC_DIFF_INSIDE_H
#define STEAD_SRC_DIFF_INSIDE_H

#include <stdbool.h>
#include <stddef.h>

#define INSIDE_REPORT 3 /* descriptor */
#define INSIDE_WORD   "--inside" /* stead diff --inside TERMINAL WHERE LINGER LIMITS TREE SETUP PROGRAM ARGUMENT... */

enum inside_where {
	INSIDE_STEAD,
	INSIDE_NAMESPACES, /* natively, the first of a pid namespace, in a mount namespace; it forks once more */
	INSIDE_HOST,	   /* natively, among the host's other processes */
};

/* What the process is told. */
struct inside_options {
	enum inside_where where;
	const char *tty; /* ROWSxCOLUMNS of the program's terminal, or "-" */
	bool aslr;
	int linger;	 /* seconds to wait for what the program left running */
	const char *tree; /* directory, or "" */
	char **setup;	 /* from setup_words() */
};

/**
 * inside_argv() - the command line that inside_main() understands
 * @self: path of the stead command
 *
 * Return: an allocated vector.
 */
char **inside_argv(const char *self, const struct inside_options *o, int argc, char **argv);

/**
 * inside_main() - be that process
 * @argc, @argv: from INSIDE_WORD on
 *
 * Return: exit status.
 */
int inside_main(int argc, char **argv);

#endif
