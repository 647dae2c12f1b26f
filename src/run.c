/* SPDX-License-Identifier: MIT
 *
 * stead run: the program's exit status and signal become our own.
 */
#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "src/commands.h"
#include "src/options.h"
#include "src/supervisor.h"

/* Until the supervisor is linked in. */
__attribute__((weak)) int
supervisor_run(const struct run_options *opt)
{
	fprintf(stderr, "stead run: %s: this build has no supervisor\n", opt->argv[0]);
	return -EXIT_STEAD_FAILED;
}

/* The program died by @sig: die by it too, so that our parent sees what it would have seen. The core would be stead's, not the
 * program's: leave none. */
static int
die_by_signal(int sig)
{
	struct rlimit no_core = { 0, 0 };
	sigset_t set;

	fflush(NULL);
	setrlimit(RLIMIT_CORE, &no_core);
	signal(sig, SIG_DFL);
	sigemptyset(&set);
	sigaddset(&set, sig);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
	kill(getpid(), sig);
	return 128 + sig; /* a signal whose default is not death */
}

int
cmd_run(int argc, char **argv)
{
	struct run_options opt;
	int status;

	status = run_options_parse(argc, argv, &opt);
	if (status == RUN_OPTIONS_HELP)
		return 0;
	if (status)
		return status;
	status = supervisor_run(&opt);
	if (status < 0)
		return -status;
	if (WIFSIGNALED(status))
		return die_by_signal(WTERMSIG(status));
	return WEXITSTATUS(status);
}
