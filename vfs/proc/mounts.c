/* SPDX-License-Identifier: MIT
 *
 * /proc/PID/mounts and mountinfo: the mounts the reader can reach, in the order they were made. poll(2) tells of changes by
 * POLLERR and POLLPRI.
 */
#include <linux/mount.h>

#include "kernel/errno.h"
#include "vfs/internal.h"
#include "vfs/poll.h"
#include "vfs/proc/proc.h"

#define BLANKS " \t\n\\#"
#define OPTIONS_MAX 4096

struct flag_name {
	uint32_t flag;
	const char *name;
};

static void
show_mnt_opts(struct proc_seq *m, const struct mount *mnt)
{
	static const struct flag_name names[] = {
		{ MNT_NOSUID, ",nosuid" },	  { MNT_NODEV, ",nodev" },	 { MNT_NOEXEC, ",noexec" },
		{ MNT_NOATIME, ",noatime" },	  { MNT_NODIRATIME, ",nodiratime" }, { MNT_RELATIME, ",relatime" },
		{ MNT_NOSYMFOLLOW, ",nosymfollow" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (mnt->mnt_flags & names[i].flag)
			seq_puts(m, names[i].name);
}

static void
show_sb_opts(struct proc_seq *m, struct super_block *sb)
{
	static const struct flag_name names[] = {
		{ MS_SYNCHRONOUS, ",sync" },
		{ MS_DIRSYNC, ",dirsync" },
		{ MS_MANDLOCK, ",mand" },
		{ MS_LAZYTIME, ",lazytime" },
	};
	char *buf;

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (sb->s_flags & names[i].flag)
			seq_puts(m, names[i].name);
	if (!sb->s_op || !sb->s_op->show_options)
		return;
	buf = kzalloc(m->t->k, OPTIONS_MAX);
	if (!buf)
		return;
	if (sb->s_op->show_options(sb, buf, OPTIONS_MAX) >= 0)
		seq_puts(m, buf);
	kfree(m->t->k, buf);
}

static void
show_devname(struct proc_seq *m, const struct mount *mnt)
{
	if (mnt->mnt_devname && mnt->mnt_devname[0])
		seq_escape(m, mnt->mnt_devname, BLANKS);
	else
		seq_puts(m, "none");
}

static bool
read_only(const struct mount *mnt)
{
	return (mnt->mnt_flags & MNT_READONLY) || (mnt->mnt_sb->s_flags & MS_RDONLY);
}

/* Where it is mounted as the reader sees it; false: out of reach below the reader's root. */
static bool
mount_path(struct proc_seq *m, struct mount *mnt, char *page, char **out)
{
	struct path p = { mnt, mnt->mnt_root };

	*out = d_path(m->t, &p, page, PAGE_SIZE);
	return !IS_ERR(*out) && (*out)[0] == '/';
}

static void
mounts_line(struct proc_seq *m, struct mount *mnt, const char *where)
{
	show_devname(m, mnt);
	seq_puts(m, " ");
	seq_escape(m, where, BLANKS);
	seq_printf(m, " %s %s", mnt->mnt_sb->s_type->name, read_only(mnt) ? "ro" : "rw");
	show_sb_opts(m, mnt->mnt_sb);
	show_mnt_opts(m, mnt);
	seq_puts(m, " 0 0\n");
}

/* The part of the file system that is mounted: its root dentry's path inside it. */
static void
show_root(struct proc_seq *m, struct mount *mnt)
{
	struct dentry *chain[64], *d = mnt->mnt_root;
	int n = 0;

	while (d != d->d_parent && n < (int)ARRAY_SIZE(chain)) {
		chain[n++] = d;
		d = d->d_parent;
	}
	if (n == 0)
		seq_puts(m, "/");
	while (n-- > 0) {
		seq_puts(m, "/");
		seq_escape(m, chain[n]->d_name.name, BLANKS);
	}
}

static void
mountinfo_line(struct proc_seq *m, struct mount *mnt, const char *where)
{
	uint64_t dev = mnt->mnt_sb->s_dev;

	seq_printf(m, "%d %d %u:%u ", mnt->mnt_id, mnt->mnt_parent->mnt_id, (unsigned int)(dev >> 8 & 0xfff),
		   (unsigned int)((dev & 0xff) | (dev >> 12 & 0xfff00)));
	show_root(m, mnt);
	seq_puts(m, " ");
	seq_escape(m, where, BLANKS);
	seq_puts(m, mnt->mnt_flags & MNT_READONLY ? " ro" : " rw");
	show_mnt_opts(m, mnt);
	seq_printf(m, " - %s ", mnt->mnt_sb->s_type->name);
	show_devname(m, mnt);
	seq_puts(m, mnt->mnt_sb->s_flags & MS_RDONLY ? " ro" : " rw");
	show_sb_opts(m, mnt->mnt_sb);
	seq_puts(m, "\n");
}

static int
for_each_mount(struct proc_seq *m, void (*line)(struct proc_seq *m, struct mount *mnt, const char *where))
{
	struct kernel *k = m->t->k;
	char *page = kmalloc(k, PAGE_SIZE), *where;
	struct mount *mnt = NULL;

	if (!page)
		return -ENOMEM;
	while ((mnt = next_mount(k, mnt)) != NULL)
		if (mount_path(m, mnt, page, &where))
			line(m, mnt, where);
	kfree(k, page);
	return 0;
}

int
proc_pid_mounts(struct proc_seq *m)
{
	return for_each_mount(m, mounts_line);
}

int
proc_pid_mountinfo(struct proc_seq *m)
{
	return for_each_mount(m, mountinfo_line);
}

static void
mountstats_line(struct proc_seq *m, struct mount *mnt, const char *where)
{
	if (mnt->mnt_devname && mnt->mnt_devname[0]) {
		seq_puts(m, "device ");
		seq_escape(m, mnt->mnt_devname, BLANKS);
	} else {
		seq_puts(m, "no device");
	}
	seq_puts(m, " mounted on ");
	seq_escape(m, where, BLANKS);
	seq_printf(m, " with fstype %s\n", mnt->mnt_sb->s_type->name);
}

int
proc_pid_mountstats(struct proc_seq *m)
{
	return for_each_mount(m, mountstats_line);
}

static int
mounts_open(struct task *t, struct inode *inode, struct file *file)
{
	file->f_version = READ_ONCE(t->k->vfs->ns.event);
	return proc_text_fops.open(t, inode, file);
}

static void
mounts_release(struct task *t, struct inode *inode, struct file *file)
{
	proc_text_fops.release(t, inode, file);
}

static int64_t
mounts_read(struct task *t, struct file *file, struct iov_iter *to, int64_t *pos, uint32_t rwf)
{
	return proc_text_fops.read(t, file, to, pos, rwf);
}

static uint32_t
mounts_poll(struct task *t, struct file *file, struct poll_table *pt)
{
	struct mnt_namespace *ns = &t->k->vfs->ns;
	uint64_t event;

	poll_wait(file, &ns->poll, pt);
	event = READ_ONCE(ns->event);
	if (event == file->f_version)
		return K_POLLIN | K_POLLRDNORM;
	file->f_version = event;
	return K_POLLIN | K_POLLRDNORM | K_POLLERR | K_POLLPRI;
}

const struct file_operations proc_mounts_fops = {
	.open = mounts_open,
	.release = mounts_release,
	.read = mounts_read,
	.poll = mounts_poll,
	.llseek = proc_text_llseek,
};
