/* SPDX-License-Identifier: MIT
 *
 * Leases: F_SETLEASE and F_GETLEASE of fcntl(2) (vfs/lease.c).
 */
#ifndef STEAD_VFS_LEASE_H
#define STEAD_VFS_LEASE_H

#include "kernel/kernel.h"
#include "vfs/fs.h"
#include "vfs/internal.h"

struct lease;

/**
 * lease_init() - no leases
 * @k: the instance
 */
void lease_init(struct kernel *k);

/**
 * fcntl_setlease(), fcntl_getlease() - F_SETLEASE, F_GETLEASE
 * @t: the current task
 * @fd: the descriptor, told in si_fd
 * @file: the file
 * @arg: F_RDLCK, F_WRLCK, F_UNLCK
 *
 * Return: 0, -EAGAIN, -EACCES, -EINVAL, -ENOMEM; the type, as it will be when what is being broken is.
 */
int fcntl_setlease(struct task *t, int fd, struct file *file, uint64_t arg) __must_check;
int fcntl_getlease(struct task *t, struct file *file) __must_check;

/**
 * lease_release() - the last use of an open file ends its lease
 * @file: the file
 */
void lease_release(struct file *file);

/**
 * __break_lease() - use break_lease()
 * @t: the current task
 * @inode: the file
 * @flags: O_*
 */
int __break_lease(struct task *t, struct inode *inode, uint32_t flags) __must_check;

/**
 * break_lease() - before a file is opened or cut: who has a lease that does not go with it is asked to give it up
 * @t: the current task
 * @inode: the file; what is about to be done is counted in i_writecount or i_readcount already
 * @flags: O_WRONLY, O_RDWR or O_RDONLY, and O_NONBLOCK
 *
 * Context: sleeps, for lease-break-time at most.
 * Return: 0, -EWOULDBLOCK (O_NONBLOCK), -ERESTARTSYS.
 */
static inline int
break_lease(struct task *t, struct inode *inode, uint32_t flags)
{
	return unlikely(__atomic_load_n(&inode->i_leases, __ATOMIC_SEQ_CST) != NULL) ? __break_lease(t, inode, flags) : 0;
}

#endif
