/* SPDX-License-Identifier: MIT
 *
 * Intrusive doubly linked lists, as in Linux. The caller holds whatever protects the list; without it one may ask whether a list is
 * empty, and be told what was true a moment ago.
 */
#ifndef STEAD_KERNEL_LIST_H
#define STEAD_KERNEL_LIST_H

#include "kernel/types.h"

struct list_head {
	struct list_head *next, *prev;
};

static inline void
INIT_LIST_HEAD(struct list_head *h)
{
	WRITE_ONCE(h->prev, h);
	__atomic_store_n(&h->next, h, __ATOMIC_RELEASE); /* finish_wait() */
}

static inline void
__list_add(struct list_head *n, struct list_head *prev, struct list_head *next)
{
	next->prev = n;
	n->next = next;
	n->prev = prev;
	WRITE_ONCE(prev->next, n);
}

static inline void
list_add(struct list_head *n, struct list_head *h)
{
	__list_add(n, h, h->next);
}

static inline void
list_add_tail(struct list_head *n, struct list_head *h)
{
	__list_add(n, h->prev, h);
}

static inline void
list_del(struct list_head *e)
{
	e->next->prev = e->prev;
	WRITE_ONCE(e->prev->next, e->next);
	e->next = e->prev = NULL;
}

static inline void
list_del_init(struct list_head *e)
{
	e->next->prev = e->prev;
	WRITE_ONCE(e->prev->next, e->next);
	INIT_LIST_HEAD(e);
}

static inline bool
list_empty(const struct list_head *h)
{
	return READ_ONCE(h->next) == h;
}

static inline void
list_move_tail(struct list_head *e, struct list_head *h)
{
	e->next->prev = e->prev;
	WRITE_ONCE(e->prev->next, e->next);
	list_add_tail(e, h);
}

static inline void
list_splice_tail_init(struct list_head *from, struct list_head *to)
{
	if (list_empty(from))
		return;
	from->next->prev = to->prev;
	to->prev->next = from->next;
	from->prev->next = to;
	to->prev = from->prev;
	INIT_LIST_HEAD(from);
}

#define list_entry(p, type, mem)       container_of(p, type, mem)
#define list_first_entry(h, type, mem) list_entry((h)->next, type, mem)
#define list_last_entry(h, type, mem)  list_entry((h)->prev, type, mem)
#define list_next_entry(p, mem)	       list_entry((p)->mem.next, __typeof__(*(p)), mem)

#define list_for_each_entry(p, h, mem)                                                                                    \
	for (p = list_first_entry(h, __typeof__(*p), mem); &p->mem != (h); p = list_next_entry(p, mem))
#define list_for_each_entry_safe(p, n, h, mem)                                                                            \
	for (p = list_first_entry(h, __typeof__(*p), mem), n = list_next_entry(p, mem); &p->mem != (h);                     \
	     p = n, n = list_next_entry(n, mem))

#endif
