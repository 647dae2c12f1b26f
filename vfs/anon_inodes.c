/* SPDX-License-Identifier: MIT
 *
 * Files that are on no visible file system: one inode for all anonymous ones (eventfd, epoll, pidfd), one inode each for pipes and
 * sockets. Both super blocks live as long as the instance.
 */
#include <linux/fcntl.h>
#include <linux/magic.h>
#include <linux/stat.h>

#include "kernel/cred.h"
#include "kernel/task.h"
#include "vfs/hostfs/hostfs.h"
#include "vfs/internal.h"

static int
anon_dname(struct dentry *dentry, char *buf, size_t n)
{
	return ksnprintf(buf, n, "anon_inode:%s", dentry->d_name.name);
}

static int
pseudo_dname(struct dentry *dentry, char *buf, size_t n)
{
	if (dentry->d_name.name[0] == '/') /* a file of the host (hostfile.c) */
		return ksnprintf(buf, n, "%s", dentry->d_name.name);
	return ksnprintf(buf, n, "%s:[%llu]", dentry->d_name.name, (unsigned long long)dentry->d_inode->i_ino);
}

static const struct dentry_operations anon_dentry_ops = { .d_dname = anon_dname };
static const struct dentry_operations pseudo_dentry_ops = { .d_dname = pseudo_dname };
static const struct file_system_type anon_type = { .name = "anon_inodefs", .nodev = true };
static const struct file_system_type pipe_type = { .name = "pipefs", .nodev = true };
static const struct file_system_type sock_type = { .name = "sockfs", .nodev = true };

/* Everybody shares the inode: nobody changes it. */
static int
anon_setattr(struct task *t, struct dentry *dentry, struct iattr *attr)
{
	return -EOPNOTSUPP;
}

static const struct inode_operations anon_iops = { .setattr = anon_setattr };

/* A name of more than it takes: "anon_inode:" may be given or not. */
static const char *
anon_short_name(const char *name)
{
	return strncmp(name, "anon_inode:", 11) == 0 ? name + 11 : name;
}

static struct file *
internal_file(struct task *t, struct mount *mnt, struct inode *inode, const char *name, const struct file_operations *fops,
	      void *priv, uint32_t flags)
{
	struct path path = { .mnt = mnt };
	struct file *file;

	path.dentry = d_alloc_anon(inode->i_sb, inode, name);
	if (!path.dentry)
		return ERR_PTR(-ENOMEM);
	mntget(mnt);
	file = alloc_file(t, &path, flags & (O_ACCMODE | O_NONBLOCK), fops);
	if (IS_ERR(file)) {
		path_put(t, &path);
		return file;
	}
	file->private_data = priv;
	file->f_mode |= fops->f_mode;
	return file;
}

struct file *
anon_inode_getfile(struct task *t, const char *name, const struct file_operations *fops, void *priv, uint32_t flags)
{
	struct vfs_state *v = t->k->vfs;

	return internal_file(t, v->anon_mnt, igrab(v->anon_inode), anon_short_name(name), fops, priv, flags);
}

struct file *
pseudo_getfile(struct task *t, const char *prefix, uint16_t mode, const struct file_operations *fops, void *priv, uint32_t flags)
{
	struct vfs_state *v = t->k->vfs;
	struct mount *mnt = S_ISSOCK(mode) ? v->sock_mnt : v->pipe_mnt;
	struct inode *inode = new_inode_of(mnt->mnt_sb);

	if (!inode)
		return ERR_PTR(-ENOMEM);
	inode->i_ino = get_next_ino(t->k);
	inode->i_mode = mode;
	inode->i_uid = t->cred->fsuid;
	inode->i_gid = t->cred->fsgid;
	inode->i_fop = fops;
	inode_update_times(inode, ATTR_ATIME | ATTR_MTIME | ATTR_CTIME);
	return internal_file(t, mnt, inode, prefix, fops, priv, flags);
}

/* Pipes and sockets know their last user themselves; descriptors of the host do not. */
static const struct super_operations internal_super_ops = { .evict_inode = hostfile_evict };

static struct super_block *
internal_sb(struct kernel *k, const struct file_system_type *type, const struct dentry_operations *dops, uint32_t magic)
{
	struct super_block *sb = sget(k, type);
	struct inode *inode;

	if (!sb)
		return NULL;
	sb->s_magic = magic;
	sb->s_op = &internal_super_ops;
	inode = new_inode_of(sb);
	if (!inode)
		return NULL;
	inode->i_ino = get_next_ino(k);
	inode->i_mode = S_IFDIR | 0755;
	sb->s_root = d_make_root(sb, inode);
	sb->s_d_op = dops;
	return sb->s_root ? sb : NULL;
}

int
anon_inodes_init(struct kernel *k)
{
	struct vfs_state *v = k->vfs;

	v->anon_sb = internal_sb(k, &anon_type, &anon_dentry_ops, ANON_INODE_FS_MAGIC);
	v->pipe_sb = internal_sb(k, &pipe_type, &pseudo_dentry_ops, PIPEFS_MAGIC);
	v->sock_sb = internal_sb(k, &sock_type, &pseudo_dentry_ops, SOCKFS_MAGIC);
	if (!v->anon_sb || !v->pipe_sb || !v->sock_sb)
		return -ENOMEM;
	v->anon_mnt = kern_mount(k, v->anon_sb);
	v->pipe_mnt = kern_mount(k, v->pipe_sb);
	v->sock_mnt = kern_mount(k, v->sock_sb);
	v->anon_inode = new_inode_of(v->anon_sb);
	if (IS_ERR(v->anon_mnt) || IS_ERR(v->pipe_mnt) || IS_ERR(v->sock_mnt) || !v->anon_inode)
		return -ENOMEM;
	v->anon_inode->i_ino = get_next_ino(k);
	v->anon_inode->i_mode = 0600;
	v->anon_inode->i_op = &anon_iops;
	inode_update_times(v->anon_inode, ATTR_ATIME | ATTR_MTIME | ATTR_CTIME);
	return 0;
}
