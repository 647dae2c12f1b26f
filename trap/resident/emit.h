/* SPDX-License-Identifier: MIT
 *
 * Code for trampolines, written to a buffer first.
 */
#ifndef STEAD_TRAP_RESIDENT_EMIT_H
#define STEAD_TRAP_RESIDENT_EMIT_H

#include "trap/resident/insn.h"

#define TRAMP_MAX 128

/* Places are distances from the start of the program's text. */
struct emit {
	uint8_t buf[TRAMP_MAX];
	unsigned int n;
	int64_t at; /* where the buffer will be */
	unsigned int xrstor_at; /* 0, or where an xrstor is that is meant to be there */
	bool far;   /* something does not fit, or cannot be reached with 32 bits: the code is of no use */
};

/**
 * emit() - bytes
 * @e: the buffer
 * @p: them
 * @n: how many
 */
void emit(struct emit *e, const void *p, size_t n);
void emit8(struct emit *e, uint8_t b);
void emit32(struct emit *e, int64_t v);

/**
 * emit_rel32() - the distance to a place, from behind its own four bytes
 * @e: the buffer
 * @target: the place
 */
void emit_rel32(struct emit *e, int64_t target);

/**
 * emit_moved() - an instruction of the program that does here what it does there
 * @e: the buffer
 * @text: the program's text
 * @from: where the instruction is
 * @in: as decoded; INSN_PLAIN or INSN_JCC
 */
void emit_moved(struct emit *e, const uint8_t *text, uint64_t from, const struct insn *in);

#endif
