# Real programs, a terminal, and the command itself.

check_PROGRAMS += tests/programs/pty
tests_programs_pty_LDADD = -lutil
program_tests = tests/programs/check-command tests/programs/check-diff tests/programs/check-pty tests/programs/check-remote tests/programs/check-resident \
	tests/programs/check-unprotected
TESTS += $(program_tests)
EXTRA_DIST += $(program_tests) tests/programs/run-programs tests/programs/diff.list tests/programs/goroutines.go

# All of diff.list under every trap.
.PHONY: check-diff-all
check-diff-all: stead
	STEAD=$(abs_builddir)/stead $(srcdir)/tests/programs/check-diff --all
