/* SPDX-License-Identifier: MIT
 *
 * Mutexes of the kernel: process-shared futex locks that live in the arena.
 *
 * There is one kind. A holder may be descheduled by the host at any time, so nobody spins long; and a holder may sleep, but
 * should not while it holds a lock marked "short" in the lock's comment. Debug builds (--enable-debug) record the owner and
 * check that ranks are taken in increasing order. Two locks of one rank are taken in address order with mutex_lock_nested().
 *
 * Static ranks, outermost first. A file's head comment says where its locks sit.
 */
#ifndef STEAD_KERNEL_LOCK_H
#define STEAD_KERNEL_LOCK_H

#include "kernel/types.h"

#if defined(__clang__)
#define __capability(x)	      __attribute__((capability(x)))
#define __acquires_lock(...)  __attribute__((acquire_capability(__VA_ARGS__)))
#define __releases_lock(...)  __attribute__((release_capability(__VA_ARGS__)))
#define __tries_lock(...)     __attribute__((try_acquire_capability(true, __VA_ARGS__)))
#define __requires_lock(...)  __attribute__((requires_capability(__VA_ARGS__)))
#define __asserts_lock(...)   __attribute__((assert_capability(__VA_ARGS__)))
#define __no_thread_safety    __attribute__((no_thread_safety_analysis))
#else
#define __capability(x)
#define __acquires_lock(...)
#define __releases_lock(...)
#define __tries_lock(...)
#define __requires_lock(...)
#define __asserts_lock(...)
#define __no_thread_safety
#endif

enum lock_rank {
	RANK_NONE = 0, /* not checked */
	RANK_EXEC,     /* signal->cred_guard: one exec at a time */
	RANK_MOUNT,    /* namespace */
	RANK_RENAME_OVERLAY2, /* as the next three, of an overlay that has an overlay as a layer */
	RANK_INODE_OVERLAY2,
	RANK_COPYUP2,
	RANK_RENAME_OVERLAY, /* as RANK_RENAME and RANK_INODE, of an overlay: above its layers' */
	RANK_INODE_OVERLAY,
	RANK_COPYUP,   /* overlay copy up */
	RANK_RENAME,   /* sb->s_vfs_rename */
	RANK_INODE,    /* i_rwsem, parent before child */
	RANK_EPOLL,    /* epoll: nesting, items of an instance (held over f_op->poll) */
	RANK_PIPE,     /* pipe, tty, other file-like objects that copy to users while held */
	RANK_MM,       /* mm->mmap_lock */
	RANK_IPC_IDS,  /* ids of one kind of System V IPC; all of a segment of shared memory */
	RANK_IPC,      /* a set of semaphores, a queue of messages */
	RANK_FILES,    /* files->file_lock */
	RANK_ITIMER,   /* POSIX timers of a group */
	RANK_TASKLIST, /* k->tasklist_lock: parents, children, groups, sessions, pid hash */
	RANK_SIGHAND,  /* sighand->siglock */
	RANK_TASK,     /* t->alloc_lock */
	RANK_FUTEX,    /* futex hash bucket */
	RANK_DCACHE,   /* dentry hash bucket and d_lock */
	RANK_ICACHE,   /* inode hash */
	RANK_NOTIFY,   /* marks on inodes, queues of inotify */
	RANK_TIMER,    /* timer queue */
	RANK_WAITQ,    /* wait queue heads (may wake tasks) */
	RANK_FILE_LOCKS, /* v->file_locks_list */
	RANK_LEAF,     /* anything that takes nothing but the allocator */
	RANK_POOL,     /* page pool */
	RANK_SLAB,     /* slab caches: innermost */
};

struct __capability("mutex") mutex {
	uint32_t word; /* 0 free, 1 held, 2 held and somebody waits */
	uint16_t rank;
	uint16_t pad;
#ifdef STEAD_DEBUG
	const void *owner; /* cookie of the host thread that holds it */
	const char *where; /* file:line of the lock */
#endif
};

/**
 * mutex_init() - prepare a mutex
 * @m: memory in the arena
 * @rank: where it stands in the lock order
 *
 * Context: the caller is the only user of @m.
 */
static inline void
mutex_init(struct mutex *m, enum lock_rank rank)
{
	*m = (struct mutex){ .rank = (uint16_t)rank };
}

/**
 * mutex_init_zeroed() - the same in memory that is zero: nothing is touched unless ranks are checked
 * @m: memory in the arena, zero
 * @rank: where it stands in the lock order
 *
 * For large tables of locks, most of which are never used.
 * Context: the caller is the only user of @m.
 */
static inline void
mutex_init_zeroed(struct mutex *m __unused, enum lock_rank rank __unused)
{
#ifdef STEAD_DEBUG
	mutex_init(m, rank);
#endif
}

/**
 * mutex_lock_slow(), mutex_unlock_slow() - the contended halves
 * @m: the mutex
 *
 * Context: may sleep in a host futex; not interruptible.
 */
void mutex_lock_slow(struct mutex *m);
void mutex_unlock_slow(struct mutex *m);

#ifdef STEAD_DEBUG
/**
 * mutex_debug_lock(), mutex_debug_locked(), mutex_debug_unlock() - what a debug build notes and checks before and after a lock
 * is taken, and before it is released
 * mutex_debug_assert_held(), mutex_debug_may_sleep() - this thread holds @m; it holds no lock that may not be slept with
 * @m: the mutex
 * @where: file and line, or a name
 * @nested: a second lock of one rank, on purpose
 *
 * Context: any. They panic rather than return when the rules are broken.
 */
void mutex_debug_lock(struct mutex *m, const char *where, bool nested);
void mutex_debug_locked(struct mutex *m, const char *where);
void mutex_debug_unlock(struct mutex *m);
void mutex_debug_assert_held(const struct mutex *m, const char *where);
void mutex_debug_may_sleep(const char *where);
#define LOCK_DEBUG_SIZE (4UL << 20) /* the table of held locks, in the arena */
#else
#define mutex_debug_lock(m, w, n) ((void)0)
#define mutex_debug_locked(m, w)  ((void)0)
#define mutex_debug_unlock(m)	  ((void)0)
#define mutex_debug_assert_held(m, w) ((void)0)
#define mutex_debug_may_sleep(w)  ((void)0)
#endif

static inline void
mutex_lock_at(struct mutex *m, const char *where __unused, bool nested __unused) __acquires_lock(m) __no_thread_safety
{
	uint32_t zero = 0;

	mutex_debug_lock(m, where, nested);
	if (unlikely(!__atomic_compare_exchange_n(&m->word, &zero, 1, false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED)))
		mutex_lock_slow(m);
	mutex_debug_locked(m, where);
}

#define STEAD_STR2(x)	     #x
#define STEAD_STR(x)	     STEAD_STR2(x)
#define mutex_lock(m)	     mutex_lock_at(m, __FILE__ ":" STEAD_STR(__LINE__), false)
#define mutex_lock_nested(m) mutex_lock_at(m, __FILE__ ":" STEAD_STR(__LINE__), true)

static inline bool __must_check
mutex_trylock(struct mutex *m) __tries_lock(m) __no_thread_safety
{
	uint32_t zero = 0;

	if (!__atomic_compare_exchange_n(&m->word, &zero, 1, false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
		return false;
	mutex_debug_locked(m, "trylock");
	return true;
}

static inline void
mutex_unlock(struct mutex *m) __releases_lock(m) __no_thread_safety
{
	mutex_debug_unlock(m);
	if (unlikely(__atomic_exchange_n(&m->word, 0, __ATOMIC_RELEASE) == 2))
		mutex_unlock_slow(m);
}

/* The same, and what comes after is not done before: the exchange is a full barrier to the processor, and this to the compiler. */
static inline void
mutex_unlock_mb(struct mutex *m) __releases_lock(m) __no_thread_safety
{
	mutex_unlock(m);
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
}

/**
 * mutex_assert_held() - states that the caller holds a lock: for clang's analysis, and checked by debug builds
 * @m: the mutex
 */
static inline void
mutex_assert_held(const struct mutex *m __unused) __asserts_lock(m) __no_thread_safety
{
	mutex_debug_assert_held(m, __func__);
}

static inline bool
mutex_is_locked(const struct mutex *m)
{
	return __atomic_load_n(&m->word, __ATOMIC_RELAXED) != 0;
}

static inline void
mutex_guard_exit(struct mutex **m) __no_thread_safety
{
	if (*m)
		mutex_unlock(*m);
}

/* The analysis is told that a guard's lock is held, not that it is taken: that the release comes is the compiler's care. */
static inline struct mutex *
mutex_guard_enter(struct mutex *m, const char *where) __asserts_lock(m) __no_thread_safety
{
	mutex_lock_at(m, where, false);
	return m;
}

/* Holds @m to the end of the scope. */
#define STEAD_CAT2(a, b) a##b
#define STEAD_CAT(a, b)	 STEAD_CAT2(a, b)
#define mutex_guard(m)                                                                                                    \
	struct mutex *STEAD_CAT(guard_, __LINE__) __cleanup(mutex_guard_exit) __unused =                                   \
		mutex_guard_enter((m), __FILE__ ":" STEAD_STR(__LINE__))

#endif
