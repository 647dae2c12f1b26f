include $(srcdir)/tests/guest/local.mk
include $(srcdir)/tests/fuzz/local.mk
include $(srcdir)/tests/unit/local.mk
