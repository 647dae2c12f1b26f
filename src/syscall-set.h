/* SPDX-License-Identifier: MIT
 *
 * Sets of system calls as strace's options name them: open,close or %file or !/^get.
 */
#ifndef STEAD_SRC_SYSCALL_SET_H
#define STEAD_SRC_SYSCALL_SET_H

#include <stdbool.h>
#include <stdint.h>

#define SYSCALL_SET_MAX 512

struct syscall_set {
	uint64_t bits[SYSCALL_SET_MAX / 64];
};

static inline bool
syscall_in_set(const struct syscall_set *s, uint64_t nr)
{
	return nr < SYSCALL_SET_MAX && (s->bits[nr / 64] >> nr % 64 & 1);
}

/**
 * syscall_set_parse() - read a set
 * @text: names, numbers, %CLASS, /REGEX, ?NAME (no mistake if there is none), "all", "none", with commas between; a ! in
 * front means all but these. Classes without %, as strace had them once, are known too.
 * @out: the set
 * @why: room for the reason
 * @n: its size
 *
 * Return: 0, or -1 with a reason in @why.
 */
int syscall_set_parse(const char *text, struct syscall_set *out, char *why, unsigned long n);

#endif
