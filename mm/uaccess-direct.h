/* SPDX-License-Identifier: MIT
 *
 * User memory of the process that this code runs in: loads and stores that may fault. There is no fix-up section: the few
 * instructions that may fault are named by symbols, and the fault handler asks uaccess_fixup() where to go on.
 */
#ifndef STEAD_MM_UACCESS_DIRECT_H
#define STEAD_MM_UACCESS_DIRECT_H

#include "kernel/types.h"

/* [start, end) may fault; fixup is where a fault goes on. rcx then holds what rep movsb has not copied. */
extern const char uaccess_copy_start[], uaccess_copy_end[], uaccess_copy_fixup[];
extern const char uaccess_cmpxchg_start[], uaccess_cmpxchg_end[], uaccess_cmpxchg_fixup[];

/**
 * uaccess_rep_movsb() - copy bytes between the kernel and user memory of this process
 * @to: destination
 * @from: source
 * @n: bytes
 *
 * Context: the user side was range checked; a fault ends the copy.
 * Return: bytes not copied.
 */
size_t uaccess_rep_movsb(void *to, const void *from, size_t n) __must_check;

/**
 * uaccess_cmpxchg32() - compare and exchange a user word of this process
 * @p: the word, range checked, aligned to 4
 * @expected: old value; set to what was found
 * @desired: new value
 *
 * Return: 0, -EFAULT.
 */
int uaccess_cmpxchg32(void *p, uint32_t *expected, uint32_t desired) __must_check;

/**
 * uaccess_fixup() - for the fault handler: where a fault at @rip goes on
 * @rip: address of the faulting instruction
 *
 * Return: the new rip, or 0 if the kernel does not expect faults there.
 */
uint64_t uaccess_fixup(uint64_t rip) __must_check;

#endif
