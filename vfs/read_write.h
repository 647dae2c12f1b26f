/* SPDX-License-Identifier: MIT
 *
 * What the calls for reading and writing need besides vfs_read() and vfs_write() (vfs/read_write.c).
 */
#ifndef STEAD_VFS_READ_WRITE_H
#define STEAD_VFS_READ_WRITE_H

#include "vfs/fdtable.h"
#include "vfs/namei.h"

/**
 * file_pos_lock(), file_pos_unlock() - around the use of f_pos by one call
 * @t: the current task
 * @f: from fdget()
 *
 * Context: sleeps while another call uses the position of the same regular file or directory.
 * Return: whether it was locked, for file_pos_unlock().
 */
bool file_pos_lock(struct task *t, struct fd *f) __must_check;
void file_pos_unlock(struct fd *f, bool locked);

/**
 * file_position(), file_set_position() - a file's own position, for calls that work on a copy of it
 * @t: the current task
 * @file: the file
 * @pos: the new one
 *
 * Context: may sleep. A host file's position is kept by the host, and moved there.
 */
int64_t file_position(struct task *t, struct file *file) __must_check;
void file_set_position(struct task *t, struct file *file, int64_t pos);

/**
 * do_sendfile(), vfs_copy_file_range() - sendfile(2), copy_file_range(2)
 * @t: the current task
 * @out: open for writing
 * @in: open for reading
 * @pos: where to read, moved on; @ipos and @opos likewise
 * @count: bytes
 *
 * Context: sleeps.
 * Return: bytes moved, or negative errno.
 */
int64_t do_sendfile(struct task *t, struct file *out, struct file *in, int64_t *pos, uint64_t count) __must_check;
int64_t vfs_copy_file_range(struct task *t, struct file *in, int64_t *ipos, struct file *out, int64_t *opos,
			    uint64_t count) __must_check;

#endif
