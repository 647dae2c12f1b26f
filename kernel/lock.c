/* SPDX-License-Identifier: MIT
 *
 * The contended halves of mutexes, after Drepper's "Futexes are tricky", mutex 2; and, in debug builds, the check of owners and
 * ranks.
 *
 * A lock may be wanted by two processes, so futexes are shared ones. The holder may have lost its CPU to whoever waits (two
 * CPUs are common), so spinning is brief and stops as soon as somebody sleeps.
 *
 * The checker keeps, for each host thread, the locks it holds, in a table in the arena keyed by the host's thread id: kernel
 * code has no thread-local storage. A slot is claimed by its thread with the first lock and given up with the last.
 */
#include <asm/unistd.h>

#include "kernel/kernel.h"
#include "trap/host.h"

#define SPINS 100

void
mutex_lock_slow(struct mutex *m)
{
	for (int i = 0; i < SPINS; i++) {
		uint32_t v = __atomic_load_n(&m->word, __ATOMIC_RELAXED);

		if (v == 2)
			break;
		if (v == 0 && __atomic_compare_exchange_n(&m->word, &v, 1, false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
			return;
		cpu_relax();
	}
	/* Taken as 2 from here on: whether others sleep is not known any more, so the unlock has to look. */
	while (__atomic_exchange_n(&m->word, 2, __ATOMIC_ACQUIRE) != 0)
		host_futex_wait(&m->word, 2, INT64_MAX);
}

void
mutex_unlock_slow(struct mutex *m)
{
	host_futex_wake(&m->word, 1);
}

#ifdef STEAD_DEBUG

#define SLOTS	 4096
#define PROBES	 64
#define MAX_HELD 30

struct lock_debug {
	uint32_t tid[SLOTS]; /* atomic; 0: free */
	struct held_locks {
		uint32_t n;
		const struct mutex *m[MAX_HELD];
		const char *where[MAX_HELD];
	} held[SLOTS];
};
_Static_assert(sizeof(struct lock_debug) <= LOCK_DEBUG_SIZE, "room for the table of held locks");

/* There is one arena, and a mutex says nothing of its instance. */
static struct kernel *
the_kernel(void)
{
	return (struct kernel *)ARENA_BASE;
}

static uint32_t
find_slot(uint32_t tid, bool claim)
{
	struct lock_debug *d = the_kernel()->lock_debug;

	for (uint32_t i = 0; i < PROBES; i++) {
		uint32_t s = (tid + i) % SLOTS;

		if (__atomic_load_n(&d->tid[s], __ATOMIC_RELAXED) == tid)
			return s;
	}
	for (uint32_t i = 0; claim && i < PROBES; i++) {
		uint32_t s = (tid + i) % SLOTS, zero = 0;

		if (__atomic_compare_exchange_n(&d->tid[s], &zero, tid, false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED)) {
			d->held[s].n = 0;
			return s;
		}
	}
	return UINT32_MAX; /* too many threads: this one is not checked */
}

static uint32_t
my_slot(bool claim)
{
	return find_slot((uint32_t)host_call0(__NR_gettid), claim);
}

/*
 * Where two locks of one rank have an order that is not their addresses': parent before child (directories, and
 * the address spaces of a fork), outer epoll before inner, one queue waking another.
 */
static bool
free_order(uint16_t rank)
{
	return rank == RANK_INODE || rank == RANK_INODE_OVERLAY || rank == RANK_INODE_OVERLAY2 || rank == RANK_MM || rank == RANK_EPOLL || rank == RANK_WAITQ;
}

static void
check_order(const struct mutex *held, const char *held_at, const struct mutex *m, const char *where, bool nested)
{
	if (held->rank == RANK_NONE || m->rank == RANK_NONE || held->rank < m->rank)
		return;
	if (held->rank == m->rank && nested && (free_order(m->rank) || held < m))
		return;
	kernel_panic(the_kernel(), "lock order: %s takes rank %u while rank %u of %s is held", where, m->rank, held->rank,
		     held_at);
}

void
mutex_debug_lock(struct mutex *m, const char *where, bool nested)
{
	uint32_t s = my_slot(false);
	struct held_locks *h;

	if (s == UINT32_MAX)
		return;
	h = &the_kernel()->lock_debug->held[s];
	for (uint32_t i = 0; i < h->n; i++) {
		if (h->m[i] == m)
			kernel_panic(the_kernel(), "deadlock: %s takes a lock held since %s", where, h->where[i]);
		check_order(h->m[i], h->where[i], m, where, nested);
	}
}

void
mutex_debug_locked(struct mutex *m, const char *where)
{
	uint32_t s = my_slot(true);
	struct held_locks *h;

	m->where = where;
	m->owner = (const void *)(uintptr_t)(s + 1UL);
	if (s == UINT32_MAX)
		return;
	h = &the_kernel()->lock_debug->held[s];
	if (h->n == MAX_HELD)
		kernel_panic(the_kernel(), "%s: a thread holds more than %d locks", where, MAX_HELD);
	h->m[h->n] = m;
	h->where[h->n] = where;
	h->n++;
}

void
mutex_debug_unlock(struct mutex *m)
{
	struct lock_debug *d = the_kernel()->lock_debug;
	uint32_t s, i;
	struct held_locks *h;

	if (m->owner == (const void *)(uintptr_t)(UINT32_MAX + 1UL))
		return;
	s = my_slot(false);
	if (s == UINT32_MAX)
		kernel_panic(the_kernel(), "unlock of a lock of another thread, held since %s", m->where ? m->where : "?");
	h = &d->held[s];
	for (i = h->n; i > 0 && h->m[i - 1] != m; i--)
		;
	if (i == 0)
		kernel_panic(the_kernel(), "unlock of a lock that is not held, last taken at %s", m->where ? m->where : "?");
	for (; i < h->n; i++) {
		h->m[i - 1] = h->m[i];
		h->where[i - 1] = h->where[i];
	}
	m->owner = NULL;
	if (--h->n == 0)
		__atomic_store_n(&d->tid[s], 0, __ATOMIC_RELEASE);
}

void
mutex_debug_assert_held(const struct mutex *m, const char *where)
{
	uint32_t s = my_slot(false);
	struct held_locks *h;

	if (m->owner == (const void *)(uintptr_t)(UINT32_MAX + 1UL))
		return;
	if (s != UINT32_MAX) {
		h = &the_kernel()->lock_debug->held[s];
		for (uint32_t i = 0; i < h->n; i++)
			if (h->m[i] == m)
				return;
	}
	kernel_panic(the_kernel(), "%s: a lock should be held and is not", where);
}

void
mutex_debug_may_sleep(const char *where)
{
	uint32_t s = my_slot(false);
	struct held_locks *h;

	if (s == UINT32_MAX)
		return;
	h = &the_kernel()->lock_debug->held[s];
	for (uint32_t i = 0; i < h->n; i++)
		if (h->m[i]->rank > RANK_PIPE)
			kernel_panic(the_kernel(), "%s sleeps while rank %u of %s is held", where, h->m[i]->rank, h->where[i]);
}

#endif
