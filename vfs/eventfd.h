/* SPDX-License-Identifier: MIT
 *
 * Descriptors of events: eventfd, timerfd, signalfd (vfs/eventfd.c, vfs/timerfd.c, vfs/signalfd.c).
 */
#ifndef STEAD_VFS_EVENTFD_H
#define STEAD_VFS_EVENTFD_H

#include "kernel/types.h"

struct task;

/* Two times as the ABI has them: struct itimerspec, interval first. */
struct k_itimerspec {
	struct k_timespec it_interval, it_value;
};

/**
 * do_eventfd() - a counter under a descriptor
 * @t: the current task
 * @count: its first value
 * @flags: EFD_*
 *
 * Return: the descriptor, -EINVAL, -EMFILE, -ENFILE, -ENOMEM.
 * Source: eventfd(2)
 */
int64_t do_eventfd(struct task *t, unsigned int count, int flags) __must_check;

/**
 * do_timerfd_create(), do_timerfd_settime(), do_timerfd_gettime() - timerfd_create(2)
 * @t: the current task
 *
 * Return: the descriptor or 0, or negative errno of the call.
 */
int64_t do_timerfd_create(struct task *t, int clockid, int flags) __must_check;
int64_t do_timerfd_settime(struct task *t, int fd, int flags, const struct k_itimerspec *new, struct k_itimerspec *old) __must_check;
int64_t do_timerfd_gettime(struct task *t, int fd, struct k_itimerspec *cur) __must_check;

/**
 * do_signalfd() - a descriptor that gives signals
 * @t: the current task
 * @fd: -1, or a signalfd whose mask is changed
 * @mask: signals it gives
 * @flags: SFD_*
 *
 * Return: the descriptor, -EBADF, -EINVAL, -EMFILE, -ENFILE, -ENOMEM.
 * Source: signalfd(2)
 */
int64_t do_signalfd(struct task *t, int fd, uint64_t mask, int flags) __must_check;

#endif
