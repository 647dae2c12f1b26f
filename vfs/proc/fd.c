/* SPDX-License-Identifier: MIT
 *
 * /proc/PID/fd and /proc/PID/fdinfo: a link and a text for each open descriptor. The names of fd can be seen by the process's own
 * threads whatever its credentials; to follow them needs PTRACE_MODE_READ (vfs/proc/inode.c).
 */
#include <linux/fcntl.h>
#include <linux/stat.h>

#include "kernel/cred.h"
#include "kernel/errno.h"
#include "vfs/fcntl.h"
#include "vfs/fdtable.h"
#include "vfs/namei.h"
#include "vfs/proc/proc.h"

#define FDINFO_MAX 4096

/* The file of an entry's descriptor, with a reference, or NULL. */
static struct file *
entry_file(const struct proc_inode *pi)
{
	struct task *task = proc_task(pi);
	struct file *file = NULL;

	if (task) {
		file = fget_task(task, pi->fd);
		put_task_struct(task);
	}
	return file;
}

static int
fd_jump(struct task *t, const struct proc_inode *pi, struct path *out)
{
	struct file *file = entry_file(pi);

	if (!file)
		return -ENOENT;
	*out = file->f_path;
	path_get(out);
	fput(t, file);
	return 0;
}

static int
fdinfo_show(struct proc_seq *m)
{
	struct file *file = fget_task(m->task, m->pi->fd);
	struct mount *mnt;
	uint32_t flags;
	char *extra;

	if (!file)
		return -ENOENT;
	mnt = file->f_path.mnt;
	flags = (file->f_flags & ~(uint32_t)O_CLOEXEC) | (close_on_exec_task(m->task, m->pi->fd) ? O_CLOEXEC : 0);
	seq_printf(m, "pos:\t%lld\nflags:\t0%o\nmnt_id:\t%d\nino:\t%lu\n", (long long)file->f_pos, flags,
		   mnt ? mnt->mnt_id : 0, file->f_inode->i_ino);
	extra = kmalloc(m->t->k, FDINFO_MAX);
	if (extra) {
		int n = show_file_locks(file, READ_ONCE(m->task->files), extra, FDINFO_MAX);

		seq_write(m, extra, (size_t)n);
		n = file->f_op && file->f_op->show_fdinfo ? file->f_op->show_fdinfo(m->t, file, extra, FDINFO_MAX) : 0;
		if (n > 0)
			seq_write(m, extra, MIN((size_t)n, (size_t)FDINFO_MAX - 1));
		kfree(m->t->k, extra);
	}
	fput(m->t, file);
	return 0;
}

static const struct proc_entry fd_entry = { .name = "", .mode = S_IFLNK, .jump = fd_jump };
static const struct proc_entry fdinfo_entry = { .name = "", .mode = S_IFREG | 0444, .show = fdinfo_show };

/* A link's mode says how the file is open. */
static struct inode *
fd_inode(struct super_block *sb, const struct proc_entry *e, struct pid *pid, int fd, uint32_t f_mode)
{
	struct inode *inode = proc_get_inode(sb, e, pid, fd);

	if (inode && S_ISLNK(inode->i_mode)) {
		if (f_mode & FMODE_READ)
			inode->i_mode |= 0500;
		if (f_mode & FMODE_WRITE)
			inode->i_mode |= 0300;
		inode->i_size = 64;
	}
	return inode;
}

static struct dentry *
lookup_fd(struct task *t, struct inode *dir, struct dentry *dentry, const struct proc_entry *e)
{
	const struct proc_inode *pi = PROC_I(dir);
	int fd = proc_name_to_int(&dentry->d_name);
	struct task *task = fd >= 0 ? proc_task(pi) : NULL;
	struct file *file = task ? fget_task(task, fd) : NULL;
	uint32_t f_mode;

	if (task)
		put_task_struct(task);
	if (!file)
		return ERR_PTR(-ENOENT);
	f_mode = file->f_mode;
	fput(t, file);
	return proc_splice(dentry, fd_inode(dir->i_sb, e, pi->pid, fd, f_mode), false);
}

static int
iterate_fds(struct file *file, struct dir_context *ctx, const struct proc_entry *e)
{
	const struct proc_inode *pi = PROC_I(file->f_inode);
	struct task *task = proc_task(pi);
	bool more;

	if (!task)
		return -ENOENT;
	more = proc_emit_dots(file, ctx);
	while (more) {
		char name[16];
		int fd = next_fd_task(task, (int)(ctx->pos - 2)), len;

		if (fd < 0)
			break;
		len = ksnprintf(name, sizeof(name), "%d", fd);
		ctx->pos = 2 + fd;
		more = ctx->actor(ctx, name, len, ctx->pos, proc_ino(e, pi->pid, fd), e->mode >> 12);
		ctx->pos += more;
	}
	put_task_struct(task);
	return 0;
}

static struct dentry *
fd_dir_lookup(struct task *t, struct inode *dir, struct dentry *dentry)
{
	return lookup_fd(t, dir, dentry, &fd_entry);
}

static struct dentry *
fdinfo_dir_lookup(struct task *t, struct inode *dir, struct dentry *dentry)
{
	return lookup_fd(t, dir, dentry, &fdinfo_entry);
}

static int
fd_dir_iterate(struct task *t __unused, struct file *file, struct dir_context *ctx)
{
	return iterate_fds(file, ctx, &fd_entry);
}

static int
fdinfo_dir_iterate(struct task *t __unused, struct file *file, struct dir_context *ctx)
{
	return iterate_fds(file, ctx, &fdinfo_entry);
}

static int
fd_dir_permission(struct task *t, struct inode *inode, int mask)
{
	int err = generic_permission(t, inode, mask);
	struct task *task = err ? proc_task(PROC_I(inode)) : NULL;

	if (task) {
		if (same_thread_group(t, task))
			err = 0;
		put_task_struct(task);
	}
	return err;
}

static int
fdinfo_dir_permission(struct task *t, struct inode *inode, int mask)
{
	struct task *task = proc_task(PROC_I(inode));
	bool may;

	if (!task)
		return -ESRCH;
	may = ptrace_may_access(t, task, PTRACE_MODE_READ | PTRACE_MODE_FSCREDS);
	put_task_struct(task);
	return may ? generic_permission(t, inode, mask) : -EACCES;
}

const struct inode_operations proc_fd_dir_iops = {
	.lookup = fd_dir_lookup,
	.permission = fd_dir_permission,
	.getattr = proc_getattr,
	.setattr = proc_setattr,
};

const struct inode_operations proc_fdinfo_dir_iops = {
	.lookup = fdinfo_dir_lookup,
	.permission = fdinfo_dir_permission,
	.getattr = proc_getattr,
	.setattr = proc_setattr,
};

const struct file_operations proc_fd_dir_fops = {
	.read = proc_dir_read,
	.iterate = fd_dir_iterate,
	.llseek = proc_dir_llseek,
};

const struct file_operations proc_fdinfo_dir_fops = {
	.read = proc_dir_read,
	.iterate = fdinfo_dir_iterate,
	.llseek = proc_dir_llseek,
};
