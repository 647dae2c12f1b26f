/* SPDX-License-Identifier: MIT
 *
 * Programs of a few bytes, made here: headers that no linker writes, and what becomes of them.
 */
#include <elf.h>
#include <sys/mman.h>

#include "tests/guest/guest.h"

#define PAGE	0x1000UL
#define CODE_AT 0x1000

/* exit(status): mov edi, imm32; mov eax, 60; syscall */
static const unsigned char exit_code[] = { 0xbf, 0, 0, 0, 0, 0xb8, 60, 0, 0, 0, 0x0f, 0x05 };

struct tiny {
	union {
		Elf64_Ehdr eh;
		struct {
			unsigned char head[sizeof(Elf64_Ehdr)];
			Elf64_Phdr ph[4];
		};
		unsigned char bytes[3 * PAGE];
	};
	size_t len;
};

/* One segment with the code in its second page, at @base. */
static void
tiny_init(struct tiny *e, uint16_t type, uint64_t base, unsigned char status)
{
	memset(e, 0, sizeof(*e));
	memcpy(e->eh.e_ident, "\177ELF\2\1\1", 7);
	e->eh.e_type = type;
	e->eh.e_machine = EM_X86_64;
	e->eh.e_version = 1;
	e->eh.e_entry = base + CODE_AT;
	e->eh.e_phoff = e->eh.e_ehsize = sizeof(Elf64_Ehdr);
	e->eh.e_phentsize = sizeof(Elf64_Phdr);
	e->eh.e_phnum = 1;
	e->len = 3 * PAGE;
	e->ph[0] = (Elf64_Phdr){ .p_type = PT_LOAD, .p_flags = PF_R | PF_X, .p_vaddr = base, .p_align = PAGE };
	e->ph[0].p_filesz = e->ph[0].p_memsz = CODE_AT + sizeof(exit_code);
	memcpy(e->bytes + CODE_AT, exit_code, sizeof(exit_code));
	e->bytes[CODE_AT + 1] = status;
}

static Elf64_Phdr *
tiny_add(struct tiny *e, Elf64_Phdr ph)
{
	e->ph[e->eh.e_phnum] = ph;
	return &e->ph[e->eh.e_phnum++];
}

static void
tiny_interpreter(struct tiny *e, const char *path)
{
	strcpy((char *)e->bytes + 2 * PAGE, path);
	tiny_add(e, (Elf64_Phdr){ .p_type = PT_INTERP, .p_offset = 2 * PAGE, .p_filesz = strlen(path) + 1 });
}

/* What execve() says, negative, or the status that wait() gives. */
static int
tiny_run(const struct tiny *e)
{
	char *argv[] = { "tiny", NULL };
	int p[2], err = 0, status;
	pid_t pid;

	guest_write_file("tiny", e->bytes, e->len, 0755);
	CHECK_EQ(pipe2(p, O_CLOEXEC), 0);
	pid = guest_fork();
	if (pid == 0) {
		execv("./tiny", argv);
		err = errno;
		CHECK_EQ(write(p[1], &err, sizeof(err)), sizeof(err));
		_exit(0);
	}
	close(p[1]);
	if (read(p[0], &err, sizeof(err)) < 0)
		err = EIO;
	close(p[0]);
	CHECK_EQ(waitpid(pid, &status, 0), pid);
	return err ? -err : status;
}

static void
place_interpreter(const struct tiny *e)
{
	guest_write_file("interp", e->bytes, e->len, 0755);
}

static void
tiny_ones_run(void)
{
	struct tiny e;

	guest_tmpdir();
	tiny_init(&e, ET_EXEC, 0x400000, 1);
	CHECK_EQ(tiny_run(&e), 1 << 8);
	tiny_init(&e, ET_DYN, 0, 2);
	CHECK_EQ(tiny_run(&e), 2 << 8);
	place_interpreter(&e);
	tiny_init(&e, ET_EXEC, 0x400000, 1);
	tiny_interpreter(&e, "interp");
	CHECK_EQ(tiny_run(&e), 2 << 8);
}

static void
an_interpreter_at_a_fixed_place_takes_it(void)
{
	struct tiny e;

	guest_tmpdir();
	tiny_init(&e, ET_EXEC, 0x400000, 3);
	place_interpreter(&e);
	tiny_init(&e, ET_EXEC, 0x400000, 1);
	tiny_interpreter(&e, "interp");
	CHECK_EQ(tiny_run(&e), 3 << 8);
}

static void
interpreters_of_other_types(void)
{
	struct tiny e;

	guest_tmpdir();
	tiny_init(&e, ET_REL, 0, 3);
	CHECK_EQ(tiny_run(&e), -ENOEXEC);
	place_interpreter(&e);
	tiny_init(&e, ET_EXEC, 0x400000, 1);
	tiny_interpreter(&e, "interp");
	CHECK_EQ(tiny_run(&e), SIGSEGV); /* that is found when there is no way back */
	e.eh.e_type = ET_REL;
	CHECK_EQ(tiny_run(&e), -ENOEXEC);
	tiny_init(&e, ET_EXEC, 0x400000, 1);
	e.ph[0].p_type = PT_NULL;
	place_interpreter(&e);
	tiny_interpreter(&e, "interp");
	CHECK_EQ(tiny_run(&e), SIGSEGV); /* nothing to load */
}

static void
a_program_may_be_all_interpreter(void)
{
	struct tiny e;

	guest_tmpdir();
	tiny_init(&e, ET_DYN, 0, 4);
	place_interpreter(&e);
	tiny_init(&e, ET_EXEC, 0x400000, 1);
	tiny_interpreter(&e, "interp");
	e.ph[0].p_type = PT_NULL;
	CHECK_EQ(tiny_run(&e), 4 << 8);
	e.eh.e_type = ET_DYN;
	CHECK_EQ(tiny_run(&e), 4 << 8);
	e.ph[1].p_type = PT_NOTE;
	CHECK_EQ(tiny_run(&e), SIGSEGV);
}

static void
names_of_interpreters_beyond_the_file(void)
{
	struct tiny e;

	guest_tmpdir();
	tiny_init(&e, ET_EXEC, 0x400000, 1);
	tiny_interpreter(&e, "interp");
	e.ph[1].p_offset = 0x10000;
	CHECK_EQ(tiny_run(&e), -EIO);
	e.ph[1].p_offset = UINT64_MAX - 20;
	CHECK_EQ(tiny_run(&e), -EINVAL);
	e.ph[1].p_offset = INT64_MAX - 3;
	CHECK_EQ(tiny_run(&e), -EINVAL);
}

int
main(int argc, char **argv)
{
	static const struct guest_case tests[] = {
		T(tiny_ones_run), T(an_interpreter_at_a_fixed_place_takes_it), T(interpreters_of_other_types),
		T(a_program_may_be_all_interpreter), T(names_of_interpreters_beyond_the_file),
	};

	return guest_main(argc, argv, tests, ARRAY_SIZE(tests));
}
