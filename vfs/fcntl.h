/* SPDX-License-Identifier: MIT
 *
 * fcntl(2) (vfs/fcntl.c), who is told of I/O by signal (vfs/fasync.c), record locks and flock(2) (vfs/locks.c).
 */
#ifndef STEAD_VFS_FCNTL_H
#define STEAD_VFS_FCNTL_H

#include "kernel/task.h"
#include "vfs/fs.h"

/* Newer than the headers of Debian 12. */
#ifndef F_DUPFD_QUERY
#define F_DUPFD_QUERY 1027
#endif
#ifndef F_CREATED_QUERY
#define F_CREATED_QUERY 1028
#endif

/* F_SETOWN: who gets SIGIO and SIGURG, with the credentials of who said so. */
struct fown {
	struct pid *pid; /* with a reference, or NULL */
	enum pid_type type;
	uint32_t uid, euid;
	int signum; /* F_SETSIG */
};

/**
 * fown_release() - forget a file's owner (last fput)
 * @file: the file
 */
void fown_release(struct file *file);

/* The files of an object that are set to O_ASYNC (vfs/fasync.c). */
struct fasync_queue {
	struct mutex lock; /* RANK_WAITQ */
	struct list_head files;
};

/**
 * fasync_init() - an empty queue
 * @q: the queue
 */
void fasync_init(struct fasync_queue *q);

/**
 * fasync_helper() - the work of f_op->fasync
 * @k: the instance
 * @fd: the descriptor told in si_fd
 * @file: enters or leaves the queue
 * @on: which
 * @q: the queue
 *
 * Return: 0, -ENOMEM.
 */
int fasync_helper(struct kernel *k, int fd, struct file *file, bool on, struct fasync_queue *q) __must_check;

/* What is told by kill_fasync(): si_code. */
enum fasync_code { FASYNC_IN = 1, FASYNC_OUT, FASYNC_MSG, FASYNC_ERR, FASYNC_PRI, FASYNC_HUP };

/**
 * kill_fasync() - SIGIO, or the signal of F_SETSIG, to the owners of all files of a queue
 * @k: the instance
 * @q: the queue
 * @code: one of enum fasync_code, which are POLL_IN, POLL_OUT, POLL_MSG, POLL_ERR, POLL_PRI and POLL_HUP of siginfo
 *
 * Context: takes tasklist_lock and siglock. Cheap when the queue is empty.
 */
void kill_fasync(struct kernel *k, struct fasync_queue *q, int code);

/**
 * file_copy_owner() - who is told of a file's I/O
 * @file: the file
 * @o: set, with a reference to the pid
 *
 * Return: false if there is nobody.
 */
bool file_copy_owner(struct file *file, struct fown *o) __must_check;

/**
 * send_sigio() - SIGIO, or the signal of F_SETSIG, to an owner
 * @k: the instance
 * @o: from file_copy_owner(); its reference is consumed
 * @fd: si_fd
 * @code: si_code
 *
 * Context: takes tasklist_lock and siglock.
 */
void send_sigio(struct kernel *k, struct fown *o, int fd, int code);

/**
 * send_sigurg() - SIGURG to an owner
 * @k: the instance
 * @o: from file_copy_owner(); its reference is consumed
 *
 * Context: takes tasklist_lock and siglock.
 */
void send_sigurg(struct kernel *k, struct fown *o);
#define POLL_MSG_NR 3 /* POLL_MSG of siginfo */

/**
 * f_setown(), f_getown() - F_SETOWN and F_GETOWN; FIOSETOWN, SIOCSPGRP
 * @t: the current task
 * @file: the file
 * @who: a pid, or a process group as a negative number; 0: nobody
 *
 * Return: 0, -ESRCH, -EINVAL, -ENOMEM.
 */
int f_setown(struct task *t, struct file *file, int who) __must_check;
int f_getown(struct task *t, struct file *file);

/**
 * f_setown_if_none() - the current process becomes the file's owner unless it has one
 * @t: the current task
 * @file: the file
 *
 * Return: 0, -ENOMEM.
 */
int f_setown_if_none(struct task *t, struct file *file) __must_check;

/**
 * do_fcntl() - fcntl(2) on an open file
 * @t: the current task
 * @fd: its descriptor
 * @file: the file
 * @cmd: F_*
 * @arg: the argument
 *
 * Return: as fcntl(2).
 */
int64_t do_fcntl(struct task *t, int fd, struct file *file, unsigned int cmd, uint64_t arg) __must_check;

/**
 * fcntl_lock() - F_GETLK, F_SETLK, F_SETLKW and their F_OFD_ forms
 * @t: the current task
 * @fd: the descriptor, to find out about a close(2) meanwhile
 * @file: the file
 * @cmd: the command
 * @u: struct flock
 *
 * Context: sleeps (F_SETLKW).
 * Return: 0, -EAGAIN, -EBADF, -EDEADLK, -EFAULT, -EINVAL, -EOVERFLOW, -ENOLCK, -ERESTARTSYS.
 */
int fcntl_lock(struct task *t, int fd, struct file *file, unsigned int cmd, uaddr_t u) __must_check;

/**
 * do_flock() - flock(2)
 * @t: the current task
 * @file: the file
 * @op: LOCK_*
 *
 * Context: sleeps.
 * Return: 0, -EWOULDBLOCK, -EBADF, -EINVAL, -ENOLCK, -ERESTARTSYS.
 */
int do_flock(struct task *t, struct file *file, unsigned int op) __must_check;

/**
 * show_file_locks() - the lines on locks of an open file's fdinfo
 * @file: the file
 * @files: the table of descriptors it is open in
 * @buf: room
 * @n: bytes
 *
 * Return: bytes written: whole lines.
 */
int show_file_locks(struct file *file, const struct files_struct *files, char *buf, size_t n);

#endif
