/* SPDX-License-Identifier: MIT
 *
 * Where file systems of Linux differ among themselves: what is not compared, and why. --without=WORD (run-random) keeps an operation from
 * being done at all where one of the file systems has not got it.
 */
#ifndef RULES_H
#define RULES_H

#include <stdbool.h>

enum rule {
	RULE_DIR_NLINK,
	RULE_DIR_SIZE,
	RULE_DIR_TIMES,
	RULE_ATIME,
	RULE_MAPPED_HOLES,
	RULE_TO_ITSELF,
	RULE_MAPPED_TIMES,
	RULES
};

static const struct {
	const char *name, *why;
	bool on;
} rules[RULES] = {
	[RULE_DIR_NLINK] = { "dir-nlink", "overlayfs and btrfs give every directory one link", true },
	[RULE_DIR_SIZE] = { "dir-size", "blocks on ext4, entries on tmpfs", true },
	[RULE_DIR_TIMES] = { "dir-times", "compared", false },
	[RULE_ATIME] = { "atime", "depends on the host's mount options, and on how long the run takes", true },
	[RULE_TO_ITSELF] = { "to-itself", "splice and sendfile move references to pages: a copy onto itself or into a FIFO may change with the file", true },
	[RULE_MAPPED_TIMES] = { "mapped-times", "a write through a mapping changes the mtime at some time until msync or munmap", true },
	[RULE_MAPPED_HOLES] = { "mapped-holes", "looking at a hole through a mapping makes it data on tmpfs", true },
};

static inline bool
rule(enum rule r)
{
	return rules[r].on;
}

#endif
