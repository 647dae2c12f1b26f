/* SPDX-License-Identifier: MIT
 *
 * Instruction boundaries around a place in a file's text. Decoding from the wrong byte falls into step after a few instructions: so it is
 * begun at many places before. Those that meet something invalid on the way say nothing; of the others nearly all must come to the
 * instruction, and enough of them. Data does not decode that way, or not for long.
 */
#include <capstone/capstone.h>
#include <dlfcn.h>
#include <pthread.h>
#include <string.h>

#include "trap/resident/boot.h"

#define STARTS 40
#define BACK   64
#define AGREE  16

/* Instructions that capstone 4 does not know: it stops there. */
static const unsigned char wrpkru[] = { 0x0f, 0x01, 0xef }, rdpkru[] = { 0x0f, 0x01, 0xee };

/*
 * Most instances never decode, and loading the library (it has ten thousand addresses to relocate) would be a fifth of their start.
 * So it is loaded when it is wanted.
 */
static struct {
	__typeof__(cs_open) *open;
	__typeof__(cs_close) *close;
	__typeof__(cs_malloc) *malloc;
	__typeof__(cs_free) *free;
	__typeof__(cs_disasm_iter) *disasm_iter;
} capstone;

#define SONAME2(major) "libcapstone.so." #major
#define SONAME(major)  SONAME2(major)

static void
load_capstone(void)
{
	void *lib = dlopen(SONAME(CS_API_MAJOR), RTLD_NOW | RTLD_LOCAL);

	if (!lib)
		return;
	capstone.close = (__typeof__(cs_close) *)dlsym(lib, "cs_close");
	capstone.malloc = (__typeof__(cs_malloc) *)dlsym(lib, "cs_malloc");
	capstone.free = (__typeof__(cs_free) *)dlsym(lib, "cs_free");
	capstone.disasm_iter = (__typeof__(cs_disasm_iter) *)dlsym(lib, "cs_disasm_iter");
	if (capstone.close && capstone.malloc && capstone.free && capstone.disasm_iter)
		capstone.open = (__typeof__(cs_open) *)dlsym(lib, "cs_open");
}

bool
resident_decode_prepare(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	pthread_once(&once, load_capstone);
	return capstone.open != NULL;
}

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
		if (!capstone.disasm_iter(cs, &code, &left, &addr, insn))
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

	if (!resident_decode_prepare() || capstone.open(CS_ARCH_X86, CS_MODE_64, &cs) != CS_ERR_OK)
		return 0;
	insn = capstone.malloc(cs);
	for (int i = 0; insn && i < STARTS; i++)
		count[reaches(cs, insn, p - BACK + i, p)]++;
	if (insn)
		capstone.free(insn, 1);
	capstone.close(&cs);
	return count[REACHED] >= AGREE && count[MISSED] * 8 <= count[REACHED];
}
