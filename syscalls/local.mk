# One file a line, so that lines added side by side merge.
# A file a line: lines of different parts do not touch.
libkernel_a_SOURCES += syscalls/epoll.c
libkernel_a_SOURCES += syscalls/eventfd.c
libkernel_a_SOURCES += syscalls/exec.c
libkernel_a_SOURCES += syscalls/futex.c
libkernel_a_SOURCES += syscalls/ids.c
libkernel_a_SOURCES += syscalls/limits.c
libkernel_a_SOURCES += syscalls/mman.c
libkernel_a_SOURCES += syscalls/pidfd.c
libkernel_a_SOURCES += syscalls/pipe.c
libkernel_a_SOURCES += syscalls/poll.c
libkernel_a_SOURCES += syscalls/prctl.c
libkernel_a_SOURCES += syscalls/process.c
libkernel_a_SOURCES += syscalls/sched.c
libkernel_a_SOURCES += syscalls/signal.c
libkernel_a_SOURCES += syscalls/signalfd.c
libkernel_a_SOURCES += syscalls/splice.c
libkernel_a_SOURCES += syscalls/sysinfo.c
libkernel_a_SOURCES += syscalls/time.c
libkernel_a_SOURCES += syscalls/timerfd.c
libkernel_a_SOURCES += syscalls/tty.c
