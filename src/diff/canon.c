/* SPDX-License-Identifier: MIT
 *
 * Canonical form of a run. First what processes share is followed (canon-follow.c). Then each task by itself: restarted
 * calls, listings of directories, reads of /proc, handlers.
 */
#include "src/diff/canon.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "kernel/errno.h"
#include "src/diff/rules.h"
#include "src/trace/names.h"

#define FDS 1024

static int
by_seq(const void *a, const void *b)
{
	const struct event *x = a, *y = b;

	return x->seq < y->seq ? -1 : x->seq > y->seq;
}

static void
compact(struct rtask *t)
{
	size_t n = 0;

	for (size_t i = 0; i < t->nevents; i++)
		if (t->events[i].type != EVENT_DROPPED)
			t->events[n++] = t->events[i];
	t->nevents = n;
}

/* The program begins with its execve: before it is the process that starts it, which becomes it. */
static void
drop_start(struct rtask *t)
{
	for (size_t i = 0; i < t->nevents; i++) {
		struct event *e = &t->events[i];
		bool done = e->type == EVENT_CALL && e->nr == SYS_execve && (!e->returned || e->result == 0);

		if (done)
			return;
		if (e->type != EVENT_END)
			e->type = EVENT_DROPPED;
	}
}

static bool
is_restart(const struct event *e)
{
	return e->type == EVENT_CALL && e->returned && (e->result == -ERESTARTSYS || e->result == -ERESTARTNOINTR ||
							e->result == -ERESTARTNOHAND || e->result == -ERESTART_RESTARTBLOCK);
}

/* Was @again what the kernel makes of @e to restart it? The program's own retry looks the same, and is as good. */
static bool
is_again(const struct event *e, const struct event *again)
{
	if (again->type != EVENT_CALL)
		return false;
	if (again->nr == SYS_restart_syscall)
		return true;
	if (again->nr != e->nr)
		return false;
	for (unsigned int i = 0; i < e->nfields; i++) {
		const struct field *a = &e->fields[i], *b = &again->fields[i];

		if (a->out)
			continue;
		if (i >= again->nfields || a->value != b->value || a->digest != b->digest)
			return false;
	}
	return true;
}

/* Past signals and what their handlers did. */
static size_t
after_signals(const struct rtask *t, size_t i, bool *handler_ran)
{
	unsigned int depth = 0;

	*handler_ran = false;
	for (; i < t->nevents; i++) {
		const struct event *e = &t->events[i];

		if (e->type == EVENT_SIGNAL && e->handled) {
			depth++;
			*handler_ran = true;
		} else if (depth && e->type == EVENT_CALL && e->nr == SYS_rt_sigreturn) {
			depth--;
		} else if (!depth && e->type != EVENT_SIGNAL && e->type != EVENT_DROPPED) {
			break;
		}
	}
	return i;
}

static void
join_restarts(struct rtask *t)
{
	bool handler_ran;

	for (size_t i = 0; i < t->nevents; i++) {
		struct event *e = &t->events[i], *next;
		size_t j;

		if (!is_restart(e))
			continue;
		j = after_signals(t, i + 1, &handler_ran);
		next = j < t->nevents ? &t->events[j] : NULL;
		if (next && is_again(e, next) &&
		    !(handler_ran && (e->result == -ERESTARTNOHAND || e->result == -ERESTART_RESTARTBLOCK))) {
			if (next->nr == SYS_restart_syscall) {
				next->nr = e->nr;
				next->fields = e->fields;
				next->nfields = e->nfields;
			}
			next->merged += e->merged + 1;
			next->seq = e->seq;
			e->type = EVENT_DROPPED;
		} else if (next && next->type == EVENT_CALL) {
			e->result = -EINTR;
		} else { /* the signal ended the task: the call never returned */
			e->result = 0;
			e->returned = false;
		}
	}
	compact(t);
}

/* kill(2) may or may not be seen to return to a task that it kills. */
static void
cut_last_call(struct rtask *t)
{
	struct event *end = t->nevents ? &t->events[t->nevents - 1] : NULL,
		     *last = t->nevents > 1 ? &t->events[t->nevents - 2] : NULL;

	if (!last || end->type != EVENT_END || !WIFSIGNALED((int)end->result) || last->type != EVENT_CALL)
		return;
	last->returned = false;
	last->result = 0;
	for (unsigned int i = 0; i < last->nfields; i++)
		if (last->fields[i].out)
			last->nfields = (uint16_t)i;
}

static int
by_text(const void *a, const void *b)
{
	const struct field *x = a, *y = b;
	uint32_t n = x->kept < y->kept ? x->kept : y->kept;
	int c;

	if (x->out != y->out || !x->bytes || !y->bytes) /* what goes in comes first */
		return x->out - y->out;
	c = memcmp(x->bytes, y->bytes, n);
	return c ? c : x->kept < y->kept ? -1 : x->kept > y->kept;
}

static void
append_fields(struct event *to, const struct event *from)
{
	struct field *all = must_alloc(((size_t)to->nfields + from->nfields + 1) * sizeof(*all));
	size_t n = to->nfields;

	memcpy(all, to->fields, n * sizeof(*all));
	for (unsigned int i = 0; i < from->nfields; i++)
		if (from->fields[i].out && n < UINT16_MAX)
			all[n++] = from->fields[i];
	to->fields = all;
	to->nfields = (uint16_t)n;
}

/* Only what goes in; what the call gave is not compared, nor in how many pieces. */
static void
forget_contents(struct event *e)
{
	for (unsigned int i = 0; i < e->nfields; i++) {
		if (!e->fields[i].out)
			continue;
		e->fields[i] = (struct field){ .name = e->fields[i].name, .decode = "", .kind = FIELD_MACHINE, .out = true };
		e->nfields = (uint16_t)(i + 1);
	}
	e->result_kind = FIELD_MACHINE;
}

static bool
is_listing(const struct event *e)
{
	return e->nr == SYS_getdents64 || e->nr == SYS_getdents;
}

static bool
is_reading(const struct event *e)
{
	return e->nr == SYS_read || e->nr == SYS_pread64 || e->nr == SYS_readv;
}

static bool
makes_fd(const struct event *e)
{
	return e->nr == SYS_open || e->nr == SYS_openat || e->nr == SYS_openat2 || e->nr == SYS_dup || e->nr == SYS_dup2 ||
	       e->nr == SYS_dup3 || e->nr == SYS_socket;
}

static bool
joins(const struct event *e)
{
	return (is_listing(e) || (is_reading(e) && e->fd_kind == FD_PROC)) && e->returned && e->result >= 0;
}

/* Reads of one open directory, and of one open file of /proc, become the first of them. */
static void
join_reads(struct rtask *t)
{
	struct event *open[FDS] = { NULL };
	bool sought[FDS] = { false };

	for (size_t i = 0; i < t->nevents; i++) {
		struct event *e = &t->events[i];
		uint64_t fd = event_value(e, "fd", FDS);

		if (e->type != EVENT_CALL)
			continue;
		if (makes_fd(e) && e->result >= 0 && e->result < FDS) {
			open[e->result] = NULL;
			sought[e->result] = false;
		}
		if (fd >= FDS)
			continue;
		if (!joins(e)) {
			if (e->nr == SYS_lseek || e->nr == SYS_close)
				open[fd] = NULL;
			sought[fd] = e->nr == SYS_lseek && e->result > 0;
		} else if (open[fd] && open[fd]->nr == e->nr) {
			append_fields(open[fd], e);
			open[fd]->result += e->result;
			open[fd]->merged++;
			if (e->result == 0 && !sought[fd])
				open[fd]->partial = false;
			e->type = EVENT_DROPPED;
		} else {
			open[fd] = e;
			e->partial = is_listing(e) && (e->result > 0 || sought[fd]);
		}
	}
	for (size_t i = 0; i < t->nevents; i++) {
		struct event *e = &t->events[i];

		if (e->type != EVENT_CALL || e->result < 0)
			continue;
		if (is_listing(e) && e->fd_kind == FD_PROC) {
			e->nfields = e->nfields > 2 ? 2 : e->nfields;
			e->result_kind = FIELD_MACHINE;
		} else if (is_listing(e)) {
			for (unsigned int j = 0; j < e->nfields; j++)
				if (e->fields[j].bytes)
					e->order = e->order * 31 + e->fields[j].digest;
			qsort(e->fields, e->nfields, sizeof(*e->fields), by_text);
		} else if (e->nr == SYS_lseek && (e->fd_kind == FD_PROC || e->fd_kind == FD_DIRECTORY)) {
			e->nfields = 1;
			e->result_kind = FIELD_MACHINE;
		} else if (is_reading(e) && e->fd_kind == FD_PROC) {
			e->nfields = e->nfields > 4 ? 4 : e->nfields;
			forget_contents(e);
		}
	}
	compact(t);
}

static void
push(struct rtask *t, const struct event *e)
{
	if (t->nevents == t->cap) {
		t->cap = 2 * t->cap + 16;
		t->events = realloc(t->events, t->cap * sizeof(*e));
		if (!t->events)
			abort();
	}
	t->events[t->nevents++] = *e;
}

/* Where the handler that the signal at @i starts returns, or 0 if it does not (it jumps away, or the task ends in it). */
static size_t
end_of_handler(const struct rtask *t, size_t i)
{
	unsigned int depth = 1;

	for (size_t j = i + 1; j < t->nevents; j++) {
		if (t->events[j].type == EVENT_SIGNAL && t->events[j].handled)
			depth++;
		else if (t->events[j].type == EVENT_CALL && t->events[j].nr == SYS_rt_sigreturn && --depth == 0)
			return j;
	}
	return 0;
}

/* The task that stands for what signal @sig does in task @of; tasks may move. */
static struct rtask *
handler_task(struct run *run, size_t of, unsigned int sig)
{
	const char *name = signal_name((int)sig);
	struct rtask *t;
	char *path;

	if ((name ? asprintf(&path, "%s in %s", run->tasks[of].path, name)
		  : asprintf(&path, "%s in SIGRT_%u", run->tasks[of].path, sig - 32)) < 0)
		abort();
	t = run_task_by_path(run, path);
	if (t)
		return t;
	run->tasks = realloc(run->tasks, (run->ntasks + 1) * sizeof(*t));
	if (!run->tasks)
		abort();
	t = &run->tasks[run->ntasks++];
	*t = (struct rtask){ .path = path, .id = (uint32_t)run->ntasks, .tid = 0, .handler = true };
	return t;
}

/* From the end, so that a signal that came inside a handler is set apart from that, too. */
static void
set_handlers_apart(struct run *run, size_t at)
{
	for (size_t i = run->tasks[at].nevents; i-- > 0;) {
		struct rtask *t = &run->tasks[at], *h;
		struct event *e = &t->events[i];
		size_t end;

		if (e->type != EVENT_SIGNAL || !e->elsewhere)
			continue;
		end = e->handled ? end_of_handler(t, i) : i;
		if (end < i || (!e->handled && i + 1 < t->nevents && t->events[i + 1].type == EVENT_END))
			continue; /* it is the end of the task, or of this piece of it */
		h = handler_task(run, at, e->nr);
		t = &run->tasks[at];
		for (size_t j = i; j <= end; j++) {
			if (t->events[j].type == EVENT_DROPPED)
				continue;
			push(h, &t->events[j]);
			if (j == end && e->handled) { /* what was interrupted, wherever that was */
				h->events[h->nevents - 1].result = 0;
				h->events[h->nevents - 1].result_kind = FIELD_COOKIE;
			}
			t->events[j].type = EVENT_DROPPED;
		}
	}
	compact(&run->tasks[at]);
}

/* /proc/self/fd says "pipe:[17]": an inode number, and so long. */
static void
forget_link_inode(struct event *e)
{
	for (unsigned int i = 0; i < e->nfields; i++) {
		struct field *f = &e->fields[i];
		const unsigned char *at = f->out && f->bytes ? memmem(f->bytes, f->kept, ":[", 2) : NULL;

		if (!at)
			continue;
		f->len = f->kept = (uint32_t)(at - f->bytes);
		f->digest = digest(f->bytes, f->len);
		e->result_kind = FIELD_INODE;
	}
}

/* A name in /proc/PID/map_files is two addresses. */
static void
forget_mapped_range(struct event *e)
{
	static const char dir[] = "/map_files/";

	for (unsigned int i = 0; i < e->nfields; i++) {
		struct field *f = &e->fields[i];
		const unsigned char *at =
			f->bytes && f->kind == FIELD_STRING ? memmem(f->bytes, f->kept, dir, sizeof(dir) - 1) : NULL;

		if (!at || f->kept < 6 || memcmp(f->bytes, "/proc/", 6) != 0)
			continue;
		f->len = f->kept = (uint32_t)(at - f->bytes + sizeof(dir) - 1);
		f->digest = digest(f->bytes, f->len);
	}
}

/* What a call that failed was given an array of is not looked at beyond what is wrong with it. */
static void
drop_arrays(struct event *e)
{
	unsigned int n = 0;

	for (unsigned int i = 0; i < e->nfields; i++)
		if (!strchr(e->fields[i].name, '[') || strncmp(e->fields[i].name, "argv", 4) == 0)
			e->fields[n++] = e->fields[i];
	e->nfields = (uint16_t)n;
}

static void
set_hashes(struct run *run)
{
	for (size_t i = 0; i < run->ntasks; i++) {
		for (size_t j = 0; j < run->tasks[i].nevents; j++) {
			struct event *e = &run->tasks[i].events[j];
			struct field result = { .name = "result",
						.kind = e->returned && e->result < 0 ? FIELD_INT : e->result_kind,
						.value = (uint64_t)e->result,
						.digest = e->origin };

			e->hash = e->type * 131u + e->nr * 7ULL + e->returned;
			for (unsigned int k = 0; k < e->nfields; k++)
				e->hash = e->hash * 0x100000001b3ULL ^ rule_hash(&e->fields[k], run);
			e->hash = e->hash * 0x100000001b3ULL ^ rule_hash(&result, run);
		}
	}
}

void
canonicalise(struct run *run)
{
	size_t real = run->ntasks;

	for (size_t i = 0; i < real; i++)
		qsort(run->tasks[i].events, run->tasks[i].nevents, sizeof(struct event), by_seq);
	follow_descriptors(run);
	for (size_t i = 0; i < real; i++) {
		struct rtask *t = &run->tasks[i];

		for (size_t j = 0; j < t->nevents; j++) {
			struct event *e = &t->events[j];

			if (e->type == EVENT_CALL)
				forget_mapped_range(e);
			if (e->type != EVENT_CALL || !e->returned)
				continue;
			if (e->result < 0)
				drop_arrays(e);
			else if (e->nr == SYS_readlink || e->nr == SYS_readlinkat)
				forget_link_inode(e);
		}
		if (t->path && strcmp(t->path, "0") == 0) {
			drop_start(t);
			compact(t);
		}
		join_restarts(t);
		cut_last_call(t);
		join_reads(t);
		set_handlers_apart(run, i);
	}
	for (size_t i = real; i < run->ntasks; i++)
		qsort(run->tasks[i].events, run->tasks[i].nevents, sizeof(struct event), by_seq);
	set_hashes(run);
}
