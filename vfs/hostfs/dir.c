/* SPDX-License-Identifier: MIT
 *
 * Names in hostfs directories: looking up, making, removing and renaming, each by one host call on (directory, name), and a
 * statx to know what is there now. New files belong to the guest's user if the host lets us say so.
 */
#include <asm/unistd.h>
#include <linux/fcntl.h>
#include <linux/fs.h>
#include <linux/limits.h>
#include <linux/stat.h>

#include "kernel/cred.h"
#include "kernel/task.h"
#include "trap/host.h"
#include "vfs/hostfs/hostfs.h"
#include "vfs/namei.h"

static struct dentry *
hostfs_lookup(struct task *t, struct inode *dir, struct dentry *dentry)
{
	struct inode *inode = NULL;
	struct statx stx;
	uint64_t since;
	int err;

	if (dentry->d_name.len > NAME_MAX)
		return ERR_PTR(-ENAMETOOLONG);
	err = hostfs_lookup_host(t, dentry->d_parent, &dentry->d_name, &stx, &since);
	if (!err) {
		inode = hostfs_iget(dentry->d_sb, &stx, since);
		if (IS_ERR(inode))
			return ERR_PTR(PTR_ERR(inode));
	} else if (err != -ENOENT) {
		return ERR_PTR(err);
	}
	dentry->d_time = since;
	d_add(dentry, inode);
	return NULL;
}

static int
hostfs_revalidate(struct task *t, struct dentry *dentry)
{
	struct inode *inode = dentry->d_inode;
	struct hostfs_sb *sbi = HOSTFS_SB(dentry->d_sb);
	struct dentry *parent;
	char name[NAME_MAX + 1];
	struct statx stx;
	uint64_t since;
	hfd_t fd;
	int err;

	if (dentry == dentry->d_sb->s_root || sbi->exclusive)
		return 1;
	if ((sbi->layer || (inode && (inode->i_mode & S_IFMT) == S_IFDIR)) &&
	    hostfs_clock() - READ_ONCE(dentry->d_time) < HOSTFS_AGE_DIR)
		return 1;
	parent = hostfs_name(dentry, name);
	since = hostfs_clock();
	err = hostfs_dirfd(t, parent, &fd);
	if (!err) {
		err = hostfs_statx(fd, name, &stx);
		hostfs_unpin(parent->d_inode);
	}
	dput(parent);
	if (err == -ENOENT && !inode) {
		WRITE_ONCE(dentry->d_time, hostfs_clock());
		return 1;
	}
	if (err || !inode || !hostfs_same(inode, &stx))
		return 0;
	(void)hostfs_fill(inode, &stx, since);
	WRITE_ONCE(dentry->d_time, hostfs_clock());
	return 1;
}

const struct dentry_operations hostfs_dentry_ops = {
	.d_revalidate = hostfs_revalidate,
};

static void
dir_changed(struct inode *dir)
{
	hostfs_changed(dir);
}

/*
 * A new name: give it the guest's owner and the exact mode (the host process's umask and group rules may differ), and make the
 * dentry positive. @made is a descriptor of it or HFD_NONE.
 */
static int
finish_new(struct task *t, struct inode *dir, struct dentry *dentry, hfd_t dirfd, hfd_t made, uint16_t mode)
{
	const char *name = made.fd >= 0 ? "" : dentry->d_name.name;
	hfd_t at = made.fd >= 0 ? made : dirfd;
	uint32_t uid = t->cred->fsuid, gid = dir->i_mode & S_ISGID ? dir->i_gid : t->cred->fsgid;
	uint64_t since = hostfs_clock();
	struct statx stx;
	struct inode *inode;
	int err = hostfs_statx(at, name, &stx);

	if (err)
		return err;
	if ((dir->i_mode & S_ISGID) && (stx.stx_mode & S_IFMT) == S_IFDIR)
		mode |= S_ISGID;
	if (stx.stx_uid != uid || stx.stx_gid != gid) {
		unsigned int flags = AT_SYMLINK_NOFOLLOW | (*name ? 0 : AT_EMPTY_PATH);

		ignore_err((int)host_call5(__NR_fchownat, at.fd, name, uid, gid, flags), "an ordinary user cannot");
		since = hostfs_clock();
		err = hostfs_statx(at, name, &stx);
		if (err)
			return err;
	}
	if (((stx.stx_mode ^ mode) & 07777) && (stx.stx_mode & S_IFMT) != S_IFLNK) {
		int64_t fd = made.fd >= 0 ? made.fd : hostfs_open_at(dirfd, name, O_RDONLY, 0);

		if (fd >= 0) {
			host_call2(__NR_fchmod, fd, mode & 07777);
			since = hostfs_clock();
			err = hostfs_statx(HFD((int)fd), "", &stx);
			if (made.fd < 0)
				hostfs_close(HFD((int)fd));
			if (err)
				return err;
		}
	}
	inode = hostfs_iget(dir->i_sb, &stx, since);
	if (IS_ERR(inode))
		return (int)PTR_ERR(inode);
	if (made.fd >= 0)
		hostfs_adopt_writefd(inode, made);
	dentry->d_time = hostfs_clock();
	d_instantiate(dentry, inode);
	dir_changed(dir);
	return 0;
}

/* The descriptor of a directory that is going to change. */
static int
writable_dirfd(struct task *t, struct dentry *dir, hfd_t *out)
{
	return HOSTFS_SB(dir->d_sb)->ro ? -EROFS : hostfs_dirfd(t, dir, out);
}

static int
hostfs_create(struct task *t, struct inode *dir, struct dentry *dentry, uint16_t mode, bool excl)
{
	hfd_t dirfd;
	int64_t fd = writable_dirfd(t, dentry->d_parent, &dirfd);
	int err;

	if (fd)
		return (int)fd;
	fd = hostfs_open_at(dirfd, dentry->d_name.name, O_CREAT | O_EXCL | O_RDWR, mode & 07777);
	err = (int)fd;
	if (fd >= 0) {
		err = finish_new(t, dir, dentry, dirfd, HFD((int)fd), mode);
		if (err)
			hostfs_close(HFD((int)fd));
	}
	hostfs_unpin(dentry->d_parent->d_inode);
	return err;
}

static int
hostfs_tmpfile(struct task *t, struct inode *dir, struct file *file, uint16_t mode)
{
	struct dentry *dentry = file->f_path.dentry;
	hfd_t dirfd;
	int64_t fd = writable_dirfd(t, dentry->d_parent, &dirfd);
	int err;

	if (fd)
		return (int)fd;
	fd = hostfs_open_at(dirfd, ".", O_TMPFILE | O_RDWR, mode & 07777);
	err = (int)fd;
	if (fd >= 0) {
		err = finish_new(t, dir, dentry, dirfd, HFD((int)fd), mode);
		if (err)
			hostfs_close(HFD((int)fd));
	}
	hostfs_unpin(dentry->d_parent->d_inode);
	return err;
}

static int
hostfs_mkdir(struct task *t, struct inode *dir, struct dentry *dentry, uint16_t mode)
{
	hfd_t dirfd;
	int err = writable_dirfd(t, dentry->d_parent, &dirfd);

	if (err)
		return err;
	err = (int)host_call3(__NR_mkdirat, dirfd.fd, dentry->d_name.name, mode & 07777);
	if (!err)
		err = finish_new(t, dir, dentry, dirfd, HFD_NONE, mode);
	hostfs_unpin(dentry->d_parent->d_inode);
	return err;
}

static int
hostfs_symlink(struct task *t, struct inode *dir, struct dentry *dentry, const char *target)
{
	hfd_t dirfd;
	int err = writable_dirfd(t, dentry->d_parent, &dirfd);

	if (err)
		return err;
	err = (int)host_call3(__NR_symlinkat, target, dirfd.fd, dentry->d_name.name);
	if (!err)
		err = finish_new(t, dir, dentry, dirfd, HFD_NONE, 0777);
	hostfs_unpin(dentry->d_parent->d_inode);
	return err;
}

static int
hostfs_mknod(struct task *t, struct inode *dir, struct dentry *dentry, uint16_t mode, uint64_t rdev)
{
	uint32_t type = mode & S_IFMT;
	hfd_t dirfd;
	int err;

	/* A device on the host would be a way to the host's devices; 0:0 is overlay's whiteout and harmless. */
	if (type == S_IFBLK || (type == S_IFCHR && rdev != 0))
		return -EPERM;
	err = writable_dirfd(t, dentry->d_parent, &dirfd);
	if (err)
		return err;
	err = (int)host_call4(__NR_mknodat, dirfd.fd, dentry->d_name.name, mode, 0);
	if (!err)
		err = finish_new(t, dir, dentry, dirfd, HFD_NONE, mode);
	hostfs_unpin(dentry->d_parent->d_inode);
	return err;
}

static int
hostfs_link(struct task *t, struct dentry *old, struct inode *dir, struct dentry *dentry)
{
	struct inode *inode = old->d_inode;
	hfd_t ofd, nfd, wfd;
	bool writer, nameless;
	int err = writable_dirfd(t, dentry->d_parent, &nfd);

	if (err)
		return err;
	nameless = inode->i_nlink == 0 || (old->d_flags & DCACHE_UNHASHED);
	wfd = nameless ? hostfs_anyfd(inode, true, &writer) : HFD_NONE;
	if (wfd.fd >= 0) { /* O_TMPFILE, or its name is another file's by now */
		err = (int)host_call5(__NR_linkat, wfd.fd, "", nfd.fd, dentry->d_name.name, AT_EMPTY_PATH);
		if (writer)
			hostfs_put_writer(inode);
		else
			hostfs_unpin(inode);
	} else if (nameless) {
		err = -ENOENT;
	} else {
		err = hostfs_dirfd(t, old->d_parent, &ofd);
		if (!err) {
			err = (int)host_call5(__NR_linkat, ofd.fd, old->d_name.name, nfd.fd, dentry->d_name.name, 0);
			hostfs_unpin(old->d_parent->d_inode);
		}
	}
	if (!err) {
		uint64_t since = hostfs_clock();
		struct statx stx;

		err = hostfs_statx(nfd, dentry->d_name.name, &stx);
		if (!err) { /* the old name may have become another file's meanwhile */
			inode = hostfs_iget(dir->i_sb, &stx, since);
			err = IS_ERR(inode) ? (int)PTR_ERR(inode) : 0;
		}
		if (!err) {
			dentry->d_time = hostfs_clock();
			d_instantiate(dentry, inode);
			dir_changed(dir);
		}
	}
	hostfs_unpin(dentry->d_parent->d_inode);
	return err;
}

static int
remove_name(struct task *t, struct inode *dir, struct dentry *dentry, unsigned int flags)
{
	struct inode *inode = dentry->d_inode;
	hfd_t dirfd;
	int err = writable_dirfd(t, dentry->d_parent, &dirfd);

	if (err)
		return err;
	err = (int)host_call3(__NR_unlinkat, dirfd.fd, dentry->d_name.name, flags);
	hostfs_unpin(dentry->d_parent->d_inode);
	if (!err) {
		hostfs_change_begin(inode);
		inode->i_nlink = flags & AT_REMOVEDIR || inode->i_nlink == 0 ? 0 : inode->i_nlink - 1;
		hostfs_change_end(inode);
		dir_changed(dir);
	}
	return err;
}

static int
hostfs_unlink(struct task *t, struct inode *dir, struct dentry *dentry)
{
	return remove_name(t, dir, dentry, 0);
}

static int
hostfs_rmdir(struct task *t, struct inode *dir, struct dentry *dentry)
{
	return remove_name(t, dir, dentry, AT_REMOVEDIR);
}

static int
hostfs_rename(struct task *t, struct inode *odir, struct dentry *old, struct inode *ndir, struct dentry *new, unsigned int flags)
{
	hfd_t ofd, nfd;
	int err = writable_dirfd(t, old->d_parent, &ofd);

	if (err)
		return err;
	err = writable_dirfd(t, new->d_parent, &nfd);
	if (!err) {
		err = (int)host_call5(__NR_renameat2, ofd.fd, old->d_name.name, nfd.fd, new->d_name.name, flags);
		hostfs_unpin(new->d_parent->d_inode);
	}
	hostfs_unpin(old->d_parent->d_inode);
	if (err)
		return err;
	if (new->d_inode) {
		hostfs_change_begin(new->d_inode);
		if (!(flags & RENAME_EXCHANGE) && new->d_inode->i_nlink > 0)
			new->d_inode->i_nlink = (new->d_inode->i_mode & S_IFMT) == S_IFDIR ? 0 : new->d_inode->i_nlink - 1;
		hostfs_change_end(new->d_inode);
	}
	hostfs_changed(old->d_inode);
	dir_changed(odir);
	dir_changed(ndir);
	return 0;
}

const struct inode_operations hostfs_dir_iops = {
	.lookup = hostfs_lookup,
	.create = hostfs_create,
	.link = hostfs_link,
	.unlink = hostfs_unlink,
	.symlink = hostfs_symlink,
	.mkdir = hostfs_mkdir,
	.rmdir = hostfs_rmdir,
	.mknod = hostfs_mknod,
	.rename = hostfs_rename,
	.tmpfile = hostfs_tmpfile,
	.setattr = hostfs_setattr,
	.getattr = hostfs_getattr,
	.getattr_name = hostfs_getattr_name,
	.getxattr = hostfs_getxattr,
	.setxattr = hostfs_setxattr,
	.listxattr = hostfs_listxattr,
};

const struct inode_operations hostfs_file_iops = {
	.setattr = hostfs_setattr,
	.getattr = hostfs_getattr,
	.getxattr = hostfs_getxattr,
	.setxattr = hostfs_setxattr,
	.listxattr = hostfs_listxattr,
};

const struct inode_operations hostfs_symlink_iops = {
	.get_link = hostfs_get_link,
	.setattr = hostfs_setattr,
	.getattr = hostfs_getattr,
	.getxattr = hostfs_getxattr,
	.setxattr = hostfs_setxattr,
	.listxattr = hostfs_listxattr,
};
