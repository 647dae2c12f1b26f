/* SPDX-License-Identifier: MIT
 *
 * xrstor on behalf of a program, where text_rewrite() has made it ud0: any image, any mask, never PKRU. The image is copied first; what would make the instruction fault in
 * the kernel is refused here, as the fault it would have been.
 *
 * An image that ends at the end of a mapping may be shorter than the largest one: what cannot be read counts as zeros.
 */
#include "kernel/errno.h"
#include "kernel/signal.h"
#include "kernel/xsave.h"
#include "mm/text.h"
#include "mm/uaccess.h"
#include "trap/resident/resident.h"

#define HEADER	  512
#define COMPACTED (1ULL << 63)

static bool
image_is_valid(const struct resident *r, const uint8_t *img, uint64_t mask)
{
	const uint64_t *h = (const uint64_t *)(img + HEADER);
	uint64_t features = r->xfeatures | (1ULL << 9);
	uint32_t mxcsr;

	/* A compacted image has an MXCSR only with the SSE state: xsavec leaves it alone where that is the initial one. */
	memcpy(&mxcsr, img + 24, 4);
	if ((mask & (h[1] & COMPACTED ? h[0] & 2 : 6)) && (mxcsr & ~0xffbfU) && (mxcsr & ~mxcsr_mask()))
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

static bool
is_prefix(uint8_t b)
{
	switch (b) {
	case 0x26: case 0x2e: case 0x36: case 0x3e: case 0x64: case 0x65: case 0x66: case 0x67: case 0xf0: case 0xf2:
		return true;
	default:
		return (b & 0xf0) == 0x40;
	}
}

/* Where the memory operand of the instruction at @m (its modrm byte) is. */
static uint64_t
operand_address(const struct pt_regs *r, const uint8_t *m, uint8_t rex, uint8_t seg, uint64_t start, bool addr32)
{
	const uint64_t reg[16] = { r->rax, r->rcx, r->rdx, r->rbx, r->rsp, r->rbp, r->rsi, r->rdi,
				   r->r8,  r->r9,  r->r10, r->r11, r->r12, r->r13, r->r14, r->r15 };
	const uint8_t *p = m + 1;
	uint8_t mod = m[0] >> 6, rm = m[0] & 7;
	uint64_t a = 0;
	int32_t disp = 0;
	bool wide = mod == 2, rip = false;

	if (rm == 4) {
		uint8_t sib = *p++, index = ((sib >> 3) & 7) | (rex & 2 ? 8 : 0);

		if (index != 4)
			a = reg[index] << (sib >> 6);
		if ((sib & 7) == 5 && mod == 0)
			wide = true;
		else
			a += reg[(sib & 7) | (rex & 1 ? 8 : 0)];
	} else if (rm == 5 && mod == 0) {
		wide = rip = true;
	} else {
		a = reg[rm | (rex & 1 ? 8 : 0)];
	}
	if (wide) {
		memcpy(&disp, p, 4);
		p += 4;
	} else if (mod == 1) {
		disp = (int8_t)*p++;
	}
	a += (uint64_t)(int64_t)disp;
	if (rip)
		a += start;
	if (addr32)
		a = (uint32_t)a;
	return a + (seg == 0x64 ? r->fs_base : 0); /* %gs of a program is based at 0 */
}

/* Bytes of the instruction behind its modrm byte. */
static unsigned int
operand_length(const uint8_t *m)
{
	uint8_t mod = m[0] >> 6, rm = m[0] & 7;
	unsigned int n = rm == 4 ? 1 : 0;

	if (mod == 1)
		return n + 1;
	if (mod == 2 || (mod == 0 && (rm == 5 || (rm == 4 && (m[1] & 7) == 5))))
		return n + 4;
	return n;
}

/* ud0 at @at, prefixes before it. Returns its length with prefixes, 0 if it is not one of ours. */
static unsigned int
parse(const uint8_t *b, size_t have, uint8_t *rex, uint8_t *seg, bool *addr32, const uint8_t **modrm)
{
	size_t i = 0;

	*rex = *seg = 0;
	*addr32 = false;
	while (i < have && is_prefix(b[i])) {
		*rex = (b[i] & 0xf0) == 0x40 ? b[i] : 0;
		*addr32 |= b[i] == 0x67;
		if (b[i] == 0x64 || b[i] == 0x65)
			*seg = b[i];
		i++;
	}
	if (i + 3 > have || b[i] != 0x0f || b[i + 1] != 0xff || b[i + 2] >= 0xc0 || ((b[i + 2] >> 3) & 7) != 5)
		return 0;
	*modrm = b + i + 2;
	i += 3 + operand_length(*modrm);
	return i <= have ? (unsigned int)i : 0;
}

bool
text_emulate(struct task *t)
{
	struct pt_regs *r = &t->regs;
	uint8_t b[32], rex, seg;
	const uint8_t *modrm;
	unsigned int len;
	uint64_t addr;
	bool addr32;

	memset(b, 0, sizeof(b));
	len = parse(b, copy_from_user_partial(t, b, UADDR(r->rip), 15), &rex, &seg, &addr32, &modrm);
	if (len == 0)
		return false;
	addr = operand_address(r, modrm, rex, seg, r->rip + len, addr32);
	if (resident_xstate_load(t, addr, (r->rdx << 32) | (uint32_t)r->rax))
		force_sig_fault(t, 11, 128, 0);
	else
		r->rip += len;
	return true;
}
