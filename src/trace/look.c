/* SPDX-License-Identifier: MIT
 *
 * The tracer's eyes on stead's kernel.
 */
#include "src/trace/look.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/sysmacros.h>
#include <sys/uio.h>

#include "kernel/kernel.h"
#include "kernel/task.h"
#include "src/trace/events.h"
#include "trap/trap.h"
#include "vfs/fdtable.h"
#include "vfs/fs.h"
#include "vfs/namei.h"

/* Under the resident trap the task waits in its own process. */
size_t
guest_peek(void *task, uint64_t addr, void *buf, size_t n)
{
	struct task *t = task;
	struct iovec to = { buf, n }, from = { (void *)(uintptr_t)addr, n };
	ssize_t got;

	if (!t->k->resident)
		return t->k->trap->copy_from(t, buf, addr, n);
	got = process_vm_readv(t->host_tid.id, &to, 1, &from, 1, 0);
	return got < 0 ? 0 : (size_t)got;
}

bool
guest_look(void *task, int fd, struct trace_fd *out)
{
	struct task *t = task;
	struct file *file = fd == AT_FDCWD || !t->files ? NULL : fget_task(t, fd);
	struct path path;
	const struct inode *inode;
	char text[sizeof(out->path)];
	const char *name;

	if (!file && (fd != AT_FDCWD || !t->fs))
		return false;
	path = file ? file->f_path : t->fs->pwd;
	inode = file ? file->f_inode : path.dentry->d_inode;
	name = d_path(t, &path, text, sizeof(text));
	if (!IS_ERR(name)) {
		snprintf(out->path, sizeof(out->path), "%s", name);
		out->mode = inode ? inode->i_mode : 0;
		out->major = inode ? major(inode->i_rdev) : 0;
		out->minor = inode ? minor(inode->i_rdev) : 0;
	}
	if (file)
		fput(t, file);
	return !IS_ERR(name);
}
