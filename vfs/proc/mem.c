/* SPDX-License-Identifier: MIT
 *
 * /proc/PID/mem, and what is read from the memory of a process: cmdline, environ; and auxv.
 *
 * cmdline and environ may be changed by the program while they are read: they are bytes, nothing is made of them. A program that
 * has written over its arguments up to the environment (setproctitle) shows what it wrote, as in Linux.
 */
#include <linux/fcntl.h>
#include <linux/fs.h>

#include "kernel/cred.h"
#include "kernel/errno.h"
#include "mm/mm.h"
#include "mm/uaccess.h"
#include "trap/trap.h"
#include "vfs/namei.h"
#include "vfs/proc/proc.h"

#define CHUNK 4096

/* Memory from @from to @to onto @m; stops at what cannot be read. Returns how much. */
static uint64_t
seq_user_range(struct proc_seq *m, uint64_t from, uint64_t to)
{
	char *page = kmalloc(m->t->k, CHUNK);
	uint64_t at = from;

	if (!page) {
		m->err = -ENOMEM;
		return 0;
	}
	while (at < to) {
		size_t want = MIN(to - at, (uint64_t)CHUNK), n = proc_read_mm(m->t, m->task, at, page, want);

		seq_write(m, page, n);
		at += n;
		if (n < want)
			break;
	}
	kfree(m->t->k, page);
	return at - from;
}

/* The title begins at the arguments and goes on, up to its NUL, where the environment was. */
static void
show_title(struct proc_seq *m, const struct mm *mm)
{
	size_t start = m->len;
	uint64_t end = MIN(mm->env_end, mm->arg_start + 2 * PAGE_SIZE);
	size_t n = seq_user_range(m, mm->arg_start, end);
	const char *nul = m->buf ? memchr(m->buf + start, 0, n) : NULL;

	if (nul)
		m->len = (size_t)(nul - m->buf) + 1;
}

int
proc_pid_cmdline(struct proc_seq *m)
{
	struct mm *mm = proc_task_mm(m->task);
	char last = 0;

	if (!mm)
		return 0;
	if (mm->env_end && mm->arg_start < mm->arg_end) {
		bool title = proc_read_mm(m->t, m->task, mm->arg_end - 1, &last, 1) == 1 && last != 0;

		if (title && mm->env_start == mm->arg_end && mm->env_end > mm->env_start)
			show_title(m, mm);
		else
			(void)seq_user_range(m, mm->arg_start, mm->arg_end);
	}
	mmput(mm);
	return 0;
}

int
proc_pid_environ(struct proc_seq *m)
{
	struct mm *mm = proc_task_mm(m->task);

	if (!mm)
		return 0;
	if (mm->env_end)
		(void)seq_user_range(m, mm->env_start, mm->env_end);
	mmput(mm);
	return 0;
}

int
proc_pid_auxv(struct proc_seq *m)
{
	struct mm *mm = proc_task_mm(m->task);
	size_t n = 0;

	if (!mm)
		return 0;
	while (n + 2 < ARRAY_SIZE(mm->saved_auxv) && mm->saved_auxv[n])
		n += 2;
	seq_write(m, mm->saved_auxv, (n + 2) * sizeof(mm->saved_auxv[0]));
	mmput(mm);
	return 0;
}

/* mem: the address space the process had when the file was opened is the only one read and written. */

static int
mem_open(struct task *t, struct inode *inode, struct file *file)
{
	struct task *task = proc_task(PROC_I(inode));
	struct mm *mm;

	if (!task)
		return -ESRCH;
	if (!ptrace_may_access(t, task, PTRACE_MODE_FSCREDS)) {
		put_task_struct(task);
		return -EACCES;
	}
	mm = proc_task_mm(task);
	put_task_struct(task);
	if (mm) {
		mmgrab(mm);
		mmput(mm);
	}
	file->private_data = mm;
	return 0;
}

static void
mem_release(struct task *t __unused, struct inode *inode __unused, struct file *file)
{
	if (file->private_data)
		mmdrop(file->private_data);
}

/* The task, if it still runs what was opened. */
static struct task *
mem_task(struct file *file)
{
	struct task *task = file->private_data ? proc_task(PROC_I(file->f_inode)) : NULL;

	if (task && READ_ONCE(task->mm) != file->private_data) {
		put_task_struct(task);
		task = NULL;
	}
	return task;
}

static size_t
mem_copy(struct task *t, struct task *task, uint64_t addr, char *page, size_t n, bool write)
{
	return access_process_vm(t, task, addr, page, n, write);
}

static int64_t
mem_rw(struct task *t, struct file *file, struct iov_iter *it, int64_t *pos, bool write)
{
	struct task *task = mem_task(file);
	char *page = task ? kmalloc(t->k, CHUNK) : NULL;
	int64_t done = 0, err = 0;

	if (!task)
		return 0;
	if (!page)
		err = -ENOMEM;
	while (!err && it->count) {
		size_t want = MIN(it->count, (size_t)CHUNK), n;

		if (write) {
			n = copy_from_iter(page, want, it);
			if (n < want)
				err = -EFAULT;
			want = n;
		}
		n = mem_copy(t, task, (uint64_t)*pos, page, want, write);
		if (n < want)
			err = -EIO;
		if (!write && copy_to_iter(page, n, it) < n)
			err = -EFAULT;
		else
			done += (int64_t)n, *pos += (int64_t)n;
		if (fatal_signal_pending(t))
			break;
	}
	kfree(t->k, page);
	put_task_struct(task);
	return done ? done : err;
}

static int64_t
mem_read(struct task *t, struct file *file, struct iov_iter *to, int64_t *pos, uint32_t rwf __unused)
{
	return mem_rw(t, file, to, pos, false);
}

static int64_t
mem_write(struct task *t, struct file *file, struct iov_iter *from, int64_t *pos, uint32_t rwf __unused)
{
	return mem_rw(t, file, from, pos, true);
}

static int64_t
mem_llseek(struct task *t __unused, struct file *file, int64_t off, int whence)
{
	if (whence == SEEK_CUR)
		off += file->f_pos;
	else if (whence != SEEK_SET)
		return -EINVAL;
	file->f_pos = off;
	return off;
}

const struct file_operations proc_mem_fops = {
	.f_mode = FMODE_OLD_READ | FMODE_OLD_WRITE,
	.open = mem_open,
	.release = mem_release,
	.read = mem_read,
	.write = mem_write,
	.llseek = mem_llseek,
};
