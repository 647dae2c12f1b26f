/* SPDX-License-Identifier: MIT
 *
 * F_NOTIFY of fcntl(2): a signal when something happens in a directory. Each request belongs to an open file and a table of
 * descriptors, and ends at the close(2) of any of its descriptors there.
 */
#include <linux/fcntl.h>
#include <linux/stat.h>

#include "kernel/task.h"
#include "vfs/fsnotify.h"

#define N_ONCE 0x80000000u /* of a mark: no DN_MULTISHOT */

static uint32_t
convert_arg(uint32_t arg)
{
	uint32_t mask = 0;

	if (arg & DN_ACCESS)
		mask |= IN_ACCESS;
	if (arg & DN_MODIFY)
		mask |= IN_MODIFY;
	if (arg & DN_ATTRIB)
		mask |= IN_ATTRIB;
	if (arg & DN_CREATE)
		mask |= IN_CREATE | IN_MOVED_TO;
	if (arg & DN_DELETE)
		mask |= IN_DELETE | IN_MOVED_FROM;
	if (arg & DN_RENAME)
		mask |= N_RENAME;
	return mask;
}

void
dnotify_event(struct kernel *k, struct fsnotify_mark *m, const struct notify_event *e, struct notify_todo *todo)
{
	struct notify_tell *s = kzalloc(k, sizeof(*s));

	if (s && file_copy_owner(m->file, &s->owner)) {
		s->fd = m->fd;
		list_add_tail(&s->link, &todo->tell);
	} else {
		kfree(k, s);
	}
	if (m->mask & N_ONCE)
		mark_drop(k, m, todo);
}

/* The request of this file and table, or NULL. The notify lock is held. */
static struct fsnotify_mark *
find_request(const struct inode *inode, const struct file *file, const void *owner)
{
	struct fsnotify_mark *m;

	for (m = inode->i_marks; m; m = m->next)
		if (!m->group && m->file == file && (!owner || m->owner == owner))
			return m;
	return NULL;
}

void
dnotify_flush(struct file *file, const void *owner)
{
	struct inode *inode = file->f_inode;
	struct fsnotify_mark *m;
	struct notify_todo todo;

	if (!inode || !S_ISDIR(inode->i_mode) || !fsnotify_any(file->k))
		return;
	notify_lock(file->k, &todo);
	while ((m = find_request(inode, file, owner)))
		mark_drop(file->k, m, &todo);
	notify_unlock(file->k, &todo);
}

int
fcntl_dirnotify(struct task *t, int fd, struct file *file, uint32_t arg)
{
	uint32_t mask = convert_arg(arg) | (arg & DN_MULTISHOT ? 0 : N_ONCE);
	struct fsnotify_mark *new, *m;
	struct notify_todo todo;
	struct file *now;
	int err;

	if (!READ_ONCE(t->k->vfs->dir_notify_enable))
		return -EINVAL;
	if ((arg & ~(uint32_t)DN_MULTISHOT) == 0) {
		dnotify_flush(file, t->files);
		return 0;
	}
	if (!S_ISDIR(file->f_inode->i_mode))
		return -ENOTDIR;
	err = f_setown_if_none(t, file);
	if (err)
		return err;
	new = kzalloc(t->k, sizeof(*new));
	if (!new)
		return -ENOMEM;
	notify_lock(t->k, &todo);
	m = find_request(file->f_inode, file, t->files);
	if (m) {
		m->mask = ((m->mask | mask) & ~N_ONCE) | (m->mask & mask & N_ONCE);
		m->fd = fd;
		mark_changed(m);
	} else {
		*new = (struct fsnotify_mark){ .inode = igrab(file->f_inode), .mask = mask, .file = file, .owner = t->files, .fd = fd };
		mark_add(t->k, new);
		new = NULL;
	}
	notify_unlock(t->k, &todo);
	kfree(t->k, new);
	/* close(2) in another thread: if it came first, it has ended nothing. */
	now = fget_raw(t, fd);
	if (now != file)
		dnotify_flush(file, t->files);
	fput(t, now);
	return 0;
}
