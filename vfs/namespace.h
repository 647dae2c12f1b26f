/* SPDX-License-Identifier: MIT
 *
 * What mount(2), umount2(2), pivot_root(2) and chroot(2) do to the mount tree (vfs/namespace.c), and the steps they are made of
 * (vfs/mount.c).
 */
#ifndef STEAD_VFS_NAMESPACE_H
#define STEAD_VFS_NAMESPACE_H

#include "vfs/internal.h"

/* Bracket changes of the tree: take mount_lock and make mount_seq odd, and back. */
void mount_change_begin(struct vfs_state *v) __acquires_lock(&v->mount_lock);
void mount_change_end(struct vfs_state *v) __releases_lock(&v->mount_lock);
struct mount *alloc_mount(struct super_block *sb, struct dentry *root, const char *devname) __must_check; /* or NULL */
struct mount *lookup_mnt(struct kernel *k, struct mount *mnt, struct dentry *dentry) __must_check;
void mount_attach_locked(struct vfs_state *v, struct mount *m, struct mount *parent, struct dentry *mountpoint);
void mount_detach_locked(struct vfs_state *v, struct mount *m, struct path *old);
void mount_enlist_locked(struct vfs_state *v, struct mount *m);
void mount_delist_locked(struct vfs_state *v, struct mount *m);

/**
 * path_mount() - mount(2)
 * @t: the current task
 * @source: device, directory, or NULL
 * @path: where
 * @type: name of the file system, or NULL
 * @flags: MS_*
 * @data: options, or NULL
 *
 * Context: takes RANK_MOUNT; sleeps.
 * Return: 0, or negative errno of mount(2).
 */
int path_mount(struct task *t, const char *source, struct path *path, const char *type, uint64_t flags,
	       const char *data) __must_check;

/**
 * path_umount() - umount2(2)
 * @t: the current task
 * @path: the root of a mount; its references are consumed
 * @flags: MNT_FORCE, MNT_DETACH, MNT_EXPIRE
 *
 * Return: 0, -EBUSY, -EINVAL, -EPERM, -EAGAIN (first MNT_EXPIRE).
 */
int path_umount(struct task *t, struct path *path, int flags) __must_check;

/**
 * path_pivot_root() - pivot_root(2)
 * @t: the current task
 * @new: the new root
 * @old: where the old one goes
 *
 * Return: 0, or negative errno of pivot_root(2).
 */
int path_pivot_root(struct task *t, struct path *new, struct path *old) __must_check;

#endif
