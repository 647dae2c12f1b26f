# One file a line, so that lines added side by side merge.
libkernel_a_SOURCES += vfs/anon_inodes.c
libkernel_a_SOURCES += vfs/attr.c
libkernel_a_SOURCES += vfs/d_path.c
libkernel_a_SOURCES += vfs/dcache.c
libkernel_a_SOURCES += vfs/dev/chrdev.c
libkernel_a_SOURCES += vfs/dev/dev.h
libkernel_a_SOURCES += vfs/dev/devpts.c
libkernel_a_SOURCES += vfs/dev/populate.c
libkernel_a_SOURCES += vfs/eventfd.c
libkernel_a_SOURCES += vfs/eventfd.h
libkernel_a_SOURCES += vfs/eventpoll.c
libkernel_a_SOURCES += vfs/eventpoll.h
libkernel_a_SOURCES += vfs/fcntl.c
libkernel_a_SOURCES += vfs/fcntl.h
libkernel_a_SOURCES += vfs/fdtable.c
libkernel_a_SOURCES += vfs/fdtable.h
libkernel_a_SOURCES += vfs/file.c
libkernel_a_SOURCES += vfs/fs.h
libkernel_a_SOURCES += vfs/fs_struct.c
libkernel_a_SOURCES += vfs/generic.c
libkernel_a_SOURCES += vfs/generic.h
libkernel_a_SOURCES += vfs/getname.c
libkernel_a_SOURCES += vfs/hostfs/bounce.c
libkernel_a_SOURCES += vfs/hostfs/dir.c
libkernel_a_SOURCES += vfs/hostfs/fd.c
libkernel_a_SOURCES += vfs/hostfs/file.c
libkernel_a_SOURCES += vfs/hostfs/hostfs.h
libkernel_a_SOURCES += vfs/hostfs/inode.c
libkernel_a_SOURCES += vfs/hostfs/super.c
libkernel_a_SOURCES += vfs/inode.c
libkernel_a_SOURCES += vfs/internal.h
libkernel_a_SOURCES += vfs/ioctl.c
libkernel_a_SOURCES += vfs/ioctl.h
libkernel_a_SOURCES += vfs/locks.c
libkernel_a_SOURCES += vfs/mount.c
libkernel_a_SOURCES += vfs/namei-ops.c
libkernel_a_SOURCES += vfs/namei-ops.h
libkernel_a_SOURCES += vfs/namei.c
libkernel_a_SOURCES += vfs/namei.h
libkernel_a_SOURCES += vfs/namespace.c
libkernel_a_SOURCES += vfs/namespace.h
libkernel_a_SOURCES += vfs/open.c
libkernel_a_SOURCES += vfs/permission.c
libkernel_a_SOURCES += vfs/pidfd.c
libkernel_a_SOURCES += vfs/pipe.c
libkernel_a_SOURCES += vfs/pipe.h
libkernel_a_SOURCES += vfs/poll.h
libkernel_a_SOURCES += vfs/proc/array.c
libkernel_a_SOURCES += vfs/proc/base.c
libkernel_a_SOURCES += vfs/proc/fd.c
libkernel_a_SOURCES += vfs/proc/inode.c
libkernel_a_SOURCES += vfs/proc/maps.c
libkernel_a_SOURCES += vfs/proc/mem.c
libkernel_a_SOURCES += vfs/proc/mounts.c
libkernel_a_SOURCES += vfs/proc/proc.h
libkernel_a_SOURCES += vfs/proc/root.c
libkernel_a_SOURCES += vfs/proc/seq.c
libkernel_a_SOURCES += vfs/proc/sysctl.c
libkernel_a_SOURCES += vfs/proc/system.c
libkernel_a_SOURCES += vfs/read_write.c
libkernel_a_SOURCES += vfs/read_write.h
libkernel_a_SOURCES += vfs/readdir.c
libkernel_a_SOURCES += vfs/readdir.h
libkernel_a_SOURCES += vfs/select.c
libkernel_a_SOURCES += vfs/select.h
libkernel_a_SOURCES += vfs/signalfd.c
libkernel_a_SOURCES += vfs/splice.c
libkernel_a_SOURCES += vfs/splice.h
libkernel_a_SOURCES += vfs/stat.c
libkernel_a_SOURCES += vfs/super.c
libkernel_a_SOURCES += vfs/timerfd.c
libkernel_a_SOURCES += vfs/xattr.c
libkernel_a_SOURCES += \
	vfs/hostfs/bounce.c \
	vfs/hostfs/dir.c \
	vfs/hostfs/fd.c \
	vfs/hostfs/file.c \
	vfs/hostfs/hostfile.c \
	vfs/hostfs/hostfs.h \
	vfs/hostfs/inode.c \
	vfs/hostfs/super.c \
	vfs/init.c \
	vfs/overlay/overlay.h \
	vfs/overlay/super.c \
	vfs/tmpfs/dir.c \
	vfs/tmpfs/file.c \
	vfs/tmpfs/namei.c \
	vfs/tmpfs/pages.c \
	vfs/tmpfs/radix.c \
	vfs/tmpfs/radix.h \
	vfs/tmpfs/super.c \
	vfs/tmpfs/tmpfs.h \
	vfs/tmpfs/xattr.c
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
