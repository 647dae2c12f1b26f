libkernel_a_SOURCES += \
	mm/account.c \
	mm/brk.c \
	mm/fault.c \
	mm/host.c \
	mm/internal.h \
	mm/iov_iter.c \
	mm/layout.c \
	mm/madvise.c \
	mm/mlock.c \
	mm/mm.c \
	mm/mm.h \
	mm/mmap.c \
	mm/mprotect.c \
	mm/mremap.c \
	mm/msync.c \
	mm/shm.c \
	mm/text.c \
	mm/text.h \
	mm/truncate.c \
	mm/uaccess-direct.c \
	mm/uaccess-direct.h \
	mm/uaccess.c \
	mm/uaccess.h \
	mm/vma.c
