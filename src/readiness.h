/* SPDX-License-Identifier: MIT
 *
 * An epoll over host descriptors that tasks wait for, and the command's signals. A thread waits in it: one of its own, or
 * under the resident trap the main thread.
 */
#ifndef STEAD_SRC_READINESS_H
#define STEAD_SRC_READINESS_H

#include <signal.h>

#include "kernel/types.h"
#include "vfs/poll.h"

struct kernel;

/**
 * readiness_start() - make the epoll instance
 * @k: the instance
 * @signals: what comes through it, too; all threads block them
 * @on_signal: called by readiness_wait(); false: it is not to be told of this signal again
 *
 * Return: 0 or negative errno.
 */
int readiness_start(struct kernel *k, const sigset_t *signals, bool (*on_signal)(struct kernel *k, int sig));

/**
 * readiness_start_thread() - a thread that calls readiness_wait() for ever
 *
 * Return: 0 or negative errno.
 */
int readiness_start_thread(void);

/**
 * readiness_add_bell() - readiness_wait() returns at every write to an eventfd
 * @fd: it
 *
 * Return: 0 or negative errno.
 */
int readiness_add_bell(hfd_t fd);

/**
 * readiness_wait() - wake wait queues of what becomes ready, and take signals
 * @ms: wait at most so long for something; -1 for ever
 *
 * Context: one thread.
 */
void readiness_wait(int ms);

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
