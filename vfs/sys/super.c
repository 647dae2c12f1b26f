/* SPDX-License-Identifier: MIT
 *
 * sysfs: the host's /sys, to look at. One super block for all mounts of it, made at boot; later mounts share it.
 */
#include <linux/mount.h>

#include "kernel/kernel.h"
#include "vfs/hostfs/hostfs.h"
#include "vfs/sys/sys.h"

static int
sys_get_tree(struct fs_context *fc, struct super_block **out)
{
	struct hostfs_state *st = hostfs_state_get(fc->k);
	int err;

	if (!st)
		return -ENOMEM;
	if (st->sys_sb) {
		refcount_inc(&st->sys_sb->s_active);
		*out = st->sys_sb;
		return 0;
	}
	if (fc->host_root.fd <= 0)
		return -ENODEV; /* the host has none */
	fc->flags |= MS_RDONLY;
	err = hostfs_get_tree(fc, out);
	if (!err) {
		(*out)->s_type = &sys_fs_type;
		st->sys_sb = *out;
		refcount_inc(&st->sys_sb->s_active); /* it stays */
	}
	return err;
}

const struct file_system_type sys_fs_type = {
	.name = "sysfs",
	.nodev = true,
	.get_tree = sys_get_tree,
};
