/* SPDX-License-Identifier: MIT
 *
 * Lengths of x86-64 instructions, and as much of their meaning as moving them to another place needs.
 */
#ifndef STEAD_TRAP_RESIDENT_INSN_H
#define STEAD_TRAP_RESIDENT_INSN_H

#include "kernel/types.h"

#define INSN_MAX 15

enum insn_kind {
	INSN_PLAIN, /* goes on behind itself, and does the same anywhere, but for a displacement from rip */
	INSN_JCC,   /* a conditional jump that has a long form */
	INSN_JMP,   /* direct; rel8 or rel32 */
	INSN_CALL,  /* direct */
	INSN_LOOP,  /* loop, jrcxz: a short jump only */
	INSN_SYSCALL,
	INSN_STOP,  /* ends or begins something: ret, jumps and calls through registers, traps, endbr64, long nops */
};

struct insn {
	uint8_t len;
	uint8_t kind;	   /* enum insn_kind */
	uint8_t map;	   /* 0: one byte, 1: 0f, 2: 0f 38, 3: 0f 3a */
	uint8_t op;	   /* opcode byte */
	uint8_t op_at;	   /* its offset */
	uint8_t rex;	   /* 0: none */
	uint8_t modrm_at;  /* 0: none */
	uint8_t disp_at, disp_size; /* displacement of a memory operand */
	uint8_t imm_at, imm_size;   /* immediate, or distance of a direct jump */
	bool vex;	   /* VEX or EVEX */
	bool rip_relative;
};

/**
 * insn_decode() - the instruction at a place
 * @p: its bytes
 * @n: how many there are
 * @in: set, if it is one
 *
 * Return: its length; 0 if it is none that programs contain (privileged ones count as none), or is cut off.
 */
unsigned int insn_decode(const uint8_t *p, size_t n, struct insn *in);

/**
 * insn_length() - what insn_decode() returns, sooner
 * @p: its bytes
 * @n: how many there are
 */
unsigned int insn_length(const uint8_t *p, size_t n);

/**
 * insn_target() - where a direct jump goes
 * @p: the instruction
 * @in: as decoded
 *
 * Return: the distance from its start.
 */
int64_t insn_target(const uint8_t *p, const struct insn *in);

#endif
