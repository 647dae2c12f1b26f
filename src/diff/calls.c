/* SPDX-License-Identifier: MIT
 *
 * Kinds of calls.
 */
#include "src/diff/calls.h"

#include <sys/syscall.h>
#include <sys/wait.h>

bool
is_poll(const struct event *e)
{
	switch (e->nr) {
	case SYS_poll:
	case SYS_ppoll:
	case SYS_select:
	case SYS_pselect6:
	case SYS_epoll_wait:
	case SYS_epoll_pwait:
	case SYS_epoll_pwait2:
		return e->type == EVENT_CALL;
	default:
		return false;
	}
}

bool
is_epoll_wait(const struct event *e)
{
	return e->type == EVENT_CALL && (e->nr == SYS_epoll_wait || e->nr == SYS_epoll_pwait || e->nr == SYS_epoll_pwait2);
}

bool
is_wait(const struct event *e)
{
	return e->type == EVENT_CALL && (e->nr == SYS_wait4 || e->nr == SYS_waitid);
}

/* A wait for any child: which one it gives is a matter of who ended first. */
bool
is_wait_any(const struct event *e)
{
	const struct field *pid = field_by_name(e, "pid"), *which = field_by_name(e, "which");

	if (!is_wait(e))
		return false;
	return e->nr == SYS_wait4 ? pid && (int64_t)pid->value <= 0 : which && which->value == P_ALL;
}
