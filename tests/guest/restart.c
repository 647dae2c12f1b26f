/* SPDX-License-Identifier: MIT
 *
 * What a signal does to a blocking call: restarted with SA_RESTART, EINTR without, EINTR always, or continued after a stop.
 */
#include <linux/futex.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/select.h>

#include "tests/guest/guest.h"

static volatile int handled;

static void
count(int sig)
{
	handled++;
}

static void
catch_usr1(int flags)
{
	struct sigaction sa = { .sa_handler = count, .sa_flags = flags };

	sigaction(SIGUSR1, &sa, NULL);
}

/* A child that signals us when we sleep, and then does @after. */
static pid_t
poke(void (*after)(void *), void *arg)
{
	pid_t me = getpid(), pid = guest_fork();

	if (pid == 0) {
		guest_await_sleep(me);
		kill(me, SIGUSR1);
		guest_await_sleep(me);
		if (after)
			after(arg);
		_exit(0);
	}
	return pid;
}

/* A child that stops and continues us when we sleep. */
static pid_t
stop_and_continue(void (*after)(void *), void *arg)
{
	pid_t me = getpid(), pid = guest_fork();

	if (pid == 0) {
		guest_await_sleep(me);
		kill(me, SIGSTOP);
		guest_sleep_ms(30);
		kill(me, SIGCONT);
		guest_await_sleep(me);
		if (after)
			after(arg);
		_exit(0);
	}
	return pid;
}

static void
write_byte(void *arg)
{
	if (write(*(int *)arg, "z", 1) != 1)
		_exit(9);
}

static void
read_of_a_pipe(void)
{
	int p[2];
	char c = 0;
	pid_t pid;

	CHECK_EQ(pipe(p), 0);
	catch_usr1(SA_RESTART);
	pid = poke(write_byte, &p[1]);
	CHECK_EQ(read(p[0], &c, 1), 1);
	CHECK_EQ(c, 'z');
	CHECK_EQ(handled, 1);
	CHECK_EXITS(pid, 0);
	catch_usr1(0);
	pid = poke(NULL, NULL);
	CHECK_ERR(read(p[0], &c, 1), EINTR);
	CHECK_EXITS(pid, 0);
	pid = stop_and_continue(write_byte, &p[1]);
	CHECK_EQ(read(p[0], &c, 1), 1);
	CHECK_EXITS(pid, 0);
}

static void
drain(void *arg)
{
	char buf[65536];
	int fd = *(int *)arg, n, total = 0;

	while (total < 100000 + 65536 && (n = (int)read(fd, buf, sizeof(buf))) > 0)
		total += n;
}

static void
write_to_a_full_pipe(void)
{
	static char buf[100000];
	int p[2];
	pid_t pid;

	CHECK_EQ(pipe(p), 0);
	catch_usr1(0);
	pid = poke(NULL, NULL);
	CHECK_EQ(write(p[1], buf, sizeof(buf)), 65536); /* what went in before the signal */
	CHECK_EXITS(pid, 0);
	pid = poke(NULL, NULL);
	CHECK_ERR(write(p[1], buf, 10), EINTR);
	CHECK_EXITS(pid, 0);
	catch_usr1(SA_RESTART);
	pid = poke(drain, &p[0]);
	CHECK_EQ(write(p[1], buf, 4096), 4096);
	kill(pid, SIGKILL);
	guest_wait(pid);
}

static void
wait_for_a_child(void)
{
	pid_t pid, child;

	child = guest_fork();
	if (child == 0) {
		for (;;)
			pause();
	}
	catch_usr1(0);
	pid = poke(NULL, NULL);
	CHECK_ERR(waitpid(child, NULL, 0), EINTR);
	CHECK_EXITS(pid, 0);
	catch_usr1(SA_RESTART);
	handled = 0;
	pid = poke(NULL, NULL);
	CHECK_EQ(waitpid(pid, NULL, 0), pid);
	CHECK_EQ(handled, 1);
	kill(child, SIGKILL);
	CHECK_KILLED(child, SIGKILL);
}

static void
nanosleep_tells_the_rest(void)
{
	struct timespec ts = { 2, 0 }, rem = { 99, 99 };
	pid_t pid;

	catch_usr1(SA_RESTART); /* makes no difference */
	pid = poke(NULL, NULL);
	CHECK_ERR(nanosleep(&ts, &rem), EINTR);
	CHECK(rem.tv_sec < 2);
	CHECK_EXITS(pid, 0);
	pid = poke(NULL, NULL);
	CHECK_EQ(clock_nanosleep(CLOCK_MONOTONIC, 0, &ts, &rem), EINTR);
	CHECK(rem.tv_sec < 2);
	CHECK_EXITS(pid, 0);
}

static void
absolute_sleep_leaves_the_rest_alone(void)
{
	struct timespec ts, rem = { 99, 99 };
	pid_t pid;

	catch_usr1(0);
	clock_gettime(CLOCK_MONOTONIC, &ts);
	ts.tv_sec += 5;
	pid = poke(NULL, NULL);
	CHECK_EQ(clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &ts, &rem), EINTR);
	CHECK_EQ(rem.tv_sec, 99);
	CHECK_EXITS(pid, 0);
}

static void
sleep_goes_on_after_a_stop(void)
{
	struct timespec ts = { 0, 300000000 };
	long start = guest_ms();
	pid_t pid = stop_and_continue(NULL, NULL);

	CHECK_EQ(nanosleep(&ts, NULL), 0);
	CHECK(guest_ms() - start >= 299 && guest_ms() - start < 2000);
	CHECK_EXITS(pid, 0);
}

static void
sleep_ignores_ignored_signals(void)
{
	struct timespec ts = { 0, 300000000 };
	pid_t pid;

	signal(SIGUSR1, SIG_IGN);
	pid = poke(NULL, NULL);
	CHECK_EQ(nanosleep(&ts, NULL), 0);
	CHECK_EXITS(pid, 0);
}

static void
poll_and_select_never_restart(void)
{
	struct pollfd pfd = { .events = POLLIN };
	struct timeval tv = { 5, 0 };
	fd_set set;
	int p[2];
	pid_t pid;

	CHECK_EQ(pipe(p), 0);
	catch_usr1(SA_RESTART);
	pfd.fd = p[0];
	pid = poke(NULL, NULL);
	CHECK_ERR(poll(&pfd, 1, 5000), EINTR);
	CHECK_EXITS(pid, 0);
	FD_ZERO(&set);
	FD_SET(p[0], &set);
	pid = poke(NULL, NULL);
	CHECK_ERR(select(p[0] + 1, &set, NULL, NULL, &tv), EINTR);
	CHECK(FD_ISSET(p[0], &set));
	CHECK_EXITS(pid, 0);
	CHECK_EQ(handled, 2);
}

static void
poll_goes_on_after_a_stop(void)
{
	struct pollfd pfd = { .events = POLLIN };
	int p[2];
	pid_t pid;

	CHECK_EQ(pipe(p), 0);
	pfd.fd = p[0];
	pid = stop_and_continue(write_byte, &p[1]);
	CHECK_EQ(poll(&pfd, 1, 5000), 1);
	CHECK_EXITS(pid, 0);
}

static void
epoll_wait_never_restarts(void)
{
	struct epoll_event ev;
	int ep = epoll_create1(0);
	pid_t pid;

	CHECK(ep >= 0);
	catch_usr1(SA_RESTART);
	pid = poke(NULL, NULL);
	CHECK_ERR(epoll_wait(ep, &ev, 1, 5000), EINTR);
	CHECK_EXITS(pid, 0);
}

static void
pause_and_sigsuspend(void)
{
	sigset_t empty;
	pid_t pid;

	sigemptyset(&empty);
	catch_usr1(SA_RESTART);
	pid = poke(NULL, NULL);
	CHECK_ERR(pause(), EINTR);
	CHECK_EXITS(pid, 0);
	pid = poke(NULL, NULL);
	CHECK_ERR(sigsuspend(&empty), EINTR);
	CHECK_EXITS(pid, 0);
}

static uint32_t word;

static void
wake_word(void *arg)
{
	syscall(SYS_futex, arg, FUTEX_WAKE, 1, NULL, NULL, 0);
}

static void
futex_wait_restarts(void)
{
	uint32_t *w = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	struct timespec ts = { 5, 0 };
	pid_t pid;

	catch_usr1(SA_RESTART);
	pid = poke(wake_word, w);
	CHECK_EQ(syscall(SYS_futex, w, FUTEX_WAIT, 0, NULL, NULL, 0), 0);
	CHECK_EQ(handled, 1);
	CHECK_EXITS(pid, 0);
	catch_usr1(0);
	pid = poke(NULL, NULL);
	CHECK_ERR(syscall(SYS_futex, &word, FUTEX_WAIT, 0, NULL, NULL, 0), EINTR);
	CHECK_EXITS(pid, 0);
	catch_usr1(SA_RESTART);
	pid = poke(NULL, NULL);
	CHECK_ERR(syscall(SYS_futex, &word, FUTEX_WAIT, 0, &ts, NULL, 0), EINTR); /* with a timeout: restart block */
	CHECK_EXITS(pid, 0);
}

static void
eventfd_read_restarts(void)
{
	int fd = eventfd(0, 0);
	uint64_t v = 0;
	pid_t pid = getpid();

	catch_usr1(0);
	pid = poke(NULL, NULL);
	CHECK_ERR(read(fd, &v, 8), EINTR);
	CHECK_EXITS(pid, 0);
}

static void
open_of_a_fifo(void)
{
	pid_t pid;
	int fd;

	guest_tmpdir();
	CHECK_EQ(mkfifo("fifo", 0600), 0);
	catch_usr1(0);
	pid = poke(NULL, NULL);
	CHECK_ERR(open("fifo", O_RDONLY), EINTR);
	CHECK_EXITS(pid, 0);
	catch_usr1(SA_RESTART);
	handled = 0;
	pid = guest_fork();
	if (pid == 0) {
		pid_t parent = getppid();

		guest_await_sleep(parent);
		kill(parent, SIGUSR1);
		guest_await_sleep(parent);
		fd = open("fifo", O_WRONLY);
		_exit(fd < 0);
	}
	CHECK(open("fifo", O_RDONLY) >= 0);
	CHECK_EQ(handled, 1);
	CHECK_EXITS(pid, 0);
}

static void
flock_and_posix_locks(void)
{
	struct flock fl = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	int fd, p[2];
	pid_t holder, pid;
	char c;

	guest_tmpdir();
	guest_write_file("f", "x", 1, 0600);
	fd = open("f", O_RDWR);
	CHECK_EQ(pipe(p), 0);
	holder = guest_fork();
	if (holder == 0) {
		int own = open("f", O_RDWR);

		if (flock(own, LOCK_EX) != 0 || fcntl(own, F_SETLK, &fl) != 0)
			_exit(1);
		if (write(p[1], "r", 1) != 1)
			_exit(2);
		for (;;)
			pause();
	}
	CHECK_EQ(read(p[0], &c, 1), 1);
	catch_usr1(0);
	pid = poke(NULL, NULL);
	CHECK_ERR(flock(fd, LOCK_EX), EINTR);
	CHECK_EXITS(pid, 0);
	pid = poke(NULL, NULL);
	CHECK_ERR(fcntl(fd, F_SETLKW, &fl), EINTR);
	CHECK_EXITS(pid, 0);
	kill(holder, SIGKILL);
	CHECK_KILLED(holder, SIGKILL);
	CHECK_EQ(flock(fd, LOCK_EX), 0);
	CHECK_EQ(fcntl(fd, F_SETLKW, &fl), 0);
}

static void
two_signals_one_restart(void)
{
	int p[2];
	char c;
	pid_t me = getpid(), pid;
	struct sigaction sa = { .sa_handler = count };

	CHECK_EQ(pipe(p), 0);
	catch_usr1(SA_RESTART);
	sigaction(SIGUSR2, &sa, NULL); /* without: whichever handler runs, EINTR must win if it is set up first */
	pid = guest_fork();
	if (pid == 0) {
		int i;

		for (i = 0; i < 5; i++) {
			guest_await_sleep(me);
			kill(me, SIGUSR1);
		}
		guest_await_sleep(me);
		_exit(kill(me, SIGUSR2));
	}
	CHECK_ERR(read(p[0], &c, 1), EINTR);
	CHECK_EQ(handled, 6);
	CHECK_EXITS(pid, 0);
}

int
main(int argc, char **argv)
{
	static const struct guest_case cases[] = {
		T(read_of_a_pipe), T(write_to_a_full_pipe), T(wait_for_a_child), T(nanosleep_tells_the_rest),
		T(absolute_sleep_leaves_the_rest_alone), T(sleep_goes_on_after_a_stop), T(sleep_ignores_ignored_signals),
		T(poll_and_select_never_restart), T(poll_goes_on_after_a_stop), T(epoll_wait_never_restarts),
		T(pause_and_sigsuspend), T(futex_wait_restarts), T(eventfd_read_restarts), T(open_of_a_fifo),
		T(flock_and_posix_locks), T(two_signals_one_restart),
	};

	return guest_main(argc, argv, cases, ARRAY_SIZE(cases));
}
