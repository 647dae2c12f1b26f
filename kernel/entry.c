/* SPDX-License-Identifier: MIT
 *
 * The way in and out of the kernel: dispatch, and what is done before program code runs again. Both traps come through here.
 */
#include <asm/unistd.h>

#include "kernel/entry.h"
#include "kernel/errno.h"
#include "kernel/inject.h"
#include "kernel/missing.h"
#include "kernel/task.h"
#include "mm/mm.h"
#include "syscalls/proto.h"
#include "trap/request.h"
#include "trap/trap.h"

#include "syscalls/gen/dispatch.h"

static inline int64_t
dispatch(struct task *t, uint64_t nr, const uint64_t a[6])
{
	t->syscall_nr = (int)nr;
	if (likely(nr < NR_SYSCALLS_TABLE && syscall_table[nr]))
		return syscall_table[nr](t, a);
	return missing_syscall(t, nr);
}

struct call {
	struct task *t;
	uint64_t nr;
	const uint64_t *a;
};

static int64_t
do_call(void *arg)
{
	struct call *c = arg;

	return dispatch(c->t, c->nr, c->a);
}

/* A call on a thread that may wait for whoever watches: what holds mmap_lock over host calls is still made where it always is. */
static int64_t
dispatch_watched(struct task *t, uint64_t nr, const uint64_t a[6])
{
	const struct trap_ops *trap = t->k->trap;
	struct call c = { t, nr, a };

	return trap->is_mm_call && trap->is_mm_call(nr, a) ? trap->mm_run(t, do_call, &c) : dispatch(t, nr, a);
}

/* A call that sets the registers has its result there, but for execve, which has none that could be seen elsewhere. */
static void
trace_result(struct task *t, uint64_t nr, const uint64_t a[6], int64_t ret, uint32_t tampered)
{
	int64_t shown = ret;

	if (ret == SYSCALL_REGS_SET)
		shown = nr == __NR_execve || nr == __NR_execveat ? 0 : (int64_t)t->regs.rax;
	t->k->super->trace_call(t, nr, a, &shown, tampered);
}

static int64_t
tampered_dispatch(struct task *t, uint64_t nr, const uint64_t a[6], const struct inject_rule *rule)
{
	inject_delay(t, rule->delay_enter);
	if (rule->signal)
		ignore_err(send_sig_info(rule->signal, SEND_SIG_PRIV, t, PIDTYPE_PID, NULL), "the queue is full");
	if (!rule->has_result)
		return dispatch_watched(t, nr, a);
	if (rule->instead)
		(void)dispatch(t, rule->instead, a);
	return rule->result;
}

/* Calls that somebody watches or tampers with. The trace shows a call before it is delayed, as strace does. */
static __attribute__((noinline)) int64_t
watched_call(struct task *t, uint64_t nr, const uint64_t a[6])
{
	const struct inject_rule *rule = t->k->inject ? inject_call_rule(t, nr) : NULL;
	bool trace = t->k->params.trace;
	uint32_t tampered = 0;
	int64_t ret;

	if (rule)
		tampered = (rule->has_result ? INJECT_TAMPERED : 0) | (rule->delay_enter || rule->delay_exit ? INJECT_DELAYED : 0);
	if (rule)
		tampered |= inject_poke(t, rule, 0, nr, a);
	if (trace)
		t->k->super->trace_call(t, nr, a, NULL, tampered);
	ret = rule ? tampered_dispatch(t, nr, a, rule) : dispatch_watched(t, nr, a);
	if (t->flags & PF_EXITING)
		return ret;
	if (rule)
		tampered |= inject_poke(t, rule, 1, nr, a);
	if (trace)
		trace_result(t, nr, a, ret, tampered);
	if (rule)
		inject_delay(t, rule->delay_exit);
	return ret;
}

int64_t
syscall_enter(struct task *t, uint64_t nr, const uint64_t a[6])
{
	nr = (uint32_t)nr; /* the upper half does not count */
	if (unlikely(t->k->params.watch))
		return watched_call(t, nr, a);
	return dispatch(t, nr, a);
}

bool
exit_to_user_fast(struct task *t)
{
	uint32_t user = MODE_USER;

	if (unlikely(t->flags & PF_EXITING))
		return false;
	__atomic_store_n(&t->mode, MODE_USER, __ATOMIC_SEQ_CST);
	if (likely(__atomic_load_n(&t->work, __ATOMIC_SEQ_CST) == 0))
		return true;
	/* Who serves its death may have taken it meanwhile; from then on it is not touched here. */
	return !__atomic_compare_exchange_n(&t->mode, &user, MODE_KERNEL, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
}

/* An interrupted call is made again even if its signal has gone to another thread meanwhile, and nothing is left to deliver. */
static bool
call_restarts(const struct task *t)
{
	int64_t ret = (int64_t)t->regs.rax;

	return (int64_t)t->regs.orig_rax >= 0 && ret <= -ERESTARTSYS && ret >= -ERESTART_RESTARTBLOCK && ret != -ENOIOCTLCMD;
}

bool
exit_to_user(struct task *t)
{
	if (call_restarts(t) && !(t->flags & PF_EXITING))
		do_signal(t);
	while (!exit_to_user_fast(t)) {
		uint32_t work = __atomic_load_n(&t->work, __ATOMIC_SEQ_CST);

		if (t->flags & PF_EXITING)
			return false;
		clear_bits(&t->work, WORK_NOTIFY);
		if (work & WORK_MM)
			mm_cut_mappings(t);
		if (work & (WORK_SIGPENDING | WORK_RESTORE_MASK))
			do_signal(t);
	}
	return true;
}

bool
exit_to_user_quick(struct task *t)
{
	if (t->k->params.trace)
		return !call_restarts(t) && exit_to_user_fast(t);
	if (call_restarts(t) && !(t->flags & PF_EXITING) && !do_signal_quick(t))
		return false;
	while (!exit_to_user_fast(t)) {
		uint32_t work = __atomic_load_n(&t->work, __ATOMIC_SEQ_CST);

		if (t->flags & PF_EXITING)
			return false;
		if (work & ~(uint32_t)(WORK_NOTIFY | WORK_MM | WORK_SIGPENDING | WORK_RESTORE_MASK))
			return false; /* not known here: left to exit_to_user() */
		clear_bits(&t->work, WORK_NOTIFY);
		if (work & WORK_MM)
			mm_cut_mappings(t);
		if ((work & (WORK_SIGPENDING | WORK_RESTORE_MASK)) && !do_signal_quick(t))
			return false;
	}
	return true;
}
