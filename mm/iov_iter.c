/* SPDX-License-Identifier: MIT
 *
 * Where reads put and writes take their bytes: user memory in pieces, or kernel memory. The pieces are never changed; the
 * iterator only moves over them, so it can be moved back by as much as it went.
 */
#include "kernel/kernel.h"
#include "kernel/task.h"
#include "mm/uaccess.h"

void
iov_iter_user(struct iov_iter *it, struct task *t, uaddr_t u, size_t n)
{
	*it = (struct iov_iter){ .t = t, .nr = 1, .count = n, .one = { u.a, n } };
	it->iov = &it->one;
}

void
iov_iter_kernel(struct iov_iter *it, void *p, size_t n)
{
	*it = (struct iov_iter){ .nr = 1, .count = n, .one = { (uint64_t)(uintptr_t)p, n } };
	it->iov = &it->one;
}

/* Lengths are checked as Linux does: each not negative as ssize_t, the sum cut at MAX_RW_COUNT. */
static int64_t
check_iovec(struct task *t, struct iovec_k *iov, uint64_t nr)
{
	uint64_t total = 0;

	for (uint64_t i = 0; i < nr; i++) {
		if ((int64_t)iov[i].len < 0)
			return -EINVAL;
		if (!access_ok(t, UADDR(iov[i].base), iov[i].len))
			return -EFAULT;
		iov[i].len = MIN(iov[i].len, MAX_RW_COUNT - total);
		total += iov[i].len;
	}
	return (int64_t)total;
}

int64_t
import_iovec(struct task *t, struct iov_iter *it, uaddr_t u, uint64_t nr, struct iovec_k *fast, struct iovec_k **heap)
{
	struct iovec_k *iov = fast;
	int64_t total;

	*heap = NULL;
	if (nr > UIO_MAXIOV)
		return -EINVAL;
	if (nr > UIO_FASTIOV) {
		iov = kmalloc(t->k, nr * sizeof(*iov));
		if (!iov)
			return -ENOMEM;
	}
	total = copy_from_user(t, iov, u, nr * sizeof(*iov));
	if (total == 0)
		total = check_iovec(t, iov, nr);
	if (total < 0) {
		if (iov != fast)
			kfree(t->k, iov);
		return total;
	}
	if (iov != fast)
		*heap = iov;
	*it = (struct iov_iter){ .t = t, .iov = iov, .nr = (unsigned int)nr, .count = (size_t)total };
	return total;
}

enum iter_op { ITER_TO, ITER_FROM, ITER_ZERO };

static size_t
move_piece(struct iov_iter *it, enum iter_op op, void *p, uint64_t base, size_t n)
{
	void *k = (void *)(uintptr_t)base;

	if (it->t) {
		switch (op) {
		case ITER_TO:
			return copy_to_user_partial(it->t, UADDR(base), p, n);
		case ITER_FROM:
			return copy_from_user_partial(it->t, p, UADDR(base), n);
		default:
			return clear_user_partial(it->t, UADDR(base), n);
		}
	}
	if (op == ITER_TO)
		memcpy(k, p, n);
	else if (op == ITER_FROM)
		memcpy(p, k, n);
	else
		memset(k, 0, n);
	return n;
}

static size_t
iterate(struct iov_iter *it, enum iter_op op, void *p, size_t n)
{
	size_t done = 0;

	n = MIN(n, it->count);
	while (done < n) {
		size_t chunk = MIN(n - done, it->iov->len - it->off), got;

		if (chunk == 0) {
			it->iov++;
			it->nr--;
			it->off = 0;
			continue;
		}
		got = move_piece(it, op, p ? (char *)p + done : NULL, it->iov->base + it->off, chunk);
		it->off += got;
		it->count -= got;
		done += got;
		if (got < chunk)
			break;
	}
	return done;
}

size_t
copy_to_iter(const void *p, size_t n, struct iov_iter *it)
{
	return iterate(it, ITER_TO, (void *)(uintptr_t)p, n);
}

size_t
copy_from_iter(void *p, size_t n, struct iov_iter *it)
{
	return iterate(it, ITER_FROM, p, n);
}

size_t
iov_iter_zero(size_t n, struct iov_iter *it)
{
	return iterate(it, ITER_ZERO, NULL, n);
}

void
iov_iter_advance(struct iov_iter *it, size_t n)
{
	n = MIN(n, it->count);
	if (n == 0)
		return;
	it->count -= n;
	while (n > it->iov->len - it->off) {
		n -= it->iov->len - it->off;
		it->iov++;
		it->nr--;
		it->off = 0;
	}
	it->off += n;
}

void
iov_iter_revert(struct iov_iter *it, size_t n)
{
	it->count += n;
	while (n > it->off) {
		n -= it->off;
		it->iov--;
		it->nr++;
		it->off = it->iov->len;
	}
	it->off -= n;
}
