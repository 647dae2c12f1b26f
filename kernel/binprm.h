/* SPDX-License-Identifier: MIT
 *
 * The pieces of exec, each in a file of its own: strings, scripts, credentials, stack.
 */
#ifndef STEAD_KERNEL_BINPRM_H
#define STEAD_KERNEL_BINPRM_H

#include "kernel/exec.h"
#include "kernel/task.h"

/* Where argv or envp comes from: a program's memory, or the supervisor for the first program. */
struct user_arg_ptr {
	uaddr_t user;
	const char *const *kernel;
	bool is_kernel;
};

/**
 * bprm_copy_strings() - argv and envp into bprm->strings, within Linux's limits (kernel/exec-args.c)
 * @bprm: filename is set
 * @argv: the arguments; an empty list becomes one empty string
 * @envp: the environment
 *
 * Context: may sleep.
 * Return: 0, -E2BIG, -EFAULT, -ENOMEM, -EINTR.
 */
int bprm_copy_strings(struct linux_binprm *bprm, const struct user_arg_ptr *argv, const struct user_arg_ptr *envp) __must_check;

/**
 * bprm_replace_arg0() - put strings in the place of argv[0] (scripts)
 * @bprm: strings are copied
 * @s: the new strings
 * @n: how many
 *
 * Return: 0, -E2BIG, -ENOMEM.
 */
int bprm_replace_arg0(struct linux_binprm *bprm, const char *const *s, int n) __must_check;

/**
 * bprm_parse_script() - the first line of a script (kernel/exec-script.c)
 * @buf: BINPRM_BUF_SIZE bytes, filled up with zeros; changed
 * @name: set: the interpreter, in @buf
 * @arg: set: its argument, in @buf, or NULL
 *
 * Return: 0, -ENOEXEC.
 */
int bprm_parse_script(unsigned char *buf, char **name, char **arg) __must_check;

/**
 * bprm_make_creds() - the credentials the program will run with (kernel/exec-cred.c)
 * @bprm: file is the one whose set-user-id bits and capabilities count
 *
 * Sets bprm->cred, secureexec, per_clear. May be called again.
 * Context: may sleep.
 * Return: 0, -ENOMEM.
 */
int bprm_make_creds(struct linux_binprm *bprm) __must_check;

/**
 * bprm_setup_stack() - strings, auxiliary vector and pointers (kernel/exec-stack.c)
 * @bprm: the mm has its stack
 * @top: end of the stack
 * @bias: what was added to the program's addresses
 * @interp_base: the same of the interpreter, 0 without one
 * @sp: set: the first stack pointer
 *
 * Context: t->direct.
 * Return: 0, -EFAULT, -ENOMEM.
 */
int bprm_setup_stack(struct linux_binprm *bprm, uint64_t top, uint64_t bias, uint64_t interp_base, uint64_t *sp) __must_check;

/**
 * exit_itimers() - POSIX timers do not survive exec (kernel/posix-timers.c)
 * @t: the current task, alone in its group
 */
void exit_itimers(struct task *t);

/* Does address space layout randomisation hold for the task's next program? */
static inline bool
exec_randomize(const struct task *t)
{
	return t->k->params.aslr && !(t->personality & 0x0040000); /* ADDR_NO_RANDOMIZE */
}

#endif
