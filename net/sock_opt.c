/* SPDX-License-Identifier: MIT
 *
 * Options of level SOL_SOCKET that all families have: socket(7).
 *
 * Options that mean nothing to a family (SO_KEEPALIVE of a unix socket) are remembered and given back, as Linux does.
 */
#include <linux/capability.h>

#include "kernel/cred.h"
#include "kernel/task.h"
#include "net/sock_opt.h"

#define ON(name) (1ull << (name))
#define FLAGS                                                                                                             \
	(ON(SO_DEBUG) | ON(SO_REUSEADDR) | ON(SO_DONTROUTE) | ON(SO_BROADCAST) | ON(SO_KEEPALIVE) | ON(SO_OOBINLINE) |    \
	 ON(SO_NO_CHECK) | ON(SO_REUSEPORT) | ON(SO_TIMESTAMP_OLD) | ON(SO_TIMESTAMPNS_OLD) | ON(SO_RXQ_OVFL) |           \
	 ON(SO_WIFI_STATUS) | ON(SO_LOCK_FILTER) | ON(SO_SELECT_ERR_QUEUE) | ON(SO_PASSSEC) | ON(SO_NOFCS))

static bool
is_flag(int name)
{
	return name >= 0 && name < 64 && (FLAGS >> name & 1);
}

void
sock_opts_init(struct sock_opts *o)
{
	*o = (struct sock_opts){
		.sndbuf = SOCK_BUF_MAX,
		.rcvbuf = SOCK_BUF_MAX,
		.rcvlowat = 1,
		.peek_off = -1,
		.rcvtimeo = NO_DEADLINE,
		.sndtimeo = NO_DEADLINE,
	};
}

int64_t
sock_deadline(int64_t timeo, bool nonblock)
{
	if (nonblock)
		return 0;
	return timeo == NO_DEADLINE ? NO_DEADLINE : deadline_after(timeo);
}

int
sock_intr_errno(int64_t timeo)
{
	return timeo == NO_DEADLINE ? -ERESTARTSYS : -EINTR;
}

static int
set_timeo(struct task *t, int64_t *timeo, uaddr_t val, int len)
{
	struct k_timeval tv;

	if (len < (int)sizeof(tv))
		return -EINVAL;
	if (copy_in(t, &tv, val))
		return -EFAULT;
	if (tv.tv_usec < 0 || tv.tv_usec >= 1000000)
		return -EDOM;
	if (tv.tv_sec < 0)
		*timeo = 1; /* over before it begins, as Linux has it */
	else if ((tv.tv_sec == 0 && tv.tv_usec == 0) || tv.tv_sec >= INT64_MAX / NSEC_PER_SEC - 1)
		*timeo = NO_DEADLINE;
	else
		*timeo = tv.tv_sec * NSEC_PER_SEC + tv.tv_usec * NSEC_PER_USEC;
	return 0;
}

static void
set_buf(uint32_t *buf, bool *set, int v, int max, int min)
{
	int64_t n = v < 0 ? max : MIN(v, max);

	WRITE_ONCE(*buf, (uint32_t)MAX(n * 2, min));
	*set = true;
}

/* SO_SNDBUFFORCE and SO_RCVBUFFORCE know no limit. */
static int
set_buffer(struct task *t, struct sock_opts *o, int name, int v)
{
	bool force = name == SO_SNDBUFFORCE || name == SO_RCVBUFFORCE;
	int max = force ? INT32_MAX / 2 : SOCK_BUF_MAX;

	if (force && !capable(t, CAP_NET_ADMIN))
		return -EPERM;
	if (force)
		v = MAX(v, 0);
	if (name == SO_SNDBUF || name == SO_SNDBUFFORCE)
		set_buf(&o->sndbuf, &o->sndbuf_set, v, max, SOCK_MIN_SNDBUF);
	else
		set_buf(&o->rcvbuf, &o->rcvbuf_set, v, max, SOCK_MIN_RCVBUF);
	return 0;
}

/* Options whose value is an int. */
static int
set_int(struct task *t, struct sock_opts *o, int name, int v)
{
	if (is_flag(name)) {
		if (name == SO_DEBUG && v && !capable(t, CAP_NET_ADMIN))
			return -EACCES;
		if (v)
			__atomic_or_fetch(&o->flags, ON(name), __ATOMIC_RELAXED);
		else
			__atomic_and_fetch(&o->flags, ~ON(name), __ATOMIC_RELAXED);
		return 0;
	}
	switch (name) {
	case SO_SNDBUF:
	case SO_RCVBUF:
	case SO_SNDBUFFORCE:
	case SO_RCVBUFFORCE:
		return set_buffer(t, o, name, v);
	case SO_RCVLOWAT:
		o->rcvlowat = v < 0 ? INT32_MAX : MAX(v, 1);
		return 0;
	case SO_PRIORITY:
		if ((v < 0 || v > 6) && !capable(t, CAP_NET_ADMIN))
			return -EPERM;
		o->priority = (uint32_t)v;
		return 0;
	case SO_MARK:
		if (!capable(t, CAP_NET_ADMIN))
			return -EPERM;
		o->mark = (uint32_t)v;
		return 0;
	default:
		return -ENOPROTOOPT;
	}
}

int
sock_opts_set(struct task *t, struct sock_opts *o, int name, uaddr_t val, int len)
{
	uint32_t v;

	if (len < (int)sizeof(v))
		return -EINVAL;
	if (get_user_u32(t, &v, val)) /* whatever else the option is */
		return -EFAULT;
	switch (name) {
	case SO_RCVTIMEO_OLD:
	case SO_RCVTIMEO_NEW:
		return set_timeo(t, &o->rcvtimeo, val, len);
	case SO_SNDTIMEO_OLD:
	case SO_SNDTIMEO_NEW:
		return set_timeo(t, &o->sndtimeo, val, len);
	case SO_LINGER:
		if (len < (int)sizeof(o->linger))
			return -EINVAL;
		return copy_in(t, &o->linger, val);
	default:
		return set_int(t, o, name, (int)v);
	}
}

static int
get_int(const struct sock_opts *o, int name, int *v)
{
	if (is_flag(name)) {
		*v = sock_flag(o, name);
		return 0;
	}
	switch (name) {
	case SO_SNDBUF:
		*v = (int)o->sndbuf;
		return 0;
	case SO_RCVBUF:
		*v = (int)o->rcvbuf;
		return 0;
	case SO_RCVLOWAT:
		*v = o->rcvlowat;
		return 0;
	case SO_SNDLOWAT:
		*v = 1;
		return 0;
	case SO_PRIORITY:
		*v = (int)o->priority;
		return 0;
	case SO_MARK:
		*v = (int)o->mark;
		return 0;
	default:
		return -ENOPROTOOPT;
	}
}

int
sock_put_opt(struct task *t, uaddr_t val, uaddr_t ulen, uint32_t room, const void *p, uint32_t n)
{
	n = MIN(n, room);
	if (copy_to_user(t, val, p, n) || put_user_u32(t, n, ulen))
		return -EFAULT;
	return 0;
}

static int
get_timeo(struct task *t, int64_t timeo, uaddr_t val, uaddr_t ulen, uint32_t room)
{
	struct k_timeval tv = { 0, 0 };

	if (timeo != NO_DEADLINE)
		tv = (struct k_timeval){ timeo / NSEC_PER_SEC, timeo % NSEC_PER_SEC / NSEC_PER_USEC };
	return sock_put_opt(t, val, ulen, room, &tv, sizeof(tv));
}

int
sock_opts_get(struct task *t, const struct sock_opts *o, int name, uaddr_t val, uaddr_t ulen, uint32_t room)
{
	int v, err;

	switch (name) {
	case SO_RCVTIMEO_OLD:
	case SO_RCVTIMEO_NEW:
		return get_timeo(t, o->rcvtimeo, val, ulen, room);
	case SO_SNDTIMEO_OLD:
	case SO_SNDTIMEO_NEW:
		return get_timeo(t, o->sndtimeo, val, ulen, room);
	case SO_LINGER:
		return sock_put_opt(t, val, ulen, room, o->linger, sizeof(o->linger));
	default:
		err = get_int(o, name, &v);
		return err ? err : sock_put_opt(t, val, ulen, room, &v, sizeof(v));
	}
}
