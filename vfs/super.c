/* SPDX-License-Identifier: MIT
 *
 * Super blocks and the types of file systems.
 *
 * A super block lives as long as a mount of it: each struct mount holds one s_active. Sharing one super block between mounts of
 * the same device is the file system's own business (get_tree may return a live one after raising s_active).
 */
#include "kernel/kernel.h"
#include <asm/statfs.h>

#include "vfs/fsnotify.h"
#include "vfs/internal.h"
#include "vfs/lease.h"

/**
 * sget() - a new super block
 * @k: the instance
 * @type: what it is
 *
 * Return: with s_active 1 and a device number of its own, or NULL.
 */
struct super_block *
sget(struct kernel *k, const struct file_system_type *type)
{
	struct super_block *sb = kzalloc(k, sizeof(*sb));

	if (!sb)
		return NULL;
	sb->k = k;
	refcount_set(&sb->s_active, 1);
	sb->s_dev = get_anon_dev(k);
	sb->s_blocksize = PAGE_SIZE;
	sb->s_maxbytes = MAX_LFS_FILESIZE;
	sb->s_type = type;
	sb->s_time_gran = 1;
	mutex_init(&sb->s_vfs_rename, RANK_RENAME);
	mutex_init(&sb->s_inodes_lock, RANK_LEAF);
	INIT_LIST_HEAD(&sb->s_inodes);
	return sb;
}

/**
 * deactivate_super() - drop what a mount holds; the last one ends the super block
 * @sb: the super block
 *
 * Context: may sleep; no lock.
 */
void
deactivate_super(struct super_block *sb)
{
	if (!refcount_dec_and_test(&sb->s_active))
		return;
	fsnotify_sb_delete(sb);
	if (sb->s_root) {
		d_kill_tree(sb->s_root);
		sb->s_root = NULL;
	}
	if (sb->s_op && sb->s_op->put_super)
		sb->s_op->put_super(sb);
	/* An inode that something still has (a mapping of a file whose mount went) needs the super block: leave it then. */
	if (list_empty(&sb->s_inodes))
		kfree(sb->k, sb);
}

void
register_filesystem(struct kernel *k, const struct file_system_type *type)
{
	struct vfs_state *v = k->vfs;
	mutex_guard(&v->fs_types_lock);

	for (unsigned int i = 0; i < NR_FS_TYPES; i++) {
		if (v->fs_types[i] == type)
			return;
		if (!v->fs_types[i]) {
			v->fs_types[i] = type;
			return;
		}
	}
}

const struct file_system_type *
get_fs_type(struct kernel *k, const char *name)
{
	struct vfs_state *v = k->vfs;
	mutex_guard(&v->fs_types_lock);

	for (unsigned int i = 0; i < NR_FS_TYPES && v->fs_types[i]; i++)
		if (strcmp(v->fs_types[i]->name, name) == 0)
			return v->fs_types[i];
	return NULL;
}

/**
 * vfs_init() - make k->vfs: caches, hash tables, the namespace, anonymous inodes
 * @k: the instance; slab and pool are ready
 *
 * Context: boot, before the first task.
 * Return: 0, -ENOMEM.
 */
int
vfs_init(struct kernel *k)
{
	struct vfs_state *v;
	int err;

	if (k->vfs)
		return 0;
	v = kzalloc(k, sizeof(*v));
	if (!v)
		return -ENOMEM;
	k->vfs = v;
	v->protected_symlinks = v->protected_hardlinks = v->protected_fifos = 1; /* as Debian sets them */
	v->protected_regular = 2;
	v->nr_open = 1024 * 1024;
	v->max_files = UINT32_MAX / 2;
	v->mount_max = MOUNT_MAX;
	kmem_cache_init(k, &v->names, "names_cache", sizeof(struct filename) + K_PATH_MAX, 0);
	stable_cache_init(k, &v->files, "filp", sizeof(struct file), offsetof(struct file, f_free));
	mutex_init(&v->fs_types_lock, RANK_LEAF);
	locks_init(k);
	fsnotify_init(k);
	lease_init(k);
	err = dcache_init(k);
	if (!err)
		err = icache_init(k);
	if (!err)
		err = mount_init(k);
	if (!err)
		err = anon_inodes_init(k);
	return err;
}

int
simple_statfs(struct dentry *dentry, void *buf)
{
	struct statfs64 *st = buf;

	memset(st, 0, sizeof(*st));
	st->f_type = dentry->d_sb->s_magic;
	st->f_bsize = st->f_frsize = PAGE_SIZE;
	st->f_namelen = K_NAME_MAX;
	return 0;
}
