/* SPDX-License-Identifier: MIT
 *
 * The readiness thread: an epoll over host descriptors that tasks wait for. It wakes wait queues, and takes the command's signals.
 */
#ifndef STEAD_SRC_READINESS_H
#define STEAD_SRC_READINESS_H

#include <signal.h>

#include "kernel/types.h"
#include "vfs/poll.h"

struct kernel;

/**
 * readiness_start() - make the epoll instance and its thread
 * @k: the instance
 * @signals: what the thread takes; all threads block them
 * @on_signal: called in the thread; false: it is not to be told of this signal again
 *
 * Return: 0 or negative errno.
 */
int readiness_start(struct kernel *k, const sigset_t *signals, bool (*on_signal)(struct kernel *k, int sig));

/**
 * readiness_add() - wake @hp->wq once when @fd becomes ready for @hp->events
 * @fd: a host descriptor; one that epoll refuses (a regular file) is ready at once
 * @hp: stays where it is until readiness_del(); hp->slot is set
 *
 * One shot: to be woken again, delete and add again.
 */
void readiness_add(hfd_t fd, struct host_poll *hp);

/**
 * readiness_del() - forget; when it returns, @hp is not touched any more
 * @hp: added before
 */
void readiness_del(struct host_poll *hp);

#endif
