# Unit tests of kernel code, where Criterion is installed. unit-kernel has the kernel as it is; unit-debug compiles what it tests
# with the checks of debug builds.

if HAVE_CRITERION
core_test_cppflags = $(AM_CPPFLAGS)
core_test_cflags = $(AM_CFLAGS) $(CRITERION_CFLAGS) -fno-strict-aliasing -fPIE
core_test_ldflags = -pie

check_PROGRAMS += unit-kernel unit-debug unit-abi
TESTS += unit-kernel unit-debug unit-abi

unit_kernel_SOURCES = tests/unit/arena.c tests/unit/slab.c tests/unit/mutex.c tests/unit/waitq.c tests/unit/pid.c \
	tests/unit/ktimer.c tests/unit/printf.c tests/unit/env.h
unit_kernel_CPPFLAGS = $(core_test_cppflags)
unit_kernel_CFLAGS = $(core_test_cflags)
unit_kernel_LDFLAGS = $(core_test_ldflags)
unit_kernel_LDADD = kernel.o $(CRITERION_LIBS) -lpthread

unit_debug_SOURCES = tests/unit/debug.c tests/unit/env.h kernel/arena.c kernel/slab.c kernel/lock.c kernel/printk.c kernel/time.c \
	trap/host.c
unit_debug_CPPFLAGS = $(core_test_cppflags) -DSTEAD_DEBUG=1
unit_debug_CFLAGS = $(core_test_cflags)
unit_debug_LDFLAGS = $(core_test_ldflags)
unit_debug_LDADD = $(CRITERION_LIBS) -lpthread

unit_abi_SOURCES = tests/unit/abi.c
unit_abi_CPPFLAGS = $(core_test_cppflags)
unit_abi_CFLAGS = $(core_test_cflags)
unit_abi_LDADD = $(CRITERION_LIBS)
endif
