/* SPDX-License-Identifier: MIT
 *
 * What the native side may change, and what not. As root: a mount namespace in which every file system is under an overlay
 * whose upper layer is in memory, and a pid namespace. Otherwise: a copy of the tree, and the host's files as they are.
 */
#ifndef STEAD_SRC_DIFF_SANDBOX_H
#define STEAD_SRC_DIFF_SANDBOX_H

#include <stdbool.h>

/**
 * sandbox_possible() - can this user have namespaces and overlays?
 *
 * Return: true for root with CAP_SYS_ADMIN.
 */
bool sandbox_possible(void);

/**
 * sandbox_enter() - move this process, which must be single-threaded, under the overlays
 * @work: an empty directory of our own
 *
 * Its next child is the first of a new pid namespace, and has to mount /proc for itself.
 * Return: 0, or -1 after saying on stderr what failed.
 */
int sandbox_enter(const char *work);

/**
 * tree_copy() - make a fresh copy of a tree with everything that can be kept
 * @from: directory
 * @to: path to make; what is there is removed before
 *
 * Return: 0, or -1 when cp(1) failed; it has said why.
 */
int tree_copy(const char *from, const char *to);

/**
 * tree_remove() - remove a tree of our own
 * @path: its root
 */
void tree_remove(const char *path);

#endif
