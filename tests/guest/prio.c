/* SPDX-License-Identifier: MIT
 *
 * I/O priorities, and what a child inherits of how its parent is scheduled.
 */
#include <linux/kcmp.h>
#include <sched.h>

#include "tests/guest/guest.h"

enum { WHO_PROCESS = 1, WHO_PGRP, WHO_USER };
#define RT(level)   (1 << 13 | (level))
#define BE(level)   (2 << 13 | (level))
#define IDLE	    (3 << 13)
#define NOBODY	    0x3ffffff

static long
get(int which, int who)
{
	return syscall(SYS_ioprio_get, which, who);
}

static long
set(int which, int who, int prio)
{
	return syscall(SYS_ioprio_set, which, who, prio);
}

static void
io_priority_arguments(void)
{
	CHECK_ERR(get(0, 0), EINVAL);
	CHECK_ERR(get(4, 0), EINVAL);
	CHECK_ERR(get(WHO_PROCESS, NOBODY), ESRCH);
	CHECK_ERR(get(WHO_PROCESS, -1), ESRCH);
	CHECK_ERR(get(WHO_PGRP, NOBODY), ESRCH);
	CHECK_ERR(get(WHO_USER, NOBODY), ESRCH);
	CHECK_ERR(set(0, 0, BE(4)), EINVAL);
	CHECK_ERR(set(WHO_PROCESS, NOBODY, BE(4)), ESRCH);
	CHECK_ERR(set(WHO_PROCESS, 0, 1), EINVAL); /* no class, but a level */
	CHECK_ERR(set(WHO_PROCESS, 0, 4 << 13), EINVAL);
	CHECK_ERR(set(WHO_PROCESS, 0, 7 << 13), EINVAL);
	CHECK_ERR(set(WHO_PROCESS, NOBODY, 4 << 13), EINVAL);
}

static void
io_priority_is_kept_and_inherited(void)
{
	CHECK_EQ(set(WHO_PROCESS, 0, BE(7)), 0);
	CHECK_EQ(get(WHO_PROCESS, getpid()), BE(7));
	if (guest_fork() == 0) {
		CHECK_EQ(get(WHO_PROCESS, 0), BE(7));
		CHECK_EQ(set(WHO_PROCESS, 0, IDLE), 0);
		_exit(0);
	}
	CHECK_EXITS(-1, 0);
	CHECK_EQ(get(WHO_PROCESS, 0), BE(7));
	CHECK_EQ(set(WHO_PROCESS, 0, 0), 0);
}

/* What has none has one for all the same. */
static void
io_priority_of_a_group(void)
{
	struct sched_param sp = { 0 };

	CHECK_EQ(setpgid(0, 0), 0);
	CHECK_EQ(set(WHO_PROCESS, 0, 0), 0);
	CHECK_EQ(setpriority(PRIO_PROCESS, 0, 19), 0);
	if (get(WHO_PGRP, 0) < RT(0))
		return; /* before Linux 6.0 */
	CHECK_EQ(get(WHO_PGRP, 0), BE(7));
	CHECK_EQ(get(WHO_PROCESS, 0), 0);
	CHECK_EQ(sched_setscheduler(0, SCHED_IDLE, &sp), 0);
	CHECK_EQ(get(WHO_PGRP, getpid()), IDLE | 7);
	if (guest_fork() == 0) {
		CHECK_EQ(set(WHO_PROCESS, 0, BE(2)), 0);
		CHECK_EQ(get(WHO_PGRP, 0), BE(2));
		_exit(0);
	}
	CHECK_EXITS(-1, 0);
	CHECK_EQ(get(WHO_PGRP, 0), IDLE | 7);
	CHECK_EQ(set(WHO_PGRP, 0, BE(5)), 0);
	CHECK_EQ(get(WHO_PROCESS, 0), BE(5));
}

static void
io_priority_without_privilege(void)
{
	pid_t parent = getpid();

	if (geteuid() != 0)
		return;
	CHECK_EQ(set(WHO_PROCESS, 0, BE(4)), 0);
	if (guest_fork() == 0) {
		CHECK_EQ(setgid(12345) | setuid(12345), 0);
		CHECK_ERR(set(WHO_PROCESS, 0, RT(4)), EPERM);
		CHECK_EQ(set(WHO_PROCESS, 0, IDLE), 0);
		CHECK_ERR(set(WHO_PROCESS, parent, BE(6)), EPERM);
		CHECK_EQ(get(WHO_PROCESS, parent), BE(4));
		CHECK_EQ(set(WHO_USER, 12345, BE(3)), 0);
		CHECK_EQ(get(WHO_USER, 0), BE(3));
		_exit(0);
	}
	CHECK_EXITS(-1, 0);
}

static void
io_context_is_shared_if_wanted(void)
{
	pid_t pid;

	CHECK_EQ(set(WHO_PROCESS, 0, BE(6)), 0);
	pid = (pid_t)syscall(SYS_clone, CLONE_IO | SIGCHLD, NULL, NULL, NULL, NULL);
	if (pid == 0) {
		CHECK_EQ(set(WHO_PROCESS, 0, BE(1)), 0);
		if (syscall(SYS_kcmp, getpid(), getppid(), KCMP_IO, 0, 0) < 0)
			CHECK(errno == EPERM || errno == ENOSYS);
		_exit(0);
	}
	CHECK_EXITS(pid, 0);
	CHECK_EQ(get(WHO_PROCESS, 0), BE(1));
}

static void
reset_on_fork(void)
{
	struct sched_param sp = { .sched_priority = 3 };

	CHECK_EQ(setpriority(PRIO_PROCESS, 0, 19), 0);
	if (sched_setscheduler(0, SCHED_RR | SCHED_RESET_ON_FORK, &sp) != 0) {
		CHECK_EQ(errno, EPERM); /* a container, or a group of tasks without time for such */
		return;
	}
	if (guest_fork() == 0) {
		CHECK_EQ(sched_getscheduler(0), SCHED_OTHER);
		CHECK_EQ(getpriority(PRIO_PROCESS, 0), 0);
		_exit(0);
	}
	CHECK_EXITS(-1, 0);
}

int
main(int argc, char **argv)
{
	static const struct guest_case cases[] = {
		T(io_priority_arguments), T(io_priority_is_kept_and_inherited), T(io_priority_of_a_group),
		T(io_priority_without_privilege), T(io_context_is_shared_if_wanted), T(reset_on_fork),
	};

	return guest_main(argc, argv, cases, ARRAY_SIZE(cases));
}
