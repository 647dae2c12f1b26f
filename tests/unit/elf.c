/* SPDX-License-Identifier: MIT
 *
 * Load plans of crafted files: what is taken, what is refused and with which error, and what is left for the mapping to refuse.
 */
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "loader/elf.h"
#include "tests/fuzz/make-elf.h"

static struct load_plan plan;

static int
plan_of(const struct made_elf *e)
{
	return elf_load_plan(-1, 0, e, sizeof(*e), &plan);
}

Test(elf, a_whole_program)
{
	struct made_elf e;

	made_elf_init(&e, ET_DYN, 0);
	cr_assert_eq(plan_of(&e), 0);
	cr_assert_eq(plan.late_error, 0);
	cr_assert(plan.dyn && plan.has_interp && !plan.exec_stack);
	cr_assert_str_eq(plan.interp, MADE_INTERP);
	cr_assert_eq(plan.nsegments, 2);
	cr_assert_eq(plan.phdr_vaddr, 64);
	cr_assert_eq(plan.phnum, 4);
	cr_assert_eq(plan.entry, 0x1000);
	cr_assert_eq(plan.min_vaddr, 0);
	cr_assert_eq(plan.max_vaddr, 0x6000);
	cr_assert_eq(plan.brk, 0x5e10);
	cr_assert_eq(plan.segments[1].vaddr, 0x2000);
	cr_assert_eq(plan.segments[1].file_off, 0x1000);
	cr_assert_eq(plan.segments[1].file_len, 0x1000);
	cr_assert_eq(plan.segments[1].mem_len, 0x3e10);
	cr_assert_eq(plan.segments[1].prot, PROT_READ | PROT_WRITE);
	cr_assert_eq(plan.end_code, 0x1200);
	cr_assert_eq(plan.start_data, 0x2e10);
}

Test(elf, refused_at_once)
{
	struct {
		const char *what;
		size_t off, len;
		uint64_t value;
	} bad[] = {
		{ "magic", 0, 1, 'x' },
		{ "i386", offsetof(Elf64_Ehdr, e_machine), 2, EM_386 },
		{ "phentsize", offsetof(Elf64_Ehdr, e_phentsize), 2, 32 },
		{ "no headers", offsetof(Elf64_Ehdr, e_phnum), 2, 0 },
		{ "too many headers", offsetof(Elf64_Ehdr, e_phnum), 2, 1171 },
		{ "phoff wraps", offsetof(Elf64_Ehdr, e_phoff), 8, UINT64_MAX - 8 },
		{ "phoff negative", offsetof(Elf64_Ehdr, e_phoff), 8, 1ULL << 63 },
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct made_elf e;

		made_elf_init(&e, ET_EXEC, 0x400000);
		memcpy(e.bytes + bad[i].off, &bad[i].value, bad[i].len);
		cr_assert_eq(plan_of(&e), -ENOEXEC, "%s", bad[i].what);
	}
}

Test(elf, other_types)
{
	struct made_elf e;

	made_elf_init(&e, ET_DYN, 0);
	e.eh.e_type = ET_REL;
	made_phdr(&e, 0)->p_filesz = 1;
	cr_assert_eq(plan_of(&e), 0, "the interpreter is not looked at");
	cr_assert(plan.wrong_type && !plan.has_interp);
	cr_assert_eq(plan.late_error, -EINVAL);
}

Test(elf, interpreter_path)
{
	struct made_elf e;

	made_elf_init(&e, ET_DYN, 0);
	made_phdr(&e, 0)->p_filesz = 1;
	cr_assert_eq(plan_of(&e), -ENOEXEC, "one byte");
	made_phdr(&e, 0)->p_filesz = 4097;
	cr_assert_eq(plan_of(&e), -ENOEXEC, "longer than PATH_MAX");
	made_phdr(&e, 0)->p_filesz = sizeof(MADE_INTERP) - 1;
	cr_assert_eq(plan_of(&e), -ENOEXEC, "no NUL");
	made_phdr(&e, 0)->p_filesz = 300;
	cr_assert_eq(plan_of(&e), 0);
	cr_assert(plan.has_interp && plan.interp_len == 300 && plan.interp_off == 0x400);
	made_phdr(&e, 0)->p_offset = UINT64_MAX - 10;
	cr_assert_eq(plan_of(&e), -EINVAL, "offset wraps");
}

Test(elf, left_for_the_mapping)
{
	struct {
		const char *what;
		Elf64_Phdr ph;
		int error;
	} bad[] = {
		{ "file larger than memory", { .p_vaddr = 0x10000, .p_filesz = 0x2000, .p_memsz = 0x1000 }, -EINVAL },
		{ "not congruent", { .p_vaddr = 0x10100, .p_filesz = 0x100, .p_memsz = 0x100 }, -EINVAL },
		{ "above the address space", { .p_vaddr = 1ULL << 47, .p_memsz = 0x100 }, -EINVAL },
		{ "file part above it", { .p_vaddr = 1ULL << 47, .p_filesz = 0x100, .p_memsz = 0x100 }, -ENOMEM },
		{ "end wraps", { .p_vaddr = 0x10000, .p_memsz = UINT64_MAX - 0x8000 }, -EINVAL },
		{ "size wraps", { .p_vaddr = 0x10000, .p_filesz = UINT64_MAX, .p_memsz = UINT64_MAX }, -EINVAL },
		{ "file offset", { .p_vaddr = 0x10000, .p_offset = 1ULL << 63, .p_filesz = 1, .p_memsz = 1 }, -EOVERFLOW },
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct made_elf e;

		made_elf_init(&e, ET_DYN, 0);
		bad[i].ph.p_type = PT_LOAD;
		made_add(&e, bad[i].ph);
		cr_assert_eq(plan_of(&e), 0, "%s", bad[i].what);
		cr_assert_eq(plan.late_error, bad[i].error, "%s: %d", bad[i].what, plan.late_error);
		cr_assert_eq(plan.nsegments, 2, "%s: the ones before stay", bad[i].what);
	}
}

Test(elf, many_segments)
{
	struct made_elf e;

	made_elf_init(&e, ET_EXEC, 0x400000);
	made_phdr(&e, 0)->p_type = PT_NULL;
	for (unsigned int i = 0; i < LOAD_MAX_SEGMENTS - 2; i++)
		made_add(&e, (Elf64_Phdr){ .p_type = PT_LOAD, .p_flags = PF_R, .p_vaddr = 0x500000 + i * 0x1000UL,
					   .p_memsz = 0x1000 });
	cr_assert_eq(plan_of(&e), 0);
	cr_assert_eq(plan.late_error, 0);
	made_add(&e, (Elf64_Phdr){ .p_type = PT_LOAD, .p_vaddr = 0x600000, .p_memsz = 1 });
	cr_assert_eq(plan_of(&e), 0);
	cr_assert_eq(plan.late_error, -ENOMEM);
}

Test(elf, nothing_to_load)
{
	struct made_elf e;

	made_elf_init(&e, ET_DYN, 0);
	made_phdr(&e, 1)->p_type = PT_NULL;
	made_phdr(&e, 2)->p_type = PT_NULL;
	cr_assert_eq(plan_of(&e), 0);
	cr_assert_eq(plan.late_error, 0, "there is an interpreter");
	made_phdr(&e, 0)->p_type = PT_NULL;
	cr_assert_eq(plan_of(&e), 0);
	cr_assert_eq(plan.late_error, -EINVAL);
}

Test(elf, stack_and_alignment)
{
	struct made_elf e;

	made_elf_init(&e, ET_DYN, 0);
	made_phdr(&e, 1)->p_align = 0x200000;
	made_phdr(&e, 2)->p_align = 0x300001; /* no power of two: does not count */
	made_phdr(&e, 3)->p_flags |= PF_X;
	cr_assert_eq(plan_of(&e), 0);
	cr_assert_eq(plan.align, 0x200000);
	cr_assert(plan.exec_stack);
}

Test(elf, an_image_may_be_too_short)
{
	struct made_elf e;

	made_elf_init(&e, ET_DYN, 0);
	cr_assert_eq(elf_load_plan(-1, 0, &e, 40, &plan), -EAGAIN);
	cr_assert_eq(plan.need, 64);
	cr_assert_eq(plan.need_error, -ENOEXEC);
	cr_assert_eq(elf_load_plan(-1, 0, &e, 64, &plan), -EAGAIN);
	cr_assert_eq(plan.need, 64 + 4 * sizeof(Elf64_Phdr));
	cr_assert_eq(elf_load_plan(-1, 0, &e, plan.need, &plan), -EAGAIN);
	cr_assert_eq(plan.need, 0x400 + sizeof(MADE_INTERP));
	cr_assert_eq(plan.need_error, -EIO);
	cr_assert_eq(elf_load_plan(-1, 0, &e, plan.need, &plan), 0);
}

Test(elf, from_a_descriptor)
{
	struct made_elf e;
	int fd = memfd_create("elf", 0);

	made_elf_init(&e, ET_DYN, 0);
	e.eh.e_phoff = 0x1800; /* beyond what is read first */
	memcpy(e.bytes + 0x1800, e.bytes + 64, 4 * sizeof(Elf64_Phdr));
	cr_assert_eq(pwrite(fd, &e, sizeof(e), 100), sizeof(e));
	cr_assert_eq(elf_load_plan(fd, 100, NULL, 0, &plan), 0);
	cr_assert_eq(plan.nsegments, 2);
	cr_assert_str_eq(plan.interp, MADE_INTERP);
	cr_assert_eq(elf_load_plan(fd, 0, NULL, 0, &plan), -ENOEXEC);
	cr_assert_eq(ftruncate(fd, 100 + 0x1800 + 8), 0);
	cr_assert_eq(elf_load_plan(fd, 100, NULL, 0, &plan), -ENOEXEC, "cut program headers");
	cr_assert_eq(elf_load_plan(fd, UINT64_MAX - 3, NULL, 0, &plan), -ENOEXEC);
	close(fd);
	cr_assert_eq(elf_load_plan(fd, 0, NULL, 0, &plan), -EIO);
}

Test(elf, itself)
{
	int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);

	cr_assert_eq(elf_load_plan(fd, 0, NULL, 0, &plan), 0);
	cr_assert_eq(plan.late_error, 0);
	cr_assert(plan.nsegments >= 2 && plan.phdr_vaddr && plan.entry);
	close(fd);
}
