/* SPDX-License-Identifier: MIT
 *
 * The console: /dev/console, and the terminal of the first session. Its hardware is the host terminal, which the supervisor has
 * put in raw mode.
 */
#ifndef STEAD_DEVICES_CONSOLE_H
#define STEAD_DEVICES_CONSOLE_H

#include <stddef.h>
#include <stdint.h>

#include "kernel/types.h"

struct file;
struct kernel;
struct task;
struct tty;

/**
 * console_create() - make the console if there is none yet
 * @k: the instance; tty_init() was called
 *
 * Return: the tty, which lives as long as the instance, or NULL.
 */
struct tty *console_create(struct kernel *k);

/**
 * console_set_host() - which host descriptor output goes to; none: output is dropped
 * @k: the instance
 * @fd: the descriptor of a host terminal
 */
void console_set_host(struct kernel *k, hfd_t fd);

/**
 * console_input() - something was typed; what finds no room is lost
 * @k: the instance
 * @buf: bytes
 * @n: how many
 *
 * Context: any thread; takes the console's lock.
 */
void console_input(struct kernel *k, const char *buf, size_t n);

/**
 * console_resize() - the window has another size: SIGWINCH to the foreground group
 * @k: the instance
 * @rows: lines
 * @cols: columns
 *
 * Context: as console_input().
 */
void console_resize(struct kernel *k, unsigned int rows, unsigned int cols);

/**
 * tty_open_console() - a file on the console, which becomes the controlling terminal if @t may have one
 * @t: the task
 * @flags: O_RDWR and the like, O_NOCTTY
 *
 * Return: the file, or ERR_PTR.
 */
struct file *tty_open_console(struct task *t, uint32_t flags) __must_check;

#endif
