/* SPDX-License-Identifier: MIT
 *
 * Finding call sites. A syscall instruction stays where it is, so that a jump straight to it works, through SIGSYS, and a restarted call
 * finds it at rip - 2. What becomes a jump is the nearest instruction before it that is five bytes long or longer; it and what stands between
 * it and the syscall are executed in the trampoline, and stay where they are as far as the jump does not cover them, for those who jump
 * there. No instruction begins inside one instruction, so there is nothing to prove about branch targets. Padding before a function will do
 * as well: a nop does what the trampoline does, go on to the first instruction, and that one becomes a short jump back to it.
 * Where neither is near, and the number comes from outside, as in functions that make any call (Go has one, and it makes all of them), the
 * jump covers several short ones, if none but the first can be jumped to, which takes a look at all of the text:
 * - by a direct jump or call: no place in the text whose bytes can be read as one with that target, at any offset, decoded or not;
 * - by a table: no indirect jump near.
 *
 * Where instructions begin is found by decoding from many places before: text falls into step after a few instructions. What fewer than seven in
 * eight agree on is not used. Tables of bytes in text could decode by chance; so the number must be loaded in sight as well, or the
 * result compared with the range of errors.
 */
#include "trap/resident/sites.h"

#include "kernel/kernel.h"
#include "kernel/types.h"

#define MAX_NR	   460
#define BACK	   96 /* decoding starts in the first half of these bytes */
#define BACK_PLAIN 48 /* enough where the bytes tell much */
#define FAR_ENOUGH 2048 /* a jump table's jump stands closer to its targets than this, or the function is larger than those here */

static uint32_t
get32(const uint8_t *p)
{
	uint32_t v;

	memcpy(&v, p, 4);
	return v;
}

struct paths {
	uint64_t first; /* place of index 0 */
	unsigned int n;
	unsigned int reached, missed; /* starts that come to the place, or past it */
	uint8_t length[BACK + 1], votes[BACK + 1]; /* of the instruction; of the starts that come by it and to the place */
};

static void
count_paths(const uint8_t *text, uint64_t len, uint64_t place, unsigned int back, struct paths *w)
{
	bool good[BACK + 1], bad[BACK + 1];
	unsigned int n;

	w->first = place > back ? place - back : 0;
	w->n = n = (unsigned int)(place - w->first);
	w->reached = w->missed = 0;
	good[n] = true;
	bad[n] = false;
	for (unsigned int o = n; o-- > 0;) {
		unsigned int next = o + insn_length(text + w->first + o, MIN(len - w->first - o, INSN_MAX));

		w->length[o] = (uint8_t)(next - o);
		w->votes[o] = 0;
		good[o] = next > o && next <= n && good[next];
		bad[o] = next > n || (next > o && bad[next]);
	}
	for (unsigned int o = 0; o < n; o++) {
		unsigned int start = o < back / 2 || n < back;

		w->reached += start && good[o];
		w->missed += start && bad[o];
		if (!good[o])
			continue;
		w->votes[o] = (uint8_t)(w->votes[o] + start);
		if (o + w->length[o] < n)
			w->votes[o + w->length[o]] = (uint8_t)(w->votes[o + w->length[o]] + w->votes[o]);
	}
}

static bool
is_certain(const struct paths *w, unsigned int back)
{
	return w->n == 0 || (w->reached > 0 && w->reached >= MIN(back / 6, w->n / 3) && w->missed * 8 <= w->reached);
}

/* The instruction that ends at @pos, if there is agreement; or @pos. */
static uint64_t
previous(const struct paths *w, uint64_t pos)
{
	for (uint64_t p = pos; p-- > w->first;)
		if (p + w->length[p - w->first] == pos && w->votes[p - w->first] * 8U >= w->reached * 7U)
			return p;
	return pos;
}

bool
insns_before(const uint8_t *text, uint64_t len, uint64_t place, struct insns_before *out)
{
	uint64_t pos = place;
	struct paths w;

	count_paths(text, len, place, BACK, &w);
	out->n = 0;
	if (!is_certain(&w, BACK))
		return false;
	while (out->n < SITE_INSNS) {
		uint64_t p = previous(&w, pos);

		if (p == pos || p + SITE_BACK < place || insn_decode(text + p, len - p, &out->in[out->n]) == 0)
			break;
		if (out->in[out->n].map == 0 && out->in[out->n].op == 0) /* add of a byte: rare in code, and what zeros in data look like */
			return false;
		out->at[out->n++] = pos = p;
	}
	return true;
}

static bool
moves(const struct insn *in)
{
	return in->kind == INSN_PLAIN || in->kind == INSN_JCC;
}

/* Without effect anywhere. A jump may come in behind it, as at the head of a loop. */
static bool
is_nop(const struct insn *in)
{
	return in->kind == INSN_STOP && ((in->map == 0 && in->op == 0x90) || (in->map == 1 && in->op == 0x1f));
}

/* Does it load the number of a call into eax? */
static bool
loads_number(const uint8_t *p, const struct insn *in)
{
	if (in->map != 0 || in->vex)
		return false;
	switch (in->op) {
	case 0xb8: /* mov $nr, %eax */
		return in->op_at == 0 && get32(p + 1) < MAX_NR;
	case 0xc7: /* mov $nr, %rax */
		return in->rex == 0x48 && p[in->modrm_at] == 0xc0 && get32(p + in->imm_at) < MAX_NR;
	case 0x31: /* xor %eax, %eax */
	case 0x33:
		return in->rex == 0 && p[in->modrm_at] == 0xc0;
	case 0x89: /* mov %reg, %rax */
		return !(in->rex & 1) && (p[in->modrm_at] & 0xc7) == 0xc0;
	case 0x8b:
		return !(in->rex & 4) && (p[in->modrm_at] & 0x38) == 0;
	}
	return false;
}

/* Behind the syscall: cmp $-4095 or $-4096, %rax. */
static bool
looks_for_error(const uint8_t *p, uint64_t n)
{
	return n >= 6 && p[0] == 0x48 && p[1] == 0x3d && p[2] <= 1 && p[3] == 0xf0 && p[4] == 0xff && p[5] == 0xff;
}

/* A long nop, or five int3, before the instruction at @first, which has two bytes: where it begins; or 0. */
static uint32_t
padding(const uint8_t *text, const struct insns_before *b, unsigned int i)
{
	uint64_t first = b->at[i - 1];

	if (b->in[i - 1].len < 2)
		return 0;
	if (b->in[i].map == 1 && b->in[i].op == 0x1f && b->in[i].len >= JUMP_SIZE)
		return (uint32_t)b->at[i];
	for (unsigned int k = 1; k <= JUMP_SIZE; k++)
		if (first < k || text[first - k] != 0xcc)
			return 0;
	return (uint32_t)first - JUMP_SIZE;
}

/* From @i on, a nop, what goes on to the syscall: one that is long enough; SITE_INSNS if there is none. */
static unsigned int
before_nops(const struct insns_before *b, unsigned int i)
{
	for (; i < b->n && (moves(&b->in[i]) || is_nop(&b->in[i])); i++)
		if (moves(&b->in[i]) && b->in[i].len >= JUMP_SIZE)
			return i;
	return SITE_INSNS;
}

/* What the jump is to cover: one instruction, or padding, or several. */
static bool
window(const uint8_t *text, uint64_t len, const struct insns_before *b, struct site *s)
{
	bool number = false;
	unsigned int i, one = SITE_INSNS, some = SITE_INSNS;

	for (i = 0; i < b->n && moves(&b->in[i]); i++) {
		number |= loads_number(text + b->at[i], &b->in[i]);
		if (b->in[i].len >= JUMP_SIZE && one == SITE_INSNS)
			one = i;
		if (s->at - b->at[i] >= JUMP_SIZE && some == SITE_INSNS)
			some = i;
	}
	if (!number && !looks_for_error(text + s->at + 2, len - s->at - 2))
		return false;
	if (one == SITE_INSNS && i > 0 && i < b->n) {
		s->jump = padding(text, b, i);
		s->first = (uint32_t)b->at[i - 1];
		if (s->jump)
			return true;
		if (number)
			one = before_nops(b, i);
	}
	s->several = one == SITE_INSNS;
	if (s->several && (some == SITE_INSNS || number))
		return false;
	s->jump = s->first = (uint32_t)b->at[s->several ? some : one];
	return true;
}

/* May an instruction inside the jump of @s be a place where another jump goes? */
static bool
covers(const uint8_t *text, const struct site *s, int64_t target)
{
	struct insn in;

	if (target <= s->jump || target >= s->jump + JUMP_SIZE)
		return false;
	for (uint32_t p = s->jump; p < s->jump + JUMP_SIZE; p += in.len)
		if (p == target || insn_decode(text + p, INSN_MAX, &in) == 0)
			return true;
	return false;
}

/* Unless that is certainly the middle of another instruction. */
static bool
is_indirect_jump(const uint8_t *text, uint64_t len, uint64_t i)
{
	struct paths w;

	if (text[i] != 0xff || (text[i + 1] & 0x38) != 0x20)
		return false;
	for (unsigned int prefix = 0; prefix <= 2 && prefix <= i; prefix++) {
		count_paths(text, len, i - prefix, BACK, &w);
		if (w.reached * 8 > w.missed)
			return true;
	}
	return false;
}

/* Padding between functions as Go has it: int3 up to a place where one begins. A function is not jumped into from another's table. */
static bool
is_border(const uint8_t *text, uint64_t i)
{
	return text[i] == 0xcc && text[i + 1] == 0xcc && (i + 2) % 16 == 0;
}

static bool
reached_near(const uint8_t *text, uint64_t len, const struct site *s)
{
	uint64_t from = s->jump > FAR_ENOUGH ? s->jump - FAR_ENOUGH : 0, to = MIN(len - 1, s->jump + FAR_ENOUGH);

	for (uint64_t i = s->jump; i-- > from && !is_border(text, i);)
		if (is_indirect_jump(text, len, i))
			return true;
	for (uint64_t i = s->jump; i < to && !is_border(text, i); i++)
		if (is_indirect_jump(text, len, i))
			return true;
	/* short jumps */
	for (uint64_t i = MAX(from, s->jump - MIN(s->jump, 130)); i < MIN(to, s->jump + 130); i++) {
		uint8_t op = text[i];

		if (((op & 0xf0) == 0x70 || op == 0xeb || (op & 0xfc) == 0xe0) && covers(text, s, (int64_t)i + 2 + (int8_t)text[i + 1]))
			return true;
	}
	return false;
}

/* A high bit for each byte of @w that is zero, and perhaps for those behind it. */
static uint64_t
zero_bytes(uint64_t w)
{
	return (w - 0x0101010101010101ULL) & ~w & 0x8080808080808080ULL;
}

uint64_t
find_byte(const uint8_t *text, uint64_t from, uint64_t end, uint8_t a, uint8_t b)
{
	uint64_t w, as = a * 0x0101010101010101ULL, bs = b * 0x0101010101010101ULL;

	for (; from + 8 <= end; from += 8) {
		memcpy(&w, text + from, 8);
		w = zero_bytes(w ^ as) | zero_bytes(w ^ bs);
		if (w)
			return from + (uint64_t)__builtin_ctzll(w) / 8;
	}
	while (from < end && text[from] != a && text[from] != b)
		from++;
	return from;
}

/* Drop sites whose jumps would cover a place that a long jump or a call may go to. */
static void
drop_reached(const uint8_t *text, uint64_t len, struct site *sites, uint32_t n)
{
	uint64_t lo = UINT64_MAX, span = 0;

	for (uint32_t k = 0; k < n; k++) {
		if (!sites[k].several)
			continue;
		if (reached_near(text, len, &sites[k])) {
			sites[k].at = 0;
			continue;
		}
		lo = MIN(lo, sites[k].jump);
		span = sites[k].jump + JUMP_SIZE - lo;
	}
	if (lo == UINT64_MAX)
		return;
	for (uint64_t i = 0; i + 4 <= len; i++) {
		int64_t target = (int64_t)i + 4 + (int32_t)get32(text + i);

		if ((uint64_t)target - lo >= span)
			continue;
		for (uint32_t k = 0; k < n; k++)
			if (sites[k].several && sites[k].at && covers(text, &sites[k], target))
				sites[k].at = 0;
	}
}

/*
 * The code that a handler returns to. An unwinder without unwind information for it knows it by these bytes, so they stay (musl, Go); glibc's
 * has that information, from the nop on that stands 16 bytes before it for the purpose.
 */
static bool
is_known_by_bytes(const uint8_t *text, const struct site *s)
{
	static const uint8_t restorer[] = { 0x48, 0xc7, 0xc0, 15, 0, 0, 0, 0x0f, 0x05 };
	const uint8_t *p = text + s->first;

	if (s->at - s->first != 7 || memcmp(p, restorer, sizeof(restorer)) != 0)
		return false;
	return s->first < 16 || s->first % 16 != 0 || p[-16] != 0x90 || p[-15] != 0x66;
}

/* mov $nr, %eax; syscall. It could be an immediate, in a program that makes programs. */
static bool
is_plain(const uint8_t *text, uint64_t len, uint64_t at)
{
	struct paths w;

	if (at < 5 || text[at - 5] != 0xb8 || get32(text + at - 4) >= MAX_NR)
		return false;
	count_paths(text, len, at - 5, BACK_PLAIN, &w);
	return is_certain(&w, BACK_PLAIN);
}

uint32_t
find_sites(const uint8_t *text, uint64_t len, const struct text_range *r, struct site *sites, uint32_t max)
{
	struct insns_before b;
	uint32_t n = 0, kept = 0;

	for (uint64_t i = r->start + 1; n < max && (i = find_byte(text, i, r->end, 5, 5)) < r->end; i++) {
		struct site s = { .at = (uint32_t)i - 1 };

		if (text[s.at] != 0x0f)
			continue;
		if (is_plain(text, len, s.at))
			s.jump = s.first = s.at - 5;
		else if (!insns_before(text, len, s.at, &b) || !window(text, len, &b, &s))
			continue;
		if (!is_known_by_bytes(text, &s))
			sites[n++] = s;
	}
	drop_reached(text, len, sites, n);
	for (uint32_t k = 0; k < n; k++)
		if (sites[k].at)
			sites[kept++] = sites[k];
	return kept;
}
