# Real programs, a terminal, and the command itself.

check_PROGRAMS += tests/programs/pty
tests_programs_pty_LDADD = -lutil
program_tests = tests/programs/check-command tests/programs/check-pty tests/programs/check-remote tests/programs/check-resident \
	tests/programs/check-unprotected
TESTS += $(program_tests)
EXTRA_DIST += $(program_tests) tests/programs/run-programs tests/programs/goroutines.go
