/* SPDX-License-Identifier: MIT
 *
 * Code for trampolines.
 */
#include "trap/resident/emit.h"

#include "kernel/types.h"

void
emit(struct emit *e, const void *p, size_t n)
{
	if (e->n + n > sizeof(e->buf)) {
		e->far = true;
		return;
	}
	memcpy(e->buf + e->n, p, n);
	e->n += (unsigned int)n;
}

void
emit8(struct emit *e, uint8_t b)
{
	emit(e, &b, 1);
}

void
emit32(struct emit *e, int64_t v)
{
	int32_t w = (int32_t)v;

	e->far |= w != v;
	emit(e, &w, 4);
}

void
emit_rel32(struct emit *e, int64_t target)
{
	emit32(e, target - (e->at + e->n + 4));
}

void
emit_moved(struct emit *e, const uint8_t *text, uint64_t from, const struct insn *in)
{
	int64_t here = e->at + e->n;
	int32_t disp;

	if (in->kind == INSN_JCC) {
		emit8(e, 0x0f);
		emit8(e, 0x80 | (in->op & 15));
		emit_rel32(e, (int64_t)from + insn_target(text + from, in));
		return;
	}
	if (!in->rip_relative) {
		emit(e, text + from, in->len);
		return;
	}
	memcpy(&disp, text + from + in->disp_at, 4);
	emit(e, text + from, in->disp_at);
	emit32(e, disp + (int64_t)from - here);
	emit(e, text + from + in->disp_at + 4, in->len - in->disp_at - 4U);
}
