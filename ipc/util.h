/* SPDX-License-Identifier: MIT
 *
 * System V IPC: what its three kinds share. sysvipc(7).
 *
 * An object is found by its id: the low 15 bits are its place in the table of its kind, the rest counts how often places were given
 * out again, so that an old id is told from a new one. A key finds an object too, as long as it is not removed.
 *
 * Life: the kind fills an object, ipc_addid() makes it visible, ipc_rmid() takes it out of the table. Whoever works on it has a
 * reference; the last ipc_put() frees it. Locks: ids->lock protects the table and the keys; an object's own lock what is in it
 * (segments of shared memory are few things, and have ids->lock alone). Neither is held while user memory is touched.
 */
#ifndef STEAD_IPC_UTIL_H
#define STEAD_IPC_UTIL_H

#include <asm/ipcbuf.h>

#include "kernel/kernel.h"
#include "kernel/list.h"
#include "kernel/lock.h"
#include "kernel/refcount.h"

struct task;
struct ipc_ids;
struct mount;

#define IPCMNI		    32768
#define IPC_SEQ_SHIFT	    15
#define IPC_SEQ_MAX	    (INT32_MAX >> IPC_SEQ_SHIFT)
#define IPC_IDX(id)	    ((uint32_t)(id) & (IPCMNI - 1))
#define IPC_MIN_CYCLE	    64 /* so many places are used before one is used again */
#define IPC_KEY_BUCKETS	    256

#define IPC_RUGO 0444
#define IPC_WUGO 0222
#define IPC_XUGO 0111
#define IPC_RWXUGO 0777

struct kern_ipc_perm {
	struct mutex lock; /* RANK_IPC: the kind's own state */
	refcount_t refcount;
	struct ipc_ids *ids;
	bool deleted; /* out of the table; changed under both locks */
	int id;
	uint32_t seq;
	int32_t key; /* IPC_PRIVATE: none, or none any more */
	uint32_t uid, gid, cuid, cgid, mode;
	struct kern_ipc_perm *key_next; /* of those with keys in one bucket */
};

struct ipc_ids {
	struct kernel *k;
	struct mutex lock; /* RANK_IPC_IDS */
	void (*free)(struct kern_ipc_perm *ipcp); /* the last reference is gone */
	struct kern_ipc_perm **slots;
	uint32_t nr_slots;
	int in_use, max_idx; /* max_idx: the highest place in use, or -1 */
	uint32_t seq, next_idx;
	int last_idx;
	int next_id; /* what the next object is to get (/proc/sys/kernel/shm_next_id ...), or -1 */
	struct kern_ipc_perm *keys[IPC_KEY_BUCKETS];
};

/* What /proc/sys/kernel/sem shows, in this order: of one set, of all, of one call, sets. */
enum { SEM_CTL_MSL, SEM_CTL_MNS, SEM_CTL_OPM, SEM_CTL_MNI };

/* All of an instance. */
struct ipc_namespace {
	struct ipc_ids shm;
	uint64_t shm_tot; /* pages of all segments; shm.lock */

	struct ipc_ids sem;
	int used_sems; /* sem.lock */

	struct ipc_ids msg;
	int msg_hdrs;	   /* messages that nobody has taken; atomic */
	int64_t msg_bytes; /* of all of them; atomic */

	/* POSIX message queues */
	struct mount *mq_mnt;
	struct mutex mq_lock; /* RANK_LEAF: the next two */
	struct list_head mq_all;
	int64_t mq_last_cookie;
	uint32_t mq_queues_count; /* atomic */
	int mq_queues_max, mq_msg_max, mq_msg_default, mq_msgsize_max, mq_msgsize_default; /* /proc/sys/fs/mqueue */

	/* /proc/sys/kernel */
	int msg_ctlmax, msg_ctlmnb, msg_ctlmni;
	int sem_ctls[4]; /* SEM_CTL_* */
	uint64_t shm_ctlmax, shm_ctlall;
	int shm_ctlmni;
};

/**
 * ipc_init() - boot: k->ipc
 * @k: the instance
 *
 * Return: 0, -ENOMEM.
 */
int ipc_init(struct kernel *k) __must_check;

/**
 * ipcperms() - may the current task do something with an object?
 * @t: the current task
 * @ipcp: the object
 * @flag: permission bits as of open(2)'s mode: any of the three classes counts
 *
 * Context: a look without a lock is as good as one with.
 * Return: 0, -EACCES.
 */
int ipcperms(struct task *t, const struct kern_ipc_perm *ipcp, uint32_t flag) __must_check;

/**
 * ipc_init_perm() - the beginning of a new object: creator, owner, mode, one reference
 * @t: the current task
 * @ipcp: in memory that is zero
 * @ids: its kind
 * @key: its key
 * @flag: of the get call
 */
void ipc_init_perm(struct task *t, struct kern_ipc_perm *ipcp, struct ipc_ids *ids, int32_t key, int flag);

/**
 * ipc_addid() - give an object an id, from when on others can find it
 * @ipcp: from ipc_init_perm(), whole; the reference is the table's now
 * @limit: so many there may be
 *
 * Context: ids->lock is held.
 * Return: the id, -ENOSPC, -ENOMEM.
 */
int ipc_addid(struct kern_ipc_perm *ipcp, int limit) __must_check;

/**
 * ipc_rmid() - take an object out of the table, and give the table's reference to the caller
 * @ipcp: in the table
 *
 * Context: ids->lock is held, and the object's lock where the kind uses it.
 */
void ipc_rmid(struct kern_ipc_perm *ipcp);

/**
 * ipc_forget_key() - no get call finds the object any more; its id stays
 * @ipcp: in the table
 *
 * Context: ids->lock is held.
 */
void ipc_forget_key(struct kern_ipc_perm *ipcp);

/**
 * ipc_get(), ipc_put() - references
 * @ipcp: the object
 */
void ipc_get(struct kern_ipc_perm *ipcp);
void ipc_put(struct kern_ipc_perm *ipcp);

/* The last part of a get call on an object that exists: more errors of the kind; ids->lock is held. */
typedef int (*ipc_check_t)(const struct kern_ipc_perm *ipcp, uint64_t size);

/**
 * ipc_find_key() - the part that shmget(2), semget(2) and msgget(2) share: an object that is there already
 * @t: the current task
 * @ids: the kind
 * @key: not IPC_PRIVATE
 * @flag: IPC_CREAT, IPC_EXCL, permissions wanted
 * @more: the kind's own check, or NULL
 * @size: for it
 *
 * Context: ids->lock is held, and stays held, so that the object can be made.
 * Return: the id; -ENOENT: none, and none is wanted; -EAGAIN: make one; -EEXIST, -EACCES, and what @more says.
 */
int ipc_find_key(struct task *t, struct ipc_ids *ids, int32_t key, int flag, ipc_check_t more, uint64_t size) __must_check;

/**
 * ipc_obtain() - an object by its id
 * ipc_obtain_idx() - by its place (SHM_STAT and its like); bits above that are not looked at
 * ipc_lookup() - the same without a reference, for a caller that holds ids->lock
 * @ids: the kind
 * @id: the id
 *
 * Context: the first two take ids->lock.
 * Return: with a reference, or ERR_PTR(-EINVAL).
 */
struct kern_ipc_perm *ipc_obtain(struct ipc_ids *ids, int id) __must_check;
struct kern_ipc_perm *ipc_obtain_idx(struct ipc_ids *ids, int id) __must_check;
struct kern_ipc_perm *ipc_lookup(struct ipc_ids *ids, int id) __must_check;

/**
 * ipc_may_control() - IPC_SET and IPC_RMID: owner, creator, or CAP_SYS_ADMIN
 * @t: the current task
 * @ipcp: the object
 *
 * Return: 0, -EPERM.
 */
int ipc_may_control(struct task *t, const struct kern_ipc_perm *ipcp) __must_check;

/**
 * ipc_update_perm() - IPC_SET: owner and mode
 * @ipcp: the object
 * @in: what the program gave
 *
 * Context: the object's lock, or ids->lock.
 * Return: 0, -EINVAL (no such user).
 */
int ipc_update_perm(struct kern_ipc_perm *ipcp, const struct ipc64_perm *in) __must_check;

/**
 * ipc_fill_perm() - what IPC_STAT shows of it
 * @out: filled
 * @ipcp: the object
 */
void ipc_fill_perm(struct ipc64_perm *out, const struct kern_ipc_perm *ipcp);

/**
 * ipc_get_maxidx() - what IPC_INFO returns
 * @ids: the kind
 *
 * Context: takes ids->lock.
 * Return: the highest place in use, or 0.
 */
int ipc_get_maxidx(struct ipc_ids *ids);

/* Where a task sleeps: its entry, on its stack, in a list of an object to which it has a reference. */
struct ipc_sleeper {
	struct list_head *entry;
	struct mutex *lock; /* of the list */
};

/**
 * ipc_schedule() - schedule_until() for a task that is in a list of an object
 * @t: the current task, its state is set
 * @entry: its own in the list; once it is alone it is in none
 * @lock: the object's, not held
 * @deadline: as of schedule_until()
 *
 * Return: as schedule_until().
 */
int ipc_schedule(struct task *t, struct list_head *entry, struct mutex *lock, int64_t deadline) __must_check;

/**
 * ipc_abandon() - a task that the host has killed in its sleep leaves the list: it will not take what it waited for
 * @t: a task that ends; its stack is still there
 *
 * The object keeps the reference of the call that does not return.
 * Context: takes the object's lock.
 */
void ipc_abandon(struct task *t);

/* Tasks to be woken once no lock is held that they would run into. */
struct ipc_wakes {
	unsigned int n;
	struct task *tasks[8];
};

/**
 * ipc_wake_later(), ipc_wake() - note a task that sleeps interruptibly; wake all that were noted
 * @w: begins with n = 0
 * @task: it may end meanwhile: its memory stays a task's
 *
 * Context: ipc_wake_later() wakes at once when there is no room.
 */
void ipc_wake_later(struct ipc_wakes *w, struct task *task);
void ipc_wake(struct ipc_wakes *w);

/**
 * ipc_seconds() - now, as all of System V IPC keeps times
 */
int64_t ipc_seconds(void);

#endif
