/* SPDX-License-Identifier: MIT
 *
 * Scheduling: sched(7), sched_setscheduler(2), sched_setattr(2), sched_setaffinity(2), sched_yield(2); membarrier(2).
 *
 * The host schedules. Attributes are checked, kept and reported as Linux does, with its permission rules; there is no
 * SCHED_DEADLINE (no bandwidth is ever free).
 */
#include <asm/unistd.h>
#include <linux/capability.h>
#include <linux/membarrier.h>
#include <linux/resource.h>
#include <linux/sched.h>
#include <linux/sched/types.h>

#include "kernel/cred.h"
#include "kernel/task.h"
#include "mm/mm.h"
#include "mm/uaccess.h"
#include "syscalls/proto.h"
#include "trap/host.h"
#include "trap/trap.h"
#include "trap/request.h"

#define MAX_RT_PRIO 100
#define RR_INTERVAL_NS	 100000000
#define FAIR_INTERVAL_NS 4000000

static bool
rt_policy(int policy)
{
	return policy == SCHED_FIFO || policy == SCHED_RR;
}

static bool
fair_policy(int policy)
{
	return policy == SCHED_NORMAL || policy == SCHED_BATCH;
}

/* The task with a reference; pid 0 is the caller. */
static struct task *
find_process(struct task *t, int pid)
{
	if (!pid) {
		get_task_struct(t);
		return t;
	}
	return find_task_by_pid(t->k, pid);
}

static bool
same_owner(const struct task *t, struct task *p)
{
	struct cred *pc = get_task_cred(p);
	bool same = t->cred->euid == pc->euid || t->cred->euid == pc->uid;

	put_cred(pc);
	return same;
}

static uint64_t
limit_of(const struct task *p, int which)
{
	return __atomic_load_n(&p->signal->rlim[which].cur, __ATOMIC_RELAXED);
}

/* Without CAP_SYS_NICE. */
static bool
may_setsched(const struct task *t, struct task *p, const struct sched_attr *a, int policy, bool reset_on_fork)
{
	bool nice_ok = (uint64_t)(20 - a->sched_nice) <= limit_of(p, RLIMIT_NICE);

	if (fair_policy(policy) && a->sched_nice < p->nice && !nice_ok)
		return false;
	if (rt_policy(policy)) {
		uint64_t max = limit_of(p, RLIMIT_RTPRIO);

		if (policy != p->sched_policy && !max)
			return false;
		if ((int)a->sched_priority > p->sched_priority && a->sched_priority > max)
			return false;
	}
	if (p->sched_policy == SCHED_IDLE && policy != SCHED_IDLE && (uint64_t)(20 - p->nice) > limit_of(p, RLIMIT_NICE))
		return false;
	if (!same_owner(t, p))
		return false;
	return !(p->sched_reset_on_fork && !reset_on_fork);
}

/* @policy -1: keep. */
static int
setscheduler(struct task *t, struct task *p, int policy, const struct sched_attr *a)
{
	bool reset = (a->sched_flags & SCHED_FLAG_RESET_ON_FORK) != 0;

	if (policy < 0) {
		policy = p->sched_policy;
		reset = p->sched_reset_on_fork;
	}
	if (policy != SCHED_DEADLINE && policy != SCHED_IDLE && !rt_policy(policy) && !fair_policy(policy))
		return -EINVAL;
	if (a->sched_flags & ~(uint64_t)(SCHED_FLAG_ALL & ~SCHED_FLAG_UTIL_CLAMP))
		return -EINVAL;
	if (a->sched_priority >= MAX_RT_PRIO || rt_policy(policy) != (a->sched_priority != 0))
		return -EINVAL;
	if (policy == SCHED_DEADLINE && (!a->sched_deadline || a->sched_runtime > a->sched_deadline))
		return -EINVAL;
	if (policy == SCHED_DEADLINE)
		return capable(t, CAP_SYS_NICE) ? -EBUSY : -EPERM;
	if (!may_setsched(t, p, a, policy, reset) && !capable(t, CAP_SYS_NICE))
		return -EPERM;
	p->sched_policy = policy;
	p->sched_priority = (int)a->sched_priority;
	if (fair_policy(policy))
		p->nice = a->sched_nice;
	p->sched_reset_on_fork = reset;
	return 0;
}

static int
do_sched_setscheduler(struct task *t, int pid, int policy, uaddr_t uparam)
{
	struct sched_attr a = { 0 };
	struct task *p;
	uint32_t prio;
	int err;

	if (uaddr_null(uparam) || pid < 0)
		return -EINVAL;
	if (get_user_u32(t, &prio, uparam))
		return -EFAULT;
	p = find_process(t, pid);
	if (!p)
		return -ESRCH;
	if (policy >= 0 && (policy & SCHED_RESET_ON_FORK)) {
		a.sched_flags = SCHED_FLAG_RESET_ON_FORK;
		policy &= ~SCHED_RESET_ON_FORK;
	}
	a.sched_priority = prio;
	a.sched_nice = p->nice;
	err = setscheduler(t, p, policy, &a);
	put_task_struct(p);
	return err;
}

int64_t
sys_sched_setscheduler(struct task *t, int pid, int policy, uaddr_t param)
{
	return policy < 0 ? -EINVAL : do_sched_setscheduler(t, pid, policy, param);
}

int64_t
sys_sched_setparam(struct task *t, int pid, uaddr_t param)
{
	return do_sched_setscheduler(t, pid, -1, param);
}

int64_t
sys_sched_getscheduler(struct task *t, int pid)
{
	struct task *p;
	int64_t ret;

	if (pid < 0)
		return -EINVAL;
	p = find_process(t, pid);
	if (!p)
		return -ESRCH;
	ret = p->sched_policy | (p->sched_reset_on_fork ? SCHED_RESET_ON_FORK : 0);
	put_task_struct(p);
	return ret;
}

int64_t
sys_sched_getparam(struct task *t, int pid, uaddr_t param)
{
	struct task *p;
	int prio;

	if (uaddr_null(param) || pid < 0)
		return -EINVAL;
	p = find_process(t, pid);
	if (!p)
		return -ESRCH;
	prio = p->sched_priority;
	put_task_struct(p);
	return put_user_u32(t, (uint32_t)prio, param);
}

int64_t
sys_sched_get_priority_max(struct task *t, int policy)
{
	if (rt_policy(policy))
		return MAX_RT_PRIO - 1;
	return fair_policy(policy) || policy == SCHED_IDLE || policy == SCHED_DEADLINE ? 0 : -EINVAL;
}

int64_t
sys_sched_get_priority_min(struct task *t, int policy)
{
	if (rt_policy(policy))
		return 1;
	return fair_policy(policy) || policy == SCHED_IDLE || policy == SCHED_DEADLINE ? 0 : -EINVAL;
}

int64_t
sys_sched_rr_get_interval(struct task *t, int pid, uaddr_t tp)
{
	struct task *p;
	int64_t ns;

	if (pid < 0)
		return -EINVAL;
	p = find_process(t, pid);
	if (!p)
		return -ESRCH;
	ns = p->sched_policy == SCHED_RR ? RR_INTERVAL_NS : p->sched_policy == SCHED_FIFO ? 0 : FAIR_INTERVAL_NS;
	put_task_struct(p);
	return put_timespec64(t, ns, tp);
}

/* sched_setattr(2): what a program knows more than we do must be zero, or the size we know is told. */
static int
copy_sched_attr(struct task *t, struct sched_attr *a, uaddr_t u)
{
	uint32_t size, at;
	uint8_t more[64];

	memset(a, 0, sizeof(*a));
	if (get_user_u32(t, &size, u))
		return -EFAULT;
	if (!size)
		size = SCHED_ATTR_SIZE_VER0;
	if (size < SCHED_ATTR_SIZE_VER0 || size > PAGE_SIZE)
		goto too_big;
	if (copy_from_user(t, a, u, MIN(size, (uint32_t)sizeof(*a))))
		return -EFAULT;
	for (at = sizeof(*a); at < size;) {
		size_t n = MIN(size - at, (uint32_t)sizeof(more)), i;

		if (copy_from_user(t, more, uaddr_add(u, at), n))
			return -EFAULT;
		for (i = 0; i < n; i++)
			if (more[i])
				goto too_big;
		at += (uint32_t)n;
	}
	if ((a->sched_flags & SCHED_FLAG_UTIL_CLAMP) && size < SCHED_ATTR_SIZE_VER1)
		return -EINVAL;
	a->sched_nice = a->sched_nice < -20 ? -20 : a->sched_nice > 19 ? 19 : a->sched_nice;
	return 0;
too_big:
	ignore_err(put_user_u32(t, sizeof(*a), u), "E2BIG comes anyway");
	return -E2BIG;
}

int64_t
sys_sched_setattr(struct task *t, int pid, uaddr_t uattr, unsigned int flags)
{
	struct sched_attr a;
	struct task *p;
	int err;

	if (uaddr_null(uattr) || pid < 0 || flags)
		return -EINVAL;
	err = copy_sched_attr(t, &a, uattr);
	if (err)
		return err;
	if ((int)a.sched_policy < 0)
		return -EINVAL;
	p = find_process(t, pid);
	if (!p)
		return -ESRCH;
	if (a.sched_flags & SCHED_FLAG_KEEP_PARAMS) {
		a.sched_priority = (uint32_t)p->sched_priority;
		a.sched_nice = p->nice;
	}
	err = setscheduler(t, p, a.sched_flags & SCHED_FLAG_KEEP_POLICY ? -1 : (int)a.sched_policy, &a);
	put_task_struct(p);
	return err;
}

int64_t
sys_sched_getattr(struct task *t, int pid, uaddr_t uattr, unsigned int size, unsigned int flags)
{
	struct sched_attr a = { 0 };
	struct task *p;

	if (uaddr_null(uattr) || pid < 0 || size > PAGE_SIZE || size < SCHED_ATTR_SIZE_VER0 || flags)
		return -EINVAL;
	p = find_process(t, pid);
	if (!p)
		return -ESRCH;
	a.size = MIN(size, (unsigned int)sizeof(a));
	a.sched_policy = (uint32_t)p->sched_policy;
	a.sched_flags = p->sched_reset_on_fork ? SCHED_FLAG_RESET_ON_FORK : 0;
	if (rt_policy(p->sched_policy))
		a.sched_priority = (uint32_t)p->sched_priority;
	else
		a.sched_nice = p->nice;
	put_task_struct(p);
	return copy_to_user(t, uattr, &a, a.size);
}

/* Affinity */

static unsigned int
cpumask_bytes(const struct task *t)
{
	return ALIGN_UP(t->k->params.ncpus, 64u) / 8;
}

/* The host schedules: its thread is moved. The new mask is noted first, so that an execve meanwhile finds it for its new host thread. */
static int
set_affinity(struct task *p, const uint64_t mask[16])
{
	uint64_t before[ARRAY_SIZE(p->cpu_affinity)];
	const hpid_t tid = { READ_ONCE(p->host_tid.id) };
	int err;

	WRITE_ONCE(p->k->affinity_chosen, true);
	memcpy(before, p->cpu_affinity, sizeof(before));
	memcpy(p->cpu_affinity, mask, sizeof(before));
	if (tid.id == 0 || !p->k->super->set_affinity)
		return 0;
	err = p->k->super->set_affinity(p->k, tid, p->cpu_affinity, sizeof(p->cpu_affinity));
	if (err == -EINVAL)
		memcpy(p->cpu_affinity, before, sizeof(before));
	return err == -EINVAL ? err : 0;
}

int64_t
sys_sched_setaffinity(struct task *t, int pid, unsigned int len, uaddr_t umask)
{
	uint64_t mask[ARRAY_SIZE(t->cpu_affinity)] = { 0 }, any = 0;
	unsigned int i, ncpus = t->k->params.ncpus;
	struct task *p;
	int err = 0;

	if (copy_from_user(t, mask, umask, MIN(len, cpumask_bytes(t))))
		return -EFAULT;
	p = find_process(t, pid);
	if (!p)
		return -ESRCH;
	for (i = 0; i < ARRAY_SIZE(mask); i++) {
		uint64_t online = ncpus >= (i + 1) * 64 ? UINT64_MAX : ncpus > i * 64 ? (1ULL << (ncpus - i * 64)) - 1 : 0;

		mask[i] &= online;
		any |= mask[i];
	}
	if (!same_owner(t, p) && !capable(t, CAP_SYS_NICE))
		err = -EPERM;
	else if (!any)
		err = -EINVAL;
	else
		err = set_affinity(p, mask);
	put_task_struct(p);
	return err;
}

int64_t
sys_sched_getaffinity(struct task *t, int pid, unsigned int len, uaddr_t umask)
{
	uint64_t mask[ARRAY_SIZE(t->cpu_affinity)];
	unsigned int n = MIN(len, cpumask_bytes(t));
	struct task *p;

	if ((uint64_t)len * 8 < t->k->params.ncpus || len % sizeof(uint64_t))
		return -EINVAL;
	p = find_process(t, pid);
	if (!p)
		return -ESRCH;
	memcpy(mask, p->cpu_affinity, sizeof(mask));
	put_task_struct(p);
	return copy_to_user(t, umask, mask, n) ? -EFAULT : (int64_t)n;
}

int64_t
sys_sched_yield(struct task *t)
{
	host_call0(__NR_sched_yield);
	return 0;
}

#ifndef MEMBARRIER_CMD_GET_REGISTRATIONS
#define MEMBARRIER_CMD_GET_REGISTRATIONS (1 << 9)
#endif

/*
 * Barriers on other threads: the host's slow one reaches every CPU, whichever process runs there. Instruction streams it does not
 * reach: of those, the host is asked in the program's own process.
 */
#define MEMBARRIER_SUPPORTED                                                                                              \
	(MEMBARRIER_CMD_GLOBAL | MEMBARRIER_CMD_GLOBAL_EXPEDITED | MEMBARRIER_CMD_REGISTER_GLOBAL_EXPEDITED |                 \
	 MEMBARRIER_CMD_PRIVATE_EXPEDITED | MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED | MEMBARRIER_CMD_GET_REGISTRATIONS)
#define MEMBARRIER_SYNC_CORE                                                                                              \
	(MEMBARRIER_CMD_PRIVATE_EXPEDITED_SYNC_CORE | MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_SYNC_CORE)

/* Commands that are there; 0: none. */
static int64_t
membarrier_commands(void)
{
	int64_t cmds = host_call3(__NR_membarrier, MEMBARRIER_CMD_QUERY, 0, 0);

	if (cmds <= 0 || !(cmds & MEMBARRIER_CMD_GLOBAL))
		return 0;
	return MEMBARRIER_SUPPORTED | ((cmds & MEMBARRIER_SYNC_CORE) == MEMBARRIER_SYNC_CORE ? MEMBARRIER_SYNC_CORE : 0);
}

static int64_t
membarrier_on_host(struct task *t, int cmd)
{
	const uint64_t a[6] = { (uint64_t)cmd };

	return t->k->trap->mm_call(t, __NR_membarrier, a);
}

static int64_t
membarrier_register(struct task *t, int cmd)
{
	int64_t err = cmd == MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_SYNC_CORE ? membarrier_on_host(t, cmd) : 0;

	if (!err)
		__atomic_fetch_or(&t->mm->membarriers, (uint32_t)cmd, __ATOMIC_SEQ_CST);
	return err;
}

int64_t
sys_membarrier(struct task *t, int cmd, unsigned int flags, int cpu_id)
{
	uint32_t registered = __atomic_load_n(&t->mm->membarriers, __ATOMIC_SEQ_CST);
	int64_t there;

	if (flags)
		return -EINVAL;
	there = membarrier_commands();
	if (cmd != MEMBARRIER_CMD_QUERY && !(there & cmd))
		return -EINVAL;
	switch (cmd) {
	case MEMBARRIER_CMD_QUERY:
		return there;
	case MEMBARRIER_CMD_GET_REGISTRATIONS:
		return registered;
	case MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED:
	case MEMBARRIER_CMD_REGISTER_GLOBAL_EXPEDITED:
	case MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_SYNC_CORE:
		return membarrier_register(t, cmd);
	case MEMBARRIER_CMD_PRIVATE_EXPEDITED_SYNC_CORE:
		if (!(registered & MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_SYNC_CORE))
			return -EPERM;
		return membarrier_on_host(t, cmd);
	case MEMBARRIER_CMD_PRIVATE_EXPEDITED:
		if (!(registered & MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED))
			return -EPERM;
		__attribute__((fallthrough));
	case MEMBARRIER_CMD_GLOBAL:
	case MEMBARRIER_CMD_GLOBAL_EXPEDITED:
		return host_call3(__NR_membarrier, MEMBARRIER_CMD_GLOBAL, 0, 0);
	default:
		return -EINVAL;
	}
}
