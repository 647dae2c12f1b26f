/* SPDX-License-Identifier: MIT
 *
 * Injected faults on the host's kernel: another result or call by way of the registers, bytes written to where arguments
 * point, and delays, which are tracees that are not let go on for a while.
 */
#include "src/host-tamper.h"

#include <fcntl.h>
#include <linux/ptrace.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/reg.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "kernel/inject.h"
#include "src/clock.h"
#include "src/host-tracee.h"
#include "src/host-tracer.h"

#define AGAIN_NS 2000000 /* the timer's period */

/* A signal that only interrupts. */
static void
nothing(int sig)
{
}

/* The timer only interrupts waitpid(); that it goes on makes up for a signal that came just before. */
static void
arm_timer(struct host_tracer *h, uint64_t ns)
{
	struct itimerspec it = { .it_interval = { 0, AGAIN_NS },
				 .it_value = { (time_t)(ns / NS_PER_SECOND), (long)(ns % NS_PER_SECOND) } };

	timer_settime(h->timer, 0, &it, NULL);
}

static bool
make_timer(struct host_tracer *h)
{
	struct sigevent ev = { .sigev_notify = SIGEV_THREAD_ID, .sigev_signo = SIGALRM };
	struct sigaction sa = { .sa_handler = nothing };

	if (h->have_timer)
		return true;
	ev._sigev_un._tid = (pid_t)syscall(SYS_gettid);
	sigaction(SIGALRM, &sa, &h->old_alarm);
	h->have_timer = timer_create(CLOCK_MONOTONIC, &ev, &h->timer) == 0;
	return h->have_timer;
}

void
tamper_delay(struct host_tracer *h, struct tracee *e, uint64_t ns, int sig)
{
	if (!make_timer(h))
		return;
	e->wake = clock_ns(CLOCK_MONOTONIC) + ns;
	e->wake_signal = sig;
	h->delayed++;
	arm_timer(h, ns ? ns : 1);
}

void
tamper_wake(struct host_tracer *h)
{
	uint64_t next = UINT64_MAX, t = clock_ns(CLOCK_MONOTONIC);
	struct tracee *e;
	unsigned int i;

	for (i = 0; i < TRACEE_BUCKETS; i++) {
		for (e = h->tracees[i]; e; e = e->next) {
			if (e->wake && e->wake <= t) {
				e->wake = 0;
				h->delayed--;
				tracee_go_on(e, e->wake_signal);
			} else if (e->wake && e->wake < next) {
				next = e->wake;
			}
		}
	}
	if (h->delayed)
		arm_timer(h, next - t);
	else
		timer_settime(h->timer, 0, &(struct itimerspec){ .it_value = { 0, 0 } }, NULL);
}

static void
set_register(struct tracee *e, int reg, uint64_t v)
{
	host_ptrace(PTRACE_POKEUSR, e->t.tid, (uintptr_t)reg * 8, v);
}

/* Writes to where the arguments point, through the program's own protections. */
static void
poke(struct host_tracer *h, struct tracee *e, unsigned int after)
{
	const struct inject_rules *r = h->o->inject;
	unsigned int i, n = e->rule ? e->rule->npokes[after] : 0;
	char path[40];
	int fd;

	if (!n)
		return;
	snprintf(path, sizeof(path), "/proc/%d/mem", e->t.tid);
	fd = open(path, O_RDWR | O_CLOEXEC);
	for (i = 0; fd >= 0 && i < n; i++) {
		const struct inject_poke *p = &e->rule->poke[after][i];

		if (p->arg < r->nargs[e->nr] && pwrite(fd, r->data + p->at, p->len, (off_t)e->args[p->arg]) == p->len)
			e->t.tampered |= TRACE_POKED;
	}
	if (fd >= 0)
		close(fd);
}

/* A call without a number is not made; its result is put in place at the end. */
void
tamper_enter(struct host_tracer *h, struct tracee *e)
{
	const struct inject_rules *r = h->o->inject;

	e->rule = NULL;
	e->t.tampered = 0;
	if (!r || !h->first_exec || e->order <= r->spare)
		return; /* the execve of the program itself is not one of its calls */
	if (!e->inject)
		e->inject = calloc(1, sizeof(*e->inject));
	e->rule = inject_rule_hit(r, e->inject, e->nr);
	if (!e->rule)
		return;
	e->t.tampered = (e->rule->has_result ? TRACE_INJECTED : 0) |
			(e->rule->delay_enter || e->rule->delay_exit ? TRACE_DELAYED : 0);
	if (e->rule->has_result)
		set_register(e, ORIG_RAX, e->rule->instead ? e->rule->instead : UINT64_MAX);
	poke(h, e, 0);
}

int64_t
tamper_exit(struct host_tracer *h, struct tracee *e, int64_t result)
{
	if (e->rule && e->rule->has_result) {
		result = e->rule->result;
		set_register(e, RAX, (uint64_t)result);
	}
	poke(h, e, 1);
	return result;
}

void
tamper_end(struct host_tracer *h)
{
	if (!h->have_timer)
		return;
	timer_delete(h->timer);
	sigaction(SIGALRM, &h->old_alarm, NULL);
}
