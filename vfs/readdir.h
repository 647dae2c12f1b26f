/* SPDX-License-Identifier: MIT
 *
 * getdents(2) (vfs/readdir.c).
 */
#ifndef STEAD_VFS_READDIR_H
#define STEAD_VFS_READDIR_H

#include "vfs/namei.h"

/**
 * do_getdents() - getdents and getdents64
 * @t: the current task
 * @file: the directory; f_pos_lock is held
 * @dirent: where to
 * @count: bytes there
 * @old: struct linux_dirent instead of linux_dirent64
 *
 * Return: bytes, 0 at the end, -ENOTDIR, -EINVAL (too small), -ENOENT (removed), -EFAULT.
 */
int64_t do_getdents(struct task *t, struct file *file, uaddr_t dirent, size_t count, bool old) __must_check;

#endif
