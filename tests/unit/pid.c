/* SPDX-License-Identifier: MIT */
#include "tests/unit/env.h"

#include "kernel/init.h"

static struct kernel *k;

static void
init(void)
{
	k = test_arena();
	mutex_init(&k->tasklist_lock, RANK_TASKLIST);
	cr_assert_eq(task_caches_init(k), 0);
	cr_assert_eq(pid_init(k), 0);
}

TestSuite(pid, .init = init, .timeout = 60);

Test(pid, numbers_go_up_and_round)
{
	struct pid *a = alloc_pid(k), *b = alloc_pid(k);
	int nr = b->nr;

	cr_assert_eq(a->nr, 1);
	cr_assert_eq(b->nr, 2);
	put_pid(k, b);
	b = alloc_pid(k);
	cr_assert_eq(b->nr, nr + 1, "a number is not used again at once");
	for (int i = 0; i < 40000; i++) {
		struct pid *p = alloc_pid(k);

		cr_assert_not(IS_ERR(p));
		cr_assert_lt(p->nr, pid_max(k));
		cr_assert_neq(p->nr, 1, "it is taken");
		put_pid(k, p);
	}
}

Test(pid, find)
{
	struct pid *a = alloc_pid(k), *b;
	int nr = a->nr;

	b = find_get_pid(k, nr);
	cr_assert_eq(a, b);
	cr_assert_null(find_get_pid(k, nr + 1));
	cr_assert_null(find_get_pid(k, 0));
	cr_assert_null(find_get_pid(k, -1));
	put_pid(k, a);
	b = find_get_pid(k, nr);
	cr_assert_eq(a, b, "one reference is left");
	put_pid(k, b);
	put_pid(k, b);
	cr_assert_null(find_get_pid(k, nr));
}

Test(pid, all_numbers)
{
	struct pid *p;
	int n = 0;

	cr_assert_eq(set_pid_max(k, 300), -EINVAL);
	cr_assert_eq(set_pid_max(k, 4194305), -EINVAL);
	cr_assert_eq(set_pid_max(k, 1000), 0);
	while (!IS_ERR(p = alloc_pid(k)))
		n++;
	cr_assert_eq(PTR_ERR(p), -EAGAIN);
	cr_assert_geq(n, 700);
	p = find_get_pid(k, 500);
	put_pid(k, p);
	put_pid(k, p);
	p = alloc_pid(k);
	cr_assert_not(IS_ERR(p));
	cr_assert_eq(p->nr, 500);
}

static struct task *
new_task(struct signal_struct *sig, struct pid *pid)
{
	struct task *t = kmem_cache_zalloc(&k->task_cache);

	t->k = k;
	t->signal = sig;
	t->thread_pid = pid;
	t->pid = pid->nr;
	refcount_set(&t->usage, 1);
	refcount_inc(&sig->sigcnt);
	for (int i = 0; i < PIDTYPE_MAX; i++)
		INIT_LIST_HEAD(&t->pid_links[i]);
	return t;
}

Test(pid, bearers)
{
	struct signal_struct *s1 = kmem_cache_zalloc(&k->signal_cache), *s2 = kmem_cache_zalloc(&k->signal_cache);
	struct pid *p1 = alloc_pid(k), *p2 = alloc_pid(k);
	struct task *a = new_task(s1, p1), *b = new_task(s2, p2), *t;
	int n = 0, nr = p1->nr;

	s1->pids[PIDTYPE_PGID] = s2->pids[PIDTYPE_PGID] = p1;
	mutex_lock(&k->tasklist_lock);
	attach_pid(a, PIDTYPE_PID);
	attach_pid(b, PIDTYPE_PID);
	attach_pid(a, PIDTYPE_PGID);
	attach_pid(b, PIDTYPE_PGID);
	do_each_pid_task(p1, PIDTYPE_PGID, t)
		n++;
	cr_assert_eq(n, 2);
	cr_assert_eq(pid_task(p1, PIDTYPE_PID), a);
	cr_assert_null(pid_task(p1, PIDTYPE_SID));
	cr_assert_null(pid_task(NULL, PIDTYPE_PID));
	mutex_unlock(&k->tasklist_lock);

	t = find_task_by_pid(k, p2->nr);
	cr_assert_eq(t, b);
	put_task_struct(t);

	/* The leader goes, its group stays, and so its number. */
	mutex_lock(&k->tasklist_lock);
	detach_pid(a, PIDTYPE_PID);
	detach_pid(a, PIDTYPE_PGID);
	mutex_unlock(&k->tasklist_lock);
	put_pid(k, p1);
	put_task_struct(a);
	cr_assert_null(find_task_by_pid(k, nr));
	mutex_lock(&k->tasklist_lock);
	cr_assert_eq(__find_pid(k, nr), p1);
	change_pid(b, PIDTYPE_PGID, p2);
	cr_assert_null(__find_pid(k, nr));
	cr_assert_eq(pid_task(p2, PIDTYPE_PGID), b);
	mutex_unlock(&k->tasklist_lock);
}

static void *
churn(void *arg __unused)
{
	for (int i = 0; i < 5000; i++) {
		struct pid *p = alloc_pid(k), *q;

		q = find_get_pid(k, p->nr);
		cr_assert_eq(p, q);
		q = find_get_pid(k, p->nr > 1 ? p->nr - 1 : 1);
		put_pid(k, q);
		put_pid(k, p);
		put_pid(k, p);
	}
	return NULL;
}

Test(pid, threads)
{
	pthread_t th[4];

	for (int i = 0; i < 4; i++)
		pthread_create(&th[i], NULL, churn, NULL);
	for (int i = 0; i < 4; i++)
		pthread_join(th[i], NULL);
	for (int nr = 1; nr < 21000; nr++)
		cr_assert_null(find_get_pid(k, nr));
}
