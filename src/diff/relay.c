/* SPDX-License-Identifier: MIT
 *
 * Between a pseudo terminal and the pipes that lead to the stead command.
 */
#include "src/diff/relay.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

int
relay_open(struct relay *r, const char *size)
{
	struct winsize ws = { .ws_row = 24, .ws_col = 80 };

	r->input = true;
	r->master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (r->master < 0 || grantpt(r->master) < 0 || unlockpt(r->master) < 0)
		return -1;
	sscanf(size, "%hux%hu", &ws.ws_row, &ws.ws_col);
	ioctl(r->master, TIOCSWINSZ, &ws);
	return fcntl(r->master, F_SETFL, O_RDWR | O_NONBLOCK);
}

int
relay_enter(const struct relay *r)
{
	char name[64];
	int fd;

	if (setsid() < 0 || ptsname_r(r->master, name, sizeof(name)) != 0)
		return -1;
	fd = open(name, O_RDWR | O_NOCTTY);
	if (fd < 0 || ioctl(fd, TIOCSCTTY, 0) < 0)
		return -1;
	for (int i = 0; i < 3; i++)
		if (dup2(fd, i) < 0)
			return -1;
	return fd > 2 ? close(fd) : 0;
}

static bool
copy(int from, int to)
{
	char buf[4096];
	ssize_t n = read(from, buf, sizeof(buf)), put;

	for (ssize_t at = 0; at < n; at += put > 0 ? put : 0) {
		put = write(to, buf + at, (size_t)(n - at));
		if (put < 0 && errno != EINTR)
			break; /* a full input queue: what is typed too much is lost, as it is for people */
	}
	return n > 0;
}

bool
relay_step(struct relay *r, int ms)
{
	struct pollfd p[2] = { { .fd = r->master, .events = POLLIN }, { .fd = r->input ? 0 : -1, .events = POLLIN } };
	struct timespec tick = { 0, ms * 1000000L };

	if (poll(p, 2, ms) <= 0)
		return false;
	if (p[1].revents)
		r->input = copy(0, r->master);
	if (p[0].revents & POLLIN)
		return copy(r->master, 1);
	if (p[0].revents && !p[1].revents) /* nobody has it open: at the moment, or any more */
		nanosleep(&tick, NULL);
	return false;
}
