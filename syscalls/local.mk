libkernel_a_SOURCES += \
	syscalls/pipe.c
