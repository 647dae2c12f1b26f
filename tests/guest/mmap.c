/* SPDX-License-Identifier: MIT
 *
 * mmap, munmap, mprotect, mremap, brk, madvise, mincore, mlock: anonymous and of files, private and shared.
 */
#include "tests/guest/guest.h"

#define PG 4096ul

static char *
anon(size_t pages, int prot)
{
	char *p = mmap(NULL, pages * PG, prot, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	CHECK(p != MAP_FAILED);
	return p;
}

/* Is this page mapped? */
static bool
mapped(const void *p)
{
	return msync((void *)((uintptr_t)p & ~(PG - 1)), PG, MS_ASYNC) == 0;
}

static void
anonymous_memory_is_zero(void)
{
	char *p = anon(100, PROT_READ | PROT_WRITE);
	size_t i;

	for (i = 0; i < 100 * PG; i += 997)
		CHECK_EQ(p[i], 0);
	memset(p, 1, 100 * PG);
	CHECK_EQ(munmap(p, 100 * PG), 0);
	CHECK(!mapped(p));
	CHECK_EQ(munmap(p, 100 * PG), 0); /* nothing there is no error */
}

static void
arguments(void)
{
	char *p = anon(1, PROT_READ);
	int fd = open("/etc/passwd", O_RDONLY);

	CHECK_ERR((long)mmap(NULL, 0, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), EINVAL);
	CHECK_ERR((long)mmap(NULL, PG, PROT_READ, MAP_ANONYMOUS, -1, 0), EINVAL);
	CHECK_ERR((long)mmap(NULL, PG, PROT_READ, MAP_PRIVATE, -1, 0), EBADF);
	CHECK_ERR((long)mmap(NULL, PG, PROT_READ, MAP_PRIVATE, fd, 5), EINVAL);
	CHECK_ERR((long)mmap(p + 1, PG, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0), EINVAL);
	CHECK_ERR((long)mmap(NULL, PG, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0), EACCES);
	CHECK_ERR((long)mmap(NULL, ~0ul - PG, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), ENOMEM);
	CHECK_ERR((long)mmap(NULL, 1ul << 48, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0), ENOMEM);
	CHECK_ERR((long)mmap(NULL, PG, PROT_READ, MAP_PRIVATE, open("/usr", O_RDONLY), 0), ENODEV);
	CHECK_ERR(munmap(p + 1, PG), EINVAL);
	CHECK_ERR(munmap(p, 0), EINVAL);
	fd = open("/etc/passwd", O_RDONLY | O_PATH);
	CHECK_ERR((long)mmap(NULL, PG, PROT_READ, MAP_PRIVATE, fd, 0), EBADF);
	CHECK_ERR((long)mmap((void *)(1ul << 47), PG, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0), ENOMEM);
}

static void
hints_and_fixed_places(void)
{
	char *p = anon(10, PROT_READ | PROT_WRITE), *q;

	p[0] = 7;
	q = mmap(p, PG, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	CHECK(q != p && q != MAP_FAILED); /* a hint never replaces */
	q = mmap(p, PG, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
	CHECK(q == MAP_FAILED);
	CHECK_EQ(errno, EEXIST);
	CHECK_EQ(munmap(p + 3 * PG, PG), 0);
	q = mmap(p + 3 * PG, PG, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	CHECK(q == p + 3 * PG); /* a free hint is taken */
	q = mmap(p, PG, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
	CHECK(q == p);
	CHECK_EQ(p[0], 0);
	q = mmap(NULL, PG, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
	CHECK(q != MAP_FAILED && (uintptr_t)q < 1ul << 31);
}

static void
holes(void)
{
	char *p = anon(10, PROT_READ | PROT_WRITE);

	CHECK_EQ(munmap(p + 2 * PG, PG), 0);
	CHECK_EQ(munmap(p + 5 * PG, 2 * PG), 0);
	CHECK(mapped(p + PG) && !mapped(p + 2 * PG) && mapped(p + 3 * PG) && !mapped(p + 6 * PG) && mapped(p + 7 * PG));
	CHECK_ERR(mprotect(p, 10 * PG, PROT_READ), ENOMEM);
	CHECK_EQ(munmap(p, 10 * PG), 0);
	CHECK(!mapped(p) && !mapped(p + 9 * PG));
}

static void
protection(void)
{
	char *p = anon(3, PROT_READ | PROT_WRITE);
	int pi[2];

	CHECK_EQ(pipe(pi), 0);
	p[PG] = 'v';
	CHECK_EQ(mprotect(p + PG, PG, PROT_NONE), 0);
	CHECK_ERR(write(pi[1], p + PG, 1), EFAULT);
	CHECK_EQ(mprotect(p + PG, PG, PROT_READ), 0);
	CHECK_EQ(write(pi[1], p + PG, 1), 1);
	CHECK_ERR(read(pi[0], p + PG, 1), EFAULT);
	CHECK_EQ(mprotect(p, 3 * PG, PROT_READ | PROT_WRITE), 0);
	CHECK_EQ(p[PG], 'v');
	CHECK_ERR(mprotect(p + 1, PG, PROT_READ), EINVAL);
	CHECK_EQ(mprotect(p, 0, PROT_READ), 0);
	CHECK_ERR(mprotect(p, PG, 0x40), EINVAL);
}

static void
code_can_be_made(void)
{
	unsigned char code[] = { 0xb8, 42, 0, 0, 0, 0xc3 }; /* mov $42, %eax; ret */
	char *p = anon(1, PROT_READ | PROT_WRITE);

	memcpy(p, code, sizeof(code));
	CHECK_EQ(mprotect(p, PG, PROT_READ | PROT_EXEC), 0);
	CHECK_EQ(((int (*)(void))(uintptr_t)p)(), 42);
	CHECK_EQ(mprotect(p, PG, PROT_READ | PROT_WRITE), 0);
	p[1] = 43;
	CHECK_EQ(mprotect(p, PG, PROT_READ | PROT_EXEC), 0);
	CHECK_EQ(((int (*)(void))(uintptr_t)p)(), 43);
	p = mmap(NULL, PG, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	CHECK(p != MAP_FAILED);
	memcpy(p, code, sizeof(code));
	CHECK_EQ(((int (*)(void))(uintptr_t)p)(), 42);
	p[1] = 44;
	CHECK_EQ(((int (*)(void))(uintptr_t)p)(), 44);
}

static void
private_file_mappings_do_not_write_back(void)
{
	char *p, c;
	int fd;

	guest_tmpdir();
	guest_write_file("f", "original", 8, 0600);
	fd = open("f", O_RDONLY);
	p = mmap(NULL, PG, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
	CHECK(p != MAP_FAILED);
	close(fd);
	p[0] = 'X';
	fd = open("f", O_RDWR);
	CHECK_EQ(read(fd, &c, 1), 1);
	CHECK_EQ(c, 'o');
	CHECK_EQ(pwrite(fd, "YY", 2, 1), 2);
	CHECK_EQ(p[0], 'X');
}

static void
shared_file_mappings_are_the_file(void)
{
	char *p, *q, buf[4];
	int fd;
	pid_t pid;

	guest_tmpdir();
	fd = open("f", O_RDWR | O_CREAT, 0600);
	CHECK_EQ(ftruncate(fd, 3 * PG), 0);
	p = mmap(NULL, 3 * PG, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	q = mmap(NULL, PG, PROT_READ, MAP_SHARED, fd, PG);
	CHECK(p != MAP_FAILED && q != MAP_FAILED);
	strcpy(p + PG, "abc");
	CHECK_STR(q, "abc");
	CHECK_EQ(pread(fd, buf, 4, PG), 4);
	CHECK_STR(buf, "abc");
	CHECK_EQ(pwrite(fd, "xyz", 3, PG), 3);
	CHECK_STR(p + PG, "xyz");
	pid = guest_fork();
	if (pid == 0) {
		p[PG] = 'C';
		_exit(0);
	}
	CHECK_EXITS(pid, 0);
	CHECK_STR(q, "Cyz");
	CHECK_EQ(msync(p, 3 * PG, MS_SYNC), 0);
	CHECK_EQ(munmap(p, 3 * PG), 0);
	CHECK_STR(q, "Cyz");
	CHECK_EQ(pread(fd, buf, 4, PG), 4);
	CHECK_STR(buf, "Cyz");
}

static void
mapped_text_of_the_host(void)
{
	int fd = open("/bin/sh", O_RDONLY);
	char buf[64], *p = mmap(NULL, PG, PROT_READ, MAP_PRIVATE, fd, 0), *q = mmap(NULL, PG, PROT_READ, MAP_SHARED, fd, 0);

	CHECK(p != MAP_FAILED && q != MAP_FAILED);
	CHECK_EQ(read(fd, buf, 64), 64);
	CHECK(memcmp(p, buf, 64) == 0 && memcmp(q, buf, 64) == 0);
	CHECK(memcmp(p, "\177ELF", 4) == 0);
}

static void
a_written_copy_of_a_host_file(void)
{
	int fd;
	char *p;

	guest_tmpdir();
	CHECK_EQ(system("cp /etc/passwd f"), 0);
	fd = open("f", O_RDWR);
	p = mmap(NULL, PG, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	CHECK(p != MAP_FAILED);
	CHECK(memcmp(p, "root:", 5) == 0);
	memcpy(p, "ROOT", 4);
	CHECK_EQ(system("grep -q ^ROOT: f"), 0);
}

static void
shared_anonymous_memory(void)
{
	char *p = mmap(NULL, 4 * PG, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pid_t pid;

	CHECK(p != MAP_FAILED);
	pid = guest_fork();
	if (pid == 0) {
		p[0] = 1;
		p[3 * PG] = 2;
		_exit(0);
	}
	CHECK_EXITS(pid, 0);
	CHECK(p[0] == 1 && p[3 * PG] == 2 && p[PG] == 0);
	CHECK_EQ(madvise(p, PG, MADV_DONTNEED), 0); /* shared: the contents stay */
	CHECK_EQ(p[0], 1);
}

static void
private_memory_after_fork(void)
{
	char *p = anon(200, PROT_READ | PROT_WRITE);
	pid_t pid;
	size_t i;

	memset(p, 'p', 200 * PG);
	pid = guest_fork();
	if (pid == 0) {
		for (i = 0; i < 200; i++) {
			if (p[i * PG] != 'p')
				_exit(1);
			p[i * PG] = 'c';
		}
		_exit(0);
	}
	CHECK_EXITS(pid, 0);
	for (i = 0; i < 200; i++)
		CHECK_EQ(p[i * PG], 'p');
}

static void
remap(void)
{
	char *p = anon(4, PROT_READ | PROT_WRITE), *q, *fixed = anon(20, PROT_NONE);

	memset(p, 'r', 4 * PG);
	q = mremap(p, 4 * PG, 2 * PG, 0);
	CHECK(q == p && mapped(p + PG) && !mapped(p + 2 * PG));
	q = mremap(p, 2 * PG, 1000 * PG, MREMAP_MAYMOVE);
	CHECK(q != MAP_FAILED);
	CHECK(q[0] == 'r' && q[2 * PG - 1] == 'r' && q[2 * PG] == 0);
	p = mremap(q, 1000 * PG, 10 * PG, MREMAP_MAYMOVE | MREMAP_FIXED, fixed);
	CHECK(p == fixed && p[0] == 'r' && !mapped(q));
	CHECK_ERR((long)mremap(p, 10 * PG, 11 * PG, 0), ENOMEM); /* the rest of fixed is in the way */
	CHECK_ERR((long)mremap(p + 1, PG, PG, 0), EINVAL);
	CHECK_ERR((long)mremap(p, PG, 0, 0), EINVAL);
	CHECK_ERR((long)mremap(p, PG, PG, MREMAP_FIXED, fixed), EINVAL);
	CHECK_EQ(munmap(p, PG), 0);
	CHECK_ERR((long)mremap(p, PG, 2 * PG, MREMAP_MAYMOVE), EFAULT);
	CHECK_ERR((long)mremap(p + PG, 5 * PG, 5 * PG, MREMAP_MAYMOVE | MREMAP_FIXED, p + 2 * PG), EINVAL);
	q = mremap(p + PG, PG, PG, MREMAP_MAYMOVE | MREMAP_DONTUNMAP);
	CHECK(q != MAP_FAILED && q[0] == 'r' && mapped(p + PG) && p[PG] == 0);
}

static void
remap_of_shared_memory(void)
{
	char *p = mmap(NULL, 2 * PG, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0), *q;

	p[0] = 's';
	q = mremap(p, 0, 2 * PG, MREMAP_MAYMOVE); /* a second mapping of the same pages */
	CHECK(q != MAP_FAILED && q != p);
	CHECK_EQ(q[0], 's');
	q[0] = 't';
	CHECK_EQ(p[0], 't');
}

static void
the_break(void)
{
	char *start = sbrk(0), *p;

	CHECK(sbrk(10 * PG) == start);
	start[10 * PG - 1] = 1;
	CHECK(sbrk(0) == start + 10 * PG);
	CHECK_EQ(brk(start + PG), 0);
	CHECK(!mapped((char *)(((uintptr_t)start + PG + PG - 1) & ~(PG - 1)) + 2 * PG));
	CHECK_EQ(brk(start + 20 * PG), 0);
	CHECK_EQ(start[10 * PG - 1], 0); /* new again */
	p = (char *)syscall(SYS_brk, 0);
	CHECK(p == start + 20 * PG);
	CHECK(syscall(SYS_brk, 1ul << 46) == (long)p); /* refused: the old one */
	CHECK_EQ(brk(start), 0);
}

static void
break_and_data_limit(void)
{
	struct rlimit rl = { 1 << 20, 1 << 20 };
	char *start = sbrk(0);

	setrlimit(RLIMIT_DATA, &rl);
	CHECK_ERR(brk(start + (4 << 20)), ENOMEM);
	CHECK(sbrk(0) == start);
}

static void
address_space_limit(void)
{
	struct rlimit rl = { 256 << 20, 256 << 20 };
	char *p;

	CHECK_EQ(setrlimit(RLIMIT_AS, &rl), 0);
	p = mmap(NULL, 200 << 20, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	CHECK(p != MAP_FAILED);
	CHECK_ERR((long)mmap(NULL, 100 << 20, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), ENOMEM);
	CHECK_EQ(munmap(p, 200 << 20), 0);
	CHECK(mmap(NULL, 100 << 20, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) != MAP_FAILED);
}

static void
advice(void)
{
	char *p = anon(4, PROT_READ | PROT_WRITE);
	pid_t pid;

	memset(p, 'a', 4 * PG);
	CHECK_EQ(madvise(p + PG, PG, MADV_DONTNEED), 0);
	CHECK(p[0] == 'a' && p[PG] == 0 && p[2 * PG] == 'a');
	CHECK_EQ(madvise(p, 4 * PG, MADV_WILLNEED), 0);
	CHECK_EQ(madvise(p, 4 * PG, MADV_RANDOM), 0);
	CHECK_ERR(madvise(p, 4 * PG, 9999), EINVAL);
	CHECK_ERR(madvise(p + 1, PG, MADV_NORMAL), EINVAL);
	CHECK_EQ(munmap(p + 3 * PG, PG), 0);
	CHECK_ERR(madvise(p, 4 * PG, MADV_DONTNEED), ENOMEM);
	memset(p, 'b', 3 * PG);
	CHECK_EQ(madvise(p, PG, MADV_DONTFORK), 0);
	CHECK_EQ(madvise(p + PG, PG, MADV_WIPEONFORK), 0);
	pid = guest_fork();
	if (pid == 0)
		_exit(!mapped(p) && p[PG] == 0 && p[2 * PG] == 'b' ? 0 : 1);
	CHECK_EXITS(pid, 0);
	CHECK(p[0] == 'b' && p[PG] == 'b');
}

static void
private_file_pages_come_back_after_dontneed(void)
{
	char *p;
	int fd;

	guest_tmpdir();
	guest_write_file("f", "file", 4, 0600);
	fd = open("f", O_RDONLY);
	p = mmap(NULL, PG, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
	memcpy(p, "mine", 4);
	CHECK_EQ(madvise(p, PG, MADV_DONTNEED), 0);
	CHECK(memcmp(p, "file", 4) == 0);
}

static void
residency(void)
{
	unsigned char vec[4];
	char *p = anon(4, PROT_READ | PROT_WRITE);

	p[0] = p[2 * PG] = 1;
	CHECK_EQ(mincore(p, 4 * PG, vec), 0);
	CHECK((vec[0] & 1) && (vec[2] & 1));
	CHECK_ERR(mincore(p + 1, PG, vec), EINVAL);
	CHECK_ERR(mincore(p, 4 * PG, guest_bad_address()), EFAULT);
	CHECK_EQ(munmap(p + PG, PG), 0);
	CHECK_ERR(mincore(p, 4 * PG, vec), ENOMEM);
}

static void
locking(void)
{
	char *p = anon(4, PROT_READ | PROT_WRITE);

	CHECK_EQ(mlock(p, 4 * PG), 0);
	CHECK_EQ(munlock(p, 2 * PG), 0);
	CHECK_EQ(munmap(p + PG, PG), 0);
	CHECK_ERR(mlock(p, 4 * PG), ENOMEM);
	CHECK_EQ(munlockall(), 0);
	CHECK_ERR(mlockall(0), EINVAL);
	CHECK_ERR(mlockall(0x100), EINVAL);
	p = mmap(NULL, PG, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_LOCKED | MAP_POPULATE, -1, 0);
	CHECK(p != MAP_FAILED);
}

/* Locked all the same: what is done afterwards counts it. */
static void
locking_what_has_no_pages(void)
{
	char *p = anon(2, PROT_NONE);
	int fd = memfd_create("short", 0);

	CHECK_ERR(mlock(p, PG), ENOMEM);
	CHECK_EQ(syscall(SYS_mlock2, p, PG, MLOCK_ONFAULT), 0);
	CHECK_EQ(munlock(p, PG), 0);
	CHECK_EQ(ftruncate(fd, PG + 1), 0);
	p = mmap(NULL, 4 * PG, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	CHECK(p != MAP_FAILED);
	CHECK_EQ(mlock(p, 2 * PG), 0);
	CHECK_ERR(mlock(p, 3 * PG), ENOMEM);
	CHECK_ERR(msync(p + 2 * PG, PG, MS_INVALIDATE), EBUSY);
	CHECK_EQ(munlock(p, 4 * PG), 0);
	p = mmap(NULL, 2 * PG, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	CHECK(p != MAP_FAILED);
	CHECK_EQ(mlock(p, 2 * PG), 0);
	CHECK_ERR(munlock(p, -PG), EINVAL);
	CHECK_ERR(mlock((void *)-PG, PG), EINVAL);
}

static void
syncing(void)
{
	char *p = anon(2, PROT_READ | PROT_WRITE);

	CHECK_EQ(msync(p, 2 * PG, MS_SYNC), 0);
	CHECK_EQ(msync(p, 2 * PG, MS_ASYNC | MS_INVALIDATE), 0);
	CHECK_ERR(msync(p, PG, MS_SYNC | MS_ASYNC), EINVAL);
	CHECK_ERR(msync(p + 1, PG, MS_SYNC), EINVAL);
	CHECK_ERR(msync(p, PG, 0x100), EINVAL);
	CHECK_EQ(munmap(p, PG), 0);
	CHECK_ERR(msync(p, 2 * PG, MS_SYNC), ENOMEM);
}

static void
a_stack_that_grows(void)
{
	char *p = mmap(NULL, 300 * PG, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), *q;

	CHECK_EQ(munmap(p, 300 * PG), 0);
	q = mmap(p + 290 * PG, PG, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_GROWSDOWN, -1, 0);
	CHECK(q == p + 290 * PG);
	q[0] = 1;
	q[-(long)PG] = 2;
	q[-2 * (long)PG] = 3;
	CHECK(q[0] == 1 && q[-2 * (long)PG] == 3);
}

/* What /proc/self/maps has of @n pages at @base, as "first-end perms" in pages. */
static const char *
pieces(char *base, size_t n)
{
	static char out[1000];
	uintptr_t b = (uintptr_t)base, from, to;
	char line[512], perms[8];
	FILE *f = fopen("/proc/self/maps", "r");
	size_t len = 0;

	out[0] = '\0';
	while (fgets(line, sizeof(line), f)) {
		if (sscanf(line, "%lx-%lx %7s", &from, &to, perms) == 3 && from < b + n * PG && to > b)
			len += (size_t)snprintf(out + len, sizeof(out) - len, "%ld-%ld%s ", (long)((from - b) / PG),
						(long)((to - b) / PG), perms);
	}
	fclose(f);
	return out;
}

static void
maps_show_sharing_and_pieces(void)
{
	char *p = mmap(NULL, 16 * PG, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int fd;

	munmap(p, 16 * PG);
	guest_tmpdir();
	guest_write_file("f", "x", 1, 0600);
	fd = open("f", O_RDONLY);
	CHECK(mmap(p + PG, PG, PROT_READ, MAP_SHARED | MAP_FIXED, fd, 0) == p + PG);
	CHECK_STR(pieces(p, 16), "1-2r--s "); /* though it can never be written */
	munmap(p + PG, PG);
	/* what a program made and protected afterwards stays apart from what it never could write */
	close(fd);
	fd = open("f", O_RDWR);
	CHECK_EQ(ftruncate(fd, 4 * PG), 0);
	CHECK(mmap(p + PG, 4 * PG, PROT_READ, MAP_PRIVATE | MAP_FIXED, fd, 0) == p + PG);
	CHECK(mmap(p + 2 * PG, 2 * PG, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_FIXED, fd, PG) == p + 2 * PG);
	p[2 * PG] = 1;
	CHECK_EQ(mprotect(p + 2 * PG, PG, PROT_READ), 0);
	CHECK_STR(pieces(p, 16), "1-2r--p 2-3r--p 3-4rw-p 4-5r--p ");
	munmap(p + PG, 4 * PG);
	CHECK(mmap(p + PG, 4 * PG, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == p + PG);
	CHECK_EQ(madvise(p + 2 * PG, PG, MADV_SEQUENTIAL), 0);
	CHECK_STR(pieces(p, 16), "1-2rw-p 2-3rw-p 3-5rw-p ");
	CHECK_EQ(madvise(p + 2 * PG, PG, MADV_RANDOM), 0);
	CHECK_STR(pieces(p, 16), "1-2rw-p 2-3rw-p 3-5rw-p ");
	CHECK_EQ(madvise(p, 6 * PG, MADV_NORMAL), -1); /* holes around it */
	CHECK_STR(pieces(p, 16), "1-5rw-p ");
	memset(p + PG, 1, 4 * PG);
	CHECK(mremap(p + 2 * PG, PG, PG, MREMAP_MAYMOVE | MREMAP_FIXED | MREMAP_DONTUNMAP, p + 10 * PG) == p + 10 * PG);
	CHECK_STR(pieces(p, 16), "1-5rw-p 10-11rw-p ");
	CHECK(p[PG] == 1 && p[2 * PG] == 0 && p[10 * PG] == 1);
}

static void
maps_of_proc_agree(void)
{
	char *p = mmap(NULL, 3 * PG, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), line[400], want[64];
	FILE *f;
	bool found = false;

	CHECK_EQ(mprotect(p + PG, PG, PROT_READ | PROT_WRITE), 0);
	snprintf(want, sizeof(want), "%lx-%lx rw-p", (unsigned long)p + PG, (unsigned long)p + 2 * PG);
	f = fopen("/proc/self/maps", "r");
	CHECK(f != NULL);
	while (fgets(line, sizeof(line), f))
		found |= strncmp(line, want, strlen(want)) == 0;
	CHECK(found);
}

static void
many_mappings(void)
{
	char *p = anon(2000, PROT_READ | PROT_WRITE);
	int i;

	for (i = 0; i < 2000; i += 2)
		CHECK_EQ(mprotect(p + (size_t)i * PG, PG, PROT_READ), 0);
	for (i = 1; i < 2000; i += 2)
		p[(size_t)i * PG] = 1;
	CHECK_EQ(munmap(p, 2000 * PG), 0);
}

static void *
map_thread(void *arg)
{
	int i;

	for (i = 0; i < 200; i++) {
		char *p = mmap(NULL, 8 * PG, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		if (p == MAP_FAILED)
			return arg;
		p[PG] = 1;
		if (mprotect(p + PG, PG, PROT_READ) != 0 || p[PG] != 1 || munmap(p, 8 * PG) != 0)
			return arg;
	}
	return NULL;
}

static void
threads_map_at_once(void)
{
	pthread_t th[6];
	void *ret;
	int i;

	for (i = 0; i < 6; i++)
		pthread_create(&th[i], NULL, map_thread, &th);
	for (i = 0; i < 6; i++) {
		pthread_join(th[i], &ret);
		CHECK(ret == NULL);
	}
}

static void
memory_files(void)
{
	int fd = memfd_create("name", MFD_ALLOW_SEALING);
	char *p, *q;

	CHECK(fd >= 0);
	CHECK_EQ(ftruncate(fd, 2 * PG), 0);
	p = mmap(NULL, 2 * PG, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	q = mmap(NULL, 2 * PG, PROT_READ, MAP_SHARED, fd, 0);
	strcpy(p + PG, "seen");
	CHECK_STR(q + PG, "seen");
	CHECK_ERR(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE), EBUSY);
	CHECK_EQ(munmap(p, 2 * PG) + munmap(q, 2 * PG), 0);
	CHECK_EQ(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_SHRINK), 0);
	CHECK_EQ(fcntl(fd, F_GET_SEALS), F_SEAL_WRITE | F_SEAL_SHRINK);
	CHECK_ERR(write(fd, "x", 1), EPERM);
	CHECK_ERR(ftruncate(fd, PG), EPERM);
	CHECK_ERR((long)mmap(NULL, PG, PROT_WRITE, MAP_SHARED, fd, 0), EPERM);
}

static void
dev_zero(void)
{
	int fd = open("/dev/zero", O_RDWR);
	char *p = mmap(NULL, 2 * PG, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
	char *s = mmap(NULL, PG, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	pid_t pid;

	CHECK(p != MAP_FAILED && s != MAP_FAILED);
	CHECK_EQ(p[PG], 0);
	p[0] = 1;
	pid = guest_fork();
	if (pid == 0) {
		s[0] = 2;
		_exit(0);
	}
	CHECK_EXITS(pid, 0);
	CHECK_EQ(s[0], 2);
	s = mmap(NULL, PG, PROT_READ | PROT_WRITE, MAP_SHARED_VALIDATE, fd, 0);
	CHECK(s != MAP_FAILED);
	s[0] = 1;
	CHECK_ERR((long)mmap(NULL, PG, PROT_READ, MAP_SHARED_VALIDATE | MAP_SYNC, fd, 0), EOPNOTSUPP);
	close(fd);
	fd = open("/dev/zero", O_RDONLY);
	CHECK_ERR((long)mmap(NULL, PG, PROT_WRITE, MAP_SHARED, fd, 0), EACCES);
	s = mmap(NULL, PG, PROT_READ, MAP_SHARED, fd, 0);
	CHECK(s != MAP_FAILED);
	CHECK_ERR(mprotect(s, PG, PROT_READ | PROT_WRITE), EACCES);
	close(fd);
}

int
main(int argc, char **argv)
{
	static const struct guest_case cases[] = {
		T(anonymous_memory_is_zero), T(arguments), T(hints_and_fixed_places), T(holes), T(protection), T(code_can_be_made),
		T(private_file_mappings_do_not_write_back), T(shared_file_mappings_are_the_file), T(mapped_text_of_the_host),
		T(a_written_copy_of_a_host_file), T(shared_anonymous_memory), T(private_memory_after_fork), T(remap),
		T(remap_of_shared_memory), T(the_break), T(break_and_data_limit), T(address_space_limit), T(advice),
		T(private_file_pages_come_back_after_dontneed), T(residency), T(locking),
		T(locking_what_has_no_pages), T(syncing), T(a_stack_that_grows),
		T(maps_of_proc_agree), T(maps_show_sharing_and_pieces),
		T(many_mappings), T(threads_map_at_once), T(memory_files), T(dev_zero),
	};

	return guest_main(argc, argv, cases, ARRAY_SIZE(cases));
}
