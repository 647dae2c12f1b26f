/* SPDX-License-Identifier: MIT
 *
 * Looking a name up in all layers, and whether what was found is still true.
 */
#include <linux/limits.h>
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

/* Looking one name up, from layer to layer. */
struct walk {
	struct task *t;
	struct ovl_sb *ofs;
	const struct qstr *name;
	char *redirect; /* NULL, or where the layers that follow have it: a name or a path from their roots */
	bool stop;	/* the layers that follow do not count */
	struct found found;
};

/* The directory @real, the last component of @path before @rest, says where the layers below have it. */
static int
follow_redirect(struct walk *w, struct dentry *real, const char *path, const char *component, const char *rest)
{
	const char *prefix = w->redirect ? w->redirect : path; /* it ends as @path does: from @component on */
	size_t keep = strlen(prefix) - strlen(component), n;
	char *to, *whole;
	int err = ovl_get_redirect(w->t, w->ofs, real, &to);

	if (err || !to)
		return err;
	if (to[0] == '/')
		keep = 0;
	n = keep + strlen(to) + strlen(rest);
	whole = n < PATH_MAX ? kmalloc(w->ofs->k, n + 1) : NULL;
	if (whole)
		ksnprintf(whole, n + 1, "%.*s%s%s", (int)keep, prefix, to, rest);
	else
		err = n < PATH_MAX ? -ENOMEM : -ENAMETOOLONG;
	kfree(w->ofs->k, to);
	if (whole) {
		kfree(w->ofs->k, w->redirect);
		w->redirect = whole;
	}
	return err;
}

/* A name, or a path, in one layer; NULL if it is not there. @last: no layer follows. */
static struct dentry *
lookup_in_layer(struct walk *w, struct dentry *base, const char *path, bool last)
{
	struct dentry *d = dget(base);
	const char *s = path + (*path == '/');

	for (;;) {
		struct dentry *dir = d;
		size_t n = 0;
		bool white, isdir;
		int err = 0;

		while (s[n] && s[n] != '/')
			n++;
		d = lookup_layer(w->t, dir, path == w->name->name ? w->name : &QSTR_LEN(s, (uint32_t)n), &white);
		dput(dir);
		w->stop |= white;
		if (IS_ERR(d) || !d)
			return d;
		isdir = S_ISDIR(d_inode(d)->i_mode);
		if (!isdir) {
			w->stop = true;
			if (!s[n] && !w->found.upper && w->found.nr_lower == 0)
				return d;
			dput(d); /* hidden by a directory above, or not on any path */
			return NULL;
		}
		if (!last && ovl_is_opaque(w->t, w->ofs, d))
			w->stop = true;
		else if (!last)
			err = follow_redirect(w, d, path, s, s + n);
		if (err) {
			dput(d);
			return ERR_PTR(err);
		}
		if (!s[n])
			return d;
		s += n + 1;
	}
}

/*
 * The lower layers, from the top. The directory's own ones are asked, until a redirect leads from the root: then those of the
 * root that are below.
 */
static int
lookup_lowers(struct walk *w, struct super_block *sb, const struct ovl_inode *dir)
{
	const struct ovl_inode *root = OVL_I(d_inode(sb->s_root)), *stack = dir;
	unsigned int from = 0; /* the first layer not asked yet */

	for (unsigned int i = 0; !w->stop; i++) {
		char *path = NULL; /* a copy: the walk may change it for the layers that follow */
		struct dentry *d;

		if (w->redirect && w->redirect[0] == '/' && stack != root) {
			stack = root;
			i = 0;
		}
		while (i < stack->nr_lower && stack->lower[i].layer < from)
			i++;
		if (i >= stack->nr_lower)
			return 0;
		if (w->redirect) {
			path = kstrndup(w->ofs->k, w->redirect, PATH_MAX);
			if (!path)
				return -ENOMEM;
		}
		from = stack->lower[i].layer + 1;
		d = lookup_in_layer(w, stack->lower[i].dentry, path ? path : w->name->name, from == w->ofs->nr_lower);
		kfree(w->ofs->k, path);
		if (IS_ERR(d))
			return (int)PTR_ERR(d);
		if (d)
			w->found.lower[w->found.nr_lower++] = (struct ovl_lower){ d, stack->lower[i].layer };
	}
	return 0;
}

static int
lookup_upper(struct walk *w, struct dentry *upperdir)
{
	struct dentry *d = lookup_layer(w->t, upperdir, w->name, &w->stop);

	if (IS_ERR(d))
		return (int)PTR_ERR(d);
	w->found.upper = d;
	if (!d)
		return 0;
	w->stop = !S_ISDIR(d_inode(d)->i_mode) || ovl_is_opaque(w->t, w->ofs, d);
	return w->stop || w->ofs->nr_lower == 0 ? 0 : ovl_get_redirect(w->t, w->ofs, d, &w->redirect);
}

struct dentry *
ovl_lookup(struct task *t, struct inode *dir, struct dentry *dentry)
{
	struct inode *inode = NULL;
	struct walk w;
	int err;

	w.t = t;
	w.ofs = OVL_SB(dir->i_sb);
	w.name = &dentry->d_name;
	w.redirect = NULL;
	w.stop = false;
	w.found.upper = NULL;
	w.found.nr_lower = 0;
	err = ovl_upper(dir) ? lookup_upper(&w, ovl_upper(dir)) : 0;
	if (!err)
		err = lookup_lowers(&w, dir->i_sb, OVL_I(dir));
	if (!err && (w.found.upper || w.found.nr_lower)) {
		inode = ovl_get_inode(dir->i_sb, w.found.upper, w.found.lower, w.found.nr_lower);
		if (IS_ERR(inode))
			err = (int)PTR_ERR(inode);
	}
	kfree(t->k, w.redirect);
	put_found(&w.found);
	if (err)
		return ERR_PTR(err);
	dentry->d_time = hostfs_clock();
	return d_splice_alias(inode, dentry);
}

/*
 * A file of the host in a directory that is in one lower layer alone: all that the overlay adds is the number. Files with
 * several names share an inode, which may have changed.
 */
int
ovl_getattr_name(struct task *t, struct dentry *dir, const struct qstr *name, bool follow, struct kstat *st)
{
	struct inode *inode = d_inode(dir);
	const struct ovl_inode *oi = OVL_I(inode);
	struct dentry *real = oi->nr_lower == 1 && !ovl_upper(inode) ? oi->lower[0].dentry : NULL;
	int err;

	if (!real || !is_hostfs(real->d_sb))
		return 1;
	err = inode_permission(t, d_inode(real), MAY_EXEC);
	if (!err)
		err = hostfs_getattr_name(t, real, name, follow, st);
	if (err)
		return err;
	if (st->nlink > 1)
		return 1;
	st->ino = ovl_map_dev_ino(OVL_SB(inode->i_sb), st->dev, st->ino);
	st->dev = inode->i_sb->s_dev;
	return 0;
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
