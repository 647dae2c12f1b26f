/* SPDX-License-Identifier: MIT
 *
 * The second wall: what is left to guest processes of the resident trap if somebody takes the kernel over.
 */
#ifndef STEAD_TRAP_RESIDENT_WALLS_H
#define STEAD_TRAP_RESIDENT_WALLS_H

#include <stdbool.h>

/* A directory or file of the host that the program may use. */
struct wall_root {
	int fd; /* O_PATH will do */
	bool writable;
};

/**
 * walls_ruleset() - make the Landlock ruleset of guest processes: these roots, no TCP, no signal to others on the host
 * @roots: what may be opened beneath
 * @n: how many
 *
 * Return: a descriptor; -ENOSYS or -EOPNOTSUPP where the host has no Landlock; another negative errno.
 */
int walls_ruleset(const struct wall_root *roots, unsigned int n);

#endif
