/* SPDX-License-Identifier: MIT
 *
 * A file that two processes have mapped, written, read, cut, grown and punched at random, compared with a copy in ordinary memory:
 * mapped [--count=N] [--seed=N]. Prints what it did and a digest, which are the same wherever it runs; any difference is fatal.
 *
 * The second process does what it is told through a pipe; both have the whole range mapped, far beyond the end of the file, so that
 * pages come and go under the mappings. Beyond the page of the end there must be a SIGBUS.
 */
#include <fcntl.h>
#include <getopt.h>
#include <linux/falloc.h>
#include <setjmp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define PAGE 4096
#define MAX_SIZE (96 * PAGE)

enum { READ_MAP, WRITE_MAP, PREAD, PWRITE, CUT, GROW, PUNCH, ALLOCATE, REMAP, SYNC, BEYOND, KINDS };

struct order {
	uint32_t kind, off, len, seed;
};

static const char *const names[KINDS] = { "read mapped", "write mapped", "pread", "pwrite", "cut",	 "grow",
					  "punch",	 "allocate",	 "remap", "msync",  "beyond the end" };
static unsigned char model[MAX_SIZE], buf[MAX_SIZE];
static uint32_t size, counts[KINDS];
static unsigned char *map;
static sigjmp_buf caught;
static uint64_t rng;
static int fd;

static uint32_t
pick(uint32_t n)
{
	rng ^= rng << 13;
	rng ^= rng >> 7;
	rng ^= rng << 17;
	return (uint32_t)(rng >> 20) % n;
}

static void
fail(const char *what, const struct order *o)
{
	printf("%s: %s: offset %u length %u, size %u\n", what, names[o->kind], o->off, o->len, size);
	exit(1);
}

static void
on_sigbus(int sig)
{
	siglongjmp(caught, sig);
}

static void
fill(unsigned char *p, const struct order *o)
{
	for (uint32_t i = 0; i < o->len; i++)
		p[i] = (unsigned char)(o->seed + i * 7 + (i >> 8));
}

static void
map_whole(void)
{
	if (map)
		munmap(map, MAX_SIZE);
	map = mmap(NULL, MAX_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (map == MAP_FAILED)
		exit(2);
}

/* The part that either process may be asked to do. What is read is left in buf. */
static bool
execute(const struct order *o)
{
	switch (o->kind) {
	case READ_MAP: memcpy(buf, map + o->off, o->len); return true;
	case WRITE_MAP: fill(map + o->off, o); return true;
	case PREAD: return pread(fd, buf, o->len, o->off) == (ssize_t)o->len;
	case PWRITE: fill(buf, o); return pwrite(fd, buf, o->len, o->off) == (ssize_t)o->len;
	case CUT:
	case GROW: return ftruncate(fd, o->off) == 0;
	case PUNCH: return fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, o->off, o->len) == 0;
	case ALLOCATE: return fallocate(fd, 0, o->off, o->len) == 0;
	case REMAP: map_whole(); return true;
	case SYNC: return msync(map, MAX_SIZE, MS_SYNC) == 0;
	case BEYOND:
		if (sigsetjmp(caught, 1))
			return true;
		*(volatile unsigned char *)(map + o->off) = 1;
		return false;
	}
	return false;
}

/* An order that makes sense now; its effect on the model. */
static void
choose(struct order *o)
{
	uint32_t beyond = (size + PAGE - 1) / PAGE * PAGE;

	*o = (struct order){ .kind = pick(KINDS), .seed = pick(256) };
	o->off = size ? pick(size) : 0;
	o->len = 1 + pick(pick(4) ? 300 : 3 * PAGE);
	if (o->kind == CUT) {
		o->off = pick(3) ? o->off : o->off / PAGE * PAGE;
	} else if (o->kind == GROW) {
		o->off = size + pick(MAX_SIZE - size + 1);
	} else if (o->kind == PWRITE && pick(3) == 0) {
		o->off = pick(MAX_SIZE);
	} else if (o->kind == ALLOCATE) {
		o->off = pick(MAX_SIZE);
	} else if (o->kind == BEYOND) {
		if (beyond >= MAX_SIZE)
			o->kind = SYNC;
		else
			o->off = beyond + pick(MAX_SIZE - beyond);
	}
	if ((o->kind == READ_MAP || o->kind == WRITE_MAP || o->kind == PREAD) && o->len > size - o->off)
		o->len = size - o->off;
	if (o->len > MAX_SIZE - o->off)
		o->len = MAX_SIZE - o->off;
	if (o->len == 0 && (o->kind == PUNCH || o->kind == ALLOCATE || o->kind == PWRITE))
		o->kind = SYNC;
}

static void
expect(const struct order *o, const unsigned char *got)
{
	switch (o->kind) {
	case READ_MAP:
	case PREAD:
		if (memcmp(got, model + o->off, o->len) != 0)
			fail("wrong data", o);
		break;
	case PWRITE:
	case WRITE_MAP:
		fill(model + o->off, o);
		size = o->off + o->len > size ? o->off + o->len : size;
		break;
	case CUT:
	case GROW:
		if (o->off < size)
			memset(model + o->off, 0, MAX_SIZE - o->off);
		size = o->off;
		break;
	case PUNCH:
		memset(model + o->off, 0, o->len);
		break;
	case ALLOCATE:
		size = o->off + o->len > size ? o->off + o->len : size;
		break;
	}
}

static void
second(int from, int to)
{
	struct order o;

	while (read(from, &o, sizeof(o)) == sizeof(o)) {
		unsigned char ok = execute(&o);

		if (write(to, &ok, 1) != 1 || ((o.kind == READ_MAP || o.kind == PREAD) && o.len && write(to, buf, o.len) != (ssize_t)o.len))
			exit(2);
	}
	exit(0);
}

static bool
ask(const struct order *o, int to, int from)
{
	unsigned char ok = 0;

	if (write(to, o, sizeof(*o)) != sizeof(*o) || read(from, &ok, 1) != 1)
		fail("the second process is gone", o);
	for (uint32_t at = 0; (o->kind == READ_MAP || o->kind == PREAD) && at < o->len;) {
		ssize_t n = read(from, buf + at, o->len - at);

		if (n <= 0)
			fail("the second process is gone", o);
		at += (uint32_t)n;
	}
	return ok;
}

int
main(int argc, char **argv)
{
	static const struct option options[] = { { "count", required_argument, NULL, 'n' }, { "seed", required_argument, NULL, 's' }, { 0 } };
	unsigned long count = 20000, seed = 1;
	uint64_t digest = 14695981039346656037ull;
	int to[2], from[2];

	for (int c; (c = getopt_long(argc, argv, "", options, NULL)) >= 0;)
		if (c == 'n')
			count = strtoul(optarg, NULL, 0);
		else if (c == 's')
			seed = strtoul(optarg, NULL, 0);
		else
			return 2;
	rng = seed * 0x9e3779b97f4a7c15ull | 1;
	signal(SIGBUS, on_sigbus);
	fd = open("mapped-file", O_RDWR | O_CREAT | O_TRUNC, 0600);
	if (fd < 0 || pipe(to) || pipe(from))
		return 2;
	map_whole();
	if (fork() == 0) {
		close(to[1]);
		second(to[0], from[1]);
	}
	for (unsigned long i = 0; i < count; i++) {
		struct order o;

		choose(&o);
		counts[o.kind]++;
		if (!(pick(3) ? execute(&o) : ask(&o, to[1], from[0])))
			fail("did not work", &o);
		expect(&o, buf);
		if (i % 1000 == 999 && (pread(fd, buf, MAX_SIZE, 0) != (ssize_t)size || memcmp(buf, model, size) || memcmp(map, model, size)))
			fail("the whole file is wrong after", &o);
	}
	close(to[1]);
	wait(NULL);
	for (uint32_t i = 0; i < size; i++)
		digest = (digest ^ model[i]) * 1099511628211ull;
	for (int i = 0; i < KINDS; i++)
		printf("%s: %u\n", names[i], counts[i]);
	printf("size %u digest %016llx\n", size, (unsigned long long)digest);
	return 0;
}
