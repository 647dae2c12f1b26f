/* SPDX-License-Identifier: MIT
 *
 * /proc/PID and /proc/PID/task/TID: the tables, links to what a process has, small files that can be written.
 *
 * Left out: attr autogroup clear_refs coredump_filter cpuset numa_maps pagemap patch_state sched stack timens_offsets timers, as in a kernel without the parts they belong to.
 */
#include <linux/capability.h>
#include <linux/oom.h>
#include <linux/stat.h>

#include "kernel/cred.h"
#include "kernel/errno.h"
#include "kernel/pidfd.h"
#include "mm/mm.h"
#include "mm/uaccess.h"
#include "trap/trap.h"
#include "vfs/fdtable.h"
#include "vfs/internal.h"
#include "vfs/proc/proc.h"

#define NO_ID "4294967295"

bool
proc_may_access(const struct proc_seq *m)
{
	return ptrace_may_access(m->t, m->task, PTRACE_MODE_READ | PTRACE_MODE_FSCREDS);
}

struct mm *
proc_task_mm(struct task *task)
{
	struct mm *mm;

	mutex_lock(&task->alloc_lock);
	mm = task->mm;
	if (mm)
		mmget(mm);
	mutex_unlock(&task->alloc_lock);
	return mm;
}

size_t
proc_read_mm(struct task *t, struct task *task, uint64_t addr, void *buf, size_t n)
{
	return access_process_vm(t, task, addr, buf, n, false);
}

int
proc_parse_long(const char *s, int64_t *out)
{
	bool minus = false;
	int64_t n = 0;
	int digits = 0;

	while (*s == ' ' || *s == '\t' || *s == '\n')
		s++;
	if (*s == '-' || *s == '+')
		minus = *s++ == '-';
	for (; *s >= '0' && *s <= '9'; s++, digits++)
		if (__builtin_mul_overflow(n, 10, &n) || __builtin_add_overflow(n, *s - '0', &n))
			return -EINVAL;
	while (*s == ' ' || *s == '\t' || *s == '\n')
		s++;
	if (*s || !digits)
		return -EINVAL;
	*out = minus ? -n : n;
	return 0;
}

/* Links. */

static int
exe_jump(struct task *t __unused, const struct proc_inode *pi, struct path *out)
{
	struct task *task = proc_task(pi);
	struct mm *mm = task ? proc_task_mm(task) : NULL;
	int err = -ENOENT;

	if (mm) {
		if (mm->exe_file) {
			*out = mm->exe_file->f_path;
			path_get(out);
			err = 0;
		}
		mmput(mm);
	}
	if (task)
		put_task_struct(task);
	return err;
}

static int
fs_jump(const struct proc_inode *pi, struct path *out, bool root)
{
	struct task *task = proc_task(pi);
	struct fs_struct *fs;
	int err = -ENOENT;

	if (!task)
		return err;
	mutex_lock(&task->alloc_lock);
	fs = task->fs;
	if (fs) {
		mutex_lock(&fs->lock);
		*out = root ? fs->root : fs->pwd;
		path_get(out);
		mutex_unlock(&fs->lock);
		err = 0;
	}
	mutex_unlock(&task->alloc_lock);
	if (err && task == pi->k->init_task && pi->k->vfs->ns.root) { /* as threads of the kernel, it stands at the top */
		*out = (struct path){ pi->k->vfs->ns.root, pi->k->vfs->ns.root->mnt_root };
		path_get(out);
		err = 0;
	}
	put_task_struct(task);
	return err;
}

static int
cwd_jump(struct task *t __unused, const struct proc_inode *pi, struct path *out)
{
	return fs_jump(pi, out, false);
}

static int
root_jump(struct task *t __unused, const struct proc_inode *pi, struct path *out)
{
	return fs_jump(pi, out, true);
}

/* What can be written. */

static int
comm_store(struct task *t, const struct proc_inode *pi, char *text)
{
	struct task *task = proc_task(pi);
	int err = 0;

	if (!task)
		return -ESRCH;
	if (same_thread_group(t, task))
		set_task_comm(task, text);
	else
		err = -EINVAL;
	put_task_struct(task);
	return err;
}

/* oom_score_adj is the group's; lowering it below what a privileged task once set needs a privilege. */
static int
set_oom_adj(struct task *t, const struct proc_inode *pi, int64_t v)
{
	struct task *task = proc_task(pi);
	int err = 0;

	if (!task)
		return -ESRCH;
	if (v < task->oom_score_adj_min && !capable(t, CAP_SYS_RESOURCE)) {
		err = -EACCES;
	} else {
		WRITE_ONCE(task->signal->oom_score_adj, (int)v);
		if (capable(t, CAP_SYS_RESOURCE))
			task->oom_score_adj_min = (int)v;
	}
	put_task_struct(task);
	return err;
}

static int
oom_score_adj_store(struct task *t, const struct proc_inode *pi, char *text)
{
	int64_t v;

	if (proc_parse_long(text, &v) || v < OOM_SCORE_ADJ_MIN || v > OOM_SCORE_ADJ_MAX)
		return -EINVAL;
	return set_oom_adj(t, pi, v);
}

static int
oom_adj_store(struct task *t, const struct proc_inode *pi, char *text)
{
	int64_t v;

	if (proc_parse_long(text, &v) || ((v < OOM_ADJUST_MIN || v > OOM_ADJUST_MAX) && v != OOM_DISABLE))
		return -EINVAL;
	return set_oom_adj(t, pi, v == OOM_ADJUST_MAX ? OOM_SCORE_ADJ_MAX : v * OOM_SCORE_ADJ_MAX / -OOM_DISABLE);
}

static int
oom_score_adj_show(struct proc_seq *m)
{
	seq_printf(m, "%d\n", READ_ONCE(m->task->signal->oom_score_adj));
	return 0;
}

static int
oom_adj_show(struct proc_seq *m)
{
	int v = READ_ONCE(m->task->signal->oom_score_adj);

	seq_printf(m, "%d\n", v == OOM_SCORE_ADJ_MAX ? OOM_ADJUST_MAX : v * -OOM_DISABLE / OOM_SCORE_ADJ_MAX);
	return 0;
}

/* Linux's badness: the share of memory in thousandths, moved by the adjustment, scaled to 0..2000 around 667. */
static int
oom_score_show(struct proc_seq *m)
{
	struct mm *mm = proc_task_mm(m->task);
	int64_t total = (int64_t)(m->t->k->params.memory >> PAGE_SHIFT), points = 0, adj;

	if (mm) {
		adj = READ_ONCE(m->task->signal->oom_score_adj);
		if (adj != OOM_SCORE_ADJ_MIN && total) {
			points = (int64_t)proc_rss_pages(m->task, mm) + adj * (total / 1000);
			points = MAX((1000 + points * 1000 / total) * 2 / 3, 0);
		}
		mmput(mm);
	}
	seq_printf(m, "%ld\n", (long)points);
	return 0;
}

static int
timerslack_show(struct proc_seq *m)
{
	if (m->task != m->t && !cred_capable(m->t->cred, CAP_SYS_NICE))
		return -EPERM;
	seq_printf(m, "%lu\n", m->task->timer_slack_ns);
	return 0;
}

static int
timerslack_store(struct task *t, const struct proc_inode *pi, char *text)
{
	struct task *task;
	int64_t v;
	int err = proc_parse_long(text, &v);

	if (err || v < 0)
		return -EINVAL;
	task = proc_task(pi);
	if (!task)
		return -ESRCH;
	if (task != t && !capable(t, CAP_SYS_NICE))
		err = -EPERM;
	else
		WRITE_ONCE(task->timer_slack_ns, v ? (uint64_t)v : task->default_timer_slack_ns);
	put_task_struct(task);
	return err;
}

/* Who logged in, and the number of the session: without a newline, as in Linux. */
static int
loginuid_show(struct proc_seq *m)
{
	seq_printf(m, "%u", READ_ONCE(m->task->loginuid));
	return 0;
}

static int
sessionid_show(struct proc_seq *m)
{
	seq_printf(m, "%u", READ_ONCE(m->task->sessionid));
	return 0;
}

/* Anybody may set it once, for themselves; to change or unset it takes a privilege. */
static int
loginuid_store(struct task *t, const struct proc_inode *pi, char *text)
{
	struct task *task = proc_task(pi);
	bool own = task == t;
	int64_t uid;

	if (task)
		put_task_struct(task);
	if (!own)
		return -EPERM;
	if (proc_parse_long(text, &uid) || uid < 0 || uid > UINT32_MAX)
		return -EINVAL;
	if (t->loginuid != UINT32_MAX && !capable(t, CAP_AUDIT_CONTROL))
		return -EPERM;
	WRITE_ONCE(t->sessionid, uid == UINT32_MAX ? UINT32_MAX : __atomic_add_fetch(&t->k->proc->last_session, 1, __ATOMIC_RELAXED));
	WRITE_ONCE(t->loginuid, (uint32_t)uid);
	return 0;
}

#define ID_MAP "         0          0 " NO_ID

/* What a process and a thread both have. */
#define COMMON_ENTRIES                                                                                                     \
	{ .name = "auxv", .mode = S_IFREG | 0400, .show = proc_pid_auxv, .flags = PROC_PTRACE | PROC_PLAIN },	\
	{ .name = "cgroup", .mode = S_IFREG | 0444, .text = "0::/" },                                                     \
	{ .name = "cmdline", .mode = S_IFREG | 0444, .show = proc_pid_cmdline, .flags = PROC_PLAIN },	\
	{ .name = "comm", .mode = S_IFREG | 0644, .show = proc_pid_comm, .store = comm_store, .flags = PROC_WHOLE },       \
	{ .name = "cwd", .mode = S_IFLNK | 0777, .jump = cwd_jump },                                                       \
	{ .name = "environ", .mode = S_IFREG | 0400, .show = proc_pid_environ, .flags = PROC_PTRACE | PROC_PLAIN },	\
	{ .name = "exe", .mode = S_IFLNK | 0777, .jump = exe_jump },                                                       \
	{ .name = "fd", .mode = S_IFDIR | 0500, .iops = &proc_fd_dir_iops, .fops = &proc_fd_dir_fops },                    \
	{ .name = "fdinfo", .mode = S_IFDIR | 0555, .iops = &proc_fdinfo_dir_iops, .fops = &proc_fdinfo_dir_fops },        \
	{ .name = "gid_map", .mode = S_IFREG | 0644, .text = ID_MAP },                                                     \
	{ .name = "limits", .mode = S_IFREG | 0444, .show = proc_pid_limits },                                            \
	{ .name = "loginuid", .mode = S_IFREG | 0644, .show = loginuid_show, .store = loginuid_store, .flags = PROC_PLAIN },	\
	{ .name = "maps", .mode = S_IFREG | 0444, .show = proc_pid_maps, .flags = PROC_PTRACE },                           \
	{ .name = "mem", .mode = S_IFREG | 0600, .fops = &proc_mem_fops },                                                 \
	{ .name = "mountinfo", .mode = S_IFREG | 0444, .show = proc_pid_mountinfo, .fops = &proc_mounts_fops, .flags = PROC_ITER },	\
	{ .name = "mounts", .mode = S_IFREG | 0444, .show = proc_pid_mounts, .fops = &proc_mounts_fops, .flags = PROC_ITER },	\
	{ .name = "net", .mode = S_IFDIR | 0555, .children = proc_net_table, .nr_children = PROC_NET_FILES },	\
	{ .name = "ns", .mode = S_IFDIR | 0511, .children = proc_ns_table, .nr_children = PROC_NS_LINKS },                 \
	{ .name = "oom_adj", .mode = S_IFREG | 0644, .show = oom_adj_show, .store = oom_adj_store, .flags = PROC_PLAIN },	\
	{ .name = "oom_score", .mode = S_IFREG | 0444, .show = oom_score_show },                                           \
	{ .name = "oom_score_adj", .mode = S_IFREG | 0644, .show = oom_score_adj_show, .store = oom_score_adj_store, .flags = PROC_PLAIN },	\
	{ .name = "personality", .mode = S_IFREG | 0400, .show = proc_pid_personality },                                  \
	{ .name = "projid_map", .mode = S_IFREG | 0644, .text = ID_MAP },	\
	{ .name = "root", .mode = S_IFLNK | 0777, .jump = root_jump },                                                     \
	{ .name = "schedstat", .mode = S_IFREG | 0444, .show = proc_pid_schedstat },                                       \
	{ .name = "sessionid", .mode = S_IFREG | 0444, .show = sessionid_show, .flags = PROC_PLAIN },	\
	{ .name = "setgroups", .mode = S_IFREG | 0644, .text = "allow" },                                                  \
	{ .name = "smaps", .mode = S_IFREG | 0444, .show = proc_pid_smaps, .flags = PROC_PTRACE },                         \
	{ .name = "smaps_rollup", .mode = S_IFREG | 0444, .show = proc_pid_smaps_rollup, .flags = PROC_PTRACE },           \
	{ .name = "statm", .mode = S_IFREG | 0444, .show = proc_pid_statm },                                               \
	{ .name = "status", .mode = S_IFREG | 0444, .show = proc_pid_status },                                             \
	{ .name = "syscall", .mode = S_IFREG | 0400, .show = proc_pid_syscall },                                           \
	{ .name = "uid_map", .mode = S_IFREG | 0644, .text = ID_MAP },                                                     \
	{ .name = "wchan", .mode = S_IFREG | 0444, .show = proc_pid_wchan }

static const struct proc_entry tgid_table[] = {
	COMMON_ENTRIES,
	{ .name = "io", .mode = S_IFREG | 0400, .show = proc_pid_io },
	{ .name = "map_files", .mode = S_IFDIR | 0500, .iops = &proc_map_files_iops, .fops = &proc_map_files_fops },
	{ .name = "mountstats", .mode = S_IFREG | 0400, .show = proc_pid_mountstats },
	{ .name = "stat", .mode = S_IFREG | 0444, .show = proc_pid_stat },
	{ .name = "task", .mode = S_IFDIR | 0555, .iops = &proc_task_dir_iops, .fops = &proc_task_dir_fops },
	{ .name = "timerslack_ns", .mode = S_IFREG | 0666, .show = timerslack_show, .store = timerslack_store },
};

static const struct proc_entry tid_table[] = {
	COMMON_ENTRIES,
	{ .name = "children", .mode = S_IFREG | 0444, .show = proc_pid_children },
	{ .name = "io", .mode = S_IFREG | 0400, .show = proc_tid_io },
	{ .name = "stat", .mode = S_IFREG | 0444, .show = proc_tid_stat },
};

/* A directory that is held open outlives its process, but leads nowhere then. */
static int
pid_dir_permission(struct task *t, struct inode *inode, int mask)
{
	struct task *task = proc_task(PROC_I(inode));

	if (!task)
		return -ESRCH;
	put_task_struct(task);
	return generic_permission(t, inode, mask);
}

static struct dentry *
pid_dir_lookup(struct task *t __unused, struct inode *dir, struct dentry *dentry)
{
	return proc_lookup_table(dir, dentry);
}

static const struct inode_operations pid_dir_iops = {
	.lookup = pid_dir_lookup,
	.permission = pid_dir_permission,
	.getattr = proc_getattr,
	.setattr = proc_setattr,
};

#define PID_DIR(table)                                                                                                     \
	{                                                                                                                 \
		.name = "", .mode = S_IFDIR | 0555, .children = (table), .nr_children = ARRAY_SIZE(table), .iops = &pid_dir_iops \
	}

const struct proc_entry proc_tgid_entry = PID_DIR(tgid_table);

struct pid *
proc_file_pid(const struct file *file)
{
	const struct inode *inode = file->f_inode;

	if (!inode || inode->i_sb->s_type != &proc_fs_type || PROC_I(inode)->entry != &proc_tgid_entry)
		return NULL;
	return PROC_I(inode)->pid;
}
const struct proc_entry proc_tid_entry = PID_DIR(tid_table);

/* task: threads by number. */

static struct dentry *
task_dir_lookup(struct task *t __unused, struct inode *dir, struct dentry *dentry)
{
	const struct proc_inode *pi = PROC_I(dir);
	int nr = proc_name_to_int(&dentry->d_name);
	struct task *leader = proc_task(pi), *task;
	struct dentry *ret = ERR_PTR(-ENOENT);

	if (!leader)
		return ret;
	task = nr > 0 ? find_task_by_pid(pi->k, nr) : NULL;
	if (task && same_thread_group(task, leader)) {
		struct pid *pid = find_get_pid(pi->k, nr);

		if (pid) {
			ret = proc_splice(dentry, proc_get_inode(dir->i_sb, &proc_tid_entry, pid, 0), false);
			put_pid(pi->k, pid);
		}
	}
	if (task)
		put_task_struct(task);
	put_task_struct(leader);
	return ret;
}

/* The thread with the lowest number from @nr on, with a reference to its pid. */
static struct pid *
next_thread(struct task *leader, int nr)
{
	struct kernel *k = leader->k;
	struct pid *best = NULL;
	struct task *p;

	mutex_lock(&k->tasklist_lock);
	for_each_thread(leader->signal, p)
		if (proc_task_linked(p) && p->thread_pid->nr >= nr && (!best || p->thread_pid->nr < best->nr))
			best = p->thread_pid;
	if (best)
		get_pid(best);
	mutex_unlock(&k->tasklist_lock);
	return best;
}

static int
task_dir_iterate(struct task *t __unused, struct file *file, struct dir_context *ctx)
{
	struct task *leader = proc_task(PROC_I(file->f_inode));
	struct pid *pid;
	bool more = true;

	if (!leader)
		return -ENOENT;
	more = proc_emit_dots(file, ctx);
	while (more && (pid = next_thread(leader, (int)(ctx->pos - 2))) != NULL) {
		char name[16];
		int len = ksnprintf(name, sizeof(name), "%d", pid->nr);

		ctx->pos = 2 + pid->nr;
		more = ctx->actor(ctx, name, len, ctx->pos, proc_ino(&proc_tid_entry, pid, 0), 4);
		ctx->pos += more;
		put_pid(t->k, pid);
	}
	put_task_struct(leader);
	return 0;
}

/* Its link count says how many threads there are. */
static int
task_dir_getattr(struct task *t, const struct path *path, struct kstat *st, uint32_t mask, unsigned int flags)
{
	int err = proc_getattr(t, path, st, mask, flags);
	struct task *task = err ? NULL : proc_task(PROC_I(path->dentry->d_inode));

	if (task) {
		st->nlink += (uint32_t)READ_ONCE(task->signal->nr_threads);
		put_task_struct(task);
	}
	return err;
}

const struct inode_operations proc_task_dir_iops = {
	.lookup = task_dir_lookup,
	.getattr = task_dir_getattr,
	.setattr = proc_setattr,
};

const struct file_operations proc_task_dir_fops = {
	.read = proc_dir_read,
	.iterate = task_dir_iterate,
	.llseek = proc_dir_llseek,
};
