/* SPDX-License-Identifier: MIT
 *
 * /proc/PID/map_files: a link for each mapping of a file, named by its addresses.
 *
 * Positions in the directory are 2 plus the page a mapping begins at. Left out: to follow a link Linux wants CAP_CHECKPOINT_RESTORE
 * on top of the right to look into the process.
 */
#include <linux/stat.h>

#include "kernel/cred.h"
#include "kernel/errno.h"
#include "mm/mm.h"
#include "vfs/fdtable.h"
#include "vfs/namei.h"
#include "vfs/proc/proc.h"

/* The mapping of a file that is exactly this one: its file, with a reference, or NULL. */
static struct file *
mapped_file(const struct proc_inode *pi, uint64_t start, uint64_t end)
{
	struct task *task = proc_task(pi);
	struct mm *mm = task ? proc_task_mm(task) : NULL;
	struct file *file = NULL;

	if (mm) {
		struct vma *v;

		mutex_lock(&mm->mmap_lock);
		v = find_vma(mm, start);
		if (v && v->start == start && v->end == end && v->file) {
			file = v->file;
			get_file(file);
		}
		mutex_unlock(&mm->mmap_lock);
		mmput(mm);
	}
	if (task)
		put_task_struct(task);
	return file;
}

/* The first mapping of a file from an address on: its place. */
static bool
next_mapping(struct task *task, uint64_t from, uint64_t *start, uint64_t *end)
{
	struct mm *mm = proc_task_mm(task);
	struct vma *v;
	bool found = false;

	if (!mm)
		return false;
	mutex_lock(&mm->mmap_lock);
	list_for_each_entry(v, &mm->vmas, list) {
		if (v->start < from || !v->file)
			continue;
		*start = v->start;
		*end = v->end;
		found = true;
		break;
	}
	mutex_unlock(&mm->mmap_lock);
	mmput(mm);
	return found;
}

static int
map_file_jump(struct task *t, const struct proc_inode *pi, struct path *out)
{
	struct file *file = mapped_file(pi, pi->start, pi->end);

	if (!file)
		return -ENOENT;
	*out = file->f_path;
	path_get(out);
	fput(t, file);
	return 0;
}

static const struct proc_entry map_file_entry = { .name = "", .mode = S_IFLNK, .jump = map_file_jump };

/* "start-end": lower-case hexadecimal digits without leading zeros. */
static bool
parse_hex(const char **s, const char *end, uint64_t *out)
{
	const char *p = *s;

	for (*out = 0; p < end && p - *s < 16; p++) {
		unsigned int c = (unsigned char)*p;

		if (c >= '0' && c <= '9')
			*out = *out << 4 | (c - '0');
		else if (c >= 'a' && c <= 'f')
			*out = *out << 4 | (c - 'a' + 10);
		else
			break;
	}
	if (p == *s || (**s == '0' && p - *s > 1))
		return false;
	*s = p;
	return true;
}

static bool
parse_name(const struct qstr *name, uint64_t *start, uint64_t *end)
{
	const char *p = name->name, *stop = p + name->len;

	return parse_hex(&p, stop, start) && p < stop && *p++ == '-' && parse_hex(&p, stop, end) && p == stop;
}

/* Who may look into the process: 0, -EACCES, -ENOENT. */
static int
may_look(struct task *t, const struct proc_inode *pi)
{
	struct task *task = proc_task(pi);
	bool may;

	if (!task)
		return -ENOENT;
	may = ptrace_may_access(t, task, PTRACE_MODE_READ | PTRACE_MODE_FSCREDS);
	put_task_struct(task);
	return may ? 0 : -EACCES;
}

static struct dentry *
map_files_lookup(struct task *t, struct inode *dir, struct dentry *dentry)
{
	struct proc_inode *pi = PROC_I(dir);
	uint64_t start, end;
	struct inode *inode;
	struct file *file;
	int err = may_look(t, pi);

	if (err)
		return ERR_PTR(err);
	file = parse_name(&dentry->d_name, &start, &end) ? mapped_file(pi, start, end) : NULL;
	if (!file)
		return ERR_PTR(-ENOENT);
	inode = proc_get_inode(dir->i_sb, &map_file_entry, pi->pid, (int)(start >> PAGE_SHIFT));
	if (inode) {
		PROC_I(inode)->start = start;
		PROC_I(inode)->end = end;
		inode->i_mode |= (file->f_mode & FMODE_READ ? 0400 : 0) | (file->f_mode & FMODE_WRITE ? 0200 : 0);
		inode->i_size = 64;
	}
	fput(t, file);
	return proc_splice(dentry, inode, false);
}

static int
map_files_iterate(struct task *t, struct file *file, struct dir_context *ctx)
{
	const struct proc_inode *pi = PROC_I(file->f_inode);
	int err = may_look(t, pi);
	struct task *task = err ? NULL : proc_task(pi);
	uint64_t start, end;
	bool more;

	if (!task)
		return err ? err : -ENOENT;
	more = proc_emit_dots(file, ctx);
	while (more && next_mapping(task, (uint64_t)(ctx->pos - 2) << PAGE_SHIFT, &start, &end)) {
		char name[36];
		int len = ksnprintf(name, sizeof(name), "%lx-%lx", start, end);

		ctx->pos = 2 + (int64_t)(start >> PAGE_SHIFT);
		more = ctx->actor(ctx, name, len, ctx->pos, proc_ino(&map_file_entry, pi->pid, (int)(start >> PAGE_SHIFT)), 10);
		ctx->pos += more;
	}
	put_task_struct(task);
	return 0;
}

const struct inode_operations proc_map_files_iops = {
	.lookup = map_files_lookup,
	.getattr = proc_getattr,
	.setattr = proc_setattr,
};

const struct file_operations proc_map_files_fops = {
	.read = proc_dir_read,
	.iterate = map_files_iterate,
	.llseek = proc_dir_llseek,
};
