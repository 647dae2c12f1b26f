/* SPDX-License-Identifier: MIT
 *
 * The same program linked in every way: dynamic PIE (image), fixed address (image-nopie), static (image-static), static PIE
 * (image-static-pie). Where it lies, and that everything a start sets up is there.
 */
#include <elf.h>
#include <link.h>
#include <sys/auxv.h>

#include "tests/guest/guest.h"

extern char __executable_start[], etext[], edata[], end[];
static int zeroed[5000], set[3] = { 1, 2, 3 };
static const int fixed[3] = { 4, 5, 6 };
static __thread int tls_set = 7, tls_zero;
static int constructed;

__attribute__((constructor)) static void
construct(void)
{
	constructed = 8;
}

static void
where_it_lies(void)
{
	Elf64_Ehdr *eh = (Elf64_Ehdr *)__executable_start;
	uintptr_t at = (uintptr_t)__executable_start;

	CHECK(memcmp(eh, ELFMAG, SELFMAG) == 0);
	if (eh->e_type == ET_EXEC)
		CHECK_EQ(at, 0x400000);
	else
		CHECK(at >= 0x500000000000 && at < 0x800000000000);
	CHECK((uintptr_t)etext > at && (uintptr_t)end > (uintptr_t)edata);
	if (eh->e_type == ET_EXEC || getauxval(AT_BASE))
		CHECK((uintptr_t)sbrk(0) >= (uintptr_t)end);
	else
		CHECK(sbrk(0) != NULL); /* away from the image: it may be a loader, whose program needs the room */
	printf("type %d, interpreter %s\n", eh->e_type, getauxval(AT_BASE) ? "yes" : "no");
}

static void
data_is_there(void)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(zeroed); i++)
		CHECK_EQ(zeroed[i], 0);
	CHECK(set[2] == 3 && fixed[2] == 6 && tls_set == 7 && tls_zero == 0 && constructed == 8);
	set[0] = 9;
	zeroed[4999] = 9;
	CHECK_EQ(getauxval(AT_PHDR), (uintptr_t)__executable_start + ((Elf64_Ehdr *)__executable_start)->e_phoff);
}

static void
text_is_read_only(void)
{
	pid_t pid = guest_fork();

	if (pid == 0) {
		*(volatile char *)(uintptr_t)text_is_read_only = 1;
		_exit(0);
	}
	CHECK_KILLED(pid, SIGSEGV);
	pid = guest_fork();
	if (pid == 0) {
		*(volatile int *)(uintptr_t)&fixed[1] = 1;
		_exit(0);
	}
	CHECK_KILLED(pid, SIGSEGV);
}

static void *
thread(void *arg)
{
	tls_set++;
	return (void *)(intptr_t)tls_set;
}

static void
threads_work(void)
{
	pthread_t th;
	void *ret;

	CHECK_EQ(pthread_create(&th, NULL, thread, NULL), 0);
	pthread_join(th, &ret);
	CHECK_EQ((intptr_t)ret, 8);
	CHECK_EQ(tls_set, 7);
}

static void
clock_and_heap(void)
{
	struct timespec a, b;
	char *p = malloc(1000000);

	clock_gettime(CLOCK_MONOTONIC, &a);
	memset(p, 1, 1000000);
	clock_gettime(CLOCK_MONOTONIC, &b);
	CHECK(b.tv_sec >= a.tv_sec);
	free(p);
	CHECK_EQ(system("exit 3"), 3 << 8);
}

static int
count_phdr(struct dl_phdr_info *info, size_t size, void *n)
{
	++*(int *)n;
	return 0;
}

static void
loaded_objects(void)
{
	int n = 0;

	dl_iterate_phdr(count_phdr, &n);
	CHECK(n >= 1);
}

/* A program that maps other text than its loader did translates it perhaps: its calls are where the file has them. */
static void
text_mapped_by_itself(void)
{
	int fd = open("/lib/x86_64-linux-gnu/libc.so.6", O_RDONLY | O_CLOEXEC), found = 0;
	unsigned char *text, *data;
	struct stat st;

	if (((Elf64_Ehdr *)__executable_start)->e_type != ET_EXEC || getauxval(AT_BASE))
		return;
	CHECK(fd >= 0 && fstat(fd, &st) == 0);
	text = mmap(NULL, st.st_size, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0);
	data = mmap(NULL, st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	CHECK(text != MAP_FAILED && data != MAP_FAILED);
	for (off_t i = 0; i + 7 < st.st_size; i++)
		if (data[i] == 0xb8 && data[i + 5] == 0x0f && data[i + 6] == 0x05) { /* mov $n,%eax; syscall */
			CHECK(memcmp(text + i, data + i, 7) == 0);
			found++;
		}
	CHECK(found > 100);
	munmap(text, st.st_size);
	munmap(data, st.st_size);
	close(fd);
}

int
main(int argc, char **argv)
{
	static const struct guest_case cases[] = {
		T(where_it_lies), T(data_is_there), T(text_is_read_only), T(threads_work), T(clock_and_heap), T(loaded_objects),
		T(text_mapped_by_itself),
	};

	return guest_main(argc, argv, cases, ARRAY_SIZE(cases));
}
