/* SPDX-License-Identifier: MIT
 *
 * epoll: epoll(7), epoll_ctl(2).
 *
 * An *item* is a file watched by an instance under a descriptor number. Its entries sit on the wait queues that the file's
 * poll names; their function puts the item on the instance's ready list and wakes waiters. epoll_wait takes items off the
 * ready list, asks each file what holds now, reports it, and puts level-triggered ones back at the end. So no event is lost:
 * an item is off the list before its file is asked, and an event during the asking puts it on again.
 *
 * Locks, outermost first: k->epoll->lock (nesting of instances, removal at a file's or an instance's end), ep->mtx (items; it
 * is held over f_op->poll; outer instance before inner), then what f_op->poll takes; file->f_lock (f_ep); wait queues; ep->lock
 * (the ready list, from entry functions).
 * An item has no reference to its file: the file's last fput() takes its items away before anything is released.
 * Left out: EPOLLWAKEUP is accepted and does nothing; the limit of watches a user may have.
 */
#include <linux/eventpoll.h>
#include <linux/fcntl.h>

#include "kernel/task.h"
#include "vfs/eventpoll.h"
#include "vfs/fdtable.h"
#include "vfs/namei.h"
#include "vfs/poll.h"

#define EP_MAX_NESTS  4
#define EP_MAX_EVENTS (INT32_MAX / (int)sizeof(struct epoll_event))
#define EP_BATCH      16

#define EP_PRIVATE_BITS	      (EPOLLWAKEUP | EPOLLONESHOT | EPOLLET | EPOLLEXCLUSIVE)
#define EPOLLINOUT_BITS	      (EPOLLIN | EPOLLOUT)
#define EPOLLEXCLUSIVE_OK_BITS (EPOLLINOUT_BITS | EPOLLERR | EPOLLHUP | EPOLLWAKEUP | EPOLLET | EPOLLEXCLUSIVE)

_Static_assert(sizeof(struct epoll_event) == 12, "ABI of epoll_event");

struct epoll_state {
	struct mutex lock; /* RANK_EPOLL */
	struct kmem_cache items, entries;
};

/* One of an item's places on a wait queue. */
struct eppoll_entry {
	struct wait_queue_entry wait;
	struct wait_queue_head *wq;
	struct epitem *item;
	struct eppoll_entry *next;
};

struct epitem {
	struct epitem *next; /* in ep->buckets */
	struct list_head ready; /* ep->lock; points to itself when not on a list */
	struct list_head f_ep;	/* file->f_lock */
	struct eventpoll *ep;
	struct file *file;
	int fd;
	struct epoll_event event;
	struct eppoll_entry *entries;
	/* of items that watch an instance: k->epoll->lock */
	struct list_head child_link;  /* in the watcher's children */
	struct list_head parent_link; /* in the watched one's parents */
};

struct eventpoll {
	struct kernel *k;
	struct mutex mtx;  /* RANK_EPOLL */
	struct mutex lock; /* RANK_LEAF */
	struct list_head ready;
	struct wait_queue_head wq;	  /* epoll_wait */
	struct wait_queue_head poll_wait; /* who polls the instance itself */
	struct epitem **buckets;
	uint32_t nbuckets, nitems;
	struct list_head children, parents;
	struct file *file;
};

static const struct file_operations eventpoll_fops;

int
epoll_init(struct kernel *k)
{
	struct epoll_state *s = kzalloc(k, sizeof(*s));

	if (!s)
		return -ENOMEM;
	mutex_init(&s->lock, RANK_EPOLL);
	kmem_cache_init(k, &s->items, "eventpoll_epi", sizeof(struct epitem), 0);
	kmem_cache_init(k, &s->entries, "eventpoll_pwq", sizeof(struct eppoll_entry), 0);
	k->epoll = s;
	return 0;
}

static bool
is_file_epoll(const struct file *file)
{
	return file->f_op == &eventpoll_fops;
}

/* ---- items by file and descriptor: ep->mtx ---- */

static uint32_t
item_hash(const struct eventpoll *ep, const struct file *file, int fd)
{
	return ((uint32_t)fd ^ (uint32_t)((uintptr_t)file >> 6) * 0x9e3779b1u >> 8) & (ep->nbuckets - 1);
}

static struct epitem *
ep_find(struct eventpoll *ep, const struct file *file, int fd)
{
	struct epitem *item = ep->nbuckets ? ep->buckets[item_hash(ep, file, fd)] : NULL;

	while (item && (item->file != file || item->fd != fd))
		item = item->next;
	return item;
}

static bool
ep_grow(struct eventpoll *ep)
{
	uint32_t old_n = ep->nbuckets, n = old_n ? 2 * old_n : 16;
	struct epitem **old = ep->buckets, **fresh = kzalloc(ep->k, n * sizeof(*fresh));

	if (!fresh)
		return old_n != 0; /* longer chains will do */
	ep->buckets = fresh;
	ep->nbuckets = n;
	for (uint32_t i = 0; i < old_n; i++) {
		for (struct epitem *item = old[i], *next; item; item = next) {
			uint32_t h = item_hash(ep, item->file, item->fd);

			next = item->next;
			item->next = fresh[h];
			fresh[h] = item;
		}
	}
	kfree(ep->k, old);
	return true;
}

static bool
ep_link(struct eventpoll *ep, struct epitem *item)
{
	uint32_t h;

	if (ep->nitems >= ep->nbuckets && !ep_grow(ep))
		return false;
	h = item_hash(ep, item->file, item->fd);
	item->next = ep->buckets[h];
	ep->buckets[h] = item;
	ep->nitems++;
	return true;
}

static void
ep_unlink(struct eventpoll *ep, struct epitem *item)
{
	struct epitem **p = &ep->buckets[item_hash(ep, item->file, item->fd)];

	while (*p != item)
		p = &(*p)->next;
	*p = item->next;
	ep->nitems--;
}

/* ---- events arrive ---- */

/* Does an exclusive item use this wake-up? */
static int
exclusive_wake(uint32_t events, uint32_t key)
{
	switch (key & EPOLLINOUT_BITS) {
	case EPOLLIN:
		return (events & EPOLLIN) != 0;
	case EPOLLOUT:
		return (events & EPOLLOUT) != 0;
	case 0:
		return 1;
	default:
		return 0;
	}
}

static bool
waiting(const struct wait_queue_head *wq)
{
	return __atomic_load_n(&wq->head.next, __ATOMIC_RELAXED) != &wq->head;
}

/* Under the lock of the wait queue that was woken. */
static int
ep_poll_callback(struct wait_queue_entry *e, uint32_t key)
{
	struct epitem *item = container_of(e, struct eppoll_entry, wait)->item;
	struct eventpoll *ep = item->ep;
	uint32_t events;
	int ewake = 0;

	mutex_lock(&ep->lock);
	events = READ_ONCE(item->event.events);
	if (!(events & ~(uint32_t)EP_PRIVATE_BITS) || (key && !(key & events))) {
		mutex_unlock(&ep->lock);
		return !(events & EPOLLEXCLUSIVE);
	}
	if (list_empty(&item->ready))
		list_add_tail(&item->ready, &ep->ready);
	mutex_unlock(&ep->lock);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	if (waiting(&ep->wq)) {
		ewake = exclusive_wake(events, key);
		wake_up(&ep->wq);
	}
	if (waiting(&ep->poll_wait))
		__wake_up(&ep->poll_wait, 0, EPOLLIN | EPOLLRDNORM);
	return events & EPOLLEXCLUSIVE ? ewake : 1;
}

struct ep_pqueue {
	struct poll_table pt;
	struct epitem *item;
	bool failed;
};

static void
ep_queue(struct file *file, struct wait_queue_head *wq, struct poll_table *pt)
{
	struct ep_pqueue *epq = container_of(pt, struct ep_pqueue, pt);
	struct epitem *item = epq->item;
	struct eppoll_entry *entry = kmem_cache_alloc(&item->ep->k->epoll->entries);

	if (!entry) {
		epq->failed = true;
		return;
	}
	init_wait(&entry->wait, NULL);
	entry->wait.func = ep_poll_callback;
	entry->wait.exclusive = item->event.events & EPOLLEXCLUSIVE;
	entry->wq = wq;
	entry->item = item;
	entry->next = item->entries;
	item->entries = entry;
	add_wait_queue(wq, &entry->wait);
}

static void
ep_unregister(struct epitem *item)
{
	while (item->entries) {
		struct eppoll_entry *entry = item->entries;

		item->entries = entry->next;
		remove_wait_queue(entry->wq, &entry->wait);
		kmem_cache_free(&item->ep->k->epoll->entries, entry);
	}
}

static uint32_t
ep_item_poll(struct task *t, struct epitem *item, struct poll_table *pt)
{
	uint32_t events = item->event.events;

	pt->key = events;
	return vfs_poll(t, item->file, pt) & events;
}

/* ---- items come and go ---- */

/* ep->mtx is held; k->epoll->lock too if the item watches an instance. */
static void
ep_remove(struct eventpoll *ep, struct epitem *item)
{
	ep_unregister(item);
	mutex_lock(&item->file->f_lock);
	list_del_init(&item->f_ep);
	mutex_unlock(&item->file->f_lock);
	ep_unlink(ep, item);
	mutex_lock(&ep->lock);
	list_del_init(&item->ready);
	mutex_unlock(&ep->lock);
	if (is_file_epoll(item->file)) {
		list_del_init(&item->child_link);
		list_del_init(&item->parent_link);
	}
	kmem_cache_free(&ep->k->epoll->items, item);
}

/* Put an item that has something to say on the ready list. */
static void
ep_make_ready(struct eventpoll *ep, struct epitem *item)
{
	bool fresh;

	mutex_lock(&ep->lock);
	fresh = list_empty(&item->ready);
	if (fresh)
		list_add_tail(&item->ready, &ep->ready);
	mutex_unlock(&ep->lock);
	if (!fresh)
		return;
	wake_up(&ep->wq);
	__wake_up(&ep->poll_wait, 0, EPOLLIN | EPOLLRDNORM);
}

static int
ep_insert(struct task *t, struct eventpoll *ep, struct file *file, int fd, const struct epoll_event *event)
{
	struct epitem *item = kmem_cache_zalloc(&ep->k->epoll->items);
	struct ep_pqueue epq = { .pt = { .qproc = ep_queue }, .item = item };
	uint32_t revents;

	if (!item)
		return -ENOMEM;
	INIT_LIST_HEAD(&item->ready);
	item->ep = ep;
	item->file = file;
	item->fd = fd;
	item->event = *event;
	if (!ep_link(ep, item)) {
		kmem_cache_free(&ep->k->epoll->items, item);
		return -ENOMEM;
	}
	mutex_lock(&file->f_lock);
	list_add_tail(&item->f_ep, &file->f_ep);
	mutex_unlock(&file->f_lock);
	if (is_file_epoll(file)) {
		list_add_tail(&item->child_link, &ep->children);
		list_add_tail(&item->parent_link, &((struct eventpoll *)file->private_data)->parents);
	}
	revents = ep_item_poll(t, item, &epq.pt);
	if (epq.failed) {
		ep_remove(ep, item);
		return -ENOMEM;
	}
	if (revents)
		ep_make_ready(ep, item);
	return 0;
}

static int
ep_modify(struct task *t, struct eventpoll *ep, struct epitem *item, const struct epoll_event *event)
{
	struct poll_table pt = { .qproc = NULL };

	/* The new mask is there before the file is asked: an event now finds it. */
	mutex_lock(&ep->lock);
	item->event = *event;
	mutex_unlock(&ep->lock);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	if (ep_item_poll(t, item, &pt))
		ep_make_ready(ep, item);
	return 0;
}

/* ---- nesting: k->epoll->lock ---- */

static int
depth_below(const struct eventpoll *ep, const struct eventpoll *top, int level)
{
	struct epitem *item;
	int deepest = 0;

	if (ep == top || level > EP_MAX_NESTS)
		return EP_MAX_NESTS + 1;
	list_for_each_entry(item, &ep->children, child_link)
		deepest = MAX(deepest, 1 + depth_below(item->file->private_data, top, level + 1));
	return deepest;
}

static int
height_above(const struct eventpoll *ep, int level)
{
	struct epitem *item;
	int highest = 0;

	if (level > EP_MAX_NESTS)
		return EP_MAX_NESTS + 1;
	list_for_each_entry(item, &ep->parents, parent_link)
		highest = MAX(highest, 1 + height_above(item->ep, level + 1));
	return highest;
}

/* May @ep watch @to? */
static int
ep_loop_check(const struct eventpoll *ep, const struct eventpoll *to)
{
	return depth_below(to, ep, 0) + 1 + height_above(ep, 0) > EP_MAX_NESTS ? -ELOOP : 0;
}

/* ---- epoll_wait ---- */

static bool
ep_events_available(struct eventpoll *ep)
{
	return __atomic_load_n(&ep->ready.next, __ATOMIC_ACQUIRE) != &ep->ready;
}

static struct epitem *
pop_ready(struct eventpoll *ep, struct list_head *from)
{
	struct epitem *item = NULL;

	mutex_lock(&ep->lock);
	if (!list_empty(from)) {
		item = list_first_entry(from, struct epitem, ready);
		list_del_init(&item->ready);
	}
	mutex_unlock(&ep->lock);
	return item;
}

static void
push_ready(struct eventpoll *ep, struct epitem *item)
{
	mutex_lock(&ep->lock);
	if (list_empty(&item->ready))
		list_add_tail(&item->ready, &ep->ready);
	mutex_unlock(&ep->lock);
}

/* Take what is ready for a scan; end_scan() puts back in front what the scan did not reach. */
static void
start_scan(struct eventpoll *ep, struct list_head *list)
{
	INIT_LIST_HEAD(list);
	mutex_lock(&ep->lock);
	list_splice_tail_init(&ep->ready, list);
	mutex_unlock(&ep->lock);
}

static void
end_scan(struct eventpoll *ep, struct list_head *list)
{
	bool more;

	mutex_lock(&ep->lock);
	list_splice_tail_init(&ep->ready, list);
	list_splice_tail_init(list, &ep->ready);
	more = !list_empty(&ep->ready);
	mutex_unlock(&ep->lock);
	if (more)
		wake_up(&ep->wq);
}

/* One batch of events from @list. How many; @items are those reported. */
static int
collect(struct task *t, struct eventpoll *ep, struct list_head *list, struct epoll_event *out, struct epitem **items, int max)
{
	struct poll_table pt = { .qproc = NULL };
	struct epitem *item;
	int n = 0;

	while (n < max && (item = pop_ready(ep, list))) {
		uint32_t revents = ep_item_poll(t, item, &pt);

		if (!revents)
			continue;
		out[n].events = revents;
		out[n].data = item->event.data;
		items[n++] = item;
	}
	return n;
}

/* The caller has these events: disarm or put back. */
static void
reported(struct eventpoll *ep, struct epitem **items, int n)
{
	for (int i = 0; i < n; i++) {
		struct epitem *item = items[i];

		if (item->event.events & EPOLLONESHOT) {
			mutex_lock(&ep->lock);
			item->event.events &= EP_PRIVATE_BITS;
			mutex_unlock(&ep->lock);
		} else if (!(item->event.events & EPOLLET)) {
			push_ready(ep, item);
		}
	}
}

static int64_t
ep_send_events(struct task *t, struct eventpoll *ep, uaddr_t u, int maxevents)
{
	struct epoll_event out[EP_BATCH];
	struct epitem *items[EP_BATCH];
	struct list_head list;
	int64_t done = 0;

	mutex_lock(&ep->mtx);
	start_scan(ep, &list);
	while (done < maxevents) {
		int max = (int)MIN((int64_t)EP_BATCH, maxevents - done);
		int n = collect(t, ep, &list, out, items, max);

		if (n == 0)
			break;
		if (copy_to_user(t, uaddr_add(u, (uint64_t)done * sizeof(*out)), out, (size_t)n * sizeof(*out))) {
			for (int i = 0; i < n; i++)
				push_ready(ep, items[i]);
			if (done == 0)
				done = -EFAULT;
			break;
		}
		reported(ep, items, n);
		done += n;
		if (n < max)
			break;
	}
	end_scan(ep, &list);
	mutex_unlock(&ep->mtx);
	return done;
}

static int64_t
ep_poll(struct task *t, struct eventpoll *ep, uaddr_t events, int maxevents, int64_t end)
{
	bool timed_out = end == 0;
	struct wait_queue_entry we;
	int64_t n;

	for (;;) {
		if (ep_events_available(ep)) {
			n = ep_send_events(t, ep, events, maxevents);
			if (n)
				return n;
		}
		if (timed_out)
			return 0;
		if (signal_pending(t))
			return -EINTR;
		init_wait(&we, t);
		prepare_to_wait_exclusive(&ep->wq, &we, TASK_INTERRUPTIBLE);
		if (!ep_events_available(ep))
			timed_out = schedule_until(t, end) == -ETIME;
		finish_wait(&ep->wq, &we);
	}
}

/* ---- the instance as a file ---- */

static uint32_t
ep_eventpoll_poll(struct task *t, struct file *file, struct poll_table *pt)
{
	struct eventpoll *ep = file->private_data;
	struct poll_table none = { .qproc = NULL };
	struct list_head list;
	struct epitem *item;
	uint32_t mask = 0;

	poll_wait(file, &ep->poll_wait, pt);
	if (!ep_events_available(ep))
		return 0;
	mutex_lock_nested(&ep->mtx);
	start_scan(ep, &list);
	while (!mask && (item = pop_ready(ep, &list))) {
		/* Was ready once, is it still? If not it leaves the list. */
		if (ep_item_poll(t, item, &none)) {
			push_ready(ep, item);
			mask = EPOLLIN | EPOLLRDNORM;
		}
	}
	end_scan(ep, &list);
	mutex_unlock(&ep->mtx);
	return mask;
}

static void
ep_release(struct task *t, struct inode *inode, struct file *file)
{
	struct eventpoll *ep = file->private_data;
	struct kernel *k = ep->k;

	mutex_lock(&k->epoll->lock);
	mutex_lock_nested(&ep->mtx);
	for (uint32_t i = 0; i < ep->nbuckets; i++)
		while (ep->buckets[i])
			ep_remove(ep, ep->buckets[i]);
	mutex_unlock(&ep->mtx);
	mutex_unlock(&k->epoll->lock);
	kfree(k, ep->buckets);
	kfree(k, ep);
}

static int
ep_show_fdinfo(struct task *t, struct file *file, char *buf, size_t n)
{
	struct eventpoll *ep = file->private_data;
	int len = 0;

	mutex_lock(&ep->mtx);
	for (uint32_t i = 0; i < ep->nbuckets; i++) {
		for (struct epitem *item = ep->buckets[i]; item && (size_t)len < n; item = item->next) {
			struct inode *inode = item->file->f_inode;

			len += ksnprintf(buf + len, n - (size_t)len, "tfd: %8d events: %8x data: %16llx  pos:%lld ino:%llx sdev:%llx\n",
					 item->fd, item->event.events, (unsigned long long)item->event.data,
					 (long long)item->file->f_pos, (unsigned long long)inode->i_ino,
					 (unsigned long long)inode->i_sb->s_dev);
		}
	}
	mutex_unlock(&ep->mtx);
	return MIN(len, (int)n);
}

static const struct file_operations eventpoll_fops = {
	.llseek = noop_llseek,
	.release = ep_release,
	.poll = ep_eventpoll_poll,
	.show_fdinfo = ep_show_fdinfo,
};

void
eventpoll_release_file(struct task *t, struct file *file)
{
	struct kernel *k = file->k;

	mutex_lock(&k->epoll->lock);
	while (!list_empty(&file->f_ep)) {
		struct epitem *item = list_first_entry(&file->f_ep, struct epitem, f_ep);
		struct eventpoll *ep = item->ep;

		/* Nobody else can take items of a file without references away: epoll_ctl needs one, ep_release() our lock. */
		mutex_lock_nested(&ep->mtx);
		ep_remove(ep, item);
		mutex_unlock(&ep->mtx);
	}
	mutex_unlock(&k->epoll->lock);
}

int64_t
do_epoll_create(struct task *t, int flags)
{
	struct eventpoll *ep;
	struct file *file;
	int fd;

	if (flags & ~EPOLL_CLOEXEC)
		return -EINVAL;
	ep = kzalloc(t->k, sizeof(*ep));
	if (!ep)
		return -ENOMEM;
	ep->k = t->k;
	mutex_init(&ep->mtx, RANK_EPOLL);
	mutex_init(&ep->lock, RANK_LEAF);
	INIT_LIST_HEAD(&ep->ready);
	INIT_LIST_HEAD(&ep->children);
	INIT_LIST_HEAD(&ep->parents);
	init_waitqueue_head(&ep->wq);
	init_waitqueue_head(&ep->poll_wait);
	fd = get_unused_fd_flags(t, flags & EPOLL_CLOEXEC ? O_CLOEXEC : 0);
	if (fd < 0) {
		kfree(t->k, ep);
		return fd;
	}
	file = anon_inode_getfile(t, "[eventpoll]", &eventpoll_fops, ep, O_RDWR);
	if (IS_ERR(file)) {
		put_unused_fd(t, fd);
		kfree(t->k, ep);
		return PTR_ERR(file);
	}
	ep->file = file;
	fd_install(t, fd, file);
	return fd;
}

static int
ctl_locked(struct task *t, struct eventpoll *ep, int op, struct file *file, int fd, struct epoll_event *event)
{
	struct epitem *item = ep_find(ep, file, fd);

	switch (op) {
	case EPOLL_CTL_ADD:
		if (item)
			return -EEXIST;
		event->events |= EPOLLERR | EPOLLHUP;
		return ep_insert(t, ep, file, fd, event);
	case EPOLL_CTL_DEL:
		if (!item)
			return -ENOENT;
		ep_remove(ep, item);
		return 0;
	case EPOLL_CTL_MOD:
		if (!item)
			return -ENOENT;
		if (item->event.events & EPOLLEXCLUSIVE)
			return -EINVAL;
		event->events |= EPOLLERR | EPOLLHUP;
		return ep_modify(t, ep, item, event);
	default:
		return -EINVAL;
	}
}

static int
ctl_files(struct task *t, struct file *epfile, int op, struct file *file, int fd, struct epoll_event *event) __no_thread_safety
{
	struct eventpoll *ep;
	bool nested;
	int err = 0;

	if (!file->f_op->poll)
		return -EPERM;
	if (epfile == file || !is_file_epoll(epfile))
		return -EINVAL;
	if (op != EPOLL_CTL_DEL && (event->events & EPOLLEXCLUSIVE)) {
		if (op == EPOLL_CTL_MOD)
			return -EINVAL;
		if (op == EPOLL_CTL_ADD && (is_file_epoll(file) || (event->events & ~(uint32_t)EPOLLEXCLUSIVE_OK_BITS)))
			return -EINVAL;
	}
	ep = epfile->private_data;
	nested = is_file_epoll(file);
	if (nested) {
		mutex_lock(&t->k->epoll->lock);
		if (op == EPOLL_CTL_ADD)
			err = ep_loop_check(ep, file->private_data);
	}
	if (!err) {
		mutex_lock_nested(&ep->mtx);
		err = ctl_locked(t, ep, op, file, fd, event);
		mutex_unlock(&ep->mtx);
	}
	if (nested)
		mutex_unlock(&t->k->epoll->lock);
	return err;
}

int64_t
do_epoll_ctl(struct task *t, int epfd, int op, int fd, struct epoll_event *event)
{
	struct fd f = fdget(t, epfd), tf;
	int64_t err = -EBADF;

	if (!f.file)
		return -EBADF;
	tf = fdget(t, fd);
	if (tf.file) {
		err = ctl_files(t, f.file, op, tf.file, fd, event);
		fdput(t, tf);
	}
	fdput(t, f);
	return err;
}

int64_t
do_epoll_wait(struct task *t, int epfd, uaddr_t events, int maxevents, int64_t end)
{
	int64_t ret = -EINVAL;
	struct fd f;

	if (maxevents <= 0 || maxevents > EP_MAX_EVENTS)
		return -EINVAL;
	if (events.a > TASK_SIZE_MAX || (uint64_t)maxevents * sizeof(struct epoll_event) > TASK_SIZE_MAX - events.a)
		return -EFAULT;
	f = fdget(t, epfd);
	if (!f.file)
		return -EBADF;
	if (is_file_epoll(f.file))
		ret = ep_poll(t, f.file->private_data, events, maxevents, end);
	fdput(t, f);
	return ret;
}
