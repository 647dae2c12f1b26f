/* SPDX-License-Identifier: MIT
 *
 * ioctls of terminals: ioctl_tty(2). Settings asked of a pty master are those of its slave.
 *
 * Left out: modems (TIOCM*), serial lines (TIOC[GS]SERIAL), line disciplines other than N_TTY, consoles' own (KD*, VT_*).
 */
#include <asm/ioctls.h>
#include <asm/signal.h>
#include <linux/capability.h>
#include <linux/fcntl.h>

#include "devices/tty.h"
#include "kernel/cred.h"
#include "kernel/task.h"
#include "mm/uaccess.h"
#include "vfs/fdtable.h"
#include "vfs/poll.h"

#define TERMIOS_FLUSH 1u
#define TERMIOS_WAIT  2u
#define N_TTY_LDISC   0

_Static_assert(sizeof(struct termios) == 36 && sizeof(struct termios2) == 44, "ABI of TCGETS and TCGETS2");
_Static_assert(sizeof(struct termio) == 18 && sizeof(struct winsize) == 8, "ABI of TCGETA and TIOCGWINSZ");

static const uint32_t bauds[] = { 0, 50, 75, 110, 134, 150, 200, 300, 600, 1200, 1800, 2400, 4800, 9600, 19200, 38400 };
static const uint32_t more_bauds[] = { 0, 57600, 115200, 230400, 460800, 500000, 576000, 921600, 1000000, 1152000, 1500000, 2000000,
				       2500000, 3000000, 3500000, 4000000 };

/* The rate a CBAUD code stands for; @other for BOTHER. */
static uint32_t
baud_rate(uint32_t code, uint32_t other)
{
	if (code == BOTHER)
		return other;
	return code & CBAUDEX ? more_bauds[code & 15] : bauds[code & 15];
}

/* BOTHER of a rate that has a code becomes the code, as the tty core of Linux does. */
static void
encode_baud(struct ktermios *kt)
{
	if ((kt->c_cflag & CBAUD) != BOTHER)
		return;
	for (unsigned int i = 1; i < 32; i++) {
		uint32_t rate = i < 16 ? bauds[i] : more_bauds[i - 16];

		if (rate && rate == kt->c_ospeed) {
			kt->c_cflag = (kt->c_cflag & ~(tcflag_t)CBAUD) | (i < 16 ? i : CBAUDEX | (i - 16));
			return;
		}
	}
}

static void
set_speeds(struct ktermios *kt)
{
	uint32_t icode = kt->c_cflag >> IBSHIFT & CBAUD;

	kt->c_ospeed = baud_rate(kt->c_cflag & CBAUD, kt->c_ospeed);
	kt->c_ispeed = icode == B0 ? kt->c_ospeed : baud_rate(icode, kt->c_ispeed);
	encode_baud(kt);
}

/* Locked bits keep their old value. */
static tcflag_t
unlocked(tcflag_t old, tcflag_t new, tcflag_t locked)
{
	return (old & locked) | (new & ~locked);
}

static void
tty_set_termios(struct tty *tty, struct ktermios *new)
{
	struct ktermios old;
	const struct ktermios *lock = &tty->termios_locked;

	tty_lock(tty);
	old = tty->termios;
	new->c_iflag = unlocked(old.c_iflag, new->c_iflag, lock->c_iflag);
	new->c_oflag = unlocked(old.c_oflag, new->c_oflag, lock->c_oflag);
	new->c_cflag = unlocked(old.c_cflag, new->c_cflag, lock->c_cflag);
	new->c_lflag = unlocked(old.c_lflag, new->c_lflag, lock->c_lflag);
	for (int i = 0; i < NCCS; i++)
		if (lock->c_cc[i])
			new->c_cc[i] = old.c_cc[i];
	new->c_line = N_TTY_LDISC;
	tty->termios = *new;
	if (tty->ops->set_termios)
		tty->ops->set_termios(tty, &old);
	n_tty_set_termios(tty, &old);
	tty_unlock(tty);
}

/* Output that the driver still holds: none does but a stopped one. Interruptible. */
static int
tty_wait_until_sent(struct task *t, struct tty *tty)
{
	if (!tty->ops->chars_in_buffer)
		return 0;
	return wait_event_interruptible(t, &tty->write_wait, tty->ops->chars_in_buffer(tty) == 0);
}

static void
tty_flush_input(struct tty *tty)
{
	tty_lock(tty);
	n_tty_flush_input(tty);
	tty_flip_flush(tty);
	tty_unlock(tty);
}

static int64_t
put_termios(struct task *t, struct tty *tty, unsigned int cmd, uaddr_t u)
{
	struct ktermios kt;

	tty_lock(tty);
	kt = cmd == TIOCGLCKTRMIOS ? tty->termios_locked : tty->termios;
	tty_unlock(tty);
	if (cmd == TCGETA) {
		struct termio tio = { (uint16_t)kt.c_iflag, (uint16_t)kt.c_oflag, (uint16_t)kt.c_cflag, (uint16_t)kt.c_lflag,
				      kt.c_line, { 0 } };

		memcpy(tio.c_cc, kt.c_cc, NCC);
		return copy_out(t, u, &tio);
	}
	/* termios and termios2 are the beginning of ktermios. */
	return copy_to_user(t, u, &kt, cmd == TCGETS2 ? sizeof(struct termios2) : sizeof(struct termios));
}

/* What a set command has at @u, over the present settings. */
static int
get_termios(struct task *t, struct tty *tty, unsigned int cmd, uaddr_t u, struct ktermios *kt)
{
	tty_lock(tty);
	*kt = tty->termios;
	tty_unlock(tty);
	if (cmd == TCSETA || cmd == TCSETAW || cmd == TCSETAF) {
		struct termio tio;

		if (copy_in(t, &tio, u))
			return -EFAULT;
		kt->c_iflag = (kt->c_iflag & 0xffff0000) | tio.c_iflag;
		kt->c_oflag = (kt->c_oflag & 0xffff0000) | tio.c_oflag;
		kt->c_cflag = (kt->c_cflag & 0xffff0000) | tio.c_cflag;
		kt->c_lflag = (kt->c_lflag & 0xffff0000) | tio.c_lflag;
		kt->c_line = tio.c_line;
		memcpy(kt->c_cc, tio.c_cc, NCC);
	} else {
		bool two = cmd == TCSETS2 || cmd == TCSETSW2 || cmd == TCSETSF2;

		if (copy_from_user(t, kt, u, two ? sizeof(struct termios2) : sizeof(struct termios)))
			return -EFAULT;
	}
	set_speeds(kt);
	return 0;
}

static int64_t
set_termios(struct task *t, struct tty *tty, unsigned int cmd, uint64_t arg, unsigned int opt)
{
	struct ktermios kt;
	int64_t err = tty_check_change(t, tty);

	if (!err)
		err = get_termios(t, tty, cmd, UADDR(arg), &kt);
	if (err)
		return err;
	if (opt & TERMIOS_FLUSH)
		tty_flush_input(tty);
	if (opt & TERMIOS_WAIT) {
		err = tty_wait_until_sent(t, tty);
		if (err)
			return err;
	}
	tty_set_termios(tty, &kt);
	return 0;
}

static int64_t
set_locked(struct task *t, struct tty *tty, uint64_t arg)
{
	struct ktermios kt = { .c_iflag = 0 };

	if (!capable(t, CAP_SYS_ADMIN))
		return -EPERM;
	if (copy_from_user(t, &kt, UADDR(arg), sizeof(struct termios)))
		return -EFAULT;
	tty_lock(tty);
	tty->termios_locked = kt;
	tty_unlock(tty);
	return 0;
}

/* Settings: of the slave when asked of the master. */
static int64_t
tty_mode_ioctl(struct task *t, struct tty *tty, unsigned int cmd, uint64_t arg)
{
	struct ktermios kt;
	uint32_t on;

	switch (cmd) {
	case TCGETS:
	case TCGETS2:
	case TCGETA:
	case TIOCGLCKTRMIOS:
		return put_termios(t, tty, cmd, UADDR(arg));
	case TCSETSF:
	case TCSETSF2:
	case TCSETAF:
		return set_termios(t, tty, cmd, arg, TERMIOS_FLUSH | TERMIOS_WAIT);
	case TCSETSW:
	case TCSETSW2:
	case TCSETAW:
		return set_termios(t, tty, cmd, arg, TERMIOS_WAIT);
	case TCSETS:
	case TCSETS2:
	case TCSETA:
		return set_termios(t, tty, cmd, arg, 0);
	case TIOCSLCKTRMIOS:
		return set_locked(t, tty, arg);
	case TIOCGSOFTCAR:
		return put_user_u32(t, tty->termios.c_cflag & CLOCAL ? 1 : 0, UADDR(arg));
	case TIOCSSOFTCAR:
		if (get_user_u32(t, &on, UADDR(arg)))
			return -EFAULT;
		kt = tty->termios;
		kt.c_cflag = on ? kt.c_cflag | CLOCAL : kt.c_cflag & ~(tcflag_t)CLOCAL;
		tty_set_termios(tty, &kt);
		return 0;
	default:
		return -ENOIOCTLCMD;
	}
}

/* Put one character out in front of everything (TCIOFF, TCION). */
static void
send_xchar(struct tty *tty, unsigned char c)
{
	tty_lock(tty);
	if (c && tty->ops->write_room(tty) > 0)
		(void)tty->ops->write(tty, (const char *)&c, 1);
	tty_unlock(tty);
}

static int64_t
tcxonc(struct task *t, struct tty *tty, uint64_t arg)
{
	int64_t err = tty_check_change(t, tty);

	if (err)
		return err;
	switch (arg) {
	case TCOOFF:
		tty_lock(tty);
		if (!tty->tco_stopped) {
			stop_tty(tty);
			tty->tco_stopped = true;
		}
		tty_unlock(tty);
		return 0;
	case TCOON:
		tty_lock(tty);
		if (tty->tco_stopped) {
			tty->tco_stopped = false;
			start_tty(tty);
		}
		tty_unlock(tty);
		return 0;
	case TCIOFF:
		send_xchar(tty, tty->termios.c_cc[VSTOP]);
		return 0;
	case TCION:
		send_xchar(tty, tty->termios.c_cc[VSTART]);
		return 0;
	default:
		return -EINVAL;
	}
}

static int64_t
tcflsh(struct task *t, struct tty *tty, uint64_t arg)
{
	int64_t err = tty_check_change(t, tty);

	if (err)
		return err;
	if (arg > TCIOFLUSH)
		return -EINVAL;
	if (arg == TCIFLUSH || arg == TCIOFLUSH)
		tty_flush_input(tty);
	if ((arg == TCOFLUSH || arg == TCIOFLUSH) && tty->ops->flush_buffer) {
		tty_lock(tty);
		tty->ops->flush_buffer(tty);
		tty_unlock(tty);
	}
	return 0;
}

/* Of the line discipline at this end. */
static int64_t
n_tty_ioctl(struct task *t, struct tty *tty, struct tty *real_tty, unsigned int cmd, uint64_t arg)
{
	uint32_t n;

	switch (cmd) {
	case TIOCOUTQ:
		return put_user_u32(t, tty->ops->chars_in_buffer ? (uint32_t)tty->ops->chars_in_buffer(tty) : 0, UADDR(arg));
	case FIONREAD:
		tty_lock(tty);
		n = tty->ld ? n_tty_inq(tty) : (uint32_t)tty_flip_used(tty);
		tty_unlock(tty);
		return put_user_u32(t, n, UADDR(arg));
	case TCXONC:
		return tcxonc(t, tty, arg);
	case TCFLSH:
		return tcflsh(t, tty, arg);
	default:
		return tty_mode_ioctl(t, real_tty, cmd, arg);
	}
}

static int64_t
tiocsti(struct task *t, struct tty *tty, uint64_t arg)
{
	char c;

	/* As with dev.tty.legacy_tiocsti = 0: typing for others is for administrators. */
	if (!capable(t, CAP_SYS_ADMIN))
		return -EIO;
	if (copy_from_user(t, &c, UADDR(arg), 1))
		return -EFAULT;
	tty_lock(tty);
	(void)tty_flip_insert(tty, &c, 1);
	tty_flip_push(tty);
	tty_unlock(tty);
	return 0;
}

static int64_t
tiocswinsz(struct task *t, struct tty *tty, uint64_t arg)
{
	struct winsize ws;
	bool changed;

	if (copy_in(t, &ws, UADDR(arg)))
		return -EFAULT;
	tty_lock(tty);
	changed = memcmp(&ws, &tty->winsize, sizeof(ws)) != 0;
	tty->winsize = ws;
	if (tty->link)
		tty->link->winsize = ws;
	tty_unlock(tty);
	if (changed) {
		tty_kill_pgrp(tty, SIGWINCH);
		if (tty->link && tty->link->pgrp != tty->pgrp)
			tty_kill_pgrp(tty->link, SIGWINCH);
	}
	return 0;
}

static int64_t
tiocgwinsz(struct task *t, struct tty *tty, uint64_t arg)
{
	struct winsize ws;

	tty_lock(tty);
	ws = tty->winsize;
	tty_unlock(tty);
	return copy_out(t, UADDR(arg), &ws);
}

/* TIOCSETD: N_TTY is all there is. */
static int64_t
tiocsetd(struct task *t, uint64_t arg)
{
	uint32_t ld;

	if (get_user_u32(t, &ld, UADDR(arg)))
		return -EFAULT;
	return ld == N_TTY_LDISC ? 0 : -EINVAL;
}

/* TCSBRK and the like: nobody has a line to break, only the wait for output is left. */
static int64_t
tty_break_ioctl(struct task *t, struct tty *tty, unsigned int cmd)
{
	int64_t err = tty_check_change(t, tty);

	if (err || cmd == TIOCCBRK || cmd == TIOCSBRK)
		return err;
	return tty_wait_until_sent(t, tty);
}

static int64_t
tty_core_ioctl(struct task *t, struct tty *tty, struct tty *real_tty, unsigned int cmd, uint64_t arg)
{
	switch (cmd) {
	case TIOCSTI:
		return tiocsti(t, tty, arg);
	case TIOCGWINSZ:
		return tiocgwinsz(t, real_tty, arg);
	case TIOCSWINSZ:
		return tiocswinsz(t, real_tty, arg);
	case TIOCEXCL:
		tty->exclusive = true;
		return 0;
	case TIOCNXCL:
		tty->exclusive = false;
		return 0;
	case TIOCGEXCL:
		return put_user_u32(t, tty->exclusive, UADDR(arg));
	case TIOCGETD:
		return put_user_u32(t, N_TTY_LDISC, UADDR(arg));
	case TIOCSETD:
		return tiocsetd(t, arg);
	case TIOCVHANGUP:
		if (!capable(t, CAP_SYS_ADMIN))
			return -EPERM;
		tty_hangup(t, tty, false);
		return 0;
	case TIOCGDEV:
		return put_user_u32(t, (uint32_t)tty_devnum(real_tty), UADDR(arg));
	case TIOCSBRK:
	case TIOCCBRK:
	case TCSBRK:
	case TCSBRKP:
		return tty_break_ioctl(t, tty, cmd);
	case TIOCMGET:
	case TIOCMSET:
	case TIOCMBIC:
	case TIOCMBIS:
		return -ENOTTY;
	default:
		return -ENOIOCTLCMD;
	}
}

int64_t
tty_ioctl(struct task *t, struct file *file, unsigned int cmd, uint64_t arg)
{
	struct tty *tty = file_tty(file), *real_tty;
	int64_t ret;

	if (!tty)
		return -EIO;
	if (tty_hung_up_p(file))
		return cmd == TIOCSPGRP ? -ENOTTY : -EIO;
	real_tty = tty->type == TTY_PTY_MASTER ? tty->link : tty;
	ret = tty_core_ioctl(t, tty, real_tty, cmd, arg);
	if (ret == -ENOIOCTLCMD)
		ret = tty_jobctrl_ioctl(t, tty, real_tty, file, cmd, arg);
	if (ret == -ENOIOCTLCMD && tty->ops->ioctl)
		ret = tty->ops->ioctl(t, tty, cmd, arg);
	if (ret == -ENOIOCTLCMD)
		ret = n_tty_ioctl(t, tty, real_tty, cmd, arg);
	return ret;
}
