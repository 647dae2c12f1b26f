/* SPDX-License-Identifier: MIT
 *
 * Pseudo terminals: pty(7), ptmx(4), ioctl_tty(2).
 *
 * What is written at one end arrives in the other end's flip buffer. The pair is in k->tty->ptys from the open of /dev/ptmx to the
 * close of the master, which hangs the slave up and takes its name out of devpts.
 */
#include <asm/ioctls.h>
#include <asm/signal.h>
#include <linux/fcntl.h>

#include "devices/tty.h"
#include "kernel/cred.h"
#include "kernel/task.h"
#include "kernel/tty-hooks.h"
#include "mm/uaccess.h"
#include "vfs/fdtable.h"
#include "vfs/namei.h"
#include "vfs/poll.h"

#define MASTER_FLIP 16384u /* output of the slave */
#define SLAVE_FLIP  8192u  /* input of the slave beyond the line discipline's own */

static size_t
pty_write_room(struct tty *tty)
{
	return tty->stopped ? 0 : tty_flip_room(tty->link);
}

static size_t
pty_write(struct tty *tty, const char *buf, size_t n)
{
	struct tty *to = tty->link;

	if (tty->stopped)
		return 0;
	n = tty_flip_insert(to, buf, n);
	tty_flip_push(to);
	return n;
}

/* This end's buffer was emptied: the other end can write. */
static void
pty_unthrottle(struct tty *tty)
{
	tty_wakeup(tty->link);
}

static void
packet_status(struct tty *tty, uint8_t clear, uint8_t set)
{
	struct tty *master = tty->link;

	if (!master->packet)
		return;
	tty->pktstatus = (uint8_t)((tty->pktstatus & ~clear) | set);
	__wake_up(&master->read_wait, 0, K_POLLIN | K_POLLPRI | K_POLLRDNORM | K_POLLRDBAND);
}

static void
pty_flush_buffer(struct tty *tty)
{
	tty->link->flip.tail = tty->link->flip.head;
	packet_status(tty, 0, TIOCPKT_FLUSHWRITE);
	__wake_up(&tty->write_wait, 0, K_POLLOUT | K_POLLWRNORM);
}

static void
pty_start(struct tty *tty)
{
	packet_status(tty, TIOCPKT_STOP, TIOCPKT_START);
}

static void
pty_stop(struct tty *tty)
{
	packet_status(tty, TIOCPKT_START, TIOCPKT_STOP);
}

static bool
usual_flow_control(const struct ktermios *kt)
{
	return (kt->c_iflag & IXON) && kt->c_cc[VSTOP] == 023 && kt->c_cc[VSTART] == 021;
}

static void
pty_set_termios(struct tty *tty, const struct ktermios *old)
{
	bool was = usual_flow_control(old), is = usual_flow_control(&tty->termios);

	if (was != is)
		packet_status(tty, TIOCPKT_DOSTOP | TIOCPKT_NOSTOP, is ? TIOCPKT_DOSTOP : TIOCPKT_NOSTOP);
	if ((old->c_lflag ^ tty->termios.c_lflag) & EXTPROC || (tty->termios.c_lflag & EXTPROC))
		packet_status(tty, 0, TIOCPKT_IOCTL);
	tty->termios.c_cflag &= ~(tcflag_t)(CSIZE | PARENB);
	tty->termios.c_cflag |= CS8 | CREAD;
}

static int
slave_open(struct task *t, struct tty *tty, struct file *file)
{
	int err = 0;

	tty_lock(tty);
	if (tty->locked || tty->link->closing || tty->link->count == 0)
		err = -EIO;
	else
		tty->link->other_closed = false;
	tty_unlock(tty);
	return err;
}

static void
slave_close(struct task *t, struct tty *tty)
{
	struct tty *master = tty->link;

	tty_lock(tty);
	if (tty->count == 0) {
		master->other_closed = true;
		__wake_up(&master->read_wait, 0, K_POLLIN | K_POLLRDNORM | K_POLLHUP);
		__wake_up(&master->write_wait, 0, K_POLLOUT | K_POLLWRNORM | K_POLLHUP);
	}
	tty_unlock(tty);
}

static void
master_close(struct task *t, struct tty *tty)
{
	struct tty_state *ts = tty->k->tty;
	struct tty *slave = tty->link;

	tty_lock(tty);
	tty->closing = true;
	tty->packet = false;
	slave->other_closed = true;
	tty_unlock(tty);
	mutex_lock(&ts->lock);
	ts->ptys[tty->index] = NULL;
	ts->nr_ptys--;
	mutex_unlock(&ts->lock);
	devpts_pty_kill(slave);
	tty_hangup(t, slave, false);
}

static int64_t
tiocspktl(struct task *t, struct tty *tty, uint64_t arg)
{
	uint32_t on;

	if (get_user_u32(t, &on, UADDR(arg)))
		return -EFAULT;
	tty_lock(tty);
	if (on && !tty->packet)
		tty->link->pktstatus = 0;
	tty->packet = on != 0;
	tty_unlock(tty);
	return 0;
}

static int64_t
tiocsptlck(struct task *t, struct tty *tty, uint64_t arg)
{
	uint32_t on;

	if (get_user_u32(t, &on, UADDR(arg)))
		return -EFAULT;
	tty->link->locked = on != 0;
	return 0;
}

static int64_t
tiocsig(struct tty *tty, uint64_t sig)
{
	if (sig < 1 || sig > 64)
		return -EINVAL;
	tty_kill_pgrp(tty->link, (int)sig);
	return 0;
}

static int64_t
tiocgptpeer(struct task *t, struct tty *tty, uint64_t flags)
{
	struct file *file;
	int fd = get_unused_fd_flags(t, flags & O_CLOEXEC);

	if (fd < 0)
		return fd;
	file = pty_open_peer(t, tty, (int)flags);
	if (IS_ERR(file)) {
		put_unused_fd(t, fd);
		return PTR_ERR(file);
	}
	fd_install(t, fd, file);
	return fd;
}

static int64_t
master_ioctl(struct task *t, struct tty *tty, unsigned int cmd, uint64_t arg)
{
	switch (cmd) {
	case TIOCSPTLCK:
		return tiocsptlck(t, tty, arg);
	case TIOCGPTLCK:
		return put_user_u32(t, tty->link->locked, UADDR(arg));
	case TIOCPKT:
		return tiocspktl(t, tty, arg);
	case TIOCGPKT:
		return put_user_u32(t, tty->packet, UADDR(arg));
	case TIOCGPTN:
		return put_user_u32(t, (uint32_t)tty->index, UADDR(arg));
	case TIOCGPTPEER:
		return tiocgptpeer(t, tty, arg);
	case TIOCSIG:
		return tiocsig(tty, arg);
	default:
		return -ENOIOCTLCMD;
	}
}

static const struct tty_operations master_ops = {
	.write = pty_write,
	.write_room = pty_write_room,
	.flush_buffer = pty_flush_buffer,
	.unthrottle = pty_unthrottle,
	.close = master_close,
	.ioctl = master_ioctl,
};

static const struct tty_operations slave_ops = {
	.write = pty_write,
	.write_room = pty_write_room,
	.flush_buffer = pty_flush_buffer,
	.unthrottle = pty_unthrottle,
	.set_termios = pty_set_termios,
	.start = pty_start,
	.stop = pty_stop,
	.open = slave_open,
	.close = slave_close,
};

static int
pty_pair_setup(struct tty_pair *pair)
{
	struct tty *master = &pair->tty[0], *slave = &pair->tty[1];

	master->type = TTY_PTY_MASTER;
	slave->type = TTY_PTY_SLAVE;
	master->ops = &master_ops;
	slave->ops = &slave_ops;
	master->link = slave;
	slave->link = master;
	master->termios = slave->termios = tty_std_termios;
	slave->termios.c_cflag = B38400 | CS8 | CREAD;
	master->termios.c_iflag = master->termios.c_oflag = master->termios.c_lflag = 0;
	slave->locked = true;
	return tty_setup(master, true, MASTER_FLIP) || tty_setup(slave, false, SLAVE_FLIP) ? -ENOMEM : 0;
}

/* The lowest free number. */
static int
pty_install(struct tty_state *ts, struct tty_pair *pair)
{
	mutex_guard(&ts->lock);

	for (int i = 0; i < PTY_MAX; i++) {
		if (ts->ptys[i])
			continue;
		ts->ptys[i] = pair;
		ts->nr_ptys++;
		pair->tty[0].index = pair->tty[1].index = i;
		return 0;
	}
	return -ENOSPC;
}

static void
pty_uninstall(struct tty_state *ts, struct tty_pair *pair)
{
	mutex_guard(&ts->lock);

	ts->ptys[pair->tty[0].index] = NULL;
	ts->nr_ptys--;
}

struct tty *
pty_lookup(struct kernel *k, unsigned int index)
{
	struct tty_state *ts = k->tty;
	struct tty_pair *pair;
	mutex_guard(&ts->lock);

	if (index >= PTY_MAX)
		return NULL;
	pair = ts->ptys[index];
	return pair && refcount_inc_not_zero(&pair->count) ? &pair->tty[1] : NULL;
}

int
ptmx_open(struct task *t, struct inode *inode, struct file *file)
{
	struct tty_state *ts = t->k->tty;
	struct tty_pair *pair;
	int err;

	if (!ts->devpts)
		return -ENODEV;
	pair = tty_pair_alloc(t->k);
	if (!pair)
		return -ENOMEM;
	err = pty_pair_setup(pair);
	if (!err)
		err = pty_install(ts, pair);
	if (err)
		goto put;
	pair->tty[1].node = devpts_pty_new(t, &pair->tty[1]);
	err = pair->tty[1].node ? tty_attach_file(t, &pair->tty[0], file) : -ENOMEM;
	if (err)
		pty_uninstall(ts, pair);
put:
	tty_kref_put(t, &pair->tty[0]);
	return err;
}

struct file *
pty_open_peer(struct task *t, struct tty *master, int flags)
{
	char path[32];

	/* By the name the slave has for this task's eyes; a kernel with many devpts instances would go by the mount. */
	ksnprintf(path, sizeof(path), "/dev/pts/%d", master->index);
	return filp_open(t, path, (uint32_t)flags & ~(uint32_t)O_CREAT, 0);
}
