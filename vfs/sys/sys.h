/* SPDX-License-Identifier: MIT
 *
 * sysfs (vfs/sys/super.c).
 */
#ifndef STEAD_VFS_SYS_H
#define STEAD_VFS_SYS_H

#include "vfs/fs.h"

/* The first mount, at boot, gives the host's directory (fs_context.host_root). */
extern const struct file_system_type sys_fs_type;

#endif
