/* SPDX-License-Identifier: MIT
 *
 * Rules of fault injection in strace's grammar. What they mean is in kernel/inject.h.
 */
#ifndef STEAD_SRC_INJECT_H
#define STEAD_SRC_INJECT_H

#include "kernel/inject.h"

/**
 * inject_parse() - read one --inject
 * @text: SET[:error=ERRNO|:retval=VALUE][:syscall=CALL][:signal=SIG][:delay_enter=DELAY][:delay_exit=DELAY][:poke_enter=POKES]
 *	[:poke_exit=POKES][:when=FIRST[..LAST][+[STEP]]], where SET is as syscall_set_parse() has it, CALL one of its %pure, DELAY a
 *	number of microseconds, or with s, ms, us or ns, and POKES @argN=HEX[,@argN=HEX]...
 * @rules: zeroed before the first; a later rule replaces an earlier one for the calls both name
 * @why: room for the reason
 * @n: its size
 *
 * Return: 0, or -1 with a reason in @why.
 */
int inject_parse(const char *text, struct inject_rules *rules, char *why, unsigned long n);

#endif
