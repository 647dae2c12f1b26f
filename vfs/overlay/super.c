/* SPDX-License-Identifier: MIT
 *
 * Mounting overlays.
 */
#include "kernel/task.h"
#include "vfs/hostfs/hostfs.h"
#include "vfs/namei.h"
#include "vfs/overlay/overlay.h"
#include "vfs/tmpfs/tmpfs.h"

static int
overlay_get_tree(struct fs_context *fc, struct super_block **out)
{
	return -ENODEV;
}

const struct file_system_type overlay_fs_type = {
	.name = "overlay",
	.nodev = true,
	.get_tree = overlay_get_tree,
};

int
overlay_mount_root(struct task *t, struct fs_context *lower, struct fs_context *upper, struct fs_context *overlay)
{
	return do_mount_kernel(t, &hostfs_fs_type, lower, "/", MNT_READONLY | MNT_RELATIME);
}
