/* SPDX-License-Identifier: MIT
 *
 * stead trace: strace(1) for programs on stead's kernel, or natively (--host). Options mean what they mean there.
 */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#include "src/commands.h"
#include "src/host-tracer.h"
#include "src/options.h"
#include "src/supervisor.h"
#include "src/trace-text.h"

enum { OPT_HOST = 1000 };

static const struct option long_options[] = {
	{ "host", no_argument, NULL, OPT_HOST },
	{ "follow-forks", no_argument, NULL, 'f' },
	{ "output", required_argument, NULL, 'o' },
	{ NULL, 0, NULL, 0 },
};

static const char help_text[] =
	"Usage: stead trace [OPTION]... [--] PROGRAM [ARGUMENT]...\n"
	"Run a program on stead's kernel and write its system calls and signals to stderr, as strace does.\n"
	"\n"
	"  -f, --follow-forks  its threads and children, too\n"
	"  -o, --output=FILE   to FILE, not stderr\n"
	"  --host              run the program natively, on the host's kernel\n"
	"  --help              this text\n"
	"\n"
	"The options of stead run that say how the program is run are there, too; see stead run --help.\n";

struct trace_options {
	struct trace_text_options text;
	bool host;
};

static int
parse_one(void *ctx, int opt, const char *arg)
{
	struct trace_options *o = ctx;

	switch (opt) {
	case 'f':
		o->text.follow = true;
		return 0;
	case 'o':
		o->text.file = arg;
		return 0;
	case OPT_HOST:
		o->host = true;
		return 0;
	}
	return option_mistake("internal error: option %d", opt);
}

static int
trace_host(const struct run_options *opt, const struct trace_options *o, const struct trace_hooks *hooks)
{
	struct host_trace_options ho = { .follow = o->text.follow, .pass_signals = true, .inject = opt->inject };
	int status = host_trace(opt->argv, opt->envp, &ho, hooks);

	if (status >= 0)
		return status;
	fprintf(stderr, "stead trace: %s: cannot run it: %s\n", opt->argv[0], strerror(-status));
	return status == -ENOENT ? -EXIT_NOT_FOUND : status == -EPERM ? -EXIT_STEAD_FAILED : -EXIT_NOT_EXECUTABLE;
}

int
cmd_trace(int argc, char **argv)
{
	struct trace_options o = { .host = false };
	const struct option_extension ext = { "trace", "fo:", long_options, parse_one, &o, help_text };
	struct trace_text *out;
	struct trace_hooks hooks;
	struct run_options opt;
	int status, err;

	status = run_options_parse(argc, argv, &ext, &opt);
	if (status)
		return status == RUN_OPTIONS_HELP ? 0 : status;
	err = trace_text_open(&o.text, &out, &hooks);
	if (err < 0)
		return option_mistake("cannot open the trace file %s: %s", o.text.file ? o.text.file : "stderr", strerror(-err));
	opt.hooks = &hooks;
	status = o.host ? trace_host(&opt, &o, &hooks) : supervisor_run(&opt);
	trace_text_close(out);
	if (status < 0)
		return -status;
	return WIFSIGNALED(status) ? die_by_signal(WTERMSIG(status)) : WEXITSTATUS(status);
}
