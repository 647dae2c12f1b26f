/* SPDX-License-Identifier: MIT
 *
 * Users and groups, capabilities, priorities, resource limits. Cases that need root say so and pass without it.
 */
#include <linux/capability.h>
#include <grp.h>
#include <sched.h>
#include <sys/fsuid.h>
#include <sys/prctl.h>

#include "tests/guest/guest.h"

static bool
root(void)
{
	return geteuid() == 0;
}

static int
capget_raw(struct __user_cap_data_struct d[2])
{
	struct __user_cap_header_struct h = { _LINUX_CAPABILITY_VERSION_3, 0 };

	return (int)syscall(SYS_capget, &h, d);
}

static int
capset_raw(struct __user_cap_data_struct d[2])
{
	struct __user_cap_header_struct h = { _LINUX_CAPABILITY_VERSION_3, 0 };

	return (int)syscall(SYS_capset, &h, d);
}

static bool
has_cap(int cap)
{
	struct __user_cap_data_struct d[2];

	return capget_raw(d) == 0 && (d[cap / 32].effective & 1u << cap % 32);
}

static void
ids_agree(void)
{
	uid_t r, e, s;
	gid_t rg, eg, sg;

	CHECK_EQ(getresuid(&r, &e, &s), 0);
	CHECK(r == getuid() && e == geteuid());
	CHECK_EQ(getresgid(&rg, &eg, &sg), 0);
	CHECK(rg == getgid() && eg == getegid());
	CHECK_EQ(setfsuid((uid_t)-1), e);
	CHECK_EQ(setfsgid((gid_t)-1), eg);
	CHECK_ERR(syscall(SYS_getresuid, 8, 8, 8), EFAULT);
}

static void
without_privilege_only_ones_own(void)
{
	if (root()) {
		CHECK_EQ(setresgid(500, 500, 500), 0);
		CHECK_EQ(setresuid(500, 500, 500), 0);
	}
	CHECK_ERR(setuid(0), EPERM);
	CHECK_ERR(setgid(0), EPERM);
	CHECK_ERR(setresuid((uid_t)-1, 12345, (uid_t)-1), EPERM);
	CHECK_ERR(setreuid(12345, (uid_t)-1), EPERM);
	CHECK_ERR(setgroups(0, NULL), EPERM);
	CHECK_EQ(setuid(getuid()), 0);
	CHECK_EQ(setresuid((uid_t)-1, (uid_t)-1, (uid_t)-1), 0);
	CHECK_ERR(setuid((uid_t)-1), EINVAL);
}

static void
root_changes_and_comes_back(void)
{
	if (!root() || !has_cap(CAP_SETUID))
		return;
	CHECK_EQ(setresuid(0, 1000, 0), 0);
	CHECK(geteuid() == 1000 && getuid() == 0);
	CHECK(!has_cap(CAP_SETUID));
	CHECK_EQ(seteuid(0), 0);
	CHECK(has_cap(CAP_SETUID));
	CHECK_EQ(setuid(1000), 0);
	CHECK_ERR(seteuid(0), EPERM);
	CHECK(!has_cap(CAP_SETUID));
}

static void
groups(void)
{
	gid_t list[10] = { 0 };

	if (!root() || !has_cap(CAP_SETGID)) {
		CHECK(getgroups(0, NULL) >= 0);
		return;
	}
	CHECK_EQ(setgroups(3, (gid_t[]){ 30, 10, 20 }), 0);
	CHECK_EQ(getgroups(0, NULL), 3);
	CHECK_EQ(getgroups(10, list), 3);
	CHECK_EQ(list[0] + list[1] + list[2], 60);
	CHECK_ERR(getgroups(2, list), EINVAL);
	CHECK_ERR(getgroups(-1, list), EINVAL);
	CHECK_ERR(syscall(SYS_setgroups, 70000, list), EINVAL);
	CHECK_ERR(syscall(SYS_setgroups, 3, 8), EFAULT);
}

static void
permissions_follow_the_effective_user(void)
{
	int fd;

	if (!root() || !has_cap(CAP_SETUID))
		return;
	guest_tmpdir();
	CHECK_EQ(chmod(".", 0777), 0);
	guest_write_file("secret", "x", 1, 0600);
	CHECK_EQ(setegid(1000), 0);
	CHECK_EQ(seteuid(1000), 0);
	CHECK_ERR(open("secret", O_RDONLY), EACCES);
	CHECK_ERR(chmod("secret", 0644), EPERM);
	fd = open("mine", O_RDWR | O_CREAT, 0600);
	CHECK(fd >= 0);
	CHECK_ERR(fchown(fd, 0, 0), EPERM);
	CHECK_EQ(seteuid(0), 0);
	CHECK_EQ(fchown(fd, 77, 88), 0);
}

static void
signals_between_users(void)
{
	pid_t pid;

	if (!root() || !has_cap(CAP_SETUID))
		return;
	pid = guest_fork();
	if (pid == 0) {
		for (;;)
			pause();
	}
	CHECK_EQ(seteuid(1000), 0);
	CHECK_EQ(kill(pid, 0), 0); /* the real user id counts: root's */
	CHECK_EQ(seteuid(0), 0);
	if (guest_fork() == 0) {
		if (setuid(1000) != 0)
			_exit(1);
		_exit(kill(pid, SIGTERM) == -1 && errno == EPERM ? 0 : 2);
	}
	CHECK_EXITS(-1, 0);
	CHECK_EQ(kill(pid, SIGKILL), 0);
	CHECK_KILLED(pid, SIGKILL);
}

static void
capabilities(void)
{
	struct __user_cap_data_struct d[2];
	struct __user_cap_header_struct h = { 0x1234, 0 };

	CHECK_EQ(capget_raw(d), 0);
	CHECK_ERR(syscall(SYS_capget, &h, d), EINVAL);
	CHECK_EQ(h.version, _LINUX_CAPABILITY_VERSION_3);
	h.pid = 0x3ffffff;
	CHECK_ERR(syscall(SYS_capget, &h, d), ESRCH);
	CHECK_EQ(capset_raw(d), 0);
	if (!has_cap(CAP_CHOWN))
		return;
	d[0].effective &= ~(1u << CAP_CHOWN);
	CHECK_EQ(capset_raw(d), 0);
	CHECK(!has_cap(CAP_CHOWN));
	guest_tmpdir();
	guest_write_file("f", "", 0, 0600);
	CHECK_ERR(chown("f", 1234, 1234), EPERM);
	d[0].effective |= 1u << CAP_CHOWN;
	CHECK_EQ(capset_raw(d), 0);
	CHECK_EQ(chown("f", 1234, 1234), 0);
	d[0].effective = d[0].permitted = d[0].inheritable = 0;
	d[1] = d[0];
	CHECK_EQ(capset_raw(d), 0);
	d[0].permitted = 1;
	CHECK_ERR(capset_raw(d), EPERM);
}

static void
keepcaps(void)
{
	if (!root() || !has_cap(CAP_SETUID))
		return;
	CHECK_EQ(prctl(PR_GET_KEEPCAPS), 0);
	CHECK_EQ(prctl(PR_SET_KEEPCAPS, 1), 0);
	CHECK_EQ(setuid(1000), 0);
	CHECK(!has_cap(CAP_SETUID));
	{
		struct __user_cap_data_struct d[2];

		CHECK_EQ(capget_raw(d), 0);
		CHECK(d[0].permitted & 1u << CAP_SETUID);
		d[0].effective = d[0].permitted;
		CHECK_EQ(capset_raw(d), 0);
	}
	CHECK_EQ(setuid(0), 0);
	CHECK_ERR(prctl(PR_SET_KEEPCAPS, 2), EINVAL);
}

static void
no_new_privs(void)
{
	CHECK(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) >= 0);
	CHECK_ERR(prctl(PR_SET_NO_NEW_PRIVS, 0, 0, 0, 0), EINVAL);
	CHECK_EQ(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), 0);
	CHECK_EQ(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0), 1);
	if (guest_fork() == 0)
		_exit(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1 ? 0 : 1);
	CHECK_EXITS(-1, 0);
}

static void
prctl_settings(void)
{
	char name[16];
	int sig = -1, v = -1;
	pid_t pid;

	CHECK_EQ(prctl(PR_SET_NAME, "short"), 0);
	CHECK_EQ(prctl(PR_GET_NAME, name), 0);
	CHECK_STR(name, "short");
	CHECK_ERR(prctl(PR_SET_NAME, guest_bad_address()), EFAULT);
	CHECK_EQ(prctl(PR_SET_PDEATHSIG, SIGUSR1), 0);
	CHECK_EQ(prctl(PR_GET_PDEATHSIG, &sig), 0);
	CHECK_EQ(sig, SIGUSR1);
	CHECK_ERR(prctl(PR_SET_PDEATHSIG, 200), EINVAL);
	CHECK_EQ(prctl(PR_GET_DUMPABLE), 1);
	CHECK_EQ(prctl(PR_SET_DUMPABLE, 0), 0);
	CHECK_EQ(prctl(PR_GET_DUMPABLE), 0);
	CHECK_ERR(prctl(PR_SET_DUMPABLE, 9), EINVAL);
	CHECK_EQ(prctl(PR_SET_CHILD_SUBREAPER, 1), 0);
	CHECK_EQ(prctl(PR_GET_CHILD_SUBREAPER, &v), 0);
	CHECK_EQ(v, 1);
	CHECK_EQ(prctl(PR_SET_TIMERSLACK, 12345), 0);
	CHECK_EQ(prctl(PR_GET_TIMERSLACK), 12345);
	pid = guest_fork();
	if (pid == 0) { /* what the parent had is the child's default */
		CHECK_EQ(prctl(PR_SET_TIMERSLACK, 77777), 0);
		CHECK_EQ(prctl(PR_SET_TIMERSLACK, 0), 0);
		CHECK_EQ(prctl(PR_GET_TIMERSLACK), 12345);
		_exit(0);
	}
	CHECK_EXITS(pid, 0);
	CHECK_EQ(prctl(PR_SET_TIMERSLACK, 0), 0);
	CHECK_EQ(prctl(PR_GET_TIMERSLACK), 50000);
	CHECK_EQ(prctl(PR_GET_SECUREBITS) & ~0xff, 0);
	CHECK_ERR(prctl(9999, 0, 0, 0, 0), EINVAL);
	CHECK(prctl(PR_CAPBSET_READ, 0) >= 0);
	CHECK_ERR(prctl(PR_CAPBSET_READ, 999), EINVAL);
	CHECK_EQ(prctl(PR_SET_TSC, PR_TSC_ENABLE, 0, 0, 0), 0);
	CHECK_ERR(prctl(PR_SET_TSC, 0, 0, 0, 0), EINVAL);
}

static void
machine_check_policy(void)
{
	CHECK_EQ(prctl(PR_MCE_KILL, PR_MCE_KILL_CLEAR, 0, 0, 0), 0);
	CHECK_EQ(prctl(PR_MCE_KILL_GET, 0, 0, 0, 0), PR_MCE_KILL_DEFAULT);
	CHECK_EQ(prctl(PR_MCE_KILL, PR_MCE_KILL_SET, PR_MCE_KILL_EARLY, 0, 0), 0);
	CHECK_EQ(prctl(PR_MCE_KILL_GET, 0, 0, 0, 0), PR_MCE_KILL_EARLY);
	if (guest_fork() == 0)
		_exit(prctl(PR_MCE_KILL_GET, 0, 0, 0, 0));
	CHECK_EXITS(-1, PR_MCE_KILL_EARLY);
	CHECK_EQ(prctl(PR_MCE_KILL, PR_MCE_KILL_SET, PR_MCE_KILL_LATE, 0, 0), 0);
	CHECK_EQ(prctl(PR_MCE_KILL_GET, 0, 0, 0, 0), PR_MCE_KILL_LATE);
	CHECK_ERR(prctl(PR_MCE_KILL, PR_MCE_KILL_SET, 3, 0, 0), EINVAL);
	CHECK_ERR(prctl(PR_MCE_KILL, PR_MCE_KILL_CLEAR, 1, 0, 0), EINVAL);
	CHECK_ERR(prctl(PR_MCE_KILL, 2, 0, 0, 0), EINVAL);
	CHECK_ERR(prctl(PR_MCE_KILL, PR_MCE_KILL_SET, 0, 1, 0), EINVAL);
	CHECK_ERR(prctl(PR_MCE_KILL_GET, 1, 0, 0, 0), EINVAL);
	CHECK_EQ(prctl(PR_MCE_KILL, PR_MCE_KILL_SET, PR_MCE_KILL_DEFAULT, 0, 0), 0);
	CHECK_EQ(prctl(PR_MCE_KILL_GET, 0, 0, 0, 0), PR_MCE_KILL_DEFAULT);
}

static void
limits(void)
{
	struct rlimit a, b;
	int i;

	for (i = 0; i < 16; i++) {
		CHECK_EQ(getrlimit((enum __rlimit_resource)i, &a), 0);
		CHECK(a.rlim_cur <= a.rlim_max);
		CHECK_EQ(prlimit(0, (enum __rlimit_resource)i, NULL, &b), 0);
		CHECK(a.rlim_cur == b.rlim_cur && a.rlim_max == b.rlim_max);
	}
	CHECK_ERR(getrlimit((enum __rlimit_resource)16, &a), EINVAL);
	CHECK_ERR(syscall(SYS_getrlimit, 0, 8), EFAULT);
	CHECK_EQ(getrlimit(RLIMIT_CORE, &a), 0);
	a.rlim_cur = a.rlim_max == 0 ? 0 : 1;
	CHECK_EQ(setrlimit(RLIMIT_CORE, &a), 0);
	a.rlim_cur = a.rlim_max = 0;
	CHECK_EQ(setrlimit(RLIMIT_CORE, &a), 0);
	a.rlim_cur = 2;
	a.rlim_max = 1;
	CHECK_ERR(setrlimit(RLIMIT_CORE, &a), EINVAL);
	if (!has_cap(CAP_SYS_RESOURCE)) {
		a.rlim_cur = a.rlim_max = 5;
		CHECK_ERR(setrlimit(RLIMIT_CORE, &a), EPERM);
	}
	CHECK_ERR(prlimit(0x3ffffff, RLIMIT_CORE, NULL, &b), ESRCH);
	if (guest_fork() == 0)
		_exit(getrlimit(RLIMIT_CORE, &b) == 0 && b.rlim_max == 0 ? 0 : 1);
	CHECK_EXITS(-1, 0);
}

static void
limit_of_descriptors(void)
{
	struct rlimit rl = { 10, 10 };
	int fd;

	CHECK_EQ(setrlimit(RLIMIT_NOFILE, &rl), 0);
	while ((fd = dup(0)) >= 0)
		CHECK(fd < 10);
	CHECK_EQ(errno, EMFILE);
	CHECK_ERR(open("/dev/null", O_RDONLY), EMFILE);
	CHECK_ERR(dup2(0, 10), EBADF);
	CHECK_ERR(fcntl(0, F_DUPFD, 10), EINVAL);
	CHECK_ERR(pipe((int[2]){ 0 }), EMFILE);
}

static volatile int xfsz;

static void
on_xfsz(int sig)
{
	xfsz++;
}

static void
limit_of_file_size(void)
{
	struct rlimit rl = { 100, 100 };
	char buf[200] = "";
	int fd;

	guest_tmpdir();
	if (guest_fork() != 0) { /* our standard output may be a file, and is limited too */
		CHECK_EXITS(-1, 0);
		return;
	}
	signal(SIGXFSZ, on_xfsz);
	fd = open("f", O_RDWR | O_CREAT, 0600);
	CHECK_EQ(setrlimit(RLIMIT_FSIZE, &rl), 0);
	CHECK_EQ(write(fd, buf, 200), 100);
	CHECK_EQ(xfsz, 0);
	CHECK_ERR(write(fd, buf, 1), EFBIG);
	CHECK_EQ(xfsz, 1);
	CHECK_ERR(ftruncate(fd, 101), EFBIG);
	CHECK_EQ(xfsz, 2);
	CHECK_EQ(pwrite(fd, buf, 10, 0), 10);
	_exit(0);
}

static void
limit_of_cpu_time(void)
{
	pid_t pid = guest_fork();

	if (pid == 0) {
		struct rlimit rl = { 1, 2 };

		setrlimit(RLIMIT_CPU, &rl);
		for (;;)
			__asm__ volatile("pause");
	}
	CHECK_KILLED(pid, SIGXCPU);
}

static void
limit_of_processes(void)
{
	struct rlimit rl = { 1, 1 };

	if (root()) {
		if (!has_cap(CAP_SETUID))
			return;
		CHECK_EQ(setresuid(54321, 54321, 54321), 0);
	}
	CHECK_EQ(setrlimit(RLIMIT_NPROC, &rl), 0);
	CHECK_ERR(fork(), EAGAIN);
}

static void
niceness(void)
{
	int first, then;
	pid_t pid;

	errno = 0;
	first = getpriority(PRIO_PROCESS, 0); /* the tests may have been started by nice */
	CHECK_EQ(errno, 0);
	then = first + 5 < 19 ? first + 5 : 19;
	errno = 0;
	CHECK_EQ(nice(5), then);
	CHECK_EQ(errno, 0);
	CHECK_EQ(getpriority(PRIO_PROCESS, getpid()), then);
	CHECK_EQ(syscall(SYS_getpriority, PRIO_PROCESS, 0), 20 - then);
	CHECK_EQ(setpriority(PRIO_PROCESS, 0, 100), 0);
	CHECK_EQ(getpriority(PRIO_PROCESS, 0), 19);
	CHECK_ERR(setpriority(9, 0, 0), EINVAL);
	CHECK_ERR(setpriority(PRIO_PROCESS, 0x3ffffff, 0), ESRCH);
	if (!has_cap(CAP_SYS_NICE))
		CHECK_ERR(setpriority(PRIO_PROCESS, 0, -5), EACCES);
	pid = guest_fork();
	if (pid == 0)
		_exit(getpriority(PRIO_PROCESS, 0));
	CHECK_EXITS(pid, 19);
}

static void
scheduling(void)
{
	struct sched_param sp = { 0 };
	struct timespec ts;
	cpu_set_t set;
	int cpu;

	CHECK_EQ(sched_getscheduler(0), SCHED_OTHER);
	CHECK_EQ(sched_get_priority_max(SCHED_FIFO), 99);
	CHECK_EQ(sched_get_priority_min(SCHED_FIFO), 1);
	CHECK_EQ(sched_get_priority_max(SCHED_OTHER), 0);
	CHECK_ERR(sched_get_priority_max(77), EINVAL);
	CHECK_EQ(sched_setscheduler(0, SCHED_BATCH, &sp), 0);
	CHECK_EQ(sched_getscheduler(0), SCHED_BATCH);
	sp.sched_priority = 5;
	CHECK_ERR(sched_setscheduler(0, SCHED_OTHER, &sp), EINVAL);
	CHECK_ERR(sched_setscheduler(0, 77, &sp), EINVAL);
	CHECK_ERR(sched_getscheduler(0x3ffffff), ESRCH);
	CHECK_EQ(sched_getparam(0, &sp), 0);
	CHECK_EQ(sp.sched_priority, 0);
	CHECK_EQ(sched_rr_get_interval(0, &ts), 0);
	CHECK_EQ(sched_getaffinity(0, sizeof(set), &set), 0);
	CHECK(CPU_COUNT(&set) >= 1 && CPU_COUNT(&set) <= sysconf(_SC_NPROCESSORS_CONF)); /* a container may have fewer */
	for (cpu = 0; !CPU_ISSET(cpu, &set); cpu++)
		;
	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	CHECK_EQ(sched_setaffinity(0, sizeof(set), &set), 0);
	CHECK_EQ(sched_getaffinity(0, sizeof(set), &set), 0);
	CHECK_EQ(CPU_COUNT(&set), 1);
	cpu = sched_getcpu();
	CHECK(cpu >= 0);
	CPU_ZERO(&set);
	CHECK_ERR(sched_setaffinity(0, sizeof(set), &set), EINVAL);
	CHECK_EQ(sched_yield(), 0);
}

#define PINNED "PINNED_CPU"

/* What execve(2) leaves of an affinity mask: run again by pinned(). */
static void
still_pinned(void)
{
	const char *cpu = getenv(PINNED);
	cpu_set_t set;

	if (!cpu)
		return;
	CHECK_EQ(sched_getaffinity(0, sizeof(set), &set), 0);
	CHECK_EQ(CPU_COUNT(&set), 1);
	CHECK(CPU_ISSET((size_t)atoi(cpu), &set));
	CHECK_EQ(sched_getcpu(), atoi(cpu));
}

static void
pin(pid_t pid, int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET((size_t)cpu, &set);
	CHECK_EQ(sched_setaffinity(pid, sizeof(set), &set), 0);
}

static void
exec_pinned(void)
{
	execl("/proc/self/exe", "ids", "still_pinned", (char *)NULL);
	_exit(99);
}

/* Calls about memory, one after the other: where the thread runs meanwhile is the kernel's business. */
static void
move_memory(int times)
{
	while (times-- > 0)
		munmap(mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), 4096);
}

static void
runs_on(const cpu_set_t *want)
{
	cpu_set_t set;

	CHECK_EQ(sched_getaffinity(0, sizeof(set), &set), 0);
	CHECK(CPU_EQUAL(&set, want));
	CHECK(CPU_ISSET((size_t)sched_getcpu(), want));
}

static void
moving_memory(void)
{
	cpu_set_t all, one;
	pid_t pid;

	CHECK_EQ(sched_getaffinity(0, sizeof(all), &all), 0);
	move_memory(50);
	runs_on(&all);
	pid = fork();
	if (pid == 0) {
		runs_on(&all);
		move_memory(50);
		runs_on(&all);
		_exit(0);
	}
	CHECK_EXITS(pid, 0);
	move_memory(50);
	for (size_t cpu = 0; cpu < CPU_SETSIZE; cpu++) {
		if (!CPU_ISSET(cpu, &all))
			continue;
		CPU_ZERO(&one);
		CPU_SET(cpu, &one);
		CHECK_EQ(sched_setaffinity(0, sizeof(one), &one), 0);
		for (int i = 0; i < 20; i++) {
			runs_on(&one);
			move_memory(5);
		}
	}
}

static void
pinned_to(int cpu, const cpu_set_t *all)
{
	char number[12];
	pid_t pid;

	pin(0, cpu);
	CHECK_EQ(sched_getcpu(), cpu);
	snprintf(number, sizeof(number), "%d", cpu);
	setenv(PINNED, number, 1);
	pid = fork();
	if (pid == 0) {
		still_pinned();
		exec_pinned();
	}
	CHECK_EXITS(pid, 0);
	pid = vfork();
	if (pid == 0)
		exec_pinned();
	CHECK_EXITS(pid, 0);
	/* By somebody else */
	CHECK_EQ(sched_setaffinity(0, sizeof(*all), all), 0);
	pid = fork();
	if (pid == 0) {
		pin(getppid(), cpu);
		_exit(0);
	}
	CHECK_EXITS(pid, 0);
	CHECK_EQ(sched_getcpu(), cpu);
	CHECK_EQ(sched_setaffinity(0, sizeof(*all), all), 0);
}

/* A mask is where a task runs, not a number that is kept. */
static void
pinned(void)
{
	cpu_set_t all;
	int cpu, tried = 0;

	CHECK_EQ(sched_getaffinity(0, sizeof(all), &all), 0);
	for (cpu = 0; cpu < CPU_SETSIZE && tried < 4; cpu++) {
		if (!CPU_ISSET((size_t)cpu, &all))
			continue;
		pinned_to(cpu, &all);
		tried++;
	}
}

static void
umasks(void)
{
	struct stat st;

	guest_tmpdir();
	CHECK_EQ(umask(022) & ~0777, 0);
	CHECK_EQ(umask(07777), 022);
	CHECK_EQ(umask(027), 0777);
	CHECK(open("f", O_CREAT | O_WRONLY, 0666) >= 0);
	CHECK_EQ(stat("f", &st), 0);
	CHECK_EQ(st.st_mode & 07777, 0640);
	CHECK_EQ(mkdir("d", 0777), 0);
	CHECK_EQ(stat("d", &st), 0);
	CHECK_EQ(st.st_mode & 07777, 0750);
}

int
main(int argc, char **argv)
{
	static const struct guest_case cases[] = {
		T(ids_agree), T(without_privilege_only_ones_own), T(root_changes_and_comes_back), T(groups),
		T(permissions_follow_the_effective_user), T(signals_between_users), T(capabilities), T(keepcaps), T(no_new_privs),
		T(prctl_settings), T(machine_check_policy), T(limits), T(limit_of_descriptors), T(limit_of_file_size),
		T(limit_of_cpu_time),
		T(limit_of_processes), T(niceness), T(scheduling), T(pinned), T(still_pinned), T(moving_memory),
		T(umasks),
	};

	return guest_main(argc, argv, cases, ARRAY_SIZE(cases));
}
