/* SPDX-License-Identifier: MIT
 *
 * ptrace as a plain call (libc's header clashes with the uapi one), and what stops.c and its users share.
 */
#ifndef STEAD_TRAP_REMOTE_PTRACE_H
#define STEAD_TRAP_REMOTE_PTRACE_H

#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "trap/remote/remote.h"

static inline long
pt(long request, pid_t tid, uintptr_t addr, uintptr_t data)
{
	return syscall(SYS_ptrace, request, tid, addr, data);
}

extern pthread_mutex_t leave_lock;

/**
 * resume_put_off() - write_regs() for a thread that makes the call that inject_call() has put off
 * @rt: stopped; rt->put_off
 * @want: the registers; orig_rax does not matter
 *
 * Context: the tracer.
 * Return: false if the thread died.
 */
bool resume_put_off(struct trap_task *rt, const struct pt_regs *want);

#define ROOM_OF_A_NEW_PROGRAM 5000

/**
 * count_room() - how many calls on memory may a host process make before one could meet the limit of its mappings? (room.c)
 * @pid: the process
 *
 * Return: the number, a half of what there is; or less than 0: it has too many, and is to be looked at again after as many calls.
 */
int count_room(pid_t pid);

/**
 * inject_clone() - make a host thread or process out of a stopped guest thread
 * @rt: stopped
 * @a: arguments of clone(2)
 * @child: set to the new host thread, which is stopped
 *
 * Context: the tracer.
 * Return: 0 or negative errno.
 */
int64_t inject_clone(struct trap_task *rt, const uint64_t a[6], pid_t *child);

/**
 * inject_cmpxchg() - have a stopped thread compare and exchange a word of its memory
 * @rt: stopped; its call, if it is at one, will not be made by the host
 * @addr: aligned, and readable a moment ago
 * @expected: what is to be replaced; set to what was there
 * @desired: by this
 *
 * Context: the tracer.
 * Return: 0; -EFAULT; -ENOSYS if there is no instruction for it; -ESRCH if the thread died.
 */
int64_t inject_cmpxchg(struct trap_task *rt, uint64_t addr, uint32_t *expected, uint32_t desired);

/**
 * inject_exit() - a stopped thread ends
 * @rt: stopped anywhere
 *
 * Context: the tracer.
 */
void inject_exit(struct trap_task *rt);

/**
 * step_to_exit() - after inject_exit() the thread has stopped again: it goes on, some times
 * @rt: stopped; the guest task has left it
 *
 * Context: the tracer.
 */
void step_to_exit(struct trap_task *rt);

/**
 * get_regs() - read the registers of a stopped thread
 * @rt: stopped
 * @regs: where to
 *
 * Return: false if it died.
 */
bool get_regs(struct trap_task *rt, struct pt_regs *regs);

/* What a wait status, or a result, says. */
int event_of(int status);
bool is_kick(int status);
bool is_restart_code(uint64_t rax);

/**
 * exec_finish() - a process that has loaded its program stops: take the kernel image away from it
 * @rt: seized, t->direct is over
 *
 * Context: the tracer.
 * Return: 0 or negative errno.
 */
int64_t exec_finish(struct trap_task *rt);

/**
 * follow_cpu() - have the tracer run where the stops come from
 * @rt: has stopped
 *
 * Context: the tracer.
 */
void follow_cpu(struct trap_task *rt);

/**
 * tracer_stays() - have the tracer stay on one CPU
 *
 * Context: the tracer.
 * Return: the CPU.
 */
int tracer_stays(void);

/**
 * tracer_roams() - have the tracer run where the host likes
 *
 * Context: the tracer.
 */
void tracer_roams(void);

/* gather.c: all of these on the tracer */

/**
 * gather_stopped() - keep a thread on the tracer's CPU if it stops often
 * @rt: has stopped
 */
void gather_stopped(struct trap_task *rt);

/**
 * gather_child() - a new thread is on the CPUs that its parent is allowed
 * @rt: the parent
 * @child: not yet running
 */
void gather_child(struct trap_task *rt, struct trap_task *child);

/**
 * gather_spawned() - a new process is on the CPUs that the spawner is allowed
 * @rt: the process
 */
void gather_spawned(struct trap_task *rt);

/**
 * gather_any() - is any thread kept on the tracer's CPU?
 */
bool gather_any(void);

/**
 * gather_gone() - forget a thread
 * @rt: is dead
 */
void gather_gone(struct trap_task *rt);

/**
 * gather_check() - from time to time: let those go that have no reason to be kept
 */
void gather_check(void);

/**
 * start_thread() - a detached thread of the supervisor
 * @fn: its function
 * @arg: for @fn
 *
 * Return: 0 or negative errno.
 */
int start_thread(void *(*fn)(void *), void *arg);

#endif
