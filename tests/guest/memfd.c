/* SPDX-License-Identifier: MIT
 *
 * memfd_create and seals.
 */
#include "tests/guest/guest.h"

#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL 8
#define MFD_EXEC	16
#endif

static void
a_file_in_memory(void)
{
	char path[40], link[100] = "";
	struct stat st;
	int fd = memfd_create("name", 0);

	CHECK(fd >= 0);
	CHECK_EQ(write(fd, "data", 4), 4);
	CHECK_EQ(fstat(fd, &st), 0);
	CHECK_EQ(st.st_size, 4);
	CHECK_EQ(st.st_nlink, 0);
	CHECK_EQ(st.st_mode, S_IFREG | 0777);
	CHECK_EQ(fcntl(fd, F_GETFD), 0);
	CHECK_EQ(fcntl(fd, F_GETFL) & O_ACCMODE, O_RDWR);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	CHECK(readlink(path, link, sizeof(link) - 1) > 0);
	CHECK_STR(link, "/memfd:name (deleted)");
	CHECK_EQ(fcntl(memfd_create("", MFD_CLOEXEC), F_GETFD), FD_CLOEXEC);
}

static void
bad_arguments(void)
{
	char name[300];

	memset(name, 'a', sizeof(name));
	name[249] = 0;
	CHECK(memfd_create(name, 0) >= 0);
	name[249] = 'a';
	name[250] = 0;
	CHECK_ERR(memfd_create(name, 0), EINVAL);
	CHECK_ERR(memfd_create("x", 0x100), EINVAL);
	CHECK_ERR(memfd_create(guest_bad_address(), 0), EFAULT);
}

static void
sealing_must_be_asked_for(void)
{
	int fd = memfd_create("x", 0);

	CHECK_EQ(fcntl(fd, F_GET_SEALS), F_SEAL_SEAL);
	CHECK_ERR(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE), EPERM);
	fd = memfd_create("x", MFD_ALLOW_SEALING);
	CHECK_EQ(fcntl(fd, F_GET_SEALS), 0);
	CHECK_ERR(fcntl(fd, F_ADD_SEALS, 0x1000), EINVAL);
	fd = open("/", O_RDONLY);
	CHECK_ERR(fcntl(fd, F_GET_SEALS), EINVAL);
}

static void
size_seals(void)
{
	int fd = memfd_create("x", MFD_ALLOW_SEALING);

	CHECK_EQ(ftruncate(fd, 8192), 0);
	CHECK_EQ(fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK), 0);
	CHECK_ERR(ftruncate(fd, 4096), EPERM);
	CHECK_EQ(ftruncate(fd, 12288), 0);
	CHECK_EQ(fcntl(fd, F_ADD_SEALS, F_SEAL_GROW), 0);
	CHECK_ERR(ftruncate(fd, 16384), EPERM);
	CHECK_EQ(pwrite(fd, "x", 1, 12287), 1);
	CHECK_ERR(pwrite(fd, "x", 1, 12288), EPERM);
	CHECK_ERR(fallocate(fd, 0, 0, 16384), EPERM);
	CHECK_EQ(fcntl(fd, F_ADD_SEALS, F_SEAL_SEAL), 0);
	CHECK_ERR(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE), EPERM);
	CHECK_EQ(fcntl(fd, F_GET_SEALS), F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL);
}

static void
write_seal(void)
{
	int fd = memfd_create("x", MFD_ALLOW_SEALING);
	char *p, c;

	CHECK_EQ(write(fd, "abc", 3), 3);
	p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	CHECK(p != MAP_FAILED);
	CHECK_ERR(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE), EBUSY);
	CHECK_EQ(munmap(p, 4096), 0);
	CHECK_EQ(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE), 0);
	CHECK_ERR(pwrite(fd, "x", 1, 0), EPERM);
	CHECK_ERR(fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, 4096), EPERM);
	p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	CHECK(p == MAP_FAILED && errno == EPERM);
	p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
	CHECK(p != MAP_FAILED);
	p[0] = 'X';
	CHECK_EQ(pread(fd, &c, 1, 0), 1);
	CHECK_EQ(c, 'a');
}

static void
shared_by_fork(void)
{
	int fd = memfd_create("x", 0);
	char *p;
	pid_t pid;

	CHECK_EQ(ftruncate(fd, 1 << 20), 0);
	p = mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	CHECK(p != MAP_FAILED);
	pid = guest_fork();
	if (pid == 0) {
		strcpy(p + 500000, "from the child");
		_exit(0);
	}
	CHECK_EXITS(pid, 0);
	CHECK_STR(p + 500000, "from the child");
}

static void
not_executable(void)
{
	int fd = memfd_create("x", MFD_NOEXEC_SEAL);
	struct stat st;

	if (fd < 0)
		return; /* before Linux 6.3 */
	CHECK_EQ(fstat(fd, &st), 0);
	CHECK_EQ(st.st_mode & 0777, 0666);
	CHECK_EQ(fcntl(fd, F_GET_SEALS), 0x20);
	CHECK_ERR(fchmod(fd, 0777), EPERM);
	CHECK_EQ(fchmod(fd, 0600), 0);
	CHECK_ERR(memfd_create("x", MFD_EXEC | MFD_NOEXEC_SEAL), EINVAL);
}

/* Records that begin and end inside pages, through a mapping, over old pages, into a hole; and one of which a part cannot be read. */
static void
records_that_are_not_aligned(void)
{
	enum { RECORD = 10240, N = 60, SIZE = 4 << 20 };
	int fd = memfd_create("records", 0);
	char *m = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0), rec[RECORD], back[RECORD], *torn;

	CHECK(m != MAP_FAILED);
	for (int i = 0; i < N; i++) {
		memset(rec, 'a' + i % 26, RECORD);
		CHECK_EQ(write(fd, rec, RECORD), RECORD);
	}
	for (int i = 0; i < N; i++) {
		CHECK_EQ(pread(fd, back, RECORD, i * RECORD), RECORD);
		for (int j = 0; j < RECORD; j += 512)
			CHECK(back[j] == 'a' + i % 26 && m[i * RECORD + j] == 'a' + i % 26);
	}
	memset(rec, 'X', RECORD);
	CHECK_EQ(pwrite(fd, rec, RECORD, N * RECORD - 100), RECORD); /* the last of the old pages, and new ones */
	CHECK_EQ(pwrite(fd, rec, 5000, 2000001), 5000); /* in a hole */
	CHECK(m[N * RECORD - 101] == 'a' + (N - 1) % 26 && m[N * RECORD - 100] == 'X');
	CHECK(m[2000000] == 0 && m[2000001] == 'X' && m[2005000] == 'X' && m[1998848] == 0);
	CHECK_EQ(lseek(fd, 0, SEEK_END), 2005001);
	CHECK_EQ(ftruncate(fd, SIZE), 0);
	CHECK(m[2005001] == 0 && m[2005503] == 0);
	CHECK_EQ(pwrite(fd, m + 2000001, 5000, 3000001), 5000); /* from the file itself */
	CHECK(m[3000000] == 0 && m[3000001] == 'X' && m[3005000] == 'X' && m[3005001] == 0);
	torn = mmap(NULL, 4 * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	CHECK_EQ(munmap(torn + 2 * 4096, 2 * 4096), 0);
	memset(torn, 'T', 2 * 4096);
	CHECK_EQ(pwrite(fd, torn, 4 * 4096, 3500 * 1024), 2 * 4096);
	CHECK(m[3500 * 1024] == 'T' && m[3500 * 1024 + 8191] == 'T' && m[3500 * 1024 + 8192] == 0);
}

int
main(int argc, char **argv)
{
	static const struct guest_case cases[] = {
		T(a_file_in_memory), T(bad_arguments), T(sealing_must_be_asked_for), T(size_seals), T(write_seal), T(shared_by_fork),
		T(not_executable), T(records_that_are_not_aligned),
	};

	return guest_main(argc, argv, cases, ARRAY_SIZE(cases));
}
