/* SPDX-License-Identifier: MIT
 *
 * execve: see "exec, in two phases" in doc/architecture.md.
 */
#ifndef STEAD_KERNEL_EXEC_H
#define STEAD_KERNEL_EXEC_H

#include "kernel/types.h"
#include "loader/plan.h"

struct task;
struct file;
struct mm;

#define MAX_ARG_STRLEN (32 * 4096UL)

struct linux_binprm {
	struct task *t;
	struct file *file;	  /* the program, or the interpreter of a script */
	struct file *interpreter; /* PT_INTERP, or NULL */
	struct load_plan plan, interp_plan;
	char *strings;	    /* kmalloc'ed: argv then envp strings, each with NUL */
	size_t strings_len, strings_size;
	int argc, envc;
	size_t arg_len;	    /* bytes of argv strings */
	char *filename;	    /* AT_EXECFN */
	char *interp_name;
	uint32_t uid, euid, gid, egid; /* after set-user-id */
	bool secureexec;
	struct mm *mm;
	uint8_t random[16];
};

/**
 * do_execve() - execve and execveat
 * @t: the current task
 * @dirfd: AT_FDCWD or a descriptor
 * @path: user address of the path
 * @argv: user array
 * @envp: user array
 * @flags: AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW
 *
 * Return: SYSCALL_REGS_SET, or negative errno of execve(2). After the point of no return a failure kills the task.
 */
int64_t do_execve(struct task *t, int dirfd, uaddr_t path, uaddr_t argv, uaddr_t envp, int flags) __must_check;

/**
 * do_execve_kernel() - the same with kernel strings: the first program of an instance
 * @t: the task
 * @path: a path
 * @argv: NULL-ended
 * @envp: NULL-ended
 *
 * Return: as do_execve().
 */
int64_t do_execve_kernel(struct task *t, const char *path, const char *const *argv, const char *const *envp) __must_check;

/**
 * exec_load() - phase two: map the program into the empty address space of the current task and set t->regs
 * @t: the current task, t->direct
 * @bprm: from phase one
 *
 * Context: runs in the guest's own host process, on a kernel stack.
 * Return: 0 or negative errno (the caller kills the task).
 */
int exec_load(struct task *t, struct linux_binprm *bprm) __must_check;

#endif
