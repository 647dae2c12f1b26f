/* SPDX-License-Identifier: MIT
 *
 * What a call returned, as text: errors by name, addresses, and for some calls what the number means.
 */
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <time.h>

#include "kernel/errno.h"
#include "src/decode.h"
#include "src/trace/format.h"
#include "src/trace/names.h"
#include "src/trace/poll.h"
#include "src/trace/structs.h"

static void
result_hex(struct trace_buf *b, const struct trace_call *c)
{
	trace_printf(b, "%#llx", (unsigned long long)c->result);
}

static void
result_octal(struct trace_buf *b, const struct trace_call *c)
{
	trace_printf(b, "%#03o", (unsigned int)c->result);
}

static void
result_signal(struct trace_buf *b, const struct trace_call *c)
{
	if (c->result == 0) {
		trace_printf(b, "0");
		return;
	}
	trace_printf(b, "%lld (", (long long)c->result);
	trace_format_signal(b, (int)c->result);
	trace_printf(b, ")");
}

static void
result_fcntl(struct trace_buf *b, const struct trace_call *c)
{
	switch ((int)c->args[1]) {
	case F_GETFD:
	case F_GETFL:
		if (c->result == 0 && c->args[1] == F_GETFD) {
			trace_printf(b, "0");
			return;
		}
		trace_printf(b, "%#llx (flags ", (unsigned long long)c->result);
		trace_print_flags(b, c->args[1] == F_GETFD ? "FD_*" : "O_*", (uint64_t)c->result);
		trace_printf(b, ")");
		break;
	case F_GETLEASE:
		trace_printf(b, "%#llx (", (unsigned long long)c->result);
		trace_print_enum(b, "F_LK", (uint64_t)c->result);
		trace_printf(b, ")");
		break;
	case F_DUPFD:
	case F_DUPFD_CLOEXEC:
		trace_print_fd(b, c->m, (int)c->result);
		break;
	case F_GETSIG:
		if (c->result > 0)
			result_signal(b, c);
		else
			trace_printf(b, "%lld", (long long)c->result);
		break;
	case F_GET_SEALS:
		trace_printf(b, "%#llx (seals ", (unsigned long long)c->result);
		trace_print_flags(b, "F_SEAL_*", (uint64_t)c->result);
		trace_printf(b, ")");
		break;
	default:
		trace_printf(b, "%lld", (long long)c->result);
	}
}

static void
print_left(struct trace_buf *b, const struct trace_call *c, const char *sep, const char *decode, uint64_t addr)
{
	if (!addr)
		return;
	trace_printf(b, "%sleft ", sep);
	trace_print_struct(b, c, decode, addr);
}

static void
print_revents(struct trace_buf *b, const struct trace_call *c)
{
	const char *sep = " ([";
	struct pollfd p;
	uint64_t i;

	for (i = 0; i < (uint32_t)c->args[1]; i++) {
		if (!trace_peek(c, c->args[0] + i * sizeof(p), &p, sizeof(p)))
			break;
		if (!p.revents)
			continue;
		trace_printf(b, "%s{fd=", sep);
		trace_print_fd(b, c->m, p.fd);
		trace_printf(b, ", revents=");
		trace_print_flags(b, "POLLEV_*", (uint16_t)p.revents);
		trace_printf(b, "}");
		sep = ", ";
	}
	trace_printf(b, "]");
}

static void
result_poll(struct trace_buf *b, const struct trace_call *c)
{
	trace_printf(b, "%lld", (long long)c->result);
	if (c->result == 0) {
		trace_printf(b, " (Timeout)");
		return;
	}
	print_revents(b, c);
	if (strcmp(c->d->name, "ppoll") == 0)
		print_left(b, c, ", ", "timespec", c->args[2]);
	trace_printf(b, ")");
}

static void
result_select(struct trace_buf *b, const struct trace_call *c)
{
	static const char *const names[] = { "in", "out", "except" };
	const char *sep = " (";
	unsigned int i;

	trace_printf(b, "%lld", (long long)c->result);
	if (c->result == 0) {
		trace_printf(b, " (Timeout)");
		return;
	}
	for (i = 0; i < 3; i++) {
		if (!c->args[1 + i] || trace_fdset_empty(c, c->args[1 + i], (int)c->args[0]))
			continue;
		trace_printf(b, "%s%s ", sep, names[i]);
		trace_format_fdset(b, c, c->args[1 + i], (int)c->args[0]);
		sep = ", ";
	}
	print_left(b, c, sep, strcmp(c->d->name, "select") == 0 ? "timeval" : "timespec", c->args[4]);
	trace_printf(b, ")");
}

static void
result_prctl(struct trace_buf *b, const struct trace_call *c)
{
	static const char *const dumpables[] = { "SUID_DUMP_DISABLE", "SUID_DUMP_USER", "SUID_DUMP_ROOT" };

	if (c->args[0] == PR_GET_DUMPABLE && c->result <= 2)
		trace_printf(b, "%lld (%s)", (long long)c->result, dumpables[c->result]);
	else if (c->args[0] == PR_GET_SECUREBITS && c->result) {
		trace_printf(b, "%#llx (", (unsigned long long)c->result);
		trace_print_flags(b, "SECBIT_*", (uint64_t)c->result);
		trace_printf(b, ")");
	} else {
		trace_printf(b, "%lld", (long long)c->result);
	}
}

static void
result_epoch(struct trace_buf *b, const struct trace_call *c)
{
	time_t t = (time_t)c->result;
	char text[64];
	struct tm tm;

	trace_printf(b, "%lld", (long long)c->result);
	if (t && gmtime_r(&t, &tm) && strftime(text, sizeof(text), "%FT%T%z", localtime_r(&t, &tm)))
		trace_printf(b, " (%s)", text);
}

static void
result_policy(struct trace_buf *b, const struct trace_call *c)
{
	trace_printf(b, "%lld (", (long long)c->result);
	trace_print_enum(b, "SCHED_", (uint64_t)c->result);
	trace_printf(b, ")");
}

static void
result_persona(struct trace_buf *b, const struct trace_call *c)
{
	trace_printf(b, "%#llx (", (unsigned long long)c->result);
	trace_printf(b, c->result & 0xff ? "%#llx" : "PER_LINUX", (unsigned long long)c->result & 0xff);
	if (c->result & ~0xffll) {
		trace_printf(b, "|");
		trace_print_flags(b, "PERSONA_*", (uint64_t)c->result & ~0xffull);
	}
	trace_printf(b, ")");
}

static const struct {
	const char *name;
	void (*print)(struct trace_buf *b, const struct trace_call *c);
} results[] = {
	{ "mmap", result_hex },
	{ "brk", result_hex },
	{ "mremap", result_hex },
	{ "shmat", result_hex },
	{ "fcntl", result_fcntl },
	{ "umask", result_octal },
	{ "poll", result_poll },
	{ "ppoll", result_poll },
	{ "select", result_select },
	{ "pselect6", result_select },
	{ "prctl", result_prctl },
	{ "rt_sigtimedwait", result_signal },
	{ "time", result_epoch },
	{ "sched_getscheduler", result_policy },
	{ "personality", result_persona },
};

static void
print_error(struct trace_buf *b, int64_t result)
{
	static const char *const restarts[] = { "ERESTARTSYS (To be restarted if SA_RESTART is set)",
						"ERESTARTNOINTR (To be restarted)",
						"ERESTARTNOHAND (To be restarted if no handler)", NULL,
						"ERESTART_RESTARTBLOCK (Interrupted by signal)" };
	const char *name = errno_name((int)-result);

	if (result <= -ERESTARTSYS && result >= -ERESTART_RESTARTBLOCK && restarts[-ERESTARTSYS - result])
		trace_printf(b, "? %s", restarts[-ERESTARTSYS - result]);
	else if (name)
		trace_printf(b, "-1 %s (%s)", name, strerror((int)-result));
	else
		trace_printf(b, "-1 (errno %d)", (int)-result);
}

static bool
gives_fd(const struct trace_call *c)
{
	static const char *const calls[] = { "open",
					     "openat",
					     "openat2",
					     "creat",
					     "dup",
					     "dup2",
					     "dup3",
					     "socket",
					     "accept",
					     "accept4",
					     "eventfd",
					     "eventfd2",
					     "epoll_create",
					     "epoll_create1",
					     "timerfd_create",
					     "signalfd",
					     "signalfd4",
					     "inotify_init",
					     "inotify_init1",
					     "memfd_create",
					     "pidfd_open",
					     "userfaultfd",
					     "fanotify_init",
					     "mq_open",
					     "open_by_handle_at",
					     "perf_event_open",
					     "pidfd_getfd" };

	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++)
		if (strcmp(calls[i], c->d->name) == 0)
			return true;
	return false;
}

void
trace_call_result(struct trace_buf *b, const struct trace_call *c)
{
	size_t i;

	if (c->result < 0 && c->result >= -4095) {
		print_error(b, c->result);
		return;
	}
	for (i = 0; c->d && i < sizeof(results) / sizeof(results[0]); i++) {
		if (strcmp(results[i].name, c->d->name) == 0) {
			results[i].print(b, c);
			return;
		}
	}
	if (c->d && gives_fd(c))
		trace_print_fd(b, c->m, (int)c->result);
	else
		trace_printf(b, c->d ? "%lld" : "%#llx", (long long)c->result);
}
