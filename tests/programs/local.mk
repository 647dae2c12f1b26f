# Real programs, a terminal, and the command itself.

check_PROGRAMS += tests/programs/pty
tests_programs_pty_LDADD = -lutil
program_tests =
program_tests += tests/programs/check-command
program_tests += tests/programs/check-diff
program_tests += tests/programs/check-files
program_tests += tests/programs/check-pty
program_tests += tests/programs/check-remote
program_tests += tests/programs/check-resident
program_tests += tests/programs/check-unprotected
TESTS += $(program_tests)
EXTRA_DIST += $(program_tests) tests/programs/run-programs tests/programs/diff.list tests/programs/goroutines.go

# All of diff.list under every trap.
.PHONY: check-diff-all
check-diff-all: stead
	STEAD=$(abs_builddir)/stead $(srcdir)/tests/programs/check-diff --all
