/* SPDX-License-Identifier: MIT
 *
 * Options of level SOL_SOCKET that all families have: socket(7). What they do is the family's; here is how they are kept.
 */
#ifndef STEAD_NET_SOCK_OPT_H
#define STEAD_NET_SOCK_OPT_H

#include <asm/socket.h>

#include "net/socket.h"

#define SOCK_MIN_SNDBUF 4608
#define SOCK_MIN_RCVBUF 2304

struct sock_opts {
	uint32_t sndbuf, rcvbuf;
	bool sndbuf_set, rcvbuf_set; /* by the program */
	bool passcred;
	int32_t rcvlowat;
	int32_t peek_off; /* SO_PEEK_OFF, or -1 */
	int64_t rcvtimeo, sndtimeo; /* ns; NO_DEADLINE: none */
	uint64_t flags; /* options that are on or off, by their number: sock_flag() */
	uint32_t priority, mark;
	int32_t linger[2];
};

static inline bool
sock_flag(const struct sock_opts *o, int name)
{
	return READ_ONCE(o->flags) >> name & 1;
}

/**
 * sock_opts_init() - the options of a new socket
 * @o: filled
 */
void sock_opts_init(struct sock_opts *o);

/**
 * sock_opts_set() - setsockopt(2) of level SOL_SOCKET
 * @t: the current task
 * @o: the socket's options
 * @name: SO_*
 * @val: the value
 * @len: its length
 *
 * Return: 0, -ENOPROTOOPT (the family may know it), -EINVAL, -EFAULT, -EPERM, -EACCES, -EDOM.
 */
int sock_opts_set(struct task *t, struct sock_opts *o, int name, uaddr_t val, int len) __must_check;

/**
 * sock_opts_get() - getsockopt(2) of level SOL_SOCKET
 * @t: the current task
 * @o: the socket's options
 * @name: SO_*
 * @val: where the value goes
 * @ulen: where its length is and goes
 * @room: what @ulen said, not negative
 *
 * Return: 0, -ENOPROTOOPT (the family may know it), -EFAULT.
 */
int sock_opts_get(struct task *t, const struct sock_opts *o, int name, uaddr_t val, uaddr_t ulen, uint32_t room) __must_check;

/**
 * sock_put_opt() - the value of an option, cut to what the caller has room for
 * @t: the current task
 * @val: where it goes
 * @ulen: where its length goes
 * @room: how much there is room for
 * @p: the value
 * @n: its length
 *
 * Return: 0, -EFAULT.
 */
int sock_put_opt(struct task *t, uaddr_t val, uaddr_t ulen, uint32_t room, const void *p, uint32_t n) __must_check;

/**
 * sock_deadline() - until when a call waits
 * @timeo: SO_RCVTIMEO or SO_SNDTIMEO, or NO_DEADLINE
 * @nonblock: not at all
 *
 * Return: for schedule_until(); 0: do not wait.
 */
int64_t sock_deadline(int64_t timeo, bool nonblock);

/**
 * sock_intr_errno() - what a wait that a signal ended gives
 * @timeo: the socket's timeout
 *
 * Return: -ERESTARTSYS, or -EINTR if there is a timeout.
 */
int sock_intr_errno(int64_t timeo);

#endif
