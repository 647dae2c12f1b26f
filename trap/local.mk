libkernel_a_SOURCES += \
	trap/host.c \
	trap/host.h \
	trap/request.h \
	trap/trap.h
libkernel_a_SOURCES += trap/host-calls.h
