libkernel_a_SOURCES += \
	syscalls/pipe.c
libkernel_a_SOURCES += \
	syscalls/poll.c
libkernel_a_SOURCES += \
	syscalls/pidfd.c
libkernel_a_SOURCES += syscalls/exec.c
libkernel_a_SOURCES += syscalls/mman.c
libkernel_a_SOURCES += syscalls/futex.c
libkernel_a_SOURCES += \
	syscalls/tty.c
libkernel_a_SOURCES += \
	syscalls/epoll.c
	syscalls/ids.c \
	syscalls/limits.c \
	syscalls/prctl.c \
	syscalls/process.c \
	syscalls/sched.c \
	syscalls/signal.c
