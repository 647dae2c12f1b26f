# One file a line, so that lines added side by side merge.
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
libkernel_a_SOURCES += syscalls/proto.h
libkernel_a_SOURCES += syscalls/sched.c
libkernel_a_SOURCES += syscalls/signal.c
libkernel_a_SOURCES += syscalls/signalfd.c
libkernel_a_SOURCES += syscalls/splice.c
libkernel_a_SOURCES += syscalls/sysinfo.c
libkernel_a_SOURCES += syscalls/time.c
libkernel_a_SOURCES += syscalls/timerfd.c
libkernel_a_SOURCES += syscalls/tty.c
libkernel_a_SOURCES += \
	syscalls/tty.c
libkernel_a_SOURCES += \
	syscalls/epoll.c
libkernel_a_SOURCES += \
	syscalls/eventfd.c \
	syscalls/signalfd.c \
	syscalls/timerfd.c
libkernel_a_SOURCES += syscalls/attr.c
libkernel_a_SOURCES += syscalls/dir.c
libkernel_a_SOURCES += syscalls/fcntl.c
libkernel_a_SOURCES += syscalls/fd.c
libkernel_a_SOURCES += syscalls/mount.c
libkernel_a_SOURCES += syscalls/namei.c
libkernel_a_SOURCES += syscalls/open.c
libkernel_a_SOURCES += syscalls/read_write.c
libkernel_a_SOURCES += syscalls/stat.c
libkernel_a_SOURCES += syscalls/sync.c
libkernel_a_SOURCES += syscalls/xattr.c
