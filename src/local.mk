stead_SOURCES += \
	src/commands.h \
	src/decode.c \
	src/decode.h \
	src/doctor.c \
	src/doctor.h \
	src/host-tracer.c \
	src/host-tracer.h \
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
	src/trace-command.c \
	src/trace-events.h \
	src/trace-format.c \
	src/trace-format.h \
	src/trace-names.c \
	src/trace-names.h \
	src/trace-structs.c \
	src/trace-structs.h \
	src/trace-text.c \
	src/trace-text.h \
	src/trace.c \
	src/trace.h

$(stead_OBJECTS): | $(TABLE_GEN)
