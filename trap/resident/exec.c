/* SPDX-License-Identifier: MIT
 *
 * execve in place: the host process stays, all of the old program goes. Of what the host keeps for a thread, a program can change its
 * memory, its registers and the selectors of segments; all else (alternate stack, dispatch, handlers, mask) is the kernel's and stays.
 */
#include <asm/unistd.h>

#include "kernel/exec.h"
#include "mm/mm.h"
#include "mm/uaccess.h"
#include "trap/host.h"
#include "trap/resident/resident.h"

struct range {
	uint64_t start, end;
};

/* What is no program's, by address; mm/layout.c keeps programs off these places, and the vDSO was seen to be in its own. */
static unsigned int
kept_ranges(const struct kernel *k, struct range r[4])
{
	const struct range all[4] = {
		{ ARENA_BASE, ARENA_BASE + k->arena_size },
		{ k->image_start, k->image_end },
		{ k->vvar_addr, k->vvar_addr + k->vvar_size },
		{ k->vdso_addr, k->vdso_addr + k->vdso_size },
	};
	unsigned int n = 0;

	for (unsigned int i = 0; i < ARRAY_SIZE(all); i++) {
		unsigned int at = n;

		if (all[i].start == all[i].end)
			continue;
		for (; at > 0 && r[at - 1].start > all[i].start; at--)
			r[at] = r[at - 1];
		r[at] = all[i];
		n++;
	}
	return n;
}

static int
unmap_program(const struct kernel *k)
{
	struct range r[4];
	unsigned int n = kept_ranges(k, r);
	uint64_t from = 0;
	int64_t err = 0;

	for (unsigned int i = 0; i <= n && !err; i++) {
		uint64_t to = i < n ? r[i].start : TASK_SIZE_MAX;

		if (to > from)
			err = host_call2(__NR_munmap, from, to - from);
		if (i < n)
			from = r[i].end;
	}
	return (int)err;
}

bool
resident_can_exec_in_place(const struct trap_task *rt, const struct linux_binprm *bprm)
{
	return bprm->host_mm_reusable && rt->tid == rt->proc->pid && __atomic_load_n(&rt->proc->tasks, __ATOMIC_ACQUIRE) == 1;
}

int
resident_exec_in_place(struct task *t, struct linux_binprm *bprm)
{
	int err = unmap_program(t->k);

	/* As at the start of a process; resident_return() loads the base of %fs. */
	__asm__ volatile("mov %0, %%ds\n\tmov %0, %%es\n\tmov %0, %%fs" : : "r"(0));
	if (!err)
		err = exec_load(t, bprm);
	t->regs_valid = true;
	return err;
}
