stead_SOURCES += \
	src/commands.h \
	src/decode.c \
	src/decode.h \
	src/doctor.c \
	src/doctor.h \
	src/main.c \
	src/options.c \
	src/options.h \
	src/run.c \
	src/supervisor.h \
	src/syscalls.c \
	src/trace.h

$(stead_OBJECTS): | $(TABLE_GEN)
