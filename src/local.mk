stead_SOURCES += \
	src/commands.h \
	src/decode.c \
	src/decode.h \
	src/doctor.c \
	src/doctor.h \
	src/main.c \
	src/options.c \
	src/options.h \
	src/readiness.c \
	src/readiness.h \
	src/run.c \
	src/supervisor.c \
	src/supervisor.h \
	src/syscalls.c \
	src/terminal.c \
	src/terminal.h \
	src/trace.h

$(stead_OBJECTS): | $(TABLE_GEN)
