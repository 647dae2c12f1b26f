/* SPDX-License-Identifier: MIT
 *
 * What system calls as text are made of: numbers, names, descriptors, and strings and buffers of the program. Memory is read
 * through peek() only, and read once; what cannot be read is printed as an address.
 */
#include "src/trace/print.h"

#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "src/trace/events.h"
#include "src/trace/format.h"
#include "src/trace/mem.h"
#include "src/trace/names.h"

#define STRING_SHOWN 32     /* bytes of buffers and strings, as strace's -s */
#define VECTOR_MAX   100000 /* strings that are counted */

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

size_t
trace_string_shown(const struct trace_call *c)
{
	return c->string_shown ? c->string_shown : STRING_SHOWN;
}

/* A string ended by NUL, of which at most @max bytes are shown. */
void
trace_print_string(struct trace_buf *b, const struct trace_call *c, uint64_t addr, size_t max)
{
	char buf[TRACE_PATH_SHOWN + 1];
	size_t got, len;

	if (!addr) {
		trace_printf(b, "NULL");
		return;
	}
	if (max > TRACE_PATH_SHOWN)
		max = TRACE_PATH_SHOWN;
	got = trace_mem_string(c->m, addr, buf, max + 1);
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
	unsigned char buf[TRACE_PATH_SHOWN];
	size_t max = trace_string_shown(c) < sizeof(buf) ? trace_string_shown(c) : sizeof(buf),
	       n = len < max ? (size_t)len : max;

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

void
trace_print_string_vector(struct trace_buf *b, const struct trace_call *c, uint64_t addr, bool only_count)
{
	uint64_t p = 0;
	unsigned int i;

	if (!trace_peek(c, addr, &p, 8) || only_count)
		trace_print_address(b, addr);
	if (!trace_peek(c, addr, &p, 8))
		return;
	for (i = 0; i < VECTOR_MAX; i++) {
		if (!trace_peek(c, addr + 8ull * i, &p, 8) || !p)
			break;
		if (only_count)
			continue;
		if (i >= TRACE_ITEMS_SHOWN && !b->verbose) {
			trace_printf(b, ", ...");
			break;
		}
		trace_printf(b, i ? ", " : "[");
		trace_print_string(b, c, p, trace_string_shown(c));
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
	for (i = 0; i < n && i < TRACE_ITEMS_SHOWN; i++) {
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
	trace_printf(b, n > TRACE_ITEMS_SHOWN ? ", ...]" : "]");
}
