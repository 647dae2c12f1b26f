/* SPDX-License-Identifier: MIT
 *
 * What the text cache would make of ELF files: call sites patched and left, places with forbidden bytes hidden and left, pages that
 * stay without execute. `make scan-text` looks at everything in the host's library directory. With -v a line a file.
 */
#include <elf.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "mm/text.h"
#include "trap/resident/patch.h"
#include "trap/resident/ranges.h"

#define MARGIN	  64
#define TRAMPS	  65536
#define SITES_MAX 2048

struct counts {
	unsigned long files, bytes, syscalls, patched, matches, hidden, left, pages;
	double ms;
};

static uint8_t tramps[MARGIN + TRAMPS + MARGIN];
static struct site sites[SITES_MAX];

static unsigned long
count_matches(const uint8_t *text, uint64_t n)
{
	unsigned long found = 0;

	for (uint64_t i = 0; i + 3 <= n; i++)
		found += text[i] == 0x0f && text_match(text + i) != TEXT_NONE;
	return found;
}

static double
now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static void
scan_segment(int fd, const uint8_t *bytes, uint64_t n, uint64_t off, struct counts *c)
{
	uint64_t len = (n + PAGE_SIZE - 1) / PAGE_SIZE * PAGE_SIZE;
	uint8_t *room = calloc(1, len + 2 * MARGIN), *text = room + MARGIN;
	struct text_range code[8];
	struct patch p = { .text = text,
			   .len = len,
			   .tramps = tramps + MARGIN,
			   .tramps_len = TRAMPS,
			   .distance = -(int64_t)(off + TRAMPS),
			   .vet = true,
			   .code = code,
			   .ncode = text_ranges(HFD(fd), off, len, code, 8),
			   .sites = sites,
			   .max_sites = SITES_MAX };
	double start;

	if (!room)
		exit(1);
	memcpy(text, bytes, n);
	for (uint64_t i = 0; i + 2 <= n; i++)
		c->syscalls += text[i] == 0x0f && text[i + 1] == 0x05;
	c->bytes += n;
	c->matches += count_matches(text, n);
	start = now();
	patch_begin(&p);
	c->hidden += patch_hide(&p);
	c->patched += patch_sites(&p);
	c->ms += now() - start;
	c->left += count_matches(text, n);
	for (uint64_t i = 0; i < len; i += PAGE_SIZE)
		c->pages += !text_is_clean(text + i, PAGE_SIZE);
	free(room);
}

static void
scan_file(const char *path, struct counts *c)
{
	struct stat st;
	int fd = open(path, O_RDONLY);
	const uint8_t *m;
	const Elf64_Ehdr *e;
	const Elf64_Phdr *ph;

	if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || st.st_size < (off_t)sizeof(*e)) {
		if (fd >= 0)
			close(fd);
		return;
	}
	m = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (m == MAP_FAILED) {
		close(fd);
		return;
	}
	e = (const Elf64_Ehdr *)m;
	if (memcmp(e->e_ident, "\177ELF\2", 5) == 0 && e->e_machine == EM_X86_64 && e->e_phoff &&
	    e->e_phoff + e->e_phnum * sizeof(*ph) <= (uint64_t)st.st_size) {
		ph = (const Elf64_Phdr *)(m + e->e_phoff);
		c->files++;
		for (int i = 0; i < e->e_phnum; i++)
			if (ph[i].p_type == PT_LOAD && (ph[i].p_flags & PF_X) && ph[i].p_filesz &&
			    ph[i].p_offset + ph[i].p_filesz <= (uint64_t)st.st_size)
				scan_segment(fd, m + ph[i].p_offset, ph[i].p_filesz, ph[i].p_offset, c);
	}
	munmap((void *)(uintptr_t)m, (size_t)st.st_size);
	close(fd);
}

static void
print(const char *what, const struct counts *c)
{
	printf("%s: %lu of %lu syscall bytes patched; %lu forbidden places, %lu hidden, %lu left on %lu pages; %lu KiB in %.1f ms\n", what,
	       c->patched, c->syscalls, c->matches, c->hidden, c->left, c->pages, c->bytes / 1024, c->ms);
}

int
main(int argc, char **argv)
{
	struct counts all = { 0 };
	bool verbose = argc > 1 && strcmp(argv[1], "-v") == 0;

	for (int i = 1 + verbose; i < argc; i++) {
		struct counts one = { 0 };

		scan_file(argv[i], &one);
		if (one.files && (verbose || one.left))
			print(argv[i], &one);
		all.files += one.files;
		all.bytes += one.bytes;
		all.syscalls += one.syscalls;
		all.patched += one.patched;
		all.matches += one.matches;
		all.hidden += one.hidden;
		all.left += one.left;
		all.pages += one.pages;
		all.ms += one.ms;
	}
	printf("%lu files\n", all.files);
	print("all", &all);
	return 0;
}
