/* SPDX-License-Identifier: MIT
 *
 * Telling of I/O by signal: O_ASYNC with F_SETOWN and F_SETSIG, SIGURG; fcntl(2), "Managing signals".
 *
 * A pipe, terminal or socket has a fasync_queue of the files that are set to O_ASYNC; f_op->fasync() enters and leaves it by
 * fasync_helper(), and f_op's owner calls kill_fasync() where it wakes pollers. What is sent is copied under the queue's lock,
 * since the file can go as soon as that is released.
 */
#include <linux/fcntl.h>

#include "kernel/cred.h"
#include "kernel/task.h"
#include "vfs/fcntl.h"
#include "vfs/internal.h"

#define SIG_IO	29
#define SIG_URG 23

struct fasync_entry {
	struct list_head link;
	struct file *file;
	int fd;
};

void
fasync_init(struct fasync_queue *q)
{
	mutex_init(&q->lock, RANK_WAITQ);
	INIT_LIST_HEAD(&q->files);
}

int
fasync_helper(struct kernel *k, int fd, struct file *file, bool on, struct fasync_queue *q)
{
	struct fasync_entry *new = on ? kmalloc(k, sizeof(*new)) : NULL, *e, *found = NULL;

	if (on && !new)
		return -ENOMEM;
	mutex_lock(&q->lock);
	list_for_each_entry(e, &q->files, link)
		if (e->file == file)
			found = e;
	if (found && on) {
		found->fd = fd;
	} else if (found) {
		list_del(&found->link);
	} else if (on) {
		*new = (struct fasync_entry){ .file = file, .fd = fd };
		list_add(&new->link, &q->files);
		new = NULL;
	}
	mutex_unlock(&q->lock);
	kfree(k, new);
	if (!on)
		kfree(k, found);
	return 0;
}

bool
file_copy_owner(struct file *file, struct fown *o)
{
	struct fown *from = __atomic_load_n(&file->f_owner, __ATOMIC_ACQUIRE);

	if (!from)
		return false;
	mutex_lock(&file->f_lock);
	*o = *from;
	if (o->pid)
		get_pid(o->pid);
	mutex_unlock(&file->f_lock);
	return o->pid != NULL;
}

/* As kill(2) would allow the process that became owner. */
static bool
sigio_perm(const struct fown *o, struct task *p)
{
	struct cred *c = get_task_cred(p);
	bool ok = o->euid == 0 || o->euid == c->suid || o->euid == c->uid || o->uid == c->suid || o->uid == c->uid;

	put_cred(c);
	return ok;
}

static uint32_t
band_of(int code)
{
	static const uint16_t band[] = { 0, 0x41, 0x304, 0x441, 8, 0x82, 0x18 };

	return code > 0 && code < (int)ARRAY_SIZE(band) ? band[code] : 0;
}

static void
sigio_one(const struct fown *o, struct task *p, int fd, int code, int type)
{
	struct k_siginfo info = { .si_signo = o->signum, .si_code = code };

	if (!sigio_perm(o, p))
		return;
	if (o->signum) {
		info.poll.band = band_of(code);
		info.poll.fd = fd;
		if (send_sig_info(o->signum, &info, p, type, NULL) == 0)
			return;
	}
	ignore_err(send_sig_info(SIG_IO, SEND_SIG_PRIV, p, type, NULL), "a dead owner is not told");
}

static void
sigurg_one(const struct fown *o, struct task *p, int type)
{
	if (sigio_perm(o, p))
		ignore_err(send_sig_info(SIG_URG, SEND_SIG_PRIV, p, type, NULL), "a dead owner is not told");
}

void
send_sigio(struct kernel *k, struct fown *o, int fd, int code)
{
	struct task *p;

	mutex_lock(&k->tasklist_lock);
	if (o->type == PIDTYPE_PGID) {
		do_each_pid_task(o->pid, PIDTYPE_PGID, p)
			sigio_one(o, p, fd, code, PIDTYPE_TGID);
	} else {
		p = pid_task(o->pid, o->type);
		if (p)
			sigio_one(o, p, fd, code, o->type);
	}
	mutex_unlock(&k->tasklist_lock);
	put_pid(k, o->pid);
}

void
send_sigurg(struct kernel *k, struct fown *o)
{
	struct task *p;

	mutex_lock(&k->tasklist_lock);
	if (o->type == PIDTYPE_PGID) {
		do_each_pid_task(o->pid, PIDTYPE_PGID, p)
			sigurg_one(o, p, PIDTYPE_TGID);
	} else {
		p = pid_task(o->pid, o->type);
		if (p)
			sigurg_one(o, p, o->type);
	}
	mutex_unlock(&k->tasklist_lock);
	put_pid(k, o->pid);
}

void
kill_fasync(struct kernel *k, struct fasync_queue *q, int code)
{
	unsigned int i = 0, at;
	struct fasync_entry *e;
	struct fown o = { 0 };
	bool more;

	if (likely(READ_ONCE(q->files.next) == &q->files))
		return;
	/* One at a time: nothing may be sent under the lock. A file that comes or goes meanwhile may be missed or told twice. */
	do {
		int fd = -1;

		more = false;
		at = 0;
		mutex_lock(&q->lock);
		list_for_each_entry(e, &q->files, link) {
			if (at++ < i)
				continue;
			i = at;
			if (file_copy_owner(e->file, &o)) {
				fd = e->fd;
				more = true;
				break;
			}
		}
		mutex_unlock(&q->lock);
		if (more)
			send_sigio(k, &o, fd, code);
	} while (more);
}
