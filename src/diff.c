/* SPDX-License-Identifier: MIT
 *
 * stead diff: the same program natively and on stead, and whether anything about it differs.
 *
 * Native runs stand around the first run of stead, so that what time changes is seen to change natively. What differs then
 * has to differ in further runs of stead, too, against as many more native ones: a race that natively happens to go one way
 * is no fault.
 */
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <getopt.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "src/clock.h"
#include "src/commands.h"
#include "src/diff/canon.h"
#include "src/diff/compare.h"
#include "src/diff/exchange.h"
#include "src/diff/expect.h"
#include "src/diff/inside.h"
#include "src/diff/report.h"
#include "src/diff/runner.h"
#include "src/diff/sandbox.h"
#include "src/diff/setup.h"
#include "src/options.h"

#define EXIT_DIFFERENT	    1
#define EXIT_NOT_COMPARABLE 2
#define RUNS_MAX	    40
#define TREE_ENTRIES_MAX    50000

extern char **environ;

enum {
	OPT_REPEAT = 1000,
	OPT_CONFIRM,
	OPT_TREE,
	OPT_EXPECT,
	OPT_JSON,
	OPT_JUNIT,
	OPT_RULES,
	OPT_CONTEXT,
	OPT_LINGER,
	OPT_TIMEOUT,
	OPT_ASLR,
	OPT_NO_SANDBOX,
	OPT_TTY,
};

static const struct option long_options[] = {
	{ "repeat", required_argument, NULL, OPT_REPEAT },   { "confirm", required_argument, NULL, OPT_CONFIRM },
	{ "tree", required_argument, NULL, OPT_TREE },	     { "expect", required_argument, NULL, OPT_EXPECT },
	{ "json", no_argument, NULL, OPT_JSON },	     { "junit", no_argument, NULL, OPT_JUNIT },
	{ "rules", no_argument, NULL, OPT_RULES },	     { "context", required_argument, NULL, OPT_CONTEXT },
	{ "linger", required_argument, NULL, OPT_LINGER },   { "timeout", required_argument, NULL, OPT_TIMEOUT },
	{ "aslr", no_argument, NULL, OPT_ASLR },	     { "no-sandbox", no_argument, NULL, OPT_NO_SANDBOX },
	{ "tty", no_argument, NULL, OPT_TTY },		     { NULL, 0, NULL, 0 },
};

static const char help_text[] =
	"Usage: stead diff [OPTION]... [--] PROGRAM [ARGUMENT]...\n"
	"Run a program natively and on stead's kernel, and compare every call, signal, output and file.\n"
	"\n"
	"  --repeat=N      native runs, which show what varies by itself (3)\n"
	"  --confirm=N     a difference has to show in N more runs of stead (2)\n"
	"  --tree=DIR      the files to compare in the end (the working directory), or none\n"
	"  --expect=FILE   known differences, each with a reason; one that is gone is an error too\n"
	"  --json --junit  the report in another form\n"
	"  --context=N     calls shown before and after a difference (4)\n"
	"  --linger=N      seconds to wait for what the program leaves running (2)\n"
	"  --timeout=N     seconds for one run (300)\n"
	"  --aslr          leave addresses random on both sides\n"
	"  --tty           under a terminal as large as yours, into which standard input is typed\n"
	"  --no-sandbox    as root: no namespaces and overlays for the native side; it works in a copy of the tree\n"
	"  --rules         list the rules by which runs may differ\n"
	"  --help          this text\n"
	"\n"
	"--trap, --env, --clear-env, --cwd and --inject (on both sides) are those of stead run; as root so are --root=DIR,\n"
	"--bind, --tmpfs, --read-only, --hostname and --uid.\n"
	"Exit status: 0 equal, 1 different, 2 could not compare.\n";

struct diff_options {
	unsigned int repeat, confirm, context;
	const char *tree, *expect;
	enum { FORM_TEXT, FORM_JSON, FORM_JUNIT } form;
	int linger, timeout;
	bool rules, aslr, no_sandbox, tty;
};

static int
parse_number(const char *name, const char *arg, unsigned int min, unsigned int max, unsigned int *out)
{
	char *end;
	unsigned long n = strtoul(arg, &end, 10);

	if (*arg < '0' || *arg > '9' || *end || n < min || n > max)
		return option_mistake("--%s=%s: write a number from %u to %u", name, arg, min, max);
	*out = (unsigned int)n;
	return 0;
}

static int
parse_one(void *ctx, struct run_options *run, int opt, const char *arg)
{
	struct diff_options *o = ctx;

	switch (opt) {
	case OPT_REPEAT:
		return parse_number("repeat", arg, 1, RUNS_MAX / 2, &o->repeat);
	case OPT_CONFIRM:
		return parse_number("confirm", arg, 0, RUNS_MAX / 4, &o->confirm);
	case OPT_CONTEXT:
		return parse_number("context", arg, 0, 1000, &o->context);
	case OPT_LINGER:
		return parse_number("linger", arg, 0, 3600, (unsigned int *)&o->linger);
	case OPT_TIMEOUT:
		return parse_number("timeout", arg, 1, 86400, (unsigned int *)&o->timeout);
	case OPT_TREE:
		o->tree = arg;
		return 0;
	case OPT_EXPECT:
		o->expect = arg;
		return 0;
	case OPT_JSON:
		o->form = FORM_JSON;
		return 0;
	case OPT_JUNIT:
		o->form = FORM_JUNIT;
		return 0;
	case OPT_RULES:
		o->rules = true;
		return 0;
	case OPT_ASLR:
		o->aslr = true;
		return 0;
	case OPT_TTY:
		o->tty = true;
		return 0;
	case OPT_NO_SANDBOX:
		o->no_sandbox = true;
		return 0;
	}
	return option_mistake("internal error: option %d", opt);
}

static int
not_comparable(const char *what, const char *why)
{
	fprintf(stderr, "stead diff: %s: %s\n", what, why);
	return EXIT_NOT_COMPARABLE;
}

/* What can be had on one side only makes no comparison. */
static int
refuse_options(const struct run_options *opt, const struct diff_options *o)
{
	const char *needs = setup_wanted(opt);

	if (opt->upper)
		return not_comparable(
			"--upper", "what both sides write is private and gone in the end; name what to compare with --tree");
	if (opt->memory)
		return not_comparable("--memory",
				      "the host cannot show a program less; limit both sides alike with ulimit -v");
	if (opt->trace || opt->report_missing || opt->debug_log)
		return not_comparable(opt->trace ? "--trace" : opt->report_missing ? "--report-missing" : "--debug-log",
				      "one side does not have it; use it with stead run");
	if (needs && (o->no_sandbox || !sandbox_possible()))
		return not_comparable(needs, "the native side needs name spaces and overlays for it: run stead diff as "
					     "root, without --no-sandbox");
	return 0;
}

static unsigned int tree_entries;

static int
count_entry(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	return ++tree_entries > TREE_ENTRIES_MAX;
}

/* The tree as the host has it: below --root, which the program does not see. */
static char *
tree_of(const struct diff_options *o, const struct run_options *opt, const char *cwd)
{
	bool other_root = strcmp(opt->root, "/") != 0;
	char *path, *full;

	if (!other_root)
		return realpath(o->tree ? o->tree : cwd, NULL);
	if (asprintf(&path, "%s/%s", opt->root, o->tree ? o->tree : cwd) < 0)
		abort();
	full = realpath(path, NULL);
	free(path);
	return full;
}

/* The tree, the directory to work in, and whether both are copies. */
static int
place(struct runner *r, const struct diff_options *o, const struct run_options *opt)
{
	bool none = o->tree && strcmp(o->tree, "none") == 0, other_root = strcmp(opt->root, "/") != 0;
	const char *cwd = opt->cwd ? opt->cwd : other_root ? "/" : getcwd(NULL, 0);
	char *tree = none ? strdup("") : cwd ? tree_of(o, opt, cwd) : NULL, *copy;
	size_t n;

	if (!tree || !cwd)
		return not_comparable(o->tree ? o->tree : "the working directory", strerror(errno));
	if (!none && nftw(tree, count_entry, 32, FTW_PHYS | FTW_MOUNT) != 0)
		return not_comparable(tree, "too many files to compare; choose with --tree=DIR, or --tree=none");
	r->cwd = setup_wanted(opt) ? "/" : cwd; /* else the first process goes there */
	r->tree = none || !other_root ? tree : o->tree ? o->tree : cwd;
	r->sandbox = !o->no_sandbox && sandbox_possible();
	if (r->sandbox || none)
		return 0;
	if (asprintf(&copy, "%s/tree", r->work) < 0)
		abort();
	n = strlen(tree);
	r->copy_of = tree;
	r->tree = copy;
	if (strncmp(cwd, tree, n) == 0 && (cwd[n] == '/' || cwd[n] == '\0') &&
	    asprintf(&copy, "%s%s", r->tree, cwd + n) >= 0)
		r->cwd = copy;
	return 0;
}

struct runs {
	const struct runner *r;
	struct run *native[RUNS_MAX];
	size_t n;
};

static struct run *
one_run(const struct runner *r, enum runner_side side)
{
	struct run *run = runner_run(r, side);

	if (run->failure)
		fprintf(stderr, "stead diff: the %s side could not run the program: %s\n", run->label, run->failure);
	else
		canonicalise(run);
	return run->failure ? NULL : run;
}

static bool
more_native(struct runs *runs, unsigned int n)
{
	while (n-- > 0 && runs->n < RUNS_MAX) {
		runs->native[runs->n] = one_run(runs->r, RUNNER_NATIVE);
		if (!runs->native[runs->n++])
			return false;
	}
	return true;
}

static void
compare(struct runs *runs, struct run *stead, struct comparison *c)
{
	memset(c, 0, sizeof(*c));
	compare_learn(runs->native, runs->n);
	c->natives = runs->native;
	c->nnatives = runs->n;
	c->stead = stead;
	c->stop = &exchange_interrupted;
	compare_runs(c);
}

static bool
has_key(const struct comparison *c, uint64_t key)
{
	for (size_t i = 0; i < c->ndifferences; i++)
		if (c->differences[i].key == key)
			return true;
	return false;
}

/* Time for what depends on it to become different natively. */
static void
let_time_pass(void)
{
	struct timespec a_second = { 1, 100000000 };

	nanosleep(&a_second, NULL);
}

/* Everything; what is left in @c has been seen in each run of stead. */
static int
run_all(struct runs *runs, const struct diff_options *o, struct comparison *c)
{
	struct run *stead, *again;
	struct comparison other;

	if (!more_native(runs, o->repeat > 1 ? o->repeat - 1 : 1))
		return EXIT_NOT_COMPARABLE;
	stead = one_run(runs->r, RUNNER_STEAD);
	if (!stead || (o->repeat > 1 && !more_native(runs, 1)))
		return EXIT_NOT_COMPARABLE;
	compare(runs, stead, c);
	for (unsigned int i = 0; i < o->confirm && !exchange_interrupted && report_unexpected(c); i++) {
		let_time_pass();
		again = one_run(runs->r, RUNNER_STEAD);
		if (!again || !more_native(runs, 1))
			return EXIT_NOT_COMPARABLE;
		compare(runs, stead, c);
		compare(runs, again, &other);
		for (size_t j = 0; j < c->ndifferences; j++)
			c->differences[j].unsteady = !has_key(&other, c->differences[j].key);
		if (!report_unexpected(&other)) { /* it can be equal */
			*c = other;
			return 0;
		}
	}
	return 0;
}

static const char *
joined(char **argv)
{
	size_t n = 1;
	char *text;

	for (int i = 0; argv[i]; i++)
		n += strlen(argv[i]) + 1;
	text = must_alloc(n);
	for (int i = 0; argv[i]; i++)
		sprintf(text + strlen(text), i ? " %s" : "%s", argv[i]);
	return text;
}

static int
report(const struct diff_options *o, const struct run_options *opt, struct comparison *c, struct expectations *known,
       double seconds)
{
	struct report_options ro = {
		.f = stdout, .color = isatty(1), .width = 160, .context = o->context, .seconds = seconds
	};
	struct winsize ws;
	struct unmet *unmet;
	size_t nunmet = expect_apply(known, c, &unmet);

	if (ioctl(1, TIOCGWINSZ, &ws) == 0 && ws.ws_col > 0)
		ro.width = ws.ws_col;
	ro.program = joined(opt->argv);
	if (o->form == FORM_JSON)
		report_json(&ro, c, unmet, nunmet);
	else if (o->form == FORM_JUNIT)
		report_junit(&ro, c, unmet, nunmet);
	else
		report_text(&ro, c, unmet, nunmet);
	fflush(stdout);
	return report_unexpected(c) || nunmet ? EXIT_DIFFERENT : 0;
}

static void
on_stop(int sig)
{
	exchange_interrupted = sig;
}

/* So that our directory is removed when somebody has had enough. */
static void
catch_stops(void)
{
	static const int stops[] = { SIGHUP, SIGINT, SIGTERM };
	struct sigaction sa = { .sa_handler = on_stop }, old;

	for (size_t i = 0; i < sizeof(stops) / sizeof(stops[0]); i++)
		if (sigaction(stops[i], NULL, &old) == 0 && old.sa_handler == SIG_DFL)
			sigaction(stops[i], &sa, NULL);
}

static int
diff(const struct diff_options *o, const struct run_options *opt)
{
	struct runner r = { .trap = opt->trap,
			    .argc = opt->argc,
			    .argv = opt->argv,
			    .aslr = o->aslr,
			    .tty = o->tty,
			    .linger = o->linger,
			    .inject = opt->inject,
			    .timeout = o->timeout };
	struct runs runs = { .r = &r };
	struct expectations *known = NULL;
	struct comparison c = { 0 };
	char work[] = "/tmp/stead-diff.XXXXXX";
	struct winsize ws = { .ws_row = 24, .ws_col = 80 };
	uint64_t start = clock_ns(CLOCK_MONOTONIC);
	int err;

	if (o->expect && expect_read(o->expect, &known) < 0)
		return EXIT_NOT_COMPARABLE;
	if (!mkdtemp(work))
		return not_comparable(work, strerror(errno));
	r.work = work;
	for (int fd = 0; fd < 3 && ioctl(fd, TIOCGWINSZ, &ws) < 0; fd++)
		;
	snprintf(r.size, sizeof(r.size), "%ux%u", ws.ws_row, ws.ws_col);
	catch_stops();
	r.started = clock_ns(CLOCK_REALTIME);
	environ = opt->envp;
	err = setup_words(opt, &r.setup) < 0 ? EXIT_NOT_COMPARABLE : place(&r, o, opt);
	if (!err) {
		runner_input(&r);
		err = run_all(&runs, o, &c);
	}
	tree_remove(work);
	if (exchange_interrupted) {
		signal(exchange_interrupted, SIG_DFL);
		raise(exchange_interrupted);
	}
	return err ? err : report(o, opt, &c, known, (double)(clock_ns(CLOCK_MONOTONIC) - start) / NS_PER_SECOND);
}

int
cmd_diff(int argc, char **argv)
{
	struct diff_options o = { .repeat = 3, .confirm = 2, .context = 4, .linger = 2, .timeout = 300 };
	const struct option_extension ext = { "diff", "", long_options, parse_one, &o, help_text };
	struct run_options opt;
	int status;

	if (argc > 1 && strcmp(argv[1], INSIDE_WORD) == 0)
		return inside_main(argc - 1, argv + 1);
	if (argc > 1 && strcmp(argv[1], "--rules") == 0) {
		rules_list(stdout);
		return 0;
	}
	status = run_options_parse(argc, argv, &ext, &opt);
	if (status)
		return status == RUN_OPTIONS_HELP ? 0 : EXIT_NOT_COMPARABLE;
	status = refuse_options(&opt, &o);
	return status ? status : diff(&o, &opt);
}
