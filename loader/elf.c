/* SPDX-License-Identifier: MIT
 *
 * ELF file to load plan: Linux's binfmt_elf as far as it reads. Supervisor code, on libelf for the translation of the headers.
 *
 * Every byte is hostile. The headers are read by offset, once, into memory of our own, and looked at there; elf_begin() is not
 * used because it reads and checks section headers that no loader needs (and that a stripped or golfed program has not), at ten
 * times the price. What Linux refuses before the old program is gone is an error here; what it finds later (a segment that
 * cannot be mapped) is plan->late_error, so that a program sees execve() fail or dies exactly as it would there.
 *
 * Left out: i386 and x32 programs (a kernel without CONFIG_IA32_EMULATION), PT_GNU_PROPERTY (no IBT or shadow stacks to set up).
 */
#include <errno.h>
#include <libelf.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "loader/elf.h"

#define PHDRS_MAX    65536 /* bytes of program headers that Linux reads */
#define HEAD_BYTES   4096
#define TASK_SIZE_48 0x7ffffffff000UL

struct elf_source {
	int fd;
	uint64_t base_off;
	const unsigned char *head; /* the first bytes of the file */
	size_t head_len;
	bool whole_head; /* head is an image: there is nothing to pread from */
	struct load_plan *plan;
};

/* All of [off, off + n), or @short_error when the file ends before. An offset that no file has is EINVAL to who tells them apart. */
static int
source_read(struct elf_source *s, void *buf, size_t n, uint64_t off, int short_error)
{
	uint64_t at;
	size_t done = 0;

	if (off > INT64_MAX - n)
		return short_error == -EIO ? -EINVAL : short_error;
	if (off <= s->head_len && n <= s->head_len - off) {
		memcpy(buf, s->head + off, n);
		return 0;
	}
	if (s->whole_head) {
		s->plan->need = off + n;
		s->plan->need_error = short_error;
		return -EAGAIN;
	}
	if (__builtin_add_overflow(s->base_off, off, &at) || at > INT64_MAX - n)
		return short_error;
	while (done < n) {
		ssize_t r = pread(s->fd, (char *)buf + done, n - done, (off_t)(at + done));

		if (r < 0 && errno == EINTR)
			continue;
		if (r <= 0)
			return r < 0 && short_error != -ENOEXEC ? -EIO : short_error;
		done += (size_t)r;
	}
	return 0;
}

/* File bytes to structures of this machine; libelf checks the sizes. */
static bool
translate(void *dst, size_t dst_len, void *src, size_t src_len, Elf_Type type)
{
	Elf_Data to = { .d_buf = dst, .d_size = dst_len, .d_version = EV_CURRENT, .d_type = type };
	Elf_Data from = { .d_buf = src, .d_size = src_len, .d_version = EV_CURRENT, .d_type = type };

	return elf64_xlatetom(&to, &from, ELFDATA2LSB) != NULL;
}

static int
read_ehdr(struct elf_source *s, Elf64_Ehdr *eh)
{
	unsigned char raw[sizeof(*eh)] __attribute__((aligned(16)));
	int err = source_read(s, raw, sizeof(raw), 0, -ENOEXEC);

	if (err)
		return err;
	/* Class, data and version bytes are not looked at, as in Linux: small programs keep code there. */
	if (memcmp(raw, ELFMAG, SELFMAG) != 0 || !translate(eh, sizeof(*eh), raw, sizeof(raw), ELF_T_EHDR))
		return -ENOEXEC;
	s->plan->wrong_type = eh->e_type != ET_EXEC && eh->e_type != ET_DYN;
	if (eh->e_machine != EM_X86_64 || eh->e_phentsize != sizeof(Elf64_Phdr))
		return -ENOEXEC;
	if (eh->e_phnum == 0 || (size_t)eh->e_phnum * sizeof(Elf64_Phdr) > PHDRS_MAX)
		return -ENOEXEC;
	return 0;
}

static int
plan_interp(struct elf_source *s, const Elf64_Phdr *ph)
{
	struct load_plan *plan = s->plan;
	char path[PATH_MAX];
	int err;

	if (ph->p_filesz > PATH_MAX || ph->p_filesz < 2)
		return -ENOEXEC;
	err = source_read(s, path, ph->p_filesz, ph->p_offset, -EIO);
	if (err)
		return err;
	if (path[ph->p_filesz - 1] != '\0')
		return -ENOEXEC;
	plan->has_interp = true;
	plan->interp_off = ph->p_offset;
	plan->interp_len = (uint32_t)ph->p_filesz;
	if (ph->p_filesz <= sizeof(plan->interp))
		memcpy(plan->interp, path, ph->p_filesz);
	return 0;
}

/* The checks of a segment that can be mapped. Linux makes them in this order, with these errors, while it maps. */
static int
check_segment(const Elf64_Phdr *ph)
{
	uint64_t in_page = ph->p_vaddr & (PAGE_SIZE - 1), size;

	if (ph->p_vaddr >= TASK_SIZE_48)
		return ph->p_filesz ? -ENOMEM : -EINVAL;
	if (__builtin_add_overflow(ph->p_filesz, in_page + PAGE_SIZE - 1, &size))
		return -EINVAL;
	/* The offset has to be congruent to the address: the mapping starts at the page of both. */
	if (ph->p_filesz && ((ph->p_offset - in_page) & (PAGE_SIZE - 1) || ph->p_offset < in_page))
		return -EINVAL;
	if (ph->p_filesz > ph->p_memsz || ph->p_memsz > TASK_SIZE_48 || TASK_SIZE_48 - ph->p_memsz < ph->p_vaddr)
		return -EINVAL;
	if (ph->p_offset > INT64_MAX - size)
		return -EOVERFLOW;
	return 0;
}

static int
plan_segment(struct load_plan *plan, const Elf64_Ehdr *eh, const Elf64_Phdr *ph)
{
	uint64_t in_page = ph->p_vaddr & (PAGE_SIZE - 1), file_end, end;
	struct load_segment *seg;
	int err = check_segment(ph);

	if (err)
		return err;
	if (plan->nsegments == LOAD_MAX_SEGMENTS)
		return -ENOMEM;
	if (ph->p_memsz == 0)
		return 0;
	file_end = ph->p_vaddr + ph->p_filesz;
	end = ph->p_vaddr + ph->p_memsz;
	seg = &plan->segments[plan->nsegments++];
	*seg = (struct load_segment){ .vaddr = ph->p_vaddr - in_page, .mem_len = ph->p_memsz + in_page };
	if (ph->p_filesz) {
		seg->file_off = ph->p_offset - in_page;
		seg->file_len = ph->p_filesz + in_page;
	}
	seg->prot = (ph->p_flags & PF_R ? PROT_READ : 0) | (ph->p_flags & PF_W ? PROT_WRITE : 0) |
		    (ph->p_flags & PF_X ? PROT_EXEC : 0);

	if (ph->p_offset <= eh->e_phoff && eh->e_phoff - ph->p_offset < ph->p_filesz)
		plan->phdr_vaddr = eh->e_phoff - ph->p_offset + ph->p_vaddr;
	plan->min_vaddr = MIN(plan->min_vaddr, seg->vaddr);
	plan->max_vaddr = MAX(plan->max_vaddr, ALIGN_UP(end, PAGE_SIZE));
	plan->brk = MAX(plan->brk, end);
	if (ph->p_flags & PF_X) {
		plan->start_code = MIN(plan->start_code, ph->p_vaddr);
		plan->end_code = MAX(plan->end_code, file_end);
	}
	plan->start_data = MAX(plan->start_data, ph->p_vaddr);
	plan->end_data = MAX(plan->end_data, file_end);
	if (ph->p_align > plan->align && (ph->p_align & (ph->p_align - 1)) == 0)
		plan->align = ph->p_align;
	return 0;
}

/* The first error a mapping loop would meet is the one kept. */
static void
plan_segments(struct load_plan *plan, const Elf64_Ehdr *eh, const Elf64_Phdr *ph)
{
	bool loads = false;

	plan->min_vaddr = plan->start_code = UINT64_MAX;
	plan->align = PAGE_SIZE;
	for (unsigned int i = 0; i < eh->e_phnum && !plan->late_error; i++)
		if (ph[i].p_type == PT_LOAD) {
			plan->late_error = plan_segment(plan, eh, &ph[i]);
			loads = true;
		}
	if (plan->nsegments == 0) {
		plan->min_vaddr = 0;
		/* Nothing of its own is no error in a program that is all interpreter, but a span of nothing cannot be placed. */
		if (!plan->late_error && (!plan->has_interp || (plan->dyn && loads)))
			plan->late_error = -EINVAL;
	}
	if (plan->start_code == UINT64_MAX)
		plan->start_code = 0;
}

static int
plan_headers(struct elf_source *s, const Elf64_Ehdr *eh, Elf64_Phdr *ph, size_t size)
{
	struct load_plan *plan = s->plan;
	int err = source_read(s, ph, size, eh->e_phoff, -ENOEXEC);

	if (err)
		return err;
	if (!translate(ph, size, ph, size, ELF_T_PHDR))
		return -ENOEXEC;
	for (unsigned int i = 0; i < eh->e_phnum && !plan->has_interp && !plan->wrong_type; i++)
		if (ph[i].p_type == PT_INTERP && (err = plan_interp(s, &ph[i])) != 0)
			return err;
	for (unsigned int i = 0; i < eh->e_phnum; i++)
		if (ph[i].p_type == PT_GNU_STACK)
			plan->exec_stack = (ph[i].p_flags & PF_X) != 0;
	plan->dyn = eh->e_type == ET_DYN;
	plan->entry = eh->e_entry;
	plan->phnum = eh->e_phnum;
	plan->phentsize = eh->e_phentsize;
	plan_segments(plan, eh, ph);
	if (plan->wrong_type)
		plan->late_error = -EINVAL;
	return 0;
}

int
elf_load_plan(int fd, uint64_t base_off, const void *image, size_t image_len, struct load_plan *plan)
{
	unsigned char head[HEAD_BYTES];
	struct elf_source s = { .fd = fd, .base_off = base_off, .plan = plan };
	Elf64_Phdr *ph;
	Elf64_Ehdr eh;
	size_t size;
	int err;

	memset(plan, 0, offsetof(struct load_plan, segments));
	if (elf_version(EV_CURRENT) == EV_NONE)
		return -ENOEXEC;
	if (fd < 0) {
		s.head = image;
		s.head_len = image_len;
		s.whole_head = true;
	} else {
		ssize_t n;

		do
			n = base_off > INT64_MAX ? 0 : pread(fd, head, sizeof(head), (off_t)base_off);
		while (n < 0 && errno == EINTR);
		if (n < 0)
			return -EIO;
		s.head = head;
		s.head_len = (size_t)n;
	}
	err = read_ehdr(&s, &eh);
	if (err)
		return err;
	size = (size_t)eh.e_phnum * sizeof(*ph);
	ph = malloc(size);
	if (!ph)
		return -ENOMEM;
	err = plan_headers(&s, &eh, ph, size);
	free(ph);
	return err;
}
