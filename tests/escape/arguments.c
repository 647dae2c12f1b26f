/* SPDX-License-Identifier: MIT
 *
 * What a program can put into a call's registers: kernel addresses for every argument of every call, addresses that change while they
 * are read, flags; and what it finds in them afterwards: row 21.
 */
#include <pthread.h>
#include <sched.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "escape.h"

static const unsigned long places[] = { ARENA + 0x1000, SCRATCH - 4096, SELECT };
static char scratch[65536];
static int fds[2];

/* Calls that end, stop or move the caller, or that sleep whatever they are told. */
static int
left_out(long nr)
{
	static const short list[] = { SYS_exit, SYS_exit_group, SYS_fork, SYS_vfork, SYS_clone, SYS_clone3, SYS_pause, SYS_rt_sigreturn, SYS_kill,
				      SYS_tkill, SYS_tgkill, SYS_rt_sigqueueinfo, SYS_rt_tgsigqueueinfo, SYS_reboot, SYS_shutdown, SYS_alarm,
				      SYS_setitimer, SYS_setrlimit, SYS_prlimit64, SYS_close_range, SYS_munmap, SYS_rt_sigsuspend, SYS_sched_setaffinity,
				      SYS_vhangup, SYS_dup2, SYS_dup3, SYS_close, SYS_chroot, SYS_seccomp, SYS_prctl, SYS_arch_prctl };

	for (size_t i = 0; i < sizeof(list) / sizeof(list[0]); i++)
		if (nr == list[i])
			return 1;
	return 0;
}

static void
one_call(long nr)
{
	unsigned long plain[6] = { (unsigned long)fds[0], (unsigned long)scratch, 64, (unsigned long)scratch + 4096, 1, (unsigned long)scratch + 8192 };
	unsigned long a[6];

	for (size_t p = 0; p < sizeof(places) / sizeof(places[0]); p++)
		for (int mask = 1; mask < 64; mask++) {
			for (int i = 0; i < 6; i++)
				a[i] = mask & 1 << i ? places[p] : plain[i];
			syscall(nr, a[0], a[1], a[2], a[3], a[4], a[5]);
		}
}

/* Whatever it does to the program, the kernel is there afterwards and has not written to its own memory by our hand. */
static int
kernel_addresses_in_every_call(void)
{
	pid_t parent = getppid();
	int status;

	for (long nr = 0; nr < 462; nr++) {
		pid_t pid;

		if (left_out(nr))
			continue;
		pid = fork();
		if (pid == 0) {
			if (pipe(fds) != 0 || chdir("/tmp") != 0)
				_exit(0);
			(void)!freopen("/dev/null", "w", stdout);
			alarm(1);
			one_call(nr);
			_exit(0);
		}
		if (pid < 0 || waitpid(pid, &status, 0) != pid || getppid() != parent)
			return ESCAPED;
	}
	return CONTAINED;
}

/* A buffer whose address turns into a kernel one while the call looks at it. */
static struct iovec turning[2];
static volatile int stop;

static void *
turn(void *arg)
{
	while (!stop) {
		for (int i = 0; i < 200; i++) {
			__atomic_store_n((unsigned long *)&turning[0].iov_base, places[i & 1 ? 0 : 2], __ATOMIC_RELAXED);
			__atomic_store_n((unsigned long *)&turning[0].iov_base, (unsigned long)scratch, __ATOMIC_RELAXED);
		}
		sched_yield();
	}
	return NULL;
}

static int
addresses_that_turn(void)
{
	char buf[64], self[8];
	pthread_t th;
	int s[2], bad = 0;

	memset(scratch, 'x', sizeof(scratch));
	memset(self, 'x', 8);
	turning[0] = (struct iovec){ scratch, 8 };
	turning[1] = (struct iovec){ scratch + 64, 8 };
	if (socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0, s) != 0 || pthread_create(&th, NULL, turn, NULL) != 0)
		return CONTAINED;
	for (int i = 0; i < 2000 && !bad; i++) {
		struct msghdr m = { .msg_iov = turning, .msg_iovlen = 2 };
		ssize_t n = i & 1 ? writev(s[0], turning, 2) : sendmsg(s[0], &m, 0);

		/* what arrives is the program's own x, or nothing */
		if (n > 0 && (read(s[1], buf, 64) != n || memcmp(buf, self, (size_t)n < 8 ? (size_t)n : 8) != 0))
			bad = 1;
		memset(buf, 'x', 16);
		if (write(s[0], buf, 16) == 16 && readv(s[1], turning, 2) < 0)
			(void)!read(s[1], buf, 64);
	}
	stop = 1;
	pthread_join(th, NULL);
	return bad ? ESCAPED : CONTAINED;
}

/* DF, AC, TF's neighbours, and an MXCSR that traps everything: the kernel's copies go forwards, and the program's flags come back. */
static int
flags_on_the_way_in(void)
{
	unsigned int traps = 0x0000, normal = 0x1f80, mxcsr;
	unsigned long flags, ret;
	char cwd[256];

	__asm__ volatile("ldmxcsr %0" : : "m"(traps));
	memset(cwd, 0, sizeof(cwd));
	ret = SYS_getcwd;
	__asm__ volatile("pushfq; orq $0x40400, (%%rsp); popfq; syscall; pushfq; pop %1; cld; pushfq; andq $~0x40000, (%%rsp); popfq"
			 : "+a"(ret), "=&r"(flags) : "D"(cwd), "S"(sizeof(cwd)) : "rcx", "r11", "memory", "cc");
	__asm__ volatile("stmxcsr %0; ldmxcsr %1" : "=m"(mxcsr) : "m"(normal));
	if ((long)ret <= 0 || cwd[0] != '/' || strlen(cwd) + 1 != ret)
		return ESCAPED;
	return (flags & 0x40400) == 0x40400 && (mxcsr & 0xffc0) == 0 ? CONTAINED : ESCAPED;
}

/* After a call every register is as it was, but rax, rcx and r11, which are as the processor's own instruction leaves them. */
static int
nothing_is_left_in_registers(void)
{
	struct {
		unsigned long r[16];
		unsigned char x[16][16];
	} after;

	for (int i = 0; i < 50; i++) {
		memset(&after, 0, sizeof(after));
		__asm__ volatile("mov $-1, %%rax; movq %%rax, %%xmm0; pshufd $0, %%xmm0, %%xmm0; movdqa %%xmm0, %%xmm1; movdqa %%xmm0, %%xmm15\n\t"
				 "mov $0x1234, %%rdx; mov $0x1235, %%r8; mov $0x1236, %%r9; mov $0x1237, %%r10; mov $0x1238, %%rsi\n\t"
				 "mov $39, %%eax; syscall\n\t"
				 "mov %%rdx, 0(%0); mov %%r8, 8(%0); mov %%r9, 16(%0); mov %%r10, 24(%0); mov %%rsi, 32(%0); mov %%rcx, 40(%0)\n\t"
				 "mov %%r11, 48(%0); movdqu %%xmm0, 128(%0); movdqu %%xmm1, 144(%0); movdqu %%xmm15, 160(%0)"
				 : : "D"(&after) : "rax", "rcx", "rdx", "rsi", "r8", "r9", "r10", "r11", "xmm0", "xmm1", "xmm15", "memory", "cc");
		for (unsigned long k = 0; k < 5; k++)
			if (after.r[k] != 0x1234 + k)
				return ESCAPED;
		if (after.r[5] - (unsigned long)nothing_is_left_in_registers > 4096 || (after.r[6] & ~0x244ed7UL))
			return ESCAPED; /* rcx: where it came back to; r11: flags */
		for (int k = 0; k < 3; k++)
			for (int b = 0; b < 16; b++)
				if (after.x[k][b] != 0xff)
					return ESCAPED;
	}
	return CONTAINED;
}

int
main(int argc, char **argv)
{
	arguments(argc, argv);
	A_LIVES(kernel_addresses_in_every_call);
	A_LIVES(addresses_that_turn);
	A_LIVES(flags_on_the_way_in);
	A_LIVES(nothing_is_left_in_registers);
	return escaped;
}
