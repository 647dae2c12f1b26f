/* SPDX-License-Identifier: MIT
 *
 * Executable sections of an ELF file. Some linkers put text and read-only data into one segment; the table of sections, which nothing
 * but tools looks at otherwise, tells which is which. It is not believed further than that: a file without one is taken as text.
 */
#include "trap/resident/ranges.h"

#include <linux/elf.h>
#include <asm/unistd.h>

#include "trap/host.h"

#define BATCH	     16	 /* section headers read at once */
#define SECTIONS_MAX 4096
#define JOIN	     256 /* ranges that near to each other are one: the padding between sections */

static bool
read_at(hfd_t fd, void *to, size_t n, uint64_t off)
{
	return host_call4(__NR_pread64, fd.fd, to, n, off) == (int64_t)n;
}

/* Sections mostly come in the order of their places; one that does not is joined with all between. */
static uint32_t
add(struct text_range *out, uint32_t n, uint32_t max, uint64_t start, uint64_t end)
{
	struct text_range *last = out + n - 1;

	if (n > 0 && (start < last->end + JOIN || n == max)) {
		while (n > 1 && start < out[n - 2].end + JOIN) {
			out[n - 2].end = MAX(out[n - 2].end, out[n - 1].end);
			n--;
		}
		last = out + n - 1;
		last->start = MIN(last->start, start);
		last->end = MAX(last->end, end);
		return n;
	}
	out[n] = (struct text_range){ start, end };
	return n + 1;
}

uint32_t
text_ranges(hfd_t fd, uint64_t off, uint64_t len, struct text_range *out, uint32_t max)
{
	struct elf64_shdr sh[BATCH];
	struct elf64_hdr h;
	uint32_t n = 0;

	if (!read_at(fd, &h, sizeof(h), 0) || memcmp(h.e_ident, ELFMAG, SELFMAG) != 0 || h.e_ident[EI_CLASS] != ELFCLASS64 ||
	    h.e_shentsize != sizeof(sh[0]) || h.e_shnum < 2 || h.e_shnum > SECTIONS_MAX)
		goto all;
	for (uint32_t i = 0; i < h.e_shnum; i++) {
		const struct elf64_shdr *s = &sh[i % BATCH];
		uint64_t start, end;

		if (i % BATCH == 0 && !read_at(fd, sh, sizeof(sh[0]) * MIN(h.e_shnum - i, (uint32_t)BATCH), h.e_shoff + i * sizeof(sh[0])))
			goto all;
		if (!(s->sh_flags & SHF_EXECINSTR) || s->sh_type != SHT_PROGBITS || s->sh_offset + s->sh_size < s->sh_offset)
			continue;
		start = MAX(s->sh_offset, off);
		end = MIN(s->sh_offset + s->sh_size, off + len);
		if (start < end)
			n = add(out, n, max, start - off, end - off);
	}
	if (n > 0)
		return n;
all:
	out[0] = (struct text_range){ 0, len };
	return 1;
}
