/* SPDX-License-Identifier: MIT
 *
 * Calls that sleep without a thread. A notify worker serves each call on a fiber: a stack of its own. Where the call sleeps, the worker
 * leaves the stack as it is and goes on to the next call. Who wakes the task puts it on the list of the ready, and the leader (leader.c)
 * goes on with it: mostly the one who woke it, once it has answered its own call. So two programs that take turns need one thread, which
 * never sleeps but to receive. A deadline is a timer of the instance (kernel/timer.c), which wakes the fiber, not the task.
 *
 *	sleeper: sched = 1; looks at its state; leaves its stack; the worker: compare and exchange sched, 1 to SCHED_ON_FIBER
 *	waker:	 exchange(sched, 0): if it was SCHED_ON_FIBER, the list
 *
 * If the exchange came first the worker sees it, and goes back to the fiber at once. Else nobody but the waker touches the fiber.
 *
 * The leader looks at the list whenever it has served (then its word is even) and before it receives; a waker puts its task on the list
 * and then looks at the leader's word. If that is odd the leader will look; if not, it is on its way to receive, or there, from where
 * LEADER_SIGNAL fetches it: until the host's call has been made the handler sends it around that, as the tracer's does (tracer.c).
 *
 * A fiber may end on another thread than it began on, so nothing between may keep what belongs to a thread (errno, __thread): kernel code
 * has no such thing. Sanitizers want to be told of stacks, and the check of locks (--enable-debug) knows their owners by thread: there
 * calls sleep with their thread.
 */
#include <asm/unistd.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>
#include <unistd.h>

#include "kernel/entry.h"
#include "trap/host.h"
#include "trap/remote/fiber.h"
#include "trap/remote/leader.h"
#include "trap/remote/ptrace.h"
#include "trap/remote/remote.h"

#if defined(STEAD_DEBUG) || defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define ON_FIBERS 0
#else
#define ON_FIBERS 1
#endif

#define STACK_SIZE (256UL * 1024)
#define IDLE_MAX   32

static __thread struct fiber *running;
static __thread void *thread_sp; /* of the worker's own stack, while it is on a fiber */
static __thread struct fiber *spare;

static pthread_mutex_t idle_lock = PTHREAD_MUTEX_INITIALIZER;
static struct fiber *idle;
static unsigned int nidle;

static struct task *ready; /* the leader's: taken from the arena, in order */

/* Saves what a C function keeps on the stack and the stack pointer in *@save, and goes on where @sp was saved. */
void fiber_switch(void **save, void *sp);
extern const char fiber_start[];
__asm__(".pushsection .text\n"
	".type fiber_switch, @function\n"
	"fiber_switch:\n"
	"	push %rbp\n"
	"	push %rbx\n"
	"	push %r12\n"
	"	push %r13\n"
	"	push %r14\n"
	"	push %r15\n"
	"	mov %rsp, (%rdi)\n"
	"	mov %rsi, %rsp\n"
	"	pop %r15\n"
	"	pop %r14\n"
	"	pop %r13\n"
	"	pop %r12\n"
	"	pop %rbx\n"
	"	pop %rbp\n"
	"	ret\n"
	".size fiber_switch, .-fiber_switch\n"
	".type fiber_start, @function\n"
	"fiber_start:\n"
	"	mov %rbx, %rdi\n"
	"	call fiber_main\n"
	"	ud2\n"
	".size fiber_start, .-fiber_start\n"
	".popsection\n");

static __attribute__((noinline)) void
back_to_thread(struct fiber *f)
{
	fiber_switch(&f->sp, thread_sp);
}

void fiber_main(struct fiber *f) __noreturn __attribute__((used));
void
fiber_main(struct fiber *f)
{
	for (;;) {
		serve_notified(&f->n);
		f->sleeper = NULL;
		back_to_thread(f);
	}
}

/* Where there is no room for a stack (vm.max_map_count) the call is served, and sleeps, on the worker's own. */
static struct fiber *
fiber_without_stack(void)
{
	struct fiber *f = calloc(1, sizeof(*f));

	if (!f)
		kernel_panic(remote.k, "no memory for a call; raise the limit on memory");
	return f;
}

/* At the top of its stack, below which is a page that is not there. */
static struct fiber *
new_fiber(void)
{
	char *room = mmap(NULL, STACK_SIZE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	struct fiber *f = (struct fiber *)(room + STACK_SIZE - ALIGN_UP(sizeof(*f), 64));
	uint64_t *sp = (uint64_t *)f;

	if (room == MAP_FAILED)
		return fiber_without_stack();
	if (mprotect(room + PAGE_SIZE, STACK_SIZE - PAGE_SIZE, PROT_READ | PROT_WRITE) < 0) {
		munmap(room, STACK_SIZE);
		return fiber_without_stack();
	}
	*--sp = (uint64_t)(uintptr_t)fiber_start;
	*--sp = 0;			  /* rbp */
	*--sp = (uint64_t)(uintptr_t)f; /* rbx */
	sp -= 4;
	f->sp = sp;
	return f;
}

static void
free_fiber(struct fiber *f)
{
	if (!f->sp)
		free(f);
	else
		munmap((char *)f + ALIGN_UP(sizeof(*f), 64) - STACK_SIZE, STACK_SIZE);
}

struct fiber *
fiber_idle(void)
{
	struct fiber *f = spare;

	spare = NULL;
	if (f)
		return f;
	pthread_mutex_lock(&idle_lock);
	f = idle;
	if (f) {
		idle = f->next;
		nidle--;
	}
	pthread_mutex_unlock(&idle_lock);
	return f ? f : new_fiber();
}

void
fiber_put(struct fiber *f)
{
	bool room;

	if (!f->sp) {
		free_fiber(f);
		return;
	}
	if (!spare) {
		spare = f;
		return;
	}
	pthread_mutex_lock(&idle_lock);
	room = nidle < IDLE_MAX;
	if (room) {
		f->next = idle;
		idle = f;
		nidle++;
	}
	pthread_mutex_unlock(&idle_lock);
	if (!room)
		free_fiber(f);
}

/* Nobody but the leader is here, and one leader sees what the last one has done. */
struct fiber *
fiber_ready(void)
{
	struct ready_calls *q = remote.k->ready;
	struct task *t, *next;

	if (!ready && __atomic_load_n(&q->head, __ATOMIC_SEQ_CST))
		for (t = __atomic_exchange_n(&q->head, NULL, __ATOMIC_SEQ_CST); t; t = next) {
			next = t->ready_next;
			t->ready_next = ready;
			ready = t;
		}
	if (!ready)
		return NULL;
	t = ready;
	ready = t->ready_next;
	return t->fiber;
}

void
fiber_run(struct fiber *f)
{
	struct task *t;
	uint32_t one;

	if (!ON_FIBERS || !f->sp) {
		serve_notified(&f->n);
		fiber_put(f);
		return;
	}
	do {
		running = f;
		fiber_switch(&thread_sp, f->sp);
		running = NULL;
		t = f->sleeper;
		if (!t) {
			fiber_put(f);
			return;
		}
		t->fiber = f;
		one = 1;
	} while (!__atomic_compare_exchange_n(&t->sched, &one, SCHED_ON_FIBER, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST));
}

/* A task that has not left its stack yet sees the 0 there, or when it comes back from leaving it. */
static void
deadline_passed(struct kernel *k, struct ktimer *tm)
{
	struct task *t = container_of(tm, struct task, sleep_timer);

	if (__atomic_exchange_n(&t->sched, 0, __ATOMIC_SEQ_CST) == SCHED_ON_FIBER)
		fiber_wake(t, SCHED_ON_FIBER);
}

static int
sleep_until(struct task *t, struct fiber *f, int64_t deadline)
{
	ktimer_init(&t->sleep_timer, deadline_passed);
	ktimer_start(t->k, &t->sleep_timer, deadline);
	f->sleeper = t;
	back_to_thread(f);
	ktimer_cancel(t->k, &t->sleep_timer);
	return ktime_get() >= deadline ? -ETIMEDOUT : 0;
}

/* The timers' thread ends with the instance: who cannot be killed does not wait for it. */
static bool
can_be_killed(const struct task *t)
{
	return __atomic_load_n(&t->state, __ATOMIC_RELAXED) != TASK_UNINTERRUPTIBLE;
}

int
fiber_sleep(struct task *t, int64_t deadline)
{
	struct fiber *f = running;

	if (!f || (deadline != NO_DEADLINE && !can_be_killed(t))) {
		leader_steps_down();
		return host_futex_wait(&t->sched, 1, deadline);
	}
	if (deadline != NO_DEADLINE)
		return sleep_until(t, f, deadline);
	f->sleeper = t;
	back_to_thread(f);
	return 0;
}

__runs_in_guest void
fiber_wake(struct task *t, uint32_t was __unused)
{
	struct ready_calls *q = t->k->ready;
	struct task *head = __atomic_load_n(&q->head, __ATOMIC_RELAXED);

	do {
		t->ready_next = head;
	} while (!__atomic_compare_exchange_n(&q->head, &head, t, false, __ATOMIC_SEQ_CST, __ATOMIC_RELAXED));
	/* From here on the task may be gone. */
	if (!(__atomic_load_n(&q->leader, __ATOMIC_SEQ_CST) & 1))
		host_call3(__NR_tgkill, q->pid, __atomic_load_n(&q->tid, __ATOMIC_SEQ_CST), LEADER_SIGNAL);
}

/* The ioctl SECCOMP_IOCTL_NOTIF_RECV, but -EINTR if *head is not NULL. */
__asm__(".pushsection .text\n"
	".globl receive_unless_ready\n.hidden receive_unless_ready\n.type receive_unless_ready, @function\n"
	"receive_unless_ready:\n"
	"	cmpq $0, (%rcx)\n"
	"	jne receive_cancelled\n"
	"	mov $16, %eax\n"
	"	syscall\n"
	"receive_end:\n"
	"	ret\n"
	"receive_cancelled:\n"
	"	mov $-4, %rax\n"
	"	ret\n"
	".size receive_unless_ready, .-receive_unless_ready\n"
	".popsection\n");
extern const char receive_end[], receive_cancelled[];

static void
on_leader_signal(int sig, siginfo_t *info, void *ctx)
{
	greg_t *rip = &((ucontext_t *)ctx)->uc_mcontext.gregs[REG_RIP];

	if (*rip >= (greg_t)receive_unless_ready && *rip < (greg_t)receive_end)
		*rip = (greg_t)receive_cancelled;
}

int
fiber_init(void)
{
	/* Whatever else it interrupts, by chance, is made again. */
	struct sigaction sa = { .sa_sigaction = on_leader_signal, .sa_flags = SA_SIGINFO | SA_RESTART };

	remote.k->ready = kzalloc(remote.k, sizeof(*remote.k->ready));
	if (!remote.k->ready)
		return -ENOMEM;
	remote.k->ready->pid = getpid();
	sigaction(LEADER_SIGNAL, &sa, NULL);
	return 0;
}
