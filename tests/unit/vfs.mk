# Unit tests of the VFS core.

if HAVE_CRITERION
check_PROGRAMS += unit-vfs
TESTS += unit-vfs
unit_vfs_SOURCES = tests/unit/dcache.c tests/unit/fdtable.c tests/unit/mount.c tests/unit/vfs-env.h
unit_vfs_CPPFLAGS = $(AM_CPPFLAGS)
unit_vfs_CFLAGS = $(AM_CFLAGS) $(CRITERION_CFLAGS) -fno-strict-aliasing -fPIE
unit_vfs_LDFLAGS = -pie
unit_vfs_LDADD = kernel.o $(CRITERION_LIBS) -lpthread
endif
