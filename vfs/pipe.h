/* SPDX-License-Identifier: MIT
 *
 * Pipes and FIFOs (vfs/pipe.c): a ring of page buffers between readers and writers.
 */
#ifndef STEAD_VFS_PIPE_H
#define STEAD_VFS_PIPE_H

#include "kernel/list.h"
#include "kernel/lock.h"
#include "kernel/slab.h"
#include "kernel/waitq.h"
#include "vfs/fcntl.h"
#include "vfs/fs.h"

#define PIPE_DEF_BUFFERS     16u
#define PIPE_MIN_DEF_BUFFERS 2u

#define PIPE_BUF_CAN_MERGE 1u /* a later write may append to the page */
#define PIPE_BUF_PACKET	   2u /* one read takes one buffer (O_DIRECT) */

struct pipe_buffer {
	char *page;
	uint32_t offset, len;
	uint32_t flags; /* PIPE_BUF_* */
};

/* Pages of pipes a user has, for the limits of pipe(7). */
struct pipe_user {
	struct list_head list;
	uint32_t uid;
	uint32_t pipes;
	uint64_t pages;
};

struct pipe_state {
	struct kmem_cache pipes, pages;
	struct mutex lock; /* RANK_LEAF: inode->i_pipe, pipe->files, users */
	struct list_head users;
	uint32_t max_size;	  /* /proc/sys/fs/pipe-max-size */
	uint64_t user_pages_soft; /* pipe-user-pages-soft */
	uint64_t user_pages_hard;
};

struct pipe_inode_info {
	struct mutex mutex; /* RANK_PIPE; held over copies to and from users */
	struct wait_queue_head rd_wait, wr_wait;
	struct wait_queue_head busy_wait; /* for rd_busy and wr_busy */
	uint32_t head, tail;		  /* free running; head - tail buffers are in use */
	uint32_t ring_size;		  /* slots, a power of two */
	uint32_t readers, writers, files;
	uint32_t r_counter, w_counter; /* opens ever, for the rules of FIFO opens */
	bool poll_usage;	       /* somebody polls: tell of every write, not only of the first (edge triggered users) */
	bool anon;		       /* from pipe(2) */
	bool rd_busy, wr_busy;	       /* splice works on that side without the mutex */
	struct fasync_queue fasync_readers, fasync_writers;
	uint64_t atime_cycles, mtime_cycles; /* when the inode's times were last set, by the time stamp counter */
	char *tmp_page[2];	       /* pages kept for the next writes */
	struct pipe_buffer *bufs;
	struct pipe_user *user;
	struct kernel *k;
};

static inline bool
pipe_empty(const struct pipe_inode_info *pipe)
{
	return READ_ONCE(pipe->head) == READ_ONCE(pipe->tail);
}

static inline uint32_t
pipe_occupancy(const struct pipe_inode_info *pipe)
{
	return pipe->head - pipe->tail;
}

static inline bool
pipe_full(const struct pipe_inode_info *pipe)
{
	return READ_ONCE(pipe->head) - READ_ONCE(pipe->tail) >= READ_ONCE(pipe->ring_size);
}

static inline struct pipe_buffer *
pipe_slot(struct pipe_inode_info *pipe, uint32_t i)
{
	return &pipe->bufs[i & (pipe->ring_size - 1)];
}

extern const struct file_operations pipe_fops; /* anonymous pipes */
extern const struct file_operations fifo_fops; /* what every file system gives an S_IFIFO inode as i_fop */

/**
 * pipe_init() - make k->pipe
 * @k: the instance
 *
 * Context: boot.
 * Return: 0, -ENOMEM.
 */
int pipe_init(struct kernel *k) __must_check;

/**
 * create_pipe_files() - make a connected reader and writer
 * @t: the current task
 * @res: two files, reader first; the caller owns one reference to each
 * @flags: O_NONBLOCK, O_DIRECT
 *
 * Context: may sleep. The caller holds no lock.
 * Return: 0, -ENFILE, -ENOMEM. On error @res is untouched.
 * Source: pipe(2)
 */
int create_pipe_files(struct task *t, struct file *res[2], uint32_t flags) __must_check;

/**
 * get_pipe_info() - the pipe behind a file
 * @file: any file
 *
 * Return: the pipe, valid while the file is referenced, or NULL if it is none.
 */
struct pipe_inode_info *get_pipe_info(struct file *file);

/**
 * pipe_fcntl() - F_SETPIPE_SZ and F_GETPIPE_SZ
 * @t: the current task
 * @file: any file
 * @cmd: the command
 * @arg: the size
 *
 * Context: takes the pipe's mutex.
 * Return: the size, -EBADF (no pipe), -EINVAL, -EPERM, -EBUSY, -ENOMEM.
 */
int64_t pipe_fcntl(struct task *t, struct file *file, unsigned int cmd, uint64_t arg) __must_check;

/**
 * pipe_page_alloc(), pipe_page_free() - a page for a buffer, content undefined
 * @pipe: the pipe; its mutex is held
 * @page: a page
 */
char *pipe_page_alloc(struct pipe_inode_info *pipe) __must_check;
void pipe_page_free(struct pipe_inode_info *pipe, char *page);

/**
 * pipe_lock_read(), pipe_lock_write() - the mutex, with no splice at work on that side
 * @t: the current task
 * @pipe: the pipe
 *
 * Return: 0, or -ERESTARTSYS without the mutex.
 */
int pipe_lock_read(struct task *t, struct pipe_inode_info *pipe) __must_check;
int pipe_lock_write(struct task *t, struct pipe_inode_info *pipe) __must_check;

/**
 * pipe_wait_data(), pipe_wait_room() - wait until there is something to take, or a free slot
 * @t: the current task
 * @pipe: locked by pipe_lock_read() or pipe_lock_write()
 * @nonblock: do not wait
 *
 * Context: sleeps without the mutex. On error it is not held.
 * Return: 0 (data: or no writers any more), -EAGAIN, -EPIPE (room: no readers, SIGPIPE was sent), -ERESTARTSYS.
 */
int pipe_wait_data(struct task *t, struct pipe_inode_info *pipe, bool nonblock) __must_check;
int pipe_wait_room(struct task *t, struct pipe_inode_info *pipe, bool nonblock) __must_check;

/**
 * pipe_fill() - move bytes into free slots
 * @pipe: locked
 * @from: bytes
 * @flags: PIPE_BUF_* of the buffers
 * @done: bytes moved are added
 *
 * Return: 0 (all, or no slot left), -ENOMEM, -EFAULT.
 */
int64_t pipe_fill(struct pipe_inode_info *pipe, struct iov_iter *from, uint32_t flags, int64_t *done) __must_check;

/**
 * pipe_consume() - the first @n bytes have been taken
 * @pipe: locked
 * @n: not more than the first buffer has
 */
void pipe_consume(struct pipe_inode_info *pipe, uint32_t n);

/**
 * pipe_wake_readers(), pipe_wake_writers() - after a change by other means than read and write
 * @pipe: not locked
 */
void pipe_wake_readers(struct pipe_inode_info *pipe);
void pipe_wake_writers(struct pipe_inode_info *pipe);

/**
 * free_pipe_info() - the end of a pipe nobody has open
 * @pipe: without files
 */
void free_pipe_info(struct pipe_inode_info *pipe);

#endif
