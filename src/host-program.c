/* SPDX-License-Identifier: MIT
 *
 * The process that becomes the program on the host's kernel, and the signals that are passed on to it.
 */
#include "src/host-program.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "src/host-tracer.h"
#include "src/program-path.h"

/* Signals that somebody sends us are meant for this process, the program. */
static volatile pid_t pass_to;

static void
pass_on(int sig)
{
	int saved = errno;

	if (pass_to > 0) {
		kill(pass_to, sig);
	} else { /* what it left behind ends with us */
		signal(sig, SIG_DFL);
		raise(sig);
	}
	errno = saved;
}

/* The terminal sends its signals to the program, too. */
static void
leave(int sig)
{
}

static const struct {
	int sig;
	void (*handler)(int sig);
} caught[CAUGHT_SIGNALS] = {
	{ SIGTERM, pass_on }, { SIGHUP, pass_on }, { SIGUSR1, pass_on }, { SIGUSR2, pass_on },
	{ SIGINT, leave },    { SIGQUIT, leave },  { SIGTSTP, leave },
};

void
host_program_catch(pid_t pid, struct caught_signals *old)
{
	size_t i;

	pass_to = pid;
	for (i = 0; i < CAUGHT_SIGNALS; i++)
		sigaction(caught[i].sig, &(struct sigaction){ .sa_handler = caught[i].handler }, &old->actions[i]);
}

void
host_program_uncatch(const struct caught_signals *old)
{
	size_t i;

	for (i = 0; i < CAUGHT_SIGNALS; i++)
		sigaction(caught[i].sig, &old->actions[i], NULL);
	pass_to = 0;
}

void
host_program_ended(void)
{
	pass_to = 0;
}

void __attribute__((noreturn)) host_program_start(const char *path, char *const argv[], char *const envp[],
						  const struct host_trace_options *o, int go, int report)
{
	int err = o->in_child ? o->in_child(o->in_child_ctx) : 0;
	char c;

	if (err == 0) {
		while (read(go, &c, 1) < 0 && errno == EINTR)
			;
		execve(path, argv, envp);
		err = -errno;
	}
	if (write(report, &err, sizeof(err)) < 0)
		_exit(126);
	_exit(127);
}

const char *
host_program_find(const char *name, char *const envp[])
{
	const char **list = program_candidates(name, envp);
	int err = ENOENT;

	if (strchr(name, '/'))
		return name;
	for (size_t i = 0; list[i]; i++) {
		if (access(list[i], X_OK) == 0)
			return list[i];
		if (errno == EACCES)
			err = EACCES;
	}
	errno = err;
	return NULL;
}
