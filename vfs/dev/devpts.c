/* SPDX-License-Identifier: MIT
 *
 * devpts: the names of pseudo terminals, pts(4). One instance for all mounts.
 *
 * Names are not stored: a name is looked up in k->tty->ptys, and a cached one is true as long as the terminal's master is open
 * (the inode has a link). Negative names are never believed.
 *
 * Left out: instances of their own for each mount (newinstance is accepted and shares the one there is).
 */
#include <linux/fs.h>
#include <linux/magic.h>
#include <linux/stat.h>

#include "devices/tty.h"
#include "kernel/cred.h"
#include "kernel/kernel.h"
#include "kernel/task.h"
#include "kernel/tty-hooks.h"
#include "vfs/dev/dev.h"
#include "vfs/namei.h"

#define PTMX_INO  2u
#define FIRST_INO 3u

/* Options, of the latest mount. */
struct devpts_info {
	uint32_t uid, gid;
	bool set_uid, set_gid;
	uint16_t mode, ptmx_mode;
	struct inode *ptmx;
};

static int devpts_setattr(struct task *t, struct dentry *dentry, struct iattr *attr);

static const struct inode_operations devpts_file_iops = {
	.setattr = devpts_setattr,
};

static int
devpts_setattr(struct task *t, struct dentry *dentry, struct iattr *attr)
{
	return simple_setattr(t, dentry, attr);
}

static struct inode *
devpts_inode(struct super_block *sb, uint64_t ino, uint16_t mode, uint64_t rdev)
{
	struct inode *inode = new_inode_of(sb);

	if (!inode)
		return NULL;
	inode->i_ino = ino;
	inode->i_mode = mode;
	inode->i_rdev = rdev;
	inode->i_nlink = 1;
	inode->i_uid = inode->i_gid = 0;
	inode->i_op = &devpts_file_iops;
	inode->i_atime = inode->i_mtime = inode->i_ctime = inode->i_btime = current_time();
	return inode;
}

struct inode *
devpts_pty_new(struct task *t, struct tty *slave)
{
	struct super_block *sb = t->k->tty->devpts;
	const struct devpts_info *opts = sb->s_fs_info;
	struct inode *inode = devpts_inode(sb, FIRST_INO + (uint64_t)slave->index, (uint16_t)(S_IFCHR | opts->mode),
					   MKDEV(UNIX98_PTY_MAJOR, (uint32_t)slave->index));

	if (!inode)
		return NULL;
	inode->i_uid = opts->set_uid ? opts->uid : t->cred->fsuid;
	inode->i_gid = opts->set_gid ? opts->gid : t->cred->fsgid;
	return inode;
}

void
devpts_pty_kill(struct tty *slave)
{
	if (slave->node)
		WRITE_ONCE(slave->node->i_nlink, 0);
}

/* The number a name stands for, in its one spelling; -1 for none. */
static int
name_to_index(const struct qstr *name)
{
	int n = 0;

	if (name->len == 0 || name->len > 4 || (name->name[0] == '0' && name->len > 1))
		return -1;
	for (uint32_t i = 0; i < name->len; i++) {
		if (name->name[i] < '0' || name->name[i] > '9')
			return -1;
		n = n * 10 + (name->name[i] - '0');
	}
	return n;
}

static struct dentry *
devpts_lookup(struct task *t, struct inode *dir, struct dentry *dentry)
{
	const struct devpts_info *info = dir->i_sb->s_fs_info;
	struct inode *inode = NULL;
	int index = name_to_index(&dentry->d_name);

	if (dentry->d_name.len == 4 && memcmp(dentry->d_name.name, "ptmx", 4) == 0) {
		inode = igrab(info->ptmx);
	} else if (index >= 0) {
		struct tty *slave = pty_lookup(t->k, (unsigned int)index);

		if (slave && slave->node && READ_ONCE(slave->node->i_nlink))
			inode = igrab(slave->node);
		tty_kref_put(t, slave);
	}
	d_add(dentry, inode);
	return NULL;
}

static int
devpts_revalidate(struct task *t, struct dentry *dentry)
{
	const struct inode *inode = d_inode(dentry);

	return inode && READ_ONCE(inode->i_nlink) > 0;
}

static const struct dentry_operations devpts_dops = {
	.d_revalidate = devpts_revalidate,
};

static int
devpts_readdir(struct task *t, struct file *file, struct dir_context *ctx)
{
	struct tty_state *ts = t->k->tty;
	char name[16];
	int len;

	if (ctx->pos == 0 && ctx->actor(ctx, ".", 1, ctx->pos, 1, S_IFDIR >> 12))
		ctx->pos = 1;
	if (ctx->pos == 1 && ctx->actor(ctx, "..", 2, ctx->pos, 1, S_IFDIR >> 12))
		ctx->pos = 2;
	if (ctx->pos == 2 && ctx->actor(ctx, "ptmx", 4, ctx->pos, PTMX_INO, S_IFCHR >> 12))
		ctx->pos = 3;
	for (; ctx->pos >= 3 && ctx->pos - 3 < PTY_MAX; ctx->pos++) {
		if (!READ_ONCE(ts->ptys[ctx->pos - 3]))
			continue;
		len = ksnprintf(name, sizeof(name), "%d", (int)(ctx->pos - 3));
		if (!ctx->actor(ctx, name, len, ctx->pos, FIRST_INO + (uint64_t)(ctx->pos - 3), S_IFCHR >> 12))
			break;
	}
	return 0;
}

static const struct file_operations devpts_dir_fops = {
	.iterate = devpts_readdir,
	.llseek = generic_file_llseek,
};

static const struct inode_operations devpts_dir_iops = {
	.lookup = devpts_lookup,
	.setattr = devpts_setattr,
};

static int
devpts_statfs(struct task *t, struct dentry *dentry, void *buf)
{
	return simple_statfs(dentry, buf);
}

static int
devpts_show_options(struct super_block *sb, char *buf, size_t n)
{
	const struct devpts_info *o = sb->s_fs_info;
	int len = 0;

	if (o->set_uid)
		len += ksnprintf(buf + len, n - (size_t)len, ",uid=%u", o->uid);
	if (o->set_gid)
		len += ksnprintf(buf + len, n - (size_t)len, ",gid=%u", o->gid);
	return len + ksnprintf(buf + len, n - (size_t)len, ",mode=%03o,ptmxmode=%03o", o->mode, o->ptmx_mode);
}

/* An inode lives as long as the terminal has it, not longer. */
static const struct super_operations devpts_sops = {
	.statfs = devpts_statfs,
	.show_options = devpts_show_options,
};

/* "name=123" in @base. True if @opt is that option. */
static bool
number_option(const char *opt, size_t len, const char *name, unsigned int base, uint32_t *out)
{
	size_t n = strlen(name);
	uint32_t v = 0;

	if (len <= n + 1 || memcmp(opt, name, n) != 0 || opt[n] != '=')
		return false;
	for (size_t i = n + 1; i < len; i++) {
		if (opt[i] < '0' || (unsigned int)(opt[i] - '0') >= base)
			return false;
		v = v * base + (uint32_t)(opt[i] - '0');
	}
	*out = v;
	return true;
}

static bool
is_option(const char *opt, size_t len, const char *name)
{
	return len == strlen(name) && memcmp(opt, name, len) == 0;
}

static int
parse_option(struct devpts_info *o, const char *opt, size_t len)
{
	uint32_t v;

	if (number_option(opt, len, "uid", 10, &v)) {
		o->uid = v;
		o->set_uid = true;
	} else if (number_option(opt, len, "gid", 10, &v)) {
		o->gid = v;
		o->set_gid = true;
	} else if (number_option(opt, len, "mode", 8, &v)) {
		o->mode = v & 0777;
	} else if (number_option(opt, len, "ptmxmode", 8, &v)) {
		o->ptmx_mode = v & 0777;
	} else if (!number_option(opt, len, "max", 10, &v) && !is_option(opt, len, "newinstance")) {
		return -EINVAL;
	}
	return 0;
}

static int
parse_options(struct devpts_info *o, const char *s)
{
	while (s && *s) {
		const char *end = strchr(s, ',');
		size_t len = end ? (size_t)(end - s) : strlen(s);
		int err = len ? parse_option(o, s, len) : 0;

		if (err)
			return err;
		s += len + (end ? 1 : 0);
	}
	return 0;
}

static int
devpts_fill_super(struct super_block *sb, struct devpts_info *info)
{
	struct inode *root;

	sb->s_magic = DEVPTS_SUPER_MAGIC;
	sb->s_blocksize = 1024;
	sb->s_op = &devpts_sops;
	sb->s_d_op = &devpts_dops;
	sb->s_fs_info = info;
	info->ptmx = devpts_inode(sb, PTMX_INO, (uint16_t)(S_IFCHR | info->ptmx_mode), MKDEV(TTYAUX_MAJOR, 2));
	root = devpts_inode(sb, 1, S_IFDIR | 0755, 0);
	if (!info->ptmx || !root)
		return -ENOMEM;
	root->i_nlink = 2;
	root->i_op = &devpts_dir_iops;
	root->i_fop = &devpts_dir_fops;
	sb->s_root = d_make_root(sb, root);
	return sb->s_root ? 0 : -ENOMEM;
}

static int
devpts_get_tree(struct fs_context *fc, struct super_block **out)
{
	struct kernel *k = fc->k;
	struct super_block *sb = k->tty->devpts;
	struct devpts_info *info;
	int err;

	if (sb) {
		/* Mounted again: the same instance, with the new options. */
		refcount_inc(&sb->s_active);
		err = parse_options(sb->s_fs_info, fc->options);
		if (err)
			deactivate_super(sb);
		*out = sb;
		return err;
	}
	info = kzalloc(k, sizeof(*info));
	sb = info ? sget(k, &devpts_fs_type) : NULL;
	if (!sb) {
		kfree(k, info);
		return -ENOMEM;
	}
	info->mode = 0600;
	err = parse_options(info, fc->options);
	if (!err)
		err = devpts_fill_super(sb, info);
	if (err) {
		deactivate_super(sb);
		return err;
	}
	/* The instance stays when nobody has it mounted: terminals go on. */
	refcount_inc(&sb->s_active);
	k->tty->devpts = sb;
	*out = sb;
	return 0;
}

const struct file_system_type devpts_fs_type = {
	.name = "devpts",
	.nodev = true,
	.get_tree = devpts_get_tree,
};
