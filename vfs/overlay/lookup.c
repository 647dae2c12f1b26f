/* SPDX-License-Identifier: MIT
 *
 * Looking a name up in all layers, and whether what was found is still true.
 */
#include <linux/stat.h>

#include "kernel/task.h"
#include "vfs/hostfs/hostfs.h"
#include "vfs/namei.h"
#include "vfs/overlay/overlay.h"

/* A name in one layer's directory: NULL if there is nothing, *@white if a whiteout says so. */
static struct dentry *
lookup_layer(struct task *t, struct dentry *dir, const struct qstr *name, bool *white)
{
	struct dentry *d = lookup_one_unlocked(t, name, dir);

	*white = false;
	if (IS_ERR(d))
		return PTR_ERR(d) == -ENOENT ? NULL : d;
	if (d_is_negative(d)) {
		dput(d);
		return NULL;
	}
	if (ovl_is_whiteout(d)) {
		dput(d);
		*white = true;
		return NULL;
	}
	return d;
}

struct found {
	struct dentry *upper;
	struct ovl_lower lower[OVL_MAX_LOWER];
	unsigned int nr_lower;
};

static void
put_found(struct found *f)
{
	dput(f->upper);
	for (unsigned int i = 0; i < f->nr_lower; i++)
		dput(f->lower[i].dentry);
}

static int
lookup_lowers(struct task *t, struct ovl_sb *ofs, const struct ovl_inode *dir, const struct qstr *name, struct found *f)
{
	for (unsigned int i = 0; i < dir->nr_lower; i++) {
		bool white, isdir;
		struct dentry *d = lookup_layer(t, dir->lower[i].dentry, name, &white);

		if (IS_ERR(d))
			return (int)PTR_ERR(d);
		if (white)
			return 0;
		if (!d)
			continue;
		isdir = S_ISDIR(d_inode(d)->i_mode);
		if (!isdir && (f->upper || f->nr_lower > 0)) { /* hidden by a directory above */
			dput(d);
			return 0;
		}
		f->lower[f->nr_lower++] = (struct ovl_lower){ d, dir->lower[i].layer };
		if (!isdir || (dir->nr_lower > 1 && ovl_is_opaque(t, ofs, d)))
			return 0;
	}
	return 0;
}

struct dentry *
ovl_lookup(struct task *t, struct inode *dir, struct dentry *dentry)
{
	struct ovl_sb *ofs = OVL_SB(dir->i_sb);
	struct ovl_inode *oi = OVL_I(dir);
	struct dentry *upperdir = ovl_upper(dir);
	struct inode *inode = NULL;
	struct found f;
	bool stop = false;
	int err = 0;

	f.upper = NULL;
	f.nr_lower = 0;
	if (upperdir) {
		f.upper = lookup_layer(t, upperdir, &dentry->d_name, &stop);
		if (IS_ERR(f.upper))
			return f.upper;
		if (f.upper)
			stop = !S_ISDIR(d_inode(f.upper)->i_mode) || ovl_is_opaque(t, ofs, f.upper);
	}
	if (!stop)
		err = lookup_lowers(t, ofs, oi, &dentry->d_name, &f);
	if (!err && (f.upper || f.nr_lower)) {
		inode = ovl_get_inode(dir->i_sb, f.upper, f.lower, f.nr_lower);
		if (IS_ERR(inode))
			err = (int)PTR_ERR(inode);
	}
	put_found(&f);
	if (err)
		return ERR_PTR(err);
	dentry->d_time = hostfs_clock();
	return d_splice_alias(inode, dentry);
}

bool
ovl_lower_positive(struct task *t, const struct inode *dir, const struct qstr *name)
{
	const struct ovl_inode *oi = OVL_I(dir);

	for (unsigned int i = 0; i < oi->nr_lower; i++) {
		bool white;
		struct dentry *d = lookup_layer(t, oi->lower[i].dentry, name, &white);

		if (IS_ERR(d))
			return true; /* better a whiteout too many */
		if (white)
			return false;
		if (d) {
			dput(d);
			return true;
		}
	}
	return false;
}

static bool
real_is_valid(struct task *t, struct dentry *real)
{
	return !real->d_op || !real->d_op->d_revalidate || real->d_op->d_revalidate(t, real) > 0;
}

/* The host may change what is below. What has been copied up is ours alone. */
static int
ovl_revalidate(struct task *t, struct dentry *dentry)
{
	struct inode *inode = d_inode(dentry);
	struct ovl_inode *oi;

	if (!inode) {
		struct dentry *parent = dget_parent(dentry);
		bool lower = OVL_I(d_inode(parent))->nr_lower > 0;

		dput(parent);
		return !lower || hostfs_clock() - READ_ONCE(dentry->d_time) < HOSTFS_AGE_DIR;
	}
	oi = OVL_I(inode);
	if (ovl_upper(inode) && !S_ISDIR(inode->i_mode))
		return 1;
	for (unsigned int i = 0; i < oi->nr_lower; i++)
		if (!real_is_valid(t, oi->lower[i].dentry))
			return 0;
	if (!ovl_upper(inode))
		ovl_copyattr(inode);
	return 1;
}

const struct dentry_operations ovl_dentry_ops = {
	.d_revalidate = ovl_revalidate,
};
