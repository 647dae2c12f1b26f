# make bench: single calls and small compositions, native and under both traps, in one run.

EXTRA_PROGRAMS = tests/bench/bench tests/bench/floor tests/bench/floor-futex
EXTRA_DIST += tests/bench/run-bench tests/bench/run-diff
CLEANFILES += tests/bench/bench tests/bench/floor tests/bench/floor-futex

bench: stead tests/bench/bench
	$(srcdir)/tests/bench/run-bench --stead=./stead tests/bench/bench $(BENCH)

# What the recorder and the whole of stead diff cost.
.PHONY: bench-diff
bench-diff: stead
	$(srcdir)/tests/bench/run-diff --stead=./stead

# What no trap by seccomp notification can be faster than.
.PHONY: bench-floor
bench-floor: stead tests/bench/bench tests/bench/floor
	./tests/bench/floor
	$(srcdir)/tests/bench/run-bench --stead=./stead --floor=tests/bench/floor tests/bench/bench $(BENCH)

# What no round trip of two tasks under the resident trap can be faster than.
.PHONY: bench-floor-futex
bench-floor-futex: tests/bench/floor-futex
	./tests/bench/floor-futex
