/* SPDX-License-Identifier: MIT
 *
 * mremap and remap_file_pages.
 */
#include "guest.h"

#ifndef MREMAP_DONTUNMAP
#define MREMAP_DONTUNMAP 4
#endif

#define PAGE 4096UL
#define RW   (PROT_READ | PROT_WRITE)
#define ANON (MAP_PRIVATE | MAP_ANONYMOUS)

/* An area of pages that are free. */
static char *
free_area(size_t pages)
{
	char *p = mmap(NULL, pages * PAGE, PROT_NONE, ANON, -1, 0);

	CHECK(p != MAP_FAILED);
	CHECK_EQ(munmap(p, pages * PAGE), 0);
	return p;
}

/* Memory at a place, each page filled with its number + 1. */
static char *
numbered(char *at, size_t pages, int flags, int fd)
{
	char *p = mmap(at, pages * PAGE, RW, flags | (at ? MAP_FIXED : 0), fd, 0);

	CHECK(p != MAP_FAILED);
	for (size_t i = 0; i < pages; i++)
		memset(p + i * PAGE, (int)i + 1, PAGE);
	return p;
}

static void
check_numbers(const char *p, size_t pages, size_t first)
{
	for (size_t i = 0; i < pages; i++)
		for (size_t j = 0; j < PAGE; j += 511)
			CHECK_EQ(p[i * PAGE + j], first + i + 1);
}

/* Is a page mapped? */
static bool
mapped(char *p)
{
	unsigned char v;

	return mincore(p, PAGE, &v) == 0;
}

static void
shrink_in_place(void)
{
	char *p = numbered(NULL, 8, ANON, -1);

	CHECK(mremap(p, 8 * PAGE, 3 * PAGE, 0) == p);
	check_numbers(p, 3, 0);
	CHECK(!mapped(p + 3 * PAGE) && !mapped(p + 7 * PAGE));
	CHECK(mremap(p, 3 * PAGE, 2 * PAGE + 1, 0) == p); /* rounded up */
	CHECK(mapped(p + 2 * PAGE));
}

static void
grow_in_place(void)
{
	char *area = free_area(16), *p = numbered(area, 4, ANON, -1);

	CHECK(mremap(p, 4 * PAGE, 12 * PAGE, 0) == p);
	check_numbers(p, 4, 0);
	CHECK_EQ(p[11 * PAGE], 0);
	memset(p, 1, 12 * PAGE);
}

static void
grow_where_there_is_no_room(void)
{
	char *area = free_area(16), *p = numbered(area, 4, ANON, -1), *q;

	CHECK(mmap(area + 6 * PAGE, PAGE, PROT_READ, ANON | MAP_FIXED, -1, 0) == area + 6 * PAGE);
	CHECK_ERR(mremap(p, 4 * PAGE, 7 * PAGE, 0), ENOMEM);
	CHECK(mremap(p, 4 * PAGE, 6 * PAGE, 0) == p);
	q = mremap(p, 6 * PAGE, 7 * PAGE, MREMAP_MAYMOVE);
	CHECK(q != MAP_FAILED && q != p);
	check_numbers(q, 4, 0);
	CHECK_EQ(q[6 * PAGE], 0);
	CHECK(!mapped(p));
}

static void
grow_from_the_middle_moves(void)
{
	char *p = numbered(NULL, 8, ANON, -1), *q;

	CHECK_ERR(mremap(p + PAGE, 2 * PAGE, 3 * PAGE, 0), ENOMEM);
	q = mremap(p + PAGE, 2 * PAGE, 3 * PAGE, MREMAP_MAYMOVE);
	CHECK(q != MAP_FAILED);
	check_numbers(q, 2, 1);
	CHECK_EQ(q[2 * PAGE], 0);
	check_numbers(p, 1, 0);
	check_numbers(p + 3 * PAGE, 5, 3);
	CHECK(!mapped(p + PAGE) && !mapped(p + 2 * PAGE));
}

static void
move_to_a_place(void)
{
	char *p = numbered(NULL, 4, ANON, -1), *to = numbered(NULL, 8, ANON, -1);

	CHECK(mremap(p, 4 * PAGE, 4 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, to + 2 * PAGE) == to + 2 * PAGE);
	check_numbers(to, 2, 0);
	check_numbers(to + 2 * PAGE, 4, 0);
	check_numbers(to + 6 * PAGE, 2, 6);
	CHECK(!mapped(p));
	/* and smaller, and larger */
	CHECK(mremap(to, 8 * PAGE, 2 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, p) == p);
	check_numbers(p, 2, 0);
	CHECK(!mapped(to + 7 * PAGE));
	CHECK(mremap(p, 2 * PAGE, 4 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, to) == to);
	check_numbers(to, 2, 0);
	CHECK_EQ(to[3 * PAGE], 0);
}

static void
errors(void)
{
	char *p = numbered(NULL, 8, ANON, -1);

	CHECK_ERR(mremap(p + 1, PAGE, PAGE, 0), EINVAL);
	CHECK_ERR(mremap(p, PAGE, 0, 0), EINVAL);
	CHECK_ERR(mremap(p, PAGE, PAGE, MREMAP_FIXED, p + 4 * PAGE), EINVAL);
	CHECK_ERR(mremap(p, PAGE, PAGE, 0x40), EINVAL);
	CHECK_ERR(mremap(p, PAGE, PAGE, MREMAP_FIXED | MREMAP_MAYMOVE, p + 1), EINVAL);
	CHECK_ERR(mremap(p, 2 * PAGE, 2 * PAGE, MREMAP_FIXED | MREMAP_MAYMOVE, p + PAGE), EINVAL);
	CHECK_ERR(mremap(p, 2 * PAGE, PAGE, MREMAP_DONTUNMAP | MREMAP_MAYMOVE), EINVAL);
	CHECK_ERR(mremap(p, PAGE, PAGE, MREMAP_DONTUNMAP), EINVAL);
	CHECK_ERR(mremap(p, 0, PAGE, MREMAP_MAYMOVE), EINVAL); /* private: nothing to duplicate */
	CHECK_EQ(munmap(p + 4 * PAGE, PAGE), 0);
	CHECK_ERR(mremap(p + 4 * PAGE, PAGE, 2 * PAGE, MREMAP_MAYMOVE), EFAULT);
	CHECK_ERR(mremap(p, 6 * PAGE, 7 * PAGE, MREMAP_MAYMOVE), EFAULT);
	CHECK_ERR(mremap(p, PAGE, 1UL << 47, MREMAP_MAYMOVE), EINVAL);
	CHECK_ERR(mremap(p, PAGE, 1UL << 46, 0), ENOMEM);
	check_numbers(p, 4, 0);
}

static void
dontunmap(void)
{
	char *p = numbered(NULL, 4, ANON, -1), *q = mremap(p, 4 * PAGE, 4 * PAGE, MREMAP_MAYMOVE | MREMAP_DONTUNMAP, NULL);

	CHECK(q != MAP_FAILED && q != p);
	check_numbers(q, 4, 0);
	for (size_t i = 0; i < 4 * PAGE; i += 100)
		CHECK_EQ(p[i], 0);
	p[0] = 9;
	CHECK_EQ(q[0], 1);
}

static void
after_mprotect_and_joins(void)
{
	char *p = numbered(NULL, 8, ANON, -1), *q;

	/* two parts that were apart, and are joined again */
	CHECK_EQ(mprotect(p + 2 * PAGE, 2 * PAGE, PROT_READ), 0);
	CHECK_ERR(mremap(p, 8 * PAGE, 9 * PAGE, MREMAP_MAYMOVE), EFAULT);
	CHECK_EQ(mprotect(p + 2 * PAGE, 2 * PAGE, RW), 0);
	q = mremap(p, 8 * PAGE, 16 * PAGE, MREMAP_MAYMOVE);
	CHECK(q != MAP_FAILED);
	check_numbers(q, 8, 0);
}

static void
protection_moves_along(void)
{
	char *p = numbered(NULL, 2, ANON, -1), *q, *to = free_area(4);
	int fds[2];

	CHECK_EQ(mprotect(p, 2 * PAGE, PROT_READ), 0);
	q = mremap(p, 2 * PAGE, 4 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, to);
	CHECK(q == to);
	CHECK_EQ(pipe(fds), 0);
	CHECK_EQ(write(fds[1], q, 10), 10);
	CHECK_ERR(read(fds[0], q, 10), EFAULT);
	CHECK_ERR(read(fds[0], q + 3 * PAGE, 10), EFAULT);
}

static void
shared_anonymous(void)
{
	char *p = numbered(NULL, 4, MAP_SHARED | MAP_ANONYMOUS, -1), *q;
	pid_t pid;

	q = mremap(p, 0, 4 * PAGE, MREMAP_MAYMOVE); /* a second view of the same memory */
	CHECK(q != MAP_FAILED && q != p);
	check_numbers(q, 4, 0);
	q[PAGE] = 77;
	CHECK_EQ(p[PAGE], 77);
	p = mremap(p, 4 * PAGE, 2 * PAGE, 0);
	pid = fork();
	if (pid == 0) {
		p[0] = 78;
		_exit(0);
	}
	CHECK_EXITS(pid, 0);
	CHECK_EQ(q[0], 78);
}

static void
shared_file_grows(void)
{
	int fd = guest_temp_file(8 * PAGE);
	char *area = free_area(16), *p = numbered(area, 8, MAP_SHARED, fd), *q, c;

	CHECK_EQ(munmap(p + 4 * PAGE, 4 * PAGE), 0);
	p = mremap(p, 4 * PAGE, 8 * PAGE, MREMAP_MAYMOVE);
	CHECK(p == area);
	check_numbers(p, 8, 0);
	q = mremap(p + 2 * PAGE, 6 * PAGE, 6 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, area + 10 * PAGE);
	CHECK(q == area + 10 * PAGE);
	check_numbers(q, 6, 2);
	q[0] = 99;
	CHECK_EQ(pread(fd, &c, 1, 2 * PAGE), 1);
	CHECK_EQ(c, 99);
}

static void
private_file_keeps_its_changes(void)
{
	int fd = guest_temp_file(4 * PAGE);
	char *p = numbered(NULL, 4, MAP_PRIVATE, fd), *q;

	q = mremap(p, 4 * PAGE, 4 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, free_area(8));
	CHECK(q != MAP_FAILED);
	check_numbers(q, 4, 0);
	CHECK_EQ(munmap(q, 2 * PAGE), 0);
	check_numbers(q + 2 * PAGE, 2, 2);
}

static void
large_and_often(void)
{
	size_t pages = 16;
	char *p = numbered(NULL, pages, ANON, -1);

	/* as realloc does */
	for (int i = 0; i < 8; i++) {
		p = mremap(p, pages * PAGE, 2 * pages * PAGE, MREMAP_MAYMOVE);
		CHECK(p != MAP_FAILED);
		pages *= 2;
		CHECK_EQ(p[pages * PAGE - 1], 0);
		check_numbers(p, 16, 0);
	}
	p = mremap(p, pages * PAGE, PAGE, 0);
	check_numbers(p, 1, 0);
}

static void
realloc_of_large_blocks(void)
{
	size_t n = 200000;
	char *p = malloc(n);

	memset(p, 5, n);
	for (int i = 0; i < 6; i++) {
		p = realloc(p, n * 2);
		CHECK(p);
		CHECK_EQ(p[n - 1], 5);
		memset(p + n, 5, n);
		n *= 2;
	}
	free(p);
}

static void
remap_pages_of_a_file(void)
{
	int fd = guest_temp_file(4 * PAGE);
	char *p = numbered(NULL, 4, MAP_SHARED, fd), *q;

	CHECK_EQ(syscall(SYS_remap_file_pages, p, PAGE, 0, 3, 0), 0);
	CHECK_EQ(p[0], 4);
	CHECK_EQ(p[PAGE], 2);
	CHECK_ERR(syscall(SYS_remap_file_pages, p, PAGE, PROT_READ, 3, 0), EINVAL);
	q = numbered(NULL, 2, ANON, -1);
	CHECK_ERR(syscall(SYS_remap_file_pages, q, PAGE, 0, 1, 0), EINVAL);
}

int
main(int argc, char **argv)
{
	static const struct guest_case cases[] = {
		T(shrink_in_place), T(grow_in_place), T(grow_where_there_is_no_room), T(grow_from_the_middle_moves),
		T(move_to_a_place), T(errors), T(dontunmap), T(after_mprotect_and_joins), T(protection_moves_along),
		T(shared_anonymous), T(shared_file_grows), T(private_file_keeps_its_changes), T(large_and_often),
		T(realloc_of_large_blocks), T(remap_pages_of_a_file),
	};

	return guest_main(argc, argv, cases, ARRAY_SIZE(cases));
}
