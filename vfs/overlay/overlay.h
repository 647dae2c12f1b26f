/* SPDX-License-Identifier: MIT
 *
 * overlay: a writable layer over a read-only one.
 */
#ifndef STEAD_VFS_OVERLAY_H
#define STEAD_VFS_OVERLAY_H

#include "vfs/fs.h"

extern const struct file_system_type overlay_fs_type;

/**
 * overlay_mount_root() - the root of the instance: an overlay of a host directory and a new tmpfs
 * @t: the current task, with an fs_struct
 * @lower: for hostfs
 * @upper: for tmpfs
 * @overlay: for the mount
 *
 * Context: boot.
 * Return: 0, or the error of a mount.
 */
int overlay_mount_root(struct task *t, struct fs_context *lower, struct fs_context *upper, struct fs_context *overlay) __must_check;

#endif
