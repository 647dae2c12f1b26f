# Programs that try to get out: tests/escape/NAME.c is built as tests/escape/NAME.

escape_programs = \
	tests/escape/calls \
	tests/escape/gate \
	tests/escape/instructions \
	tests/escape/memory

check_PROGRAMS += $(escape_programs)
TESTS += tests/escape/check-escape
EXTRA_DIST += tests/escape/escape.h tests/escape/check-escape
AM_TESTS_ENVIRONMENT += ESCAPE_PROGRAMS='$(escape_programs)'; export ESCAPE_PROGRAMS;
tests_escape_instructions_LDADD = -lpthread
