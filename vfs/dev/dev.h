/* SPDX-License-Identifier: MIT
 *
 * Device nodes: which driver a number belongs to (chrdev.c), the names in /dev (populate.c), devpts (devpts.c).
 */
#ifndef STEAD_VFS_DEV_DEV_H
#define STEAD_VFS_DEV_DEV_H

#include "vfs/fs.h"

#define MKDEV(major, minor) (((uint64_t)((minor) & ~0xffu) << 12) | ((uint64_t)(major) << 8) | ((minor) & 0xffu))
#define DEV_MAJOR(dev)	    ((uint32_t)((dev) >> 8 & 0xfff))
#define DEV_MINOR(dev)	    ((uint32_t)(((dev) & 0xff) | ((dev) >> 12 & 0xfff00)))

extern const struct file_system_type devpts_fs_type;

/**
 * dev_init() - make k->dev
 * @k: the instance
 *
 * Context: boot.
 * Return: 0, -ENOMEM.
 */
int dev_init(struct kernel *k) __must_check;

/**
 * dev_populate() - fill a directory as /dev: device nodes, links, shm, and devpts mounted on pts
 * @k: the instance
 * @t: the task whose root it is
 * @dir: an absolute path of a directory on a file system that takes new names; names that exist stay
 *
 * Context: boot; sleeps.
 * Return: 0, or the first error.
 */
int dev_populate(struct kernel *k, struct task *t, const char *dir) __must_check;

#endif
