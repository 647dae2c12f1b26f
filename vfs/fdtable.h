/* SPDX-License-Identifier: MIT
 *
 * Descriptor tables (vfs/fdtable.c) and a task's root, working directory and umask (vfs/fs_struct.c).
 */
#ifndef STEAD_VFS_FDTABLE_H
#define STEAD_VFS_FDTABLE_H

#include "vfs/fs.h"

struct files_struct {
	refcount_t count;
	struct kernel *k;
	struct mutex file_lock; /* RANK_FILES */
	struct fdtable *fdt;
	int next_fd;
};

struct fs_struct {
	refcount_t count;
	struct kernel *k;
	struct mutex lock; /* RANK_LEAF */
	uint32_t umask;
	struct path root, pwd;
};

/* A descriptor number reserved for a file that is not there yet: fd_install() or put_unused_fd(), always one of them. */

/**
 * get_unused_fd_flags() - reserve the lowest free descriptor at or above @start
 * @t: the current task
 * @start: usually 0
 * @flags: O_CLOEXEC or 0
 *
 * Return: the number, -EMFILE, -ENOMEM.
 */
int get_unused_fd_from(struct task *t, int start, uint32_t flags) __must_check;
#define get_unused_fd_flags(t, flags) get_unused_fd_from((t), 0, (flags))

/**
 * fd_install() - make a file visible under a reserved descriptor; consumes the caller's reference
 * @t: the current task
 * @fd: from get_unused_fd_flags()
 * @file: complete
 */
void fd_install(struct task *t, int fd, struct file *file);

/**
 * put_unused_fd() - give a reserved number back
 * @t: the current task
 * @fd: the number
 */
void put_unused_fd(struct task *t, int fd);

/**
 * fd_install_pair() - make two files visible, and tell the program where
 * @t: the current task
 * @files: complete; the references are consumed in any case
 * @flags: O_CLOEXEC or 0
 * @u: room for two ints
 *
 * Return: 0, -EMFILE, -ENOMEM, -EFAULT.
 */
int fd_install_pair(struct task *t, struct file *const files[2], uint32_t flags, uaddr_t u) __must_check;

/**
 * fget() - the file under a descriptor
 * @t: the current task
 * @fd: any number
 *
 * Return: with a reference, or NULL (-EBADF), also for O_PATH descriptors; fget_raw() gives those too.
 */
struct file *fget(struct task *t, int fd) __must_check;
struct file *fget_raw(struct task *t, int fd) __must_check;

/* fdget(): as fget(), without touching the count when the table is not shared. Pair with fdput(). */
struct fd {
	struct file *file;
	bool put;
};
struct fd fdget(struct task *t, int fd) __must_check;
struct fd fdget_raw(struct task *t, int fd) __must_check;
void fdput(struct task *t, struct fd f);

/**
 * fput() - drop a reference; the last one releases the file
 * @t: the current task, or NULL in a supervisor thread
 * @file: the file
 *
 * Context: may sleep; no lock.
 */
void fput(struct task *t, struct file *file);

static inline void
get_file(struct file *f)
{
	refcount_inc(&f->f_count);
}

/* Set and clear, look and close. Errors as close(2), dup2(2). */
int close_fd(struct task *t, int fd) __must_check;
int close_fd_range(struct task *t, unsigned int first, unsigned int last, unsigned int flags) __must_check;
int do_dup2(struct task *t, int oldfd, int newfd, uint32_t flags) __must_check;
void set_close_on_exec(struct task *t, int fd, bool on);
bool get_close_on_exec(struct task *t, int fd);
void do_close_on_exec(struct task *t);

/* One above the highest descriptor the current task's table has room for: select(2) looks no further. */
unsigned int files_max_fds(struct task *t);

/* Whole tables: fork, exec, exit. */
struct files_struct *files_alloc(struct kernel *k) __must_check;
struct files_struct *dup_files(struct files_struct *old, unsigned int max_fds) __must_check; /* or ERR_PTR */
void put_files_struct(struct task *t, struct files_struct *files);
int unshare_files(struct task *t) __must_check;
/* For /proc: the file under @fd of another task, with a reference; and the next used descriptor at or above @fd, or -1. */
struct file *fget_task(struct task *other, int fd) __must_check;
int next_fd_task(struct task *other, int fd);
unsigned int fd_size_task(struct task *other); /* how many descriptors its table has room for; 0 if it has none any more */
bool close_on_exec_task(struct task *other, int fd); /* a look without guarantee */

/* Root and working directory: a new one without either, a copy for fork, the last user's end. NULL: no memory. */
struct fs_struct *fs_alloc(struct kernel *k) __must_check;
struct fs_struct *copy_fs_struct(struct fs_struct *old) __must_check; /* or NULL */
void put_fs_struct(struct fs_struct *fs);

#endif
