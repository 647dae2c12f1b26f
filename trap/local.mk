libkernel_a_SOURCES += \
	trap/host.c \
	trap/host.h \
	trap/remote/spawn.c \
	trap/remote/spawn.h \
	trap/request.h \
	trap/trap.h
libkernel_a_SOURCES += trap/host-calls.h

stead_SOURCES += \
	trap/remote/exec.c \
	trap/remote/fiber.c \
	trap/remote/fiber.h \
	trap/remote/filter.c \
	trap/remote/filter.h \
	trap/remote/follow.c \
	trap/remote/gather.c \
	trap/remote/inject.c \
	trap/remote/leader.c \
	trap/remote/leader.h \
	trap/remote/notify.c \
	trap/remote/ops.c \
	trap/remote/pool.c \
	trap/remote/ptrace.h \
	trap/remote/remote.h \
	trap/remote/resume.c \
	trap/remote/room.c \
	trap/remote/stops.c \
	trap/remote/tasks.c \
	trap/remote/tracer.c \
	trap/remote/usage.c \
	trap/remote/xstate.c

# Kernel code under ThreadSanitizer: see trap/remote/tsan.c, which must not be instrumented itself.
if SANITIZE_THREAD
KERNEL_OBJCOPY_FLAGS = --redefine-syms=$(srcdir)/trap/remote/tsan-symbols
noinst_LIBRARIES += libtsanhooks.a
libtsanhooks_a_SOURCES = trap/remote/tsan.c
stead_LDADD += libtsanhooks.a
endif
EXTRA_DIST += trap/remote/tsan.c trap/remote/tsan-symbols

libkernel_a_SOURCES += trap/resident/entry.c
libkernel_a_SOURCES += trap/resident/exec.c
libkernel_a_SOURCES += trap/resident/request.c
libkernel_a_SOURCES += trap/resident/resident.h
libkernel_a_SOURCES += trap/resident/signal.c
libkernel_a_SOURCES += trap/resident/sleep.c
libkernel_a_SOURCES += trap/resident/sleep.h
libkernel_a_SOURCES += trap/resident/spin.c
libkernel_a_SOURCES += trap/resident/spin.h
libkernel_a_SOURCES += trap/resident/text.c
libkernel_a_SOURCES += trap/resident/plans.c
libkernel_a_SOURCES += trap/resident/file-key.c
libkernel_a_SOURCES += trap/resident/file-key.h
libkernel_a_SOURCES += trap/resident/vet.c
libkernel_a_SOURCES += trap/resident/hide.c
libkernel_a_SOURCES += trap/resident/emit.c
libkernel_a_SOURCES += trap/resident/emit.h
libkernel_a_SOURCES += trap/resident/tramps.c
libkernel_a_SOURCES += trap/resident/tramps.h
libkernel_a_SOURCES += trap/resident/ranges.c
libkernel_a_SOURCES += trap/resident/ranges.h
libkernel_a_SOURCES += trap/resident/xrstor.c
libkernel_a_SOURCES += trap/resident/thread.c
libkernel_a_SOURCES += trap/resident/xstate.c
stead_SOURCES += trap/resident/boot.c
stead_SOURCES += trap/resident/boot.h
stead_SOURCES += trap/resident/early.c
libkernel_a_SOURCES += trap/resident/patch.c
libkernel_a_SOURCES += trap/resident/patch.h
libkernel_a_SOURCES += trap/resident/insn.c
libkernel_a_SOURCES += trap/resident/insn.h
libkernel_a_SOURCES += trap/resident/sites.c
libkernel_a_SOURCES += trap/resident/sites.h
stead_SOURCES += trap/resident/filter.c
stead_SOURCES += trap/resident/filter.h
stead_SOURCES += trap/resident/walls.c
stead_SOURCES += trap/resident/walls.h
stead_SOURCES += trap/resident/scan.c
stead_SOURCES += trap/resident/scan.h
libkernel_a_SOURCES += trap/resident/vetted.h
stead_SOURCES += trap/resident/warden.c
