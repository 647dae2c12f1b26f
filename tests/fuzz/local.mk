check_PROGRAMS += tests/fuzz/elf
TESTS += tests/fuzz/elf
tests_fuzz_elf_SOURCES = tests/fuzz/elf.c tests/fuzz/make-elf.h loader/elf.c kernel/exec-script.c
tests_fuzz_elf_CPPFLAGS = $(AM_CPPFLAGS) -DFUZZ_STANDALONE
tests_fuzz_elf_CFLAGS = $(AM_CFLAGS) $(LIBELF_CFLAGS)
tests_fuzz_elf_LDADD = $(LIBELF_LIBS)

if HAVE_CRITERION
check_PROGRAMS += tests/unit/elf tests/unit/script
TESTS += tests/unit/elf tests/unit/script
endif
tests_unit_elf_SOURCES = tests/unit/elf.c tests/fuzz/make-elf.h loader/elf.c
tests_unit_elf_CFLAGS = $(AM_CFLAGS) $(LIBELF_CFLAGS) $(CRITERION_CFLAGS)
tests_unit_elf_LDADD = $(LIBELF_LIBS) $(CRITERION_LIBS)
tests_unit_script_SOURCES = tests/unit/script.c kernel/exec-script.c
tests_unit_script_CFLAGS = $(AM_CFLAGS) $(CRITERION_CFLAGS)
tests_unit_script_LDADD = $(CRITERION_LIBS)

# For as long as FUZZ_SECONDS says.
FUZZ_SECONDS = 60
tests/fuzz/elf-long: tests/fuzz/elf.c tests/fuzz/make-elf.h loader/elf.c kernel/exec-script.c
	$(AM_V_GEN)$(MKDIR_P) tests/fuzz && $(CLANG) -g -O1 -std=gnu11 -fsanitize=fuzzer,address,undefined -D_GNU_SOURCE -I$(srcdir) \
		$(srcdir)/tests/fuzz/elf.c $(srcdir)/loader/elf.c $(srcdir)/kernel/exec-script.c $(LIBELF_LIBS) -o $@
CLEANFILES += tests/fuzz/elf-long
fuzz: tests/fuzz/elf-long
	$(MKDIR_P) tests/fuzz/corpus && tests/fuzz/elf-long -max_total_time=$(FUZZ_SECONDS) -max_len=8192 tests/fuzz/corpus
.PHONY: fuzz
