/* SPDX-License-Identifier: MIT
 *
 * The process that becomes the program on the host's kernel, and the signals that are passed on to it.
 */
#ifndef STEAD_SRC_HOST_PROGRAM_H
#define STEAD_SRC_HOST_PROGRAM_H

#include <signal.h>
#include <sys/types.h>

#define CAUGHT_SIGNALS 7

struct host_trace_options;

struct caught_signals {
	struct sigaction actions[CAUGHT_SIGNALS]; /* as they were */
};

/**
 * host_program_find() - the file execvp(3) would run
 * @name: a path, or a name to look up
 * @envp: with PATH
 *
 * Return: its path, or NULL with errno.
 */
const char *host_program_find(const char *name, char *const envp[]);

/**
 * host_program_start() - in the child: wait, and become the program
 * @path, @argv, @envp: for execve(2)
 * @o: with what the child has to do before
 * @go: a byte, or its end, lets it go
 * @report: closed by the program's execve(2); what went wrong is written to it, an int
 */
void host_program_start(const char *path, char *const argv[], char *const envp[], const struct host_trace_options *o, int go,
			int report) __attribute__((noreturn));

/**
 * host_program_catch() - pass TERM, HUP, USR1 and USR2 on from now on; leave INT, QUIT and TSTP to the terminal
 * @pid: the program
 * @old: filled for host_program_uncatch()
 */
void host_program_catch(pid_t pid, struct caught_signals *old);

/**
 * host_program_ended() - there is nobody to pass signals on to: they end this process, and what the program left behind with
 * it
 */
void host_program_ended(void);

/**
 * host_program_uncatch() - do with signals as before
 * @old: from host_program_catch()
 */
void host_program_uncatch(const struct caught_signals *old);

#endif
