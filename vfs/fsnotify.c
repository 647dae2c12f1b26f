/* SPDX-License-Identifier: MIT
 *
 * Marks on inodes and how events reach them. Which event goes where, and in which order: inotify(7).
 *
 * One lock for all marks and queues: whoever watches nothing never takes it, since nr_marks and the masks of the inodes are looked
 * at first. A mark holds its inode, so that a watch outlives the cache of names; the inode's last name takes the mark with it.
 *
 * Lock order: the notify lock (RANK_NOTIFY) comes after i_rwsem, and before wait queues. Signals and iput() wait until it is released.
 */
#include <linux/fcntl.h>
#include <linux/stat.h>

#include "kernel/kernel.h"
#include "vfs/fsnotify.h"

#define SELF_ONLY (IN_DELETE_SELF | IN_MOVE_SELF)

void
fsnotify_init(struct kernel *k)
{
	struct vfs_state *v = k->vfs;

	mutex_init(&v->notify_mutex, RANK_NOTIFY);
	INIT_LIST_HEAD(&v->marks);
	INIT_LIST_HEAD(&v->inotify_groups);
	v->dir_notify_enable = 1;
	v->inotify_max_events = 16384;
	v->inotify_max_instances = 128;
	v->inotify_max_watches = 65536;
}

void
notify_lock(struct kernel *k, struct notify_todo *todo) __no_thread_safety
{
	INIT_LIST_HEAD(&todo->dead);
	INIT_LIST_HEAD(&todo->tell);
	mutex_lock(&k->vfs->notify_mutex);
}

void
notify_unlock(struct kernel *k, struct notify_todo *todo) __no_thread_safety
{
	struct fsnotify_mark *m, *nm;
	struct notify_tell *s, *ns;

	mutex_unlock(&k->vfs->notify_mutex);
	list_for_each_entry_safe(s, ns, &todo->tell, link) {
		if (s->group)
			inotify_tell(k, s->group);
		else
			send_sigio(k, &s->owner, s->fd, POLL_MSG_NR);
		kfree(k, s);
	}
	list_for_each_entry_safe(m, nm, &todo->dead, all) {
		iput(m->inode);
		kfree(k, m);
	}
}

/* Called under the notify lock; the first mark's lock-free readers see the mask change whole. */
static void
recalc_mask(struct inode *inode)
{
	uint32_t mask = 0;

	for (const struct fsnotify_mark *m = inode->i_marks; m; m = m->next)
		mask |= m->mask;
	WRITE_ONCE(inode->i_notify_mask, mask);
}

void
mark_changed(struct fsnotify_mark *m)
{
	recalc_mask(m->inode);
}

void
mark_add(struct kernel *k, struct fsnotify_mark *m)
{
	struct fsnotify_mark **at = &m->inode->i_marks;

	while (*at)
		at = &(*at)->next;
	*at = m;
	list_add_tail(&m->all, &k->vfs->marks);
	WRITE_ONCE(k->vfs->nr_marks, k->vfs->nr_marks + 1);
	recalc_mask(m->inode);
}

void
mark_drop(struct kernel *k, struct fsnotify_mark *m, struct notify_todo *todo)
{
	struct fsnotify_mark **at = &m->inode->i_marks;

	while (*at != m)
		at = &(*at)->next;
	*at = m->next;
	list_move_tail(&m->all, &todo->dead);
	WRITE_ONCE(k->vfs->nr_marks, k->vfs->nr_marks - 1);
	recalc_mask(m->inode);
	if (m->group)
		inotify_ignored(k, m, todo);
}

static void
deliver(struct inode *inode, const struct notify_event *e)
{
	struct kernel *k = inode->i_sb->k;
	struct fsnotify_mark *m, *next;
	struct notify_todo todo;

	notify_lock(k, &todo);
	for (m = inode->i_marks; m; m = next) {
		next = m->next;
		if (!(m->mask & e->mask & (IN_ALL_EVENTS | IN_UNMOUNT | N_RENAME)))
			continue;
		if (m->group)
			inotify_event(k, m, e, &todo);
		else
			dnotify_event(k, m, e, &todo);
	}
	notify_unlock(k, &todo);
}

static uint32_t
isdir(const struct inode *inode)
{
	return S_ISDIR(inode->i_mode) ? IN_ISDIR : 0;
}

void
__fsnotify_inode(struct inode *inode, uint32_t mask)
{
	struct notify_event e = { .what = NOTIFY_SELF, .mask = mask | (mask & SELF_ONLY ? 0 : isdir(inode)) };

	if (READ_ONCE(inode->i_notify_mask) & mask)
		deliver(inode, &e);
}

void
__fsnotify_name(struct inode *dir, uint32_t mask, const struct qstr *name, uint32_t cookie)
{
	struct notify_event e = { .what = NOTIFY_NAME, .mask = mask, .cookie = cookie, .name = name->name, .len = name->len };

	if (READ_ONCE(dir->i_notify_mask) & mask)
		deliver(dir, &e);
}

/* The name at this moment; 0 if it does not stand still. */
static uint32_t
copy_name(const struct dentry *d, char *buf)
{
	for (int tries = 0; tries < 100; tries++) {
		uint32_t seq = __atomic_load_n(&d->d_seq, __ATOMIC_ACQUIRE), len = READ_ONCE(d->d_name.len);
		const char *name = READ_ONCE(d->d_name.name);

		if ((seq & 1) || len > K_NAME_MAX)
			continue;
		memcpy(buf, name, len);
		__atomic_thread_fence(__ATOMIC_ACQUIRE);
		if (__atomic_load_n(&d->d_seq, __ATOMIC_RELAXED) == seq)
			return len;
	}
	return 0;
}

/* To those who watch the directory. */
static void
tell_parent(struct dentry *dentry, const struct inode *inode, uint32_t mask)
{
	struct dentry *parent = READ_ONCE(dentry->d_parent);
	struct notify_event e = { .what = NOTIFY_CHILD, .mask = mask | isdir(inode), .unlinked = d_unhashed(dentry) };
	struct inode *dir;
	char name[K_NAME_MAX];

	if (parent == dentry)
		return;
	parent = dget_parent(dentry);
	dir = d_inode(parent);
	if (dir && (READ_ONCE(dir->i_notify_mask) & mask)) {
		e.name = name;
		e.len = copy_name(dentry, name);
		if (e.len)
			deliver(dir, &e);
	}
	dput(parent);
}

void
__fsnotify_dentry(struct dentry *dentry, uint32_t mask)
{
	struct inode *inode = d_inode(dentry);

	if (!inode)
		return;
	tell_parent(dentry, inode, mask);
	__fsnotify_inode(inode, mask);
}

void
__fsnotify_inoderemove(struct inode *inode)
{
	struct kernel *k = inode->i_sb->k;
	struct notify_todo todo;

	if (!READ_ONCE(inode->i_marks))
		return;
	__fsnotify_inode(inode, IN_DELETE_SELF);
	notify_lock(k, &todo);
	while (inode->i_marks)
		mark_drop(k, inode->i_marks, &todo);
	notify_unlock(k, &todo);
}

void
fsnotify_move(struct inode *odir, struct inode *ndir, const struct qstr *oname, const struct qstr *nname, struct inode *target,
	      struct inode *moved)
{
	struct vfs_state *v = odir->i_sb->k->vfs;
	uint32_t cookie;

	if (!fsnotify_any(odir->i_sb->k))
		return;
	cookie = __atomic_add_fetch(&v->notify_cookie, 1, __ATOMIC_RELAXED);
	if (odir == ndir)
		__fsnotify_name(odir, N_RENAME | isdir(moved), oname, 0);
	__fsnotify_name(odir, IN_MOVED_FROM | isdir(moved), oname, cookie);
	__fsnotify_name(ndir, IN_MOVED_TO | isdir(moved), nname, cookie);
	if (target)
		__fsnotify_inode(target, IN_ATTRIB);
	__fsnotify_inode(moved, IN_MOVE_SELF);
}

void
fsnotify_change(struct dentry *dentry, uint32_t valid)
{
	uint32_t mask = 0;

	if (!fsnotify_any(dentry->d_sb->k))
		return;
	if (valid & (ATTR_UID | ATTR_GID | ATTR_MODE))
		mask |= IN_ATTRIB;
	if (valid & ATTR_SIZE)
		mask |= IN_MODIFY;
	if ((valid & (ATTR_ATIME | ATTR_MTIME)) == (ATTR_ATIME | ATTR_MTIME))
		mask |= IN_ATTRIB;
	else if (valid & ATTR_ATIME)
		mask |= IN_ACCESS;
	else if (valid & ATTR_MTIME)
		mask |= IN_MODIFY;
	if (mask)
		__fsnotify_dentry(dentry, mask);
}

void
fsnotify_sb_delete(struct super_block *sb)
{
	struct vfs_state *v = sb->k->vfs;
	struct notify_event e = { .what = NOTIFY_SELF, .mask = IN_UNMOUNT };
	struct fsnotify_mark *m, *next;
	struct notify_todo todo;

	if (!fsnotify_any(sb->k))
		return;
	notify_lock(sb->k, &todo);
	list_for_each_entry_safe(m, next, &v->marks, all) {
		if (m->inode->i_sb != sb)
			continue;
		m->mask &= ~IN_ONESHOT; /* it goes here, not by the event */
		if (m->group)
			inotify_event(sb->k, m, &e, &todo);
		mark_drop(sb->k, m, &todo);
	}
	notify_unlock(sb->k, &todo);
}
