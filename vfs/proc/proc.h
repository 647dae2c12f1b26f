/* SPDX-License-Identifier: MIT
 *
 * procfs: what the files of vfs/proc/ need of each other. Everything is in tables of struct proc_entry: vfs/proc/root.c has the
 * one of /proc, base.c those of a process and of a thread, sysctl.c those of /proc/sys.
 *
 * An inode of a process keeps its struct pid and finds the task anew at every use, so nothing here keeps a process from being
 * reaped, and a thread that takes its leader's place in exec is found under the leader's number. Dentries of processes are not
 * cached beyond their use: a cached one would keep the number from being used again.
 *
 * Locks: none of its own but proc_text.lock, which is held while a text is copied to the reader and takes nothing inside. The
 * task looked at may run and exit meanwhile: what it has (mm, files, fs, sighand) is taken under alloc_lock or siglock.
 */
#ifndef STEAD_VFS_PROC_H
#define STEAD_VFS_PROC_H

#include "kernel/task.h"
#include "vfs/fs.h"

struct proc_seq;
struct proc_inode;

struct proc_entry {
	const char *name;
	uint16_t mode; /* type and permissions */
	uint16_t flags; /* PROC_* */
	/* A text file: writes it to @m; negative errno. Or a constant text, without its newline. */
	int (*show)(struct proc_seq *m);
	const char *text;
	/* Takes what was written: up to a page, ended with NUL, without the newline at the end. 0 or negative errno. */
	int (*store)(struct task *t, const struct proc_inode *pi, char *text);
	/* A link that leads to an object, not to a name: gives a path with references. */
	int (*jump)(struct task *t, const struct proc_inode *pi, struct path *out);
	/* Anything else. */
	const struct inode_operations *iops;
	const struct file_operations *fops;
	/* A directory of a table. */
	const struct proc_entry *children;
	uint32_t nr_children;
	uint64_t arg;
};
#define PROC_PTRACE 1u /* readers need PTRACE_MODE_READ when they open */
#define PROC_SYSCTL 2u /* permission bits hold for root too, see sysctl.c */
#define PROC_PLAIN  8u /* no seq_file in Linux: pwrite(2) is not ESPIPE */
#define PROC_ITER   16u /* of a process, but takes RWF_* */
#define PROC_STRING 32u /* of /proc/sys: no number */
#define PROC_WHOLE  4u /* store() gets a newline at the end, too */

#define PROC_DIR(n, table)                                                                                                \
	{                                                                                                                 \
		.name = (n), .mode = 0040555, .children = (table), .nr_children = ARRAY_SIZE(table)                       \
	}

struct proc_inode {
	struct kernel *k;
	const struct proc_entry *entry;
	struct pid *pid; /* with a reference, or NULL */
	int fd;		 /* of entries of fd and fdinfo */
	uint64_t start, end; /* of links of map_files */
};

/* What the instance keeps for procfs. */
#define PROC_NR_SYSCTL 64
#define CORE_PATTERN_MAX 128
struct proc_state {
	hfd_t host_cpuinfo, host_stat, host_loadavg; /* opened at boot, or HFD_NONE */
	uint8_t boot_id[16];
	char core_pattern[CORE_PATTERN_MAX]; /* uts_lock */
	bool core_pattern_set;
	uint32_t last_session; /* /proc/PID/sessionid */
	struct mount *ns_mnt;	/* nsfs */
	struct inode *ns_inode; /* the namespace of mounts */
	int64_t sysctl[PROC_NR_SYSCTL]; /* what was written to settings that are kept and shown, see sysctl.c; 0: the default */
};

/* A growing text. */
struct proc_seq {
	struct task *t;	   /* the reader */
	struct task *task; /* of a process's entry: referenced, maybe a zombie; else NULL */
	const struct proc_inode *pi;
	char *buf;
	size_t len, size;
	int err;
};

static inline struct proc_inode *
PROC_I(const struct inode *inode)
{
	return inode->i_private;
}

/* vfs/proc/seq.c */

/**
 * seq_printf(), seq_puts(), seq_write() - add to a text; errors are kept in it
 * @m: the text
 */
void seq_printf(struct proc_seq *m, const char *fmt, ...) __printf(2, 3);
void seq_puts(struct proc_seq *m, const char *s);
void seq_write(struct proc_seq *m, const void *p, size_t n);

/**
 * seq_escape() - a string with some characters as \ooo, and backslashes too
 * @m: the text
 * @s: the string
 * @chars: which
 */
void seq_escape(struct proc_seq *m, const char *s, const char *chars);

/**
 * seq_path() - a path as the reader sees it, with the characters that would break the line escaped
 * @m: the text
 * @path: the path
 * @chars: which
 */
void seq_path(struct proc_seq *m, const struct path *path, const char *chars);

/**
 * seq_host_file() - what a host file holds now
 * @m: the text
 * @fd: the file, or HFD_NONE: nothing is added
 */
void seq_host_file(struct proc_seq *m, hfd_t fd);

extern const struct file_operations proc_text_fops;

/**
 * proc_text_llseek() - lseek(2) on a text: not from its end
 */
int64_t proc_text_llseek(struct task *t, struct file *file, int64_t off, int whence);

/* vfs/proc/inode.c */

/**
 * proc_get_inode() - an inode of an entry
 * @sb: the super block
 * @e: the entry
 * @pid: another reference is taken; or NULL
 * @fd: for entries of fd and fdinfo, else 0
 *
 * Return: a new inode with one reference, or NULL.
 */
struct inode *proc_get_inode(struct super_block *sb, const struct proc_entry *e, struct pid *pid, int fd) __must_check;

/**
 * proc_ino() - its number, as directories show it
 */
uint64_t proc_ino(const struct proc_entry *e, const struct pid *pid, int fd);

/**
 * proc_task() - the task of an inode
 * @pi: the inode
 *
 * Context: takes tasklist_lock.
 * Return: with a reference, or NULL: it is gone.
 */
struct task *proc_task(const struct proc_inode *pi) __must_check;

/* Is the task still in the tree (alive or a zombie)? tasklist_lock is held. Else its pids and parents are stale. */
static inline bool
proc_task_linked(const struct task *task)
{
	return task->pid_links[PIDTYPE_PID].next != &task->pid_links[PIDTYPE_PID];
}

/**
 * proc_splice() - the end of a lookup
 * @dentry: what is looked up
 * @inode: found, or NULL for -ENOMEM
 * @cache: the name stays true while it is not used
 *
 * Return: what i_op->lookup returns.
 */
struct dentry *proc_splice(struct dentry *dentry, struct inode *inode, bool cache);

/**
 * proc_emit_dots() - "." and ".." of a directory
 * @file: the open directory
 * @ctx: pos 0 or 1
 *
 * Return: false when there is no more room.
 */
bool proc_emit_dots(struct file *file, struct dir_context *ctx);

/**
 * proc_lookup_table(), proc_readdir_table() - the entries of a table
 * @dir: its inode
 * @dentry: the name
 * @file: the open directory
 * @ctx: goes to position 2 + number of entries
 *
 * Return: as i_op->lookup, with ERR_PTR(-ENOENT) for unknown names; false when there is no more room.
 */
struct dentry *proc_lookup_table(struct inode *dir, struct dentry *dentry);
bool proc_readdir_table(struct file *file, struct dir_context *ctx);

/* Operations that all of procfs shares. */
int proc_getattr(struct task *t, const struct path *path, struct kstat *st, uint32_t mask, unsigned int flags);
int proc_setattr(struct task *t, struct dentry *dentry, struct iattr *attr);
int64_t proc_dir_llseek(struct task *t, struct file *file, int64_t off, int whence);
int64_t proc_dir_read(struct task *t, struct file *file, struct iov_iter *to, int64_t *pos, uint32_t rwf);

extern const struct inode_operations proc_dir_iops, proc_file_iops, proc_link_iops;
extern const struct file_operations proc_dir_fops;
extern const struct file_system_type proc_fs_type;

/**
 * proc_init() - boot: k->proc, and the type is registered
 * @k: the instance
 *
 * Return: 0, -ENOMEM.
 */
int proc_init(struct kernel *k) __must_check;

/* vfs/proc/root.c, base.c, fd.c, net.c, sysctl.c: tables and directories that are more than a table */
extern const struct proc_entry proc_root_entry;
extern const struct proc_entry proc_tgid_entry, proc_tid_entry;
extern const struct inode_operations proc_map_files_iops;
extern const struct file_operations proc_map_files_fops;
extern const struct inode_operations proc_task_dir_iops, proc_fd_dir_iops, proc_fdinfo_dir_iops;
extern const struct file_operations proc_task_dir_fops, proc_fd_dir_fops, proc_fdinfo_dir_fops;
#define PROC_NS_LINKS 1
extern const struct proc_entry proc_ns_table[PROC_NS_LINKS];
int proc_ns_init(struct kernel *k) __must_check; /* ns.c: 0, -ENOMEM */
#define PROC_NET_FILES 17
extern const struct proc_entry proc_net_table[PROC_NET_FILES];
#define PROC_SYS_DIRS 4
extern const struct proc_entry proc_sys_table[PROC_SYS_DIRS];

/**
 * proc_name_to_int() - a decimal name without leading zeros
 * @name: of a dentry
 *
 * Return: the number, or -1.
 */
int proc_name_to_int(const struct qstr *name);

/**
 * proc_may_access() - PTRACE_MODE_READ of the subject by the reader
 * @m: of a process's entry
 */
bool proc_may_access(const struct proc_seq *m);

/**
 * proc_task_mm() - the address space of a task, kept
 * @task: the task
 *
 * Return: to be given back by mmput(), or NULL.
 */
struct mm *proc_task_mm(struct task *task) __must_check;

/**
 * proc_read_mm() - bytes of a task's memory
 * @t: the current task
 * @task: whose
 * @addr: from
 * @buf: to
 * @n: how many
 *
 * Return: how many could be read.
 */
size_t proc_read_mm(struct task *t, struct task *task, uint64_t addr, void *buf, size_t n);

/* A text to a number: 0, -EINVAL. */
int proc_parse_long(const char *s, int64_t *out) __must_check;

/* Shows, by file. */
int proc_pid_stat(struct proc_seq *m), proc_tid_stat(struct proc_seq *m), proc_pid_status(struct proc_seq *m); /* array.c */
int proc_pid_statm(struct proc_seq *m), proc_pid_limits(struct proc_seq *m), proc_pid_io(struct proc_seq *m);
int proc_tid_io(struct proc_seq *m), proc_pid_schedstat(struct proc_seq *m), proc_pid_syscall(struct proc_seq *m);
int proc_pid_comm(struct proc_seq *m), proc_pid_personality(struct proc_seq *m), proc_pid_wchan(struct proc_seq *m);
int proc_pid_children(struct proc_seq *m);
int proc_pid_maps(struct proc_seq *m), proc_pid_smaps(struct proc_seq *m), proc_pid_smaps_rollup(struct proc_seq *m); /* maps.c */
int proc_pid_cmdline(struct proc_seq *m), proc_pid_environ(struct proc_seq *m), proc_pid_auxv(struct proc_seq *m); /* mem.c */
extern const struct file_operations proc_mem_fops;
int proc_pid_mounts(struct proc_seq *m), proc_pid_mountinfo(struct proc_seq *m), proc_pid_mountstats(struct proc_seq *m); /* mounts.c */
extern const struct file_operations proc_mounts_fops;
int proc_meminfo(struct proc_seq *m), proc_cpuinfo(struct proc_seq *m), proc_stat(struct proc_seq *m); /* system.c */
int proc_loadavg(struct proc_seq *m), proc_uptime(struct proc_seq *m), proc_version(struct proc_seq *m);
int proc_filesystems(struct proc_seq *m), proc_vmstat(struct proc_seq *m), proc_devices(struct proc_seq *m);
int proc_interrupts(struct proc_seq *m), proc_softirqs(struct proc_seq *m), proc_slabinfo(struct proc_seq *m); /* tables.c */
int proc_nothing(struct proc_seq *m), proc_tty_drivers(struct proc_seq *m), proc_locks(struct proc_seq *m);

/* Resident pages of a task's address space, as far as they are known. */
uint64_t proc_rss_pages(struct task *task, struct mm *mm);

#endif
