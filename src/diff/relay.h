/* SPDX-License-Identifier: MIT
 *
 * The terminal of a compared program: a pseudo terminal of its side's kernel, whose other end the first process of that side
 * holds.
 */
#ifndef STEAD_SRC_DIFF_RELAY_H
#define STEAD_SRC_DIFF_RELAY_H

#include <stdbool.h>

struct relay {
	int master;
	bool input; /* standard input is still open */
};

/**
 * relay_open() - make the terminal
 * @r: filled
 * @size: ROWSxCOLUMNS
 *
 * Return: 0, or -1 with errno.
 */
int relay_open(struct relay *r, const char *size);

/**
 * relay_enter() - in the child that becomes the program: lead a session with this terminal, and have it as 0, 1 and 2
 * @r: the terminal
 *
 * Return: 0, or -1 with errno.
 */
int relay_enter(const struct relay *r);

/**
 * relay_step() - what was typed goes in, what the terminal shows goes to standard output
 * @r: the terminal
 * @ms: how long to wait for either
 *
 * Return: whether the terminal had something to show.
 */
bool relay_step(struct relay *r, int ms);

#endif
