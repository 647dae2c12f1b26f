# Unit tests, each a program of Criterion. Those of kernel code have a fake trap and no host process.

unit_tests =
if HAVE_CRITERION
# Calls as text: what stead trace prints, and stead diff's reports too.
trace_decoder = \
	src/decode.c \
	src/trace/args.c \
	src/trace/fcntl.c \
	src/trace/file.c \
	src/trace/flags.c \
	src/trace/format.c \
	src/trace/futex.c \
	src/trace/ipc.c \
	src/trace/ioctl.c \
	src/trace/mem.c \
	src/trace/names.c \
	src/trace/net.c \
	src/trace/poll.c \
	src/trace/prctl.c \
	src/trace/print.c \
	src/trace/process.c \
	src/trace/result.c \
	src/trace/signal.c \
	src/trace/structs.c \
	src/trace/time.c \
	src/trace/whole.c
unit_tests += tests/unit/vma
tests_unit_vma_SOURCES = tests/unit/vma.c
tests_unit_vma_CFLAGS = $(AM_CFLAGS) $(CRITERION_CFLAGS)
tests_unit_vma_LDADD = kernel.o $(CRITERION_LIBS)
unit_tests += tests/unit/uaccess
tests_unit_uaccess_SOURCES = tests/unit/uaccess.c
tests_unit_uaccess_CFLAGS = $(AM_CFLAGS) $(CRITERION_CFLAGS)
tests_unit_uaccess_LDADD = kernel.o $(CRITERION_LIBS)
unit_tests += tests/unit/fault
tests_unit_fault_SOURCES = tests/unit/fault.c
tests_unit_fault_CFLAGS = $(AM_CFLAGS) $(CRITERION_CFLAGS)
tests_unit_fault_LDADD = kernel.o $(CRITERION_LIBS)
unit_tests += tests/unit/process
tests_unit_process_SOURCES = \
	tests/unit/chaos.c \
	tests/unit/process.c \
	tests/unit/signals.c \
	tests/unit/world.c \
	tests/unit/world.h
tests_unit_process_CFLAGS = $(AM_CFLAGS) $(CRITERION_CFLAGS)
tests_unit_process_LDADD = kernel.o $(CRITERION_LIBS) -lpthread
unit_tests += tests/unit/walls
tests_unit_walls_SOURCES = tests/unit/walls.c trap/resident/filter.c trap/resident/scan.c trap/resident/walls.c
tests_unit_walls_CFLAGS = $(AM_CFLAGS) $(CRITERION_CFLAGS) -fPIE
tests_unit_walls_LDFLAGS = -pie
tests_unit_walls_LDADD = kernel.o $(CRITERION_LIBS)
unit_tests += tests/unit/decode
tests_unit_decode_SOURCES = tests/unit/decode.c src/inject.c src/syscall-set.c $(trace_decoder)
tests_unit_decode_CFLAGS = $(AM_CFLAGS) $(CRITERION_CFLAGS)
tests_unit_decode_LDADD = $(CRITERION_LIBS)
unit_tests += tests/unit/diff
tests_unit_diff_SOURCES = $(trace_decoder) \
	tests/unit/diff-env.h \
	tests/unit/diff-rules.c \
	tests/unit/diff.c \
	src/diff/align.c \
	src/diff/calls.c \
	src/diff/canon.c \
	src/diff/canon-follow.c \
	src/diff/capture-ipc.c \
	src/diff/capture.c \
	src/diff/capture-structs.c \
	src/diff/chance.c \
	src/diff/compare.c \
	src/diff/compare-task.c \
	src/diff/copies.c \
	src/diff/excuse.c \
	src/diff/messages.c \
	src/diff/moved.c \
	src/diff/names.c \
	src/diff/pair.c \
	src/diff/ready.c \
	src/diff/record.c \
	src/diff/rules.c \
	src/diff/streams.c \
	src/diff/structs.c \
	src/diff/text.c \
	src/diff/tree.c
tests_unit_diff_CFLAGS = $(AM_CFLAGS) $(CRITERION_CFLAGS)
tests_unit_diff_LDADD = $(CRITERION_LIBS)
if HAVE_CAPSTONE
unit_tests += tests/unit/sites
tests_unit_sites_SOURCES = tests/unit/sites.c
tests_unit_sites_CFLAGS = $(AM_CFLAGS) $(CRITERION_CFLAGS) $(CAPSTONE_CFLAGS)
tests_unit_sites_LDADD = kernel.o $(CRITERION_LIBS) $(CAPSTONE_LIBS)
endif
endif
check_PROGRAMS += $(unit_tests)
TESTS += $(unit_tests)
include $(srcdir)/tests/unit/core.mk
include $(srcdir)/tests/unit/vfs.mk
include $(srcdir)/tests/unit/fs.mk
