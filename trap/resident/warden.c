/* SPDX-License-Identifier: MIT
 *
 * The end of programs that have emptied %gs. Nothing can be done in such a thread, not even its death: with it all threads of the host
 * process would die, wherever they are in the kernel and whatever locks they hold. So it spins (trap/resident/entry.c) and has left
 * word in the arena; from here the others are killed as by SIGKILL, and when only such threads are left, the host process is.
 */
#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include "kernel/entry.h"
#include "kernel/signal.h"
#include "trap/resident/resident.h"

#define LOOK_US 100000
#define BATCH	32

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

			if (n == BATCH || !rt || rt->t != t || rt->proc->space != s)
				continue;
			get_task_struct(t);
			pids[n] = rt->proc->pid;
			out[n++] = t;
			break;
		}
	return n;
}

static void
end_space(struct kernel *k, struct trap_space *s)
{
	struct task *t[BATCH];
	pid_t pids[BATCH];
	unsigned int n = leaders_of(k, s, t, pids);
	bool alone = n && __atomic_load_n(&s->spinning, __ATOMIC_SEQ_CST) >= __atomic_load_n(&s->tasks, __ATOMIC_SEQ_CST);

	for (unsigned int i = 0; i < n; i++) {
		ignore_err(send_sig_info(SIGKILL, SEND_SIG_PRIV, t[i], PIDTYPE_TGID, NULL), "it may be dead");
		if (alone && pids[i])
			kill(pids[i], SIGKILL);
		put_task_struct(t[i]);
	}
}

void *
resident_warden(void *arg)
{
	struct kernel *k = arg;

	for (;;) {
		struct trap_space *s = __atomic_exchange_n(&k->resident->doomed, NULL, __ATOMIC_SEQ_CST);

		if (s)
			end_space(k, s);
		usleep(LOOK_US);
	}
	return NULL;
}
