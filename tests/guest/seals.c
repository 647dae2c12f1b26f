/* SPDX-License-Identifier: MIT
 *
 * Seals of memfd_create(2) and fcntl(2): what each forbids, and what it does to mappings. The simple cases are in memfd.c.
 */
#include <sys/uio.h>
#include <sys/sendfile.h>

#include "guest.h"

#ifndef F_SEAL_FUTURE_WRITE
#define F_SEAL_FUTURE_WRITE 0x10
#endif
#ifndef F_SEAL_EXEC
#define F_SEAL_EXEC 0x20
#endif
#ifndef MFD_EXEC
#define MFD_NOEXEC_SEAL 8U
#define MFD_EXEC	16U
#endif

static int
sealable(void)
{
	int fd = memfd_create("x", MFD_ALLOW_SEALING);

	CHECK(fd >= 0);
	CHECK_EQ(ftruncate(fd, 8192), 0);
	return fd;
}

static void
who_may_seal(void)
{
	char path[64];
	int fd = sealable(), ro, file, p[2];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	ro = open(path, O_RDONLY);
	CHECK(ro >= 0);
	CHECK_ERR(fcntl(ro, F_ADD_SEALS, F_SEAL_GROW), EPERM);
	CHECK_EQ(fcntl(ro, F_GET_SEALS), 0);
	CHECK_EQ(fcntl(fd, F_ADD_SEALS, 0), 0);
	CHECK_ERR(fcntl(fd, F_ADD_SEALS, 0x100), EINVAL);
	CHECK_EQ(fcntl(fd, F_ADD_SEALS, F_SEAL_SEAL), 0);
	CHECK_ERR(fcntl(fd, F_ADD_SEALS, 0), EPERM);
	CHECK_EQ(pipe(p), 0);
	CHECK_ERR(fcntl(p[1], F_ADD_SEALS, F_SEAL_GROW), EINVAL);
	CHECK_ERR(fcntl(p[0], F_ADD_SEALS, F_SEAL_GROW), EPERM);
	CHECK_ERR(fcntl(p[0], F_GET_SEALS), EINVAL);
	guest_tmpdir();
	file = open("f", O_RDWR | O_CREAT, 0600);
	CHECK(file >= 0);
}

static void
future_writes(void)
{
	int fd = sealable(), p[2];
	char *old, *ro, *priv, c;

	CHECK_EQ(pwrite(fd, "a", 1, 0), 1);
	old = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	CHECK(old != MAP_FAILED);
	CHECK_EQ(fcntl(fd, F_ADD_SEALS, F_SEAL_FUTURE_WRITE), 0);
	old[0] = 'b'; /* what is mapped stays writable */
	CHECK_EQ(pread(fd, &c, 1, 0), 1);
	CHECK_EQ(c, 'b');
	CHECK_ERR(pwrite(fd, "x", 1, 0), EPERM);
	CHECK_EQ(pwrite(fd, "x", 0, 0), 0);
	CHECK_EQ(ftruncate(fd, 12288), 0);
	CHECK_ERR(fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, 4096), EPERM);
	CHECK_EQ(fallocate(fd, 0, 0, 16384), 0);
	CHECK(mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0) == MAP_FAILED && errno == EPERM);
	ro = mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0);
	CHECK(ro != MAP_FAILED);
	CHECK_EQ(ro[0], 'b');
	CHECK_ERR(mprotect(ro, 4096, PROT_READ | PROT_WRITE), EACCES);
	priv = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
	CHECK(priv != MAP_FAILED);
	priv[0] = 'c';
	CHECK_EQ(old[0], 'b');
	CHECK_EQ(pipe(p), 0);
	CHECK_EQ(write(p[1], "zz", 2), 2);
	CHECK_ERR(splice(p[0], NULL, fd, NULL, 2, 0), EPERM);
	CHECK_ERR(sendfile(fd, fd, NULL, 1), EPERM);
}

static void
a_write_seal_after_mappings(void)
{
	int fd = sealable();
	char *ro, *w;

	ro = mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0);
	w = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 4096);
	CHECK(ro != MAP_FAILED && w != MAP_FAILED);
	CHECK_ERR(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_GROW), EBUSY);
	CHECK_EQ(fcntl(fd, F_GET_SEALS), 0); /* all or nothing */
	CHECK_EQ(munmap(w, 4096), 0);
	CHECK_ERR(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE), EBUSY); /* this one could be made writable */
	CHECK_EQ(munmap(ro, 4096), 0);
	CHECK_EQ(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE), 0);
	CHECK_EQ(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE), 0);
	CHECK_EQ(ftruncate(fd, 100), 0); /* sizes are another seal's */
}

static void
sizes(void)
{
	int fd = sealable();

	CHECK_EQ(fcntl(fd, F_ADD_SEALS, F_SEAL_GROW | F_SEAL_SHRINK), 0);
	CHECK_EQ(ftruncate(fd, 8192), 0);
	CHECK_ERR(ftruncate(fd, 8191), EPERM);
	CHECK_ERR(ftruncate(fd, 8193), EPERM);
	CHECK_EQ(pwrite(fd, "abc", 3, 8189), 3);
	CHECK_EQ(pwrite(fd, "abc", 3, 8190), 2); /* page by page */
	CHECK_ERR(pwrite(fd, "abc", 3, 8192), EPERM);
	CHECK_EQ(fallocate(fd, 0, 0, 8192), 0);
	CHECK_ERR(fallocate(fd, 0, 8000, 193), EPERM);
	CHECK_EQ(fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, 4096), 0);
}

static void
executables(void)
{
	int fd = memfd_create("x", MFD_ALLOW_SEALING | MFD_EXEC);
	struct stat st;

	if (fd < 0)
		return; /* before Linux 6.3 */
	CHECK_EQ(fstat(fd, &st), 0);
	CHECK_EQ(st.st_mode & 07777, 0777);
	CHECK_EQ(fcntl(fd, F_ADD_SEALS, F_SEAL_EXEC), 0);
	CHECK_EQ(fcntl(fd, F_GET_SEALS), F_SEAL_EXEC | F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_WRITE | F_SEAL_FUTURE_WRITE);
	CHECK_ERR(fchmod(fd, 0666), EPERM);
	CHECK_EQ(fchmod(fd, 0711), 0);
	CHECK_ERR(pwrite(fd, "x", 1, 0), EPERM);
	fd = memfd_create("x", MFD_ALLOW_SEALING);
	CHECK_EQ(fchmod(fd, 0600), 0);
	CHECK_EQ(fcntl(fd, F_ADD_SEALS, F_SEAL_EXEC), 0);
	CHECK_EQ(fcntl(fd, F_GET_SEALS), F_SEAL_EXEC);
	CHECK_ERR(fchmod(fd, 0700), EPERM);
	CHECK_EQ(pwrite(fd, "x", 1, 0), 1);
	fd = memfd_create("x", MFD_NOEXEC_SEAL | MFD_CLOEXEC);
	CHECK_EQ(fcntl(fd, F_GET_SEALS), F_SEAL_EXEC);
	CHECK_EQ(fcntl(fd, F_GETFD), FD_CLOEXEC);
	CHECK_EQ(fcntl(fd, F_ADD_SEALS, F_SEAL_GROW), 0);
}

int
main(int argc, char **argv)
{
	static const struct guest_case cases[] = {
		T(who_may_seal), T(future_writes), T(a_write_seal_after_mappings), T(sizes), T(executables),
	};

	return guest_main(argc, argv, cases, ARRAY_SIZE(cases));
}
