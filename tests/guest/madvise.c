/* SPDX-License-Identifier: MIT
 *
 * madvise, mincore, mlock and its family, protection keys.
 */
#include "guest.h"

#ifndef MADV_COLD
#define MADV_COLD 20
#endif
#ifndef MADV_PAGEOUT
#define MADV_PAGEOUT 21
#endif
#ifndef MADV_POPULATE_READ
#define MADV_POPULATE_READ 22
#define MADV_POPULATE_WRITE 23
#endif

#define PAGE 4096UL
#define RW   (PROT_READ | PROT_WRITE)
#define ANON (MAP_PRIVATE | MAP_ANONYMOUS)

static char *
filled(size_t pages, int flags, int fd)
{
	char *p = mmap(NULL, pages * PAGE, RW, flags, fd, 0);

	CHECK(p != MAP_FAILED);
	memset(p, 1, pages * PAGE);
	return p;
}

static void
arguments(void)
{
	char *p = filled(4, ANON, -1);

	CHECK_ERR(madvise(p + 1, PAGE, MADV_NORMAL), EINVAL);
	CHECK_ERR(madvise(p, PAGE, 12345), EINVAL);
	CHECK_ERR(madvise(p, PAGE, -1), EINVAL);
	CHECK_EQ(madvise(p, 0, MADV_DONTNEED), 0);
	CHECK_ERR(madvise(p, 0, 12345), EINVAL);
	CHECK_ERR(madvise(p, (size_t)-1, MADV_NORMAL), EINVAL);
	CHECK_EQ(madvise(p, 4 * PAGE, MADV_NORMAL), 0);
	CHECK_EQ(madvise(p, 4 * PAGE, MADV_RANDOM), 0);
	CHECK_EQ(madvise(p, 4 * PAGE, MADV_SEQUENTIAL), 0);
	CHECK_EQ(madvise(p, 4 * PAGE, MADV_WILLNEED), 0);
	CHECK_EQ(madvise(p, 4 * PAGE, MADV_COLD), 0);
	CHECK_EQ(madvise(p, 4 * PAGE, MADV_PAGEOUT), 0);
	CHECK_EQ(madvise(p, 4 * PAGE, MADV_DONTDUMP), 0);
	CHECK_EQ(madvise(p, 4 * PAGE, MADV_DODUMP), 0);
	CHECK_EQ(p[3 * PAGE], 1);
}

static void
dontneed(void)
{
	char *p = filled(4, ANON, -1);

	CHECK_EQ(madvise(p + PAGE, PAGE + 1, MADV_DONTNEED), 0); /* two pages */
	CHECK_EQ(p[0], 1);
	CHECK_EQ(p[PAGE] | p[3 * PAGE - 1], 0);
	CHECK_EQ(p[3 * PAGE], 1);
}

static void
dontneed_over_a_hole(void)
{
	char *p = filled(5, ANON, -1);

	CHECK_EQ(munmap(p + 2 * PAGE, PAGE), 0);
	CHECK_ERR(madvise(p, 5 * PAGE, MADV_DONTNEED), ENOMEM);
	CHECK_EQ(p[0] | p[PAGE] | p[3 * PAGE] | p[4 * PAGE], 0);
}

static void
dontneed_of_files(void)
{
	int fd = guest_temp_file(2 * PAGE);
	char *s = filled(2, MAP_SHARED, fd), *p = mmap(NULL, 2 * PAGE, RW, MAP_PRIVATE, fd, 0), *a;

	p[0] = 9;
	CHECK_EQ(madvise(p, 2 * PAGE, MADV_DONTNEED), 0);
	CHECK_EQ(p[0], 1); /* the file's byte again */
	CHECK_EQ(madvise(s, 2 * PAGE, MADV_DONTNEED), 0);
	CHECK_EQ(s[PAGE], 1);
	a = filled(2, MAP_SHARED | MAP_ANONYMOUS, -1);
	CHECK_EQ(madvise(a, 2 * PAGE, MADV_DONTNEED), 0);
	CHECK_EQ(a[PAGE], 1);
}

static void
lazy_free(void)
{
	char *p = filled(4, ANON, -1), *s = filled(1, MAP_SHARED | MAP_ANONYMOUS, -1);

	CHECK_EQ(madvise(p, 4 * PAGE, MADV_FREE), 0);
	p[0] = 2; /* a written page is kept */
	CHECK_EQ(p[0], 2);
	CHECK(p[PAGE] == 0 || p[PAGE] == 1);
	CHECK_ERR(madvise(s, PAGE, MADV_FREE), EINVAL);
}

static void
dontfork(void)
{
	char *p = filled(4, ANON, -1);
	unsigned char v;
	pid_t pid;

	CHECK_EQ(madvise(p + PAGE, 2 * PAGE, MADV_DONTFORK), 0);
	CHECK_EQ(madvise(p + 2 * PAGE, PAGE, MADV_DOFORK), 0);
	pid = fork();
	if (pid == 0) {
		if (mincore(p + PAGE, PAGE, &v) == 0 || errno != ENOMEM)
			_exit(1);
		if (p[0] != 1 || p[2 * PAGE] != 1 || p[3 * PAGE] != 1)
			_exit(2);
		_exit(0);
	}
	CHECK_EXITS(pid, 0);
	CHECK_EQ(p[PAGE], 1);
	pid = fork();
	if (pid == 0) {
		p[PAGE] = 1;
		_exit(0);
	}
	CHECK_KILLED(pid, SIGSEGV);
}

static void
wipe_on_fork(void)
{
	char *p = filled(4, ANON, -1), *s = filled(1, MAP_SHARED | MAP_ANONYMOUS, -1);
	pid_t pid;

	CHECK_EQ(madvise(p + PAGE, 2 * PAGE, MADV_WIPEONFORK), 0);
	CHECK_EQ(madvise(p + 2 * PAGE, PAGE, MADV_KEEPONFORK), 0);
	CHECK_ERR(madvise(s, PAGE, MADV_WIPEONFORK), EINVAL);
	pid = fork();
	if (pid == 0) {
		pid_t pid2;

		if (p[0] != 1 || p[PAGE] != 0 || p[2 * PAGE] != 1)
			_exit(1);
		p[PAGE] = 5;
		pid2 = fork(); /* it stays so in the child */
		if (pid2 == 0)
			_exit(p[PAGE] != 0);
		CHECK_EXITS(pid2, 0);
		_exit(0);
	}
	CHECK_EXITS(pid, 0);
	CHECK_EQ(p[PAGE], 1);
}

static void
remove_pages(void)
{
	char *s = filled(4, MAP_SHARED | MAP_ANONYMOUS, -1), *p = filled(1, ANON, -1), *again;

	CHECK_EQ(madvise(s + PAGE, 2 * PAGE, MADV_REMOVE), 0);
	CHECK_EQ(s[0], 1);
	CHECK_EQ(s[PAGE] | s[2 * PAGE], 0);
	CHECK_EQ(s[3 * PAGE], 1);
	again = mremap(s, 0, 4 * PAGE, MREMAP_MAYMOVE);
	CHECK_EQ(again[PAGE], 0);
	CHECK_ERR(madvise(p, PAGE, MADV_REMOVE), EINVAL);
	CHECK_EQ(mprotect(s, PAGE, PROT_READ), 0);
	CHECK_EQ(madvise(s, PAGE, MADV_REMOVE), 0); /* it may be written */
	CHECK_EQ(s[0], 0);
}

static void
populate(void)
{
	char *p = mmap(NULL, 4 * PAGE, RW, ANON, -1, 0), *none = mmap(NULL, PAGE, PROT_NONE, ANON, -1, 0);
	unsigned char v[4];

	CHECK_EQ(madvise(p, 4 * PAGE, MADV_POPULATE_WRITE), 0);
	CHECK_EQ(mincore(p, 4 * PAGE, v), 0);
	for (int i = 0; i < 4; i++)
		CHECK_EQ(v[i] & 1, 1);
	CHECK_EQ(madvise(p, 4 * PAGE, MADV_POPULATE_READ), 0);
	CHECK_ERR(madvise(none, PAGE, MADV_POPULATE_READ), EINVAL);
	CHECK_EQ(mprotect(p, PAGE, PROT_READ), 0);
	CHECK_ERR(madvise(p, PAGE, MADV_POPULATE_WRITE), EINVAL);
	CHECK_EQ(munmap(p + 2 * PAGE, PAGE), 0);
	CHECK_ERR(madvise(p, 4 * PAGE, MADV_POPULATE_READ), ENOMEM);
	p = mmap(NULL, 4 * PAGE, RW, ANON | MAP_POPULATE, -1, 0);
	CHECK_EQ(mincore(p, 4 * PAGE, v), 0);
	CHECK_EQ(v[3] & 1, 1);
}

static void
in_core(void)
{
	char *p = mmap(NULL, 4 * PAGE, RW, ANON, -1, 0);
	unsigned char v[4] = { 9, 9, 9, 9 };

	p[PAGE] = 1;
	CHECK_EQ(mincore(p, 3 * PAGE, v), 0);
	CHECK_EQ(v[0] & 1, 0);
	CHECK_EQ(v[1] & 1, 1);
	CHECK_EQ(v[3], 9);
	CHECK_ERR(mincore(p + 1, PAGE, v), EINVAL);
	CHECK_EQ(mincore(p, 0, v), 0);
	CHECK_ERR(mincore(p, PAGE, (unsigned char *)8), EFAULT);
	CHECK_EQ(munmap(p + PAGE, PAGE), 0);
	CHECK_ERR(mincore(p, 3 * PAGE, v), ENOMEM);
	CHECK_ERR(mincore(p, 1UL << 47, v), ENOMEM);
}

/* Without stdio, whose buffers would be locked too. */
static long
vm_locked(void)
{
	static char buf[8192];
	int fd = open("/proc/self/status", O_RDONLY);
	ssize_t n = read(fd, buf, sizeof(buf) - 1);
	char *line;

	CHECK(n > 0);
	close(fd);
	buf[n] = 0;
	line = strstr(buf, "VmLck:");
	CHECK(line);
	return strtol(line + 6, NULL, 10);
}

static void
locking(void)
{
	char *p = filled(8, ANON, -1);

	CHECK_EQ(vm_locked(), 0);
	CHECK_EQ(mlock(p + PAGE + 5, 2 * PAGE), 0); /* three pages */
	CHECK_EQ(vm_locked(), 12);
	CHECK_EQ(mlock(p, 8 * PAGE), 0);
	CHECK_EQ(vm_locked(), 32);
	CHECK_ERR(madvise(p, PAGE, MADV_DONTNEED), EINVAL);
	CHECK_ERR(msync(p, PAGE, MS_INVALIDATE), EBUSY);
	CHECK_EQ(munlock(p, 2 * PAGE), 0);
	CHECK_EQ(vm_locked(), 24);
	CHECK_EQ(munmap(p + 2 * PAGE, PAGE), 0);
	CHECK_EQ(vm_locked(), 20);
	CHECK_ERR(mlock(p, 8 * PAGE), ENOMEM);
	CHECK_EQ(munlockall(), 0);
	CHECK_EQ(vm_locked(), 0);
	CHECK_ERR(mlockall(0), EINVAL);
	CHECK_ERR(mlockall(64), EINVAL);
	CHECK_ERR(syscall(SYS_mlock2, p, PAGE, 2), EINVAL);
	CHECK_EQ(syscall(SYS_mlock2, p, PAGE, 1), 0);
	CHECK_EQ(vm_locked(), 4);
}

static void
locking_what_comes(void)
{
	char *p;
	pid_t pid;

	CHECK_EQ(mlockall(MCL_FUTURE), 0);
	p = filled(8, ANON, -1);
	CHECK_EQ(vm_locked(), 32);
	pid = fork(); /* not inherited */
	if (pid == 0)
		_exit(vm_locked() != 0);
	CHECK_EXITS(pid, 0);
	p = mremap(p, 8 * PAGE, 16 * PAGE, MREMAP_MAYMOVE);
	CHECK_EQ(vm_locked(), 64);
	CHECK_EQ(munlockall(), 0);
}

static void
lock_limit(void)
{
	struct rlimit rl = { 4 * PAGE, 4 * PAGE };
	char *p = filled(8, ANON, -1);

	CHECK_EQ(setrlimit(RLIMIT_MEMLOCK, &rl), 0);
	if (geteuid() == 0)
		CHECK_EQ(setresuid(1, 1, 1), 0);
	CHECK_ERR(mlock(p, 5 * PAGE), ENOMEM);
	CHECK_EQ(mlock(p, 4 * PAGE), 0);
	CHECK_EQ(mlock(p + PAGE, 3 * PAGE), 0);
	CHECK_ERR(mlock(p + 4 * PAGE, PAGE), ENOMEM);
	CHECK_ERR(mmap(NULL, PAGE, RW, ANON | MAP_LOCKED, -1, 0), EAGAIN);
	CHECK_ERR(mlockall(MCL_CURRENT), ENOMEM);
	rl.rlim_cur = 0;
	CHECK_EQ(setrlimit(RLIMIT_MEMLOCK, &rl), 0);
	CHECK_ERR(mlock(p, PAGE), EPERM);
	CHECK_ERR(mmap(NULL, PAGE, RW, ANON | MAP_LOCKED, -1, 0), EPERM);
}

int
main(int argc, char **argv)
{
	static const struct guest_case cases[] = {
		T(arguments), T(dontneed), T(dontneed_over_a_hole), T(dontneed_of_files), T(lazy_free), T(dontfork),
		T(wipe_on_fork), T(remove_pages), T(populate), T(in_core), T(locking), T(locking_what_comes), T(lock_limit),
	};

	return guest_main(argc, argv, cases, ARRAY_SIZE(cases));
}
