# What the build enforces (doc/architecture.md): checks of the kernel image, of headers, of what must not compile; make analyze.

checks = tests/check-gate tests/check-kernel-object tests/check-headers tests/check-misuse
TESTS += $(checks)
dist_check_SCRIPTS += $(checks)
AM_TESTS_ENVIRONMENT += srcdir='$(srcdir)' CC='$(CC)' NM='$(NM)' OBJDUMP='$(OBJDUMP)'; export srcdir CC NM OBJDUMP;
EXTRA_DIST += tests/misuse tests/cppcheck.suppressions tests/analyze

# Kernel code with the analysis of locks, and all code with clang's warnings and cppcheck. Nothing is built.
analyze: $(BUILT_SOURCES)
	$(AM_V_at)CLANG='$(CLANG)' $(srcdir)/tests/analyze '$(srcdir)' '$(abs_builddir)' \
		'$(DEFS) $(AM_CPPFLAGS) $(KERNEL_CFLAGS)' '$(libkernel_a_SOURCES)' \
		'$(DEFS) $(AM_CPPFLAGS) $(stead_CFLAGS)' '$(stead_SOURCES)'
