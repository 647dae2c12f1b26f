/* SPDX-License-Identifier: MIT
 *
 * A radix tree from 64-bit numbers to pointers, 64 ways a level. The caller holds whatever protects the tree.
 */
#ifndef STEAD_VFS_TMPFS_RADIX_H
#define STEAD_VFS_TMPFS_RADIX_H

#include "kernel/types.h"

struct kernel;

struct radix {
	void *root;    /* a node, or at height 0 the one item, under key 0 */
	uint32_t height;
};

/* All but radix_set() cannot fail. Missing items are NULL. */
void *radix_get(const struct radix *r, uint64_t key) __must_check;

/**
 * radix_set() - put an item under a key
 * @item: not NULL
 *
 * Return: 0, -ENOMEM.
 */
int radix_set(struct kernel *k, struct radix *r, uint64_t key, void *item) __must_check;
void radix_clear(struct kernel *k, struct radix *r, uint64_t key);

/**
 * radix_next() - the first item at or above a key
 * @key: in and out
 *
 * Return: the item, its key in *@key; NULL if there is none.
 */
void *radix_next(const struct radix *r, uint64_t *key) __must_check;

#endif
