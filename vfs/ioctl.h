/* SPDX-License-Identifier: MIT
 *
 * ioctl(2) (vfs/ioctl.c).
 */
#ifndef STEAD_VFS_IOCTL_H
#define STEAD_VFS_IOCTL_H

#include "vfs/namei.h"

/**
 * do_ioctl() - ioctl(2) on an open file
 * @t: the current task
 * @fd: its descriptor
 * @file: the file, not O_PATH
 * @cmd: the command
 * @arg: its argument
 *
 * Return: the command's result, -ENOTTY (unknown), -EFAULT, ...
 */
int64_t do_ioctl(struct task *t, int fd, struct file *file, unsigned int cmd, uint64_t arg) __must_check;

#endif
