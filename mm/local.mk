libkernel_a_SOURCES += \
	mm/mm.h \
	mm/uaccess.h
