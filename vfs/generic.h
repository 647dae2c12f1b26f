/* SPDX-License-Identifier: MIT
 *
 * What file systems do alike around a write (vfs/generic.c).
 */
#ifndef STEAD_VFS_GENERIC_H
#define STEAD_VFS_GENERIC_H

#include "vfs/fs.h"

#define RWF_NOAPPEND 0x20 /* newer than the headers of Debian 12 */

/**
 * generic_write_check_limits() - how much may be written from a position on: RLIMIT_FSIZE (with SIGXFSZ) and the file system's limit
 * @t: the current task
 * @inode: the file
 * @pos: not negative
 *
 * Return: bytes, or -EFBIG.
 */
int64_t generic_write_check_limits(struct task *t, const struct inode *inode, int64_t pos) __must_check;

/**
 * generic_write_checks() - where a write goes and how much of it may be done
 * @t: the current task
 * @file: open for writing
 * @from: its count is cut to what RLIMIT_FSIZE and the file system's largest offset allow
 * @pos: set to the end of the file for O_APPEND
 * @rwf: RWF_*
 *
 * Context: i_rwsem is held.
 * Return: bytes to write, 0 for nothing, -EFBIG (with SIGXFSZ when the limit is the task's), -EINVAL.
 * Source: write(2), setrlimit(2)
 */
int64_t generic_write_checks(struct task *t, struct file *file, struct iov_iter *from, int64_t *pos, uint32_t rwf) __must_check;

/**
 * write_appends() - does a write go to the end of the file?
 * @file: open for writing
 * @rwf: RWF_APPEND and RWF_NOAPPEND overrule O_APPEND
 */
bool write_appends(const struct file *file, uint32_t rwf);

/**
 * inode_newsize_ok() - may the current task make a file this large?
 * @t: the current task
 * @inode: i_rwsem is held
 * @size: the new size
 *
 * Return: 0, -EFBIG (with SIGXFSZ when the limit is the task's).
 */
int inode_newsize_ok(struct task *t, const struct inode *inode, int64_t size) __must_check;

#endif
