/* SPDX-License-Identifier: MIT
 *
 * Call-site patches. A site is `mov $nr, %eax; syscall` (5 + 2 bytes): the mov becomes `jmp trampoline`, the syscall stays, so that a jump
 * straight to it still works, through SIGSYS. A trampoline sets rcx to the address behind the site and eax to the number, and jumps to the
 * gate through the task's selector page, so that it holds no address of the kernel.
 *
 * Sites are found by their bytes, b8 NR 00 00 0f 05 with NR a number the table has, at any offset. Seven given bytes at a place that
 * is not such a pair of instructions have a chance of one in 10^14 a byte; text is never data here but in jump tables, whose entries
 * are small or are addresses.
 *
 * Left out: sites of other shapes (`xor %eax, %eax; syscall`, syscall(2), Go's), which stay with SIGSYS.
 */
#include "trap/resident/patch.h"

#include "kernel/types.h"
#include "trap/resident/resident.h"

#define MAX_NR	   460
#define SITE_SIZE  7
#define TRAMP_SIZE 24

static bool
is_site(const uint8_t *p)
{
	return p[0] == 0xb8 && p[3] == 0 && p[4] == 0 && p[5] == 0x0f && p[6] == 0x05 && (p[1] | p[2] << 8) < MAX_NR;
}

static void
put32(uint8_t *p, int64_t v)
{
	uint32_t w = (uint32_t)v;

	memcpy(p, &w, 4);
}

/* lea site_end(%rip), %rcx; mov $nr, %eax; jmp *%gs:(RES_SEL_OFF + SEL_GATE) */
static void
write_trampoline(uint8_t *p, int64_t to_site_end, uint32_t nr)
{
	static const uint8_t lea[] = { 0x48, 0x8d, 0x0d }, jmp[] = { 0x65, 0xff, 0x24, 0x25 };

	memcpy(p, lea, 3);
	put32(p + 3, to_site_end - 7);
	p[7] = 0xb8;
	put32(p + 8, nr);
	memcpy(p + 12, jmp, 4);
	put32(p + 16, RES_SEL_OFF + SEL_GATE);
	memset(p + 20, 0xcc, TRAMP_SIZE - 20);
}

uint32_t
patch_text(uint8_t *text, uint64_t len, uint8_t *tramps, uint64_t tramps_len, int64_t distance)
{
	uint32_t n = 0;

	for (uint64_t i = 0; i + SITE_SIZE <= len; i++) {
		int64_t tramp = distance + (int64_t)n * TRAMP_SIZE; /* from the start of the text */
		uint32_t nr;

		if (text[i] != 0xb8 || !is_site(text + i))
			continue;
		if ((uint64_t)(n + 1) * TRAMP_SIZE > tramps_len)
			break;
		nr = (uint32_t)(text[i + 1] | text[i + 2] << 8);
		write_trampoline(tramps + (uint64_t)n * TRAMP_SIZE, (int64_t)i + SITE_SIZE - tramp, nr);
		text[i] = 0xe9;
		put32(text + i + 1, tramp - (int64_t)i - 5);
		n++;
		i += SITE_SIZE - 1;
	}
	return n;
}
