/* SPDX-License-Identifier: MIT
 *
 * procfs: inodes, tables as directories, the super block.
 *
 * Entries of a process belong to the user it runs as, or to root if it may not be dumped; this is looked up whenever the inode is
 * about to be used (d_revalidate), and a dentry whose process is gone is dropped then.
 */
#include <asm/unistd.h>
#include <linux/fcntl.h>
#include <linux/magic.h>
#include <linux/stat.h>
#include <asm/statfs.h>

#include "kernel/cred.h"
#include "kernel/errno.h"
#include "mm/mm.h"
#include "trap/host.h"
#include "vfs/namei.h"
#include "vfs/proc/proc.h"

#define PROC_MODE_DIR_ALL (S_IFDIR | 0555)

uint64_t
proc_ino(const struct proc_entry *e, const struct pid *pid, int fd)
{
	/* Entries are told apart by their distance in the image, which is the same in every run. */
	uint64_t off = ((uintptr_t)e - (uintptr_t)&proc_root_entry) / sizeof(void *) & 0xffff;

	if (!pid)
		return e == &proc_root_entry ? 1 : 0xf0000000 + off;
	return ((uint64_t)pid->nr & 0x3fffff) << 40 | off << 24 | ((uint64_t)(fd + 1) & 0xffffff);
}

struct task *
proc_task(const struct proc_inode *pi)
{
	struct task *task;

	mutex_lock(&pi->k->tasklist_lock);
	task = pid_task(pi->pid, PIDTYPE_PID);
	if (task)
		get_task_struct(task);
	mutex_unlock(&pi->k->tasklist_lock);
	return task;
}

/* False: the process is gone. */
static bool
update_owner(struct inode *inode)
{
	struct proc_inode *pi = PROC_I(inode);
	struct task *task = proc_task(pi);
	uint32_t uid = 0, gid = 0;

	if (!task)
		return false;
	mutex_lock(&task->alloc_lock);
	if (inode->i_mode == PROC_MODE_DIR_ALL || (task->mm && task->mm->dumpable)) {
		uid = task->cred->euid;
		gid = task->cred->egid;
	}
	mutex_unlock(&task->alloc_lock);
	put_task_struct(task);
	inode->i_uid = uid;
	inode->i_gid = gid;
	return true;
}

static void
set_ops(struct inode *inode, const struct proc_entry *e)
{
	if (S_ISDIR(inode->i_mode)) {
		inode->i_op = e->iops ? e->iops : &proc_dir_iops;
		inode->i_fop = e->fops ? e->fops : &proc_dir_fops;
	} else if (S_ISLNK(inode->i_mode)) {
		inode->i_op = e->iops ? e->iops : &proc_link_iops;
	} else {
		inode->i_op = e->iops ? e->iops : &proc_file_iops;
		inode->i_fop = e->fops ? e->fops : &proc_text_fops;
	}
}

struct inode *
proc_get_inode(struct super_block *sb, const struct proc_entry *e, struct pid *pid, int fd)
{
	struct proc_inode *pi = kzalloc(sb->k, sizeof(*pi));
	struct inode *inode = pi ? new_inode_of(sb) : NULL;

	if (!inode) {
		kfree(sb->k, pi);
		return NULL;
	}
	*pi = (struct proc_inode){ .k = sb->k, .entry = e, .fd = fd, .pid = pid ? get_pid(pid) : NULL };
	inode->i_private = pi;
	inode->i_ino = proc_ino(e, pid, fd);
	inode->i_mode = e->mode;
	inode->i_nlink = S_ISDIR(e->mode) ? 2 : 1;
	for (uint32_t i = 0; i < e->nr_children; i++)
		inode->i_nlink += S_ISDIR(e->children[i].mode);
	inode->i_flags = S_NOATIME;
	inode->i_atime = inode->i_mtime = inode->i_ctime = current_time();
	set_ops(inode, e);
	if (pid)
		(void)update_owner(inode);
	return inode;
}

static int
pid_revalidate(struct task *t __unused, struct dentry *dentry)
{
	struct inode *inode = dentry->d_inode;

	return inode && update_owner(inode);
}

static bool
never_cache(const struct dentry *dentry __unused)
{
	return true;
}

static const struct dentry_operations pid_dops = {
	.d_revalidate = pid_revalidate,
	.d_delete = never_cache,
};

struct dentry *
proc_splice(struct dentry *dentry, struct inode *inode, bool cache)
{
	if (!inode)
		return ERR_PTR(-ENOMEM);
	if (!cache)
		dentry->d_op = &pid_dops;
	d_add(dentry, inode);
	return NULL;
}

struct dentry *
proc_lookup_table(struct inode *dir, struct dentry *dentry)
{
	const struct proc_inode *pi = PROC_I(dir);
	const struct proc_entry *e = pi->entry->children, *end = e + pi->entry->nr_children;
	const struct qstr *name = &dentry->d_name;

	for (; e < end; e++)
		if (strlen(e->name) == name->len && memcmp(e->name, name->name, name->len) == 0)
			return proc_splice(dentry, proc_get_inode(dir->i_sb, e, pi->pid, 0), !pi->pid);
	return ERR_PTR(-ENOENT);
}

static struct dentry *
proc_dir_lookup(struct task *t __unused, struct inode *dir, struct dentry *dentry)
{
	return proc_lookup_table(dir, dentry);
}

static uint64_t
parent_ino(const struct file *file)
{
	struct dentry *parent = dget_parent(file->f_path.dentry);
	uint64_t ino = parent->d_inode ? parent->d_inode->i_ino : 1;

	dput(parent);
	return ino;
}

bool
proc_emit_dots(struct file *file, struct dir_context *ctx)
{
	if (ctx->pos == 0) {
		if (!ctx->actor(ctx, ".", 1, 0, file->f_inode->i_ino, 4))
			return false;
		ctx->pos = 1;
	}
	if (ctx->pos == 1) {
		if (!ctx->actor(ctx, "..", 2, 1, parent_ino(file), 4))
			return false;
		ctx->pos = 2;
	}
	return true;
}

bool
proc_readdir_table(struct file *file, struct dir_context *ctx)
{
	const struct proc_inode *pi = PROC_I(file->f_inode);
	const struct proc_entry *e = pi->entry->children;

	if (!proc_emit_dots(file, ctx))
		return false;
	while (ctx->pos - 2 < (int64_t)pi->entry->nr_children) {
		const struct proc_entry *c = &e[ctx->pos - 2];

		if (!ctx->actor(ctx, c->name, (int)strlen(c->name), ctx->pos, proc_ino(c, pi->pid, 0), c->mode >> 12))
			return false;
		ctx->pos++;
	}
	return true;
}

static int
proc_dir_iterate(struct task *t __unused, struct file *file, struct dir_context *ctx)
{
	(void)proc_readdir_table(file, ctx);
	return 0;
}

int
proc_getattr(struct task *t __unused, const struct path *path, struct kstat *st, uint32_t mask __unused,
	     unsigned int flags __unused)
{
	struct inode *inode = path->dentry->d_inode;

	if (PROC_I(inode)->pid && !update_owner(inode))
		return -ENOENT;
	generic_fillattr(inode, st);
	st->blksize = 1024;
	return 0;
}

/* Owners and modes of a process's entries are the process's; those of the rest can be changed but come back. */
int
proc_setattr(struct task *t, struct dentry *dentry, struct iattr *attr)
{
	const struct proc_inode *pi = PROC_I(dentry->d_inode);
	uint32_t fixed = pi->entry->flags & PROC_SYSCTL ? ATTR_MODE | ATTR_UID | ATTR_GID : pi->pid ? ATTR_MODE : 0;

	if (attr->ia_valid & fixed)
		return -EPERM;
	attr->ia_valid &= ~ATTR_SIZE; /* O_TRUNC means nothing here */
	return simple_setattr(t, dentry, attr);
}

int64_t
proc_dir_llseek(struct task *t, struct file *file, int64_t off, int whence)
{
	return generic_file_llseek(t, file, off, whence);
}

int64_t
proc_dir_read(struct task *t __unused, struct file *file __unused, struct iov_iter *to __unused, int64_t *pos __unused,
	      uint32_t rwf __unused)
{
	return -EISDIR;
}

static const char *
proc_link_get_link(struct task *t, struct dentry *dentry __unused, struct inode *inode, void **done __unused, struct path *jump)
{
	const struct proc_inode *pi = PROC_I(inode);
	struct task *task;
	bool may;
	int err;

	if (pi->entry->text)
		return pi->entry->text;
	task = proc_task(pi);
	if (!task)
		return ERR_PTR(-ENOENT);
	may = ptrace_may_access(t, task, PTRACE_MODE_READ | PTRACE_MODE_FSCREDS);
	put_task_struct(task);
	if (!may)
		return ERR_PTR(-EACCES);
	err = pi->entry->jump(t, pi, jump);
	return err ? ERR_PTR(err) : NULL;
}

const struct inode_operations proc_dir_iops = {
	.lookup = proc_dir_lookup,
	.getattr = proc_getattr,
	.setattr = proc_setattr,
};

const struct file_operations proc_dir_fops = {
	.read = proc_dir_read,
	.iterate = proc_dir_iterate,
	.llseek = proc_dir_llseek,
};

const struct inode_operations proc_file_iops = {
	.getattr = proc_getattr,
	.setattr = proc_setattr,
};

const struct inode_operations proc_link_iops = {
	.get_link = proc_link_get_link,
	.getattr = proc_getattr,
	.setattr = proc_setattr,
};

static void
proc_evict_inode(struct kernel *k, struct inode *inode)
{
	struct proc_inode *pi = PROC_I(inode);

	if (pi && pi->pid)
		put_pid(k, pi->pid);
	kfree(k, pi);
	inode->i_private = NULL;
}

static int
proc_statfs(struct task *t __unused, struct dentry *dentry __unused, void *kstatfs)
{
	struct statfs *st = kstatfs;

	*st = (struct statfs){ .f_type = PROC_SUPER_MAGIC, .f_bsize = PAGE_SIZE, .f_frsize = PAGE_SIZE, .f_namelen = 255 };
	return 0;
}

static const struct super_operations proc_sops = {
	.evict_inode = proc_evict_inode,
	.statfs = proc_statfs,
};

/* "hidepid=0" is how it is; nothing else can be had. */
static bool
options_known(const char *o)
{
	return !o || !*o || strcmp(o, "hidepid=0") == 0 || strcmp(o, "hidepid=off") == 0;
}

static int
proc_get_tree(struct fs_context *fc, struct super_block **out)
{
	struct super_block *sb;

	if (!options_known(fc->options))
		return -EINVAL;
	sb = sget(fc->k, &proc_fs_type);
	if (!sb)
		return -ENOMEM;
	sb->s_magic = PROC_SUPER_MAGIC;
	sb->s_blocksize = 1024;
	sb->s_maxbytes = INT64_MAX;
	sb->s_op = &proc_sops;
	sb->s_flags = fc->flags;
	sb->s_root = d_make_root(sb, proc_get_inode(sb, &proc_root_entry, NULL, 0));
	if (!sb->s_root) {
		deactivate_super(sb);
		return -ENOMEM;
	}
	*out = sb;
	return 0;
}

const struct file_system_type proc_fs_type = {
	.name = "proc",
	.nodev = true,
	.get_tree = proc_get_tree,
};

static hfd_t
open_host(const char *path)
{
	int64_t fd = host_call4(__NR_openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC, 0);

	return fd < 0 ? HFD_NONE : HFD((int)fd);
}

int
proc_init(struct kernel *k)
{
	struct proc_state *p = kzalloc(k, sizeof(*p));

	if (!p)
		return -ENOMEM;
	k->proc = p;
	/* Opened now, while paths can be, and read when somebody asks: this is the host's hardware, not its processes. */
	p->host_cpuinfo = open_host("/proc/cpuinfo");
	p->host_stat = open_host("/proc/stat");
	p->host_loadavg = open_host("/proc/loadavg");
	while (host_call3(__NR_getrandom, p->boot_id, sizeof(p->boot_id), 0) == -EINTR)
		;
	p->boot_id[6] = (p->boot_id[6] & 0x0f) | 0x40;
	p->boot_id[8] = (p->boot_id[8] & 0x3f) | 0x80;
	register_filesystem(k, &proc_fs_type);
	return proc_ns_init(k);
}
