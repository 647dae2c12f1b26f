/* SPDX-License-Identifier: MIT
 *
 * inotify(7): instances, watches and queues of events.
 *
 * An instance lives as long as its file, and a little longer while a signal about it is on its way. Its watches are found by number in
 * a table of its own, by inode on the inode's list. All of it is protected by the notify lock (vfs/fsnotify.c).
 */
#include <asm/ioctls.h>
#include <linux/fcntl.h>
#include <linux/fs.h>
#include <linux/stat.h>

#include "kernel/cred.h"
#include "kernel/task.h"
#include "vfs/fsnotify.h"
#include "vfs/poll.h"

#define WD_BUCKETS 64
#define IN_FLAGS   (IN_ONLYDIR | IN_DONT_FOLLOW | IN_EXCL_UNLINK | IN_MASK_CREATE | IN_MASK_ADD | IN_ISDIR | IN_ONESHOT)
#define IN_KNOWN   (IN_ALL_EVENTS | IN_UNMOUNT | IN_Q_OVERFLOW | IN_IGNORED | IN_FLAGS)
#define POLL_IN_NR 1 /* POLL_IN of siginfo */

struct queued_event {
	struct list_head link;
	int wd;
	uint32_t mask, cookie, len;
	char name[];
};

struct inotify_group {
	struct list_head link; /* v->inotify_groups, until the file goes */
	refcount_t count;
	uint32_t uid;
	struct wait_queue_head wq;
	struct fasync_queue fasync;
	struct list_head events;
	uint32_t nr_events, nr_watches;
	bool overflown;
	int last_wd;
	struct list_head by_wd[WD_BUCKETS];
	struct queued_event overflow; /* on its list, or not; last, since its name, which stays empty, has no end */
};

static void
put_group(struct kernel *k, struct inotify_group *g)
{
	struct queued_event *e, *n;

	if (!refcount_dec_and_test(&g->count))
		return;
	list_for_each_entry_safe(e, n, &g->events, link)
		if (e != &g->overflow)
			kfree(k, e);
	kfree(k, g);
}

void
inotify_tell(struct kernel *k, struct inotify_group *g)
{
	kill_fasync(k, &g->fasync, POLL_IN_NR);
	put_group(k, g);
}

static bool
same_event(const struct queued_event *a, const struct queued_event *b)
{
	return a->mask == b->mask && a->wd == b->wd && a->cookie == b->cookie && a->len == b->len && !(a->mask & IN_IGNORED) &&
	       memcmp(a->name, b->name, a->len) == 0;
}

static void
wake_group(struct kernel *k, struct inotify_group *g, struct notify_todo *todo)
{
	struct notify_tell *s;

	wake_up_poll(&g->wq, K_POLLIN | K_POLLRDNORM);
	if (list_empty(&g->fasync.files))
		return;
	s = kzalloc(k, sizeof(*s));
	if (!s)
		return;
	refcount_inc(&g->count);
	s->group = g;
	list_add_tail(&s->link, &todo->tell);
}

/* One that there is no room for is lost, which is told once. An event that says what the last one says is not told again. */
static void
queue_event(struct kernel *k, struct inotify_group *g, int wd, const struct notify_event *what, struct notify_todo *todo)
{
	struct queued_event *e = NULL, *last;

	if (g->nr_events < READ_ONCE(k->vfs->inotify_max_events))
		e = kmalloc(k, sizeof(*e) + what->len);
	if (!e) {
		if (g->overflown)
			return;
		g->overflown = true;
		g->overflow = (struct queued_event){ .wd = -1, .mask = IN_Q_OVERFLOW };
		e = &g->overflow;
	} else {
		*e = (struct queued_event){ .wd = wd, .mask = what->mask, .cookie = what->cookie, .len = what->len };
		memcpy(e->name, what->name, what->len);
		last = list_empty(&g->events) ? NULL : list_entry(g->events.prev, struct queued_event, link);
		if (last && same_event(last, e)) {
			kfree(k, e);
			return;
		}
	}
	list_add_tail(&e->link, &g->events);
	g->nr_events++;
	wake_group(k, g, todo);
}

void
inotify_event(struct kernel *k, struct fsnotify_mark *m, const struct notify_event *e, struct notify_todo *todo)
{
	if (e->what == NOTIFY_CHILD && e->unlinked && (m->mask & IN_EXCL_UNLINK))
		return;
	queue_event(k, m->group, m->wd, e, todo);
	if (m->mask & IN_ONESHOT)
		mark_drop(k, m, todo);
}

void
inotify_ignored(struct kernel *k, struct fsnotify_mark *m, struct notify_todo *todo)
{
	static const struct notify_event ignored = { .mask = IN_IGNORED };

	list_del(&m->by_wd);
	m->group->nr_watches--;
	queue_event(k, m->group, m->wd, &ignored, todo);
}

/* As struct inotify_event: names are filled up to its size. */
static uint32_t
room_of_name(const struct queued_event *e)
{
	return e->len ? (uint32_t)ALIGN_UP(e->len + 1, sizeof(struct inotify_event)) : 0;
}

/* The next event that fits; NULL: none; -EINVAL: it does not fit. */
static struct queued_event *
take_event(struct kernel *k, struct inotify_group *g, size_t room)
{
	struct queued_event *e = NULL;
	struct notify_todo todo;

	notify_lock(k, &todo);
	if (!list_empty(&g->events)) {
		e = list_first_entry(&g->events, struct queued_event, link);
		if (sizeof(struct inotify_event) + room_of_name(e) > room) {
			e = ERR_PTR(-EINVAL);
		} else {
			list_del(&e->link);
			g->nr_events--;
		}
	}
	notify_unlock(k, &todo);
	return e;
}

static int64_t
give_event(struct kernel *k, struct inotify_group *g, struct queued_event *e, struct iov_iter *to)
{
	struct inotify_event head = { .wd = e->wd, .mask = e->mask, .cookie = e->cookie, .len = room_of_name(e) };
	char name[ALIGN_UP(K_NAME_MAX + 1, sizeof(struct inotify_event))] = { 0 };
	int64_t n = (int64_t)(sizeof(head) + head.len);
	struct notify_todo todo;

	memcpy(name, e->name, e->len);
	if (e == &g->overflow) {
		notify_lock(k, &todo);
		g->overflown = false;
		notify_unlock(k, &todo);
	} else {
		kfree(k, e);
	}
	if (copy_to_iter(&head, sizeof(head), to) < sizeof(head) || copy_to_iter(name, head.len, to) < head.len)
		return -EFAULT;
	return n;
}

static bool
has_events(struct inotify_group *g)
{
	return READ_ONCE(g->nr_events) != 0;
}

static int64_t
inotify_read(struct task *t, struct file *file, struct iov_iter *to, int64_t *pos, uint32_t rwf)
{
	struct inotify_group *g = file->private_data;
	int64_t done = 0, n;

	for (;;) {
		struct queued_event *e = take_event(t->k, g, to->count);

		if (IS_ERR(e))
			return done ? done : PTR_ERR(e);
		if (e) {
			n = give_event(t->k, g, e, to);
			if (n < 0)
				return n;
			done += n;
			continue;
		}
		if (done)
			return done;
		if (READ_ONCE(file->f_flags) & O_NONBLOCK)
			return -EAGAIN;
		n = wait_event_interruptible(t, &g->wq, has_events(g));
		if (n)
			return n;
	}
}

static uint32_t
inotify_poll(struct task *t, struct file *file, struct poll_table *pt)
{
	struct inotify_group *g = file->private_data;

	poll_wait(file, &g->wq, pt);
	return has_events(g) ? K_POLLIN | K_POLLRDNORM : 0;
}

static int64_t
inotify_ioctl(struct task *t, struct file *file, unsigned int cmd, uint64_t arg)
{
	struct inotify_group *g = file->private_data;
	const struct queued_event *e;
	struct notify_todo todo;
	uint32_t bytes = 0;

	if (cmd != FIONREAD)
		return -ENOIOCTLCMD;
	notify_lock(t->k, &todo);
	list_for_each_entry(e, &g->events, link)
		bytes += (uint32_t)sizeof(struct inotify_event) + room_of_name(e);
	notify_unlock(t->k, &todo);
	return put_user_u32(t, bytes, UADDR(arg));
}

static int
inotify_fasync(struct task *t, int fd, struct file *file, bool on)
{
	return fasync_helper(file->k, fd, file, on, &((struct inotify_group *)file->private_data)->fasync);
}

static void
inotify_release(struct task *t, struct inode *inode, struct file *file)
{
	struct inotify_group *g = file->private_data;
	struct fsnotify_mark *m, *n;
	struct notify_todo todo;

	notify_lock(file->k, &todo);
	list_del(&g->link);
	for (unsigned int i = 0; i < WD_BUCKETS; i++)
		list_for_each_entry_safe(m, n, &g->by_wd[i], by_wd)
			mark_drop(file->k, m, &todo);
	notify_unlock(file->k, &todo);
	put_group(file->k, g);
}

static int
inotify_show_fdinfo(struct task *t, struct file *file, char *buf, size_t n)
{
	struct inotify_group *g = file->private_data;
	const struct fsnotify_mark *m;
	struct notify_todo todo;
	int used = 0;

	notify_lock(t->k, &todo);
	for (unsigned int i = 0; i < WD_BUCKETS; i++)
		list_for_each_entry(m, &g->by_wd[i], by_wd)
			if ((size_t)used < n)
				used += ksnprintf(buf + used, n - (size_t)used, "inotify wd:%x ino:%llx sdev:%llx mask:%x ignored_mask:0 \n",
						  (unsigned int)m->wd, (unsigned long long)m->inode->i_ino,
						  (unsigned long long)m->inode->i_sb->s_dev, m->mask & (IN_ALL_EVENTS | IN_ONESHOT | IN_EXCL_UNLINK));
	notify_unlock(t->k, &todo);
	return used < (int)n ? used : (int)n - 1;
}

static const struct file_operations inotify_fops = {
	.f_mode = FMODE_OLD_READ,
	.llseek = noop_llseek,
	.read = inotify_read,
	.poll = inotify_poll,
	.ioctl = inotify_ioctl,
	.fasync = inotify_fasync,
	.release = inotify_release,
	.show_fdinfo = inotify_show_fdinfo,
};

/* Instances or watches of a user. The notify lock is held. */
static uint32_t
count_of_user(struct kernel *k, uint32_t uid, bool watches)
{
	const struct inotify_group *g;
	uint32_t n = 0;

	list_for_each_entry(g, &k->vfs->inotify_groups, link)
		if (g->uid == uid)
			n += watches ? g->nr_watches : 1;
	return n;
}

static struct inotify_group *
new_group(struct task *t)
{
	struct inotify_group *g = kzalloc(t->k, sizeof(*g));
	struct notify_todo todo;
	bool many;

	if (!g)
		return ERR_PTR(-ENOMEM);
	refcount_set(&g->count, 1);
	g->uid = t->cred->uid;
	init_waitqueue_head(&g->wq);
	fasync_init(&g->fasync);
	INIT_LIST_HEAD(&g->events);
	for (unsigned int i = 0; i < WD_BUCKETS; i++)
		INIT_LIST_HEAD(&g->by_wd[i]);
	notify_lock(t->k, &todo);
	many = count_of_user(t->k, g->uid, false) >= READ_ONCE(t->k->vfs->inotify_max_instances);
	if (!many)
		list_add_tail(&g->link, &t->k->vfs->inotify_groups);
	notify_unlock(t->k, &todo);
	if (!many)
		return g;
	kfree(t->k, g);
	return ERR_PTR(-EMFILE);
}

int64_t
do_inotify_init(struct task *t, uint32_t flags)
{
	struct inotify_group *g;
	struct file *file;
	int fd;

	if (flags & ~(uint32_t)(IN_CLOEXEC | IN_NONBLOCK))
		return -EINVAL;
	g = new_group(t);
	if (IS_ERR(g))
		return PTR_ERR(g);
	fd = get_unused_fd_flags(t, flags & O_CLOEXEC);
	file = fd < 0 ? ERR_PTR(fd) : anon_inode_getfile(t, "inotify", &inotify_fops, g, O_RDONLY | (flags & O_NONBLOCK));
	if (IS_ERR(file)) {
		struct notify_todo todo;

		if (fd >= 0)
			put_unused_fd(t, fd);
		notify_lock(t->k, &todo);
		list_del(&g->link);
		notify_unlock(t->k, &todo);
		put_group(t->k, g);
		return PTR_ERR(file);
	}
	fd_install(t, fd, file);
	return fd;
}

static struct fsnotify_mark *
find_wd(struct inotify_group *g, int wd)
{
	struct fsnotify_mark *m;

	list_for_each_entry(m, &g->by_wd[(unsigned int)wd % WD_BUCKETS], by_wd)
		if (m->wd == wd)
			return m;
	return NULL;
}

/* Numbers are given again only when all have been. */
static int
next_wd(struct inotify_group *g)
{
	do
		g->last_wd = g->last_wd == INT32_MAX ? 1 : g->last_wd + 1;
	while (find_wd(g, g->last_wd));
	return g->last_wd;
}

static int64_t
update_watch(struct fsnotify_mark *m, uint32_t arg)
{
	uint32_t mask = (arg & (IN_ALL_EVENTS | IN_ONESHOT | IN_EXCL_UNLINK)) | IN_UNMOUNT;

	if (arg & IN_MASK_CREATE)
		return -EEXIST;
	m->mask = arg & IN_MASK_ADD ? m->mask | mask : mask;
	mark_changed(m);
	return m->wd;
}

/* Consumes the reference to the inode. */
static int64_t
add_watch(struct task *t, struct inotify_group *g, struct inode *inode, uint32_t arg)
{
	struct fsnotify_mark *new = kzalloc(t->k, sizeof(*new)), *m;
	struct notify_todo todo;
	int64_t ret = -ENOMEM;

	if (!new) {
		iput(inode);
		return ret;
	}
	notify_lock(t->k, &todo);
	for (m = inode->i_marks; m && m->group != g; m = m->next)
		;
	if (m) {
		ret = update_watch(m, arg);
	} else if (count_of_user(t->k, g->uid, true) >= READ_ONCE(t->k->vfs->inotify_max_watches)) {
		ret = -ENOSPC;
	} else {
		new->inode = inode;
		new->mask = (arg & (IN_ALL_EVENTS | IN_ONESHOT | IN_EXCL_UNLINK)) | IN_UNMOUNT;
		new->group = g;
		ret = new->wd = next_wd(g);
		list_add_tail(&new->by_wd, &g->by_wd[(unsigned int)new->wd % WD_BUCKETS]);
		g->nr_watches++;
		mark_add(t->k, new);
		new = NULL;
	}
	notify_unlock(t->k, &todo);
	if (new) {
		iput(inode);
		kfree(t->k, new);
	}
	return ret;
}

int64_t
do_inotify_add_watch(struct task *t, int fd, uaddr_t upath, uint32_t mask)
{
	unsigned int lookup = (mask & IN_DONT_FOLLOW ? 0 : LOOKUP_FOLLOW) | (mask & IN_ONLYDIR ? LOOKUP_DIRECTORY : 0);
	struct path path;
	int64_t ret;
	struct fd f;

	if ((mask & ~(uint32_t)IN_KNOWN) || !(mask & IN_KNOWN))
		return -EINVAL;
	f = fdget(t, fd);
	if (!f.file)
		return -EBADF;
	ret = -EINVAL;
	if (((mask & IN_MASK_ADD) && (mask & IN_MASK_CREATE)) || f.file->f_op != &inotify_fops)
		goto out;
	ret = user_path_at(t, AT_FDCWD, upath, lookup, &path);
	if (ret)
		goto out;
	ret = inode_permission(t, d_inode(path.dentry), MAY_READ);
	if (!ret)
		ret = add_watch(t, f.file->private_data, igrab(d_inode(path.dentry)), mask);
	path_put(t, &path);
out:
	fdput(t, f);
	return ret;
}

int64_t
do_inotify_rm_watch(struct task *t, int fd, int wd)
{
	struct fd f = fdget(t, fd);
	struct fsnotify_mark *m;
	struct notify_todo todo;
	int64_t ret = 0;

	if (!f.file || f.file->f_op != &inotify_fops) {
		ret = f.file ? -EINVAL : -EBADF;
		goto out;
	}
	notify_lock(t->k, &todo);
	m = find_wd(f.file->private_data, wd);
	if (m)
		mark_drop(t->k, m, &todo);
	else
		ret = -EINVAL;
	notify_unlock(t->k, &todo);
out:
	fdput(t, f);
	return ret;
}
