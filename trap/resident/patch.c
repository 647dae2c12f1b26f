/* SPDX-License-Identifier: MIT
 *
 * Call-site patches. Instructions before a syscall become `jmp trampoline` (trap/resident/sites.c says which). A trampoline has them, re-encoded
 * where they depend on their place, then sets rcx to the address behind the syscall and jumps to the gate through the task's selector
 * page, so that it holds no address of the kernel.
 *
 * Before each trampoline stands how its instructions map to those of the program: a signal that finds the program in a trampoline
 * reports the place in the program's own text (patch_origin()).
 */
#include "trap/resident/patch.h"

#include "kernel/types.h"
#include "mm/text.h"
#include "trap/resident/resident.h"
#include "trap/resident/sites.h"

#define TRAMP_MAX 128
#define TRIES	  8

/* Before the code. */
struct tramp_header {
	uint8_t moved;	/* bytes of the program's instructions that are executed here */
	uint8_t magic;
	uint16_t grown; /* bit n: instruction n was a short jump */
};
_Static_assert(sizeof(struct tramp_header) == TRAMP_HEADER, "before each trampoline");
#define MAGIC 0xf4	   /* hlt */
#define MAGIC_SEVERAL 0xf5 /* the jump covers several instructions: those inside cannot be gone back to */

/* Code being written, for place @at (from the start of the text). */
struct emit {
	uint8_t buf[TRAMP_MAX];
	unsigned int n;
	int64_t at;
	bool far; /* something cannot be reached with 32 bits */
};

static const uint8_t lea_rcx[] = { 0x48, 0x8d, 0x0d }, jmp_gs[] = { 0x65, 0xff, 0x24, 0x25 };

static void
put(struct emit *e, const void *p, size_t n)
{
	if (e->n + n > sizeof(e->buf)) {
		e->far = true;
		return;
	}
	memcpy(e->buf + e->n, p, n);
	e->n += (unsigned int)n;
}

static void
put8(struct emit *e, uint8_t b)
{
	put(e, &b, 1);
}

static void
put32(struct emit *e, int64_t v)
{
	int32_t w = (int32_t)v;

	e->far |= w != v;
	put(e, &w, 4);
}

/* The distance from behind the four bytes to come. */
static void
put_rel32(struct emit *e, int64_t target)
{
	put32(e, target - (e->at + e->n + 4));
}

static void
move_insn(struct emit *e, const uint8_t *text, uint64_t from, const struct insn *in, struct tramp_header *h, unsigned int nth)
{
	int64_t here = e->at + e->n;
	int32_t disp;

	if (in->kind == INSN_JCC) {
		if (in->imm_size == 1)
			h->grown |= (uint16_t)(1U << nth);
		put8(e, 0x0f);
		put8(e, 0x80 | (in->op & 15));
		put_rel32(e, (int64_t)from + insn_target(text + from, in));
		return;
	}
	if (!in->rip_relative) {
		put(e, text + from, in->len);
		return;
	}
	memcpy(&disp, text + from + in->disp_at, 4);
	put(e, text + from, in->disp_at);
	put32(e, disp + (int64_t)from - here);
	put(e, text + from + in->disp_at + 4, in->len - in->disp_at - 4U);
}

static void
write_site(struct emit *e, const uint8_t *text, const struct site *s)
{
	struct tramp_header h = { .moved = (uint8_t)(s->at - s->first), .magic = s->several ? MAGIC_SEVERAL : MAGIC };
	struct insn in;
	unsigned int nth = 0;

	put(e, &h, sizeof(h));
	for (uint32_t p = s->first; p < s->at; p += in.len) {
		if (insn_decode(text + p, s->at - p, &in) == 0) {
			e->far = true;
			return;
		}
		move_insn(e, text, p, &in, &h, nth++);
	}
	memcpy(e->buf, &h, sizeof(h));
	put(e, lea_rcx, sizeof(lea_rcx));
	put_rel32(e, s->at + 2);
	put(e, jmp_gs, sizeof(jmp_gs));
	put32(e, RES_SEL_OFF + SEL_GATE);
}

static uint8_t *
starts(const struct patch *p)
{
	return p->tramps + p->tramps_len - p->tramps_len / TRAMP_ALIGN / 8;
}

void
patch_begin(struct patch *p)
{
	uint64_t bits = p->tramps_len / TRAMP_ALIGN / 8;

	memset(p->tramps, 0xcc, p->tramps_len - bits);
	memset(starts(p), 0, bits);
	p->used = 0;
}

/* The jump, and the short one to it from behind padding. What is left of the instruction it covers is never executed. */
static void
write_jump(uint8_t *text, const struct site *s, int64_t tramp)
{
	int32_t rel = (int32_t)(tramp - (int64_t)s->jump - JUMP_SIZE);

	text[s->jump] = 0xe9;
	memcpy(text + s->jump + 1, &rel, 4);
	if (s->jump != s->first) {
		text[s->first] = 0xeb;
		text[s->first + 1] = (uint8_t)(s->jump - s->first - 2);
	}
}

static bool
is_clean(const struct patch *p, const struct site *s, const uint8_t *tramp, unsigned int n)
{
	uint64_t from = s->jump & ~15ULL, to = MIN(p->len, s->at + 16UL);

	uint64_t bit = (uint64_t)(tramp - p->tramps) / TRAMP_ALIGN / 8;

	return !p->vet || (text_is_clean(p->text + from, to - from) && text_is_clean(tramp, n) && text_is_clean(starts(p) + bit, 1));
}

static bool
patch_site(struct patch *p, const struct site *s)
{
	uint64_t room = (uint64_t)(starts(p) - p->tramps);
	uint8_t saved[SITE_BACK + 32];
	unsigned int n = s->at - s->jump;

	if (n > sizeof(saved))
		return false;
	memcpy(saved, p->text + s->jump, n);
	for (int i = 0; i < TRIES; i++, p->used += TRAMP_ALIGN) {
		struct emit e = { .at = p->distance + (int64_t)p->used };
		uint8_t *tramp = p->tramps + p->used;
		uint64_t nth = p->used / TRAMP_ALIGN;

		write_site(&e, p->text, s);
		if (e.far || p->used + e.n > room)
			return false;
		memcpy(tramp, e.buf, e.n);
		write_jump(p->text, s, e.at + TRAMP_HEADER);
		starts(p)[nth / 8] |= (uint8_t)(1 << nth % 8);
		if (is_clean(p, s, tramp, e.n)) {
			p->used = ALIGN_UP(p->used + e.n, TRAMP_ALIGN);
			return true;
		}
		memcpy(p->text + s->jump, saved, n);
		memset(tramp, 0xcc, e.n);
		starts(p)[nth / 8] &= (uint8_t)~(1 << nth % 8);
	}
	return false;
}

uint32_t
patch_sites(struct patch *p)
{
	uint32_t n = find_sites(p->text, p->len, p->sites, p->max_sites), done = 0;

	for (uint32_t i = 0; i < n; i++)
		done += patch_site(p, &p->sites[i]);
	return done;
}

/* The trampoline that @at lies in: its header; false: none that comes from a call site. */
static bool
find_tramp(const uint8_t *tramps, uint64_t room, uint64_t at, struct tramp_header *h, uint64_t *code)
{
	uint64_t nth = at / TRAMP_ALIGN;

	while (!(tramps[room + nth / 8] & (1 << nth % 8)))
		if (nth-- == 0)
			return false;
	memcpy(h, tramps + nth * TRAMP_ALIGN, sizeof(*h));
	*code = nth * TRAMP_ALIGN + TRAMP_HEADER;
	return (h->magic == MAGIC || h->magic == MAGIC_SEVERAL) && at >= *code;
}

int64_t
patch_origin(const uint8_t *tramps, uint64_t tramps_len, uint64_t at)
{
	uint64_t room = tramps_len - tramps_len / TRAMP_ALIGN / 8, pos;
	unsigned int done = 0, before = 0;
	struct tramp_header h;
	struct insn in;
	int32_t disp;

	if (at >= room || !find_tramp(tramps, room, at, &h, &pos))
		return 0;
	before = h.moved;
	for (unsigned int k = 0; done < h.moved; k++) {
		if (pos == at)
			before = done;
		if (insn_decode(tramps + pos, room - pos, &in) == 0)
			return 0;
		done += h.grown & (1U << k) ? 2 : in.len;
		pos += in.len;
	}
	if (pos + 7 > room || (h.magic == MAGIC_SEVERAL && before > 0 && before < JUMP_SIZE))
		return 0;
	memcpy(&disp, tramps + pos + sizeof(lea_rcx), 4);
	return (int64_t)pos + 7 + disp - 2 - h.moved + before;
}
