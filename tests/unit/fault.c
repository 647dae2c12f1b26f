/* SPDX-License-Identifier: MIT
 *
 * fault_access() against the processor: instructions of the whole opcode map are run here on memory that is not accessible. Where
 * one faults at that memory the page fault's error code says whether it wrote, and the kernel's decoder must say the same.
 */
#include <criterion/criterion.h>

#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>
#include <unistd.h>

#include "kernel/fault.h"
#include "kernel/task.h"
#include "mm/mm.h"
#include "trap/trap.h"

static sigjmp_buf back;
static uint8_t *code, *target;
static volatile uint64_t fault_err, fault_addr, fault_rip, fault_no;
static struct pt_regs regs;

static void
on_fault(int sig, siginfo_t *si, void *ucv)
{
	const ucontext_t *uc = ucv;

	fault_no = (uint64_t)uc->uc_mcontext.gregs[REG_TRAPNO];
	fault_err = (uint64_t)uc->uc_mcontext.gregs[REG_ERR];
	fault_addr = (uint64_t)uc->uc_mcontext.gregs[REG_CR2];
	fault_rip = (uint64_t)uc->uc_mcontext.gregs[REG_RIP];
	regs.rdi = (uint64_t)uc->uc_mcontext.gregs[REG_RDI];
	regs.rsp = (uint64_t)uc->uc_mcontext.gregs[REG_RSP];
	siglongjmp(back, 1);
}

static size_t
copy_from(struct task *t, void *to, uint64_t from, size_t n)
{
	memcpy(to, (const void *)(uintptr_t)from, n);
	return n;
}

static const struct trap_ops fake_trap = { .name = "fake", .copy_from = copy_from };

/* Runs one instruction with rax and rdi at the target, rsi at ordinary memory. True if it faulted at the target. */
static bool
faults(const uint8_t *insn, size_t n)
{
	static uint8_t data[4096];

	memset(code, 0xcc, 64);
	memcpy(code, insn, n);
	fault_no = 0;
	if (sigsetjmp(back, 1) == 0) {
		__asm__ volatile("push %%rbp\n\tpush %%rbx\n\tmov $1, %%ecx\n\txor %%edx, %%edx\n\txor %%ebx, %%ebx\n\t"
				 "cmp %%eax, %%eax\n\tcall *%2\n\tint3"
				 :
				 : "a"(target), "D"(target), "r"(code), "S"(data)
				 : "rbx", "rcx", "rdx", "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15", "memory", "cc");
	}
	return fault_no == 14 && fault_rip == (uintptr_t)code && fault_addr >= (uintptr_t)target &&
	       fault_addr < (uintptr_t)target + 8192;
}

/* Not tried: they leave the program, wait, or change how it runs. */
static bool
skipped(unsigned int map, uint8_t op)
{
	if (map == 0)
		return op == 0xcd || op == 0xf4 || (op >= 0xe4 && op <= 0xe7) || (op >= 0xec && op <= 0xef) || op == 0xfa || op == 0xfb ||
		       op == 0xf1 || (op >= 0x40 && op <= 0x4f) || op == 0x26 || op == 0x2e || op == 0x36 || op == 0x3e ||
		       (op >= 0x62 && op <= 0x67) || op == 0xc4 || op == 0xc5 || op == 0xf0 || op == 0xf2 || op == 0xf3 ||
		       op == 0x0f || op == 0x8e || op == 0x9d || op == 0xfd || op == 0xca || op == 0xcb || op == 0xcf;
	if (map == 1)
		return op == 0x05 || op == 0x07 || op == 0x34 || op == 0x35 || op == 0x37 || op == 0x01 || op == 0x00 ||
		       op == 0xa1 || op == 0xa9 || (op >= 0xb2 && op <= 0xb5 && op != 0xb3);
	return false;
}

static int tried, wrong;

static void
try_one(const uint8_t *insn, size_t n)
{
	struct kernel k = { .trap = &fake_trap };
	struct task t = { .k = &k, .regs_valid = true };
	bool real, ours;
	char hex[64] = "";

	if (!faults(insn, n))
		return;
	real = (fault_err & 2) != 0;
	t.regs.rip = (uintptr_t)code;
	t.regs.rdi = regs.rdi;
	t.regs.rsp = regs.rsp;
	ours = fault_access(&t, fault_addr) == MM_FAULT_WRITE;
	tried++;
	if (real != ours) {
		for (size_t i = 0; i < n; i++)
			snprintf(hex + strlen(hex), sizeof(hex) - strlen(hex), "%02x ", insn[i]);
		cr_expect(false, "%s: the processor says %s", hex, real ? "write" : "read");
		wrong++;
	}
}

static void
prepare(void)
{
	static uint8_t altstack[65536];
	struct sigaction sa = { .sa_sigaction = on_fault, .sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER };
	stack_t ss = { .ss_sp = altstack, .ss_size = sizeof(altstack) };
	int sigs[] = { SIGSEGV, SIGBUS, SIGILL, SIGTRAP, SIGFPE };

	sigaltstack(&ss, NULL);
	for (unsigned int i = 0; i < 5; i++)
		sigaction(sigs[i], &sa, NULL);
	code = mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	target = mmap(NULL, 16384, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	cr_assert(code != MAP_FAILED && target != MAP_FAILED);
	target += 4096 + 64;
	target -= (uintptr_t)target & 63;
}

/* All legacy opcodes with (%rax) as memory operand and each value of the reg field, plain and with the usual prefixes. */
Test(fault, legacy, .timeout = 60)
{
	static const uint8_t prefixes[] = { 0, 0x66, 0xf3, 0xf2, 0xf0 };

	prepare();
	for (unsigned int map = 0; map < 4; map++) {
		for (unsigned int op = 0; op < 256; op++) {
			if (skipped(map, (uint8_t)op))
				continue;
			for (unsigned int i = 0; i < sizeof(prefixes) * 8; i++) {
				uint8_t insn[8];
				size_t n = 0;

				if (prefixes[i / 8])
					insn[n++] = prefixes[i / 8];
				if (map)
					insn[n++] = 0x0f;
				if (map > 1)
					insn[n++] = map == 2 ? 0x38 : 0x3a;
				insn[n++] = (uint8_t)op;
				insn[n++] = (uint8_t)((i % 8) << 3);
				try_one(insn, n);
			}
		}
	}
	cr_expect_gt(tried, 1000, "%d tried", tried);
}

Test(fault, vex, .timeout = 60)
{
	prepare();
	for (unsigned int map = 1; map < 4; map++) {
		for (unsigned int op = 0; op < 256; op++) {
			for (unsigned int i = 0; i < 4 * 2 * 2 * 8; i++) {
				/* vvvv 1111, no index or base extension; pp, L and W vary */
				uint8_t insn[] = { 0xc4, (uint8_t)(0xe0 | map), (uint8_t)(0x78 | (i & 3) | (i >> 2 & 1) << 2 | (i >> 3 & 1) << 7),
						   (uint8_t)op, (uint8_t)((i >> 4) << 3) };

				try_one(insn, sizeof(insn));
			}
		}
	}
}

/* EVEX: 62 P0 P1 P2, no masking; pp, W and length vary. On a processor without AVX-512 nothing faults. */
Test(fault, evex, .timeout = 60)
{
	prepare();
	for (unsigned int map = 1; map < 4; map++) {
		for (unsigned int op = 0; op < 256; op++) {
			for (unsigned int i = 0; i < 4 * 2 * 3 * 2; i++) {
				uint8_t insn[] = { 0x62, (uint8_t)(0xf0 | map), (uint8_t)(0x7c | (i & 3) | (i >> 2 & 1) << 7),
						   (uint8_t)(0x08 | (i >> 3) % 3 << 5 | (i >= 24 ? 1 : 0)), (uint8_t)op, 0 };

				try_one(insn, sizeof(insn));
			}
		}
	}
}
