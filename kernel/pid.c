/* SPDX-License-Identifier: MIT
 *
 * Pid numbers: who bears which (struct pid), and the memory of tasks.
 *
 * A struct pid has one reference of whoever allocated it (the task whose thread_pid it is) and one for each task linked to it.
 * Its number is taken as long as there is a reference, so a pidfd keeps its process's number from being used again.
 * Numbers are given out in cyclic order, as in Linux.
 *
 * Locks: tasklist_lock protects the lists of tasks; the leaf pids->lock the hash. A pid found in the hash may be on its way
 * out: its count is zero then, and it is not found.
 * Left out: pid namespaces.
 */
#include "kernel/cred.h"
#include "kernel/errno.h"
#include "kernel/init.h"
#include "kernel/task.h"

#define PID_HASH     4096
#define PID_MAX	     4194304
#define PID_DEFAULT  32768
#define RESERVED_PIDS 300

struct pid_table {
	struct mutex lock; /* RANK_LEAF, short */
	struct kmem_cache cache;
	int last, max;
	struct list_head hash[PID_HASH];
};

int
pid_init(struct kernel *k)
{
	struct pid_table *pt = kzalloc(k, sizeof(*pt));

	if (!pt)
		return -ENOMEM;
	mutex_init(&pt->lock, RANK_LEAF);
	kmem_cache_init(k, &pt->cache, "pid", sizeof(struct pid), 0);
	pt->max = MIN(PID_MAX, MAX(PID_DEFAULT, (int)k->params.ncpus * 1024));
	k->pids = pt;
	return 0;
}

/* Made when it is first looked at: the table is larger than all else that most instances need of memory here. */
static struct list_head *
bucket(struct pid_table *pt, int nr)
{
	struct list_head *head = &pt->hash[(unsigned int)nr % PID_HASH];

	if (!head->next)
		INIT_LIST_HEAD(head);
	return head;
}

/* pids->lock is held. Also one whose count is zero. */
static struct pid *
hash_find(struct pid_table *pt, int nr)
{
	struct pid *pid;

	list_for_each_entry(pid, bucket(pt, nr), hash)
		if (pid->nr == nr)
			return pid;
	return NULL;
}

/* pids->lock is held. 0: all are taken. */
static int
next_number(struct pid_table *pt)
{
	for (int tries = 0; tries < pt->max; tries++) {
		pt->last = pt->last + 1 < pt->max ? pt->last + 1 : RESERVED_PIDS;
		if (!hash_find(pt, pt->last))
			return pt->last;
	}
	return 0;
}

static struct pid *
pid_new(struct pid_table *pt)
{
	struct pid *pid = kmem_cache_alloc(&pt->cache);

	if (!pid)
		return NULL;
	for (int i = 0; i < PIDTYPE_MAX; i++)
		INIT_LIST_HEAD(&pid->tasks[i]);
	init_waitqueue_head(&pid->wait_pidfd);
	refcount_set(&pid->count, 0);
	return pid;
}

/* pids->lock is held. */
static void
pid_hash(struct pid_table *pt, struct pid *pid, int nr)
{
	pid->nr = nr;
	refcount_set(&pid->count, 1);
	list_add(&pid->hash, bucket(pt, nr));
}

struct pid *
alloc_pid(struct kernel *k)
{
	struct pid_table *pt = k->pids;
	struct pid *pid = pid_new(pt);
	int nr;

	if (!pid)
		return ERR_PTR(-ENOMEM);
	mutex_lock(&pt->lock);
	nr = next_number(pt);
	if (!nr) {
		mutex_unlock(&pt->lock);
		kmem_cache_free(&pt->cache, pid);
		return ERR_PTR(-EAGAIN);
	}
	pid_hash(pt, pid, nr);
	mutex_unlock(&pt->lock);
	return pid;
}

struct pid *
alloc_pid_nr(struct kernel *k, int nr)
{
	struct pid_table *pt = k->pids;
	struct pid *pid;

	if (nr < 1 || nr >= pid_max(k))
		return ERR_PTR(-EINVAL);
	pid = pid_new(pt);
	if (!pid)
		return ERR_PTR(-ENOMEM);
	mutex_lock(&pt->lock);
	if (hash_find(pt, nr)) {
		mutex_unlock(&pt->lock);
		kmem_cache_free(&pt->cache, pid);
		return ERR_PTR(-EEXIST);
	}
	pid_hash(pt, pid, nr);
	mutex_unlock(&pt->lock);
	return pid;
}

struct pid *
get_pid(struct pid *pid)
{
	if (pid)
		refcount_inc(&pid->count);
	return pid;
}

void
put_pid(struct kernel *k, struct pid *pid)
{
	struct pid_table *pt = k->pids;

	if (!pid || !refcount_dec_and_test(&pid->count))
		return;
	mutex_lock(&pt->lock);
	list_del(&pid->hash);
	mutex_unlock(&pt->lock);
	kmem_cache_free(&pt->cache, pid);
}

struct pid *
find_get_pid(struct kernel *k, int nr)
{
	struct pid *pid;

	mutex_guard(&k->pids->lock);
	pid = hash_find(k->pids, nr);
	return pid && refcount_inc_not_zero(&pid->count) ? pid : NULL;
}

struct pid *
__find_pid(struct kernel *k, int nr)
{
	struct pid *pid;

	mutex_guard(&k->pids->lock);
	pid = hash_find(k->pids, nr);
	return pid && refcount_read(&pid->count) ? pid : NULL;
}

struct task *
pid_task(struct pid *pid, enum pid_type type)
{
	if (!pid || list_empty(&pid->tasks[type]))
		return NULL;
	return list_first_entry(&pid->tasks[type], struct task, pid_links[type]);
}

static struct pid **
pid_slot(struct task *t, enum pid_type type)
{
	return type == PIDTYPE_PID ? &t->thread_pid : &t->signal->pids[type];
}

void
attach_pid(struct task *t, enum pid_type type)
{
	struct pid *pid = *pid_slot(t, type);

	refcount_inc(&pid->count);
	list_add(&t->pid_links[type], &pid->tasks[type]);
}

void
detach_pid(struct task *t, enum pid_type type)
{
	list_del_init(&t->pid_links[type]);
	put_pid(t->k, *pid_slot(t, type));
}

void
change_pid(struct task *t, enum pid_type type, struct pid *pid)
{
	detach_pid(t, type);
	*pid_slot(t, type) = pid;
	attach_pid(t, type);
}

struct task *
find_task_by_pid(struct kernel *k, int nr)
{
	struct task *t;

	mutex_guard(&k->tasklist_lock);
	t = pid_task(__find_pid(k, nr), PIDTYPE_PID);
	if (t)
		get_task_struct(t);
	return t;
}

void
get_task_struct(struct task *t)
{
	refcount_inc(&t->usage);
}

static void
put_signal_struct(struct kernel *k, struct signal_struct *sig)
{
	if (sig && refcount_dec_and_test(&sig->sigcnt))
		kmem_cache_free(&k->signal_cache, sig);
}

void
put_task_struct(struct task *t)
{
	struct kernel *k = t->k;

	if (!refcount_dec_and_test(&t->usage))
		return;
	if (t->cred)
		put_cred(t->cred);
	put_signal_struct(k, t->signal);
	kfree(k, t->inject);
	kmem_cache_free(&k->task_cache, t);
}

int
pid_max(struct kernel *k)
{
	return __atomic_load_n(&k->pids->max, __ATOMIC_RELAXED);
}

int
set_pid_max(struct kernel *k, int max)
{
	if (max <= RESERVED_PIDS || max > PID_MAX)
		return -EINVAL;
	__atomic_store_n(&k->pids->max, max, __ATOMIC_RELAXED);
	return 0;
}
