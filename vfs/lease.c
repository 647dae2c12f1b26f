/* SPDX-License-Identifier: MIT
 *
 * Leases: fcntl(2), "Leases". A lease belongs to an open file; an inode's leases are on a list of its own.
 *
 * A lease is given only if nobody has the file open in a way that it excludes, and whoever opens the file looks for leases after
 * having counted himself: one of the two sees the other. A breaker marks the leases, tells their holders, and waits until none is in
 * the way; one that is not given up in time is taken.
 *
 * Locks: v->lease_lock is taken last but for f_lock. Signals are sent without it.
 */
#include <linux/capability.h>
#include <linux/fcntl.h>
#include <linux/stat.h>

#include "kernel/cred.h"
#include "kernel/task.h"
#include "kernel/time.h"
#include "vfs/dev/dev.h"
#include "vfs/fcntl.h"
#include "vfs/lease.h"

#define SECOND 1000000000ll

struct lease {
	struct lease *next; /* of the inode */
	struct file *file;  /* without a reference: its end is the lease's */
	int fd;
	int type;   /* F_RDLCK, F_WRLCK */
	int target; /* what it is to become: type, F_RDLCK or F_UNLCK */
	struct list_head all; /* of v->leases */
	const struct inode *inode;
	uint64_t dev; /* what the inode's st_dev is */
	int pid;      /* of who took it */
	int64_t read_by, none_by; /* when it is made F_RDLCK or taken, CLOCK_MONOTONIC; NO_DEADLINE: never */
};

void
lease_init(struct kernel *k)
{
	struct vfs_state *v = k->vfs;

	mutex_init(&v->lease_lock, RANK_TIMER);
	init_waitqueue_head(&v->lease_wait);
	INIT_LIST_HEAD(&v->leases);
	v->lease_break_time = 45;
	v->leases_enable = 1;
}

static struct lease *
find_lease(const struct inode *inode, const struct file *file)
{
	struct lease *l;

	for (l = inode->i_leases; l && l->file != file; l = l->next)
		;
	return l;
}

/* Change or end a lease; the lock is held. The lease to be freed, or NULL. */
static struct lease *
modify_lease(struct inode *inode, struct lease *l, int type)
{
	struct lease **at = &inode->i_leases;

	if (type != F_UNLCK) {
		if (l->target != F_UNLCK)
			l->target = type;
		l->type = type;
		l->read_by = NO_DEADLINE;
		return NULL;
	}
	while (*at != l)
		at = &(*at)->next;
	*at = l->next;
	list_del(&l->all);
	return l;
}

/* Take what has not been given up in time. The lock is held; what is to be freed is put before @dead. */
static struct lease *
time_out_leases(struct inode *inode, struct lease *dead)
{
	int64_t now = ktime_get();
	struct lease *l, *next;

	for (l = inode->i_leases; l; l = next) {
		next = l->next;
		if (l->target != l->type && l->none_by <= now) {
			l = modify_lease(inode, l, F_UNLCK);
			l->next = dead;
			dead = l;
		} else if (l->target != l->type && l->read_by <= now) {
			modify_lease(inode, l, F_RDLCK);
		}
	}
	return dead;
}

/* As a file's owner is when its lease has gone: nobody. */
static void
free_leases(struct kernel *k, struct lease *l)
{
	struct lease *next;

	if (l)
		wake_up_all(&k->vfs->lease_wait);
	for (; l; l = next) {
		next = l->next;
		kfree(k, l);
	}
}

static void
disown(struct task *t, struct file *file)
{
	if (!file->f_owner)
		return;
	ignore_err(f_setown(t, file, 0), "taking away needs no memory");
	file->f_owner->signum = 0;
}

static int
check_conflicting_open(const struct file *file, int type)
{
	const struct inode *inode = file->f_inode;
	int32_t writers = __atomic_load_n(&inode->i_writecount, __ATOMIC_SEQ_CST);
	int32_t readers = __atomic_load_n(&inode->i_readcount, __ATOMIC_SEQ_CST);

	if (type == F_RDLCK)
		return writers > 0 ? -EAGAIN : 0;
	if (file->f_mode & FMODE_WRITE)
		writers--;
	else if (file->f_mode & FMODE_READ)
		readers--;
	return writers || readers ? -EAGAIN : 0;
}

static int
remove_lease(struct task *t, struct file *file)
{
	struct vfs_state *v = t->k->vfs;
	struct lease *l;

	mutex_lock(&v->lease_lock);
	l = find_lease(file->f_inode, file);
	if (l) {
		l = modify_lease(file->f_inode, l, F_UNLCK);
		l->next = NULL;
	}
	mutex_unlock(&v->lease_lock);
	if (!l)
		return -EAGAIN;
	disown(t, file);
	free_leases(t->k, l);
	return 0;
}

/* May the lease be had beside the others? *@mine is the one there is already. The lock is held. */
static int
check_leases(const struct inode *inode, const struct file *file, int type, struct lease **mine)
{
	for (struct lease *l = inode->i_leases; l; l = l->next) {
		if (l->file == file)
			*mine = l;
		else if (type == F_WRLCK || l->target == F_UNLCK)
			return -EAGAIN;
	}
	return 0;
}

/* The lock is held. @new is used unless there is one of this file already. */
static int
insert_lease(struct vfs_state *v, struct file *file, int type, struct lease *new)
{
	struct inode *inode = file->f_inode;
	struct lease *mine = NULL, **at;
	int err = check_conflicting_open(file, type);

	if (!err)
		err = check_leases(inode, file, type, &mine);
	if (err)
		return err;
	if (mine) {
		modify_lease(inode, mine, type);
		return 1;
	}
	if (!READ_ONCE(v->leases_enable))
		return -EINVAL;
	for (at = &inode->i_leases; *at; at = &(*at)->next)
		;
	__atomic_store_n(at, new, __ATOMIC_SEQ_CST);
	err = check_conflicting_open(file, type);
	if (err)
		__atomic_store_n(at, NULL, __ATOMIC_SEQ_CST);
	else
		list_add_tail(&new->all, &v->leases);
	return err;
}

static int
add_lease(struct task *t, int fd, struct file *file, int type)
{
	struct vfs_state *v = t->k->vfs;
	struct lease *new = kmalloc(t->k, sizeof(*new)), *dead;
	int err;

	if (!new)
		return -ENOMEM;
	*new = (struct lease){ .file = file, .fd = fd, .type = type, .target = type, .read_by = NO_DEADLINE, .none_by = NO_DEADLINE,
			      .inode = file->f_inode, .dev = locks_dev(file->f_inode), .pid = t->tgid };
	mutex_lock(&v->lease_lock);
	dead = time_out_leases(file->f_inode, NULL);
	err = insert_lease(v, file, type, new);
	mutex_unlock(&v->lease_lock);
	free_leases(t->k, dead);
	if (err) {
		kfree(t->k, new);
		wake_up_all(&v->lease_wait); /* a change, perhaps of what somebody waits for */
		return err > 0 ? 0 : err;
	}
	return f_setown_if_none(t, file);
}

int
fcntl_setlease(struct task *t, int fd, struct file *file, uint64_t arg)
{
	if (arg != F_RDLCK && arg != F_WRLCK && arg != F_UNLCK)
		return -EINVAL;
	if (t->cred->fsuid != file->f_inode->i_uid && !capable(t, CAP_LEASE))
		return -EACCES;
	if (!S_ISREG(file->f_inode->i_mode))
		return -EINVAL;
	return arg == F_UNLCK ? remove_lease(t, file) : add_lease(t, fd, file, (int)arg);
}

int
fcntl_getlease(struct task *t, struct file *file)
{
	struct vfs_state *v = t->k->vfs;
	struct lease *l, *dead;
	int type;

	mutex_lock(&v->lease_lock);
	dead = time_out_leases(file->f_inode, NULL);
	l = find_lease(file->f_inode, file);
	type = l ? l->target : F_UNLCK;
	mutex_unlock(&v->lease_lock);
	free_leases(t->k, dead);
	return type;
}

void
lease_release(struct file *file)
{
	struct vfs_state *v = file->k->vfs;
	struct lease *l;

	if (likely(!READ_ONCE(file->f_inode->i_leases)))
		return;
	mutex_lock(&v->lease_lock);
	l = find_lease(file->f_inode, file);
	if (l) {
		l = modify_lease(file->f_inode, l, F_UNLCK);
		l->next = NULL;
	}
	mutex_unlock(&v->lease_lock);
	free_leases(file->k, l);
}

static bool
conflicts(const struct lease *l, bool write)
{
	return write || l->type == F_WRLCK;
}

/* Mark the next lease in the way that is not marked yet. The lock is held. */
static struct lease *
mark_next(struct vfs_state *v, struct inode *inode, bool write)
{
	int64_t seconds = READ_ONCE(v->lease_break_time), by = seconds ? ktime_get() + seconds * SECOND : NO_DEADLINE;

	for (struct lease *l = inode->i_leases; l; l = l->next) {
		if (!conflicts(l, write) || l->target == F_UNLCK || (!write && l->target != l->type))
			continue;
		l->target = write ? F_UNLCK : F_RDLCK;
		*(write ? &l->none_by : &l->read_by) = by;
		return l;
	}
	return NULL;
}

static void
tell_holders(struct task *t, struct inode *inode, bool write)
{
	struct vfs_state *v = t->k->vfs;
	struct fown owner;
	struct lease *l;

	do {
		bool tell = false;
		int fd = -1;

		mutex_lock(&v->lease_lock);
		l = mark_next(v, inode, write);
		if (l) {
			tell = file_copy_owner(l->file, &owner);
			fd = l->fd;
		}
		mutex_unlock(&v->lease_lock);
		if (tell)
			send_sigio(t->k, &owner, fd, POLL_MSG_NR);
	} while (l);
}

/* Is a lease in the way still? Until when, at most. */
static bool
in_the_way(struct task *t, struct inode *inode, bool write, int64_t *until)
{
	struct vfs_state *v = t->k->vfs;
	struct lease *dead;
	bool any = false;

	*until = NO_DEADLINE;
	mutex_lock(&v->lease_lock);
	dead = time_out_leases(inode, NULL);
	for (const struct lease *l = inode->i_leases; l; l = l->next) {
		if (!conflicts(l, write))
			continue;
		any = true;
		*until = MIN(*until, MIN(l->read_by, l->none_by));
	}
	mutex_unlock(&v->lease_lock);
	free_leases(t->k, dead);
	return any;
}

int
__break_lease(struct task *t, struct inode *inode, uint32_t flags)
{
	bool write = (flags & O_ACCMODE) != O_RDONLY;
	struct wait_queue_entry we;
	int64_t until;
	int err = 0;

	if (!in_the_way(t, inode, write, &until))
		return 0;
	tell_holders(t, inode, write);
	init_wait(&we, t);
	for (;;) {
		prepare_to_wait(&t->k->vfs->lease_wait, &we, TASK_INTERRUPTIBLE);
		if (!in_the_way(t, inode, write, &until))
			break;
		if (flags & O_NONBLOCK)
			err = -EWOULDBLOCK;
		else if (signal_pending(t))
			err = -ERESTARTSYS;
		if (err)
			break;
		if (schedule_until(t, until) == 0)
			tell_holders(t, inode, write); /* a lease that has been changed is in the way anew */
	}
	finish_wait(&t->k->vfs->lease_wait, &we);
	return err;
}

bool
show_leases(struct kernel *k, const struct file *file, int *id, struct lock_text *text)
{
	struct vfs_state *v = k->vfs;
	struct lease *l;
	mutex_guard(&v->lease_lock);

	list_for_each_entry(l, &v->leases, all) {
		if (file && l->file != file)
			continue;
		if (text->size - text->len < LOCK_LINE_MAX)
			return false;
		text->len += (size_t)ksnprintf(text->buf + text->len, LOCK_LINE_MAX, "%s%d: LEASE  %s%s %d %02x:%02x:%llu 0 EOF\n",
					       file ? "lock:\t" : "", ++*id, l->target != l->type ? "BREAKING  " : "ACTIVE    ",
					       l->target == F_WRLCK ? "WRITE" : l->target == F_RDLCK ? "READ" : "UNLCK", l->pid,
					       DEV_MAJOR(l->dev), DEV_MINOR(l->dev), (unsigned long long)l->inode->i_ino);
	}
	return true;
}
