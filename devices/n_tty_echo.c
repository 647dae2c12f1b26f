/* SPDX-License-Identifier: MIT
 *
 * The line discipline's way out: output processing (OPOST) with the column it leaves the cursor in, and echoes.
 *
 * Echoes wait in a buffer of their own until the driver has room, so that input is never held up by output, and so that an
 * erased tab can be answered with as many backspaces as the column asks for at the time it is printed.
 *
 * Locks: the pair's lock is held in all of it.
 */
#include "devices/n_tty.h"

/* Output collected for one call of the driver. */
struct out {
	char buf[256];
	size_t n, room; /* room: of the driver, beyond n */
};

static void
out_flush(struct tty *tty, struct out *o)
{
	if (o->n)
		(void)tty->ops->write(tty, o->buf, o->n);
	o->n = 0;
}

static void
out_put(struct tty *tty, struct out *o, char c)
{
	if (o->n == sizeof(o->buf))
		out_flush(tty, o);
	o->buf[o->n++] = c;
	o->room--;
}

static size_t
tty_room(struct tty *tty)
{
	return tty->stopped ? 0 : tty->ops->write_room(tty);
}

/* One byte through OPOST. False: not enough room. */
static bool
do_output_char(struct tty *tty, struct out *o, unsigned char c)
{
	struct n_tty *ld = tty->ld;
	unsigned int spaces;

	if (o->room == 0)
		return false;
	switch (c) {
	case '\n':
		if (O_FLAG(tty, ONLRET))
			ld->column = 0;
		if (O_FLAG(tty, ONLCR)) {
			if (o->room < 2)
				return false;
			ld->column = 0;
			out_put(tty, o, '\r');
		}
		ld->canon_column = ld->column;
		break;
	case '\r':
		if (O_FLAG(tty, ONOCR) && ld->column == 0)
			return true;
		if (O_FLAG(tty, OCRNL)) {
			c = '\n';
			if (O_FLAG(tty, ONLRET))
				ld->canon_column = ld->column = 0;
			break;
		}
		ld->canon_column = ld->column = 0;
		break;
	case '\t':
		spaces = 8 - (ld->column & 7);
		if (O_FLAG(tty, TABDLY) == XTABS) {
			if (o->room < spaces)
				return false;
			ld->column += spaces;
			while (spaces--)
				out_put(tty, o, ' ');
			return true;
		}
		ld->column += spaces;
		break;
	case '\b':
		if (ld->column > 0)
			ld->column--;
		break;
	default:
		if (tty_iscntrl(c))
			break;
		if (O_FLAG(tty, OLCUC) && c >= 'a' && c <= 'z')
			c = (unsigned char)(c - 'a' + 'A');
		if (!is_continuation(tty, c))
			ld->column++;
	}
	out_put(tty, o, (char)c);
	return true;
}

size_t
n_tty_process_output(struct tty *tty, const char *buf, size_t n)
{
	struct out o = { .room = tty_room(tty) };
	size_t i = 0;

	while (i < n && do_output_char(tty, &o, (unsigned char)buf[i]))
		i++;
	out_flush(tty, &o);
	return i;
}

static void
add_echo_byte(struct n_tty *ld, unsigned char c)
{
	ld->echo_buf[ld->echo_head++ % ECHO_BUF_SIZE] = c;
}

static bool
echo_room(const struct n_tty *ld, unsigned int n)
{
	return ECHO_BUF_SIZE - (ld->echo_head - ld->echo_tail) >= n;
}

static void
add_echo_op(struct n_tty *ld, unsigned char op)
{
	if (!echo_room(ld, 2))
		return;
	add_echo_byte(ld, ECHO_OP_START);
	add_echo_byte(ld, op);
}

void
echo_move_back_col(struct n_tty *ld)
{
	add_echo_op(ld, ECHO_OP_MOVE_BACK_COL);
}

void
echo_set_canon_col(struct n_tty *ld)
{
	add_echo_op(ld, ECHO_OP_SET_CANON_COL);
}

/* @columns are counted from the start of the line, or from a tab. */
void
echo_erase_tab(struct n_tty *ld, unsigned int columns, bool after_tab)
{
	if (!echo_room(ld, 3))
		return;
	add_echo_byte(ld, ECHO_OP_START);
	add_echo_byte(ld, ECHO_OP_ERASE_TAB);
	add_echo_byte(ld, (unsigned char)((columns & 7) | (after_tab ? 0x80 : 0)));
}

void
echo_char_raw(struct n_tty *ld, unsigned char c)
{
	if (c == ECHO_OP_START)
		add_echo_op(ld, ECHO_OP_START);
	else if (echo_room(ld, 1))
		add_echo_byte(ld, c);
}

/* As it was typed, control characters as ^X with ECHOCTL. */
void
echo_char(struct tty *tty, unsigned char c)
{
	struct n_tty *ld = tty->ld;

	if (L_FLAG(tty, ECHOCTL) && tty_iscntrl(c) && c != '\t') {
		if (!echo_room(ld, 2))
			return;
		add_echo_byte(ld, '^');
		add_echo_byte(ld, c ^ 0100);
	} else {
		echo_char_raw(ld, c);
	}
}

void
finish_erasing(struct n_tty *ld)
{
	if (ld->erasing) {
		echo_char_raw(ld, '/');
		ld->erasing = false;
	}
}

/* One operation or byte of the echo buffer. Returns its length, or 0 when there is no room. */
static unsigned int
process_echo(struct tty *tty, struct out *o)
{
	struct n_tty *ld = tty->ld;
	unsigned char c = ld->echo_buf[ld->echo_tail % ECHO_BUF_SIZE];
	unsigned char op = ld->echo_buf[(ld->echo_tail + 1) % ECHO_BUF_SIZE];
	unsigned int columns, backs;

	if (c != ECHO_OP_START) {
		if (O_FLAG(tty, OPOST))
			return do_output_char(tty, o, c) ? 1 : 0;
		if (o->room == 0)
			return 0;
		out_put(tty, o, (char)c);
		return 1;
	}
	switch (op) {
	case ECHO_OP_ERASE_TAB:
		op = ld->echo_buf[(ld->echo_tail + 2) % ECHO_BUF_SIZE];
		columns = op & 7;
		if (!(op & 0x80))
			columns += ld->canon_column;
		backs = 8 - (columns & 7);
		if (backs > o->room)
			return 0;
		for (; backs > 0; backs--) {
			out_put(tty, o, '\b');
			if (ld->column > 0)
				ld->column--;
		}
		return 3;
	case ECHO_OP_SET_CANON_COL:
		ld->canon_column = ld->column;
		return 2;
	case ECHO_OP_MOVE_BACK_COL:
		if (ld->column > 0)
			ld->column--;
		return 2;
	default: /* the byte itself */
		if (o->room == 0)
			return 0;
		out_put(tty, o, (char)ECHO_OP_START);
		ld->column++;
		return 2;
	}
}

void
n_tty_process_echoes(struct tty *tty)
{
	struct n_tty *ld = tty->ld;
	struct out o = { .n = 0 };
	unsigned int len;

	if (!ld || ld->echo_head == ld->echo_tail)
		return;
	o.room = tty_room(tty);
	while (ld->echo_tail != ld->echo_head && (len = process_echo(tty, &o)) > 0)
		ld->echo_tail += len;
	out_flush(tty, &o);
}
