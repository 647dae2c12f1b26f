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
struct cred;
struct mm;

#define MAX_ARG_STRLEN (32 * 4096UL)

#define BINPRM_BUF_SIZE 256

/* One exec under way. It belongs to the task (t->bprm) from the first allocation to bprm_release(). */
struct linux_binprm {
	struct task *t;
	struct file *file;	  /* the program, or the interpreter of a script; writers are denied */
	struct file *interpreter; /* PT_INTERP, or NULL; writers are denied */
	char *strings;	    /* kmalloc'ed: argv then envp strings, each with NUL */
	size_t strings_len, strings_size;
	size_t strings_max; /* E2BIG beyond */
	int argc, envc;
	size_t arg_len;	    /* bytes of argv strings */
	char *filename;	    /* AT_EXECFN: as given, or /dev/fd/N/... */
	char *interp_name;  /* what the next script pushes: filename, then each "#!" program */
	bool path_inaccessible; /* the path goes through a close-on-exec descriptor: no script can be opened again */
	bool nondump;	    /* a file that was used is not readable */
	bool secureexec;
	uint32_t per_clear; /* personality bits to drop */
	uint64_t rlim_stack;
	struct cred *cred;  /* after set-user-id and file capabilities */
	struct mm *mm;
	bool host_mm_reusable; /* mm_host_reusable() of the old address space */
	uint8_t random[16];	/* AT_RANDOM */
	uint64_t load_random;	/* where a PIE goes */
	uint64_t stack_random;	/* low bits of the first stack pointer */
	unsigned char buf[BINPRM_BUF_SIZE]; /* the first bytes of file */
	struct load_plan plan, interp_plan; /* last: not zeroed */
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
 * @bprm: from phase one; on success it is released
 *
 * Context: runs in the guest's own host process, on a kernel stack.
 * Return: 0 or negative errno (the caller kills the task).
 */
int exec_load(struct task *t, struct linux_binprm *bprm) __must_check;

/**
 * bprm_release() - free what an exec holds; nothing happens if that was done
 * @t: the current task
 *
 * Context: may sleep (closes files).
 */
void bprm_release(struct task *t);

#endif
