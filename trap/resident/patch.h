/* SPDX-License-Identifier: MIT
 *
 * Call-site patches of program text.
 */
#ifndef STEAD_TRAP_RESIDENT_PATCH_H
#define STEAD_TRAP_RESIDENT_PATCH_H

#include "kernel/types.h"

#define TRAMP_ALIGN  16
#define TRAMP_HEADER 4

/* A copy of program text that is mapped nowhere yet, with its trampolines. */
struct patch {
	uint8_t *text;
	uint64_t len;
	uint8_t *tramps; /* trampolines, then a bit for each TRAMP_ALIGN bytes in which one begins */
	uint64_t tramps_len;
	uint64_t used;	  /* of it */
	int64_t distance; /* from the text to the trampolines, in bytes, where both will be mapped; within 2 GiB */
	bool vet;	  /* nothing of mm/text.h may come into being; then TEXT_CONTEXT bytes around both can be read */
	struct site *sites; /* room for them */
	uint32_t max_sites;
};

/**
 * patch_begin() - make an empty region of trampolines
 * @p: all but @used is set
 */
void patch_begin(struct patch *p);

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
 *
 * Return: the distance from the region to the instruction that the program has there in its own text; 0 if there is none.
 */
int64_t patch_origin(const uint8_t *tramps, uint64_t tramps_len, uint64_t at);

#endif
