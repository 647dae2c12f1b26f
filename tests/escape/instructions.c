/* SPDX-License-Identifier: MIT
 *
 * The program's own wrpkru and xrstor, in every way to make them executable: rows 1, 2, 14, 15, 16.
 */
#include <pthread.h>

#include "escape.h"

static unsigned char *
pages(int prot)
{
	return mmap(NULL, 8192, prot, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

static void
write_attack(unsigned char *p)
{
	put(p, open_and_read, OPEN_LEN);
	p[OPEN_SPOIL]++;
}

static int
wrpkru_in_rwx_memory(void)
{
	unsigned char *p = pages(7);

	write_attack(p);
	return call(p);
}

static int
wrpkru_by_mprotect(void)
{
	unsigned char *p = pages(3);

	write_attack(p);
	mprotect(p, 8192, 5);
	return call(p);
}

static int
wrpkru_over_two_pages(void)
{
	unsigned char *p = pages(3);

	write_attack(p + 4096 - 7);
	mprotect(p, 4096, 5);
	mprotect(p + 4096, 4096, 5);
	return call(p + 4096 - 7);
}

static int
wrpkru_joined_by_mremap(void)
{
	unsigned char *p = pages(3), *q = pages(3);

	write_attack(p + 4096 - 7);
	put(q + 4096, p + 4096, 64);
	p[4096] = 0x90;
	mprotect(p, 8192, 5);
	mprotect(q, 8192, 5);
	if (mremap(q + 4096, 4096, 4096, MREMAP_MAYMOVE | MREMAP_FIXED, p + 4096) == MAP_FAILED)
		return CONTAINED;
	return call(p + 4096 - 7);
}

static int
wrpkru_through_a_second_mapping(void)
{
	int fd = memfd_create("escape", 0);
	unsigned char *w, *x;

	if (fd < 0 || ftruncate(fd, 4096) != 0)
		return CONTAINED;
	w = mmap(NULL, 4096, 3, MAP_SHARED, fd, 0);
	x = mmap(NULL, 4096, 5, MAP_SHARED, fd, 0);
	w[0] = 0xc3;
	call(x);
	write_attack(w);
	call(x);
	return x[0] == 0xc3 ? CONTAINED : call(x) == 1;
}

static int
wrpkru_in_a_file_changed_later(void)
{
	char name[] = "/tmp/escape.XXXXXX";
	unsigned char page[4096] = { 0xc3 }, *x;
	int fd = mkstemp(name);

	if (fd < 0 || write(fd, page, sizeof(page)) != sizeof(page))
		return CONTAINED;
	unlink(name);
	x = mmap(NULL, 4096, 5, MAP_PRIVATE, fd, 0);
	call(x);
	write_attack(page);
	if (pwrite(fd, page, sizeof(page), 0) != sizeof(page))
		return CONTAINED;
	return x[0] == 0xc3 ? CONTAINED : call(x) == 1;
}

static unsigned char *race_page;

static void *
race_writer(void *arg)
{
	for (int i = 0; i < 20000; i++) {
		race_page[OPEN_SPOIL] = 0xef;
		race_page[OPEN_SPOIL] = 0xee;
	}
	return NULL;
}

/* rdpkru instead of wrpkru most of the time: then reading the arena kills. */
static int
wrpkru_in_a_race_with_the_scan(void)
{
	pthread_t th;

	race_page = pages(7);
	write_attack(race_page);
	if (pthread_create(&th, NULL, race_writer, NULL) != 0)
		return CONTAINED;
	for (int i = 0; i < 200; i++)
		mprotect(race_page, 4096, i & 1 ? 5 : 7);
	mprotect(race_page, 4096, 7);
	return call(race_page);
}

static int
xrstor_with_the_bit_of_pkru(void)
{
	static const volatile unsigned char code[] = {
		0xb8, 0, 2, 0, 0, 0x31, 0xd2, /* mov $0x200, eax; xor edx, edx */
		0x0f, 0xad, 0x2f,	      /* + 1: xrstor (rdi) */
		0x48, 0xb8, 0, 0, 0, 0, 0, 0x40, 0, 0, 0x8a, 0x00, 0xb8, 1, 0, 0, 0, 0xc3,
	};
	static unsigned char image[8192] __attribute__((aligned(64)));
	unsigned char *p = pages(3);

	put(p, code, sizeof(code));
	p[8]++;
	mprotect(p, 8192, 5);
	return ((int (*)(void *))(uintptr_t)p)(image);
}

/* A real xrstor of the program's text, which is checked behind it: 0x40(%rdi,%rdx), with the mask in esi; then the word at ARENA. */
__asm__(".pushsection .text\n.balign 16\nown_xrstor:\n mov %esi, %eax\n xor %edx, %edx\n .byte 0x0f, 0xae, 0x6c, 0x17, 0x40\n"
	"movabs $0x400000000000, %rax\n mov (%rax), %al\n mov $1, %eax\n ret\n nop\n.popsection\n");
extern int own_xrstor(void *image, long mask);
static unsigned char image_room[8192] __attribute__((aligned(64)));

static int
xrstor_of_own_text(void)
{
	return own_xrstor(image_room, 0x200) | own_xrstor(image_room, -1);
}

/* Where the trampolines of the program itself are. */
static unsigned char *
own_trampolines(void)
{
	FILE *f = fopen("/proc/self/maps", "r");
	unsigned long start, end, last = 0;
	char line[600];

	while (f && fgets(line, sizeof(line), f)) {
		if (sscanf(line, "%lx-%lx", &start, &end) != 2)
			continue;
		if (strstr(line, "[stead]"))
			last = start;
		else if (start <= (uintptr_t)own_xrstor && (uintptr_t)own_xrstor < end)
			break;
	}
	if (f)
		fclose(f);
	return (unsigned char *)last;
}

static int
jump_with_mask(unsigned char *to)
{
	int ret;

	__asm__ volatile("lea -128(%%rsp), %%rsp\n call *%%rbx\n lea 128(%%rsp), %%rsp"
			 : "=a"(ret) : "a"(0x200), "b"(to), "d"(0), "D"(image_room), "S"(0x200) : "rcx", "r8", "r9", "r10", "r11", "memory", "cc");
	return ret;
}

/* To every byte around the xrstor in its trampoline, with a mask that it must not have. */
static int
xrstor_in_its_trampoline(void)
{
	unsigned char *t = own_trampolines();
	int status;

	for (long i = 0; t && i < 4096; i++) {
		pid_t pid = fork();

		if (pid == 0) {
			alarm(patience);
			_exit(jump_with_mask(t + i) == 1);
		}
		if (waitpid(pid, &status, 0) == pid && WIFEXITED(status) && WEXITSTATUS(status) == 1)
			return ESCAPED;
		if (i >= 256 && t[i] == 0xcc && t[i + 1] == 0xcc && t[i + 15] == 0xcc)
			break;
	}
	return CONTAINED;
}

static int
wrpkru_behind_madvise(void)
{
	static const int advices[] = { MADV_DONTNEED, 8 /* FREE */, 21 /* PAGEOUT */, 25 /* COLLAPSE */ };
	char name[] = "/tmp/escape.XXXXXX";
	unsigned char page[8192] = { 0xc3 }, *x;
	int fd = mkstemp(name);

	/* a private mapping of a file that holds the instruction, covered by a page that does not */
	write_attack(page + 64);
	if (fd < 0 || write(fd, page, sizeof(page)) != sizeof(page))
		return CONTAINED;
	unlink(name);
	x = mmap(NULL, 8192, 3, MAP_PRIVATE, fd, 0);
	memset(x + 64, 0x90, 64);
	x[128] = 0xc3;
	mprotect(x, 8192, 5);
	call(x + 64);
	for (size_t i = 0; i < 4; i++)
		madvise(x, 8192, advices[i]);
	return call(x + 64) == 1;
}

static int
wrpkru_with_read_implies_exec(void)
{
	unsigned char *p;

	syscall(SYS_personality, 0x0400000);
	p = pages(3);
	write_attack(p);
	return call(p);
}

static int
wrpkru_on_stack_and_heap(void)
{
	unsigned char on_stack[64], *p = malloc(1 << 20);

	write_attack(on_stack);
	write_attack(p);
	mprotect((void *)((uintptr_t)on_stack & ~4095UL), 8192, 7);
	mprotect((void *)((uintptr_t)p & ~4095UL), 8192, 7);
	return call(p) | call(on_stack);
}

/* One page is the end of a file, the next anonymous; each is clean. */
static int
wrpkru_over_two_mappings(void)
{
	unsigned char *p = pages(3), *q;

	write_attack(p + 4096 - 7);
	mprotect(p, 4096, 5);
	q = mmap(p + 4096, 4096, 3, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
	put(q, (unsigned char[]){ 0x01, 0xef, 0x48, 0xb8, 0, 0, 0, 0, 0, 0x40, 0, 0, 0x8a, 0, 0xb8, 1, 0, 0, 0, 0xc3 }, 20);
	mprotect(q, 4096, 5);
	return call(p + 4096 - 7);
}

/* wrgsbase, to a place that passes for another task's. */
static int
wrgsbase_to_another_task(void)
{
	static const volatile unsigned char code[] = {
		0x48, 0xb8, 0, 0, 0, 0, 0x40, 0x40, 0, 0, /* mov $SCRATCH, rax */
		0xf3, 0x48, 0x0f, 0xad, 0xd8,		     /* + 1: wrgsbase rax */
		0xb8, 39, 0, 0, 0, 0x0f, 0x05, 0xb8, 1, 0, 0, 0, 0xc3,
	};
	unsigned char *p = pages(3);

	put(p, code, sizeof(code));
	p[13]++;
	mprotect(p, 8192, 5);
	if (!selector_word(8)) /* a trap that does without %gs: it is the program's */
		return CONTAINED;
	return call(p);
}

int
main(int argc, char **argv)
{
	arguments(argc, argv);
	if (no_keys)
		return 0;
	A(wrpkru_in_rwx_memory);
	A(wrpkru_by_mprotect);
	A(wrpkru_over_two_pages);
	A(wrpkru_joined_by_mremap);
	A(wrpkru_through_a_second_mapping);
	A(wrpkru_in_a_file_changed_later);
	A(wrpkru_in_a_race_with_the_scan);
	A(xrstor_with_the_bit_of_pkru);
	A(xrstor_of_own_text);
	A(xrstor_in_its_trampoline);
	A(wrpkru_behind_madvise);
	A(wrpkru_with_read_implies_exec);
	A(wrpkru_on_stack_and_heap);
	A(wrpkru_over_two_mappings);
	A(wrgsbase_to_another_task);
	return escaped;
}
