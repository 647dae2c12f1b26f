/* SPDX-License-Identifier: MIT
 *
 * System calls from call sites of every shape, entered in every way: stead turns the instructions before a syscall into a jump, and
 * nobody may notice. Natively these are just calls.
 */
#include "guest.h"

#include <ucontext.h>

/*
 * What call() runs: a function of hand-written code with the arguments of a system call, in their registers, and the number in eax
 * where the code does not load it. It returns rax.
 */
#define CODE(name, body)                                                                                    \
	__asm__(".pushsection .text\n.balign 32\n.globl " #name ", " #name "_sys, " #name "_end\n"          \
		".hidden " #name ", " #name "_sys, " #name "_end\n" #name ":\n" body "\tret\n" #name "_end:\n" \
		"\tnop\n.popsection\n");                                                                    \
	extern char name[], name##_sys[], name##_end[];
#define SYS(name) #name "_sys: syscall\n"

/* Indirect jumps are far from what follows: those of the PLT, and of table_inside. */
#define FAR __asm__(".pushsection .text\n.skip 4096, 0x90\n.popsection\n");

FAR
CODE(plain, "mov $39, %eax\n" SYS(plain))
CODE(wide, "mov $39, %rax\n" SYS(wide))
CODE(from_register, "mov $39, %r9d\n mov %r8d, %r10d\n mov %r9d, %eax\n" SYS(from_register))
CODE(from_stack, "push $39\n mov 0(%rsp), %eax\n lea 8(%rsp), %rsp\n mov -8(%rsp), %eax\n" SYS(from_stack))
CODE(others_between, "mov $110, %eax\n xor %esi, %esi\n mov %rdx, %r10\n xor $0x80, %sil\n" SYS(others_between))
CODE(compared, "mov %rdi, %rax\n mov %rsi, %rdi\n mov %rdx, %rsi\n mov 8(%rsp), %r9\n" SYS(compared) "cmp $-4095, %rax\n jae 1f\n 1:\n")
CODE(zero, "xor %eax, %eax\n" SYS(zero) "cmp $-4096, %rax\n")
CODE(zero_after_test, "cmpb $0, some_byte(%rip)\n je 1f\n xor %eax, %eax\n" SYS(zero_after_test) "ret\n 1: mov $-77, %rax\n")
CODE(all_short, "mov %rsi, %r10\n mov %rdi, %rdx\n mov %rcx, %rsi\n mov %rbx, %rdi\n" SYS(all_short) "cmp $-4095, %rax\n")
/* A loop into the short instructions: the first time through r9 is 2, the second 1. */
CODE(loop_inside, "mov $2, %r9d\n jmp 2f\n nop\n 1: mov %r9d, %r8d\n 2: mov %r15d, %eax\n" SYS(loop_inside)
		  "cmp $-4095, %rax\n jae 3f\n dec %r9d\n jnz 2b\n 3:\n")
FAR
CODE(table_inside, "lea 9f(%rip), %r8\n movslq (%r8,%r9,4), %r9\n add %r8, %r9\n jmp *%r9\n"
		   "1: mov %esi, %r10d\n 2: mov %r15d, %eax\n 3:\n" SYS(table_inside) "cmp $-4095, %rax\n ret\n"
		   ".balign 4\n9: .long 1b - 9b, 2b - 9b, 3b - 9b\n")
CODE(conditional, "cmp $1, %rdi\n mov $39, %r8d\n je 1f\n mov $110, %r8d\n 1: test %rdi, %rdi\n js 2f\n mov %r8d, %eax\n"
		  SYS(conditional) "ret\n 2: mov $-7, %rax\n")
CODE(reads_memory, "mov 0x10(%rdi,%rsi,8), %r8\n mov %r8, %rax\n" SYS(reads_memory) "cmp $-4095, %rax\n")
CODE(keeps_flags, "mov $39, %eax\n" SYS(keeps_flags) "pushfq\n pop %rax\n")
CODE(moved_flags, "mov $39, %eax\n cmp %rsi, %rdi\n" SYS(moved_flags) "pushfq\n pop %rax\n")
CODE(twice, "mov $39, %eax\n syscall\n mov %rax, %r8\n mov $39, %eax\n" SYS(twice) "sub %r8, %rax\n")

__attribute__((used, visibility("hidden"))) unsigned char some_byte;

struct regs {
	long rax, rdi, rsi, rdx, r10, r8, r9, rbx, rcx, r15;
};

/* Call @code; all the registers that the codes use are loaded first. */
__attribute__((noinline)) static long
call(const void *code, struct regs r)
{
	long rax;

	__asm__ volatile("lea -128(%%rsp), %%rsp\n push %%rbx\n push %%r15\n push %%rbp\n mov %%rsp, %%rbp\n and $-16, %%rsp\n sub $256, %%rsp\n"
			 "mov %[code], %%r11\n"
			 "mov 0(%%rax), %%rcx\n push %%rcx\n" /* rax */
			 "mov 8(%%rax), %%rdi\n mov 16(%%rax), %%rsi\n mov 24(%%rax), %%rdx\n mov 32(%%rax), %%r10\n"
			 "mov 40(%%rax), %%r8\n mov 48(%%rax), %%r9\n mov 56(%%rax), %%rbx\n mov 64(%%rax), %%rcx\n"
			 "mov 72(%%rax), %%r15\n pop %%rax\n"
			 "call *%%r11\n"
			 "mov %%rbp, %%rsp\n pop %%rbp\n pop %%r15\n pop %%rbx\n lea 128(%%rsp), %%rsp\n"
			 : "=a"(rax)
			 : "a"(&r), [code] "r"(code)
			 : "rcx", "rdx", "rsi", "rdi", "r8", "r9", "r10", "r11", "r12", "memory", "cc");
	return rax;
}

static void
every_shape(void)
{
	char a[4], b[4];
	int p[2];

	for (int i = 0; i < 3; i++) {
		CHECK_EQ(call(plain, (struct regs){ 0 }), getpid());
		CHECK_EQ(call(wide, (struct regs){ 0 }), getpid());
		CHECK_EQ(call(from_register, (struct regs){ 0 }), getpid());
		CHECK_EQ(call(from_stack, (struct regs){ 0 }), getpid());
		CHECK_EQ(call(others_between, (struct regs){ 0 }), getppid());
		CHECK_EQ(call(compared, (struct regs){ .rdi = 39 }), getpid());
		CHECK_EQ(call(compared, (struct regs){ .rdi = 1000 }), -ENOSYS);
		CHECK_EQ(call(all_short, (struct regs){ .rax = 39 }), getpid());
		CHECK_EQ(call(loop_inside, (struct regs){ .r15 = 39 }), getpid());
		CHECK_EQ(call(twice, (struct regs){ 0 }), 0);
	}
	CHECK_EQ(pipe(p), 0);
	CHECK_EQ(write(p[1], "abcdef", 6), 6);
	CHECK_EQ(call(zero, (struct regs){ .rdi = p[0], .rsi = (long)a, .rdx = 3 }), 3);
	CHECK_EQ(call(zero_after_test, (struct regs){ .rdi = p[0], .rsi = (long)b, .rdx = 3 }), -77);
	some_byte = 1;
	CHECK_EQ(call(zero_after_test, (struct regs){ .rdi = p[0], .rsi = (long)b, .rdx = 3 }), 3);
	CHECK(memcmp(a, "abc", 3) == 0 && memcmp(b, "def", 3) == 0);
	/* all registers of a call of six: pwrite(p[1], ..) is ESPIPE, whatever else */
	CHECK_EQ(call(all_short, (struct regs){ .rax = 18, .rbx = p[1], .rcx = (long)a, .rdi = 3, .rsi = 0 }), -ESPIPE);
}

/* Straight to the syscall instruction, with the number in eax. */
static void
to_the_instruction(void)
{
	char c;
	int p[2];

	for (int i = 0; i < 3; i++) {
		CHECK_EQ(call(plain_sys, (struct regs){ .rax = 110 }), getppid());
		CHECK_EQ(call(wide_sys, (struct regs){ .rax = 110 }), getppid());
		CHECK_EQ(call(from_register_sys, (struct regs){ .rax = 110 }), getppid());
		CHECK_EQ(call(others_between_sys, (struct regs){ .rax = 39 }), getpid());
		CHECK_EQ(call(compared_sys, (struct regs){ .rax = 39 }), getpid());
		CHECK_EQ(call(zero_sys, (struct regs){ .rax = 39 }), getpid());
		CHECK_EQ(call(zero_after_test_sys, (struct regs){ .rax = 39 }), getpid());
		CHECK_EQ(call(all_short_sys, (struct regs){ .rax = 39 }), getpid());
		CHECK_EQ(call(table_inside_sys, (struct regs){ .rax = 39 }), getpid());
		CHECK_EQ(call(conditional_sys, (struct regs){ .rax = 110 }), getppid());
	}
	CHECK_EQ(pipe(p), 0);
	CHECK_EQ(write(p[1], "a", 1), 1);
	CHECK_EQ(call(zero_sys, (struct regs){ .rdi = p[0], .rsi = (long)&c, .rdx = 1 }), 1);
}

/* To an instruction between, by a jump that the text shows, and by a table. */
static void
to_the_middle(void)
{
	for (int i = 0; i < 3; i++) {
		CHECK_EQ(call(loop_inside, (struct regs){ .r15 = 110 }), getppid());
		for (long way = 0; way < 3; way++)
			CHECK_EQ(call(table_inside, (struct regs){ .rax = 39, .r9 = way, .r15 = 39 }), getpid());
		CHECK_EQ(call(conditional, (struct regs){ .rdi = 1 }), getpid());
		CHECK_EQ(call(conditional, (struct regs){ .rdi = 2 }), getppid());
		CHECK_EQ(call(conditional, (struct regs){ .rdi = -2 }), -7);
	}
}

static void
flags_and_registers(void)
{
	long mask = 0x8d5; /* OF SF ZF AF PF CF */
	long first, second;

	CHECK_EQ(call(moved_flags, (struct regs){ .rdi = 1, .rsi = 1 }) & mask, 0x44);
	CHECK_EQ(call(moved_flags, (struct regs){ .rdi = 1, .rsi = 2 }) & mask, 0x95);
	CHECK_EQ(call(moved_flags, (struct regs){ .rdi = LONG_MIN, .rsi = 1 }) & mask, 0x814);
	CHECK_EQ(call(moved_flags, (struct regs){ .rdi = LONG_MAX, .rsi = -1 }) & mask, 0x885);
	CHECK_EQ(call(moved_flags, (struct regs){ .rdi = 3, .rsi = 1 }) & mask, 0);
	first = call(keeps_flags, (struct regs){ 0 });
	second = call(keeps_flags, (struct regs){ 0 });
	CHECK_EQ(first & mask, second & mask);
}

static char *volatile fault_ip, *volatile fault_addr;
static long good[8];

static void
on_fault(int sig, siginfo_t *info, void *context)
{
	ucontext_t *uc = context;

	(void)sig;
	fault_ip = (char *)uc->uc_mcontext.gregs[REG_RIP];
	fault_addr = info->si_addr;
	uc->uc_mcontext.gregs[REG_RDI] = (greg_t)good;
}

/* An instruction that was moved faults: in its own place, and can be gone on with. */
static void
fault_before_the_call(void)
{
	struct sigaction sa = { .sa_sigaction = on_fault, .sa_flags = SA_SIGINFO };

	good[3] = 39;
	CHECK_EQ(sigaction(SIGSEGV, &sa, NULL), 0);
	for (int i = 0; i < 3; i++) {
		fault_ip = NULL;
		CHECK_EQ(call(reads_memory, (struct regs){ .rdi = 0x1000, .rsi = 1 }), getpid());
		CHECK(fault_ip == reads_memory);
		CHECK(fault_addr == (char *)0x1018);
	}
}

static char *steps[32];
static volatile unsigned int nsteps;

static void
on_step(int sig, siginfo_t *info, void *context)
{
	ucontext_t *uc = context;
	char *ip = (char *)uc->uc_mcontext.gregs[REG_RIP];

	(void)sig;
	if (ip >= others_between && ip <= others_between_sys && nsteps < ARRAY_SIZE(steps))
		steps[nsteps++] = ip == info->si_addr ? ip : NULL;
	if (ip == others_between_sys)
		uc->uc_mcontext.gregs[REG_EFL] &= ~0x100L;
}

/* Instruction by instruction up to the syscall: every one is seen once, in its own place. */
static void
single_steps(void)
{
	struct sigaction sa = { .sa_sigaction = on_step, .sa_flags = SA_SIGINFO };
	static const int offsets[] = { 0, 5, 7, 10, 14 };

	CHECK_EQ(sigaction(SIGTRAP, &sa, NULL), 0);
	for (int i = 0; i < 3; i++) {
		nsteps = 0;
		__asm__ volatile("lea -128(%%rsp), %%rsp\n pushfq\n orl $0x100, (%%rsp)\n popfq\n call *%0\n lea 128(%%rsp), %%rsp"
				 : : "b"(others_between) : "rax", "rcx", "rsi", "rdx", "rdi", "r8", "r9", "r10", "r11", "memory", "cc");
		CHECK_EQ(nsteps, 5);
		for (unsigned int k = 0; k < 5; k++)
			CHECK(steps[k] == others_between + offsets[k]);
	}
}

static struct {
	uintptr_t start, end;
} text[64];
static unsigned int ntext;
static volatile int strays, arrived;

static void
on_signal(int sig, siginfo_t *info, void *context)
{
	uintptr_t ip = (uintptr_t)((ucontext_t *)context)->uc_mcontext.gregs[REG_RIP];

	(void)sig;
	(void)info;
	arrived++;
	for (unsigned int i = 0; i < ntext; i++)
		if (ip >= text[i].start && ip < text[i].end)
			return;
	strays++;
}

/* Executable mappings of files, and the vDSO. */
static void
read_text(void)
{
	FILE *f = fopen("/proc/self/maps", "r");
	unsigned long start, end;
	char line[600], prot[8];

	CHECK(f != NULL);
	while (fgets(line, sizeof(line), f) && ntext < ARRAY_SIZE(text)) {
		if (sscanf(line, "%lx-%lx %7s", &start, &end, prot) != 3 || prot[2] != 'x')
			continue;
		if (!strchr(line, '/') && !strstr(line, "[vdso]") && !strstr(line, "[vsyscall]"))
			continue;
		text[ntext].start = start;
		text[ntext++].end = end;
	}
	fclose(f);
}

static void *
shoot(void *arg)
{
	for (int i = 0; i < 3000; i++)
		pthread_kill(*(pthread_t *)arg, SIGUSR1);
	some_byte = 2;
	return NULL;
}

/* Whenever a signal comes, the program is in its own text. */
static void
signals_show_own_text(void)
{
	struct sigaction sa = { .sa_sigaction = on_signal, .sa_flags = SA_SIGINFO | SA_RESTART };
	pthread_t self = pthread_self(), th;
	long sum = 0;

	read_text();
	CHECK_EQ(sigaction(SIGUSR1, &sa, NULL), 0);
	some_byte = 1;
	CHECK_EQ(pthread_create(&th, NULL, shoot, &self), 0);
	while (__atomic_load_n(&some_byte, __ATOMIC_SEQ_CST) != 2) {
		sum |= call(others_between, (struct regs){ 0 }) ^ getppid();
		sum |= call(all_short, (struct regs){ .rax = 39 }) ^ getpid();
		sum |= call(conditional, (struct regs){ .rdi = -2 }) ^ -7;
		sum |= call(conditional, (struct regs){ .rdi = 1 }) ^ getpid();
		sum |= call(zero, (struct regs){ .rdi = -1 }) ^ -EBADF;
	}
	CHECK_EQ(pthread_join(th, NULL), 0);
	CHECK_EQ(sum, 0);
	CHECK(arrived > 0);
	CHECK_EQ(strays, 0);
}

#define MAPPERS 8
static pthread_barrier_t barrier;
static size_t code_offset, map_offset, map_size;

/* others_between in the mapping at @p */
static bool
works_at(const char *p)
{
	const char *code = p + code_offset - map_offset;

	return call(code, (struct regs){ 0 }) == getppid() &&
	       call(code + (others_between_sys - others_between), (struct regs){ .rax = 39 }) == getpid();
}

static char *
map_self(void)
{
	int fd = open(guest_self, O_RDONLY);
	char *p = mmap(NULL, map_size, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, (off_t)map_offset);

	close(fd);
	return p;
}

static void *
map_and_call(void *arg)
{
	bool works = true;
	char *p;

	(void)arg;
	pthread_barrier_wait(&barrier);
	p = map_self();
	if (p == MAP_FAILED)
		return (void *)1L;
	for (int i = 0; i < 100; i++)
		works &= works_at(p);
	munmap(p, map_size);
	return (void *)(long)!works;
}

/* Where the program's file has the code of others_between. */
static void
find_code(void)
{
	struct stat st;
	int fd = open(guest_self, O_RDONLY);
	char *p, *at;

	CHECK_EQ(fstat(fd, &st), 0);
	map_size = (size_t)st.st_size;
	map_offset = 0;
	p = mmap(NULL, map_size, PROT_READ, MAP_PRIVATE, fd, 0);
	CHECK(p != MAP_FAILED);
	/* the first instruction in memory may be a jump; the others are as they were */
	at = memmem(p, map_size, others_between + 5, (size_t)(others_between_end - others_between - 5));
	CHECK(at != NULL);
	code_offset = (size_t)(at - p) - 5;
	close(fd);
	munmap(p, map_size);
}

/* Many threads map a part of a file that was never mapped before, and run it at once. */
static void
first_mapping_at_once(void)
{
	pthread_t th[MAPPERS];
	void *bad;

	find_code();
	for (int round = 0; round < 4; round++) {
		map_offset = (code_offset & ~4095UL) - 4096UL * (unsigned int)(round & 1);
		map_size = 8192 + 4096UL * (unsigned int)round;
		CHECK_EQ(pthread_barrier_init(&barrier, NULL, MAPPERS), 0);
		for (int i = 0; i < MAPPERS; i++)
			CHECK_EQ(pthread_create(&th[i], NULL, map_and_call, NULL), 0);
		for (int i = 0; i < MAPPERS; i++) {
			CHECK_EQ(pthread_join(th[i], &bad), 0);
			CHECK_EQ((long)bad, 0);
		}
	}
}

/* Text that mremap moves: where there is nothing near, and where everything below is taken. */
static void
moved_text(void)
{
	char *room, *p, *q;

	find_code();
	for (int taken = 0; taken < 2; taken++) {
		for (int part = 0; part < 2; part++) {
			if (part) {
				map_offset = code_offset & ~4095UL;
				map_size = 8192;
			}
			p = map_self();
			CHECK(p != MAP_FAILED && works_at(p));
			room = mmap(NULL, 1 << 24, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
			CHECK(room != MAP_FAILED);
			if (!taken)
				CHECK_EQ(munmap(room, 1 << 24), 0);
			q = mremap(p, map_size, map_size, MREMAP_MAYMOVE | MREMAP_FIXED, room + (1 << 23));
			CHECK(q == room + (1 << 23));
			CHECK(works_at(q));
			CHECK_EQ(munmap(room, 1 << 24), 0);
		}
		find_code();
	}
}

static int
count_maps(void)
{
	FILE *f = fopen("/proc/self/maps", "r");
	int n = 0, c;

	CHECK(f != NULL);
	while ((c = getc(f)) != EOF)
		n += c == '\n';
	fclose(f);
	return n;
}

/* Nothing stays of text that is gone. */
static void
unmapped_text(void)
{
	int before;
	char *p;

	find_code();
	before = count_maps();
	for (int i = 0; i < 20; i++) {
		p = map_self();
		CHECK(p != MAP_FAILED && works_at(p));
		CHECK_EQ(munmap(p, map_size), 0);
	}
	CHECK_EQ(count_maps(), before);
	/* in parts, the one with the code first and last */
	for (int i = 0; i < 2; i++) {
		size_t at = code_offset & ~4095UL;

		p = map_self();
		CHECK(p != MAP_FAILED && works_at(p));
		if (i == 0)
			CHECK_EQ(munmap(p + at, 4096), 0);
		CHECK_EQ(munmap(p, at), 0);
		if (i == 1)
			CHECK(works_at(p));
		CHECK_EQ(munmap(p + at, map_size - at), 0);
	}
	CHECK_EQ(count_maps(), before);
}

/* A program that looks at its own text sees what calls do with it, but it can be changed and run as any. */
static void
changed_text(void)
{
	static const unsigned char ret_seven[] = { 0xb8, 7, 0, 0, 0, 0xc3 };
	long size = sysconf(_SC_PAGESIZE);
	char *page = (char *)((uintptr_t)twice & ~(uintptr_t)(size - 1));

	CHECK_EQ(mprotect(page, 2 * (size_t)size, PROT_READ | PROT_WRITE | PROT_EXEC), 0);
	memcpy(twice, ret_seven, sizeof(ret_seven));
	CHECK_EQ(call(twice, (struct regs){ 0 }), 7);
	CHECK_EQ(call(others_between, (struct regs){ 0 }), getppid());
	CHECK_EQ(mprotect(page, 2 * (size_t)size, PROT_READ | PROT_EXEC), 0);
	CHECK_EQ(call(twice, (struct regs){ 0 }), 7);
	CHECK_EQ(call(others_between, (struct regs){ 0 }), getppid());
}

static void
calls_of_children(void)
{
	pid_t child = fork();

	if (child == 0) {
		every_shape();
		to_the_instruction();
		_exit(0);
	}
	CHECK_EXITS(child, 0);
}

int
main(int argc, char **argv)
{
	static const struct guest_case cases[] = {
		T(every_shape), T(to_the_instruction), T(to_the_middle), T(flags_and_registers), T(fault_before_the_call), T(single_steps),
		T(signals_show_own_text), T(first_mapping_at_once), T(moved_text), T(unmapped_text),
		T(changed_text), T(calls_of_children),
	};

	return guest_main(argc, argv, cases, ARRAY_SIZE(cases));
}
