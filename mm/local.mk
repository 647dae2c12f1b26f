libkernel_a_SOURCES += \
	mm/iov_iter.c \
	mm/mm.h \
	mm/uaccess-direct.c \
	mm/uaccess-direct.h \
	mm/uaccess.c \
	mm/uaccess.h
