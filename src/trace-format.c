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
#include "src/trace-events.h"
#include "src/trace-format.h"
#include "src/trace-names.h"
#include "src/trace-structs.h"

#define STRING_SHOWN 32 /* bytes of buffers and strings, as strace's -s */
#define PATH_SHOWN   4096
#define ITEMS_SHOWN  32

enum where { VALUE, IN, OUT, INOUT };

/* TYPE[.DECODE][[COUNT]], taken apart. */
struct arg_type {
	char base[12], decode[24], count[16];
	enum where where;
};

struct call {
	const struct trace_mem *m;
	const struct syscall_desc *d;
	const uint64_t *args;
	bool done;
	int64_t result;
};

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

static void
split_type(const char *spec, struct arg_type *t)
{
	const char *dot = strchr(spec, '.'), *bracket = strchr(spec, '[');
	size_t base_len = strcspn(spec, ".[");

	memset(t, 0, sizeof(*t));
	snprintf(t->base, sizeof(t->base), "%.*s", (int)base_len, spec);
	if (dot)
		snprintf(t->decode, sizeof(t->decode), "%.*s", (int)strcspn(dot + 1, "["), dot + 1);
	if (bracket)
		snprintf(t->count, sizeof(t->count), "%.*s", (int)strcspn(bracket + 1, "]"), bracket + 1);
	if (strcmp(t->base, "in") == 0)
		t->where = IN;
	else if (strcmp(t->base, "inout") == 0)
		t->where = INOUT;
	else if (strcmp(t->base, "out") == 0 || strcmp(t->decode, "out") == 0)
		t->where = OUT;
	else if (strcmp(t->decode, "in") == 0)
		t->where = IN;
}

unsigned int
trace_args_before(const struct syscall_desc *d)
{
	struct arg_type t;
	unsigned int i;

	for (i = 0; i < d->nargs; i++) {
		split_type(d->args[i].type, &t);
		if (t.where == OUT || t.where == INOUT)
			break;
	}
	return i;
}

/* COUNT is a number, an argument's name, or ret. */
static uint64_t
count_of(const struct call *c, const struct arg_type *t)
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

static void
print_address(struct trace_buf *b, uint64_t a)
{
	if (a)
		trace_printf(b, "%#llx", (unsigned long long)a);
	else
		trace_printf(b, "NULL");
}

static void
print_quoted(struct trace_buf *b, const unsigned char *s, size_t n)
{
	static const char plain[] = "tnvfr";
	size_t i;

	trace_printf(b, "\"");
	for (i = 0; i < n; i++) {
		if (s[i] == '"' || s[i] == '\\')
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

/* A string ended by NUL, of which at most @max bytes are shown. */
static void
print_string(struct trace_buf *b, const struct trace_mem *m, uint64_t addr, size_t max)
{
	char buf[PATH_SHOWN + 1];
	size_t got = 0, n, len;

	if (!addr) {
		trace_printf(b, "NULL");
		return;
	}
	/* Page by page: the string may end just before memory does. */
	while (got < max + 1) {
		n = 4096 - (addr + got) % 4096;
		if (n > max + 1 - got)
			n = max + 1 - got;
		n = m->peek(m->ctx, addr + got, buf + got, n);
		if (n == 0 || memchr(buf + got, '\0', n)) {
			got += n;
			break;
		}
		got += n;
	}
	if (got == 0) {
		print_address(b, addr);
		return;
	}
	len = strnlen(buf, got < max ? got : max);
	print_quoted(b, (unsigned char *)buf, len);
	if (len == max && got > max && buf[max])
		trace_printf(b, "...");
}

static void
print_bytes(struct trace_buf *b, const struct trace_mem *m, uint64_t addr, uint64_t len)
{
	unsigned char buf[STRING_SHOWN];
	size_t n = len < STRING_SHOWN ? (size_t)len : STRING_SHOWN;

	if (!addr) {
		trace_printf(b, "NULL");
		return;
	}
	if (m->peek(m->ctx, addr, buf, n) != n) {
		print_address(b, addr);
		return;
	}
	print_quoted(b, buf, n);
	if (len > n)
		trace_printf(b, "...");
}

static void
print_string_vector(struct trace_buf *b, const struct trace_mem *m, uint64_t addr, bool only_count)
{
	uint64_t p = 0;
	unsigned int i;

	if (!addr || only_count)
		print_address(b, addr);
	if (!addr)
		return;
	for (i = 0; i < 100000; i++) {
		if (m->peek(m->ctx, addr + 8ull * i, &p, 8) != 8 || !p)
			break;
		if (only_count)
			continue;
		if (i >= ITEMS_SHOWN) {
			trace_printf(b, ", ...");
			break;
		}
		trace_printf(b, i ? ", " : "[");
		print_string(b, m, p, STRING_SHOWN);
	}
	if (only_count)
		trace_printf(b, " /* %u var%s */", i, i == 1 ? "" : "s");
	else
		trace_printf(b, i ? "]" : "[]");
}

static void
print_iov(struct trace_buf *b, const struct call *c, uint64_t addr, uint64_t n, bool out)
{
	uint64_t left = out ? (c->done && c->result > 0 ? (uint64_t)c->result : 0) : UINT64_MAX, take;
	uint64_t iov[2];
	unsigned int i;

	if (!addr || n > 1024) {
		print_address(b, addr);
		return;
	}
	trace_printf(b, "[");
	for (i = 0; i < n && i < ITEMS_SHOWN; i++) {
		if (c->m->peek(c->m->ctx, addr + 16ull * i, iov, 16) != 16) {
			trace_printf(b, "%s???", i ? ", " : "");
			break;
		}
		take = iov[1] < left ? iov[1] : left;
		left -= out ? take : 0;
		trace_printf(b, "%s{iov_base=", i ? ", " : "");
		print_bytes(b, c->m, iov[0], take);
		trace_printf(b, ", iov_len=%llu}", (unsigned long long)iov[1]);
	}
	trace_printf(b, n > ITEMS_SHOWN ? ", ...]" : "]");
}

/* O_RDONLY is no bit, and O_DIRECTORY hides in O_TMPFILE. */
static void
print_flags(struct trace_buf *b, const struct const_table *t, uint64_t v)
{
	static const char *const access_modes[] = { "O_RDONLY", "O_WRONLY", "O_RDWR", "O_ACCMODE" };
	const char *sep = "";
	unsigned int i;

	if (strcmp(t->decode, "O_*") == 0) {
		trace_printf(b, "%s", access_modes[v & O_ACCMODE]);
		v &= ~(uint64_t)O_ACCMODE;
		sep = "|";
	} else if (strcmp(t->decode, "*_OK") == 0 && v == 0) {
		trace_printf(b, "F_OK");
		return;
	} else if (strcmp(t->decode, "PROT_*") == 0 && v == 0) {
		trace_printf(b, "PROT_NONE");
		return;
	}
	for (i = 0; i < t->count; i++) {
		if (t->names[i].value == 0 || (v & t->names[i].value) != t->names[i].value)
			continue;
		trace_printf(b, "%s%s", sep, t->names[i].name);
		v &= ~t->names[i].value;
		sep = "|";
	}
	if (v)
		trace_printf(b, "%s%#llx", sep, (unsigned long long)v);
	else if (!*sep)
		trace_printf(b, "0");
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

/* Values whose names need more than a table. Return false: print it as its type says. */
static bool
print_special(struct trace_buf *b, const char *decode, uint64_t v)
{
	const struct const_table *t;
	const char *name;
	unsigned int exit_signal;

	if (strcmp(decode, "addr") == 0) {
		print_address(b, v);
	} else if (strcmp(decode, "mode") == 0) {
		trace_printf(b, "%#03o", (unsigned int)v);
	} else if (strcmp(decode, "sig") == 0) {
		trace_format_signal(b, (int)v);
	} else if (strcmp(decode, "dev") == 0) {
		trace_printf(b, "makedev(%#x, %#x)", (unsigned int)v >> 8 & 0xfff, ((unsigned int)v & 0xff) | ((unsigned int)v >> 12 & 0xfff00));
	} else if (strcmp(decode, "FUTEX_") == 0) {
		name = const_name(const_table(decode), v & 0x7f);
		trace_printf(b, name ? "%s%s%s" : "%s%s%s", name ? name : "FUTEX_???", v & 0x80 ? "_PRIVATE" : "",
			     v & 0x100 ? "|FUTEX_CLOCK_REALTIME" : "");
	} else if (strcmp(decode, "SOCK_") == 0) {
		name = const_name(const_table(decode), v & 0xf);
		trace_printf(b, "%s", name ? name : "SOCK_???");
		if (v & ~0xfull) {
			trace_printf(b, "|");
			print_flags(b, const_table("SOCK_*"), v & ~0xfull);
		}
	} else if (strcmp(decode, "CLONE_*") == 0) {
		exit_signal = v & 0xff;
		t = const_table(decode);
		if (v & ~0xffull)
			print_flags(b, t, v & ~0xffull);
		if (exit_signal) {
			trace_printf(b, v & ~0xffull ? "|" : "");
			trace_format_signal(b, (int)exit_signal);
		} else if (!v) {
			trace_printf(b, "0");
		}
	} else {
		return false;
	}
	return true;
}

static void
print_value(struct trace_buf *b, const struct arg_type *ty, uint64_t v)
{
	const struct const_table *t = ty->decode[0] ? const_table(ty->decode) : NULL;
	bool narrow = strcmp(ty->base, "int") == 0 || strcmp(ty->base, "uint") == 0;
	const char *name;

	if (ty->decode[0] && print_special(b, ty->decode, v))
		return;
	if (narrow)
		v = (uint32_t)v;
	if (t && t->rest) {
		print_flags(b, t, v);
	} else if (t) {
		name = const_name(t, v);
		if (name)
			trace_printf(b, "%s", name);
		else
			trace_printf(b, "%#llx /* %s??? */", (unsigned long long)v, ty->decode);
	} else if (strcmp(ty->base, "dirfd") == 0 && (int)v == AT_FDCWD) {
		trace_printf(b, "AT_FDCWD");
	} else if (strcmp(ty->base, "uint") == 0) {
		trace_printf(b, "%u", (unsigned int)v);
	} else if (strcmp(ty->base, "long") == 0 || strcmp(ty->base, "off") == 0) {
		trace_printf(b, "%lld", (long long)v);
	} else if (strcmp(ty->base, "size") == 0) {
		trace_printf(b, "%llu", (unsigned long long)v);
	} else if (strcmp(ty->base, "ulong") == 0) {
		trace_printf(b, "%llu", (unsigned long long)v);
	} else {
		trace_printf(b, "%d", (int)v);
	}
}

/* An array of structures, or one. */
static void
print_structs(struct trace_buf *b, const struct call *c, const struct arg_type *ty, uint64_t addr)
{
	const struct trace_struct *s = trace_struct(ty->decode);
	uint64_t n = count_of(c, ty), i;
	unsigned char raw[TRACE_STRUCT_MAX];
	bool array = ty->count[0] && strcmp(ty->count, "1") != 0 && !(s && s->variable);

	if (!addr || !s || n > 100000) {
		print_address(b, addr);
		return;
	}
	if (array)
		trace_printf(b, "[");
	else
		n = 1;
	for (i = 0; i < n; i++) {
		if (i >= ITEMS_SHOWN) {
			trace_printf(b, ", ...");
			break;
		}
		memset(raw, 0, sizeof(raw));
		if (c->m->peek(c->m->ctx, addr + i * s->size, raw, s->size) < (s->variable ? 1 : s->size)) {
			if (array)
				trace_printf(b, "%s???", i ? ", " : "");
			else
				print_address(b, addr);
			break;
		}
		trace_printf(b, i ? ", " : "");
		s->print(b, c->m, raw);
	}
	if (array)
		trace_printf(b, "]");
}

static void
print_pointer(struct trace_buf *b, const struct call *c, const struct arg_type *ty, unsigned int i)
{
	uint64_t a = c->args[i];
	bool failed = c->done && c->result < 0;
	bool unreadable = ty->where == OUT && (!c->done || failed);

	if (strcmp(ty->base, "ptr") == 0 || unreadable)
		print_address(b, a);
	else if (strcmp(ty->base, "path") == 0)
		print_string(b, c->m, a, PATH_SHOWN);
	else if (strcmp(ty->base, "str") == 0)
		print_string(b, c->m, a, ty->where == OUT ? PATH_SHOWN : STRING_SHOWN);
	else if (strcmp(ty->base, "strv") == 0)
		print_string_vector(b, c->m, a, strncmp(c->d->args[i].name, "env", 3) == 0);
	else if (strcmp(ty->base, "buf") == 0)
		print_bytes(b, c->m, a, count_of(c, ty));
	else if (strcmp(ty->base, "iov") == 0)
		print_iov(b, c, a, count_of(c, ty), ty->where == OUT);
	else
		print_structs(b, c, ty, a);
}

static bool
is_pointer(const struct arg_type *t)
{
	static const char *const types[] = { "path", "str", "strv", "ptr", "buf", "iov", "in", "out", "inout" };
	size_t i;

	for (i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		if (strcmp(t->base, types[i]) == 0)
			return true;
	}
	return false;
}

/* open(2)'s mode is not looked at unless a file may be made. */
static bool
not_looked_at(const struct call *c, unsigned int i)
{
	return i > 0 && strcmp(c->d->args[i].type, "uint.mode") == 0 && strstr(c->d->args[i - 1].type, ".O_*") &&
	       !(c->args[i - 1] & O_CREAT) && (c->args[i - 1] & O_TMPFILE) != O_TMPFILE;
}

void
trace_format_args(struct trace_buf *b, const struct trace_mem *m, const struct syscall_desc *d, const uint64_t args[6],
		  unsigned int from, unsigned int to, bool done, int64_t result)
{
	struct call c = { m, d, args, done, result };
	struct arg_type ty;
	unsigned int i;

	for (i = from; i < to; i++) {
		if (not_looked_at(&c, i))
			continue;
		if (i > from)
			trace_printf(b, ", ");
		split_type(d->args[i].type, &ty);
		if (is_pointer(&ty))
			print_pointer(b, &c, &ty, i);
		else
			print_value(b, &ty, args[i]);
	}
}
