/* SPDX-License-Identifier: MIT
 *
 * The line discipline's state, for n_tty.c (input), n_tty_echo.c (echoes and output).
 */
#ifndef STEAD_DEVICES_N_TTY_H
#define STEAD_DEVICES_N_TTY_H

#include "devices/tty.h"

/* Echo buffer: plain bytes, and operations that start with ECHO_OP_START (twice for the byte itself). */
#define ECHO_OP_START	      0xffu
#define ECHO_OP_MOVE_BACK_COL 0x80u
#define ECHO_OP_SET_CANON_COL 0x81u
#define ECHO_OP_ERASE_TAB     0x82u /* then: columns, with 0x80 set if they count from a tab */

#define DISABLED_CHAR '\0' /* stands in the buffer for the end-of-file character */

struct n_tty {
	/* input: all indexes run freely, modulo N_TTY_BUF_SIZE */
	uint32_t read_head;   /* next byte goes here */
	uint32_t canon_head;  /* end of the last whole line */
	uint32_t read_tail;   /* next byte to read */
	bool lnext, erasing, push;
	/* output */
	uint32_t column, canon_column;
	uint32_t echo_head, echo_tail;
	uint64_t read_flags[N_TTY_BUF_SIZE / 64]; /* a line ends at this byte */
	unsigned char read_buf[N_TTY_BUF_SIZE];
	unsigned char echo_buf[ECHO_BUF_SIZE];
};

static inline unsigned char
n_tty_byte(const struct n_tty *ld, uint32_t i)
{
	return ld->read_buf[i % N_TTY_BUF_SIZE];
}

static inline bool
tty_iscntrl(unsigned char c)
{
	return c < 0x20 || c == 0x7f;
}

/* A byte of a UTF-8 sequence that is not the first. */
static inline bool
is_continuation(const struct tty *tty, unsigned char c)
{
	return I_FLAG(tty, IUTF8) && (c & 0xc0) == 0x80;
}

/* n_tty_echo.c: appended to the echo buffer, lost when it is full. */
void echo_char_raw(struct n_tty *ld, unsigned char c);
void echo_char(struct tty *tty, unsigned char c);
void echo_move_back_col(struct n_tty *ld);
void echo_set_canon_col(struct n_tty *ld);
void echo_erase_tab(struct n_tty *ld, unsigned int columns, bool after_tab);
void finish_erasing(struct n_tty *ld);

#endif
