/* SPDX-License-Identifier: MIT
 *
 * One task of two runs: its events are aligned, each pair is compared field by field, and what is left over or different is
 * excused by the rules for sequences, if one holds.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "src/decode.h"
#include "src/diff/compare.h"
#include "src/diff/copies.h"
#include "src/diff/messages.h"
#include "src/diff/streams.h"
#include "src/diff/text.h"

#define LOOP_MAX 16 /* calls of one round */

struct pass {
	struct task_comparison *t;
	const struct run *rb;
	struct comparison *c;
	bool order_differs, tasks_meet, stream_used;
	bool have_streams; /* the next two are known */
	struct stream_total streams[2][2][STREAMS]; /* of each side */
};

static bool
is_poll(const struct event *e)
{
	switch (e->nr) {
	case SYS_poll:
	case SYS_ppoll:
	case SYS_select:
	case SYS_pselect6:
	case SYS_epoll_wait:
	case SYS_epoll_pwait:
	case SYS_epoll_pwait2:
		return e->type == EVENT_CALL;
	default:
		return false;
	}
}

static bool
is_wait(const struct event *e)
{
	return e->type == EVENT_CALL && (e->nr == SYS_wait4 || e->nr == SYS_waitid);
}

/* A wait for any child: which one it gives is a matter of who ended first. */
static bool
is_wait_any(const struct event *e)
{
	const struct field *pid = field_by_name(e, "pid"), *which = field_by_name(e, "which");

	if (!is_wait(e))
		return false;
	return e->nr == SYS_wait4 ? pid && (int64_t)pid->value <= 0 : which && which->value == P_ALL;
}

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
	return (ta.len == tb.len && ta.digest == tb.digest) || (fd->value < 64 && p->t->a->stream_varies[is_input(e)] & 1ULL << fd->value);
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

	return e->type == EVENT_CALL && name && name->kind == FIELD_STRING && name->len > 16 && memcmp(name->bytes, "system.posix_acl", 16) == 0 &&
	       (e->result == -EOPNOTSUPP || e->result == -ENODATA);
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
	return (e->nr == SYS_mprotect || e->nr == SYS_munmap || e->nr == SYS_madvise) && is_stack(run, t->tgid, event_value(e, e->nr == SYS_madvise ? "start" : "addr", 0));
}

/* A call that stead says it does not have. */
static bool
is_absent(const struct event *e, bool left)
{
	const struct syscall_desc *d = syscall_desc(e->nr);

	return e->type == EVENT_CALL && (left || e->result == -ENOSYS) && (!d || d->status == SYSCALL_ABSENT);
}

bool
ended_by_another(const struct rtask *t)
{
	const struct event *end = t->nevents ? &t->events[t->nevents - 1] : NULL, *last = t->nevents > 1 ? &t->events[t->nevents - 2] : NULL;

	if (!end || end->type != EVENT_END)
		return false;
	if (WIFSIGNALED((int)end->result))
		return WTERMSIG((int)end->result) == SIGKILL || !last || last->type != EVENT_SIGNAL || last->elsewhere;
	return !last || last->type != EVENT_CALL || (last->nr != SYS_exit && last->nr != SYS_exit_group && last->nr != SYS_execve);
}

/* Is @e, which has no partner, or not an equal one, allowed by a rule for sequences? */
static int
excuse(struct pass *p, const struct event *e, bool left)
{
	if (p->tasks_meet && is_meeting(e))
		return RULE_SCHEDULING;
	if (p->t->b && p->t->b->handler && strstr(p->t->path, " in SIGCHLD"))
		return RULE_SCHEDULING;
	if (is_stack_call(e, left ? p->t->ra : p->rb, left ? p->t->a : p->t->b))
		return RULE_THREAD_STACK;
	if (is_wait_any(e) && (left ? waited_elsewhere(e, p->t->ra, p->t->path, p->rb) : waited_elsewhere(e, p->rb, p->t->path, p->t->ra)))
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

static void
note(struct pass *p, size_t step, const struct event *a, const struct event *b, const char *what, char *left, char *right)
{
	const struct event *e = a ? a : b;
	struct difference *d;

	p->t->differences++;
	if (!p->c)
		return;
	d = difference_add(p->c, p->t->path, e->type == EVENT_CALL ? "call" : e->type == EVENT_SIGNAL ? "signal" : "end", text_name(e), what,
			   left, right);
	d->a = a;
	d->b = b;
	d->step = step;
}

/* The same lines in another order. */
static bool
same_lines(const struct field *a, const struct field *b)
{
	uint64_t sum[2] = { 0, 0 };

	if (a->kind != b->kind || a->kind != FIELD_BYTES || a->len != b->len || a->len != a->kept)
		return false;
	for (int side = 0; side < 2; side++) {
		const unsigned char *p = side ? b->bytes : a->bytes, *end = p + a->len, *nl;

		for (; p < end; p = nl + 1) {
			nl = memchr(p, '\n', (size_t)(end - p));
			nl = nl ? nl : end;
			sum[side] += digest(p, (size_t)(nl - p)) * 0x9e3779b97f4a7c15ULL;
		}
	}
	return sum[0] == sum[1];
}

static bool
is_user_address(uint64_t v)
{
	return v >= 0x500000000000 && v < 0x800000000000;
}

/* Equal but for words that are addresses of the program on both sides. */
static bool
same_but_addresses(const struct field *a, const struct field *b)
{
	uint64_t wa, wb;
	uint32_t i;

	if (a->kind != b->kind || a->kind != FIELD_BYTES || a->len != b->len || a->len != a->kept)
		return false;
	for (i = 0; i + 8 <= a->len; i += 8) {
		memcpy(&wa, a->bytes + i, 8);
		memcpy(&wb, b->bytes + i, 8);
		if (wa != wb && !(is_user_address(wa) && is_user_address(wb)))
			return false;
	}
	return memcmp(a->bytes + i, b->bytes + i, a->len - i) == 0;
}

/* Parts of two directories that are in another order: other entries. */
static bool
other_part(const struct event *a, const struct event *b)
{
	return a->partial && b->partial && a->order && b->order && a->order != b->order && a->nr == b->nr && a->result > 0 && b->result > 0;
}

/* @report: note each difference; else only say whether there is one. */
static int
compare_pair(struct pass *p, size_t step, const struct event *a, const struct event *b, bool report)
{
	unsigned int n = a->nfields > b->nfields ? a->nfields : b->nfields;
	int used = RULE_NONE, rule;
	bool other = other_part(a, b);

	for (unsigned int i = 0; i < n; i++) {
		const struct field *fa = i < a->nfields ? &a->fields[i] : NULL, *fb = i < b->nfields ? &b->fields[i] : NULL;

		if (fa && fb && (rule = rule_field(fa, p->t->ra, fb, p->rb)) >= 0) {
			used = rule != RULE_NONE ? rule : used;
			continue;
		}
		if (fa && fb && same_but_addresses(fa, fb)) {
			used = RULE_ADDRESS;
			continue;
		}
		if ((other && (fa ? fa : fb)->out) || (p->order_differs && fa && fb && same_lines(fa, fb))) {
			used = RULE_DIRECTORY_ORDER;
			continue;
		}
		if ((fa && fa->varies) || (!fa && a->result_varies)) {
			used = RULE_NATIVE_VARIES;
			continue;
		}
		used = RULE_DIFFERENT;
		if (!report)
			return used;
		note(p, step, a, b, fa ? fa->name : fb ? fb->name : "", fa ? text_field_string(fa, p->t->ra) : NULL, fb ? text_field_string(fb, p->rb) : NULL);
		if (!fa || !fb || strcmp(fa->name, fb->name) != 0)
			break; /* the rest does not match either */
	}
	rule = rule_result(a, p->t->ra, b, p->rb);
	if (rule == RULE_DIFFERENT && (a->result_varies || other))
		rule = other ? RULE_DIRECTORY_ORDER : RULE_NATIVE_VARIES;
	if (rule == RULE_DIFFERENT && report)
		note(p, step, a, b, "result", text_result_string(a, p->t->ra), text_result_string(b, p->rb));
	if (rule == RULE_DIFFERENT)
		return rule;
	if (used == RULE_NONE && (a->merged != b->merged))
		used = a->order ? RULE_DIRECTORY_ORDER : RULE_RESTART;
	return used == RULE_NONE ? rule : used;
}

/* The number of a descriptor says how many others were open just then. */
static bool
same_but_descriptors(const struct event *a, const struct run *ra, const struct event *b, const struct run *rb)
{
	if (a->hash == b->hash)
		return true;
	if (a->type != EVENT_CALL || b->type != EVENT_CALL || a->nr != b->nr || a->nfields != b->nfields)
		return false;
	for (unsigned int i = 0; i < a->nfields; i++)
		if (!(a->fields[i].kind == FIELD_FD && b->fields[i].kind == FIELD_FD) && rule_field(&a->fields[i], ra, &b->fields[i], rb) < 0)
			return false;
	if (a->result_kind == FIELD_FD && b->result_kind == FIELD_FD && a->result >= 0 && b->result >= 0)
		return true;
	return rule_result(a, ra, b, rb) >= 0;
}

/* Find each different native event's equal elsewhere on stead's side, in number of descriptors too (@exactly) or but for those. */
static void
match_moved(struct pass *p, bool exactly)
{
	struct task_comparison *t = p->t;

	for (size_t i = 0; i < t->al.n; i++) {
		const struct event *a = t->al.steps[i].a != ALIGN_NONE ? &t->a->events[t->al.steps[i].a] : NULL;

		if (!a || t->outcome[i] != RULE_DIFFERENT || (t->moved[i] & 1))
			continue;
		for (size_t j = 0; j < t->al.n; j++) {
			const struct event *b = t->al.steps[j].b != ALIGN_NONE ? &t->b->events[t->al.steps[j].b] : NULL;

			if (!b || (t->moved[j] & 2) || t->outcome[j] != RULE_DIFFERENT || a->nr != b->nr || (exactly && i == j))
				continue;
			if (exactly ? a->hash != b->hash : !same_but_descriptors(a, t->ra, b, p->rb))
				continue;
			t->moved[i] |= 1;
			t->moved[j] |= 2;
			break;
		}
	}
}

/* Where directories came in another order, equal calls may stand at different places. */
static void
excuse_moved(struct pass *p)
{
	struct task_comparison *t = p->t;

	if (!p->order_differs)
		return;
	match_moved(p, true);
	match_moved(p, false);
	for (size_t i = 0; i < t->al.n; i++) {
		unsigned int needed = (t->al.steps[i].a != ALIGN_NONE ? 1u : 0) | (t->al.steps[i].b != ALIGN_NONE ? 2u : 0);

		if (t->outcome[i] == RULE_DIFFERENT && (t->moved[i] & needed) == needed)
			t->outcome[i] = RULE_DIRECTORY_ORDER;
	}
}

static bool
is_epoll_wait(const struct event *e)
{
	return e->type == EVENT_CALL && (e->nr == SYS_epoll_wait || e->nr == SYS_epoll_pwait || e->nr == SYS_epoll_pwait2);
}

/* How many of the events that it gave are @bits. */
static unsigned int
events_of(const struct event *e, uint64_t bits)
{
	unsigned int n = 0;

	for (unsigned int i = 0; i < e->nfields; i++)
		n += e->fields[i].out && e->fields[i].kind == FIELD_FLAGS && e->fields[i].value == bits;
	return n;
}

/* Did one look a little later, and found more beside what the other found? */
static bool
found_more(const struct event *a, const struct event *b)
{
	const struct event *less = a->result < b->result ? a : b, *more = less == a ? b : a;

	if (!is_epoll_wait(a) || a->nr != b->nr || less->result <= 0 || less->result == more->result)
		return false;
	for (unsigned int i = 0; i < less->nfields; i++) {
		const struct field *f = &less->fields[i];

		if (f->out && f->kind == FIELD_FLAGS && events_of(less, f->value) > events_of(more, f->value))
			return false;
	}
	return true;
}

/* Two polls that differ in what was ready when they looked. Errors and ends are none of that. */
static bool
same_but_readiness(const struct event *a, const struct event *b)
{
	if (!is_poll(a) || a->nr != b->nr || a->nfields != b->nfields || a->result <= 0 || b->result <= 0)
		return false;
	for (unsigned int i = 0; i < a->nfields; i++) {
		const struct field *x = &a->fields[i], *y = &b->fields[i];

		if (x->value != y->value && x->kind == FIELD_FLAGS && (!x->out || ((x->value ^ y->value) & (POLLERR | POLLHUP | POLLNVAL))))
			return false;
	}
	return true;
}

/* A poll more or less, of one that found something: what it found is read next, and that is compared. */
static bool
is_wakeup(const struct pass *p, const struct event *e)
{
	return p->tasks_meet && is_poll(e) && e->result > 0;
}

static int
judge_step(struct pass *p, size_t i)
{
	const struct task_comparison *t = p->t;
	struct align_step s = t->al.steps[i];
	const struct event *a = s.a != ALIGN_NONE ? &t->a->events[s.a] : NULL, *b = s.b != ALIGN_NONE ? &t->b->events[s.b] : NULL;
	const struct event *next;
	int rule, other;

	if (a && b) {
		rule = compare_pair(p, i, a, b, false);
		if (rule != RULE_DIFFERENT)
			return rule;
		if (is_absent(b, false))
			return RULE_ABSENT;
		if (p->tasks_meet && (same_but_readiness(a, b) || found_more(a, b)))
			return RULE_SCHEDULING;
		rule = excuse(p, a, true);
		other = rule == RULE_DIFFERENT ? rule : excuse(p, b, false);
		return other;
	}
	if (a)
		return a->absent ? RULE_NATIVE_VARIES : is_wakeup(p, a) ? RULE_SCHEDULING : excuse(p, a, true);
	next = NULL; /* the native event before which it stands */
	for (size_t j = i + 1; j < t->al.n && !next; j++)
		next = t->al.steps[j].a != ALIGN_NONE ? &t->a->events[t->al.steps[j].a] : NULL;
	if (next ? next->gap : t->a->gap_end)
		return RULE_NATIVE_VARIES;
	return is_wakeup(p, b) ? RULE_SCHEDULING : excuse(p, b, false);
}

/*
 * Two tasks that were ended from outside got to different points: what one did more, behind all that both did, is chance. The call that both
 * were killed in may be the next round of the same on one side.
 */
static void
excuse_cut(struct pass *p)
{
	struct task_comparison *t = p->t;
	const struct event *last = NULL;

	if (!ended_by_another(t->a) || !ended_by_another(t->b))
		return;
	for (size_t i = t->al.n; i-- > 0;) {
		struct align_step s = t->al.steps[i];
		const struct event *a = s.a != ALIGN_NONE ? &t->a->events[s.a] : NULL, *b = s.b != ALIGN_NONE ? &t->b->events[s.b] : NULL;

		if (a && b && a->type == EVENT_CALL && a->returned == b->returned && (a->returned || last))
			return;
		if (a && b && a->type == EVENT_CALL && !a->returned && !b->returned)
			last = a;
		if (last && ((a ? a : b)->type != EVENT_CALL || (a ? a : b)->nr != last->nr))
			return;
		if (t->outcome[i] == RULE_DIFFERENT && !(a && b && a->type == EVENT_END))
			t->outcome[i] = RULE_SCHEDULING;
	}
}

static bool
is_waiting(const struct event *e)
{
	return is_poll(e) || (e->type == EVENT_CALL && (e->nr == SYS_nanosleep || e->nr == SYS_clock_nanosleep || e->nr == SYS_sched_yield ||
							e->nr == SYS_futex || e->nr == SYS_pause || e->nr == SYS_rt_sigsuspend));
}

/* A signal from elsewhere that comes while one is pending is one with that; but for the real-time ones. */
static bool
is_merging(const struct rtask *t, const struct event *e)
{
	return t->handler && e->type == EVENT_SIGNAL && e->nr < 32;
}

/* Do the @n events at @at repeat, @period events apart, what stands before (or after) them? */
static bool
repeats(const struct rtask *t, size_t at, size_t n, size_t period, bool before)
{
	for (size_t i = at; i < at + n; i++) {
		if (before ? i < period : i + period >= t->nevents)
			return false;
		if (t->events[i].hash != t->events[before ? i - period : i + period].hash)
			return false;
	}
	return true;
}

/* Is there more or less of this natively, too? */
static bool
varies_in_number(const struct rtask *native, const struct event *e)
{
	for (size_t i = 0; i < native->nevents; i++)
		if (native->events[i].absent && native->events[i].hash == e->hash)
			return true;
	return false;
}

/* Rounds more of a loop that waits for something to happen, or that goes round as often as chance has it natively. */
static void
excuse_rounds(struct pass *p, bool left)
{
	struct task_comparison *t = p->t;
	const struct rtask *side = left ? t->a : t->b;
	size_t i = 0, n, first, period;
	const struct event *e;
	bool waits;

	for (; i < t->al.n; i += n ? n : 1) {
		waits = false;
		for (n = 0; i + n < t->al.n && t->outcome[i + n] == RULE_DIFFERENT; n++) {
			const struct align_step s = t->al.steps[i + n];

			if ((left ? s.b : s.a) != ALIGN_NONE)
				break;
			e = &side->events[left ? s.a : s.b];
			waits |= is_waiting(e) || is_merging(side, e);
		}
		first = left ? t->al.steps[i].a : t->al.steps[i].b;
		if (!n || !(waits || varies_in_number(t->a, &side->events[first])))
			continue;
		for (period = 1; period <= LOOP_MAX && !repeats(side, first, n, period, true) && !repeats(side, first, n, period, false); period++)
			;
		for (size_t k = 0; k < n && period <= LOOP_MAX; k++)
			t->outcome[i + k] = RULE_SCHEDULING;
	}
}

/* The last step at which both sides have something: what comes later on one side alone was not reached on the other. */
static size_t
last_common(const struct task_comparison *t)
{
	for (size_t i = t->al.n; i-- > 0;)
		if (t->al.steps[i].a != ALIGN_NONE && t->al.steps[i].b != ALIGN_NONE &&
		    t->a->events[t->al.steps[i].a].type != EVENT_END)
			return i;
	return 0;
}

static void
report_steps(struct pass *p)
{
	struct task_comparison *t = p->t;
	size_t last = last_common(t);
	bool behind = false;

	for (size_t i = 0; i < t->al.n; i++) {
		struct align_step s = t->al.steps[i];
		const struct event *a = s.a != ALIGN_NONE ? &t->a->events[s.a] : NULL, *b = s.b != ALIGN_NONE ? &t->b->events[s.b] : NULL;

		if (t->outcome[i] != RULE_DIFFERENT)
			continue;
		if (a && b) {
			compare_pair(p, i, a, b, true);
			continue;
		}
		t->unreached[i] = behind && i > last;
		behind |= i > last;
		if (!t->unreached[i])
			note(p, i, a, b, a ? "is missing" : "is too much", a ? text_result_string(a, t->ra) : NULL, b ? text_result_string(b, p->rb) : NULL);
	}
}

void
compare_task(struct task_comparison *t, const struct run *rb, struct comparison *c, bool order_differs)
{
	struct pass p = { .t = t, .rb = rb, .c = c, .order_differs = order_differs };

	p.tasks_meet = rb->ntasks > 2 || t->ra->ntasks > 2;
	align(t->a->events, t->a->nevents, t->b->events, t->b->nevents, &t->al);
	t->outcome = must_alloc(t->al.n);
	t->moved = must_alloc(t->al.n);
	t->unreached = must_alloc(t->al.n * sizeof(*t->unreached));
	for (size_t i = 0; i < t->al.n; i++)
		t->outcome[i] = (signed char)judge_step(&p, i);
	excuse_moved(&p);
	excuse_copies(t);
	excuse_messages(t);
	excuse_cut(&p);
	excuse_rounds(&p, true);
	excuse_rounds(&p, false);
	t->differences = 0;
	report_steps(&p);
}
