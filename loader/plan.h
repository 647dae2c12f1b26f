/* SPDX-License-Identifier: MIT
 *
 * What the loader makes of an ELF file: enough to map it, with everything checked.
 */
#ifndef STEAD_LOADER_PLAN_H
#define STEAD_LOADER_PLAN_H

#include "kernel/types.h"

#define LOAD_MAX_SEGMENTS 64
#define LOAD_INTERP_INLINE 256

struct load_segment {
	uint64_t vaddr;	    /* page aligned, before relocation */
	uint64_t file_off;  /* page aligned */
	uint64_t file_len;  /* bytes of the file from file_off, not aligned; 0: nothing of the file is mapped */
	uint64_t mem_len;   /* bytes from vaddr, not aligned; above file_len is zero */
	uint32_t prot;	    /* PROT_* */
};

struct load_plan {
	/* What Linux finds wrong only when the old program is gone already: exec_load() fails with it. 0 or a negative errno. */
	int late_error;
	bool dyn;	    /* ET_DYN: may be placed anywhere */
	bool exec_stack;    /* PT_GNU_STACK with PF_X */
	bool has_interp;
	bool wrong_type;    /* neither ET_EXEC nor ET_DYN: no program, which Linux finds late of an interpreter */
	uint16_t phnum, phentsize;
	uint32_t nsegments;
	uint64_t min_vaddr, max_vaddr; /* page aligned span of all segments */
	uint64_t align;	    /* largest p_align, a power of two, at least a page */
	uint64_t entry;
	uint64_t phdr_vaddr; /* where the program headers are in memory, 0 if nowhere */
	uint64_t brk;	    /* end of the highest bss */
	uint64_t start_code, end_code, start_data, end_data;
	/* PT_INTERP: interp_len bytes of the file at interp_off, the last one NUL. interp[] holds them if they fit. */
	uint64_t interp_off;
	uint32_t interp_len;
	char interp[LOAD_INTERP_INLINE];
	/* With -EAGAIN: how many bytes of the file the image must hold, and the error if the file has less. */
	uint64_t need;
	int need_error;
	struct load_segment segments[LOAD_MAX_SEGMENTS];
};

#endif
