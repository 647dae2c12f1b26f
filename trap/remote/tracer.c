/* SPDX-License-Identifier: MIT
 *
 * The tracer thread: waits for stops and for requests of other threads. Only the thread that attached may use ptrace on a task, so
 * whatever needs ptrace comes here. It sleeps in wait4(2); who has a request for a sleeping tracer sends it TRACER_SIGNAL, whose
 * handler looks where it hit: until the call has been made, it sends the tracer around it, and afterwards there is nothing to do,
 * since either the call was interrupted or its result is there. So neither a request nor a status is lost.
 */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <ucontext.h>
#include <unistd.h>

#include "trap/host.h"
#include "trap/remote/ptrace.h"
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
	__atomic_store_n(queue_tail, r, __ATOMIC_RELAXED);
	queue_tail = &r->next;
	pthread_mutex_unlock(&queue_lock);
	atomic_thread_fence(memory_order_seq_cst);
	if (atomic_load(&asleep))
		syscall(SYS_tgkill, getpid(), remote.tracer_tid, TRACER_SIGNAL);
}

static struct request *
dequeue(void)
{
	struct request *r;

	if (!__atomic_load_n(&queue_head, __ATOMIC_RELAXED))
		return NULL;
	pthread_mutex_lock(&queue_lock);
	r = queue_head;
	if (r) {
		__atomic_store_n(&queue_head, r->next, __ATOMIC_RELAXED);
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

static void
run_requests(void)
{
	struct request *r;

	while ((r = dequeue()) != NULL) {
		r->result = r->fn(r->arg);
		if (r->posted) {
			free(r);
		} else {
			__atomic_store_n(&r->done, 1, __ATOMIC_RELEASE);
			host_futex_wake(&r->done, 1);
		}
	}
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

/* wait4(-1, status, __WALL, NULL), but -EINTR if *queue is not NULL. */
__asm__(".pushsection .text\n"
	".type wait_unless_queued, @function\n"
	"wait_unless_queued:\n"
	"	cmpq $0, (%rsi)\n"
	"	jne wait_cancelled\n"
	"	mov %rdi, %rsi\n"
	"	mov $-1, %rdi\n"
	"	mov $0x40000000, %edx\n"
	"	xor %r10d, %r10d\n"
	"	mov $61, %eax\n"
	"	syscall\n"
	"wait_end:\n"
	"	ret\n"
	"wait_cancelled:\n"
	"	mov $-4, %rax\n"
	"	ret\n"
	".size wait_unless_queued, .-wait_unless_queued\n"
	".popsection\n");
int64_t wait_unless_queued(int *status, struct request **queue);
extern const char wait_end[], wait_cancelled[];

/* From the look at the queue to the call the tracer is sent around the call; afterwards the kernel has seen to it. */
static void
on_tracer_signal(int sig, siginfo_t *info, void *ctx)
{
	greg_t *rip = &((ucontext_t *)ctx)->uc_mcontext.gregs[REG_RIP];

	if (*rip >= (greg_t)wait_unless_queued && *rip < (greg_t)wait_end)
		*rip = (greg_t)wait_cancelled;
}

#define TURN_STOPS 8

/*
 * The host gives the stop of the thread that was made last, of those that have one: threads that stop all the time would keep the others
 * from ever being served. So every few stops one thread is asked for by name, in turn.
 */
static bool
give_turn(void)
{
	static unsigned int stops;
	struct trap_task *rt;
	pid_t tid;
	int status;

	if (++stops % TURN_STOPS != 0 || list_empty(&remote.turns))
		return false;
	rt = list_first_entry(&remote.turns, struct trap_task, turn);
	list_move_tail(&rt->turn, &remote.turns);
	tid = waitpid(rt->tid, &status, __WALL | WNOHANG);
	if (tid > 0)
		handle_wait_status(tid, status);
	return tid > 0;
}

static void
wait_for_work(void)
{
	int64_t tid;
	int status;

	if (give_turn())
		return;
	atomic_store(&asleep, true); /* then the queue is looked at: see enqueue() */
	tid = wait_unless_queued(&status, &queue_head);
	atomic_store(&asleep, false);
	if (tid > 0)
		handle_wait_status((pid_t)tid, status);
}

void
tracer_loop(void)
{
	struct sigaction sa = { .sa_sigaction = on_tracer_signal, .sa_flags = SA_SIGINFO };
	sigset_t set;

	this_is_tracer = true;
	sigaction(TRACER_SIGNAL, &sa, NULL);
	sigemptyset(&set);
	sigaddset(&set, TRACER_SIGNAL);
	pthread_sigmask(SIG_UNBLOCK, &set, NULL);
	while (!stopping) {
		run_requests();
		gather_check();
		if (!stopping)
			wait_for_work();
	}
}
