/* SPDX-License-Identifier: MIT
 *
 * Nice values (getpriority(2)) and I/O priorities (ioprio_set(2)): checked, kept, inherited and reported; the host schedules.
 *
 * An I/O priority belongs to an io_context, which tasks share that are made with CLONE_IO; others inherit a copy of a priority that
 * was set. Locks: tasklist_lock for who is meant; alloc_lock for t->io_context.
 */
#include <linux/capability.h>
#include <linux/resource.h>
#include <linux/sched.h>

#include "kernel/cred.h"
#include "kernel/kernel.h"
#include "kernel/prio.h"
#include "kernel/slab.h"

#define MIN_NICE (-20)
#define MAX_NICE 19

/* <linux/ioprio.h>, whose newer versions have hints between class and level */
#define IOPRIO_CLASS_SHIFT 13
#define IOPRIO_LEVEL(ioprio) ((ioprio) & 7)
enum { IOPRIO_CLASS_NONE, IOPRIO_CLASS_RT, IOPRIO_CLASS_BE, IOPRIO_CLASS_IDLE };
enum { IOPRIO_WHO_PROCESS = 1, IOPRIO_WHO_USER = 3 };

/* Calls visit for every task that @which (PRIO_*) and @who name. */
struct prio_walk {
	void (*visit)(struct prio_walk *w, struct task *p);
	struct task *t;
	int prio, result;
};

/* tasklist_lock is held. */
static void
prio_walk(struct prio_walk *w, int which, int who)
{
	struct task *t = w->t, *p, *o;
	struct pid *pgrp;

	if (which == PRIO_PROCESS) {
		p = who ? pid_task(__find_pid(t->k, who), PIDTYPE_PID) : t;
		if (p)
			w->visit(w, p);
	} else if (which == PRIO_PGRP) {
		pgrp = who ? __find_pid(t->k, who) : task_pgrp(t);
		if (!pgrp)
			return;
		do_each_pid_task (pgrp, PIDTYPE_PGID, p)
			for_each_thread(p->signal, o)
				w->visit(w, o);
	} else {
		uint32_t uid = who ? (uint32_t)who : t->cred->uid;

		for_each_process (t->k, p)
			for_each_thread(p->signal, o)
				if (task_uid(o) == uid)
					w->visit(w, o);
	}
}

/* Nice values */

static bool
can_nice(const struct task *t, const struct task *p, int nice)
{
	return (uint64_t)(20 - nice) <= __atomic_load_n(&p->signal->rlim[RLIMIT_NICE].cur, __ATOMIC_RELAXED) ||
	       capable(t, CAP_SYS_NICE);
}

static int
set_one_prio(struct task *t, struct task *p, int prio, int err)
{
	struct cred *pc = get_task_cred(p);
	bool mine = pc->uid == t->cred->euid || pc->euid == t->cred->euid;

	put_cred(pc);
	if (!mine && !capable(t, CAP_SYS_NICE))
		return -EPERM;
	if (prio < p->nice && !can_nice(t, p, prio))
		return -EACCES;
	p->nice = prio;
	return err == -ESRCH ? 0 : err;
}

static void
visit_set_nice(struct prio_walk *w, struct task *p)
{
	w->result = set_one_prio(w->t, p, w->prio, w->result);
}

static void
visit_get_nice(struct prio_walk *w, struct task *p)
{
	w->result = MAX(w->result, 20 - p->nice);
}

int
do_getpriority(struct task *t, int which, int who)
{
	struct prio_walk w = { .visit = visit_get_nice, .t = t, .result = -ESRCH };
	mutex_guard(&t->k->tasklist_lock);

	if (which < PRIO_PROCESS || which > PRIO_USER)
		return -EINVAL;
	prio_walk(&w, which, who);
	return w.result;
}

int
do_setpriority(struct task *t, int which, int who, int prio)
{
	struct prio_walk w = { .visit = visit_set_nice, .t = t, .result = -ESRCH };
	mutex_guard(&t->k->tasklist_lock);

	if (which < PRIO_PROCESS || which > PRIO_USER)
		return -EINVAL;
	w.prio = prio < MIN_NICE ? MIN_NICE : prio > MAX_NICE ? MAX_NICE : prio;
	prio_walk(&w, which, who);
	return w.result;
}

/* I/O priorities */

static int
ioprio_class(int ioprio)
{
	return (ioprio >> IOPRIO_CLASS_SHIFT) & 7;
}

/* As it was set: 0 if it was not. */
static int
raw_ioprio(struct task *p)
{
	int prio;

	mutex_lock(&p->alloc_lock);
	prio = p->io_context ? p->io_context->ioprio : 0;
	mutex_unlock(&p->alloc_lock);
	return prio;
}

/* One that was not set follows from how the task is scheduled. */
static int
effective_ioprio(struct task *p)
{
	int prio = raw_ioprio(p), policy = p->sched_policy, class = IOPRIO_CLASS_BE;

	if (ioprio_class(prio) != IOPRIO_CLASS_NONE)
		return prio;
	if (policy == SCHED_IDLE)
		class = IOPRIO_CLASS_IDLE;
	else if (policy == SCHED_FIFO || policy == SCHED_RR)
		class = IOPRIO_CLASS_RT;
	return (class << IOPRIO_CLASS_SHIFT) | ((p->nice - MIN_NICE) / 5);
}

static struct io_context *
new_io_context(struct kernel *k, int ioprio)
{
	struct io_context *ioc = kzalloc(k, sizeof(*ioc));

	if (!ioc)
		return NULL;
	refcount_set(&ioc->count, 1);
	ioc->ioprio = (uint16_t)ioprio;
	return ioc;
}

static int
set_task_ioprio(struct task *t, struct task *p, int ioprio)
{
	uint32_t uid = task_uid(p);

	if (uid != t->cred->euid && uid != t->cred->uid && !capable(t, CAP_SYS_NICE))
		return -EPERM;
	mutex_guard(&p->alloc_lock);
	if (!p->io_context && !(p->flags & PF_EXITING))
		p->io_context = new_io_context(t->k, ioprio);
	if (!p->io_context)
		return p->flags & PF_EXITING ? -ESRCH : -ENOMEM;
	p->io_context->ioprio = (uint16_t)ioprio;
	return 0;
}

static void
visit_set_ioprio(struct prio_walk *w, struct task *p)
{
	if (w->result == 0 || w->result == -ESRCH)
		w->result = set_task_ioprio(w->t, p, w->prio);
}

static void
visit_raw_ioprio(struct prio_walk *w, struct task *p)
{
	w->result = raw_ioprio(p);
}

/* The best is that of the smallest number. */
static void
visit_best_ioprio(struct prio_walk *w, struct task *p)
{
	int prio = effective_ioprio(p);

	w->result = w->result == -ESRCH ? prio : MIN(w->result, prio);
}

static int
check_ioprio(const struct task *t, int ioprio)
{
	switch (ioprio_class(ioprio)) {
	case IOPRIO_CLASS_RT:
		return capable(t, CAP_SYS_ADMIN) || capable(t, CAP_SYS_NICE) ? 0 : -EPERM;
	case IOPRIO_CLASS_BE:
	case IOPRIO_CLASS_IDLE:
		return 0;
	case IOPRIO_CLASS_NONE:
		return IOPRIO_LEVEL(ioprio) ? -EINVAL : 0;
	default:
		return -EINVAL;
	}
}

int
do_ioprio_get(struct task *t, int which, int who)
{
	struct prio_walk w = { .visit = which == IOPRIO_WHO_PROCESS ? visit_raw_ioprio : visit_best_ioprio, .t = t, .result = -ESRCH };
	mutex_guard(&t->k->tasklist_lock);

	if (which < IOPRIO_WHO_PROCESS || which > IOPRIO_WHO_USER)
		return -EINVAL;
	prio_walk(&w, which - IOPRIO_WHO_PROCESS + PRIO_PROCESS, who);
	return w.result;
}

int
do_ioprio_set(struct task *t, int which, int who, int ioprio)
{
	struct prio_walk w = { .visit = visit_set_ioprio, .t = t, .prio = ioprio, .result = -ESRCH };
	int err = check_ioprio(t, ioprio);
	mutex_guard(&t->k->tasklist_lock);

	if (err)
		return err;
	if (which < IOPRIO_WHO_PROCESS || which > IOPRIO_WHO_USER)
		return -EINVAL;
	prio_walk(&w, which - IOPRIO_WHO_PROCESS + PRIO_PROCESS, who);
	return w.result;
}

int
copy_io(struct task *t, struct task *p, bool share)
{
	struct io_context *ioc;
	mutex_guard(&t->alloc_lock);

	ioc = t->io_context;
	if (!ioc || (!share && ioprio_class(ioc->ioprio) == IOPRIO_CLASS_NONE))
		return 0;
	if (share) {
		refcount_inc(&ioc->count);
		p->io_context = ioc;
		return 0;
	}
	p->io_context = new_io_context(t->k, ioc->ioprio);
	return p->io_context ? 0 : -ENOMEM;
}

void
exit_io_context(struct task *t)
{
	struct io_context *ioc;

	mutex_lock(&t->alloc_lock);
	ioc = t->io_context;
	t->io_context = NULL;
	mutex_unlock(&t->alloc_lock);
	if (ioc && refcount_dec_and_test(&ioc->count))
		kfree(t->k, ioc);
}
