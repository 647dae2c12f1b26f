/* SPDX-License-Identifier: MIT
 *
 * What a fault of program code was: the numbers a signal frame shows (kernel/fault.c).
 */
#ifndef STEAD_KERNEL_FAULT_H
#define STEAD_KERNEL_FAULT_H

#include "kernel/types.h"

struct k_siginfo;
struct task;

/**
 * fault_access() - did the instruction at t->regs.rip read, write or fetch when it faulted?
 * @t: the current task, t->regs_valid
 * @addr: the address that faulted
 *
 * For traps that only learn the address. Looks at the instruction; one it does not know has read.
 * Context: reads user memory.
 * Return: MM_FAULT_READ, MM_FAULT_WRITE or MM_FAULT_EXEC.
 */
unsigned int fault_access(struct task *t, uint64_t addr);

/**
 * note_fault() - set t->trapno, t->err and t->cr2 from a host's siginfo, before force_sig_info()
 * @t: the current task, t->regs_valid
 * @info: SIGSEGV, SIGBUS, SIGFPE, SIGILL or SIGTRAP of the processor
 * @access: fault_access()'s, for an address that faulted
 */
void note_fault(struct task *t, const struct k_siginfo *info, unsigned int access);

#endif
