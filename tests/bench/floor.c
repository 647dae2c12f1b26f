/* SPDX-License-Identifier: MIT
 *
 * What the host's seccomp notification costs by itself: the floor of the remote trap. A child makes a call that its parent, on the same
 * CPU, receives and answers with nothing in between; then with a copy of eight bytes from or to the child's memory, as nearly every call
 * has that does more than return a number.
 *
 * Usage: floor                     prints nanoseconds of one call, the best of some rounds, and the ratio to native in the same run
 *        floor PROGRAM ARGUMENTS   runs a program of which every call is received and then left to the host: what it takes above a
 *                                  native run is what the notifications take, before anything is copied or done for it
 */
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "src/clock.h"

#ifndef SECCOMP_IOCTL_NOTIF_SET_FLAGS
#define SECCOMP_IOCTL_NOTIF_SET_FLAGS SECCOMP_IOW(4, uint64_t)
#endif
#ifndef SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV
#define SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV 32
#endif
#define SYNC_WAKE_UP 1UL

#define ROUNDS 20
#define CALLS  1000

enum copies { NO_COPY, COPY_OUT, COPY_IN, COPY_BOTH };

/* Shared by both; the listener is a descriptor of both, too. */
static struct {
	int listener; /* 0: not there yet */
	pid_t program;
	double native, notified;
} *shared;

static uint64_t target; /* what is copied */

static void __attribute__((noreturn))
die(const char *what)
{
	fprintf(stderr, "floor: %s: %s\n", what, strerror(errno));
	exit(1);
}

static double
time_calls(void)
{
	double best = 0, each, start;

	for (int round = 0; round < ROUNDS; round++) {
		start = clock_ns(CLOCK_MONOTONIC);
		for (int i = 0; i < CALLS; i++)
			syscall(SYS_getppid);
		each = (clock_ns(CLOCK_MONOTONIC) - start) / CALLS;
		if (round == 0 || each < best)
			best = each;
	}
	return best;
}

/* Sets the filter: of the call `only`, or of every call if that is negative. */
static void
listen_to(int only)
{
	struct sock_filter f[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)only, 0, only < 0 ? 0 : 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog prog = { 4, f };
	long fd;

	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	fd = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER,
		     SECCOMP_FILTER_FLAG_NEW_LISTENER | SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV, &prog);
	if (fd < 0)
		die("seccomp");
	__atomic_store_n(&shared->listener, (int)fd, __ATOMIC_SEQ_CST);
}

static void __attribute__((noreturn))
child(char **program)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (program) {
		listen_to(-1);
		execvp(program[0], program);
		die(program[0]);
	}
	shared->native = time_calls();
	target = 1;
	listen_to(SYS_getppid);
	shared->notified = time_calls();
	_exit(0);
}

/* A child that shares its descriptors until it executes a program, once its listener is there. */
static pid_t
start(char **program)
{
	int status;
	pid_t pid;

	shared->listener = 0;
	pid = (pid_t)syscall(SYS_clone, CLONE_FILES | SIGCHLD, NULL, NULL, NULL, NULL);
	if (pid == 0)
		child(program);
	if (pid < 0)
		die("clone");
	while (__atomic_load_n(&shared->listener, __ATOMIC_SEQ_CST) == 0) {
		if (waitpid(pid, &status, WNOHANG) == pid)
			exit(1);
		sched_yield();
	}
	ioctl(shared->listener, SECCOMP_IOCTL_NOTIF_SET_FLAGS, SYNC_WAKE_UP); /* Linux 6.6 */
	return pid;
}

static void
serve(int listener, pid_t pid, enum copies copies)
{
	uint64_t value = 1;
	struct iovec local = { &value, sizeof(value) }, remote = { &target, sizeof(target) };
	struct seccomp_notif n;
	struct seccomp_notif_resp resp;

	for (int i = 0; i < ROUNDS * CALLS; i++) {
		memset(&n, 0, sizeof(n));
		if (ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &n) < 0)
			die("NOTIF_RECV");
		if ((copies & COPY_IN) && process_vm_readv(pid, &local, 1, &remote, 1, 0) < 0)
			die("process_vm_readv");
		if ((copies & COPY_OUT) && process_vm_writev(pid, &local, 1, &remote, 1, 0) < 0)
			die("process_vm_writev");
		resp = (struct seccomp_notif_resp){ .id = n.id };
		if (ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &resp) < 0)
			die("NOTIF_SEND");
	}
}

static void
measure(const char *name, enum copies copies)
{
	int status;
	pid_t pid = start(NULL);

	serve(shared->listener, pid, copies);
	waitpid(pid, &status, 0);
	close(shared->listener);
	printf("%-24s %8.0f native %8.0f notified %7.1f\n", name, shared->native, shared->notified, shared->notified / shared->native);
}

/* The program has ended: what it left behind ends with the listener. */
static void
leave(int sig)
{
	int status;

	(void)sig;
	if (waitpid(shared->program, &status, WNOHANG) == shared->program)
		_exit(WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
}

static void __attribute__((noreturn))
pass_on(char **program)
{
	struct sigaction sa = { .sa_handler = leave, .sa_flags = SA_RESTART };
	struct seccomp_notif n;
	struct seccomp_notif_resp resp;

	shared->program = start(program);
	sigaction(SIGCHLD, &sa, NULL);
	leave(SIGCHLD);
	for (;;) {
		memset(&n, 0, sizeof(n));
		if (ioctl(shared->listener, SECCOMP_IOCTL_NOTIF_RECV, &n) < 0)
			continue; /* it died meanwhile */
		resp = (struct seccomp_notif_resp){ .id = n.id, .flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE };
		ioctl(shared->listener, SECCOMP_IOCTL_NOTIF_SEND, &resp);
	}
}

int
main(int argc, char **argv)
{
	cpu_set_t all, one;
	int cpu = 0;

	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (shared == MAP_FAILED || sched_getaffinity(0, sizeof(all), &all) < 0)
		die("set-up");
	if (argc > 1)
		pass_on(argv + 1);
	while (!CPU_ISSET(cpu, &all))
		cpu++;
	CPU_ZERO(&one);
	CPU_SET(cpu, &one);
	if (sched_setaffinity(0, sizeof(one), &one) < 0)
		die("sched_setaffinity");
	setvbuf(stdout, NULL, _IONBF, 0);
	measure("nothing", NO_COPY);
	measure("a copy out", COPY_OUT);
	measure("a copy in", COPY_IN);
	measure("a copy in and one out", COPY_BOTH);
	return 0;
}
