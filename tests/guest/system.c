/* SPDX-License-Identifier: MIT
 *
 * What a program asks about its system: uname, sysinfo, usage, random numbers, and calls that are not there.
 */
#include <asm/prctl.h>
#include <linux/membarrier.h>
#include <sched.h>
#include <sys/personality.h>
#include <sys/random.h>
#include <sys/sysinfo.h>
#include <sys/times.h>
#include <sys/utsname.h>

#include "tests/guest/guest.h"

static void
names(void)
{
	struct utsname u;
	int a, b;

	CHECK_EQ(uname(&u), 0);
	CHECK_STR(u.sysname, "Linux");
	CHECK_STR(u.machine, "x86_64");
	CHECK_EQ(sscanf(u.release, "%d.%d", &a, &b), 2);
	CHECK(a >= 5);
	CHECK(u.nodename[0] && u.version[0]);
	CHECK_ERR(syscall(SYS_uname, 8), EFAULT);
	CHECK_ERR(sethostname("x", 65), geteuid() == 0 ? EINVAL : EPERM);
	CHECK_ERR(sethostname("x", (size_t)-1), geteuid() == 0 ? EINVAL : EPERM);
}

static void
sysinfo_is_sane(void)
{
	struct sysinfo si;

	CHECK_EQ(sysinfo(&si), 0);
	CHECK(si.totalram > 0 && si.freeram <= si.totalram && si.uptime >= 0 && si.procs > 0 && si.mem_unit > 0);
}

static void
usage(void)
{
	struct rusage ru;
	struct tms t;
	clock_t c;

	CHECK_EQ(getrusage(RUSAGE_SELF, &ru), 0);
	CHECK(ru.ru_maxrss > 0);
	CHECK_EQ(getrusage(RUSAGE_CHILDREN, &ru), 0);
	CHECK_EQ(getrusage(RUSAGE_THREAD, &ru), 0);
	CHECK_ERR(getrusage((enum __rusage_who)77, &ru), EINVAL);
	CHECK_ERR(syscall(SYS_getrusage, RUSAGE_SELF, 8), EFAULT);
	c = times(&t);
	guest_sleep_ms(30);
	CHECK(times(NULL) > c);
}

static void
random_numbers(void)
{
	unsigned char a[64] = { 0 }, b[64] = { 0 };

	CHECK_EQ(getrandom(a, sizeof(a), 0), sizeof(a));
	CHECK_EQ(getrandom(b, sizeof(b), GRND_NONBLOCK), sizeof(b));
	CHECK(memcmp(a, b, sizeof(a)) != 0);
	CHECK_EQ(getrandom(a, 16, GRND_RANDOM), 16);
	CHECK_EQ(getrandom(a, 0, 0), 0);
	CHECK_ERR(getrandom(a, 1, 0x80), EINVAL);
	CHECK_ERR(syscall(SYS_getrandom, 8, 10, 0), EFAULT);
}

static void
processors(void)
{
	unsigned int cpu = 99, node = 99;

	CHECK_EQ(syscall(SYS_getcpu, &cpu, &node, NULL), 0);
	CHECK(cpu < (unsigned int)sysconf(_SC_NPROCESSORS_CONF) && node < 64);
	CHECK(sysconf(_SC_NPROCESSORS_ONLN) > 0);
	CHECK(sysconf(_SC_PHYS_PAGES) > 0);
}

static void
segment_bases(void)
{
	unsigned long fs = 0;

	CHECK_EQ(syscall(SYS_arch_prctl, ARCH_GET_FS, &fs), 0);
	CHECK(fs != 0 && *(unsigned long *)fs == fs); /* libc's self pointer */
	CHECK_EQ(syscall(SYS_arch_prctl, ARCH_SET_FS, fs), 0);
	CHECK_ERR(syscall(SYS_arch_prctl, 0x9999, 0), EINVAL);
	CHECK_ERR(syscall(SYS_arch_prctl, ARCH_SET_FS, 1ul << 63), EPERM);
	CHECK_ERR(syscall(SYS_arch_prctl, ARCH_GET_FS, 8), EFAULT);
}

static void
personalities(void)
{
	CHECK_EQ(personality(0xffffffff), 0);
	CHECK_EQ(personality(ADDR_NO_RANDOMIZE), 0);
	CHECK_EQ(personality(0xffffffff), ADDR_NO_RANDOMIZE);
	if (guest_fork() == 0)
		_exit(personality(0xffffffff) == ADDR_NO_RANDOMIZE ? 0 : 1);
	CHECK_EXITS(-1, 0);
}

static void
membarriers(void)
{
	long have = syscall(SYS_membarrier, MEMBARRIER_CMD_QUERY, 0, 0);

	if (have < 0) {
		CHECK_EQ(errno, ENOSYS);
		return;
	}
	if (have & MEMBARRIER_CMD_GLOBAL)
		CHECK_EQ(syscall(SYS_membarrier, MEMBARRIER_CMD_GLOBAL, 0, 0), 0);
	CHECK_ERR(syscall(SYS_membarrier, 0x40000000, 0, 0), EINVAL);
}

#define REGISTRATIONS (1 << 9)

static long
membarrier(int cmd)
{
	return syscall(SYS_membarrier, cmd, 0, 0);
}

/* Who wants barriers of its own says so first; children have said it, new programs have not. */
static void
membarriers_are_registered(void)
{
	static const int cmds[] = { MEMBARRIER_CMD_PRIVATE_EXPEDITED, MEMBARRIER_CMD_PRIVATE_EXPEDITED_SYNC_CORE };
	long have = membarrier(MEMBARRIER_CMD_QUERY), all = 0;

	for (size_t i = 0; have > 0 && i < ARRAY_SIZE(cmds); i++) {
		if (!(have & cmds[i])) {
			CHECK_ERR(membarrier(cmds[i]), EINVAL);
			continue;
		}
		CHECK_ERR(membarrier(cmds[i]), EPERM);
		CHECK_EQ(membarrier(cmds[i] << 1), 0);
		CHECK_EQ(membarrier(cmds[i]), 0);
		all |= cmds[i] << 1;
		if (have & REGISTRATIONS)
			CHECK_EQ(membarrier(REGISTRATIONS), all);
		if (guest_fork() == 0) {
			CHECK_EQ(membarrier(cmds[i]), 0);
			_exit(0);
		}
		CHECK_EXITS(-1, 0);
	}
	if (have > 0 && (have & MEMBARRIER_CMD_REGISTER_GLOBAL_EXPEDITED) && (have & REGISTRATIONS)) {
		CHECK_EQ(membarrier(MEMBARRIER_CMD_REGISTER_GLOBAL_EXPEDITED), 0);
		CHECK_EQ(membarrier(REGISTRATIONS), all | MEMBARRIER_CMD_REGISTER_GLOBAL_EXPEDITED);
		CHECK_ERR(syscall(SYS_membarrier, REGISTRATIONS, 1, 0), EINVAL);
	}
}

static void
numbers_that_are_no_calls(void)
{
	static const long none[] = { 400, 423, 1000, 0x3fffffff, -1, -5000 };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(none); i++)
		CHECK_ERR(syscall(none[i]), ENOSYS);
	CHECK_ERR(syscall(SYS_create_module, 0), ENOSYS);
	CHECK_ERR(syscall(SYS_vserver, 0), ENOSYS);
	CHECK_ERR(syscall(SYS_tuxcall, 0), ENOSYS);
}

static void
calls_for_others_only(void)
{
	if (geteuid() == 0) {
		CHECK_EQ(setresgid(500, 500, 500), 0);
		CHECK_EQ(setresuid(500, 500, 500), 0);
	}
	CHECK_ERR(sethostname("x", 1), EPERM);
	CHECK_ERR(syscall(SYS_settimeofday, &(struct timeval){ 1, 0 }, NULL), EPERM);
	CHECK_ERR(chroot("/"), EPERM);
	CHECK_ERR(syscall(SYS_mount, "none", "/tmp", "tmpfs", 0, NULL), EPERM);
	CHECK_ERR(clock_settime(CLOCK_REALTIME, &(struct timespec){ 1, 0 }), EPERM);
}

static void
registers_after_a_call(void)
{
	uint64_t rcx, r11, rax, rbx = 0x1234, r8 = 8, r9 = 9, r10 = 10, rdi = 1, rsi = 2, rdx = 3, here;
	register uint64_t x8 asm("r8") = r8, x9 asm("r9") = r9, x10 asm("r10") = r10;

	/* rcx is the return address, r11 the flags, all others stay. */
	__asm__ volatile("syscall\n1:\tlea 1b(%%rip), %[here]"
			 : "=a"(rax), "=c"(rcx), [here] "=&r"(here), "+r"(x8), "+r"(x9), "+r"(x10), "+D"(rdi), "+S"(rsi), "+d"(rdx),
			   "+b"(rbx)
			 : "0"(SYS_getpid)
			 : "r11", "memory");
	r8 = x8; /* before a function call takes the registers */
	r9 = x9;
	r10 = x10;
	CHECK_EQ(rax, getpid());
	CHECK_EQ(rcx, here);
	CHECK(r8 == 8 && r9 == 9 && r10 == 10 && rdi == 1 && rsi == 2 && rdx == 3 && rbx == 0x1234);
	__asm__ volatile("stc\n\tsyscall\n\tmov %%r11, %[r11]" : "=a"(rax), [r11] "=r"(r11) : "0"(SYS_getpid) : "rcx", "r11", "cc", "memory");
	CHECK_EQ(r11 & 0x201, 0x201);
}

static void
upper_halves_of_int_arguments_do_not_matter(void)
{
	int fd = open("/dev/null", O_RDWR);
	char c = 0;

	CHECK_EQ(syscall(SYS_write, 0xdead00000000ul | (unsigned int)fd, &c, 1ul), 1);
	CHECK_EQ(syscall(SYS_close, 0xdead00000000ul | (unsigned int)fd), 0);
	CHECK_EQ(syscall(0x100000000ul | SYS_getppid), getppid());
}

int
main(int argc, char **argv)
{
	static const struct guest_case cases[] = {
		T(names), T(sysinfo_is_sane), T(usage), T(random_numbers), T(processors), T(segment_bases), T(personalities),
		T(membarriers), T(membarriers_are_registered), T(numbers_that_are_no_calls), T(calls_for_others_only), T(registers_after_a_call),
		T(upper_halves_of_int_arguments_do_not_matter),
	};

	return guest_main(argc, argv, cases, ARRAY_SIZE(cases));
}
