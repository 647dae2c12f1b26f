# Tests: `make check` runs them all, `make summary` adds up their results (./bootstrap check does both).

EXTRA_DIST += tests/summary
TESTS += tests/check-man tests/check-dist
dist_check_SCRIPTS += tests/check-man tests/check-dist
AM_TESTS_ENVIRONMENT = STEAD='$(abs_builddir)/stead'; export STEAD; PTY='$(abs_builddir)/tests/programs/pty'; export PTY; \
	CROWD='$(abs_builddir)/tests/programs/crowd'; export CROWD; STEAD_SEEDED='$(abs_builddir)/tests/stead-seeded'; export STEAD_SEEDED; \
	SEEDED='$(abs_builddir)/tests/programs/seeded'; export SEEDED; \
	GUEST_PROGRAMS='$(guest_programs)'; export GUEST_PROGRAMS;

include $(srcdir)/tests/guest/local.mk
include $(srcdir)/tests/escape/local.mk
include $(srcdir)/tests/fuzz/local.mk
include $(srcdir)/tests/unit/local.mk
include $(srcdir)/tests/programs/local.mk
include $(srcdir)/tests/random/local.mk
include $(srcdir)/tests/files/local.mk
include $(srcdir)/tests/bench/local.mk
include $(srcdir)/tests/scan/local.mk

.PHONY: summary test-logs print-distfiles
print-distfiles:
	@echo $(DISTFILES) $(am__DIST_COMMON)
summary:
	@$(srcdir)/tests/summary $(TEST_LOGS)
test-logs:
	@echo $(TEST_LOGS)
include $(srcdir)/tests/checks.mk
