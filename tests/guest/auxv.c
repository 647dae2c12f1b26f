/* SPDX-License-Identifier: MIT
 *
 * What a program finds at its start: stack layout, auxiliary vector, vDSO, registers, descriptors, signal state.
 */
#include <elf.h>
#include <link.h>
#include <sys/auxv.h>

#include "tests/guest/guest.h"

extern char **environ;
extern char __executable_start[];
extern void _start(void);
static char **start_argv;
static int start_argc;

static Elf64_auxv_t *
auxv(void)
{
	char **e = environ;

	while (*e)
		e++;
	return (Elf64_auxv_t *)(e + 1);
}

static void
vectors_are_contiguous(void)
{
	CHECK_EQ(((uintptr_t *)start_argv)[-1], start_argc);
	CHECK(start_argv[start_argc] == NULL);
	CHECK((char **)start_argv + start_argc + 1 == environ);
	CHECK_EQ(((uintptr_t)start_argv - 8) % 16, 0); /* %rsp at the entry point */
}

static void
strings_lie_above(void)
{
	char *last = start_argv[0];
	int i;

	for (i = 1; i < start_argc; i++) {
		CHECK(start_argv[i] == last + strlen(last) + 1);
		last = start_argv[i];
	}
	for (i = 0; environ[i]; i++) {
		CHECK(environ[i] == last + strlen(last) + 1);
		last = environ[i];
	}
	CHECK((char *)getauxval(AT_EXECFN) == last + strlen(last) + 1);
	CHECK((uintptr_t)auxv() < (uintptr_t)start_argv[0]);
}

static void
the_file_name_ends_the_stack(void)
{
	uintptr_t end = (uintptr_t)getauxval(AT_EXECFN) + strlen((char *)getauxval(AT_EXECFN)) + 1;

	CHECK_EQ((end + 8) % 4096, 0);
	CHECK_EQ(*(uint64_t *)end, 0);
}

/* Order and kinds of entries; those the host may or may not have are left out. */
static void
entries(void)
{
	static const unsigned long must[] = {
		AT_SYSINFO_EHDR, AT_HWCAP, AT_PAGESZ, AT_CLKTCK, AT_PHDR, AT_PHENT, AT_PHNUM, AT_BASE, AT_FLAGS, AT_ENTRY, AT_UID,
		AT_EUID, AT_GID, AT_EGID, AT_SECURE, AT_RANDOM, AT_HWCAP2, AT_EXECFN, AT_PLATFORM,
	};
	Elf64_auxv_t *a;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(must); i++) {
		for (a = auxv(); a->a_type != AT_NULL && a->a_type != must[i]; a++)
			;
		if (a->a_type != must[i])
			guest_fail(__FILE__, __LINE__, "no entry of type %lu", must[i]);
	}
	for (a = auxv(); a->a_type != AT_NULL; a++)
		CHECK(a - auxv() < 50);
}

static void
values(void)
{
	CHECK_EQ(getauxval(AT_PAGESZ), 4096);
	CHECK_EQ(getauxval(AT_CLKTCK), 100);
	CHECK_EQ(getauxval(AT_PHENT), sizeof(Elf64_Phdr));
	CHECK_EQ(getauxval(AT_ENTRY), (uintptr_t)_start);
	CHECK_EQ(getauxval(AT_UID), getuid());
	CHECK_EQ(getauxval(AT_EUID), geteuid());
	CHECK_EQ(getauxval(AT_GID), getgid());
	CHECK_EQ(getauxval(AT_EGID), getegid());
	CHECK_EQ(getauxval(AT_SECURE), 0);
	CHECK_EQ(getauxval(AT_FLAGS), 0);
	CHECK_STR((char *)getauxval(AT_PLATFORM), "x86_64");
	CHECK_STR((char *)getauxval(AT_EXECFN), start_argv[0]);
}

static void
program_headers(void)
{
	Elf64_Ehdr *eh = (Elf64_Ehdr *)__executable_start;

	CHECK_EQ(getauxval(AT_PHDR), (uintptr_t)eh + eh->e_phoff);
	CHECK_EQ(getauxval(AT_PHNUM), eh->e_phnum);
	eh = (Elf64_Ehdr *)getauxval(AT_BASE);
	CHECK(memcmp(eh, ELFMAG, SELFMAG) == 0); /* the interpreter */
}

static void
random_bytes_differ(void)
{
	char first[16], buf[64];
	int p[2];

	memcpy(first, (void *)getauxval(AT_RANDOM), 16);
	CHECK_EQ(pipe(p), 0);
	if (guest_fork() == 0) {
		dup2(p[1], 1);
		execl(guest_self, guest_self, "--random", (char *)NULL);
		_exit(1);
	}
	CHECK_EQ(read(p[0], buf, 16), 16);
	CHECK(memcmp(first, buf, 16) != 0);
	CHECK_EXITS(-1, 0);
}

static void
the_vdso_is_an_elf_file_with_symbols(void)
{
	char *base = (char *)getauxval(AT_SYSINFO_EHDR);
	Elf64_Ehdr *eh = (Elf64_Ehdr *)base;
	Elf64_Phdr *ph = (Elf64_Phdr *)(base + eh->e_phoff);
	Elf64_Dyn *dyn = NULL;
	Elf64_Sym *sym = NULL;
	const char *str = NULL;
	uint32_t *hash = NULL, i, found = 0;

	CHECK(memcmp(eh, ELFMAG, SELFMAG) == 0);
	for (i = 0; i < eh->e_phnum; i++) {
		if (ph[i].p_type == PT_DYNAMIC)
			dyn = (Elf64_Dyn *)(base + ph[i].p_vaddr);
	}
	CHECK(dyn != NULL);
	for (; dyn->d_tag != DT_NULL; dyn++) {
		if (dyn->d_tag == DT_SYMTAB)
			sym = (Elf64_Sym *)(base + dyn->d_un.d_val);
		else if (dyn->d_tag == DT_STRTAB)
			str = base + dyn->d_un.d_val;
		else if (dyn->d_tag == DT_HASH)
			hash = (uint32_t *)(base + dyn->d_un.d_val);
	}
	CHECK(sym && str);
	for (i = 0; i < (hash ? hash[1] : 8); i++)
		found += strcmp(str + sym[i].st_name, "__vdso_clock_gettime") == 0;
	CHECK_EQ(found, 1);
}

static void
the_clock_is_read_without_a_call(void)
{
	struct timespec ts;
	long start = guest_ms(), n = 0;

	while (guest_ms() - start < 30) {
		clock_gettime(CLOCK_MONOTONIC, &ts);
		n++;
	}
	CHECK(n > 50000); /* 600 ns each would be a system call */
}

static void
descriptors_and_signals(void)
{
	struct sigaction sa;
	int sig, fd;

	for (fd = 0; fd < 3; fd++)
		CHECK(fcntl(fd, F_GETFD) >= 0);
	for (sig = 1; sig < 65; sig++) {
		if (sig == 32 || sig == 33)
			continue;
		CHECK_EQ(syscall(SYS_rt_sigaction, sig, NULL, &sa, 8), 0);
		CHECK(sa.sa_handler == SIG_DFL);
	}
}

static void
places(void)
{
	char here;
	FILE *f = fopen("/proc/self/maps", "r");
	char line[512];
	unsigned long a, b, heap_start = 0;
	bool stack = false, vdso = false;

	CHECK(f != NULL);
	CHECK(malloc(100) != NULL);
	while (fgets(line, sizeof(line), f)) {
		CHECK_EQ(sscanf(line, "%lx-%lx", &a, &b), 2);
		if (strstr(line, "[stack]"))
			stack = (uintptr_t)&here >= a && (uintptr_t)&here < b;
		if (strstr(line, "[heap]"))
			heap_start = a;
		if (strstr(line, "[vdso]"))
			vdso = a == getauxval(AT_SYSINFO_EHDR);
	}
	CHECK(stack && vdso);
	CHECK(heap_start && heap_start <= (uintptr_t)sbrk(0));
	CHECK((uintptr_t)&here < 1ul << 47);
}

static void
addresses_are_random(void)
{
	uintptr_t mine[3] = { (uintptr_t)_start, (uintptr_t)environ, (uintptr_t)printf }, got[3];
	int p[2], i;

	CHECK_EQ(pipe(p), 0);
	if (guest_fork() == 0) {
		dup2(p[1], 1);
		execl(guest_self, guest_self, "--places", (char *)NULL);
		_exit(1);
	}
	CHECK_EQ(read(p[0], got, sizeof(got)), sizeof(got));
	for (i = 0; i < 3; i++)
		CHECK(got[i] != mine[i]);
	CHECK_EXITS(-1, 0);
}

static void
same_in_proc(void)
{
	char buf[4096];
	int fd = open("/proc/self/auxv", O_RDONLY);
	ssize_t n = read(fd, buf, sizeof(buf));

	CHECK(n > 100);
	CHECK(memcmp(buf, auxv(), (size_t)n) == 0);
	fd = open("/proc/self/cmdline", O_RDONLY);
	n = read(fd, buf, sizeof(buf));
	CHECK(n > 0 && memcmp(buf, start_argv[0], strlen(start_argv[0]) + 1) == 0);
}

int
main(int argc, char **argv)
{
	static const struct guest_case cases[] = {
		T(vectors_are_contiguous), T(strings_lie_above), T(the_file_name_ends_the_stack), T(entries), T(values),
		T(program_headers), T(random_bytes_differ), T(the_vdso_is_an_elf_file_with_symbols),
		T(the_clock_is_read_without_a_call), T(descriptors_and_signals), T(places), T(addresses_are_random), T(same_in_proc),
	};
	uintptr_t p[3] = { (uintptr_t)_start, (uintptr_t)environ, (uintptr_t)printf };

	start_argc = argc;
	start_argv = argv;
	if (argc > 1 && strcmp(argv[1], "--random") == 0)
		return write(1, (void *)getauxval(AT_RANDOM), 16) != 16;
	if (argc > 1 && strcmp(argv[1], "--places") == 0)
		return write(1, p, sizeof(p)) != sizeof(p);
	return guest_main(argc, argv, cases, ARRAY_SIZE(cases));
}
