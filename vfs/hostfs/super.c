/* SPDX-License-Identifier: MIT
 *
 * Mounting hostfs. The descriptor given (fs_context.host_root) is the super block's from then on.
 */
#include <asm/statfs.h>
#include <asm/unistd.h>
#include <linux/fcntl.h>
#include <linux/mount.h>
#include <linux/stat.h>

#include "kernel/kernel.h"
#include "trap/host.h"
#include "vfs/hostfs/hostfs.h"
#include "vfs/namei.h"

static void
hostfs_evict_inode(struct kernel *k, struct inode *inode)
{
	struct hostfs_inode *hi = HOSTFS_I(inode);

	if (!hi)
		return;
	hostfs_close_all(inode);
	kfree(k, hi->link);
	kfree(k, hi);
	inode->i_private = NULL;
}

static int
hostfs_statfs(struct task *t, struct dentry *dentry, void *kstatfs)
{
	struct hostfs_sb *sbi = HOSTFS_SB(dentry->d_sb);
	struct inode *inode = dentry->d_inode;
	bool writer = false;
	hfd_t fd = inode ? hostfs_anyfd(inode, false, &writer) : HFD_NONE;
	int64_t ret = host_call2(__NR_fstatfs, fd.fd >= 0 ? fd.fd : sbi->root.fd, kstatfs);

	if (fd.fd >= 0 && writer)
		hostfs_put_writer(inode);
	else if (fd.fd >= 0)
		hostfs_unpin(inode);
	return (int)ret;
}

static int
hostfs_sync_fs(struct task *t, struct super_block *sb)
{
	return 0; /* fsync passes to the host file by file; sync(2) of the whole host is not the guest's to ask for */
}

static void
hostfs_put_super(struct super_block *sb)
{
	struct hostfs_sb *sbi = HOSTFS_SB(sb);

	if (!sbi)
		return;
	hostfs_close(sbi->root);
	kfree(sbi->k, sbi);
	sb->s_fs_info = NULL;
}

static const struct super_operations hostfs_sops = {
	.evict_inode = hostfs_evict_inode,
	.statfs = hostfs_statfs,
	.sync_fs = hostfs_sync_fs,
	.put_super = hostfs_put_super,
};

/* A file is bound, not a directory: an O_PATH descriptor of it is made a real one here, at boot, once and for all. */
static void
open_root_file(struct hostfs_sb *sbi, struct inode *root)
{
	char link[32];
	int64_t fd;

	ksnprintf(link, sizeof(link), "/proc/self/fd/%d", sbi->root.fd);
	fd = sbi->ro ? -EROFS : host_call4(__NR_openat, AT_FDCWD, link, O_RDWR | O_CLOEXEC | O_NOCTTY, 0);
	if (fd >= 0)
		hostfs_adopt_writefd(root, HFD((int)fd));
	HOSTFS_I(root)->writers += fd >= 0; /* it stays open as long as the mount */
	fd = host_call4(__NR_openat, AT_FDCWD, link, O_RDONLY | O_CLOEXEC | O_NOCTTY | (sbi->ro ? O_NOATIME : 0), 0);
	if (fd == -EPERM && sbi->ro) /* that is for owners and root */
		fd = host_call4(__NR_openat, AT_FDCWD, link, O_RDONLY | O_CLOEXEC | O_NOCTTY, 0);
	if (fd >= 0) {
		HOSTFS_I(root)->fd = HFD((int)fd);
		HOSTFS_I(root)->fd_kind = HOSTFS_FD_READ;
		HOSTFS_I(root)->pins = 1;
	}
}

bool
is_hostfs(const struct super_block *sb)
{
	return sb->s_op == &hostfs_sops;
}

int
hostfs_get_tree(struct fs_context *fc, struct super_block **out)
{
	struct hostfs_state *st = hostfs_state_get(fc->k);
	struct hostfs_sb *sbi;
	struct super_block *sb;
	struct inode *root;
	struct statfs sfs;
	struct statx stx;
	int err;

	if (fc->host_root.fd < 0)
		return -EINVAL; /* host directories are given by `stead run`, never by mount(2) */
	err = hostfs_statx(fc->host_root, "", &stx);
	if (err)
		return err;
	sbi = st ? kzalloc(fc->k, sizeof(*sbi)) : NULL;
	if (!sbi)
		return -ENOMEM;
	sb = sget(fc->k, &hostfs_fs_type);
	if (!sb) {
		kfree(fc->k, sbi);
		return -ENOMEM;
	}
	*sbi = (struct hostfs_sb){ .k = fc->k, .state = st, .root = fc->host_root };
	sbi->layer = sbi->may_noatime = fc->options && !strcmp(fc->options, "layer");
	sbi->ro = sbi->layer || (fc->flags & MS_RDONLY);
	sbi->may_noatime |= sbi->ro;
	sb->s_host_rdonly = sbi->ro;
	sbi->exclusive = fc->options && !strcmp(fc->options, "upper");
	if (host_call2(__NR_fstatfs, sbi->root.fd, &sfs) == 0) {
		sb->s_magic = (uint32_t)sfs.f_type;
		sb->s_blocksize = (uint32_t)sfs.f_bsize;
	}
	sb->s_flags = fc->flags;
	sb->s_maxbytes = INT64_MAX;
	sb->s_op = &hostfs_sops;
	sb->s_d_op = &hostfs_dentry_ops;
	sb->s_fs_info = sbi;
	root = hostfs_iget(sb, &stx, hostfs_clock());
	if (IS_ERR(root))
		return (int)PTR_ERR(root);
	sb->s_dev = hostfs_dev(fc->k, st, HOSTFS_I(root)->dev);
	if ((root->i_mode & S_IFMT) == S_IFREG)
		open_root_file(sbi, root);
	sb->s_root = d_make_root(sb, root);
	if (!sb->s_root)
		return -ENOMEM;
	*out = sb;
	return 0;
}

const struct file_system_type hostfs_fs_type = {
	.name = "hostfs",
	.nodev = true,
	.get_tree = hostfs_get_tree,
};
