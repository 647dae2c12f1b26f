/* SPDX-License-Identifier: MIT
 *
 * What every guest program is made of: cases, each run in a child of its own, each printing "ok NAME" or "FAIL NAME: why".
 * The same program runs natively and under stead, and its output and exit status must be the same; so print nothing that
 * changes from run to run. `PROGRAM CASE` runs one case without a fork, for debuggers. A case's process has its name, by which
 * known differences are written down (tests/programs/diff-known).
 */
#ifndef GUEST_H
#define GUEST_H

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* Bad arguments are passed on purpose. */
#ifdef __clang__
#pragma clang diagnostic ignored "-Wfortify-source"
#else
#pragma GCC diagnostic ignored "-Wstringop-overflow"
#pragma GCC diagnostic ignored "-Wstringop-overread"
#pragma GCC diagnostic ignored "-Wnonnull"
#endif

#define GUEST_CASE_SECONDS 60

struct guest_case {
	const char *name;
	void (*fn)(void);
};
#define T(fn) { #fn, fn }

static const char *guest_case_name = "?";
static char guest_self[PATH_MAX]; /* the program's own absolute path */
__attribute__((unused)) static pid_t guest_case_pid;
static char *guest_shared;	 /* memory of all processes of the program: the temporary directory */

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

__attribute__((unused, noreturn, format(printf, 3, 4))) static void
guest_fail(const char *file, int line, const char *fmt, ...)
{
	char buf[600];
	int n = snprintf(buf, 300, "FAIL %s: %s:%d: ", guest_case_name, strrchr(file, '/') ? strrchr(file, '/') + 1 : file, line);
	__builtin_va_list ap;

	__builtin_va_start(ap, fmt);
	n += vsnprintf(buf + n, 290, fmt, ap);
	__builtin_va_end(ap);
	if (n > (int)sizeof(buf) - 2)
		n = (int)sizeof(buf) - 2;
	buf[n++] = '\n';
	fflush(stdout);
	if (write(1, buf, (size_t)n) < 0)
		_exit(4);
	_exit(1);
}

/* The case fails here unless @cond holds. */
#define CHECK(cond)                                                                                                       \
	do {                                                                                                              \
		if (!(cond))                                                                                              \
			guest_fail(__FILE__, __LINE__, "%s (errno %d %s)", #cond, errno, strerror(errno));                \
	} while (0)

#define CHECK_EQ(a, b)                                                                                                    \
	do {                                                                                                              \
		long long a_ = (long long)(a), b_ = (long long)(b);                                                       \
		int e_ = errno;                                                                                           \
		if (a_ != b_)                                                                                             \
			guest_fail(__FILE__, __LINE__, "%s is %lld (0x%llx), not %s = %lld (errno %d)", #a, a_, a_, #b, b_, e_); \
	} while (0)

#define CHECK_STR(a, b)                                                                                                   \
	do {                                                                                                              \
		const char *a_ = (a), *b_ = (b);                                                                          \
		if (strcmp(a_, b_) != 0)                                                                                  \
			guest_fail(__FILE__, __LINE__, "%s is \"%.100s\", not \"%.100s\"", #a, a_, b_);                   \
	} while (0)

/* The call must return -1 with this errno. */
#define CHECK_ERR(call, err)                                                                                              \
	do {                                                                                                              \
		errno = 0;                                                                                                \
		long long r_ = (long long)(call);                                                                         \
		if (r_ != -1 || errno != (err))                                                                           \
			guest_fail(__FILE__, __LINE__, "%s is %lld with errno %d, not -1 with %s", #call, r_, errno, #err); \
	} while (0)

/* An address nothing is mapped at, that the compiler knows nothing of. */
__attribute__((unused)) static void *
guest_bad_address(void)
{
	static volatile uintptr_t bad = 8;

	return (void *)bad;
}

/* Milliseconds of CLOCK_MONOTONIC. */
__attribute__((unused)) static long
guest_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

__attribute__((unused)) static void
guest_sleep_ms(long ms)
{
	struct timespec ts = { ms / 1000, ms % 1000 * 1000000 };

	while (nanosleep(&ts, &ts) != 0 && errno == EINTR)
		;
}

/* Wait for a child (-1: any) and return its wait status. */
__attribute__((unused)) static int
guest_wait(pid_t pid)
{
	int status;

	while (waitpid(pid, &status, 0) < 0) {
		if (errno != EINTR)
			guest_fail(__FILE__, __LINE__, "waitpid: %s", strerror(errno));
	}
	return status;
}

#define CHECK_EXITS(pid, code)                                                                                            \
	do {                                                                                                              \
		int s_ = guest_wait(pid);                                                                                 \
		if (!WIFEXITED(s_) || WEXITSTATUS(s_) != (code))                                                          \
			guest_fail(__FILE__, __LINE__, "child status is 0x%x, not exit %d", s_, (code));                  \
	} while (0)

#define CHECK_KILLED(pid, sig)                                                                                            \
	do {                                                                                                              \
		int s_ = guest_wait(pid);                                                                                 \
		if (!WIFSIGNALED(s_) || WTERMSIG(s_) != (sig))                                                            \
			guest_fail(__FILE__, __LINE__, "child status is 0x%x, not killed by %d", s_, (sig));              \
	} while (0)

/* fork() that fails the case, and whose child has a name in failures. */
__attribute__((unused)) static pid_t
guest_fork(void)
{
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (pid < 0)
		guest_fail(__FILE__, __LINE__, "fork: %s", strerror(errno));
	return pid;
}

/* State letter of a task in /proc/PID/stat, or 0. */
__attribute__((unused)) static char
guest_state(pid_t pid)
{
	char path[64], buf[512], *p;
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	fd = open(path, O_RDONLY);
	if (fd < 0)
		return 0;
	n = read(fd, buf, sizeof(buf) - 1);
	close(fd);
	if (n <= 0)
		return 0;
	buf[n] = '\0';
	p = strrchr(buf, ')');
	return p && p[1] ? p[2] : 0;
}

/* Give a task time to get into a blocking call: until its state is 'S', for 5 seconds at most. */
__attribute__((unused)) static void
guest_await_sleep(pid_t pid)
{
	long end = guest_ms() + 5000;
	char c;

	guest_sleep_ms(10);
	while ((c = guest_state(pid)) != 'S' && c != 0 && guest_ms() < end)
		guest_sleep_ms(5);
	if (c == 0)
		guest_sleep_ms(100); /* no /proc: hope */
	guest_sleep_ms(5);
}

/* An empty directory, the case's working directory; removed after the case by the process that ran it, which has not changed its
 * user or its root. */
__attribute__((unused)) static void
guest_tmpdir(void)
{
	char *dir = guest_shared;

	strcpy(dir, "/tmp/guest.XXXXXX");
	if (!mkdtemp(dir) || chdir(dir) != 0)
		guest_fail(__FILE__, __LINE__, "mkdtemp: %s", strerror(errno));
}

__attribute__((unused)) static void
guest_write_file(const char *path, const void *data, size_t n, mode_t mode)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, mode);

	if (fd < 0 || write(fd, data, n) != (ssize_t)n || fchmod(fd, mode) != 0 || close(fd) != 0)
		guest_fail(__FILE__, __LINE__, "writing %s: %s", path, strerror(errno));
}

/* The file f with @text, open for reading and writing, in a temporary directory. */
__attribute__((unused)) static int
guest_new_file(const char *text)
{
	int fd;

	guest_tmpdir();
	guest_write_file("f", text, strlen(text), 0644);
	fd = open("f", O_RDWR);
	CHECK(fd >= 0);
	return fd;
}

/* A file of @size zeroes without a name. */
__attribute__((unused)) static int
guest_temp_file(size_t size)
{
	char name[] = "/tmp/guest-file-XXXXXX";
	int fd = mkstemp(name);

	CHECK(fd >= 0);
	CHECK_EQ(unlink(name), 0);
	CHECK_EQ(ftruncate(fd, (off_t)size), 0);
	return fd;
}

static void
guest_remove_tmpdir(void)
{
	pid_t pid;

	if (!guest_shared[0])
		return;
	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		execl("/bin/rm", "rm", "-rf", guest_shared, (char *)NULL);
		_exit(1);
	}
	waitpid(pid, NULL, 0);
	guest_shared[0] = '\0';
}

static void
guest_run_inline(const struct guest_case *c)
{
	guest_case_name = c->name;
	guest_case_pid = getpid();
	prctl(PR_SET_NAME, c->name);
	c->fn();
	printf("ok %s\n", c->name);
	fflush(stdout);
}

static int
guest_run(const struct guest_case *c)
{
	int status;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (pid < 0) {
		printf("FAIL %s: fork: %s\n", c->name, strerror(errno));
		return 1;
	}
	if (pid == 0) {
		alarm(GUEST_CASE_SECONDS);
		guest_run_inline(c);
		exit(0);
	}
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (WIFSIGNALED(status))
		printf("FAIL %s: killed by signal %d\n", c->name, WTERMSIG(status));
	else if (WEXITSTATUS(status) > 1)
		printf("FAIL %s: exit status %d\n", c->name, WEXITSTATUS(status));
	guest_remove_tmpdir();
	return status != 0;
}

/* GUEST_WITHOUT has the names of cases that cannot be run, each between blanks. */
static int
guest_is_left_out(const char *name)
{
	const char *names = getenv("GUEST_WITHOUT");
	char word[100];

	snprintf(word, sizeof(word), " %s ", name);
	return names && strstr(names, word);
}

__attribute__((unused)) static int
guest_main(int argc, char **argv, const struct guest_case *cases, size_t n)
{
	static const int ignored_by_callers[] = { SIGHUP, SIGINT, SIGQUIT, SIGPIPE }; /* nohup, a shell's background, Python */
	int failed = 0;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(ignored_by_callers); i++)
		signal(ignored_by_callers[i], SIG_DFL);
	setvbuf(stdout, NULL, _IOLBF, 4096);
	guest_shared = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (!realpath(argv[0], guest_self))
		snprintf(guest_self, sizeof(guest_self), "%s", argv[0]);
	for (i = 0; i < n; i++) {
		if (argc == 1 && guest_is_left_out(cases[i].name))
			continue;
		if (argc > 1 && strcmp(argv[1], cases[i].name) == 0) {
			guest_run_inline(&cases[i]);
			guest_remove_tmpdir();
		} else if (argc == 1) {
			failed += guest_run(&cases[i]);
		}
	}
	return failed != 0;
}

#endif
