/* SPDX-License-Identifier: MIT
 *
 * Arguments of system calls as text, in strace's style, driven by the types of syscalls/table: TYPE[.DECODE[COUNT]].
 * Memory is read through peek() only, and read once; what cannot be read is printed as an address.
 */
#include <fcntl.h>
#include <linux/openat2.h>
#include <linux/sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "src/decode.h"
#include "src/trace-args.h"
#include "src/trace-events.h"
#include "src/trace-format.h"
#include "src/trace-names.h"
#include "src/trace-structs.h"

#define STRING_SHOWN 32 /* bytes of buffers and strings, as strace's -s */
#define PATH_SHOWN   4096
#define ITEMS_SHOWN  32

void
trace_printf(struct trace_buf *b, const char *fmt, ...)
{
	va_list ap;
	int n;

	if (b->n >= sizeof(b->text) - 1)
		return;
	va_start(ap, fmt);
	n = vsnprintf(b->text + b->n, sizeof(b->text) - b->n, fmt, ap);
	va_end(ap);
	if (n > 0)
		b->n += (size_t)n;
	if (b->n > sizeof(b->text) - 1)
		b->n = sizeof(b->text) - 1;
}

bool
trace_peek(const struct trace_call *c, uint64_t addr, void *buf, size_t n)
{
	return addr && c->m->peek(c->m->ctx, addr, buf, n) == n;
}

void
trace_arg_split(const char *spec, struct trace_arg *t)
{
	const char *dot = strchr(spec, '.'), *bracket = strchr(spec, '[');
	size_t base_len = strcspn(spec, ".[");

	memset(t, 0, sizeof(*t));
	snprintf(t->base, sizeof(t->base), "%.*s", (int)base_len, spec);
	if (dot)
		snprintf(t->decode, sizeof(t->decode), "%.*s", (int)strcspn(dot + 1, "["), dot + 1);
	if (bracket)
		snprintf(t->count, sizeof(t->count), "%.*s", (int)strcspn(bracket + 1, "]"), bracket + 1);
	t->in = strcmp(t->base, "in") == 0 || strcmp(t->base, "inout") == 0 || strcmp(t->decode, "in") == 0;
	t->out = strcmp(t->base, "out") == 0 || strcmp(t->base, "inout") == 0 || strcmp(t->decode, "out") == 0;
}

/* COUNT is a number, an argument's name, or ret. */
static uint64_t
count_of(const struct trace_call *c, const struct trace_arg *t)
{
	unsigned int i;

	if (!t->count[0])
		return 1;
	if (t->count[0] >= '0' && t->count[0] <= '9')
		return strtoul(t->count, NULL, 10);
	if (strcmp(t->count, "ret") == 0)
		return c->done && c->result > 0 ? (uint64_t)c->result : 0;
	for (i = 0; i < c->d->nargs; i++) {
		if (strcmp(c->d->args[i].name, t->count) == 0)
			return c->args[i];
	}
	return 1;
}

void
trace_print_address(struct trace_buf *b, uint64_t a)
{
	if (a)
		trace_printf(b, "%#llx", (unsigned long long)a);
	else
		trace_printf(b, "NULL");
}

void
trace_print_quoted(struct trace_buf *b, const void *bytes, size_t n)
{
	static const char plain[] = "tnvfr";
	const unsigned char *s = bytes;
	bool hex = b->hex > 1;
	size_t i;

	for (i = 0; b->hex == 1 && i < n; i++)
		hex |= s[i] > 126 || (s[i] < 32 && !(s[i] >= 9 && s[i] <= 13));
	trace_printf(b, "\"");
	for (i = 0; i < n; i++) {
		if (hex)
			trace_printf(b, "\\x%02x", s[i]);
		else if (s[i] == '"' || s[i] == '\\')
			trace_printf(b, "\\%c", s[i]);
		else if (s[i] >= 9 && s[i] <= 13)
			trace_printf(b, "\\%c", plain[s[i] - 9]);
		else if (s[i] < 32 || s[i] > 126)
			trace_printf(b, i + 1 < n && s[i + 1] >= '0' && s[i + 1] <= '9' ? "\\%03o" : "\\%o", s[i]);
		else
			trace_printf(b, "%c", s[i]);
	}
	trace_printf(b, "\"");
}

void
trace_print_fd(struct trace_buf *b, const struct trace_mem *m, int fd)
{
	struct trace_fd what;

	if (fd == AT_FDCWD)
		trace_printf(b, "AT_FDCWD");
	else
		trace_printf(b, "%d", fd);
	if (!b->paths || !m->look || (fd < 0 && fd != AT_FDCWD) || !m->look(m->ctx, fd, &what))
		return;
	trace_printf(b, "<%s", what.path);
	if (b->paths > 1 && (S_ISCHR(what.mode) || S_ISBLK(what.mode)))
		trace_printf(b, "<%s %u:%u>", S_ISCHR(what.mode) ? "char" : "block", what.major, what.minor);
	trace_printf(b, ">");
}

static size_t
string_shown(const struct trace_call *c)
{
	return c->string_shown ? c->string_shown : STRING_SHOWN;
}

/* A string ended by NUL, of which at most @max bytes are shown. */
void
trace_print_string(struct trace_buf *b, const struct trace_call *c, uint64_t addr, size_t max)
{
	char buf[PATH_SHOWN + 1];
	size_t got = 0, n, len;

	if (!addr) {
		trace_printf(b, "NULL");
		return;
	}
	if (max > PATH_SHOWN)
		max = PATH_SHOWN;
	/* Page by page: the string may end just before memory does. */
	while (got < max + 1) {
		n = 4096 - (addr + got) % 4096;
		if (n > max + 1 - got)
			n = max + 1 - got;
		n = c->m->peek(c->m->ctx, addr + got, buf + got, n);
		if (n == 0 || memchr(buf + got, '\0', n)) {
			got += n;
			break;
		}
		got += n;
	}
	if (got == 0) {
		trace_print_address(b, addr);
		return;
	}
	len = strnlen(buf, got < max ? got : max);
	trace_print_quoted(b, buf, len);
	if (len == max && got > max && buf[max])
		trace_printf(b, "...");
}

void
trace_print_bytes(struct trace_buf *b, const struct trace_call *c, uint64_t addr, uint64_t len)
{
	unsigned char buf[PATH_SHOWN];
	size_t max = string_shown(c) < sizeof(buf) ? string_shown(c) : sizeof(buf), n = len < max ? (size_t)len : max;

	if (!addr) {
		trace_printf(b, "NULL");
		return;
	}
	/* a length that memory cannot have is a mistake of the program's */
	if ((int64_t)len < 0 || (n && !trace_peek(c, addr, buf, n))) {
		trace_print_address(b, addr);
		return;
	}
	trace_print_quoted(b, buf, n);
	if (len > n)
		trace_printf(b, "...");
}

static void
print_string_vector(struct trace_buf *b, const struct trace_call *c, uint64_t addr, bool only_count)
{
	uint64_t p = 0;
	unsigned int i;

	if (!trace_peek(c, addr, &p, 8) || only_count)
		trace_print_address(b, addr);
	if (!trace_peek(c, addr, &p, 8))
		return;
	for (i = 0; i < 100000; i++) {
		if (!trace_peek(c, addr + 8ull * i, &p, 8) || !p)
			break;
		if (only_count)
			continue;
		if (i >= ITEMS_SHOWN && !b->verbose) {
			trace_printf(b, ", ...");
			break;
		}
		trace_printf(b, i ? ", " : "[");
		trace_print_string(b, c, p, string_shown(c));
	}
	if (only_count)
		trace_printf(b, " /* %u var%s */", i, i == 1 ? "" : "s");
	else
		trace_printf(b, i ? "]" : "[]");
}

void
trace_print_iov(struct trace_buf *b, const struct trace_call *c, uint64_t addr, uint64_t n, uint64_t total)
{
	uint64_t iov[2], i, take;

	if (!addr || n > 1024 || (n && !trace_peek(c, addr, iov, 16))) {
		trace_print_address(b, addr);
		return;
	}
	trace_printf(b, "[");
	for (i = 0; i < n && i < ITEMS_SHOWN; i++) {
		if (!trace_peek(c, addr + 16 * i, iov, 16)) {
			trace_printf(b, "%s... /* %#llx */", i ? ", " : "", (unsigned long long)(addr + 16 * i));
			break;
		}
		take = iov[1] < total ? iov[1] : total;
		total -= total == UINT64_MAX ? 0 : take;
		trace_printf(b, "%s{iov_base=", i ? ", " : "");
		trace_print_bytes(b, c, iov[0], take);
		trace_printf(b, ", iov_len=%llu}", (unsigned long long)iov[1]);
	}
	trace_printf(b, n > ITEMS_SHOWN ? ", ...]" : "]");
}

/* O_RDONLY is no bit. */
static const char *
access_mode(struct trace_buf *b, const struct const_table *t, uint64_t *v)
{
	static const char *const access_modes[] = { "O_RDONLY", "O_WRONLY", "O_RDWR", "O_ACCMODE" };

	if (strcmp(t->decode, "O_*") != 0)
		return "";
	trace_printf(b, "%s", access_modes[*v & O_ACCMODE]);
	*v &= ~(uint64_t)O_ACCMODE;
	return "|";
}

void
trace_print_flags(struct trace_buf *b, const char *decode, uint64_t v)
{
	const struct const_table *t = const_table(decode);
	const char *sep;
	unsigned int i;

	if (v == 0 && t->zero) {
		trace_printf(b, "%s", t->zero);
		return;
	}
	sep = access_mode(b, t, &v);
	for (i = 0; i < t->count; i++) {
		if (t->names[i].value == 0 || (v & t->names[i].value) != t->names[i].value)
			continue;
		trace_printf(b, "%s%s", sep, t->names[i].name);
		v &= ~t->names[i].value;
		sep = "|";
	}
	if (v)
		trace_printf(b, *sep ? "%s%#llx" : "%s%#llx /* %s */", sep, (unsigned long long)v, t->rest);
	else if (!*sep)
		trace_printf(b, "0");
}

void
trace_print_enum(struct trace_buf *b, const char *decode, uint64_t v)
{
	const struct const_table *t = const_table(decode);
	const char *name = const_name(t, v);

	if (name)
		trace_printf(b, "%s", name);
	else
		trace_printf(b, "%#llx /* %s??? */", (unsigned long long)v, decode);
}

void
trace_format_signal(struct trace_buf *b, int sig)
{
	const char *name = signal_name(sig);

	if (name)
		trace_printf(b, "%s", name);
	else if (sig >= 32 && sig <= 64)
		trace_printf(b, sig == 32 ? "SIGRTMIN" : "SIGRT_%d", sig - 32);
	else
		trace_printf(b, "%d", sig);
}

static void
print_value(struct trace_buf *b, const struct trace_call *c, const struct trace_arg *ty, uint64_t v)
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
print_structs(struct trace_buf *b, const struct trace_call *c, const struct trace_arg *ty, uint64_t addr)
{
	const struct trace_struct *s = trace_struct(ty->decode);
	uint64_t n = count_of(c, ty), i;

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
	for (i = 0; i < n && i < ITEMS_SHOWN; i++) {
		if (!print_element(b, c, s, addr + i * s->size, i ? ", " : "[")) {
			if (i == 0)
				trace_print_address(b, addr);
			else
				trace_printf(b, ", ... /* %#llx */]", (unsigned long long)(addr + i * s->size));
			return;
		}
	}
	trace_printf(b, n > ITEMS_SHOWN ? ", ...]" : n ? "]" : "[]");
}

static void
print_pointer(struct trace_buf *b, const struct trace_call *c, const struct trace_arg *ty, unsigned int i)
{
	uint64_t a = c->args[i];
	bool failed = c->done && c->result < 0;
	bool unreadable = ty->out && !ty->in && (!c->done || failed);

	if (strcmp(ty->base, "ptr") == 0 || unreadable)
		trace_print_address(b, a);
	else if (strcmp(ty->base, "path") == 0)
		trace_print_string(b, c, a, PATH_SHOWN);
	else if (strcmp(ty->base, "str") == 0)
		trace_print_string(b, c, a, ty->out ? PATH_SHOWN : string_shown(c));
	else if (strcmp(ty->base, "strv") == 0)
		print_string_vector(b, c, a, !b->verbose && strncmp(c->d->args[i].name, "env", 3) == 0);
	else if (strcmp(ty->base, "buf") == 0)
		trace_print_bytes(b, c, a, count_of(c, ty));
	else if (strcmp(ty->base, "iov") == 0)
		trace_print_iov(b, c, a, count_of(c, ty), !ty->out ? UINT64_MAX : c->result > 0 ? (uint64_t)c->result : 0);
	else
		print_structs(b, c, ty, a);
}

static bool
is_pointer(const struct trace_arg *t)
{
	static const char *const types[] = { "path", "str", "strv", "ptr", "buf", "iov", "in", "out", "inout" };
	size_t i;

	for (i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		if (strcmp(t->base, types[i]) == 0)
			return true;
	}
	return false;
}

/* When an argument can be shown; what is read and written is shown as it was read. */
static enum trace_when
when_shown(const struct trace_call *c, unsigned int i, struct trace_arg *t)
{
	const struct trace_special *s;

	trace_arg_split(c->d->args[i].type, t);
	s = t->decode[0] ? trace_special(t->decode) : NULL;
	if (s)
		return s->when ? s->when(c, i) : t->out && !t->in ? TRACE_AT_EXIT : TRACE_AT_ENTER;
	return t->out && !t->in ? TRACE_AT_EXIT : TRACE_AT_ENTER;
}

static void
print_arg(struct trace_buf *b, const struct trace_call *c, const struct trace_arg *t, unsigned int i)
{
	const struct trace_special *s = t->decode[0] ? trace_special(t->decode) : NULL;

	if (s)
		s->print(b, c, i);
	else if (is_pointer(t))
		print_pointer(b, c, t, i);
	else
		print_value(b, c, t, c->args[i]);
}

/* Arguments from @*i up to the first that has to wait for the call's end. */
static void
print_until(struct trace_buf *b, const struct trace_call *c, unsigned int *i, bool done)
{
	enum trace_when when;
	struct trace_arg t;

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
	struct trace_arg t;
	unsigned int i;
	size_t k;

	for (i = 0; i < c->d->nargs; i++) {
		trace_arg_split(c->d->args[i].type, &t);
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
	struct trace_arg t;
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

void
trace_format_args(struct trace_buf *b, const struct trace_mem *m, const struct syscall_desc *d, const uint64_t args[6],
		  unsigned int from, unsigned int to, bool done, int64_t result)
{
	struct trace_call c = { .d = d, .m = m, .args = args, .done = done, .result = result };
	struct trace_arg t;
	enum trace_when when;
	unsigned int i;

	for (i = from; i < to; i++) {
		when = when_shown(&c, i, &t);
		if (when == TRACE_END)
			return;
		if (when == TRACE_SKIP)
			continue;
		if (i > from)
			trace_printf(b, ", ");
		print_arg(b, &c, &t, i);
	}
}
