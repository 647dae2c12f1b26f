/* SPDX-License-Identifier: MIT
 *
 * The tracer thread: waits for stops and for requests of other threads. Only the thread that attached may use ptrace on a task, so
 * whatever needs ptrace comes here. SIGCHLD says that a task stopped or died, TRACER_SIGNAL that the request queue is not empty; both
 * are blocked in every thread and taken with sigwaitinfo, so none is lost between a look and the sleep.
 */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "trap/host.h"
#include "trap/remote/remote.h"

struct request {
	struct request *next;
	int64_t (*fn)(void *arg);
	void *arg;
	int64_t result;
	uint32_t done; /* futex; unused when posted */
	bool posted;
};

static pthread_mutex_t queue_lock = PTHREAD_MUTEX_INITIALIZER;
static struct request *queue_head, **queue_tail = &queue_head;
static _Atomic bool asleep;
static bool stopping;
static __thread bool this_is_tracer;

bool
is_tracer(void)
{
	return this_is_tracer;
}

static void
enqueue(struct request *r)
{
	pthread_mutex_lock(&queue_lock);
	r->next = NULL;
	*queue_tail = r;
	queue_tail = &r->next;
	pthread_mutex_unlock(&queue_lock);
	if (atomic_load(&asleep))
		syscall(SYS_tgkill, getpid(), remote.tracer_tid, TRACER_SIGNAL);
}

static struct request *
dequeue(void)
{
	struct request *r;

	pthread_mutex_lock(&queue_lock);
	r = queue_head;
	if (r) {
		queue_head = r->next;
		if (!queue_head)
			queue_tail = &queue_head;
	}
	pthread_mutex_unlock(&queue_lock);
	return r;
}

int64_t
tracer_run(int64_t (*fn)(void *arg), void *arg)
{
	struct request r = { .fn = fn, .arg = arg };

	if (this_is_tracer)
		return fn(arg);
	enqueue(&r);
	while (__atomic_load_n(&r.done, __ATOMIC_ACQUIRE) == 0)
		host_futex_wait(&r.done, 0, INT64_MAX);
	return r.result;
}

void
tracer_post(int64_t (*fn)(void *arg), void *arg)
{
	struct request *r = malloc(sizeof(*r));

	if (!r)
		abort();
	*r = (struct request){ .fn = fn, .arg = arg, .posted = true };
	enqueue(r);
}

static bool
run_requests(void)
{
	struct request *r;
	bool any = false;

	while ((r = dequeue()) != NULL) {
		any = true;
		r->result = r->fn(r->arg);
		if (r->posted) {
			free(r);
		} else {
			__atomic_store_n(&r->done, 1, __ATOMIC_RELEASE);
			host_futex_wake(&r->done, 1);
		}
	}
	return any;
}

static bool
reap_stops(void)
{
	bool any = false;
	int status;
	pid_t tid;

	while ((tid = waitpid(-1, &status, __WALL | WNOHANG)) > 0) {
		any = true;
		handle_wait_status(tid, status);
	}
	return any;
}

static int64_t
set_stopping(void *arg)
{
	stopping = true;
	return 0;
}

void
tracer_stop(void)
{
	tracer_post(set_stopping, NULL);
}

void
tracer_loop(void)
{
	sigset_t set;
	siginfo_t info;

	this_is_tracer = true;
	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigaddset(&set, TRACER_SIGNAL);
	while (!stopping) {
		if ((int)reap_stops() | (int)run_requests()) /* both, always */
			continue;
		atomic_store(&asleep, true);
		if (!run_requests() && !stopping)
			sigwaitinfo(&set, &info);
		atomic_store(&asleep, false);
	}
}
