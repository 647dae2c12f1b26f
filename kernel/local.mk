libkernel_a_SOURCES += \
	kernel/arena.h \
	kernel/clone.c \
	kernel/cred.c \
	kernel/cred.h \
	kernel/de-thread.c \
	kernel/entry.c \
	kernel/entry.h \
	kernel/errno.h \
	kernel/exec.h \
	kernel/inject.c \
	kernel/inject.h \
	kernel/kernel.h \
	kernel/list.h \
	kernel/missing.c \
	kernel/missing.h \
	kernel/lock.h \
	kernel/refcount.h \
	kernel/pidfd.h \
	kernel/exit.c \
	kernel/fault.c \
	kernel/fault.h \
	kernel/fork.c \
	kernel/fork.h \
	kernel/jobctl.h \
	kernel/mm-release.c \
	kernel/sched.c \
	kernel/wait.c \
	kernel/wait.h \
	kernel/siginfo.c \
	kernel/signal-deliver.c \
	kernel/signal.c \
	kernel/seeded.h \
	kernel/signal.h \
	kernel/sigframe.c \
	kernel/xsave.c \
	kernel/xsave.h \
	kernel/slab.h \
	kernel/string.c \
	kernel/sys.c \
	kernel/sys.h \
	kernel/task.h \
	kernel/time.h \
	kernel/tty-hooks.h \
	kernel/types.h \
	kernel/waitq.h
libkernel_a_SOURCES += \
	kernel/binprm.h \
	kernel/exec-args.c \
	kernel/exec-cred.c \
	kernel/exec-load.c \
	kernel/exec-script.c \
	kernel/exec-stack.c \
	kernel/exec.c
libkernel_a_SOURCES += kernel/arena.c kernel/pagepool.h kernel/slab.c
libkernel_a_SOURCES += kernel/init.c kernel/init.h kernel/printk.c
libkernel_a_SOURCES += kernel/lock.c kernel/waitq.c
libkernel_a_SOURCES += kernel/pid.c
libkernel_a_SOURCES += kernel/prio.c
libkernel_a_SOURCES += kernel/prio.h
libkernel_a_SOURCES += kernel/time.c
libkernel_a_SOURCES += \
	kernel/futex-pi.c \
	kernel/futex.c \
	kernel/futex.h
libkernel_a_SOURCES += kernel/timer.c kernel/itimer.c kernel/itimer.h
libkernel_a_SOURCES += kernel/posix-clocks.c kernel/posix-clocks.h kernel/posix-timers.c kernel/posix-timers.h
libkernel_a_SOURCES += kernel/cputime.c kernel/uts.h
