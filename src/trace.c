/* SPDX-License-Identifier: MIT
 *
 * stead run --trace: one line a call, in strace's format. A call that is still running when another task has something to say
 * is cut: "<unfinished ...>", and later "<... NAME resumed>". One lock orders the lines; it is a leaf.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "kernel/task.h"
#include "src/decode.h"
#include "src/trace-format.h"
#include "src/trace-names.h"
#include "src/trace.h"

static struct {
	pthread_mutex_t lock;
	int fd;
	bool on, to_stderr;
	size_t (*peek)(struct task *t, uint64_t addr, void *buf, size_t n);
	struct task *open; /* whose line is not ended yet */
	size_t column;	   /* where that line is */
	int first_tid;
	bool many; /* more than one task was seen: say which */
} tr = { .lock = PTHREAD_MUTEX_INITIALIZER, .fd = -1 };

int
trace_start(const char *file, size_t (*peek)(struct task *t, uint64_t addr, void *buf, size_t n))
{
	int fd = file ? open(file, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0666) : fcntl(2, F_DUPFD_CLOEXEC, 100);

	if (fd < 0)
		return -errno;
	tr.fd = fd;
	tr.to_stderr = !file;
	tr.peek = peek;
	__atomic_store_n(&tr.on, true, __ATOMIC_RELEASE);
	return 0;
}

void
trace_stop(void)
{
	if (!tr.on)
		return;
	pthread_mutex_lock(&tr.lock);
	tr.on = false;
	if (tr.open && write(tr.fd, " <unfinished ...>\n", 18) < 0)
		tr.open = NULL;
	close(tr.fd);
	pthread_mutex_unlock(&tr.lock);
}

/* The trace is lost when it cannot be written, the program is not. */
static void
emit(const struct trace_buf *b)
{
	size_t done = 0;
	ssize_t n;

	while (done < b->n) {
		n = write(tr.fd, b->text + done, b->n - done);
		if (n < 0 && errno != EINTR)
			return;
		if (n > 0)
			done += (size_t)n;
	}
}

/* Lock held: who is speaking, after ending another's open line. */
static void
begin(struct trace_buf *b, struct task *t)
{
	int tid = t->pid;

	if (!tr.first_tid)
		tr.first_tid = tid;
	if (tid != tr.first_tid)
		tr.many = true;
	if (tr.open) {
		trace_printf(b, " <unfinished ...>\n");
		tr.open = NULL;
	}
	if (!tr.to_stderr)
		trace_printf(b, "%-5d ", tid);
	else if (tr.many)
		trace_printf(b, "[pid %5d] ", tid);
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
print_args(struct trace_buf *b, struct task *t, uint64_t nr, const uint64_t args[6], bool done, int64_t result)
{
	const struct syscall_desc *d = syscall_desc(nr);
	struct trace_mem m = { t, tr.peek };
	unsigned int i, before;

	if (d) {
		before = trace_args_before(d);
		trace_format_args(b, &m, d, args, done ? before : 0, done ? d->nargs : before, done, result);
		if (!done && before > 0 && before < d->nargs)
			trace_printf(b, ", ");
		return;
	}
	for (i = 0; !done && i < 6; i++)
		trace_printf(b, "%s%#llx", i ? ", " : "", (unsigned long long)args[i]);
}

void
trace_enter(struct task *t, uint64_t nr, const uint64_t args[6])
{
	struct trace_buf head = { .n = 0 }, body = { .n = 0 };

	if (!__atomic_load_n(&tr.on, __ATOMIC_ACQUIRE))
		return;
	print_name(&body, nr);
	trace_printf(&body, "(");
	print_args(&body, t, nr, args, false, 0);
	pthread_mutex_lock(&tr.lock);
	if (tr.on) {
		begin(&head, t);
		emit(&head);
		emit(&body);
		tr.open = t;
		tr.column = head.n + body.n;
	}
	pthread_mutex_unlock(&tr.lock);
}

static void
print_result(struct trace_buf *b, uint64_t nr, int64_t result)
{
	static const char *const restarts[] = { "ERESTARTSYS", "ERESTARTNOINTR", "ERESTARTNOHAND", NULL, "ERESTART_RESTARTBLOCK" };
	const struct syscall_desc *d = syscall_desc(nr);
	const char *name;

	if (result <= -512 && result >= -516 && restarts[-512 - result]) {
		trace_printf(b, "? %s (To be restarted)", restarts[-512 - result]);
	} else if (result < 0 && result >= -4095) {
		name = errno_name((int)-result);
		trace_printf(b, "-1 %s (%s)", name ? name : "E???", strerror((int)-result));
	} else if (d && (strcmp(d->name, "mmap") == 0 || strcmp(d->name, "brk") == 0 || strcmp(d->name, "mremap") == 0)) {
		trace_printf(b, "%#llx", (unsigned long long)result);
	} else {
		trace_printf(b, "%lld", (long long)result);
	}
}

void
trace_exit(struct task *t, uint64_t nr, const uint64_t args[6], int64_t result)
{
	struct trace_buf head = { .n = 0 }, body = { .n = 0 }, result_text = { .n = 0 };

	if (!__atomic_load_n(&tr.on, __ATOMIC_ACQUIRE))
		return;
	print_args(&body, t, nr, args, true, result);
	trace_printf(&body, ")");
	print_result(&result_text, nr, result);
	pthread_mutex_lock(&tr.lock);
	if (tr.on) {
		if (tr.open != t) {
			begin(&head, t);
			trace_printf(&head, "<... ");
			print_name(&head, nr);
			trace_printf(&head, " resumed>");
			emit(&head);
			tr.column = head.n;
		}
		trace_printf(&body, "%*s = %s\n", (int)(tr.column + body.n < 39 ? 39 - tr.column - body.n : 0), "", result_text.text);
		emit(&body);
		tr.open = NULL;
	}
	pthread_mutex_unlock(&tr.lock);
}

/* Lock not held: one whole line that is no call. */
static void
event_line(struct task *t, const struct trace_buf *body)
{
	struct trace_buf head = { .n = 0 };

	pthread_mutex_lock(&tr.lock);
	if (tr.on) {
		begin(&head, t);
		emit(&head);
		emit(body);
	}
	pthread_mutex_unlock(&tr.lock);
}

void
trace_signal(struct task *t, int sig, int code, int pid, uint64_t addr)
{
	struct trace_buf b = { .n = 0 };

	if (!__atomic_load_n(&tr.on, __ATOMIC_ACQUIRE))
		return;
	trace_printf(&b, "--- ");
	trace_format_signal(&b, sig);
	trace_printf(&b, " {si_signo=");
	trace_format_signal(&b, sig);
	trace_printf(&b, ", si_code=%d", code);
	if (code <= 0 || sig == SIGCHLD)
		trace_printf(&b, ", si_pid=%d", pid);
	else
		trace_printf(&b, ", si_addr=%#llx", (unsigned long long)addr);
	trace_printf(&b, "} ---\n");
	event_line(t, &b);
}

void
trace_gone(struct task *t, int status)
{
	struct trace_buf b = { .n = 0 };

	if (!__atomic_load_n(&tr.on, __ATOMIC_ACQUIRE))
		return;
	pthread_mutex_lock(&tr.lock);
	if (tr.on && tr.open == t) { /* exit_group() and its like */
		trace_printf(&b, ")%*s = ?\n", (int)(tr.column < 38 ? 38 - tr.column : 0), "");
		emit(&b);
		tr.open = NULL;
	}
	pthread_mutex_unlock(&tr.lock);
	b.n = 0;
	if (WIFSIGNALED(status)) {
		trace_printf(&b, "+++ killed by ");
		trace_format_signal(&b, WTERMSIG(status));
		trace_printf(&b, " +++\n");
	} else {
		trace_printf(&b, "+++ exited with %d +++\n", WEXITSTATUS(status));
	}
	event_line(t, &b);
}
