/* SPDX-License-Identifier: MIT
 *
 * fcntl, flock, ioctl.
 */
#include <linux/fcntl.h>

#include "kernel/task.h"
#include "syscalls/proto.h"
#include "vfs/fcntl.h"
#include "vfs/fdtable.h"
#include "vfs/ioctl.h"

/* What an O_PATH descriptor can be asked. */
static bool
allowed_on_path(unsigned int cmd)
{
	return cmd == F_DUPFD || cmd == F_DUPFD_CLOEXEC || cmd == F_GETFD || cmd == F_SETFD || cmd == F_GETFL ||
	       cmd == F_DUPFD_QUERY || cmd == F_CREATED_QUERY;
}

int64_t
sys_fcntl(struct task *t, int fd, unsigned int cmd, uint64_t arg)
{
	struct fd f = fdget_raw(t, fd);
	int64_t ret = -EBADF;

	if (f.file && (!(f.file->f_mode & FMODE_PATH) || allowed_on_path(cmd)))
		ret = do_fcntl(t, fd, f.file, cmd, arg);
	fdput(t, f);
	return ret;
}

int64_t
sys_flock(struct task *t, int fd, unsigned int op)
{
	struct fd f = fdget(t, fd);
	int64_t ret = do_flock(t, f.file, op);

	fdput(t, f);
	return ret;
}

int64_t
sys_ioctl(struct task *t, int fd, unsigned int cmd, uint64_t arg)
{
	struct fd f = fdget(t, fd);
	int64_t ret = f.file ? do_ioctl(t, fd, f.file, cmd, arg) : -EBADF;

	fdput(t, f);
	return ret;
}
