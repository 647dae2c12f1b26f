/* SPDX-License-Identifier: MIT
 *
 * The pieces of stead diff: every word of syscalls/table has a decoder; records are read as they were written; tasks belong
 * together by birth; pids, addresses and times are equal by rule; sequences are aligned; restarts, listings and handlers
 * take their canonical form.
 */
#include <criterion/criterion.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "kernel/errno.h"
#include "src/decode.h"
#include "src/diff/align.h"
#include "src/diff/capture.h"
#include "src/diff/names.h"
#include "tests/unit/diff-env.h"

Test(diff, words_of_the_table)
{
	static const char *const bases[] = { "in.", "out.", "inout.", "ptr." };
	char word[32];

	for (unsigned int nr = 0; nr < nr_syscall_descs; nr++) {
		const struct syscall_desc *d = &syscall_descs[nr];

		for (unsigned int i = 0; d->name && d->status != SYSCALL_ABSENT && i < d->nargs; i++) {
			const char *type = d->args[i].type, *dot = strchr(type, '.');

			for (size_t b = 0; dot && b < sizeof(bases) / sizeof(bases[0]); b++) {
				if (strncmp(type, bases[b], (size_t)(dot + 1 - type)) != 0 ||
				    strlen(bases[b]) != (size_t)(dot + 1 - type))
					continue;
				snprintf(word, sizeof(word), "%.*s", (int)strcspn(dot + 1, "["), dot + 1);
				cr_expect(capture_word_known(word), "%s: %s: stead diff does not take '%s' apart", d->name,
					  d->args[i].name, word);
			}
		}
	}
}

Test(diff, digests_join)
{
	uint64_t whole = digest("hello, world", 12);

	for (size_t cut = 0; cut <= 12; cut++)
		cr_expect_eq(digest_join(digest("hello, world", cut), digest(&"hello, world"[cut], 12 - cut), 12 - cut),
			     whole);
	cr_expect_neq(digest("ab", 2), digest("ba", 2));
	cr_expect_neq(digest("a\0", 2), digest("a", 1));
}

Test(diff, tasks_by_birth)
{
	struct writer w = writer();
	struct run *run;

	record_task(&w.sink, 1, 0, 1, 1);
	record_task(&w.sink, 2, 1, 700, 700);
	record_task(&w.sink, 3, 2, 900, 900);
	record_task(&w.sink, 4, 2, 901, 700);
	record_task(&w.sink, 5, 4, 650, 650);
	record_task(&w.sink, 6, 2, 902, 902);
	run = loaded(&w);
	cr_expect_eq(run->ntasks, 6);
	cr_expect_str_eq(run->tasks[0].path, "start");
	cr_expect_str_eq(run->tasks[1].path, "0");
	cr_expect_str_eq(run->tasks[2].path, "0.0");
	cr_expect_str_eq(run->tasks[3].path, "0.1");
	cr_expect_str_eq(run->tasks[4].path, "0.1.0");
	cr_expect_str_eq(run->tasks[5].path, "0.2");
	cr_expect(run->tasks[3].thread && !run->tasks[2].thread);
	cr_expect_eq(run_task_by_path(run, "0.1.0")->tid, 650);
	cr_expect_null(run_task_by_path(run, "0.3"));
}

Test(diff, cut_records)
{
	struct writer w = writer();
	struct run *run = must_alloc(sizeof(*run));

	record_task(&w.sink, 1, 0, 1, 1);
	CALL(&w, 1, SYS_getpid, 1, IN("fd", FIELD_INT, 1), FOUND("entry", FIELD_STRING, "text"));
	fclose(w.sink.f);
	cr_assert_eq(ftruncate(w.fd, lseek(w.fd, 0, SEEK_END) - 5), 0);
	cr_expect_eq(run_load(w.fd, run), -1);
	close(w.fd);
}

/* Two runs of the same family with other pids. */
static struct run *
family(int first)
{
	struct writer w = writer();

	record_task(&w.sink, 1, 0, 1, 1);
	record_task(&w.sink, 2, 1, first, first);
	record_task(&w.sink, 3, 2, first + 1, first + 1);
	record_task(&w.sink, 4, 2, first + 2, first + 2);
	return loaded(&w);
}

static int
rule(enum field_kind kind, const struct run *ra, uint64_t a, const struct run *rb, uint64_t b)
{
	struct field fa = { .name = "x", .decode = "", .kind = (uint8_t)kind, .value = a };
	struct field fb = { .name = "x", .decode = "", .kind = (uint8_t)kind, .value = b };
	int used = rule_field(&fa, ra, &fb, rb);

	cr_expect((used != RULE_DIFFERENT) == (rule_hash(&fa, ra) == rule_hash(&fb, rb)) || used == RULE_DIFFERENT,
		  "kind %d: what is equal by rule has another hash", (int)kind);
	return used;
}

Test(diff, pids)
{
	struct run *a = family(100), *b = family(5000);

	cr_expect_eq(rule(FIELD_PID, a, 100, b, 5000), RULE_PID);
	cr_expect_eq(rule(FIELD_PID, a, 102, b, 5002), RULE_PID);
	cr_expect_eq(rule(FIELD_PID, a, 101, b, 5002), RULE_DIFFERENT);
	cr_expect_eq(rule(FIELD_PID, a, (uint64_t)-101, b, (uint64_t)-5001), RULE_PID, "a group");
	cr_expect_eq(rule(FIELD_PID, a, 101, b, (uint64_t)-5001), RULE_DIFFERENT);
	cr_expect_eq(rule(FIELD_PID, a, (uint64_t)-1, b, (uint64_t)-1), RULE_NONE);
	cr_expect_eq(rule(FIELD_PID, a, 0, b, 0), RULE_NONE);
	cr_expect_eq(rule(FIELD_PID, a, 0, b, 5000), RULE_DIFFERENT);
	cr_expect_eq(rule(FIELD_PID, a, 31337, b, 31337), RULE_NONE, "nobody's, and the same");
	cr_expect_eq(rule(FIELD_PID, a, 31337, b, 31338), RULE_DIFFERENT);
}

Test(diff, values)
{
	struct run a = { .wall_start = 1000000000000, .wall_end = 2000000000000 };
	struct run b = { .wall_start = 5000000000000, .wall_end = 6000000000000 };

	cr_expect_eq(rule(FIELD_INT, &a, 3, &b, 4), RULE_DIFFERENT);
	cr_expect_eq(rule(FIELD_ADDRESS, &a, 0x7f0000000000, &b, 0x7f1111111000), RULE_ADDRESS);
	cr_expect_eq(rule(FIELD_ADDRESS, &a, 0, &b, 0x7f1111111000), RULE_DIFFERENT);
	cr_expect_eq(rule(FIELD_WALL, &a, 1500000000000, &b, 5500000000000), RULE_TIME);
	cr_expect_eq(rule(FIELD_WALL, &a, 500000000000, &b, 5500000000000), RULE_DIFFERENT, "an old file is no new one");
	cr_expect_eq(rule(FIELD_WALL, &a, 500000000000, &b, 500000000000), RULE_NONE);
	cr_expect_eq(rule(FIELD_DURATION, &a, 1, &b, 2), RULE_DIFFERENT);
	cr_expect_eq(rule(FIELD_CLOCK, &a, 1, &b, 2), RULE_CLOCK);
	cr_expect_eq(rule(FIELD_MACHINE, &a, 1, &b, 2), RULE_MACHINE);
}

/* A letter an event: the call is the letter, the rest of it whether that is small or large. */
static struct event *
events(const char *text, size_t *n)
{
	struct event *e = must_alloc(strlen(text) * sizeof(*e));

	*n = strlen(text);
	for (size_t i = 0; i < *n; i++)
		e[i] = (struct event){ .type = EVENT_CALL, .nr = (uint32_t)(text[i] | 0x20), .hash = (uint64_t)text[i] };
	return e;
}

/* The steps as text: "a" for a pair, "-a" for what @left has alone, "+a" for what @right has alone. */
static const char *
aligned(const char *left, const char *right)
{
	static char text[4096];
	struct alignment al;
	size_t n = 0, na, nb;
	struct event *a = events(left, &na), *b = events(right, &nb);

	align(a, na, b, nb, &al);
	for (size_t i = 0; i < al.n; i++) {
		const struct align_step s = al.steps[i];

		if (s.b == ALIGN_NONE)
			text[n++] = '-';
		else if (s.a == ALIGN_NONE)
			text[n++] = '+';
		text[n++] = s.a == ALIGN_NONE ? right[s.b] : left[s.a];
	}
	text[n] = '\0';
	free(al.steps);
	free(a);
	free(b);
	return text;
}

Test(diff, alignment)
{
	cr_expect_str_eq(aligned("", ""), "");
	cr_expect_str_eq(aligned("abc", "abc"), "abc");
	cr_expect_str_eq(aligned("abc", "abxc"), "ab+xc", "an insertion");
	cr_expect_str_eq(aligned("abxc", "abc"), "ab-xc", "a deletion");
	cr_expect_str_eq(aligned("", "ab"), "+a+b");
	cr_expect_str_eq(aligned("ab", ""), "-a-b");
	cr_expect_str_eq(aligned("abcd", "abCd"), "abcd", "the same call with another result is a pair");
	cr_expect_str_eq(aligned("abcd", "abxd"), "ab-c+xd", "another call is none");
	cr_expect_str_eq(aligned("rrrrr", "rrr"), "rrr-r-r", "repetitions");
	cr_expect_str_eq(aligned("axbycz", "aXbYcZ"), "axbycz");
	cr_expect_str_eq(aligned("oabcr", "oARbcr"), "oa+Rbcr");
}

/* A loop of ten thousand calls with one more in the middle: too long for cells, and found by walking. */
Test(diff, long_alignment)
{
	size_t half = 5000, n = 2 * half, paired = 0, alone = 0;
	char *left = must_alloc(n + 1), *right = must_alloc(n + 2);
	struct alignment al;
	struct event *a, *b;

	for (size_t i = 0; i < n; i++)
		left[i] = i % 2 ? 'b' : 'a';
	memcpy(right, left, half);
	right[half] = 'x';
	memcpy(right + half + 1, left + half, n - half);
	left[0] = 'c'; /* so that neither end is equal */
	left[n - 1] = 'd';
	a = events(left, &n);
	b = events(right, &(size_t){ 0 });
	align(a, n, b, n + 1, &al);
	for (size_t i = 0; i < al.n; i++) {
		if (al.steps[i].a != ALIGN_NONE && al.steps[i].b != ALIGN_NONE)
			paired++;
		else
			alone++;
	}
	cr_expect_eq(paired, n - 2);
	cr_expect_eq(alone, 5);
}

Test(diff, restarts_are_one_call)
{
	struct writer w = writer();
	struct run *run;
	struct rtask *t;

	record_task(&w.sink, 1, 0, 1, 1);
	record_task(&w.sink, 2, 1, 10, 10);
	CALL(&w, 2, SYS_execve, 0);
	CALL(&w, 2, SYS_read, -ERESTARTSYS, IN("fd", FIELD_FD, 5));
	CALL(&w, 2, SYS_read, 3, IN("fd", FIELD_FD, 5));
	CALL(&w, 2, SYS_read, -ERESTARTSYS, IN("fd", FIELD_FD, 6));
	CALL(&w, 2, SYS_getpid, 10);
	run = loaded(&w);
	canonicalise(run);
	t = run_task_by_path(run, "0");
	cr_assert_eq(t->nevents, 4);
	cr_expect_eq(t->events[1].merged, 1);
	cr_expect_eq(t->events[1].result, 3);
	cr_expect_eq(t->events[2].result, -EINTR, "what the program saw");
}

Test(diff, what_starts_the_program_is_not_of_it)
{
	struct writer w = writer();
	struct run *run;

	record_task(&w.sink, 1, 0, 1, 1);
	record_task(&w.sink, 2, 1, 10, 10);
	CALL(&w, 2, SYS_setsid, 10);
	CALL(&w, 2, SYS_execve, -ENOENT);
	CALL(&w, 2, SYS_execve, 0);
	CALL(&w, 2, SYS_getpid, 10);
	run = loaded(&w);
	canonicalise(run);
	cr_assert_eq(run_task_by_path(run, "0")->nevents, 2);
	cr_expect_eq(run_task_by_path(run, "0")->events[0].nr, SYS_execve);
}

static struct run *
lister(const char *first, const char *second)
{
	struct writer w = writer();
	struct run *run;

	record_task(&w.sink, 1, 0, 1, 1);
	record_task(&w.sink, 2, 1, 10, 10);
	CALL(&w, 2, SYS_execve, 0);
	CALL(&w, 2, SYS_getdents64, 24, IN("fd", FIELD_FD, 3), FOUND("entry", FIELD_STRING, first));
	CALL(&w, 2, SYS_getdents64, 24, IN("fd", FIELD_FD, 3), FOUND("entry", FIELD_STRING, second));
	CALL(&w, 2, SYS_getdents64, 0, IN("fd", FIELD_FD, 3));
	run = loaded(&w);
	canonicalise(run);
	return run;
}

Test(diff, listings_in_any_order)
{
	struct rtask *a = run_task_by_path(lister("DT_REG x", "DT_DIR y"), "0"),
		     *b = run_task_by_path(lister("DT_DIR y", "DT_REG x"), "0");
	struct rtask *c = run_task_by_path(lister("DT_DIR y", "DT_LNK x"), "0");

	cr_assert_eq(a->nevents, 2);
	cr_assert_eq(b->nevents, 2);
	cr_expect_eq(a->events[1].result, 48);
	cr_expect_eq(a->events[1].hash, b->events[1].hash);
	cr_expect_neq(a->events[1].order, b->events[1].order);
	cr_expect_neq(a->events[1].hash, c->events[1].hash);
}

/* Two runs of one task that makes the calls of a text; @more in one of them. */
static struct run *
caller(int pid, int more)
{
	struct writer w = writer();
	struct run *run;

	record_task(&w.sink, 1, 0, 1, 1);
	record_task(&w.sink, 2, 1, pid, pid);
	record_task(&w.sink, 3, 2, pid + 1, pid + 1);
	CALL(&w, 2, SYS_execve, 0);
	CALL(&w, 2, SYS_kill, 0, IN("fd", FIELD_PID, (uint64_t)pid + 1));
	for (int i = 0; i < more; i++)
		CALL(&w, 2, SYS_sync, 0);
	CALL(&w, 2, SYS_close, -EBADF, IN("fd", FIELD_INT, 9));
	signal_event(&w, 3, SIGTERM, 0, pid);
	run = loaded(&w);
	canonicalise(run);
	return run;
}

static size_t
differences(struct run *native, struct run *stead)
{
	return compared("0", native, stead, false).differences;
}

Test(diff, tasks_are_compared)
{
	cr_expect_eq(differences(caller(100, 0), caller(2000, 0)), 0, "pids are mapped");
	cr_expect_eq(differences(caller(100, 0), caller(2000, 1)), 1, "a call too much");
	cr_expect_eq(differences(caller(100, 2), caller(2000, 0)), 2, "two calls too few");
}

static size_t
own_memory(void *ctx, uint64_t addr, void *buf, size_t n)
{
	memcpy(buf, (const void *)(uintptr_t)addr, n);
	return n;
}

Test(diff, messages_are_taken_apart)
{
	char one[] = "one", two[] = "second";
	struct iovec v[2] = { { one, 3 }, { two, 6 } };
	struct mmsghdr mm[2] = { { { .msg_iov = &v[0], .msg_iovlen = 1 }, 3 },
				 { { .msg_iov = &v[1], .msg_iovlen = 1 }, 6 } };
	uint64_t args[6] = { 3, (uintptr_t)mm, 2 };
	struct trace_mem mem = { .peek = own_memory };
	struct writer w = writer();
	struct record r = { 0 };
	struct capture c = { .r = &r, .m = &mem, .nr = SYS_sendmmsg, .args = args };
	struct run *run;
	struct event *e;

	record_task(&w.sink, 1, 0, 1, 1);
	record_begin(&w.sink, &r, EVENT_CALL, 1, SYS_sendmmsg);
	capture_call(&c);
	c.done = true;
	c.result = 2;
	capture_call(&c);
	record_end(&w.sink, &r, 1, 2, FIELD_INT, true);
	free(r.data);
	run = loaded(&w);
	e = &run->tasks[0].events[0];
	cr_assert_not_null(field_by_name(e, "msgvec[1].iov"));
	cr_expect_eq(field_by_name(e, "msgvec[1].iov")->digest, digest("second", 6));
	cr_expect_eq(event_value(e, "msgvec[0].len", 0), 3);
	cr_expect_eq(event_value(e, "msgvec[1].len", 0), 6);
}

/* A call that gives its task a name. */
static void
naming(struct writer *w, uint32_t task, bool exec, const char *name, int64_t result)
{
	if (exec)
		CALL(w, task, SYS_execve, result, TEXT("path", FIELD_STRING, name));
	else
		CALL(w, task, SYS_prctl, result, IN("option", FIELD_ENUM, PR_SET_NAME), TEXT("name", FIELD_STRING, name));
}

Test(diff, names_of_tasks)
{
	struct writer w = writer();
	struct comparison c = { 0 };

	record_task(&w.sink, 1, 0, 1, 1);
	record_task(&w.sink, 2, 1, 10, 10);
	naming(&w, 2, true, "/usr/bin/tests", 0);
	record_task(&w.sink, 3, 2, 11, 11);
	naming(&w, 3, false, "copies_a_file_to_another", 0);
	record_task(&w.sink, 4, 3, 12, 12);
	naming(&w, 4, true, "/bin/sh", 0);
	naming(&w, 4, true, "/bin/nothing", -ENOENT);
	naming(&w, 4, true, "cp", 0);
	c.stead = loaded(&w);
	cr_expect(name_matches(&c, "0.0.0", "0.0.0") && name_matches(&c, "0.0.0", "0.*"), "its number");
	cr_expect(name_matches(&c, "0.0.0", "cp") && name_matches(&c, "0.0.0", "sh"),
		  "what it executed, one after the other");
	cr_expect(name_matches(&c, "0.0.0", "copies_a_file_to_another.0"), "below what called itself so");
	cr_expect(name_matches(&c, "0.0.0", "tests.0.*") && name_matches(&c, "0.0", "tests.0"), "below the program");
	cr_expect(name_matches(&c, "0.0 in SIGCHLD", "copies*?in?SIGCHLD"), "handlers");
	cr_expect(!name_matches(&c, "0.0.0", "nothing") && !name_matches(&c, "0.0", "cp") &&
		  !name_matches(&c, "0.0.0", "copies_a_file_to_another"));
	cr_expect_str_eq(names_text(&c, "0.0.0"), " (cp, sh, copies_a_file_to_another.0)");
	cr_expect_str_eq(names_text(&c, "0.1"), "");
}

/* A call on descriptor 3 that moves a text. */
static void
message(struct writer *w, uint32_t task, uint32_t nr, const char *text)
{
	const struct arg args[] = { IN("fd", FIELD_FD, 3),
				    { "buf", FIELD_BYTES, 0, text, nr == SYS_read },
				    { .name = NULL } };

	write_event(w, EVENT_CALL, task, nr, (int64_t)strlen(text), FIELD_INT, args);
}

/* One task reads what others wrote; @order: whose messages, in the order in which they come. */
static struct run *
reader(const char *order, bool reorder)
{
	unsigned int sent[2] = { 0, 0 };
	struct writer w = writer();
	struct run *run;
	char text[2] = "";

	record_task(&w.sink, 1, 0, 1, 1);
	record_task(&w.sink, 2, 1, 10, 10);
	record_task(&w.sink, 3, 2, 11, 11);
	record_task(&w.sink, 4, 2, 12, 12);
	CALL(&w, 2, SYS_execve, 0);
	for (const char *p = order; *p; p++)
		message(&w, (uint32_t)(*p - 'a') + 3, SYS_write, (text[0] = (char)(*p + 2 * (int)sent[*p - 'a']++), text));
	sent[0] = sent[1] = reorder;
	for (const char *p = order; *p; p++) {
		text[0] = (char)(*p + 2 * (int)(sent[*p - 'a'] & 1));
		sent[*p - 'a']++;
		message(&w, 2, SYS_read, text);
	}
	run = loaded(&w);
	canonicalise(run);
	for (size_t i = 0; i < run->ntasks; i++)
		for (size_t j = 0; j < run->tasks[i].nevents; j++)
			run->tasks[i].events[j].fd_kind = FD_STREAM;
	return run;
}

Test(diff, messages_of_several_tasks)
{
	cr_expect_eq(differences(reader("aabb", false), reader("aabb", false)), 0);
	cr_expect_eq(differences(reader("aabb", false), reader("abab", false)), 0, "another order");
	cr_expect_eq(differences(reader("aabb", false), reader("bbaa", false)), 0, "another order");
	cr_expect_neq(differences(reader("aabb", false), reader("aabb", true)), 0, "one task's in another order");
	cr_expect_neq(differences(reader("aabb", false), reader("aab", false)), 0, "one is lost");
}
