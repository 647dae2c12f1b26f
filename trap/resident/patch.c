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
#include "trap/resident/emit.h"
#include "trap/resident/resident.h"
#include "trap/resident/sites.h"

#define TRIES 8

static const uint8_t lea_rcx[] = { 0x48, 0x8d, 0x0d }, jmp_gs[] = { 0x65, 0xff, 0x24, 0x25 };

static void
write_site(struct emit *e, const uint8_t *text, const void *arg)
{
	const struct site *s = arg;
	struct tramp_header h = { .moved = (uint8_t)(s->at - s->first), .kind = s->several ? TRAMP_SEVERAL : TRAMP_SITE };
	struct insn in;
	unsigned int nth = 0;

	emit(e, &h, sizeof(h));
	for (uint32_t p = s->first; p < s->at; p += in.len, nth++) {
		if (insn_decode(text + p, s->at - p, &in) == 0) {
			e->far = true;
			return;
		}
		if (in.kind == INSN_JCC && in.imm_size == 1)
			h.word |= (uint16_t)(1U << nth);
		emit_moved(e, text, p, &in);
	}
	memcpy(e->buf, &h, sizeof(h));
	emit(e, lea_rcx, sizeof(lea_rcx));
	emit_rel32(e, s->at + 2);
	emit(e, jmp_gs, sizeof(jmp_gs));
	emit32(e, RES_SEL_OFF + SEL_GATE);
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

	memset(starts(p), 0, bits);
	p->used = p->filled = 0;
}

/* int3 where no trampoline is, on the pages that have any: the others stay as they are, zeros that take no memory. */
static void
fill(struct patch *p, uint64_t end)
{
	uint64_t room = (uint64_t)(starts(p) - p->tramps), to = MIN(ALIGN_UP(end, PAGE_SIZE), room);

	if (to > p->filled)
		memset(p->tramps + p->filled, 0xcc, to - p->filled);
	p->filled = MAX(p->filled, to);
}

/* No match in the code but the one it is meant to have, none in the bit, none in what has changed of the text. */
static bool
is_clean(const struct patch *p, const struct tramp_job *j, const struct emit *e)
{
	const uint8_t *code = p->tramps + p->used;
	uint64_t hole = e->xrstor_at;

	if (!p->vet)
		return true;
	if (!text_is_clean(p->text + j->start, j->end - j->start) || !text_is_clean(starts(p) + p->used / TRAMP_ALIGN / 8, 1))
		return false;
	if (hole == 0)
		return text_is_clean(code, e->n);
	return text_is_clean(code, hole) && text_is_clean(code + hole + 3, e->n - hole - 3);
}

bool
patch_place(struct patch *p, const struct tramp_job *j)
{
	uint64_t room = (uint64_t)(starts(p) - p->tramps), n = j->end - j->start;
	uint8_t saved[SITE_BACK + 32];

	if (n > sizeof(saved) || p->tramps_len == 0)
		return false;
	memcpy(saved, p->text + j->start, n);
	for (int i = 0; i < TRIES; i++, p->used += TRAMP_ALIGN) {
		struct emit e = { .at = p->distance + (int64_t)p->used };
		uint64_t nth = p->used / TRAMP_ALIGN;

		j->code(&e, p->text, j->arg);
		if (e.far || p->used + e.n > room)
			return false;
		fill(p, p->used + e.n);
		memcpy(p->tramps + p->used, e.buf, e.n);
		j->jump(p->text, j->arg, e.at + TRAMP_HEADER);
		starts(p)[nth / 8] |= (uint8_t)(1 << nth % 8);
		if (is_clean(p, j, &e)) {
			p->used = ALIGN_UP(p->used + e.n, TRAMP_ALIGN);
			return true;
		}
		memcpy(p->text + j->start, saved, n);
		memset(p->tramps + p->used, 0xcc, e.n);
		starts(p)[nth / 8] &= (uint8_t)~(1 << nth % 8);
	}
	return false;
}

void
patch_jump(uint8_t *text, uint64_t from, int64_t to)
{
	int32_t rel = (int32_t)(to - (int64_t)from - JUMP_SIZE);

	text[from] = 0xe9;
	memcpy(text + from + 1, &rel, 4);
}

/* The jump, and the short one to it from behind padding. What is left of the instruction it covers is never executed. */
static void
jump_from_site(uint8_t *text, const void *arg, int64_t tramp)
{
	const struct site *s = arg;

	patch_jump(text, s->jump, tramp);
	if (s->jump != s->first) {
		text[s->first] = 0xeb;
		text[s->first + 1] = (uint8_t)(s->jump - s->first - 2);
	}
}

static uint32_t
patch_range(struct patch *p, const struct text_range *r)
{
	uint32_t n = find_sites(p->text, p->len, r, p->sites, p->max_sites), done = 0;

	for (uint32_t i = 0; i < n; i++) {
		const struct site *s = &p->sites[i];
		const struct tramp_job j = { write_site, jump_from_site, s, s->jump, MAX(s->at, s->jump + JUMP_SIZE) };

		done += patch_place(p, &j);
	}
	return done;
}

uint32_t
patch_sites(struct patch *p)
{
	uint32_t done = 0;

	for (uint32_t i = 0; i < p->ncode; i++)
		done += patch_range(p, &p->code[i]);
	return done;
}

/* The trampoline that @at lies in: its header and where its code begins. */
static bool
find_tramp(const uint8_t *tramps, uint64_t room, uint64_t at, struct tramp_header *h, uint64_t *code)
{
	uint64_t nth = at / TRAMP_ALIGN;

	while (!(tramps[room + nth / 8] & (1 << nth % 8)))
		if (nth-- == 0)
			return false;
	memcpy(h, tramps + nth * TRAMP_ALIGN, sizeof(*h));
	*code = nth * TRAMP_ALIGN + TRAMP_HEADER;
	return at >= *code;
}

/* Where the four bytes at @pos, the last of an instruction, lead. */
static int64_t
leads_to(const uint8_t *tramps, uint64_t pos)
{
	int32_t d;

	memcpy(&d, tramps + pos, 4);
	return (int64_t)pos + 4 + d;
}

/* The first instruction is the program's, the jump at h->word leads behind it; between is what must not be interrupted. */
static int64_t
origin_of_one(const uint8_t *tramps, uint64_t at, const struct tramp_header *h, uint64_t code, bool *entered)
{
	int64_t behind = leads_to(tramps, code + h->word + 1);

	if (at == code + h->word)
		return behind;
	*entered = at == code;
	return at == code ? behind - h->moved : 0;
}

int64_t
patch_origin(const uint8_t *tramps, uint64_t tramps_len, uint64_t at, bool *entered)
{
	uint64_t room = tramps_len - tramps_len / TRAMP_ALIGN / 8, pos;
	unsigned int done = 0, before;
	struct tramp_header h;
	struct insn in;

	*entered = false;
	if (at >= room || !find_tramp(tramps, room, at, &h, &pos))
		return 0;
	if (h.kind == TRAMP_ONE)
		return origin_of_one(tramps, at, &h, pos, entered);
	*entered = at == pos;
	before = h.moved;
	for (unsigned int k = 0; done < h.moved; k++) {
		if (pos == at)
			before = done;
		if (insn_decode(tramps + pos, room - pos, &in) == 0)
			return 0;
		done += h.word & (1U << k) ? 2 : in.len;
		pos += in.len;
	}
	if (pos + 7 > room || (h.kind == TRAMP_SEVERAL && before > 0 && before < JUMP_SIZE))
		return 0;
	return leads_to(tramps, pos + sizeof(lea_rcx)) - 2 - h.moved + before;
}
