/* SPDX-License-Identifier: MIT
 *
 * /proc/sys: the settings that programs read, each true of this kernel, and the few that can be changed. Permission bits hold for
 * root as well, as in Linux: what is 0444 cannot be opened for writing by anybody.
 *
 * Left out: everything about parts that are not there, and settings nobody would obey.
 */
#include <linux/capability.h>
#include <linux/stat.h>
#include <asm/unistd.h>

#include "kernel/cred.h"
#include "kernel/errno.h"
#include "kernel/uts.h"
#include "devices/tty.h"
#include "ipc/mqueue.h"
#include "ipc/proc.h"
#include "mm/mm.h"
#include "net/inet.h"
#include "net/unix.h"
#include "trap/host.h"
#include "vfs/internal.h"
#include "vfs/pipe.h"
#include "vfs/proc/proc.h"

#define TEXT(n, s)	 { .name = (n), .mode = S_IFREG | 0444, .flags = PROC_SYSCTL | PROC_STRING, .text = (s), .iops = &sysctl_iops }
#define SHOW(n, fn)	 { .name = (n), .mode = S_IFREG | 0444, .flags = PROC_SYSCTL, .show = (fn), .iops = &sysctl_iops }
#define NUMBER(n, v)	 { .name = (n), .mode = S_IFREG | 0444, .flags = PROC_SYSCTL, .show = number_show, .iops = &sysctl_iops, .arg = (v) }
#define STRING(n, fn, st) { .name = (n), .mode = S_IFREG | 0644, .flags = PROC_SYSCTL | PROC_STRING, .show = (fn), .store = (st), .iops = &sysctl_iops }
#define EDIT(n, fn, st)	 { .name = (n), .mode = S_IFREG | 0644, .flags = PROC_SYSCTL, .show = (fn), .store = (st), .iops = &sysctl_iops }

/* Bits of the owner for root, else of others: no capability overrides them. */
static int
sysctl_permission(struct task *t, struct inode *inode, int mask)
{
	unsigned int mode = inode->i_mode;

	if (t->cred->euid == 0)
		mode >>= 6;
	else if (in_group_p(t->cred, 0))
		mode >>= 3;
	return (unsigned int)mask & ~mode & (MAY_READ | MAY_WRITE | MAY_EXEC) ? -EACCES : 0;
}

static const struct inode_operations sysctl_iops = {
	.permission = sysctl_permission,
	.getattr = proc_getattr,
	.setattr = proc_setattr,
};

static int
number_show(struct proc_seq *m)
{
	seq_printf(m, "%lu\n", m->pi->entry->arg);
	return 0;
}

/*
 * Settings that are kept and shown, and that nothing else of this kernel would make visible: what they tune (swap, write-back, the
 * kernel's own crash) is not there. The entry's arg has the place in proc_state.sysctl, the default and the largest value.
 */
enum kept_sysctl {
	KEPT_PANIC, KEPT_PANIC_ON_OOPS, KEPT_PANIC_ON_WARN, KEPT_CTRL_ALT_DEL, KEPT_DMESG_RESTRICT, KEPT_KPTR_RESTRICT, KEPT_FATAL_SIGNALS,
	KEPT_PRINTK_DELAY, KEPT_PRINTK_RATELIMIT, KEPT_PRINTK_BURST, KEPT_ADMIN_RESERVE, KEPT_USER_RESERVE, KEPT_DIRTY_BG_BYTES,
	KEPT_DIRTY_BG_RATIO, KEPT_DIRTY_BYTES, KEPT_DIRTY_EXPIRE, KEPT_DIRTY_RATIO, KEPT_DIRTY_WRITEBACK, KEPT_DIRTYTIME,
	KEPT_LAPTOP_MODE, KEPT_MIN_FREE, KEPT_OOM_ALLOCATING, KEPT_OOM_DUMP, KEPT_PAGE_CLUSTER, KEPT_STAT_INTERVAL, KEPT_SWAPPINESS,
	KEPT_CACHE_PRESSURE, KEPT_WATERMARK_BOOST, KEPT_WATERMARK_SCALE, KEPT_CORE_PIPE, KEPT_CORE_PID, KEPT_OVERFLOWGID, KEPT_OVERFLOWUID,
	KEPT_FS_OVERFLOWGID, KEPT_FS_OVERFLOWUID, KEPT_SUID_DUMPABLE, KEPT_OVERCOMMIT, KEPT_OVERCOMMIT_RATIO, KEPT_OVERCOMMIT_KB,
	KEPT_PANIC_ON_OOM, KEPT_LEGACY_LAYOUT, NR_KEPT,
};
_Static_assert(NR_KEPT <= PROC_NR_SYSCTL, "there is room for them");

#define KEPT_DEFAULT_SHIFT 8
#define KEPT_MAX_SHIFT	   32
#define KEPT_ARG(id, def, max) ((uint64_t)(id) | (uint64_t)(def) << KEPT_DEFAULT_SHIFT | (uint64_t)(max) << KEPT_MAX_SHIFT)
#define KEPT(n, id, def, max)                                                                                             \
	{                                                                                                                 \
		.name = (n), .mode = S_IFREG | 0644, .flags = PROC_SYSCTL, .show = kept_show, .store = kept_store,        \
		.iops = &sysctl_iops, .arg = KEPT_ARG(id, def, max)                                                       \
	}

/* Kept as the difference to the default, so that all begin as zeros. */
static int
kept_show(struct proc_seq *m)
{
	uint64_t arg = m->pi->entry->arg;
	int64_t def = (int64_t)(arg >> KEPT_DEFAULT_SHIFT & 0xffffff);

	seq_printf(m, "%lld\n", (long long)(def + READ_ONCE(m->t->k->proc->sysctl[arg & 0xff])));
	return 0;
}

static int
kept_store(struct task *t, const struct proc_inode *pi, char *text)
{
	uint64_t arg = pi->entry->arg;
	int64_t v;

	if (proc_parse_long(text, &v) || v < 0 || v > (int64_t)(arg >> KEPT_MAX_SHIFT))
		return -EINVAL;
	WRITE_ONCE(t->k->proc->sysctl[arg & 0xff], v - (int64_t)(arg >> KEPT_DEFAULT_SHIFT & 0xffffff));
	return 0;
}

/* kernel */

static int
show_name(struct proc_seq *m, const char *name)
{
	char copy[UTS_NAME_MAX + 1];

	mutex_lock(&m->t->k->uts_lock);
	memcpy(copy, name, sizeof(copy));
	mutex_unlock(&m->t->k->uts_lock);
	seq_printf(m, "%s\n", copy);
	return 0;
}

static int
store_name(struct kernel *k, char *name, char *text)
{
	char *nl = strchr(text, '\n');
	size_t n;

	if (nl)
		*nl = '\0';
	n = MIN(strlen(text), (size_t)UTS_NAME_MAX);
	mutex_guard(&k->uts_lock);
	memset(name, 0, UTS_NAME_MAX + 1);
	memcpy(name, text, n);
	return 0;
}

static int
hostname_show(struct proc_seq *m)
{
	return show_name(m, m->t->k->params.hostname);
}

static int
hostname_store(struct task *t, const struct proc_inode *pi __unused, char *text)
{
	return store_name(t->k, t->k->params.hostname, text);
}

static int
domainname_show(struct proc_seq *m)
{
	return show_name(m, m->t->k->domainname);
}

static int
domainname_store(struct task *t, const struct proc_inode *pi __unused, char *text)
{
	return store_name(t->k, t->k->domainname, text);
}

/* Kept for those who ask; core files are not there. */
static int
core_pattern_show(struct proc_seq *m)
{
	struct kernel *k = m->t->k;
	char copy[CORE_PATTERN_MAX];

	mutex_lock(&k->uts_lock);
	memcpy(copy, k->proc->core_pattern, sizeof(copy));
	mutex_unlock(&k->uts_lock);
	seq_printf(m, "%s\n", k->proc->core_pattern_set ? copy : "core");
	return 0;
}

static int
core_pattern_store(struct task *t, const struct proc_inode *pi __unused, char *text)
{
	struct proc_state *ps = t->k->proc;
	char *nl = strchr(text, '\n');

	if (nl)
		*nl = '\0';
	mutex_guard(&t->k->uts_lock);
	ps->core_pattern_set = true;
	memset(ps->core_pattern, 0, sizeof(ps->core_pattern));
	memcpy(ps->core_pattern, text, MIN(strlen(text), sizeof(ps->core_pattern) - 1));
	return 0;
}

static int
pid_max_show(struct proc_seq *m)
{
	seq_printf(m, "%d\n", pid_max(m->t->k));
	return 0;
}

static int
pid_max_store(struct task *t, const struct proc_inode *pi __unused, char *text)
{
	int64_t n;

	return proc_parse_long(text, &n) || n != (int)n ? -EINVAL : set_pid_max(t->k, (int)n);
}

static int
randomize_show(struct proc_seq *m)
{
	seq_printf(m, "%d\n", m->t->k->params.aslr ? 2 : 0);
	return 0;
}

static int
randomize_store(struct task *t, const struct proc_inode *pi __unused, char *text)
{
	int64_t n;

	if (proc_parse_long(text, &n) || n < 0 || n > 2)
		return -EINVAL;
	WRITE_ONCE(t->k->params.aslr, n != 0);
	return 0;
}

static int
pty_nr_show(struct proc_seq *m)
{
	const struct tty_state *tty = m->t->k->tty;

	seq_printf(m, "%u\n", tty ? READ_ONCE(tty->nr_ptys) : 0);
	return 0;
}

static const struct proc_entry pty_table[] = {
	NUMBER("max", PTY_MAX),
	SHOW("nr", pty_nr_show),
	NUMBER("reserve", 0),
};

static int
threads_max_show(struct proc_seq *m)
{
	/* Linux's: an eighth of memory for stacks of 16 KiB, at most half a pid space. */
	uint64_t n = m->t->k->params.memory / 8 / (16 << 10);

	seq_printf(m, "%lu\n", MIN(MAX(n, 20ul), 4194304ul / 2));
	return 0;
}

static void
show_uuid(struct proc_seq *m, const uint8_t *u)
{
	for (int i = 0; i < 16; i++)
		seq_printf(m, i == 4 || i == 6 || i == 8 || i == 10 ? "-%02x" : "%02x", u[i]);
	seq_puts(m, "\n");
}

static int
boot_id_show(struct proc_seq *m)
{
	show_uuid(m, m->t->k->proc->boot_id);
	return 0;
}

static int
uuid_show(struct proc_seq *m)
{
	uint8_t u[16];

	while (host_call3(__NR_getrandom, u, sizeof(u), 0) == -EINTR)
		;
	u[6] = (u[6] & 0x0f) | 0x40;
	u[8] = (u[8] & 0x3f) | 0x80;
	show_uuid(m, u);
	return 0;
}

static const struct proc_entry random_table[] = {
	SHOW("boot_id", boot_id_show),
	NUMBER("entropy_avail", 256),
	NUMBER("poolsize", 256),
	NUMBER("urandom_min_reseed_secs", 60),
	SHOW("uuid", uuid_show),
	NUMBER("write_wakeup_threshold", 256),
};

#define IPC(n, field, max)                                                                                                \
	{                                                                                                                 \
		.name = (n), .mode = S_IFREG | 0644, .flags = PROC_SYSCTL | PROC_STRING, .show = ipc_sysctl_show, \
		.store = ipc_sysctl_store, .iops = &sysctl_iops, .arg = IPC_SYSCTL_ARG(field, 0, max)                     \
	}

static const struct proc_entry kernel_table[] = {
	TEXT("arch", "x86_64"),
	NUMBER("cap_last_cap", CAP_LAST_CAP),
	STRING("core_pattern", core_pattern_show, core_pattern_store),
	KEPT("core_pipe_limit", KEPT_CORE_PIPE, 0, INT32_MAX),
	KEPT("core_uses_pid", KEPT_CORE_PID, 0, INT32_MAX),
	KEPT("ctrl-alt-del", KEPT_CTRL_ALT_DEL, 0, INT32_MAX),
	KEPT("dmesg_restrict", KEPT_DMESG_RESTRICT, 0, 1),
	STRING("domainname", domainname_show, domainname_store),
	STRING("hostname", hostname_show, hostname_store),
	KEPT("kptr_restrict", KEPT_KPTR_RESTRICT, 0, 2),
	IPC("msg_next_id", msg.next_id, INT32_MAX),
	IPC("msgmax", msg_ctlmax, INT32_MAX),
	IPC("msgmnb", msg_ctlmnb, INT32_MAX),
	IPC("msgmni", msg_ctlmni, IPCMNI),
	NUMBER("ngroups_max", 65536),
	TEXT("osrelease", UTS_RELEASE),
	TEXT("ostype", UTS_SYSNAME),
	KEPT("overflowgid", KEPT_OVERFLOWGID, 65534, 65535),
	KEPT("overflowuid", KEPT_OVERFLOWUID, 65534, 65535),
	KEPT("panic", KEPT_PANIC, 0, INT32_MAX),
	KEPT("panic_on_oops", KEPT_PANIC_ON_OOPS, 0, INT32_MAX),
	KEPT("panic_on_warn", KEPT_PANIC_ON_WARN, 0, 1),
	EDIT("pid_max", pid_max_show, pid_max_store),
	KEPT("print-fatal-signals", KEPT_FATAL_SIGNALS, 0, INT32_MAX),
	TEXT("printk", "4\t4\t1\t7"),
	KEPT("printk_delay", KEPT_PRINTK_DELAY, 0, 10000),
	KEPT("printk_ratelimit", KEPT_PRINTK_RATELIMIT, 5, INT32_MAX),
	KEPT("printk_ratelimit_burst", KEPT_PRINTK_BURST, 10, INT32_MAX),
	PROC_DIR("pty", pty_table),
	PROC_DIR("random", random_table),
	EDIT("randomize_va_space", randomize_show, randomize_store),
	NUMBER("sched_rt_period_us", 1000000),
	NUMBER("sched_rt_runtime_us", 950000),
	STRING("sem", ipc_sem_show, ipc_sem_store),
	IPC("sem_next_id", sem.next_id, INT32_MAX),
	IPC("shm_next_id", shm.next_id, INT32_MAX),
	IPC("shmall", shm_ctlall, 0),
	IPC("shmmax", shm_ctlmax, 0),
	IPC("shmmni", shm_ctlmni, IPCMNI),
	NUMBER("tainted", 0),
	SHOW("threads-max", threads_max_show),
	TEXT("version", UTS_VERSION),
};

/* vm */

/* Unused names of the root file system go. Everything else that is cached goes with them or cannot be had again. */
static int
drop_caches_store(struct task *t, const struct proc_inode *pi __unused, char *text)
{
	struct path root;
	int64_t n;

	if (proc_parse_long(text, &n) || n < 1 || n > 4)
		return -EINVAL;
	if ((n & 2) && kern_path(t, "/", 0, &root) == 0) {
		shrink_dcache_parent(root.dentry);
		path_put(t, &root);
	}
	return 0;
}

static int
max_maps_show(struct proc_seq *m)
{
	seq_printf(m, "%u\n", READ_ONCE(m->t->k->max_map_count));
	return 0;
}

static int
max_maps_store(struct task *t, const struct proc_inode *pi __unused, char *text)
{
	int64_t n;

	if (proc_parse_long(text, &n) || n < 0 || n > INT32_MAX)
		return -EINVAL;
	WRITE_ONCE(t->k->max_map_count, (uint32_t)n);
	return 0;
}

static int
memfd_noexec_show(struct proc_seq *m)
{
	seq_printf(m, "%u\n", READ_ONCE(m->t->k->memfd_noexec));
	return 0;
}

static int
memfd_noexec_store(struct task *t, const struct proc_inode *pi __unused, char *text)
{
	int64_t n;

	if (!capable(t, CAP_SYS_ADMIN))
		return -EPERM;
	if (proc_parse_long(text, &n) || n < 0 || n > 2)
		return -EINVAL;
	WRITE_ONCE(t->k->memfd_noexec, (uint32_t)n);
	return 0;
}

/* As many huge pages as can be had: none. */
static int
no_pages_store(struct task *t __unused, const struct proc_inode *pi __unused, char *text)
{
	int64_t n;

	return proc_parse_long(text, &n) || n < 0 ? -EINVAL : 0;
}

static const struct proc_entry vm_table[] = {
	KEPT("admin_reserve_kbytes", KEPT_ADMIN_RESERVE, 8192, INT32_MAX),
	KEPT("dirty_background_bytes", KEPT_DIRTY_BG_BYTES, 0, INT32_MAX),
	KEPT("dirty_background_ratio", KEPT_DIRTY_BG_RATIO, 10, 100),
	KEPT("dirty_bytes", KEPT_DIRTY_BYTES, 0, INT32_MAX),
	KEPT("dirty_expire_centisecs", KEPT_DIRTY_EXPIRE, 3000, INT32_MAX),
	KEPT("dirty_ratio", KEPT_DIRTY_RATIO, 20, 100),
	KEPT("dirty_writeback_centisecs", KEPT_DIRTY_WRITEBACK, 500, INT32_MAX),
	KEPT("dirtytime_expire_seconds", KEPT_DIRTYTIME, 43200, INT32_MAX),
	{ .name = "drop_caches", .mode = S_IFREG | 0200, .flags = PROC_SYSCTL, .show = proc_nothing, .store = drop_caches_store,
	  .iops = &sysctl_iops },
	KEPT("laptop_mode", KEPT_LAPTOP_MODE, 0, INT32_MAX),
	KEPT("legacy_va_layout", KEPT_LEGACY_LAYOUT, 0, INT32_MAX),
	EDIT("max_map_count", max_maps_show, max_maps_store),
	EDIT("memfd_noexec", memfd_noexec_show, memfd_noexec_store),
	KEPT("min_free_kbytes", KEPT_MIN_FREE, 67584, INT32_MAX),
	NUMBER("mmap_min_addr", MMAP_MIN_ADDR),
	NUMBER("mmap_rnd_bits", 28),
	EDIT("nr_hugepages", number_show, no_pages_store),
	EDIT("nr_overcommit_hugepages", number_show, no_pages_store),
	KEPT("oom_dump_tasks", KEPT_OOM_DUMP, 1, INT32_MAX),
	KEPT("oom_kill_allocating_task", KEPT_OOM_ALLOCATING, 0, INT32_MAX),
	KEPT("overcommit_kbytes", KEPT_OVERCOMMIT_KB, 0, UINT32_MAX),
	KEPT("overcommit_memory", KEPT_OVERCOMMIT, 1, 2),
	KEPT("overcommit_ratio", KEPT_OVERCOMMIT_RATIO, 50, INT32_MAX),
	KEPT("page-cluster", KEPT_PAGE_CLUSTER, 3, 31),
	KEPT("panic_on_oom", KEPT_PANIC_ON_OOM, 0, 2),
	KEPT("stat_interval", KEPT_STAT_INTERVAL, 1, INT32_MAX),
	KEPT("swappiness", KEPT_SWAPPINESS, 60, 200),
	KEPT("user_reserve_kbytes", KEPT_USER_RESERVE, 131072, INT32_MAX),
	KEPT("vfs_cache_pressure", KEPT_CACHE_PRESSURE, 100, INT32_MAX),
	KEPT("watermark_boost_factor", KEPT_WATERMARK_BOOST, 15000, INT32_MAX),
	KEPT("watermark_scale_factor", KEPT_WATERMARK_SCALE, 10, 3000),
};

/* fs */

static int
dentry_state_show(struct proc_seq *m)
{
	const struct vfs_state *v = m->t->k->vfs;

	seq_printf(m, "%u\t%u\t45\t0\t0\t0\n", READ_ONCE(v->nr_dentry), READ_ONCE(v->nr_lru));
	return 0;
}

static int
inode_nr_show(struct proc_seq *m)
{
	seq_printf(m, "%u\t0\n", READ_ONCE(m->t->k->vfs->nr_inodes));
	return 0;
}

static int
inode_state_show(struct proc_seq *m)
{
	seq_printf(m, "%u\t0\t0\t0\t0\t0\t0\n", READ_ONCE(m->t->k->vfs->nr_inodes));
	return 0;
}

static int
file_nr_show(struct proc_seq *m)
{
	const struct vfs_state *v = m->t->k->vfs;

	seq_printf(m, "%u\t0\t%u\n", READ_ONCE(v->nr_files), READ_ONCE(v->max_files));
	return 0;
}

static int
file_max_show(struct proc_seq *m)
{
	seq_printf(m, "%u\n", READ_ONCE(m->t->k->vfs->max_files));
	return 0;
}

static int
file_max_store(struct task *t, const struct proc_inode *pi __unused, char *text)
{
	int64_t n;

	if (proc_parse_long(text, &n) || n < 0)
		return -EINVAL;
	WRITE_ONCE(t->k->vfs->max_files, (uint32_t)MIN(n, (int64_t)UINT32_MAX / 2));
	return 0;
}

static int
nr_open_show(struct proc_seq *m)
{
	seq_printf(m, "%u\n", READ_ONCE(m->t->k->vfs->nr_open));
	return 0;
}

static int
nr_open_store(struct task *t, const struct proc_inode *pi __unused, char *text)
{
	int64_t n;

	if (proc_parse_long(text, &n) || n < 64 || n > 2147483584)
		return -EINVAL;
	WRITE_ONCE(t->k->vfs->nr_open, (uint32_t)n);
	return 0;
}

/* A size of pipes is a power of two of pages. */
static int
pipe_max_store(struct task *t, const struct proc_inode *pi __unused, char *text)
{
	uint32_t size = (uint32_t)PAGE_SIZE;
	int64_t n;

	if (proc_parse_long(text, &n) || n < 1 || n > 1 << 30)
		return -EINVAL;
	while (size < n)
		size *= 2;
	WRITE_ONCE(t->k->pipe->max_size, size);
	return 0;
}

static int
store_pages(char *text, uint64_t *out)
{
	int64_t n;

	if (proc_parse_long(text, &n) || n < 0)
		return -EINVAL;
	WRITE_ONCE(*out, (uint64_t)n);
	return 0;
}

static int
pipe_hard_store(struct task *t, const struct proc_inode *pi __unused, char *text)
{
	return store_pages(text, &t->k->pipe->user_pages_hard);
}

static int
pipe_soft_store(struct task *t, const struct proc_inode *pi __unused, char *text)
{
	return store_pages(text, &t->k->pipe->user_pages_soft);
}

static int
pipe_max_show(struct proc_seq *m)
{
	seq_printf(m, "%u\n", READ_ONCE(m->t->k->pipe->max_size));
	return 0;
}

static int
pipe_hard_show(struct proc_seq *m)
{
	seq_printf(m, "%lu\n", READ_ONCE(m->t->k->pipe->user_pages_hard));
	return 0;
}

static int
pipe_soft_show(struct proc_seq *m)
{
	seq_printf(m, "%lu\n", READ_ONCE(m->t->k->pipe->user_pages_soft));
	return 0;
}

/* A number of struct vfs_state: where it is, and the largest value. */
#define VFS_MAX_SHIFT 32
#define VFS(n, field, max, perm)                                                                                          \
	{                                                                                                                 \
		.name = (n), .mode = S_IFREG | (perm), .flags = PROC_SYSCTL, .show = vfs_number_show,                     \
		.store = vfs_number_store, .iops = &sysctl_iops,                                                          \
		.arg = offsetof(struct vfs_state, field) | (uint64_t)(max) << VFS_MAX_SHIFT                               \
	}

static uint32_t *
vfs_number(struct kernel *k, uint64_t arg)
{
	return (uint32_t *)((char *)k->vfs + (uint32_t)arg);
}

static int
vfs_number_show(struct proc_seq *m)
{
	seq_printf(m, "%u\n", READ_ONCE(*vfs_number(m->t->k, m->pi->entry->arg)));
	return 0;
}

static int
vfs_number_store(struct task *t, const struct proc_inode *pi, char *text)
{
	uint64_t arg = pi->entry->arg;
	int64_t n;

	if (proc_parse_long(text, &n) || n < 0 || n > (int64_t)(arg >> VFS_MAX_SHIFT))
		return -EINVAL;
	WRITE_ONCE(*vfs_number(t->k, arg), (uint32_t)n);
	return 0;
}

static const struct proc_entry inotify_table[] = {
	VFS("max_queued_events", inotify_max_events, INT32_MAX, 0644),
	VFS("max_user_instances", inotify_max_instances, INT32_MAX, 0644),
	VFS("max_user_watches", inotify_max_watches, INT32_MAX, 0644),
};

#define MQUEUE(n, field, min, max)                                                                                        \
	{                                                                                                                 \
		.name = (n), .mode = S_IFREG | 0644, .flags = PROC_SYSCTL | PROC_STRING, .show = ipc_sysctl_show,         \
		.store = ipc_sysctl_store, .iops = &sysctl_iops, .arg = IPC_SYSCTL_ARG(field, min, max)                   \
	}

static const struct proc_entry mqueue_table[] = {
	MQUEUE("msg_default", mq_msg_default, 1, HARD_MSGMAX),
	MQUEUE("msg_max", mq_msg_max, 1, HARD_MSGMAX),
	MQUEUE("msgsize_default", mq_msgsize_default, 8, HARD_MSGSIZEMAX),
	MQUEUE("msgsize_max", mq_msgsize_max, 8, HARD_MSGSIZEMAX),
	MQUEUE("queues_max", mq_queues_max, 0, INT32_MAX),
};

static const struct proc_entry fs_table[] = {
	SHOW("dentry-state", dentry_state_show),
	EDIT("file-max", file_max_show, file_max_store),
	SHOW("file-nr", file_nr_show),
	SHOW("inode-nr", inode_nr_show),
	SHOW("inode-state", inode_state_show),
	VFS("dir-notify-enable", dir_notify_enable, INT32_MAX, 0644),
	PROC_DIR("inotify", inotify_table),
	VFS("lease-break-time", lease_break_time, INT32_MAX, 0644),
	VFS("leases-enable", leases_enable, INT32_MAX, 0644),
	VFS("mount-max", mount_max, INT32_MAX, 0644),
	PROC_DIR("mqueue", mqueue_table),
	EDIT("nr_open", nr_open_show, nr_open_store),
	KEPT("overflowgid", KEPT_FS_OVERFLOWGID, 65534, 65535),
	KEPT("overflowuid", KEPT_FS_OVERFLOWUID, 65534, 65535),
	EDIT("pipe-max-size", pipe_max_show, pipe_max_store),
	EDIT("pipe-user-pages-hard", pipe_hard_show, pipe_hard_store),
	EDIT("pipe-user-pages-soft", pipe_soft_show, pipe_soft_store),
	VFS("protected_fifos", protected_fifos, 2, 0600),
	VFS("protected_hardlinks", protected_hardlinks, 1, 0600),
	VFS("protected_regular", protected_regular, 2, 0600),
	VFS("protected_symlinks", protected_symlinks, 1, 0600),
	KEPT("suid_dumpable", KEPT_SUID_DUMPABLE, 0, 2),
};

/* net */

static int
dgram_qlen_show(struct proc_seq *m)
{
	seq_printf(m, "%u\n", READ_ONCE(m->t->k->net->un->max_dgram_qlen));
	return 0;
}

static int
dgram_qlen_store(struct task *t, const struct proc_inode *pi __unused, char *text)
{
	int64_t n;

	if (proc_parse_long(text, &n) || n < 0 || n > INT32_MAX)
		return -EINVAL;
	WRITE_ONCE(t->k->net->un->max_dgram_qlen, (uint32_t)n);
	return 0;
}

static const struct proc_entry net_unix_table[] = {
	EDIT("max_dgram_qlen", dgram_qlen_show, dgram_qlen_store),
};

static int
somaxconn_show(struct proc_seq *m)
{
	seq_printf(m, "%u\n", READ_ONCE(m->t->k->net->somaxconn));
	return 0;
}

static int
somaxconn_store(struct task *t, const struct proc_inode *pi __unused, char *text)
{
	int64_t n;

	if (proc_parse_long(text, &n) || n < 0 || n > INT32_MAX)
		return -EINVAL;
	WRITE_ONCE(t->k->net->somaxconn, (uint32_t)n);
	return 0;
}

static int
port_range_show(struct proc_seq *m)
{
	const struct inet_net *in = inet_net(m->t->k);

	seq_printf(m, "%u\t%u\n", READ_ONCE(in->port_min), READ_ONCE(in->port_max));
	return 0;
}

static int
port_range_store(struct task *t, const struct proc_inode *pi __unused, char *text)
{
	struct inet_net *in = inet_net(t->k);
	char *second = text;
	int64_t min, max;

	while (*second == ' ' || *second == '\t')
		second++;
	while (*second && *second != ' ' && *second != '\t')
		second++;
	if (*second)
		*second++ = '\0';
	while (*second == ' ' || *second == '\t')
		second++;
	if (proc_parse_long(text, &min) || proc_parse_long(second, &max) || min < 1 || max > 65535 || min > max)
		return -EINVAL;
	mutex_guard(&in->lock);
	if (min < in->unpriv_start)
		return -EINVAL;
	in->port_min = (uint32_t)min;
	in->port_max = (uint32_t)max;
	return 0;
}

static int
unpriv_port_show(struct proc_seq *m)
{
	seq_printf(m, "%u\n", READ_ONCE(inet_net(m->t->k)->unpriv_start));
	return 0;
}

static int
unpriv_port_store(struct task *t, const struct proc_inode *pi __unused, char *text)
{
	struct inet_net *in = inet_net(t->k);
	int64_t n;

	if (proc_parse_long(text, &n) || n < 0 || n > 65535)
		return -EINVAL;
	mutex_guard(&in->lock);
	if (n > in->port_min)
		return -EINVAL;
	in->unpriv_start = (uint32_t)n;
	return 0;
}

static const struct proc_entry net_ipv4_table[] = {
	NUMBER("ip_default_ttl", 64),
	NUMBER("ip_forward", 0),
	STRING("ip_local_port_range", port_range_show, port_range_store),
	TEXT("ip_local_reserved_ports", ""),
	NUMBER("ip_nonlocal_bind", 0),
	EDIT("ip_unprivileged_port_start", unpriv_port_show, unpriv_port_store),
	TEXT("ping_group_range", "1\t0"),
	NUMBER("tcp_abort_on_overflow", 0),
	TEXT("tcp_allowed_congestion_control", "reno cubic"),
	TEXT("tcp_available_congestion_control", "reno cubic"),
	TEXT("tcp_congestion_control", "cubic"),
	NUMBER("tcp_ecn", 2),
	NUMBER("tcp_fastopen", 1),
	NUMBER("tcp_fin_timeout", 60),
	NUMBER("tcp_keepalive_intvl", 75),
	NUMBER("tcp_keepalive_probes", 9),
	NUMBER("tcp_keepalive_time", 7200),
	NUMBER("tcp_max_syn_backlog", SOMAXCONN),
	NUMBER("tcp_max_tw_buckets", 65536),
	NUMBER("tcp_moderate_rcvbuf", 1),
	NUMBER("tcp_retries1", 3),
	NUMBER("tcp_retries2", 15),
	TEXT("tcp_rmem", "4096\t131072\t6291456"),
	NUMBER("tcp_sack", 1),
	NUMBER("tcp_syn_retries", 6),
	NUMBER("tcp_synack_retries", 5),
	NUMBER("tcp_syncookies", 1),
	NUMBER("tcp_timestamps", 1),
	NUMBER("tcp_tw_reuse", 2),
	NUMBER("tcp_window_scaling", 1),
	TEXT("tcp_wmem", "4096\t16384\t4194304"),
	NUMBER("udp_rmem_min", 4096),
	NUMBER("udp_wmem_min", 4096),
};

static const struct proc_entry net_ipv6_device_table[] = {
	NUMBER("disable_ipv6", 0),
	NUMBER("forwarding", 0),
	NUMBER("hop_limit", 64),
	NUMBER("mtu", LO_MTU),
};

static const struct proc_entry net_ipv6_conf_table[] = {
	PROC_DIR("all", net_ipv6_device_table),
	PROC_DIR("default", net_ipv6_device_table),
	PROC_DIR("lo", net_ipv6_device_table),
};

static const struct proc_entry net_ipv6_table[] = {
	NUMBER("bindv6only", 0),
	PROC_DIR("conf", net_ipv6_conf_table),
	NUMBER("ip_nonlocal_bind", 0),
};

static const struct proc_entry net_core_table[] = {
	NUMBER("optmem_max", 20480),
	NUMBER("rmem_default", SOCK_BUF_MAX),
	NUMBER("rmem_max", SOCK_BUF_MAX),
	EDIT("somaxconn", somaxconn_show, somaxconn_store),
	NUMBER("wmem_default", SOCK_BUF_MAX),
	NUMBER("wmem_max", SOCK_BUF_MAX),
};

static const struct proc_entry net_table[] = {
	PROC_DIR("core", net_core_table),
	PROC_DIR("ipv4", net_ipv4_table),
	PROC_DIR("ipv6", net_ipv6_table),
	PROC_DIR("unix", net_unix_table),
};

const struct proc_entry proc_sys_table[PROC_SYS_DIRS] = {
	PROC_DIR("fs", fs_table),
	PROC_DIR("kernel", kernel_table),
	PROC_DIR("net", net_table),
	PROC_DIR("vm", vm_table),
};
