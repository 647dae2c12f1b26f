/* SPDX-License-Identifier: MIT
 *
 * Instructions, call sites and their patches, as bytes. capstone is the oracle for lengths, over the text of this program's libraries.
 */
#include <criterion/criterion.h>

#include <capstone/capstone.h>
#include <elf.h>
#include <link.h>
#include <string.h>

#include "mm/text.h"
#include "trap/resident/insn.h"
#include "trap/resident/patch.h"
#include "trap/resident/sites.h"

#define TEXT_SIZE 4096
#define CODE_AT	  1024

struct sample {
	unsigned char bytes[16];
	unsigned int n;
	unsigned int len;
	enum insn_kind kind;
	bool rip_relative;
};

static const struct sample samples[] = {
	{ { 0x0f, 0x05 }, 2, 2, INSN_SYSCALL, false },
	{ { 0xb8, 39, 0, 0, 0 }, 5, 5, INSN_PLAIN, false },
	{ { 0x66, 0xb8, 39, 0 }, 4, 4, INSN_PLAIN, false },
	{ { 0x48, 0xb8, 1, 2, 3, 4, 5, 6, 7, 8 }, 10, 10, INSN_PLAIN, false },
	{ { 0x48, 0x8d, 0x0d, 1, 0, 0, 0 }, 7, 7, INSN_PLAIN, true },
	{ { 0x8b, 0x04, 0x25, 1, 0, 0, 0 }, 7, 7, INSN_PLAIN, false }, /* disp32 without a base */
	{ { 0x8b, 0x44, 0x24, 8 }, 4, 4, INSN_PLAIN, false },
	{ { 0x65, 0xff, 0x24, 0x25, 0, 0, 0, 0 }, 8, 8, INSN_STOP, false },
	{ { 0x74, 0xfe }, 2, 2, INSN_JCC, false },
	{ { 0x0f, 0x8f, 0, 0, 0, 0 }, 6, 6, INSN_JCC, false },
	{ { 0xe3, 0 }, 2, 2, INSN_LOOP, false },
	{ { 0xeb, 0 }, 2, 2, INSN_JMP, false },
	{ { 0xe8, 0, 0, 0, 0 }, 5, 5, INSN_CALL, false },
	{ { 0x66, 0x66, 0x48, 0xe8, 0, 0, 0, 0 }, 8, 8, INSN_CALL, false },
	{ { 0xc3 }, 1, 1, INSN_STOP, false },
	{ { 0xf3, 0x0f, 0x1e, 0xfa }, 4, 4, INSN_STOP, false },
	{ { 0x0f, 0x1f, 0x80, 0, 0, 0, 0 }, 7, 7, INSN_STOP, false },
	{ { 0xf6, 0x05, 0, 0, 0, 0, 1 }, 7, 7, INSN_PLAIN, true }, /* test has an immediate */
	{ { 0xf6, 0x15, 0, 0, 0, 0 }, 6, 6, INSN_PLAIN, true },	   /* not has none */
	{ { 0xf7, 0xc0, 1, 0, 0, 0 }, 6, 6, INSN_PLAIN, false },
	{ { 0x66, 0xf7, 0xc0, 1, 0 }, 5, 5, INSN_PLAIN, false },
	{ { 0xc5, 0xf8, 0x77 }, 3, 3, INSN_PLAIN, false },
	{ { 0xc4, 0xe3, 0x7d, 0x39, 0xc1, 1 }, 6, 6, INSN_PLAIN, false },
	{ { 0x62, 0xf1, 0xfe, 0x48, 0x6f, 0x05, 0, 0, 0, 0 }, 10, 10, INSN_PLAIN, true },
	{ { 0x48, 0x66, 0xb8, 39, 0 }, 5, 5, INSN_PLAIN, false }, /* a REX that does not count */
	{ { 0xc7, 0xf8, 0, 0, 0, 0 }, 6, 6, INSN_STOP, false },
	{ { 0x06 }, 1, 0, INSN_PLAIN, false },
	{ { 0xe4, 0 }, 2, 0, INSN_PLAIN, false }, /* in */
	{ { 0x0f, 0x30 }, 2, 0, INSN_PLAIN, false }, /* wrmsr */
	{ { 0xb8, 39, 0, 0 }, 4, 0, INSN_PLAIN, false }, /* cut off */
	{ { 0x0f }, 1, 0, INSN_PLAIN, false },
	{ { 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0xb8, 0, 0, 0 }, 15, 14, INSN_PLAIN, false },
	{ { 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0xb8, 0, 0 }, 16, 0, INSN_PLAIN, false },
};

Test(insn, samples)
{
	struct insn in;

	for (size_t i = 0; i < sizeof(samples) / sizeof(samples[0]); i++) {
		const struct sample *s = &samples[i];
		unsigned int len = insn_decode(s->bytes, s->n, &in);

		cr_assert_eq(len, s->len, "sample %zu: %u", i, len);
		if (len == 0)
			continue;
		cr_assert_eq(in.kind, s->kind, "sample %zu: kind %u", i, in.kind);
		cr_assert_eq(in.rip_relative, s->rip_relative, "sample %zu", i);
	}
}

/* At no length of a buffer is anything read behind it, or called longer. */
Test(insn, cut_off)
{
	struct insn in;

	for (size_t i = 0; i < sizeof(samples) / sizeof(samples[0]); i++)
		for (unsigned int n = 0; n < samples[i].len; n++)
			cr_assert_eq(insn_decode(samples[i].bytes, n, &in), 0);
}

Test(insn, targets)
{
	static const unsigned char back[] = { 0x74, 0xfe }, far[] = { 0xe9, 0xfb, 0xff, 0xff, 0xff };
	struct insn in;

	cr_assert_eq(insn_decode(back, sizeof(back), &in), 2);
	cr_assert_eq(insn_target(back, &in), 0);
	cr_assert_eq(insn_decode(far, sizeof(far), &in), 5);
	cr_assert_eq(insn_target(far, &in), 0);
}

struct tally {
	csh cs;
	cs_insn *insn;
	size_t same, differ;
};

static void
compare_text(const uint8_t *code, size_t left, struct tally *t)
{
	uint64_t addr = 0;
	struct insn in;

	while (left > 16) {
		const uint8_t *at = code;
		unsigned int len = insn_decode(at, left, &in);

		cr_assert_eq(insn_length(at, left), len);
		if (!cs_disasm_iter(t->cs, &code, &left, &addr, t->insn)) { /* one that capstone does not know, or data */
			code += len ? len : 1;
			left -= len ? len : 1;
			continue;
		}
		if (len == t->insn->size)
			t->same++;
		else if (t->differ++ < 10)
			fprintf(stderr, "%02x %02x %02x %02x %02x: %u, %s %s has %u\n", at[0], at[1], at[2], at[3], at[4], len,
				t->insn->mnemonic, t->insn->op_str, t->insn->size);
	}
}

static int
each_object(struct dl_phdr_info *info, size_t size, void *arg)
{
	(void)size;
	if (!strstr(info->dlpi_name, "libc.so") && !strstr(info->dlpi_name, "ld-linux"))
		return 0;
	for (int i = 0; i < info->dlpi_phnum; i++)
		if (info->dlpi_phdr[i].p_type == PT_LOAD && (info->dlpi_phdr[i].p_flags & PF_X))
			compare_text((const uint8_t *)info->dlpi_addr + info->dlpi_phdr[i].p_vaddr, info->dlpi_phdr[i].p_memsz, arg);
	return 0;
}

Test(insn, as_capstone)
{
	struct tally t = { 0 };

	cr_assert_eq(cs_open(CS_ARCH_X86, CS_MODE_64, &t.cs), CS_ERR_OK);
	t.insn = cs_malloc(t.cs);
	dl_iterate_phdr(each_object, &t);
	cs_free(t.insn, 1);
	cs_close(&t.cs);
	cr_assert_gt(t.same, 100000);
	cr_assert_lt(t.differ * 2000, t.same, "%zu of %zu instructions differ", t.differ, t.same); /* capstone has faults */
}

/* A text with @code in it, behind other code, and its trampolines 64 KiB below. */
struct fixture {
	unsigned char before[64], text[TEXT_SIZE], after[64];
	unsigned char room_before[64], tramps[8192], room_after[64];
	struct site sites[64];
	struct patch p;
};

static struct fixture f;
static const struct text_range whole = { 0, TEXT_SIZE };

static uint32_t
patch_code(const void *code, size_t n, bool vet)
{
	static const unsigned char filler[] = { 0x48, 0x89, 0xe5, 0x31, 0xc0, 0x5d, 0xc3 };

	memset(&f, 0, sizeof(f));
	for (size_t i = 0; i + sizeof(filler) <= TEXT_SIZE; i += sizeof(filler))
		memcpy(f.text + CODE_AT % sizeof(filler) + i - (i ? sizeof(filler) : 0), filler, sizeof(filler));
	memcpy(f.text + CODE_AT, code, n);
	f.p = (struct patch){ .text = f.text, .len = TEXT_SIZE, .tramps = f.tramps, .tramps_len = sizeof(f.tramps),
			      .distance = -65536, .vet = vet, .code = &whole, .ncode = 1, .sites = f.sites, .max_sites = 64 };
	patch_begin(&f.p);
	return patch_sites(&f.p);
}

static bool entered;

static int64_t
origin(uint64_t at)
{
	return patch_origin(f.tramps, sizeof(f.tramps), at, &entered);
}

#define PATCHES(want, ...)                                                                      \
	do {                                                                                    \
		static const unsigned char code_[] = { __VA_ARGS__ };                           \
		cr_assert_eq(patch_code(code_, sizeof(code_), true), want);                     \
	} while (0)

/* Where the jump at @at goes, from the start of the trampolines. */
static int64_t
jump_target(size_t at)
{
	struct insn in;

	cr_assert_eq(f.text[at], 0xe9);
	cr_assert_eq(insn_decode(f.text + at, 16, &in), 5);
	return (int64_t)at + insn_target(f.text + at, &in) - f.p.distance;
}

Test(sites, plain)
{
	int64_t t;
	int32_t d;

	PATCHES(1, 0xb8, 39, 0, 0, 0, 0x0f, 0x05, 0xc3);
	t = jump_target(CODE_AT);
	cr_assert_eq(t, TRAMP_HEADER);
	cr_assert(memcmp(f.tramps + t, "\xb8\x27\0\0\0\x48\x8d\x0d", 8) == 0);
	memcpy(&d, f.tramps + t + 8, 4);
	cr_assert_eq(f.p.distance + t + 12 + d, CODE_AT + 7);
	cr_assert(memcmp(f.text + CODE_AT + 5, "\x0f\x05\xc3", 3) == 0);
	/* each of the two places, seen from the trampolines */
	cr_assert_eq(origin((uint64_t)t), 65536 + CODE_AT);
	cr_assert(entered);
	cr_assert_eq(origin((uint64_t)t + 5), 65536 + CODE_AT + 5);
	cr_assert(!entered);
	cr_assert_eq(origin((uint64_t)t + 12), 65536 + CODE_AT + 5);
	cr_assert_eq(origin((uint64_t)t - 1), 0);
}

Test(sites, shapes)
{
	/* mov $39, %rax */
	PATCHES(1, 0x48, 0xc7, 0xc0, 39, 0, 0, 0, 0x0f, 0x05, 0xc3);
	/* mov $202, %eax; xor %esi, %esi; xor $0x80, %sil */
	PATCHES(1, 0xb8, 202, 0, 0, 0, 0x31, 0xf6, 0x40, 0x80, 0xf6, 0x80, 0x0f, 0x05, 0xc3);
	cr_assert(memcmp(f.text + CODE_AT + 5, "\x31\xf6\x40\x80\xf6\x80\x0f\x05", 8) == 0);
	/* syscall(2) */
	PATCHES(1, 0x48, 0x89, 0xf8, 0x4c, 0x8b, 0x4c, 0x24, 8, 0x0f, 0x05, 0x48, 0x3d, 1, 0xf0, 0xff, 0xff, 0xc3);
	jump_target(CODE_AT + 3);
	/* ... without a look at the result it could be anything */
	PATCHES(0, 0x48, 0x89, 0xfb, 0x4c, 0x8b, 0x4c, 0x24, 8, 0x0f, 0x05, 0x90, 0xc3);
	/* mov $60, %edx; a nop; xor %edi, %edi; mov %edx, %eax; syscall; and back to the xor */
	PATCHES(1, 0xba, 60, 0, 0, 0, 0x66, 0x90, 0x31, 0xff, 0x89, 0xd0, 0x0f, 0x05, 0xeb, 0xf8);
	cr_assert(memcmp(f.text + CODE_AT + 5, "\x66\x90\x31\xff\x89\xd0\x0f\x05\xeb\xf8", 10) == 0);
	cr_assert_eq(origin((uint64_t)jump_target(CODE_AT) + 7), 65536 + CODE_AT + 7);
	/* ... and what has nothing before the nop, or no number */
	PATCHES(0, 0xc3, 0xc3, 0xc3, 0x66, 0x90, 0x31, 0xff, 0x89, 0xd0, 0x0f, 0x05, 0xeb, 0xf8);
	PATCHES(0, 0xba, 60, 0, 0, 0, 0xc3, 0x66, 0x90, 0x31, 0xff, 0x89, 0xd0, 0x0f, 0x05, 0xeb, 0xf8);
	PATCHES(0, 0xba, 60, 0, 0, 0, 0x66, 0x90, 0x31, 0xff, 0x89, 0xd3, 0x0f, 0x05, 0xeb, 0xf8);
	/* a number that there is not */
	PATCHES(0, 0xb8, 0, 0x10, 0, 0, 0x0f, 0x05, 0xc3);
	/* no five bytes before */
	PATCHES(0, 0xc3, 0xc3, 0xc3, 0x31, 0xc0, 0x0f, 0x05, 0xc3);
	/* a call between does not move */
	PATCHES(0, 0xb8, 39, 0, 0, 0, 0xe8, 0, 0, 0, 0, 0x0f, 0x05, 0xc3);
}

/* cmpb $0, 0x100(%rip); je .+0x12; xor %eax, %eax; syscall */
Test(sites, moved_with_their_targets)
{
	unsigned char code[] = { 0x80, 0x3d, 0, 1, 0, 0, 0, 0x74, 0x10, 0x31, 0xc0, 0x0f, 0x05, 0xc3 };
	int64_t t;
	int32_t d;

	cr_assert_eq(patch_code(code, sizeof(code), true), 1);
	t = jump_target(CODE_AT);
	memcpy(&d, f.tramps + t + 2, 4);
	cr_assert_eq(f.p.distance + t + 7 + d, CODE_AT + 7 + 0x100);
	cr_assert(memcmp(f.tramps + t + 7, "\x0f\x84", 2) == 0);
	memcpy(&d, f.tramps + t + 9, 4);
	cr_assert_eq(f.p.distance + t + 13 + d, CODE_AT + 9 + 0x10);
	cr_assert(memcmp(f.tramps + t + 13, "\x31\xc0\x48\x8d\x0d", 5) == 0);
	cr_assert_eq(origin((uint64_t)t + 7), 65536 + CODE_AT + 7);
	cr_assert_eq(origin((uint64_t)t + 13), 65536 + CODE_AT + 9);
	cr_assert_eq(origin((uint64_t)t + 15), 65536 + CODE_AT + 11);
}

/* xor %eax, %eax; syscall at the start of a function: the padding before it has room. */
Test(sites, padding)
{
	PATCHES(1, 0xc3, 0x0f, 0x1f, 0x80, 0, 0, 0, 0, 0x31, 0xc0, 0x0f, 0x05, 0xc3);
	cr_assert_eq(jump_target(CODE_AT + 1), TRAMP_HEADER);
	cr_assert(memcmp(f.text + CODE_AT + 8, "\xeb\xf7\x0f\x05", 4) == 0);
	PATCHES(1, 0xc3, 0xcc, 0xcc, 0xcc, 0xcc, 0xcc, 0x31, 0xc0, 0x0f, 0x05, 0xc3);
	jump_target(CODE_AT + 1);
	cr_assert(memcmp(f.text + CODE_AT + 6, "\xeb\xf9\x0f\x05", 4) == 0);
	PATCHES(0, 0xc3, 0xcc, 0xcc, 0xcc, 0xcc, 0xc3, 0x31, 0xc0, 0x0f, 0x05, 0xc3);
}

/* mov %rsi, %r10; mov %rdi, %rdx; syscall; cmp, and a jump to the second. */
Test(sites, several)
{
	PATCHES(1, 0xc3, 0x49, 0x89, 0xf2, 0x48, 0x89, 0xfa, 0x0f, 0x05, 0x48, 0x3d, 1, 0xf0, 0xff, 0xff, 0x75, 0);
	cr_assert_eq(jump_target(CODE_AT + 1), TRAMP_HEADER);
	cr_assert_eq(origin(TRAMP_HEADER), 65536 + CODE_AT + 1);
	cr_assert_eq(origin(TRAMP_HEADER + 3), 0); /* nobody can go on there */
	cr_assert_eq(origin(TRAMP_HEADER + 6), 65536 + CODE_AT + 7);
	/* a short jump back to the first, to the second */
	PATCHES(1, 0xc3, 0x49, 0x89, 0xf2, 0x48, 0x89, 0xfa, 0x0f, 0x05, 0x48, 0x3d, 1, 0xf0, 0xff, 0xff, 0x75, 0xf0);
	PATCHES(0, 0xc3, 0x49, 0x89, 0xf2, 0x48, 0x89, 0xfa, 0x0f, 0x05, 0x48, 0x3d, 1, 0xf0, 0xff, 0xff, 0x75, 0xf3);
	/* a long one */
	PATCHES(0, 0xc3, 0x49, 0x89, 0xf2, 0x48, 0x89, 0xfa, 0x0f, 0x05, 0x48, 0x3d, 1, 0xf0, 0xff, 0xff, 0x0f, 0x85, 0xef, 0xff,
		0xff, 0xff);
	/* a table somewhere near */
	PATCHES(0, 0xc3, 0x49, 0x89, 0xf2, 0x48, 0x89, 0xfa, 0x0f, 0x05, 0x48, 0x3d, 1, 0xf0, 0xff, 0xff, 0xff, 0xe0);
}

/* __restore_rt of glibc, with a nop and padding before it, and that of others. */
Test(sites, restorers)
{
	PATCHES(1, 0x90, 0x66, 0x66, 0x2e, 0x0f, 0x1f, 0x84, 0, 0, 0, 0, 0, 0x0f, 0x1f, 0x40, 0, 0x48, 0xc7, 0xc0, 15, 0, 0, 0, 0x0f, 0x05);
	jump_target(CODE_AT + 16);
	PATCHES(0, 0xc3, 0x66, 0x66, 0x2e, 0x0f, 0x1f, 0x84, 0, 0, 0, 0, 0, 0x0f, 0x1f, 0x40, 0, 0x48, 0xc7, 0xc0, 15, 0, 0, 0, 0x0f, 0x05);
	PATCHES(0, 0x90, 0x48, 0xc7, 0xc0, 15, 0, 0, 0, 0x0f, 0x05);
}

/* Bytes that are not instructions: not in step. */
Test(sites, inside_another_instruction)
{
	/* movabs $..., %rax, with mov $39, %rax; syscall in its immediate... but for the first bytes */
	PATCHES(0, 0x48, 0xb8, 0x31, 0xc0, 0x0f, 0x05, 0, 0, 0, 0, 0xc3);
	PATCHES(0, 0x48, 0xb8, 0xb8, 39, 0, 0, 0, 0x0f, 0x05, 0, 0xc3);
	PATCHES(0, 0x48, 0xb8, 0xb8, 39, 0, 0, 0, 0x0f, 0x05, 0xc3, 0x48, 0x89, 0x04, 0x24, 0xc3);
	PATCHES(0, 0x48, 0x8d, 0x05, 0x44, 0x89, 0xc0, 0x0f, 0x05, 0xc3);
}

/* A jump whose distance would be a forbidden pattern goes to another trampoline. */
Test(sites, stays_clean)
{
	static const unsigned char code[] = { 0xb8, 39, 0, 0, 0, 0x0f, 0x05, 0xc3 };
	int32_t d;

	for (unsigned int i = 0; i < 64; i++) {
		memset(&f, 0, sizeof(f));
		memset(f.text, 0x90, sizeof(f.text));
		memcpy(f.text + CODE_AT + i, code, sizeof(code));
		f.p = (struct patch){ .text = f.text, .len = TEXT_SIZE, .tramps = f.tramps, .tramps_len = sizeof(f.tramps),
				      .distance = 0x00ef0110 + CODE_AT, .vet = true, .code = &whole, .ncode = 1, .sites = f.sites, .max_sites = 64 };
		patch_begin(&f.p);
		cr_assert_eq(patch_sites(&f.p), 1);
		memcpy(&d, f.text + CODE_AT + i + 1, 4);
		cr_assert_neq(d & 0xffffff, 0xef010f);
	}
}

/* Forbidden bytes in a text of fillers: how many places are hidden, and whether all is clean then. */
static uint32_t
hide_code(const void *code, size_t n)
{
	patch_code(code, n, true);
	memcpy(f.text + CODE_AT, code, n); /* as it was, should there have been a site */
	patch_begin(&f.p);
	return patch_hide(&f.p);
}

#define HIDES(want, is_clean, ...)                                                  \
	do {                                                                        \
		static const unsigned char code_[] = { __VA_ARGS__ };               \
		cr_assert_eq(hide_code(code_, sizeof(code_)), want);                \
		cr_assert_eq(text_is_clean(f.text, TEXT_SIZE), is_clean);           \
	} while (0)

static bool
tramps_clean(void)
{
	return text_is_clean(f.tramps, sizeof(f.tramps));
}

/* lea 0x2bae0f(%rip), %rax */
Test(hide, displacement)
{
	int64_t t;
	int32_t d;

	HIDES(1, true, 0x48, 0x8d, 0x05, 0x0f, 0xae, 0x2b, 0x00, 0xc3);
	t = jump_target(CODE_AT);
	cr_assert(memcmp(f.text + CODE_AT + 5, "\xcc\xcc\xc3", 3) == 0);
	cr_assert(memcmp(f.tramps + t, "\x48\x8d\x05", 3) == 0);
	memcpy(&d, f.tramps + t + 3, 4);
	cr_assert_eq(f.p.distance + t + 7 + d, CODE_AT + 7 + 0x2bae0f);
	cr_assert_eq(f.tramps[t + 7], 0xe9);
	memcpy(&d, f.tramps + t + 8, 4);
	cr_assert_eq(f.p.distance + t + 12 + d, CODE_AT + 7);
	cr_assert(tramps_clean());
	cr_assert_eq(origin((uint64_t)t), 65536 + CODE_AT);
	cr_assert_eq(origin((uint64_t)t + 7), 65536 + CODE_AT + 7);
	cr_assert_eq(origin((uint64_t)t + 3), 0);
}

/* A call, a jump and a conditional jump by 0xffef010f, and 0f 01 ef. */
Test(hide, distance)
{
	int64_t t;
	int32_t d;

	HIDES(1, true, 0xe8, 0x0f, 0x01, 0xef, 0xff, 0xc3);
	cr_assert_eq(f.text[CODE_AT], 0xe8);
	memcpy(&d, f.text + CODE_AT + 1, 4);
	t = CODE_AT + 5 + d - f.p.distance;
	cr_assert_eq(t, TRAMP_HEADER);
	cr_assert_eq(f.tramps[t], 0xe9);
	memcpy(&d, f.tramps + t + 1, 4);
	cr_assert_eq(f.p.distance + t + 5 + d, CODE_AT + 5 + (int32_t)0xffef010f);
	cr_assert(tramps_clean());
	cr_assert_eq(origin((uint64_t)t), 65536 + CODE_AT + 5 + (int32_t)0xffef010f);
	HIDES(1, true, 0xe9, 0x0f, 0x01, 0xef, 0xff, 0xc3);
	HIDES(1, true, 0x0f, 0x84, 0x0f, 0x01, 0xef, 0x00, 0xc3);
	cr_assert(memcmp(f.text + CODE_AT, "\x0f\x84", 2) == 0);
}

/* rol $15, %r15d; add %ebp, %edi; and an add whose first byte belongs to no immediate. */
Test(hide, add)
{
	HIDES(1, true, 0x41, 0xc1, 0xc7, 0x0f, 0x01, 0xef, 0x8b, 0x6c, 0x24, 8, 0xc3);
	cr_assert(memcmp(f.text + CODE_AT, "\x41\xc1\xc7\x0f\x03\xfd", 6) == 0);
	HIDES(0, false, 0, 0x0f, 0x01, 0xef, 0x01, 0x40, 0, 0x0f, 0x01, 0xef, 0x01, 0x40);
}

/* Where moving does not help. */
Test(hide, immediate)
{
	HIDES(0, false, 0xbf, 0x0f, 0x01, 0xef, 0x00, 0xc3);
	HIDES(0, false, 0x48, 0x8b, 0x87, 0x0f, 0xae, 0x2b, 0x00, 0xc3);
	/* ... but for bytes that lie in the next instruction too */
	HIDES(1, true, 0xbf, 0, 0, 0x0f, 0xae, 0x2b, 0x07, 0xc3);
}

/* Real ones. */
Test(hide, instructions)
{
	static const unsigned char check[] = { 0xb9, 0, 2, 0, 0, 0xc4, 0xe2, 0x7a, 0xf5, 0xc9, 0xe3, 2, 0x0f, 0x0b };
	unsigned int b = 0, a = 7, c = 0, d;
	int64_t t;

	HIDES(1, true, 0x0f, 0x01, 0xef, 0xc3);
	cr_assert(memcmp(f.text + CODE_AT, "\x0f\xff\xef", 3) == 0);
	HIDES(1, true, 0xf3, 0x48, 0x0f, 0xae, 0xd8, 0xc3);
	cr_assert(memcmp(f.text + CODE_AT, "\xf3\x48\x0f\xff\xd8", 5) == 0);
	HIDES(1, true, 0x0f, 0xae, 0x2f, 0xc3); /* too short for a jump */
	cr_assert(memcmp(f.text + CODE_AT, "\x0f\xff\x2f", 3) == 0);
	__asm__("cpuid" : "+a"(a), "=b"(b), "+c"(c), "=d"(d));
	if (!(b & 0x100))
		return;
	/* xrstor 0x40(%rsp), in ld.so; and with a REX */
	HIDES(1, true, 0x31, 0xd2, 0x0f, 0xae, 0x6c, 0x24, 0x40, 0xc3);
	t = jump_target(CODE_AT + 2);
	cr_assert(memcmp(f.tramps + t, "\x0f\xae\x6c\x24\x40", 5) == 0);
	cr_assert(memcmp(f.tramps + t + 14, check, sizeof(check)) == 0);
	cr_assert_eq(f.tramps[t + 37], 0xe9);
	cr_assert_eq(origin((uint64_t)t), 65536 + CODE_AT + 2);
	cr_assert_eq(origin((uint64_t)t + 5), 0);
	cr_assert_eq(origin((uint64_t)t + 37), 65536 + CODE_AT + 7);
	HIDES(1, true, 0x31, 0xd2, 0x48, 0x0f, 0xae, 0x6c, 0x24, 0x40, 0xc3);
	t = jump_target(CODE_AT + 2);
	cr_assert(memcmp(f.tramps + t, "\x48\x0f\xae\x6c\x24\x40", 6) == 0);
}

/* The only forbidden bytes in trampolines are those of the checked xrstor; an operand must not hold more. */
Test(hide, operand)
{
	HIDES(1, false, 0x0f, 0xae, 0xac, 0x24, 0x0f, 0x01, 0xef, 0x00, 0xc3);
	cr_assert(memcmp(f.text + CODE_AT, "\x0f\xff", 2) == 0);
	cr_assert(tramps_clean());
}

/* Without trampolines only what fits in place is done. */
Test(hide, in_place)
{
	static const unsigned char code[] = { 0x41, 0xc1, 0xc7, 0x0f, 0x01, 0xef, 0x48, 0x8d, 0x05, 0x0f, 0xae, 0x2b, 0x00, 0x0f,
					      0xae, 0x6c, 0x24, 0x40, 0xc3 };

	patch_code(code, sizeof(code), true);
	f.p.tramps_len = 0;
	cr_assert_eq(patch_hide(&f.p), 2);
	cr_assert(memcmp(f.text + CODE_AT, "\x41\xc1\xc7\x0f\x03\xfd\x48\x8d\x05\x0f\xae\x2b\x00\x0f\xff", 15) == 0);
}

/* Nothing is changed outside the ranges that hold code. */
Test(hide, ranges)
{
	static const unsigned char code[] = { 0x48, 0x8d, 0x05, 0x0f, 0xae, 0x2b, 0x00, 0xb8, 39, 0, 0, 0, 0x0f, 0x05, 0xc3 };
	static const struct text_range other[] = { { 0, CODE_AT - 16 }, { CODE_AT + 64, TEXT_SIZE } };

	patch_code(code, sizeof(code), true);
	memcpy(f.text + CODE_AT, code, sizeof(code));
	patch_begin(&f.p);
	f.p.code = other;
	f.p.ncode = 2;
	cr_assert_eq(patch_hide(&f.p), 0);
	cr_assert_eq(patch_sites(&f.p), 0);
	cr_assert(memcmp(f.text + CODE_AT, code, sizeof(code)) == 0);
}

Test(sites, find_byte)
{
	static unsigned char buf[64];

	for (unsigned int from = 0; from < 32; from++)
		for (unsigned int at = 0; at < 40; at++) {
			memset(buf, 0x04, sizeof(buf));
			buf[at] = at & 1 ? 5 : 6;
			buf[40] = 5;
			cr_assert_eq(find_byte(buf, from, 40, 5, 6), at >= from && at < 40 ? at : 40);
		}
	/* what looks like zero by a borrow */
	memset(buf, 0x06, sizeof(buf));
	buf[9] = 5;
	cr_assert_eq(find_byte(buf, 0, 40, 5, 5), 9);
	cr_assert_eq(find_byte(buf, 10, 40, 5, 5), 40);
}

/* Room for trampolines ends: later sites stay as they were. */
Test(sites, no_room)
{
	unsigned int n = TEXT_SIZE / 16;

	memset(&f, 0, sizeof(f));
	for (unsigned int i = 0; i < n; i++)
		memcpy(f.text + i * 16, "\xb8\x27\0\0\0\x0f\x05\xc3\x90\x90\x90\x90\x90\x90\x90\x90", 16);
	f.p = (struct patch){ .text = f.text, .len = TEXT_SIZE, .tramps = f.tramps, .tramps_len = 512, .distance = -65536,
			      .code = &whole, .ncode = 1, .sites = f.sites, .max_sites = 64 };
	patch_begin(&f.p);
	cr_assert_eq(patch_sites(&f.p), 16);
	cr_assert_eq(f.text[15 * 16], 0xe9);
	cr_assert_eq(f.text[16 * 16], 0xb8);
	for (unsigned int i = 512; i < sizeof(f.tramps); i++)
		cr_assert_eq(f.tramps[i], 0);
}
