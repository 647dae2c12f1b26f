/* SPDX-License-Identifier: MIT
 *
 * Changing names: everything happens in the upper layer, with a whiteout wherever a lower name would show otherwise.
 *
 * The overlay directory's i_rwsem keeps lookups of the name out while the upper layer is between two states. Of a directory with a
 * lower part the copy in the upper layer is renamed, with a redirect (redirect.c); without redirect_dir it is EXDEV (mv(1) copies).
 */
#include <linux/fcntl.h>
#include <linux/fs.h>
#include <linux/stat.h>

#include "kernel/task.h"
#include "vfs/namei.h"
#include "vfs/overlay/overlay.h"

struct making {
	uint16_t mode; /* with the type */
	uint64_t rdev;
	const char *link;	 /* symbolic link: its text */
	struct dentry *hardlink; /* the overlay's dentry to be linked */
};

static int
make_upper(struct task *t, struct inode *dir, struct dentry *d, const struct making *m)
{
	if (m->hardlink)
		return vfs_link(t, ovl_upper(d_inode(m->hardlink)), dir, d);
	switch (m->mode & S_IFMT) {
	case S_IFREG:
		return vfs_create(t, dir, d, m->mode, true);
	case S_IFDIR:
		return vfs_mkdir(t, dir, d, m->mode & 07777);
	case S_IFLNK:
		return vfs_symlink(t, dir, d, m->link);
	default:
		return vfs_mknod(t, dir, d, m->mode, m->rdev);
	}
}

/* Look @name up in a locked upper directory; a whiteout there is removed and reported. */
static struct dentry *
lookup_clear(struct task *t, struct dentry *upperdir, const struct qstr *name, bool *was_white)
{
	struct dentry *d = lookup_one(t, name, upperdir);
	int err;

	*was_white = !IS_ERR(d) && ovl_is_whiteout(d);
	if (!*was_white)
		return d;
	err = vfs_unlink(t, d_inode(upperdir), d);
	dput(d);
	return err ? ERR_PTR(err) : lookup_one(t, name, upperdir);
}

static int
put_whiteout(struct task *t, struct dentry *upperdir, const struct qstr *name)
{
	struct dentry *d = lookup_one(t, name, upperdir);
	int err;

	if (IS_ERR(d))
		return (int)PTR_ERR(d);
	err = d_is_negative(d) ? vfs_mknod(t, d_inode(upperdir), d, S_IFCHR, 0) : 0;
	dput(d);
	return err;
}

/* Makes the upper file under the overlay name; *@out is its dentry. Credentials are overridden. */
static int
create_upper(struct task *t, struct inode *dir, struct dentry *dentry, const struct making *m, struct dentry **out)
{
	struct ovl_sb *ofs = OVL_SB(dir->i_sb);
	struct dentry *upperdir = ovl_upper(dir), *d;
	struct inode *ui = d_inode(upperdir);
	bool was_white;
	int err;

	mutex_lock(&ui->i_rwsem);
	d = lookup_clear(t, upperdir, &dentry->d_name, &was_white);
	err = IS_ERR(d) ? (int)PTR_ERR(d) : d_is_negative(d) ? make_upper(t, ui, d, m) : -EEXIST;
	if (!err && S_ISDIR(m->mode) && was_white) {
		err = ovl_set_opaque(t, ofs, d);
		if (err)
			ignore_err(vfs_rmdir(t, ui, d), "it was made just now and is empty");
	}
	if (err && !IS_ERR(d))
		dput(d);
	if (err && was_white)
		ignore_err(put_whiteout(t, upperdir, &dentry->d_name), "the error to report is the first one");
	mutex_unlock(&ui->i_rwsem);
	if (!err)
		*out = d;
	return err;
}

static int
create_object(struct task *t, struct inode *dir, struct dentry *dentry, const struct making *m)
{
	struct dentry *upper;
	struct inode *inode;
	struct cred *old;
	int err = ovl_copy_up(t, dentry->d_parent, 0);

	if (!err && m->hardlink)
		err = ovl_copy_up(t, m->hardlink, 0);
	if (err)
		return err;
	if (m->hardlink)
		ovl_follow_name(t, m->hardlink);
	old = ovl_override_creds(t);
	if (!old)
		return -ENOMEM;
	err = create_upper(t, dir, dentry, m, &upper);
	ovl_revert_creds(t, old);
	if (err)
		return err;
	if (m->hardlink) {
		inode = igrab(d_inode(m->hardlink));
		mutex_lock(&OVL_I(inode)->attr);
		if (OVL_I(inode)->own_nlink)
			inc_nlink(inode);
		mutex_unlock(&OVL_I(inode)->attr);
		ovl_copyattr(inode);
		ovl_set_impure(t, dir);
	} else {
		inode = ovl_get_new_inode(dir->i_sb, upper);
	}
	dput(upper);
	ovl_copyattr(dir);
	if (IS_ERR(inode))
		return (int)PTR_ERR(inode);
	d_instantiate(dentry, inode);
	return 0;
}

static int
ovl_create(struct task *t, struct inode *dir, struct dentry *dentry, uint16_t mode, bool excl)
{
	return create_object(t, dir, dentry, &(struct making){ .mode = (uint16_t)((mode & 07777) | S_IFREG) });
}

static int
ovl_mkdir(struct task *t, struct inode *dir, struct dentry *dentry, uint16_t mode)
{
	return create_object(t, dir, dentry, &(struct making){ .mode = (uint16_t)((mode & 07777) | S_IFDIR) });
}

static int
ovl_mknod(struct task *t, struct inode *dir, struct dentry *dentry, uint16_t mode, uint64_t rdev)
{
	if (S_ISCHR(mode) && rdev == 0)
		return -EPERM; /* that would be a whiteout */
	return create_object(t, dir, dentry, &(struct making){ .mode = mode, .rdev = rdev });
}

static int
ovl_symlink(struct task *t, struct inode *dir, struct dentry *dentry, const char *target)
{
	return create_object(t, dir, dentry, &(struct making){ .mode = S_IFLNK | 0777, .link = target });
}

static int
ovl_link(struct task *t, struct dentry *old, struct inode *dir, struct dentry *dentry)
{
	return create_object(t, dir, dentry, &(struct making){ .mode = d_inode(old)->i_mode, .hardlink = old });
}

/* Take the upper entry away, if there is one, and leave a whiteout if a lower one would show. Credentials are overridden. */
static int
remove_upper(struct task *t, struct inode *dir, struct dentry *dentry, bool isdir, bool lower)
{
	struct dentry *upperdir = ovl_upper(dir), *d;
	struct inode *ui = d_inode(upperdir);
	int err = isdir && ovl_upper(d_inode(dentry)) ? ovl_clear_whiteouts(t, ovl_upper(d_inode(dentry))) : 0;

	if (err)
		return err;
	mutex_lock(&ui->i_rwsem);
	d = lookup_one(t, &dentry->d_name, upperdir);
	if (IS_ERR(d)) {
		err = (int)PTR_ERR(d);
		goto unlock;
	}
	if (!d_is_negative(d) && !ovl_is_whiteout(d))
		err = isdir ? vfs_rmdir(t, ui, d) : vfs_unlink(t, ui, d);
	dput(d);
	if (!err && lower)
		err = put_whiteout(t, upperdir, &dentry->d_name);
unlock:
	mutex_unlock(&ui->i_rwsem);
	return err;
}

static void
lost_a_name(struct inode *inode)
{
	struct ovl_inode *oi = OVL_I(inode);

	if (S_ISDIR(inode->i_mode)) {
		clear_nlink(inode);
		return;
	}
	mutex_lock(&oi->attr);
	if (!ovl_upper(inode))
		oi->own_nlink = true; /* the lower file does not know that it is gone */
	if (oi->own_nlink && inode->i_nlink > 0)
		drop_nlink(inode);
	mutex_unlock(&oi->attr);
	ovl_copyattr(inode);
	inode_update_times(inode, ATTR_CTIME);
}

static int
ovl_remove(struct task *t, struct inode *dir, struct dentry *dentry, bool isdir)
{
	struct cred *old;
	bool lower;
	int err = isdir ? ovl_check_empty(t, dentry) : 0;

	if (!err)
		err = ovl_copy_up(t, dentry->d_parent, 0);
	if (err)
		return err;
	old = ovl_override_creds(t);
	if (!old)
		return -ENOMEM;
	lower = ovl_lower_positive(t, dir, &dentry->d_name);
	err = remove_upper(t, dir, dentry, isdir, lower);
	ovl_revert_creds(t, old);
	if (!err)
		lost_a_name(d_inode(dentry));
	ovl_copyattr(dir);
	return err;
}

static int
ovl_unlink(struct task *t, struct inode *dir, struct dentry *dentry)
{
	return ovl_remove(t, dir, dentry, false);
}

static int
ovl_rmdir(struct task *t, struct inode *dir, struct dentry *dentry)
{
	return ovl_remove(t, dir, dentry, true);
}

/* The file is in the upper layer, perhaps by another of its names: give it this one too. Both are the overlay's. */
static int
ensure_upper_name(struct task *t, struct inode *dir, struct dentry *dentry)
{
	struct dentry *upperdir = ovl_upper(dir), *d;
	struct inode *ui = d_inode(upperdir);
	int err = 0;

	mutex_lock(&ui->i_rwsem);
	d = lookup_one(t, &dentry->d_name, upperdir);
	if (IS_ERR(d)) {
		err = (int)PTR_ERR(d);
	} else {
		if (d_is_negative(d))
			err = vfs_link(t, ovl_upper(d_inode(dentry)), ui, d);
		dput(d);
	}
	mutex_unlock(&ui->i_rwsem);
	return err;
}

static bool
has_lower_part(const struct inode *inode)
{
	return S_ISDIR(inode->i_mode) && OVL_I(inode)->nr_lower > 0;
}

/*
 * @upper, of the overlay's @dentry, is about to get another name. @shows: the lower layers have something by that name.
 * A directory must not be merged with it, and must not lose what it is merged with.
 */
static int
mark_renamed(struct task *t, struct dentry *dentry, struct dentry *upper, bool shows, bool samedir)
{
	if (has_lower_part(d_inode(dentry)))
		return ovl_set_redirect(t, dentry, samedir);
	return shows && S_ISDIR(d_inode(dentry)->i_mode) ? ovl_set_opaque(t, OVL_SB(dentry->d_sb), upper) : 0;
}

/* The two upper entries are made ready; both upper directories are locked and credentials overridden. */
static int
rename_upper(struct task *t, struct inode *odir, struct dentry *old, struct inode *ndir, struct dentry *new, unsigned int flags)
{
	struct dentry *uo = ovl_upper(odir), *un = ovl_upper(ndir), *a, *b;
	bool lower_old, lower_new, was_white = false;
	int err = 0;

	lower_old = ovl_lower_positive(t, odir, &old->d_name);
	lower_new = ovl_lower_positive(t, ndir, &new->d_name);
	lock_rename(uo, un);
	a = lookup_one(t, &old->d_name, uo);
	if (IS_ERR(a)) {
		unlock_rename(uo, un);
		return (int)PTR_ERR(a);
	}
	b = flags & RENAME_EXCHANGE ? lookup_one(t, &new->d_name, un) : lookup_clear(t, un, &new->d_name, &was_white);
	if (IS_ERR(b)) {
		err = (int)PTR_ERR(b);
		goto out;
	}
	if (d_is_negative(a))
		err = -ESTALE;
	if (!err)
		err = mark_renamed(t, old, a, lower_new || was_white, odir == ndir);
	if (!err && (flags & RENAME_EXCHANGE))
		err = mark_renamed(t, new, b, lower_old, odir == ndir);
	if (!err && !(flags & RENAME_EXCHANGE) && lower_old)
		flags |= RENAME_WHITEOUT;
	flags &= ~(unsigned int)RENAME_NOREPLACE;
	if (!err)
		err = vfs_rename(t, d_inode(uo), a, d_inode(un), b, flags);
	if (err == -EINVAL && (flags & RENAME_WHITEOUT)) { /* the upper file system cannot do both in one step */
		err = vfs_rename(t, d_inode(uo), a, d_inode(un), b, flags & ~(unsigned int)RENAME_WHITEOUT);
		if (!err)
			err = put_whiteout(t, uo, &old->d_name);
	}
	if (err && was_white)
		ignore_err(put_whiteout(t, un, &new->d_name), "the error to report is the first one");
	dput(b);
out:
	dput(a);
	unlock_rename(uo, un);
	return err;
}

/* Everything that takes part is in the upper layer, by the names it has. */
static int
prepare_rename(struct task *t, struct inode *odir, struct dentry *old, struct inode *ndir, struct dentry *new, unsigned int flags)
{
	int err = ovl_copy_up(t, old->d_parent, 0);

	if (!err)
		err = ovl_copy_up(t, new->d_parent, 0);
	if (!err)
		err = ovl_copy_up(t, old, 0);
	if (!err && !S_ISDIR(d_inode(old)->i_mode))
		err = ensure_upper_name(t, odir, old);
	if (!err && !(flags & RENAME_EXCHANGE) && d_inode(new) && S_ISDIR(d_inode(new)->i_mode) && ovl_upper(d_inode(new)))
		err = ovl_clear_whiteouts(t, ovl_upper(d_inode(new)));
	if (err || !(flags & RENAME_EXCHANGE))
		return err;
	err = ovl_copy_up(t, new, 0);
	if (!err && !S_ISDIR(d_inode(new)->i_mode))
		err = ensure_upper_name(t, ndir, new);
	return err;
}

static int
ovl_rename(struct task *t, struct inode *odir, struct dentry *old, struct inode *ndir, struct dentry *new, unsigned int flags)
{
	struct inode *target = d_inode(new);
	struct cred *saved;
	int err;

	if (flags & ~(unsigned int)(RENAME_NOREPLACE | RENAME_EXCHANGE))
		return -EINVAL;
	if (!OVL_SB(odir->i_sb)->redirect_dir && (has_lower_part(d_inode(old)) || ((flags & RENAME_EXCHANGE) && has_lower_part(target))))
		return -EXDEV;
	if (target && S_ISDIR(target->i_mode) && !(flags & RENAME_EXCHANGE)) {
		err = ovl_check_empty(t, new);
		if (err)
			return err;
	}
	saved = ovl_override_creds(t);
	if (!saved)
		return -ENOMEM;
	err = prepare_rename(t, odir, old, ndir, new, flags);
	if (!err)
		err = rename_upper(t, odir, old, ndir, new, flags);
	ovl_revert_creds(t, saved);
	ovl_copyattr(odir);
	ovl_copyattr(ndir);
	if (!err) {
		ovl_set_impure(t, ndir);
		if (flags & RENAME_EXCHANGE)
			ovl_set_impure(t, odir);
		if (target && !(flags & RENAME_EXCHANGE))
			lost_a_name(target);
		ovl_copyattr(d_inode(old));
	}
	return err;
}

static int
ovl_tmpfile(struct task *t, struct inode *dir, struct file *file, uint16_t mode)
{
	struct ovl_sb *ofs = OVL_SB(dir->i_sb);
	struct inode *ui, *inode;
	struct file *real;
	struct dentry *d;
	struct cred *old;
	int err = ovl_copy_up(t, file->f_path.dentry->d_parent, 0);

	if (err)
		return err;
	ui = d_inode(ovl_upper(dir));
	if (!ui->i_op->tmpfile)
		return -EOPNOTSUPP;
	d = d_alloc(ovl_upper(dir), &QSTR("#"));
	real = kzalloc(ofs->k, sizeof(*real)); /* only to pass the dentry in */
	old = d && real ? ovl_override_creds(t) : NULL;
	err = old ? 0 : -ENOMEM;
	if (!err) {
		real->f_path = (struct path){ ofs->upper_mnt, d };
		mutex_lock(&ui->i_rwsem);
		err = ui->i_op->tmpfile(t, ui, real, mode);
		mutex_unlock(&ui->i_rwsem);
		ovl_revert_creds(t, old);
	}
	if (!err) {
		set_bits(&d_inode(d)->i_state, I_LINKABLE); /* the overlay's own inode says whether it may be linked */
		inode = ovl_get_new_inode(dir->i_sb, d);
		err = IS_ERR(inode) ? (int)PTR_ERR(inode) : 0;
		if (!err)
			d_instantiate(file->f_path.dentry, inode);
	}
	kfree(ofs->k, real);
	dput(d);
	return err;
}

const struct inode_operations ovl_dir_iops = {
	.lookup = ovl_lookup,
	.create = ovl_create,
	.link = ovl_link,
	.unlink = ovl_unlink,
	.symlink = ovl_symlink,
	.mkdir = ovl_mkdir,
	.rmdir = ovl_rmdir,
	.mknod = ovl_mknod,
	.rename = ovl_rename,
	.tmpfile = ovl_tmpfile,
	.setattr = ovl_setattr,
	.getattr = ovl_getattr,
	.getattr_name = ovl_getattr_name,
	.getxattr = ovl_getxattr,
	.setxattr = ovl_setxattr,
	.listxattr = ovl_listxattr,
};
