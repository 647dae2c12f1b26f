/* SPDX-License-Identifier: MIT
 *
 * Which overlay inode stands for a real file: found by the real inode, or made.
 */
#include <linux/stat.h>

#include "kernel/kernel.h"
#include "vfs/namei.h"
#include "vfs/overlay/overlay.h"

static void
set_ops(struct inode *inode)
{
	switch (inode->i_mode & S_IFMT) {
	case S_IFDIR:
		inode->i_op = &ovl_dir_iops;
		inode->i_fop = &ovl_dir_fops;
		break;
	case S_IFLNK:
		inode->i_op = &ovl_symlink_iops;
		break;
	case S_IFREG:
		inode->i_op = &ovl_file_iops;
		inode->i_fop = &ovl_file_fops;
		break;
	default:
		inode->i_op = &ovl_file_iops;
		break;
	}
}

static uint64_t
upper_ino(struct ovl_sb *ofs, struct dentry *upper, const struct ovl_lower *low, unsigned int nr_lower)
{
	uint64_t ino;

	if (ovl_get_note(ofs, upper, ofs->kept ? NOTE_STEAD : NOTE_ORIGIN, &ino, sizeof(ino)) == (int64_t)sizeof(ino))
		return ino;
	return ovl_map_ino(ofs, d_inode(nr_lower > 0 ? low[0].dentry : upper)); /* merged, and another overlay copied it up */
}

uint64_t
ovl_upper_ino(struct ovl_sb *ofs, struct dentry *upper)
{
	const struct inode *over = d_inode(upper)->i_overlay;

	return over ? over->i_ino : upper_ino(ofs, upper, NULL, 0);
}

static int
fill(struct inode *inode, struct ovl_sb *ofs, struct dentry *upper, const struct ovl_lower *low, unsigned int nr_lower)
{
	struct ovl_inode *oi = kzalloc(ofs->k, sizeof(*oi) + nr_lower * sizeof(oi->lower[0]));

	if (!oi)
		return -ENOMEM;
	oi->inode = inode;
	mutex_init(&oi->copyup, inode->i_sb->s_stack_depth > 1 ? RANK_COPYUP2 : RANK_COPYUP);
	mutex_init(&inode->i_rwsem, inode->i_sb->s_stack_depth > 1 ? RANK_INODE_OVERLAY2 : RANK_INODE_OVERLAY);
	mutex_init(&oi->attr, RANK_LEAF);
	INIT_LIST_HEAD(&oi->pinned);
	oi->upper = dget(upper);
	oi->nr_lower = nr_lower;
	for (unsigned int i = 0; i < nr_lower; i++) {
		oi->lower[i] = low[i];
		dget(low[i].dentry);
	}
	inode->i_private = oi;
	ovl_copyattr(inode);
	inode->i_btime = ovl_real_inode(inode)->i_btime;
	oi->own_nlink = !upper && !ofs->kept && !S_ISDIR(inode->i_mode) && inode->i_nlink > 1;
	set_ops(inode);
	return 0;
}

/* The overlay inode that has @real as its upper one, with a reference, or NULL. ofs->lock is held. */
static struct inode *
find_by_upper(const struct super_block *sb, const struct inode *real)
{
	struct inode *inode = real->i_overlay;

	return inode && inode->i_sb == sb ? igrab(inode) : NULL;
}

/* @fresh: it was made just now, and has no notes. */
static struct inode *
get_by_upper(struct super_block *sb, struct dentry *upper, const struct ovl_lower *low, unsigned int nr_lower, bool fresh)
{
	struct ovl_sb *ofs = OVL_SB(sb);
	struct inode *real = d_inode(upper), *inode, *other;
	int err;

	mutex_lock(&ofs->lock);
	inode = find_by_upper(sb, real);
	mutex_unlock(&ofs->lock);
	if (inode)
		return inode;
	inode = new_inode_of(sb);
	if (!inode)
		return ERR_PTR(-ENOMEM);
	err = fill(inode, ofs, upper, low, nr_lower);
	if (err) {
		iput(inode);
		return ERR_PTR(err);
	}
	inode->i_ino = fresh ? ovl_map_ino(ofs, real) : upper_ino(ofs, upper, low, nr_lower);
	mutex_lock(&ofs->lock);
	other = find_by_upper(sb, real);
	if (!other)
		real->i_overlay = inode;
	mutex_unlock(&ofs->lock);
	if (other) {
		iput(inode);
		return other;
	}
	return inode;
}

struct inode *
ovl_get_new_inode(struct super_block *sb, struct dentry *upper)
{
	return get_by_upper(sb, upper, NULL, 0, true);
}

/*
 * The overlay inode of a lower file is what i_overlaid of that says, under its i_mmap_lock. There is one such pointer: where two
 * overlays share a layer, the inode of the second to come is hashed, and from then on all new ones of this file are.
 */
static struct inode *
find_by_lower(const struct super_block *sb, struct inode *real, bool *hashed)
{
	struct inode *inode, *mine;
	mutex_guard(&real->i_mmap_lock);

	inode = real->i_overlaid;
	mine = inode && inode->i_sb == sb ? igrab(inode) : NULL;
	if (inode && !mine) /* another overlay's, or about to go */
		set_bits(&real->i_state, I_OVL_HASHED);
	*hashed = real->i_state & I_OVL_HASHED;
	return mine;
}

static bool
claim_lower(struct inode *inode, struct inode *real)
{
	mutex_guard(&real->i_mmap_lock);

	if (real->i_overlaid || (real->i_state & I_OVL_HASHED))
		return false;
	real->i_overlaid = inode;
	return true;
}

void
ovl_forget_lower(struct inode *inode, struct inode *real)
{
	mutex_guard(&real->i_mmap_lock);

	if (real->i_overlaid == inode)
		real->i_overlaid = NULL;
}

static struct inode *
get_hashed(struct super_block *sb, const struct ovl_lower *low, unsigned int nr_lower)
{
	struct ovl_sb *ofs = OVL_SB(sb);
	struct inode *real = d_inode(low[0].dentry), *inode;
	struct new_inode fresh = { NULL };
	int err;

	inode = iget_keyed(sb, ovl_map_ino(ofs, real), (uintptr_t)real, &fresh);
	if (inode || !fresh.inode)
		return inode ? inode : ERR_PTR(-ENOMEM);
	err = fill(fresh.inode, ofs, NULL, low, nr_lower);
	if (err) {
		iget_failed(&fresh);
		return ERR_PTR(err);
	}
	return unlock_new_inode(&fresh);
}

/* An inode of its own, which only the caller knows. */
static struct inode *
make_lower(struct super_block *sb, const struct ovl_lower *low, unsigned int nr_lower)
{
	struct ovl_sb *ofs = OVL_SB(sb);
	struct inode *inode = new_inode_of(sb);
	int err = inode ? fill(inode, ofs, NULL, low, nr_lower) : -ENOMEM;

	if (err) {
		iput(inode);
		return ERR_PTR(err);
	}
	inode->i_ino = ovl_map_ino(ofs, d_inode(low[0].dentry));
	return inode;
}

struct inode *
ovl_get_inode(struct super_block *sb, struct dentry *upper, const struct ovl_lower *low, unsigned int nr_lower)
{
	struct inode *inode, *real;
	bool hashed;

	if (upper)
		return get_by_upper(sb, upper, low, nr_lower, false);
	real = d_inode(low[0].dentry);
	/* The names of a file that part when one is copied up have an inode each. */
	if (OVL_SB(sb)->kept && !S_ISDIR(real->i_mode) && real->i_nlink > 1)
		return make_lower(sb, low, nr_lower);
	for (;;) {
		inode = find_by_lower(sb, real, &hashed);
		if (inode)
			return inode;
		if (hashed)
			return get_hashed(sb, low, nr_lower);
		inode = make_lower(sb, low, nr_lower);
		if (IS_ERR(inode) || claim_lower(inode, real))
			return inode;
		iput(inode);
	}
}
