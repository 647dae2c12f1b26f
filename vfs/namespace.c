/* SPDX-License-Identifier: MIT
 *
 * mount(2), umount2(2) and pivot_root(2). All mounts are private: there are no peer groups, so making a mount private, slave or
 * unbindable is all that changes of propagation can ask for, and sharing is refused.
 *
 * Every operation holds ns.lock from its checks to its change. References that a change sets free are dropped after the locks.
 */
#include <linux/capability.h>
#include <linux/fs.h>
#include <linux/mount.h>
#include <linux/stat.h>

#include "kernel/cred.h"
#include "kernel/task.h"
#include "vfs/namespace.h"

#define MNT_FORCE	0x1
#define MNT_DETACH	0x2
#define MNT_EXPIRE	0x4
#define UMOUNT_NOFOLLOW 0x8
#define MNT_EXPIRE_MARK 0x10000u

static bool
may_mount(struct task *t)
{
	return capable(t, CAP_SYS_ADMIN);
}

static bool
path_mounted(const struct path *path)
{
	return path->mnt->mnt_root == path->dentry;
}

static void
ns_changed(struct vfs_state *v)
{
	v->ns.event++;
	wake_up_all(&v->ns.poll);
}

/* Puts @m (reference consumed on success) on @path; ns.lock is held. */
static int
graft(struct kernel *k, struct mount *m, struct path *path)
{
	struct vfs_state *v = k->vfs;
	struct path at = *path;
	struct dentry *d;

	path_get(&at);
	follow_mounts(k, &at);
	d = at.dentry;
	if (S_ISDIR(d_inode(d)->i_mode) != S_ISDIR(d_inode(m->mnt_root)->i_mode)) {
		path_put(NULL, &at);
		return -ENOTDIR;
	}
	if (d_unhashed(d) && d->d_parent != d) { /* removed meanwhile */
		path_put(NULL, &at);
		return -ENOENT;
	}
	if (v->ns.nr_mounts >= READ_ONCE(v->mount_max)) {
		path_put(NULL, &at);
		return -ENOSPC;
	}
	mount_change_begin(v);
	mount_attach_locked(v, m, at.mnt, d);
	mount_change_end(v);
	return 0;
}

/* The mount after @p in the tree below @root, parents before children. */
static struct mount *
next_mnt(struct mount *p, const struct mount *root)
{
	struct list_head *next = p->mnt_mounts.next;

	if (next == &p->mnt_mounts) {
		for (;;) {
			if (p == root)
				return NULL;
			next = p->mnt_child.next;
			if (next != &p->mnt_parent->mnt_mounts)
				break;
			p = p->mnt_parent;
		}
	}
	return list_entry(next, struct mount, mnt_child);
}

/* The last mount below @p: next_mnt() of it is behind all of them. */
static struct mount *
skip_mnt_tree(struct mount *p)
{
	while (!list_empty(&p->mnt_mounts))
		p = list_last_entry(&p->mnt_mounts, struct mount, mnt_child);
	return p;
}

static void
enlist_tree(struct vfs_state *v, struct mount *top)
{
	for (struct mount *m = top; m; m = next_mnt(m, top))
		mount_enlist_locked(v, m);
}

/* Takes a whole subtree apart; ns.lock is held. Freed references pile up on a list that the caller lets go of, unlocked. */
struct doomed {
	struct path old; /* parent and mount point */
	struct mount *m;
	struct doomed *next;
};

static struct mount *
deepest(struct mount *m)
{
	while (!list_empty(&m->mnt_mounts))
		m = list_first_entry(&m->mnt_mounts, struct mount, mnt_child);
	return m;
}

static void
put_doomed(struct task *t, struct doomed *d)
{
	while (d) {
		struct doomed *next = d->next;

		if (d->old.mnt != d->m)
			path_put(t, &d->old);
		mntput(d->m);
		kfree(t->k, d);
		d = next;
	}
}

static int
umount_tree(struct task *t, struct mount *top, struct doomed **out)
{
	struct vfs_state *v = t->k->vfs;

	for (;;) {
		struct doomed *d = kzalloc(t->k, sizeof(*d));
		struct mount *m;

		if (!d)
			return -ENOMEM;
		m = deepest(top);
		d->m = m;
		mount_change_begin(v);
		mount_delist_locked(v, m);
		if (m->mnt_parent != m)
			mount_detach_locked(v, m, &d->old);
		else
			d->old.mnt = m;
		mount_change_end(v);
		d->next = *out;
		*out = d;
		if (m == top)
			return 0;
	}
}

static uint32_t
mnt_flags_of(uint64_t flags)
{
	uint32_t f = 0;

	if (!(flags & MS_NOATIME))
		f |= MNT_RELATIME;
	if (flags & MS_NOSUID)
		f |= MNT_NOSUID;
	if (flags & MS_NODEV)
		f |= MNT_NODEV;
	if (flags & MS_NOEXEC)
		f |= MNT_NOEXEC;
	if (flags & MS_NOATIME)
		f |= MNT_NOATIME;
	if (flags & MS_NODIRATIME)
		f |= MNT_NODIRATIME;
	if (flags & MS_STRICTATIME)
		f &= ~(MNT_RELATIME | MNT_NOATIME);
	if (flags & MS_RDONLY)
		f |= MNT_READONLY;
	if (flags & MS_NOSYMFOLLOW)
		f |= MNT_NOSYMFOLLOW;
	return f;
}

/* ns.lock is held. */
static int
set_mnt_flags(struct mount *m, uint32_t flags)
{
	if ((flags & MNT_READONLY) && !(m->mnt_flags & MNT_READONLY) && __atomic_load_n(&m->mnt_writers, __ATOMIC_SEQ_CST))
		return -EBUSY;
	__atomic_store_n(&m->mnt_flags, (m->mnt_flags & ~MNT_USER_SETTABLE) | flags, __ATOMIC_SEQ_CST);
	return 0;
}

static int
sb_set_readonly(struct vfs_state *v, struct super_block *sb, bool ro)
{
	struct mount *m;

	if (!ro) {
		if (sb->s_host_rdonly)
			return -EACCES; /* as of a write-protected device */
		sb->s_flags &= ~(uint32_t)SB_RDONLY;
		return 0;
	}
	list_for_each_entry(m, &v->ns.mounts, mnt_list)
		if (m->mnt_sb == sb && __atomic_load_n(&m->mnt_writers, __ATOMIC_SEQ_CST))
			return -EBUSY;
	sb->s_flags |= SB_RDONLY;
	return 0;
}

static int
do_remount(struct task *t, struct path *path, uint64_t flags)
{
	struct vfs_state *v = t->k->vfs;
	uint32_t mnt_flags = mnt_flags_of(flags);
	int err = 0;
	mutex_guard(&v->ns.lock);

	if (!path->mnt->mnt_ns || !path_mounted(path))
		return -EINVAL;
	/* Without an atime flag a remount keeps the one there is. */
	if (!(flags & (MS_NOATIME | MS_NODIRATIME | MS_RELATIME | MS_STRICTATIME)))
		mnt_flags = (mnt_flags & ~(MNT_NOATIME | MNT_NODIRATIME | MNT_RELATIME)) |
			    (path->mnt->mnt_flags & (MNT_NOATIME | MNT_NODIRATIME | MNT_RELATIME));
	if (!(flags & MS_BIND)) {
		err = sb_set_readonly(v, path->mnt->mnt_sb, (flags & MS_RDONLY) != 0);
		mnt_flags &= ~MNT_READONLY;
		mnt_flags |= path->mnt->mnt_flags & MNT_READONLY & ((flags & MS_RDONLY) ? MNT_READONLY : 0);
	}
	if (!err)
		err = set_mnt_flags(path->mnt, mnt_flags);
	ns_changed(v);
	return err;
}

static struct mount *
clone_mount(struct mount *m, struct dentry *root)
{
	struct mount *n = alloc_mount(m->mnt_sb, root, m->mnt_devname);

	if (n) {
		refcount_inc(&m->mnt_sb->s_active);
		n->mnt_flags = m->mnt_flags & ~(MNT_INTERNAL | MNT_EXPIRE_MARK);
	}
	return n;
}

/* Copies what is mounted on @r and below it; @p and @copy are @r's parent and the copy of that. ns.lock is held. */
static int
copy_subtree(struct kernel *k, struct mount *r, struct mount *p, struct mount *copy, uint32_t *count)
{
	struct vfs_state *v = k->vfs;

	for (struct mount *s = r; s; s = next_mnt(s, r)) {
		struct mount *n;

		if (s->mnt_flags & MNT_UNBINDABLE) {
			s = skip_mnt_tree(s);
			continue;
		}
		while (p != s->mnt_parent) {
			p = p->mnt_parent;
			copy = copy->mnt_parent;
		}
		if (++*count + v->ns.nr_mounts >= READ_ONCE(v->mount_max))
			return -ENOSPC;
		n = clone_mount(s, s->mnt_root);
		if (!n)
			return -ENOMEM;
		mntget(copy);
		dget(s->mnt_mountpoint);
		mount_change_begin(v);
		mount_attach_locked(v, n, copy, s->mnt_mountpoint);
		mount_change_end(v);
		p = s;
		copy = n;
	}
	return 0;
}

static int
copy_submounts(struct kernel *k, struct mount *m, struct dentry *root, struct mount *copy)
{
	uint32_t count = 0;
	struct mount *r;
	int err = 0;

	list_for_each_entry(r, &m->mnt_mounts, mnt_child) {
		if (is_subdir(k, r->mnt_mountpoint, root))
			err = copy_subtree(k, r, m, copy, &count);
		if (err)
			break;
	}
	return err;
}

static int
do_bind_locked(struct task *t, struct path *path, struct path *old, bool recurse, struct doomed **doomed)
{
	struct vfs_state *v = t->k->vfs;
	struct mount *m;
	int err = 0;

	if (!path->mnt->mnt_ns || (!old->mnt->mnt_ns && !(old->mnt->mnt_flags & MNT_INTERNAL)) ||
	    (old->mnt->mnt_flags & MNT_UNBINDABLE))
		return -EINVAL;
	m = clone_mount(old->mnt, old->dentry);
	if (!m)
		return -ENOMEM;
	if (recurse)
		err = copy_submounts(t->k, old->mnt, old->dentry, m);
	if (!err)
		err = graft(t->k, m, path);
	if (err) {
		ignore_err(umount_tree(t, m, doomed), "what cannot be taken apart for lack of memory stays allocated");
		return err;
	}
	mount_change_begin(v);
	enlist_tree(v, m);
	mount_change_end(v);
	ns_changed(v);
	return 0;
}

static int
do_bind(struct task *t, struct path *path, const char *source, bool recurse)
{
	struct doomed *doomed = NULL;
	struct path old;
	int err;

	if (!source || !*source)
		return -EINVAL;
	err = kern_path(t, source, LOOKUP_FOLLOW, &old);
	if (err)
		return err;
	mutex_lock(&t->k->vfs->ns.lock);
	err = do_bind_locked(t, path, &old, recurse, &doomed);
	mutex_unlock(&t->k->vfs->ns.lock);
	put_doomed(t, doomed);
	path_put(t, &old);
	return err;
}

/* Is @m @top or mounted somewhere below it? */
static bool
mount_is_below(const struct mount *m, const struct mount *top)
{
	while (m != top && m->mnt_parent != m)
		m = m->mnt_parent;
	return m == top;
}

static int
do_move_locked(struct task *t, struct path *path, struct path *old, struct path *freed)
{
	struct vfs_state *v = t->k->vfs;
	struct mount *m = old->mnt;
	struct path at = *path;

	if (!path_mounted(old) || !m->mnt_ns || !path->mnt->mnt_ns || m->mnt_parent == m)
		return -EINVAL;
	if (S_ISDIR(d_inode(path->dentry)->i_mode) != S_ISDIR(d_inode(old->dentry)->i_mode))
		return -EINVAL;
	path_get(&at);
	follow_mounts(t->k, &at);
	if (mount_is_below(at.mnt, m)) {
		path_put(t, &at);
		return -ELOOP;
	}
	mount_change_begin(v);
	mount_detach_locked(v, m, freed);
	mount_attach_locked(v, m, at.mnt, at.dentry);
	mount_change_end(v);
	ns_changed(v);
	return 0;
}

static int
do_move(struct task *t, struct path *path, const char *source)
{
	struct path old, freed = { NULL, NULL };
	int err;

	if (!source || !*source)
		return -EINVAL;
	err = kern_path(t, source, LOOKUP_FOLLOW, &old);
	if (err)
		return err;
	mutex_lock(&t->k->vfs->ns.lock);
	err = do_move_locked(t, path, &old, &freed);
	mutex_unlock(&t->k->vfs->ns.lock);
	path_put(t, &freed);
	path_put(t, &old);
	return err;
}

static void
change_type(struct mount *top, bool unbindable, bool recurse)
{
	for (struct mount *m = top; m; m = recurse ? next_mnt(m, top) : NULL) {
		if (unbindable)
			set_bits(&m->mnt_flags, MNT_UNBINDABLE);
		else
			clear_bits(&m->mnt_flags, MNT_UNBINDABLE);
	}
}

static int
do_change_type(struct task *t, struct path *path, uint64_t flags)
{
	uint64_t type = flags & ~(uint64_t)(MS_REC | MS_SILENT);
	mutex_guard(&t->k->vfs->ns.lock);

	if (type & (type - 1)) /* more than one */
		return -EINVAL;
	if (!path_mounted(path) || !path->mnt->mnt_ns)
		return -EINVAL;
	if (type == MS_SHARED)
		return -EINVAL;
	change_type(path->mnt, type == MS_UNBINDABLE, (flags & MS_REC) != 0);
	return 0;
}

static int
mount_sb(struct task *t, struct super_block *sb, struct path *path, const char *devname, uint32_t mnt_flags)
{
	struct vfs_state *v = t->k->vfs;
	struct mount *m = alloc_mount(sb, sb->s_root, devname);
	int err;

	if (!m) {
		deactivate_super(sb);
		return -ENOMEM;
	}
	m->mnt_flags = mnt_flags;
	mutex_lock(&v->ns.lock);
	if (!path->mnt->mnt_ns)
		err = -EINVAL;
	else if (path->mnt->mnt_sb == sb && path_mounted(path)) /* the same again in the same place */
		err = -EBUSY;
	else
		err = graft(t->k, m, path);
	if (!err) {
		mount_change_begin(v);
		mount_enlist_locked(v, m);
		mount_change_end(v);
		ns_changed(v);
	}
	mutex_unlock(&v->ns.lock);
	if (err)
		mntput(m);
	return err;
}

static int
do_new_mount(struct task *t, const char *source, struct path *path, const char *name, uint64_t flags, const char *data)
{
	const struct file_system_type *type;
	struct super_block *sb;
	struct fs_context fc = {
		.k = t->k,
		.t = t,
		.source = source,
		.options = data,
		.flags = (uint32_t)flags & (SB_RDONLY | MS_SYNCHRONOUS | MS_MANDLOCK | MS_DIRSYNC | MS_SILENT | MS_LAZYTIME),
		.host_root = HFD_NONE,
	};
	int err;

	if (!name)
		return -EINVAL;
	type = get_fs_type(t->k, name);
	if (!type)
		return -ENODEV;
	err = type->get_tree(&fc, &sb);
	if (err)
		return err;
	if (fc.flags & SB_RDONLY)
		sb->s_flags |= SB_RDONLY;
	return mount_sb(t, sb, path, source, mnt_flags_of(flags & ~(uint64_t)MS_RDONLY));
}

int
path_mount(struct task *t, const char *source, struct path *path, const char *type, uint64_t flags, const char *data)
{
	if ((flags & MS_MGC_MSK) == MS_MGC_VAL)
		flags &= ~(uint64_t)MS_MGC_MSK;
	if (flags & MS_NOUSER)
		return -EINVAL;
	if (!may_mount(t))
		return -EPERM;
	if (flags & MS_REMOUNT)
		return do_remount(t, path, flags);
	if (flags & MS_BIND)
		return do_bind(t, path, source, (flags & MS_REC) != 0);
	if (flags & (MS_SHARED | MS_PRIVATE | MS_SLAVE | MS_UNBINDABLE))
		return do_change_type(t, path, flags);
	if (flags & MS_MOVE)
		return do_move(t, path, source);
	return do_new_mount(t, source, path, type, flags, data);
}

int
do_mount_kernel(struct task *t, const struct file_system_type *type, struct fs_context *fc, const char *mountpoint,
		uint32_t mnt_flags)
{
	struct vfs_state *v = t->k->vfs;
	struct super_block *sb;
	struct mount *m;
	struct path path;
	int err;

	if (v->ns.root) {
		err = kern_path(t, mountpoint, LOOKUP_FOLLOW, &path);
		if (err)
			return err;
		err = type->get_tree(fc, &sb);
		if (!err)
			err = mount_sb(t, sb, &path, fc->source ? fc->source : type->name, mnt_flags);
		path_put(t, &path);
		return err;
	}
	err = type->get_tree(fc, &sb);
	if (err)
		return err;
	m = alloc_mount(sb, sb->s_root, fc->source ? fc->source : type->name);
	if (!m) {
		deactivate_super(sb);
		return -ENOMEM;
	}
	m->mnt_flags = mnt_flags;
	mount_change_begin(v);
	mount_enlist_locked(v, m);
	v->ns.root = m;
	mount_change_end(v);
	if (t->fs) {
		path = (struct path){ m, m->mnt_root };
		set_fs_root(t, &path);
		set_fs_pwd(t, &path);
	}
	return 0;
}

/* One reference for the tree, one for the path we came by. */
static bool
mount_is_busy(const struct mount *m)
{
	return !list_empty(&m->mnt_mounts) || refcount_read(&m->mnt_count) > 2;
}

static int
do_umount_locked(struct task *t, struct path *path, int flags, struct doomed **doomed)
{
	struct vfs_state *v = t->k->vfs;
	struct mount *m = path->mnt;
	bool is_root = m == v->ns.root || m == t->fs->root.mnt;
	int err;

	if (!path_mounted(path) || !m->mnt_ns)
		return -EINVAL;
	if (flags & MNT_EXPIRE) {
		if (is_root || (flags & (MNT_FORCE | MNT_DETACH)))
			return -EINVAL;
		if (refcount_read(&m->mnt_count) != 2)
			return -EBUSY;
		if (!(__atomic_fetch_or(&m->mnt_flags, MNT_EXPIRE_MARK, __ATOMIC_SEQ_CST) & MNT_EXPIRE_MARK))
			return -EAGAIN;
	}
	if (is_root && !(flags & MNT_DETACH)) {
		/* The root cannot go: it becomes read only, for an orderly halt. */
		return (m->mnt_sb->s_flags & SB_RDONLY) ? 0 : sb_set_readonly(v, m->mnt_sb, true);
	}
	if (m == v->ns.root)
		return -EINVAL;
	if (!(flags & MNT_DETACH) && mount_is_busy(m))
		return -EBUSY;
	err = umount_tree(t, m, doomed);
	ns_changed(v);
	return err;
}

int
path_umount(struct task *t, struct path *path, int flags)
{
	struct super_block *sb = path->mnt->mnt_sb;
	struct doomed *doomed = NULL;
	int err = -EPERM;

	if (may_mount(t)) {
		if (sb->s_op && sb->s_op->sync_fs)
			ignore_err(sb->s_op->sync_fs(t, sb), "as in Linux, umount does not report it");
		mutex_lock(&t->k->vfs->ns.lock);
		err = do_umount_locked(t, path, flags, &doomed);
		mutex_unlock(&t->k->vfs->ns.lock);
	}
	path_put(t, path);
	put_doomed(t, doomed);
	return err;
}

/* Whoever has the old root as root or working directory gets the new one. */
static void
chroot_fs_refs(struct task *t, const struct path *old, const struct path *new)
{
	struct kernel *k = t->k;
	struct task *leader, *p;
	unsigned int changed = 0;

	mutex_lock(&k->tasklist_lock);
	for_each_process(k, leader) {
		for_each_thread(leader->signal, p) {
			mutex_lock(&p->alloc_lock);
			if (p->fs) {
				mutex_lock(&p->fs->lock);
				for (int i = 0; i < 2; i++) {
					struct path *at = i ? &p->fs->pwd : &p->fs->root;

					if (path_equal(at, old)) {
						path_get(new);
						*at = *new;
						changed++;
					}
				}
				mutex_unlock(&p->fs->lock);
			}
			mutex_unlock(&p->alloc_lock);
		}
	}
	mutex_unlock(&k->tasklist_lock);
	while (changed-- > 0)
		path_put(t, old);
}

static int
pivot_root_locked(struct task *t, struct path *new, struct path *old, struct path *root, struct path freed[2])
{
	struct vfs_state *v = t->k->vfs;
	struct mount *new_mnt = new->mnt, *root_mnt = root->mnt, *old_mnt;
	struct path at = *old, root_at;

	if (!new_mnt->mnt_ns || !root_mnt->mnt_ns || !old->mnt->mnt_ns)
		return -EINVAL;
	if (d_unhashed(new->dentry) && new->dentry->d_parent != new->dentry)
		return -ENOENT;
	if (new_mnt == root_mnt || old->mnt == root_mnt)
		return -EBUSY; /* loop: they are on the same mount as the root */
	if (!path_mounted(root) || !path_mounted(new) || new_mnt->mnt_parent == new_mnt)
		return -EINVAL;
	if (root_mnt->mnt_parent == root_mnt && root_mnt != v->ns.root)
		return -EINVAL;
	if (!path_is_under(t->k, old, new) || !path_is_under(t->k, new, root))
		return -EINVAL;
	path_get(&at);
	follow_mounts(t->k, &at);
	old_mnt = at.mnt;
	mount_change_begin(v);
	mount_detach_locked(v, new_mnt, &freed[0]);
	if (root_mnt->mnt_parent != root_mnt) {
		mount_detach_locked(v, root_mnt, &root_at);
		mount_attach_locked(v, new_mnt, root_at.mnt, root_at.dentry);
	} else {
		v->ns.root = new_mnt;
	}
	mount_attach_locked(v, root_mnt, old_mnt, at.dentry);
	mount_change_end(v);
	ns_changed(v);
	return 0;
}

int
path_pivot_root(struct task *t, struct path *new, struct path *old)
{
	struct path root, freed[2] = { { NULL, NULL }, { NULL, NULL } };
	int err;

	if (!may_mount(t))
		return -EPERM;
	get_fs_root(t, &root);
	mutex_lock(&t->k->vfs->ns.lock);
	err = pivot_root_locked(t, new, old, &root, freed);
	mutex_unlock(&t->k->vfs->ns.lock);
	if (!err)
		chroot_fs_refs(t, &root, new);
	path_put(t, &freed[0]);
	path_put(t, &root);
	return err;
}
