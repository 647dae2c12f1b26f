# Random file operations: a few seeds in `make check`; `make random SECONDS=600 [TRAP=remote]` runs new ones for that long.

check_PROGRAMS += tests/random/fileops
tests_random_fileops_SOURCES = \
	tests/random/args.c \
	tests/random/digest.c \
	tests/random/ops-data.c \
	tests/random/ops-lock.c \
	tests/random/ops-map.c \
	tests/random/ops-name.c \
	tests/random/random.c \
	tests/random/random.h \
	tests/random/rules.h
random_tests = tests/random/check-remote tests/random/check-resident tests/random/check-unprotected
TESTS += $(random_tests)
EXTRA_DIST += tests/random/run-random $(random_tests)

SECONDS = 600
TRAP = remote
FIRST = 1000
.PHONY: random
random: stead tests/random/fileops
	$(srcdir)/tests/random/run-random --stead=./stead --program=tests/random/fileops --trap=$(TRAP) \
		--seconds=$(SECONDS) --first=$(FIRST) --keep-going
