/* SPDX-License-Identifier: MIT
 *
 * The attributes of what a path names: stat(2) and its like.
 *
 * A walk of a large tree stats every file once. For a file system that has to look at each name again soon anyway (the host's) a dentry
 * and an inode would only be memory: i_op->getattr_name answers from the directory and the name. It says which names it
 * would rather have in the cache: directories, and what is asked for again.
 */
#include "kernel/task.h"
#include "vfs/internal.h"

/*
 * Only a name that is certainly not in the cache may be asked for so: it might be a mount point. The search under the bucket's
 * lock finds every name that does not change at this moment, and mount points cannot be renamed.
 */
int
getattr_uncached(struct nameidata *nd)
{
	struct inode *dir = d_inode(nd->path.dentry);
	struct dentry *d;
	int err;

	if (!dir->i_op->getattr_name || nd->last.len > K_NAME_MAX || nd->last.name[nd->last.len] || (nd->flags & LOOKUP_DIRECTORY) ||
	    (dir->i_flags & S_DEAD))
		return 1;
	d = d_lookup_certain(nd->path.dentry, &nd->last);
	if (d) {
		dput(d);
		return 1;
	}
	getattr_begin(nd->st);
	err = dir->i_op->getattr_name(nd->t, nd->path.dentry, &nd->last, (nd->flags & LOOKUP_FOLLOW) != 0, nd->st);
	if (err)
		return err;
	getattr_end(nd->path.mnt, false, nd->st);
	nd->st_done = true;
	return 0;
}

static int
do_getattr(struct task *t, int dfd, const char *name, unsigned int lookup, struct kstat *st, uint32_t mask, unsigned int flags)
{
	struct nameidata nd;
	int err = path_init(&nd, t, dfd, name, lookup);

	nd.st = st;
	if (!err)
		err = path_lookupat(&nd, name);
	if (!err && !nd.st_done)
		err = vfs_getattr(t, &nd.path, st, mask, flags);
	nd_terminate(&nd);
	return err;
}

int
filename_getattr(struct task *t, int dfd, struct filename *name, unsigned int lookup, struct kstat *st, uint32_t mask,
		 unsigned int flags)
{
	int err, tries = 0;

	do
		err = do_getattr(t, dfd, name->name, lookup, st, mask, flags);
	while (err == -ESTALE && ++tries < ESTALE_TRIES);
	return err;
}
