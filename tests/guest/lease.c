/* SPDX-License-Identifier: MIT
 *
 * Leases of fcntl(2).
 */
#include "guest.h"

static volatile sig_atomic_t told, told_fd, told_code;

static void
on_signal(int sig, siginfo_t *si, void *ctx)
{
	told++;
	told_fd = si->si_fd;
	told_code = si->si_code;
}

static int
make(int flags)
{
	int fd;

	guest_tmpdir();
	guest_write_file("f", "12345", 5, 0666);
	fd = open("f", flags);
	CHECK(fd >= 0);
	return fd;
}

/* The break's signal is SIGRTMIN with information. */
static void
catch_break(int fd)
{
	struct sigaction sa = { .sa_sigaction = on_signal, .sa_flags = SA_SIGINFO };

	CHECK_EQ(sigaction(SIGRTMIN, &sa, NULL), 0);
	CHECK_EQ(fcntl(fd, F_SETSIG, SIGRTMIN), 0);
}

static void
await_told(int n)
{
	long end = guest_ms() + 20000;

	while (told < n && guest_ms() < end)
		guest_sleep_ms(2);
	CHECK_EQ(told, n);
}

static void
types_and_errors(void)
{
	int fd = make(O_RDONLY), other, p[2];

	CHECK_EQ(fcntl(fd, F_GETLEASE), F_UNLCK);
	CHECK_ERR(fcntl(fd, F_SETLEASE, 77), EINVAL);
	CHECK_ERR(fcntl(fd, F_SETLEASE, F_UNLCK), EAGAIN);
	CHECK_EQ(fcntl(fd, F_SETLEASE, F_RDLCK), 0);
	CHECK_EQ(fcntl(fd, F_GETLEASE), F_RDLCK);
	CHECK_EQ(fcntl(fd, F_GETOWN), getpid());
	CHECK_EQ(fcntl(fd, F_SETLEASE, F_WRLCK), 0); /* nobody else has it open */
	CHECK_EQ(fcntl(fd, F_GETLEASE), F_WRLCK);
	CHECK_EQ(fcntl(fd, F_SETLEASE, F_RDLCK), 0);
	other = open("f", O_RDONLY);
	CHECK_EQ(fcntl(other, F_GETLEASE), F_UNLCK);
	CHECK_EQ(fcntl(other, F_SETLEASE, F_RDLCK), 0); /* shared */
	CHECK_ERR(fcntl(fd, F_SETLEASE, F_WRLCK), EAGAIN);
	CHECK_EQ(fcntl(other, F_SETLEASE, F_UNLCK), 0);
	CHECK_ERR(fcntl(fd, F_SETLEASE, F_WRLCK), EAGAIN); /* it is still open */
	close(other);
	CHECK_EQ(fcntl(fd, F_SETLEASE, F_WRLCK), 0);
	CHECK_EQ(fcntl(fd, F_SETLEASE, F_UNLCK), 0);
	CHECK_EQ(fcntl(fd, F_GETLEASE), F_UNLCK);
	other = open("f", O_RDWR);
	CHECK_ERR(fcntl(fd, F_SETLEASE, F_RDLCK), EAGAIN);
	CHECK_ERR(fcntl(other, F_SETLEASE, F_RDLCK), EAGAIN);
	CHECK_ERR(fcntl(other, F_SETLEASE, F_WRLCK), EAGAIN);
	close(fd);
	CHECK_ERR(fcntl(other, F_SETLEASE, F_RDLCK), EAGAIN);
	CHECK_EQ(fcntl(other, F_SETLEASE, F_WRLCK), 0);
	close(other);
	CHECK_EQ(pipe(p), 0);
	CHECK_ERR(fcntl(p[0], F_SETLEASE, F_RDLCK), EINVAL);
	fd = open(".", O_RDONLY);
	CHECK_ERR(fcntl(fd, F_SETLEASE, F_WRLCK), EINVAL);
	if (geteuid() == 0) {
		fd = open("f", O_RDONLY);
		CHECK_EQ(seteuid(65534), 0);
		CHECK_ERR(fcntl(fd, F_SETLEASE, F_RDLCK), EACCES);
		CHECK_EQ(seteuid(0), 0);
	}
}

static void
a_nonblocking_open_breaks(void)
{
	int fd = make(O_RDONLY);

	catch_break(fd);
	CHECK_EQ(fcntl(fd, F_SETLEASE, F_RDLCK), 0);
	close(open("f", O_RDONLY));
	CHECK_EQ(told, 0); /* readers do not matter */
	CHECK_ERR(open("f", O_WRONLY | O_NONBLOCK), EWOULDBLOCK);
	CHECK_EQ(told, 1);
	CHECK_EQ(told_fd, fd);
	CHECK_EQ(told_code, POLL_MSG);
	CHECK_EQ(fcntl(fd, F_GETLEASE), F_UNLCK); /* what it is becoming */
	CHECK_ERR(open("f", O_RDWR | O_NONBLOCK), EWOULDBLOCK);
	CHECK_EQ(told, 1); /* once */
	CHECK_EQ(fcntl(fd, F_SETLEASE, F_UNLCK), 0);
	CHECK_EQ(fcntl(fd, F_GETSIG), 0);
	CHECK(open("f", O_WRONLY | O_NONBLOCK) >= 0);
}

static void
an_open_waits(void)
{
	int fd = make(O_RDONLY);
	pid_t pid;

	catch_break(fd);
	CHECK_EQ(fcntl(fd, F_SETLEASE, F_WRLCK), 0);
	pid = guest_fork();
	if (pid == 0)
		_exit(open("f", O_RDONLY) < 0);
	await_told(1);
	guest_await_sleep(pid);
	CHECK_EQ(waitpid(pid, NULL, WNOHANG), 0);
	CHECK_EQ(fcntl(fd, F_GETLEASE), F_RDLCK);
	CHECK_EQ(fcntl(fd, F_SETLEASE, F_RDLCK), 0); /* downgraded: a reader may come */
	CHECK_EXITS(pid, 0);
	CHECK_EQ(fcntl(fd, F_GETLEASE), F_RDLCK);
	pid = guest_fork();
	if (pid == 0)
		_exit(open("f", O_WRONLY) < 0);
	await_told(2);
	guest_await_sleep(pid);
	CHECK_EQ(fcntl(fd, F_SETLEASE, F_UNLCK), 0);
	CHECK_EXITS(pid, 0);
}

static void
a_truncate_waits(void)
{
	int fd = make(O_RDONLY);
	struct stat st;
	pid_t pid;

	catch_break(fd);
	CHECK_EQ(fcntl(fd, F_SETLEASE, F_RDLCK), 0);
	pid = guest_fork();
	if (pid == 0) {
		close(fd);
		_exit(truncate("f", 1) != 0);
	}
	await_told(1);
	guest_await_sleep(pid);
	CHECK_EQ(fstat(fd, &st), 0);
	CHECK_EQ(st.st_size, 5);
	CHECK_EQ(fcntl(fd, F_SETLEASE, F_UNLCK), 0);
	CHECK_EXITS(pid, 0);
	CHECK_EQ(fstat(fd, &st), 0);
	CHECK_EQ(st.st_size, 1);
}

static void
the_last_close_ends_it(void)
{
	int fd = make(O_RDONLY), d = dup(fd);
	pid_t pid;

	catch_break(fd);
	CHECK_EQ(fcntl(fd, F_SETLEASE, F_RDLCK), 0);
	close(fd);
	CHECK_EQ(fcntl(d, F_GETLEASE), F_RDLCK); /* of the open file, not of the descriptor */
	pid = guest_fork();
	if (pid == 0) {
		close(d);
		_exit(open("f", O_WRONLY) < 0);
	}
	await_told(1);
	CHECK_EQ(told_fd, fd);
	close(d);
	CHECK_EXITS(pid, 0);
}

static void
nothing(int sig)
{
}

static void
a_signal_ends_the_wait(void)
{
	struct sigaction sa = { .sa_handler = nothing };
	int fd = make(O_RDONLY);
	pid_t pid;

	catch_break(fd);
	CHECK_EQ(fcntl(fd, F_SETLEASE, F_RDLCK), 0);
	pid = guest_fork();
	if (pid == 0) {
		sigaction(SIGUSR1, &sa, NULL);
		_exit(open("f", O_WRONLY) < 0 && errno == EINTR ? 7 : 1);
	}
	await_told(1);
	guest_await_sleep(pid);
	CHECK_EQ(kill(pid, SIGUSR1), 0);
	CHECK_EXITS(pid, 7);
	CHECK_EQ(fcntl(fd, F_GETLEASE), F_UNLCK); /* it is still being broken */
}

static void
other_operations_do_not_break(void)
{
	int fd = make(O_RDONLY);
	struct stat st;

	catch_break(fd);
	CHECK_EQ(fcntl(fd, F_SETLEASE, F_WRLCK), 0);
	CHECK_EQ(stat("f", &st), 0);
	CHECK(open("f", O_PATH) >= 0);
	CHECK_EQ(chmod("f", 0600), 0);
	CHECK_EQ(link("f", "g"), 0);
	CHECK_EQ(rename("g", "h"), 0);
	CHECK_EQ(unlink("h"), 0);
	CHECK_EQ(told, 0);
	CHECK_EQ(fcntl(fd, F_GETLEASE), F_WRLCK);
}

/* What fdinfo and /proc/locks say of them. */
static void
shown(void)
{
	char path[64], want[128], text[16384];
	struct stat st;
	int fd, in;
	ssize_t n;

	guest_tmpdir();
	signal(SIGIO, SIG_IGN);
	close(open("f", O_RDWR | O_CREAT, 0600));
	fd = open("f", O_RDONLY);
	CHECK_EQ(fcntl(fd, F_SETLEASE, F_RDLCK), 0);
	CHECK_EQ(fstat(fd, &st), 0);
	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	for (int breaking = 0; breaking < 2; breaking++) {
		in = open(path, O_RDONLY);
		n = read(in, text, sizeof(text) - 1);
		CHECK(n > 0);
		text[n] = '\0';
		CHECK(strstr(text, breaking ? "lock:\t1: LEASE  BREAKING  UNLCK " : "lock:\t1: LEASE  ACTIVE    READ ") != NULL);
		snprintf(want, sizeof(want), ":%lu 0 EOF\n", (unsigned long)st.st_ino);
		CHECK(strstr(text, want) != NULL);
		close(in);
		in = open("/proc/locks", O_RDONLY);
		for (n = 0; n < (ssize_t)sizeof(text) - 1; ) {
			ssize_t got = read(in, text + n, sizeof(text) - 1 - (size_t)n);

			if (got <= 0)
				break;
			n += got;
		}
		text[n] = '\0';
		close(in);
		if (n < (ssize_t)sizeof(text) - 1)
			CHECK(strstr(text, breaking ? " LEASE  BREAKING  UNLCK " : " LEASE  ACTIVE    READ ") != NULL);
		CHECK_ERR(open("f", O_WRONLY | O_NONBLOCK), EWOULDBLOCK);
	}
}

int
main(int argc, char **argv)
{
	static const struct guest_case cases[] = {
		T(types_and_errors), T(a_nonblocking_open_breaks), T(an_open_waits), T(a_truncate_waits), T(the_last_close_ends_it),
		T(a_signal_ends_the_wait), T(other_operations_do_not_break),
		T(shown),
	};

	return guest_main(argc, argv, cases, ARRAY_SIZE(cases));
}
