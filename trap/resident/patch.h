/* SPDX-License-Identifier: MIT
 *
 * Call-site patches of program text.
 */
#ifndef STEAD_TRAP_RESIDENT_PATCH_H
#define STEAD_TRAP_RESIDENT_PATCH_H

#include "kernel/types.h"

#define TRAMP_ALIGN  16
#define TRAMP_HEADER 4

enum tramp_kind {
	TRAMP_SITE = 0xf4, /* instructions of the program, then lea and a jump to the gate */
	TRAMP_SEVERAL,	   /* likewise; the jump covers several instructions: those inside cannot be gone back to */
	TRAMP_ONE,	   /* one instruction of the program, and a jump back */
};

/* Before the code of each trampoline. */
struct tramp_header {
	uint8_t moved; /* bytes of the program's instructions that are executed here */
	uint8_t kind;
	uint16_t word; /* of a site, bit n: instruction n was a short jump; of one instruction: where the jump back is */
};
_Static_assert(sizeof(struct tramp_header) == TRAMP_HEADER, "before each trampoline");

/* A copy of program text that is mapped nowhere yet, with its trampolines. */
struct patch {
	uint8_t *text;
	uint64_t len;
	uint8_t *tramps; /* trampolines, then a bit for each TRAMP_ALIGN bytes in which one begins */
	uint64_t tramps_len; /* 0: there are none */
	uint64_t used;	  /* of it */
	uint64_t filled;  /* bytes of it that are trampolines or int3 */
	int64_t distance; /* from the text to the trampolines, in bytes, where both will be mapped; within 2 GiB */
	bool vet;	  /* nothing of mm/text.h may come into being; then TEXT_CONTEXT bytes around both can be read */
	const struct text_range *code; /* where instructions are, and not data */
	uint32_t ncode;
	struct site *sites; /* room for them */
	uint32_t max_sites;
};

struct emit;

/* A trampoline to be, and what leads to it. */
struct tramp_job {
	void (*code)(struct emit *e, const uint8_t *text, const void *arg); /* header and code */
	void (*jump)(uint8_t *text, const void *arg, int64_t tramp);	     /* @tramp: where the code is */
	const void *arg;
	uint64_t start, end; /* what @jump changes */
};

/**
 * patch_begin() - make an empty region of trampolines
 * @p: all but @used is set
 */
void patch_begin(struct patch *p);

/**
 * patch_place() - make one trampoline
 * @p: the text
 * @j: how
 *
 * Return: false if there is no room, or none where nothing forbidden comes into being; the text is as it was then.
 */
bool patch_place(struct patch *p, const struct tramp_job *j) __must_check;

/**
 * patch_jump() - write a jump
 * @text: to it
 * @from: where
 * @to: where it goes
 */
void patch_jump(uint8_t *text, uint64_t from, int64_t to);

/**
 * patch_hide() - take what programs must not execute out of the text, where that is safe
 * @p: the text; without room for trampolines less can be done
 *
 * Return: how many places were changed. What is left is found by text_is_clean().
 */
uint32_t patch_hide(struct patch *p);

/**
 * patch_sites() - turn call sites into jumps to trampolines
 * @p: the text
 *
 * Return: how many sites were patched; others are left as they are.
 */
uint32_t patch_sites(struct patch *p);

/**
 * patch_origin() - what a place in a trampoline stands for
 * @tramps: the region
 * @tramps_len: its bytes
 * @at: the place, from the start of the region
 * @entered: set if nothing of the program has been executed since its own text was left
 *
 * Return: the distance from the region to the instruction that the program has there in its own text; 0 if there is none.
 */
int64_t patch_origin(const uint8_t *tramps, uint64_t tramps_len, uint64_t at, bool *entered);

#endif
