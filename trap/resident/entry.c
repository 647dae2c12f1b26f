/* SPDX-License-Identifier: MIT
 *
 * In and out of the kernel, in assembly. Everything here may be jumped to by a hostile program, at any instruction, with registers of
 * its choice; so after each wrpkru that opens, nothing is believed that the program could have set: %gs must lie in the scratch
 * region (a program can make it null, never another value), the stack must be one of this task's.
 *
 * resident_signal_entry: where every host signal arrives, on the alternate stack (program code was interrupted, or kernel code with the
 * stack armed), or on the kernel stack (kernel code, stack not armed). The frame lies at rsp. What rdi, rsi, rdx say is not used but for
 * the number in edi: a wrong number only makes the program meet another of its own signals.
 *
 * resident_gate: where a patched call site jumps to, by way of its trampoline (trap/resident/patch.c), with the number in eax and the address
 * to go on at in rcx. All registers are put into t->regs, so that whatever comes later (a signal, a clone, a kick on the way out) finds
 * them complete; on the way out only those are loaded that a C function does not keep.
 *
 * resident_final: back to the program. Between its labels a kick finds t->regs complete and can start over (resident_redo()).
 */
#include "trap/resident/resident.h"
#include "trap/resident/vetted.h"

#define STR2(x) #x
#define STR(x)	STR2(x)
#define SEL(off) "%gs:(" STR(RES_SEL_OFF) "+" STR(off) ")"

/* Offsets of struct pt_regs from its start; struct task's regs are found through the argument. */
__asm__(".pushsection .text\n"
	".globl resident_signal_entry\n.hidden resident_signal_entry\n.type resident_signal_entry, @function\n"
	"resident_signal_entry:\n"
	"	xor %eax, %eax\n"
	"	xor %ecx, %ecx\n"
	"	xor %edx, %edx\n"
	VETTED("wrpkru")
	"	rdgsbase %rax\n"
	"	mov resident_scratch_base(%rip), %rcx\n"
	"	sub %rcx, %rax\n"
	"	cmp $" STR(RES_SEL_OFF) ", %rax\n"
	"	jae 9f\n"
	"	test $0xfff, %eax\n"
	"	jnz 9f\n"
	"	cmp %rsp, " SEL(SEL_ALT_LO) "\n"
	"	ja 1f\n"
	"	cmp %rsp, " SEL(SEL_ALT_HI) "\n"
	"	ja 2f\n"
	/* Not the alternate stack: only kernel code that runs on the kernel stack may be interrupted there. */
	"1:	cmp %rsp, " SEL(SEL_KLO) "\n"
	"	ja 8f\n"
	"	cmp %rsp, " SEL(SEL_KSTACK) "\n"
	"	jb 8f\n"
	"	cmpb $0, " SEL(SEL_BYTE) "\n"
	"	jne 8f\n"
	"2:	mov %rsp, %rbx\n"
	"	mov %edi, %ebp\n"
	"	and $-16, %rsp\n"
	"	pushq $2\n" /* AC, TF, DF off */
	"	popfq\n"
	"	mov %rbx, %rsi\n"
	"	call resident_classify\n"
	"	test %eax, %eax\n"
	"	jnz 3f\n"
	"	lea 8(%rbx), %rsp\n"
	"	mov $15, %eax\n"
	"	syscall\n"
	".globl resident_sigreturn_insn\n.hidden resident_sigreturn_insn\n"
	"resident_sigreturn_insn:\n"
	"	ud2\n"
	"3:	mov " SEL(SEL_KSTACK) ", %rsp\n"
	"	mov %ebp, %edi\n"
	"	mov %rbx, %rsi\n"
	"	xor %ebp, %ebp\n"
	"	call resident_from_program\n"
	/*
	 * A stack that is not this task's. Outside of the arena it was no signal, but a jump: its own fault. Else %gs may be another task's
	 * (by a jump to wrgsbase, which ends in ud2), and a fault here would come here again.
	 */
	"8:	mov %rsp, %rax\n"
	"	sub resident_arena_base(%rip), %rax\n"
	"	mov resident_arena_size(%rip), %rdx\n"
	"	cmp %rdx, %rax\n"
	"	jb 9f\n"
	"	ud2\n"
	/*
	 * No task: the program has emptied %gs. Word is left, once a thread (its frame tells if it was here before), and somebody else
	 * ends the process (trap/resident/warden.c).
	 */
	"9:	mov resident_space_page(%rip), %rdx\n"
	"	mov " STR(SPACE_PAGE_DOOMED) "(%rdx), %rcx\n"
	"	mov " STR(SPACE_PAGE_SPACE) "(%rdx), %rdx\n"
	"	mov " STR(FRAME_RIP) "(%rsp), %rax\n"
	"	lea resident_spin_start(%rip), %rbx\n"
	"	sub %rbx, %rax\n"
	"	cmp $(resident_spin_end - resident_spin_start), %rax\n"
	"	jb resident_spin_start\n"
	"	lock incl (%rdx)\n"
	".globl resident_spin_start, resident_spin_end\n.hidden resident_spin_start, resident_spin_end\n"
	"resident_spin_start:\n"
	"	mov %rdx, (%rcx)\n"
	"	pause\n"
	"	jmp resident_spin_start\n"
	"resident_spin_end:\n"
	".size resident_signal_entry, .-resident_signal_entry\n"

	".globl resident_gate, resident_gate_open\n"
	".hidden resident_gate, resident_gate_open\n"
	".type resident_gate, @function\n"
	"resident_gate:\n"
	"	mov %rax, %gs:0\n"
	"	mov %rdx, %gs:8\n"
	"	mov %rcx, %gs:16\n"
	"	lahf\n"
	"	seto %al\n"
	"	mov %eax, %gs:24\n"
	"	xor %eax, %eax\n"
	"	xor %ecx, %ecx\n"
	"	xor %edx, %edx\n"
	VETTED("wrpkru")
	"	rdgsbase %rax\n"
	"	sub resident_scratch_base(%rip), %rax\n"
	"	cmp $" STR(RES_SEL_OFF) ", %rax\n"
	"	jae 8b\n"
	"	test $0xfff, %eax\n"
	"	jnz 8b\n"
	"	movb $0, " SEL(SEL_BYTE) "\n"
	"resident_gate_open:\n"
	"	mov %rsp, %rcx\n"
	"	mov " SEL(SEL_KSTACK) ", %rsp\n"
	"	mov " SEL(SEL_REGS) ", %rdx\n"
	"	pushfq\n"
	"	pop %rax\n"
	"	mov %r15, 0(%rdx)\n"
	"	mov %r14, 8(%rdx)\n"
	"	mov %r13, 16(%rdx)\n"
	"	mov %r12, 24(%rdx)\n"
	"	mov %rbp, 32(%rdx)\n"
	"	mov %rbx, 40(%rdx)\n"
	"	mov %rcx, 152(%rdx)\n" /* rsp */
	"	mov %r10, 56(%rdx)\n"
	"	mov %r9, 64(%rdx)\n"
	"	mov %r8, 72(%rdx)\n"
	"	mov %rsi, 104(%rdx)\n"
	"	mov %rdi, 112(%rdx)\n"
	/* The flags the call came with: OF SF ZF AF PF CF from before the first xor, the others as they are. */
	"	mov %gs:24, %r11d\n"
	"	and $~0x8d5, %rax\n"
	"	mov %r11d, %ecx\n"
	"	shr $8, %ecx\n"
	"	and $0xd5, %ecx\n"
	"	or %rcx, %rax\n"
	"	and $1, %r11d\n"
	"	shl $11, %r11d\n"
	"	or %r11, %rax\n"
	"	mov %rax, 48(%rdx)\n"	/* r11 */
	"	mov %rax, 144(%rdx)\n" /* eflags */
	"	mov %gs:16, %rcx\n"
	"	mov %rcx, 128(%rdx)\n"	/* rip */
	"	mov %rcx, 88(%rdx)\n"	/* rcx */
	"	mov %gs:8, %rcx\n"
	"	mov %rcx, 96(%rdx)\n"
	"	mov %gs:0, %rdi\n"
	"	mov %rdi, 120(%rdx)\n"	/* orig_rax */
	"	cld\n"
	"	test $0x40100, %eax\n"	/* AC, TF */
	"	jz 1f\n"
	"	pushq $2\n"
	"	popfq\n"
	"1:	mov %rdx, %rbx\n"
	"	mov " SEL(SEL_TASK) ", %rsi\n"
	"	call resident_gate_call\n" /* does not return unless the fast way out is open; the result is in t->regs too */
	"	jmp resident_fast_start\n"
	".size resident_gate, .-resident_gate\n"

	/* rdi: struct pt_regs, rsi: bool *kicked, rdx: struct task */
	".globl resident_final_asm, resident_final_start, resident_final_end\n"
	".hidden resident_final_asm, resident_final_start, resident_final_end\n"
	".type resident_final_asm, @function\n"
	"resident_final_asm:\n"
	"resident_final_start:\n"
	"	cmpb $0, (%rsi)\n"
	"	jne 1f\n"
	"	movb $1, " SEL(SEL_BYTE) "\n"
	"	rdgsbase %rax\n"
	"	add $40, %rax\n"
	"	mov %rax, %gs:80\n"
	"	mov 80(%rdi), %rax\n"	/* rax */
	"	mov %rax, %gs:0\n"
	"	mov 96(%rdi), %rax\n"	/* rdx */
	"	mov %rax, %gs:8\n"
	"	mov 88(%rdi), %rax\n"	/* rcx */
	"	mov %rax, %gs:24\n"
	"	mov 128(%rdi), %rax\n"	/* rip */
	"	mov %rax, %gs:40\n"
	"	movq $0x33, %gs:48\n"	/* cs */
	"	mov 144(%rdi), %rax\n"	/* eflags */
	"	mov %rax, %gs:56\n"
	"	mov 152(%rdi), %rax\n"	/* rsp */
	"	mov %rax, %gs:64\n"
	"	movq $0x2b, %gs:72\n"	/* ss */
	"	mov 0(%rdi), %r15\n"
	"	mov 8(%rdi), %r14\n"
	"	mov 16(%rdi), %r13\n"
	"	mov 24(%rdi), %r12\n"
	"	mov 32(%rdi), %rbp\n"
	"	mov 40(%rdi), %rbx\n"
	"	mov 48(%rdi), %r11\n"
	"	mov 56(%rdi), %r10\n"
	"	mov 64(%rdi), %r9\n"
	"	mov 72(%rdi), %r8\n"
	"	mov 104(%rdi), %rsi\n"
	"	mov 112(%rdi), %rdi\n"
	"	mov $" STR(PKRU_PROGRAM) ", %eax\n"
	"	xor %ecx, %ecx\n"
	"	xor %edx, %edx\n"
	VETTED("wrpkru")
	"	cmp $" STR(PKRU_PROGRAM) ", %eax\n"
	"	je 2f\n"
	"	ud2\n"
	/* The frame is in the scratch page: another thread of the same process may spoil it, and hurts only its own process. */
	"2:	mov %gs:80, %rsp\n"
	"	mov %gs:24, %rcx\n"
	"	mov %gs:8, %rdx\n"
	"	mov %gs:0, %rax\n"
	"	iretq\n"
	/* From the gate: rbx is t->regs, rax a pointer to kicked; other callee-saved registers hold the program's values. */
	"resident_fast_start:\n"
	"	cmpb $0, (%rax)\n"
	"	jne 3f\n"
	"	movb $1, " SEL(SEL_BYTE) "\n"
	"	mov 80(%rbx), %rax\n"
	"	mov %rax, %gs:0\n"
	"	mov 96(%rbx), %rax\n"
	"	mov %rax, %gs:8\n"
	"	mov 128(%rbx), %rax\n"
	"	mov %rax, %gs:16\n"
	"	mov 152(%rbx), %rax\n"
	"	mov %rax, %gs:32\n"
	"	mov 48(%rbx), %r11\n"
	"	mov 56(%rbx), %r10\n"
	"	mov 64(%rbx), %r9\n"
	"	mov 72(%rbx), %r8\n"
	"	mov 104(%rbx), %rsi\n"
	"	mov 112(%rbx), %rdi\n"
	"	mov 40(%rbx), %rbx\n"
	"	mov $" STR(PKRU_PROGRAM) ", %eax\n"
	"	xor %ecx, %ecx\n"
	"	xor %edx, %edx\n"
	VETTED("wrpkru")
	"	cmp $" STR(PKRU_PROGRAM) ", %eax\n"
	"	je 4f\n"
	"	ud2\n"
	/* The arithmetic flags are what they were; others that the program had set took the long way. */
	"4:	mov %r11d, %eax\n"
	"	shl $8, %eax\n"
	"	mov %r11d, %ecx\n"
	"	shr $11, %ecx\n"
	"	and $1, %ecx\n"
	"	mov %cl, %al\n"
	"	add $0x7f, %al\n" /* OF */
	"	sahf\n"
	"	mov %gs:32, %rsp\n"
	"	mov %gs:16, %rcx\n"
	"	mov %gs:8, %rdx\n"
	"	mov %gs:0, %rax\n"
	"	jmp *%rcx\n"
	"3:	mov " SEL(SEL_TASK) ", %rdx\n"
	"	mov (%rdx), %rdx\n" /* rt->t */
	"1:	mov " SEL(SEL_KSTACK) ", %rsp\n"
	"	mov %rdx, %rdi\n"
	"	call resident_redo\n"
	"resident_final_end:\n"
	"	ud2\n"
	".size resident_final_asm, .-resident_final_asm\n"

	".balign 8\n"
	"resident_arena_base: .quad " STR(ARENA_BASE_NUM) "\n"
	"resident_arena_size: .quad " STR(RES_ARENA_SIZE) "\n"
	"resident_space_page: .quad " STR(ARENA_BASE_NUM) " + " STR(RES_ARENA_SIZE) " + " STR(RES_SEL_OFF) "\n"
	"resident_scratch_base: .quad " STR(ARENA_BASE_NUM) " + " STR(RES_ARENA_SIZE) "\n"
	".popsection\n");

void resident_final_asm(struct pt_regs *regs, bool *kicked, struct task *t) __noreturn;

_Static_assert(offsetof(struct pt_regs, rax) == 80 && offsetof(struct pt_regs, rip) == 128 && offsetof(struct pt_regs, rsp) == 152 &&
		       offsetof(struct pt_regs, eflags) == 144 && offsetof(struct pt_regs, rdi) == 112,
	       "offsets in resident_final_asm");
_Static_assert(offsetof(struct space_page, space) == SPACE_PAGE_SPACE && offsetof(struct space_page, doomed) == SPACE_PAGE_DOOMED &&
		       offsetof(struct trap_space, spinning) == 0,
	       "offsets in resident_signal_entry");
_Static_assert(offsetof(struct sel_page, kstack_top) == SEL_KSTACK && offsetof(struct sel_page, rt) == SEL_TASK &&
		       offsetof(struct sel_page, alt_lo) == SEL_ALT_LO && offsetof(struct sel_page, alt_hi) == SEL_ALT_HI &&
		       offsetof(struct sel_page, kstack_lo) == SEL_KLO && offsetof(struct sel_page, regs) == SEL_REGS &&
		       offsetof(struct sel_page, gate) == SEL_GATE && offsetof(struct trap_task, t) == 0,
	       "offsets in resident_signal_entry");

void
resident_final(struct task *t, bool *kicked)
{
	resident_final_asm(&t->regs, kicked, t);
}
