/* SPDX-License-Identifier: MIT
 *
 * What the host's seccomp notification costs by itself: the floor of the remote trap. A child makes a call that its parent, on the same
 * CPU, receives and answers with nothing in between; then with a copy of eight bytes from or to the child's memory, as nearly every call
 * has that does more than return a number.
 *
 * Usage: floor     prints nanoseconds of one call, the best of some rounds, and the ratio to native in the same run
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
now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec * 1e9 + (double)ts.tv_nsec;
}

static double
time_calls(void)
{
	double best = 0, each, start;

	for (int round = 0; round < ROUNDS; round++) {
		start = now_ns();
		for (int i = 0; i < CALLS; i++)
			syscall(SYS_getppid);
		each = (now_ns() - start) / CALLS;
		if (round == 0 || each < best)
			best = each;
	}
	return best;
}

static void __attribute__((noreturn))
child(void)
{
	struct sock_filter f[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_getppid, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog prog = { 4, f };
	long fd;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	shared->native = time_calls();
	target = 1;
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	fd = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER,
		     SECCOMP_FILTER_FLAG_NEW_LISTENER | SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV, &prog);
	if (fd < 0)
		die("seccomp");
	__atomic_store_n(&shared->listener, (int)fd, __ATOMIC_SEQ_CST);
	shared->notified = time_calls();
	_exit(0);
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
	pid_t pid;

	shared->listener = 0;
	pid = (pid_t)syscall(SYS_clone, CLONE_FILES | SIGCHLD, NULL, NULL, NULL, NULL);
	if (pid == 0)
		child();
	if (pid < 0)
		die("clone");
	while (__atomic_load_n(&shared->listener, __ATOMIC_SEQ_CST) == 0) {
		if (waitpid(pid, &status, WNOHANG) == pid)
			exit(1);
		sched_yield();
	}
	ioctl(shared->listener, SECCOMP_IOCTL_NOTIF_SET_FLAGS, SYNC_WAKE_UP); /* Linux 6.6 */
	serve(shared->listener, pid, copies);
	waitpid(pid, &status, 0);
	close(shared->listener);
	printf("%-24s %8.0f native %8.0f notified %7.1f\n", name, shared->native, shared->notified, shared->notified / shared->native);
}

int
main(void)
{
	cpu_set_t all, one;
	int cpu = 0;

	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (shared == MAP_FAILED || sched_getaffinity(0, sizeof(all), &all) < 0)
		die("set-up");
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
