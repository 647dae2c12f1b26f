/* SPDX-License-Identifier: MIT
 *
 * Host signals in a guest thread: system calls that dispatch turned into SIGSYS, faults of the program, kicks. A frame is only ever
 * written by the host, into kernel memory. Program state is taken from it and restored by hand, never by rt_sigreturn; kernel code that was
 * interrupted goes on by rt_sigreturn.
 */
#include <asm/unistd.h>
#include <linux/audit.h>

#include "kernel/entry.h"
#include "mm/mm.h"
#include "mm/text.h"
#include "mm/uaccess-direct.h"
#include "trap/host.h"
#include "trap/resident/resident.h"

enum { HOST_SIGILL = 4, HOST_SIGTRAP = 5, HOST_SIGBUS = 7, HOST_SIGFPE = 8, HOST_SIGSEGV = 11, HOST_SIGSYS = 31 };

#define EFLAGS_TF 0x100UL

/* CF PF AF ZF SF TF DF OF AC ID: what a program may set. */
#define USER_EFLAGS 0x240dd5UL

/* struct sigcontext of asm/sigcontext.h, which cannot be included beside ours. */
struct host_sigcontext {
	uint64_t r8, r9, r10, r11, r12, r13, r14, r15, rdi, rsi, rbp, rbx, rdx, rax, rcx, rsp, rip, eflags;
	uint16_t cs, gs, fs, ss;
	uint64_t err, trapno, oldmask, cr2;
	uint8_t *fpstate;
	uint64_t reserved[8];
};

struct host_frame {
	uint64_t pretcode;
	uint64_t uc_flags;
	uint64_t uc_link;
	uint64_t ss_sp;
	uint64_t ss_flags;
	uint64_t ss_size;
	struct host_sigcontext mc;
	uint64_t sigmask;
	struct k_siginfo info;
};
_Static_assert(offsetof(struct host_frame, mc) == 8 + 40 && offsetof(struct host_frame, mc.rip) == FRAME_RIP,
	       "struct rt_sigframe of the host");

extern const char __start_ktext[], __stop_ktext[];

static struct sel_page *
this_sel(void)
{
	uint64_t gs;

	__asm__ volatile("rdgsbase %0" : "=r"(gs));
	return (struct sel_page *)(uintptr_t)(gs + RES_SEL_OFF);
}

static bool
in_kernel_text(uint64_t rip)
{
	return rip >= (uint64_t)(uintptr_t)__start_ktext && rip < (uint64_t)(uintptr_t)__stop_ktext;
}

static bool
in_final(uint64_t rip)
{
	return rip >= (uint64_t)(uintptr_t)resident_final_start && rip < (uint64_t)(uintptr_t)resident_final_end;
}

/* In the gate before it has disarmed dispatch. */
static bool
entering_gate(uint64_t rip)
{
	return rip >= (uint64_t)(uintptr_t)resident_gate && rip < (uint64_t)(uintptr_t)resident_gate_open;
}

/* Did it execute one instruction with TF set? */
static bool
is_step(int sig, const struct host_frame *f)
{
	return sig == HOST_SIGTRAP && f->info.si_code == 2 /* TRAP_TRACE */;
}

/* 0: kernel code was interrupted and goes on (its frame may have been mended); 1: program code, or the last steps back to it. */
int
resident_classify(int sig, void *frame)
{
	struct host_frame *f = frame;
	struct sel_page *sel = this_sel();
	uint64_t fixup;

	if (in_final(f->mc.rip))
		return 1;
	if (entering_gate(f->mc.rip)) {
		/* Not yet in: what it was kicked for is seen on the way out, and the next single step is behind the call. A fault
		 * there is the program's own (its %gs is not what it was). */
		if (sig != KICK_SIGNAL && !is_step(sig, f))
			return 1;
		if (sig != KICK_SIGNAL) {
			f->mc.eflags &= ~EFLAGS_TF;
			sel->rt->stepped = true;
		}
		sel->sel = 0;
		return 0;
	}
	if (sel->sel != 0)
		return 1; /* armed: whatever rip says, the program was running */
	if (sig == KICK_SIGNAL) {
		sel->rt->kicked = true;
		return 0;
	}
	fixup = in_kernel_text(f->mc.rip) ? uaccess_fixup(f->mc.rip) : 0;
	if (fixup && (sig == HOST_SIGSEGV || sig == HOST_SIGBUS)) {
		f->mc.rip = fixup;
		return 0;
	}
	kernel_panic(sel->rt->t->k, "BUG: signal %d in kernel code at image+%lx, address %lx", sig,
		     (unsigned long)(f->mc.rip - sel->rt->t->k->image_start), (unsigned long)f->info.fault.addr);
}

static void
take_registers(struct pt_regs *r, const struct host_sigcontext *c)
{
	r->r15 = c->r15;
	r->r14 = c->r14;
	r->r13 = c->r13;
	r->r12 = c->r12;
	r->rbp = c->rbp;
	r->rbx = c->rbx;
	r->r11 = c->r11;
	r->r10 = c->r10;
	r->r9 = c->r9;
	r->r8 = c->r8;
	r->rax = c->rax;
	r->rcx = c->rcx;
	r->rdx = c->rdx;
	r->rsi = c->rsi;
	r->rdi = c->rdi;
	r->rip = c->rip;
	r->eflags = c->eflags;
	r->rsp = c->rsp;
	r->cs = 0x33;
	r->ss = 0x2b;
	r->orig_rax = (uint64_t)-1;
	__asm__ volatile("rdfsbase %0" : "=r"(r->fs_base));
}

static void
serve_syscall(struct task *t)
{
	struct pt_regs *r = &t->regs;
	uint64_t a[6] = { r->rdi, r->rsi, r->rdx, r->r10, r->r8, r->r9 };
	struct trap_task *rt = rt_of(t);
	int64_t ret;

	r->orig_rax = r->rax;
	r->rcx = r->rip;
	r->r11 = r->eflags;
	ret = syscall_enter(t, r->orig_rax, a);
	if (rt_of(t) != rt) /* execve: the task goes on in another host process */
		resident_exec_go(t, rt);
	if (ret != SYSCALL_REGS_SET)
		r->rax = (uint64_t)ret;
}

/* The host has returned from its vsyscall page already. Only its three calls come this way (trap/resident/filter.c). */
static void
serve_vsyscall(struct task *t, int nr)
{
	struct pt_regs *r = &t->regs;
	uint64_t rcx = r->rcx, r11 = r->r11;

	r->rax = (uint64_t)nr;
	serve_syscall(t);
	r->rcx = rcx;
	r->r11 = r11;
}

/* The x86 page fault error code. */
static unsigned int
fault_access(uint64_t err)
{
	return err & 16 ? MM_FAULT_EXEC : err & 2 ? MM_FAULT_WRITE : MM_FAULT_READ;
}

static void
serve_fault(struct task *t, int sig, struct k_siginfo *info, uint64_t err)
{
	int code = info->si_code;
	uint64_t rip;
	bool entered;

	if (code <= 0)
		return; /* somebody on the host sent it */
	if (is_page_fault(sig, code)) {
		/* A key fault is kernel memory: to the program it is as if nothing were mapped there. */
		if (mm_fault(t, info->fault.addr, fault_access(err), &sig, &code))
			return;
		memset((char *)info + 24, 0, sizeof(*info) - 24);
		info->si_signo = sig;
		info->si_code = code;
	}
	if (sig == HOST_SIGILL && t->k->vet_text && text_emulate(t))
		return;
	rip = text_origin(t, t->regs.rip, &entered);
	if (sig == HOST_SIGTRAP && code == 2 /* TRAP_TRACE */ && entered) {
		/* The jump here is no step of the program's; it would be sent back to it again and again. */
		if (READ_ONCE(t->work))
			t->regs.rip = rip;
		return;
	}
	if (sig != HOST_SIGSEGV && sig != HOST_SIGBUS && info->fault.addr == t->regs.rip)
		info->fault.addr = rip;
	t->regs.rip = rip;
	force_sig_info(t, info);
}

/*
 * A jump to the entry with a stack pointer into the arena: it was counted as a thread without a task, but has one. If the host process is
 * being killed, that happens here, where it holds nothing and is in program code as far as anybody knows.
 */
static void
uncount_spinner(int sig, struct trap_task *rt, const struct host_sigcontext *c)
{
	struct trap_space *space = rt->proc->space;

	if (sig != KICK_SIGNAL || c->rip - (uint64_t)(uintptr_t)resident_spin_start >= (uint64_t)(resident_spin_end - resident_spin_start) ||
	    c->rdx != (uint64_t)(uintptr_t)space || c->rcx != (uint64_t)(uintptr_t)&rt->t->k->resident->doomed)
		return;
	__atomic_sub_fetch(&space->spinning, 1, __ATOMIC_SEQ_CST);
	while (__atomic_load_n(&space->ending, __ATOMIC_SEQ_CST))
		host_futex_wait(&space->ending, 1, INT64_MAX);
}

void
resident_from_program(int sig, void *frame)
{
	struct host_frame *f = frame;
	struct sel_page *sel = this_sel();
	struct trap_task *rt = sel->rt;
	struct task *t = rt->t;
	struct k_siginfo info = f->info;
	uint64_t none = 0;
	bool leaving = in_final(f->mc.rip), entered;

	sel->sel = 0;
	uncount_spinner(sig, rt, &f->mc);
	__atomic_store_n(&t->mode, MODE_KERNEL, __ATOMIC_SEQ_CST);
	host_call4(__NR_rt_sigprocmask, 2 /* SIG_SETMASK */, &none, NULL, 8);
	rt->xframe = f->mc.fpstate;
	rt->rearm = true;
	t->syscall_nr = -1;
	if (!leaving)
		take_registers(&t->regs, &f->mc);
	if (sig != KICK_SIGNAL && sig != HOST_SIGSYS) {
		t->trapno = f->mc.trapno;
		t->err = f->mc.err;
		if (f->mc.trapno == 14)
			t->cr2 = f->mc.cr2;
	}
	t->regs_valid = true;
	if (!leaving && sig == HOST_SIGSYS && info.si_code == 2 /* SYS_USER_DISPATCH */) {
		if (info.sys.arch == AUDIT_ARCH_X86_64)
			serve_syscall(t);
		else
			force_sig_fault(t, HOST_SIGSEGV, 128, 0); /* int 0x80 on a kernel without it */
	} else if (!leaving && sig == HOST_SIGSYS && info.si_code == 1 /* SYS_SECCOMP */) {
		serve_vsyscall(t, info.sys.syscall);
	} else if (!leaving && sig != KICK_SIGNAL) {
		serve_fault(t, sig, &info, f->mc.err);
	} else if (!leaving) {
		t->regs.rip = text_origin(t, t->regs.rip, &entered);
	}
	resident_return(t);
}

void
resident_redo(struct task *t)
{
	this_sel()->sel = 0;
	__atomic_store_n(&t->mode, MODE_KERNEL, __ATOMIC_SEQ_CST);
	resident_return(t);
}

/*
 * A call that came through the gate. Returns where to look for a kick if the task can go straight back with what is in t->regs;
 * anything else takes the long way and does not return here.
 */
bool *
resident_gate_call(uint64_t nr, struct trap_task *rt)
{
	struct task *t = rt->t;
	struct pt_regs *r = &t->regs;
	const uint64_t a[6] = { r->rdi, r->rsi, r->rdx, r->r10, r->r8, r->r9 };
	uint64_t fs_base;
	int64_t ret;

	__atomic_store_n(&t->mode, MODE_KERNEL, __ATOMIC_RELAXED);
	rt->kicked = false;
	__asm__ volatile("rdfsbase %0" : "=r"(fs_base));
	r->fs_base = fs_base;
	r->rax = nr;
	r->cs = 0x33;
	r->ss = 0x2b;
	t->regs_valid = true;
	if (unlikely(rt->stepped)) {
		rt->stepped = false;
		r->eflags |= EFLAGS_TF;
		r->r11 |= EFLAGS_TF;
	}
	ret = syscall_enter(t, nr, a);
	if (unlikely(rt_of(t) != rt))
		resident_exec_go(t, rt);
	if (unlikely(ret == SYSCALL_REGS_SET))
		resident_return(t);
	r->rax = (uint64_t)ret;
	if (unlikely((ret < 0 && ret >= -ERESTART_RESTARTBLOCK && ret <= -ERESTARTSYS) || rt->xframe || r->fs_base != fs_base ||
		     (r->eflags & 0x40500) || !exit_to_user_fast(t)))
		resident_return(t);
	r->orig_rax = (uint64_t)-1;
	return &rt->kicked;
}

static void
rearm(struct trap_task *rt)
{
	struct {
		uint64_t sp;
		uint64_t flags;
		uint64_t size;
	} ss = { (uint64_t)(uintptr_t)rt->alt, 1U << 31 /* SS_AUTODISARM */, ALT_PAGES * PAGE_SIZE };

	host_call2(__NR_sigaltstack, &ss, NULL);
	rt->rearm = false;
}

void
resident_return(struct task *t)
{
	struct trap_task *rt = rt_of(t);

	rt->kicked = false;
	if (!exit_to_user(t))
		t->k->trap->exit(t);
	rt = rt_of(t);
	t->regs_valid = false;
	if (rt->xframe)
		resident_xrstor(t->k->resident, rt->xframe);
	rt->xframe = NULL;
	if (rt->rearm)
		rearm(rt);
	t->regs.eflags = (t->regs.eflags & USER_EFLAGS) | 0x202;
	t->regs.orig_rax = (uint64_t)-1;
	__asm__ volatile("wrfsbase %0" : : "r"(t->regs.fs_base));
	resident_final(t, &rt->kicked);
}
