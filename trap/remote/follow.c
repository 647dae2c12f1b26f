/* SPDX-License-Identifier: MIT
 *
 * The tracer moves to the CPU that stops come from: a stop and the way on from it are two switches of threads there, and two
 * interrupts between CPUs (which cost several times as much in a virtual machine) elsewhere. The host's scheduler would rather
 * have the tracer on an idle CPU.
 *
 * Where a thread runs is known from its last notified call, which is received on its own CPU. One that has made none for a while
 * is looked up in /proc.
 */
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "kernel/kernel.h"
#include "trap/remote/ptrace.h"

#define VOTES	8  /* stops in a row from another CPU, before the tracer moves there */
#define OLD_AGE 64 /* stops since the CPU was known */
#define FIELD	39 /* of proc(5)'s stat: the processor */

static int
cpu_of(pid_t tid)
{
	char path[32], buf[512], *s;
	ssize_t n;
	int fd, cpu;

	snprintf(path, sizeof(path), "/proc/%d/stat", tid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -1;
	n = read(fd, buf, sizeof(buf) - 1);
	close(fd);
	if (n <= 0)
		return -1;
	buf[n] = '\0';
	s = strrchr(buf, ')'); /* the end of field 2, which may hold anything */
	for (int field = 2; s && field < FIELD; field++)
		s = strchr(s + 1, ' ');
	return s && sscanf(s, "%d", &cpu) == 1 ? cpu : -1;
}

static void
move_to(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET((size_t)cpu, &set);
	sched_setaffinity(0, sizeof(set), &set); /* where that is not allowed it is only slower */
}

static int here = -1;

int
tracer_stays(void)
{
	if (here < 0) {
		here = sched_getcpu();
		move_to(here);
	}
	return here;
}

void
tracer_roams(void)
{
	const struct kernel *k = remote.k;

	here = -1;
	syscall(SYS_sched_setaffinity, 0, sizeof(k->params.affinity), k->params.affinity);
}

void
follow_cpu(struct trap_task *rt)
{
	static int candidate = -1, votes;

	if (++rt->cpu_age >= OLD_AGE) {
		rt->cpu_age = 0;
		rt->cpu = cpu_of(rt->tid);
	}
	if (rt->cpu == here || rt->cpu < 0 || rt->cpu >= CPU_SETSIZE) {
		votes = 0;
		return;
	}
	if (rt->cpu != candidate) {
		candidate = rt->cpu;
		votes = 0;
	}
	if (++votes < VOTES || gather_any())
		return;
	votes = 0;
	here = candidate;
	move_to(here);
}
