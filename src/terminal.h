/* SPDX-License-Identifier: MIT
 *
 * The host terminal as the hardware of the console: raw mode, a thread that feeds what is typed, window size.
 */
#ifndef STEAD_SRC_TERMINAL_H
#define STEAD_SRC_TERMINAL_H

struct kernel;

/**
 * terminal_start() - if standard input is a terminal, put it in raw mode and start the thread that reads it
 * @k: the instance; its main task has the console as terminal
 *
 * Return: 0 or negative errno.
 */
int terminal_start(struct kernel *k);

/**
 * terminal_restore() - give the terminal back as it was; harmless when it was not taken
 */
void terminal_restore(void);

/**
 * terminal_resized() - the host terminal has another size
 * @k: the instance
 */
void terminal_resized(struct kernel *k);

#endif
