/* SPDX-License-Identifier: MIT
 *
 * The rules of stead diff for sequences of calls: what each lets pass, and what is no longer that. A program is written
 * twice, in two variants, as if one were the native run and the other stead's.
 */
#include <errno.h>
#include <linux/fs.h>
#include <poll.h>
#include <signal.h>
#include <sys/epoll.h>

#include "src/decode.h"
#include "tests/unit/diff-env.h"

#define MAIN	2 /* the program's first task, of pid 10; then its children or threads */
#define OTHER	3
#define ANOTHER 4

typedef void (*program_t)(struct writer *w, int variant);

static struct run *
run_of(program_t program, int variant)
{
	struct writer w = writer();
	struct run *run;

	record_task(&w.sink, 1, 0, 1, 1);
	record_task(&w.sink, MAIN, 1, 10, 10);
	CALL(&w, MAIN, SYS_execve, 0);
	program(&w, variant);
	run = loaded(&w);
	canonicalise(run);
	return run;
}

static int
judged_task(const char *path, struct run *native, struct run *stead, bool order_differs)
{
	struct task_comparison t = compared(path, native, stead, order_differs);
	int used = RULE_NONE;

	for (size_t i = 0; i < t.al.n && used != RULE_DIFFERENT; i++)
		if (t.outcome[i] != RULE_NONE)
			used = t.outcome[i];
	return used;
}

/* The rule by which two variants are equal; RULE_NONE: they are as they are. */
static int
judged(program_t program, int native, int stead)
{
	return judged_task("0", run_of(program, native), run_of(program, stead), false);
}

/* Futexes: a call more, where tasks meet. */

static void
locks(struct writer *w, int variant)
{
	if (variant & 2)
		record_task(&w->sink, OTHER, MAIN, 11, 10);
	if (variant & 1)
		CALL(w, MAIN, SYS_futex, 0, IN("val", FIELD_INT, 2));
	CALL(w, MAIN, SYS_getuid, 0);
}

Test(rules, meetings)
{
	cr_expect_eq(judged(locks, 2, 3), RULE_SCHEDULING);
	cr_expect_eq(judged(locks, 3, 2), RULE_SCHEDULING);
	cr_expect_eq(judged(locks, 0, 1), RULE_DIFFERENT, "one task meets nobody");
}

/* A pipe, of whose ends 4 is written. */
static void
make_pipe(struct writer *w)
{
	CALL(w, MAIN, SYS_pipe2, 0, OUT("fds[0]", FIELD_FD, 3), OUT("fds[1]", FIELD_FD, 4));
}

static void
put(struct writer *w, uint32_t nr, const char *text)
{
	CALL(w, MAIN, nr, (int64_t)strlen(text), IN("fd", FIELD_FD, 4), TEXT("buf", FIELD_BYTES, text));
}

/* The pieces, with a poll before the last. */
static void
writes(struct writer *w, int variant)
{
	static const char *const pieces[][2] = { { "ab", "cd" }, { "a", "bcd" }, { "a", "bce" } };

	make_pipe(w);
	put(w, SYS_write, pieces[variant % 3][0]);
	if (variant >= 3)
		CALL(w, MAIN, SYS_poll, 1, IN("nfds", FIELD_UINT, 1));
	put(w, SYS_write, pieces[variant % 3][1]);
}

Test(rules, chunks_of_streams)
{
	cr_expect_eq(judged(writes, 0, 1), RULE_STREAM);
	cr_expect_eq(judged(writes, 0, 4), RULE_STREAM, "and how often it polls for them");
	cr_expect_eq(judged(writes, 0, 2), RULE_DIFFERENT, "another byte");
	cr_expect_eq(judged(writes, 0, 3), RULE_DIFFERENT, "polls alone");
}

static void
splices(struct writer *w, int variant)
{
	static const int64_t pieces[][3] = { { 100, 0 }, { 60, 40, 0 }, { 60, 30, 0 } };

	make_pipe(w);
	for (const int64_t *n = pieces[variant]; *n; n++)
		CALL(w, MAIN, SYS_splice, *n, IN("fd_in", FIELD_FD, 3), IN("fd_out", FIELD_FD, 5));
}

Test(rules, pieces_of_splice)
{
	cr_expect_eq(judged(splices, 0, 1), RULE_STREAM);
	cr_expect_eq(judged(splices, 0, 2), RULE_DIFFERENT, "less in all");
}

/* Calls that are not there. */

static uint32_t
absent_call(void)
{
	for (uint32_t nr = 0; nr < nr_syscall_descs; nr++)
		if (syscall_descs[nr].name && syscall_descs[nr].status == SYSCALL_ABSENT)
			return nr;
	return nr_syscall_descs;
}

static void
absent(struct writer *w, int variant)
{
	CALL(w, MAIN, absent_call(), variant, IN("flags", FIELD_INT, 0));
}

static void
absent_again(struct writer *w, int variant)
{
	for (int i = 0; i < variant; i++)
		absent(w, -ENOSYS);
	CALL(w, MAIN, SYS_getuid, 0);
}

static void
implemented(struct writer *w, int variant)
{
	CALL(w, MAIN, SYS_getuid, variant);
}

static void
acl(struct writer *w, int variant)
{
	const char *name = variant & 1 ? "system.posix_acl_access" : "user.something";

	CALL(w, MAIN, SYS_getxattr, variant & 2 ? -EOPNOTSUPP : -ENODATA, TEXT("path", FIELD_STRING, "f"),
	     TEXT("name", FIELD_STRING, name));
}

Test(rules, absent_calls)
{
	cr_expect_eq(judged(absent, 5, -ENOSYS), RULE_ABSENT);
	cr_expect_eq(judged(absent_again, 0, 1), RULE_ABSENT, "the program tries again");
	cr_expect_eq(judged(absent, 5, -EPERM), RULE_DIFFERENT, "it pretends");
	cr_expect_eq(judged(implemented, 5, -ENOSYS), RULE_DIFFERENT, "it is there");
}

Test(rules, absent_acls)
{
	cr_expect_eq(judged(acl, 1, 3), RULE_ABSENT);
	cr_expect_eq(judged(acl, 0, 2), RULE_DIFFERENT, "another attribute");
}

static void
randoms(struct writer *w, int variant)
{
	for (int i = 0; i < variant; i++)
		CALL(w, MAIN, SYS_getrandom, 1, FOUND("buf", FIELD_RANDOM, i ? "x" : "y"));
	CALL(w, MAIN, SYS_getuid, 0);
}

Test(rules, random_numbers)
{
	cr_expect_eq(judged(randoms, 1, 2), RULE_RANDOM);
}

/* A mapping, and the end of it. */
static void
stacks(struct writer *w, int variant)
{
	uint64_t flags = MAP_PRIVATE | MAP_ANONYMOUS | (variant & 2 ? MAP_STACK : 0), at = 0x7f0000000000;

	if (variant & 1) {
		CALL_GIVES(w, MAIN, SYS_mmap, (int64_t)at, FIELD_ADDRESS, IN("length", FIELD_UINT, 8192),
			   IN("flags", FIELD_FLAGS, flags));
		CALL(w, MAIN, SYS_munmap, 0, IN("addr", FIELD_ADDRESS, at), IN("length", FIELD_UINT, 8192));
	}
	CALL(w, MAIN, SYS_getuid, 0);
}

Test(rules, stacks_of_threads)
{
	cr_expect_eq(judged(stacks, 2, 3), RULE_THREAD_STACK);
	cr_expect_eq(judged(stacks, 3, 2), RULE_THREAD_STACK);
	cr_expect_eq(judged(stacks, 0, 1), RULE_DIFFERENT, "another mapping");
}

/* Two children, waited for as they end: the second first, if the variant is odd. With 2: the second has another status. */
static void
children(struct writer *w, int variant)
{
	record_task(&w->sink, OTHER, MAIN, 11, 11);
	record_task(&w->sink, ANOTHER, MAIN, 12, 12);
	for (int i = 0; i < 2; i++) {
		int which = i ^ (variant & 1), status = which ? (variant & 2 ? 512 : 256) : 0;

		CALL_GIVES(w, MAIN, SYS_wait4, 11 + which, FIELD_PID, IN("pid", FIELD_PID, -1),
			   OUT("wstatus", FIELD_HEX, status));
	}
}

Test(rules, waits_for_any)
{
	cr_expect_eq(judged(children, 0, 1), RULE_SCHEDULING);
	cr_expect_eq(judged(children, 0, 3), RULE_DIFFERENT, "another status");
}

/* Polls of several tasks: each letter a descriptor that is ready (h: hung up), in one or more calls. */
static void
epoll(struct writer *w, const char *ready)
{
	uint64_t first = ready[0] == 'h' ? EPOLLHUP : EPOLLIN, second = ready[0] && ready[1] == 'h' ? EPOLLHUP : EPOLLIN;

	record_task(&w->sink, OTHER, MAIN, 11, 11);
	if (strlen(ready) == 1)
		CALL(w, MAIN, SYS_epoll_wait, 1, OUT("events[0].events", FIELD_FLAGS, first));
	else
		CALL(w, MAIN, SYS_epoll_wait, 2, OUT("events[0].events", FIELD_FLAGS, first),
		     OUT("events[1].events", FIELD_FLAGS, second));
	CALL(w, MAIN, SYS_getuid, 0);
}

static void
epolls(struct writer *w, int variant)
{
	static const char *const found[] = { "r", "rr", "h", "rh" };

	epoll(w, found[variant]);
}

Test(rules, what_epoll_finds)
{
	cr_expect_eq(judged(epolls, 0, 1), RULE_SCHEDULING, "more");
	cr_expect_eq(judged(epolls, 2, 3), RULE_SCHEDULING, "more beside it");
	cr_expect_eq(judged(epolls, 2, 1), RULE_DIFFERENT, "the end is lost");
}

static void
polls(struct writer *w, int variant)
{
	static const uint64_t found[] = { POLLIN, POLLIN | POLLOUT, POLLIN | POLLHUP };

	record_task(&w->sink, OTHER, MAIN, 11, 11);
	if (variant < 3)
		CALL(w, MAIN, SYS_poll, 1, OUT("fds[0].revents", FIELD_FLAGS, found[variant]));
	CALL(w, MAIN, SYS_getuid, 0);
}

Test(rules, what_polls_find)
{
	cr_expect_eq(judged(polls, 0, 1), RULE_SCHEDULING);
	cr_expect_eq(judged(polls, 0, 2), RULE_DIFFERENT, "the end");
}

Test(rules, how_often_polls_find)
{
	cr_expect_eq(judged(polls, 3, 0), RULE_SCHEDULING);
	cr_expect_eq(judged(polls, 0, 3), RULE_SCHEDULING);
}

/* 0: the file system copies; 1: the program does; 2: it gives up. */
static void
copies(struct writer *w, int variant)
{
	CALL(w, MAIN, SYS_copy_file_range, variant ? -EXDEV : 100, IN("fd_in", FIELD_FD, 3), IN("fd_out", FIELD_FD, 4));
	if (variant == 1) {
		CALL(w, MAIN, SYS_read, 100, IN("fd", FIELD_FD, 3));
		CALL(w, MAIN, SYS_write, 100, IN("fd", FIELD_FD, 4));
	} else if (variant == 2) {
		CALL(w, MAIN, SYS_unlink, 0, TEXT("path", FIELD_STRING, "f"));
	}
	CALL(w, MAIN, SYS_close, 0, IN("fd", FIELD_FD, 4));
}

static void
clones(struct writer *w, int variant)
{
	CALL(w, MAIN, SYS_ioctl, variant, IN("fd", FIELD_FD, 4), IN("cmd", FIELD_ENUM, FICLONE));
}

Test(rules, copies_within_a_file_system)
{
	cr_expect_eq(judged(copies, 1, 0), RULE_FILE_SYSTEM);
	cr_expect_eq(judged(copies, 2, 0), RULE_DIFFERENT, "that is no way to copy");
	cr_expect_eq(judged(copies, 0, 1), RULE_DIFFERENT, "stead can copy");
}

Test(rules, clones_of_files)
{
	cr_expect_eq(judged(clones, -EXDEV, -EOPNOTSUPP), RULE_FILE_SYSTEM);
	cr_expect_eq(judged(clones, -EXDEV, -EINVAL), RULE_DIFFERENT);
}

/* Names with numbers in them. */

static void
mapped_ranges(struct writer *w, int variant)
{
	static const char *const names[] = { "/proc/self/map_files/7f00-7f01", "/proc/self/map_files/7e00-7e01",
					     "/proc/10/map_files/7f00-7f01" };

	CALL(w, MAIN, SYS_readlink, -ENOENT, TEXT("path", FIELD_STRING, names[variant]));
}

static void
links(struct writer *w, int variant)
{
	static const char *const found[] = { "pipe:[17]", "pipe:[9]", "socket:[17]" };

	CALL(w, MAIN, SYS_readlink, (int64_t)strlen(found[variant]), FOUND("buf", FIELD_BYTES, found[variant]));
}

Test(rules, names_of_mapped_ranges)
{
	cr_expect_eq(judged(mapped_ranges, 0, 1), RULE_NONE);
	cr_expect_eq(judged(mapped_ranges, 0, 2), RULE_DIFFERENT, "another process");
}

Test(rules, inodes_in_links)
{
	cr_expect_eq(judged(links, 0, 1), RULE_INODE);
	cr_expect_eq(judged(links, 0, 2), RULE_DIFFERENT, "a socket is no pipe");
}

static void
pointers(struct writer *w, int variant)
{
	static const uint64_t words[][2] = { { 1, 0x7f0000001000 }, { 1, 0x560000002000 }, { 1, 2 }, { 3, 0x7f0000001000 } };

	CALL(w, MAIN, SYS_ioctl, 0, { "arg", FIELD_BYTES, 16, (const char *)words[variant], false });
}

Test(rules, addresses_in_buffers)
{
	cr_expect_eq(judged(pointers, 0, 1), RULE_ADDRESS);
	cr_expect_eq(judged(pointers, 0, 2), RULE_DIFFERENT, "one is no address");
	cr_expect_eq(judged(pointers, 0, 3), RULE_DIFFERENT, "another number beside it");
}

/* Directories that come in another order. */

static void
per_entry(struct writer *w, int variant)
{
	for (int i = 0; i < 2; i++)
		CALL(w, MAIN, SYS_stat, 0, TEXT("path", FIELD_STRING, (i ^ (variant & 1)) ? "a" : "b"));
	if (variant == 2)
		CALL(w, MAIN, SYS_unlink, 0, TEXT("path", FIELD_STRING, "a"));
}

static void
opened_entries(struct writer *w, int variant)
{
	for (int i = 0; i < 2; i++)
		CALL_GIVES(w, MAIN, SYS_open, 3 + i, FIELD_FD, TEXT("path", FIELD_STRING, (i ^ variant) ? "a" : "b"));
}

static void
lines(struct writer *w, int variant)
{
	static const char *const text[] = { "a\nb\n", "b\na\n", "b\nb\n" };

	CALL(w, MAIN, SYS_write, 4, IN("fd", FIELD_FD, 9), TEXT("buf", FIELD_BYTES, text[variant]));
}

/* A listing that is not read to its end, of which the order lets another part be seen. */
static void
partial_listing(struct writer *w, int variant)
{
	CALL_GIVES(w, MAIN, SYS_open, 3, FIELD_FD, TEXT("path", FIELD_STRING, "d"));
	CALL(w, MAIN, SYS_getdents64, 24, IN("fd", FIELD_FD, 3), FOUND("entry", FIELD_STRING, variant & 1 ? "a" : "b"));
	if (variant & 2)
		CALL(w, MAIN, SYS_getdents64, 0, IN("fd", FIELD_FD, 3));
}

static int
judged_in_order(program_t program, int native, int stead, bool order_differs)
{
	return judged_task("0", run_of(program, native), run_of(program, stead), order_differs);
}

Test(rules, entries_in_another_order)
{
	cr_expect_eq(judged_in_order(per_entry, 0, 1, true), RULE_DIRECTORY_ORDER);
	cr_expect_eq(judged_in_order(per_entry, 0, 1, false), RULE_DIFFERENT, "no directory did");
	cr_expect_eq(judged_in_order(opened_entries, 0, 1, true), RULE_DIRECTORY_ORDER, "and the descriptors with them");
	cr_expect_eq(judged_in_order(per_entry, 0, 2, true), RULE_DIFFERENT, "another call");
}

Test(rules, lines_in_another_order)
{
	cr_expect_eq(judged_in_order(lines, 0, 1, true), RULE_DIRECTORY_ORDER);
	cr_expect_eq(judged_in_order(lines, 0, 1, false), RULE_DIFFERENT, "no directory did");
	cr_expect_eq(judged_in_order(lines, 0, 2, true), RULE_DIFFERENT, "another line");
}

Test(rules, parts_of_listings)
{
	cr_expect_eq(judged(partial_listing, 0, 1), RULE_DIRECTORY_ORDER);
	cr_expect_eq(judged(partial_listing, 2, 3), RULE_DIFFERENT, "the whole listing is another");
}

/* Both are killed (0, 1), or exit by themselves (2, 3); one has got further. */
static void
cuts(struct writer *w, int variant)
{
	CALL(w, MAIN, SYS_getuid, 0);
	if (variant & 1)
		CALL(w, MAIN, SYS_getgid, 0);
	if (variant & 2)
		CALL(w, MAIN, SYS_exit_group, 0);
	write_event(w, EVENT_END, MAIN, 0, variant & 2 ? 0 : SIGKILL, FIELD_INT, &(struct arg){ .name = NULL });
}

Test(rules, where_killed)
{
	cr_expect_eq(judged(cuts, 0, 1), RULE_SCHEDULING);
	cr_expect_eq(judged(cuts, 1, 0), RULE_SCHEDULING);
	cr_expect_eq(judged(cuts, 2, 3), RULE_DIFFERENT);
}

/* The call that kills its task, seen to return with this. */
static void
suicide(struct writer *w, int variant)
{
	CALL(w, MAIN, SYS_kill, variant, IN("pid", FIELD_PID, 10));
	write_event(w, EVENT_END, MAIN, 0, SIGTERM, FIELD_INT, &(struct arg){ .name = NULL });
}

Test(rules, the_call_that_kills)
{
	cr_expect_eq(judged(suicide, 0, 1), RULE_NONE);
}

/* Rounds of a loop that sleeps, or (negative) that does not. */
static void
loop(struct writer *w, int variant)
{
	CALL(w, MAIN, SYS_getgid, 0);
	for (int i = 0; i < abs(variant); i++) {
		CALL(w, MAIN, SYS_getuid, 0);
		CALL(w, MAIN, variant > 0 ? SYS_nanosleep : SYS_sync, 0);
	}
}

Test(rules, rounds_of_a_loop_that_waits)
{
	cr_expect_eq(judged(loop, 2, 4), RULE_SCHEDULING);
	cr_expect_eq(judged(loop, 5, 2), RULE_SCHEDULING);
	cr_expect_eq(judged(loop, -2, -4), RULE_DIFFERENT);
}

/* A handler runs so many times, in which it calls. */
static void
handlers(struct writer *w, uint32_t sig, int times)
{
	CALL(w, MAIN, SYS_rt_sigaction, 0, IN("sig", FIELD_SIGNAL, sig), IN("act.handler", FIELD_ADDRESS, 0x560000001000));
	for (int i = 0; i < times; i++) {
		signal_event(w, MAIN, sig, 0, 11);
		CALL(w, MAIN, SYS_sync, 0, IN("n", FIELD_INT, i));
		CALL(w, MAIN, SYS_rt_sigreturn, 0);
	}
	CALL(w, MAIN, SYS_getuid, 0);
}

static void
child_handlers(struct writer *w, int variant)
{
	handlers(w, SIGCHLD, variant);
}

static void
timer_handlers(struct writer *w, int variant)
{
	handlers(w, SIGVTALRM, variant);
}

Test(rules, how_often_sigchld_came)
{
	cr_expect_eq(judged_task("0 in SIGCHLD", run_of(child_handlers, 2), run_of(child_handlers, 1), false),
		     RULE_SCHEDULING);
	cr_expect_eq(judged_task("0 in SIGVTALRM", run_of(timer_handlers, 2), run_of(timer_handlers, 1), false),
		     RULE_DIFFERENT);
}

/* What native runs do not agree on: a result, a field, a call. */
static void
varying(struct writer *w, int variant)
{
	if (variant & 1)
		CALL(w, MAIN, SYS_sync, 0);
	CALL(w, MAIN, SYS_getuid, 7 + (variant >> 1 & 1));
	CALL(w, MAIN, SYS_setuid, 0, IN("uid", FIELD_INT, variant >> 2 & 1));
	CALL(w, MAIN, SYS_getgid, variant >> 3 & 1);
}

static int
learned(int first, int second, int stead)
{
	struct run *natives[] = { run_of(varying, first), run_of(varying, second) };

	compare_learn(natives, 2);
	return judged_task("0", natives[0], run_of(varying, stead), false);
}

Test(rules, what_varies_natively)
{
	cr_expect_eq(learned(0, 1, 1), RULE_NATIVE_VARIES, "a call more");
	cr_expect_eq(learned(1, 0, 0), RULE_NATIVE_VARIES, "a call less");
	cr_expect_eq(learned(0, 2, 2), RULE_NATIVE_VARIES, "another result");
	cr_expect_eq(learned(0, 4, 4), RULE_NATIVE_VARIES, "another argument");
	cr_expect_eq(learned(0, 7, 8), RULE_DIFFERENT, "but not this one");
}

/* Two threads open files at once; without threads the number is the lowest free one. */
static void
opens(struct writer *w, int variant)
{
	int fd = 3 + (variant & 1);

	if (variant & 2) {
		record_task(&w->sink, OTHER, MAIN, 11, 10);
		CALL_GIVES(w, OTHER, SYS_open, 7 - fd, FIELD_FD, TEXT("path", FIELD_STRING, "g"));
	}
	CALL_GIVES(w, MAIN, SYS_open, fd, FIELD_FD, TEXT("path", FIELD_STRING, "f"));
	CALL(w, MAIN, SYS_fsync, 0, IN("fd", FIELD_FD, variant & 4 ? 7 - fd : fd));
}

Test(rules, descriptors_of_threads)
{
	cr_expect_eq(judged(opens, 2, 3), RULE_DESCRIPTOR);
	cr_expect_eq(judged(opens, 2, 6), RULE_DIFFERENT, "the other thread's");
	cr_expect_eq(judged(opens, 0, 1), RULE_DIFFERENT, "there are no threads");
}

/* A file of /proc, or (2, 3) another, read in one piece or two. */
static void
reads(struct writer *w, int variant)
{
	const char *path = variant & 2 ? "/etc/passwd" : "/proc/meminfo";

	CALL_GIVES(w, MAIN, SYS_open, 3, FIELD_FD, TEXT("path", FIELD_STRING, path));
	CALL(w, MAIN, SYS_read, 4, IN("fd", FIELD_FD, 3), FOUND("buf", FIELD_BYTES, variant & 1 ? "1234" : "5678"));
	if (variant & 1)
		CALL(w, MAIN, SYS_read, 1, IN("fd", FIELD_FD, 3), FOUND("buf", FIELD_BYTES, "9"));
	CALL(w, MAIN, SYS_read, 0, IN("fd", FIELD_FD, 3));
}

Test(rules, what_proc_says)
{
	cr_expect_neq(judged(reads, 0, 1), RULE_DIFFERENT);
	cr_expect_eq(judged(reads, 2, 3), RULE_DIFFERENT, "a file");
}

/* What a call that failed was given an array of. */
static void
failures(struct writer *w, int variant)
{
	CALL(w, MAIN, SYS_writev, variant & 2 ? 0 : -EFAULT, IN("fd", FIELD_FD, 3),
	     IN("iov[0].len", FIELD_UINT, variant & 1));
}

Test(rules, arrays_of_calls_that_failed)
{
	cr_expect_eq(judged(failures, 0, 1), RULE_NONE);
	cr_expect_eq(judged(failures, 2, 3), RULE_DIFFERENT);
}

/* Times of files: of the run, before it. */
static int
judged_time(const char *name, uint64_t native, uint64_t stead)
{
	struct run a = { .wall_start = 1000000000000, .wall_end = 2000000000000 };
	struct run b = { .wall_start = 5000000000000, .wall_end = 6000000000000 };
	struct field fa = { .name = name, .decode = "", .kind = FIELD_WALL, .value = native }, fb = fa;

	fb.value = stead;
	return rule_field(&fa, &a, &fb, &b);
}

Test(rules, access_times)
{
	cr_expect_eq(judged_time("st.atime", 500000000000, 5500000000000), RULE_TIME, "noted on one side alone");
	cr_expect_eq(judged_time("st.mtime", 500000000000, 5500000000000), RULE_DIFFERENT);
	cr_expect_eq(judged_time("st.atime", 500000000000, 400000000000), RULE_DIFFERENT, "both before");
}
