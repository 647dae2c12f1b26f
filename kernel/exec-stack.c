/* SPDX-License-Identifier: MIT
 *
 * exec: the first stack of a program, as Linux lays it out. From the top down: a null word, the file name (AT_EXECFN), the
 * environment's strings, the arguments' strings, up to 8 KiB of random gap, the platform's name, the bytes of AT_RANDOM; then, with
 * the stack pointer aligned to 16, argc, argv, NULL, envp, NULL and the auxiliary vector.
 */
#include <linux/auxvec.h>

#include "kernel/binprm.h"
#include "kernel/cred.h"
#include "kernel/errno.h"
#include "mm/mm.h"
#include "mm/uaccess.h"
#include "trap/trap.h"

#define AUXV_ENTRIES 24
#define CLOCK_TICKS  100

/* What Linux counts for a signal frame beside the xsave image: frame, alignment of both, the second magic word. */
#define SIGFRAME_BYTES 440
#define SIGFRAME_PAD   (15 + 63 + 4)

struct stack {
	struct linux_binprm *bprm;
	uint64_t arg_start, env_start, env_end; /* the strings */
	uint64_t execfn, platform, random;
};

static uint32_t
cpu_features(void)
{
	uint32_t a = 1, b, c = 0, d;

	__asm__ volatile("cpuid" : "+a"(a), "=b"(b), "+c"(c), "=d"(d));
	return d;
}

static unsigned int
fill_auxv(const struct stack *s, uint64_t *auxv, uint64_t bias, uint64_t interp_base)
{
	const struct linux_binprm *bprm = s->bprm;
	const struct load_plan *plan = &bprm->plan;
	struct task *t = bprm->t;
	unsigned int n = 0;

#define AUX(type, value) (auxv[n++] = (type), auxv[n++] = (uint64_t)(value))
	if (t->mm->vdso)
		AUX(AT_SYSINFO_EHDR, t->mm->vdso);
	AUX(AT_MINSIGSTKSZ, ALIGN_UP(SIGFRAME_BYTES + SIGFRAME_PAD + t->k->trap->xstate_size(t), 16UL));
	AUX(AT_HWCAP, cpu_features());
	AUX(AT_PAGESZ, PAGE_SIZE);
	AUX(AT_CLKTCK, CLOCK_TICKS);
	AUX(AT_PHDR, plan->phdr_vaddr + bias);
	AUX(AT_PHENT, plan->phentsize);
	AUX(AT_PHNUM, plan->phnum);
	AUX(AT_BASE, interp_base);
	AUX(AT_FLAGS, 0);
	AUX(AT_ENTRY, plan->entry + bias);
	AUX(AT_UID, t->cred->uid);
	AUX(AT_EUID, t->cred->euid);
	AUX(AT_GID, t->cred->gid);
	AUX(AT_EGID, t->cred->egid);
	AUX(AT_SECURE, bprm->secureexec);
	AUX(AT_RANDOM, s->random);
	AUX(AT_HWCAP2, 0); /* no FSGSBASE: %gs is not a program's */
	AUX(AT_EXECFN, s->execfn);
	AUX(AT_PLATFORM, s->platform);
	AUX(AT_NULL, 0);
#undef AUX
	return n;
}

/* The strings and the words behind them; @p goes down. */
static int
put_strings(struct stack *s, uint64_t *p)
{
	static const char platform[] = "x86_64";
	struct linux_binprm *bprm = s->bprm;
	struct task *t = bprm->t;
	size_t name = strlen(bprm->filename) + 1;

	*p -= sizeof(uint64_t);
	s->execfn = s->env_end = *p -= name;
	s->arg_start = *p -= bprm->strings_len;
	s->env_start = s->arg_start + bprm->arg_len;
	if (exec_randomize(t))
		*p -= bprm->stack_random % 8192;
	*p &= ~15UL;
	s->platform = *p -= sizeof(platform);
	s->random = *p -= sizeof(bprm->random);
	if (copy_to_user(t, UADDR(s->execfn), bprm->filename, name) ||
	    copy_to_user(t, UADDR(s->arg_start), bprm->strings, bprm->strings_len) ||
	    copy_to_user(t, UADDR(s->platform), platform, sizeof(platform)) ||
	    copy_to_user(t, UADDR(s->random), bprm->random, sizeof(bprm->random)))
		return -EFAULT;
	return 0;
}

/* Pointers to @count strings that begin at @at, ended by NULL. */
static uint64_t *
put_pointers(const struct stack *s, uint64_t *w, uint64_t at, int count)
{
	const char *strings = s->bprm->strings;

	while (count-- > 0) {
		*w++ = at;
		at += strlen(strings + (at - s->arg_start)) + 1;
	}
	*w++ = 0;
	return w;
}

int
bprm_setup_stack(struct linux_binprm *bprm, uint64_t top, uint64_t bias, uint64_t interp_base, uint64_t *sp)
{
	struct task *t = bprm->t;
	struct mm *mm = t->mm;
	struct stack s = { .bprm = bprm };
	uint64_t auxv[2 * AUXV_ENTRIES], *table, *w, p = top;
	size_t pointers = (size_t)bprm->argc + (size_t)bprm->envc + 3, naux, bytes;
	int err = put_strings(&s, &p);

	if (err)
		return err;
	naux = fill_auxv(&s, auxv, bias, interp_base);
	p = (p - naux * sizeof(uint64_t) - pointers * sizeof(uint64_t)) & ~15UL;
	bytes = (pointers + naux) * sizeof(uint64_t);
	table = kmalloc(t->k, bytes);
	if (!table)
		return -ENOMEM;
	w = table;
	*w++ = (uint64_t)bprm->argc;
	w = put_pointers(&s, w, s.arg_start, bprm->argc);
	w = put_pointers(&s, w, s.env_start, bprm->envc);
	memcpy(w, auxv, naux * sizeof(uint64_t));
	err = copy_to_user(t, UADDR(p), table, bytes);
	kfree(t->k, table);
	if (err)
		return err;

	mm->arg_start = s.arg_start;
	mm->arg_end = mm->env_start = s.env_start;
	mm->env_end = s.env_end;
	mm->start_stack = p;
	memset(mm->saved_auxv, 0, sizeof(mm->saved_auxv));
	memcpy(mm->saved_auxv, auxv, naux * sizeof(uint64_t));
	*sp = p;
	return 0;
}
