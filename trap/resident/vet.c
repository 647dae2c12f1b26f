/* SPDX-License-Identifier: MIT
 *
 * What a program must not execute. The bytes, at any offset, since a program can jump to any:
 * - wrpkru, 0f 01 ef;
 * - xrstor, 0f ae /5 with a memory operand (bit 9 of its mask loads PKRU). The register form is lfence;
 * - wrgsbase, f3 [prefixes] 0f ae /3 with a register: the way into the kernel finds the task by %gs.
 * wrfsbase is harmless (the kernel uses no %fs), xrstors is not for programs, fxrstor knows nothing of PKRU.
 */
#include "kernel/types.h"
#include "mm/text.h"

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

/* An instruction has at most 15 bytes. */
static bool
has_f3(const uint8_t *p)
{
	for (int i = 1; i <= 12; i++) {
		if (p[-i] == 0xf3)
			return true;
		if (!is_prefix(p[-i]))
			return false;
	}
	return false;
}

enum text_insn
text_match(const uint8_t *p)
{
	uint8_t reg = (p[2] >> 3) & 7;

	if (p[0] != 0x0f)
		return TEXT_NONE;
	if (p[1] == 0x01)
		return p[2] == 0xef ? TEXT_WRPKRU : TEXT_NONE;
	if (p[1] != 0xae)
		return TEXT_NONE;
	if (p[2] < 0xc0)
		return reg == 5 ? TEXT_XRSTOR : TEXT_NONE;
	return reg == 3 && has_f3(p) ? TEXT_WRGSBASE : TEXT_NONE;
}

bool
text_is_clean(const uint8_t *buf, uint64_t n)
{
	for (int64_t i = -2; i < (int64_t)n; i++)
		if (buf[i] == 0x0f && text_match(buf + i) != TEXT_NONE)
			return false;
	/* wrgsbase behind the range, whose prefixes may be in it */
	for (uint64_t i = n; i < n + TEXT_CONTEXT - 2; i++)
		if (text_match(buf + i) == TEXT_WRGSBASE)
			return false;
	return true;
}
