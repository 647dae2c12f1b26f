/* SPDX-License-Identifier: MIT
 *
 * Arguments of system calls as text, in strace's style, driven by the types of syscalls/table: TYPE[.DECODE[COUNT]].
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "src/decode.h"
#include "src/trace/args.h"
#include "src/trace/events.h"
#include "src/trace/format.h"
#include "src/trace/names.h"
#include "src/trace/structs.h"
#include "src/trace/whole.h"

static void
print_value(struct trace_buf *b, const struct trace_call *c, const struct arg_type *ty, uint64_t v)
{
	const struct const_table *t = ty->decode[0] ? const_table(ty->decode) : NULL;
	bool narrow = strcmp(ty->base, "int") == 0 || strcmp(ty->base, "uint") == 0;

	if (narrow)
		v = (uint32_t)v;
	if (t && t->rest)
		trace_print_flags(b, ty->decode, v);
	else if (t)
		trace_print_enum(b, ty->decode, v);
	else if ((strcmp(ty->base, "dirfd") == 0 || ((int)v != AT_FDCWD && strcmp(ty->base, "fd") == 0)))
		trace_print_fd(b, c->m, (int)v);
	else if (strcmp(ty->base, "uint") == 0)
		trace_printf(b, "%u", (unsigned int)v);
	else if (strcmp(ty->base, "long") == 0 || strcmp(ty->base, "off") == 0)
		trace_printf(b, "%lld", (long long)v);
	else if (strcmp(ty->base, "size") == 0 || strcmp(ty->base, "ulong") == 0)
		trace_printf(b, "%llu", (unsigned long long)v);
	else
		trace_printf(b, "%d", (int)v);
}

/* Whether it could be read. Integers stand in brackets, as arrays of one. */
static bool
print_element(struct trace_buf *b, const struct trace_call *c, const struct trace_struct *s, uint64_t addr, const char *sep)
{
	unsigned char raw[TRACE_STRUCT_MAX];

	memset(raw, 0, sizeof(raw));
	if (c->m->peek(c->m->ctx, addr, raw, s->size) < (s->variable ? 1 : s->size))
		return false;
	trace_printf(b, "%s", sep);
	s->print(b, c->m, raw);
	return true;
}

void
trace_print_struct(struct trace_buf *b, const struct trace_call *c, const char *decode, uint64_t addr)
{
	const struct trace_struct *s = trace_struct(decode);

	if (!addr || !s || !print_element(b, c, s, addr, s->scalar ? "[" : ""))
		trace_print_address(b, addr);
	else if (s->scalar)
		trace_printf(b, "]");
}

static bool
is_fd_pair(const struct syscall_desc *d)
{
	return strcmp(d->name, "pipe") == 0 || strcmp(d->name, "pipe2") == 0 || strcmp(d->name, "socketpair") == 0;
}

static void
print_fd_pair(struct trace_buf *b, const struct trace_call *c, uint64_t addr)
{
	int pair[2];

	if (!trace_peek(c, addr, pair, sizeof(pair))) {
		trace_print_address(b, addr);
		return;
	}
	trace_printf(b, "[");
	trace_print_fd(b, c->m, pair[0]);
	trace_printf(b, ", ");
	trace_print_fd(b, c->m, pair[1]);
	trace_printf(b, "]");
}

/* An array of structures, or one. */
static void
print_structs(struct trace_buf *b, const struct trace_call *c, const struct arg_type *ty, uint64_t addr)
{
	const struct trace_struct *s = trace_struct(ty->decode);
	uint64_t n = arg_type_count(ty, c->d, c->args, c->done ? c->result : 0), i;

	if (is_fd_pair(c->d) && addr && strcmp(ty->base, "out") == 0) {
		print_fd_pair(b, c, addr);
		return;
	}
	if (!ty->count[0] || (s && s->variable)) {
		trace_print_struct(b, c, ty->decode, addr);
		return;
	}
	if (!addr || !s || n > 100000) {
		trace_print_address(b, addr);
		return;
	}
	for (i = 0; i < n && i < TRACE_ITEMS_SHOWN; i++) {
		if (!print_element(b, c, s, addr + i * s->size, i ? ", " : "[")) {
			if (i == 0)
				trace_print_address(b, addr);
			else
				trace_printf(b, ", ... /* %#llx */]", (unsigned long long)(addr + i * s->size));
			return;
		}
	}
	trace_printf(b, n > TRACE_ITEMS_SHOWN ? ", ...]" : n ? "]" : "[]");
}

static void
print_pointer(struct trace_buf *b, const struct trace_call *c, const struct arg_type *ty, unsigned int i)
{
	uint64_t a = c->args[i];
	bool failed = c->done && c->result < 0;
	bool unreadable = ty->out && !ty->in && (!c->done || failed);

	if (strcmp(ty->base, "ptr") == 0 || unreadable)
		trace_print_address(b, a);
	else if (strcmp(ty->base, "path") == 0)
		trace_print_string(b, c, a, TRACE_PATH_SHOWN);
	else if (strcmp(ty->base, "str") == 0)
		trace_print_string(b, c, a, ty->out ? TRACE_PATH_SHOWN : trace_string_shown(c));
	else if (strcmp(ty->base, "strv") == 0)
		trace_print_string_vector(b, c, a, !b->verbose && strncmp(c->d->args[i].name, "env", 3) == 0);
	else if (strcmp(ty->base, "buf") == 0)
		trace_print_bytes(b, c, a, arg_type_count(ty, c->d, c->args, c->done ? c->result : 0));
	else if (strcmp(ty->base, "iov") == 0)
		trace_print_iov(b, c, a, arg_type_count(ty, c->d, c->args, c->done ? c->result : 0),
				!ty->out	? UINT64_MAX
				: c->result > 0 ? (uint64_t)c->result
						: 0);
	else
		print_structs(b, c, ty, a);
}

/* When an argument can be shown; what is read and written is shown as it was read. */
static enum trace_when
when_shown(const struct trace_call *c, unsigned int i, struct arg_type *t)
{
	const struct trace_special *s;

	arg_type_split(c->d->args[i].type, t);
	s = t->decode[0] ? trace_special(t->decode) : NULL;
	if (s)
		return s->when ? s->when(c, i) : t->out && !t->in ? TRACE_AT_EXIT : TRACE_AT_ENTER;
	return t->out && !t->in ? TRACE_AT_EXIT : TRACE_AT_ENTER;
}

static void
print_arg(struct trace_buf *b, const struct trace_call *c, const struct arg_type *t, unsigned int i)
{
	const struct trace_special *s = t->decode[0] ? trace_special(t->decode) : NULL;

	if (s)
		s->print(b, c, i);
	else if (arg_type_is_pointer(t))
		print_pointer(b, c, t, i);
	else
		print_value(b, c, t, c->args[i]);
}

/* Arguments from @*i up to the first that has to wait for the call's end. */
static void
print_until(struct trace_buf *b, const struct trace_call *c, unsigned int *i, bool done)
{
	enum trace_when when;
	struct arg_type t;

	for (; *i < c->d->nargs; ++*i) {
		when = when_shown(c, *i, &t);
		if (when == TRACE_SKIP)
			continue;
		if (when == TRACE_END)
			*i = c->d->nargs;
		if (when == TRACE_END || (when == TRACE_AT_EXIT && !done))
			return;
		if (*i > 0)
			trace_printf(b, ", ");
		print_arg(b, c, &t, *i);
	}
}

/* Lengths and offsets that the call replaces by others. */
static void
save(struct trace_call *c)
{
	static const struct {
		const char *decode;
		unsigned int offset, size;
	} kept[] = { { "addrlen", 0, 4 }, { "sendoff", 0, 8 }, { "msghdr", 8, 4 } };
	struct arg_type t;
	unsigned int i;
	size_t k;

	for (i = 0; i < c->d->nargs; i++) {
		arg_type_split(c->d->args[i].type, &t);
		c->saved[i] = 0;
		for (k = 0; k < sizeof(kept) / sizeof(kept[0]); k++) {
			if (strcmp(t.decode, kept[k].decode) == 0 && c->args[i])
				trace_peek(c, c->args[i] + kept[k].offset, &c->saved[i], kept[k].size);
		}
	}
}

static void
print_unknown(struct trace_buf *b, const struct trace_call *c)
{
	unsigned int i;

	for (i = 0; i < 6; i++)
		trace_printf(b, "%s%#llx", i ? ", " : "", (unsigned long long)c->args[i]);
}

bool
trace_call_enter(struct trace_buf *b, struct trace_call *c)
{
	const struct trace_whole *whole = c->d ? trace_whole(c->d->name) : NULL;
	unsigned int i = 0;

	c->done = false;
	if (!c->d) {
		print_unknown(b, c);
		return false;
	}
	if (whole)
		return whole->enter(b, c);
	save(c);
	print_until(b, c, &i, false);
	if (i > 0 && i < c->d->nargs)
		trace_printf(b, ", ");
	return i < c->d->nargs;
}

void
trace_call_exit(struct trace_buf *b, const struct trace_call *c)
{
	const struct trace_whole *whole = c->d ? trace_whole(c->d->name) : NULL;
	struct trace_call then = *c;
	struct arg_type t;
	enum trace_when when;
	unsigned int i;

	if (whole && whole->exit)
		whole->exit(b, c);
	if (whole || !c->d)
		return;
	then.done = false;
	for (i = 0; i < c->d->nargs; i++) {
		when = when_shown(&then, i, &t);
		if (when == TRACE_END)
			return;
		if (when == TRACE_AT_EXIT)
			break;
	}
	if (i < c->d->nargs) {
		print_arg(b, c, &t, i);
		i++;
	}
	print_until(b, c, &i, true);
}
