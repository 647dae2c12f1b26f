libkernel_a_SOURCES += \
	devices/console.c \
	devices/console.h \
	devices/kmsg.c \
	devices/mem.c \
	devices/mem.h \
	devices/n_tty.c \
	devices/n_tty.h \
	devices/n_tty_echo.c \
	devices/pty.c \
	devices/tty.h \
	devices/tty_io.c \
	devices/tty_ioctl.c \
	devices/tty_jobctrl.c
