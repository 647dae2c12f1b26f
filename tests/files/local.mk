# Programs that are hard on file systems. `make files TRAP=remote` runs them at full size.

check_PROGRAMS += tests/files/mapped
tests_files_mapped_SOURCES = tests/files/mapped.c
files_tests = tests/files/check-remote tests/files/check-resident tests/files/check-unprotected
TESTS += $(files_tests)
EXTRA_DIST += tests/files/run-files $(files_tests)

.PHONY: files
files: stead tests/files/mapped
	$(srcdir)/tests/files/run-files --stead=./stead --mapped=tests/files/mapped --trap=$(TRAP) --long
