/* SPDX-License-Identifier: MIT
 *
 * What the life of processes asks of terminals.
 */
#ifndef STEAD_KERNEL_TTY_HOOKS_H
#define STEAD_KERNEL_TTY_HOOKS_H

#include "kernel/types.h"

struct task;
struct tty;

/**
 * disassociate_ctty() - a session leader gives up its terminal: SIGHUP and SIGCONT to the foreground group
 * @t: the current task
 * @on_exit: it is ending; else TIOCNOTTY
 *
 * Does nothing unless @t's group leads its session. Every process of the session loses the terminal.
 * Context: may sleep; no lock.
 */
void disassociate_ctty(struct task *t, bool on_exit);

/**
 * proc_clear_tty() - a process that leaves its session (setsid) has no terminal any more
 * @t: the current task
 *
 * Context: takes siglock.
 */
void proc_clear_tty(struct task *t);

/**
 * tty_kref_get(), tty_kref_put() - a process's reference to its terminal (fork, exit)
 * @tty: the terminal, or NULL
 */
struct tty *tty_kref_get(struct tty *tty);
void tty_kref_put(struct task *t, struct tty *tty);

#endif
