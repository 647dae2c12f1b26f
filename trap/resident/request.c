/* SPDX-License-Identifier: MIT
 *
 * Requests to the supervisor: a queue in the arena. The request lies on the asking thread's kernel stack, which is in the arena. Threads of
 * the supervisor run kernel code too (timers, readiness, the reaper) and have their stacks elsewhere, where no guest process could link
 * a request of its own behind theirs: they serve themselves.
 */
#include <asm/unistd.h>

#include "mm/text.h"
#include "trap/host.h"
#include "vfs/hostfs/hostfs.h"
#include "trap/resident/resident.h"

static bool
in_supervisor(void)
{
	return (uint64_t)(uintptr_t)__builtin_frame_address(0) - ARENA_BASE >= RES_ARENA_SIZE;
}

/* The supervisor's main thread looks at ->ended, ->posted and ->timers_wanted. */
static void
ring(const struct resident *r)
{
	uint64_t one = 1;

	host_call3(__NR_write, r->bell.fd, &one, sizeof(one));
}

int64_t
resident_request(struct kernel *k, enum request_kind kind, uint64_t a, uint64_t b, uint64_t c, uint64_t d, uint64_t e)
{
	struct resident *r = k->resident;
	struct request q = { .kind = kind, .a = { a, b, c, d, e } };

	if (in_supervisor())
		return r->serve ? r->serve(k, &q) : -ENOSYS;
	mutex_lock(&r->queue_lock);
	*r->tail = &q;
	r->tail = &q.next;
	mutex_unlock(&r->queue_lock);
	__atomic_add_fetch(&r->posted, 1, __ATOMIC_SEQ_CST);
	if (!__atomic_load_n(&r->served, __ATOMIC_SEQ_CST))
		ring(r);
	host_futex_wake(&r->posted, 1);
	while (__atomic_load_n(&q.done, __ATOMIC_ACQUIRE) == 0)
		host_futex_wait(&q.done, 0, INT64_MAX);
	return q.result;
}

#define PTR(p) ((uint64_t)(uintptr_t)(p))

void
resident_end(struct resident *r, enum instance_end how, const char *line)
{
	uint32_t not_yet = END_NOT_YET, saying = END_NOT_YET;
	size_t n = line ? MIN(strlen(line), sizeof(r->panic_line) - 1) : 0;

	if (how == END_PANIC) {
		if (!__atomic_compare_exchange_n(&r->panicking, &saying, 1, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE))
			return;
		memcpy(r->panic_line, line, n);
	}
	if (__atomic_compare_exchange_n(&r->ended, &not_yet, how, false, __ATOMIC_SEQ_CST, __ATOMIC_RELAXED))
		ring(r);
}

/* In a guest process: the supervisor says it, and ends all. What this thread holds, it holds until then. */
static void __noreturn
super_panic(struct kernel *k, const char *line)
{
	uint32_t forever = 0;

	if (in_supervisor())
		resident_request(k, REQ_PANIC, PTR(line), 0, 0, 0, 0);
	resident_end(k->resident, END_PANIC, line);
	for (;;)
		host_futex_wait(&forever, 0, INT64_MAX);
}

static void
super_ended(struct kernel *k)
{
	resident_end(k->resident, END_REGULAR, NULL);
}

static void
timers_wanted(struct kernel *k)
{
	__atomic_store_n(&k->resident->timers_wanted, true, __ATOMIC_SEQ_CST);
	ring(k->resident);
}

static uint64_t
rss_pages(struct kernel *k, hpid_t host_tid)
{
	return (uint64_t)resident_request(k, REQ_RSS, (uint64_t)host_tid.id, 0, 0, 0, 0);
}

static int64_t
trusted_xattr(struct kernel *k, const struct hostfs_xattr_call *c)
{
	if (!k->resident->serve)
		return hostfs_xattr(c);
	return resident_request(k, REQ_TRUSTED_XATTR, PTR(c), 0, 0, 0, 0);
}

static void
trace_call(struct task *t, uint64_t nr, const uint64_t a[6], const int64_t *result, uint32_t tampered)
{
	bool entered;

	if (!result)
		t->trace_ip = text_origin(t, t->regs.rip, &entered);
	resident_request(t->k, REQ_TRACE_CALL, PTR(t), nr, PTR(a), PTR(result), tampered);
}

static void
trace_signal(struct task *t, const struct k_siginfo *info)
{
	resident_request(t->k, REQ_TRACE_SIGNAL, PTR(t), PTR(info), 0, 0, 0);
}

static void
trace_stopped(struct task *t, int sig)
{
	resident_request(t->k, REQ_TRACE_STOPPED, PTR(t), (uint64_t)sig, 0, 0, 0);
}

static void
trace_new(struct task *t, struct task *parent, uint64_t flags, int exit_signal)
{
	resident_request(t->k, REQ_TRACE_NEW, PTR(t), PTR(parent), flags, (uint64_t)exit_signal, 0);
}

static void
trace_gone(struct task *t, int status)
{
	resident_request(t->k, REQ_TRACE_GONE, PTR(t), (uint64_t)status, 0, 0, 0);
}

static bool
thread_times(struct kernel *k, hpid_t host_tid, uint64_t out[3])
{
	uint64_t *shared = kmalloc(k, 3 * sizeof(*out));
	bool ok = shared && resident_request(k, REQ_TIMES, (uint64_t)host_tid.id, PTR(shared), 0, 0, 0) > 0;

	if (ok)
		memcpy(out, shared, 3 * sizeof(*out));
	kfree(k, shared);
	return ok;
}

static int
set_affinity(struct kernel *k, hpid_t host_tid, const uint64_t *mask, size_t bytes)
{
	return (int)resident_request(k, REQ_AFFINITY, (uint64_t)host_tid.id, PTR(mask), bytes, 0, 0);
}

const struct super_ops resident_super = {
	.set_affinity = set_affinity,
	.thread_times = thread_times,
	.trace_call = trace_call,
	.trace_signal = trace_signal,
	.trace_stopped = trace_stopped,
	.trace_new = trace_new,
	.trace_gone = trace_gone,
	.trusted_xattr = trusted_xattr,
	.rss_pages = rss_pages,
	.load_plan = resident_load_plan,
	.panic = super_panic,
	.ended = super_ended,
	.timers_wanted = timers_wanted,
};
