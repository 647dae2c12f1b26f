/* SPDX-License-Identifier: MIT
 *
 * Address spaces, further: placement, errors in their order, faults and their codes, files past their end, stacks, brk, limits.
 */
#include <setjmp.h>
#include <sys/personality.h>

#include "guest.h"

#ifndef MAP_FIXED_NOREPLACE
#define MAP_FIXED_NOREPLACE 0x100000
#endif

#define PAGE 4096UL
#define RW   (PROT_READ | PROT_WRITE)
#define ANON (MAP_PRIVATE | MAP_ANONYMOUS)

static sigjmp_buf fault_jmp;
static volatile int fault_sig, fault_code;
static void *volatile fault_at;

static void
on_fault(int sig, siginfo_t *si, void *uc)
{
	(void)uc;
	fault_sig = sig;
	fault_code = si->si_code;
	fault_at = si->si_addr;
	siglongjmp(fault_jmp, 1);
}

static void
catch_faults(void)
{
	struct sigaction sa = { .sa_sigaction = on_fault, .sa_flags = SA_SIGINFO | SA_NODEFER };

	CHECK_EQ(sigaction(SIGSEGV, &sa, NULL), 0);
	CHECK_EQ(sigaction(SIGBUS, &sa, NULL), 0);
}

/* What reading or writing a byte gives: 0, or signal * 100 + code; the address must be the byte's. */
static int
touch(volatile char *p, bool write)
{
	if (sigsetjmp(fault_jmp, 1)) {
		if (fault_at != (void *)p)
			guest_fail(__FILE__, __LINE__, "fault at another address");
		return fault_sig * 100 + fault_code;
	}
	if (write)
		*p = 1;
	else
		(void)*p;
	return 0;
}

#define MAPERR (SIGSEGV * 100 + SEGV_MAPERR)
#define ACCERR (SIGSEGV * 100 + SEGV_ACCERR)
#define ADRERR (SIGBUS * 100 + BUS_ADRERR)

static char *
map_anon(size_t pages)
{
	char *p = mmap(NULL, pages * PAGE, RW, ANON, -1, 0);

	CHECK(p != MAP_FAILED);
	return p;
}

/* The line of /proc/self/maps that has @addr: permissions; "" if there is none. */
static void
perms_of(const void *addr, char perms[8], unsigned long *start, unsigned long *end)
{
	FILE *f = fopen("/proc/self/maps", "r");
	char line[512];

	CHECK(f);
	perms[0] = 0;
	while (fgets(line, sizeof(line), f)) {
		unsigned long s, e;
		char p[8];

		if (sscanf(line, "%lx-%lx %7s", &s, &e, p) == 3 && s <= (unsigned long)addr && (unsigned long)addr < e) {
			strcpy(perms, p);
			*start = s;
			*end = e;
			break;
		}
	}
	fclose(f);
}

static void
anonymous_memory_is_zero_and_private(void)
{
	char *p = map_anon(16);
	pid_t pid;

	for (size_t i = 0; i < 16 * PAGE; i++)
		CHECK_EQ(p[i], 0);
	memset(p, 7, 16 * PAGE);
	pid = fork();
	if (pid == 0) {
		memset(p, 8, 16 * PAGE);
		_exit(0);
	}
	CHECK_EXITS(pid, 0);
	CHECK_EQ(p[5 * PAGE], 7);
	CHECK_EQ(munmap(p, 16 * PAGE), 0);
}

static void
shared_anonymous_memory_is_shared(void)
{
	char *p = mmap(NULL, 8 * PAGE, RW, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pid_t pid;

	CHECK(p != MAP_FAILED);
	for (size_t i = 0; i < 8 * PAGE; i++)
		CHECK_EQ(p[i], 0);
	pid = fork();
	if (pid == 0) {
		strcpy(p + 3 * PAGE, "from the child");
		_exit(munmap(p, 8 * PAGE) != 0);
	}
	CHECK_EXITS(pid, 0);
	CHECK_STR(p + 3 * PAGE, "from the child");
}

static void
dev_zero(void)
{
	int fd = open("/dev/zero", O_RDWR);
	char *p, *q;
	pid_t pid;

	CHECK(fd >= 0);
	p = mmap(NULL, 2 * PAGE, RW, MAP_PRIVATE, fd, 0);
	q = mmap(NULL, 2 * PAGE, RW, MAP_SHARED, fd, 0);
	CHECK(p != MAP_FAILED && q != MAP_FAILED);
	close(fd);
	CHECK_EQ(p[PAGE] | q[PAGE], 0);
	pid = fork();
	if (pid == 0) {
		p[0] = q[0] = 5;
		_exit(0);
	}
	CHECK_EXITS(pid, 0);
	CHECK_EQ(p[0], 0);
	CHECK_EQ(q[0], 5);
}

static void
bad_arguments(void)
{
	int fd = guest_temp_file(2 * PAGE), ro;
	char path[64];

	CHECK_ERR(mmap(NULL, 0, RW, ANON, -1, 0), EINVAL);
	CHECK_ERR(mmap(NULL, PAGE, RW, MAP_ANONYMOUS, -1, 0), EINVAL);
	CHECK_ERR(mmap(NULL, PAGE, RW, MAP_ANONYMOUS | MAP_SHARED_VALIDATE, -1, 0), EINVAL);
	CHECK_ERR(syscall(SYS_mmap, NULL, PAGE, RW, ANON, -1, 1), EINVAL);
	CHECK_ERR(mmap(NULL, PAGE, RW, MAP_PRIVATE, -1, 0), EBADF);
	CHECK_ERR(mmap(NULL, PAGE, RW, MAP_PRIVATE, 999, 0), EBADF);
	CHECK_ERR(mmap(NULL, SIZE_MAX, RW, ANON, -1, 0), ENOMEM);
	CHECK_ERR(mmap(NULL, 1UL << 47, PROT_NONE, ANON | MAP_NORESERVE, -1, 0), ENOMEM);
	CHECK_ERR(mmap((void *)1, PAGE, RW, ANON | MAP_FIXED, -1, 0), EINVAL);
	CHECK_ERR(mmap((void *)(1UL << 47), PAGE, RW, ANON | MAP_FIXED, -1, 0), ENOMEM);
	CHECK_ERR(mmap(NULL, PAGE, RW, MAP_SHARED | MAP_ANONYMOUS | MAP_GROWSDOWN, -1, 0), EINVAL);
	CHECK_ERR(mmap(NULL, PAGE, RW, MAP_PRIVATE | MAP_GROWSDOWN, fd, 0), EINVAL);
	CHECK_ERR(mmap(NULL, PAGE, RW, MAP_SHARED_VALIDATE | MAP_SYNC, fd, 0), EOPNOTSUPP);
	CHECK_ERR(mmap(NULL, PAGE, RW, MAP_SHARED_VALIDATE | 0x400000, fd, 0), EOPNOTSUPP);
	CHECK_ERR(mmap(NULL, 2 * PAGE, RW, MAP_SHARED, fd, (off_t)(-1UL << 12)), EOVERFLOW);
	CHECK(mmap(NULL, PAGE, RW, MAP_SHARED_VALIDATE, fd, 0) != MAP_FAILED);
	CHECK_ERR(mmap((void *)0x10000000, PAGE, RW, MAP_SHARED_VALIDATE | MAP_FIXED_NOREPLACE, fd, 0), EOPNOTSUPP);
	CHECK_ERR(munmap(NULL, 0), EINVAL);
	CHECK_ERR(munmap((void *)1, PAGE), EINVAL);
	CHECK_ERR(munmap((void *)(1UL << 47), PAGE), EINVAL);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	ro = open(path, O_RDONLY);
	CHECK(ro >= 0);
	CHECK_ERR(mmap(NULL, PAGE, RW, MAP_SHARED, ro, 0), EACCES);
	CHECK(mmap(NULL, PAGE, RW, MAP_PRIVATE, ro, 0) != MAP_FAILED);
	close(ro);
	ro = open(path, O_WRONLY);
	CHECK_ERR(mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, ro, 0), EACCES);
	CHECK_ERR(mmap(NULL, PAGE, PROT_WRITE, MAP_SHARED, ro, 0), EACCES);
	close(ro);
	ro = open("/tmp", O_RDONLY);
	CHECK_ERR(mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, ro, 0), ENODEV);
	close(ro);
	ro = open("/tmp", O_PATH);
	CHECK_ERR(mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, ro, 0), EBADF);
}

static void
pipes_cannot_be_mapped(void)
{
	int fds[2];

	CHECK_EQ(pipe(fds), 0);
	CHECK_ERR(mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, fds[0], 0), ENODEV);
}

static void
hints_and_fixed(void)
{
	char *p = map_anon(16), *q;

	CHECK_EQ(munmap(p, 16 * PAGE), 0);
	q = mmap(p + 3 * PAGE + 17, PAGE, RW, ANON, -1, 0);
	CHECK(q == p + 3 * PAGE); /* a free hint is taken, rounded down */
	q = mmap(p + 3 * PAGE, PAGE, RW, ANON, -1, 0);
	CHECK(q != MAP_FAILED && q != p + 3 * PAGE);
	p[3 * PAGE] = 9;
	q = mmap(p, 8 * PAGE, RW, ANON | MAP_FIXED, -1, 0);
	CHECK(q == p && p[3 * PAGE] == 0);
	CHECK_ERR(mmap(p + 7 * PAGE, 2 * PAGE, RW, ANON | MAP_FIXED_NOREPLACE, -1, 0), EEXIST);
	q = mmap(p + 8 * PAGE, 2 * PAGE, RW, ANON | MAP_FIXED_NOREPLACE, -1, 0);
	CHECK(q == p + 8 * PAGE);
}

static void
placement_is_top_down(void)
{
	char *a = mmap(NULL, 64 * PAGE, PROT_NONE, ANON, -1, 0), *b = mmap(NULL, 64 * PAGE, PROT_READ, ANON, -1, 0);

	CHECK(a != MAP_FAILED && b != MAP_FAILED);
	CHECK(b + 64 * PAGE <= a);
	CHECK_EQ(munmap(a, 64 * PAGE), 0);
	CHECK(mmap(NULL, 64 * PAGE, PROT_NONE, ANON, -1, 0) == a);
}

static void
map_32bit(void)
{
	for (int i = 0; i < 4; i++) {
		char *p = mmap(NULL, 1 << 20, RW, ANON | MAP_32BIT, -1, 0);

		CHECK(p != MAP_FAILED);
		CHECK((unsigned long)p + (1 << 20) <= 0x80000000UL && (unsigned long)p >= 0x40000000UL);
		p[0] = 1;
	}
	CHECK_ERR(mmap(NULL, 2UL << 30, PROT_NONE, ANON | MAP_32BIT | MAP_NORESERVE, -1, 0), ENOMEM);
}

static void
faults_say_what_is_wrong(void)
{
	char *p = map_anon(4);

	catch_faults();
	CHECK_EQ(touch(p, true), 0);
	CHECK_EQ(mprotect(p, PAGE, PROT_READ), 0);
	CHECK_EQ(touch(p, false), 0);
	CHECK_EQ(touch(p, true), ACCERR);
	CHECK_EQ(mprotect(p, PAGE, PROT_NONE), 0);
	CHECK_EQ(touch(p, false), ACCERR);
	CHECK_EQ(mprotect(p, PAGE, RW), 0);
	CHECK_EQ(*p, 1);
	CHECK_EQ(munmap(p, PAGE), 0);
	CHECK_EQ(touch(p, false), MAPERR);
	CHECK_EQ(touch(p, true), MAPERR);
	CHECK_EQ(touch((char *)8, false), MAPERR);
}

static void
running_unmapped_or_data_memory(void)
{
	char *p = map_anon(1);
	void (*fn)(void);

	catch_faults();
	*p = (char)0xc3; /* ret */
	memcpy(&fn, &p, sizeof(fn));
	if (!sigsetjmp(fault_jmp, 1)) {
		fn();
		CHECK(!"ran data");
	}
	CHECK_EQ(fault_sig * 100 + fault_code, ACCERR);
	CHECK(fault_at == p);
	CHECK_EQ(mprotect(p, PAGE, PROT_READ | PROT_EXEC), 0);
	fn();
	CHECK_EQ(munmap(p, PAGE), 0);
	if (!sigsetjmp(fault_jmp, 1)) {
		fn();
		CHECK(!"ran nothing");
	}
	CHECK_EQ(fault_sig * 100 + fault_code, MAPERR);
}

static void
mprotect_errors(void)
{
	char *p = map_anon(4);
	int fd = guest_temp_file(PAGE), ro;
	char path[64], *q;

	CHECK_ERR(mprotect(p + 1, PAGE, PROT_READ), EINVAL);
	CHECK_ERR(mprotect(p, PAGE, 0x40), EINVAL);
	CHECK_EQ(mprotect(p, 0, PROT_READ), 0);
	CHECK_ERR(mprotect(p, (size_t)-PAGE, PROT_READ), ENOMEM);
	CHECK_EQ(munmap(p + 2 * PAGE, PAGE), 0);
	CHECK_ERR(mprotect(p, 4 * PAGE, PROT_READ), ENOMEM);
	/* what comes before the hole was changed */
	catch_faults();
	CHECK_EQ(touch(p + PAGE, true), ACCERR);
	CHECK_EQ(touch(p + 3 * PAGE, true), 0);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	ro = open(path, O_RDONLY);
	q = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, ro, 0);
	CHECK(q != MAP_FAILED);
	CHECK_ERR(mprotect(q, PAGE, RW), EACCES);
	q = mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, ro, 0);
	CHECK_EQ(mprotect(q, PAGE, RW), 0);
	*q = 1;
	CHECK_ERR(mprotect(p, PAGE, PROT_READ | PROT_GROWSDOWN), EINVAL);
}

static void
splitting_and_joining(void)
{
	char *p = mmap(NULL, 9 * PAGE, PROT_NONE, ANON, -1, 0);
	unsigned long s, e;
	char perms[8];

	CHECK(p != MAP_FAILED);
	CHECK_EQ(mprotect(p + PAGE, 7 * PAGE, RW), 0);
	perms_of(p + PAGE, perms, &s, &e);
	CHECK_STR(perms, "rw-p");
	CHECK_EQ(s - (unsigned long)p, PAGE);
	CHECK_EQ(e - (unsigned long)p, 8 * PAGE);
	CHECK_EQ(mprotect(p + 3 * PAGE, PAGE, PROT_READ), 0);
	perms_of(p + 3 * PAGE, perms, &s, &e);
	CHECK_STR(perms, "r--p");
	CHECK_EQ(e - s, PAGE);
	CHECK_EQ(mprotect(p + 3 * PAGE, PAGE, RW), 0);
	perms_of(p + 3 * PAGE, perms, &s, &e);
	CHECK_EQ(e - s, 7 * PAGE);
	CHECK_EQ(munmap(p + 4 * PAGE, PAGE), 0);
	perms_of(p + 4 * PAGE, perms, &s, &e);
	CHECK_STR(perms, "");
	CHECK_EQ(munmap(p, 9 * PAGE), 0);
	CHECK_EQ(munmap(p, 9 * PAGE), 0); /* nothing there is no error */
}

static void
file_private(void)
{
	int fd = guest_temp_file(3 * PAGE);
	char *p, c;

	CHECK_EQ(pwrite(fd, "abc", 3, PAGE), 3);
	p = mmap(NULL, 2 * PAGE, RW, MAP_PRIVATE, fd, PAGE);
	CHECK(p != MAP_FAILED);
	CHECK(memcmp(p, "abc", 4) == 0);
	p[0] = 'X';
	CHECK_EQ(pread(fd, &c, 1, PAGE), 1);
	CHECK_EQ(c, 'a');
	close(fd);
	CHECK_EQ(p[1], 'b');
}

static void
file_shared(void)
{
	int fd = guest_temp_file(3 * PAGE);
	char *p = mmap(NULL, 3 * PAGE, RW, MAP_SHARED, fd, 0), *q = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd, 2 * PAGE), buf[6];
	pid_t pid;

	CHECK(p != MAP_FAILED && q != MAP_FAILED);
	strcpy(p + 2 * PAGE, "hello");
	CHECK_STR(q, "hello");
	CHECK_EQ(pread(fd, buf, 6, 2 * PAGE), 6);
	CHECK_STR(buf, "hello");
	CHECK_EQ(pwrite(fd, "J", 1, 2 * PAGE), 1);
	CHECK_STR(q, "Jello");
	pid = fork();
	if (pid == 0) {
		q[PAGE * 0] == 'J' ? strcpy(p, "child") : NULL;
		_exit(0);
	}
	CHECK_EXITS(pid, 0);
	CHECK_STR(p, "child");
	CHECK_EQ(msync(p, 3 * PAGE, MS_SYNC), 0);
	CHECK_EQ(msync(p, 3 * PAGE, MS_ASYNC), 0);
	CHECK_ERR(msync(p + 1, PAGE, MS_SYNC), EINVAL);
	CHECK_ERR(msync(p, PAGE, MS_SYNC | MS_ASYNC), EINVAL);
	CHECK_EQ(munmap(p + PAGE, PAGE), 0);
	CHECK_ERR(msync(p, 3 * PAGE, MS_SYNC), ENOMEM);
}

static void
past_the_end_of_file(void)
{
	int fd = guest_temp_file(PAGE + 10);
	char *p = mmap(NULL, 4 * PAGE, RW, MAP_SHARED, fd, 0);

	CHECK(p != MAP_FAILED);
	catch_faults();
	CHECK_EQ(touch(p + PAGE, true), 0);
	CHECK_EQ(touch(p + PAGE + 4095, true), 0); /* the rest of the last page is there */
	CHECK_EQ(touch(p + 2 * PAGE, false), ADRERR);
	CHECK_EQ(touch(p + 3 * PAGE, true), ADRERR);
	CHECK_EQ(ftruncate(fd, 3 * PAGE), 0); /* the file grows into the mapping */
	CHECK_EQ(touch(p + 2 * PAGE, true), 0);
	CHECK_EQ(p[2 * PAGE], 1);
	CHECK_EQ(touch(p + 3 * PAGE, true), ADRERR);
}

static void
truncated_under_a_mapping(void)
{
	int fd = guest_temp_file(4 * PAGE);
	char *p = mmap(NULL, 4 * PAGE, RW, MAP_SHARED, fd, 0);

	CHECK(p != MAP_FAILED);
	memset(p, 3, 4 * PAGE);
	catch_faults();
	CHECK_EQ(ftruncate(fd, PAGE), 0);
	CHECK_EQ(touch(p, true), 0);
	CHECK_EQ(touch(p + 2 * PAGE, false), ADRERR);
	CHECK_EQ(ftruncate(fd, 4 * PAGE), 0);
	CHECK_EQ(touch(p + 2 * PAGE, false), 0);
	CHECK_EQ(p[2 * PAGE], 0);
}

static void
read_into_and_write_from_bad_memory(void)
{
	char *p = map_anon(2);
	int fds[2];

	CHECK_EQ(pipe(fds), 0);
	CHECK_EQ(munmap(p + PAGE, PAGE), 0);
	CHECK_EQ(write(fds[1], p + PAGE - 3, 3), 3);
	CHECK_ERR(write(fds[1], p + PAGE, 3), EFAULT);
	CHECK_ERR(read(fds[0], p + PAGE, 3), EFAULT);
	CHECK_EQ(mprotect(p, PAGE, PROT_READ), 0);
	CHECK_EQ(write(fds[1], p, 3), 3);
	CHECK_ERR(read(fds[0], p, 3), EFAULT);
	CHECK_ERR(open(p + PAGE, O_RDONLY), EFAULT);
	CHECK_ERR(open((char *)-4096L, O_RDONLY), EFAULT);
	CHECK_ERR(open((char *)(1UL << 47), O_RDONLY), EFAULT);
}

static void
grows_down(void)
{
	char *area = mmap(NULL, 512 * PAGE, PROT_NONE, ANON, -1, 0), *p;

	CHECK(area != MAP_FAILED);
	CHECK_EQ(munmap(area, 512 * PAGE), 0);
	p = mmap(area + 400 * PAGE, PAGE, RW, ANON | MAP_GROWSDOWN | MAP_FIXED, -1, 0);
	CHECK(p == area + 400 * PAGE);
	catch_faults();
	CHECK_EQ(touch(p, true), 0);
	CHECK_EQ(touch(p - PAGE, true), 0);
	CHECK_EQ(touch(p - 10 * PAGE, true), 0);
	CHECK_EQ(mprotect(p - 5 * PAGE, PAGE, PROT_READ | PROT_GROWSDOWN), 0);
	CHECK_EQ(touch(p - 10 * PAGE, true), ACCERR);
	CHECK_EQ(touch(p, true), 0);
}

__attribute__((noinline)) static int
recurse(int depth)
{
	volatile char frame[4000];
	int deeper;

	frame[0] = 1;
	if (depth == 0)
		return 0;
	deeper = recurse(depth - 1);
	return deeper + frame[0]; /* after the call: it cannot become a loop */
}

static void
the_stack_grows(void)
{
	CHECK_EQ(recurse(1500), 1500); /* 6 MB of the usual 8 */
}

static void
a_call_with_a_buffer_deep_in_the_stack(void)
{
	char buf[2 << 20];
	int fds[2];

	CHECK_EQ(pipe(fds), 0);
	CHECK_EQ(write(fds[1], "deep", 5), 5);
	CHECK_EQ(read(fds[0], buf, 5), 5);
	CHECK_STR(buf, "deep");
}

static void
stack_overflow_is_a_fault(void)
{
	struct rlimit rl;
	stack_t ss = { .ss_sp = map_anon(16), .ss_size = 16 * PAGE };
	struct sigaction sa = { .sa_sigaction = on_fault, .sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER };

	CHECK_EQ(getrlimit(RLIMIT_STACK, &rl), 0);
	CHECK_EQ(sigaltstack(&ss, NULL), 0);
	CHECK_EQ(sigaction(SIGSEGV, &sa, NULL), 0);
	if (sigsetjmp(fault_jmp, 1) == 0) {
		recurse(1 << 29);
		CHECK(!"endless stack");
	}
	CHECK_EQ(fault_sig, SIGSEGV);
}

static void
brk_moves(void)
{
	char *start = sbrk(0), *p;

	CHECK(sbrk(10 * PAGE) == start);
	memset(start, 1, 10 * PAGE);
	CHECK(sbrk(0) == start + 10 * PAGE);
	CHECK(sbrk(-5 * (long)PAGE) == start + 10 * PAGE);
	catch_faults();
	p = (char *)(((unsigned long)start + 5 * PAGE + PAGE - 1) & -PAGE);
	CHECK_EQ(touch(p, false), MAPERR);
	CHECK(sbrk(5 * PAGE) == start + 5 * PAGE);
	CHECK_EQ(*p, 0); /* fresh memory */
	/* below the start nothing changes, and the old break is returned */
	CHECK_EQ(syscall(SYS_brk, 0), (long)(start + 10 * PAGE));
	CHECK_EQ(syscall(SYS_brk, -1L), (long)(start + 10 * PAGE));
	CHECK_EQ(syscall(SYS_brk, start), (long)start);
}

static void
brk_stops_before_another_mapping(void)
{
	char *start = (char *)syscall(SYS_brk, 0), *top = (char *)(((unsigned long)start + PAGE - 1) & -PAGE);

	CHECK(mmap(top + 16 * PAGE, PAGE, RW, ANON | MAP_FIXED_NOREPLACE, -1, 0) == top + 16 * PAGE);
	CHECK_EQ(syscall(SYS_brk, top + 17 * PAGE), (long)start);
	CHECK_EQ(syscall(SYS_brk, top + 8 * PAGE), (long)(top + 8 * PAGE));
}

static void
limits(void)
{
	struct rlimit rl = { 1 << 20, 1 << 20 };
	char *start = sbrk(0);

	CHECK_EQ(setrlimit(RLIMIT_DATA, &rl), 0);
	CHECK_EQ(syscall(SYS_brk, start + (4 << 20)), (long)start);
	CHECK_ERR(mmap(NULL, 64 << 20, RW, ANON, -1, 0), ENOMEM);
	CHECK(mmap(NULL, 64 << 20, PROT_READ, ANON, -1, 0) != MAP_FAILED);
	rl.rlim_cur = rl.rlim_max = 128 << 20;
	CHECK_EQ(setrlimit(RLIMIT_AS, &rl), 0);
	CHECK_ERR(mmap(NULL, 128 << 20, PROT_READ, ANON, -1, 0), ENOMEM);
	/* what is replaced does not count */
	start = mmap(NULL, 16 << 20, PROT_READ, ANON, -1, 0);
	CHECK(start != MAP_FAILED);
	for (int i = 0; i < 10; i++)
		CHECK(mmap(start, 16 << 20, PROT_READ, ANON | MAP_FIXED, -1, 0) == start);
}

static void
append_only_and_directories(void)
{
	int fd = guest_temp_file(PAGE), ap;
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	ap = open(path, O_RDWR | O_APPEND);
	CHECK(ap >= 0);
	CHECK(mmap(NULL, PAGE, RW, MAP_SHARED, ap, 0) != MAP_FAILED); /* O_APPEND is not the attribute */
}

static void
many_maps(void)
{
	enum { N = 2000 };
	char *p = mmap(NULL, 2 * N * PAGE, PROT_NONE, ANON, -1, 0);
	int i;

	CHECK(p != MAP_FAILED);
	for (i = 0; i < N; i++)
		CHECK_EQ(mprotect(p + 2UL * (unsigned int)i * PAGE, PAGE, RW), 0);
	for (i = 0; i < N; i++)
		p[2UL * (unsigned int)i * PAGE] = (char)i;
	for (i = 0; i < N; i++)
		CHECK_EQ(p[2UL * (unsigned int)i * PAGE], (char)i);
	CHECK_EQ(munmap(p, 2 * N * PAGE), 0);
}

static void *
map_and_unmap(void *arg)
{
	unsigned int seed = (unsigned int)(unsigned long)arg;

	for (int i = 0; i < 300; i++) {
		size_t n = 1 + (unsigned int)rand_r(&seed) % 32;
		char *p = mmap(NULL, n * PAGE, RW, ANON, -1, 0);

		if (p == MAP_FAILED)
			return (void *)1;
		for (size_t j = 0; j < n; j++) {
			if (p[j * PAGE] != 0)
				return (void *)2;
			p[j * PAGE] = (char)j;
		}
		if (munmap(p, n * PAGE))
			return (void *)3;
	}
	return NULL;
}

static void
threads_map_at_once(void)
{
	pthread_t th[4];

	for (unsigned long i = 0; i < 4; i++)
		CHECK_EQ(pthread_create(&th[i], NULL, map_and_unmap, (void *)(i + 1)), 0);
	for (int i = 0; i < 4; i++) {
		void *ret;

		CHECK_EQ(pthread_join(th[i], &ret), 0);
		CHECK_EQ((long)ret, 0);
	}
}

static void
read_implies_exec(void)
{
	char *p;

	CHECK(personality(READ_IMPLIES_EXEC) >= 0);
	p = map_anon(1);
	*p = (char)0xc3;
	((void (*)(void))(uintptr_t)p)();
}

static volatile sig_atomic_t alarms;

static void
count_alarm(int sig)
{
	(void)sig;
	alarms++;
}

/* What unmaps and protects does so whether a signal comes just then or not. */
static void
changes_under_signals(void)
{
	struct sigaction sa = { .sa_handler = count_alarm, .sa_flags = SA_RESTART };
	struct itimerval often = { { 0, 2000 }, { 0, 2000 } }, off = { { 0, 0 }, { 0, 0 } };
	int zero = open("/dev/zero", O_RDONLY | O_CLOEXEC);

	CHECK_EQ(sigaction(SIGALRM, &sa, NULL), 0);
	CHECK_EQ(setitimer(ITIMER_REAL, &often, NULL), 0);
	for (int i = 0; i < 300 || alarms < 20; i++) {
		unsigned char there;
		char *p = mmap(NULL, 3 * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		CHECK(p != MAP_FAILED);
		memset(p, 1, 3 * 4096);
		CHECK_EQ(mprotect(p + 4096, 4000, PROT_READ), 0);
		CHECK_ERR(read(zero, p + 4096, 1), EFAULT);
		CHECK_EQ(p[4096], 1);
		CHECK_EQ(madvise(p, 4096, MADV_DONTNEED), 0);
		CHECK_EQ(p[0], 0);
		CHECK_EQ(mprotect(p, 4096, PROT_NONE), 0);
		CHECK_ERR(write(-1, p, 1), EBADF);
		CHECK_ERR(read(zero, p, 1), EFAULT);
		CHECK_EQ(munmap(p, 2 * 4096 + 1), 0);
		CHECK_ERR(mincore(p + 8192, 4096, &there), ENOMEM);
		CHECK_ERR(read(zero, p + 8192, 1), EFAULT);
	}
	CHECK_EQ(setitimer(ITIMER_REAL, &off, NULL), 0);
	close(zero);
}

int
main(int argc, char **argv)
{
	static const struct guest_case cases[] = {
		T(anonymous_memory_is_zero_and_private), T(shared_anonymous_memory_is_shared), T(dev_zero), T(bad_arguments),
		T(pipes_cannot_be_mapped), T(hints_and_fixed), T(placement_is_top_down), T(map_32bit),
		T(faults_say_what_is_wrong), T(running_unmapped_or_data_memory), T(mprotect_errors), T(splitting_and_joining),
		T(file_private), T(file_shared), T(past_the_end_of_file), T(truncated_under_a_mapping),
		T(read_into_and_write_from_bad_memory), T(grows_down), T(the_stack_grows),
		T(a_call_with_a_buffer_deep_in_the_stack), T(stack_overflow_is_a_fault), T(brk_moves),
		T(brk_stops_before_another_mapping), T(limits), T(append_only_and_directories), T(many_maps),
		T(threads_map_at_once), T(read_implies_exec), T(changes_under_signals),
	};

	return guest_main(argc, argv, cases, ARRAY_SIZE(cases));
}
