/* SPDX-License-Identifier: MIT
 *
 * System V IPC: ids, keys and permissions. ipc/util.h explains them. Places are given out as Linux does, round and round: a place is
 * used again only when all lower ones of a cycle (half as many again as there are objects, at least 64) have been used.
 */
#include <linux/capability.h>
#include <linux/ipc.h>
#include <linux/msg.h>

#include "ipc/mqueue.h"
#include "ipc/msg.h"
#include "ipc/sem.h"
#include "ipc/shm.h"
#include "ipc/util.h"
#include "kernel/cred.h"
#include "kernel/errno.h"
#include "kernel/task.h"

int64_t
ipc_seconds(void)
{
	return ktime_get_real() / NSEC_PER_SEC;
}

int
ipcperms(struct task *t, const struct kern_ipc_perm *ipcp, uint32_t flag)
{
	const struct cred *c = t->cred;
	uint32_t wanted = (flag >> 6) | (flag >> 3) | flag, granted = READ_ONCE(ipcp->mode);
	uint32_t gid = READ_ONCE(ipcp->gid);
	bool member = c->egid == ipcp->cgid || c->egid == gid;

	if (c->euid == ipcp->cuid || c->euid == READ_ONCE(ipcp->uid))
		granted >>= 6;
	else if (member || in_group_p(c, ipcp->cgid) || in_group_p(c, gid))
		granted >>= 3;
	return (wanted & ~granted & 07) && !capable(t, CAP_IPC_OWNER) ? -EACCES : 0;
}

void
ipc_init_perm(struct task *t, struct kern_ipc_perm *ipcp, struct ipc_ids *ids, int32_t key, int flag)
{
	mutex_init(&ipcp->lock, RANK_IPC);
	refcount_set(&ipcp->refcount, 1);
	ipcp->ids = ids;
	ipcp->key = key;
	ipcp->mode = (uint32_t)flag & IPC_RWXUGO;
	ipcp->uid = ipcp->cuid = t->cred->euid;
	ipcp->gid = ipcp->cgid = t->cred->egid;
}

/* Keys */

static struct kern_ipc_perm **
key_bucket(struct ipc_ids *ids, int32_t key)
{
	return &ids->keys[((uint32_t)key * 0x9e3779b1u) >> 24];
}

void
ipc_forget_key(struct kern_ipc_perm *ipcp)
{
	struct kern_ipc_perm **p;

	if (ipcp->key == IPC_PRIVATE)
		return;
	for (p = key_bucket(ipcp->ids, ipcp->key); *p; p = &(*p)->key_next) {
		if (*p == ipcp) {
			*p = ipcp->key_next;
			break;
		}
	}
	ipcp->key = IPC_PRIVATE;
}

int
ipc_find_key(struct task *t, struct ipc_ids *ids, int32_t key, int flag, ipc_check_t more, uint64_t size)
{
	struct kern_ipc_perm *ipcp;
	int err = 0;

	for (ipcp = *key_bucket(ids, key); ipcp && ipcp->key != key; ipcp = ipcp->key_next)
		;
	if (!ipcp)
		return flag & IPC_CREAT ? -EAGAIN : -ENOENT;
	if ((flag & IPC_CREAT) && (flag & IPC_EXCL))
		return -EEXIST;
	if (more)
		err = more(ipcp, size);
	if (!err)
		err = ipcperms(t, ipcp, (uint32_t)flag);
	return err ? err : ipcp->id;
}

/* Places */

static int
grow(struct ipc_ids *ids, uint32_t idx)
{
	uint32_t n = MAX(ids->nr_slots, 64u);
	struct kern_ipc_perm **slots;

	while (n <= idx)
		n *= 2;
	if (n <= ids->nr_slots)
		return 0;
	slots = kzalloc(ids->k, n * sizeof(*slots));
	if (!slots)
		return -ENOMEM;
	if (ids->slots)
		memcpy(slots, ids->slots, ids->nr_slots * sizeof(*slots));
	kfree(ids->k, ids->slots);
	ids->slots = slots;
	ids->nr_slots = n;
	return 0;
}

static bool
is_free(const struct ipc_ids *ids, uint32_t idx)
{
	return idx >= ids->nr_slots || !ids->slots[idx];
}

/* The first free place from @from on, below @end; or @end. */
static uint32_t
first_free(const struct ipc_ids *ids, uint32_t from, uint32_t end)
{
	while (from < end && !is_free(ids, from))
		from++;
	return from;
}

static int
choose_idx(struct ipc_ids *ids, uint32_t *seq)
{
	uint32_t end = MIN((uint32_t)MAX(ids->in_use * 3 / 2, IPC_MIN_CYCLE), (uint32_t)IPCMNI), idx;

	if (ids->next_id >= 0) {
		*seq = (uint32_t)ids->next_id >> IPC_SEQ_SHIFT;
		idx = first_free(ids, IPC_IDX(ids->next_id), IPCMNI);
		ids->next_id = -1;
		return idx < IPCMNI ? (int)idx : -ENOSPC;
	}
	idx = first_free(ids, ids->next_idx, end);
	if (idx >= end) {
		idx = first_free(ids, 0, end);
		if (idx >= end)
			return -ENOSPC;
	}
	if ((int)idx <= ids->last_idx && ++ids->seq >= IPC_SEQ_MAX)
		ids->seq = 0;
	ids->last_idx = (int)idx;
	ids->next_idx = idx + 1;
	*seq = ids->seq;
	return (int)idx;
}

int
ipc_addid(struct kern_ipc_perm *ipcp, int limit)
{
	struct ipc_ids *ids = ipcp->ids;
	int idx, err;

	if (ids->in_use >= MIN(limit, IPCMNI))
		return -ENOSPC;
	err = grow(ids, (uint32_t)(ids->in_use * 3 / 2 + IPC_MIN_CYCLE));
	if (err)
		return err;
	idx = choose_idx(ids, &ipcp->seq);
	if (idx < 0)
		return idx;
	err = grow(ids, (uint32_t)idx);
	if (err)
		return err;
	ids->slots[idx] = ipcp;
	ids->in_use++;
	ids->max_idx = MAX(ids->max_idx, idx);
	ipcp->id = (int)(ipcp->seq << IPC_SEQ_SHIFT) + idx;
	if (ipcp->key != IPC_PRIVATE) {
		ipcp->key_next = *key_bucket(ids, ipcp->key);
		*key_bucket(ids, ipcp->key) = ipcp;
	}
	return ipcp->id;
}

void
ipc_rmid(struct kern_ipc_perm *ipcp)
{
	struct ipc_ids *ids = ipcp->ids;

	ipc_forget_key(ipcp);
	ids->slots[IPC_IDX(ipcp->id)] = NULL;
	ids->in_use--;
	while (ids->max_idx >= 0 && is_free(ids, (uint32_t)ids->max_idx))
		ids->max_idx--;
	__atomic_store_n(&ipcp->deleted, true, __ATOMIC_RELEASE);
}

void
ipc_get(struct kern_ipc_perm *ipcp)
{
	refcount_inc(&ipcp->refcount);
}

void
ipc_put(struct kern_ipc_perm *ipcp)
{
	if (refcount_dec_and_test(&ipcp->refcount))
		ipcp->ids->free(ipcp);
}

struct kern_ipc_perm *
ipc_lookup(struct ipc_ids *ids, int id)
{
	struct kern_ipc_perm *ipcp = id >= 0 && IPC_IDX(id) < ids->nr_slots ? ids->slots[IPC_IDX(id)] : NULL;

	return ipcp && ipcp->seq == (uint32_t)id >> IPC_SEQ_SHIFT ? ipcp : ERR_PTR(-EINVAL);
}

struct kern_ipc_perm *
ipc_obtain(struct ipc_ids *ids, int id)
{
	struct kern_ipc_perm *ipcp;

	mutex_lock(&ids->lock);
	ipcp = ipc_lookup(ids, id);
	if (!IS_ERR(ipcp))
		ipc_get(ipcp);
	mutex_unlock(&ids->lock);
	return ipcp;
}

struct kern_ipc_perm *
ipc_obtain_idx(struct ipc_ids *ids, int id)
{
	struct kern_ipc_perm *ipcp;

	mutex_lock(&ids->lock);
	ipcp = is_free(ids, IPC_IDX(id)) ? ERR_PTR(-EINVAL) : ids->slots[IPC_IDX(id)];
	if (!IS_ERR(ipcp))
		ipc_get(ipcp);
	mutex_unlock(&ids->lock);
	return ipcp;
}

int
ipc_get_maxidx(struct ipc_ids *ids)
{
	mutex_guard(&ids->lock);

	return MAX(ids->max_idx, 0);
}

int
ipc_schedule(struct task *t, struct list_head *entry, struct mutex *lock, int64_t deadline)
{
	struct ipc_sleeper s = { .entry = entry, .lock = lock };
	int ret;

	t->ipc_sleeper = &s;
	ret = schedule_until(t, deadline);
	t->ipc_sleeper = NULL;
	return ret;
}

void
ipc_abandon(struct task *t)
{
	struct ipc_sleeper *s = t->ipc_sleeper;

	if (!s)
		return;
	mutex_lock(s->lock);
	list_del_init(s->entry);
	mutex_unlock(s->lock);
	t->ipc_sleeper = NULL;
}

void
ipc_wake_later(struct ipc_wakes *w, struct task *task)
{
	if (w->n == ARRAY_SIZE(w->tasks))
		ipc_wake(w);
	w->tasks[w->n++] = task;
}

void
ipc_wake(struct ipc_wakes *w)
{
	for (unsigned int i = 0; i < w->n; i++)
		(void)wake_up_state(w->tasks[i], 1u << TASK_INTERRUPTIBLE);
	w->n = 0;
}

/* What the control calls share */

int
ipc_may_control(struct task *t, const struct kern_ipc_perm *ipcp)
{
	uint32_t euid = t->cred->euid;

	return euid == ipcp->cuid || euid == ipcp->uid || capable(t, CAP_SYS_ADMIN) ? 0 : -EPERM;
}

int
ipc_update_perm(struct kern_ipc_perm *ipcp, const struct ipc64_perm *in)
{
	if (in->uid == UINT32_MAX || in->gid == UINT32_MAX)
		return -EINVAL;
	WRITE_ONCE(ipcp->uid, in->uid);
	WRITE_ONCE(ipcp->gid, in->gid);
	WRITE_ONCE(ipcp->mode, (ipcp->mode & ~(uint32_t)IPC_RWXUGO) | (in->mode & IPC_RWXUGO));
	return 0;
}

void
ipc_fill_perm(struct ipc64_perm *out, const struct kern_ipc_perm *ipcp)
{
	out->key = ipcp->key;
	out->uid = ipcp->uid;
	out->gid = ipcp->gid;
	out->cuid = ipcp->cuid;
	out->cgid = ipcp->cgid;
	out->mode = ipcp->mode;
	out->seq = (unsigned short)ipcp->seq;
}

static void
ids_init(struct kernel *k, struct ipc_ids *ids, void (*free)(struct kern_ipc_perm *ipcp))
{
	mutex_init(&ids->lock, RANK_IPC_IDS);
	ids->k = k;
	ids->free = free;
	ids->max_idx = ids->last_idx = ids->next_id = -1;
}

int
ipc_init(struct kernel *k)
{
	struct ipc_namespace *ns = kzalloc(k, sizeof(*ns));

	if (!ns)
		return -ENOMEM;
	ids_init(k, &ns->shm, shm_free);
	ids_init(k, &ns->sem, sem_free);
	ns->sem_ctls[SEM_CTL_MSL] = SEMMSL;
	ns->sem_ctls[SEM_CTL_MNS] = SEMMNS;
	ns->sem_ctls[SEM_CTL_OPM] = SEMOPM;
	ns->sem_ctls[SEM_CTL_MNI] = SEMMNI;
	ids_init(k, &ns->msg, msg_free);
	ns->msg_ctlmax = MSGMAX;
	ns->msg_ctlmnb = MSGMNB;
	ns->msg_ctlmni = MSGMNI;
	ns->shm_ctlmax = ns->shm_ctlall = SHM_UNLIMITED;
	ns->shm_ctlmni = SHMMNI;
	k->ipc = ns;
	return mqueue_init(k);
}
