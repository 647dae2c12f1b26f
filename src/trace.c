/* SPDX-License-Identifier: MIT
 *
 * stead trace: strace(1) for programs on stead's kernel, or natively (--host). Options mean what they mean there.
 */
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "src/commands.h"
#include "src/host-tracer.h"
#include "src/options.h"
#include "src/supervisor.h"
#include "src/trace/names.h"
#include "src/trace/text.h"

enum { OPT_HOST = 1000, OPT_SEPARATE };

static const struct option long_options[] = {
	{ "host", no_argument, NULL, OPT_HOST },
	{ "attach", required_argument, NULL, 'p' },
	{ "stack-traces", no_argument, NULL, 'k' },
	{ "instruction-pointer", no_argument, NULL, 'i' },
	{ "follow-forks", no_argument, NULL, 'f' },
	{ "output", required_argument, NULL, 'o' },
	{ "summary-only", no_argument, NULL, 'c' },
	{ "summary", no_argument, NULL, 'C' },
	{ "summary-sort-by", required_argument, NULL, 'S' },
	{ "string-limit", required_argument, NULL, 's' },
	{ "syscall-times", no_argument, NULL, 'T' },
	{ "relative-timestamps", no_argument, NULL, 'r' },
	{ "successful-only", no_argument, NULL, 'z' },
	{ "failed-only", no_argument, NULL, 'Z' },
	{ "syscall-number", no_argument, NULL, 'n' },
	{ "columns", required_argument, NULL, 'a' },
	{ "decode-fds", no_argument, NULL, 'y' },
	{ "trace-path", required_argument, NULL, 'P' },
	{ "no-abbrev", no_argument, NULL, 'v' },
	{ "output-separately", no_argument, NULL, OPT_SEPARATE },
	{ NULL, 0, NULL, 0 },
};

static const char help_text[] =
	"Usage: stead trace [OPTION]... [--] PROGRAM [ARGUMENT]...\n"
	"Run a program on stead's kernel and write its system calls and signals to stderr, as strace does.\n"
	"\n"
	"  -f                  its threads and children, too\n"
	"  -o FILE             to FILE, not stderr; -A: append to it\n"
	"  -e [trace=]CALLS    only these: names, %file %desc %process %network %signal %memory ...,\n"
	"                      /REGEX; all but these after !\n"
	"  -e signal=SIGNALS   only these signals\n"
	"  -e inject=CALLS:error=ENOSPC:when=3+\n"
	"                      let calls fail; the same as --inject\n"
	"  -c, -C              a table of counts instead of calls, or after them; -S time|calls|errors|name\n"
	"  -s SIZE             bytes of strings and buffers that are shown (32)\n"
	"  -P PATH             only calls that are given this path, or a descriptor of it\n"
	"  -y, -yy             descriptors with what they lead to, and numbers of devices\n"
	"  -ff                 with -o: each task has its own file, FILE.TID\n"
	"  -v, -x, -xx         environment and struct stat in full; strings that are not plain, or all, in hexadecimal\n"
	"  -T, -t, -tt, -ttt, -r, -n, -i, -q, -z, -Z, -a COLUMN\n"
	"                      as strace has them; see stead-trace(1)\n"
	"  --host              run the program natively, on the host's kernel\n"
	"  --help              this text\n"
	"\n"
	"The options of stead run that say how the program is run are there, too; see stead run --help.\n";

struct trace_options {
	struct trace_text_options text;
	struct syscall_set calls;
	unsigned int quiet, stamps, follow;
	const char **paths; /* -P, NULL-ended */
	size_t npaths;
	bool host;
};

static int
parse_sort(struct trace_options *o, const char *arg)
{
	static const struct {
		const char *name;
		enum trace_sort sort;
	} sorts[] = { { "time", TRACE_SORT_TIME },	{ "time-total", TRACE_SORT_TIME }, { "calls", TRACE_SORT_CALLS },
		      { "count", TRACE_SORT_CALLS },	{ "errors", TRACE_SORT_ERRORS },   { "error", TRACE_SORT_ERRORS },
		      { "name", TRACE_SORT_NAME },	{ "syscall", TRACE_SORT_NAME },	   { "nothing", TRACE_SORT_NONE },
		      { "none", TRACE_SORT_NONE } };
	size_t i;

	for (i = 0; i < sizeof(sorts) / sizeof(sorts[0]); i++) {
		if (strcmp(arg, sorts[i].name) == 0) {
			o->text.sort = sorts[i].sort;
			return 0;
		}
	}
	return option_mistake("-S %s: choose time, calls, errors, name or nothing", arg);
}

static int
parse_number(const char *option, const char *arg, unsigned int max, unsigned int *out)
{
	char *end;
	unsigned long n = strtoul(arg, &end, 10);

	if (*arg < '0' || *arg > '9' || *end || n > max)
		return option_mistake("%s %s: write a number up to %u", option, arg, max);
	*out = (unsigned int)n;
	return 0;
}

/* The path as it is written, and as it is. */
static int
add_path(struct trace_options *o, const char *arg)
{
	const char **paths = realloc(o->paths, (o->npaths + 3) * sizeof(*paths)), *full = realpath(arg, NULL);

	if (!paths)
		return option_mistake("-P %s: %s", arg, strerror(ENOMEM));
	paths[o->npaths++] = arg;
	if (full && strcmp(full, arg) != 0)
		paths[o->npaths++] = full;
	paths[o->npaths] = NULL;
	o->paths = paths;
	o->text.only_paths = paths;
	return 0;
}

static int
parse_calls(struct trace_options *o, const char *arg)
{
	char why[160];

	if (syscall_set_parse(arg, &o->calls, why, sizeof(why)) < 0)
		return option_mistake("-e %s: %s", arg, why);
	o->text.calls = &o->calls;
	return 0;
}

static int
signal_number(const char *name)
{
	int sig;

	for (sig = 1; sig < 32; sig++) {
		if (signal_name(sig) &&
		    (strcasecmp(signal_name(sig), name) == 0 || strcasecmp(signal_name(sig) + 3, name) == 0))
			return sig;
	}
	sig = atoi(name);
	return sig >= 1 && sig <= 64 ? sig : 0;
}

/* text.signals are those that are not shown. */
static int
parse_signals(struct trace_options *o, const char *arg)
{
	bool but = *arg == '!';
	uint64_t set = 0;
	char name[32];
	size_t len;
	int sig;

	for (arg += but;; arg += len + 1) {
		len = strcspn(arg, ",");
		snprintf(name, sizeof(name), "%.*s", (int)len, arg);
		sig = signal_number(name);
		if (strcmp(name, "all") == 0)
			set = UINT64_MAX;
		else if (sig)
			set |= 1ull << (sig - 1);
		else if (strcmp(name, "none") != 0)
			return option_mistake("-e signal: there is no signal '%s'", name);
		if (!arg[len])
			break;
	}
	o->text.signals = but ? set : ~set;
	return 0;
}

static int
parse_status(struct trace_options *o, const char *arg)
{
	if (strcmp(arg, "successful") == 0)
		o->text.only_successful = true;
	else if (strcmp(arg, "failed") == 0)
		o->text.only_failed = true;
	else
		return option_mistake("-e status=%s: choose successful or failed", arg);
	return 0;
}

static int
parse_quiet(struct trace_options *o, const char *arg)
{
	if (strstr(arg, "exit") || strcmp(arg, "all") == 0)
		o->text.quiet_exit = true;
	return 0;
}

/* QUALIFIER=VALUE; a value alone is of trace. */
static int
parse_expression(struct run_options *run, struct trace_options *o, const char *arg)
{
	static const struct {
		const char *name;
		int (*parse)(struct trace_options *o, const char *arg);
	} qualifiers[] = { { "trace=", parse_calls },	  { "t=", parse_calls },   { "signal=", parse_signals },
			   { "signals=", parse_signals }, { "s=", parse_signals }, { "status=", parse_status },
			   { "quiet=", parse_quiet },	  { "q=", parse_quiet } };
	size_t i;

	for (i = 0; i < sizeof(qualifiers) / sizeof(qualifiers[0]); i++) {
		if (strncmp(arg, qualifiers[i].name, strlen(qualifiers[i].name)) == 0)
			return qualifiers[i].parse(o, arg + strlen(qualifiers[i].name));
	}
	if (strncmp(arg, "inject=", 7) == 0)
		return run_options_inject(run, arg + 7);
	if (strncmp(arg, "fault=", 6) == 0)
		return run_options_fault(run, arg + 6);
	if (strchr(arg, '='))
		return option_mistake("-e %s: choose trace=, signal=, inject=, fault=, status= or quiet=", arg);
	return parse_calls(o, arg);
}

static int
parse_flag(struct trace_options *o, int opt)
{
	switch (opt) {
	case 'f':
		o->text.follow = true;
		o->text.separate = ++o->follow > 1;
		return 0;
	case OPT_SEPARATE:
		o->text.follow = o->text.separate = true;
		return 0;
	case 'y':
		o->text.paths = o->text.paths ? 2 : 1;
		return 0;
	case 'x':
		o->text.hex = o->text.hex ? 2 : 1;
		return 0;
	case 'v':
		o->text.verbose = true;
		return 0;
	case 'A':
		o->text.append = true;
		return 0;
	case 'c':
		o->text.counts = o->text.no_lines = true;
		return 0;
	case 'C':
		o->text.counts = true;
		return 0;
	case 'w':
		return 0; /* it is always so */
	case 'T':
		o->text.duration = true;
		return 0;
	case 'r':
		o->text.relative = true;
		return 0;
	case 'n':
		o->text.numbers = true;
		return 0;
	case 'i':
		o->text.places = true;
		return 0;
	case 'k':
		return option_mistake("-k: stacks are not unwound here; -i shows where each call is made");
	case 'z':
		o->text.only_successful = true;
		return 0;
	case 'Z':
		o->text.only_failed = true;
		return 0;
	case 't':
		o->stamps++;
		o->text.stamp = o->stamps > 2	 ? TRACE_STAMP_EPOCH
				: o->stamps == 2 ? TRACE_STAMP_MICROSECONDS
						 : TRACE_STAMP_SECONDS;
		return 0;
	case 'q':
		o->text.quiet_exit = ++o->quiet > 1;
		return 0;
	case OPT_HOST:
		o->host = true;
		return 0;
	}
	return option_mistake("internal error: option %d", opt);
}

static int
parse_one(void *ctx, struct run_options *run, int opt, const char *arg)
{
	struct trace_options *o = ctx;

	switch (opt) {
	case 'o':
		o->text.file = arg;
		return 0;
	case 'e':
		return parse_expression(run, o, arg);
	case 's':
		return parse_number("-s", arg, 4096, &o->text.string_shown);
	case 'a':
		return parse_number("-a", arg, 1000, &o->text.column);
	case 'S':
		return parse_sort(o, arg);
	case 'P':
		return add_path(o, arg);
	case 'p':
		return option_mistake(
			"-p %s: a program is traced from its beginning; to attach to one of the host use strace", arg);
	}
	return parse_flag(o, opt);
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
	const struct option_extension ext = { "trace",	"fo:Ae:cCwS:s:TrntqzZa:yxvP:ikp:", long_options, parse_one, &o,
					      help_text };
	struct trace_text *out;
	struct trace_hooks hooks;
	struct run_options opt;
	int status, err;

	status = run_options_parse(argc, argv, &ext, &opt);
	if (status)
		return status == RUN_OPTIONS_HELP ? 0 : status;
	if (o.text.separate && !o.text.file)
		o.text.separate = false; /* as strace: then it is -f */
	err = trace_text_open(&o.text, &out, &hooks);
	if (err < 0)
		return option_mistake("cannot open the trace file %s: %s", o.text.file ? o.text.file : "stderr",
				      strerror(-err));
	opt.hooks = &hooks;
	status = o.host ? trace_host(&opt, &o, &hooks) : supervisor_run(&opt);
	trace_text_close(out);
	if (status < 0)
		return -status;
	return WIFSIGNALED(status) ? die_by_signal(WTERMSIG(status)) : WEXITSTATUS(status);
}
