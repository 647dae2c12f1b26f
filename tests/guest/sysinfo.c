/* SPDX-License-Identifier: MIT
 *
 * uname, host and domain names, sysinfo, getcpu, getrandom, syslog.
 */
#include <sched.h>
#include <sys/personality.h>
#include <sys/random.h>
#include <sys/sysinfo.h>
#include <sys/utsname.h>

#include "tests/guest/guest.h"

#define BAD ((void *)guest_bad_address())

static void
uname_says(void)
{
	struct utsname u;
	int major, minor;

	memset(&u, 0xff, sizeof(u));
	CHECK_EQ(uname(&u), 0);
	CHECK_STR(u.sysname, "Linux");
	CHECK_STR(u.machine, "x86_64");
	CHECK_EQ(sscanf(u.release, "%d.%d", &major, &minor), 2);
	CHECK(major >= 5);
	CHECK(strlen(u.nodename) > 0);
	CHECK_ERR(syscall(SYS_uname, BAD), EFAULT);
}

static void
uname_of_a_personality(void)
{
	struct utsname u;

	CHECK_EQ(personality(PER_LINUX32), 0);
	CHECK_EQ(uname(&u), 0);
	CHECK_STR(u.machine, "i686");
	CHECK_EQ(personality(UNAME26), PER_LINUX32);
	CHECK_EQ(uname(&u), 0);
	CHECK_STR(u.machine, "x86_64");
	CHECK_EQ(strncmp(u.release, "2.6.", 4), 0);
}

static void
names_can_be_set(void)
{
	struct utsname u;
	char name[65];
	pid_t pid = guest_fork();

	if (pid == 0) {
		/* natively in a namespace of its own, so that the test machine keeps its name; stead's is the instance's */
		if (unshare(CLONE_NEWUTS) != 0 && errno == EPERM)
			_exit(0);
		CHECK_EQ(syscall(SYS_uname, &u), 0);
		memset(name, 'x', sizeof(name));
		CHECK_ERR(sethostname(name, 65), EINVAL);
		CHECK_ERR(syscall(SYS_sethostname, name, -1), EINVAL);
		CHECK_ERR(syscall(SYS_sethostname, BAD, 5), EFAULT);
		CHECK_ERR(setdomainname(name, 65), EINVAL);
		_exit(0);
	}
	CHECK_EXITS(pid, 0);
	pid = guest_fork();
	if (pid == 0) {
		CHECK_EQ(geteuid() == 0 ? setgid(1000) | setuid(1000) : 0, 0);
		CHECK_ERR(sethostname("a", 1), EPERM);
		CHECK_ERR(setdomainname("a", 1), EPERM);
		CHECK_ERR(syscall(SYS_sethostname, NULL, -1), EPERM);
		_exit(0);
	}
	CHECK_EXITS(pid, 0);
}

static void
sysinfo_says(void)
{
	struct sysinfo si;
	struct timespec ts;

	memset(&si, 0xff, sizeof(si));
	CHECK_EQ(sysinfo(&si), 0);
	CHECK(si.mem_unit >= 1);
	CHECK(si.totalram * si.mem_unit >= 16 << 20);
	CHECK(si.freeram <= si.totalram);
	CHECK(si.procs > 0);
	CHECK_EQ(clock_gettime(CLOCK_BOOTTIME, &ts), 0);
	CHECK(labs(si.uptime - ts.tv_sec) <= 1);
	CHECK_ERR(syscall(SYS_sysinfo, BAD), EFAULT);
}

static void
getcpu_says(void)
{
	unsigned int cpu = 77777, node = 77777;

	CHECK_EQ(syscall(SYS_getcpu, &cpu, &node, NULL), 0);
	CHECK((long)cpu < sysconf(_SC_NPROCESSORS_CONF));
	CHECK(node < 1024);
	CHECK_EQ(syscall(SYS_getcpu, NULL, NULL, BAD), 0); /* the third is not used */
	CHECK_ERR(syscall(SYS_getcpu, BAD, NULL, NULL), EFAULT);
	CHECK_ERR(syscall(SYS_getcpu, NULL, BAD, NULL), EFAULT);
}

static void
random_bytes(void)
{
	static unsigned char a[100000], b[100000];
	long page = sysconf(_SC_PAGESIZE);
	unsigned char *p;
	int zero = 0;

	CHECK_EQ(syscall(SYS_getrandom, a, sizeof(a), 0), sizeof(a));
	CHECK_EQ(syscall(SYS_getrandom, b, sizeof(b), GRND_NONBLOCK), sizeof(b));
	CHECK(memcmp(a, b, sizeof(a)) != 0);
	for (size_t i = 0; i < sizeof(a); i++)
		zero += a[i] == 0;
	CHECK(zero > 200 && zero < 700);
	CHECK_EQ(syscall(SYS_getrandom, a, 0, 0), 0);
	CHECK_EQ(syscall(SYS_getrandom, a, 1, GRND_RANDOM), 1);
	CHECK_EQ(syscall(SYS_getrandom, a, 16, 4), 16); /* GRND_INSECURE */
	CHECK_ERR(syscall(SYS_getrandom, a, 16, 4 | GRND_RANDOM), EINVAL);
	CHECK_ERR(syscall(SYS_getrandom, a, 16, 8), EINVAL);
	CHECK_ERR(syscall(SYS_getrandom, BAD, 16, 0), EFAULT);
	CHECK_EQ(syscall(SYS_getrandom, BAD, 0, 0), 0);
	p = mmap(NULL, 2 * (size_t)page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	CHECK(p != MAP_FAILED);
	CHECK_EQ(munmap(p + page, (size_t)page), 0);
	CHECK_EQ(syscall(SYS_getrandom, p + page - 10, 100, 0), 10);
	CHECK_ERR(syscall(SYS_getrandom, p + page, 100, 0), EFAULT);
}

static void
syslog_arguments(void)
{
	char buf[64];

	if (geteuid() != 0)
		return; /* the host may have it all for root */
	CHECK_ERR(syscall(SYS_syslog, 11, buf, 10), EINVAL);
	CHECK_ERR(syscall(SYS_syslog, -1, buf, 10), EINVAL);
	CHECK_ERR(syscall(SYS_syslog, 3, NULL, 10), EINVAL);
	CHECK_ERR(syscall(SYS_syslog, 3, buf, -1), EINVAL);
	CHECK_EQ(syscall(SYS_syslog, 3, buf, 0), 0);
	CHECK_ERR(syscall(SYS_syslog, 8, NULL, 0), EINVAL);
	CHECK_ERR(syscall(SYS_syslog, 8, NULL, 9), EINVAL);
	CHECK(syscall(SYS_syslog, 10, NULL, 0) > 0);
	CHECK_EQ(syscall(SYS_syslog, 0, NULL, 0), 0);
	CHECK_EQ(syscall(SYS_syslog, 1, NULL, 0), 0);
}

int
main(int argc, char **argv)
{
	static const struct guest_case cases[] = {
		T(uname_says), T(uname_of_a_personality), T(names_can_be_set), T(sysinfo_says), T(getcpu_says),
		T(random_bytes), T(syslog_arguments),
	};

	return guest_main(argc, argv, cases, ARRAY_SIZE(cases));
}
