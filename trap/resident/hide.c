/* SPDX-License-Identifier: MIT
 *
 * What a program must not execute (mm/text.h), taken out of a copy of its text. An instruction that certainly is one:
 * - xrstor goes to a trampoline, where the mask in eax is looked at behind it: with the PKRU bit set the program does not come further.
 *   That must change no flag and no register: pext and jrcxz. Short forms, and processors without pext, are emulated:
 * - others become ud0, 0f ff, and keep their operand, so that the fault tells everything (text_emulate()).
 *
 * Bytes that are a part of other instructions, by the instruction that they are in:
 * - a direct call or jump with the bytes in its distance goes to a trampoline, which jumps on; the return address stays as it was;
 * - any other of five bytes or more moves to a trampoline. Its displacement from rip is another one there; one that keeps the bytes,
 *   since they are in an immediate or a displacement from a register, does not move;
 * - 0f at the end of one and `add` between registers behind it: add has a second encoding.
 *
 * Left as they are: anything else, and data in text. Such pages are not executable.
 */
#include "kernel/types.h"
#include "mm/text.h"
#include "trap/resident/emit.h"
#include "trap/resident/patch.h"
#include "trap/resident/resident.h"
#include "trap/resident/sites.h"

#define SCRATCH_RCX 88 /* of the scratch page: resident_final() uses what is below */

struct place {
	uint64_t at;
	struct insn in;
};

/* The instruction that the byte at @o is in, if that is certain. */
static bool
find_insn(const struct patch *p, uint64_t o, struct place *w)
{
	struct insns_before b;

	for (uint64_t k = 0; k < INSN_MAX && k <= o; k++) {
		w->at = o - k;
		if (insns_before(p->text, p->len, w->at, &b) && insn_decode(p->text + w->at, p->len - w->at, &w->in) > k)
			return true;
	}
	return false;
}

static void
emit_header(struct emit *e, const struct place *w, unsigned int back)
{
	struct tramp_header h = { .moved = w->in.len, .kind = TRAMP_ONE, .word = (uint16_t)back };

	emit(e, &h, sizeof(h));
}

static void
emit_jump(struct emit *e, int64_t to)
{
	emit8(e, 0xe9);
	emit_rel32(e, to);
}

static void
jump_from_place(uint8_t *text, const void *arg, int64_t tramp)
{
	const struct place *w = arg;

	memset(text + w->at, 0xcc, w->in.len);
	patch_jump(text, w->at, tramp);
}

static void
write_moved(struct emit *e, const uint8_t *text, const void *arg)
{
	const struct place *w = arg;

	emit_header(e, w, w->in.len);
	emit_moved(e, text, w->at, &w->in);
	emit_jump(e, (int64_t)w->at + w->in.len);
}

/* What a call or jump is bent to. The header says that nothing was moved: whoever is here is at the target already. */
static void
write_bent(struct emit *e, const uint8_t *text, const void *arg)
{
	const struct place *w = arg;

	emit_header(e, w, 0);
	emit_jump(e, (int64_t)w->at + insn_target(text + w->at, &w->in));
}

static void
bend(uint8_t *text, const void *arg, int64_t tramp)
{
	const struct place *w = arg;
	int32_t rel = (int32_t)(tramp - (int64_t)w->at - w->in.len);

	memcpy(text + w->at + w->in.imm_at, &rel, 4);
}

/*
 * xrstor; mov %rcx, %gs:88; mov $0x200, %ecx; pext %ecx, %eax, %ecx; jrcxz 1f; ud2; 1: mov %gs:88, %rcx; jmp back
 * Whoever writes to the scratch page meanwhile changes the rcx of his own program.
 */
static void
write_xrstor(struct emit *e, const uint8_t *text, const void *arg)
{
	static const uint8_t save[] = { 0x65, 0x48, 0x89, 0x0c, 0x25, SCRATCH_RCX, 0, 0, 0 };
	static const uint8_t check[] = { 0xb9, 0, 2, 0, 0, 0xc4, 0xe2, 0x7a, 0xf5, 0xc9, 0xe3, 2, 0x0f, 0x0b };
	static const uint8_t restore[] = { 0x65, 0x48, 0x8b, 0x0c, 0x25, SCRATCH_RCX, 0, 0, 0 };
	const struct place *w = arg;

	emit_header(e, w, w->in.len + sizeof(save) + sizeof(check) + sizeof(restore));
	e->xrstor_at = e->n + w->in.op_at - 1U;
	emit(e, text + w->at, w->in.len);
	emit(e, save, sizeof(save));
	emit(e, check, sizeof(check));
	emit(e, restore, sizeof(restore));
	emit_jump(e, (int64_t)w->at + w->in.len);
}

static bool
has_pext(void)
{
	uint32_t a = 7, b, c = 0, d;

	__asm__ volatile("cpuid" : "+a"(a), "=b"(b), "+c"(c), "=d"(d));
	return b & (1U << 8);
}

/* It is what it looks like. */
static bool
hide_insn(struct patch *p, const struct place *w, uint64_t o)
{
	const struct tramp_job j = { write_xrstor, jump_from_place, w, w->at, w->at + w->in.len };

	if (text_match(p->text + o) == TEXT_XRSTOR && w->in.len >= JUMP_SIZE && !w->in.rip_relative && has_pext() && patch_place(p, &j))
		return true;
	p->text[o + 1] = 0xff;
	return true;
}

static bool
hide_add(struct patch *p, uint64_t o)
{
	uint8_t m = p->text[o + 2];
	struct insns_before b;

	if (p->text[o + 1] != 0x01 || m < 0xc0 || !insns_before(p->text, p->len, o + 1, &b))
		return false;
	p->text[o + 1] = 0x03;
	p->text[o + 2] = (uint8_t)(0xc0 | (m & 7) << 3 | (m >> 3 & 7));
	return true;
}

/* It begins inside another instruction. */
static bool
hide_part(struct patch *p, const struct place *w, uint64_t o)
{
	const struct tramp_job moved = { write_moved, jump_from_place, w, w->at, w->at + w->in.len };
	const struct tramp_job bent = { write_bent, bend, w, w->at, w->at + w->in.len };

	if (o + 1 == w->at + w->in.len && w->in.imm_size + w->in.disp_size && hide_add(p, o))
		return true;
	switch (w->in.kind) {
	case INSN_CALL:
	case INSN_JMP:
	case INSN_JCC:
		return w->in.imm_size == 4 && patch_place(p, &bent);
	case INSN_PLAIN:
		return w->in.len >= JUMP_SIZE && patch_place(p, &moved);
	default:
		return false;
	}
}

static uint32_t
hide_range(struct patch *p, const struct text_range *r)
{
	uint32_t n = 0;

	/* the rarer byte of each pair: 0f ae, 01 ef */
	for (uint64_t i = r->start; (i = find_byte(p->text, i, r->end, 0xae, 0xef)) < r->end; i++) {
		uint64_t o = i - (p->text[i] == 0xae ? 1 : 2);
		struct place w;

		if (i < r->start + 2 || p->text[o] != 0x0f || text_match(p->text + o) == TEXT_NONE || !find_insn(p, o, &w))
			continue;
		if (w.in.map == 1 && !w.in.vex && w.at + w.in.op_at == o + 1)
			n += hide_insn(p, &w, o);
		else
			n += hide_part(p, &w, o);
	}
	return n;
}

uint32_t
patch_hide(struct patch *p)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < p->ncode; i++)
		n += hide_range(p, &p->code[i]);
	return n;
}
