/* SPDX-License-Identifier: MIT
 *
 * semctl(2).
 */
#include <asm/sembuf.h>
#include <linux/ipc.h>

#include "ipc/sem.h"
#include "kernel/task.h"

#ifndef SEM_STAT_ANY
#define SEM_STAT_ANY 20
#endif
#define SEM_UNUSED_USZ 20 /* what Linux answers for a limit that it does not have */

static int64_t
do_stat(struct task *t, int id, int cmd, uaddr_t buf)
{
	struct ipc_ids *ids = &t->k->ipc->sem;
	struct kern_ipc_perm *ipcp = cmd == IPC_STAT ? ipc_obtain(ids, id) : ipc_obtain_idx(ids, id);
	struct semid64_ds ds;
	int64_t ret;

	if (IS_ERR(ipcp))
		return PTR_ERR(ipcp);
	ret = cmd == SEM_STAT_ANY ? 0 : ipcperms(t, ipcp, IPC_RUGO);
	memset(&ds, 0, sizeof(ds));
	if (!ret) {
		mutex_lock(&ipcp->lock);
		ipc_fill_perm(&ds.sem_perm, ipcp);
		ds.sem_otime = SEM(ipcp)->otime;
		ds.sem_ctime = SEM(ipcp)->ctime;
		ds.sem_nsems = (unsigned long)SEM(ipcp)->nsems;
		ret = ipcp->deleted ? -EIDRM : cmd == IPC_STAT ? 0 : ipcp->id;
		mutex_unlock(&ipcp->lock);
	}
	if (ret >= 0 && copy_out(t, buf, &ds))
		ret = -EFAULT;
	ipc_put(ipcp);
	return ret;
}

static int64_t
do_info(struct task *t, int cmd, uaddr_t buf)
{
	struct ipc_namespace *ns = t->k->ipc;
	struct seminfo info = {
		.semmni = READ_ONCE(ns->sem_ctls[SEM_CTL_MNI]), .semmns = READ_ONCE(ns->sem_ctls[SEM_CTL_MNS]),
		.semmsl = READ_ONCE(ns->sem_ctls[SEM_CTL_MSL]), .semopm = READ_ONCE(ns->sem_ctls[SEM_CTL_OPM]),
		.semvmx = SEMVMX, .semmnu = SEMMNU, .semmap = SEMMAP, .semume = SEMUME,
		.semusz = SEM_UNUSED_USZ, .semaem = SEMAEM,
	};

	if (cmd == SEM_INFO) {
		mutex_lock(&ns->sem.lock);
		info.semusz = ns->sem.in_use;
		info.semaem = ns->used_sems;
		mutex_unlock(&ns->sem.lock);
	}
	return copy_out(t, buf, &info) ? -EFAULT : ipc_get_maxidx(&ns->sem);
}

/* IPC_SET and IPC_RMID */
static int64_t
sem_down(struct task *t, int id, int cmd, uaddr_t buf)
{
	struct ipc_ids *ids = &t->k->ipc->sem;
	struct ipc_wakes wakes = { .n = 0 };
	struct kern_ipc_perm *ipcp;
	struct semid64_ds ds;
	int64_t err;

	if (cmd == IPC_SET && copy_in(t, &ds, buf))
		return -EFAULT;
	mutex_lock(&ids->lock);
	ipcp = ipc_lookup(ids, id);
	err = IS_ERR(ipcp) ? PTR_ERR(ipcp) : ipc_may_control(t, ipcp);
	if (!err) {
		mutex_guard(&ipcp->lock);

		if (cmd == IPC_RMID)
			sem_remove(SEM(ipcp), &wakes);
		else
			err = ipc_update_perm(ipcp, &ds.sem_perm);
		if (cmd == IPC_SET && !err)
			SEM(ipcp)->ctime = ipc_seconds();
	}
	mutex_unlock(&ids->lock);
	ipc_wake(&wakes);
	if (!err && cmd == IPC_RMID)
		ipc_put(ipcp);
	return err;
}

/* All values, or -EIDRM. */
static int
read_values(struct sem_array *sma, uint16_t *values)
{
	mutex_guard(&sma->perm.lock);

	for (int i = 0; i < sma->nsems; i++)
		values[i] = (uint16_t)sma->sems[i].semval;
	return sma->perm.deleted ? -EIDRM : 0;
}

/* Semaphores [@first, @end) get values, from @values or all the same, and nobody undoes what was done to them. */
static int
set_values(struct task *t, struct sem_array *sma, int first, int end, const uint16_t *values)
{
	struct ipc_wakes wakes = { .n = 0 };
	struct sem_undo *un;
	int err = 0;

	mutex_lock(&sma->perm.lock);
	if (sma->perm.deleted) {
		err = -EIDRM;
	} else {
		for (int i = first; i < end; i++) {
			sma->sems[i].semval = values[i - first];
			sma->sems[i].sempid = t->tgid;
			list_for_each_entry(un, &sma->undos, list_id)
				un->semadj[i] = 0;
		}
		sma->ctime = ipc_seconds();
		sem_update(sma, &wakes);
	}
	mutex_unlock(&sma->perm.lock);
	ipc_wake(&wakes);
	return err;
}

static int
do_all(struct task *t, struct sem_array *sma, int cmd, uaddr_t array)
{
	size_t n = (size_t)sma->nsems * sizeof(uint16_t);
	uint16_t *values = kmalloc(t->k, n);
	int err = 0;

	if (!values)
		return -ENOMEM;
	if (cmd == GETALL) {
		err = read_values(sma, values);
		if (!err && copy_to_user(t, array, values, n))
			err = -EFAULT;
	} else {
		if (copy_from_user(t, values, array, n))
			err = -EFAULT;
		for (int i = 0; !err && i < sma->nsems; i++)
			if (values[i] > SEMVMX)
				err = -ERANGE;
		if (!err)
			err = set_values(t, sma, 0, sma->nsems, values);
	}
	kfree(t->k, values);
	return err;
}

/* Sleepers that cannot go on because of a semaphore: what holds each up is the first operation that cannot be done. */
static int
count_waiting(struct sem_array *sma, int num, bool zero)
{
	struct sem_queue *q;
	int n = 0;

	list_for_each_entry(q, &sma->pending_alter, list)
		n += q->blocking->sem_num == num && (zero ? q->blocking->sem_op == 0 : q->blocking->sem_op < 0);
	list_for_each_entry(q, &sma->pending_const, list)
		n += q->blocking->sem_num == num && zero;
	return n;
}

static int
get_one(struct sem_array *sma, int num, int cmd)
{
	mutex_guard(&sma->perm.lock);

	if (sma->perm.deleted)
		return -EIDRM;
	switch (cmd) {
	case GETVAL:
		return sma->sems[num].semval;
	case GETPID:
		return sma->sems[num].sempid;
	default:
		return count_waiting(sma, num, cmd == GETZCNT);
	}
}

static int64_t
sem_main(struct task *t, int id, int num, int cmd, uint64_t arg)
{
	bool set = cmd == SETALL || cmd == SETVAL;
	uint16_t value = (uint16_t)arg;
	struct kern_ipc_perm *ipcp;
	struct sem_array *sma;
	int64_t ret;

	if (cmd == SETVAL && ((int)arg < 0 || (int)arg > SEMVMX))
		return -ERANGE;
	ipcp = ipc_obtain(&t->k->ipc->sem, id);
	if (IS_ERR(ipcp))
		return PTR_ERR(ipcp);
	sma = SEM(ipcp);
	ret = cmd == SETVAL && (num < 0 || num >= sma->nsems) ? -EINVAL : ipcperms(t, ipcp, set ? IPC_WUGO : IPC_RUGO);
	if (!ret && (cmd == GETALL || cmd == SETALL))
		ret = do_all(t, sma, cmd, UADDR(arg));
	else if (!ret && (num < 0 || num >= sma->nsems))
		ret = -EINVAL;
	else if (!ret)
		ret = cmd == SETVAL ? set_values(t, sma, num, num + 1, &value) : get_one(sma, num, cmd);
	ipc_put(ipcp);
	return ret;
}

int64_t
ksys_semctl(struct task *t, int id, int num, int cmd, uint64_t arg)
{
	if (id < 0)
		return -EINVAL;
	switch (cmd) {
	case IPC_INFO:
	case SEM_INFO:
		return do_info(t, cmd, UADDR(arg));
	case IPC_STAT:
	case SEM_STAT:
	case SEM_STAT_ANY:
		return do_stat(t, id, cmd, UADDR(arg));
	case GETALL:
	case GETVAL:
	case GETPID:
	case GETNCNT:
	case GETZCNT:
	case SETALL:
	case SETVAL:
		return sem_main(t, id, num, cmd, arg);
	case IPC_RMID:
	case IPC_SET:
		return sem_down(t, id, cmd, UADDR(arg));
	default:
		return -EINVAL;
	}
}
