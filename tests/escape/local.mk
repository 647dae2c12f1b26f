# Programs that try to get out: tests/escape/NAME.c is built as tests/escape/NAME.

escape_programs = \
	tests/escape/arguments \
	tests/escape/calls \
	tests/escape/gate \
	tests/escape/instructions \
	tests/escape/memory \
	tests/escape/signals

check_PROGRAMS += $(escape_programs)
TESTS += tests/escape/check-escape
EXTRA_DIST += tests/escape/escape.h tests/escape/check-escape
AM_TESTS_ENVIRONMENT += ESCAPE_PROGRAMS='$(escape_programs)'; export ESCAPE_PROGRAMS;
tests_escape_calls_LDADD = -lpthread
tests_escape_arguments_LDADD = -lpthread
tests_escape_instructions_LDADD = -lpthread
tests_escape_signals_LDADD = -lpthread
