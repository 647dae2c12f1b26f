# make scan-text: what the text cache makes of every library of the host. SCAN in the environment: other places.

EXTRA_PROGRAMS += tests/scan/scan-text
CLEANFILES += tests/scan/scan-text
tests_scan_scan_text_SOURCES = tests/scan/scan-text.c
tests_scan_scan_text_LDADD = kernel.o

.PHONY: scan-text
scan-text: tests/scan/scan-text
	find $${SCAN:-/usr/lib/x86_64-linux-gnu /usr/bin} -type f -size +4k \( -name '*.so*' -o -perm -100 \) -print0 | \
		xargs -0 tests/scan/scan-text
