/* SPDX-License-Identifier: MIT
 *
 * One pass over all events in the order in which they began and ended follows what processes share: handlers of signals,
 * what descriptors lead to, and which is which. Fork copies that, threads share it, execve resets handlers.
 *
 * Threads that make descriptors at once get numbers as chance has it. In a process that has had threads a descriptor is
 * therefore known by who made it and as which of its own.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>

#include "src/diff/canon.h"

#define FDS 1024

struct descriptor {
	uint8_t kind;
	uint64_t origin;
};

/* What the threads of a process share. */
struct process {
	struct descriptor fds[FDS];
	bool handled[65];
	bool crowded; /* it has, or comes from one that has, threads */
};

struct place {
	struct rtask *task;
	struct event *event; /* NULL: the task is born */
	uint64_t seq;
	bool done;
};

static int
by_place(const void *a, const void *b)
{
	const struct place *x = a, *y = b;

	return x->seq < y->seq ? -1 : x->seq > y->seq;
}

static struct descriptor *
fd_of(struct process *p, uint64_t fd)
{
	static struct descriptor none;

	none = (struct descriptor){ FD_NONE, 0 };
	return fd < FDS ? &p->fds[fd] : &none;
}

/* A task makes a descriptor: which of its own it is does not depend on others. */
static void
make_fd(struct process *p, struct rtask *t, uint64_t fd, enum fd_kind kind)
{
	*fd_of(p, fd) =
		(struct descriptor){ kind, (digest(t->path, strlen(t->path)) ^ ++t->fds_made * 0x9e3779b97f4a7c15ULL) | 1 };
}

static enum fd_kind
kind_of_path(struct process *p, const struct event *e)
{
	const struct field *path = field_by_name(e, "path"), *dir = field_by_name(e, "dirfd");
	const char *s = path && path->len ? (const char *)path->bytes : "";

	if (path && (path->kind != FIELD_STRING || path->len < 2))
		return FD_FILE;
	if (path && path->len >= 5 && (memcmp(s, "/proc", 5) == 0 || (memcmp(s, "/sys", 4) == 0 && s[4] == '/')))
		return FD_PROC;
	if (path && path->len >= 9 && memcmp(s, "/dev/ptmx", 9) == 0)
		return FD_STREAM;
	if (path && path->len >= 5 && memcmp(s, "/dev/", 5) == 0)
		return FD_DEVICE;
	if (path && *s != '/' && dir && (int)dir->value >= 0 && fd_of(p, dir->value)->kind == FD_PROC)
		return FD_PROC;
	return FD_FILE;
}

/* What a call that worked made of descriptors and handlers. */
static void
follow(struct process *p, struct rtask *t, const struct event *e)
{
	uint64_t sig;

	switch (e->nr) {
	case SYS_open:
	case SYS_openat:
	case SYS_openat2:
	case SYS_creat:
		make_fd(p, t, (uint64_t)e->result, kind_of_path(p, e));
		break;
	case SYS_pipe:
	case SYS_pipe2:
		make_fd(p, t, event_value(e, "fds[0]", FDS), FD_STREAM);
		make_fd(p, t, event_value(e, "fds[1]", FDS), FD_STREAM);
		break;
	case SYS_socketpair:
		make_fd(p, t, event_value(e, "sv[0]", FDS), FD_STREAM);
		make_fd(p, t, event_value(e, "sv[1]", FDS), FD_STREAM);
		break;
	case SYS_socket:
	case SYS_accept:
	case SYS_accept4:
		make_fd(p, t, (uint64_t)e->result, FD_STREAM);
		break;
	case SYS_dup:
	case SYS_fcntl:
		if (e->result_kind == FIELD_FD)
			make_fd(p, t, (uint64_t)e->result, fd_of(p, event_value(e, "fd", FDS))->kind);
		break;
	case SYS_dup2:
	case SYS_dup3:
		make_fd(p, t, (uint64_t)e->result, fd_of(p, event_value(e, "oldfd", FDS))->kind);
		break;
	case SYS_rt_sigaction:
		sig = event_value(e, "sig", 0);
		if (sig <= 64 && field_by_name(e, "act.handler"))
			p->handled[sig] = event_value(e, "act.handler", 0) > 1;
		break;
	case SYS_execve:
	case SYS_execveat:
		memset(p->handled, 0, sizeof(p->handled));
		p->crowded = false;
		break;
	default:
		if (e->result_kind == FIELD_FD)
			make_fd(p, t, (uint64_t)e->result, FD_DEVICE);
	}
}

/* A signal that the task sends to itself or its process; 0 is none. */
static uint64_t
sent_to_self(const struct rtask *t, const struct event *e)
{
	int64_t to = (int64_t)event_value(e, "pid", event_value(e, "tgid", (uint64_t)t->tid));
	uint64_t sig = event_value(e, "sig", 0);

	switch (e->nr) {
	case SYS_kill:
	case SYS_rt_sigqueueinfo:
	case SYS_tkill:
	case SYS_tgkill:
	case SYS_rt_tgsigqueueinfo:
		return sig <= 64 && (to <= 0 || to == t->tid || to == t->tgid) ? sig : 0;
	case SYS_pidfd_send_signal:
		return sig <= 64 ? sig : 0;
	default:
		return 0;
	}
}

/*
 * A signal that the task's own instruction or call causes comes at a fixed point. Where there are threads, one of its
 * process may be of another of them: those that it sent itself are counted.
 */
static bool
is_synchronous(const struct process *p, struct rtask *t, const struct event *e)
{
	int64_t code = (int64_t)event_value(e, "si_code", 0), pid = (int64_t)event_value(e, "si_pid", 0);

	if (code > 0)
		return e->nr == SIGSEGV || e->nr == SIGBUS || e->nr == SIGILL || e->nr == SIGFPE || e->nr == SIGTRAP ||
		       e->nr == SIGSYS;
	if (pid != t->tid && pid != t->tgid)
		return false;
	if (e->nr > 64 || !t->sent[e->nr])
		return !p->crowded;
	t->sent[e->nr] -= e->nr < 32 ? t->sent[e->nr] : 1; /* but for real-time ones, several are one */
	return true;
}

/* A thread shares its process, a child has a copy. */
static struct process *
born(struct process *parent, const struct rtask *t)
{
	struct process *p;

	if (parent && t->thread) {
		parent->crowded = true;
		return parent;
	}
	p = must_alloc(sizeof(*p));
	if (parent)
		*p = *parent;
	for (unsigned int fd = 0; !parent && fd < 3; fd++)
		p->fds[fd] = (struct descriptor){ fd ? FD_STREAM : FD_FILE, 2 * fd + 1 };
	return p;
}

/* Which descriptors a call is given, or gave. */
static void
name_fds(struct process *p, struct event *e, bool out)
{
	for (unsigned int i = 0; p->crowded && i < e->nfields; i++)
		if (e->fields[i].kind == FIELD_FD && e->fields[i].out == out)
			e->fields[i].digest = fd_of(p, e->fields[i].value)->origin;
	if (p->crowded && out && e->result_kind == FIELD_FD && e->result >= 0)
		e->origin = fd_of(p, (uint64_t)e->result)->origin;
}

static void
enter(struct process *p, struct rtask *t, struct event *e)
{
	uint64_t sent = e->type == EVENT_CALL ? sent_to_self(t, e) : 0;

	e->fd_kind = fd_of(p, event_value(e, "fd", FDS))->kind;
	if (e->fd_kind == FD_FILE && (e->nr == SYS_getdents64 || e->nr == SYS_getdents) && e->type == EVENT_CALL)
		fd_of(p, event_value(e, "fd", FDS))->kind = e->fd_kind = FD_DIRECTORY;
	name_fds(p, e, false);
	if (sent && t->sent[sent] < UINT16_MAX)
		t->sent[sent]++;
	if (e->type == EVENT_SIGNAL) {
		e->handled = e->nr <= 64 && p->handled[e->nr];
		e->elsewhere = !is_synchronous(p, t, e);
	}
	if (e->nr == SYS_close && e->type == EVENT_CALL)
		*fd_of(p, event_value(e, "fd", FDS)) = (struct descriptor){ FD_NONE, 0 };
}

void
follow_descriptors(struct run *run)
{
	struct process **of = must_alloc((run->ntasks + 1) * sizeof(*of)), *p;
	struct place *places;
	size_t n = 0, total = run->ntasks;

	for (size_t i = 0; i < run->ntasks; i++)
		total += 2 * run->tasks[i].nevents;
	places = must_alloc(total * sizeof(*places));
	for (size_t i = 0; i < run->ntasks; i++) {
		struct rtask *t = &run->tasks[i];

		places[n++] = (struct place){ t, NULL, t->born, false };
		for (size_t j = 0; j < t->nevents; j++) {
			places[n++] = (struct place){ t, &t->events[j], t->events[j].seq, false };
			places[n++] = (struct place){ t, &t->events[j], t->events[j].done, true };
		}
	}
	qsort(places, n, sizeof(*places), by_place);
	for (size_t i = 0; i < n; i++) {
		struct rtask *t = places[i].task;
		struct event *e = places[i].event;

		p = of[t->id];
		if (!e) {
			of[t->id] = born(t->parent ? of[t->parent] : NULL, t);
		} else if (p && !places[i].done) {
			enter(p, t, e);
		} else if (p && e->type == EVENT_CALL && e->returned && e->result >= 0) {
			follow(p, t, e);
			name_fds(p, e, true);
		}
	}
	free(places);
	free(of);
}
