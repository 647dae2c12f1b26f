/* SPDX-License-Identifier: MIT
 *
 * Record locks and flock(2): ranges, owners, waiting, deadlocks of several processes. What is simple is in file.c.
 */
#include <sys/file.h>

#include "guest.h"

static int fd;

static int
lock(int on, int cmd, int type, off_t start, off_t len)
{
	struct flock fl = { .l_type = (short)type, .l_whence = SEEK_SET, .l_start = start, .l_len = len };

	return fcntl(on, cmd, &fl);
}

/* Who is in the way of a write lock, for another process: type start len pid-is-ours, as a string. */
static const char *
seen(off_t start, off_t len)
{
	static char text[100];
	struct flock fl = { .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = start, .l_len = len };
	int p[2], status;
	pid_t me = getpid(), pid;
	ssize_t n;

	CHECK_EQ(pipe(p), 0);
	pid = guest_fork();
	if (pid == 0) {
		CHECK_EQ(fcntl(fd, F_GETLK, &fl), 0);
		if (fl.l_type == F_UNLCK)
			dprintf(p[1], "free");
		else
			dprintf(p[1], "%c %ld %ld %d", fl.l_type == F_WRLCK ? 'w' : 'r', (long)fl.l_start, (long)fl.l_len, fl.l_pid == me ? 1 : fl.l_pid);
		_exit(0);
	}
	status = guest_wait(pid);
	CHECK_EQ(status, 0);
	n = read(p[0], text, sizeof(text) - 1);
	CHECK(n > 0);
	text[n] = '\0';
	close(p[0]);
	close(p[1]);
	return text;
}

static void
start(void)
{
	guest_tmpdir();
	fd = open("f", O_RDWR | O_CREAT, 0600);
	CHECK(fd >= 0);
	CHECK_EQ(ftruncate(fd, 100), 0);
}

static void
ranges(void)
{
	start();
	CHECK_EQ(lock(fd, F_SETLK, F_WRLCK, 10, 10), 0);
	CHECK_STR(seen(0, 0), "w 10 10 1");
	CHECK_STR(seen(0, 10), "free");
	CHECK_STR(seen(20, 0), "free");
	CHECK_STR(seen(19, 1), "w 10 10 1");
	CHECK_EQ(lock(fd, F_SETLK, F_WRLCK, 20, 10), 0); /* one with the first */
	CHECK_STR(seen(0, 0), "w 10 20 1");
	CHECK_EQ(lock(fd, F_SETLK, F_RDLCK, 15, 5), 0); /* cuts it in three */
	CHECK_STR(seen(0, 0), "w 10 5 1");
	CHECK_STR(seen(15, 1), "r 15 5 1");
	CHECK_STR(seen(20, 1), "w 20 10 1");
	CHECK_EQ(lock(fd, F_SETLK, F_UNLCK, 12, 2), 0);
	CHECK_STR(seen(12, 2), "free");
	CHECK_STR(seen(14, 1), "w 14 1 1");
	CHECK_EQ(lock(fd, F_SETLK, F_WRLCK, 0, 0), 0);
	CHECK_STR(seen(50, 1), "w 0 0 1");
	CHECK_EQ(lock(fd, F_SETLK, F_UNLCK, 5, 0), 0);
	CHECK_STR(seen(0, 0), "w 0 5 1");
	CHECK_EQ(lock(fd, F_SETLK, F_UNLCK, 0, 0), 0);
	CHECK_EQ(lock(fd, F_SETLK, F_WRLCK, 30, -10), 0); /* before the start */
	CHECK_STR(seen(0, 0), "w 20 10 1");
	struct flock fl = { .l_type = F_WRLCK, .l_whence = SEEK_END, .l_start = -10, .l_len = 5 };
	CHECK_EQ(fcntl(fd, F_SETLK, &fl), 0);
	CHECK_STR(seen(60, 0), "w 90 5 1");
	CHECK_EQ(lseek(fd, 40, SEEK_SET), 40);
	fl = (struct flock){ .l_type = F_RDLCK, .l_whence = SEEK_CUR, .l_start = 1, .l_len = 1 };
	CHECK_EQ(fcntl(fd, F_SETLK, &fl), 0);
	CHECK_STR(seen(40, 5), "r 41 1 1");
}

static void
errors(void)
{
	struct flock fl = { .l_type = F_WRLCK, .l_whence = 7 };
	int ro, wo;

	start();
	ro = open("f", O_RDONLY);
	wo = open("f", O_WRONLY);
	CHECK_ERR(fcntl(fd, F_SETLK, &fl), EINVAL);
	CHECK_ERR(lock(fd, F_SETLK, 9, 0, 0), EINVAL);
	CHECK_ERR(lock(fd, F_GETLK, 9, 0, 0), EINVAL);
	CHECK_ERR(lock(fd, F_GETLK, F_UNLCK, 0, 0), EINVAL);
	CHECK_ERR(lock(fd, F_SETLK, F_WRLCK, -1, 0), EINVAL);
	CHECK_ERR(lock(fd, F_SETLK, F_WRLCK, 5, -6), EINVAL);
	CHECK_ERR(lock(fd, F_SETLK, F_WRLCK, LLONG_MAX, 2), EOVERFLOW);
	CHECK_EQ(lock(fd, F_SETLK, F_WRLCK, LLONG_MAX, 1), 0);
	CHECK_ERR(lock(ro, F_SETLK, F_WRLCK, 0, 0), EBADF);
	CHECK_ERR(lock(wo, F_SETLK, F_RDLCK, 0, 0), EBADF);
	CHECK_ERR(fcntl(fd, F_SETLK, guest_bad_address()), EFAULT);
	CHECK_ERR(lock(999, F_SETLK, F_RDLCK, 0, 0), EBADF);
	CHECK_EQ(lock(ro, F_GETLK, F_WRLCK, 0, 0), 0); /* asking needs no access */
	fl = (struct flock){ .l_type = F_WRLCK, .l_pid = 1 };
	CHECK_ERR(fcntl(fd, F_OFD_SETLK, &fl), EINVAL);
	CHECK_ERR(fcntl(fd, F_OFD_GETLK, &fl), EINVAL);
	int p[2];
	CHECK_EQ(pipe(p), 0);
	CHECK_EQ(lock(p[1], F_SETLK, F_WRLCK, 0, 0), 0);
}

static void
owners(void)
{
	pid_t pid;
	int other;

	start();
	CHECK_EQ(lock(fd, F_SETLK, F_WRLCK, 0, 10), 0);
	pid = guest_fork();
	if (pid == 0) { /* a child has none of them */
		CHECK_ERR(lock(fd, F_SETLK, F_WRLCK, 0, 10), EAGAIN);
		close(fd);
		_exit(0);
	}
	CHECK_EXITS(pid, 0);
	CHECK_STR(seen(0, 0), "w 0 10 1");
	other = open("f", O_RDONLY);
	CHECK_EQ(lock(other, F_SETLK, F_RDLCK, 50, 1), 0);
	close(other); /* any close(2) drops all */
	CHECK_STR(seen(0, 0), "free");
	/* Those of open files conflict with those of the process, and with each other. */
	CHECK_EQ(lock(fd, F_OFD_SETLK, F_WRLCK, 0, 10), 0);
	CHECK_STR(seen(0, 0), "w 0 10 -1");
	other = open("f", O_RDWR);
	CHECK_ERR(lock(other, F_OFD_SETLK, F_RDLCK, 5, 1), EAGAIN);
	CHECK_ERR(lock(fd, F_SETLK, F_WRLCK, 5, 1), EAGAIN);
	CHECK_EQ(lock(dup(fd), F_OFD_SETLK, F_RDLCK, 0, 5), 0); /* the same open file */
	CHECK_EQ(lock(other, F_OFD_SETLK, F_RDLCK, 0, 5), 0);
	close(other);
	CHECK_STR(seen(5, 0), "w 5 5 -1");
}

/* A child that takes byte @mine, then waits for byte @theirs. */
static pid_t
contender(int mine, int theirs, int ready)
{
	pid_t pid = guest_fork();

	if (pid == 0) {
		CHECK_EQ(lock(fd, F_SETLK, F_WRLCK, mine, 1), 0);
		CHECK_EQ(write(ready, "x", 1), 1);
		_exit(lock(fd, F_SETLKW, F_WRLCK, theirs, 1) == 0 ? 0 : errno);
	}
	return pid;
}

static void
three_in_a_ring(void)
{
	int p[2];
	pid_t a, b;
	char c;

	start();
	CHECK_EQ(pipe(p), 0);
	CHECK_EQ(lock(fd, F_SETLK, F_WRLCK, 0, 1), 0);
	a = contender(1, 0, p[1]);
	CHECK_EQ(read(p[0], &c, 1), 1);
	guest_await_sleep(a);
	b = contender(2, 1, p[1]);
	CHECK_EQ(read(p[0], &c, 1), 1);
	guest_await_sleep(b);
	CHECK_ERR(lock(fd, F_SETLKW, F_WRLCK, 2, 1), EDEADLK);
	CHECK_EQ(lock(fd, F_SETLK, F_UNLCK, 0, 0), 0);
	CHECK_EXITS(a, 0);
	CHECK_EXITS(b, 0);
}

static void
nothing(int sig)
{
}

static void
interrupted(void)
{
	struct sigaction sa = { .sa_handler = nothing };
	int p[2];
	pid_t a;
	char c;

	start();
	CHECK_EQ(pipe(p), 0);
	sigaction(SIGUSR1, &sa, NULL);
	CHECK_EQ(lock(fd, F_SETLK, F_WRLCK, 0, 1), 0);
	a = contender(1, 0, p[1]);
	CHECK_EQ(read(p[0], &c, 1), 1);
	guest_await_sleep(a);
	CHECK_EQ(kill(a, SIGUSR1), 0);
	CHECK_EXITS(a, EINTR);
	a = guest_fork();
	if (a == 0) {
		int other = open("f", O_RDWR);

		CHECK_EQ(flock(other, LOCK_SH), 0);
		CHECK_EQ(write(p[1], "x", 1), 1);
		pause();
		_exit(0);
	}
	CHECK_EQ(read(p[0], &c, 1), 1);
	CHECK_EQ(flock(fd, LOCK_SH), 0);
	CHECK_ERR(flock(fd, LOCK_EX | LOCK_NB), EWOULDBLOCK); /* and the shared one is gone */
	kill(a, SIGKILL);
	CHECK_KILLED(a, SIGKILL);
	CHECK_EQ(flock(fd, LOCK_EX | LOCK_NB), 0);
	CHECK_EQ(flock(fd, LOCK_UN), 0);
	CHECK_EQ(flock(fd, LOCK_UN), 0);
}

static void
kept_by_exec(void)
{
	char arg[16];
	pid_t pid;

	start();
	snprintf(arg, sizeof(arg), "%d", fd);
	pid = guest_fork();
	if (pid == 0) {
		CHECK_EQ(lock(fd, F_SETLK, F_WRLCK, 0, 1), 0);
		execl("/bin/sleep", "sleep", "1000", (char *)NULL);
		_exit(1);
	}
	long end = guest_ms() + 20000;
	char comm[64] = "";
	while (strncmp(comm, "sleep", 5) != 0 && guest_ms() < end) {
		char path[64];
		snprintf(path, sizeof(path), "/proc/%d/comm", (int)pid);
		FILE *f = fopen(path, "r");
		if (f) {
			if (!fgets(comm, sizeof(comm), f))
				comm[0] = '\0';
			fclose(f);
		}
		guest_sleep_ms(5);
	}
	CHECK_ERR(lock(fd, F_SETLK, F_WRLCK, 0, 1), EAGAIN);
	kill(pid, SIGKILL);
	CHECK_KILLED(pid, SIGKILL);
	CHECK_EQ(lock(fd, F_SETLK, F_WRLCK, 0, 1), 0);
}

int
main(int argc, char **argv)
{
	static const struct guest_case cases[] = {
		T(ranges), T(errors), T(owners), T(three_in_a_ring), T(interrupted), T(kept_by_exec),
	};

	return guest_main(argc, argv, cases, ARRAY_SIZE(cases));
}
