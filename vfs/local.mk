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
	vfs/pidfd.c \
	vfs/anon_inodes.c \
	vfs/attr.c \
	vfs/d_path.c \
	vfs/dcache.c \
	vfs/fcntl.c \
	vfs/fcntl.h \
	vfs/fdtable.c \
	vfs/file.c \
	vfs/fs_struct.c \
	vfs/getname.c \
	vfs/inode.c \
	vfs/internal.h \
	vfs/ioctl.c \
	vfs/ioctl.h \
	vfs/locks.c \
	vfs/mount.c \
	vfs/namei-ops.c \
	vfs/namei-ops.h \
	vfs/namei.c \
	vfs/namespace.c \
	vfs/namespace.h \
	vfs/open.c \
	vfs/permission.c \
	vfs/read_write.c \
	vfs/read_write.h \
	vfs/readdir.c \
	vfs/readdir.h \
	vfs/stat.c \
	vfs/super.c \
	vfs/xattr.c
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
libkernel_a_SOURCES += vfs/splice.c vfs/splice.h
