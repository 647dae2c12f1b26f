/* SPDX-License-Identifier: MIT
 *
 * exec, phase two: a load plan becomes an address space. Runs for a task whose address space is empty and directly reachable.
 * Places are Linux's: a program with an interpreter at two thirds of the address space, one without (static PIE, or the dynamic
 * linker run by name) and the interpreter itself in the mmap area.
 */
#include <linux/mman.h>

#include "kernel/binprm.h"
#include "kernel/cred.h"
#include "kernel/errno.h"
#include "mm/mm.h"
#include "mm/uaccess.h"
#include "trap/trap.h"
#include "vfs/namei.h"

#define PROT_EXEC	0x4
#define PROT_WRITE	0x2
#define PROT_READ	0x1
#define ELF_ET_DYN_BASE (TASK_SIZE_MAX / 3 * 2)
#define PIE_RANDOM_BITS 28

#define USER_CS 0x33
#define USER_DS 0x2b
#define EFLAGS_IF 0x200

#define MMAP_PAGE_ZERO 0x0100000u

/* What is mapped of the file, and zeros behind it: first to the end of that page, then pages of their own. */
static int
map_segment(struct task *t, struct file *file, const struct load_segment *seg, uint64_t bias, uint32_t fixed)
{
	uint64_t start = seg->vaddr + bias, file_end = start + seg->file_len, end = ALIGN_UP(start + seg->mem_len, PAGE_SIZE);
	uint64_t anon = ALIGN_UP(file_end, PAGE_SIZE);
	int64_t r;

	if (seg->file_len) {
		r = do_mmap(t, file, start, seg->file_len, seg->prot, fixed | MAP_PRIVATE, seg->file_off >> PAGE_SHIFT);
		if (r < 0)
			return (int)r;
		/* Only a part of a page that can be written is cleared; in another one the file's bytes stay, as in Linux. */
		if (seg->mem_len > seg->file_len && (seg->prot & PROT_WRITE) && anon != file_end &&
		    clear_user(t, UADDR(file_end), anon - file_end))
			return -EFAULT;
	}
	if (end <= anon)
		return 0;
	r = do_mmap(t, NULL, anon, end - anon, PROT_READ | PROT_WRITE | (seg->prot & PROT_EXEC),
		    (seg->file_len ? (uint32_t)MAP_FIXED : fixed) | MAP_PRIVATE | MAP_ANONYMOUS, 0);
	return r < 0 ? (int)r : 0;
}

static int
map_segments(struct task *t, struct file *file, const struct load_plan *plan, uint64_t bias, uint32_t first)
{
	for (uint32_t i = 0; i < plan->nsegments; i++) {
		int err = map_segment(t, file, &plan->segments[i], bias, i ? (uint32_t)MAP_FIXED : first);

		if (err)
			return err;
	}
	return 0;
}

/* Room for the whole span in the mmap area, from which everything is unmapped again: nobody else maps here. */
static int
find_room(struct task *t, const struct load_plan *plan, uint64_t *at)
{
	uint64_t span = plan->max_vaddr - plan->min_vaddr, slack = plan->align - PAGE_SIZE, len;
	int64_t r;

	if (plan->align > TASK_SIZE_MAX || __builtin_add_overflow(span, slack, &len))
		return -ENOMEM;
	r = do_mmap(t, NULL, 0, len, 0, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, 0);
	if (r < 0)
		return (int)r;
	*at = ALIGN_UP((uint64_t)r, plan->align);
	return do_munmap(t, (uint64_t)r, len);
}

static int
map_anywhere(struct task *t, struct file *file, const struct load_plan *plan, uint64_t *bias)
{
	uint64_t at = 0;
	int err = find_room(t, plan, &at);

	if (err)
		return err;
	*bias = at - plan->min_vaddr;
	return map_segments(t, file, plan, *bias, MAP_FIXED);
}

static int
map_program(struct linux_binprm *bprm, uint64_t *bias)
{
	const struct load_plan *plan = &bprm->plan;
	struct task *t = bprm->t;
	uint64_t at;

	*bias = 0;
	if (plan->nsegments == 0)
		return plan->late_error;
	if (!plan->dyn)
		return map_segments(t, bprm->file, plan, 0, MAP_FIXED_NOREPLACE);
	if (!plan->has_interp)
		return map_anywhere(t, bprm->file, plan, bias);
	at = ELF_ET_DYN_BASE;
	if (exec_randomize(t))
		at += (bprm->load_random & ((1UL << PIE_RANDOM_BITS) - 1)) << PAGE_SHIFT;
	at = ALIGN_DOWN(at, plan->align);
	*bias = ALIGN_DOWN(at - plan->segments[0].vaddr, PAGE_SIZE);
	return map_segments(t, bprm->file, plan, *bias, MAP_FIXED_NOREPLACE);
}

static int
map_interpreter(struct linux_binprm *bprm, uint64_t *bias)
{
	const struct load_plan *plan = &bprm->interp_plan;

	*bias = 0;
	if (plan->late_error || plan->nsegments == 0)
		return plan->late_error ? plan->late_error : -EINVAL;
	/* In Linux's way: one at a fixed place takes it from the program. */
	if (!plan->dyn)
		return map_segments(bprm->t, bprm->interpreter, plan, 0, MAP_FIXED);
	return map_anywhere(bprm->t, bprm->interpreter, plan, bias);
}

static void
note_layout(struct linux_binprm *bprm, uint64_t bias)
{
	const struct load_plan *plan = &bprm->plan;
	struct task *t = bprm->t;
	struct mm *mm = t->mm;
	uint64_t brk = ALIGN_UP(plan->brk + bias, PAGE_SIZE);

	mm->start_code = plan->start_code + bias;
	mm->end_code = plan->end_code + bias;
	mm->start_data = plan->start_data + bias;
	mm->end_data = plan->end_data + bias;
	mm->static_image = !plan->dyn && !plan->has_interp;
	/* The heap of what lies in the mmap area goes where programs go, away from the mappings above it. */
	if (plan->dyn && !plan->has_interp && exec_randomize(t))
		brk = ALIGN_DOWN(ELF_ET_DYN_BASE, PAGE_SIZE);
	mm_set_brk(t, brk);
}

static void
start_thread(struct task *t, uint64_t entry, uint64_t sp)
{
	t->regs = (struct pt_regs){ .rip = entry, .rsp = sp, .cs = USER_CS, .ss = USER_DS, .eflags = EFLAGS_IF };
	t->regs.orig_rax = UINT64_MAX;
	t->regs_valid = true;
}

/* Does the entry point lie where a program may be at all? */
static bool
bad_entry(uint64_t entry)
{
	return entry >= TASK_SIZE_MAX;
}

static int
load_program(struct task *t, struct linux_binprm *bprm)
{
	uint64_t top, bias, interp_bias = 0, entry, sp;
	int err = mm_exec_layout(t, &top);

	/* The host chose the vDSO's place long ago: everything else has to go around it. */
	if (!err)
		err = mm_adopt_vdso(t);
	if (!err)
		err = mm_map_stack(t, top, bprm->plan.exec_stack);
	if (!err)
		err = map_program(bprm, &bias);
	if (!err)
		err = bprm->plan.late_error;
	if (err)
		return err;
	entry = bprm->plan.entry + bias;
	if (bprm->interpreter) {
		err = map_interpreter(bprm, &interp_bias);
		entry = bprm->interp_plan.entry + interp_bias;
	}
	if (!err && bad_entry(entry))
		err = -EINVAL;
	if (err)
		return err;
	note_layout(bprm, bias);
	err = bprm_setup_stack(bprm, top, bias, interp_bias, &sp);
	if (err)
		return err;
	if (t->personality & MMAP_PAGE_ZERO) {
		int64_t r = do_mmap(t, NULL, 0, PAGE_SIZE, PROT_READ | PROT_EXEC, MAP_FIXED | MAP_PRIVATE | MAP_ANONYMOUS, 0);

		ignore_err(r < 0, "SVR4's readable page 0 is a favour");
	}
	start_thread(t, entry, sp);
	return t->k->trap->xstate_reset(t);
}

int
exec_load(struct task *t, struct linux_binprm *bprm)
{
	int err = load_program(t, bprm);

	if (!err)
		bprm_release(t);
	return err;
}
