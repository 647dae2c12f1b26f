/* SPDX-License-Identifier: MIT
 *
 * Instructions that hold the bytes of wrpkru or xrstor without being that, and real xrstors: with protection keys stead has to move
 * them out of sight, and nobody may notice.
 */
#include "guest.h"

#include <ucontext.h>

#define CODE(name, body)                                                                                     \
	__asm__(".pushsection .text\n.balign 32\n.globl " #name "\n.hidden " #name "\n" #name ":\n" body "\tret\n" \
		"\tnop\n.popsection\n");                                                                     \
	extern long name(long, long, long);

/* The call is 1.1 MB behind its target: e8 0f 01 ef ff. It tells whether it was called from here. */
__asm__(".pushsection .text\n.balign 32\n.Lfar: mov (%rsp), %rax\n lea 1(%rdi,%rsi), %rdx\n ret\n .org .Lfar + 1113836, 0x90\n"
	".Lcall: .byte 0xe8, 0x0f, 0x01, 0xef, 0xff\n .Lbehind: lea .Lbehind(%rip), %rcx\n sub %rcx, %rax\n jnz 1f\n mov %rdx, %rax\n"
	"1: pop %rbx\n ret\n"
	".globl far_call\n.hidden far_call\nfar_call: push %rbx\n jmp .Lcall\n.popsection\n");
extern long far_call(long, long, long);
CODE(not_taken, "xor %eax, %eax\n .byte 0x0f, 0x85, 0x0f, 0xae, 0x28, 0x00\n mov %rdi, %rax\n")
CODE(lea_far, ".byte 0x48, 0x8d, 0x05, 0x0f, 0xae, 0x2b, 0x00\n 1: lea 1b(%rip), %rcx\n sub %rcx, %rax\n")
CODE(add_behind, "push %rbp\n push %r15\n mov %esi, %ebp\n mov %edx, %r15d\n .byte 0x41, 0xc1, 0xc7, 0x0f, 0x01, 0xef\n"
		 "mov %edi, %eax\n add %r15, %rax\n pop %r15\n pop %rbp\n")
CODE(add_flags, "push %rbp\n push %r15\n mov %esi, %ebp\n mov %edx, %r15d\n .byte 0x41, 0xc1, 0xc7, 0x0f, 0x01, 0xef\n"
		"pushfq\n pop %rax\n pop %r15\n pop %rbp\n")
CODE(load_far, ".byte 0x8b, 0x05, 0x0f, 0xae, 0x2b, 0x00\n mov %rdi, %rax\n")

/* xrstor of the area at rdi with the mask in esi: xmm5, and rcx and the carry flag in the result as they were. */
#define XRSTOR(name, bytes)                                                                                              \
	CODE(name, "mov %esi, %eax\n xor %edx, %edx\n pxor %xmm5, %xmm5\n mov $0x1234, %ecx\n stc\n .byte " bytes "\n movq %xmm5, %r8\n" \
		   "lea (%r8,%rcx), %rax\n adc $0, %rax\n")
XRSTOR(xrstor_long, "0x0f, 0xae, 0x6c, 0x17, 0x40")  /* 0x40(%rdi,%rdx) */
XRSTOR(xrstor_wide, "0x48, 0x0f, 0xae, 0x6c, 0x17, 0x40")
XRSTOR(xrstor_short, "0x0f, 0xae, 0x6f, 0x40")	     /* 0x40(%rdi) */

static volatile long far_away = 0x2bae0e; /* and one: the compiler must not make an immediate of it */

static void
distances(void)
{
	for (int i = 0; i < 3; i++) {
		CHECK_EQ(far_call(40, 1, 0), 42);
		CHECK_EQ(not_taken(7, 0, 0), 7);
	}
}

static void
displacements(void)
{
	for (int i = 0; i < 3; i++)
		CHECK_EQ(lea_far(0, 0, 0), far_away + 1);
}

static void
sums(void)
{
	CHECK_EQ(add_behind(5, 6, 1), 11 + (1 << 15));
	CHECK_EQ(add_behind(0xffffffff, 2, 0x20000), 1 + 1);
	CHECK_EQ(add_flags(1, -1, 0) & 0x8d5, 0x55);
	CHECK_EQ(add_flags(0x7fffffff, 1, 0) & 0x8d5, 0x894);
}

static char area[16384] __attribute__((aligned(64)));

static void
xrstors(void)
{
	long (*const all[])(long, long, long) = { xrstor_long, xrstor_wide, xrstor_short };
	long value = 0x1111222233334444;

	/* The legacy part: mxcsr at 24, xmm5 at 160 + 5 * 16; XSTATE_BV at 512. */
	memset(area, 0, sizeof(area));
	area[64 + 24] = (char)0x80;
	area[64 + 25] = 0x1f;
	memcpy(area + 64 + 240, &value, 8);
	area[64 + 512] = 2;
	for (size_t i = 0; i < ARRAY_SIZE(all); i++) {
		CHECK_EQ(all[i]((long)area, 2, 0), value + 0x1234 + 1);
		CHECK_EQ(all[i]((long)area, 0, 0), 0x1234 + 1);
	}
	area[64 + 512] = 0; /* initial */
	for (size_t i = 0; i < ARRAY_SIZE(all); i++)
		CHECK_EQ(all[i]((long)area, 2, 0), 0x1234 + 1);
}

static char *volatile fault_ip, *volatile fault_addr;
static volatile int fault_skip;

static void
on_fault(int sig, siginfo_t *info, void *context)
{
	ucontext_t *uc = context;

	(void)sig;
	fault_ip = (char *)uc->uc_mcontext.gregs[REG_RIP];
	fault_addr = info->si_addr;
	uc->uc_mcontext.gregs[REG_RIP] += fault_skip;
}

/* Where they fault is their own place, and behind them is where it goes on. */
static void
faults(void)
{
	struct sigaction sa = { .sa_sigaction = on_fault, .sa_flags = SA_SIGINFO };
	char *at = (char *)load_far + 7 + far_away, *page = (char *)((uintptr_t)at & ~4095UL);

	CHECK_EQ(sigaction(SIGSEGV, &sa, NULL), 0);
	if (mmap(page, 8192, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0) == page) {
		fault_skip = 6;
		CHECK_EQ(load_far(9, 0, 0), 9);
		CHECK(fault_ip == (char *)load_far && fault_addr == at);
	}
	memset(area, 0, sizeof(area));
	area[64 + 520] = 1; /* nothing compacted, but something where zeros must be */
	fault_skip = 5;
	CHECK_EQ(xrstor_long((long)area, 2, 0), 0x1234 + 1);
	CHECK(fault_ip > (char *)xrstor_long && fault_ip < (char *)xrstor_long + 32);
	fault_skip = 4;
	CHECK_EQ(xrstor_short((long)area, 2, 0), 0x1234 + 1);
	CHECK(fault_ip > (char *)xrstor_short && fault_ip < (char *)xrstor_short + 32);
}

static volatile int stop, strays, arrived;

static void
on_signal(int sig, siginfo_t *info, void *context)
{
	char *ip = (char *)((ucontext_t *)context)->uc_mcontext.gregs[REG_RIP];
	char *rsp = (char *)((ucontext_t *)context)->uc_mcontext.gregs[REG_RSP];

	(void)sig;
	(void)info;
	arrived++;
	/* the last jump of a moved instruction has a place too; only the few steps of a checked xrstor have none */
	if (rsp == NULL || ip == NULL)
		strays++;
}

static void *
shoot(void *arg)
{
	for (int i = 0; i < 3000; i++)
		pthread_kill(*(pthread_t *)arg, SIGUSR1);
	stop = 1;
	return NULL;
}

static void
signals_between(void)
{
	struct sigaction sa = { .sa_sigaction = on_signal, .sa_flags = SA_SIGINFO | SA_RESTART };
	pthread_t self = pthread_self(), th;
	long sum = 0;

	memset(area, 0, sizeof(area));
	CHECK_EQ(sigaction(SIGUSR1, &sa, NULL), 0);
	CHECK_EQ(pthread_create(&th, NULL, shoot, &self), 0);
	while (!stop) {
		sum |= far_call(40, 1, 0) ^ 42;
		sum |= lea_far(0, 0, 0) ^ (far_away + 1);
		sum |= add_behind(5, 6, 1) ^ (11 + (1 << 15));
		sum |= xrstor_long((long)area, 2, 0) ^ (0x1234 + 1);
		sum |= xrstor_wide((long)area, 2, 0) ^ (0x1234 + 1);
	}
	CHECK_EQ(pthread_join(th, NULL), 0);
	CHECK_EQ(sum, 0);
	CHECK(arrived > 0);
	CHECK_EQ(strays, 0);
}

int
main(int argc, char **argv)
{
	static const struct guest_case cases[] = {
		T(distances), T(displacements), T(sums), T(xrstors), T(faults), T(signals_between),
	};

	return guest_main(argc, argv, cases, ARRAY_SIZE(cases));
}
