/* SPDX-License-Identifier: MIT
 *
 * Mounting overlays: by mount(2) with lowerdir=, upperdir= and workdir=, and the root at boot.
 */
#include <asm/statfs.h>
#include <linux/fcntl.h>
#include <linux/fs.h>
#include <linux/mount.h>
#include <linux/stat.h>

#include "kernel/cred.h"
#include "kernel/task.h"
#include "vfs/hostfs/hostfs.h"
#include "vfs/namei.h"
#include "vfs/namespace.h"
#include "vfs/overlay/overlay.h"
#include "vfs/tmpfs/tmpfs.h"

static int
ovl_statfs(struct task *t, struct dentry *dentry, void *kstatfs)
{
	struct ovl_sb *ofs = OVL_SB(dentry->d_sb);
	struct mount *m = ofs->upper_mnt ? ofs->upper_mnt : ofs->lower_mnt[0];
	int err = vfs_statfs(t, m->mnt_root, kstatfs);

	if (!err)
		((struct statfs64 *)kstatfs)->f_type = OVL_SUPER_MAGIC;
	return err;
}

static void
free_layers(struct ovl_sb *ofs)
{
	struct kernel *k = ofs->k;

	dput(ofs->work);
	mntput(ofs->upper_mnt);
	for (unsigned int i = 0; i < ofs->nr_lower; i++)
		mntput(ofs->lower_mnt[i]);
	kfree(k, ofs->options);
	kfree(k, ofs);
}

static void
ovl_put_super(struct super_block *sb)
{
	struct ovl_sb *ofs = OVL_SB(sb);

	if (!ofs)
		return;
	while (!list_empty(&ofs->pinned)) {
		struct ovl_inode *oi = list_first_entry(&ofs->pinned, struct ovl_inode, pinned);

		list_del_init(&oi->pinned);
		iput(oi->inode);
	}
	free_layers(ofs);
	sb->s_fs_info = NULL;
}

static int
ovl_show_options(struct super_block *sb, char *buf, size_t n)
{
	struct ovl_sb *ofs = OVL_SB(sb);
	int len = ksnprintf(buf, n, "%s%s", ofs->options ? "," : "", ofs->options ? ofs->options : "");

	return MIN(len, (int)n - 1);
}

static const struct super_operations ovl_sops = {
	.evict_inode = ovl_evict_inode,
	.statfs = ovl_statfs,
	.put_super = ovl_put_super,
	.show_options = ovl_show_options,
};

/* The layers are there (of ofs, which is consumed): the super block on top. */
static int
make_super(struct fs_context *fc, struct ovl_sb *ofs, struct super_block **out)
{
	struct ovl_lower low[OVL_MAX_LOWER];
	uint32_t depth = 1 + (ofs->upper_mnt ? ofs->upper_mnt->mnt_sb->s_stack_depth : 0);
	struct super_block *sb;
	struct inode *root;

	for (unsigned int i = 0; i < ofs->nr_lower; i++)
		depth = MAX(depth, 1 + ofs->lower_mnt[i]->mnt_sb->s_stack_depth);
	sb = depth <= OVL_MAX_DEPTH ? sget(fc->k, &overlay_fs_type) : NULL;
	if (!sb) {
		free_layers(ofs);
		return depth > OVL_MAX_DEPTH ? -EINVAL : -ENOMEM;
	}
	sb->s_fs_info = ofs;
	sb->s_op = &ovl_sops;
	sb->s_stack_depth = depth;
	mutex_init(&sb->s_vfs_rename, depth > 1 ? RANK_RENAME_OVERLAY2 : RANK_RENAME_OVERLAY);
	sb->s_d_op = &ovl_dentry_ops;
	sb->s_magic = OVL_SUPER_MAGIC;
	sb->s_flags = fc->flags | (ofs->upper_mnt ? 0 : MS_RDONLY);
	sb->s_maxbytes = ofs->upper_mnt ? ofs->upper_mnt->mnt_sb->s_maxbytes : MAX_LFS_FILESIZE;
	for (unsigned int i = 0; i < ofs->nr_lower; i++)
		low[i] = (struct ovl_lower){ ofs->lower_mnt[i]->mnt_root, i };
	if (ofs->nr_lower) /* index 0 of the inode numbers is the lowest layer's file system */
		(void)ovl_map_ino(ofs, d_inode(low[ofs->nr_lower - 1].dentry));
	root = ovl_get_inode(sb, ofs->upper_mnt ? ofs->upper_mnt->mnt_root : NULL, low, ofs->nr_lower);
	if (IS_ERR(root)) {
		deactivate_super(sb);
		return (int)PTR_ERR(root);
	}
	sb->s_root = d_make_root(sb, root);
	if (!sb->s_root) {
		deactivate_super(sb);
		return -ENOMEM;
	}
	*out = sb;
	return 0;
}

static struct ovl_sb *
alloc_ofs(struct kernel *k)
{
	struct ovl_sb *ofs = kzalloc(k, sizeof(*ofs));

	if (!ofs)
		return NULL;
	ofs->k = k;
	mutex_init(&ofs->lock, RANK_LEAF);
	INIT_LIST_HEAD(&ofs->pinned);
	return ofs;
}

/* A mount of our own of a directory, so that what happens to the original mount does not concern us. */
static int
private_mount(struct task *t, const char *name, struct mount **out)
{
	struct path path;
	int err = kern_path(t, name, LOOKUP_FOLLOW | LOOKUP_DIRECTORY, &path);

	if (err)
		return err;
	refcount_inc(&path.mnt->mnt_sb->s_active);
	*out = alloc_mount(path.mnt->mnt_sb, path.dentry, "overlay");
	if (*out)
		(*out)->mnt_flags = MNT_INTERNAL | MNT_RELATIME;
	else
		deactivate_super(path.mnt->mnt_sb);
	path_put(t, &path);
	return *out ? 0 : -ENOMEM;
}

/* One "work" directory, empty, below workdir. */
static int
open_work(struct task *t, struct ovl_sb *ofs, const char *workdir)
{
	struct mount *m;
	struct dentry *d;
	int err = private_mount(t, workdir, &m);

	if (err)
		return err;
	if (m->mnt_sb != ofs->upper_mnt->mnt_sb || m->mnt_root == ofs->upper_mnt->mnt_root) {
		mntput(m);
		return -EINVAL;
	}
	mutex_lock(&d_inode(m->mnt_root)->i_rwsem);
	d = lookup_one(t, &QSTR("work"), m->mnt_root);
	if (!IS_ERR(d) && d_is_negative(d))
		err = vfs_mkdir(t, d_inode(m->mnt_root), d, 0);
	mutex_unlock(&d_inode(m->mnt_root)->i_rwsem);
	if (IS_ERR(d))
		err = (int)PTR_ERR(d);
	else if (err)
		dput(d);
	else
		ofs->work = d;
	mntput(m);
	return err;
}

static int
add_lowers(struct task *t, struct ovl_sb *ofs, char *dirs)
{
	while (*dirs) {
		char *end = dirs;
		int err;

		while (*end && *end != ':')
			end++;
		if (ofs->nr_lower == OVL_MAX_LOWER || end == dirs)
			return -EINVAL;
		if (*end)
			*end++ = 0;
		err = private_mount(t, dirs, &ofs->lower_mnt[ofs->nr_lower]);
		if (err)
			return err;
		ofs->nr_lower++;
		dirs = end;
	}
	return 0;
}

struct ovl_options {
	char *lower, *upper, *work;
	bool userxattr;
	const char *redirect; /* NULL: the default */
};

static bool
parse_options(char *s, struct ovl_options *o)
{
	static const char *const accepted[] = { "index=off", "index=on",	  "metacopy=off", "xino=on",   "xino=auto", "xino=off",
						"nfs_export=off", "volatile", "uuid=on",	"uuid=null", "uuid=auto", "uuid=off" };

	while (*s) {
		char *end = s;
		bool ok = false;

		while (*end && *end != ',')
			end++;
		if (*end)
			*end++ = 0;
		if (!strncmp(s, "lowerdir=", 9))
			o->lower = s + 9;
		else if (!strncmp(s, "upperdir=", 9))
			o->upper = s + 9;
		else if (!strncmp(s, "workdir=", 8))
			o->work = s + 8;
		else if (!strcmp(s, "userxattr"))
			o->userxattr = true;
		else if (!strncmp(s, "redirect_dir=", 13))
			o->redirect = s + 13;
		else {
			for (size_t i = 0; i < ARRAY_SIZE(accepted) && !ok; i++)
				ok = !strcmp(s, accepted[i]);
			if (!ok && *s)
				return false;
		}
		s = end;
	}
	return o->lower != NULL && !o->upper == !o->work;
}

/* The default, where the kernel is built as Debian's: redirects are followed and not made; with userxattr not followed either. */
static bool
set_redirect_mode(struct ovl_sb *ofs, const char *mode)
{
	if (!mode)
		mode = ofs->userxattr ? "nofollow" : "follow";
	else if (ofs->userxattr && strcmp(mode, "nofollow") != 0)
		return false;
	ofs->redirect_dir = !strcmp(mode, "on") && ofs->upper_mnt;
	ofs->redirect_follow = strcmp(mode, "nofollow") != 0;
	return ofs->redirect_dir || !strcmp(mode, "on") || !strcmp(mode, "off") || !strcmp(mode, "follow") || !strcmp(mode, "nofollow");
}

static int
overlay_get_tree(struct fs_context *fc, struct super_block **out)
{
	struct ovl_options o = { 0 };
	char *copy = fc->options ? kstrndup(fc->k, fc->options, strlen(fc->options)) : NULL;
	struct ovl_sb *ofs;
	int err;

	if (!copy)
		return fc->options ? -ENOMEM : -EINVAL;
	ofs = parse_options(copy, &o) ? alloc_ofs(fc->k) : NULL;
	if (!ofs) {
		kfree(fc->k, copy);
		return o.lower ? -ENOMEM : -EINVAL;
	}
	ofs->userxattr = o.userxattr;
	ofs->options = kstrndup(fc->k, fc->options, strlen(fc->options));
	err = o.upper ? private_mount(fc->t, o.upper, &ofs->upper_mnt) : 0;
	if (!err && o.upper)
		err = open_work(fc->t, ofs, o.work);
	if (!err)
		err = add_lowers(fc->t, ofs, o.lower);
	if (!err && ofs->nr_lower + (ofs->upper_mnt != NULL) < 2)
		err = -EINVAL;
	if (!err && !set_redirect_mode(ofs, o.redirect))
		err = -EINVAL;
	kfree(fc->k, copy);
	if (err) {
		free_layers(ofs);
		return err;
	}
	return make_super(fc, ofs, out);
}

const struct file_system_type overlay_fs_type = {
	.name = "overlay",
	.nodev = true,
	.get_tree = overlay_get_tree,
};

/* Like overlay_fs_type, for layers that no path leads to: fc->upper.mnt and fc->lower.mnt are theirs, and the overlay's then. */
static int
boot_get_tree(struct fs_context *fc, struct super_block **out)
{
	struct ovl_sb *ofs = alloc_ofs(fc->k);

	if (!ofs)
		return -ENOMEM;
	ofs->lower_mnt[ofs->nr_lower++] = fc->lower.mnt;
	ofs->upper_mnt = fc->upper.mnt;
	ofs->work = dget(fc->work.dentry);
	ofs->kept = is_hostfs(fc->upper.mnt->mnt_sb);
	ofs->userxattr = fc->options && !strcmp(fc->options, "userxattr");
	ofs->redirect_dir = ofs->redirect_follow = !ofs->kept || !ofs->userxattr;
	return make_super(fc, ofs, out);
}

static const struct file_system_type boot_overlay_type = {
	.name = "overlay",
	.nodev = true,
	.get_tree = boot_get_tree,
};

int
overlay_layer_mount(struct task *t, const struct file_system_type *type, struct fs_context *fc, struct mount **out)
{
	struct super_block *sb;
	int err = type->get_tree(fc, &sb);

	if (err)
		return err;
	*out = kern_mount(t->k, sb);
	if (IS_ERR(*out))
		return (int)PTR_ERR(*out);
	(*out)->mnt_flags = MNT_INTERNAL | MNT_RELATIME;
	return 0;
}

/* A directory of the upper layer's file system; *@made if it was not there. */
static struct dentry *
make_dir(struct task *t, struct dentry *parent, const char *name, uint16_t mode, bool *made)
{
	struct inode *dir = d_inode(parent);
	struct dentry *d;
	int err;

	mutex_lock(&dir->i_rwsem);
	d = lookup_one(t, &QSTR(name), parent);
	err = IS_ERR(d) ? (int)PTR_ERR(d) : 0;
	*made = !err && d_is_negative(d);
	if (*made)
		err = vfs_mkdir(t, dir, d, mode);
	else if (!err && !S_ISDIR(d_inode(d)->i_mode))
		err = -ENOTDIR;
	mutex_unlock(&dir->i_rwsem);
	if (!err)
		return d;
	if (!IS_ERR(d))
		dput(d);
	return ERR_PTR(err);
}

/* A new upper directory looks as the lower one does. */
static int
dress_upper(struct task *t, struct dentry *up, const struct inode *li, bool userxattr, bool kept)
{
	struct iattr attr = { .ia_valid = ATTR_UID | ATTR_GID | ATTR_FORCE, .ia_uid = li->i_uid, .ia_gid = li->i_gid };
	int err;

	ignore_err(notify_change(t, up, &attr), "an ordinary user cannot on the host");
	attr.ia_valid = ATTR_MODE | ATTR_ATIME | ATTR_ATIME_SET | ATTR_MTIME | ATTR_MTIME_SET | ATTR_FORCE;
	attr.ia_mode = li->i_mode & 07777;
	attr.ia_atime = li->i_atime;
	attr.ia_mtime = li->i_mtime;
	err = notify_change(t, up, &attr);
	return err ? err : ovl_set_origin(t, &(struct ovl_sb){ .userxattr = userxattr, .kept = kept }, up, li->i_ino);
}

/* "work" in "work", as on Linux: what is in there nobody needs. */
static struct dentry *
make_work(struct task *t, struct mount *m)
{
	struct iattr attr = { .ia_valid = ATTR_MODE | ATTR_FORCE, .ia_mode = 0700 }; /* Linux leaves it with none */
	bool made;
	struct dentry *outer = make_dir(t, m->mnt_root, "work", 0700, &made), *work;
	int err;

	if (IS_ERR(outer))
		return outer;
	work = make_dir(t, outer, "work", 0700, &made);
	dput(outer);
	if (IS_ERR(work) || made)
		return work;
	err = notify_change(t, work, &attr);
	if (!err)
		err = ovl_clean_work(t, m, work);
	if (!err)
		return work;
	dput(work);
	return ERR_PTR(err);
}

int
overlay_mount_root(struct task *t, struct mount *lower, const struct file_system_type *type, struct fs_context *fc, bool userxattr)
{
	struct fs_context ov = { .k = t->k, .t = t, .source = "overlay", .host_root = HFD_NONE };
	struct dentry *up = NULL, *work = NULL;
	struct mount *m;
	bool made;
	int err = overlay_layer_mount(t, type, fc, &m);

	if (err)
		goto out;
	up = make_dir(t, m->mnt_root, "upper", 0755, &made);
	err = IS_ERR(up) ? (int)PTR_ERR(up) : 0;
	if (!err && made)
		err = dress_upper(t, up, d_inode(lower->mnt_root), userxattr, is_hostfs(m->mnt_sb));
	if (!err) {
		work = make_work(t, m);
		err = IS_ERR(work) ? (int)PTR_ERR(work) : 0;
	}
	if (!err) {
		refcount_inc(&m->mnt_sb->s_active);
		ov.upper.mnt = alloc_mount(m->mnt_sb, up, "overlay");
		err = ov.upper.mnt ? 0 : -ENOMEM;
	}
	if (!err) {
		ov.upper.mnt->mnt_flags = MNT_INTERNAL | MNT_RELATIME;
		ov.lower.mnt = lower;
		ov.work.dentry = work;
		ov.options = userxattr ? "userxattr" : NULL;
		lower = NULL;
		err = do_mount_kernel(t, &boot_overlay_type, &ov, "/", MNT_RELATIME);
	}
	if (!IS_ERR(work))
		dput(work);
	if (!IS_ERR(up))
		dput(up);
	mntput(m);
out:
	if (lower)
		mntput(lower);
	return err;
}
