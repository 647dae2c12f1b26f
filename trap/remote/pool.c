/* SPDX-License-Identifier: MIT
 *
 * Pool threads: serve stopped tasks (clone, exit, signals) where the tracer must not sleep. A job may sleep for ever (a stopped
 * task, a vfork), so a thread is added whenever a job finds no idle one; idle ones beyond a few end.
 */
#include <pthread.h>
#include <stdlib.h>

#include "trap/remote/ptrace.h"
#include "trap/remote/remote.h"

#define POOL_IDLE_MAX	4
#define POOL_STACK_SIZE (256 * 1024)

struct job {
	struct job *next;
	void (*fn)(struct trap_task *rt);
	struct trap_task *rt;
};

static pthread_mutex_t pool_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t pool_cond = PTHREAD_COND_INITIALIZER;
static struct job *jobs, **jobs_tail = &jobs;
static unsigned int idle, waiting;

static void *
pool_thread(void *arg)
{
	pthread_mutex_lock(&pool_lock);
	for (;;) {
		struct job *j;

		while (!jobs) {
			if (idle >= POOL_IDLE_MAX) {
				pthread_mutex_unlock(&pool_lock);
				return NULL;
			}
			idle++;
			pthread_cond_wait(&pool_cond, &pool_lock);
			idle--;
		}
		j = jobs;
		jobs = j->next;
		if (!jobs)
			jobs_tail = &jobs;
		waiting--;
		pthread_mutex_unlock(&pool_lock);
		j->fn(j->rt);
		free(j);
		pthread_mutex_lock(&pool_lock);
	}
}

int
start_thread(void *(*fn)(void *), void *arg)
{
	pthread_attr_t attr;
	pthread_t th;
	int err;

	pthread_attr_init(&attr);
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	pthread_attr_setstacksize(&attr, POOL_STACK_SIZE);
	err = pthread_create(&th, &attr, fn, arg);
	pthread_attr_destroy(&attr);
	return -err;
}

void
pool_submit(void (*fn)(struct trap_task *rt), struct trap_task *rt)
{
	struct job *j = malloc(sizeof(*j));
	bool grow;

	if (!j)
		abort();
	*j = (struct job){ .fn = fn, .rt = rt };
	pthread_mutex_lock(&pool_lock);
	*jobs_tail = j;
	jobs_tail = &j->next;
	waiting++;
	grow = waiting > idle;
	pthread_cond_signal(&pool_cond);
	pthread_mutex_unlock(&pool_lock);
	if (grow && start_thread(pool_thread, NULL) < 0)
		kernel_panic(remote.k, "cannot start a thread; raise the limit on processes (ulimit -u)");
}
