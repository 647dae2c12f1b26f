/* SPDX-License-Identifier: MIT
 *
 * Images of extended state (x87, SSE, AVX, ...) as a signal frame has them: fxsave area, xsave header, components in the standard format.
 */
#ifndef STEAD_KERNEL_XSAVE_H
#define STEAD_KERNEL_XSAVE_H

#include "kernel/types.h"

struct task;

#define XSAVE_LEGACY 512		   /* bytes of the fxsave area */
#define XSAVE_HEADER 64			   /* bytes behind it */
#define XFEATURES_FPSSE 3UL		   /* x87 and SSE, which are always there */
#define XFEATURE_PKRU (1UL << 9)

/**
 * mxcsr_mask() - the bits of MXCSR that this processor has
 *
 * Context: any.
 * Return: the mask.
 */
uint32_t mxcsr_mask(void);

/**
 * xsave_read_frame() - what rt_sigreturn(2) loads from a frame, which the program may have forged
 * @t: the current task
 * @u: where the frame has its image
 * @img: @size bytes aligned to 64: an image that any xrstor takes, with x87 and SSE in it whatever the frame has
 * @size: of a whole image
 * @features: which components the trap restores
 *
 * Context: may sleep (copies).
 * Return: 0, -EFAULT where the processor would refuse it or it cannot be read; @img is then undefined.
 * Source: what xrstor and fxrstor refuse
 */
int xsave_read_frame(struct task *t, uint64_t u, uint8_t *img, size_t size, uint64_t features) __must_check;

#endif
