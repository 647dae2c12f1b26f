stead_SOURCES += \
	loader/elf.c \
	loader/elf.h \
	loader/plan.h
