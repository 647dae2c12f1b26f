/* SPDX-License-Identifier: MIT
 *
 * process_vm_readv and process_vm_writev.
 */
#include <sys/mman.h>
#include <sys/uio.h>

#include "tests/guest/guest.h"

#define PG 4096

static pid_t
waiting_child(void)
{
	pid_t pid = guest_fork();

	if (pid == 0)
		for (;;)
			pause();
	return pid;
}

static void
end(pid_t pid)
{
	kill(pid, SIGKILL);
	CHECK_KILLED(pid, SIGKILL);
}

static void
bytes_go_both_ways(void)
{
	static char mine[3 * PG];
	char there[3 * PG];
	struct iovec l[2] = { { there, 100 }, { there + 100, sizeof(there) - 100 } };
	struct iovec r[3] = { { mine, 1 }, { mine + 1, 2 * PG }, { mine + 1 + 2 * PG, PG - 1 } };
	pid_t pid;

	for (size_t i = 0; i < sizeof(mine); i++)
		mine[i] = (char)(i * 7);
	pid = waiting_child();
	memset(mine + 10, 0, 20); /* of the parent alone */
	CHECK_EQ(process_vm_readv(pid, l, 2, r, 3, 0), sizeof(mine));
	for (size_t i = 0; i < sizeof(mine); i++)
		CHECK_EQ(there[i], (char)(i * 7));
	memset(there, 'x', sizeof(there));
	CHECK_EQ(process_vm_writev(pid, l, 2, r, 3, 0), sizeof(mine));
	CHECK_EQ(mine[PG], (char)(PG * 7));
	memset(there, 0, sizeof(there));
	CHECK_EQ(process_vm_readv(pid, l, 1, r, 2, 0), 100);
	CHECK_EQ(there[99], 'x');
	end(pid);
}

static void
a_missing_page_ends_it(void)
{
	char *p = mmap(NULL, 2 * PG, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), buf[2 * PG];
	struct iovec l = { buf, sizeof(buf) }, r = { p, 2 * PG };
	pid_t pid;

	memset(p, 1, 2 * PG);
	memset(buf, 2, sizeof(buf));
	munmap(p + PG, PG);
	pid = waiting_child();
	CHECK_EQ(process_vm_readv(pid, &l, 1, &r, 1, 0), PG);
	CHECK_EQ(process_vm_writev(pid, &l, 1, &r, 1, 0), PG);
	r.iov_base = p + PG;
	CHECK_ERR(process_vm_readv(pid, &l, 1, &r, 1, 0), EFAULT);
	r.iov_base = p;
	mprotect(p, PG, PROT_READ); /* the parent's */
	CHECK_EQ(process_vm_writev(pid, &l, 1, &r, 1, 0), PG);
	l.iov_base = p;
	CHECK_ERR(process_vm_readv(pid, &l, 1, &r, 1, 0), EFAULT);
	end(pid);
	CHECK_ERR(process_vm_readv(pid, &l, 1, &r, 1, 0), ESRCH);
}

static void
bad_arguments(void)
{
	char buf[16];
	struct iovec l = { buf, 8 }, r = { buf + 8, 8 }, none = { buf, 0 }, huge = { buf, (size_t)-1 };

	CHECK_EQ(process_vm_readv(getpid(), &l, 1, &r, 1, 0), 8);
	CHECK_ERR(process_vm_readv(getpid(), &l, 1, &r, 1, 1), EINVAL);
	CHECK_ERR(process_vm_readv(getpid(), &l, 1025, &r, 1, 0), EINVAL);
	CHECK_ERR(process_vm_readv(getpid(), &l, 1, &r, 1025, 0), EINVAL);
	CHECK_ERR(process_vm_readv(getpid(), &l, 1, &huge, 1, 0), EINVAL);
	CHECK_ERR(process_vm_readv(getpid(), guest_bad_address(), 1, &r, 1, 0), EFAULT);
	CHECK_ERR(process_vm_readv(getpid(), &l, 1, guest_bad_address(), 1, 0), EFAULT);
	CHECK_EQ(process_vm_readv(-1, &none, 1, &r, 1, 0), 0);
	CHECK_EQ(process_vm_readv(-1, &l, 1, &none, 1, 0), 0);
	CHECK_ERR(process_vm_readv(-1, &l, 1, &r, 1, 0), ESRCH);
}

int
main(int argc, char **argv)
{
	static const struct guest_case cases[] = { T(bytes_go_both_ways), T(a_missing_page_ends_it), T(bad_arguments) };

	return guest_main(argc, argv, cases, ARRAY_SIZE(cases));
}
