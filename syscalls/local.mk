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
libkernel_a_SOURCES += syscalls/time.c syscalls/sysinfo.c
