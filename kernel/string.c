/* SPDX-License-Identifier: MIT
 *
 * The kernel image's own mem* and str*: no libc, no vector registers. Local to kernel.o (kernel/local-symbols).
 */
#include "kernel/types.h"

#undef memcpy
#undef memmove
#undef memset
#undef memcmp

/* The string instructions are slow to start: what is short goes through registers, the ends overlapping in the middle. */
#define SHORT 32

typedef uint64_t __attribute__((may_alias, aligned(1))) word64;
typedef uint32_t __attribute__((may_alias, aligned(1))) word32;
typedef uint16_t __attribute__((may_alias, aligned(1))) word16;

static inline void
copy_short(unsigned char *d, const unsigned char *s, size_t n)
{
	if (n > 16) {
		uint64_t a = *(const word64 *)s, b = *(const word64 *)(s + 8);
		uint64_t c = *(const word64 *)(s + n - 16), e = *(const word64 *)(s + n - 8);

		*(word64 *)d = a;
		*(word64 *)(d + 8) = b;
		*(word64 *)(d + n - 16) = c;
		*(word64 *)(d + n - 8) = e;
	} else if (n >= 8) {
		uint64_t a = *(const word64 *)s, b = *(const word64 *)(s + n - 8);

		*(word64 *)d = a;
		*(word64 *)(d + n - 8) = b;
	} else if (n >= 4) {
		uint32_t a = *(const word32 *)s, b = *(const word32 *)(s + n - 4);

		*(word32 *)d = a;
		*(word32 *)(d + n - 4) = b;
	} else if (n >= 2) {
		uint16_t a = *(const word16 *)s, b = *(const word16 *)(s + n - 2);

		*(word16 *)d = a;
		*(word16 *)(d + n - 2) = b;
	} else if (n) {
		*d = *s;
	}
}

void *
memcpy(void *restrict d, const void *restrict s, size_t n)
{
	void *ret = d;

	if (n <= SHORT)
		copy_short(d, s, n);
	else
		__asm__ volatile("rep movsb" : "+D"(d), "+S"(s), "+c"(n) : : "memory");
	return ret;
}

/* copy_short() reads everything before it writes. */
void *
memmove(void *d, const void *s, size_t n)
{
	unsigned char *dp = d;
	const unsigned char *sp = s;

	if (n <= SHORT) {
		copy_short(d, s, n);
		return d;
	}
	if (dp <= sp || dp >= sp + n)
		return memcpy(d, s, n);
	dp += n - 1;
	sp += n - 1;
	__asm__ volatile("std; rep movsb; cld" : "+D"(dp), "+S"(sp), "+c"(n) : : "memory");
	return d;
}

void *
memset(void *d, int c, size_t n)
{
	uint64_t v = (unsigned char)c * 0x0101010101010101ULL;
	unsigned char *p = d;

	if (n >= 8 && n <= SHORT) {
		*(word64 *)p = v;
		*(word64 *)(p + n - 8) = v;
		if (n > 16) {
			*(word64 *)(p + 8) = v;
			*(word64 *)(p + n - 16) = v;
		}
	} else {
		__asm__ volatile("rep stosb" : "+D"(p), "+c"(n) : "a"(c) : "memory");
	}
	return d;
}

int
memcmp(const void *a, const void *b, size_t n)
{
	const unsigned char *p = a, *q = b;

	for (; n >= 8 && *(const word64 *)p == *(const word64 *)q; n -= 8, p += 8, q += 8)
		;
	for (; n > 0; n--, p++, q++)
		if (*p != *q)
			return *p - *q;
	return 0;
}

void *
memchr(const void *s, int c, size_t n)
{
	for (const unsigned char *p = s; n > 0; n--, p++)
		if (*p == (unsigned char)c)
			return (void *)p;
	return NULL;
}

size_t
strlen(const char *s)
{
	size_t n = 0;

	while (s[n])
		n++;
	return n;
}

size_t
strnlen(const char *s, size_t max)
{
	size_t n = 0;

	while (n < max && s[n])
		n++;
	return n;
}

int
strcmp(const char *a, const char *b)
{
	while (*a && *a == *b)
		a++, b++;
	return (unsigned char)*a - (unsigned char)*b;
}

int
strncmp(const char *a, const char *b, size_t n)
{
	for (; n > 0; n--, a++, b++)
		if (*a != *b || !*a)
			return (unsigned char)*a - (unsigned char)*b;
	return 0;
}

char *
strchr(const char *s, int c)
{
	for (;; s++) {
		if (*s == (char)c)
			return (char *)s;
		if (!*s)
			return NULL;
	}
}

char *
strrchr(const char *s, int c)
{
	const char *last = NULL;

	for (;; s++) {
		if (*s == (char)c)
			last = s;
		if (!*s)
			return (char *)last;
	}
}
