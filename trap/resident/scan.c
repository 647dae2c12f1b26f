/* SPDX-License-Identifier: MIT
 *
 * Before the first program: are kernel text and the vDSO free of instructions that a program could jump to and that nothing
 * follows up, and does the host keep PKRU in signal frames? tests/check-gate looks at the build; this at what is mapped.
 */
#include "trap/resident/scan.h"

#include <cpuid.h>
#include <elf.h>
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <ucontext.h>

#include "mm/text.h"

#define PKRU_FEATURE 9

extern const uint8_t __start_ktext[], __stop_ktext[];
extern const int32_t __start_kvetted[], __stop_kvetted[];

static const char *
name_of(enum text_insn insn)
{
	return insn == TEXT_WRPKRU ? "wrpkru" : insn == TEXT_XRSTOR ? "xrstor" : "wrgsbase";
}

/* Prefixes, f3 and REX, stand before the byte that matches. */
static bool
is_vetted(size_t at, const uint32_t *vetted, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (vetted[i] <= at && at - vetted[i] <= 2)
			return true;
	return false;
}

const char *
scan_text(const uint8_t *text, size_t n, const uint32_t *vetted, size_t nvetted, size_t *at)
{
	/* With nothing around it: a match over an end is a match of what the program maps there, and is found then. */
	uint8_t *copy = calloc(1, n + 2 * TEXT_CONTEXT), *buf;
	const char *found = NULL;

	if (!copy)
		return "(out of memory)";
	buf = copy + TEXT_CONTEXT;
	memcpy(buf, text, n);
	for (const uint8_t *p = buf; (p = memchr(p, 0x0f, n - (size_t)(p - buf))) != NULL; p++) {
		enum text_insn insn = text_match(p);

		*at = (size_t)(p - buf);
		if (insn != TEXT_NONE && !is_vetted(*at, vetted, nvetted)) {
			found = name_of(insn);
			break;
		}
	}
	free(copy);
	return found;
}

const char *
scan_kernel_text(size_t *at)
{
	size_t n = (size_t)(__stop_kvetted - __start_kvetted);
	uint32_t *vetted = calloc(n + 1, sizeof(*vetted));
	const char *found;

	if (!vetted)
		return "(out of memory)";
	for (size_t i = 0; i < n; i++)
		vetted[i] = (uint32_t)((uintptr_t)&__start_kvetted[i] + (uintptr_t)(intptr_t)__start_kvetted[i] -
				       (uintptr_t)__start_ktext);
	found = scan_text(__start_ktext, (size_t)(__stop_ktext - __start_ktext), vetted, n, at);
	free(vetted);
	return found;
}

const char *
scan_vdso(size_t *at)
{
	const uint8_t *base = (const uint8_t *)getauxval(AT_SYSINFO_EHDR);
	const Elf64_Ehdr *eh = (const Elf64_Ehdr *)base;
	const Elf64_Phdr *ph;
	size_t n = 0;

	if (!base)
		return NULL;
	ph = (const Elf64_Phdr *)(base + eh->e_phoff);
	for (unsigned int i = 0; i < eh->e_phnum; i++)
		if (ph[i].p_type == PT_LOAD && ph[i].p_vaddr + ph[i].p_memsz > n)
			n = ph[i].p_vaddr + ph[i].p_memsz;
	return scan_text(base, (n + 4095) & ~4095UL, NULL, 0, at);
}

static uint32_t
read_pkru(void)
{
	uint32_t a, d;

	__asm__ volatile("rdpkru" : "=a"(a), "=d"(d) : "c"(0));
	return a;
}

static void
write_pkru(uint32_t v)
{
	__asm__ volatile("wrpkru" : : "a"(v), "c"(0), "d"(0) : "memory");
}

static volatile uint32_t frame_pkru;
static volatile bool frame_has_pkru;

/* Runs with the initial PKRU, which allows key 0 and so its stack. */
static void
note_frame(int sig, siginfo_t *info, void *context)
{
	const uint8_t *xsave = (const uint8_t *)((const ucontext_t *)context)->uc_mcontext.fpregs;
	uint32_t size, offset, c, d, pkru;
	uint64_t present;

	__cpuid_count(0xd, PKRU_FEATURE, size, offset, c, d);
	memcpy(&present, xsave + 512, sizeof(present));
	memcpy(&pkru, xsave + offset, sizeof(pkru));
	frame_has_pkru = (present & 1ULL << PKRU_FEATURE) && size >= 4;
	frame_pkru = pkru;
}

int
probe_frame_pkru(void)
{
	struct sigaction sa = { .sa_sigaction = note_frame, .sa_flags = SA_SIGINFO }, old;
	uint32_t a, b, c = 0, d, before, wanted, after;

	if (!__get_cpuid_count(7, 0, &a, &b, &c, &d) || !(c & 1u << 4))
		return ENODEV;
	before = read_pkru();
	wanted = 0x55555554 & ~3u << 30; /* not the initial value */
	if (sigaction(SIGURG, &sa, &old) < 0)
		return errno;
	write_pkru(wanted);
	raise(SIGURG);
	after = read_pkru();
	write_pkru(before);
	sigaction(SIGURG, &old, NULL);
	return frame_has_pkru && frame_pkru == wanted && after == wanted ? 0 : ENOTSUP;
}
