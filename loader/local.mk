stead_SOURCES += \
	loader/plan.h
