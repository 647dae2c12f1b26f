/* SPDX-License-Identifier: MIT
 *
 * Words for the operator: formatting, lines of log, and the end of an instance that cannot go on.
 *
 * Output goes to the supervisor where it has given functions (k->super), else straight to descriptor 2 of the host.
 * printk() limits itself per format string, which is as good as a call site: k->printk holds the counts, without a lock, since
 * a line too many or too few does no harm.
 * Left out: floating point, %n, %ls, positional arguments; a log buffer for syslog(2).
 */
#include <asm/signal.h>
#include <asm/unistd.h>

#include "kernel/errno.h"
#include "kernel/kernel.h"
#include "kernel/time.h"
#include "trap/host.h"
#include "trap/request.h"

#define LINE_MAX_LEN   512
#define LINES_A_SECOND 10

struct out {
	char *buf;
	size_t size, len; /* len goes on beyond size */
};

struct spec {
	bool minus, zero, plus, space, alt;
	int width, precision; /* precision -1: none */
	char length;	      /* 0 h H(hh) l z; ll is l */
};

static void
put(struct out *o, char c)
{
	if (o->len + 1 < o->size)
		o->buf[o->len] = c;
	o->len++;
}

static void
put_n(struct out *o, char c, int n)
{
	for (; n > 0; n--)
		put(o, c);
}

static void
put_padded(struct out *o, const struct spec *s, const char *prefix, const char *body, int n, int zeros)
{
	int np = (int)strlen(prefix);
	int pad = s->width - np - zeros - n;

	if (!s->minus)
		put_n(o, ' ', pad);
	for (int i = 0; i < np; i++)
		put(o, prefix[i]);
	put_n(o, '0', zeros);
	for (int i = 0; i < n; i++)
		put(o, body[i]);
	if (s->minus)
		put_n(o, ' ', pad);
}

static void
put_number(struct out *o, const struct spec *s, const char *prefix, uint64_t v, unsigned int base, bool upper)
{
	const char *digits = upper ? "0123456789ABCDEF" : "0123456789abcdef";
	char buf[24], *p = buf + sizeof(buf);
	int n, zeros = 0;

	for (; v; v /= base)
		*--p = digits[v % base];
	if (p == buf + sizeof(buf) && s->precision != 0)
		*--p = '0';
	n = (int)(buf + sizeof(buf) - p);
	if (s->precision > n)
		zeros = s->precision - n;
	else if (s->precision < 0 && s->zero && !s->minus)
		zeros = MAX(0, s->width - n - (int)strlen(prefix));
	if (s->alt && base == 8 && zeros == 0 && (n == 0 || *p != '0'))
		zeros = 1;
	put_padded(o, s, prefix, p, n, zeros);
}

static const char *
parse_spec(const char *f, struct spec *s, __builtin_va_list *ap)
{
	*s = (struct spec){ .precision = -1 };
	for (;; f++) {
		if (*f == '-')
			s->minus = true;
		else if (*f == '0')
			s->zero = true;
		else if (*f == '+')
			s->plus = true;
		else if (*f == ' ')
			s->space = true;
		else if (*f == '#')
			s->alt = true;
		else
			break;
	}
	if (*f == '*') {
		s->width = __builtin_va_arg(*ap, int);
		if (s->width < 0) {
			s->minus = true;
			s->width = -s->width;
		}
		f++;
	} else {
		for (; *f >= '0' && *f <= '9'; f++)
			s->width = s->width * 10 + (*f - '0');
	}
	if (*f == '.') {
		s->precision = 0;
		if (*++f == '*') {
			s->precision = __builtin_va_arg(*ap, int);
			f++;
		} else {
			for (; *f >= '0' && *f <= '9'; f++)
				s->precision = s->precision * 10 + (*f - '0');
		}
	}
	for (;; f++) {
		if (*f == 'h')
			s->length = s->length == 'h' ? 'H' : 'h';
		else if (*f == 'l' || *f == 'z' || *f == 't' || *f == 'j')
			s->length = 'l';
		else
			return f;
	}
}

static int64_t
signed_arg(const struct spec *s, __builtin_va_list *ap)
{
	int v;

	if (s->length == 'l')
		return __builtin_va_arg(*ap, int64_t);
	v = __builtin_va_arg(*ap, int);
	return s->length == 'h' ? (int16_t)v : s->length == 'H' ? (int8_t)v : v;
}

static uint64_t
unsigned_arg(const struct spec *s, __builtin_va_list *ap)
{
	unsigned int v;

	if (s->length == 'l')
		return __builtin_va_arg(*ap, uint64_t);
	v = __builtin_va_arg(*ap, unsigned int);
	return s->length == 'h' ? (uint16_t)v : s->length == 'H' ? (uint8_t)v : v;
}

static void
put_conversion(struct out *o, char conv, struct spec *s, __builtin_va_list *ap)
{
	const char *str;
	uint64_t u;
	int64_t i;
	char c;

	switch (conv) {
	case 'd':
	case 'i':
		i = signed_arg(s, ap);
		put_number(o, s, i < 0 ? "-" : s->plus ? "+" : s->space ? " " : "", i < 0 ? -(uint64_t)i : (uint64_t)i, 10, false);
		return;
	case 'u':
		put_number(o, s, "", unsigned_arg(s, ap), 10, false);
		return;
	case 'o':
		put_number(o, s, "", unsigned_arg(s, ap), 8, false);
		return;
	case 'x':
	case 'X':
		u = unsigned_arg(s, ap);
		put_number(o, s, s->alt && u ? (conv == 'x' ? "0x" : "0X") : "", u, 16, conv == 'X');
		return;
	case 'p':
		put_number(o, s, "0x", (uint64_t)(uintptr_t)__builtin_va_arg(*ap, void *), 16, false);
		return;
	case 'c':
		c = (char)__builtin_va_arg(*ap, int);
		put_padded(o, s, "", &c, 1, 0);
		return;
	case 's':
		str = __builtin_va_arg(*ap, const char *);
		if (!str)
			str = "(null)";
		put_padded(o, s, "", str, (int)strnlen(str, s->precision < 0 ? INT32_MAX : (size_t)s->precision), 0);
		return;
	case '%':
		put(o, '%');
		return;
	default: /* a mistake of the caller, shown as it is */
		put(o, '%');
		put(o, conv);
	}
}

int
kvsnprintf(char *buf, size_t n, const char *f, __builtin_va_list ap)
{
	struct out o = { .buf = buf, .size = n };
	__builtin_va_list args;
	struct spec s;

	__builtin_va_copy(args, ap);
	while (*f) {
		if (*f != '%') {
			put(&o, *f++);
			continue;
		}
		f = parse_spec(f + 1, &s, &args);
		if (!*f)
			break;
		put_conversion(&o, *f++, &s, &args);
	}
	__builtin_va_end(args);
	if (n > 0)
		buf[MIN(o.len, n - 1)] = '\0';
	return (int)MIN(o.len, (size_t)INT32_MAX);
}

int
ksnprintf(char *buf, size_t n, const char *fmt, ...)
{
	__builtin_va_list ap;
	int len;

	__builtin_va_start(ap, fmt);
	len = kvsnprintf(buf, n, fmt, ap);
	__builtin_va_end(ap);
	return len;
}

static bool
over_limit(struct kernel *k, const char *fmt)
{
	struct printk_site *s = &k->printk[((uintptr_t)fmt >> 3) % ARRAY_SIZE(k->printk)];
	uint32_t now = (uint32_t)(ktime_get() / NSEC_PER_SEC);

	if (s->fmt != fmt || s->second != now) {
		*s = (struct printk_site){ .fmt = fmt, .second = now, .lines = 1 };
		return false;
	}
	return ++s->lines > LINES_A_SECOND;
}

static void
write_line(const char *line, size_t n)
{
	ignore_err(host_call3(__NR_write, 2, line, n), "there is nowhere to complain to");
}

void
printk(struct kernel *k, const char *fmt, ...)
{
	char line[LINE_MAX_LEN];
	__builtin_va_list ap;
	size_t n;

	if (over_limit(k, fmt))
		return;
	__builtin_va_start(ap, fmt);
	n = MIN((size_t)kvsnprintf(line, sizeof(line) - 1, fmt, ap), sizeof(line) - 2);
	__builtin_va_end(ap);
	if (k->super && k->super->log) {
		k->super->log(k, line, n);
		return;
	}
	line[n] = '\n';
	write_line(line, n + 1);
}

void
kernel_panic(struct kernel *k, const char *fmt, ...)
{
	char line[LINE_MAX_LEN];
	__builtin_va_list ap;
	size_t n;

	__builtin_va_start(ap, fmt);
	n = MIN((size_t)kvsnprintf(line, sizeof(line) - 1, fmt, ap), sizeof(line) - 2);
	__builtin_va_end(ap);
	if (k && k->super && k->super->panic)
		k->super->panic(k, line);
	write_line("stead: kernel panic: ", 21);
	line[n] = '\n';
	write_line(line, n + 1);
	/* Nothing of this process may go on: it may be in any state. */
	for (;;) {
		int64_t pid = host_call0(__NR_getpid);

		host_call2(__NR_kill, pid, SIGABRT);
		host_call1(__NR_exit_group, 134);
	}
}
