/* SPDX-License-Identifier: MIT
 *
 * Sets of semaphores and operations on them. A call's operations are done all or none. One that cannot be done is queued with its
 * operations; whoever changes the set does those of others that have become possible, first come first served, and wakes them with
 * the result: a sleeper never has to compete for what it was given.
 *
 * Locks: ids->lock (the table, and how many semaphores there are), then a set's own.
 */
#include <linux/ipc.h>

#include "ipc/sem.h"
#include "kernel/task.h"

#define SOPS_FAST 32

void
sem_free(struct kern_ipc_perm *ipcp)
{
	kfree(ipcp->ids->k, SEM(ipcp));
}

/* semget(2) */

static int
more_checks(const struct kern_ipc_perm *ipcp, uint64_t nsems)
{
	return nsems > (uint64_t)container_of(ipcp, const struct sem_array, perm)->nsems ? -EINVAL : 0;
}

static int
new_set(struct task *t, int32_t key, int nsems, int flags)
{
	struct ipc_namespace *ns = t->k->ipc;
	struct sem_array *sma;
	int id;

	if (nsems == 0)
		return -EINVAL;
	if ((int64_t)ns->used_sems + nsems > READ_ONCE(ns->sem_ctls[SEM_CTL_MNS]))
		return -ENOSPC;
	sma = kzalloc(t->k, sizeof(*sma) + (size_t)nsems * sizeof(sma->sems[0]));
	if (!sma)
		return -ENOMEM;
	ipc_init_perm(t, &sma->perm, &ns->sem, key, flags);
	INIT_LIST_HEAD(&sma->pending_alter);
	INIT_LIST_HEAD(&sma->pending_const);
	INIT_LIST_HEAD(&sma->undos);
	sma->nsems = nsems;
	sma->ctime = ipc_seconds();
	id = ipc_addid(&sma->perm, READ_ONCE(ns->sem_ctls[SEM_CTL_MNI]));
	if (id < 0)
		kfree(t->k, sma);
	else
		ns->used_sems += nsems;
	return id;
}

int64_t
ksys_semget(struct task *t, int32_t key, int nsems, int flags)
{
	struct ipc_namespace *ns = t->k->ipc;
	int id = -EAGAIN;

	if (nsems < 0 || nsems > READ_ONCE(ns->sem_ctls[SEM_CTL_MSL]))
		return -EINVAL;
	mutex_lock(&ns->sem.lock);
	if (key != IPC_PRIVATE)
		id = ipc_find_key(t, &ns->sem, key, flags, more_checks, (uint64_t)nsems);
	if (id == -EAGAIN)
		id = new_set(t, key, nsems, flags);
	mutex_unlock(&ns->sem.lock);
	return id;
}

/* Operations */

/* Take back what was done of @q before @end. */
static void
revert(struct sem_array *sma, const struct sem_queue *q, const struct sembuf *end)
{
	for (const struct sembuf *s = q->sops; s < end; s++) {
		sma->sems[s->sem_num].semval -= s->sem_op;
		if (s->sem_flg & SEM_UNDO)
			q->undo->semadj[s->sem_num] += s->sem_op;
	}
}

/* One operation: 0, 1: it has to wait, -ERANGE. */
static int
perform_one(struct sem_array *sma, const struct sem_queue *q, const struct sembuf *s)
{
	struct sem *sem = &sma->sems[s->sem_num];
	int result = sem->semval + s->sem_op, undo;

	if ((s->sem_op == 0 && sem->semval) || result < 0)
		return 1;
	if (result > SEMVMX)
		return -ERANGE;
	if (s->sem_flg & SEM_UNDO) {
		undo = q->undo->semadj[s->sem_num] - s->sem_op;
		if (undo < -SEMAEM - 1 || undo > SEMAEM)
			return -ERANGE;
		q->undo->semadj[s->sem_num] = (int16_t)undo;
	}
	sem->semval = result;
	return 0;
}

/* All of them or none: 0, 1: they have to wait, or negative errno. */
static int
perform_atomic_semop(struct sem_array *sma, struct sem_queue *q)
{
	const struct sembuf *s, *end = q->sops + q->nsops;
	int err = 0;

	for (s = q->sops; s < end; s++) {
		err = perform_one(sma, q, s);
		if (err)
			break;
	}
	if (err) {
		revert(sma, q, s);
		q->blocking = s;
		return err > 0 && (s->sem_flg & IPC_NOWAIT) ? -EAGAIN : err;
	}
	for (s = q->sops; s < end; s++)
		sma->sems[s->sem_num].sempid = q->pid;
	return 0;
}

/* It is off the lists; from the store on its owner may be gone. */
static void
finish(struct sem_queue *q, int status, struct ipc_wakes *wakes)
{
	struct task *task = q->task;

	list_del_init(&q->list);
	__atomic_store_n(&q->status, status, __ATOMIC_RELEASE);
	ipc_wake_later(wakes, task);
}

static void
update_const(struct sem_array *sma, struct ipc_wakes *wakes)
{
	struct sem_queue *q, *next;

	list_for_each_entry_safe(q, next, &sma->pending_const, list) {
		int err = perform_atomic_semop(sma, q);

		if (err <= 0)
			finish(q, err, wakes);
	}
}

void
sem_update(struct sem_array *sma, struct ipc_wakes *wakes)
{
	struct sem_queue *q, *next;
	bool again;

	do {
		again = false;
		update_const(sma, wakes);
		list_for_each_entry_safe(q, next, &sma->pending_alter, list) {
			int err = perform_atomic_semop(sma, q);

			if (err > 0)
				continue;
			finish(q, err, wakes);
			/* What it did may let one go on that came before it. */
			again = err == 0;
			if (again)
				break;
		}
	} while (again);
}

void
sem_remove(struct sem_array *sma, struct ipc_wakes *wakes)
{
	struct sem_queue *q, *next;

	sem_undo_drop(sma);
	list_for_each_entry_safe(q, next, &sma->pending_const, list)
		finish(q, -EIDRM, wakes);
	list_for_each_entry_safe(q, next, &sma->pending_alter, list)
		finish(q, -EIDRM, wakes);
	sma->perm.ids->k->ipc->used_sems -= sma->nsems;
	ipc_rmid(&sma->perm);
}

/* semop(2) and semtimedop(2) */

struct semop_call {
	const struct sembuf *sops;
	unsigned int nsops;
	int max;	  /* the highest number of a semaphore */
	bool undo, alter;
	int64_t deadline;
};

static void
look_at_sops(struct semop_call *c)
{
	for (const struct sembuf *s = c->sops; s < c->sops + c->nsops; s++) {
		c->max = MAX(c->max, (int)s->sem_num);
		c->undo |= (s->sem_flg & SEM_UNDO) != 0;
		c->alter |= s->sem_op != 0;
	}
}

/* Queued, with the set's lock held; drops it. */
static int
wait_for_turn(struct task *t, struct sem_array *sma, struct sem_queue *q, int64_t deadline) __no_thread_safety
{
	int err = -EINTR, slept;

	for (;;) {
		set_current_state(t, TASK_INTERRUPTIBLE);
		mutex_unlock(&sma->perm.lock);
		slept = ipc_schedule(t, &q->list, &sma->perm.lock, deadline);
		err = __atomic_load_n(&q->status, __ATOMIC_ACQUIRE);
		if (err != -EINTR)
			return err;
		mutex_lock(&sma->perm.lock);
		err = q->status;
		if (err != -EINTR || slept == -ETIME || signal_pending(t))
			break;
	}
	if (err == -EINTR) {
		list_del_init(&q->list);
		if (slept == -ETIME)
			err = -EAGAIN;
	}
	mutex_unlock(&sma->perm.lock);
	return err;
}

static int
semop_locked(struct task *t, struct sem_array *sma, const struct semop_call *c, struct sem_undo **fresh) __no_thread_safety
{
	struct sem_queue q = { .task = t, .pid = t->tgid, .status = -EINTR, .sops = c->sops, .nsops = c->nsops };
	struct ipc_wakes wakes = { .n = 0 };
	int err;

	mutex_lock(&sma->perm.lock);
	if (sma->perm.deleted) {
		mutex_unlock(&sma->perm.lock);
		return -EIDRM;
	}
	if (c->undo)
		q.undo = sem_undo_find(t, sma, fresh);
	err = perform_atomic_semop(sma, &q);
	if (err > 0) {
		list_add_tail(&q.list, c->alter ? &sma->pending_alter : &sma->pending_const);
		return wait_for_turn(t, sma, &q, c->deadline);
	}
	if (err == 0) {
		sma->otime = ipc_seconds();
		if (c->alter)
			sem_update(sma, &wakes);
	}
	mutex_unlock(&sma->perm.lock);
	ipc_wake(&wakes);
	return err;
}

static int
do_semop(struct task *t, int id, const struct semop_call *c)
{
	struct kern_ipc_perm *ipcp = ipc_obtain(&t->k->ipc->sem, id);
	struct sem_undo *fresh = NULL;
	int err = 0;

	if (IS_ERR(ipcp))
		return (int)PTR_ERR(ipcp);
	if (c->undo) {
		fresh = sem_undo_alloc(t, SEM(ipcp)->nsems);
		err = fresh ? 0 : -ENOMEM;
	}
	if (!err && c->max >= SEM(ipcp)->nsems)
		err = -EFBIG;
	if (!err)
		err = ipcperms(t, ipcp, c->alter ? IPC_WUGO : IPC_RUGO);
	if (!err)
		err = semop_locked(t, SEM(ipcp), c, &fresh);
	kfree(t->k, fresh);
	ipc_put(ipcp);
	return err;
}

/* The timeout is looked at in two steps, as in Linux: EFAULT comes before all other errors, EINVAL after those of @nsops. */
int64_t
ksys_semtimedop(struct task *t, int id, uaddr_t usops, unsigned int nsops, uaddr_t timeout)
{
	struct semop_call c = { .nsops = nsops, .deadline = NO_DEADLINE };
	struct sembuf fast[SOPS_FAST], *sops = fast;
	struct k_timespec ts = { 0, 0 };
	int64_t err = 0, ns;

	if (!uaddr_null(timeout) && copy_in(t, &ts, timeout))
		return -EFAULT;
	if ((int64_t)nsops > READ_ONCE(t->k->ipc->sem_ctls[SEM_CTL_OPM]))
		return -E2BIG;
	if (nsops < 1)
		return -EINVAL;
	if (nsops > SOPS_FAST) {
		sops = kmalloc(t->k, nsops * sizeof(*sops));
		if (!sops)
			return -ENOMEM;
	}
	c.sops = sops;
	if (copy_from_user(t, sops, usops, nsops * sizeof(*sops)))
		err = -EFAULT;
	else if (id < 0)
		err = -EINVAL;
	else if (!uaddr_null(timeout) && (err = timespec_to_ns(&ts, &ns)) == 0)
		c.deadline = deadline_after(ns);
	if (!err) {
		look_at_sops(&c);
		err = do_semop(t, id, &c);
	}
	if (sops != fast)
		kfree(t->k, sops);
	return err;
}
