include $(srcdir)/tests/guest/local.mk
