/* SPDX-License-Identifier: MIT
 *
 * Images of extended state that come back from a signal frame. Linux has the processor load them from user memory and sends SIGSEGV when
 * it refuses; here they are copied first, and what it would refuse is found by looking.
 *
 * Left out: compacted images, which no frame has. They are refused.
 */
#include <asm/sigcontext.h>

#include "kernel/errno.h"
#include "kernel/xsave.h"
#include "mm/uaccess.h"

#define MXCSR_AT    24
#define MASK_AT	    28
#define X87_BYTES   24 /* control words and pointers; the registers are from 32 on, those of SSE from 160 */
#define ST_AT	    32
#define XMM_AT	    160
#define SW_AT	    464 /* struct _fpx_sw_bytes */
#define FCW_INIT    0x37f
#define MXCSR_INIT  0x1f80u
#define MXCSR_OLD   0xffbfu /* of processors that do not tell */

uint32_t
mxcsr_mask(void)
{
	uint8_t area[XSAVE_LEGACY] __attribute__((aligned(16)));
	uint32_t mask;

	memset(area, 0, sizeof(area));
	__asm__ volatile("fxsave64 %0" : "+m"(area));
	memcpy(&mask, area + MASK_AT, sizeof(mask));
	return mask ? mask : MXCSR_OLD;
}

static uint64_t
xcr0(void)
{
	uint32_t low, high;

	__asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
	return (uint64_t)high << 32 | low;
}

/* Whether the frame has all components, and which it wants restored. With anything odd about that it counts as x87 and SSE alone. */
static int
look_at_size(struct task *t, uint64_t u, const uint8_t *img, size_t size, uint64_t *features, bool *whole)
{
	struct _fpx_sw_bytes sw;
	uint32_t magic2;

	memcpy(&sw, img + SW_AT, sizeof(sw));
	*whole = false;
	*features = XFEATURES_FPSSE;
	if (sw.magic1 != FP_XSTATE_MAGIC1 || sw.xstate_size < XSAVE_LEGACY + XSAVE_HEADER || sw.xstate_size > size ||
	    sw.xstate_size > sw.extended_size)
		return 0;
	if (copy_in(t, &magic2, UADDR(u + sw.xstate_size)))
		return -EFAULT;
	if (magic2 != FP_XSTATE_MAGIC2)
		return 0;
	*whole = true;
	*features = sw.xfeatures;
	return 0;
}

/* The rest of a whole image. What lies behind it, in a frame for a smaller processor, is zero. */
static int
read_components(struct task *t, uint64_t u, uint8_t *img, size_t size)
{
	const uint64_t *header = (const uint64_t *)(img + XSAVE_LEGACY);
	uint32_t n;

	memcpy(&n, img + SW_AT + offsetof(struct _fpx_sw_bytes, xstate_size), sizeof(n));
	if (copy_from_user(t, img + XSAVE_LEGACY, UADDR(u + XSAVE_LEGACY), n - XSAVE_LEGACY))
		return -EFAULT;
	memset(img + n, 0, size - n);
	return (header[0] & ~xcr0()) || header[1] || header[2] ? -EFAULT : 0;
}

/* Components that are not restored, or that the image says are initial, become so. */
static void
set_initial(uint8_t *img, uint64_t present, uint64_t wanted)
{
	uint16_t fcw = FCW_INIT;
	uint32_t mxcsr = MXCSR_INIT;

	if (!(present & 1)) {
		memset(img, 0, X87_BYTES);
		memset(img + ST_AT, 0, XMM_AT - ST_AT);
		memcpy(img, &fcw, sizeof(fcw));
	}
	if (!(present & 2))
		memset(img + XMM_AT, 0, SW_AT - XMM_AT);
	if (!(wanted & 2)) /* it comes with the request, not with the registers */
		memcpy(img + MXCSR_AT, &mxcsr, sizeof(mxcsr));
}

int
xsave_read_frame(struct task *t, uint64_t u, uint8_t *img, size_t size, uint64_t features)
{
	uint64_t *header = (uint64_t *)(img + XSAVE_LEGACY), wanted, present;
	uint32_t mxcsr;
	bool whole;

	if (copy_from_user(t, img, UADDR(u), XSAVE_LEGACY) || look_at_size(t, u, img, size, &wanted, &whole))
		return -EFAULT;
	if (u & (whole ? 63 : 15))
		return -EFAULT;
	if (whole && read_components(t, u, img, size))
		return -EFAULT;
	memcpy(&mxcsr, img + MXCSR_AT, sizeof(mxcsr));
	if ((wanted & 6) && (mxcsr & ~0xffbfu) && (mxcsr & ~mxcsr_mask()))
		return -EFAULT;
	if (!whole)
		memset(img + XSAVE_LEGACY, 0, size - XSAVE_LEGACY);
	present = whole ? header[0] & wanted & features : XFEATURES_FPSSE;
	set_initial(img, present, wanted);
	memset(img + SW_AT, 0, XSAVE_LEGACY - SW_AT);
	memset(header, 0, XSAVE_HEADER);
	header[0] = present | XFEATURES_FPSSE;
	return 0;
}
