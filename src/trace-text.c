/* SPDX-License-Identifier: MIT
 *
 * Events as strace prints them: one line a call. A call that is still running when another task has something to say is cut:
 * "<unfinished ...>", and later "<... NAME resumed>".
 */
#include "src/trace-text.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "src/decode.h"
#include "src/trace-format.h"
#include "src/trace-names.h"
#include "src/trace-structs.h"

#define RESULT_COLUMN 40

/* t->user */
struct text_task {
	bool in_call, whole; /* whole: the arguments were all printed at the call's beginning */
	uint64_t nr;
	struct trace_call call;
	size_t column; /* where its line is, 0 when it has none open */
};

struct trace_text {
	struct trace_text_options o;
	int fd;
	unsigned int tasks;
	struct traced *first, *open; /* open: whose line is not ended yet */
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

/* Who is speaking, after ending another's open line. */
static size_t
leader(struct trace_text *x, struct traced *t)
{
	size_t start;

	if (x->open)
		trace_printf(&x->line, " <unfinished ...>\n");
	x->open = NULL;
	start = x->line.n;
	if (x->o.file && x->o.follow)
		trace_printf(&x->line, "%-5d ", t->tid);
	else if (!x->o.file && x->tasks > 1)
		trace_printf(&x->line, "[pid %5d] ", t->tid);
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
text_enter(void *ctx, struct traced *t, uint64_t nr, const uint64_t args[6])
{
	struct trace_text *x = ctx;
	struct text_task *tt = t->user;
	size_t start;

	if (!shown(x, t))
		return;
	tt->in_call = true;
	tt->nr = nr;
	start = leader(x, t);
	print_name(&x->line, nr);
	trace_printf(&x->line, "(");
	tt->call = (struct trace_call){ .d = syscall_desc(nr), .m = &t->mem, .args = args, .sp = t->sp };
	tt->whole = !trace_call_enter(&x->line, &tt->call);
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
end_of_args(struct trace_buf *b, size_t start)
{
	size_t column;

	trace_printf(b, ") ");
	column = b->n - start;
	trace_printf(b, "%*s= ", (int)(column < RESULT_COLUMN ? RESULT_COLUMN - column : 0), "");
}

static void
text_exit(void *ctx, struct traced *t, uint64_t nr, const uint64_t args[6], int64_t result)
{
	struct trace_text *x = ctx;
	struct text_task *tt = t->user;
	size_t start;

	if (!shown(x, t) || !tt->in_call)
		return;
	start = resume(x, t);
	tt->call.args = args;
	tt->call.done = true;
	tt->call.result = result;
	trace_call_exit(&x->line, &tt->call);
	end_of_args(&x->line, start);
	trace_call_result(&x->line, &tt->call);
	trace_printf(&x->line, t->tampered & TRACE_INJECTED ? " (INJECTED)" : "");
	trace_printf(&x->line, t->tampered & TRACE_DELAYED ? " (DELAYED)" : "");
	trace_printf(&x->line, "\n");
	flush(x);
	x->open = NULL;
	tt->in_call = false;
}

static void
text_signal(void *ctx, struct traced *t, const siginfo_t *info)
{
	struct trace_text *x = ctx;

	if (!shown(x, t))
		return;
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

	if (!shown(x, t))
		return;
	leader(x, t);
	trace_printf(&x->line, "--- stopped by ");
	trace_format_signal(&x->line, sig);
	trace_printf(&x->line, " ---\n");
	flush(x);
}

static void
text_new_task(void *ctx, struct traced *t, int parent_tid, enum trace_how how)
{
	struct trace_text *x = ctx;

	t->user = calloc(1, sizeof(struct text_task));
	if (!x->first)
		x->first = t;
	if (shown(x, t))
		x->tasks++;
}

/* exit_group() and its like, or a call that was cut short by SIGKILL. */
static void
never_returned(struct trace_text *x, struct traced *t)
{
	struct text_task *tt = t->user;
	size_t start = resume(x, t);

	if (!tt->whole)
		trace_printf(&x->line, " <unfinished ...>");
	end_of_args(&x->line, start);
	trace_printf(&x->line, "?\n");
	x->open = NULL;
}

static void
text_gone(void *ctx, struct traced *t, int status)
{
	struct trace_text *x = ctx;
	struct text_task *tt = t->user;

	if (shown(x, t)) {
		if (tt->in_call)
			never_returned(x, t);
		leader(x, t);
		if (status == TRACE_SUPERSEDED)
			trace_printf(&x->line, "+++ superseded by execve in another thread +++\n");
		else if (WIFSIGNALED(status)) {
			trace_printf(&x->line, "+++ killed by ");
			trace_format_signal(&x->line, WTERMSIG(status));
			trace_printf(&x->line, WCOREDUMP(status) ? " (core dumped) +++\n" : " +++\n");
		} else {
			trace_printf(&x->line, "+++ exited with %d +++\n", WEXITSTATUS(status));
		}
		flush(x);
		x->tasks--;
	}
	free(t->user);
	t->user = NULL;
}

int
trace_text_open(const struct trace_text_options *o, struct trace_text **out, struct trace_hooks *hooks)
{
	struct trace_text *x = calloc(1, sizeof(*x));

	if (!x)
		return -ENOMEM;
	x->o = *o;
	x->fd = o->file ? open(o->file, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0666) : fcntl(2, F_DUPFD_CLOEXEC, 100);
	if (x->fd < 0) {
		free(x);
		return -errno;
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
	flush(x);
	close(x->fd);
	free(x);
}
