# Programs that are hard on file systems. `make files TRAP=remote` runs them at full size.

files_tests = tests/files/check-remote tests/files/check-resident tests/files/check-unprotected
TESTS += $(files_tests)
EXTRA_DIST += tests/files/run-files $(files_tests)

.PHONY: files
files: stead
	$(srcdir)/tests/files/run-files --stead=./stead --trap=$(TRAP) --long
