/* SPDX-License-Identifier: MIT
 *
 * process_vm_readv, process_vm_writev: process_vm_readv(2). Bytes go through a page of kernel memory; a transfer ends at the first
 * page of either side that cannot be reached, and says how much was moved.
 */
#include "kernel/cred.h"
#include "kernel/errno.h"
#include "kernel/task.h"
#include "mm/mm.h"
#include "mm/uaccess.h"
#include "syscalls/proto.h"

/* The other process's pieces: read like an iovec, but their addresses are no business of the caller's own range checks. */
static int
import_remote(struct task *t, uaddr_t u, uint64_t nr, struct iovec_k *fast, struct iovec_k **heap, struct iovec_k **out)
{
	uint64_t i;

	*heap = NULL;
	*out = fast;
	if (nr > UIO_MAXIOV)
		return -EINVAL;
	if (nr > UIO_FASTIOV) {
		*out = *heap = kmalloc(t->k, nr * sizeof(**heap));
		if (!*heap)
			return -ENOMEM;
	}
	if (nr && copy_from_user(t, *out, u, nr * sizeof(**out)))
		return -EFAULT;
	for (i = 0; i < nr; i++)
		if ((int64_t)(*out)[i].len < 0)
			return -EINVAL;
	return 0;
}

/* Up to the end of a page of the other's, so that a page that is missing does not spoil what comes before it. Bytes moved. */
static size_t
move_one(struct task *t, struct task *other, struct iov_iter *it, uint64_t addr, char *page, size_t n, bool write)
{
	size_t got;

	if (!write) {
		got = access_process_vm(t, other, addr, page, n, false);
		return copy_to_iter(page, got, it);
	}
	got = copy_from_iter(page, n, it);
	n = access_process_vm(t, other, addr, page, got, true);
	iov_iter_revert(it, got - n);
	return n;
}

static int64_t
move_all(struct task *t, struct task *other, const struct mm *mm, struct iov_iter *it, const struct iovec_k *rv, uint64_t nr, bool write)
{
	char *page = kmalloc(t->k, PAGE_SIZE);
	int64_t done = 0;
	uint64_t i, at;
	size_t n, got;

	if (!page)
		return -ENOMEM;
	for (i = 0; i < nr && it->count; i++) {
		/* once it has run execve() there is nothing left of what was meant */
		for (at = 0; at < rv[i].len && it->count; at += got, done += (int64_t)got) {
			n = PAGE_SIZE - ((rv[i].base + at) & ~PAGE_MASK);
			n = MIN(n, MIN(rv[i].len - at, it->count));
			got = move_one(t, other, it, rv[i].base + at, page, n, write);
			if (got < n || READ_ONCE(other->mm) != mm || fatal_signal_pending(t)) {
				done += (int64_t)got;
				goto out;
			}
		}
	}
out:
	kfree(t->k, page);
	return done ? done : it->count ? -EFAULT : 0;
}

/* The process, if its memory may be reached; *@mm is that memory, kept as a number that nobody else gets. */
static struct task *
get_target(struct task *t, int pid, struct mm **mm)
{
	struct task *other = find_task_by_pid(t->k, pid);
	int err = 0;

	if (!other)
		return ERR_PTR(-ESRCH);
	mutex_lock(&other->alloc_lock);
	*mm = other->mm;
	if (*mm)
		mmgrab(*mm);
	mutex_unlock(&other->alloc_lock);
	if (!*mm)
		err = -ESRCH;
	else if (*mm != t->mm && !ptrace_may_access(t, other, PTRACE_MODE_REALCREDS))
		err = -EPERM;
	if (!err)
		return other;
	if (*mm)
		mmdrop(*mm);
	put_task_struct(other);
	return ERR_PTR(err);
}

static int64_t
process_vm_rw(struct task *t, int pid, uaddr_t lvec, uint64_t liovcnt, uaddr_t rvec, uint64_t riovcnt, uint64_t flags, bool write)
{
	struct iovec_k lfast[UIO_FASTIOV], rfast[UIO_FASTIOV], *lheap = NULL, *rheap = NULL, *rv;
	struct task *other;
	struct iov_iter it;
	struct mm *mm;
	uint64_t i, total = 0;
	int64_t ret;

	if (flags)
		return -EINVAL;
	ret = import_iovec(t, &it, lvec, liovcnt, lfast, &lheap);
	if (ret <= 0)
		goto out;
	ret = import_remote(t, rvec, riovcnt, rfast, &rheap, &rv);
	if (ret)
		goto out;
	for (i = 0; i < riovcnt; i++)
		total |= rv[i].len;
	if (!total)
		goto out;
	other = get_target(t, pid, &mm);
	if (IS_ERR(other)) {
		ret = PTR_ERR(other);
		goto out;
	}
	ret = move_all(t, other, mm, &it, rv, riovcnt, write);
	mmdrop(mm);
	put_task_struct(other);
out:
	kfree(t->k, lheap);
	kfree(t->k, rheap);
	return ret;
}

int64_t
sys_process_vm_readv(struct task *t, int pid, uaddr_t lvec, uint64_t liovcnt, uaddr_t rvec, uint64_t riovcnt, uint64_t flags)
{
	return process_vm_rw(t, pid, lvec, liovcnt, rvec, riovcnt, flags, false);
}

int64_t
sys_process_vm_writev(struct task *t, int pid, uaddr_t lvec, uint64_t liovcnt, uaddr_t rvec, uint64_t riovcnt, uint64_t flags)
{
	return process_vm_rw(t, pid, lvec, liovcnt, rvec, riovcnt, flags, true);
}
