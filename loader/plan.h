/* SPDX-License-Identifier: MIT
 *
 * What the loader makes of an ELF file: enough to map it, with everything checked.
 */
#ifndef STEAD_LOADER_PLAN_H
#define STEAD_LOADER_PLAN_H

#include "kernel/types.h"

#define LOAD_MAX_SEGMENTS 32

struct load_segment {
	uint64_t vaddr;	    /* page aligned, before relocation */
	uint64_t file_off;  /* page aligned */
	uint64_t file_len;  /* bytes of the file from file_off, not aligned */
	uint64_t mem_len;   /* bytes from vaddr, not aligned; above file_len is zero */
	uint32_t prot;	    /* PROT_* */
};

struct load_plan {
	bool dyn;	    /* ET_DYN: may be placed anywhere */
	uint32_t nsegments;
	struct load_segment segments[LOAD_MAX_SEGMENTS];
	uint64_t min_vaddr, max_vaddr; /* page aligned span of all segments */
	uint64_t align;	    /* largest p_align, a power of two */
	uint64_t entry;
	uint64_t phdr_vaddr; /* where the program headers are in memory, 0 if nowhere */
	uint16_t phnum, phentsize;
	bool exec_stack;    /* PT_GNU_STACK with PF_X, or none */
	bool has_interp;
	char interp[256];   /* PT_INTERP, ended with NUL (longer: -ENOEXEC as Linux: path up to PATH_MAX in interp_long) */
	char *interp_long;
	uint64_t brk;	    /* end of the highest bss */
	uint64_t start_code, end_code, start_data, end_data;
};

#endif
