/* SPDX-License-Identifier: MIT
 *
 * Moving bytes between host descriptors and programs. Where kernel code runs in the program's own process the host is given
 * the program's addresses (after the range check); elsewhere the bytes pass through a buffer of the kernel.
 */
#include <asm/unistd.h>
#include <linux/fs.h>

#include "kernel/task.h"
#include "mm/mm.h"
#include "trap/host.h"
#include "vfs/hostfs/hostfs.h"

#define SMALL_BOUNCE 4096u

struct bounce {
	void *p;
	size_t size;
	int slot; /* of hostfs_state.bounce, or -1: kmalloc'ed */
};

static bool
bounce_get(struct kernel *k, struct hostfs_state *st, size_t want, struct bounce *b)
{
	b->slot = -1;
	if (want > SMALL_BOUNCE) {
		for (int i = 0; i < HOSTFS_NR_BOUNCE; i++) {
			if (__atomic_fetch_or(&st->bounce_busy, 1u << i, __ATOMIC_ACQUIRE) & 1u << i)
				continue;
			if (!st->bounce[i])
				st->bounce[i] = page_alloc_raw(k, HOSTFS_BOUNCE_SIZE / PAGE_SIZE, 1);
			b->p = st->bounce[i];
			b->size = HOSTFS_BOUNCE_SIZE;
			b->slot = i;
			if (b->p)
				return true;
			clear_bits(&st->bounce_busy, 1u << i);
			break;
		}
	}
	b->slot = -1;
	b->size = SMALL_BOUNCE;
	b->p = kmalloc(k, SMALL_BOUNCE);
	return b->p != NULL;
}

static void
bounce_put(struct kernel *k, struct hostfs_state *st, struct bounce *b)
{
	if (b->slot >= 0)
		clear_bits(&st->bounce_busy, 1u << b->slot);
	else
		kfree(k, b->p);
}

/* May the host be given this address as the program's memory? */
static bool
user_range_ok(const struct kernel *k, uint64_t base, uint64_t len)
{
	uint64_t end = base + len;

	if (end < base || end > TASK_SIZE_MAX)
		return false;
	if (base < ARENA_BASE + k->arena_size && end > ARENA_BASE)
		return false;
	return !(base < k->image_end && end > k->image_start);
}

static int64_t
host_rw(long nr, hfd_t fd, uint64_t base, size_t n, int64_t pos, uint32_t rwf)
{
	struct iovec_k iov = { base, n };
	int64_t ret;

	if (pos < 0) /* a stream: read, write */
		return host_call3(nr == __NR_preadv2 ? __NR_read : __NR_write, fd.fd, base, n);
	do
		ret = rwf ? host_call6(nr, fd.fd, &iov, 1, pos, 0, rwf) :
			    host_call4(nr == __NR_preadv2 ? __NR_pread64 : __NR_pwrite64, fd.fd, base, n, pos);
	while (ret == -EINTR);
	return ret;
}

/* The piece of memory an iterator stands at. */
static uint64_t
piece(struct iov_iter *it, size_t *n)
{
	while (it->nr > 0 && it->off >= it->iov->len) {
		it->off -= it->iov->len;
		it->iov++;
		it->nr--;
	}
	*n = it->nr ? MIN(it->iov->len - it->off, it->count) : 0;
	return it->nr ? it->iov->base + it->off : 0;
}

/*
 * *@faulted: the host could not reach memory of the program's that we may be able to mend (pages of a mapping whose file has grown):
 * the rest is to go through a buffer. The host stops at a page where that is.
 */
static int64_t
rw_direct(struct task *t, long nr, hfd_t fd, struct iov_iter *it, int64_t pos, uint32_t rwf, bool *faulted)
{
	int64_t done = 0;

	if (it->t && unlikely(__atomic_load_n(&t->work, __ATOMIC_RELAXED) & WORK_MM))
		mm_cut_mappings(t); /* as copies do, mm/uaccess.c */
	while (it->count > 0) {
		size_t n;
		uint64_t base = piece(it, &n);
		int64_t ret;

		if (n == 0)
			break;
		if (it->t && !user_range_ok(t->k, base, n))
			return done ? done : -EFAULT;
		ret = host_rw(nr, fd, base, n, pos < 0 ? pos : pos + done, rwf);
		*faulted = ret == -EFAULT && it->t;
		if (ret <= 0)
			return done ? done : ret;
		iov_iter_advance(it, (size_t)ret);
		done += ret;
		if (pos < 0 || ((size_t)ret < n && (base + (uint64_t)ret) % PAGE_SIZE != 0))
			break;
	}
	return done;
}

bool
hostfs_is_direct(const struct task *t, const struct iov_iter *it)
{
	return !it->t || (it->t == t && t->direct);
}

int64_t
hostfs_pread(struct task *t, struct hostfs_state *st, hfd_t fd, struct iov_iter *to, int64_t pos, uint32_t rwf)
{
	struct bounce b;
	int64_t done = 0, ret = 0;
	bool faulted = false;

	if (hostfs_is_direct(t, to)) {
		ret = rw_direct(t, __NR_preadv2, fd, to, pos, rwf, &faulted);
		if (!faulted || !st)
			return ret;
		done = MAX(ret, 0);
	}
	if (to->count == 0)
		return done;
	if (!bounce_get(t->k, st, to->count, &b))
		return done ? done : -ENOMEM;
	while (to->count > 0) {
		size_t n = MIN(to->count, b.size), copied;

		ret = host_rw(__NR_preadv2, fd, (uint64_t)(uintptr_t)b.p, n, pos < 0 ? pos : pos + done, rwf);
		if (ret <= 0)
			break;
		copied = copy_to_iter(b.p, (size_t)ret, to);
		done += (int64_t)copied;
		if (copied < (size_t)ret) {
			ret = -EFAULT;
			break;
		}
		if ((size_t)ret < n || pos < 0)
			break;
	}
	bounce_put(t->k, st, &b);
	return done ? done : ret;
}

int64_t
hostfs_pwrite(struct task *t, struct hostfs_state *st, hfd_t fd, struct iov_iter *from, int64_t pos, uint32_t rwf)
{
	struct bounce b;
	int64_t done = 0, ret = 0;
	bool faulted = false;

	if (hostfs_is_direct(t, from)) {
		ret = rw_direct(t, __NR_pwritev2, fd, from, pos, rwf, &faulted);
		if (!faulted || !st)
			return ret;
		done = MAX(ret, 0);
	}
	if (!bounce_get(t->k, st, from->count, &b))
		return done ? done : -ENOMEM;
	do {
		size_t n = copy_from_iter(b.p, MIN(from->count, b.size), from);

		if (n == 0) {
			ret = from->count ? -EFAULT : 0;
			break;
		}
		ret = host_rw(__NR_pwritev2, fd, (uint64_t)(uintptr_t)b.p, n, pos < 0 ? pos : pos + done, rwf);
		if (ret <= 0)
			break;
		done += ret;
		if ((size_t)ret < n || pos < 0)
			break;
	} while (from->count > 0);
	bounce_put(t->k, st, &b);
	return done ? done : ret;
}
