/* SPDX-License-Identifier: MIT
 *
 * The calls on names (vfs/namei-ops.c), on names that getname() copied in.
 */
#ifndef STEAD_VFS_NAMEI_OPS_H
#define STEAD_VFS_NAMEI_OPS_H

#include "vfs/namei.h"

/* Each: @dfd is where a relative name begins; no name is consumed; sleeps; returns 0 or negative errno of the call's man page. */
int do_mkdirat(struct task *t, int dfd, struct filename *name, uint16_t mode) __must_check;
int do_mknodat(struct task *t, int dfd, struct filename *name, uint16_t mode, uint64_t rdev) __must_check;
int do_symlinkat(struct task *t, struct filename *target, int dfd, struct filename *name) __must_check;
int do_linkat(struct task *t, int odfd, struct filename *oldname, int ndfd, struct filename *newname, int flags) __must_check;
int do_unlinkat(struct task *t, int dfd, struct filename *name) __must_check;
int do_rmdir(struct task *t, int dfd, struct filename *name) __must_check;
int do_renameat2(struct task *t, int odfd, struct filename *oldname, int ndfd, struct filename *newname,
		 unsigned int flags) __must_check;

#endif
