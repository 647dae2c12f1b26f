/* SPDX-License-Identifier: MIT
 *
 * The slab allocator: objects of the kernel, in the arena.
 *
 * Memory of a kmem_cache is type-stable: a freed object may be handed out again, but only as the same type, and its pages
 * never go elsewhere. So an object found without a lock may be looked at (refcount_inc_not_zero) and then checked again.
 * Debug builds poison kmalloc()'ed memory, keep red zones, and catch double frees and writes after a free. Small
 * per-host-thread magazines are not kept: one lock a cache, RANK_SLAB, held for a few instructions.
 */
#ifndef STEAD_KERNEL_SLAB_H
#define STEAD_KERNEL_SLAB_H

#include "kernel/list.h"
#include "kernel/lock.h"

struct kernel;

struct kmem_cache {
	struct kernel *k;
	const char *name;
	struct mutex lock;
	uint32_t size;	 /* asked for */
	uint32_t stride; /* taken, with debug zones */
	uint32_t align;
	uint32_t pages;	 /* of a slab */
	uint32_t link;	 /* where in an object the free list's link is */
	int kmalloc_class; /* or -1 */
	bool poison;	 /* freed objects are never looked at */
	void *free;	 /* linked free objects */
	char *fresh, *fresh_end; /* the part of the newest slab that was never used */
	uint64_t in_use, total;
	struct list_head caches; /* all of the instance, for reports */
};

/**
 * kmem_cache_init() - prepare a cache
 * @k: the instance
 * @c: the cache; it lives as long as the instance
 * @name: a string constant
 * @size: bytes of an object
 * @align: a power of two, or 0 for 16
 *
 * Context: boot, single threaded.
 */
void kmem_cache_init(struct kernel *k, struct kmem_cache *c, const char *name, size_t size, size_t align);

/**
 * kmem_cache_alloc() - take an object; its content is undefined
 * @c: the cache
 *
 * Context: does not sleep beyond the cache's lock.
 * Return: the object, or NULL when the arena is full.
 */
void *kmem_cache_alloc(struct kmem_cache *c) __must_check;

/**
 * kmem_cache_zalloc() - the same, zeroed
 * @c: the cache
 *
 * Context: as kmem_cache_alloc().
 * Return: as kmem_cache_alloc().
 */
void *kmem_cache_zalloc(struct kmem_cache *c) __must_check;

/**
 * kmem_cache_free() - give an object back
 * @c: its cache
 * @p: the object, or NULL
 */
void kmem_cache_free(struct kmem_cache *c, void *p);

/**
 * kmalloc() - memory of any size: size classes up to 4 KiB, whole pages above
 * @k: the instance
 * @n: bytes; 0 gives a unique pointer
 *
 * Context: does not sleep beyond the allocator's lock.
 * Return: memory aligned to 16, or NULL.
 */
void *kmalloc(struct kernel *k, size_t n) __must_check;

/**
 * kzalloc() - kmalloc() and zero
 * @k: the instance
 * @n: bytes
 *
 * Context: as kmalloc().
 * Return: as kmalloc().
 */
void *kzalloc(struct kernel *k, size_t n) __must_check;

/**
 * kfree() - give memory of kmalloc() back
 * @k: the instance
 * @p: the memory, or NULL
 */
void kfree(struct kernel *k, const void *p);

/**
 * kstrndup() - copy a string into kmalloc() memory and end it with NUL
 * @k: the instance
 * @s: the bytes
 * @n: how many
 *
 * Context: as kmalloc().
 * Return: the copy, or NULL.
 */
char *kstrndup(struct kernel *k, const char *s, size_t n) __must_check;

/**
 * slab_init() - prepare the size classes of kmalloc()
 * @k: the instance; its arena is ready
 *
 * Context: boot.
 * Return: 0, -ENOMEM.
 */
int slab_init(struct kernel *k) __must_check;

#endif
