/* SPDX-License-Identifier: MIT
 *
 * The end of programs that have emptied %gs. Nothing can be done in such a thread, not even its death: with it all threads of the host
 * process would die, wherever they are in the kernel and whatever locks they hold. So it spins (trap/resident/entry.c) and has left
 * word in the arena; from here the others are killed as by SIGKILL, and when only such threads are left, the host process is. A thread that
 * spins though it has its %gs can be kicked out; it must not be on its way through the kernel when the host process is killed: it waits in
 * uncount_spinner() while ->ending is set.
 */
#include <pthread.h>
#include <signal.h>

#include "kernel/entry.h"
#include "kernel/signal.h"
#include "trap/host.h"
#include "trap/resident/resident.h"

#define BATCH 32

/* Up to BATCH tasks of an address space, one a host process, with references. */
static unsigned int
leaders_of(struct kernel *k, const struct trap_space *s, struct task *out[BATCH], pid_t pids[BATCH])
{
	unsigned int n = 0;
	struct task *p, *t;
	mutex_guard(&k->tasklist_lock);

	list_for_each_entry(p, &k->tasks, tasks)
		list_for_each_entry(t, &p->signal->thread_head, thread_node) {
			struct trap_task *rt = t->trap;
			struct trap_process *proc = rt ? rt->proc : NULL;

			if (n == BATCH || !proc || rt->t != t || proc->space != s)
				continue;
			get_task_struct(t);
			pids[n] = proc->pid;
			out[n++] = t;
			break;
		}
	return n;
}

static pthread_mutex_t burials = PTHREAD_MUTEX_INITIALIZER;

void
resident_bury_begin(void)
{
	pthread_mutex_lock(&burials);
}

void
resident_bury_end(void)
{
	pthread_mutex_unlock(&burials);
}

static void
let_go(struct trap_space *s)
{
	__atomic_store_n(&s->ending, 0, __ATOMIC_SEQ_CST);
	host_futex_wake(&s->ending, INT32_MAX);
}

static void
end_space(struct kernel *k, struct trap_space *s)
{
	struct task *t[BATCH];
	pid_t pids[BATCH];
	unsigned int n;
	bool alone;

	pthread_mutex_lock(&burials);
	n = leaders_of(k, s, t, pids);
	if (n == 0) { /* @s may be gone */
		pthread_mutex_unlock(&burials);
		return;
	}
	__atomic_store_n(&s->ending, 1, __ATOMIC_SEQ_CST);
	alone = __atomic_load_n(&s->spinning, __ATOMIC_SEQ_CST) >= __atomic_load_n(&s->tasks, __ATOMIC_SEQ_CST);
	if (!alone)
		let_go(s);
	for (unsigned int i = 0; i < n; i++) {
		ignore_err(send_sig_info(SIGKILL, SEND_SIG_PRIV, t[i], PIDTYPE_TGID, NULL), "it may be dead");
		if (alone && pids[i])
			kill(pids[i], SIGKILL);
		put_task_struct(t[i]);
	}
	pthread_mutex_unlock(&burials);
}

void
resident_look_for_doomed(struct kernel *k)
{
	struct trap_space *s = __atomic_exchange_n(&k->resident->doomed, NULL, __ATOMIC_SEQ_CST);

	if (s)
		end_space(k, s);
}
