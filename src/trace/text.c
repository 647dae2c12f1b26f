/* SPDX-License-Identifier: MIT
 *
 * Events as strace prints them: one line a call. A call that is still running when another task has something to say is cut:
 * "<unfinished ...>", and later "<... NAME resumed>".
 */
#include "src/trace/text.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "src/clock.h"
#include "src/decode.h"
#include "src/trace/format.h"
#include "src/trace/names.h"
#include "src/trace/path.h"
#include "src/trace/structs.h"

#define RESULT_COLUMN 40

/* t->user */
struct text_task {
	bool in_call, whole; /* whole: the arguments were all printed at the call's beginning */
	bool counted, printed; /* the call is one of those that are wanted; and a line of it */
	uint64_t nr, began;  /* began: CLOCK_MONOTONIC, ns */
	struct trace_call call;
	size_t column; /* where its line is */
	char *held;    /* the line so far, when it is not yet known whether it will be shown */
	int fd;	       /* each task has its own: the file, or -1 */
	bool open;     /* likewise: its line is not ended */
};

struct trace_text {
	struct trace_text_options o;
	int fd;
	unsigned int tasks;
	uint64_t last_line;	     /* CLOCK_MONOTONIC, ns */
	struct traced *first, *open; /* open: whose line is not ended yet */
	struct traced *current;	     /* whose file is written, if each has its own */
	struct trace_count *count;
	struct trace_buf line;
};

/* The trace is lost when it cannot be written, the program is not. */
static void
flush(struct trace_text *x)
{
	size_t done = 0;
	ssize_t n;

	while (done < x->line.n) {
		n = write(x->fd, x->line.text + done, x->line.n - done);
		if (n < 0 && errno != EINTR)
			break;
		if (n > 0)
			done += (size_t)n;
	}
	x->line.n = 0;
}

static bool
shown(const struct trace_text *x, const struct traced *t)
{
	return t->user && (x->o.follow || t == x->first);
}

/* Each task has its own file: its line stays open while others speak. */
static void
turn_to(struct trace_text *x, struct traced *t)
{
	struct text_task *tt = t->user;

	if (!x->o.separate || x->current == t)
		return;
	if (x->current)
		((struct text_task *)x->current->user)->open = x->open == x->current;
	x->current = t;
	x->open = tt->open ? t : NULL;
	x->fd = tt->fd;
}

static void
print_stamp(struct trace_text *x)
{
	uint64_t ns = clock_ns(CLOCK_REALTIME), mono;
	time_t sec = (time_t)(ns / 1000000000);
	unsigned int us = (unsigned int)(ns % 1000000000 / 1000);
	char text[16];
	struct tm tm;

	if (x->o.stamp == TRACE_STAMP_EPOCH) {
		trace_printf(&x->line, "%lld.%06u ", (long long)sec, us);
	} else if (x->o.stamp != TRACE_STAMP_NONE && localtime_r(&sec, &tm) && strftime(text, sizeof(text), "%T", &tm)) {
		trace_printf(&x->line, "%s", text);
		trace_printf(&x->line, x->o.stamp == TRACE_STAMP_MICROSECONDS ? ".%06u " : " ", us);
	}
	if (x->o.relative) {
		mono = clock_ns(CLOCK_MONOTONIC);
		ns = x->last_line ? mono - x->last_line : 0;
		x->last_line = mono;
		trace_printf(&x->line, "%6llu.%06llu ", (unsigned long long)ns / 1000000000,
			     (unsigned long long)ns % 1000000000 / 1000);
	}
}

/* Who is speaking, after ending another's open line. */
static size_t
leader(struct trace_text *x, struct traced *t)
{
	size_t start;

	if (x->open)
		trace_printf(&x->line, " <unfinished ...>\n");
	x->open = NULL;
	start = x->line.n;
	if (x->o.separate)
		; /* the file's name says it */
	else if (x->o.file && x->o.follow)
		trace_printf(&x->line, "%-5d ", t->tid);
	else if (!x->o.file && x->tasks > 1)
		trace_printf(&x->line, "[pid %5d] ", t->tid);
	print_stamp(x);
	if (x->o.numbers) /* of the last call, where it is none */
		trace_printf(&x->line, "[%4llu] ", (unsigned long long)((struct text_task *)t->user)->nr);
	if (x->o.places && t->ip)
		trace_printf(&x->line, "[%016llx] ", (unsigned long long)t->ip);
	else if (x->o.places)
		trace_printf(&x->line, "[????????????????] ");
	return start;
}

static void
print_name(struct trace_buf *b, uint64_t nr)
{
	const struct syscall_desc *d = syscall_desc(nr);

	if (d)
		trace_printf(b, "%s", d->name);
	else
		trace_printf(b, "syscall_%#llx", (unsigned long long)nr);
}

static void
print_beginning(struct trace_text *x, struct text_task *tt)
{
	print_name(&x->line, tt->nr);
	trace_printf(&x->line, "(");
	tt->whole = !trace_call_enter(&x->line, &tt->call);
}

static bool
waits_for_result(const struct trace_text *x)
{
	return x->o.only_successful || x->o.only_failed;
}

static void
text_enter(void *ctx, struct traced *t, uint64_t nr, const uint64_t args[6])
{
	struct trace_text *x = ctx;
	struct text_task *tt = t->user;
	const struct syscall_desc *before;
	size_t start;

	if (!shown(x, t))
		return;
	before = syscall_desc(tt->nr);
	tt->in_call = true;
	tt->nr = nr;
	tt->began = x->count || x->o.duration ? clock_ns(CLOCK_MONOTONIC) : 0;
	tt->call = (struct trace_call){ .d = syscall_desc(nr),
					.before = before,
					.m = &t->mem,
					.args = args,
					.sp = t->sp,
					.string_shown = x->o.string_shown };
	tt->counted = (!x->o.calls || syscall_in_set(x->o.calls, nr)) &&
		      (!x->o.only_paths || trace_path_match(&tt->call, x->o.only_paths));
	tt->printed = tt->counted && !x->o.no_lines;
	if (!tt->printed)
		return;
	turn_to(x, t);
	if (waits_for_result(x)) {
		print_beginning(x, tt);
		free(tt->held);
		tt->held = strndup(x->line.text, x->line.n);
		x->line.n = 0;
		return;
	}
	start = leader(x, t);
	print_beginning(x, tt);
	tt->column = x->line.n - start;
	x->open = t;
	flush(x);
}

/* The rest of a call's line begins: on the open line, or on a new one. Returns where column 0 is. */
static size_t
resume(struct trace_text *x, struct traced *t)
{
	struct text_task *tt = t->user;
	size_t start;

	if (x->open == t)
		return x->line.n - tt->column; /* wraps around, on purpose: a distance */
	start = leader(x, t);
	trace_printf(&x->line, "<... ");
	print_name(&x->line, tt->nr);
	trace_printf(&x->line, " resumed>");
	return start;
}

static void
end_of_args(struct trace_text *x, size_t start)
{
	size_t column, result = x->o.column ? x->o.column : RESULT_COLUMN;

	trace_printf(&x->line, ") ");
	column = x->line.n - start;
	trace_printf(&x->line, "%*s= ", (int)(column < result ? result - column : 0), "");
}

static void
print_duration(struct trace_text *x, uint64_t ns)
{
	trace_printf(&x->line, " <%llu.%06llu>", (unsigned long long)ns / 1000000000,
		     (unsigned long long)ns % 1000000000 / 1000);
}

static void
print_end(struct trace_text *x, struct traced *t, const uint64_t args[6], int64_t result, uint64_t ns)
{
	struct text_task *tt = t->user;
	size_t start;

	if (waits_for_result(x)) {
		start = leader(x, t);
		trace_printf(&x->line, "%s", tt->held ? tt->held : "");
	} else {
		start = resume(x, t);
	}
	tt->call.args = args;
	tt->call.done = true;
	tt->call.result = result;
	trace_call_exit(&x->line, &tt->call);
	end_of_args(x, start);
	trace_call_result(&x->line, &tt->call);
	if (t->tampered & TRACE_POKED)
		trace_printf(&x->line, t->tampered & TRACE_INJECTED ? " (INJECTED: args, retval)" : " (INJECTED: args)");
	else
		trace_printf(&x->line, t->tampered & TRACE_INJECTED ? " (INJECTED)" : "");
	trace_printf(&x->line, t->tampered & TRACE_DELAYED ? " (DELAYED)" : "");
	if (x->o.duration)
		print_duration(x, ns);
	trace_printf(&x->line, "\n");
	flush(x);
	x->open = NULL;
}

static void
text_exit(void *ctx, struct traced *t, uint64_t nr, const uint64_t args[6], int64_t result)
{
	struct trace_text *x = ctx;
	struct text_task *tt = t->user;
	bool failed = result < 0 && result >= -4095;
	uint64_t ns;

	if (!shown(x, t) || !tt->in_call)
		return;
	tt->in_call = false;
	ns = tt->began ? clock_ns(CLOCK_MONOTONIC) - tt->began : 0;
	turn_to(x, t);
	if (x->count && tt->counted)
		trace_count_add(x->count, nr, ns, failed);
	if (tt->printed && !(x->o.only_successful && failed) && !(x->o.only_failed && !failed))
		print_end(x, t, args, result, ns);
}

static void
text_signal(void *ctx, struct traced *t, const siginfo_t *info)
{
	struct trace_text *x = ctx;

	if (!shown(x, t) || x->o.no_lines || (x->o.signals >> (info->si_signo - 1) & 1))
		return;
	turn_to(x, t);
	leader(x, t);
	trace_printf(&x->line, "--- ");
	trace_format_signal(&x->line, info->si_signo);
	trace_printf(&x->line, " ");
	trace_struct("siginfo")->print(&x->line, &t->mem, info);
	trace_printf(&x->line, " ---\n");
	flush(x);
}

static void
text_stopped(void *ctx, struct traced *t, int sig)
{
	struct trace_text *x = ctx;

	if (!shown(x, t) || x->o.no_lines)
		return;
	turn_to(x, t);
	leader(x, t);
	trace_printf(&x->line, "--- stopped by ");
	trace_format_signal(&x->line, sig);
	trace_printf(&x->line, " ---\n");
	flush(x);
}

static int
open_file(const struct trace_text_options *o, const char *name)
{
	return open(name, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | (o->append ? 0 : O_TRUNC), 0666);
}

static void
text_new_task(void *ctx, struct traced *t, int parent_tid, enum trace_how how)
{
	struct trace_text *x = ctx;

	struct text_task *tt = calloc(1, sizeof(*tt));
	char name[PATH_MAX];

	t->user = tt;
	if (!x->first)
		x->first = t;
	if (!shown(x, t))
		return;
	x->tasks++;
	tt->fd = -1;
	if (x->o.separate && snprintf(name, sizeof(name), "%s.%d", x->o.file, t->tid) < (int)sizeof(name))
		tt->fd = open_file(&x->o, name);
}

/* exit_group() and its like, or a call that was cut short by SIGKILL. */
static void
never_returned(struct trace_text *x, struct traced *t)
{
	struct text_task *tt = t->user;
	size_t start = resume(x, t);

	if (!tt->whole)
		trace_printf(&x->line, " <unfinished ...>");
	end_of_args(x, start);
	trace_printf(&x->line, "?\n");
	x->open = NULL;
}

static void
print_gone(struct trace_text *x, struct traced *t, int status)
{
	leader(x, t);
	if (status == TRACE_SUPERSEDED) {
		trace_printf(&x->line, "+++ superseded by execve in pid %d +++\n", t->superseded_by);
	} else if (WIFSIGNALED(status)) {
		trace_printf(&x->line, "+++ killed by ");
		trace_format_signal(&x->line, WTERMSIG(status));
		trace_printf(&x->line, WCOREDUMP(status) ? " (core dumped) +++\n" : " +++\n");
	} else {
		trace_printf(&x->line, "+++ exited with %d +++\n", WEXITSTATUS(status));
	}
}

static void
text_gone(void *ctx, struct traced *t, int status)
{
	struct trace_text *x = ctx;
	struct text_task *tt = t->user;

	if (shown(x, t)) {
		turn_to(x, t);
		if (tt->in_call && tt->printed && !waits_for_result(x))
			never_returned(x, t);
		if (!x->o.no_lines && !(x->o.quiet_exit && WIFEXITED(status)))
			print_gone(x, t, status);
		flush(x);
		x->tasks--;
		if (x->o.separate) {
			close(tt->fd);
			x->current = x->open = NULL;
			x->fd = -1;
		}
	}
	if (tt)
		free(tt->held);
	free(tt);
	t->user = NULL;
}

static int
open_output(const struct trace_text_options *o)
{
	int fd = o->file && !o->separate ? open_file(o, o->file) : fcntl(2, F_DUPFD_CLOEXEC, 100);

	return fd < 0 ? -errno : fd;
}

int
trace_text_open(const struct trace_text_options *o, struct trace_text **out, struct trace_hooks *hooks)
{
	struct trace_text *x = calloc(1, sizeof(*x));
	int err;

	if (!x)
		return -ENOMEM;
	x->o = *o;
	x->line.paths = o->paths;
	x->line.hex = o->hex;
	x->line.verbose = o->verbose;
	x->count = o->counts ? calloc(1, sizeof(*x->count)) : NULL;
	x->fd = open_output(o);
	if (x->fd < 0) {
		err = x->fd;
		free(x->count);
		free(x);
		return err;
	}
	*hooks = (struct trace_hooks){
		.ctx = x,
		.new_task = text_new_task,
		.enter = text_enter,
		.exit = text_exit,
		.signal = text_signal,
		.stopped = text_stopped,
		.gone = text_gone,
	};
	*out = x;
	return 0;
}

void
trace_text_close(struct trace_text *x)
{
	if (x->open)
		trace_printf(&x->line, " <unfinished ...>\n");
	if (x->count)
		trace_count_print(&x->line, x->count, x->o.sort);
	flush(x);
	close(x->fd);
	free(x->count);
	free(x);
}
