/* SPDX-License-Identifier: MIT
 *
 * Descriptors of processes, as fork, wait and kill need them (vfs/pidfd.c).
 */
#ifndef STEAD_KERNEL_PIDFD_H
#define STEAD_KERNEL_PIDFD_H

#include "kernel/types.h"

/* Of a thread, which need not be a leader. linux/pidfd.h has these since 6.9. */
#define PIDFD_THREAD 0200u

#define PIDFD_SIGNAL_THREAD	   1u
#define PIDFD_SIGNAL_THREAD_GROUP  2u
#define PIDFD_SIGNAL_PROCESS_GROUP 4u

struct file;
struct pid;
struct task;

/**
 * pidfd_create() - a file that stands for a process; not yet under a descriptor
 * @t: the current task
 * @pid: another reference is taken
 * @flags: O_RDWR | O_CLOEXEC, O_NONBLOCK, PIDFD_THREAD
 *
 * Return: the file with one reference, or ERR_PTR.
 */
struct file *pidfd_create(struct task *t, struct pid *pid, unsigned int flags) __must_check;

/**
 * pidfd_get_pid() - the process a descriptor stands for
 * @t: the current task
 * @fd: the descriptor
 * @flags: set to its f_flags, or NULL
 *
 * Return: with a reference, or ERR_PTR(-EBADF).
 */
struct pid *pidfd_get_pid(struct task *t, int fd, unsigned int *flags) __must_check;

/**
 * proc_file_pid() - the process whose directory in /proc a file is
 * @file: any file
 *
 * Return: the pid, as long as the file is open, or NULL if it is something else.
 */
struct pid *proc_file_pid(const struct file *file);

#endif
