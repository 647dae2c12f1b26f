/* SPDX-License-Identifier: MIT
 *
 * The tracer knows every word of syscalls/table, and reads sets of calls and rules of fault injection as strace does.
 */
#include <criterion/criterion.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>

#include "src/decode.h"
#include "src/inject.h"
#include "src/syscall-set.h"
#include "src/trace/args.h"
#include "src/trace/format.h"
#include "src/trace/names.h"
#include "src/trace/structs.h"

static bool
known(const struct arg_type *t)
{
	if (!t->decode[0] || strcmp(t->decode, "in") == 0 || strcmp(t->decode, "out") == 0)
		return true;
	return trace_special(t->decode) || trace_struct(t->decode) || const_table(t->decode);
}

static bool
count_is_known(const struct syscall_desc *d, const struct arg_type *t)
{
	if (!t->count[0] || strcmp(t->count, "ret") == 0 || (t->count[0] >= '0' && t->count[0] <= '9'))
		return true;
	for (unsigned int i = 0; i < d->nargs; i++)
		if (strcmp(d->args[i].name, t->count) == 0)
			return true;
	return false;
}

Test(decode, words_of_the_table)
{
	struct arg_type t;

	for (unsigned int nr = 0; nr < nr_syscall_descs; nr++) {
		const struct syscall_desc *d = &syscall_descs[nr];

		for (unsigned int i = 0; d->name && i < d->nargs; i++) {
			arg_type_split(d->args[i].type, &t);
			cr_expect(known(&t) || d->status == SYSCALL_ABSENT, "%s: %s: the tracer does not know '%s'", d->name,
				  d->args[i].name, t.decode);
			cr_expect(count_is_known(d, &t), "%s: %s: no argument is called '%s'", d->name, d->args[i].name, t.count);
		}
	}
}

Test(decode, quoting)
{
	static struct trace_buf b;

	trace_print_quoted(&b, "a\"\\\n\t\0" "1\033\377", 9);
	cr_expect_str_eq(b.text, "\"a\\\"\\\\\\n\\t\\0001\\33\\377\"");
}

static bool
in(const char *set, long nr)
{
	struct syscall_set s;
	char why[200];

	cr_assert_eq(syscall_set_parse(set, &s, why, sizeof(why)), 0, "%s: %s", set, why);
	return syscall_in_set(&s, (uint64_t)nr);
}

Test(syscall_set, names_classes_and_negation)
{
	struct syscall_set s;
	char why[200];

	cr_expect(in("read,write", SYS_write));
	cr_expect(!in("read,write", SYS_open));
	cr_expect(in("!read,write", SYS_open));
	cr_expect(!in("!read,write", SYS_read));
	cr_expect(in("%file", SYS_openat));
	cr_expect(in("file", SYS_openat));
	cr_expect(!in("%file", SYS_read));
	cr_expect(in("%desc,%net", SYS_recvmsg));
	cr_expect(in("stat", SYS_stat) && !in("stat", SYS_newfstatat));
	cr_expect(in("%%stat", SYS_newfstatat));
	cr_expect(in("/^get.*id$", SYS_getuid) && !in("/^get.*id$", SYS_getrandom));
	cr_expect(in("39", SYS_getpid));
	cr_expect(in("all", 511) && !in("none", 0) && in("!none", 0));
	cr_expect(in("?nonsense,read", SYS_read));
	cr_expect_eq(syscall_set_parse("nonsense", &s, why, sizeof(why)), -1);
	cr_expect_eq(syscall_set_parse("%nonsense", &s, why, sizeof(why)), -1);
	cr_expect_eq(syscall_set_parse("", &s, why, sizeof(why)), -1);
	cr_expect_eq(syscall_set_parse("512", &s, why, sizeof(why)), -1);
}

/* Which of the first ten invocations are hit, as digits. */
static const char *
hits(const char *when)
{
	static char text[16];
	struct inject_rules rules = { .nrules = 0 };
	static struct inject_state state;
	char rule[64], why[200];
	size_t n = 0;

	memset(&state, 0, sizeof(state));
	snprintf(rule, sizeof(rule), "getpid:error=EIO%s%s", *when ? ":when=" : "", when);
	cr_assert_eq(inject_parse(rule, &rules, why, sizeof(why)), 0, "%s: %s", rule, why);
	for (int i = 1; i <= 9; i++)
		if (inject_rule_hit(&rules, &state, SYS_getpid))
			text[n++] = (char)('0' + i);
	text[n] = '\0';
	return text;
}

Test(inject, when)
{
	cr_expect_str_eq(hits(""), "123456789");
	cr_expect_str_eq(hits("3"), "3");
	cr_expect_str_eq(hits("3+"), "3456789");
	cr_expect_str_eq(hits("3+2"), "3579");
	cr_expect_str_eq(hits("2..5"), "2345");
	cr_expect_str_eq(hits("2..5+"), "2345");
	cr_expect_str_eq(hits("2..7+3"), "25");
}

Test(inject, actions)
{
	struct inject_rules r = { .nrules = 0 };
	char why[200];

	cr_assert_eq(inject_parse("read:error=enospc:signal=USR1:delay_enter=3:delay_exit=2ms", &r, why, sizeof(why)), 0);
	cr_assert_eq(inject_parse("write:retval=0x10", &r, why, sizeof(why)), 0);
	cr_assert_eq(inject_parse("write:error=28:signal=10", &r, why, sizeof(why)), 0);
	cr_expect_eq(r.rule[r.rule_of[SYS_read] - 1].result, -ENOSPC);
	cr_expect_eq(r.rule[r.rule_of[SYS_read] - 1].signal, SIGUSR1);
	cr_expect_eq(r.rule[r.rule_of[SYS_read] - 1].delay_enter, 3000);
	cr_expect_eq(r.rule[r.rule_of[SYS_read] - 1].delay_exit, 2000000);
	cr_expect_eq(r.rule_of[SYS_write], 3, "the later rule replaces the earlier one");
	cr_expect_eq(r.rule[2].result, -ENOSPC);
	cr_expect_eq(r.rule[1].result, 16);
	cr_expect_eq(r.rule_of[SYS_open], 0);
}

Test(inject, mistakes)
{
	static const char *const wrong[] = { "", "read", "read:when=3", "read:error=", "read:error=ENOSUCH", "read:error=0", "read:error=4096",
					     "read:error=EIO:when=0", "read:error=EIO:when=3..2", "read:error=EIO:when=3+0",
					     "read:error=EIO:when=65536", "read:error=EIO:when=3x", "read:signal=NONE", "read:signal=65",
					     "read:delay_enter=3h", "read:delay_exit=", "nonsense:error=EIO", "read:error=EIO:retval=3",
					     "read:error", "read:error=EIO:error=EIO", "read:retval=x" };
	struct inject_rules r = { .nrules = 0 };
	char why[200];

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		why[0] = '\0';
		cr_expect_eq(inject_parse(wrong[i], &r, why, sizeof(why)), -1, "%s", wrong[i]);
		cr_expect_neq(why[0], '\0', "%s: no reason", wrong[i]);
	}
	cr_expect_eq(r.nrules, 0);
}
