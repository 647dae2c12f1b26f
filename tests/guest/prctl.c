/* SPDX-License-Identifier: MIT
 *
 * Options of prctl(2) about memory that must not become executable, and about who writes pages back.
 */
#include <linux/capability.h>
#include <sys/mman.h>
#include <sys/personality.h>
#include <sys/prctl.h>

#include "tests/guest/guest.h"

#ifndef PR_SET_MDWE
#define PR_SET_MDWE		 65
#define PR_GET_MDWE		 66
#define PR_MDWE_REFUSE_EXEC_GAIN 1u
#endif
#ifndef PR_MDWE_NO_INHERIT
#define PR_MDWE_NO_INHERIT 2u
#endif

#define PAGE 4096
#define RW   (PROT_READ | PROT_WRITE)
#define RX   (PROT_READ | PROT_EXEC)

/* A kernel before 6.6 has not all of it. */
static bool
mdwe_is_there(void)
{
	pid_t pid = guest_fork();

	if (pid == 0)
		_exit(prctl(PR_SET_MDWE, PR_MDWE_REFUSE_EXEC_GAIN | PR_MDWE_NO_INHERIT, 0, 0, 0) == 0 ? 0 : 1);
	return WEXITSTATUS(guest_wait(pid)) == 0;
}

static int
mdwe(void)
{
	return prctl(PR_GET_MDWE, 0, 0, 0, 0);
}

static char *
anonymous(size_t len, int prot)
{
	char *p = mmap(NULL, len, prot, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	CHECK(p != MAP_FAILED);
	return p;
}

static void
mdwe_settings(void)
{
	if (!mdwe_is_there())
		return;
	CHECK_EQ(mdwe(), 0);
	CHECK_ERR(prctl(PR_GET_MDWE, 1, 0, 0, 0), EINVAL);
	CHECK_ERR(prctl(PR_GET_MDWE, 0, 0, 0, 1), EINVAL);
	CHECK_ERR(prctl(PR_SET_MDWE, PR_MDWE_NO_INHERIT, 0, 0, 0), EINVAL);
	CHECK_ERR(prctl(PR_SET_MDWE, 4, 0, 0, 0), EINVAL);
	CHECK_ERR(prctl(PR_SET_MDWE, 1UL << 32, 0, 0, 0), EINVAL);
	CHECK_ERR(prctl(PR_SET_MDWE, PR_MDWE_REFUSE_EXEC_GAIN, 1, 0, 0), EINVAL);
	CHECK_EQ(prctl(PR_SET_MDWE, 0, 0, 0, 0), 0);
	CHECK_EQ(prctl(PR_SET_MDWE, PR_MDWE_REFUSE_EXEC_GAIN, 0, 0, 0), 0);
	CHECK_EQ(prctl(PR_SET_MDWE, PR_MDWE_REFUSE_EXEC_GAIN, 0, 0, 0), 0);
	CHECK_ERR(prctl(PR_SET_MDWE, 0, 0, 0, 0), EPERM);
	CHECK_ERR(prctl(PR_SET_MDWE, PR_MDWE_REFUSE_EXEC_GAIN | PR_MDWE_NO_INHERIT, 0, 0, 0), EPERM);
	CHECK_EQ(mdwe(), PR_MDWE_REFUSE_EXEC_GAIN);
}

static void
mdwe_of_children_and_programs(void)
{
	pid_t pid;

	if (!mdwe_is_there())
		return;
	for (int bits = PR_MDWE_REFUSE_EXEC_GAIN; bits <= 3; bits += 2) {
		int kept = bits == PR_MDWE_REFUSE_EXEC_GAIN ? bits : 0;

		pid = guest_fork();
		if (pid == 0) {
			CHECK_EQ(prctl(PR_SET_MDWE, bits, 0, 0, 0), 0);
			if (guest_fork() == 0)
				_exit(mdwe());
			CHECK_EXITS(-1, kept);
			execl(guest_self, guest_self, "mdwe", (char *)NULL);
			_exit(50);
		}
		CHECK_EXITS(pid, kept);
	}
}

static void
mdwe_refuses(void)
{
	char *data, *text, *both;

	if (!mdwe_is_there())
		return;
	both = anonymous(PAGE, RW | PROT_EXEC);
	CHECK_EQ(prctl(PR_SET_MDWE, PR_MDWE_REFUSE_EXEC_GAIN, 0, 0, 0), 0);
	CHECK_ERR((long)mmap(NULL, PAGE, RW | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), EACCES);
	CHECK_ERR((long)mmap(NULL, PAGE, PROT_WRITE | PROT_EXEC, MAP_SHARED | MAP_ANONYMOUS, -1, 0), EACCES);
	text = anonymous(2 * PAGE, RX);
	CHECK_EQ(mprotect(text, PAGE, RX), 0);
	CHECK_ERR(mprotect(text, PAGE, RX | PROT_WRITE), EACCES);
	CHECK_EQ(mprotect(text, PAGE, PROT_READ), 0);
	CHECK_ERR(mprotect(text, 2 * PAGE, RX), EACCES); /* not any more */
	CHECK_EQ(mprotect(text + PAGE, PAGE, PROT_EXEC), 0);
	data = anonymous(PAGE, RW);
	*data = 1;
	CHECK_ERR((long)mmap(data, PAGE, RW | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0), EACCES);
	CHECK_EQ(*data, 1);
	CHECK_ERR(mprotect(data, PAGE, RX), EACCES);
	CHECK_EQ(mprotect(data, PAGE, PROT_NONE), 0);
	CHECK_ERR(mprotect(data, PAGE, PROT_EXEC), EACCES);
	*both = 2; /* what is there stays, but must not be asked for again */
	CHECK_ERR(mprotect(both, PAGE, RW | PROT_EXEC), EACCES);
	CHECK_EQ(mprotect(both, PAGE, RX), 0);
	CHECK_ERR((long)mmap(both, PAGE, RW | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0), EACCES);
	CHECK_EQ(*both, 2);
}

static void
mdwe_where_reading_is_executing(void)
{
	char *p, *both;
	int fd;

	if (!mdwe_is_there())
		return;
	p = anonymous(PAGE, RW);
	fd = memfd_create("m", 0);
	CHECK_EQ(ftruncate(fd, PAGE), 0);
	CHECK_EQ(prctl(PR_SET_MDWE, PR_MDWE_REFUSE_EXEC_GAIN, 0, 0, 0), 0);
	CHECK(personality(READ_IMPLIES_EXEC) >= 0);
	CHECK_ERR(mprotect(p, PAGE, RW), EACCES);
	CHECK_ERR(mprotect(p, PAGE, PROT_READ), EACCES);
	CHECK_EQ(mprotect(p, PAGE, PROT_WRITE), 0);
	CHECK_ERR((long)mmap(NULL, PAGE, RW, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), EACCES);
	CHECK_ERR((long)mmap(NULL, PAGE, RW, MAP_SHARED, fd, 0), EACCES);
	both = mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	CHECK(both != MAP_FAILED);
	CHECK_EQ(personality(0), READ_IMPLIES_EXEC);
}

static bool
has_cap(int cap)
{
	struct __user_cap_header_struct h = { _LINUX_CAPABILITY_VERSION_3, 0 };
	struct __user_cap_data_struct d[2];

	return syscall(SYS_capget, &h, d) == 0 && (d[cap / 32].effective & 1u << cap % 32);
}

static void
writes_pages_back(void)
{
	if (!has_cap(CAP_SYS_RESOURCE)) {
		CHECK_ERR(prctl(PR_SET_IO_FLUSHER, 1, 0, 0, 0), EPERM);
		CHECK_ERR(prctl(PR_SET_IO_FLUSHER, 2, 1, 0, 0), EPERM);
		CHECK_ERR(prctl(PR_GET_IO_FLUSHER, 0, 0, 0, 0), EPERM);
		return;
	}
	CHECK_EQ(prctl(PR_GET_IO_FLUSHER, 0, 0, 0, 0), 0);
	CHECK_ERR(prctl(PR_SET_IO_FLUSHER, 2, 0, 0, 0), EINVAL);
	CHECK_ERR(prctl(PR_SET_IO_FLUSHER, 1, 1, 0, 0), EINVAL);
	CHECK_ERR(prctl(PR_GET_IO_FLUSHER, 1, 0, 0, 0), EINVAL);
	CHECK_EQ(prctl(PR_SET_IO_FLUSHER, 1, 0, 0, 0), 0);
	CHECK_EQ(prctl(PR_GET_IO_FLUSHER, 0, 0, 0, 0), 1);
	if (guest_fork() == 0)
		_exit(prctl(PR_GET_IO_FLUSHER, 0, 0, 0, 0));
	CHECK_EXITS(-1, 1);
	CHECK_EQ(prctl(PR_SET_IO_FLUSHER, 0, 0, 0, 0), 0);
	CHECK_EQ(prctl(PR_GET_IO_FLUSHER, 0, 0, 0, 0), 0);
}

int
main(int argc, char **argv)
{
	static const struct guest_case cases[] = {
		T(mdwe_settings), T(mdwe_of_children_and_programs), T(mdwe_refuses), T(mdwe_where_reading_is_executing),
		T(writes_pages_back),
	};

	if (argc > 1 && !strcmp(argv[1], "mdwe"))
		return mdwe();
	return guest_main(argc, argv, cases, ARRAY_SIZE(cases));
}
