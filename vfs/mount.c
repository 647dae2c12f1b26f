/* SPDX-License-Identifier: MIT
 *
 * Mounts and their tree: which file system is seen where. There is one mount namespace. What mount(2) does to the tree is in
 * vfs/namespace.c.
 *
 * A mount is found by (parent mount, dentry) without a lock: mount memory is type-stable, and mount_seq says whether the tree
 * changed meanwhile. The tree holds a reference to every attached mount; a mount holds its parent and its mount point.
 * Changes hold ns.lock (RANK_MOUNT, may sleep) and, for the few stores, mount_lock.
 */
#include <linux/mount.h>

#include "kernel/kernel.h"
#include "vfs/internal.h"
#include "vfs/namespace.h"

static unsigned int
mhash(const struct mount *parent, const struct dentry *mountpoint)
{
	uint64_t h = ((uintptr_t)parent >> 6) + ((uintptr_t)mountpoint >> 6) * 0x9e3779b97f4a7c15ULL;

	return (unsigned int)((h * 0x9e3779b97f4a7c15ULL) >> (64 - MHASH_BITS));
}

void
mount_change_begin(struct vfs_state *v) __acquires_lock(v->mount_lock)
{
	mutex_lock(&v->mount_lock);
	__atomic_store_n(&v->mount_seq, v->mount_seq + 1, __ATOMIC_SEQ_CST);
}

void
mount_change_end(struct vfs_state *v) __releases_lock(v->mount_lock)
{
	__atomic_store_n(&v->mount_seq, v->mount_seq + 1, __ATOMIC_SEQ_CST);
	mutex_unlock(&v->mount_lock);
}

static uint32_t
mount_read_begin(struct vfs_state *v)
{
	for (;;) {
		uint32_t seq = __atomic_load_n(&v->mount_seq, __ATOMIC_ACQUIRE);

		if (likely(!(seq & 1)))
			return seq;
		mutex_lock(&v->mount_lock);
		mutex_unlock(&v->mount_lock);
	}
}

static bool
mount_read_retry(struct vfs_state *v, uint32_t seq)
{
	__atomic_thread_fence(__ATOMIC_ACQUIRE);
	return __atomic_load_n(&v->mount_seq, __ATOMIC_ACQUIRE) != seq;
}

struct mount *
alloc_mount(struct super_block *sb, struct dentry *root, const char *devname)
{
	struct kernel *k = sb->k;
	struct vfs_state *v = k->vfs;
	struct mount *m = stable_cache_alloc(&v->mounts);

	if (!m)
		return NULL;
	m->mnt_devname = kstrndup(k, devname ? devname : "none", strlen(devname ? devname : "none"));
	if (!m->mnt_devname) {
		stable_cache_free(&v->mounts, m);
		return NULL;
	}
	m->mnt_parent = m;
	m->mnt_root = m->mnt_mountpoint = dget(root);
	m->mnt_sb = sb;
	m->mnt_flags = 0;
	m->mnt_id_unique = __atomic_add_fetch(&v->next_mnt_id, 1, __ATOMIC_RELAXED);
	m->mnt_id = (int)m->mnt_id_unique;
	m->mnt_writers = 0;
	m->mnt_hash_next = NULL;
	m->mnt_ns = NULL;
	INIT_LIST_HEAD(&m->mnt_list);
	INIT_LIST_HEAD(&m->mnt_mounts);
	INIT_LIST_HEAD(&m->mnt_child);
	__atomic_store_n(&m->mnt_count.n, 1, __ATOMIC_RELEASE);
	return m;
}

struct mount *
mntget(struct mount *mnt)
{
	if (mnt)
		refcount_inc(&mnt->mnt_count);
	return mnt;
}

/**
 * mntput() - drop a reference; the last one ends a mount that is not attached
 * @mnt: the mount, or NULL
 *
 * Context: may sleep; no lock.
 */
void
mntput(struct mount *mnt)
{
	struct super_block *sb;

	if (!mnt || !refcount_dec_and_test(&mnt->mnt_count))
		return;
	sb = mnt->mnt_sb;
	dput(mnt->mnt_root);
	kfree(sb->k, mnt->mnt_devname);
	mnt->mnt_devname = NULL;
	stable_cache_free(&sb->k->vfs->mounts, mnt);
	deactivate_super(sb);
}

void
path_get(const struct path *p)
{
	mntget(p->mnt);
	dget(p->dentry);
}

void
path_put(struct task *t, const struct path *p)
{
	dput(p->dentry);
	mntput(p->mnt);
}

/* What is mounted on @dentry of @mnt, with a reference, or NULL. */
struct mount *
lookup_mnt(struct kernel *k, struct mount *mnt, struct dentry *dentry)
{
	struct vfs_state *v = k->vfs;

	for (;;) {
		uint32_t seq = mount_read_begin(v);
		struct mount *m = __atomic_load_n(&v->mhash[mhash(mnt, dentry)], __ATOMIC_ACQUIRE);
		unsigned int steps = 0;

		while (m && !(READ_ONCE(m->mnt_parent) == mnt && READ_ONCE(m->mnt_mountpoint) == dentry) && ++steps < 10000)
			m = __atomic_load_n(&m->mnt_hash_next, __ATOMIC_ACQUIRE);
		if (m && !refcount_inc_not_zero(&m->mnt_count))
			continue;
		if (likely(!mount_read_retry(v, seq)))
			return m;
		mntput(m);
	}
}

bool
follow_mounts(struct kernel *k, struct path *path)
{
	bool crossed = false;

	while (unlikely(__atomic_load_n(&path->dentry->d_mounted, __ATOMIC_ACQUIRE) != 0)) {
		struct mount *m = lookup_mnt(k, path->mnt, path->dentry);

		if (!m)
			break;
		dput(path->dentry);
		mntput(path->mnt);
		path->mnt = m;
		path->dentry = dget(m->mnt_root);
		crossed = true;
	}
	return crossed;
}

/* From a mount to where it sits. False at the top. */
bool
follow_up(struct kernel *k, struct path *path)
{
	struct vfs_state *v = k->vfs;
	struct mount *m = path->mnt;

	for (;;) {
		uint32_t seq = mount_read_begin(v);
		struct mount *parent = READ_ONCE(m->mnt_parent);
		struct dentry *mp = READ_ONCE(m->mnt_mountpoint);

		if (parent == m) {
			if (mount_read_retry(v, seq))
				continue;
			return false;
		}
		if (!refcount_inc_not_zero(&parent->mnt_count))
			continue;
		if (!refcount_inc_not_zero(&mp->d_count)) {
			mntput(parent);
			continue;
		}
		if (likely(!mount_read_retry(v, seq))) {
			dput(path->dentry);
			mntput(m);
			path->mnt = parent;
			path->dentry = mp;
			return true;
		}
		dput(mp);
		mntput(parent);
	}
}

/* Is @path @root or below it, mounts considered? */
bool
path_is_under(struct kernel *k, const struct path *path, const struct path *root)
{
	struct mount *m = path->mnt;
	struct dentry *d = path->dentry;
	bool under;

	mutex_lock(&k->vfs->mount_lock);
	while (m != root->mnt && m->mnt_parent != m) {
		d = m->mnt_mountpoint;
		m = m->mnt_parent;
	}
	under = m == root->mnt;
	/* The mount keeps its mount point, and we keep the mounts off changing. */
	dget(d);
	mutex_unlock(&k->vfs->mount_lock);
	under = under && is_subdir(k, d, root->dentry);
	dput(d);
	return under;
}

/* mount_lock is held; takes over the caller's references to @parent, @mountpoint and @m (which becomes the tree's). */
void
mount_attach_locked(struct vfs_state *v, struct mount *m, struct mount *parent, struct dentry *mountpoint)
{
	struct mount **head = &v->mhash[mhash(parent, mountpoint)];

	__atomic_add_fetch(&mountpoint->d_mounted, 1, __ATOMIC_SEQ_CST);
	m->mnt_parent = parent;
	m->mnt_mountpoint = mountpoint;
	m->mnt_hash_next = *head;
	__atomic_store_n(head, m, __ATOMIC_RELEASE);
	list_add_tail(&m->mnt_child, &parent->mnt_mounts);
}

/* mount_lock is held. The references to parent and mount point are the caller's to drop: @old. */
void
mount_detach_locked(struct vfs_state *v, struct mount *m, struct path *old)
{
	struct mount **p = &v->mhash[mhash(m->mnt_parent, m->mnt_mountpoint)];

	old->mnt = m->mnt_parent;
	old->dentry = m->mnt_mountpoint;
	while (*p && *p != m)
		p = &(*p)->mnt_hash_next;
	if (*p)
		__atomic_store_n(p, m->mnt_hash_next, __ATOMIC_RELEASE);
	list_del_init(&m->mnt_child);
	__atomic_sub_fetch(&old->dentry->d_mounted, 1, __ATOMIC_SEQ_CST);
	m->mnt_parent = m;
	m->mnt_mountpoint = m->mnt_root;
}

void
mount_enlist_locked(struct vfs_state *v, struct mount *m)
{
	m->mnt_ns = &v->ns;
	list_add_tail(&m->mnt_list, &v->ns.mounts);
	v->ns.nr_mounts++;
}

void
mount_delist_locked(struct vfs_state *v, struct mount *m)
{
	if (!m->mnt_ns)
		return;
	m->mnt_ns = NULL;
	list_del_init(&m->mnt_list);
	v->ns.nr_mounts--;
}

int
mnt_want_write(struct mount *mnt)
{
	if ((__atomic_load_n(&mnt->mnt_flags, __ATOMIC_RELAXED) & MNT_READONLY) || (mnt->mnt_sb->s_flags & SB_RDONLY))
		return -EROFS;
	return 0;
}

struct mount *
kern_mount(struct kernel *k, struct super_block *sb)
{
	struct mount *m = alloc_mount(sb, sb->s_root, sb->s_type ? sb->s_type->name : NULL);

	if (!m)
		return ERR_PTR(-ENOMEM);
	m->mnt_flags = MNT_INTERNAL;
	return m;
}

struct mount *
next_mount(struct kernel *k, struct mount *prev)
{
	struct vfs_state *v = k->vfs;
	struct list_head *at;
	struct mount *m = NULL;

	mutex_lock(&v->mount_lock);
	/* If @prev was unmounted meanwhile there is no telling where we were: end there. */
	at = !prev ? v->ns.mounts.next : prev->mnt_ns ? prev->mnt_list.next : &v->ns.mounts;
	if (at != &v->ns.mounts)
		m = mntget(list_entry(at, struct mount, mnt_list));
	mutex_unlock(&v->mount_lock);
	mntput(prev);
	return m;
}

int
mount_init(struct kernel *k)
{
	struct vfs_state *v = k->vfs;

	stable_cache_init(k, &v->mounts, "mnt_cache", sizeof(struct mount), offsetof(struct mount, mnt_list));
	v->mhash = kzalloc(k, sizeof(*v->mhash) << MHASH_BITS);
	if (!v->mhash)
		return -ENOMEM;
	mutex_init(&v->mount_lock, RANK_DCACHE);
	mutex_init(&v->ns.lock, RANK_MOUNT);
	INIT_LIST_HEAD(&v->ns.mounts);
	init_waitqueue_head(&v->ns.poll);
	return 0;
}
