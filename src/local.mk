stead_SOURCES += \
	src/main.c
