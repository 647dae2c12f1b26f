/* SPDX-License-Identifier: MIT
 *
 * The console. Output is written to the host terminal at once, by whoever produces it: a task, or for echoes the supervisor's
 * thread that reads the host terminal. So nothing is ever held back here, and there is always room.
 *
 * Locks: the pair's lock is held over the host's write.
 * Left out: what is written while the host terminal is stopped blocks all of the console, as it does the real one.
 */
#include <asm/signal.h>
#include <asm/unistd.h>
#include <linux/fcntl.h>
#include <linux/stat.h>

#include "devices/console.h"
#include "devices/tty.h"
#include "kernel/task.h"
#include "kernel/tty-hooks.h"
#include "trap/host.h"
#include "vfs/fdtable.h"
#include "vfs/namei.h"

static size_t
console_write(struct tty *tty, const char *buf, size_t n)
{
	hfd_t fd = tty->k->tty->console_out;
	size_t done = 0;

	while (fd.fd >= 0 && done < n) {
		int64_t ret = host_call3(__NR_write, fd.fd, buf + done, n - done);

		if (ret == -EINTR)
			continue;
		if (ret <= 0)
			break;
		done += (size_t)ret;
	}
	/* What a vanished terminal does not take is lost, as on a line that hung up. */
	return n;
}

static size_t
console_write_room(struct tty *tty)
{
	return TTY_WRITE_CHUNK;
}

static const struct tty_operations console_ops = {
	.write = console_write,
	.write_room = console_write_room,
};

struct tty *
console_create(struct kernel *k)
{
	struct tty_pair *pair = k->tty->console;
	struct tty *tty;

	if (pair)
		return &pair->tty[0];
	pair = tty_pair_alloc(k);
	if (!pair)
		return NULL;
	tty = &pair->tty[0];
	tty->type = TTY_CONSOLE;
	tty->ops = &console_ops;
	tty->termios = tty_std_termios;
	tty->termios.c_iflag |= IUTF8;
	if (tty_setup(tty, false, 4096)) {
		tty_kref_put(NULL, tty);
		return NULL;
	}
	k->tty->console = pair;
	return tty;
}

void
console_set_host(struct kernel *k, hfd_t fd)
{
	k->tty->console_out = fd;
}

void
console_input(struct kernel *k, const char *buf, size_t n)
{
	struct tty *tty = k->tty->console ? &k->tty->console->tty[0] : NULL;

	if (!tty)
		return;
	tty_lock(tty);
	while (n > 0) {
		size_t done = tty_flip_insert(tty, buf, n);

		tty_flip_push(tty);
		if (done == 0)
			break;
		buf += done;
		n -= done;
	}
	tty_unlock(tty);
}

void
console_resize(struct kernel *k, unsigned int rows, unsigned int cols)
{
	struct tty *tty = console_create(k);
	bool changed;

	if (!tty)
		return;
	tty_lock(tty);
	changed = tty->winsize.ws_row != rows || tty->winsize.ws_col != cols;
	tty->winsize = (struct winsize){ .ws_row = (unsigned short)rows, .ws_col = (unsigned short)cols };
	tty_unlock(tty);
	if (changed)
		tty_kill_pgrp(tty, SIGWINCH);
}

struct file *
tty_open_console(struct task *t, uint32_t flags)
{
	struct tty *tty = console_create(t->k);
	struct file *file;
	int err;

	if (!tty)
		return ERR_PTR(-ENOMEM);
	file = filp_open(t, "/dev/console", flags | O_NOCTTY, 0);
	if (IS_ERR(file) || file_tty(file) != tty) {
		/* A root without devices still has its terminal, only without a name. */
		if (!IS_ERR(file))
			fput(t, file);
		file = pseudo_getfile(t, "tty", S_IFCHR | 0620, &tty_fops, NULL, flags);
		if (IS_ERR(file))
			return file;
		err = tty_attach_file(t, tty, file);
		if (err) {
			fput(t, file);
			return ERR_PTR(err);
		}
	}
	if (!(flags & O_NOCTTY))
		tty_open_proc_set_tty(t, tty, file);
	return file;
}
