/* SPDX-License-Identifier: MIT
 *
 * The way in and out of the kernel: dispatch, and what is done before program code runs again. Both traps come through here.
 */
#include <asm/unistd.h>

#include "kernel/entry.h"
#include "kernel/errno.h"
#include "kernel/missing.h"
#include "kernel/task.h"
#include "syscalls/proto.h"

#include "syscalls/gen/dispatch.h"

int64_t
syscall_enter(struct task *t, uint64_t nr, const uint64_t a[6])
{
	int64_t ret;

	t->syscall_nr = (int)nr;
	if (likely(nr < NR_SYSCALLS_TABLE && syscall_table[nr]))
		ret = syscall_table[nr](t, a);
	else
		ret = missing_syscall(t, nr);
	return ret;
}

bool
exit_to_user_fast(struct task *t)
{
	__atomic_store_n(&t->mode, MODE_USER, __ATOMIC_SEQ_CST);
	if (likely(__atomic_load_n(&t->work, __ATOMIC_SEQ_CST) == 0 && !(t->flags & PF_EXITING)))
		return true;
	__atomic_store_n(&t->mode, MODE_KERNEL, __ATOMIC_SEQ_CST);
	return false;
}

/* An interrupted call is made again even if its signal has gone to another thread meanwhile, and nothing is left to deliver. */
static bool
call_restarts(const struct task *t)
{
	int64_t ret = (int64_t)t->regs.rax;

	return (int64_t)t->regs.orig_rax >= 0 && ret <= -ERESTARTSYS && ret >= -ERESTART_RESTARTBLOCK && ret != -ENOIOCTLCMD;
}

void
exit_to_user(struct task *t)
{
	if (call_restarts(t) && !(t->flags & PF_EXITING))
		do_signal(t);
	while (!(t->flags & PF_EXITING) && !exit_to_user_fast(t)) {
		uint32_t work = __atomic_load_n(&t->work, __ATOMIC_SEQ_CST);

		clear_bits(&t->work, WORK_NOTIFY);
		if (work & (WORK_SIGPENDING | WORK_RESTORE_MASK))
			do_signal(t);
	}
}
