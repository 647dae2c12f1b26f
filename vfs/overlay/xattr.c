/* SPDX-License-Identifier: MIT
 *
 * Extended attributes of an overlay: what it notes itself with files of its upper layer, and those of programs.
 */
#include <linux/limits.h>
#include <linux/stat.h>
#include <linux/xattr.h>

#include "kernel/task.h"
#include "vfs/namei.h"
#include "vfs/overlay/overlay.h"

static const char *
note_name(const struct ovl_sb *ofs, enum ovl_note note)
{
	static const char *const names[][2] = {
		[NOTE_OPAQUE] = { "trusted.overlay.opaque", "user.overlay.opaque" },
		[NOTE_ORIGIN] = { "trusted.overlay.origin", "user.overlay.origin" },
		[NOTE_IMPURE] = { "trusted.overlay.impure", "user.overlay.impure" },
		[NOTE_STEAD] = { "trusted.overlay.stead", "user.overlay.stead" },
		[NOTE_REDIRECT] = { "trusted.overlay.redirect", "user.overlay.redirect" },
	};

	return names[note][ofs->userxattr];
}

int64_t
ovl_get_note(const struct ovl_sb *ofs, struct dentry *real, enum ovl_note note, void *v, size_t n)
{
	struct inode *inode = d_inode(real);

	return inode->i_op->getxattr ? inode->i_op->getxattr(NULL, real, note_name(ofs, note), v, n) : -EOPNOTSUPP;
}

int
ovl_set_note(struct task *t, const struct ovl_sb *ofs, struct dentry *upper, enum ovl_note note, const void *v, size_t n)
{
	struct inode *inode = d_inode(upper);
	int err;

	if (!inode->i_op->setxattr)
		return -EOPNOTSUPP;
	mutex_lock_nested(&inode->i_rwsem);
	err = inode->i_op->setxattr(t, upper, note_name(ofs, note), v, n, 0);
	mutex_unlock(&inode->i_rwsem);
	return err;
}

bool
ovl_is_private_xattr(const struct ovl_sb *ofs, const char *name)
{
	return ofs->userxattr ? strncmp(name, "user.overlay.", 13) == 0 : strncmp(name, "trusted.overlay.", 16) == 0;
}

/*
 * A program's own attribute of our prefix (an overlay inside) is kept as PREFIXoverlay.NAME, so that it does not mean anything
 * to us. The name to use, in @buf if it is another one, or NULL: too long.
 */
static const char *
escape_xattr(const struct ovl_sb *ofs, const char *name, char *buf)
{
	const char *prefix = ofs->userxattr ? "user.overlay." : "trusted.overlay.";
	size_t n = strlen(prefix);

	if (!ovl_is_private_xattr(ofs, name))
		return name;
	if (strlen(name) + 8 > XATTR_NAME_MAX)
		return NULL;
	ksnprintf(buf, XATTR_NAME_MAX + 1, "%soverlay.%s", prefix, name + n);
	return buf;
}

int64_t
ovl_getxattr(struct task *t, struct dentry *dentry, const char *name, void *buf, size_t n)
{
	char escaped[XATTR_NAME_MAX + 1];
	struct path real;

	ovl_follow_name(t, dentry);
	ovl_real_path(d_inode(dentry), &real);
	name = escape_xattr(OVL_SB(dentry->d_sb), name, escaped);
	if (!name || !d_inode(real.dentry)->i_op->getxattr)
		return -EOPNOTSUPP;
	return d_inode(real.dentry)->i_op->getxattr(t, real.dentry, name, buf, n);
}

int
ovl_setxattr(struct task *t, struct dentry *dentry, const char *name, const void *buf, size_t n, int flags)
{
	struct inode *inode = d_inode(dentry);
	char escaped[XATTR_NAME_MAX + 1];
	struct cred *old;
	int64_t err;

	if (!buf && !ovl_upper(inode)) { /* nothing to remove: no need to copy up */
		err = ovl_getxattr(t, dentry, name, NULL, 0);
		if (err < 0)
			return (int)err;
	}
	err = ovl_copy_up(t, dentry, 0);
	if (err)
		return (int)err;
	ovl_follow_name(t, dentry);
	old = ovl_override_creds(t);
	if (!old)
		return -ENOMEM;
	name = escape_xattr(OVL_SB(inode->i_sb), name, escaped);
	err = name ? vfs_setxattr(t, ovl_upper(inode), name, buf, n, flags) : -EOPNOTSUPP;
	ovl_revert_creds(t, old);
	ovl_copyattr(inode);
	return (int)err;
}

/* Names of the real file without our own, and with those of programs as they gave them. */
int64_t
ovl_listxattr(struct task *t, struct dentry *dentry, char *buf, size_t n)
{
	struct ovl_sb *ofs = OVL_SB(dentry->d_sb);
	size_t prefix = strlen(ofs->userxattr ? "user.overlay." : "trusted.overlay.");
	struct path real;
	char *names;
	int64_t len, out = 0;

	ovl_follow_name(t, dentry);
	ovl_real_path(d_inode(dentry), &real);
	if (!d_inode(real.dentry)->i_op->listxattr)
		return 0;
	names = kmalloc(ofs->k, XATTR_LIST_MAX);
	if (!names)
		return -ENOMEM;
	len = d_inode(real.dentry)->i_op->listxattr(t, real.dentry, names, XATTR_LIST_MAX);
	for (int64_t at = 0, m; at < len && out >= 0; at += m) {
		char *name = names + at;

		m = (int64_t)strlen(name) + 1;
		if (ovl_is_private_xattr(ofs, name)) {
			if (strncmp(name + prefix, "overlay.", 8) != 0)
				continue;
			memmove(name + prefix, name + prefix + 8, (size_t)m - prefix - 8);
		}
		if (buf && n && (size_t)out + strlen(name) + 1 > n)
			out = -ERANGE;
		else if (buf && n)
			memcpy(buf + out, name, strlen(name) + 1);
		if (out >= 0)
			out += (int64_t)strlen(name) + 1;
	}
	kfree(ofs->k, names);
	return len < 0 ? len : out;
}

bool
ovl_is_opaque(struct task *t, struct ovl_sb *ofs, struct dentry *real)
{
	char v;

	return ovl_get_note(ofs, real, NOTE_OPAQUE, &v, 1) == 1 && v == 'y';
}

int
ovl_set_opaque(struct task *t, struct ovl_sb *ofs, struct dentry *upper)
{
	return ovl_set_note(t, ofs, upper, NOTE_OPAQUE, "y", 1);
}

int
ovl_set_origin(struct task *t, struct ovl_sb *ofs, struct dentry *upper, uint64_t ino)
{
	int err;

	if (!ofs->kept)
		return ovl_set_note(t, ofs, upper, NOTE_ORIGIN, &ino, sizeof(ino));
	err = ovl_set_note(t, ofs, upper, NOTE_STEAD, &ino, sizeof(ino));
	return err ? err : ovl_set_note(t, ofs, upper, NOTE_ORIGIN, "", 0);
}

bool
ovl_is_impure(struct task *t, struct inode *dir)
{
	struct ovl_inode *oi = OVL_I(dir);
	struct dentry *upper = ovl_upper(dir);
	char v;

	if (!oi->impure_known && upper) {
		if (ovl_get_note(OVL_SB(dir->i_sb), upper, NOTE_IMPURE, &v, 1) == 1 && v == 'y')
			oi->impure = true;
		oi->impure_known = true;
	}
	return oi->impure;
}

void
ovl_set_impure(struct task *t, struct inode *dir)
{
	if (ovl_is_impure(t, dir))
		return;
	OVL_I(dir)->impure = true;
	ignore_err(ovl_set_note(t, OVL_SB(dir->i_sb), ovl_upper(dir), NOTE_IMPURE, "y", 1), "only numbers in listings");
}
