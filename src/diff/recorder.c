/* SPDX-License-Identifier: MIT
 *
 * Records what tasks do. The first task is the one that starts the program and looks at the files afterwards (inside.c): it
 * is known, and what it does is not recorded.
 */
#include "src/diff/recorder.h"

#include <stdlib.h>
#include <string.h>

#include "src/diff/capture.h"

struct recorded_task {
	struct recorded_task *next;
	struct traced *t;
	uint32_t id;
	bool in_call;
	uint32_t nr;
	uint64_t args[6], seq;
	struct record call;
};

static bool
is_recorded(const struct recorded_task *rt)
{
	return rt && rt->id > 1;
}

static uint32_t
id_of(const struct recorder *r, int tid)
{
	for (const struct recorded_task *rt = r->tasks; rt; rt = rt->next)
		if (rt->t->tid == tid)
			return rt->id;
	return 0;
}

/* The number a task of the host has in its own pid namespace: the last one of the line. */
static int
inner_number(int tid, const char *field, int fallback)
{
	char path[40], line[256], *last;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/status", tid);
	f = fopen(path, "re");
	if (!f)
		return fallback;
	while (fgets(line, sizeof(line), f)) {
		if (strncmp(line, field, strlen(field)) != 0)
			continue;
		last = strrchr(line, '\t');
		if (last && atoi(last + 1) > 0)
			fallback = atoi(last + 1);
		break;
	}
	fclose(f);
	return fallback;
}

static void
on_new_task(void *ctx, struct traced *t, int parent_tid, enum trace_how how)
{
	struct recorder *r = ctx;
	struct recorded_task *rt = must_alloc(sizeof(*rt));
	int tid = t->tid, tgid = t->tgid;

	if (r->native) {
		tid = inner_number(t->tid, "NSpid:", t->tid);
		tgid = inner_number(t->tid, "NStgid:", t->tgid);
	}
	rt->t = t;
	if (how != TRACE_FIRST || !r->init_first) {
		rt->id = ++r->next_id;
		record_task(&r->sink, rt->id, how == TRACE_FIRST ? 0 : id_of(r, parent_tid), tid, tgid);
	}
	rt->next = r->tasks;
	r->tasks = rt;
	t->user = rt;
}

static void
on_enter(void *ctx, struct traced *t, uint64_t nr, const uint64_t args[6])
{
	struct recorder *r = ctx;
	struct recorded_task *rt = t->user;
	struct capture c = { .m = &t->mem, .nr = (uint32_t)nr, .args = args };

	if (!is_recorded(rt))
		return;
	rt->in_call = true;
	rt->nr = (uint32_t)nr;
	memcpy(rt->args, args, sizeof(rt->args));
	rt->seq = record_seq(&r->sink);
	record_begin(&r->sink, &rt->call, EVENT_CALL, rt->id, rt->nr);
	c.r = &rt->call;
	capture_call(&c);
}

static void
on_exit_call(void *ctx, struct traced *t, uint64_t nr, const uint64_t args[6], int64_t result)
{
	struct recorder *r = ctx;
	struct recorded_task *rt = t->user;
	struct capture c = { .m = &t->mem, .nr = (uint32_t)nr, .args = args, .done = true, .result = result };

	if (!is_recorded(rt) || !rt->in_call)
		return;
	rt->in_call = false;
	c.args = rt->args;
	c.nr = rt->nr;
	c.r = &rt->call;
	capture_call(&c);
	record_end(&r->sink, &rt->call, rt->seq, result,
		   result < 0 && result >= -4095 ? FIELD_INT : capture_result_kind(rt->nr, rt->args), true);
}

static void
on_signal(void *ctx, struct traced *t, const siginfo_t *info)
{
	struct recorder *r = ctx;
	struct recorded_task *rt = t->user;
	struct record rec = { 0 };

	if (!is_recorded(rt))
		return;
	record_begin(&r->sink, &rec, EVENT_SIGNAL, rt->id, (uint32_t)info->si_signo);
	capture_siginfo(&rec, "", true, info);
	record_end(&r->sink, &rec, record_seq(&r->sink), 0, FIELD_INT, true);
	free(rec.data);
}

static void
on_gone(void *ctx, struct traced *t, int status)
{
	struct recorder *r = ctx;
	struct recorded_task *rt = t->user, **p;
	struct record rec = { 0 };

	if (!rt)
		return;
	if (is_recorded(rt)) {
		if (rt->in_call)
			record_end(&r->sink, &rt->call, rt->seq, 0, FIELD_INT, false);
		record_begin(&r->sink, &rec, EVENT_END, rt->id, 0);
		record_end(&r->sink, &rec, record_seq(&r->sink), status, FIELD_INT, true);
		free(rec.data);
	}
	for (p = &r->tasks; *p; p = &(*p)->next) {
		if (*p == rt) {
			*p = rt->next;
			break;
		}
	}
	t->user = NULL;
	free(rt->call.data);
	free(rt);
}

void
recorder_init(struct recorder *r, FILE *f, bool native, struct trace_hooks *hooks)
{
	*r = (struct recorder){ .sink.f = f, .native = native };
	*hooks = (struct trace_hooks){ .ctx = r,
				       .new_task = on_new_task,
				       .enter = on_enter,
				       .exit = on_exit_call,
				       .signal = on_signal,
				       .gone = on_gone };
}
