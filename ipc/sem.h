/* SPDX-License-Identifier: MIT
 *
 * Semaphores of System V: semget(2), semop(2), semctl(2). ipc/sem.c is sets and operations, ipc/semctl.c semctl, ipc/sem-undo.c what
 * is undone when a process ends.
 */
#ifndef STEAD_IPC_SEM_H
#define STEAD_IPC_SEM_H

#include <linux/sem.h>

#include "ipc/util.h"
#include "mm/uaccess.h"

struct sem_undo;

struct sem {
	int semval;
	int sempid; /* who changed it last */
};

/* perm.lock protects it. */
struct sem_array {
	struct kern_ipc_perm perm; /* first */
	int64_t otime, ctime;
	int nsems;
	struct list_head pending_alter; /* sem_queue.list, in the order in which they came */
	struct list_head pending_const; /* likewise: those that only wait for zeros */
	struct list_head undos;		/* sem_undo.list_id */
	struct sem sems[];
};

/* A task that sleeps in semop(2), on its stack. Whoever takes it off its list sets the status, and then leaves it alone. */
struct sem_queue {
	struct list_head list;
	struct task *task;
	struct sem_undo *undo; /* or NULL */
	int pid;
	int status; /* -EINTR: still waiting; else the result */
	const struct sembuf *sops, *blocking; /* blocking: the first that cannot be done */
	unsigned int nsops;
};

/* What a process (all that share it by CLONE_SYSVSEM) has to undo. */
struct sem_undo_list {
	refcount_t refcount;
	struct kernel *k;
	struct mutex lock; /* RANK_LEAF: undos */
	struct list_head undos; /* sem_undo.list_proc */
};

/* Of one set. In both lists as long as the set is there; the set's lock protects it. */
struct sem_undo {
	struct list_head list_proc, list_id;
	struct sem_undo_list *ulp;
	int semid;
	int16_t semadj[];
};

static inline struct sem_array *
SEM(struct kern_ipc_perm *ipcp)
{
	return container_of(ipcp, struct sem_array, perm);
}

/**
 * sem_free() - ids->free of sets
 * @ipcp: nobody has it any more
 */
void sem_free(struct kern_ipc_perm *ipcp);

/**
 * sem_update() - a set has changed: do what sleepers wait to do, in the order in which they came
 * @sma: the set
 * @wakes: gets those to wake
 *
 * Context: its lock is held.
 */
void sem_update(struct sem_array *sma, struct ipc_wakes *wakes);

/**
 * sem_remove() - IPC_RMID
 * @sma: in the table; its reference goes to the caller
 * @wakes: gets those to wake
 *
 * Context: ids->lock and the set's lock are held.
 */
void sem_remove(struct sem_array *sma, struct ipc_wakes *wakes);

/**
 * sem_undo_alloc() - room for what a task has to undo of a set, in case it has none yet
 * @t: the current task
 * @nsems: of the set
 *
 * Return: for sem_undo_find(), or NULL.
 */
struct sem_undo *sem_undo_alloc(struct task *t, int nsems) __must_check;

/**
 * sem_undo_find() - what a task has to undo of a set
 * @t: the current task
 * @sma: the set
 * @fresh: from sem_undo_alloc(): used and set to NULL if there is none yet
 *
 * Context: the set's lock is held, and the set is in the table.
 */
struct sem_undo *sem_undo_find(struct task *t, struct sem_array *sma, struct sem_undo **fresh) __must_check;

/**
 * sem_undo_drop() - nothing is left to undo of a set that is being removed
 * @sma: the set
 *
 * Context: its lock is held.
 */
void sem_undo_drop(struct sem_array *sma);

/**
 * copy_semundo() - a new task: it shares the list of its parent, or has none
 * @t: the parent
 * @p: the new task
 * @share: CLONE_SYSVSEM
 *
 * Return: 0, -ENOMEM.
 */
int copy_semundo(struct task *t, struct task *p, bool share) __must_check;

/**
 * exit_sem() - a task leaves its list; if it is the last, all is undone
 * @t: the current task, or one that was never seen
 *
 * Context: takes ids->lock and locks of sets.
 */
void exit_sem(struct task *t);

/**
 * ksys_semget(), ksys_semtimedop(), ksys_semctl() - the calls
 * @t: the current task
 * @timeout: may be null
 *
 * Context: may sleep.
 * Return: an id, a value, 0, or negative errno as in the man pages.
 * Source: semget(2), semop(2), semctl(2)
 */
int64_t ksys_semget(struct task *t, int32_t key, int nsems, int flags) __must_check;
int64_t ksys_semtimedop(struct task *t, int id, uaddr_t sops, unsigned int nsops, uaddr_t timeout) __must_check;
int64_t ksys_semctl(struct task *t, int id, int num, int cmd, uint64_t arg) __must_check;

#endif
