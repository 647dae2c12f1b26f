/* SPDX-License-Identifier: MIT
 *
 * A program without libc: what the registers and the stack are at its first instruction, and bare system calls.
 */
#include <stdint.h>
#include <sys/syscall.h>

static uint64_t regs[18] __attribute__((used)); /* rax rbx rcx rdx rsi rdi rbp r8..r15 rsp rflags mxcsr:fpucw */

__asm__(".globl _start\n"
	"_start:\n"
	"	mov %rax, regs(%rip)\n"
	"	mov %rbx, regs+8(%rip)\n"
	"	mov %rcx, regs+16(%rip)\n"
	"	mov %rdx, regs+24(%rip)\n"
	"	mov %rsi, regs+32(%rip)\n"
	"	mov %rdi, regs+40(%rip)\n"
	"	mov %rbp, regs+48(%rip)\n"
	"	mov %r8, regs+56(%rip)\n"
	"	mov %r9, regs+64(%rip)\n"
	"	mov %r10, regs+72(%rip)\n"
	"	mov %r11, regs+80(%rip)\n"
	"	mov %r12, regs+88(%rip)\n"
	"	mov %r13, regs+96(%rip)\n"
	"	mov %r14, regs+104(%rip)\n"
	"	mov %r15, regs+112(%rip)\n"
	"	mov %rsp, regs+120(%rip)\n"
	"	pushfq\n"
	"	pop %rax\n"
	"	mov %rax, regs+128(%rip)\n"
	"	stmxcsr regs+136(%rip)\n"
	"	fnstcw regs+140(%rip)\n"
	"	mov %rsp, %rdi\n"
	"	call run\n"
	"	hlt\n");

static long
call3(long nr, long a, long b, long c)
{
	long ret;

	__asm__ volatile("syscall" : "=a"(ret) : "0"(nr), "D"(a), "S"(b), "d"(c) : "rcx", "r11", "memory");
	return ret;
}

static long failures;

static void
say(const char *text)
{
	long n = 0;

	while (text[n])
		n++;
	call3(SYS_write, 1, (long)text, n);
}

static void
check(long ok, const char *name)
{
	say(ok ? "ok " : "FAIL ");
	say(name);
	say("\n");
	failures += !ok;
}

void run(uint64_t *sp);

__attribute__((noreturn)) void
run(uint64_t *sp)
{
	uint64_t all = 0;
	int i;

	for (i = 0; i < 15; i++)
		all |= regs[i];
	check(all == 0, "registers_are_zero");
	check(regs[15] == (uint64_t)sp && regs[15] % 16 == 0, "stack_is_aligned");
	check((regs[16] & ~0x202ull) == 0, "flags_are_clear");
	check((uint32_t)regs[17] == 0x1f80, "mxcsr_is_initial");
	check((uint16_t)(regs[17] >> 32) == 0x37f, "fpu_control_word_is_initial");
	check(sp[0] == 1 && sp[1] != 0 && sp[2] == 0, "argument_vector");
	check(call3(SYS_getpid, 0, 0, 0) > 0, "getpid");
	check(call3(9999, 0, 0, 0) == -38, "no_such_call");
	check(call3(SYS_read, 999, 0, 0) == -9, "errors_are_negative_numbers");
	call3(SYS_exit_group, failures != 0, 0, 0);
	__builtin_unreachable();
}
