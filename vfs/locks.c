/* SPDX-License-Identifier: MIT
 *
 * Advisory locks: record locks of processes (POSIX) and of open files (OFD), fcntl_locking(2); locks of whole files, flock(2).
 *
 * The locks of a file hang off its inode in a file_lock_context, made at the first one, and are protected by its lock. A waiter
 * sleeps on the context's queue and tries again whenever a lock of the file goes. A process that would wait for itself, through
 * others, is refused: posix_blocked lists who waits for whom.
 *
 * Lock order: context lock, then posix_blocked_lock; both are leaves. Waking happens after.
 */
#include <linux/fcntl.h>
#include <linux/fs.h>
#include <linux/stat.h>

#include "kernel/task.h"
#include "vfs/dev/dev.h"
#include "vfs/fcntl.h"
#include "vfs/hostfs/hostfs.h"
#include "vfs/internal.h"

#define OFFSET_MAX	   INT64_MAX
#define MAX_DEADLK_STEPS 10

struct file_lock {
	struct list_head link;
	int type; /* F_RDLCK, F_WRLCK */
	bool ofd;
	int pid;
	int64_t start, end; /* inclusive */
	const void *owner;  /* files_struct, or the file */
};

struct file_lock_context {
	struct list_head all; /* v->file_locks_lock */
	struct inode *inode;
	struct mutex lock; /* RANK_LEAF */
	struct list_head posix; /* by start; processes' and open files' */
	struct list_head flock;
	struct wait_queue_head wait;
};

/* Somebody asleep in F_SETLKW. */
struct posix_waiter {
	struct list_head link;
	const void *owner, *blocker;
};

void
locks_init(struct kernel *k)
{
	kmem_cache_init(k, &k->vfs->file_locks, "file_lock", sizeof(struct file_lock), 0);
	mutex_init(&k->vfs->posix_blocked_lock, RANK_LEAF);
	INIT_LIST_HEAD(&k->vfs->posix_blocked);
	mutex_init(&k->vfs->file_locks_lock, RANK_FILE_LOCKS);
	INIT_LIST_HEAD(&k->vfs->file_locks_list);
}

static struct file_lock_context *
get_context(struct kernel *k, struct inode *inode)
{
	struct file_lock_context *ctx = __atomic_load_n(&inode->i_flctx, __ATOMIC_ACQUIRE), *new;
	struct vfs_state *v = k->vfs;

	if (ctx)
		return ctx;
	new = kzalloc(k, sizeof(*new));
	if (!new)
		return NULL;
	mutex_init(&new->lock, RANK_LEAF);
	INIT_LIST_HEAD(&new->posix);
	INIT_LIST_HEAD(&new->flock);
	init_waitqueue_head(&new->wait);
	new->inode = inode;
	mutex_lock(&v->file_locks_lock);
	if (__atomic_compare_exchange_n(&inode->i_flctx, &ctx, new, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE)) {
		list_add_tail(&new->all, &v->file_locks_list);
		ctx = new;
		new = NULL;
	}
	mutex_unlock(&v->file_locks_lock);
	kfree(k, new);
	return ctx;
}

static void
free_locks(struct kernel *k, struct list_head *list)
{
	struct file_lock *l, *n;

	list_for_each_entry_safe(l, n, list, link)
		kmem_cache_free(&k->vfs->file_locks, l);
	INIT_LIST_HEAD(list);
}

void
locks_free_context(struct inode *inode)
{
	struct file_lock_context *ctx = inode->i_flctx;
	struct kernel *k = inode->i_sb->k;

	if (!ctx)
		return;
	mutex_lock(&k->vfs->file_locks_lock);
	list_del(&ctx->all);
	mutex_unlock(&k->vfs->file_locks_lock);
	free_locks(k, &ctx->posix);
	free_locks(k, &ctx->flock);
	kfree(k, ctx);
	inode->i_flctx = NULL;
}

static bool
overlaps(const struct file_lock *a, const struct file_lock *b)
{
	return a->start <= b->end && b->start <= a->end;
}

static struct file_lock *
posix_conflict(struct file_lock_context *ctx, const struct file_lock *req)
{
	struct file_lock *l;

	list_for_each_entry(l, &ctx->posix, link)
		if (l->owner != req->owner && overlaps(l, req) && (l->type == F_WRLCK || req->type == F_WRLCK))
			return l;
	return NULL;
}

/* F_OFD_GETLK with F_UNLCK asks for the open file's own locks. */
static struct file_lock *
posix_own(struct file_lock_context *ctx, const struct file_lock *req)
{
	struct file_lock *l;

	list_for_each_entry(l, &ctx->posix, link)
		if (l->owner == req->owner && overlaps(l, req))
			return l;
	return NULL;
}

/* What follows the locks of @owner, which are together: the owner that had its first lock next, or the end. */
static struct list_head *
posix_group_end(struct file_lock_context *ctx, const void *owner)
{
	struct file_lock *l;
	bool found = false;

	list_for_each_entry(l, &ctx->posix, link) {
		if (found && l->owner != owner)
			return &l->link;
		found = found || l->owner == owner;
	}
	return &ctx->posix;
}

/* Among its owner's locks, in order of their starts; @end is what follows them. F_GETLK tells of the first that is in the way. */
static void
posix_insert(struct file_lock_context *ctx, struct file_lock *new, struct list_head *end)
{
	struct list_head *at = end;

	while (at->prev != &ctx->posix) {
		const struct file_lock *l = list_entry(at->prev, struct file_lock, link);

		if (l->owner != new->owner || l->start < new->start)
			break;
		at = at->prev;
	}
	list_add_tail(&new->link, at);
}

/* Do two ranges of one type make one? */
static bool
touches(const struct file_lock *a, const struct file_lock *b)
{
	return (a->end == OFFSET_MAX || b->start <= a->end + 1) && (b->end == OFFSET_MAX || a->start <= b->end + 1);
}

/*
 * Make @req true; the context is locked and nothing conflicts. Own locks of the same type melt into the request, others lose what
 * it covers, which may cut one in two: then *@spare is used up. Locks that are gone go to @dead.
 */
static void
posix_apply(struct file_lock_context *ctx, struct file_lock *req, struct file_lock **spare, struct list_head *dead)
{
	struct file_lock *l, *n;

	list_for_each_entry_safe(l, n, &ctx->posix, link) {
		if (l->owner != req->owner)
			continue;
		if (l->type == req->type) {
			if (!touches(l, req))
				continue;
			req->start = MIN(req->start, l->start);
			req->end = MAX(req->end, l->end);
			list_move_tail(&l->link, dead);
		} else if (overlaps(l, req)) {
			if (l->start < req->start && l->end > req->end) {
				struct file_lock *right = *spare;

				*spare = NULL;
				*right = *l;
				right->start = req->end + 1;
				l->end = req->start - 1;
				posix_insert(ctx, right, posix_group_end(ctx, right->owner));
				return;
			}
			if (l->start < req->start) {
				l->end = req->start - 1;
			} else if (l->end > req->end) {
				l->start = req->end + 1; /* still before the owner's next one */
			} else {
				list_move_tail(&l->link, dead);
			}
		}
	}
}

/* One try. -EAGAIN: *@blocker owns what is in the way. */
static int
posix_lock(struct kernel *k, struct inode *inode, const struct file_lock *want, const void **blocker)
{
	struct file_lock_context *ctx = get_context(k, inode);
	struct kmem_cache *cache = &k->vfs->file_locks;
	struct file_lock *new = kmem_cache_alloc(cache), *spare = kmem_cache_alloc(cache), *l;
	struct list_head dead, *end;
	bool changed;
	int err = 0;

	if (!ctx || !new || !spare) {
		kmem_cache_free(cache, new);
		kmem_cache_free(cache, spare);
		return -ENOLCK;
	}
	INIT_LIST_HEAD(&dead);
	*new = *want;
	mutex_lock(&ctx->lock);
	l = want->type == F_UNLCK ? NULL : posix_conflict(ctx, new);
	if (l) {
		*blocker = l->owner;
		err = -EAGAIN;
	} else {
		end = posix_group_end(ctx, new->owner);
		posix_apply(ctx, new, &spare, &dead);
		if (want->type != F_UNLCK) {
			posix_insert(ctx, new, end);
			new = NULL;
		}
	}
	mutex_unlock(&ctx->lock);
	/* A write lock that became a read lock lets others in too. */
	changed = !err;
	free_locks(k, &dead);
	kmem_cache_free(cache, new);
	kmem_cache_free(cache, spare);
	if (changed)
		wake_up_all(&ctx->wait);
	return err;
}

/* Would waiting for @blocker be waiting for ourselves? posix_blocked_lock is held. */
static bool
would_deadlock(struct vfs_state *v, const void *owner, const void *blocker)
{
	for (int i = 0; i < MAX_DEADLK_STEPS; i++) {
		const struct posix_waiter *w;
		const void *next = NULL;

		if (blocker == owner)
			return true;
		list_for_each_entry(w, &v->posix_blocked, link) {
			if (w->owner == blocker) {
				next = w->blocker;
				break;
			}
		}
		if (!next)
			return false;
		blocker = next;
	}
	return false;
}

static int
posix_lock_wait(struct task *t, struct inode *inode, const struct file_lock *want)
{
	struct vfs_state *v = t->k->vfs;
	struct file_lock_context *ctx = get_context(t->k, inode);
	struct posix_waiter me = { .owner = want->owner };
	struct wait_queue_entry we;
	int err = 0;

	if (!ctx)
		return -ENOLCK;
	init_wait(&we, t);
	for (;;) {
		prepare_to_wait(&ctx->wait, &we, TASK_INTERRUPTIBLE);
		err = posix_lock(t->k, inode, want, &me.blocker);
		if (err != -EAGAIN)
			break;
		if (signal_pending(t)) {
			err = -ERESTARTSYS;
			break;
		}
		if (want->ofd) {
			schedule(t);
			continue;
		}
		mutex_lock(&v->posix_blocked_lock);
		if (would_deadlock(v, me.owner, me.blocker)) {
			mutex_unlock(&v->posix_blocked_lock);
			err = -EDEADLK;
			break;
		}
		list_add(&me.link, &v->posix_blocked);
		mutex_unlock(&v->posix_blocked_lock);
		schedule(t);
		mutex_lock(&v->posix_blocked_lock);
		list_del(&me.link);
		mutex_unlock(&v->posix_blocked_lock);
	}
	finish_wait(&ctx->wait, &we);
	return err;
}

/* struct flock to first and last byte. */
static int
flock_range(struct file *file, const struct flock *fl, struct file_lock *l)
{
	int64_t start;

	switch (fl->l_whence) {
	case SEEK_SET:
		start = 0;
		break;
	case SEEK_CUR:
		start = file->f_pos;
		break;
	case SEEK_END:
		start = __atomic_load_n(&file->f_inode->i_size, __ATOMIC_RELAXED);
		break;
	default:
		return -EINVAL;
	}
	if (__builtin_add_overflow(start, (int64_t)fl->l_start, &start))
		return -EOVERFLOW;
	if (start < 0)
		return -EINVAL;
	l->start = start;
	l->end = OFFSET_MAX;
	if (fl->l_len > 0) {
		if (fl->l_len - 1 > OFFSET_MAX - start)
			return -EOVERFLOW;
		l->end = start + (fl->l_len - 1);
	} else if (fl->l_len < 0) {
		if (start + fl->l_len < 0)
			return -EINVAL;
		l->start = start + fl->l_len;
		l->end = start - 1;
	}
	return 0;
}

static int
posix_getlk(struct task *t, struct file *file, struct flock *fl, struct file_lock *want)
{
	struct file_lock_context *ctx = __atomic_load_n(&file->f_inode->i_flctx, __ATOMIC_ACQUIRE);
	struct file_lock *l;

	if (fl->l_type != F_RDLCK && fl->l_type != F_WRLCK && !(want->ofd && fl->l_type == F_UNLCK))
		return -EINVAL;
	if (!ctx) {
		fl->l_type = F_UNLCK;
		return 0;
	}
	mutex_lock(&ctx->lock);
	l = want->type == F_UNLCK ? posix_own(ctx, want) : posix_conflict(ctx, want);
	if (!l) {
		fl->l_type = F_UNLCK;
	} else {
		fl->l_type = (short)l->type;
		fl->l_whence = SEEK_SET;
		fl->l_start = l->start;
		fl->l_len = l->end == OFFSET_MAX ? 0 : l->end - l->start + 1;
		fl->l_pid = l->ofd ? -1 : l->pid;
	}
	mutex_unlock(&ctx->lock);
	return 0;
}

static int
posix_setlk(struct task *t, int fd, struct file *file, const struct flock *fl, struct file_lock *want, bool wait)
{
	const void *blocker;
	struct file *now;
	int err;

	switch (fl->l_type) {
	case F_RDLCK:
		if (!(file->f_mode & FMODE_READ))
			return -EBADF;
		break;
	case F_WRLCK:
		if (!(file->f_mode & FMODE_WRITE))
			return -EBADF;
		break;
	case F_UNLCK:
		break;
	default:
		return -EINVAL;
	}
	err = wait && fl->l_type != F_UNLCK ? posix_lock_wait(t, file->f_inode, want) :
					      posix_lock(t->k, file->f_inode, want, &blocker);
	if (err || want->ofd || fl->l_type == F_UNLCK)
		return err;
	/* close(2) in another thread drops the process's locks: if it came first, nobody would drop this one. */
	now = fget_raw(t, fd);
	if (now != file) {
		want->type = F_UNLCK;
		ignore_err(posix_lock(t->k, file->f_inode, want, &blocker), "there is nothing left to do about it");
		err = -EBADF;
	}
	fput(t, now);
	return err;
}

int
fcntl_lock(struct task *t, int fd, struct file *file, unsigned int cmd, uaddr_t u)
{
	bool ofd = cmd == F_OFD_GETLK || cmd == F_OFD_SETLK || cmd == F_OFD_SETLKW;
	struct file_lock want = { .ofd = ofd, .pid = t->tgid };
	struct flock fl;
	int err;

	want.owner = ofd ? (const void *)file : (const void *)t->files;
	if (copy_in(t, &fl, u))
		return -EFAULT;
	err = flock_range(file, &fl, &want);
	if (err)
		return err;
	want.type = fl.l_type;
	if (ofd && fl.l_pid != 0)
		return -EINVAL;
	if (cmd != F_GETLK && cmd != F_OFD_GETLK)
		return posix_setlk(t, fd, file, &fl, &want, cmd == F_SETLKW || cmd == F_OFD_SETLKW);
	err = posix_getlk(t, file, &fl, &want);
	return err ? err : copy_out(t, u, &fl);
}

static void
drop_owner(struct inode *inode, const void *owner)
{
	struct file_lock_context *ctx = __atomic_load_n(&inode->i_flctx, __ATOMIC_ACQUIRE);
	struct file_lock *l, *n;
	struct list_head dead;

	if (!ctx)
		return;
	INIT_LIST_HEAD(&dead);
	mutex_lock(&ctx->lock);
	list_for_each_entry_safe(l, n, &ctx->posix, link)
		if (l->owner == owner)
			list_move_tail(&l->link, &dead);
	list_for_each_entry_safe(l, n, &ctx->flock, link)
		if (l->owner == owner)
			list_move_tail(&l->link, &dead);
	mutex_unlock(&ctx->lock);
	if (list_empty(&dead))
		return;
	free_locks(inode->i_sb->k, &dead);
	wake_up_all(&ctx->wait);
}

/* close(2) of any descriptor of a file drops all locks the process has on it. */
void
locks_remove_posix(struct task *t, struct file *file, struct files_struct *owner)
{
	if (owner && file->f_inode)
		drop_owner(file->f_inode, owner);
}

/* Last use of an open file. */
void
locks_remove_file(struct file *file)
{
	if (file->f_inode)
		drop_owner(file->f_inode, file);
}

/* One try at flock(2). A change of type gives the old lock up first: it is not atomic. */
static int
flock_try(struct task *t, struct file_lock_context *ctx, struct file *file, int type)
{
	struct kmem_cache *cache = &t->k->vfs->file_locks;
	struct file_lock *new = type == F_UNLCK ? NULL : kmem_cache_alloc(cache), *old = NULL, *l;
	int err = 0;

	if (type != F_UNLCK && !new)
		return -ENOLCK;
	mutex_lock(&ctx->lock);
	list_for_each_entry(l, &ctx->flock, link) {
		if (l->owner == file) {
			old = l;
			break;
		}
	}
	if (old && old->type == type) {
		mutex_unlock(&ctx->lock);
		kmem_cache_free(cache, new);
		return 0;
	}
	if (old)
		list_del(&old->link);
	if (type != F_UNLCK) {
		list_for_each_entry(l, &ctx->flock, link)
			if (l->type == F_WRLCK || type == F_WRLCK)
				err = -EWOULDBLOCK;
		if (!err) {
			*new = (struct file_lock){ .type = type, .owner = file, .pid = t->tgid, .end = OFFSET_MAX };
			list_add_tail(&new->link, &ctx->flock);
			new = NULL;
		}
	}
	mutex_unlock(&ctx->lock);
	kmem_cache_free(cache, new);
	kmem_cache_free(cache, old);
	if (old)
		wake_up_all(&ctx->wait);
	return err;
}

int
do_flock(struct task *t, struct file *file, unsigned int op)
{
	struct file_lock_context *ctx;
	struct wait_queue_entry we;
	int type, err;

	if (op & LOCK_MAND)
		return 0; /* mandatory locks are gone; Linux ignores the request too */
	switch (op & ~(unsigned int)LOCK_NB) {
	case LOCK_SH:
		type = F_RDLCK;
		break;
	case LOCK_EX:
		type = F_WRLCK;
		break;
	case LOCK_UN:
		type = F_UNLCK;
		break;
	default:
		return -EINVAL;
	}
	if (!file || (type != F_UNLCK && !(file->f_mode & (FMODE_READ | FMODE_WRITE))))
		return -EBADF;
	ctx = get_context(t->k, file->f_inode);
	if (!ctx)
		return -ENOLCK;
	if ((op & LOCK_NB) || type == F_UNLCK)
		return flock_try(t, ctx, file, type);
	init_wait(&we, t);
	for (;;) {
		prepare_to_wait(&ctx->wait, &we, TASK_INTERRUPTIBLE);
		err = flock_try(t, ctx, file, type);
		if (err != -EWOULDBLOCK)
			break;
		if (signal_pending(t)) {
			err = -ERESTARTSYS;
			break;
		}
		schedule(t);
	}
	finish_wait(&ctx->wait, &we);
	return err;
}

uint64_t
locks_dev(const struct inode *inode)
{
	struct super_block *sb = inode->i_sb;

	return is_hostfs(sb) ? hostfs_dev(sb->k, HOSTFS_SB(sb)->state, HOSTFS_I(inode)->dev) : sb->s_dev;
}

/* A line of /proc/locks. @flock: of flock(2), which covers the file. */
static int
lock_line(const struct inode *inode, const struct file_lock *l, bool flock, char *buf, size_t n)
{
	uint64_t dev = locks_dev(inode);
	int len = ksnprintf(buf, n, "%s ADVISORY  %s %d %02x:%02x:%llu ", flock ? "FLOCK " : l->ofd ? "OFDLCK" : "POSIX ",
			    l->type == F_WRLCK ? "WRITE" : "READ", l->ofd ? -1 : l->pid, DEV_MAJOR(dev), DEV_MINOR(dev),
			    (unsigned long long)inode->i_ino);

	if (flock)
		len += ksnprintf(buf + len, n - (size_t)len, "0 EOF\n");
	else if (l->end == OFFSET_MAX)
		len += ksnprintf(buf + len, n - (size_t)len, "%lld EOF\n", (long long)l->start);
	else
		len += ksnprintf(buf + len, n - (size_t)len, "%lld %lld\n", (long long)l->start, (long long)l->end);
	return len;
}

/* Adds the lines of one list, of two owners if they are given, while there is room for one more. False: there is not. */
static bool
lock_lines(const struct inode *inode, const struct list_head *list, bool flock, const void *const owners[2], int *id,
	   struct lock_text *text)
{
	const struct file_lock *l;

	list_for_each_entry(l, list, link) {
		if (owners && l->owner != owners[0] && l->owner != owners[1])
			continue;
		if (text->size - text->len < LOCK_LINE_MAX)
			return false;
		text->len += (size_t)ksnprintf(text->buf + text->len, 32, "%s%d: ", owners ? "lock:\t" : "", ++*id);
		text->len += (size_t)lock_line(inode, l, flock, text->buf + text->len, LOCK_LINE_MAX - 32);
	}
	return true;
}

int
show_file_locks(struct file *file, const struct files_struct *files, char *buf, size_t n)
{
	const void *const owners[2] = { file, files };
	struct file_lock_context *ctx = __atomic_load_n(&file->f_inode->i_flctx, __ATOMIC_ACQUIRE);
	struct lock_text text = { .buf = buf, .size = n };
	int id = 0;

	if (ctx) {
		mutex_lock(&ctx->lock);
		if (lock_lines(file->f_inode, &ctx->flock, true, owners, &id, &text))
			(void)lock_lines(file->f_inode, &ctx->posix, false, owners, &id, &text);
		mutex_unlock(&ctx->lock);
	}
	if (READ_ONCE(file->f_inode->i_leases))
		(void)show_leases(file->k, file, &id, &text);
	return (int)text.len;
}

bool
show_all_file_locks(struct kernel *k, struct lock_text *text)
{
	struct file_lock_context *ctx;
	bool fits = true;
	int id = 0;

	text->len = 0;
	mutex_lock(&k->vfs->file_locks_lock);
	list_for_each_entry(ctx, &k->vfs->file_locks_list, all) {
		mutex_lock(&ctx->lock);
		fits = lock_lines(ctx->inode, &ctx->flock, true, NULL, &id, text) &&
		       lock_lines(ctx->inode, &ctx->posix, false, NULL, &id, text);
		mutex_unlock(&ctx->lock);
		if (!fits)
			break;
	}
	mutex_unlock(&k->vfs->file_locks_lock);
	return fits && show_leases(k, NULL, &id, text);
}
