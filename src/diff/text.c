/* SPDX-License-Identifier: MIT
 *
 * Events as text for people: much as strace shows them, but every field has its name.
 */
#include "src/diff/text.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "src/decode.h"
#include "src/diff/rules.h"
#include "src/trace/names.h"

#define SHOWN_IN_LINE 32

static void
put_quoted(struct trace_buf *b, const unsigned char *s, size_t n, size_t total)
{
	trace_printf(b, "\"");
	for (size_t i = 0; i < n; i++) {
		if (s[i] == '"' || s[i] == '\\')
			trace_printf(b, "\\%c", s[i]);
		else if (s[i] == '\n' || s[i] == '\t')
			trace_printf(b, s[i] == '\n' ? "\\n" : "\\t");
		else if (s[i] < 32 || s[i] > 126)
			trace_printf(b, "\\%03o", s[i]);
		else
			trace_printf(b, "%c", s[i]);
	}
	trace_printf(b, total > n ? "\"..." : "\"");
}

static void
put_flags(struct trace_buf *b, const char *decode, uint64_t v)
{
	const struct const_table *t = const_table(decode);
	const char *sep = "";

	if (strcmp(decode, "O_*") == 0) {
		trace_printf(b, (v & O_ACCMODE) == O_RDONLY   ? "O_RDONLY"
				: (v & O_ACCMODE) == O_WRONLY ? "O_WRONLY"
							      : "O_RDWR");
		v &= ~(uint64_t)O_ACCMODE;
		sep = "|";
	}
	for (unsigned int i = 0; t && i < t->count; i++) {
		if (!t->names[i].value || (v & t->names[i].value) != t->names[i].value)
			continue;
		trace_printf(b, "%s%s", sep, t->names[i].name);
		v &= ~t->names[i].value;
		sep = "|";
	}
	if (v || !*sep)
		trace_printf(b, "%s%#llx", sep, (unsigned long long)v);
}

static void
put_value(struct trace_buf *b, unsigned int kind, const char *decode, uint64_t v, const struct run *run)
{
	const struct const_table *t;
	const char *name;

	switch (kind) {
	case FIELD_OCTAL:
		trace_printf(b, "%#llo", (unsigned long long)v);
		return;
	case FIELD_FLAGS:
		put_flags(b, decode, v);
		return;
	case FIELD_ENUM:
		t = const_table(decode);
		name = t ? const_name(t, v) : NULL;
		trace_printf(b, name ? "%s" : "%.0s%lld", name ? name : "", (long long)v);
		return;
	case FIELD_SIGNAL:
		trace_format_signal(b, (int)v);
		return;
	case FIELD_ADDRESS:
	case FIELD_HEX:
		trace_printf(b, kind == FIELD_ADDRESS && !v ? "NULL" : "%#llx", (unsigned long long)v);
		return;
	case FIELD_PID:
		name = rule_pid_name(run, (int64_t)v < -1 ? -(int64_t)v : (int64_t)v);
		trace_printf(b, name ? "%lld<task %s>" : "%lld", (long long)v, name);
		return;
	case FIELD_UINT:
	case FIELD_INODE:
		trace_printf(b, "%llu", (unsigned long long)v);
		return;
	case FIELD_WALL:
	case FIELD_DURATION:
	case FIELD_CLOCK:
		trace_printf(b, "%lld.%09llds", (long long)v / 1000000000, llabs((long long)v % 1000000000));
		return;
	default:
		trace_printf(b, strcmp(decode, "dirfd") == 0 && (int)v == AT_FDCWD ? "AT_FDCWD" : "%lld", (long long)v);
	}
}

void
text_field(struct trace_buf *b, const struct field *f, const struct run *run, size_t shown)
{
	if (f->kind == FIELD_STRING || f->kind == FIELD_BYTES || f->kind == FIELD_RANDOM)
		put_quoted(b, f->bytes, f->kept < shown ? f->kept : shown, f->len);
	else
		put_value(b, f->kind, f->decode, f->value, run);
}

void
text_result(struct trace_buf *b, const struct event *e, const struct run *run)
{
	const char *name;

	if (e->type == EVENT_END) {
		if (WIFSIGNALED((int)e->result)) {
			trace_printf(b, "killed by ");
			trace_format_signal(b, WTERMSIG((int)e->result));
			trace_printf(b, WCOREDUMP((int)e->result) ? " (core)" : "");
		} else {
			trace_printf(b, "exited with %d", WEXITSTATUS((int)e->result));
		}
	} else if (!e->returned) {
		trace_printf(b, "?");
	} else if (e->result < 0 && e->result >= -4095) {
		name = errno_name((int)-e->result);
		trace_printf(b, name ? "-1 %s" : "%.0s%lld", name ? name : "", (long long)e->result);
	} else {
		put_value(b, e->result_kind, "", (uint64_t)e->result, run);
	}
}

const char *
text_name(const struct event *e)
{
	const struct syscall_desc *d = syscall_desc(e->nr);
	const char *name;
	char *text;

	if (e->type == EVENT_END)
		return "end";
	name = e->type == EVENT_SIGNAL ? signal_name((int)e->nr) : d ? d->name : NULL;
	if (name)
		return name;
	if (asprintf(&text, e->type == EVENT_SIGNAL ? "SIGRT_%d" : "syscall_%d",
		     (int)e->nr - (e->type == EVENT_SIGNAL ? 32 : 0)) < 0)
		return "?";
	return text;
}

void
text_event(struct trace_buf *b, const struct event *e, const struct run *run)
{
	const char *sep = "";

	if (e->type == EVENT_END) {
		trace_printf(b, "+++ ");
		text_result(b, e, run);
		trace_printf(b, " +++");
		return;
	}
	trace_printf(b, e->type == EVENT_SIGNAL ? "--- %s {" : "%s(", text_name(e));
	for (unsigned int i = 0; i < e->nfields; i++) {
		bool plain = !strchr(e->fields[i].name, '.') && e->type == EVENT_CALL;

		trace_printf(b, plain ? "%s%.0s" : "%s%s=", sep, e->fields[i].name);
		text_field(b, &e->fields[i], run, e->fields[i].kind == FIELD_STRING ? 4096 : SHOWN_IN_LINE);
		sep = ", ";
	}
	trace_printf(b, e->type == EVENT_SIGNAL ? "} ---" : ") = ");
	if (e->type == EVENT_CALL)
		text_result(b, e, run);
}

char *
text_field_string(const struct field *f, const struct run *run)
{
	struct trace_buf *b = must_alloc(sizeof(*b));
	char *text;

	text_field(b, f, run, 256);
	text = must_alloc(b->n + 1);
	memcpy(text, b->text, b->n);
	free(b);
	return text;
}

char *
text_result_string(const struct event *e, const struct run *run)
{
	struct trace_buf *b = must_alloc(sizeof(*b));
	char *text;

	text_result(b, e, run);
	text = must_alloc(b->n + 1);
	memcpy(text, b->text, b->n);
	free(b);
	return text;
}
