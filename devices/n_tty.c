/* SPDX-License-Identifier: MIT
 *
 * The line discipline's way in: termios(3), "Canonical and noncanonical mode" and the flags of c_iflag and c_lflag.
 *
 * Bytes typed go through n_tty_receive_char() into a ring of 4,096. In canonical mode a reader sees what is before canon_head,
 * line by line; read_flags marks where lines end, and an end-of-file character is in the ring as a marked NUL that is never
 * given to anybody. A full ring without any whole line still takes bytes, each in the place of the one before, so that the
 * line can be erased or ended.
 *
 * Locks: the pair's lock is held in all of it, also while copying to a reader.
 * Left out: parity and break marks (no driver has them); EXTPROC only turns canonical reads off.
 */
#include <asm/ioctls.h>
#include <asm/signal.h>

#include "devices/n_tty.h"
#include "kernel/slab.h"
#include "kernel/task.h"
#include "vfs/poll.h"

#define CC(tty, i) ((tty)->termios.c_cc[i])
#define N_TTY_MASK (N_TTY_BUF_SIZE - 1)

struct n_tty *
n_tty_alloc(struct kernel *k)
{
	return kzalloc(k, sizeof(struct n_tty));
}

void
n_tty_free(struct kernel *k, struct n_tty *ld)
{
	kfree(k, ld);
}

static bool
canonical(const struct tty *tty)
{
	return L_FLAG(tty, ICANON) && !L_FLAG(tty, EXTPROC);
}

static void
mark_line_end(struct n_tty *ld, uint32_t i)
{
	ld->read_flags[(i & N_TTY_MASK) / 64] |= 1ULL << (i % 64);
}

static void
clear_line_end(struct n_tty *ld, uint32_t i)
{
	ld->read_flags[(i & N_TTY_MASK) / 64] &= ~(1ULL << (i % 64));
}

static bool
is_line_end(const struct n_tty *ld, uint32_t i)
{
	return ld->read_flags[(i & N_TTY_MASK) / 64] >> (i % 64) & 1;
}

static void
put_queue(struct n_tty *ld, unsigned char c)
{
	ld->read_buf[ld->read_head++ & N_TTY_MASK] = c;
}

/* A byte as data: 0377 is doubled with PARMRK. */
static void
put_data(struct tty *tty, unsigned char c)
{
	if (c == 0xff && I_FLAG(tty, PARMRK) && !I_FLAG(tty, ISTRIP))
		put_queue(tty->ld, c);
	put_queue(tty->ld, c);
}

static void
packet_flush_read(struct tty *tty)
{
	if (tty->link && tty->link->packet) {
		tty->pktstatus |= TIOCPKT_FLUSHREAD;
		__wake_up(&tty->link->read_wait, 0, K_POLLIN | K_POLLRDNORM | K_POLLPRI);
	}
}

static void
reset_input(struct n_tty *ld)
{
	ld->read_head = ld->canon_head = ld->read_tail = 0;
	ld->lnext = ld->erasing = ld->push = false;
	memset(ld->read_flags, 0, sizeof(ld->read_flags));
}

void
n_tty_flush_input(struct tty *tty)
{
	if (tty->ld)
		reset_input(tty->ld);
	packet_flush_read(tty);
}

/* INTR, QUIT, SUSP: to the foreground group, and unless NOFLSH what is queued both ways is forgotten. */
static void
receive_signal_char(struct tty *tty, int sig, unsigned char c)
{
	struct n_tty *ld = tty->ld;

	tty_kill_pgrp(tty, sig);
	if (!L_FLAG(tty, NOFLSH)) {
		ld->echo_head = ld->echo_tail = 0;
		if (tty->ops->flush_buffer)
			tty->ops->flush_buffer(tty);
		n_tty_flush_input(tty);
	}
	if (I_FLAG(tty, IXON))
		start_tty(tty);
	if (L_FLAG(tty, ECHO))
		echo_char(tty, c);
	n_tty_process_echoes(tty);
}

/* Columns from the erased tab back to the tab before it, or to the line's start. */
static void
erase_tab(struct tty *tty)
{
	struct n_tty *ld = tty->ld;
	unsigned int columns = 0;
	bool after_tab = false;
	uint32_t tail = ld->read_head;

	while (tail != ld->canon_head) {
		unsigned char c = n_tty_byte(ld, --tail);

		if (c == '\t') {
			after_tab = true;
			break;
		}
		if (tty_iscntrl(c))
			columns += L_FLAG(tty, ECHOCTL) ? 2 : 0;
		else if (!is_continuation(tty, c))
			columns++;
	}
	echo_erase_tab(ld, columns, after_tab);
}

static void
echo_rubout(struct n_tty *ld)
{
	echo_char_raw(ld, '\b');
	echo_char_raw(ld, ' ');
	echo_char_raw(ld, '\b');
}

/* Show that the character @c, @cnt bytes from @head on, is gone. */
static void
echo_erased(struct tty *tty, unsigned char c, uint32_t head, uint32_t cnt, bool one)
{
	struct n_tty *ld = tty->ld;

	if (!L_FLAG(tty, ECHO))
		return;
	if (L_FLAG(tty, ECHOPRT)) {
		if (!ld->erasing) {
			echo_char_raw(ld, '\\');
			ld->erasing = true;
		}
		echo_char(tty, c);
		while (--cnt > 0) {
			echo_char_raw(ld, n_tty_byte(ld, ++head));
			echo_move_back_col(ld);
		}
	} else if (one && !L_FLAG(tty, ECHOE)) {
		echo_char(tty, CC(tty, VERASE));
	} else if (c == '\t') {
		erase_tab(tty);
	} else {
		if (tty_iscntrl(c) && L_FLAG(tty, ECHOCTL))
			echo_rubout(ld);
		if (!tty_iscntrl(c) || L_FLAG(tty, ECHOCTL))
			echo_rubout(ld);
	}
}

/* KILL when the line is not to be rubbed out character by character. True if that was all. */
static bool
kill_at_once(struct tty *tty)
{
	struct n_tty *ld = tty->ld;

	if (!L_FLAG(tty, ECHO)) {
		ld->read_head = ld->canon_head;
		return true;
	}
	if (L_FLAG(tty, ECHOK) && L_FLAG(tty, ECHOKE) && L_FLAG(tty, ECHOE))
		return false;
	ld->read_head = ld->canon_head;
	finish_erasing(ld);
	echo_char(tty, CC(tty, VKILL));
	if (L_FLAG(tty, ECHOK))
		echo_char_raw(ld, '\n');
	return true;
}

static bool
tty_isalnum(unsigned char c)
{
	/* Linux's isalnum() is that of Latin-1. */
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       (c >= 0xc0 && c != 0xd7 && c != 0xf7);
}

/* ERASE, WERASE, KILL. */
static void
eraser(struct tty *tty, unsigned char key)
{
	struct n_tty *ld = tty->ld;
	bool word = key == CC(tty, VWERASE) && key != CC(tty, VERASE), one = key == CC(tty, VERASE);
	unsigned int seen_alnums = 0;

	if (ld->read_head == ld->canon_head)
		return;
	if (!one && !word && kill_at_once(tty))
		return;
	while (ld->read_head != ld->canon_head) {
		uint32_t head = ld->read_head, cnt;
		unsigned char c;

		/* One character, of one or more bytes, and never a part of one. */
		do
			c = n_tty_byte(ld, --head);
		while (is_continuation(tty, c) && head != ld->canon_head);
		if (is_continuation(tty, c))
			break;
		if (word) {
			if (tty_isalnum(c) || c == '_')
				seen_alnums++;
			else if (seen_alnums)
				break;
		}
		cnt = ld->read_head - head;
		ld->read_head = head;
		echo_erased(tty, c, head, cnt, one);
		if (one)
			break;
	}
	if (ld->read_head == ld->canon_head && L_FLAG(tty, ECHO))
		finish_erasing(ld);
}

static void
end_line(struct tty *tty, unsigned char c)
{
	struct n_tty *ld = tty->ld;

	mark_line_end(ld, ld->read_head);
	put_queue(ld, c);
	ld->canon_head = ld->read_head;
	tty_wake_readers(tty);
}

static void
reprint(struct tty *tty, unsigned char c)
{
	struct n_tty *ld = tty->ld;

	finish_erasing(ld);
	echo_char(tty, c);
	echo_char_raw(ld, '\n');
	for (uint32_t i = ld->canon_head; i != ld->read_head; i++)
		echo_char(tty, n_tty_byte(ld, i));
}

static void
literal_next(struct tty *tty)
{
	struct n_tty *ld = tty->ld;

	ld->lnext = true;
	if (!L_FLAG(tty, ECHO))
		return;
	finish_erasing(ld);
	if (L_FLAG(tty, ECHOCTL)) {
		echo_char_raw(ld, '^');
		echo_char_raw(ld, '\b');
	}
}

static bool
is_cc(const struct tty *tty, unsigned char c, unsigned int i)
{
	return c == CC(tty, i) && c != DISABLED_CHAR;
}

/* The editing characters of canonical mode. True if @c was one. */
static bool
receive_canonical(struct tty *tty, unsigned char c)
{
	struct n_tty *ld = tty->ld;
	bool iexten = L_FLAG(tty, IEXTEN);

	if (is_cc(tty, c, VERASE) || is_cc(tty, c, VKILL) || (is_cc(tty, c, VWERASE) && iexten)) {
		eraser(tty, c);
	} else if (is_cc(tty, c, VLNEXT) && iexten) {
		literal_next(tty);
	} else if (is_cc(tty, c, VREPRINT) && L_FLAG(tty, ECHO) && iexten) {
		reprint(tty, c);
	} else if (c == '\n') {
		if (L_FLAG(tty, ECHO) || L_FLAG(tty, ECHONL))
			echo_char_raw(ld, '\n');
		end_line(tty, c);
	} else if (is_cc(tty, c, VEOF)) {
		end_line(tty, DISABLED_CHAR);
	} else if (is_cc(tty, c, VEOL) || (is_cc(tty, c, VEOL2) && iexten)) {
		if (L_FLAG(tty, ECHO)) {
			if (ld->canon_head == ld->read_head)
				echo_set_canon_col(ld);
			echo_char(tty, c);
		}
		if (c == 0xff && I_FLAG(tty, PARMRK))
			put_queue(ld, c);
		end_line(tty, c);
	} else {
		return false;
	}
	return true;
}

/* START, STOP and the characters that send signals. True if @c was one. */
static bool
receive_control(struct tty *tty, unsigned char c)
{
	if (I_FLAG(tty, IXON)) {
		if (is_cc(tty, c, VSTART)) {
			start_tty(tty);
			n_tty_process_echoes(tty);
			return true;
		}
		if (is_cc(tty, c, VSTOP)) {
			stop_tty(tty);
			return true;
		}
	}
	if (L_FLAG(tty, ISIG)) {
		int sig = is_cc(tty, c, VINTR) ? SIGINT : is_cc(tty, c, VQUIT) ? SIGQUIT : is_cc(tty, c, VSUSP) ? SIGTSTP : 0;

		if (sig) {
			receive_signal_char(tty, sig, c);
			return true;
		}
	}
	return false;
}

/* @typed is what @c was before ICRNL: a newline that is no control function here is shown as ^J. */
static void
echo_data(struct tty *tty, unsigned char c, unsigned char typed)
{
	struct n_tty *ld = tty->ld;

	if (!L_FLAG(tty, ECHO))
		return;
	finish_erasing(ld);
	if (c == '\n' && (typed == '\r' || L_FLAG(tty, ICANON))) {
		echo_char_raw(ld, '\n');
		return;
	}
	if (ld->canon_head == ld->read_head)
		echo_set_canon_col(ld);
	echo_char(tty, c);
}

static void
receive_lnext(struct tty *tty, unsigned char c)
{
	struct n_tty *ld = tty->ld;

	ld->lnext = false;
	if (I_FLAG(tty, ISTRIP))
		c &= 0x7f;
	if (I_FLAG(tty, IUCLC) && L_FLAG(tty, IEXTEN) && c >= 'A' && c <= 'Z')
		c = (unsigned char)(c - 'A' + 'a');
	if (L_FLAG(tty, ECHO)) {
		finish_erasing(ld);
		if (ld->canon_head == ld->read_head)
			echo_set_canon_col(ld);
		echo_char(tty, c);
	}
	put_data(tty, c);
}

/* Room for one more byte? A ring full of an unfinished line gives the place of the last byte. */
static bool
make_room(struct tty *tty)
{
	struct n_tty *ld = tty->ld;
	uint32_t used = ld->read_head - ld->read_tail;
	uint32_t need = I_FLAG(tty, PARMRK) ? 3 : 1;

	if (used + need < N_TTY_BUF_SIZE)
		return true;
	if (!L_FLAG(tty, ICANON) || ld->canon_head != ld->read_tail)
		return false;
	if (used + need > N_TTY_BUF_SIZE)
		ld->read_head--;
	return true;
}

bool
n_tty_receive_char(struct tty *tty, unsigned char c)
{
	struct n_tty *ld = tty->ld;
	unsigned char typed = c;

	if (!make_room(tty))
		return false;
	if (ld->lnext) {
		receive_lnext(tty, c);
		return true;
	}
	if (I_FLAG(tty, ISTRIP))
		c &= 0x7f;
	if (I_FLAG(tty, IUCLC) && L_FLAG(tty, IEXTEN) && c >= 'A' && c <= 'Z')
		c = (unsigned char)(c - 'A' + 'a');
	if (L_FLAG(tty, EXTPROC)) {
		put_queue(ld, c);
		return true;
	}
	if (receive_control(tty, c))
		return true;
	if (tty->stopped && !tty->tco_stopped && I_FLAG(tty, IXON) && I_FLAG(tty, IXANY)) {
		start_tty(tty);
		n_tty_process_echoes(tty);
	}
	if (c == '\r') {
		if (I_FLAG(tty, IGNCR))
			return true;
		if (I_FLAG(tty, ICRNL))
			c = '\n';
	} else if (c == '\n' && I_FLAG(tty, INLCR)) {
		c = '\r';
	}
	if (L_FLAG(tty, ICANON) && receive_canonical(tty, c))
		return true;
	echo_data(tty, c, typed);
	put_data(tty, c);
	return true;
}

void
n_tty_receive_done(struct tty *tty)
{
	n_tty_process_echoes(tty);
	if (!canonical(tty) && tty->ld->read_head != tty->ld->read_tail)
		tty_wake_readers(tty);
}

bool
n_tty_input_available(const struct tty *tty, bool poll)
{
	const struct n_tty *ld = tty->ld;
	uint32_t amount = poll && !CC(tty, VTIME) && CC(tty, VMIN) ? CC(tty, VMIN) : 1;

	if (canonical(tty))
		return ld->canon_head != ld->read_tail;
	return ld->read_head - ld->read_tail >= amount;
}

/* Bytes of the ring at read_tail, in at most two pieces. */
static int64_t
copy_ring(struct n_tty *ld, uint32_t n, struct iov_iter *to)
{
	uint32_t at = ld->read_tail & N_TTY_MASK, first = MIN(n, N_TTY_BUF_SIZE - at);

	if (copy_to_iter(ld->read_buf + at, first, to) < first)
		return -EFAULT;
	if (n > first && copy_to_iter(ld->read_buf, n - first, to) < n - first)
		return -EFAULT;
	return n;
}

static int64_t
copy_read_canonical(struct tty *tty, struct iov_iter *to, bool *eol)
{
	struct n_tty *ld = tty->ld;
	uint32_t avail = ld->canon_head - ld->read_tail, n = 0;
	uint32_t max = (uint32_t)MIN(to->count, (size_t)N_TTY_BUF_SIZE);
	bool found = false, eof;
	int64_t err;

	while (n < avail && n < max + 1 && !(found = is_line_end(ld, ld->read_tail + n)))
		n++;
	eof = found && n_tty_byte(ld, ld->read_tail + n) == DISABLED_CHAR;
	/* A line end belongs to the line if it fits; the end-of-file mark always does, being no byte. */
	if (!eof) {
		n = MIN(n + (found ? 1 : 0), max);
		found = found && is_line_end(ld, ld->read_tail + n - 1);
	}
	err = copy_ring(ld, n, to);
	if (err < 0)
		return err;
	if (found)
		clear_line_end(ld, ld->read_tail + n - (eof ? 0 : 1));
	ld->read_tail += n + (eof ? 1 : 0);
	*eol = found;
	if (found && ld->push) {
		ld->push = false;
		*eol = true;
	}
	return n;
}

int64_t
n_tty_copy_read(struct tty *tty, struct iov_iter *to, bool *eol)
{
	struct n_tty *ld = tty->ld;
	int64_t n;

	*eol = false;
	if (canonical(tty))
		return copy_read_canonical(tty, to, eol);
	n = copy_ring(ld, (uint32_t)MIN((size_t)(ld->read_head - ld->read_tail), to->count), to);
	if (n < 0)
		return n;
	/* An end-of-file character that was typed in canonical mode reads as such when it comes first. */
	if (L_FLAG(tty, EXTPROC) && L_FLAG(tty, ICANON) && n == 1 && n_tty_byte(ld, ld->read_tail) == CC(tty, VEOF))
		*eol = true;
	ld->read_tail += (uint32_t)n;
	if (ld->read_tail == ld->read_head)
		ld->canon_head = ld->read_tail;
	return n;
}

uint32_t
n_tty_inq(const struct tty *tty)
{
	const struct n_tty *ld = tty->ld;
	uint32_t n;

	if (!canonical(tty))
		return ld->read_head - ld->read_tail;
	n = ld->canon_head - ld->read_tail;
	for (uint32_t i = ld->read_tail; i != ld->canon_head; i++)
		if (is_line_end(ld, i) && n_tty_byte(ld, i) == DISABLED_CHAR)
			n--;
	return n;
}

void
n_tty_set_termios(struct tty *tty, const struct ktermios *old)
{
	struct n_tty *ld = tty->ld;

	if (!ld)
		return;
	if ((old->c_lflag ^ tty->termios.c_lflag) & (ICANON | EXTPROC)) {
		memset(ld->read_flags, 0, sizeof(ld->read_flags));
		if (!L_FLAG(tty, ICANON) || ld->read_head == ld->read_tail) {
			ld->canon_head = ld->read_tail;
			ld->push = false;
		} else {
			/* What was typed before counts as one line. */
			mark_line_end(ld, ld->read_head - 1);
			ld->canon_head = ld->read_head;
			ld->push = true;
		}
		ld->erasing = ld->lnext = false;
	}
	if (!I_FLAG(tty, IXON) && (old->c_iflag & IXON) && !tty->tco_stopped) {
		start_tty(tty);
		n_tty_process_echoes(tty);
	}
	__wake_up(&tty->write_wait, 0, 0);
	__wake_up(&tty->read_wait, 0, 0);
}
