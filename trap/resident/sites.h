/* SPDX-License-Identifier: MIT
 *
 * Places in program text where a jump can take the place of instructions.
 */
#ifndef STEAD_TRAP_RESIDENT_SITES_H
#define STEAD_TRAP_RESIDENT_SITES_H

#include "trap/resident/insn.h"

#define JUMP_SIZE  5
#define SITE_INSNS 10 /* that are moved, at most */
#define SITE_BACK  48 /* bytes before a place whose instructions are known */

/* Instructions before a place, the nearest first; offsets from the start of the text. */
struct insns_before {
	uint64_t at[SITE_INSNS];
	struct insn in[SITE_INSNS];
	unsigned int n;
	uint64_t end; /* the place */
};

/* A part of a text, from its start: [start, end). */
struct text_range {
	uint64_t start, end;
};

/* A call site. The instructions in [first, at) are executed elsewhere, the syscall at @at stays. */
struct site {
	uint32_t jump;	/* where the jump goes: to @first, or to padding before it, which then gets a short jump to there */
	uint32_t first, at;
	bool several;	/* the jump covers more than one instruction: only if none is jumped to but the first */
};

/**
 * insns_before() - which instructions end at a place, if that is certain
 * @text: program text
 * @len: its bytes
 * @place: an instruction is thought to be there
 * @out: up to SITE_INSNS of them; fewer where one is not certain
 *
 * Return: false if it is not certain that an instruction begins at @place.
 */
bool insns_before(const uint8_t *text, uint64_t len, uint64_t place, struct insns_before *out);

/**
 * find_sites() - the call sites that can be patched
 * @text: program text, as it is in the file
 * @len: its bytes
 * @r: where to look
 * @sites: filled in, in order of their addresses
 * @max: how many there is room for
 *
 * Return: how many.
 */
uint32_t find_sites(const uint8_t *text, uint64_t len, const struct text_range *r, struct site *sites, uint32_t max);

/**
 * find_byte() - the first byte with either of two values
 * @text: the text
 * @from: where to begin
 * @end: where to end
 * @a: a value
 * @b: another, or the same
 *
 * Return: its place; @end if there is none.
 */
uint64_t find_byte(const uint8_t *text, uint64_t from, uint64_t end, uint8_t a, uint8_t b);

#endif
