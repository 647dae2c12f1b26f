/* SPDX-License-Identifier: MIT
 *
 * xrstor on behalf of a program: any image, any mask, never PKRU. The image is copied first; what would make the instruction fault in
 * the kernel is refused here, as the fault it would have been.
 *
 * An image that ends at the end of a mapping may be shorter than the largest one: what cannot be read counts as zeros.
 */
#include "kernel/errno.h"
#include "mm/uaccess.h"
#include "trap/resident/resident.h"

#define HEADER	  512
#define COMPACTED (1ULL << 63)

/* The first MXCSR bits that this processor does not have are 16 and up. */
static bool
image_is_valid(const struct resident *r, const uint8_t *img, uint64_t mask)
{
	const uint64_t *h = (const uint64_t *)(img + HEADER);
	uint64_t features = r->xfeatures | (1ULL << 9);
	uint32_t mxcsr;

	/* A compacted image has an MXCSR only with the SSE state: xsavec leaves it alone where that is the initial one. */
	memcpy(&mxcsr, img + 24, 4);
	if ((mask & (h[1] & COMPACTED ? h[0] & 2 : 6)) && (mxcsr & ~0xffffU))
		return false;
	for (int i = 2; i < 8; i++)
		if (h[i])
			return false;
	if (h[1] & COMPACTED)
		return (h[1] & ~COMPACTED & ~features) == 0 && (h[0] & ~h[1]) == 0;
	return h[1] == 0 && (h[0] & ~features) == 0;
}

int
resident_xstate_load(struct task *t, uint64_t u, uint64_t mask)
{
	struct resident *r = t->k->resident;
	struct trap_task *rt = rt_of(t);
	size_t got;

	if (u & 63)
		return -EFAULT;
	/* The present state goes to the registers, where xrstor changes a part of it. */
	if (rt->xframe)
		resident_xrstor(r, rt->xframe);
	rt->xframe = NULL;
	memset(rt->xbuf, 0, r->xsave_size);
	got = copy_from_user_partial(t, rt->xbuf, UADDR(u), r->xsave_size);
	mask &= r->xfeatures;
	if (got < HEADER + 64 || !image_is_valid(r, rt->xbuf, mask))
		return -EFAULT;
	resident_xrstor_mask(rt->xbuf, mask);
	return 0;
}
