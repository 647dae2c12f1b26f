/* SPDX-License-Identifier: MIT
 *
 * /proc/PID/ns: of namespaces there is the one of mounts, as in every Linux kernel; those that can be left out are left out.
 */
#include <linux/magic.h>
#include <linux/nsfs.h>
#include <linux/sched.h>
#include <linux/stat.h>

#include "vfs/internal.h"
#include "vfs/proc/proc.h"

#define MNT_NS_INIT_INO 0xEFFFFFF8u /* since Linux 6.18 */

static int
ns_dname(struct dentry *dentry, char *buf, size_t n)
{
	return ksnprintf(buf, n, "%s:[%llu]", dentry->d_name.name, (unsigned long long)d_inode(dentry)->i_ino);
}

static int64_t
ns_ioctl(struct task *t, struct file *file, unsigned int cmd, uint64_t arg)
{
	switch (cmd) {
	case NS_GET_NSTYPE:
		return CLONE_NEWNS;
	case NS_GET_PARENT:
		return -EINVAL; /* it has none */
	default:
		return -ENOTTY;
	}
}

static const struct dentry_operations ns_dentry_ops = { .d_dname = ns_dname };
static const struct file_operations ns_fops = { .ioctl = ns_ioctl };
static const struct file_system_type ns_type = { .name = "nsfs", .nodev = true };

int
proc_ns_init(struct kernel *k)
{
	struct proc_state *ps = k->proc;
	struct super_block *sb = sget(k, &ns_type);
	struct inode *root = sb ? new_inode_of(sb) : NULL;

	if (!root)
		return -ENOMEM;
	sb->s_magic = NSFS_MAGIC;
	root->i_mode = S_IFDIR | 0755;
	sb->s_root = d_make_root(sb, root);
	sb->s_d_op = &ns_dentry_ops;
	ps->ns_mnt = sb->s_root ? kern_mount(k, sb) : ERR_PTR(-ENOMEM);
	ps->ns_inode = new_inode_of(sb);
	if (IS_ERR(ps->ns_mnt) || !ps->ns_inode)
		return -ENOMEM;
	ps->ns_inode->i_ino = MNT_NS_INIT_INO;
	ps->ns_inode->i_mode = S_IFREG | 0444;
	ps->ns_inode->i_fop = &ns_fops;
	inode_update_times(ps->ns_inode, ATTR_ATIME | ATTR_MTIME | ATTR_CTIME);
	return 0;
}

static int
mnt_jump(struct task *t, const struct proc_inode *pi, struct path *out)
{
	struct proc_state *ps = pi->k->proc;
	struct proc_seq subject = { .t = t, .task = proc_task(pi), .pi = pi };
	bool may = subject.task && proc_may_access(&subject);

	if (!subject.task)
		return -ENOENT;
	put_task_struct(subject.task);
	if (!may)
		return -EACCES;
	*out = (struct path){ ps->ns_mnt, d_alloc_anon(ps->ns_mnt->mnt_sb, igrab(ps->ns_inode), "mnt") };
	if (!out->dentry)
		return -ENOMEM;
	mntget(out->mnt);
	return 0;
}

const struct proc_entry proc_ns_table[PROC_NS_LINKS] = {
	{ .name = "mnt", .mode = S_IFLNK | 0777, .jump = mnt_jump },
};
