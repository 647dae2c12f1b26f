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

void
terminal_restore(void)
{
	if (taken)
		tcsetattr(STDIN_FILENO, TCSADRAIN, &saved);
	taken = false;
}

void
terminal_resized(struct kernel *k)
{
	struct winsize ws;

	if (taken && ioctl(STDIN_FILENO, TIOCGWINSZ, &ws) == 0)
		console_resize(k, ws.ws_row, ws.ws_col);
}

static void *
input_thread(void *arg)
{
	char buf[4096];

	for (;;) {
		ssize_t n = read(STDIN_FILENO, buf, sizeof(buf));

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return NULL;
		console_input(arg, buf, (size_t)n);
	}
}

int
terminal_start(struct kernel *k)
{
	struct termios raw;
	pthread_t th;

	if (!isatty(STDIN_FILENO) || tcgetattr(STDIN_FILENO, &saved) < 0)
		return 0;
	raw = saved;
	cfmakeraw(&raw);
	if (tcsetattr(STDIN_FILENO, TCSADRAIN, &raw) < 0)
		return -errno;
	taken = true;
	terminal_resized(k);
	return -pthread_create(&th, NULL, input_thread, k);
}
