/* SPDX-License-Identifier: MIT
 *
 * A tree of files as it is at the end of a run: written as text by the side that sees it, read and compared afterwards.
 */
#ifndef STEAD_SRC_DIFF_TREE_H
#define STEAD_SRC_DIFF_TREE_H

#include <stdint.h>
#include <stdio.h>

struct tree_entry {
	char *path; /* from the tree's root: "." is the root itself */
	char type;  /* as find -printf %y */
	uint32_t mode, uid, gid;
	uint64_t nlink, size, rdev, dev, ino;
	uint64_t mtime; /* ns since 1970 */
	char *content;	/* digest of a file, target of a link, "?" where it could not be read */
	char *xattrs;	/* "name=hex name=hex", sorted */
	const char *linked; /* the first name of the same file, if that is another */
};

struct tree {
	struct tree_entry *entries; /* sorted by path */
	size_t n;
};

/**
 * tree_write() - describe a tree
 * @dir: its root; other file systems mounted below are left out
 * @f: one line an entry
 */
void tree_write(const char *dir, FILE *f);

/**
 * tree_read() - read what tree_write() wrote
 * @text, @len: all of it
 *
 * Return: the tree, which lives as long as the process.
 */
struct tree *tree_read(const char *text, size_t len);

/* One difference: the path, the property, and both values as text; NULL where the entry is not there. */
typedef void tree_difference_fn(void *ctx, const char *path, const char *what, const char *left, const char *right);

/* When a run took place: times inside it are compared by rule. */
struct tree_window {
	uint64_t start, end;
};

/**
 * tree_compare() - find what differs
 * @l, @r: the trees, with the time of each run
 * @fn: called for each difference
 *
 * Return: how many properties were compared.
 */
size_t tree_compare(const struct tree *l, struct tree_window lw, const struct tree *r, struct tree_window rw,
		    tree_difference_fn *fn, void *ctx);

#endif
