/* SPDX-License-Identifier: MIT
 *
 * The signal frame of x86-64 and its way back, rt_sigreturn(2). What is on the user stack when a handler starts, from its rsp up:
 *
 *	restorer's address | struct ucontext | siginfo | (up to 64-byte alignment) xsave image | 128 bytes of red zone, unless on the
 *	alternate stack
 *
 * The extended state is the trap's: xstate_save() writes a complete image as a signal frame has it: legacy area with
 * struct _fpx_sw_bytes (FP_XSTATE_MAGIC1, sizes, features) in its reserved bytes, xsave header, components, FP_XSTATE_MAGIC2
 * behind it; xstate_restore() takes such an image, which a program may have forged, and checks it.
 *
 * A program may forge all of a frame: rflags are masked, and what the processor would refuse on the way back (segments, an instruction
 * pointer outside user memory) is the fault that it would be. Registers never hold such values.
 *
 * Left out: going on in 32-bit code, which is refused like other segments.
 */
#include <linux/signal.h>

#include "kernel/entry.h"
#include "kernel/jobctl.h"
#include "mm/uaccess.h"
#include "trap/trap.h"

#define UC_FP_XSTATE	     0x1
#define UC_SIGCONTEXT_SS     0x2
#define UC_STRICT_RESTORE_SS 0x4

#define USER_CS 0x33
#define USER_SS 0x2b

#define RED_ZONE 128

#define X86_TRAP_GP	13
#define X86_TRAP_PF	14
#define PF_FETCH_KERNEL 0x15 /* of an instruction, by a program, where there is something it may not have */

#define X86_EFLAGS_CF 0x1u
#define X86_EFLAGS_PF 0x4u
#define X86_EFLAGS_AF 0x10u
#define X86_EFLAGS_ZF 0x40u
#define X86_EFLAGS_SF 0x80u
#define X86_EFLAGS_TF 0x100u
#define X86_EFLAGS_DF 0x400u
#define X86_EFLAGS_OF 0x800u
#define X86_EFLAGS_RF 0x10000u
#define X86_EFLAGS_AC 0x40000u
/* what rt_sigreturn takes from the frame */
#define FIX_EFLAGS                                                                                                        \
	(X86_EFLAGS_AC | X86_EFLAGS_OF | X86_EFLAGS_DF | X86_EFLAGS_TF | X86_EFLAGS_SF | X86_EFLAGS_ZF | X86_EFLAGS_AF |      \
	 X86_EFLAGS_PF | X86_EFLAGS_CF | X86_EFLAGS_RF)

struct frame_sigcontext {
	uint64_t r8, r9, r10, r11, r12, r13, r14, r15, di, si, bp, bx, dx, ax, cx, sp, ip, flags;
	uint16_t cs, gs, fs, ss;
	uint64_t err, trapno, oldmask, cr2, fpstate;
	uint64_t reserved[8];
};

struct frame_stack {
	uint64_t sp;
	uint32_t flags, pad;
	uint64_t size;
};

struct frame_ucontext {
	uint64_t flags, link;
	struct frame_stack stack;
	struct frame_sigcontext mcontext;
	ksigset_t sigmask;
};

struct rt_sigframe {
	uint64_t pretcode;
	struct frame_ucontext uc;
	struct k_siginfo info;
};

_Static_assert(sizeof(struct frame_sigcontext) == 256, "struct sigcontext_64");
_Static_assert(sizeof(struct frame_ucontext) == 304, "struct ucontext");
_Static_assert(sizeof(struct rt_sigframe) == 440, "struct rt_sigframe");

static bool
on_sig_stack(const struct task *t, uint64_t sp)
{
	/* with SS_AUTODISARM the stack is switched to anew every time */
	if (t->sas_ss_flags & SS_AUTODISARM)
		return false;
	return sp > t->sas_ss_sp && sp - t->sas_ss_sp <= t->sas_ss_size;
}

uint32_t
sas_ss_state(const struct task *t, uint64_t sp)
{
	if (!t->sas_ss_size)
		return SS_DISABLE;
	return on_sig_stack(t, sp) ? SS_ONSTACK : 0;
}

void
sas_ss_reset(struct task *t)
{
	t->sas_ss_sp = t->sas_ss_size = 0;
	t->sas_ss_flags = SS_DISABLE;
}

/* Where the frame and the extended state go. Returns false if an alternate stack is too small for them. */
static bool
place_frame(struct task *t, const struct k_sigaction *act, uint64_t *frame, uint64_t *fpstate)
{
	uint64_t sp = t->regs.rsp - RED_ZONE;
	bool nested = on_sig_stack(t, t->regs.rsp), entering = false;
	uint64_t xsize = t->k->trap->xstate_size(t);

	if ((act->flags & SA_ONSTACK) && sas_ss_state(t, sp) == 0) {
		sp = t->sas_ss_sp + t->sas_ss_size;
		entering = true;
	}
	sp = ALIGN_DOWN(sp - xsize, 64UL);
	*fpstate = sp;
	sp -= sizeof(struct rt_sigframe);
	/* at the handler's first instruction rsp + 8 is a multiple of 16, as after a call */
	sp = ALIGN_DOWN(sp, 16UL) - 8;
	*frame = sp;
	if ((nested || entering) && !(sp > t->sas_ss_sp && sp - t->sas_ss_sp <= t->sas_ss_size))
		return false;
	return true;
}

static void
fill_sigcontext(struct frame_sigcontext *sc, const struct task *t, ksigset_t mask, uint64_t fpstate)
{
	const struct pt_regs *r = &t->regs;

	*sc = (struct frame_sigcontext){
		.r8 = r->r8, .r9 = r->r9, .r10 = r->r10, .r11 = r->r11, .r12 = r->r12, .r13 = r->r13, .r14 = r->r14, .r15 = r->r15,
		.di = r->rdi, .si = r->rsi, .bp = r->rbp, .bx = r->rbx, .dx = r->rdx, .ax = r->rax, .cx = r->rcx, .sp = r->rsp,
		.ip = r->rip, .flags = r->eflags, .cs = (uint16_t)r->cs, .ss = (uint16_t)r->ss,
		.err = t->err, .trapno = t->trapno, .oldmask = mask, .cr2 = t->cr2, .fpstate = fpstate,
	};
}

int
setup_rt_frame(struct task *t, int sig, const struct k_siginfo *info, const struct k_sigaction *act)
{
	bool saved = (__atomic_load_n(&t->work, __ATOMIC_SEQ_CST) & WORK_RESTORE_MASK) != 0;
	ksigset_t mask = saved ? t->saved_sigmask : t->blocked;
	struct rt_sigframe f;
	uint64_t frame, fpstate;

	if (!(act->flags & SA_RESTORER) || !place_frame(t, act, &frame, &fpstate))
		return -EFAULT;
	if (t->k->trap->xstate_save(t, fpstate))
		return -EFAULT;
	memset(&f, 0, sizeof(f));
	f.pretcode = act->restorer;
	f.uc.flags = UC_FP_XSTATE | UC_SIGCONTEXT_SS | UC_STRICT_RESTORE_SS;
	f.uc.stack = (struct frame_stack){ .sp = t->sas_ss_sp, .flags = t->sas_ss_flags, .size = t->sas_ss_size };
	fill_sigcontext(&f.uc.mcontext, t, mask, fpstate);
	f.uc.sigmask = mask;
	if (act->flags & SA_SIGINFO)
		f.info = *info;
	/* without SA_SIGINFO the place for it is left as it was */
	if (copy_to_user(t, UADDR(frame), &f, act->flags & SA_SIGINFO ? sizeof(f) : offsetof(struct rt_sigframe, info)))
		return -EFAULT;

	t->regs.rdi = (uint64_t)sig;
	t->regs.rax = 0;
	t->regs.rsi = frame + offsetof(struct rt_sigframe, info);
	t->regs.rdx = frame + offsetof(struct rt_sigframe, uc);
	t->regs.rip = act->handler;
	t->regs.rsp = frame;
	t->regs.cs = USER_CS;
	t->regs.ss = USER_SS;
	t->regs.eflags &= ~(uint64_t)(X86_EFLAGS_DF | X86_EFLAGS_RF | X86_EFLAGS_TF);
	return t->k->trap->xstate_reset(t);
}

static void
restore_sigcontext(struct task *t, const struct frame_sigcontext *sc)
{
	struct pt_regs *r = &t->regs;

	r->r8 = sc->r8;
	r->r9 = sc->r9;
	r->r10 = sc->r10;
	r->r11 = sc->r11;
	r->r12 = sc->r12;
	r->r13 = sc->r13;
	r->r14 = sc->r14;
	r->r15 = sc->r15;
	r->rdi = sc->di;
	r->rsi = sc->si;
	r->rbp = sc->bp;
	r->rbx = sc->bx;
	r->rdx = sc->dx;
	r->rax = sc->ax;
	r->rcx = sc->cx;
	r->rsp = sc->sp;
	r->rip = sc->ip;
	r->eflags = (r->eflags & ~(uint64_t)FIX_EFLAGS) | (sc->flags & FIX_EFLAGS);
	r->cs = USER_CS;
	r->ss = USER_SS;
	r->orig_rax = (uint64_t)-1; /* not in a call: nothing is restarted */
}

int
restore_altstack(struct task *t, uint64_t sp, uint64_t ss_sp, uint32_t ss_flags, uint64_t ss_size)
{
	uint32_t mode = ss_flags & ~SS_AUTODISARM;

	if (on_sig_stack(t, sp))
		return -EPERM;
	if (mode != SS_DISABLE && mode != SS_ONSTACK && mode != 0)
		return -EINVAL;
	if (mode == SS_DISABLE) {
		ss_sp = ss_size = 0;
	} else if (ss_size < MINSIGSTKSZ) {
		return -ENOMEM;
	}
	t->sas_ss_sp = ss_sp;
	t->sas_ss_size = ss_size;
	t->sas_ss_flags = ss_flags;
	return 0;
}

/* The fault of an iret to @cs, @ss and t->regs.rip, or of the first fetch there, if it would be one. */
static void
check_return(struct task *t, uint16_t cs, uint16_t ss)
{
	uint64_t rip = t->regs.rip;
	bool canonical = (uint64_t)((int64_t)(rip << 16) >> 16) == rip;

	if (cs == USER_CS && ss == USER_SS && rip < TASK_SIZE_MAX)
		return;
	if (cs == USER_CS && ss == USER_SS && canonical) {
		t->trapno = X86_TRAP_PF;
		t->err = PF_FETCH_KERNEL;
		t->cr2 = rip;
		force_sig_fault(t, SIGSEGV, SEGV_MAPERR, rip);
		return;
	}
	t->trapno = X86_TRAP_GP;
	t->err = cs != USER_CS ? cs & ~3u : ss != USER_SS ? ss & ~3u : 0;
	force_sig_fault(t, SIGSEGV, SI_KERNEL, 0);
}

static int
restore_xstate(struct task *t, uint64_t fpstate)
{
	int err = fpstate ? t->k->trap->xstate_restore(t, fpstate) : 0;

	if (!fpstate || err)
		ignore_err(t->k->trap->xstate_reset(t), "the host thread died");
	return err;
}

int64_t
rt_sigreturn(struct task *t)
{
	uint64_t frame = t->regs.rsp - 8;
	struct frame_ucontext uc;
	uint16_t cs, ss;

	if (copy_in(t, &uc, UADDR(frame + offsetof(struct rt_sigframe, uc))))
		goto bad;
	set_current_blocked(t, uc.sigmask);
	restore_sigcontext(t, &uc.mcontext);
	t->restart.fn = NULL;
	if (restore_xstate(t, uc.mcontext.fpstate))
		goto bad;
	/* Linux does not look at the result: a stack that cannot be set stays what it is */
	ignore_err(restore_altstack(t, t->regs.rsp, uc.stack.sp, uc.stack.flags, uc.stack.size), "as Linux does");
	cs = uc.mcontext.cs | 3;
	ss = uc.mcontext.ss | 3;
	/* Whoever made the frame did not know that there was one. */
	if (cs == USER_CS && !(uc.flags & UC_STRICT_RESTORE_SS))
		ss = USER_SS;
	check_return(t, cs, ss);
	return SYSCALL_REGS_SET;
bad:
	force_sig_fault(t, SIGSEGV, SI_KERNEL, 0);
	return SYSCALL_REGS_SET;
}
