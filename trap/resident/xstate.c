/* SPDX-License-Identifier: MIT
 *
 * Extended state of the current task: in the registers (kernel code leaves them alone), or in the host's signal frame it came in
 * with, or, once changed, in the buffer of its host thread. Images are in the standard format with sw_reserved, as in a signal frame.
 */
#include "kernel/errno.h"
#include "kernel/xsave.h"
#include "mm/uaccess.h"
#include "trap/resident/resident.h"
#include "trap/resident/vetted.h"

#define FP_MAGIC1   0x46505853U
#define FP_MAGIC2   0x46505845U
#define FXSAVE_SIZE 512
#define SW_RESERVED 464

struct sw_bytes {
	uint32_t magic1, extended_size;
	uint64_t xfeatures;
	uint32_t xstate_size, pad[7];
};

/* A program that jumps here with bit 9 of its own mask set does not come further than ud2. */
void
resident_xrstor_mask(const uint8_t *img, uint64_t mask)
{
	__asm__ volatile(VETTED("xrstor64 (%0)") "test $0x200, %%eax\n\tjz 1f\n\tud2\n1:"
			 : : "r"(img), "a"((uint32_t)mask), "d"((uint32_t)(mask >> 32)) : "memory", "cc");
}

void
resident_xrstor(struct resident *r, const uint8_t *img)
{
	resident_xrstor_mask(img, r->xfeatures);
}

void
resident_xsave(struct resident *r, uint8_t *img)
{
	memset(img + FXSAVE_SIZE, 0, 64);
	__asm__ volatile("xsave64 (%0)" : : "r"(img), "a"((uint32_t)r->xfeatures), "d"((uint32_t)(r->xfeatures >> 32)) : "memory");
}

size_t
resident_xstate_size(struct task *t)
{
	return t->k->resident->xsave_size + 4;
}

int
resident_xstate_save(struct task *t, uint64_t u)
{
	struct resident *r = t->k->resident;
	struct trap_task *rt = rt_of(t);
	struct sw_bytes sw = { FP_MAGIC1, r->xsave_size + 4, r->xfeatures, r->xsave_size, { 0 } };
	uint32_t magic2 = FP_MAGIC2;

	if (!rt->xframe)
		resident_xsave(r, rt->xbuf);
	else if (rt->xframe != rt->xbuf)
		memcpy(rt->xbuf, rt->xframe, r->xsave_size);
	rt->xframe = rt->xbuf;
	*(uint64_t *)(rt->xbuf + FXSAVE_SIZE) = (*(uint64_t *)(rt->xbuf + FXSAVE_SIZE) & r->xfeatures) | XFEATURES_FPSSE;
	memcpy(rt->xbuf + SW_RESERVED, &sw, sizeof(sw));
	memcpy(rt->xbuf + r->xsave_size, &magic2, 4);
	return copy_to_user(t, UADDR(u), rt->xbuf, r->xsave_size + 4);
}

static void
initial_state(uint8_t *img, uint32_t size)
{
	uint16_t fcw = 0x37f;
	uint32_t mxcsr = 0x1f80;

	memset(img, 0, size);
	memcpy(img, &fcw, 2);
	memcpy(img + 24, &mxcsr, 4);
}

int
resident_xstate_restore(struct task *t, uint64_t u)
{
	struct resident *r = t->k->resident;
	struct trap_task *rt = rt_of(t);

	rt->xframe = rt->xbuf;
	return xsave_read_frame(t, u, rt->xbuf, r->xsave_size, r->xfeatures);
}

int
resident_xstate_reset(struct task *t)
{
	struct trap_task *rt = rt_of(t);

	initial_state(rt->xbuf, t->k->resident->xsave_size);
	rt->xframe = rt->xbuf;
	return 0;
}
