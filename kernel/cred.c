/* SPDX-License-Identifier: MIT
 *
 * Credentials and capabilities: credentials(7), capabilities(7). A struct cred never changes once a task has it: a change copies
 * it, and the task's pointer is replaced under alloc_lock, so that others may take a reference at any time.
 *
 * Locks: t->alloc_lock (RANK_TASK); the table of users (RANK_LEAF).
 * Left out: user namespaces, file capabilities, keyrings.
 */
#include <linux/capability.h>
#include <linux/resource.h>
#include <linux/securebits.h>

#include "kernel/cred.h"
#include "kernel/task.h"
#include "mm/mm.h"

#define USER_BUCKETS 64

struct user_table {
	struct mutex lock;
	struct list_head bucket[USER_BUCKETS];
};

int
cred_init(struct kernel *k)
{
	struct user_table *ut = kzalloc(k, sizeof(*ut));
	int i;

	if (!ut)
		return -ENOMEM;
	mutex_init(&ut->lock, RANK_LEAF);
	for (i = 0; i < USER_BUCKETS; i++)
		INIT_LIST_HEAD(&ut->bucket[i]);
	k->users = ut;
	return 0;
}

struct user_struct *
alloc_uid(struct kernel *k, uint32_t uid)
{
	struct list_head *head = &k->users->bucket[uid % USER_BUCKETS];
	struct user_struct *u;
	mutex_guard(&k->users->lock);

	list_for_each_entry(u, head, hash) {
		if (u->uid == uid) {
			refcount_inc(&u->usage);
			return u;
		}
	}
	u = kzalloc(k, sizeof(*u));
	if (!u)
		return NULL;
	u->uid = uid;
	refcount_set(&u->usage, 1);
	list_add(&u->hash, head);
	return u;
}

void
free_uid(struct kernel *k, struct user_struct *u)
{
	bool last;

	if (!u)
		return;
	mutex_lock(&k->users->lock);
	last = refcount_dec_and_test(&u->usage);
	if (last)
		list_del(&u->hash);
	mutex_unlock(&k->users->lock);
	if (last)
		kfree(k, u);
}

struct group_info *
groups_alloc(struct kernel *k, uint32_t n)
{
	struct group_info *gi = kmalloc(k, sizeof(*gi) + n * sizeof(gi->gid[0]));

	if (gi) {
		refcount_set(&gi->usage, 1);
		gi->ngroups = n;
	}
	return gi;
}

void
put_group_info(struct kernel *k, struct group_info *gi)
{
	if (gi && refcount_dec_and_test(&gi->usage))
		kfree(k, gi);
}

/* Shell sort: no recursion, and 65536 groups are few enough. */
void
groups_sort(struct group_info *gi)
{
	uint32_t gap, i, j;

	for (gap = gi->ngroups / 2; gap > 0; gap /= 2) {
		for (i = gap; i < gi->ngroups; i++) {
			uint32_t v = gi->gid[i];

			for (j = i; j >= gap && gi->gid[j - gap] > v; j -= gap)
				gi->gid[j] = gi->gid[j - gap];
			gi->gid[j] = v;
		}
	}
}

bool
in_group_p(const struct cred *c, uint32_t gid)
{
	const struct group_info *gi = c->group_info;
	uint32_t lo = 0, hi = gi->ngroups;

	if (gid == c->fsgid)
		return true;
	while (lo < hi) {
		uint32_t mid = lo + (hi - lo) / 2;

		if (gi->gid[mid] == gid)
			return true;
		if (gi->gid[mid] < gid)
			lo = mid + 1;
		else
			hi = mid;
	}
	return false;
}

struct cred *
get_cred(struct cred *c)
{
	refcount_inc(&c->usage);
	return c;
}

void
put_cred(struct cred *c)
{
	if (!c || !refcount_dec_and_test(&c->usage))
		return;
	put_group_info(c->k, c->group_info);
	free_uid(c->k, c->user);
	kmem_cache_free(&c->k->cred_cache, c);
}

struct cred *
get_task_cred(struct task *t)
{
	mutex_guard(&t->alloc_lock);

	return get_cred(t->cred);
}

uint32_t
task_uid(struct task *t)
{
	mutex_guard(&t->alloc_lock);

	return t->cred->uid;
}

struct cred *
prepare_creds(struct task *t)
{
	struct cred *c = kmem_cache_alloc(&t->k->cred_cache);

	if (!c)
		return NULL;
	/* all but the count, which others change meanwhile */
	memcpy((char *)c + sizeof(c->usage), (const char *)t->cred + sizeof(c->usage), sizeof(*c) - sizeof(c->usage));
	refcount_set(&c->usage, 1);
	refcount_inc(&c->group_info->usage);
	/* find it anew rather than take a reference: the count is protected by the table's lock */
	c->user = alloc_uid(t->k, c->uid);
	if (!c->user) {
		put_group_info(c->k, c->group_info);
		kmem_cache_free(&t->k->cred_cache, c);
		return NULL;
	}
	return c;
}

int
set_user(struct cred *new)
{
	struct user_struct *u = alloc_uid(new->k, new->uid);

	if (!u)
		return -ENOMEM;
	free_uid(new->k, new->user);
	new->user = u;
	return 0;
}

/* A process whose memory may hold what its new identity may not see cannot be dumped or looked into. */
static bool
cred_is_subset(const struct cred *old, const struct cred *new)
{
	return (new->cap_permitted & ~old->cap_permitted) == 0;
}

bool
nproc_exceeded(const struct task *t, const struct cred *c)
{
	return c->user && c->user->uid != 0 &&
	       __atomic_load_n(&c->user->processes, __ATOMIC_RELAXED) > rlimit(t, RLIMIT_NPROC);
}

void
commit_creds(struct task *t, struct cred *c)
{
	struct cred *old = t->cred;

	if (old->euid != c->euid || old->egid != c->egid || old->fsuid != c->fsuid || old->fsgid != c->fsgid ||
	    !cred_is_subset(old, c)) {
		if (t->mm)
			t->mm->dumpable = false;
		t->pdeath_signal = 0;
	}
	if (c->user != old->user) {
		__atomic_add_fetch(&c->user->processes, 1, __ATOMIC_RELAXED);
		__atomic_sub_fetch(&old->user->processes, 1, __ATOMIC_RELAXED);
		if (nproc_exceeded(t, c))
			t->flags |= PF_NPROC_EXCEEDED;
		else
			t->flags &= ~PF_NPROC_EXCEEDED;
	}
	mutex_lock(&t->alloc_lock);
	t->cred = c;
	mutex_unlock(&t->alloc_lock);
	put_cred(old);
}

bool
capable(const struct task *t, int cap)
{
	return cred_capable(t->cred, cap);
}

bool
ptrace_may_access(const struct task *t, struct task *other, unsigned int mode)
{
	const struct cred *c = t->cred, *o;
	bool fs = (mode & PTRACE_MODE_FSCREDS) != 0, same, dumpable;
	uint32_t uid = fs ? c->fsuid : c->uid, gid = fs ? c->fsgid : c->gid;

	if (same_thread_group(t, other) || capable(t, CAP_SYS_PTRACE))
		return true;
	mutex_lock(&other->alloc_lock);
	o = other->cred;
	same = uid == o->euid && uid == o->suid && uid == o->uid && gid == o->egid && gid == o->sgid && gid == o->gid &&
	       (o->cap_permitted & ~c->cap_permitted) == 0;
	dumpable = !other->mm || other->mm->dumpable;
	mutex_unlock(&other->alloc_lock);
	return same && dumpable;
}

void
cap_emulate_setxuid(struct cred *new, const struct cred *old)
{
	if (new->securebits & SECBIT_NO_SETUID_FIXUP)
		return;
	if ((old->uid == 0 || old->euid == 0 || old->suid == 0) && new->uid != 0 && new->euid != 0 && new->suid != 0) {
		if (!(new->securebits & SECBIT_KEEP_CAPS))
			new->cap_permitted = new->cap_effective = 0;
		new->cap_ambient = 0;
	}
	if (old->euid == 0 && new->euid != 0)
		new->cap_effective = 0;
	if (old->euid != 0 && new->euid == 0)
		new->cap_effective = new->cap_permitted;
}

/*
 * capabilities(7), "Transformation of capabilities during execve()". What root or the file would add is not given to a task that
 * may not gain rights (no_new_privs, a tracer, a shared working directory). Returns -EPERM for a file that needs more to be of use.
 */
static int
cap_exec(struct cred *new, const struct cred *old, const struct file_caps *fc, bool unsafe, bool *secure)
{
	bool setid = new->euid != old->uid || new->egid != old->gid;
	bool effective = fc && fc->effective, root = new->euid == 0 || new->uid == 0;

	new->cap_permitted = fc ? (fc->permitted & new->cap_bset) | (fc->inheritable & new->cap_inheritable) : 0;
	if (effective && (fc->permitted & ~new->cap_permitted))
		return -EPERM;
	/* A set-user-id-root program with capabilities of its own gets those. */
	if (!(new->securebits & SECBIT_NOROOT) && root && !(fc && new->euid == 0 && new->uid != 0)) {
		new->cap_permitted = old->cap_bset | old->cap_inheritable;
		effective |= new->euid == 0;
	}
	if (unsafe)
		new->cap_permitted &= old->cap_permitted;
	if (fc || setid)
		new->cap_ambient = 0;
	new->cap_permitted |= new->cap_ambient;
	new->cap_effective = effective ? new->cap_permitted : new->cap_ambient;
	new->securebits &= ~SECBIT_KEEP_CAPS;
	*secure = setid || (new->uid != 0 && (effective || (new->cap_permitted & ~new->cap_ambient)));
	return 0;
}

struct cred *
cred_exec(struct task *t, uint32_t euid, uint32_t egid, const struct file_caps *fc, bool unsafe, bool *secure)
{
	struct cred *new = prepare_creds(t);
	int err;

	if (!new)
		return ERR_PTR(-ENOMEM);
	new->euid = euid;
	new->egid = egid;
	err = cap_exec(new, t->cred, fc, unsafe, secure);
	if (err) {
		put_cred(new);
		return ERR_PTR(err);
	}
	new->suid = new->fsuid = new->euid;
	new->sgid = new->fsgid = new->egid;
	return new;
}

struct cred *
init_cred(struct kernel *k)
{
	const struct kernel_params *p = &k->params;
	uint32_t i, n = MIN(p->ngroups, (uint32_t)ARRAY_SIZE(p->groups));
	struct cred *c = kmem_cache_zalloc(&k->cred_cache);

	if (!c)
		return NULL;
	refcount_set(&c->usage, 1);
	c->k = k;
	c->uid = c->euid = c->suid = c->fsuid = p->uid;
	c->gid = c->egid = c->sgid = c->fsgid = p->gid;
	c->cap_bset = CAP_FULL;
	if (p->uid == 0)
		c->cap_permitted = c->cap_effective = CAP_FULL;
	c->user = alloc_uid(k, p->uid);
	c->group_info = groups_alloc(k, n);
	if (!c->user || !c->group_info) {
		put_group_info(k, c->group_info);
		free_uid(k, c->user);
		kmem_cache_free(&k->cred_cache, c);
		return NULL;
	}
	for (i = 0; i < n; i++)
		c->group_info->gid[i] = p->groups[i];
	groups_sort(c->group_info);
	return c;
}
