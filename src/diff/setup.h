/* SPDX-License-Identifier: MIT
 *
 * --root, --bind, --tmpfs, --read-only, --hostname, --uid and --cwd of a comparison: words on the command line of the first
 * process of each side, which does the same mount(2), chroot(2), ... on both, in a name space (or kernel) of its own.
 */
#ifndef STEAD_SRC_DIFF_SETUP_H
#define STEAD_SRC_DIFF_SETUP_H

#include <stdbool.h>
#include <stdint.h>

struct run_options;

/* What setup_apply() leaves to the child that becomes the program. */
struct setup_user {
	bool set;
	uint32_t uid, gid;
};

/**
 * setup_wanted() - does a run need more than the host's root, as it is and where we are?
 * @o: the options
 *
 * Return: the first option that does, or NULL.
 */
const char *setup_wanted(const struct run_options *o);

/**
 * setup_words() - the options as words
 * @o: the options; names of directories of the host become absolute
 * @words: allocated, NULL-ended; the last word is "."
 *
 * Return: 0, or -1 after saying what is wrong.
 */
int setup_words(const struct run_options *o, char ***words);

/**
 * setup_apply() - do it
 * @argv: the words
 * @user: who the program is to be
 *
 * Context: the caller's mounts are its own.
 * Return: the first argument after them, or NULL after saying what failed.
 */
char **setup_apply(char **argv, struct setup_user *user);

/**
 * setup_become() - be that user
 * @user: from setup_apply()
 *
 * Return: 0, or -1 with errno.
 */
int setup_become(const struct setup_user *user);

#endif
