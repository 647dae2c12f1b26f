/* SPDX-License-Identifier: MIT
 *
 * SEM_UNDO: what a process has to give back of each set when it ends. A list belongs to all tasks that share it (CLONE_SYSVSEM: the
 * threads of a process), and outlives exec. An entry is in the list of its process and in the list of its set; it goes when the set is
 * removed or the process ends, whichever is first.
 *
 * Locks: the set's lock, then ulp->lock. A set is removed, with all entries of it, under ids->lock, so who cannot find a set any more
 * finds that its entry is gone, too.
 */
#include "ipc/sem.h"
#include "kernel/task.h"

static struct sem_undo_list *
own_list(struct task *t)
{
	struct sem_undo_list *ulp = t->sysvsem;

	if (ulp)
		return ulp;
	ulp = kzalloc(t->k, sizeof(*ulp));
	if (!ulp)
		return NULL;
	refcount_set(&ulp->refcount, 1);
	ulp->k = t->k;
	mutex_init(&ulp->lock, RANK_LEAF);
	INIT_LIST_HEAD(&ulp->undos);
	t->sysvsem = ulp;
	return ulp;
}

struct sem_undo *
sem_undo_alloc(struct task *t, int nsems)
{
	return own_list(t) ? kzalloc(t->k, sizeof(struct sem_undo) + (size_t)nsems * sizeof(int16_t)) : NULL;
}

struct sem_undo *
sem_undo_find(struct task *t, struct sem_array *sma, struct sem_undo **fresh)
{
	struct sem_undo_list *ulp = t->sysvsem;
	struct sem_undo *un;
	mutex_guard(&ulp->lock);

	list_for_each_entry(un, &ulp->undos, list_proc)
		if (un->semid == sma->perm.id)
			return un;
	un = *fresh;
	*fresh = NULL;
	un->ulp = ulp;
	un->semid = sma->perm.id;
	list_add(&un->list_proc, &ulp->undos);
	list_add(&un->list_id, &sma->undos);
	return un;
}

static void
unlink_undo(struct sem_undo *un)
{
	list_del_init(&un->list_id);
	mutex_lock(&un->ulp->lock);
	list_del_init(&un->list_proc);
	mutex_unlock(&un->ulp->lock);
}

void
sem_undo_drop(struct sem_array *sma)
{
	struct sem_undo *un, *next;

	list_for_each_entry_safe(un, next, &sma->undos, list_id) {
		unlink_undo(un);
		kfree(sma->perm.ids->k, un);
	}
}

int
copy_semundo(struct task *t, struct task *p, bool share)
{
	struct sem_undo_list *ulp = share ? own_list(t) : NULL;

	if (share && !ulp)
		return -ENOMEM;
	if (ulp)
		refcount_inc(&ulp->refcount);
	p->sysvsem = ulp;
	return 0;
}

static void
apply(struct task *t, struct sem_array *sma, const struct sem_undo *un)
{
	for (int i = 0; i < sma->nsems; i++) {
		struct sem *sem = &sma->sems[i];

		if (!un->semadj[i])
			continue;
		sem->semval = MIN(MAX(sem->semval + un->semadj[i], 0), SEMVMX);
		sem->sempid = t->tgid;
	}
}

static int
first_id(struct sem_undo_list *ulp)
{
	mutex_guard(&ulp->lock);

	return list_empty(&ulp->undos) ? -1 : list_first_entry(&ulp->undos, struct sem_undo, list_proc)->semid;
}

static void
undo_set(struct task *t, struct sem_undo_list *ulp, struct sem_array *sma)
{
	struct ipc_wakes wakes = { .n = 0 };
	struct sem_undo *un;

	mutex_lock(&sma->perm.lock);
	list_for_each_entry(un, &sma->undos, list_id) {
		if (un->ulp != ulp)
			continue;
		unlink_undo(un);
		apply(t, sma, un);
		kfree(t->k, un);
		sma->otime = ipc_seconds();
		sem_update(sma, &wakes);
		break;
	}
	mutex_unlock(&sma->perm.lock);
	ipc_wake(&wakes);
}

void
exit_sem(struct task *t)
{
	struct sem_undo_list *ulp = t->sysvsem;
	int id;

	t->sysvsem = NULL;
	if (!ulp || !refcount_dec_and_test(&ulp->refcount))
		return;
	while ((id = first_id(ulp)) >= 0) {
		struct kern_ipc_perm *ipcp = ipc_obtain(&t->k->ipc->sem, id);

		if (IS_ERR(ipcp))
			continue; /* removed since, and its entry with it */
		undo_set(t, ulp, SEM(ipcp));
		ipc_put(ipcp);
	}
	kfree(t->k, ulp);
}
