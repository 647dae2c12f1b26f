/* SPDX-License-Identifier: MIT
 *
 * Small ELF files for tests: a buffer with a header, program headers and room behind them.
 */
#ifndef STEAD_TESTS_MAKE_ELF_H
#define STEAD_TESTS_MAKE_ELF_H

#include <elf.h>
#include <string.h>

#define MADE_ELF_SIZE 8192
#define MADE_INTERP   "/lib64/ld-linux-x86-64.so.2"

struct made_elf {
	union {
		unsigned char bytes[MADE_ELF_SIZE];
		Elf64_Ehdr eh;
	};
};

static inline Elf64_Phdr *
made_phdr(struct made_elf *e, unsigned int i)
{
	return (Elf64_Phdr *)(void *)(e->bytes + sizeof(Elf64_Ehdr)) + i;
}

static inline Elf64_Phdr *
made_add(struct made_elf *e, Elf64_Phdr ph)
{
	Elf64_Phdr *p = made_phdr(e, e->eh.e_phnum++);

	*p = ph;
	return p;
}

/* A program with an interpreter, text, data with bss, and a stack note. */
static inline void
made_elf_init(struct made_elf *e, uint16_t type, uint64_t base)
{
	memset(e, 0, sizeof(*e));
	memcpy(e->eh.e_ident, ELFMAG, SELFMAG);
	e->eh.e_ident[EI_CLASS] = ELFCLASS64;
	e->eh.e_ident[EI_DATA] = ELFDATA2LSB;
	e->eh.e_ident[EI_VERSION] = EV_CURRENT;
	e->eh.e_type = type;
	e->eh.e_machine = EM_X86_64;
	e->eh.e_version = EV_CURRENT;
	e->eh.e_entry = base + 0x1000;
	e->eh.e_phoff = sizeof(Elf64_Ehdr);
	e->eh.e_ehsize = sizeof(Elf64_Ehdr);
	e->eh.e_phentsize = sizeof(Elf64_Phdr);
	strcpy((char *)e->bytes + 0x400, MADE_INTERP);
	made_add(e, (Elf64_Phdr){ .p_type = PT_INTERP, .p_offset = 0x400, .p_filesz = sizeof(MADE_INTERP) });
	made_add(e, (Elf64_Phdr){ .p_type = PT_LOAD, .p_flags = PF_R | PF_X, .p_vaddr = base, .p_offset = 0,
				  .p_filesz = 0x1200, .p_memsz = 0x1200, .p_align = 0x1000 });
	made_add(e, (Elf64_Phdr){ .p_type = PT_LOAD, .p_flags = PF_R | PF_W, .p_vaddr = base + 0x2e10, .p_offset = 0x1e10,
				  .p_filesz = 0x1f0, .p_memsz = 0x3000, .p_align = 0x1000 });
	made_add(e, (Elf64_Phdr){ .p_type = PT_GNU_STACK, .p_flags = PF_R | PF_W });
}

#endif
