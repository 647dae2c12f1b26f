/* SPDX-License-Identifier: MIT
 *
 * Times single system calls and small compositions: nanoseconds of one operation, the best of some rounds.
 *
 * Where two tasks take turns it matters most where they run, and the host's scheduler changes its mind: these are there twice, with both on
 * one CPU (NAME_1cpu: two switches a round trip) and on two (NAME_2cpu: two wake-ups of another CPU). A futex has the first alone:
 * on two CPUs neither side ever sleeps, since each sees the other's store before it has asked the kernel for anything.
 *
 * Usage: bench [--ms=N] [NAME...]      one line each: NAME NS
 *        bench --list                  the names
 *        bench --spawn=N COMMAND...    how long a command takes from fork to wait: best and median of N, in microseconds
 * tests/bench/run-bench runs it natively and under both traps and prints the ratios.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "src/clock.h"

#define ROUNDS 5

struct bench {
	const char *name;
	void (*run)(long n);
	void (*setup)(void);
	void (*end)(void);
	int cpus; /* of the two sides: 1, 2; 0: wherever they happen to be */
};

static int fd = -1, pipes[4];
static pid_t child;
static char buf[65536];
static char dir[64];

static void __attribute__((noreturn))
die(const char *what)
{
	fprintf(stderr, "bench: %s: %s\n", what, strerror(errno));
	exit(1);
}

/* Set-ups */

/* A directory in memory, which is what tmpfs is for on the host too. */
static void
make_dir(void)
{
	snprintf(dir, sizeof(dir), "%s/bench.XXXXXX", access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
	if (!mkdtemp(dir) || chdir(dir) != 0)
		die(dir);
}

static void
remove_dir(void)
{
	char cmd[128];

	if (fd >= 0)
		close(fd);
	fd = -1;
	snprintf(cmd, sizeof(cmd), "rm -rf %s", dir);
	if (chdir("/") != 0 || system(cmd) != 0)
		die(dir);
}

static void
open_file(void)
{
	make_dir();
	fd = open("file", O_RDWR | O_CREAT, 0600);
	if (fd < 0 || write(fd, buf, sizeof(buf)) != sizeof(buf))
		die("file");
}

static void
fill_dir(void)
{
	char name[16];
	int i;

	make_dir();
	for (i = 0; i < 100; i++) {
		snprintf(name, sizeof(name), "file%d", i);
		close(open(name, O_WRONLY | O_CREAT, 0600));
	}
	fd = open(".", O_RDONLY | O_DIRECTORY);
}

static void
open_eventfd(void)
{
	fd = eventfd(1, 0);
}

static void
open_pipe(void)
{
	if (pipe(pipes) != 0)
		die("pipe");
}

static void
close_pipe(void)
{
	close(pipes[0]);
	close(pipes[1]);
}

static void
close_fd(void)
{
	close(fd);
	fd = -1;
}

/* Two of those this process may use; the same one twice if there are no more. */
static int cpu_of_side[2];
static cpu_set_t all_cpus;

static void
pin(int side)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET((size_t)cpu_of_side[side], &set);
	if (sched_setaffinity(0, sizeof(set), &set) != 0)
		die("sched_setaffinity");
}

static bool pinning;

static void
choose_cpus(int cpus)
{
	int cpu, n = 0;

	if (sched_getaffinity(0, sizeof(all_cpus), &all_cpus) != 0)
		die("sched_getaffinity");
	for (cpu = 0; cpu < CPU_SETSIZE && n < cpus; cpu++) {
		if (CPU_ISSET((size_t)cpu, &all_cpus))
			cpu_of_side[n++] = cpu;
	}
	if (n == 0 || n < cpus)
		die("there are not enough CPUs");
	if (n == 1)
		cpu_of_side[1] = cpu_of_side[0];
	pinning = true;
}

static void
pin_partner(void)
{
	if (pinning)
		pin(1);
}

/* A child that sends back every byte. */
static void
echo_child(void)
{
	char c;

	if (pipe(pipes) != 0 || pipe(pipes + 2) != 0)
		die("pipe");
	child = fork();
	if (child == 0) {
		pin_partner();
		close(pipes[1]);
		while (read(pipes[0], &c, 1) == 1) {
			if (write(pipes[3], &c, 1) != 1)
				break;
		}
		_exit(0);
	}
}

static void
end_echo_child(void)
{
	int i;

	close(pipes[1]);
	waitpid(child, NULL, 0);
	for (i = 0; i < 4; i++) {
		if (i != 1)
			close(pipes[i]);
	}
}

/* The same over a pair of sockets; pipes[0] is this side's. */
static void
echo_socket_child(void)
{
	char c;

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, pipes) != 0)
		die("socketpair");
	child = fork();
	if (child == 0) {
		pin_partner();
		close(pipes[0]);
		while (read(pipes[1], &c, 1) == 1) {
			if (write(pipes[1], &c, 1) != 1)
				break;
		}
		_exit(0);
	}
	close(pipes[1]);
}

static void
end_echo_socket_child(void)
{
	close(pipes[0]);
	waitpid(child, NULL, 0);
}

/* The same over a connection of TCP. */
static void
echo_tcp_child(void)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(a);
	int l = socket(AF_INET, SOCK_STREAM, 0), on = 1;
	char c;

	if (l < 0 || bind(l, (struct sockaddr *)&a, len) != 0 || listen(l, 1) != 0 || getsockname(l, (struct sockaddr *)&a, &len) != 0)
		die("listen");
	pipes[0] = socket(AF_INET, SOCK_STREAM, 0);
	if (connect(pipes[0], (struct sockaddr *)&a, len) != 0)
		die("connect");
	pipes[1] = accept(l, NULL, NULL);
	close(l);
	for (int i = 0; i < 2; i++)
		setsockopt(pipes[i], IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	child = fork();
	if (child == 0) {
		pin_partner();
		close(pipes[0]);
		while (read(pipes[1], &c, 1) == 1) {
			if (write(pipes[1], &c, 1) != 1)
				break;
		}
		_exit(0);
	}
	close(pipes[1]);
}

static int events[2];
static pthread_t partner;

static void *
eventfd_partner(void *arg)
{
	eventfd_t v;

	pin_partner();
	while (eventfd_read(events[0], &v) == 0 && v == 1)
		eventfd_write(events[1], 1);
	return NULL;
}

static void
start_eventfd_partner(void)
{
	events[0] = eventfd(0, 0);
	events[1] = eventfd(0, 0);
	if (pthread_create(&partner, NULL, eventfd_partner, NULL) != 0)
		die("thread");
}

static void
end_eventfd_partner(void)
{
	eventfd_write(events[0], 2);
	pthread_join(partner, NULL);
	close(events[0]);
	close(events[1]);
}

static uint32_t turn;

static void
await_turn(uint32_t mine)
{
	uint32_t v;

	while ((v = __atomic_load_n(&turn, __ATOMIC_SEQ_CST)) != mine && v != 2)
		syscall(SYS_futex, &turn, FUTEX_WAIT_PRIVATE, v, NULL, NULL, 0);
}

static void
give_turn(uint32_t to)
{
	__atomic_store_n(&turn, to, __ATOMIC_SEQ_CST);
	syscall(SYS_futex, &turn, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
}

static void *
futex_partner(void *arg)
{
	pin_partner();
	for (;;) {
		await_turn(1);
		if (__atomic_load_n(&turn, __ATOMIC_SEQ_CST) == 2)
			return NULL;
		give_turn(0);
	}
}

static void
start_futex_partner(void)
{
	turn = 0;
	if (pthread_create(&partner, NULL, futex_partner, NULL) != 0)
		die("thread");
}

static void
end_futex_partner(void)
{
	give_turn(2);
	pthread_join(partner, NULL);
}

static volatile sig_atomic_t caught;

static void
on_signal(int sig)
{
	caught++;
}

static void
catch_signal(void)
{
	signal(SIGUSR1, on_signal);
}

static int epoll_fd;

static void
open_epoll(void)
{
	struct epoll_event ev = { .events = EPOLLIN };

	epoll_fd = epoll_create1(0);
	open_eventfd();
	epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &ev);
}

static void
close_epoll(void)
{
	close(epoll_fd);
	close_fd();
}

/* The operations: each does @n of them. */

#define REPEAT(name, op)                                                                                                  \
	static void name(long n)                                                                                          \
	{                                                                                                                 \
		while (n-- > 0) {                                                                                         \
			op;                                                                                               \
		}                                                                                                         \
	}

static struct stat st;
static struct rusage ru;
static struct timespec ts;
static struct epoll_event ev;
static sigset_t mask;
static struct sigaction sa;
static eventfd_t count;

static void
one_poll(void)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	poll(&p, 1, 0);
}

static void
one_preadv(void)
{
	struct iovec v[4] = { { buf, 16 }, { buf + 16, 16 }, { buf + 32, 16 }, { buf + 48, 16 } };

	if (preadv(fd, v, 4, 0) != 64)
		die("preadv");
}

static void
touch_new_memory(void)
{
	volatile char *p = mmap(NULL, 65536, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int i;

	for (i = 0; i < 16; i++)
		p[i * 4096] = 1;
	munmap((void *)(uintptr_t)p, 65536);
}

REPEAT(getppid_call, syscall(SYS_getppid))
REPEAT(gettid_call, syscall(SYS_gettid))
REPEAT(clock_gettime_call, syscall(SYS_clock_gettime, CLOCK_MONOTONIC, &ts))
REPEAT(clock_gettime_vdso, clock_gettime(CLOCK_MONOTONIC, &ts))
REPEAT(lseek_call, lseek(fd, 0, SEEK_SET))
REPEAT(fstat_call, fstat(fd, &st))
REPEAT(fcntl_call, fcntl(fd, F_GETFL))
REPEAT(sigprocmask_call, sigprocmask(SIG_BLOCK, NULL, &mask))
REPEAT(sigaction_call, sigaction(SIGUSR2, NULL, &sa))
REPEAT(getrusage_call, getrusage(RUSAGE_SELF, &ru))
REPEAT(sched_yield_call, sched_yield())
REPEAT(futex_wake_call, syscall(SYS_futex, &turn, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0))
REPEAT(poll_ready_call, one_poll())
REPEAT(epoll_wait_ready, epoll_wait(epoll_fd, &ev, 1, 0))
REPEAT(dup_and_close, close(dup(fd)))
REPEAT(pread_4k, if (pread(fd, buf, 4096, 4096) != 4096) die("pread"))
REPEAT(pwrite_4k, if (pwrite(fd, buf, 4096, 4096) != 4096) die("pwrite"))
REPEAT(pread_64k, if (pread(fd, buf, 65536, 0) != 65536) die("pread"))
REPEAT(readv_4, one_preadv())
REPEAT(open_and_close, close(open("file", O_RDONLY)))
REPEAT(stat_call, stat("file", &st))
REPEAT(stat_usr_bin, stat("/usr/bin/env", &st))
REPEAT(open_usr_bin, close(open("/usr/bin/env", O_RDONLY)))
REPEAT(access_missing, access("/usr/bin/no-such-program", R_OK))
REPEAT(create_and_unlink, close(open("new", O_WRONLY | O_CREAT, 0600)); unlink("new"))
REPEAT(rename_call, rename("file", "other"); rename("other", "file"))
REPEAT(mkdir_and_rmdir, mkdir("d", 0700); rmdir("d"))
REPEAT(getdents_100, lseek(fd, 0, SEEK_SET); while (syscall(SYS_getdents64, fd, buf, sizeof(buf)) > 0))
REPEAT(mmap_and_munmap, munmap(mmap(NULL, 65536, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), 65536))
REPEAT(mmap_touch_16, touch_new_memory())
REPEAT(pipe_write_read, if (write(pipes[1], buf, 1) != 1 || read(pipes[0], buf, 1) != 1) die("pipe"))
REPEAT(pipe_4k, if (write(pipes[1], buf, 4096) != 4096 || read(pipes[0], buf, 4096) != 4096) die("pipe"))
REPEAT(eventfd_write_read, eventfd_write(fd, 1); eventfd_read(fd, &count))
REPEAT(signal_to_self, kill(getpid(), SIGUSR1))
REPEAT(pipe_round_trip, if (write(pipes[1], buf, 1) != 1 || read(pipes[2], buf, 1) != 1) die("pipe"))
REPEAT(unix_round_trip, if (write(pipes[0], buf, 1) != 1 || read(pipes[0], buf, 1) != 1) die("socket"))
REPEAT(eventfd_round_trip, eventfd_write(events[0], 1); eventfd_read(events[1], &count))
REPEAT(futex_round_trip, give_turn(1); await_turn(0))

static void
fork_exit_wait(long n)
{
	pid_t pid;

	while (n-- > 0) {
		pid = fork();
		if (pid == 0)
			_exit(0);
		waitpid(pid, NULL, 0);
	}
}

static void
fork_exec_wait(long n)
{
	pid_t pid;

	while (n-- > 0) {
		pid = fork();
		if (pid == 0) {
			execl("/bin/true", "true", (char *)NULL);
			_exit(127);
		}
		waitpid(pid, NULL, 0);
	}
}

extern char **environ;

static void
spawn_and_wait(long n)
{
	char *argv[] = { "true", NULL };
	pid_t pid;

	while (n-- > 0) {
		if (posix_spawn(&pid, "/bin/true", NULL, NULL, argv, environ) != 0)
			die("posix_spawn");
		waitpid(pid, NULL, 0);
	}
}

static void
shell_and_wait(long n)
{
	while (n-- > 0) {
		if (system("exit 0") != 0)
			die("system");
	}
}

static void *
nothing(void *arg)
{
	return arg;
}

static void
thread_create_join(long n)
{
	pthread_t th;

	while (n-- > 0) {
		if (pthread_create(&th, NULL, nothing, NULL) != 0)
			die("pthread_create");
		pthread_join(th, NULL);
	}
}

static const struct bench benches[] = {
	{ "getppid", getppid_call, NULL, NULL, 0 },
	{ "gettid", gettid_call, NULL, NULL, 0 },
	{ "clock_gettime", clock_gettime_call, NULL, NULL, 0 },
	{ "clock_gettime_vdso", clock_gettime_vdso, NULL, NULL, 0 },
	{ "lseek", lseek_call, open_file, remove_dir, 0 },
	{ "fstat", fstat_call, open_file, remove_dir, 0 },
	{ "fcntl", fcntl_call, open_file, remove_dir, 0 },
	{ "sigprocmask", sigprocmask_call, NULL, NULL, 0 },
	{ "sigaction", sigaction_call, NULL, NULL, 0 },
	{ "getrusage", getrusage_call, NULL, NULL, 0 },
	{ "sched_yield", sched_yield_call, NULL, NULL, 0 },
	{ "futex_wake", futex_wake_call, NULL, NULL, 0 },
	{ "poll_ready", poll_ready_call, open_eventfd, close_fd, 0 },
	{ "epoll_wait_ready", epoll_wait_ready, open_epoll, close_epoll, 0 },
	{ "dup_close", dup_and_close, open_eventfd, close_fd, 0 },
	{ "pread_4k", pread_4k, open_file, remove_dir, 0 },
	{ "pwrite_4k", pwrite_4k, open_file, remove_dir, 0 },
	{ "pread_64k", pread_64k, open_file, remove_dir, 0 },
	{ "preadv_4x16", readv_4, open_file, remove_dir, 0 },
	{ "open_close", open_and_close, open_file, remove_dir, 0 },
	{ "stat", stat_call, open_file, remove_dir, 0 },
	{ "stat_usr_bin", stat_usr_bin, NULL, NULL, 0 },
	{ "open_close_usr_bin", open_usr_bin, NULL, NULL, 0 },
	{ "access_missing", access_missing, NULL, NULL, 0 },
	{ "create_unlink", create_and_unlink, make_dir, remove_dir, 0 },
	{ "rename_twice", rename_call, open_file, remove_dir, 0 },
	{ "mkdir_rmdir", mkdir_and_rmdir, make_dir, remove_dir, 0 },
	{ "getdents_100", getdents_100, fill_dir, remove_dir, 0 },
	{ "mmap_munmap", mmap_and_munmap, NULL, NULL, 0 },
	{ "mmap_touch_16", mmap_touch_16, NULL, NULL, 0 },
	{ "pipe_write_read", pipe_write_read, open_pipe, close_pipe, 0 },
	{ "pipe_write_read_4k", pipe_4k, open_pipe, close_pipe, 0 },
	{ "eventfd_write_read", eventfd_write_read, open_eventfd, close_fd, 0 },
	{ "signal_to_self", signal_to_self, catch_signal, NULL, 0 },
	{ "pipe_round_trip_1cpu", pipe_round_trip, echo_child, end_echo_child, 1 },
	{ "pipe_round_trip_2cpu", pipe_round_trip, echo_child, end_echo_child, 2 },
	{ "unix_round_trip_1cpu", unix_round_trip, echo_socket_child, end_echo_socket_child, 1 },
	{ "unix_round_trip_2cpu", unix_round_trip, echo_socket_child, end_echo_socket_child, 2 },
	{ "tcp_round_trip_1cpu", unix_round_trip, echo_tcp_child, end_echo_socket_child, 1 },
	{ "tcp_round_trip_2cpu", unix_round_trip, echo_tcp_child, end_echo_socket_child, 2 },
	{ "eventfd_round_trip_1cpu", eventfd_round_trip, start_eventfd_partner, end_eventfd_partner, 1 },
	{ "eventfd_round_trip_2cpu", eventfd_round_trip, start_eventfd_partner, end_eventfd_partner, 2 },
	{ "futex_round_trip_1cpu", futex_round_trip, start_futex_partner, end_futex_partner, 1 },
	{ "thread_create_join", thread_create_join, NULL, NULL, 0 },
	{ "fork_exit_wait", fork_exit_wait, NULL, NULL, 0 },
	{ "fork_exec_wait", fork_exec_wait, NULL, NULL, 0 },
	{ "spawn_wait", spawn_and_wait, NULL, NULL, 0 },
	{ "shell_wait", shell_and_wait, NULL, NULL, 0 },
};
#define NBENCHES (sizeof(benches) / sizeof(benches[0]))

/* As many operations as take the time asked for, several rounds, the best counts. */
static double
measure(const struct bench *b, uint64_t ms)
{
	uint64_t start, took;
	double best = 0, each;
	long n = 1;
	int round;

	b->run(1);
	for (;;) {
		start = clock_ns(CLOCK_MONOTONIC);
		b->run(n);
		took = clock_ns(CLOCK_MONOTONIC) - start;
		if (took > ms * 1000000 / 4 || n > 100000000)
			break;
		n *= took * 8 < ms * 1000000 ? 4 : 2;
	}
	for (round = 0; round < ROUNDS; round++) {
		start = clock_ns(CLOCK_MONOTONIC);
		b->run(n);
		each = (double)(clock_ns(CLOCK_MONOTONIC) - start) / (double)n;
		if (round == 0 || each < best)
			best = each;
	}
	return best;
}

static void
run_one(const struct bench *b, uint64_t ms)
{
	double ns;

	if (b->cpus)
		choose_cpus(b->cpus);
	if (b->setup)
		b->setup();
	if (b->cpus)
		pin(0);
	ns = measure(b, ms);
	if (b->end)
		b->end();
	if (b->cpus && sched_setaffinity(0, sizeof(all_cpus), &all_cpus) != 0)
		die("sched_setaffinity");
	pinning = false;
	printf("%s %.1f\n", b->name, ns);
	fflush(stdout);
}

static int
compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

static int
time_spawns(int n, char **argv)
{
	uint64_t *took = calloc((size_t)n, sizeof(*took)), start;
	int i, status;
	pid_t pid;

	if (!took || n < 1)
		return 2;
	for (i = 0; i < n; i++) {
		start = clock_ns(CLOCK_MONOTONIC);
		pid = vfork();
		if (pid == 0) {
			execvp(argv[0], argv);
			_exit(127);
		}
		if (waitpid(pid, &status, 0) != pid || status != 0)
			return 1;
		took[i] = clock_ns(CLOCK_MONOTONIC) - start;
	}
	qsort(took, (size_t)n, sizeof(*took), compare);
	printf("%.1f %.1f\n", (double)took[0] / 1000, (double)took[n / 2] / 1000);
	return 0;
}

int
main(int argc, char **argv)
{
	uint64_t ms = 20;
	size_t i;
	int a;

	for (a = 1; a < argc && strncmp(argv[a], "--", 2) == 0; a++) {
		if (strncmp(argv[a], "--ms=", 5) == 0)
			ms = strtoul(argv[a] + 5, NULL, 10);
		else if (strncmp(argv[a], "--spawn=", 8) == 0)
			return time_spawns(atoi(argv[a] + 8), argv + a + 1);
		else if (strcmp(argv[a], "--list") == 0) {
			for (i = 0; i < NBENCHES; i++)
				puts(benches[i].name);
			return 0;
		}
	}
	if (a == argc) {
		for (i = 0; i < NBENCHES; i++)
			run_one(&benches[i], ms);
		return 0;
	}
	for (; a < argc; a++) {
		for (i = 0; i < NBENCHES && strcmp(argv[a], benches[i].name) != 0; i++)
			;
		if (i == NBENCHES) {
			fprintf(stderr, "bench: there is no %s; see bench --list\n", argv[a]);
			return 2;
		}
		run_one(&benches[i], ms);
	}
	return 0;
}
