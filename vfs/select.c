/* SPDX-License-Identifier: MIT
 *
 * poll and select: select(2), poll(2).
 *
 * A first round over the files asks each for its state and queues an entry on each wait queue the file names (poll_wait);
 * later rounds only ask. An entry's function marks the whole wait as triggered and wakes the task, which then asks all again.
 * Nothing is queued once something was found ready, nor when the caller does not want to wait.
 *
 * Locks: none of its own; entry functions run under the queue's lock.
 */
#include <linux/poll.h>
#include <asm/resource.h>

#include "kernel/task.h"
#include "vfs/fdtable.h"
#include "vfs/namei.h"
#include "vfs/select.h"

#define POLL_INLINE_ENTRIES 10
#define POLL_INLINE_FDS	    32

#define POLLIN_SET  (K_POLLRDNORM | K_POLLRDBAND | K_POLLIN | K_POLLHUP | K_POLLERR)
#define POLLOUT_SET (K_POLLWRBAND | K_POLLWRNORM | K_POLLOUT | K_POLLERR)
#define POLLEX_SET  K_POLLPRI

#define SLEEPING ((1u << TASK_INTERRUPTIBLE) | (1u << TASK_KILLABLE) | (1u << TASK_UNINTERRUPTIBLE))

struct poll_entry {
	struct wait_queue_entry wait;
	struct wait_queue_head *wq;
	struct file *file; /* with a reference: the descriptor may be closed meanwhile */
	uint32_t key;
	struct poll_wqueues *pwq;
};

struct poll_chunk {
	struct poll_chunk *next;
	unsigned int used;
	struct poll_entry entries[];
};
#define CHUNK_ENTRIES ((PAGE_SIZE - sizeof(struct poll_chunk)) / sizeof(struct poll_entry))

struct poll_wqueues {
	struct poll_table pt;
	struct task *t;
	uint32_t triggered;
	int error;
	unsigned int inline_used;
	struct poll_chunk *chunks;
	struct poll_entry inline_entries[POLL_INLINE_ENTRIES];
};

static int
pollwake(struct wait_queue_entry *e, uint32_t key)
{
	struct poll_entry *entry = container_of(e, struct poll_entry, wait);

	if (key && !(key & entry->key))
		return 0;
	__atomic_store_n(&entry->pwq->triggered, 1, __ATOMIC_SEQ_CST);
	return wake_up_state(entry->pwq->t, SLEEPING);
}

static struct poll_entry *
poll_get_entry(struct poll_wqueues *p)
{
	struct poll_chunk *c = p->chunks;

	if (p->inline_used < POLL_INLINE_ENTRIES)
		return &p->inline_entries[p->inline_used++];
	if (!c || c->used == CHUNK_ENTRIES) {
		c = kmalloc(p->t->k, PAGE_SIZE);
		if (!c) {
			p->error = -ENOMEM;
			return NULL;
		}
		c->next = p->chunks;
		c->used = 0;
		p->chunks = c;
	}
	return &c->entries[c->used++];
}

static void
poll_queue(struct file *file, struct wait_queue_head *wq, struct poll_table *pt)
{
	struct poll_wqueues *p = container_of(pt, struct poll_wqueues, pt);
	struct poll_entry *e = poll_get_entry(p);

	if (!e)
		return;
	get_file(file);
	*e = (struct poll_entry){ .wq = wq, .file = file, .key = pt->key, .pwq = p };
	init_wait(&e->wait, p->t);
	e->wait.func = pollwake;
	add_wait_queue(wq, &e->wait);
}

static void
poll_initwait(struct poll_wqueues *p, struct task *t, bool wait)
{
	p->pt.qproc = wait ? poll_queue : NULL;
	p->pt.key = ~0u;
	p->t = t;
	p->triggered = 0;
	p->error = 0;
	p->inline_used = 0;
	p->chunks = NULL;
}

static void
poll_free_entry(struct task *t, struct poll_entry *e)
{
	remove_wait_queue(e->wq, &e->wait);
	fput(t, e->file);
}

static void
poll_freewait(struct poll_wqueues *p)
{
	for (unsigned int i = 0; i < p->inline_used; i++)
		poll_free_entry(p->t, &p->inline_entries[i]);
	while (p->chunks) {
		struct poll_chunk *c = p->chunks;

		for (unsigned int i = 0; i < c->used; i++)
			poll_free_entry(p->t, &c->entries[i]);
		p->chunks = c->next;
		kfree(p->t->k, c);
	}
}

/* Sleep until an entry triggers or @end. True at the deadline. */
static bool
poll_schedule(struct poll_wqueues *p, int64_t end)
{
	bool timed_out = false;

	set_current_state(p->t, TASK_INTERRUPTIBLE);
	if (!__atomic_load_n(&p->triggered, __ATOMIC_SEQ_CST))
		timed_out = schedule_until(p->t, end) == -ETIME;
	set_current_state(p->t, TASK_RUNNING);
	__atomic_store_n(&p->triggered, 0, __ATOMIC_SEQ_CST);
	return timed_out;
}

static uint32_t
poll_one(struct task *t, const struct pollfd *pfd, struct poll_table *pt)
{
	uint32_t filter = (uint16_t)pfd->events | K_POLLERR | K_POLLHUP, mask;
	struct fd f;

	if (pfd->fd < 0)
		return 0;
	f = fdget(t, pfd->fd);
	if (!f.file)
		return K_POLLNVAL;
	pt->key = filter;
	mask = vfs_poll(t, f.file, pt) & filter;
	fdput(t, f);
	return mask;
}

static int64_t
do_poll(struct task *t, struct pollfd *fds, unsigned int nfds, int64_t end)
{
	bool timed_out = end == POLL_NO_WAIT;
	struct poll_wqueues p;
	int64_t count = 0;

	poll_initwait(&p, t, !timed_out);
	for (;;) {
		for (unsigned int i = 0; i < nfds; i++) {
			uint32_t mask = poll_one(t, &fds[i], &p.pt);

			fds[i].revents = (short)mask;
			if (mask) {
				count++;
				p.pt.qproc = NULL;
			}
		}
		p.pt.qproc = NULL;
		if (count == 0) {
			count = p.error;
			if (signal_pending(t))
				count = -ERESTARTNOHAND;
		}
		if (count || timed_out)
			break;
		timed_out = poll_schedule(&p, end);
	}
	poll_freewait(&p);
	return count;
}

/* Only revents belongs to us. Where a copy is a host call, unchanged values (@old) are not written again. */
static int
put_revents(struct task *t, uaddr_t ufds, const struct pollfd *fds, const short *old, unsigned int nfds)
{
	for (unsigned int i = 0; i < nfds; i++) {
		uaddr_t u = uaddr_add(ufds, i * sizeof(*fds) + offsetof(struct pollfd, revents));

		if (i > 0 && !t->direct && old[i] == fds[i].revents)
			continue;
		if (copy_out(t, u, &fds[i].revents))
			return -EFAULT;
	}
	return 0;
}

int64_t
do_sys_poll(struct task *t, uaddr_t ufds, unsigned int nfds, int64_t end)
{
	struct pollfd inline_fds[POLL_INLINE_FDS], *fds = inline_fds;
	short inline_old[POLL_INLINE_FDS], *old = inline_old;
	int64_t ret;

	if (nfds > rlimit(t, RLIMIT_NOFILE))
		return -EINVAL;
	if (nfds > POLL_INLINE_FDS) {
		fds = kmalloc(t->k, nfds * (sizeof(*fds) + sizeof(*old)));
		if (!fds)
			return -ENOMEM;
		old = (short *)(fds + nfds);
	}
	ret = -EFAULT;
	if (copy_from_user(t, fds, ufds, nfds * sizeof(*fds)))
		goto out;
	for (unsigned int i = 0; i < nfds; i++)
		old[i] = fds[i].revents;
	ret = do_poll(t, fds, nfds, end);
	if (put_revents(t, ufds, fds, old, nfds))
		ret = -EFAULT;
out:
	if (fds != inline_fds)
		kfree(t->k, fds);
	return ret;
}

/* The six bitmaps of a select: asked for and found, of @words words each. */
struct select_sets {
	uint64_t *in[3], *res[3];
	unsigned int words;
};

static const uint32_t select_masks[3] = { POLLIN_SET, POLLOUT_SET, POLLEX_SET };

/* -EBADF if a descriptor asked for is not open; else one above the highest asked for. */
static int
max_select_fd(struct task *t, const struct select_sets *s, int n)
{
	int max = 0;

	for (int fd = 0; fd < n; fd++) {
		uint64_t bit = 1ULL << (fd % 64);
		struct fd f;

		if (!((s->in[0][fd / 64] | s->in[1][fd / 64] | s->in[2][fd / 64]) & bit))
			continue;
		f = fdget(t, fd);
		if (!f.file)
			return -EBADF;
		fdput(t, f);
		max = fd + 1;
	}
	return max;
}

static int64_t
select_one(struct task *t, const struct select_sets *s, int fd, struct poll_table *pt)
{
	uint64_t bit = 1ULL << (fd % 64);
	uint32_t mask = K_POLLNVAL, key = POLLEX_SET;
	int64_t found = 0;
	struct fd f;

	for (int i = 0; i < 2; i++)
		if (s->in[i][fd / 64] & bit)
			key |= select_masks[i];
	f = fdget(t, fd);
	if (f.file) {
		pt->key = key;
		mask = vfs_poll(t, f.file, pt);
		fdput(t, f);
	}
	for (int i = 0; i < 3; i++) {
		if ((s->in[i][fd / 64] & bit) && (mask & select_masks[i])) {
			s->res[i][fd / 64] |= bit;
			found++;
		}
	}
	return found;
}

static int64_t
do_select(struct task *t, int n, const struct select_sets *s, int64_t end)
{
	bool timed_out = end == POLL_NO_WAIT;
	struct poll_wqueues p;
	int64_t ret = 0;

	n = max_select_fd(t, s, n);
	if (n < 0)
		return n;
	poll_initwait(&p, t, !timed_out);
	for (;;) {
		for (int fd = 0; fd < n; fd++) {
			uint64_t asked = s->in[0][fd / 64] | s->in[1][fd / 64] | s->in[2][fd / 64];
			int64_t found;

			if (asked == 0) {
				fd |= 63;
				continue;
			}
			if (!(asked & (1ULL << (fd % 64))))
				continue;
			found = select_one(t, s, fd, &p.pt);
			if (found) {
				ret += found;
				p.pt.qproc = NULL;
			}
		}
		p.pt.qproc = NULL;
		if (ret || timed_out || signal_pending(t))
			break;
		if (p.error) {
			ret = p.error;
			break;
		}
		timed_out = poll_schedule(&p, end);
	}
	poll_freewait(&p);
	return ret;
}

static int
get_fd_sets(struct task *t, const struct select_sets *s, const uaddr_t sets[3])
{
	for (int i = 0; i < 3; i++)
		if (!uaddr_null(sets[i]) && copy_from_user(t, s->in[i], sets[i], s->words * 8ul))
			return -EFAULT;
	return 0;
}

int64_t
core_sys_select(struct task *t, int n, const uaddr_t sets[3], int64_t end)
{
	uint64_t inline_bits[6 * 4], *bits = inline_bits;
	struct select_sets s;
	int64_t ret;

	if (n < 0)
		return -EINVAL;
	/* Descriptors beyond the table are not looked at. Programs know tables of at least 256: their shell's, inherited. */
	n = MIN(n, (int)MAX(files_max_fds(t), 256u));
	s.words = ((unsigned int)n + 63) / 64;
	if (s.words > 4) {
		bits = kmalloc(t->k, 6ul * s.words * 8);
		if (!bits)
			return -ENOMEM;
	}
	memset(bits, 0, 6ul * s.words * 8);
	for (unsigned int i = 0; i < 3; i++) {
		s.in[i] = bits + i * s.words;
		s.res[i] = bits + (3 + i) * s.words;
	}
	ret = get_fd_sets(t, &s, sets);
	if (ret)
		goto out;
	ret = do_select(t, n, &s, end);
	if (ret < 0)
		goto out;
	if (ret == 0 && signal_pending(t)) {
		ret = -ERESTARTNOHAND;
		goto out;
	}
	for (int i = 0; i < 3; i++) {
		if (!uaddr_null(sets[i]) && copy_to_user(t, sets[i], s.res[i], s.words * 8ul)) {
			ret = -EFAULT;
			break;
		}
	}
out:
	if (bits != inline_bits)
		kfree(t->k, bits);
	return ret;
}
