/* SPDX-License-Identifier: MIT
 *
 * vhangup(2).
 */
#include <linux/capability.h>

#include "devices/tty.h"
#include "kernel/cred.h"
#include "kernel/task.h"
#include "kernel/tty-hooks.h"
#include "syscalls/proto.h"

int64_t
sys_vhangup(struct task *t)
{
	struct tty *tty;

	if (!capable(t, CAP_SYS_TTY_CONFIG))
		return -EPERM;
	tty = get_current_tty(t);
	if (tty) {
		tty_hangup(t, tty, false);
		tty_kref_put(t, tty);
	}
	return 0;
}
