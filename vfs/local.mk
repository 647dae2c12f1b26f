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
