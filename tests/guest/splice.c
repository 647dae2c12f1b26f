/* SPDX-License-Identifier: MIT
 *
 * splice, tee, vmsplice and sendfile.
 */
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/sendfile.h>
#include <sys/timerfd.h>
#include <sys/uio.h>

#include "tests/guest/guest.h"

static int p[2], q[2];
static char buf[200000] __attribute__((aligned(4096)));

static void
two_pipes(void)
{
	CHECK_EQ(pipe(p), 0);
	CHECK_EQ(pipe(q), 0);
}

static void
between_pipes(void)
{
	two_pipes();
	CHECK_EQ(write(p[1], "0123456789", 10), 10);
	CHECK_EQ(splice(p[0], NULL, q[1], NULL, 4, 0), 4);
	CHECK_EQ(splice(p[0], NULL, q[1], NULL, 100, 0), 6);
	CHECK_EQ(read(q[0], buf, 100), 10);
	CHECK(memcmp(buf, "0123456789", 10) == 0);
	CHECK_ERR(splice(p[0], NULL, q[1], NULL, 1, SPLICE_F_NONBLOCK), EAGAIN);
	CHECK_ERR(splice(p[0], NULL, p[1], NULL, 1, 0), EINVAL);
	CHECK_ERR(splice(p[1], NULL, q[1], NULL, 1, 0), EBADF);
	CHECK_ERR(splice(p[0], &(off64_t){ 0 }, q[1], NULL, 1, 0), ESPIPE);
	CHECK_ERR(splice(p[0], NULL, q[1], NULL, 1, 64), EINVAL);
	CHECK_EQ(splice(p[0], NULL, q[1], NULL, 0, 0), 0);
	close(p[1]);
	CHECK_EQ(splice(p[0], NULL, q[1], NULL, 1, 0), 0);
	signal(SIGPIPE, SIG_IGN);
	close(q[0]);
	CHECK_EQ(pipe(p), 0);
	CHECK_EQ(write(p[1], "x", 1), 1);
	CHECK_ERR(splice(p[0], NULL, q[1], NULL, 1, 0), EPIPE);
}

static void
teeing(void)
{
	two_pipes();
	CHECK_EQ(write(p[1], "tee", 3), 3);
	CHECK_EQ(tee(p[0], q[1], 2, 0), 2);
	CHECK_EQ(tee(p[0], q[1], 100, 0), 3);
	CHECK_EQ(read(q[0], buf, 100), 5);
	CHECK(memcmp(buf, "tetee", 5) == 0);
	CHECK_EQ(read(p[0], buf, 100), 3);
	CHECK_ERR(tee(p[0], q[1], 1, SPLICE_F_NONBLOCK), EAGAIN);
	CHECK_ERR(tee(p[0], p[1], 1, 0), EINVAL);
}

static void
files_to_pipes(void)
{
	int fd = guest_new_file("the contents of a file");
	off64_t off = 4;

	two_pipes();
	CHECK_EQ(splice(fd, NULL, p[1], NULL, 3, 0), 3);
	CHECK_EQ(splice(fd, &off, p[1], NULL, 8, 0), 8);
	CHECK_EQ(off, 12);
	CHECK_EQ(lseek(fd, 0, SEEK_CUR), 3);
	CHECK_EQ(read(p[0], buf, 100), 11);
	CHECK(memcmp(buf, "thecontents", 11) == 0);
	CHECK_EQ(splice(fd, NULL, p[1], NULL, 1000, 0), 19);
	CHECK_EQ(splice(fd, NULL, p[1], NULL, 1000, 0), 0);
	CHECK_EQ(read(p[0], buf, 100), 19);
	CHECK_ERR(splice(fd, NULL, fd, NULL, 1, 0), EINVAL);
	CHECK_ERR(splice(fd, NULL, p[1], &off, 1, 0), ESPIPE);
	CHECK_ERR(splice(fd, (void *)guest_bad_address(), p[1], NULL, 1, 0), EFAULT);
}

static void
pipes_to_files(void)
{
	int fd = guest_new_file("...............");
	off64_t off = 5;

	two_pipes();
	CHECK_EQ(write(p[1], "abcdefgh", 8), 8);
	CHECK_EQ(splice(p[0], NULL, fd, &off, 3, 0), 3);
	CHECK_EQ(off, 8);
	CHECK_EQ(splice(p[0], NULL, fd, NULL, 100, 0), 5);
	CHECK_EQ(pread(fd, buf, 100, 0), 15);
	CHECK(memcmp(buf, "defghabc.......", 15) == 0);
	CHECK_EQ(write(p[1], "x", 1), 1);
	CHECK_ERR(splice(p[0], NULL, open("f", O_WRONLY | O_APPEND), NULL, 1, 0), EINVAL);
	CHECK_ERR(splice(p[0], NULL, open("f", O_RDONLY), NULL, 1, 0), EBADF);
}

static void
waiting(void)
{
	int fd = guest_new_file("data");
	pid_t pid;

	two_pipes();
	fcntl(p[1], F_SETPIPE_SZ, 4096);
	memset(buf, 'x', 4096);
	CHECK_EQ(write(p[1], buf, 4096), 4096);
	CHECK_ERR(splice(fd, NULL, p[1], NULL, 4, SPLICE_F_NONBLOCK), EAGAIN);
	pid = guest_fork();
	if (pid == 0) {
		guest_sleep_ms(30);
		_exit(read(p[0], buf, 4096) != 4096);
	}
	CHECK_EQ(splice(fd, NULL, p[1], NULL, 4, 0), 4);
	CHECK_EXITS(pid, 0);
	CHECK_EQ(read(p[0], buf, 100), 4);
	pid = guest_fork();
	if (pid == 0) {
		guest_sleep_ms(30);
		_exit(write(p[1], "late", 4) != 4);
	}
	CHECK_EQ(splice(p[0], NULL, q[1], NULL, 100, 0), 4);
	CHECK_EXITS(pid, 0);
}

static void
user_memory(void)
{
	struct iovec iov[2] = { { "user", 4 }, { "memory", 6 } };

	two_pipes();
	CHECK_EQ(vmsplice(p[1], iov, 2, 0), 10);
	iov[0] = (struct iovec){ buf, 100 };
	CHECK_EQ(vmsplice(p[0], iov, 1, 0), 10);
	CHECK(memcmp(buf, "usermemory", 10) == 0);
	iov[0] = (struct iovec){ buf, sizeof(buf) };
	CHECK_EQ(vmsplice(p[1], iov, 1, 0), 65536);
	CHECK_ERR(vmsplice(p[1], iov, 1, SPLICE_F_NONBLOCK), EAGAIN);
	CHECK_ERR(vmsplice(open("/dev/null", O_RDWR), iov, 1, 0), EBADF);
}

static void
sending_files(void)
{
	int fd = guest_new_file("send this file"), out = open("out", O_RDWR | O_CREAT, 0600);
	off_t off = 5;

	CHECK_EQ(sendfile(out, fd, &off, 4), 4);
	CHECK_EQ(off, 9);
	CHECK_EQ(lseek(fd, 0, SEEK_CUR), 0);
	CHECK_EQ(sendfile(out, fd, NULL, 1000), 14);
	CHECK_EQ(lseek(fd, 0, SEEK_CUR), 14);
	CHECK_EQ(sendfile(out, fd, NULL, 1000), 0);
	CHECK_EQ(pread(out, buf, 100, 0), 18);
	CHECK(memcmp(buf, "thissend this file", 18) == 0);
	two_pipes();
	off = 0;
	CHECK_EQ(sendfile(p[1], fd, &off, 4), 4);
	CHECK_EQ(read(p[0], buf, 100), 4);
	CHECK_EQ(write(p[1], "x", 1), 1);
	CHECK_ERR(sendfile(out, p[0], NULL, 1), EINVAL);
	CHECK_ERR(sendfile(out, p[0], &off, 1), ESPIPE);
	CHECK_ERR(sendfile(open("f", O_RDONLY), fd, NULL, 1), EBADF);
}

/* Whether there is room comes before whether the file can be spliced at all. */
static void
directories(void)
{
	int d = open(".", O_RDONLY | O_DIRECTORY);
	off_t off = 0;

	two_pipes();
	CHECK_ERR(splice(d, NULL, p[1], NULL, 10, 0), EINVAL);
	CHECK_ERR(sendfile(p[1], d, NULL, 10), EINVAL);
	CHECK_EQ(fcntl(p[1], F_SETFL, O_NONBLOCK), 0);
	while (write(p[1], buf, 4096) > 0)
		;
	CHECK_ERR(splice(d, NULL, p[1], NULL, 10, 0), EAGAIN);
	CHECK_ERR(splice(d, &off, p[1], NULL, 10, 0), EAGAIN);
	CHECK_ERR(sendfile(p[1], d, NULL, 10), EAGAIN);
	CHECK_ERR(sendfile(p[1], d, &off, 10), EAGAIN);
	CHECK_ERR(sendfile(p[1], guest_new_file("x"), NULL, 0), EAGAIN);
	CHECK_ERR(sendfile(p[1], p[0], NULL, 10), EAGAIN);
}

static void
large_transfers(void)
{
	static char back[sizeof(buf)];
	int fd = guest_new_file(""), out = open("out", O_RDWR | O_CREAT, 0600);
	long total = 0, n;
	pid_t pid;

	for (size_t i = 0; i < sizeof(buf); i++)
		buf[i] = (char)(i * 7 + i / 4096);
	CHECK_EQ(write(fd, buf, sizeof(buf)), (long)sizeof(buf));
	lseek(fd, 0, SEEK_SET);
	two_pipes();
	pid = guest_fork();
	if (pid == 0) {
		close(p[0]);
		while ((n = splice(fd, NULL, p[1], NULL, 50000, 0)) > 0)
			total += n;
		_exit(n != 0 || total != sizeof(buf));
	}
	close(p[1]);
	while ((n = splice(p[0], NULL, out, NULL, 30000, 0)) > 0)
		total += n;
	CHECK_EQ(total, sizeof(buf));
	CHECK_EXITS(pid, 0);
	CHECK_EQ(pread(out, back, sizeof(back), 0), (long)sizeof(back));
	CHECK(memcmp(buf, back, sizeof(buf)) == 0);
}

static void
files_without_splice(void)
{
	const char *names[] = { "/dev/null", "/proc/self/maps", "/proc/self/status", "/proc/self/comm" };
	int fds[8], n = 0, out;

	guest_tmpdir();
	CHECK_EQ(pipe2(p, O_NONBLOCK), 0);
	out = open("out", O_RDWR | O_CREAT, 0600);
	fds[n++] = eventfd(1, EFD_NONBLOCK);
	fds[n++] = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK);
	for (unsigned int i = 0; i < ARRAY_SIZE(names); i++)
		fds[n++] = open(names[i], O_RDONLY);
	for (int i = 0; i < n; i++) {
		CHECK(fds[i] >= 0);
		CHECK_ERR(splice(fds[i], NULL, p[1], NULL, 8, 0), EINVAL);
		CHECK_ERR(sendfile(out, fds[i], NULL, 8), EINVAL);
	}
	CHECK_EQ(write(p[1], "12345678", 8), 8);
	CHECK_ERR(splice(p[0], NULL, fds[0], NULL, 8, 0), EINVAL);
	CHECK_EQ(pwrite(out, "12345678", 8, 0), 8);
	CHECK_ERR(sendfile(fds[0], out, NULL, 8), EINVAL);
	CHECK_EQ(lseek(out, 0, SEEK_CUR), 0);
	CHECK_ERR(sendfile(p[1], fds[2], NULL, 8), EINVAL);
	CHECK_ERR(sendfile(open("other", O_RDWR | O_CREAT, 0600), out, NULL, -1), EINVAL);
}

static void
vmsplice_takes_what_is_there(void)
{
	long page = sysconf(_SC_PAGESIZE);
	char *m = mmap(NULL, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct iovec iov[2] = { { m, 5 }, { m + page, 5 } };

	CHECK_EQ(munmap(m + page, page), 0);
	memcpy(m, "abcde", 5);
	CHECK_EQ(pipe2(p, O_NONBLOCK), 0);
	CHECK_EQ(vmsplice(p[1], iov, 2, 0), 5);
	CHECK_EQ(read(p[0], buf, sizeof(buf)), 5);
	iov[0].iov_base = m + page - 3;
	iov[0].iov_len = 10;
	CHECK_EQ(vmsplice(p[1], iov, 1, 0), 3);
	CHECK_EQ(read(p[0], buf, sizeof(buf)), 3);
	CHECK_ERR(vmsplice(p[1], iov + 1, 1, 0), EFAULT);
}

int
main(int argc, char **argv)
{
	static const struct guest_case cases[] = {
		T(between_pipes), T(teeing), T(files_to_pipes), T(pipes_to_files), T(waiting), T(user_memory), T(sending_files),
		T(directories), T(large_transfers), T(files_without_splice), T(vmsplice_takes_what_is_there),
	};

	return guest_main(argc, argv, cases, ARRAY_SIZE(cases));
}
