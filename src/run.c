/* SPDX-License-Identifier: MIT
 *
 * stead run: the program's exit status and signal become our own.
 */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "src/commands.h"
#include "src/options.h"
#include "src/supervisor.h"
#include "src/trace/text.h"

/* Until the supervisor is linked in. */
__attribute__((weak)) int
supervisor_run(const struct run_options *opt)
{
	fprintf(stderr, "stead run: %s: this build has no supervisor\n", opt->argv[0]);
	return -EXIT_STEAD_FAILED;
}

/* The core would be stead's, not the
 * program's: leave none. */
int
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
	struct trace_text *out = NULL;
	struct trace_hooks hooks;
	struct run_options opt;
	int status;

	status = run_options_parse(argc, argv, NULL, &opt);
	if (status == RUN_OPTIONS_HELP)
		return 0;
	if (status)
		return status;
	if (opt.trace) {
		struct trace_text_options text = { .file = opt.trace_file, .follow = true };
		int err = trace_text_open(&text, &out, &hooks);

		if (err < 0) {
			fprintf(stderr, "stead run: cannot open the trace file %s: %s\n", opt.trace_file, strerror(-err));
			return EXIT_STEAD_FAILED;
		}
		opt.hooks = &hooks;
	}
	status = supervisor_run(&opt);
	if (out)
		trace_text_close(out);
	if (status < 0)
		return -status;
	if (WIFSIGNALED(status))
		return die_by_signal(WTERMSIG(status));
	return WEXITSTATUS(status);
}
