libkernel_a_SOURCES += \
	vfs/generic.c \
	vfs/generic.h \
	vfs/hostfs/bounce.c \
	vfs/hostfs/dir.c \
	vfs/hostfs/fd.c \
	vfs/hostfs/file.c \
	vfs/hostfs/hostfs.h \
	vfs/hostfs/inode.c \
	vfs/hostfs/super.c
libkernel_a_SOURCES += \
	vfs/fdtable.h \
	vfs/fs.h \
	vfs/namei.h \
	vfs/poll.h
libkernel_a_SOURCES += \
	vfs/pipe.c \
	vfs/pipe.h
libkernel_a_SOURCES += \
	vfs/select.c \
	vfs/select.h
libkernel_a_SOURCES += \
	vfs/pidfd.c
libkernel_a_SOURCES += \
	vfs/dev/chrdev.c \
	vfs/dev/dev.h
libkernel_a_SOURCES += \
	vfs/eventpoll.c \
	vfs/eventpoll.h
libkernel_a_SOURCES += \
	vfs/eventfd.c \
	vfs/eventfd.h \
	vfs/signalfd.c \
	vfs/timerfd.c
