/* SPDX-License-Identifier: MIT
 *
 * Moving data through pipes without the program: splice(2), tee(2), vmsplice(2) (vfs/splice.c).
 */
#ifndef STEAD_VFS_SPLICE_H
#define STEAD_VFS_SPLICE_H

#include "kernel/types.h"

struct file;
struct iov_iter;
struct task;

/**
 * do_splice() - from one file to another, one of them a pipe
 * @t: the current task
 * @in: open for reading
 * @off_in: a position to use and advance, or NULL
 * @out: open for writing
 * @off_out: likewise
 * @len: bytes
 * @flags: SPLICE_F_*
 *
 * Context: sleeps; no lock.
 * Return: bytes moved, negative errno of splice(2).
 */
int64_t do_splice(struct task *t, struct file *in, int64_t *off_in, struct file *out, int64_t *off_out, size_t len,
		  unsigned int flags) __must_check;

/**
 * splice_file_to_pipe() - from a file into a pipe, as much as there is room for
 * @t: the current task
 * @in: open for reading; another pipe is an error
 * @pos: used and advanced
 * @out: a pipe open for writing
 * @len: bytes; 0 waits for room all the same
 * @flags: SPLICE_F_NONBLOCK
 *
 * Context: sleeps; no lock.
 * Return: bytes moved, -EAGAIN, -EPIPE, -EINVAL, or the error of the read.
 */
int64_t splice_file_to_pipe(struct task *t, struct file *in, int64_t *pos, struct file *out, size_t len,
			    unsigned int flags) __must_check;

/**
 * do_tee() - copy from pipe to pipe without taking
 * @t: the current task
 * @in: a pipe
 * @out: another pipe
 * @len: bytes
 * @flags: SPLICE_F_*
 *
 * Return: bytes copied, negative errno of tee(2).
 */
int64_t do_tee(struct task *t, struct file *in, struct file *out, size_t len, unsigned int flags) __must_check;

/**
 * vmsplice_to_pipe() - user memory into a pipe, as much as fits
 * @t: the current task
 * @file: a pipe open for writing
 * @from: the memory
 * @flags: SPLICE_F_*
 *
 * Return: bytes, negative errno of vmsplice(2).
 */
int64_t vmsplice_to_pipe(struct task *t, struct file *file, struct iov_iter *from, unsigned int flags) __must_check;

/**
 * can_splice_from(), can_splice_to() - are there splice(2) and sendfile(2) for this file?
 * @file: the file; pipes are not asked
 */
static inline bool
can_splice_from(const struct file *file)
{
	return file->f_op && file->f_op->read && !(file->f_mode & (FMODE_OLD_READ | FMODE_NO_SPLICE_READ));
}

static inline bool
can_splice_to(const struct file *file)
{
	return file->f_op && file->f_op->write && !(file->f_mode & FMODE_OLD_WRITE);
}

#endif
