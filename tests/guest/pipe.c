/* SPDX-License-Identifier: MIT
 *
 * Pipes and FIFOs.
 */
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/uio.h>

#include "tests/guest/guest.h"

static void
write_then_read(void)
{
	int p[2];
	char buf[20];

	CHECK_EQ(pipe(p), 0);
	CHECK_EQ(write(p[1], "hello", 5), 5);
	CHECK_EQ(write(p[1], "world", 5), 5);
	CHECK_EQ(read(p[0], buf, 3), 3);
	CHECK_EQ(read(p[0], buf + 3, 10), 7);
	CHECK(memcmp(buf, "helloworld", 10) == 0);
}

static void
ends_have_directions(void)
{
	int p[2];
	char c;

	CHECK_EQ(pipe(p), 0);
	CHECK_ERR(read(p[1], &c, 1), EBADF);
	CHECK_ERR(write(p[0], "x", 1), EBADF);
	CHECK_ERR(lseek(p[0], 0, SEEK_CUR), ESPIPE);
	CHECK_ERR(pread(p[0], &c, 1, 0), ESPIPE);
	CHECK_ERR(pwritev(p[0], &(struct iovec){ &c, 1 }, 1, 0), ESPIPE);
	CHECK_ERR(ftruncate(p[1], 0), EINVAL);
	CHECK_EQ(fcntl(p[0], F_GETFL) & O_ACCMODE, O_RDONLY);
	CHECK_EQ(fcntl(p[1], F_GETFL) & O_ACCMODE, O_WRONLY);
}

static void
end_of_file(void)
{
	int p[2];
	char c;

	CHECK_EQ(pipe(p), 0);
	CHECK_EQ(write(p[1], "x", 1), 1);
	close(p[1]);
	CHECK_EQ(read(p[0], &c, 1), 1);
	CHECK_EQ(read(p[0], &c, 1), 0);
	CHECK_EQ(read(p[0], &c, 1), 0);
}

static void
epipe(void)
{
	int p[2];

	signal(SIGPIPE, SIG_IGN);
	CHECK_EQ(pipe(p), 0);
	close(p[0]);
	CHECK_ERR(write(p[1], "x", 1), EPIPE);
	CHECK_EQ(write(p[1], "x", 0), 0);
}

static void
capacity(void)
{
	static char buf[70000];
	int p[2], n = 0;

	CHECK_EQ(pipe2(p, O_NONBLOCK), 0);
	CHECK_EQ(fcntl(p[0], F_GETPIPE_SZ), 65536);
	CHECK_EQ(write(p[1], buf, sizeof(buf)), 65536);
	CHECK_ERR(write(p[1], buf, 1), EAGAIN);
	CHECK_EQ(ioctl(p[0], FIONREAD, &n), 0);
	CHECK_EQ(n, 65536);
	CHECK_EQ(read(p[0], buf, 4095), 4095);
	CHECK_ERR(write(p[1], buf, 4096), EAGAIN); /* atomic or not at all */
	CHECK_EQ(read(p[0], buf, 1), 1);
	CHECK_EQ(write(p[1], buf, 4096), 4096);
	CHECK_EQ(read(p[0], buf, sizeof(buf)), 65536);
	CHECK_ERR(read(p[0], buf, 1), EAGAIN);
}

static void
resizing(void)
{
	static char buf[1 << 20];
	int p[2];

	CHECK_EQ(pipe2(p, O_NONBLOCK), 0);
	CHECK_EQ(fcntl(p[0], F_SETPIPE_SZ, 100), 4096);
	CHECK_EQ(write(p[1], buf, 5000), 4096);
	CHECK_EQ(fcntl(p[1], F_SETPIPE_SZ, 200000), 262144);
	CHECK_EQ(write(p[1], buf, sizeof(buf)), 262144 - 4096);
	CHECK_ERR(fcntl(p[0], F_SETPIPE_SZ, 4096), EBUSY);
}

static void
small_writes_merge_into_pages(void)
{
	int p[2], i, n;
	char c;

	CHECK_EQ(pipe2(p, O_NONBLOCK), 0);
	for (i = 0; i < 65536; i++)
		CHECK_EQ(write(p[1], "x", 1), 1);
	CHECK_ERR(write(p[1], "x", 1), EAGAIN);
	for (n = 0; read(p[0], &c, 1) == 1; n++)
		;
	CHECK_EQ(n, 65536);
}

static void
writes_up_to_pipe_buf_are_atomic(void)
{
	char buf[4096];
	int p[2], i, n, k;
	size_t have;

	CHECK_EQ(pipe(p), 0);
	for (i = 0; i < 4; i++) {
		if (guest_fork() == 0) {
			memset(buf, 'a' + i, sizeof(buf));
			for (n = 0; n < 100; n++) {
				if (write(p[1], buf, 4000) != 4000)
					_exit(1);
			}
			_exit(0);
		}
	}
	close(p[1]);
	for (n = 0; n < 400; n++) {
		for (have = 0; have < 4000; have += (size_t)k) {
			k = (int)read(p[0], buf + have, 4000 - have);
			CHECK(k > 0);
		}
		for (k = 1; k < 4000; k++)
			CHECK(buf[k] == buf[0]);
	}
	CHECK_EQ(read(p[0], buf, 1), 0);
	for (i = 0; i < 4; i++)
		CHECK_EXITS(-1, 0);
}

static void
a_large_write_blocks_and_completes(void)
{
	static char buf[1 << 20];
	int p[2];
	size_t total = 0;
	ssize_t n;
	pid_t pid;

	CHECK_EQ(pipe(p), 0);
	pid = guest_fork();
	if (pid == 0)
		_exit(write(p[1], buf, sizeof(buf)) == sizeof(buf) ? 0 : 1);
	close(p[1]);
	while ((n = read(p[0], buf, 10000)) > 0)
		total += (size_t)n;
	CHECK_EQ(total, 1 << 20);
	CHECK_EXITS(pid, 0);
}

static void
packet_mode(void)
{
	int p[2];
	char buf[10] = "";

	CHECK_EQ(pipe2(p, O_DIRECT), 0);
	CHECK_EQ(write(p[1], "one", 3), 3);
	CHECK_EQ(write(p[1], "four", 4), 4);
	CHECK_EQ(read(p[0], buf, 2), 2); /* the rest is thrown away */
	CHECK_EQ(read(p[0], buf, 10), 4);
	CHECK(memcmp(buf, "four", 4) == 0);
}

static void
flags_of_pipe2(void)
{
	int p[2];

	CHECK_EQ(pipe2(p, O_CLOEXEC), 0);
	CHECK_EQ(fcntl(p[0], F_GETFD), FD_CLOEXEC);
	CHECK_EQ(fcntl(p[1], F_GETFD), FD_CLOEXEC);
	CHECK_ERR(pipe2(p, O_APPEND), EINVAL);
	CHECK_EQ(fcntl(p[0], F_SETFL, O_NONBLOCK), 0);
	CHECK_EQ(fcntl(p[0], F_GETFL) & O_NONBLOCK, O_NONBLOCK);
}

static void
poll_states(void)
{
	struct pollfd f[2];
	int p[2];
	char c;

	CHECK_EQ(pipe(p), 0);
	f[0] = (struct pollfd){ .fd = p[0], .events = POLLIN | POLLOUT };
	f[1] = (struct pollfd){ .fd = p[1], .events = POLLIN | POLLOUT };
	CHECK_EQ(poll(f, 2, 0), 1);
	CHECK(f[0].revents == 0 && f[1].revents == POLLOUT);
	CHECK_EQ(write(p[1], "x", 1), 1);
	CHECK_EQ(poll(f, 1, 0), 1);
	CHECK_EQ(f[0].revents, POLLIN);
	close(p[1]);
	CHECK_EQ(poll(f, 1, 0), 1);
	CHECK_EQ(f[0].revents, POLLIN | POLLHUP);
	CHECK_EQ(read(p[0], &c, 1), 1);
	CHECK_EQ(poll(f, 1, 0), 1);
	CHECK_EQ(f[0].revents, POLLHUP);
	CHECK_EQ(pipe(p), 0);
	close(p[0]);
	f[1].fd = p[1];
	CHECK_EQ(poll(&f[1], 1, 0), 1);
	CHECK_EQ(f[1].revents, POLLOUT | POLLERR);
}

static void
stat_of_a_pipe(void)
{
	struct stat a, b;
	int p[2];

	CHECK_EQ(pipe(p), 0);
	CHECK_EQ(fstat(p[0], &a), 0);
	CHECK_EQ(fstat(p[1], &b), 0);
	CHECK(S_ISFIFO(a.st_mode));
	CHECK_EQ(a.st_mode & 0777, 0600);
	CHECK(a.st_ino == b.st_ino && a.st_dev == b.st_dev);
	CHECK_EQ(a.st_uid, getuid());
}

static void
vectors(void)
{
	char a[3] = "", b[4] = "";
	struct iovec out[] = { { "ab", 2 }, { NULL, 0 }, { "cde", 3 } }, in[] = { { a, 2 }, { b, 3 } };
	int p[2];

	CHECK_EQ(pipe(p), 0);
	CHECK_EQ(writev(p[1], out, 3), 5);
	CHECK_EQ(readv(p[0], in, 2), 5);
	CHECK_STR(a, "ab");
	CHECK_STR(b, "cde");
	CHECK_ERR(writev(p[1], out, -1), EINVAL);
	CHECK_ERR(writev(p[1], out, 1025), EINVAL);
}

static void
fifo_open_waits_for_the_other_end(void)
{
	int fd;
	char c = 0;
	pid_t pid;

	guest_tmpdir();
	CHECK_EQ(mkfifo("f", 0600), 0);
	CHECK_ERR(mkfifo("f", 0600), EEXIST);
	CHECK_ERR(open("f", O_WRONLY | O_NONBLOCK), ENXIO);
	pid = guest_fork();
	if (pid == 0) {
		guest_sleep_ms(50);
		fd = open("f", O_WRONLY);
		_exit(fd >= 0 && write(fd, "q", 1) == 1 ? 0 : 1);
	}
	fd = open("f", O_RDONLY);
	CHECK(fd >= 0);
	CHECK_EQ(read(fd, &c, 1), 1);
	CHECK_EQ(c, 'q');
	CHECK_EQ(read(fd, &c, 1), 0);
	CHECK_EXITS(pid, 0);
	close(fd);
	fd = open("f", O_RDONLY | O_NONBLOCK);
	CHECK(fd >= 0);
	CHECK_EQ(read(fd, &c, 1), 0);
	close(fd);
	fd = open("f", O_RDWR);
	CHECK_EQ(write(fd, "r", 1), 1);
	CHECK_EQ(read(fd, &c, 1), 1);
	CHECK_EQ(unlink("f"), 0);
}

static void
reopened_through_proc(void)
{
	char path[64], c = 0;
	int p[2], fd;

	CHECK_EQ(pipe(p), 0);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", p[1]);
	fd = open(path, O_WRONLY);
	CHECK(fd >= 0);
	close(p[1]);
	CHECK_EQ(write(fd, "z", 1), 1);
	CHECK_EQ(read(p[0], &c, 1), 1);
	close(fd);
	CHECK_EQ(read(p[0], &c, 1), 0);
}

static void
many_pipes_at_once(void)
{
	int p[2], i, held[200];

	for (i = 0; i < 200; i += 2) {
		CHECK_EQ(pipe(p), 0);
		held[i] = p[0];
		held[i + 1] = p[1];
		CHECK_EQ(write(p[1], "x", 1), 1);
	}
	for (i = 0; i < 200; i++)
		CHECK_EQ(close(held[i]), 0);
}

static void
splice_and_tee(void)
{
	int a[2], b[2], fd;
	char buf[10] = "";

	guest_tmpdir();
	guest_write_file("f", "0123456789", 10, 0600);
	fd = open("f", O_RDWR);
	CHECK_EQ(pipe(a), 0);
	CHECK_EQ(pipe(b), 0);
	CHECK_EQ(splice(fd, &(off_t){ 3 }, a[1], NULL, 4, 0), 4);
	CHECK_EQ(tee(a[0], b[1], 4, 0), 4);
	CHECK_EQ(read(a[0], buf, 10), 4);
	CHECK_STR(buf, "3456");
	CHECK_EQ(splice(b[0], NULL, fd, NULL, 4, 0), 4);
	CHECK_EQ(pread(fd, buf, 10, 0), 10);
	CHECK(memcmp(buf, "3456456789", 10) == 0);
	CHECK_ERR(splice(fd, NULL, fd, NULL, 4, 0), EINVAL);
}

static void
ping_pong(void)
{
	int a[2], b[2], i;
	char c = 0;
	pid_t pid;

	CHECK_EQ(pipe(a), 0);
	CHECK_EQ(pipe(b), 0);
	pid = guest_fork();
	if (pid == 0) {
		close(a[1]);
		while (read(a[0], &c, 1) == 1) {
			c++;
			if (write(b[1], &c, 1) != 1)
				_exit(1);
		}
		_exit(0);
	}
	for (i = 0; i < 1000; i++) {
		CHECK_EQ(write(a[1], &c, 1), 1);
		CHECK_EQ(read(b[0], &c, 1), 1);
		CHECK_EQ((unsigned char)c, (i + 1) & 255);
	}
	close(a[1]);
	CHECK_EXITS(pid, 0);
}

int
main(int argc, char **argv)
{
	static const struct guest_case cases[] = {
		T(write_then_read), T(ends_have_directions), T(end_of_file), T(epipe), T(capacity), T(resizing),
		T(small_writes_merge_into_pages), T(writes_up_to_pipe_buf_are_atomic), T(a_large_write_blocks_and_completes),
		T(packet_mode), T(flags_of_pipe2), T(poll_states), T(stat_of_a_pipe), T(vectors),
		T(fifo_open_waits_for_the_other_end), T(reopened_through_proc), T(many_pipes_at_once), T(splice_and_tee),
		T(ping_pong),
	};

	return guest_main(argc, argv, cases, ARRAY_SIZE(cases));
}
