/* SPDX-License-Identifier: MIT
 *
 * The arena: one memfd, mapped shared at ARENA_BASE in the supervisor and, under the resident trap, in every guest process
 * (under a protection key). It begins with struct kernel, then holds extents of pages given out by the page pool: slabs,
 * kernel stacks, file data, shared anonymous memory. It is sparse: the host gives memory on first touch, and takes it back
 * when an extent is freed.
 */
#ifndef STEAD_KERNEL_ARENA_H
#define STEAD_KERNEL_ARENA_H

#include "kernel/lock.h"
#include "kernel/types.h"

#ifdef __SANITIZE_THREAD__
#define ARENA_BASE 0x7e8000000000UL /* ThreadSanitizer has no shadow for memory elsewhere */
#else
#define ARENA_BASE 0x400000000000UL
#endif

struct kernel;

/**
 * page_alloc() - an extent of pages
 * @k: the instance
 * @npages: how many, at least 1; the extent is contiguous in the arena and so in its memfd
 * @align: in pages, a power of two
 *
 * Context: takes RANK_POOL; does not sleep otherwise.
 * Return: the first page, zero-filled (fresh or punched), or NULL when the arena is full.
 */
void *page_alloc(struct kernel *k, uint64_t npages, uint64_t align) __must_check;

/**
 * page_alloc_raw() - the same for buffers: what is in the pages is not defined
 * @k: the instance
 * @npages: as page_alloc()
 * @align: as page_alloc()
 *
 * Context: as page_alloc().
 * Return: the first page, or NULL.
 */
void *page_alloc_raw(struct kernel *k, uint64_t npages, uint64_t align) __must_check;

/**
 * page_free() - give an extent, or a part of one, back; the host takes the memory back at once for extents of 16 pages or more
 * @k: the instance
 * @p: page aligned
 * @npages: how many
 *
 * Context: takes RANK_POOL; a host call for large extents. No mapping of the pages may be left.
 */
void page_free(struct kernel *k, void *p, uint64_t npages);

struct page_pool_stats {
	uint64_t total, free; /* pages */
	uint64_t kept;	      /* of the free ones: those the host still has memory for */
};

/**
 * page_pool_stats() - how full the arena is
 * @k: the instance
 * @st: filled
 *
 * Context: takes RANK_POOL.
 */
void page_pool_stats(struct kernel *k, struct page_pool_stats *st);

/**
 * arena_offset() - where a kernel address is in the arena's memfd, for host mmap
 * @p: an address in the arena
 *
 * Return: the byte offset.
 */
static inline uint64_t
arena_offset(const void *p)
{
	return (uint64_t)(uintptr_t)p - ARENA_BASE;
}

/**
 * arena_create() - make and map the arena, and struct kernel at its start (supervisor, boot)
 * @size: bytes of address space, a multiple of 2 MiB, at most 16 TiB
 * @out: the instance, zeroed but for the arena's and pool's own fields
 *
 * Return: 0, or negative errno of the host call that failed.
 */
int arena_create(uint64_t size, struct kernel **out) __must_check;

/**
 * arena_destroy() - unmap and close it (unit tests)
 * @k: the instance
 */
void arena_destroy(struct kernel *k);

/**
 * page_pool_near() - the first huge page's worth of the pool, where small extents come from
 * @k: the instance
 *
 * Return: its address, aligned to its size, or NULL if the arena is too small for one.
 */
void *page_pool_near(struct kernel *k) __must_check;

#endif
