/* SPDX-License-Identifier: MIT
 *
 * Injected faults on the host's kernel.
 */
#ifndef STEAD_SRC_HOST_TAMPER_H
#define STEAD_SRC_HOST_TAMPER_H

#include <stdint.h>

struct host_tracer;
struct tracee;

/**
 * tamper_enter() - a call begins: find its rule, and do what that says before the call
 * @h: the tracer
 * @e: stopped at the call's beginning; rule and tampered are set
 */
void tamper_enter(struct host_tracer *h, struct tracee *e);

/**
 * tamper_exit() - a call ends: do what the rule that it had says
 * @h: the tracer
 * @e: stopped at the call's end
 * @result: the call's
 *
 * Return: the result that the program gets.
 */
int64_t tamper_exit(struct host_tracer *h, struct tracee *e, int64_t result);

/**
 * tamper_delay() - let a stopped tracee go on later
 * @h: the tracer
 * @e: stopped; it must not be let go on otherwise
 * @ns: how much later
 * @sig: a signal it goes on with, or 0
 */
void tamper_delay(struct host_tracer *h, struct tracee *e, uint64_t ns, int sig);

/**
 * tamper_wake() - let those go on whose time has come
 * @h: the tracer; its waitpid() is interrupted when the next has to go on
 */
void tamper_wake(struct host_tracer *h);

/**
 * tamper_end() - undo what delays did to the process
 * @h: the tracer
 */
void tamper_end(struct host_tracer *h);

#endif
