/* SPDX-License-Identifier: MIT
 *
 * Telling programs of what happens to files: marks on inodes (vfs/fsnotify.c), of inotify instances (vfs/inotify.c) and of
 * F_NOTIFY (vfs/dnotify.c). Masks are those of inotify(7), and N_RENAME for F_NOTIFY.
 */
#ifndef STEAD_VFS_FSNOTIFY_H
#define STEAD_VFS_FSNOTIFY_H

#include <linux/inotify.h>

#include "kernel/kernel.h"
#include "vfs/fcntl.h"
#include "vfs/fs.h"
#include "vfs/internal.h"

#define N_RENAME 0x10000000u /* a name of the directory was changed */

struct inotify_group;

/* What somebody wants to know of an inode. All of it is protected by the notify lock. */
struct fsnotify_mark {
	struct fsnotify_mark *next; /* of the inode */
	struct inode *inode;	    /* with a reference */
	uint32_t mask;		    /* IN_*, and N_RENAME */
	struct list_head all;	    /* every mark; then those that are done with */
	struct inotify_group *group; /* NULL: F_NOTIFY */
	struct list_head by_wd;
	int wd;
	struct file *file; /* F_NOTIFY: who asked, by which descriptor of which table; no references */
	const void *owner;
	int fd;
};

/* What is left to do when the notify lock has been released. */
struct notify_todo {
	struct list_head dead; /* marks */
	struct list_head tell; /* signals */
};

struct notify_tell {
	struct list_head link;
	struct inotify_group *group; /* with a reference: its O_ASYNC files; or */
	struct fown owner;	     /* of F_NOTIFY */
	int fd;
};

struct notify_event {
	enum { NOTIFY_SELF, NOTIFY_NAME, NOTIFY_CHILD } what; /* CHILD: of a file that may have lost its name */
	uint32_t mask, cookie;
	const char *name;
	uint32_t len;
	bool unlinked;
};

/**
 * fsnotify_init() - no marks
 * @k: the instance
 */
void fsnotify_init(struct kernel *k);

/**
 * notify_lock(), notify_unlock() - around any use of marks; unlocking does what is to be done
 * @k: the instance
 * @todo: filled meanwhile
 */
void notify_lock(struct kernel *k, struct notify_todo *todo);
void notify_unlock(struct kernel *k, struct notify_todo *todo);

/**
 * mark_add(), mark_drop(), mark_changed() - enter a mark, take it away (its memory goes at notify_unlock()), or after its mask changed
 * @k: the instance
 * @m: the mark
 * @todo: of notify_lock(), which is held
 */
void mark_add(struct kernel *k, struct fsnotify_mark *m);
void mark_drop(struct kernel *k, struct fsnotify_mark *m, struct notify_todo *todo);
void mark_changed(struct fsnotify_mark *m);

/**
 * inotify_event(), dnotify_event() - a mark's event
 * @k: the instance
 * @m: the mark; it may be dropped
 * @e: what happened
 * @todo: of notify_lock(), which is held
 */
void inotify_event(struct kernel *k, struct fsnotify_mark *m, const struct notify_event *e, struct notify_todo *todo);
void dnotify_event(struct kernel *k, struct fsnotify_mark *m, const struct notify_event *e, struct notify_todo *todo);

/**
 * inotify_ignored() - the mark is taken out of its instance, which is told
 * @k: the instance
 * @m: the mark
 * @todo: of notify_lock(), which is held
 */
void inotify_ignored(struct kernel *k, struct fsnotify_mark *m, struct notify_todo *todo);

/**
 * inotify_tell() - a notify_tell of an instance of inotify
 * @k: the instance
 * @g: its reference is consumed
 */
void inotify_tell(struct kernel *k, struct inotify_group *g);

/**
 * __fsnotify_inode(), __fsnotify_name(), __fsnotify_dentry(), __fsnotify_inoderemove() - use the functions without underscores
 * @inode: where
 * @dentry: where
 * @dir: where
 * @mask: what
 * @name: the entry
 * @cookie: of moves
 */
void __fsnotify_inode(struct inode *inode, uint32_t mask);
void __fsnotify_name(struct inode *dir, uint32_t mask, const struct qstr *name, uint32_t cookie);
void __fsnotify_dentry(struct dentry *dentry, uint32_t mask);
void __fsnotify_inoderemove(struct inode *inode);

static inline bool
fsnotify_any(const struct kernel *k)
{
	return unlikely(READ_ONCE(k->vfs->nr_marks) != 0);
}

/**
 * fsnotify_inode() - something happened to an inode: told to those who watch itself
 * @inode: the inode
 * @mask: IN_*
 *
 * Context: may take i_rwsem's successors up to the notify lock; as all of these.
 */
static inline void
fsnotify_inode(struct inode *inode, uint32_t mask)
{
	if (fsnotify_any(inode->i_sb->k))
		__fsnotify_inode(inode, mask);
}

/**
 * fsnotify_name() - something happened to an entry of a directory
 * @dir: the directory
 * @mask: IN_*, with IN_ISDIR
 * @name: the entry
 * @cookie: what the two events of a move share
 */
static inline void
fsnotify_name(struct inode *dir, uint32_t mask, const struct qstr *name, uint32_t cookie)
{
	if (fsnotify_any(dir->i_sb->k))
		__fsnotify_name(dir, mask, name, cookie);
}

/**
 * fsnotify_dentry() - something happened to a file: told to those who watch it or its directory
 * @dentry: positive, referenced
 * @mask: IN_*
 */
static inline void
fsnotify_dentry(struct dentry *dentry, uint32_t mask)
{
	if (fsnotify_any(dentry->d_sb->k))
		__fsnotify_dentry(dentry, mask);
}

/**
 * fsnotify_file() - something was done by an open file
 * @file: open
 * @mask: IN_*
 */
static inline void
fsnotify_file(struct file *file, uint32_t mask)
{
	if (fsnotify_any(file->k) && !(file->f_mode & FMODE_PATH))
		__fsnotify_dentry(file->f_path.dentry, mask);
}

/**
 * fsnotify_inoderemove() - a name of an inode without links is gone: the marks go too
 * @inode: the inode
 */
static inline void
fsnotify_inoderemove(struct inode *inode)
{
	if (fsnotify_any(inode->i_sb->k) && inode->i_nlink == 0)
		__fsnotify_inoderemove(inode);
}

/**
 * fsnotify_move() - after a rename
 * @odir: the old directory
 * @ndir: the new one
 * @oname: the old name
 * @nname: the new one
 * @target: what was replaced, or NULL
 * @moved: what moved
 */
void fsnotify_move(struct inode *odir, struct inode *ndir, const struct qstr *oname, const struct qstr *nname, struct inode *target,
		   struct inode *moved);

/**
 * fsnotify_change() - after a change of attributes
 * @dentry: the file
 * @valid: ATTR_*
 */
void fsnotify_change(struct dentry *dentry, uint32_t valid);

/**
 * fsnotify_sb_delete() - a file system is being unmounted
 * @sb: its super block
 */
void fsnotify_sb_delete(struct super_block *sb);

/**
 * do_inotify_init() - inotify_init1(2)
 * @t: the current task
 * @flags: IN_CLOEXEC, IN_NONBLOCK
 *
 * Return: a descriptor, -EINVAL, -EMFILE, -ENFILE, -ENOMEM.
 */
int64_t do_inotify_init(struct task *t, uint32_t flags) __must_check;

/**
 * do_inotify_add_watch(), do_inotify_rm_watch() - inotify_add_watch(2), inotify_rm_watch(2)
 * @t: the current task
 * @fd: the instance
 * @upath: what to watch
 * @mask: IN_*
 * @wd: the watch
 *
 * Return: the watch, or 0; as the calls.
 */
int64_t do_inotify_add_watch(struct task *t, int fd, uaddr_t upath, uint32_t mask) __must_check;
int64_t do_inotify_rm_watch(struct task *t, int fd, int wd) __must_check;

/**
 * fcntl_dirnotify() - F_NOTIFY
 * @t: the current task
 * @fd: the descriptor
 * @file: the directory
 * @arg: DN_*
 *
 * Return: 0, -ENOTDIR, -EINVAL, -ENOMEM, -EBADF.
 */
int fcntl_dirnotify(struct task *t, int fd, struct file *file, uint32_t arg) __must_check;

/**
 * dnotify_flush() - close(2) of a descriptor ends what F_NOTIFY asked for
 * @file: the directory
 * @owner: the table of descriptors, or NULL for all
 */
void dnotify_flush(struct file *file, const void *owner);

#endif
