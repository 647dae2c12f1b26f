/* SPDX-License-Identifier: MIT
 *
 * A decoder of lengths, after the opcode maps of Intel's manual (volume 2, appendix A). tests/unit/sites.c compares it with capstone.
 *
 * It is kernel code, so that patching needs no request to the supervisor while the text cache is filled, and it takes some 10 ns an
 * instruction, where capstone takes hundreds: libc has a hundred places to look at with a hundred instructions around each.
 */
#include "trap/resident/insn.h"

#include "kernel/types.h"

/*
 * A letter an opcode. Nothing behind it: '.'; modrm: 'm'; modrm with an immediate of 8 bits 'B', of 16 or 32 'Z'; immediates alone: 'b',
 * 'w' (16), 'z' (16 or 32), 'v' (up to 64), 'o' (an address), 'e' (enter); jumps: 'j' (8), 'J' (32); groups f6 and f7: 'g', 'G'; prefixes
 * and escapes 'p'; none: '!'. 'n', 'C' and 'Y' are 'm', 'B' and 'Z' of which only some forms exist; in the second map any may be so.
 */
static const char one_byte[] = "mmmmbz!!mmmmbz!p" /* 00 */
			       "mmmmbz!!mmmmbz!!" /* 10 */
			       "mmmmbzp!mmmmbzp!" /* 20 */
			       "mmmmbzp!mmmmbzp!" /* 30 */
			       "pppppppppppppppp" /* 40 */
			       "................" /* 50 */
			       "!!pmppppzZbB!!!!" /* 60 */
			       "jjjjjjjjjjjjjjjj" /* 70 */
			       "BZ!Bmmmmmmmmnnnn" /* 80 */
			       "..........!....." /* 90 */
			       "oooo....bz......" /* a0 */
			       "bbbbbbbbvvvvvvvv" /* b0 */
			       "BBw.ppCYe.!!.b!!" /* c0 */
			       "mmmm!!!.mmmmmmmm" /* d0 */
			       "jjjj!!!!JJ!j!!!!" /* e0 */
			       "p!pp..gG..!!..nn"; /* f0 */

static const char two_byte[] = "!mmm!.!!!!!.!m!!" /* 00 */
			       "mmmmmmmmmmmmmmmm" /* 10 */
			       "!!!!!!!!mmmmmmmm" /* 20 */
			       "!.!!!!!!p!p!!!!!" /* 30 */
			       "mmmmmmmmmmmmmmmm" /* 40 */
			       "mmmmmmmmmmmmmmmm" /* 50 */
			       "mmmmmmmmmmmmmmmm" /* 60 */
			       "BBBBmmm.mm!!mmmm" /* 70 */
			       "JJJJJJJJJJJJJJJJ" /* 80 */
			       "mmmmmmmmmmmmmmmm" /* 90 */
			       "...mBm!!..!mBmmm" /* a0 */
			       "mmmmmmmmmmBmmmmm" /* b0 */
			       "mmBmBBBm........" /* c0 */
			       "mmmmmmmmmmmmmmmm" /* d0 */
			       "mmmmmmmmmmmmmmmm" /* e0 */
			       "mmmmmmmmmmmmmmmm"; /* f0 */

struct cursor {
	const uint8_t *p;
	size_t n, i;
	bool wide;	/* REX.W */
	bool opsize;	/* 66 */
	bool addrsize;	/* 67 */
	bool lock;
	uint8_t rep;	/* f2 or f3, the last one */
};

static bool
more(const struct cursor *c, size_t n)
{
	return c->i + n <= c->n && c->i + n <= INSN_MAX;
}

/* Prefixes up to the opcode. */
static bool
prefixes(struct cursor *c, struct insn *in)
{
	for (; more(c, 1); c->i++) {
		uint8_t b = c->p[c->i];

		switch (b) {
		case 0x66:
			c->opsize = true;
			break;
		case 0x67:
			c->addrsize = true;
			break;
		case 0xf2:
		case 0xf3:
			c->rep = b;
			break;
		case 0xf0:
			c->lock = true;
			break;
		case 0x26: case 0x2e: case 0x36: case 0x3e: case 0x64: case 0x65:
			break;
		default:
			if ((b & 0xf0) != 0x40)
				return true;
			in->rex = b;
			continue;
		}
		in->rex = 0; /* counts only just before the opcode */
	}
	return false;
}

static bool
modrm(struct cursor *c, struct insn *in)
{
	uint8_t m, mod, rm;

	if (!more(c, 1))
		return false;
	in->modrm_at = (uint8_t)c->i;
	m = c->p[c->i++];
	mod = m >> 6;
	rm = m & 7;
	if (mod == 3)
		return true;
	if (mod == 0 && rm == 5) {
		in->rip_relative = true;
		in->disp_size = 4;
	} else {
		in->disp_size = mod == 1 ? 1 : mod == 2 ? 4 : 0;
	}
	if (rm == 4) {
		if (!more(c, 1))
			return false;
		if (mod == 0 && (c->p[c->i] & 7) == 5)
			in->disp_size = 4;
		c->i++;
	}
	in->disp_at = in->disp_size ? (uint8_t)c->i : 0;
	c->i += in->disp_size;
	return more(c, 0);
}

static bool
immediate(struct cursor *c, struct insn *in, unsigned int size)
{
	in->imm_at = (uint8_t)c->i;
	in->imm_size = (uint8_t)size;
	c->i += size;
	return more(c, 0);
}

/* Opcodes of which only some forms exist, by the reg field; and what the forms are. */
static bool
group(const struct cursor *c, struct insn *in)
{
	uint8_t m = c->p[in->modrm_at], reg = (m >> 3) & 7;
	bool memory = m < 0xc0;

	if (in->map == 0) {
		switch (in->op) {
		case 0xc6:
		case 0xc7:
			if (m == 0xf8)
				in->kind = INSN_STOP; /* xabort, xbegin */
			return reg == 0 || m == 0xf8;
		case 0x8f:
			return reg == 0;
		case 0x8d:
			return memory;
		case 0x8c:
		case 0x8e:
			return reg < 6;
		case 0xfe:
			return reg < 2;
		case 0xff:
			if (reg >= 2 && reg <= 5)
				in->kind = INSN_STOP;
			return reg != 7 && (memory || (reg != 3 && reg != 5));
		}
		return true;
	}
	if (in->op == 0x1f || in->op == 0x0d || (in->op == 0x1e && c->rep == 0xf3 && m == 0xfa))
		in->kind = INSN_STOP;
	if (in->op == 0xb9 || in->op == 0xff)
		in->kind = INSN_STOP; /* ud1, ud0 */
	if (in->op == 0xba)
		return reg >= 4;
	if (in->op >= 0x71 && in->op <= 0x73)
		return !memory;
	if (in->op == 0x01)
		return m == 0xd0 || m == 0xee || m == 0xef || m == 0xf9 || m == 0xd5 || m == 0xd6;
	return true;
}

static bool
by_letter(struct cursor *c, struct insn *in, char letter)
{
	unsigned int z = c->opsize && !c->wide ? 2 : 4;

	switch (letter) {
	case '.':
		return true;
	case 'm':
	case 'n':
		return modrm(c, in) && group(c, in);
	case 'B':
	case 'C':
		return modrm(c, in) && group(c, in) && immediate(c, in, 1);
	case 'Z':
	case 'Y':
		return modrm(c, in) && group(c, in) && immediate(c, in, z);
	case 'g':
	case 'G':
		if (!modrm(c, in))
			return false;
		return (c->p[in->modrm_at] & 0x30) != 0 || immediate(c, in, letter == 'g' ? 1 : z);
	case 'b':
	case 'j':
		return immediate(c, in, 1);
	case 'w':
		return immediate(c, in, 2);
	case 'e':
		return immediate(c, in, 3);
	case 'z':
		return immediate(c, in, z);
	case 'v':
		return immediate(c, in, c->wide ? 8 : z);
	case 'o':
		return immediate(c, in, c->addrsize ? 4 : 8);
	case 'J': /* with 66 alone the processors differ */
		return (!c->opsize || c->wide) && immediate(c, in, 4);
	default:
		return false;
	}
}

/* VEX c4 and c5, EVEX 62. All have a modrm but vzeroupper. */
static bool
vex(struct cursor *c, struct insn *in, uint8_t first)
{
	unsigned int n = first == 0xc5 ? 1 : first == 0xc4 ? 2 : 3;

	if (in->rex || c->opsize || c->rep || c->lock || !more(c, n + 1))
		return false;
	in->vex = true;
	in->map = n == 1 ? 1 : c->p[c->i] & (first == 0x62 ? 7 : 31);
	if (first == 0x62 && ((c->p[c->i] & 8) || !(c->p[c->i + 1] & 4)))
		return false;
	c->i += n;
	in->op_at = (uint8_t)c->i;
	in->op = c->p[c->i++];
	if (in->map == 1 && in->op == 0x77)
		return first != 0x62;
	if (in->map == 0 || in->map == 4 || in->map > 6 || (in->map > 3 && first != 0x62))
		return false;
	if (!modrm(c, in))
		return false;
	if (in->map == 3 || (in->map == 1 && ((in->op >= 0x70 && in->op <= 0x73) || in->op == 0xc2 || (in->op >= 0xc4 && in->op <= 0xc6))))
		return immediate(c, in, 1);
	return true;
}

static void
classify(struct insn *in)
{
	if (in->vex || in->map > 1)
		return;
	if (in->map == 1) {
		if (in->op == 0x05)
			in->kind = INSN_SYSCALL;
		else if (in->op == 0x0b)
			in->kind = INSN_STOP;
		else if (in->op >= 0x80 && in->op <= 0x8f)
			in->kind = INSN_JCC;
		return;
	}
	switch (in->op) {
	case 0x70 ... 0x7f:
		in->kind = INSN_JCC;
		break;
	case 0xe0 ... 0xe3:
		in->kind = INSN_LOOP;
		break;
	case 0xe8:
		in->kind = INSN_CALL;
		break;
	case 0xe9:
	case 0xeb:
		in->kind = INSN_JMP;
		break;
	case 0x90: case 0xc2: case 0xc3: case 0xcc: case 0xcd:
		in->kind = INSN_STOP;
		break;
	}
}

static bool
opcode(struct cursor *c, struct insn *in)
{
	uint8_t b = c->p[c->i++];

	if (b == 0xc4 || b == 0xc5 || b == 0x62)
		return vex(c, in, b);
	if (b != 0x0f) {
		in->op_at = (uint8_t)(c->i - 1);
		in->op = b;
		return by_letter(c, in, one_byte[b]);
	}
	in->map = 1;
	if (!more(c, 1))
		return false;
	b = c->p[c->i++];
	if (b == 0x38 || b == 0x3a) {
		in->map = b == 0x38 ? 2 : 3;
		if (!more(c, 1))
			return false;
		b = c->p[c->i++];
	}
	in->op_at = (uint8_t)(c->i - 1);
	in->op = b;
	if (in->map == 1)
		return by_letter(c, in, two_byte[b]);
	return modrm(c, in) && (in->map == 2 || immediate(c, in, 1));
}

unsigned int
insn_decode(const uint8_t *p, size_t n, struct insn *in)
{
	struct cursor c = { .p = p, .n = n };

	memset(in, 0, sizeof(*in));
	if (!prefixes(&c, in))
		return 0;
	c.wide = in->rex & 8;
	if (!opcode(&c, in))
		return 0;
	classify(in);
	in->len = (uint8_t)c.i;
	return in->len;
}

#define MODRM 0x40

/* What follows the opcode, by the letter, where that needs no more looking. */
static const uint8_t quick['~'] = { ['.'] = 8,	     ['m'] = 8 | MODRM, ['B'] = 1 | MODRM, ['Z'] = 4 | MODRM,
				    ['b'] = 1, ['j'] = 1, ['z'] = 4, ['J'] = 4 };

/* Bytes of modrm, sib and displacement, by mod and rm. */
static const uint8_t operand[32] = { 1, 1, 1, 1, 2, 5, 1, 1, 2, 2, 2, 2, 3, 2, 2, 2, 5, 5, 5, 5, 6, 5, 5, 5, 1, 1, 1, 1, 1, 1, 1, 1 };

unsigned int
insn_length(const uint8_t *p, size_t n)
{
	struct insn in;
	unsigned int i;
	uint8_t f, m;

	if (n < INSN_MAX)
		return insn_decode(p, n, &in);
	i = (p[0] & 0xf0) == 0x40;
	f = quick[(unsigned char)one_byte[p[i++]]];
	if (f == 0)
		return insn_decode(p, n, &in);
	if (f & MODRM) {
		m = p[i];
		if ((m & 0xc7) == 4 && (p[i + 1] & 7) == 5)
			i += 4;
		i += operand[(m >> 6) << 3 | (m & 7)];
	}
	return i + (f & 7); /* 8 is none */
}

int64_t
insn_target(const uint8_t *p, const struct insn *in)
{
	int32_t d;

	if (in->imm_size == 1)
		return in->len + (int8_t)p[in->imm_at];
	memcpy(&d, p + in->imm_at, 4);
	return (int64_t)in->len + d;
}
