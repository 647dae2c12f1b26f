/* SPDX-License-Identifier: MIT
 *
 * The page pool's records of arena pages, for the slab allocator and reports. Everybody else uses kernel/arena.h.
 */
#ifndef STEAD_KERNEL_PAGEPOOL_H
#define STEAD_KERNEL_PAGEPOOL_H

#include "kernel/kernel.h"

/* Who has a page. */
enum page_use {
	PAGE_USE_NONE = 0, /* inside an extent whose owner keeps its own books */
	PAGE_USE_FREE,	   /* first page of a free block */
	PAGE_USE_KMALLOC,  /* of a slab of kmalloc(): a = class, b = the page's place in the slab */
	PAGE_USE_LARGE,	   /* first page of a large kmalloc(): a = pages */
};

/* One for each page of the arena. The array is sparse, as the arena is. */
struct page {
	uint32_t a, b; /* free: next and previous block of the same order, as page numbers; else by use */
	uint8_t use;   /* enum page_use */
	uint8_t order; /* free: log2 of the block's pages */
	uint8_t dirty; /* free: holds old data, and memory of the host */
	uint8_t pad;
};

/**
 * page_number() - of a kernel address in the arena
 * @p: the address
 *
 * Return: its page, counted from ARENA_BASE.
 */
static inline uint64_t
page_number(const void *p)
{
	return ((uint64_t)(uintptr_t)p - ARENA_BASE) >> PAGE_SHIFT;
}

/**
 * page_of() - the record of the page that holds an address
 * @k: the instance
 * @p: the address
 *
 * Return: the record, or NULL if the address is not in the arena.
 */
struct page *page_of(struct kernel *k, const void *p) __must_check;

#endif
