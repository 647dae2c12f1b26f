/* SPDX-License-Identifier: MIT
 *
 * Mapped files that become shorter and longer: SIGBUS past the end whoever truncates, and what is there when a file grows again.
 */
#include <setjmp.h>
#include <sys/uio.h>

#include "tests/guest/guest.h"

#define PG 4096ul

static sigjmp_buf caught;

static void
on_signal(int sig)
{
	siglongjmp(caught, sig);
}

/* The byte at @p, or minus the signal that reading it gives. */
static int
look(const volatile char *p)
{
	struct sigaction sa = { .sa_handler = on_signal, .sa_flags = SA_NODEFER };
	int sig = sigsetjmp(caught, 1), c;

	if (sig)
		return -sig;
	sigaction(SIGBUS, &sa, NULL);
	sigaction(SIGSEGV, &sa, NULL);
	c = *p;
	return c;
}

/* A file "f" of @pages pages, each full of its own letter, mapped. */
static char *
map_file(size_t pages, int flags, int *fd)
{
	char page[PG], *p;

	*fd = open("f", O_RDWR | O_CREAT | O_TRUNC, 0600);
	CHECK(*fd >= 0);
	for (size_t i = 0; i < pages; i++) {
		memset(page, (int)('a' + i), PG);
		CHECK_EQ(write(*fd, page, PG), PG);
	}
	p = mmap(NULL, pages * PG, PROT_READ | PROT_WRITE, flags, *fd, 0);
	CHECK(p != MAP_FAILED);
	return p;
}

static void
by_the_process_itself(void)
{
	int fd;
	char *p;

	guest_tmpdir();
	p = map_file(4, MAP_SHARED, &fd);
	CHECK_EQ(p[3 * PG], 'd');
	CHECK_EQ(ftruncate(fd, PG + 10), 0);
	CHECK_EQ(look(p + PG + 9), 'b');
	CHECK_EQ(look(p + PG + 10), 0); /* the rest of the last page is zero */
	CHECK_EQ(look(p + 2 * PG), -SIGBUS);
	CHECK_EQ(look(p + 3 * PG), -SIGBUS);
	CHECK_EQ(ftruncate(fd, 4 * PG), 0);
	CHECK_EQ(look(p + 3 * PG), 0);
	p[3 * PG] = 'x';
	CHECK_EQ(pread(fd, p, 1, 3 * PG), 1);
	CHECK_EQ(p[0], 'x');
}

static void
by_another_process(void)
{
	pid_t pid;
	int fd;
	char *p;

	guest_tmpdir();
	p = map_file(4, MAP_SHARED, &fd);
	CHECK_EQ(p[3 * PG], 'd');
	pid = guest_fork();
	if (pid == 0) {
		munmap(p, 4 * PG);
		_exit(truncate("f", PG) != 0);
	}
	CHECK_EXITS(pid, 0);
	CHECK_EQ(look(p), 'a');
	CHECK_EQ(look(p + PG), -SIGBUS);
	CHECK_EQ(look(p + 3 * PG), -SIGBUS);
	CHECK_EQ(ftruncate(fd, 3 * PG), 0);
	CHECK_EQ(look(p + PG), 0);
	CHECK_EQ(look(p + 3 * PG), -SIGBUS);
}

/* A program that makes no call at all sees it too. */
static void
under_a_running_program(void)
{
	char c;
	int fd, ready[2];
	pid_t pid;
	char *p;

	guest_tmpdir();
	p = map_file(3, MAP_SHARED, &fd);
	CHECK_EQ(pipe(ready), 0);
	pid = guest_fork();
	if (pid == 0) {
		volatile char *end = p + 2 * PG;

		if (*end != 'c' || write(ready[1], "r", 1) != 1)
			_exit(1);
		for (;;)
			(void)*end;
	}
	CHECK_EQ(read(ready[0], &c, 1), 1);
	CHECK_EQ(ftruncate(fd, 2 * PG), 0);
	CHECK_KILLED(pid, SIGBUS);
	CHECK_EQ(look(p + PG), 'b');
}

static void *
truncate_it(void *fd)
{
	CHECK_EQ(ftruncate(*(int *)fd, 0), 0);
	return NULL;
}

static void
by_another_thread(void)
{
	pthread_t thread;
	int fd;
	char *p;

	guest_tmpdir();
	p = map_file(2, MAP_SHARED, &fd);
	CHECK_EQ(look(p + PG), 'b');
	CHECK_EQ(pthread_create(&thread, NULL, truncate_it, &fd), 0);
	CHECK_EQ(pthread_join(thread, NULL), 0);
	CHECK_EQ(look(p), -SIGBUS);
	CHECK_EQ(look(p + PG), -SIGBUS);
}

static void
by_open(void)
{
	int fd, again;
	char *p;

	guest_tmpdir();
	p = map_file(2, MAP_SHARED, &fd);
	again = open("f", O_WRONLY | O_TRUNC);
	CHECK(again >= 0);
	CHECK_EQ(look(p), -SIGBUS);
	CHECK_EQ(write(again, "new", 3), 3);
	CHECK_EQ(look(p + 2), 'w');
	CHECK_EQ(look(p + PG), -SIGBUS);
}

/* What was written to private pages goes with them. */
static void
private_pages_go_too(void)
{
	int fd;
	char *p;

	guest_tmpdir();
	p = map_file(3, MAP_PRIVATE, &fd);
	p[0] = 'x';
	p[2 * PG] = 'y';
	CHECK_EQ(ftruncate(fd, PG), 0);
	CHECK_EQ(look(p), 'x');
	CHECK_EQ(look(p + 2 * PG), -SIGBUS);
	CHECK_EQ(ftruncate(fd, 3 * PG), 0);
	CHECK_EQ(look(p + 2 * PG), 0);
}

/* Copies of the mapping that fork makes lose their pages like the first. */
static void
of_all_relatives(void)
{
	int fd, go[2], seen[4];
	pid_t pid[3];
	char c, *p;

	guest_tmpdir();
	p = map_file(2, MAP_SHARED, &fd);
	CHECK_EQ(look(p + PG), 'b');
	CHECK_EQ(pipe(go), 0);
	CHECK_EQ(pipe(seen), 0);
	for (int i = 0; i < 3; i++) {
		pid[i] = guest_fork();
		if (pid[i] == 0) {
			close(go[1]);
			if (look(p + PG) != 'b' || write(seen[1], "s", 1) != 1 || read(go[0], &c, 1) != 0)
				_exit(1);
			_exit(look(p + PG) == -SIGBUS && look(p) == 'a' ? 0 : 2);
		}
	}
	for (int i = 0; i < 3; i++)
		CHECK_EQ(read(seen[0], &c, 1), 1);
	CHECK_EQ(ftruncate(fd, PG), 0);
	close(go[1]);
	for (int i = 0; i < 3; i++)
		CHECK_EXITS(pid[i], 0);
	pid[0] = guest_fork(); /* and one made afterwards */
	if (pid[0] == 0)
		_exit(look(p + PG) == -SIGBUS ? 0 : 1);
	CHECK_EXITS(pid[0], 0);
}

/* One writes by calls and truncates, the other checks through its mapping, in turns. */
static void
mapping_and_calls_agree(void)
{
	int to[2], from[2], fd;
	unsigned int x = 1, size = 8 * PG;
	pid_t pid;
	char *p, c;

	guest_tmpdir();
	p = map_file(8, MAP_SHARED, &fd);
	CHECK_EQ(pipe(to), 0);
	CHECK_EQ(pipe(from), 0);
	pid = guest_fork();
	if (pid == 0) {
		static char file[8 * PG];

		while (read(to[0], &c, 1) == 1) {
			ssize_t n = pread(fd, file, sizeof(file), 0);
			size_t mapped = ((size_t)n + PG - 1) / PG * PG;

			if (c == 'e')
				_exit(0);
			for (size_t at = 0; at < sizeof(file); at += 511)
				if (look(p + at) != (at < (size_t)n ? file[at] : at < mapped ? 0 : -SIGBUS))
					_exit(3);
			if (write(from[1], "k", 1) != 1)
				_exit(4);
		}
		_exit(5);
	}
	close(from[1]);
	for (int i = 0; i < 300; i++) {
		x = x * 1103515245 + 12345;
		if ((x >> 16) % 3 == 0) {
			size = (x >> 8) % (8 * PG);
			CHECK_EQ(ftruncate(fd, size), 0);
		} else {
			c = (char)('A' + i % 26);
			CHECK_EQ(pwrite(fd, &c, 1, (x >> 8) % (8 * PG)), 1);
		}
		CHECK_EQ(write(to[1], "c", 1), 1);
		CHECK_EQ(read(from[0], &c, 1), 1);
	}
	CHECK_EQ(write(to[1], "e", 1), 1);
	CHECK_EXITS(pid, 0);
}

/* A new file of one page, and eight pages mapped. */
static char *
map_beyond(int *fd)
{
	char *p;

	munmap(map_file(1, MAP_SHARED, fd), PG);
	p = mmap(NULL, 8 * PG, PROT_READ | PROT_WRITE, MAP_SHARED, *fd, 0);
	CHECK(p != MAP_FAILED);
	return p;
}

/* Calls that use pages of a mapping which were past the end of the file when it was made, and that nobody has touched since. */
static void
calls_use_pages_of_a_file_that_has_grown(void)
{
	char *p, out[64] = "", c = 0;
	struct timespec ts = { 0, 1 };
	int fd, to[2], status;
	pid_t pid;

	guest_tmpdir();
	p = map_beyond(&fd);
	CHECK_EQ(pipe(to), 0);
	CHECK_EQ(write(to[1], "hello", 5), 5);
	CHECK_ERR(read(to[0], p + PG, 5), EFAULT);
	CHECK_ERR(write(to[1], p + 2 * PG, 5), EFAULT);
	CHECK_EQ(ftruncate(fd, 6 * PG), 0);
	CHECK_EQ(read(to[0], p + 2 * PG - 2, 5), 5);
	CHECK_EQ(memcmp(p + 2 * PG - 2, "hello", 5), 0);
	CHECK_EQ(pwrite(fd, "from the file", 13, 3 * PG), 13);
	CHECK_EQ(write(to[1], p + 3 * PG, 13), 13);
	CHECK_EQ(read(to[0], out, sizeof(out)), 13);
	CHECK_EQ(strcmp(out, "from the file"), 0);
	memcpy(p + 4 * PG, &ts, sizeof(ts));
	CHECK_EQ(ftruncate(fd, 7 * PG), 0);
	CHECK_EQ(nanosleep((struct timespec *)(p + 4 * PG), (struct timespec *)(p + 6 * PG)), 0);
	CHECK_EQ(ftruncate(fd, 8 * PG), 0);
	CHECK_ERR(syscall(SYS_futex, p + 7 * PG, 0 /* FUTEX_WAIT */, 1, NULL, NULL, 0), EAGAIN);
	/* in a child, which has the mapping as it was */
	munmap(p, 8 * PG);
	p = map_beyond(&fd);
	pid = guest_fork();
	if (pid == 0) {
		CHECK_EQ(read(to[0], &c, 1), 1);
		_exit(getcwd(p + PG, PG) == p + PG && p[PG] == '/' ? 7 : 1);
	}
	CHECK_EQ(ftruncate(fd, 2 * PG), 0);
	CHECK_EQ(write(to[1], "x", 1), 1);
	CHECK_EQ(waitpid(pid, &status, 0), pid);
	CHECK_EQ(WEXITSTATUS(status), 7);
	CHECK_EQ(pread(fd, &c, 1, PG), 1);
	CHECK_EQ(c, '/');
}

/* A process that sleeps in a call meanwhile: private pages that it has from its parent are gone, and do not come back. */
static void
cut_and_grown_while_asleep(void)
{
	int fd, to[2], status;
	pid_t pid;
	char c, *p;

	guest_tmpdir();
	CHECK_EQ(pipe(to), 0);
	p = map_file(4, MAP_PRIVATE, &fd);
	p[0] = 'k';
	p[2 * PG] = 'd';
	p[3 * PG] = 'd';
	pid = guest_fork();
	if (pid == 0) {
		CHECK_EQ(read(to[0], &c, 1), 1);
		_exit(p[0] != 'k' ? 1 : p[2 * PG] ? 2 : p[3 * PG] ? 3 : 7);
	}
	CHECK_EQ(ftruncate(fd, PG), 0);
	CHECK_EQ(ftruncate(fd, 4 * PG), 0);
	CHECK_EQ(p[2 * PG], 0);
	CHECK_EQ(write(to[1], "x", 1), 1);
	CHECK_EQ(waitpid(pid, &status, 0), pid);
	CHECK_EQ(WEXITSTATUS(status), 7);
	/* parts of what was one mapping, made before it is cut */
	pid = guest_fork();
	if (pid == 0) {
		p[2 * PG] = p[3 * PG] = 'd';
		CHECK_EQ(write(to[1], "y", 1), 1);
		while (access("grown", F_OK) != 0)
			usleep(1000);
		CHECK_EQ(mprotect(p + 3 * PG, PG, PROT_READ), 0);
		_exit(p[2 * PG] ? 2 : p[3 * PG] ? 3 : 7);
	}
	CHECK_EQ(read(to[0], &c, 1), 1);
	CHECK_EQ(ftruncate(fd, PG), 0);
	CHECK_EQ(ftruncate(fd, 4 * PG), 0);
	close(open("grown", O_CREAT | O_WRONLY, 0600));
	CHECK_EQ(waitpid(pid, &status, 0), pid);
	CHECK_EQ(WEXITSTATUS(status), 7);
}

/* What a call writes after the file has grown again is there: in a private page, and in one that was the process's own before. */
static void
written_after_it_slept(void)
{
	static const char *const how[] = { "read", "readv", "file" };
	int fd, to[2], data;
	pid_t pid;
	char *p;

	guest_tmpdir();
	data = open("data", O_RDWR | O_CREAT, 0600);
	CHECK_EQ(write(data, "from a file", 11), 11);
	for (size_t i = 0; i < ARRAY_SIZE(how); i++) {
		CHECK_EQ(pipe(to), 0);
		p = map_file(4, MAP_PRIVATE, &fd);
		pid = guest_fork();
		if (pid == 0) {
			struct iovec v[2] = { { p + 2 * PG + 10, 3 }, { p + 3 * PG, 3 } };
			char c;

			memset(p, 'o', 3 * PG);
			if (i == 0)
				CHECK_EQ(read(to[0], p + 2 * PG + 10, 6), 6);
			else if (i == 1)
				CHECK_EQ(readv(to[0], v, 2), 6);
			else if (read(to[0], &c, 1) == 1)
				CHECK_EQ(pread(data, p + 2 * PG + 10, 11, 0), 11);
			CHECK_EQ(memcmp(p + 2 * PG + 10, i == 0 ? "abcdef" : i == 1 ? "abc" : "from a file", i == 0 ? 6 : i == 1 ? 3 : 11), 0);
			CHECK_EQ(memcmp(p + 3 * PG, i == 1 ? "def" : "\0\0\0", 3), 0);
			CHECK_EQ(p[2 * PG], 0);
			CHECK_EQ(p[PG - 1], 'o');
			CHECK_EQ(p[PG], 0);
			_exit(0);
		}
		guest_await_sleep(pid);
		CHECK_EQ(ftruncate(fd, PG), 0);
		CHECK_EQ(ftruncate(fd, 4 * PG), 0);
		CHECK_EQ(write(to[1], "abcdef", 6), 6);
		CHECK_EXITS(pid, 0);
	}
}

int
main(int argc, char **argv)
{
	static const struct guest_case cases[] = {
		T(by_the_process_itself), T(by_another_process), T(under_a_running_program), T(by_another_thread), T(by_open),
		T(private_pages_go_too), T(of_all_relatives), T(mapping_and_calls_agree),
		T(calls_use_pages_of_a_file_that_has_grown), T(cut_and_grown_while_asleep), T(written_after_it_slept),
	};

	return guest_main(argc, argv, cases, ARRAY_SIZE(cases));
}
