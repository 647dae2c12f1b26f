# Real programs, a terminal, and the command itself.

check_PROGRAMS += tests/programs/pty
check_PROGRAMS += tests/programs/traced
check_PROGRAMS += tests/programs/victims
tests_programs_pty_LDADD = -lutil
tests_programs_traced_LDADD = -lutil
tests_programs_victims_LDADD = -lpthread
if HAVE_FUSE
check_PROGRAMS += tests/programs/refusing
tests_programs_refusing_CFLAGS = $(AM_CFLAGS) $(FUSE_CFLAGS)
tests_programs_refusing_LDADD = $(FUSE_LIBS)
endif
program_tests =
program_tests += tests/programs/check-command
program_tests += tests/programs/check-diff
program_tests += tests/programs/check-files
program_tests += tests/programs/check-killed
program_tests += tests/programs/check-pty
program_tests += tests/programs/check-remote
program_tests += tests/programs/check-refusing
program_tests += tests/programs/check-resident
program_tests += tests/programs/check-seeded
program_tests += tests/programs/check-trace
program_tests += tests/programs/check-unprotected
TESTS += $(program_tests)
EXTRA_DIST += $(program_tests) tests/programs/run-programs tests/programs/programs tests/programs/diff.list tests/programs/diff-known \
	tests/programs/goroutines.go tests/programs/trace-normalize

# All of diff.list, guest programs, and the same crowd again and again.
.PHONY: check-diff-all
check-diff-all: stead tests/programs/crowd $(guest_programs)
	STEAD=./stead GUEST_PROGRAMS='$(guest_programs)' $(srcdir)/tests/programs/check-diff --everything

# Faults on purpose (kernel/seeded.h) in the sources that have them; the rest of the kernel is the same objects.
check_LIBRARIES = tests/libseeded.a
tests_libseeded_a_SOURCES = mm/fault.c syscalls/stat.c vfs/pipe.c vfs/read_write.c vfs/readdir.c vfs/tmpfs/file.c
tests_libseeded_a_CPPFLAGS = $(AM_CPPFLAGS) -DSEED_FAULT
tests_libseeded_a_CFLAGS = $(KERNEL_CFLAGS)
$(tests_libseeded_a_OBJECTS): | $(TABLE_GEN)

tests/kernel-seeded.o: tests/libseeded.a libkernel.a $(srcdir)/kernel/local-symbols $(srcdir)/kernel/kernel.lds
	$(AM_V_GEN)$(LD) -r -z muldefs -T $(srcdir)/kernel/kernel.lds --whole-archive tests/libseeded.a libkernel.a -o $@.tmp && \
	$(OBJCOPY) --localize-symbols=$(srcdir)/kernel/local-symbols $@.tmp $@ && rm -f $@.tmp
tests/stead-seeded: $(stead_OBJECTS) tests/kernel-seeded.o
	$(AM_V_CCLD)$(CC) $(stead_CFLAGS) $(CFLAGS) $(stead_LDFLAGS) $(LDFLAGS) -o $@ $(stead_OBJECTS) tests/kernel-seeded.o \
	$(filter-out kernel.o,$(stead_LDADD)) $(LIBS)
check_DATA = tests/stead-seeded
CLEANFILES += tests/kernel-seeded.o tests/stead-seeded
check_PROGRAMS += tests/programs/seeded tests/programs/crowd
tests_programs_crowd_LDADD = -lpthread
