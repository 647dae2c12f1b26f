/* SPDX-License-Identifier: MIT
 *
 * For tests of IPC: natively they are in an IPC namespace of their own where they may be, so that they meet no objects of others and
 * leave none behind. Without one (an ordinary user) what they make goes when the process does, as long as a case does not fail.
 */
#ifndef STEAD_TESTS_GUEST_IPC_H
#define STEAD_TESTS_GUEST_IPC_H

#include <sched.h>
#include <sys/ipc.h>
#include <sys/random.h>

#include "tests/guest/guest.h"

/* Is all that is there ours, and may limits be changed? main() asks first, and its children then stay in its namespace. */
__attribute__((unused)) static int
guest_own_ipc(void)
{
	static int own = -1;

	if (own < 0)
		own = geteuid() == 0 && (unshare(CLONE_NEWIPC) == 0 || errno == EINVAL); /* not there: a kernel with but one, ours alone */
	return own;
}

/* A number for keys and names: where others may run the same test at the same time it is by chance. main() asks first. */
__attribute__((unused)) static unsigned int
guest_ipc_number(void)
{
	static unsigned int number;

	if (!number && (guest_own_ipc() || getrandom(&number, sizeof(number), 0) != sizeof(number)))
		number = 0x57ead000;
	number |= 0x100000;
	return number & 0x7ffffff0;
}

__attribute__((unused)) static int
guest_read_limit(const char *name, char *buf, size_t n)
{
	char path[100];
	ssize_t got;
	int fd;

	snprintf(path, sizeof(path), "/proc/sys/%s", name);
	fd = open(path, O_RDONLY);
	if (fd < 0)
		return -1;
	got = read(fd, buf, n - 1);
	close(fd);
	buf[got > 0 ? got : 0] = '\0';
	return got > 0 ? 0 : -1;
}

/* 0, or -1 with errno: it cannot be written here (/proc/sys is read-only in many containers). */
__attribute__((unused)) static int
guest_write_limit(const char *name, const char *text)
{
	char path[100];
	int fd, ok;

	snprintf(path, sizeof(path), "/proc/sys/%s", name);
	fd = open(path, O_WRONLY);
	if (fd < 0)
		return -1;
	errno = 0;
	ok = write(fd, text, strlen(text)) == (ssize_t)strlen(text);
	close(fd);
	return ok ? 0 : -1;
}

#endif
