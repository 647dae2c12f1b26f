/* SPDX-License-Identifier: MIT
 *
 * The one place where kernel code makes host system calls.
 */
#include <linux/futex.h>
#include <asm/unistd.h>

#include "kernel/errno.h"
#include "kernel/time.h"
#include "trap/host.h"

__asm__(".pushsection .text\n"
	".globl host_call\n"
	".hidden host_call\n"
	".type host_call, @function\n"
	"host_call:\n"
	"	mov %rdi, %rax\n"
	"	mov %rsi, %rdi\n"
	"	mov %rdx, %rsi\n"
	"	mov %rcx, %rdx\n"
	"	mov %r8, %r10\n"
	"	mov %r9, %r8\n"
	"	mov 8(%rsp), %r9\n"
	"	syscall\n"
	".globl host_syscall_insn\n"
	".hidden host_syscall_insn\n"
	"host_syscall_insn:\n"
	"	ret\n"
	".size host_call, .-host_call\n"
	".popsection\n");

int
host_futex_wait(uint32_t *w, uint32_t val, int64_t deadline)
{
	struct k_timespec ts = { deadline / NSEC_PER_SEC, deadline % NSEC_PER_SEC };

	return (int)host_call6(__NR_futex, w, FUTEX_WAIT_BITSET, val, deadline == INT64_MAX ? NULL : &ts, NULL,
			       FUTEX_BITSET_MATCH_ANY);
}

void
host_futex_wake(uint32_t *w, int n)
{
	host_call3(__NR_futex, w, FUTEX_WAKE, n);
}
