# Unit tests of file systems.

if HAVE_CRITERION
check_PROGRAMS += unit-fs
TESTS += unit-fs
unit_fs_SOURCES = tests/unit/tmpfs.c tests/unit/vfs-env.h
unit_fs_CPPFLAGS = $(AM_CPPFLAGS)
unit_fs_CFLAGS = $(AM_CFLAGS) $(CRITERION_CFLAGS) -fno-strict-aliasing -fPIE
unit_fs_LDFLAGS = -pie
unit_fs_LDADD = kernel.o $(CRITERION_LIBS) -lpthread
endif
