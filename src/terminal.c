/* SPDX-License-Identifier: MIT
 *
 * The host terminal as the hardware of the console.
 */
#include "src/terminal.h"

#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "devices/console.h"
#include "kernel/kernel.h"

static struct termios saved;
static bool taken;
static int tty_fd; /* standard input, output or error: the first that is a terminal */
static pthread_mutex_t size_lock = PTHREAD_MUTEX_INITIALIZER; /* sizes are passed on in the order they are read in */
static struct winsize size; /* the host terminal's; the console's may have been changed inside since */

void
terminal_restore(void)
{
	if (taken)
		tcsetattr(tty_fd, TCSADRAIN, &saved);
	taken = false;
}

void
terminal_resized(struct kernel *k)
{
	struct winsize ws;

	pthread_mutex_lock(&size_lock);
	if (taken && ioctl(tty_fd, TIOCGWINSZ, &ws) == 0 && (ws.ws_row != size.ws_row || ws.ws_col != size.ws_col)) {
		size = ws;
		console_resize(k, ws.ws_row, ws.ws_col);
	}
	pthread_mutex_unlock(&size_lock);
}

static void *
input_thread(void *arg)
{
	char buf[4096];

	for (;;) {
		ssize_t n = read(tty_fd, buf, sizeof(buf));

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return NULL;
		terminal_resized(arg); /* what is typed after a change of size is read after it: SIGWINCH may be late */
		console_input(arg, buf, (size_t)n);
	}
}

int
terminal_start(struct kernel *k)
{
	struct termios raw;
	pthread_t th;

	for (tty_fd = 0; tty_fd <= 2 && !isatty(tty_fd); tty_fd++)
		;
	if (tty_fd > 2 || tcgetattr(tty_fd, &saved) < 0)
		return 0;
	console_set_host(k, HFD(tty_fd));
	raw = saved;
	cfmakeraw(&raw);
	if (tcsetattr(tty_fd, TCSADRAIN, &raw) < 0)
		return -errno;
	taken = true;
	terminal_resized(k);
	return isatty(STDIN_FILENO) ? -pthread_create(&th, NULL, input_thread, k) : 0;
}
