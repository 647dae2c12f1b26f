/* SPDX-License-Identifier: MIT
 *
 * ksnprintf() against libc's.
 */
#include "tests/unit/env.h"

#pragma GCC diagnostic ignored "-Wformat"
#ifndef __clang__
#pragma GCC diagnostic ignored "-Wformat-truncation"
#endif

#define SAME(...)                                                                                                         \
	do {                                                                                                              \
		char a_[300], b_[300];                                                                                    \
		int na_ = ksnprintf(a_, sizeof(a_), __VA_ARGS__), nb_ = snprintf(b_, sizeof(b_), __VA_ARGS__);           \
		cr_expect_str_eq(a_, b_);                                                                                 \
		cr_expect_eq(na_, nb_);                                                                                   \
	} while (0)

Test(printf, numbers)
{
	static const long v[] = { 0, 1, -1, 42, -42, INT32_MAX, INT32_MIN, INT64_MAX, INT64_MIN, 0xdeadbeefL };
	static const char *const f[] = { "%ld",   "%5ld",   "%-5ld|", "%05ld", "%+ld",	 "% ld",    "%.3ld",  "%8.3ld",
					 "%lu",	  "%lx",    "%lX",    "%#lx",  "%#10lx", "%#010lx", "%-#10lx|", "%lo",
					 "%#lo",  "%.0ld",  "%20ld",  "%-20ld|", "%020ld", "%#.5lx" };

	for (size_t i = 0; i < sizeof(v) / sizeof(v[0]); i++)
		for (size_t j = 0; j < sizeof(f) / sizeof(f[0]); j++)
			SAME(f[j], v[i]);
	for (size_t i = 0; i < sizeof(v) / sizeof(v[0]); i++) {
		SAME("%d %i %u %x", (int)v[i], (int)v[i], (unsigned int)v[i], (unsigned int)v[i]);
		SAME("%hd %hu %hhd %hhu", (int)v[i], (unsigned int)v[i], (int)v[i], (unsigned int)v[i]);
		SAME("%lld %llu %zu %zd", (long long)v[i], (unsigned long long)v[i], (size_t)v[i], (ssize_t)v[i]);
		SAME("%*ld|%-*ld|%.*ld", 12, v[i], 12, v[i], 4, v[i]);
		SAME("%*ld|", -12, v[i]);
	}
}

Test(printf, text)
{
	SAME("plain");
	SAME("%s", "");
	SAME("%s|%10s|%-10s|%.2s|%10.2s", "hello", "hello", "hello", "hello", "hello");
	SAME("%c%5c|%-5c|", 'a', 'b', 'c');
	SAME("100%%");
	SAME("%p", (void *)0x1234);
	SAME("%.*s", 3, "abcdef");
	SAME("%.*s", -1, "abcdef");
}

Test(printf, room)
{
	char b[8] = "XXXXXXX";

	cr_assert_eq(ksnprintf(b, 4, "%s", "abcdef"), 6);
	cr_assert_str_eq(b, "abc");
	cr_assert_eq(b[4], 'X');
	cr_assert_eq(ksnprintf(b, 0, "zz"), 2);
	cr_assert_str_eq(b, "abc");
	cr_assert_eq(ksnprintf(NULL, 0, "%d", 12345), 5);
	cr_assert_eq(ksnprintf(b, 1, "zz"), 2);
	cr_assert_str_eq(b, "");
}

Test(printf, no_terminator_needed)
{
	char *p = mmap(NULL, 2 * PAGE_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	char b[16];

	munmap(p + PAGE_SIZE, PAGE_SIZE);
	memcpy(p + PAGE_SIZE - 3, "abc", 3);
	cr_assert_eq(ksnprintf(b, sizeof(b), "%.3s", p + PAGE_SIZE - 3), 3);
	cr_assert_str_eq(b, "abc");
}
