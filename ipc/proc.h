/* SPDX-License-Identifier: MIT
 *
 * What /proc shows of System V IPC: /proc/sysvipc, and the limits in /proc/sys/kernel. sysvipc(7), proc(5).
 */
#ifndef STEAD_IPC_PROC_H
#define STEAD_IPC_PROC_H

#include "ipc/util.h"

struct task;
struct proc_inode;
struct proc_seq;

/**
 * proc_sysvipc_shm(), proc_sysvipc_sem(), proc_sysvipc_msg() - the files of /proc/sysvipc
 * @m: the text
 *
 * Return: 0.
 */
int proc_sysvipc_shm(struct proc_seq *m);
int proc_sysvipc_sem(struct proc_seq *m);
int proc_sysvipc_msg(struct proc_seq *m);

/* A limit: where in struct ipc_namespace it is, its size, and the largest value; the least is 0, or 1 << (min - 1). */
#define IPC_SYSCTL_ARG(field, min, max)                                                                                    \
	(offsetof(struct ipc_namespace, field) | (uint64_t)sizeof(((struct ipc_namespace *)0)->field) << 24 | (uint64_t)(min) << 28 |  \
	 (uint64_t)(max) << 32)

/**
 * ipc_sysctl_show(), ipc_sysctl_store() - a limit in /proc/sys/kernel, of an entry whose arg is IPC_SYSCTL_ARG()
 * @m: the text
 * @t: the current task
 * @pi: the inode
 * @text: what was written
 *
 * Return: 0, -EINVAL.
 */
int ipc_sysctl_show(struct proc_seq *m);
int ipc_sysctl_store(struct task *t, const struct proc_inode *pi, char *text);

/**
 * ipc_sem_show(), ipc_sem_store() - /proc/sys/kernel/sem
 * @m: the text
 * @t: the current task
 * @pi: the inode
 * @text: up to four numbers
 *
 * Return: 0, -EINVAL.
 */
int ipc_sem_show(struct proc_seq *m);
int ipc_sem_store(struct task *t, const struct proc_inode *pi, char *text);

#endif
