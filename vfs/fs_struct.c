/* SPDX-License-Identifier: MIT
 *
 * A task's root, working directory and umask, shared with CLONE_FS. Until the first mount at boot the paths are empty.
 */
#include "kernel/kernel.h"
#include "kernel/task.h"
#include "vfs/internal.h"

struct fs_struct *
fs_alloc(struct kernel *k)
{
	struct fs_struct *fs = kzalloc(k, sizeof(*fs));
	struct mount *root = k->vfs->ns.root;

	if (!fs)
		return NULL;
	refcount_set(&fs->count, 1);
	fs->k = k;
	fs->umask = 022;
	mutex_init(&fs->lock, RANK_LEAF);
	if (root) {
		fs->root = fs->pwd = (struct path){ root, root->mnt_root };
		path_get(&fs->root);
		path_get(&fs->pwd);
	}
	return fs;
}

struct fs_struct *
copy_fs_struct(struct fs_struct *old)
{
	struct fs_struct *fs = kzalloc(old->k, sizeof(*fs));

	if (!fs)
		return NULL;
	refcount_set(&fs->count, 1);
	fs->k = old->k;
	mutex_init(&fs->lock, RANK_LEAF);
	mutex_lock(&old->lock);
	fs->umask = old->umask;
	fs->root = old->root;
	fs->pwd = old->pwd;
	path_get(&fs->root);
	path_get(&fs->pwd);
	mutex_unlock(&old->lock);
	return fs;
}

void
put_fs_struct(struct fs_struct *fs)
{
	if (!fs || !refcount_dec_and_test(&fs->count))
		return;
	path_put(NULL, &fs->pwd);
	path_put(NULL, &fs->root);
	kfree(fs->k, fs);
}

void
get_fs_root(struct task *t, struct path *root)
{
	mutex_guard(&t->fs->lock);

	*root = t->fs->root;
	path_get(root);
}

void
get_fs_pwd(struct task *t, struct path *pwd)
{
	mutex_guard(&t->fs->lock);

	*pwd = t->fs->pwd;
	path_get(pwd);
}

void
get_fs_root_and_pwd(struct task *t, struct path *root, struct path *pwd)
{
	mutex_guard(&t->fs->lock);

	*root = t->fs->root;
	*pwd = t->fs->pwd;
	path_get(root);
	path_get(pwd);
}

static void
set_fs_path(struct task *t, struct path *which, const struct path *path)
{
	struct path old;

	path_get(path);
	mutex_lock(&t->fs->lock);
	old = *which;
	*which = *path;
	mutex_unlock(&t->fs->lock);
	path_put(t, &old);
}

void
set_fs_root(struct task *t, const struct path *path)
{
	set_fs_path(t, &t->fs->root, path);
}

void
set_fs_pwd(struct task *t, const struct path *path)
{
	set_fs_path(t, &t->fs->pwd, path);
}

uint32_t
current_umask(struct task *t)
{
	return __atomic_load_n(&t->fs->umask, __ATOMIC_RELAXED);
}
