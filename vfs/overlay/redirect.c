/* SPDX-License-Identifier: MIT
 *
 * Redirects: a directory of a lower layer is renamed by copying it up (the directory alone) and noting with the copy where the layers
 * below have the rest of it. A name means "in the same directory"; a path, from the roots of the layers.
 *
 * A redirect is noted before the rename, with the name it has then, and never taken away: so somebody who asks a directory for its
 * redirect, then for its name, and then for its redirect again, has one of them that is right.
 */
#include <linux/limits.h>

#include "kernel/slab.h"
#include "kernel/task.h"
#include "vfs/hostfs/hostfs.h"
#include "vfs/namei.h"
#include "vfs/overlay/overlay.h"

static bool
is_component(const char *s, size_t n)
{
	return n > 0 && n <= NAME_MAX && !(s[0] == '.' && (n == 1 || (n == 2 && s[1] == '.')));
}

/* One name, or a path from the root of names. */
static bool
is_valid(const char *s)
{
	bool absolute = *s == '/';

	s += absolute;
	for (;;) {
		size_t n = 0;

		while (s[n] && s[n] != '/')
			n++;
		if (!is_component(s, n))
			return false;
		if (!s[n])
			return true;
		if (!absolute)
			return false;
		s += n + 1;
	}
}

int
ovl_get_redirect(struct task *t, const struct ovl_sb *ofs, struct dentry *real, char **out)
{
	int64_t n = ovl_get_note(ofs, real, NOTE_REDIRECT, NULL, 0);
	char *s;

	*out = NULL;
	if (n == -ENODATA || n == -EOPNOTSUPP)
		return 0;
	if (n < 0)
		return (int)n;
	if (!ofs->redirect_follow)
		return -EPERM;
	if (n == 0 || n >= PATH_MAX)
		return -EINVAL;
	s = kzalloc(ofs->k, (size_t)n + 1);
	if (!s)
		return -ENOMEM;
	if (ovl_get_note(ofs, real, NOTE_REDIRECT, s, (size_t)n) != n || strlen(s) != (size_t)n || !is_valid(s)) {
		kfree(ofs->k, s);
		return -EINVAL;
	}
	*out = s;
	return 0;
}

/* The parent of an overlay's directory that has an upper part, and what the layers below call it: *@what is to be freed. */
static struct dentry *
lower_name(struct task *t, const struct ovl_sb *ofs, struct dentry *d, char **what)
{
	struct dentry *upper = ovl_upper(d_inode(d)), *parent;
	char name[NAME_MAX + 1];
	int err = ovl_get_redirect(t, ofs, upper, what);

	if (err)
		return ERR_PTR(err);
	parent = hostfs_name(d, name);
	if (!*what) /* renamed meanwhile? */
		err = ovl_get_redirect(t, ofs, upper, what);
	if (!err && !*what) {
		*what = kstrndup(ofs->k, name, NAME_MAX);
		err = *what ? 0 : -ENOMEM;
	}
	if (!err)
		return parent;
	dput(parent);
	return ERR_PTR(err);
}

/* The path of a directory in the layers below, at the end of @buf (PATH_MAX); *@at is its start. */
static int
lower_path(struct task *t, const struct ovl_sb *ofs, struct dentry *dentry, char *buf, char **at)
{
	struct dentry *d = dget(dentry);
	bool absolute = false;
	int err = 0;

	*at = buf + PATH_MAX - 1;
	**at = 0;
	while (!err && !absolute && d != d->d_sb->s_root) {
		char *what;
		struct dentry *parent = lower_name(t, ofs, d, &what);
		size_t n;

		if (IS_ERR(parent)) {
			err = (int)PTR_ERR(parent);
			break;
		}
		absolute = what[0] == '/';
		n = strlen(what);
		if ((size_t)(*at - buf) < n + 1) {
			err = -ENAMETOOLONG;
		} else {
			*at -= n;
			memcpy(*at, what, n);
			if (!absolute)
				*--*at = '/';
		}
		kfree(ofs->k, what);
		dput(d);
		d = parent;
	}
	dput(d);
	return err;
}

int
ovl_set_redirect(struct task *t, struct dentry *dentry, bool samedir)
{
	struct ovl_sb *ofs = OVL_SB(dentry->d_sb);
	struct dentry *upper = ovl_upper(d_inode(dentry));
	char *have, *buf, *at;
	bool enough;
	int err = ovl_get_redirect(t, ofs, upper, &have);

	if (err)
		return -EXDEV;
	enough = have && (samedir || have[0] == '/');
	kfree(ofs->k, have);
	if (enough)
		return 0;
	buf = kmalloc(ofs->k, PATH_MAX);
	if (!buf)
		return -EXDEV;
	err = lower_path(t, ofs, dentry, buf, &at);
	if (!err && samedir) /* and it has none yet: its name is the end of that */
		at = strrchr(at, '/') + 1;
	if (!err)
		err = ovl_set_note(t, ofs, upper, NOTE_REDIRECT, at, strlen(at));
	kfree(ofs->k, buf);
	return err ? -EXDEV : 0;
}
