/* SPDX-License-Identifier: MIT
 *
 * Instruction boundaries around a place in a file's text. Decoding from the wrong byte falls into step after a few instructions: so it is
 * begun at many places before. Those that meet something invalid on the way say nothing; of the others nearly all must come to the
 * instruction, and enough of them. Data does not decode that way, or not for long.
 */
#include <capstone/capstone.h>
#include <string.h>

#include "trap/resident/boot.h"

#define STARTS 40
#define BACK   64
#define AGREE  16

/* Instructions that capstone 4 does not know: it stops there. */
static const unsigned char wrpkru[] = { 0x0f, 0x01, 0xef }, rdpkru[] = { 0x0f, 0x01, 0xee };

enum verdict { INVALID, MISSED, REACHED };

static enum verdict
reaches(csh cs, cs_insn *insn, const unsigned char *from, const unsigned char *p)
{
	const uint8_t *code = from;
	size_t left = (size_t)(p - from) + 16;
	uint64_t addr = 0;

	while (code <= p) {
		if (code < p && memcmp(code, rdpkru, sizeof(rdpkru)) == 0) {
			code += sizeof(rdpkru);
			left -= sizeof(rdpkru);
			continue;
		}
		if (!cs_disasm_iter(cs, &code, &left, &addr, insn))
			break;
		if (code - insn->size > p)
			return MISSED;
		if (code <= p)
			continue;
		switch (insn->id) {
		case X86_INS_XRSTOR:
		case X86_INS_XRSTOR64:
		case X86_INS_WRGSBASE:
			return REACHED;
		default:
			return MISSED;
		}
	}
	return code == p && memcmp(p, wrpkru, sizeof(wrpkru)) == 0 ? REACHED : INVALID;
}

int
resident_decode(const unsigned char *p)
{
	unsigned int count[3] = { 0, 0, 0 };
	cs_insn *insn;
	csh cs;

	if (cs_open(CS_ARCH_X86, CS_MODE_64, &cs) != CS_ERR_OK)
		return 0;
	insn = cs_malloc(cs);
	for (int i = 0; insn && i < STARTS; i++)
		count[reaches(cs, insn, p - BACK + i, p)]++;
	if (insn)
		cs_free(insn, 1);
	cs_close(&cs);
	return count[REACHED] >= AGREE && count[MISSED] * 8 <= count[REACHED];
}
