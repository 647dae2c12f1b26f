/* SPDX-License-Identifier: MIT
 *
 * epoll: epoll(7) (vfs/eventpoll.c).
 */
#ifndef STEAD_VFS_EVENTPOLL_H
#define STEAD_VFS_EVENTPOLL_H

#include "kernel/types.h"

struct file;
struct kernel;
struct task;
struct epoll_event;

/**
 * epoll_init() - make k->epoll
 * @k: the instance
 *
 * Context: boot.
 * Return: 0, -ENOMEM.
 */
int epoll_init(struct kernel *k) __must_check;

/**
 * eventpoll_release_file() - the last reference to a file is gone: no epoll instance watches it any more
 * @t: the current task, or NULL
 * @file: f_ep is not empty
 *
 * Context: takes RANK_EPOLL; before f_op->release.
 */
void eventpoll_release_file(struct task *t, struct file *file);

/**
 * do_epoll_create() - a new instance under a descriptor
 * @t: the current task
 * @flags: EPOLL_CLOEXEC
 *
 * Return: the descriptor, -EINVAL, -EMFILE, -ENFILE, -ENOMEM.
 */
int64_t do_epoll_create(struct task *t, int flags) __must_check;

/**
 * do_epoll_ctl() - add, change or remove what is watched
 * @t: the current task
 * @epfd: the instance
 * @op: EPOLL_CTL_*
 * @fd: what is watched
 * @event: a copy of the caller's (ADD, MOD)
 *
 * Return: 0, -EBADF, -EEXIST, -EINVAL, -ELOOP, -ENOENT, -ENOMEM, -ENOSPC, -EPERM.
 */
int64_t do_epoll_ctl(struct task *t, int epfd, int op, int fd, struct epoll_event *event) __must_check;

/**
 * do_epoll_wait() - events that are there, or wait for some
 * @t: the current task
 * @epfd: the instance
 * @events: room for @maxevents
 * @maxevents: at least 1
 * @end: 0: do not wait; NO_DEADLINE; or an instant
 *
 * Return: events copied, -EBADF, -EINVAL, -EFAULT, -EINTR.
 */
int64_t do_epoll_wait(struct task *t, int epfd, uaddr_t events, int maxevents, int64_t end) __must_check;

#endif
