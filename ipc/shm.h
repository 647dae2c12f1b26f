/* SPDX-License-Identifier: MIT
 *
 * Shared memory of System V: shmget(2), shmat(2), shmdt(2), shmctl(2). ipc/shm.c is segments and attaching, ipc/shmctl.c the rest.
 */
#ifndef STEAD_IPC_SHM_H
#define STEAD_IPC_SHM_H

#include <asm/shmbuf.h>

#include "ipc/util.h"
#include "mm/uaccess.h"

struct file;

#define SHMMIN	      1
#define SHMMNI	      4096
#define SHM_UNLIMITED (UINT64_MAX - (1UL << 24))

#define K_SHM_RDONLY 010000
#define K_SHM_RND    020000
#define K_SHM_REMAP  040000
#define K_SHM_EXEC   0100000
#define K_SHM_HUGETLB 04000

/* In the mode, as IPC_STAT shows it. */
#define SHM_DEST   01000u
#define SHM_LOCKED 02000u

/* All is protected by ids->lock. */
struct shmid_kernel {
	struct kern_ipc_perm perm; /* first */
	struct file *file; /* of tmpfs */
	uint64_t segsz;
	uint64_t nattch; /* vmas, and attaches under way */
	int64_t atime, dtime, ctime;
	int cpid, lpid;
	struct user_struct *locked_by; /* SHM_LOCK: whose RLIMIT_MEMLOCK; a reference */
};

/**
 * shm_free() - ids->free of segments
 * @ipcp: nobody has it any more
 */
void shm_free(struct kern_ipc_perm *ipcp);

/**
 * shm_destroy() - take a segment out of the table
 * @shp: in it
 *
 * Context: ids->lock is held; the caller has a reference of its own, or puts the table's after unlocking.
 */
void shm_destroy(struct shmid_kernel *shp);

/**
 * ksys_shmget(), ksys_shmat(), ksys_shmdt(), ksys_shmctl() - the calls
 * @t: the current task
 *
 * Context: may sleep; shmat and shmdt take mmap_lock and make host calls.
 * Return: an id, an address, an index, 0, or negative errno as in the man pages.
 * Source: shmget(2), shmop(2), shmctl(2)
 */
int64_t ksys_shmget(struct task *t, int32_t key, uint64_t size, int flags) __must_check;
int64_t ksys_shmat(struct task *t, int id, uint64_t addr, int flags) __must_check;
int64_t ksys_shmdt(struct task *t, uint64_t addr) __must_check;
int64_t ksys_shmctl(struct task *t, int id, int cmd, uaddr_t buf) __must_check;

/**
 * shm_unlock() - SHM_UNLOCK, and the end of a segment
 * @shp: the segment
 *
 * Context: ids->lock is held, or nobody else has it.
 */
void shm_unlock(struct shmid_kernel *shp);

/**
 * shm_usage() - pages of a segment that are in memory
 * @t: the current task
 * @shp: with a reference
 *
 * Context: no lock.
 */
uint64_t shm_usage(struct task *t, struct shmid_kernel *shp);

#endif
