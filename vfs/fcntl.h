/* SPDX-License-Identifier: MIT
 *
 * fcntl(2) and who is told of I/O by signal (vfs/fcntl.c); record locks and flock (vfs/locks.c, vfs/flock.c).
 */
#ifndef STEAD_VFS_FCNTL_H
#define STEAD_VFS_FCNTL_H

#include "kernel/task.h"
#include "vfs/fs.h"

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

/**
 * send_sigio() - tell the owner of a file that was set to O_ASYNC
 * @file: the file, referenced
 * @fd: the descriptor it had when O_ASYNC was set
 * @code: POLL_IN, POLL_OUT, ... of siginfo
 * @band: K_POLL* mask
 *
 * Context: takes tasklist_lock and siglock.
 */
void send_sigio(struct file *file, int fd, int code, uint32_t band);

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
 * show_locks() - the lines of /proc/locks, or of one file's fdinfo
 * @k: the instance
 * @file: whose locks
 * @buf: room
 * @n: bytes
 *
 * Return: bytes written.
 */
int show_file_locks(struct kernel *k, struct file *file, char *buf, size_t n);

#endif
