/* SPDX-License-Identifier: MIT
 *
 * Runs for tests of stead diff, written as a recorder writes them.
 */
#ifndef DIFF_ENV_H
#define DIFF_ENV_H

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "src/diff/canon.h"
#include "src/diff/compare.h"
#include "src/diff/record.h"
#include "src/diff/rules.h"

/* A run being written. */
struct writer {
	struct record_sink sink;
	int fd;
};

static inline struct writer
writer(void)
{
	struct writer w = { .fd = memfd_create("records", MFD_CLOEXEC) };

	cr_assert(w.fd >= 0);
	w.sink.f = fdopen(dup(w.fd), "w");
	cr_assert(w.sink.f);
	return w;
}

static inline struct run *
loaded(struct writer *w)
{
	struct run *run = must_alloc(sizeof(*run));

	fclose(w->sink.f);
	cr_assert_eq(run_load(w->fd, run), 0);
	close(w->fd);
	run->label = "test";
	return run;
}

/* A field of an event: a number, or (@text) bytes: @value of them, 0: up to the end of the string. */
struct arg {
	const char *name;
	enum field_kind kind;
	uint64_t value;
	const char *text;
	bool out;
};
#define IN(name, kind, value)	{ name, kind, (uint64_t)(value), NULL, false }
#define OUT(name, kind, value)	{ name, kind, (uint64_t)(value), NULL, true }
#define TEXT(name, kind, text)	{ name, kind, 0, text, false }
#define FOUND(name, kind, text) { name, kind, 0, text, true }

static inline void
write_event(struct writer *w, enum event_type type, uint32_t task, uint32_t nr, int64_t result, enum field_kind result_kind,
	    const struct arg *args)
{
	struct record r = { 0 };
	uint64_t seq = record_seq(&w->sink);

	record_begin(&w->sink, &r, type, task, nr);
	for (; args->name; args++) {
		if (args->text)
			record_bytes(&r, args->name, args->kind, args->out, args->text, args->value ? args->value : strlen(args->text));
		else
			record_value(&r, args->name, "", args->kind, args->out, args->value);
	}
	record_end(&w->sink, &r, seq, result, result_kind, true);
	free(r.data);
}

/* A call, and one whose result is no number. */
#define CALL(w, task, nr, result, ...) CALL_GIVES(w, task, nr, result, FIELD_INT, ##__VA_ARGS__)
#define CALL_GIVES(w, task, nr, result, kind, ...)                                                                      \
	write_event(w, EVENT_CALL, task, nr, result, kind, (const struct arg[]){ { .name = "" }, ##__VA_ARGS__, { .name = NULL } } + 1)

static inline void
signal_event(struct writer *w, uint32_t task, unsigned int sig, int code, int pid)
{
	const struct arg args[] = { OUT("si_code", FIELD_INT, code), OUT("si_pid", FIELD_PID, pid), { .name = NULL } };

	write_event(w, EVENT_SIGNAL, task, sig, 0, FIELD_INT, args);
}

/* Compares the task @path of two runs. */
static inline struct task_comparison
compared(const char *path, struct run *native, struct run *stead, bool order_differs)
{
	struct task_comparison t = { .path = path, .ra = native, .a = run_task_by_path(native, path), .b = run_task_by_path(stead, path) };

	cr_assert(t.a && t.b, "there is no task %s", path);
	compare_task(&t, stead, NULL, order_differs);
	return t;
}

#endif
