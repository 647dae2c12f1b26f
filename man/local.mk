# The support page and doc/syscalls.md are made from syscalls/table and committed; tests/check-man refuses a stale one.

dist_man_MANS += man/stead.1 man/stead-run.1 man/stead-diff.1 man/stead-doctor.1 man/stead-trace.1 man/stead-syscalls.7

.PHONY: man
man: stead
	./stead syscalls --man >$(srcdir)/man/stead-syscalls.7
	./stead syscalls --markdown >$(srcdir)/doc/syscalls.md
