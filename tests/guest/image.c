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

int
main(int argc, char **argv)
{
	static const struct guest_case cases[] = {
		T(where_it_lies), T(data_is_there), T(text_is_read_only), T(threads_work), T(clock_and_heap), T(loaded_objects),
	};

	return guest_main(argc, argv, cases, ARRAY_SIZE(cases));
}
