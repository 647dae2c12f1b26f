/* SPDX-License-Identifier: MIT
 *
 * prctl(2), arch_prctl(2), personality(2).
 *
 * Left out (EINVAL, as a kernel without them): seccomp, PR_SET_MM, PR_SET_VMA, Yama, speculation control, core scheduling,
 * PR_TSC_SIGSEGV.
 */
#include <asm/prctl.h>
#include <linux/capability.h>
#include <linux/prctl.h>
#include <linux/securebits.h>

#include "kernel/cred.h"
#include "kernel/task.h"
#include "mm/mm.h"
#include "mm/uaccess.h"
#include "syscalls/proto.h"
#include "trap/trap.h"

#ifndef PR_GET_AUXV
#define PR_GET_AUXV 0x41555856
#endif

#ifndef PR_SET_MDWE
#define PR_SET_MDWE		 65
#define PR_GET_MDWE		 66
#define PR_MDWE_REFUSE_EXEC_GAIN 1u
#endif
#ifndef PR_MDWE_NO_INHERIT
#define PR_MDWE_NO_INHERIT 2u
#endif

#define CAP_MAX		    40

static int64_t
set_dumpable(struct task *t, uint64_t v)
{
	if (v > 1)
		return -EINVAL;
	t->mm->dumpable = v != 0;
	return 0;
}

static int64_t
set_name(struct task *t, uaddr_t u)
{
	char comm[sizeof(t->comm)];
	int64_t n = strncpy_from_user(t, comm, u, sizeof(comm) - 1);

	if (n == -EFAULT)
		return -EFAULT;
	comm[n >= 0 ? (size_t)n : sizeof(comm) - 1] = '\0';
	set_task_comm(t, comm);
	return 0;
}

static int64_t
get_name(struct task *t, uaddr_t u)
{
	char comm[sizeof(t->comm)];

	mutex_lock(&t->alloc_lock);
	memcpy(comm, t->comm, sizeof(comm));
	mutex_unlock(&t->alloc_lock);
	return copy_to_user(t, u, comm, sizeof(comm));
}

/* Every process below a subreaper knows that there is one above it, so that others need not look. */
static void
mark_descendants(struct task *t)
{
	struct kernel *k = t->k;
	struct task *p, *a;

	for_each_process (k, p) {
		for (a = p->real_parent; a != k->init_task; a = a->real_parent) {
			if (same_thread_group(a, t)) {
				p->signal->has_child_subreaper = true;
				break;
			}
		}
	}
}

static int64_t
set_child_subreaper(struct task *t, uint64_t on)
{
	mutex_guard(&t->k->tasklist_lock);

	t->signal->is_child_subreaper = on != 0;
	if (on)
		mark_descendants(t);
	return 0;
}

/* Changes of t->cred by one field each. */
static int64_t
change_securebits(struct task *t, uint32_t bits)
{
	struct cred *new = prepare_creds(t);

	if (!new)
		return -ENOMEM;
	new->securebits = bits;
	commit_creds(t, new);
	return 0;
}

static int64_t
set_keepcaps(struct task *t, uint64_t on)
{
	uint32_t bits = t->cred->securebits;

	if (on > 1)
		return -EINVAL;
	if (bits & SECBIT_KEEP_CAPS_LOCKED)
		return -EPERM;
	return change_securebits(t, on ? bits | SECBIT_KEEP_CAPS : bits & ~SECBIT_KEEP_CAPS);
}

static int64_t
set_securebits(struct task *t, uint64_t v)
{
	uint32_t old = t->cred->securebits;

	/* a locked bit stays as it is, a lock is never opened, and there are no other bits */
	if ((((old & SECURE_ALL_LOCKS) >> 1) & (old ^ v)) || (old & SECURE_ALL_LOCKS & ~v) ||
	    (v & ~(uint64_t)(SECURE_ALL_LOCKS | SECURE_ALL_BITS)) || !capable(t, CAP_SETPCAP))
		return -EPERM;
	return change_securebits(t, (uint32_t)v);
}

static int64_t
drop_bset(struct task *t, uint64_t cap)
{
	struct cred *new;

	if (!capable(t, CAP_SETPCAP))
		return -EPERM;
	if (cap > CAP_MAX)
		return -EINVAL;
	new = prepare_creds(t);
	if (!new)
		return -ENOMEM;
	new->cap_bset &= ~(1ULL << cap);
	commit_creds(t, new);
	return 0;
}

static int64_t
cap_ambient(struct task *t, uint64_t op, uint64_t cap, uint64_t a4, uint64_t a5)
{
	const struct cred *c = t->cred;
	struct cred *new;

	if (op == PR_CAP_AMBIENT_CLEAR_ALL) {
		if (cap || a4 || a5)
			return -EINVAL;
	} else if (a4 || a5 || cap > CAP_MAX) {
		return -EINVAL;
	}
	if (op == PR_CAP_AMBIENT_IS_SET)
		return (c->cap_ambient >> cap) & 1;
	if (op != PR_CAP_AMBIENT_RAISE && op != PR_CAP_AMBIENT_LOWER && op != PR_CAP_AMBIENT_CLEAR_ALL)
		return -EINVAL;
	if (op == PR_CAP_AMBIENT_RAISE &&
	    (!((c->cap_permitted >> cap) & 1) || !((c->cap_inheritable >> cap) & 1) || (c->securebits & SECBIT_NO_CAP_AMBIENT_RAISE)))
		return -EPERM;
	new = prepare_creds(t);
	if (!new)
		return -ENOMEM;
	if (op == PR_CAP_AMBIENT_CLEAR_ALL)
		new->cap_ambient = 0;
	else if (op == PR_CAP_AMBIENT_RAISE)
		new->cap_ambient |= 1ULL << cap;
	else
		new->cap_ambient &= ~(1ULL << cap);
	commit_creds(t, new);
	return 0;
}

static int64_t
get_auxv(struct task *t, uaddr_t u, uint64_t len)
{
	if (copy_to_user(t, u, t->mm->saved_auxv, MIN(len, sizeof(t->mm->saved_auxv))))
		return -EFAULT;
	return sizeof(t->mm->saved_auxv);
}

/* What to do at a machine check, which only the host sees: kept. */
static int64_t
set_mce_kill(struct task *t, uint64_t op, uint64_t policy, uint64_t a4, uint64_t a5)
{
	if (a4 || a5 || op > PR_MCE_KILL_SET || (op == PR_MCE_KILL_CLEAR && policy) || policy > PR_MCE_KILL_DEFAULT)
		return -EINVAL;
	t->mce_kill = op == PR_MCE_KILL_CLEAR || policy == PR_MCE_KILL_DEFAULT ? 0 : (uint8_t)(policy + 1);
	return 0;
}

/* Nothing is written back here to make room: that a task says it does the writing is kept. */
static int64_t
io_flusher(struct task *t, bool set, uint64_t on, uint64_t a3, uint64_t a4, uint64_t a5)
{
	if (!capable(t, CAP_SYS_RESOURCE))
		return -EPERM;
	if (a3 || a4 || a5 || on > set)
		return -EINVAL;
	if (set)
		t->io_flusher = on != 0;
	return set ? 0 : t->io_flusher;
}

static int64_t
set_mdwe(struct mm *mm, uint64_t bits, uint64_t a3, uint64_t a4, uint64_t a5)
{
	uint8_t old = READ_ONCE(mm->mdwe);

	if (a3 || a4 || a5 || (bits & ~(uint64_t)(PR_MDWE_REFUSE_EXEC_GAIN | PR_MDWE_NO_INHERIT)) || bits == PR_MDWE_NO_INHERIT)
		return -EINVAL;
	if (old && old != bits)
		return -EPERM;
	if (bits)
		WRITE_ONCE(mm->mdwe, (uint8_t)bits);
	return 0;
}

/* Options that act on credentials and privileges; -EINVAL for all others. */
static int64_t
prctl_security(struct task *t, int option, uint64_t a2, uint64_t a3, uint64_t a4, uint64_t a5)
{
	switch (option) {
	case PR_GET_KEEPCAPS:
		return (t->cred->securebits & SECBIT_KEEP_CAPS) != 0;
	case PR_SET_KEEPCAPS:
		return set_keepcaps(t, a2);
	case PR_GET_SECUREBITS:
		return t->cred->securebits;
	case PR_SET_SECUREBITS:
		return set_securebits(t, a2);
	case PR_CAPBSET_READ:
		return a2 > CAP_MAX ? -EINVAL : (int64_t)((t->cred->cap_bset >> a2) & 1);
	case PR_CAPBSET_DROP:
		return drop_bset(t, a2);
	case PR_CAP_AMBIENT:
		return cap_ambient(t, a2, a3, a4, a5);
	case PR_GET_SECCOMP:
		return 0;
	case PR_SET_NO_NEW_PRIVS:
		if (a2 != 1 || a3 || a4 || a5)
			return -EINVAL;
		t->no_new_privs = true;
		return 0;
	case PR_GET_NO_NEW_PRIVS:
		return a2 || a3 || a4 || a5 ? -EINVAL : t->no_new_privs;
	default:
		return -EINVAL;
	}
}

int64_t
sys_prctl(struct task *t, int option, uint64_t a2, uint64_t a3, uint64_t a4, uint64_t a5)
{
	switch (option) {
	case PR_SET_PDEATHSIG:
		if (a2 > K_NSIG)
			return -EINVAL;
		t->pdeath_signal = (int)a2;
		return 0;
	case PR_GET_PDEATHSIG:
		return put_user_u32(t, (uint32_t)t->pdeath_signal, UADDR(a2));
	case PR_GET_DUMPABLE:
		return t->mm->dumpable;
	case PR_SET_DUMPABLE:
		return set_dumpable(t, a2);
	case PR_SET_NAME:
		return set_name(t, UADDR(a2));
	case PR_GET_NAME:
		return get_name(t, UADDR(a2));
	case PR_GET_TIMING:
		return PR_TIMING_STATISTICAL;
	case PR_SET_TIMING:
		return a2 == PR_TIMING_STATISTICAL ? 0 : -EINVAL;
	case PR_GET_TSC:
		return put_user_u32(t, PR_TSC_ENABLE, UADDR(a2));
	case PR_SET_TSC:
		return a2 == PR_TSC_ENABLE ? 0 : -EINVAL; /* kernel code reads it in the program's own thread */
	case PR_MCE_KILL:
		return set_mce_kill(t, a2, a3, a4, a5);
	case PR_MCE_KILL_GET:
		return a2 || a3 || a4 || a5 ? -EINVAL : t->mce_kill ? t->mce_kill - 1 : PR_MCE_KILL_DEFAULT;
	case PR_SET_TIMERSLACK:
		t->timer_slack_ns = (int64_t)a2 <= 0 ? t->default_timer_slack_ns : a2;
		return 0;
	case PR_GET_TIMERSLACK:
		return (int64_t)t->timer_slack_ns;
	case PR_SET_CHILD_SUBREAPER:
		return set_child_subreaper(t, a2);
	case PR_GET_CHILD_SUBREAPER:
		return put_user_u32(t, t->signal->is_child_subreaper, UADDR(a2));
	case PR_GET_TID_ADDRESS:
		return put_user_u64(t, t->clear_child_tid.a, UADDR(a2));
	case PR_SET_THP_DISABLE:
		if (a3 || a4 || a5)
			return -EINVAL;
		t->thp_disable = a2 != 0;
		return 0;
	case PR_GET_THP_DISABLE:
		return a2 || a3 || a4 || a5 ? -EINVAL : t->thp_disable;
	case PR_SET_IO_FLUSHER:
	case PR_GET_IO_FLUSHER:
		return io_flusher(t, option == PR_SET_IO_FLUSHER, a2, a3, a4, a5);
	case PR_SET_MDWE:
		return set_mdwe(t->mm, a2, a3, a4, a5);
	case PR_GET_MDWE:
		return a2 || a3 || a4 || a5 ? -EINVAL : READ_ONCE(t->mm->mdwe);
	case PR_GET_AUXV:
		return a4 || a5 ? -EINVAL : get_auxv(t, UADDR(a2), a3);
	default:
		return prctl_security(t, option, a2, a3, a4, a5);
	}
}

int64_t
sys_arch_prctl(struct task *t, int code, uint64_t addr)
{
	switch (code) {
	case ARCH_SET_FS:
		if (addr >= TASK_SIZE_MAX)
			return -EPERM;
		t->regs.fs_base = addr;
		return 0;
	case ARCH_SET_GS:
		/* under the resident trap %gs is the kernel's */
		if (addr >= TASK_SIZE_MAX || !strcmp(t->k->trap->name, "resident"))
			return -EPERM;
		t->regs.gs_base = addr;
		return 0;
	case ARCH_GET_FS:
		return put_user_u64(t, t->regs.fs_base, UADDR(addr));
	case ARCH_GET_GS:
		return put_user_u64(t, t->regs.gs_base, UADDR(addr));
	case ARCH_GET_CPUID:
		return 1;
	case ARCH_SET_CPUID:
		return -ENODEV;
	default:
		return -EINVAL;
	}
}

int64_t
sys_personality(struct task *t, unsigned int persona)
{
	uint32_t old = t->personality;

	if (persona != 0xffffffff)
		t->personality = persona;
	return old;
}
