/* SPDX-License-Identifier: MIT
 *
 * The options of `stead run`. Every mistake is answered by one line that says what to write instead, and status 125.
 */
#include <errno.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "src/inject.h"
#include "src/options.h"

extern char **environ;

enum {
	OPT_TRAP = 256,
	OPT_ROOT,
	OPT_READ_ONLY,
	OPT_EPHEMERAL,
	OPT_UPPER,
	OPT_BIND,
	OPT_TMPFS,
	OPT_ENV,
	OPT_CLEAR_ENV,
	OPT_CWD,
	OPT_UID,
	OPT_HOSTNAME,
	OPT_MEMORY,
	OPT_NO_ASLR,
	OPT_TRACE,
	OPT_INJECT,
	OPT_REPORT_MISSING,
	OPT_DEBUG_LOG,
	OPT_HELP,
};

static const struct option long_options[] = {
	{ "trap", required_argument, NULL, OPT_TRAP },
	{ "root", required_argument, NULL, OPT_ROOT },
	{ "read-only", no_argument, NULL, OPT_READ_ONLY },
	{ "ephemeral", no_argument, NULL, OPT_EPHEMERAL },
	{ "upper", required_argument, NULL, OPT_UPPER },
	{ "bind", required_argument, NULL, OPT_BIND },
	{ "tmpfs", required_argument, NULL, OPT_TMPFS },
	{ "env", required_argument, NULL, OPT_ENV },
	{ "clear-env", no_argument, NULL, OPT_CLEAR_ENV },
	{ "cwd", required_argument, NULL, OPT_CWD },
	{ "uid", required_argument, NULL, OPT_UID },
	{ "hostname", required_argument, NULL, OPT_HOSTNAME },
	{ "memory", required_argument, NULL, OPT_MEMORY },
	{ "no-aslr", no_argument, NULL, OPT_NO_ASLR },
	{ "trace", optional_argument, NULL, OPT_TRACE },
	{ "inject", required_argument, NULL, OPT_INJECT },
	{ "report-missing", optional_argument, NULL, OPT_REPORT_MISSING },
	{ "debug-log", no_argument, NULL, OPT_DEBUG_LOG },
	{ "help", no_argument, NULL, OPT_HELP },
	{ NULL, 0, NULL, 0 },
};

static const char help_text[] =
	"Usage: stead run [OPTION]... [--] PROGRAM [ARGUMENT]...\n"
	"Run a Linux program on stead's own kernel. The host's files are read-only underneath; what the\n"
	"program writes stays in memory and is gone at its end, unless --upper or --bind say otherwise.\n"
	"\n"
	"  --trap=auto|resident|remote  how system calls are caught (stead doctor explains)\n"
	"  --trap=unprotected           as resident, without keys: for programs you trust only\n"
	"  --root=DIR|ARCHIVE           the program's root is DIR of the host, or a tar archive, not /\n"
	"  --ephemeral                  what the program writes is gone at its end: the default\n"
	"  --upper=DIR                  what the program writes is kept in DIR of the host, for the next run\n"
	"  --read-only                  the root is mounted read-only\n"
	"  --bind=SRC:DST[:ro]          show the host's SRC at DST, writable unless :ro\n"
	"  --tmpfs=DST[:SIZE]           an empty file system in memory at DST\n"
	"  --env=NAME=VALUE             set a variable\n"
	"  --env=NAME                   take a variable from here, after --clear-env\n"
	"  --clear-env                  start with an empty environment\n"
	"  --cwd=DIR                    start in DIR\n"
	"  --uid=UID[:GID]              run as this user (inside)\n"
	"  --hostname=NAME              the name uname(2) gives\n"
	"  --memory=SIZE                memory the program sees, and may fill: 512M, 4G\n"
	"  --no-aslr                    the same addresses every time\n"
	"  --trace[=FILE]               write every system call to stderr or FILE, as strace does\n"
	"  --inject=CALLS:error=ENOSPC:when=3+\n"
	"                               let system calls fail, as strace does; see stead-trace(1)\n"
	"  --report-missing[=FILE]      at the end, list the system calls stead did not have\n"
	"  --debug-log                  the kernel's own messages on stderr\n"
	"  --help                       this text\n"
	"\n"
	"Exit status: the program's own (and its signal, if it died by one); 125 when stead itself fails,\n"
	"126 when the program cannot be executed, 127 when it is not found.\n";

/* An environment being put together: later settings of a name replace earlier ones. */
struct env_list {
	char **v;
	size_t n;
};

static void *
must_realloc(void *p, size_t n)
{
	p = realloc(p, n);
	if (!p) {
		fputs("stead: out of memory\n", stderr);
		exit(EXIT_STEAD_FAILED);
	}
	return p;
}

static char *
must_strndup(const char *s, size_t n)
{
	char *p = must_realloc(NULL, n + 1);

	memcpy(p, s, n);
	p[n] = '\0';
	return p;
}

static const char *command = "run";

int
option_mistake(const char *fmt, ...)
{
	va_list ap;

	fprintf(stderr, "stead %s: ", command);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
	return EXIT_STEAD_FAILED;
}

static void
env_put(struct env_list *env, const char *setting)
{
	size_t name_len = strcspn(setting, "=") + 1;
	size_t i;

	for (i = 0; i < env->n; i++) {
		if (strncmp(env->v[i], setting, name_len) == 0)
			break;
	}
	if (i == env->n) {
		env->v = must_realloc(env->v, (env->n + 2) * sizeof(*env->v));
		env->v[++env->n] = NULL;
	}
	env->v[i] = (char *)(uintptr_t)setting;
}

int
parse_size(const char *text, uint64_t *out)
{
	static const char suffixes[] = "kmgt";
	unsigned long long n;
	unsigned int shift = 0;
	const char *s;
	char *end;

	if (*text < '0' || *text > '9')
		return -1;
	errno = 0;
	n = strtoull(text, &end, 0);
	if (errno)
		return -1;
	if (*end) {
		s = strchr(suffixes, *end | 0x20);
		if (!s)
			return -1;
		shift = 10 * (unsigned int)(s - suffixes + 1);
		end++;
		if (*end == 'i')
			end++;
		if ((*end | 0x20) == 'b')
			end++;
		if (*end)
			return -1;
	}
	if (n > UINT64_MAX >> shift)
		return -1;
	*out = (uint64_t)n << shift;
	return 0;
}

static struct run_mount *
add_mount(struct run_options *o)
{
	struct run_mount *m;

	o->mounts = must_realloc(o->mounts, (o->nmounts + 1) * sizeof(*o->mounts));
	m = &o->mounts[o->nmounts++];
	memset(m, 0, sizeof(*m));
	return m;
}

/* SRC:DST[:ro]. A colon inside a path cannot be written; nobody has needed it. */
static int
parse_bind(struct run_options *o, const char *arg)
{
	const char *colon = strchr(arg, ':');
	const char *second = colon ? strchr(colon + 1, ':') : NULL;
	struct run_mount *m;

	if (!colon || colon == arg || colon[1] != '/')
		return option_mistake("--bind=%s: write SRC:DST or SRC:DST:ro, with DST an absolute path inside", arg);
	if (second && strcmp(second, ":ro") != 0 && strcmp(second, ":rw") != 0)
		return option_mistake("--bind=%s: the only words after the second colon are ro and rw", arg);
	m = add_mount(o);
	m->kind = RUN_MOUNT_BIND;
	m->src = must_strndup(arg, (size_t)(colon - arg));
	m->dst = must_strndup(colon + 1, second ? (size_t)(second - colon - 1) : strlen(colon + 1));
	m->read_only = second && strcmp(second, ":ro") == 0;
	return 0;
}

static int
parse_tmpfs(struct run_options *o, const char *arg)
{
	const char *colon = strchr(arg, ':');
	uint64_t size = 0;
	struct run_mount *m;

	if (arg[0] != '/')
		return option_mistake("--tmpfs=%s: write DST or DST:SIZE, with DST an absolute path inside", arg);
	if (colon && parse_size(colon + 1, &size) != 0)
		return option_mistake("--tmpfs=%s: write the size as a number with k, m or g, for example /tmp:64m", arg);
	m = add_mount(o);
	m->kind = RUN_MOUNT_TMPFS;
	m->dst = must_strndup(arg, colon ? (size_t)(colon - arg) : strlen(arg));
	m->size = size;
	return 0;
}

static int
parse_env(struct env_list *env, const char *arg)
{
	const char *value;
	char *setting;
	int n;

	if (arg[0] == '\0' || arg[0] == '=')
		return option_mistake("--env=%s: write NAME=VALUE, or NAME to take it from here", arg);
	if (strchr(arg, '=')) {
		env_put(env, arg);
		return 0;
	}
	value = getenv(arg);
	if (!value)
		return 0; /* as env -u: what is not set here is not set there */
	n = (int)strlen(arg);
	setting = must_realloc(NULL, (size_t)n + strlen(value) + 2);
	sprintf(setting, "%s=%s", arg, value);
	env_put(env, setting);
	return 0;
}

static int
parse_id(const char *text, char stop, uint32_t *out, const char **rest)
{
	unsigned long n;
	char *end;

	if (*text < '0' || *text > '9')
		return -1;
	errno = 0;
	n = strtoul(text, &end, 10);
	if (errno || n >= UINT32_MAX || (*end && *end != stop))
		return -1;
	*out = (uint32_t)n;
	*rest = end;
	return 0;
}

static int
parse_uid(struct run_options *o, const char *arg)
{
	const char *rest;

	if (parse_id(arg, ':', &o->uid, &rest) != 0)
		return option_mistake("--uid=%s: write numbers, UID or UID:GID, for example 1000:1000", arg);
	o->gid = o->uid;
	if (*rest == ':' && parse_id(rest + 1, '\0', &o->gid, &rest) != 0)
		return option_mistake("--uid=%s: write numbers, UID or UID:GID, for example 1000:1000", arg);
	o->have_uid = true;
	return 0;
}

static int
parse_trap(struct run_options *o, const char *arg)
{
	static const char *const names[] = { "auto", "resident", "remote", "unprotected" };
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (strcmp(arg, names[i]) == 0) {
			o->trap = (enum run_trap)i;
			return 0;
		}
	}
	return option_mistake(
		"--trap=%s: choose auto, resident, remote or unprotected; stead doctor says which this host can", arg);
}

int
run_options_inject(struct run_options *o, const char *arg)
{
	char why[160];

	if (!o->inject) {
		o->inject = must_realloc(NULL, sizeof(*o->inject));
		memset(o->inject, 0, sizeof(*o->inject));
	}
	if (inject_parse(arg, o->inject, why, sizeof(why)) < 0)
		return option_mistake("--inject=%s: %s", arg, why);
	return 0;
}

int
run_options_fault(struct run_options *o, const char *arg)
{
	size_t calls = strcspn(arg, ":");
	char *text = must_realloc(NULL, strlen(arg) + 16);
	int status;

	if (strstr(arg, ":error=") || strstr(arg, ":retval="))
		strcpy(text, arg);
	else
		sprintf(text, "%.*s:error=ENOSYS%s", (int)calls, arg, arg + calls);
	status = run_options_inject(o, text);
	free(text);
	return status;
}

static int
parse_one(struct run_options *o, struct env_list *env, int opt, const char *arg)
{
	switch (opt) {
	case OPT_TRAP:
		return parse_trap(o, arg);
	case OPT_ROOT:
		if (!*arg)
			return option_mistake("--root needs a directory or a tar archive");
		o->root = arg;
		return 0;
	case OPT_READ_ONLY:
		o->read_only = true;
		return 0;
	case OPT_EPHEMERAL:
		o->ephemeral = true;
		return 0;
	case OPT_UPPER:
		if (!*arg)
			return option_mistake("--upper needs a directory");
		o->upper = arg;
		return 0;
	case OPT_BIND:
		return parse_bind(o, arg);
	case OPT_TMPFS:
		return parse_tmpfs(o, arg);
	case OPT_ENV:
		return parse_env(env, arg);
	case OPT_CWD:
		if (arg[0] != '/')
			return option_mistake("--cwd=%s: write an absolute path inside", arg);
		o->cwd = arg;
		return 0;
	case OPT_UID:
		return parse_uid(o, arg);
	case OPT_HOSTNAME:
		if (!*arg || strlen(arg) > 64)
			return option_mistake("--hostname=%s: write a name of 1 to 64 bytes", arg);
		o->hostname = arg;
		return 0;
	case OPT_MEMORY:
		if (parse_size(arg, &o->memory) != 0 || o->memory < 16 << 20)
			return option_mistake("--memory=%s: write a size of at least 16m, for example 512m or 4g", arg);
		return 0;
	case OPT_NO_ASLR:
		o->no_aslr = true;
		return 0;
	case OPT_TRACE:
		o->trace = true;
		o->trace_file = arg;
		return 0;
	case OPT_INJECT:
		return run_options_inject(o, arg);
	case OPT_REPORT_MISSING:
		o->report_missing = true;
		o->report_file = arg;
		return 0;
	case OPT_DEBUG_LOG:
		o->debug_log = true;
		return 0;
	default:
		return option_mistake("internal error: option %d", opt);
	}
}

/* Ours, and those of the subcommand. */
static struct option *
all_options(const struct option_extension *ext)
{
	size_t ours = sizeof(long_options) / sizeof(long_options[0]) - 1, theirs = 0;
	struct option *all;

	while (ext && ext->longs[theirs].name)
		theirs++;
	all = must_realloc(NULL, (ours + theirs + 1) * sizeof(*all));
	memcpy(all, long_options, ours * sizeof(*all));
	if (ext)
		memcpy(all + ours, ext->longs, theirs * sizeof(*all));
	memset(all + ours + theirs, 0, sizeof(*all));
	return all;
}

/* --clear-env and --env apply in any order of writing: clearing always comes first, so it is looked for first. */
static void
inherit_environment(int argc, char **argv, const char *shorts, const struct option *longs, struct env_list *env)
{
	char **e;
	int opt;

	env->v = must_realloc(NULL, sizeof(*env->v));
	env->v[0] = NULL;
	optind = 0;
	while ((opt = getopt_long(argc, argv, shorts, longs, NULL)) != -1) {
		if (opt == OPT_CLEAR_ENV)
			return;
	}
	for (e = environ; *e; e++)
		env_put(env, *e);
}

static int
unknown_option(int opt, char **argv, int at)
{
	if (opt == ':')
		return option_mistake("%s needs a value; see stead %s --help", argv[at], command);
	return option_mistake(
		"there is no option %s; see stead %s --help, and write -- before a program that starts with a dash",
		argv[at], command);
}

int
run_options_parse(int argc, char **argv, const struct option_extension *ext, struct run_options *out)
{
	struct option *longs = all_options(ext);
	struct env_list env = { NULL, 0 };
	char shorts[64];
	int opt, err, at;

	if (ext)
		command = ext->command;
	snprintf(shorts, sizeof(shorts), "+:%s", ext ? ext->shorts : "");

	memset(out, 0, sizeof(*out));
	out->root = "/";
	opterr = 0;
	inherit_environment(argc, argv, shorts, longs, &env);
	optind = 0;
	for (;;) {
		at = optind ? optind : 1;
		opt = getopt_long(argc, argv, shorts, longs, NULL);
		if (opt == -1)
			break;
		if (opt == OPT_HELP) {
			fputs(ext ? ext->help : help_text, stdout);
			return RUN_OPTIONS_HELP;
		}
		if (opt == '?' || opt == ':')
			return unknown_option(opt, argv, at);
		if (opt == OPT_CLEAR_ENV)
			continue;
		err = ext && (opt >= 1000 || opt < 256) ? ext->parse(ext->ctx, out, opt, optarg)
							: parse_one(out, &env, opt, optarg);
		if (err)
			return err;
	}
	if (optind >= argc)
		return option_mistake("which program? write stead %s [OPTION]... -- PROGRAM [ARGUMENT]...", command);
	if (out->upper && out->ephemeral)
		return option_mistake("--upper=%s keeps what is written and --ephemeral does not: choose one", out->upper);
	out->envp = env.v;
	out->argc = argc - optind;
	out->argv = argv + optind;
	return 0;
}
