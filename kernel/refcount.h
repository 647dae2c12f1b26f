/* SPDX-License-Identifier: MIT
 *
 * Reference counts and bit operations on shared words.
 */
#ifndef STEAD_KERNEL_REFCOUNT_H
#define STEAD_KERNEL_REFCOUNT_H

#include "kernel/types.h"

typedef struct {
	int32_t n;
} refcount_t;

static inline void
refcount_set(refcount_t *r, int n)
{
	__atomic_store_n(&r->n, n, __ATOMIC_RELAXED);
}

static inline int
refcount_read(const refcount_t *r)
{
	return __atomic_load_n(&r->n, __ATOMIC_RELAXED);
}

static inline void
refcount_inc(refcount_t *r)
{
	__atomic_add_fetch(&r->n, 1, __ATOMIC_RELAXED);
}

/* For objects found without a reference in type-stable memory: fails once the count has reached zero. */
static inline bool
refcount_inc_not_zero(refcount_t *r)
{
	int32_t old = __atomic_load_n(&r->n, __ATOMIC_RELAXED);

	while (old != 0)
		if (__atomic_compare_exchange_n(&r->n, &old, old + 1, true, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
			return true;
	return false;
}

/* True when this was the last reference: the caller frees. */
static inline bool __must_check
refcount_dec_and_test(refcount_t *r)
{
	return __atomic_sub_fetch(&r->n, 1, __ATOMIC_ACQ_REL) == 0;
}

static inline void
set_bits(uint32_t *w, uint32_t bits)
{
	__atomic_or_fetch(w, bits, __ATOMIC_SEQ_CST);
}

static inline void
clear_bits(uint32_t *w, uint32_t bits)
{
	__atomic_and_fetch(w, ~bits, __ATOMIC_SEQ_CST);
}

#endif
