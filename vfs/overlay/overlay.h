/* SPDX-License-Identifier: MIT
 *
 * overlay: a writable layer over read-only ones, as overlayfs of Linux without metacopy. What the files of vfs/overlay/ need of
 * each other.
 *
 * An overlay inode stands for one file: what is in the upper layer if it is there, else the lower one. A directory that is in
 * several layers is merged. The first change copies a file up; from then on oi->upper is set and never changes. In the upper
 * layer a character device 0:0 is a whiteout: the name is gone. A directory with trusted.overlay.opaque hides what is below it. One
 * with trusted.overlay.redirect was renamed: the layers below have it by that name (redirect.c).
 *
 * An inode without an upper file is found by i_overlaid of its lower inode, one with an upper file by i_overlay of that. So the
 * names of a hard-linked lower file share one inode; once copied up it is kept for the life of the mount, and the links stay
 * one file.
 *
 * An upper layer on the host that is kept (stead run --upper) is written as overlayfs of Linux writes it, without index and
 * metacopy: whiteouts, trusted.overlay.opaque, redirect, impure, and origin (empty: "copied up, from where is not known"), or
 * user.overlay.* where the user may not set trusted ones (and then no redirects, which Linux does not follow by default among those).
 * The inode number a file had before is noted beside them in
 * overlay.stead. Since there is no index, the names of a hard-linked lower file part when one is copied up, there and here.
 *
 * Work on the upper layer is done with the caller's identity and all capabilities, since permissions were checked on the
 * overlay's own inodes.
 *
 * Locks: s_vfs_rename and i_rwsem of the overlay (ranks of their own) -> oi->copyup (RANK_COPYUP) -> the same of the layers ->
 * ovl_sb.lock.
 */
#ifndef STEAD_VFS_OVERLAY_H
#define STEAD_VFS_OVERLAY_H

#include "vfs/fs.h"

#define OVL_MAX_LOWER 32
#define OVL_MAX_DEVS  128
#define OVL_MAX_DEPTH 2 /* an overlay over an overlay, no more: as Linux */
#define OVL_SUPER_MAGIC 0x794c7630u

struct ovl_sb {
	struct kernel *k;
	struct mount *upper_mnt; /* NULL: read-only */
	struct dentry *work;	 /* a directory of the upper file system */
	struct mount *lower_mnt[OVL_MAX_LOWER];
	unsigned int nr_lower;
	bool userxattr;
	bool redirect_dir;    /* directories with a lower part may be renamed */
	bool redirect_follow; /* redirects that are there are followed */
	bool kept; /* the upper layer is a directory of the host that Linux's overlayfs may mount afterwards */
	struct mutex lock; /* RANK_LEAF: i_overlay of real inodes, pinned, devs */
	struct list_head pinned; /* ovl_inode.pinned: copied up, with more lower names than one */
	uint64_t next_temp; /* atomic */
	uint64_t devs[OVL_MAX_DEVS]; /* st_dev of real files; the index goes into inode numbers */
	uint32_t nr_devs;
	char *options; /* for /proc/mounts, or NULL */
};

struct ovl_lower {
	struct dentry *dentry;
	unsigned int layer;
};

struct ovl_inode {
	struct inode *inode;
	struct mutex copyup;
	struct dentry *upper; /* atomic; changes only by ovl_follow_name() */
	struct ovl_old_name *old; /* upper dentries before that: readers may still use them */
	struct list_head pinned;
	bool impure; /* a directory that shows something that has been copied up: its numbers are not those of the upper layer */
	bool impure_known; /* the upper directory has been asked */
	struct mutex attr; /* RANK_LEAF: what is copied from the real inode, and the next */
	bool own_nlink; /* i_nlink is counted here, not that of the real inode */
	unsigned int nr_lower;
	struct ovl_lower lower[];
};

struct ovl_old_name {
	struct ovl_old_name *next;
	struct dentry *dentry;
};

static inline struct ovl_inode *
OVL_I(const struct inode *inode)
{
	return inode->i_private;
}

static inline struct ovl_sb *
OVL_SB(const struct super_block *sb)
{
	return sb->s_fs_info;
}

static inline struct dentry *
ovl_upper(const struct inode *inode)
{
	return __atomic_load_n(&OVL_I(inode)->upper, __ATOMIC_ACQUIRE);
}

/* inode.c */
void ovl_real_path(const struct inode *inode, struct path *out); /* no references: those of the inode */
struct inode *ovl_real_inode(const struct inode *inode);
void ovl_copyattr(struct inode *inode); /* what the real inode says now; whoever has changed that calls it afterwards */
/* iget.c: the overlay inode of an upper dentry or a stack of lower ones; takes references of its own. ERR_PTR. */
struct inode *ovl_get_inode(struct super_block *sb, struct dentry *upper, const struct ovl_lower *low,
			    unsigned int nr_lower) __must_check;
void ovl_set_upper(struct inode *inode, struct dentry *upper); /* copied up */
struct inode *ovl_get_new_inode(struct super_block *sb, struct dentry *upper) __must_check; /* of a file just made */
void ovl_forget_lower(struct inode *inode, struct inode *real); /* the end of what ovl_get_inode() made */
/*
 * Where a kept upper layer is on the host a file is reached by its name: if the one we know has been removed and @dentry is another,
 * that becomes ours. No lock of the upper layer is held.
 */
void ovl_follow_name(struct task *t, struct dentry *dentry);
uint64_t ovl_map_ino(struct ovl_sb *ofs, const struct inode *real);
uint64_t ovl_map_dev_ino(struct ovl_sb *ofs, uint64_t dev, uint64_t ino); /* the same by what stat(2) of the real file says */
uint64_t ovl_upper_ino(struct ovl_sb *ofs, struct dentry *upper); /* what it had before it was copied up, or its own */
bool ovl_is_whiteout(const struct dentry *real);
struct cred *ovl_override_creds(struct task *t) __must_check; /* the old ones, or NULL: -ENOMEM */
void ovl_revert_creds(struct task *t, struct cred *old);
void ovl_evict_inode(struct kernel *k, struct inode *inode);
int ovl_setattr(struct task *t, struct dentry *dentry, struct iattr *attr);
int ovl_getattr(struct task *t, const struct path *path, struct kstat *st, uint32_t mask, unsigned int flags);
extern const struct inode_operations ovl_file_iops, ovl_symlink_iops, ovl_dir_iops;

/* xattr.c */

/* What an overlay notes with a file of its upper layer, as extended attributes. */
enum ovl_note { NOTE_OPAQUE, NOTE_ORIGIN, NOTE_IMPURE, NOTE_STEAD, NOTE_REDIRECT };

/**
 * ovl_get_note() - what is noted with a file of a layer
 * @ofs: the overlay, which knows whether its notes are trusted.* or user.*
 * @real: the file in its layer
 * @note: which note
 * @v, @n: where to, and its size in bytes; 0: only ask for the length
 *
 * Return: its length, -ENODATA, -ERANGE, -EOPNOTSUPP (a layer without extended attributes).
 */
int64_t ovl_get_note(const struct ovl_sb *ofs, struct dentry *real, enum ovl_note note, void *v, size_t n);

/**
 * ovl_set_note() - write a note with a file of the upper layer
 * @t: the current task, with the mounter's credentials
 * @ofs, @upper, @note: as above
 * @v, @n: the value, and its length in bytes
 *
 * Context: takes the upper inode's i_rwsem, nested; sleeps.
 * Return: 0, -EOPNOTSUPP, or what the layer says (-ENOSPC, -EDQUOT, ...).
 */
int ovl_set_note(struct task *t, const struct ovl_sb *ofs, struct dentry *upper, enum ovl_note note, const void *v,
		 size_t n) __must_check;

/* The notes by name. Origin: the number the file had before it was copied up. Impure: the directory has files that were. As above. */
bool ovl_is_opaque(struct task *t, struct ovl_sb *ofs, struct dentry *real);
int ovl_set_opaque(struct task *t, struct ovl_sb *ofs, struct dentry *upper) __must_check;
int ovl_set_origin(struct task *t, struct ovl_sb *ofs, struct dentry *upper, uint64_t ino) __must_check;
bool ovl_is_impure(struct task *t, struct inode *dir);
void ovl_set_impure(struct task *t, struct inode *dir);

/* Is this the name of a note of ours, which a program does not see? */
bool ovl_is_private_xattr(const struct ovl_sb *ofs, const char *name);

/* getxattr, setxattr and listxattr of the inode operations: notes are hidden, a program's own of the same prefix are escaped. */
int64_t ovl_getxattr(struct task *t, struct dentry *dentry, const char *name, void *buf, size_t n);
int ovl_setxattr(struct task *t, struct dentry *dentry, const char *name, const void *buf, size_t n, int flags);
int64_t ovl_listxattr(struct task *t, struct dentry *dentry, char *buf, size_t n);

/* redirect.c */

/**
 * ovl_get_redirect() - where the layers below have a directory that was renamed
 * @t: the current task
 * @ofs: the overlay
 * @real: the directory in a layer
 * @out: NULL: by the same name; else a name in the same directory, or a path from the root of the layers ("/a/b"); kfree it
 *
 * Context: sleeps.
 * Return: 0, -ENOMEM, -EPERM (redirects are not followed), -EINVAL (it is neither), or what the layer says.
 * Source: Documentation/filesystems/overlayfs, "redirect_dir"
 */
int ovl_get_redirect(struct task *t, const struct ovl_sb *ofs, struct dentry *real, char **out) __must_check;

/**
 * ovl_set_redirect() - before a directory with a lower part is renamed: note where that is
 * @t: the current task, with all capabilities
 * @dentry: of the overlay, with all directories above it in the upper layer
 * @samedir: it stays in its directory
 *
 * Context: sleeps; the upper directories may be locked.
 * Return: 0, or -EXDEV: it cannot be noted, so it cannot be renamed.
 */
int ovl_set_redirect(struct task *t, struct dentry *dentry, bool samedir) __must_check;

/* copyup.c */

/**
 * ovl_copy_up() - make sure that a file is in the upper layer, with all directories above it
 * @t: the current task
 * @dentry: of the overlay
 * @flags: O_TRUNC: the data is not wanted
 *
 * Context: takes oi->copyup; sleeps. Directories above may be locked (i_rwsem).
 * Return: 0, -EROFS, or what the upper layer says.
 */
int ovl_copy_up(struct task *t, struct dentry *dentry, uint32_t flags) __must_check;

/* lookup.c */
struct dentry *ovl_lookup(struct task *t, struct inode *dir, struct dentry *dentry);
int ovl_getattr_name(struct task *t, struct dentry *dir, const struct qstr *name, bool follow, struct kstat *st);
/* Would @name be seen in @dir if the upper layer had no such entry? */
bool ovl_lower_positive(struct task *t, const struct inode *dir, const struct qstr *name);
extern const struct dentry_operations ovl_dentry_ops;

/* readdir.c */
extern const struct file_operations ovl_dir_fops;
int ovl_check_empty(struct task *t, struct dentry *dentry) __must_check; /* 0, -ENOTEMPTY */
int ovl_clear_whiteouts(struct task *t, struct dentry *upper) __must_check; /* takes its i_rwsem */
int ovl_clean_work(struct task *t, struct mount *mnt, struct dentry *work) __must_check; /* what an earlier run left; likewise */

/* file.c */
extern const struct file_operations ovl_file_fops;

/* super.c */
extern const struct file_system_type overlay_fs_type;

/**
 * overlay_mount_root() - the root of the instance: an overlay of a directory and an upper layer
 * @t: the current task, with an fs_struct
 * @lower: a mount that no path leads to; consumed
 * @upper: the upper layer's file system: tmpfs, or hostfs for a directory that is kept and has "upper" and "work" in it
 * @fc: for that
 * @userxattr: user.overlay.* instead of trusted.overlay.*
 *
 * Context: boot.
 * Return: 0, or the error of a mount.
 */
int overlay_mount_root(struct task *t, struct mount *lower, const struct file_system_type *upper, struct fs_context *fc,
		       bool userxattr) __must_check;

/**
 * overlay_layer_mount() - a mount of a file system that no path leads to
 * @t: the current task
 * @type: its type
 * @fc: what to mount
 * @out: set
 *
 * Return: 0, or the error of the mount.
 */
int overlay_layer_mount(struct task *t, const struct file_system_type *type, struct fs_context *fc, struct mount **out) __must_check;

#endif
