/* SPDX-License-Identifier: MIT
 *
 * Events that have no equal at their place, one by one: what allows that.
 */
#include "src/diff/excuse.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include "src/decode.h"
#include "src/diff/calls.h"
#include "src/diff/streams.h"

/* Calls that only say how often tasks met, or that nothing was there yet. */
static bool
is_meeting(const struct event *e)
{
	if (e->type != EVENT_CALL)
		return false;
	if (e->nr == SYS_futex || e->nr == SYS_sched_yield || e->nr == SYS_futex_waitv)
		return true;
	if (is_poll(e) && (e->result == 0 || e->result == -EINTR))
		return true;
	if (is_wait(e) && e->result == 0)
		return true;
	return e->result == -EAGAIN && (is_stream_call(e) || e->nr == SYS_accept || e->nr == SYS_accept4);
}

/* What went through a descriptor on both sides. */
static void
both_streams(struct pass *p, uint64_t fd, bool input, struct stream_total *a, struct stream_total *b)
{
	if (fd >= STREAMS) {
		stream_total(p->t->a, fd, input, a);
		stream_total(p->t->b, fd, input, b);
		return;
	}
	if (!p->have_streams) {
		stream_totals(p->t->a, p->streams[0]);
		stream_totals(p->t->b, p->streams[1]);
		p->have_streams = true;
	}
	*a = p->streams[0][input][fd];
	*b = p->streams[1][input][fd];
}

static bool
stream_equal(struct pass *p, const struct event *e)
{
	const struct field *fd = field_by_name(e, "fd");
	struct stream_total ta, tb;

	if (!is_stream_call(e) || !fd || !p->t->a || !p->t->b || (e->result < 0 && e->result != -EAGAIN))
		return false;
	both_streams(p, fd->value, is_input(e), &ta, &tb);
	return (ta.len == tb.len && ta.digest == tb.digest) ||
	       (fd->value < 64 && p->t->a->stream_varies[is_input(e)] & 1ULL << fd->value);
}

/* Is @t the task @path, or what a handler did in it? */
static bool
is_part_of(const struct rtask *t, const char *path)
{
	size_t n = strcspn(path, " ");

	return t->path && strncmp(t->path, path, n) == 0 && (t->path[n] == '\0' || t->path[n] == ' ');
}

static bool
same_wait(const struct event *e, const struct run *re, const struct event *o, const struct run *ro)
{
	if (!is_wait_any(o) || o->nr != e->nr || o->nfields != e->nfields || rule_result(e, re, o, ro) < 0)
		return false;
	for (unsigned int k = 0; k < e->nfields; k++)
		if (e->fields[k].out && rule_field(&e->fields[k], re, &o->fields[k], ro) < 0)
			return false;
	return true;
}

/* The same outcome somewhere else in the other side's task: in another order, or in a handler of SIGCHLD. */
static bool
waited_elsewhere(const struct event *e, const struct run *re, const char *path, const struct run *other)
{
	if (e->result == -ECHILD)
		return true; /* all were had before */
	for (size_t i = 0; i < other->ntasks; i++) {
		const struct rtask *t = &other->tasks[i];

		for (size_t j = 0; is_part_of(t, path) && j < t->nevents; j++)
			if (same_wait(e, re, &t->events[j], other))
				return true;
	}
	return false;
}

/* POSIX ACLs are not there: a file system without them says so, and programs do not ask again. */
static bool
is_acl_call(const struct event *e)
{
	const struct field *name = field_by_name(e, "name");

	return e->type == EVENT_CALL && name && name->kind == FIELD_STRING && name->len > 16 &&
	       memcmp(name->bytes, "system.posix_acl", 16) == 0 && (e->result == -EOPNOTSUPP || e->result == -ENODATA);
}

/* Did a thread of the same process map the stack that @address is in? */
static bool
is_stack(const struct run *run, int tgid, uint64_t address)
{
	for (size_t i = 0; i < run->ntasks; i++) {
		for (size_t j = 0; run->tasks[i].tgid == tgid && j < run->tasks[i].nevents; j++) {
			const struct event *e = &run->tasks[i].events[j];

			if (e->type == EVENT_CALL && e->nr == SYS_mmap && (event_value(e, "flags", 0) & MAP_STACK) &&
			    address - (uint64_t)e->result < event_value(e, "length", 0))
				return true;
		}
	}
	return false;
}

/* libc keeps the stacks of threads that have ended for new ones: whether there is one is a matter of who was first. */
static bool
is_stack_call(const struct event *e, const struct run *run, const struct rtask *t)
{
	if (e->type != EVENT_CALL || !e->returned || e->result < 0)
		return false;
	if (e->nr == SYS_mmap)
		return event_value(e, "flags", 0) & MAP_STACK;
	return (e->nr == SYS_mprotect || e->nr == SYS_munmap || e->nr == SYS_madvise) &&
	       is_stack(run, t->tgid, event_value(e, e->nr == SYS_madvise ? "start" : "addr", 0));
}

/* A call that stead says it does not have. */
bool
is_absent(const struct event *e, bool left)
{
	const struct syscall_desc *d = syscall_desc(e->nr);

	return e->type == EVENT_CALL && (left || e->result == -ENOSYS) && (!d || d->status == SYSCALL_ABSENT);
}

/* Is @e, which has no partner, or not an equal one, allowed by a rule for sequences? */
int
excuse(struct pass *p, const struct event *e, bool left)
{
	if (p->tasks_meet && is_meeting(e))
		return RULE_SCHEDULING;
	if (p->t->b && p->t->b->handler && strstr(p->t->path, " in SIGCHLD"))
		return RULE_SCHEDULING;
	if (is_stack_call(e, left ? p->t->ra : p->rb, left ? p->t->a : p->t->b))
		return RULE_THREAD_STACK;
	if (is_wait_any(e) &&
	    (left ? waited_elsewhere(e, p->t->ra, p->t->path, p->rb) : waited_elsewhere(e, p->rb, p->t->path, p->t->ra)))
		return RULE_SCHEDULING;
	if (is_acl_call(e) || is_absent(e, left))
		return RULE_ABSENT;
	if (e->type == EVENT_CALL && e->nr == SYS_getrandom)
		return RULE_RANDOM;
	if (stream_equal(p, e)) {
		p->stream_used = true;
		return RULE_STREAM;
	}
	if (p->stream_used && is_poll(e))
		return RULE_STREAM;
	if (e->type == EVENT_CALL && e->nr == SYS_splice && e->result > 0 && p->t->a && p->t->b &&
	    spliced(p->t->a, e) == spliced(p->t->b, e))
		return RULE_STREAM;
	return RULE_DIFFERENT;
}
