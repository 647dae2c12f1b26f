/* SPDX-License-Identifier: MIT
 *
 * /proc itself: the files about the system, links to the reader's own directory, and a directory for every process. Threads that
 * are not leaders are found by name but not listed, as in Linux.
 *
 * Left out: acpi bus driver fb fs iomem ioports kallsyms kcore kmsg locks modules net and others
 * of hardware and of parts that are not there.
 */
#include <linux/stat.h>

#include "ipc/proc.h"
#include "kernel/errno.h"
#include "vfs/namei.h"
#include "vfs/proc/proc.h"

/* Positions in the directory: the table's, then pids. */
#define FIRST_PROCESS 256

static const char *
own_number(struct task *t, void **done, const char *fmt)
{
	char buf[40], *s;

	(void)ksnprintf(buf, sizeof(buf), fmt, t->tgid, t->pid);
	s = kstrndup(t->k, buf, strlen(buf));
	*done = s;
	return s ? s : ERR_PTR(-ENOMEM);
}

static const char *
self_get_link(struct task *t, struct dentry *dentry __unused, struct inode *inode __unused, void **done, struct path *jump __unused)
{
	return own_number(t, done, "%d");
}

static const char *
thread_self_get_link(struct task *t, struct dentry *dentry __unused, struct inode *inode __unused, void **done,
		     struct path *jump __unused)
{
	return own_number(t, done, "%d/task/%d");
}

static const struct inode_operations self_iops = { .get_link = self_get_link, .getattr = proc_getattr };
static const struct inode_operations thread_self_iops = { .get_link = thread_self_get_link, .getattr = proc_getattr };

#define FILE_ENTRY(n, fn) { .name = (n), .mode = S_IFREG | 0444, .show = (fn) }
#define TEXT_ENTRY(n, s)  { .name = (n), .mode = S_IFREG | 0444, .text = (s) }

static const struct proc_entry tty_table[] = {
	FILE_ENTRY("drivers", proc_tty_drivers),
	TEXT_ENTRY("ldiscs", "n_tty       0"),
};

static const struct proc_entry sysvipc_table[] = {
	FILE_ENTRY("msg", proc_sysvipc_msg),
	FILE_ENTRY("sem", proc_sysvipc_sem),
	FILE_ENTRY("shm", proc_sysvipc_shm),
};

static const struct proc_entry root_table[] = {
	TEXT_ENTRY("cgroups", "#subsys_name\thierarchy\tnum_cgroups\tenabled"),
	{ .name = "cmdline", .mode = S_IFREG | 0444, .text = "" },
	FILE_ENTRY("cpuinfo", proc_cpuinfo),
	FILE_ENTRY("devices", proc_devices),
	FILE_ENTRY("diskstats", proc_nothing),
	TEXT_ENTRY("execdomains", "0-0\tLinux           \t[kernel]"),
	FILE_ENTRY("filesystems", proc_filesystems),
	FILE_ENTRY("interrupts", proc_interrupts),
	FILE_ENTRY("loadavg", proc_loadavg),
	FILE_ENTRY("locks", proc_locks),
	FILE_ENTRY("meminfo", proc_meminfo),
	{ .name = "mounts", .mode = S_IFLNK | 0777, .text = "self/mounts" },
	TEXT_ENTRY("partitions", "major minor  #blocks  name\n"),
	{ .name = "net", .mode = S_IFLNK | 0777, .text = "self/net" },
	{ .name = "self", .mode = S_IFLNK | 0777, .iops = &self_iops },
	{ .name = "slabinfo", .mode = S_IFREG | 0400, .show = proc_slabinfo },
	FILE_ENTRY("softirqs", proc_softirqs),
	FILE_ENTRY("stat", proc_stat),
	TEXT_ENTRY("swaps", "Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority"),
	{ .name = "thread-self", .mode = S_IFLNK | 0777, .iops = &thread_self_iops },
	PROC_DIR("sysvipc", sysvipc_table),
	PROC_DIR("tty", tty_table),
	FILE_ENTRY("uptime", proc_uptime),
	FILE_ENTRY("version", proc_version),
	FILE_ENTRY("vmstat", proc_vmstat),
	{ .name = "sys", .mode = S_IFDIR | 0555, .children = proc_sys_table, .nr_children = PROC_SYS_DIRS },
};

int
proc_name_to_int(const struct qstr *name)
{
	int64_t n = 0;

	if (name->len == 0 || name->len > 10 || (name->name[0] == '0' && name->len > 1))
		return -1;
	for (uint32_t i = 0; i < name->len; i++) {
		unsigned int c = (unsigned char)name->name[i] - '0';

		if (c > 9)
			return -1;
		n = n * 10 + c;
	}
	return n <= INT32_MAX ? (int)n : -1;
}

static struct dentry *
lookup_process(struct inode *dir, struct dentry *dentry, int nr)
{
	struct kernel *k = dir->i_sb->k;
	struct pid *pid = find_get_pid(k, nr);
	struct inode *inode = NULL;
	bool alive;

	if (!pid)
		return ERR_PTR(-ENOENT);
	mutex_lock(&k->tasklist_lock);
	alive = pid_task(pid, PIDTYPE_PID) != NULL;
	mutex_unlock(&k->tasklist_lock);
	if (alive)
		inode = proc_get_inode(dir->i_sb, &proc_tgid_entry, pid, 0);
	put_pid(k, pid);
	return alive ? proc_splice(dentry, inode, false) : ERR_PTR(-ENOENT);
}

static struct dentry *
root_lookup(struct task *t __unused, struct inode *dir, struct dentry *dentry)
{
	int nr = proc_name_to_int(&dentry->d_name);

	if (nr > 0)
		return lookup_process(dir, dentry, nr);
	return proc_lookup_table(dir, dentry);
}

/* The leader with the lowest pid that is at least @nr: its pid, with a reference, or NULL. */
static struct pid *
next_process(struct kernel *k, int nr)
{
	struct pid *best = NULL;
	struct task *p;

	mutex_lock(&k->tasklist_lock);
	for_each_process(k, p) {
		struct pid *pid = p->thread_pid;

		if (proc_task_linked(p) && pid->nr >= nr && (!best || pid->nr < best->nr))
			best = pid;
	}
	if (best)
		get_pid(best);
	mutex_unlock(&k->tasklist_lock);
	return best;
}

static int
root_iterate(struct task *t, struct file *file, struct dir_context *ctx)
{
	struct kernel *k = t->k;
	struct pid *pid;

	if (ctx->pos < FIRST_PROCESS) {
		if (!proc_readdir_table(file, ctx))
			return 0;
		ctx->pos = FIRST_PROCESS;
	}
	while ((pid = next_process(k, (int)(ctx->pos - FIRST_PROCESS))) != NULL) {
		char name[16];
		int len = ksnprintf(name, sizeof(name), "%d", pid->nr);
		bool more;

		ctx->pos = FIRST_PROCESS + pid->nr;
		more = ctx->actor(ctx, name, len, ctx->pos, proc_ino(&proc_tgid_entry, pid, 0), 4);
		ctx->pos += more;
		put_pid(k, pid);
		if (!more)
			break;
	}
	return 0;
}

static const struct inode_operations root_iops = {
	.lookup = root_lookup,
	.getattr = proc_getattr,
	.setattr = proc_setattr,
};

static const struct file_operations root_fops = {
	.read = proc_dir_read,
	.iterate = root_iterate,
	.llseek = proc_dir_llseek,
};

const struct proc_entry proc_root_entry = {
	.name = "/",
	.mode = S_IFDIR | 0555,
	.children = root_table,
	.nr_children = ARRAY_SIZE(root_table),
	.iops = &root_iops,
	.fops = &root_fops,
};
