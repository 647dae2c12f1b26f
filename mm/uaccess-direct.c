/* SPDX-License-Identifier: MIT
 *
 * The instructions of the kernel that may fault on user memory (see the header).
 *
 * rep movsb is restartable: at a fault rdi, rsi and rcx tell exactly how far it came, so the fix-up needs no state of its own.
 */
#include "mm/uaccess-direct.h"

__asm__(".pushsection .text\n"
	".globl uaccess_rep_movsb, uaccess_copy_start, uaccess_copy_end, uaccess_copy_fixup\n"
	".hidden uaccess_rep_movsb, uaccess_copy_start, uaccess_copy_end, uaccess_copy_fixup\n"
	".type uaccess_rep_movsb, @function\n"
	"uaccess_rep_movsb:\n"
	"	mov %rdx, %rcx\n"
	"uaccess_copy_start:\n"
	"	rep movsb\n"
	"uaccess_copy_end:\n"
	"uaccess_copy_fixup:\n"
	"	mov %rcx, %rax\n"
	"	ret\n"
	".size uaccess_rep_movsb, .-uaccess_rep_movsb\n"
	".globl uaccess_cmpxchg32, uaccess_cmpxchg_start, uaccess_cmpxchg_end, uaccess_cmpxchg_fixup\n"
	".hidden uaccess_cmpxchg32, uaccess_cmpxchg_start, uaccess_cmpxchg_end, uaccess_cmpxchg_fixup\n"
	".type uaccess_cmpxchg32, @function\n"
	"uaccess_cmpxchg32:\n"
	"	mov (%rsi), %eax\n"
	"uaccess_cmpxchg_start:\n"
	"	lock cmpxchg %edx, (%rdi)\n"
	"uaccess_cmpxchg_end:\n"
	"	mov %eax, (%rsi)\n"
	"	xor %eax, %eax\n"
	"	ret\n"
	"uaccess_cmpxchg_fixup:\n"
	"	mov $-14, %eax\n" /* -EFAULT */
	"	ret\n"
	".size uaccess_cmpxchg32, .-uaccess_cmpxchg32\n"
	".popsection\n");

uint64_t
uaccess_fixup(uint64_t rip)
{
	if (rip >= (uint64_t)(uintptr_t)uaccess_copy_start && rip < (uint64_t)(uintptr_t)uaccess_copy_end)
		return (uint64_t)(uintptr_t)uaccess_copy_fixup;
	if (rip >= (uint64_t)(uintptr_t)uaccess_cmpxchg_start && rip < (uint64_t)(uintptr_t)uaccess_cmpxchg_end)
		return (uint64_t)(uintptr_t)uaccess_cmpxchg_fixup;
	return 0;
}
