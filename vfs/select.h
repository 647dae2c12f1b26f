/* SPDX-License-Identifier: MIT
 *
 * poll and select: waiting on many files at once (vfs/select.c).
 */
#ifndef STEAD_VFS_SELECT_H
#define STEAD_VFS_SELECT_H

#include "kernel/types.h"
#include "vfs/poll.h"

struct task;

/* When to stop waiting: POLL_NO_WAIT, NO_DEADLINE, or a CLOCK_MONOTONIC instant. */
#define POLL_NO_WAIT 0

/**
 * do_sys_poll() - the work of poll and ppoll
 * @t: the current task
 * @ufds: array of struct pollfd
 * @nfds: how many
 * @end: POLL_NO_WAIT, NO_DEADLINE or an instant
 *
 * Context: sleeps; no lock.
 * Return: entries with events, -EINVAL (more than RLIMIT_NOFILE), -EFAULT, -ENOMEM, -ERESTARTNOHAND.
 */
int64_t do_sys_poll(struct task *t, uaddr_t ufds, unsigned int nfds, int64_t end) __must_check;

/**
 * core_sys_select() - the work of select and pselect6
 * @t: the current task
 * @n: descriptors below it are looked at
 * @sets: user addresses of the read, write and exception sets, each may be null
 * @end: as for do_sys_poll()
 *
 * Context: sleeps; no lock.
 * Return: bits set, -EINVAL, -EBADF, -EFAULT, -ENOMEM, -ERESTARTNOHAND.
 */
int64_t core_sys_select(struct task *t, int n, const uaddr_t sets[3], int64_t end) __must_check;

#endif
