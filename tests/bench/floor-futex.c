/* SPDX-License-Identifier: MIT
 *
 * What a sleep and a wake-up cost in the resident trap if its kernel did nothing else: its floor. Two tasks on one CPU take turns as
 * kernel/waitq.c has it, by a word each that its owner waits in and the other wakes: between threads and between processes, in shared memory
 * and with what the trap's host calls go through: dispatch of system calls, and a seccomp filter that looks at the number alone (which
 * the host answers from a table) or at arguments as well. Above them stands what programs do natively in the same run.
 *
 * Usage: floor-futex [ROUNDS]     prints nanoseconds of one round trip, the best of the rounds, and the ratio to the first line of its half;
 *                                 all take turns in each round, so that they see the same machine
 */
#include <errno.h>
#include <linux/filter.h>
#include <linux/futex.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#ifndef PR_SET_SYSCALL_USER_DISPATCH
#define PR_SET_SYSCALL_USER_DISPATCH 59
#endif

#define TRIPS 200

enum by { BY_PIPE, BY_SOCKET, BY_EVENTFD, BY_PRIVATE_FUTEX, BY_FUTEX };
enum filter { NO_FILTER, BY_NUMBER, BY_ARGUMENTS };

struct variant {
	const char *name;
	bool processes, dispatch;
	enum by by;
	enum filter filter;
};

static const struct variant variants[] = {
	{ "threads: native futex", false, false, BY_PRIVATE_FUTEX, NO_FILTER },
	{ "native eventfd", false, false, BY_EVENTFD, NO_FILTER },
	{ "native pipe", false, false, BY_PIPE, NO_FILTER },
	{ "with dispatch", false, true, BY_PRIVATE_FUTEX, NO_FILTER },
	{ "and seccomp, number", false, true, BY_PRIVATE_FUTEX, BY_NUMBER },
	{ "and seccomp, arguments", false, true, BY_PRIVATE_FUTEX, BY_ARGUMENTS },
	{ "futex for processes, number", false, true, BY_FUTEX, BY_NUMBER },
	{ "processes: native pipe", true, false, BY_PIPE, NO_FILTER },
	{ "native unix socket", true, false, BY_SOCKET, NO_FILTER },
	{ "native futex", true, false, BY_FUTEX, NO_FILTER },
	{ "with dispatch", true, true, BY_FUTEX, NO_FILTER },
	{ "and seccomp, number", true, true, BY_FUTEX, BY_NUMBER },
	{ "and seccomp, arguments", true, true, BY_FUTEX, BY_ARGUMENTS },
};
#define NVARIANTS (sizeof(variants) / sizeof(variants[0]))

/* Shared by all; each word on lines of its own. */
static struct {
	struct {
		uint32_t word;
		char pad[252];
	} side[2];
	double took;
} *shared;

static uint8_t selector; /* host calls go through */

static void __attribute__((noreturn))
die(const char *what)
{
	fprintf(stderr, "floor-futex: %s: %s\n", what, strerror(errno));
	exit(1);
}

static double
now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec * 1e9 + (double)ts.tv_nsec;
}

/* As the filter of an allow-list is: a tree over the numbers comes to about as many comparisons. */
static void
filter_calls(enum filter filter)
{
	struct sock_filter f[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0, 10, 0),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, 1000, 8, 0),
		BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, 900, 7, 0),
		BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, 800, 6, 0),
		BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, 700, 5, 0),
		BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, 600, 4, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_futex, 0, 2),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[1])),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 77, 1, 0),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
	};
	struct sock_fprog prog = { sizeof(f) / sizeof(f[0]), f };

	if (filter == NO_FILTER)
		return;
	if (filter == BY_NUMBER)
		f[8] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_futex, 2, 2);
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 || syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &prog) < 0)
		die("seccomp");
}

static void
dispatch_calls(const struct variant *v)
{
	if (v->dispatch && prctl(PR_SET_SYSCALL_USER_DISPATCH, 1 /* on */, 0, 0, &selector) < 0)
		die("PR_SET_SYSCALL_USER_DISPATCH");
}

static const struct variant *running;
static int fds[2][2]; /* what a side reads, and writes */

static void
open_ways(const struct variant *v)
{
	int p[2][2];

	if (v->by == BY_PIPE) {
		if (pipe(p[0]) < 0 || pipe(p[1]) < 0)
			die("pipe");
		fds[0][0] = p[0][0];
		fds[0][1] = p[1][1];
		fds[1][0] = p[1][0];
		fds[1][1] = p[0][1];
	} else if (v->by == BY_SOCKET) {
		if (socketpair(AF_UNIX, SOCK_STREAM, 0, p[0]) < 0)
			die("socketpair");
		fds[0][0] = fds[0][1] = p[0][0];
		fds[1][0] = fds[1][1] = p[0][1];
	} else if (v->by == BY_EVENTFD) {
		fds[0][0] = fds[1][1] = eventfd(0, 0);
		fds[1][0] = fds[0][1] = eventfd(0, 0);
	}
}

static void
wake(int side)
{
	static const uint64_t one = 1;
	uint32_t *w = &shared->side[side].word;

	if (running->by < BY_PRIVATE_FUTEX) {
		if (write(fds[!side][1], &one, running->by == BY_EVENTFD ? 8 : 1) < 0)
			die("write");
	} else if (__atomic_exchange_n(w, 0, __ATOMIC_SEQ_CST) == 1) {
		syscall(SYS_futex, w, FUTEX_WAKE | (running->by == BY_PRIVATE_FUTEX ? FUTEX_PRIVATE_FLAG : 0), 1, NULL, NULL, 0);
	}
}

static void
wait_turn(int side)
{
	uint32_t *w = &shared->side[side].word;
	int op = FUTEX_WAIT_BITSET | (running->by == BY_PRIVATE_FUTEX ? FUTEX_PRIVATE_FLAG : 0);
	uint64_t v;

	if (running->by < BY_PRIVATE_FUTEX) {
		if (read(fds[side][0], &v, running->by == BY_EVENTFD ? 8 : 1) < 1)
			die("read");
		return;
	}
	while (__atomic_load_n(w, __ATOMIC_ACQUIRE) == 1)
		syscall(SYS_futex, w, op, 1, NULL, NULL, FUTEX_BITSET_MATCH_ANY);
}

/* A side marks itself as asleep before it wakes the other, whose answer then finds the mark. */
static void
take_turns(int side, int n)
{
	for (int i = 0; i < n; i++) {
		if (side == 1)
			wait_turn(1);
		__atomic_store_n(&shared->side[side].word, 1, __ATOMIC_SEQ_CST);
		wake(!side);
		if (side == 0)
			wait_turn(0);
	}
}

static void *
partner(void *arg)
{
	dispatch_calls(running);
	take_turns(1, 3 * TRIPS);
	return arg;
}

static void
run(const struct variant *v)
{
	int status = 0;
	pthread_t th;
	double start;
	pid_t pid = 0;

	running = v;
	shared->side[0].word = 0;
	shared->side[1].word = 1;
	open_ways(v);
	filter_calls(v->filter);
	if (v->processes) {
		pid = fork();
		if (pid == 0) {
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			partner(NULL);
			_exit(0);
		}
		if (pid < 0)
			die("fork");
	} else if (pthread_create(&th, NULL, partner, NULL) != 0) {
		die("thread");
	}
	dispatch_calls(v);
	take_turns(0, TRIPS);
	start = now_ns();
	take_turns(0, 2 * TRIPS);
	shared->took = (now_ns() - start) / (2 * TRIPS);
	if (v->processes && (waitpid(pid, &status, 0) != pid || status != 0))
		exit(1);
	if (!v->processes)
		pthread_join(th, NULL);
}

/* What it is put under cannot be taken off again, so each has a process of its own. */
static double
measure(const struct variant *v)
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		run(v);
		_exit(0);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		die("fork");
	return status == 0 ? shared->took : 0;
}

int
main(int argc, char **argv)
{
	int rounds = argc > 1 ? atoi(argv[1]) : 100, cpu = 0;
	double best[NVARIANTS] = { 0 }, ns, first = 0;
	cpu_set_t all, one;

	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (shared == MAP_FAILED || sched_getaffinity(0, sizeof(all), &all) < 0)
		die("set-up");
	while (!CPU_ISSET((size_t)cpu, &all))
		cpu++;
	CPU_ZERO(&one);
	CPU_SET((size_t)cpu, &one);
	if (sched_setaffinity(0, sizeof(one), &one) < 0)
		die("sched_setaffinity");
	for (int round = 0; round < rounds; round++) {
		for (size_t i = 0; i < NVARIANTS; i++) {
			ns = measure(&variants[i]);
			if (ns > 0 && (best[i] == 0 || ns < best[i]))
				best[i] = ns;
		}
	}
	for (size_t i = 0; i < NVARIANTS; i++) {
		if (i == 0 || variants[i].processes != variants[i - 1].processes)
			first = best[i];
		if (best[i] > 0 && first > 0)
			printf("%-28s %8.0f %7.2f\n", variants[i].name, best[i], best[i] / first);
		else
			printf("%-28s cannot be had here\n", variants[i].name);
	}
	return 0;
}
