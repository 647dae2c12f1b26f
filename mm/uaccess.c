/* SPDX-License-Identifier: MIT
 *
 * User memory: the range check, then the trap's copy or, in the task's own process, direct loads and stores.
 *
 * The range check is what keeps kernel memory from programs under the resident trap: the arena and the kernel image are mapped
 * in their address space (t->direct), so an address in them is refused here. Nothing else is checked; the copy itself finds out what is
 * mapped. A copy that runs into a kernel range ends there, as at an unmapped page.
 */
#include "kernel/kernel.h"
#include "kernel/task.h"
#include "mm/mm.h"
#include "mm/uaccess.h"
#include "mm/uaccess-direct.h"
#include "trap/trap.h"

static const char zero_page[PAGE_SIZE];

/* How many of @n bytes at @addr a program may name at all. */
static size_t
user_range(const struct task *t, uint64_t addr, size_t n)
{
	const struct kernel *k = t->k;
	const uint64_t lo[2] = { ARENA_BASE, k->image_start };
	const uint64_t hi[2] = { ARENA_BASE + k->arena_size, k->image_end };

	if (unlikely(n > TASK_SIZE_MAX || addr > TASK_SIZE_MAX - n))
		return 0;
	if (!t->direct)
		return n; /* another process's memory: nothing of the kernel is in it */
	for (int i = 0; i < 2; i++) {
		if (likely(addr >= hi[i] || addr + n <= lo[i]))
			continue;
		if (addr >= lo[i])
			return 0;
		n = lo[i] - addr;
	}
	return n;
}

static void *
direct_ptr(uint64_t addr)
{
	return (void *)(uintptr_t)addr;
}

/*
 * A direct copy has faulted @left bytes before its end. The fault may be one that program code would not have noticed: the stack
 * grows, or a file has. Then the copy goes on. A second fault at the same place is real.
 */
static size_t
direct_copy(struct task *t, void *to, const void *from, size_t n, bool write)
{
	size_t left = uaccess_rep_movsb(to, from, n), before = n + 1;

	while (unlikely(left != 0) && left < before) {
		size_t done = n - left;
		uint64_t addr = (uint64_t)(uintptr_t)(write ? (char *)to + done : (const char *)from + done);

		if (!t->mm || !mm_fault_in(t, addr, write))
			break;
		before = left;
		left = uaccess_rep_movsb((char *)to + done, (const char *)from + done, left);
	}
	return n - left;
}

/* The same for the trap's copies, which end at the first page that cannot be used. */
static size_t
trap_copy(struct task *t, void *kernel, uint64_t user, size_t n, bool write)
{
	const struct trap_ops *trap = t->k->trap;
	size_t done = 0, mended = n;

	for (;;) {
		char *at = (char *)kernel + done;
		size_t got = write ? trap->copy_to(t, user + done, at, n - done) : trap->copy_from(t, at, user + done, n - done);

		done += got;
		if (likely(done == n) || done == mended || !mm_fault_in_remote(t, user + done, write))
			return done;
		mended = done; /* a second fault at the same place is real */
	}
}

/*
 * A file was cut while this call slept: what it did before is of the pages that are no longer there, what it does from now on is of
 * those that the file may have again.
 */
static void
catch_up(struct task *t)
{
	if (unlikely(__atomic_load_n(&t->work, __ATOMIC_RELAXED) & WORK_MM))
		mm_cut_mappings(t);
}

size_t
copy_from_user_partial(struct task *t, void *to, uaddr_t from, size_t n)
{
	n = user_range(t, from.a, n);
	if (n == 0)
		return 0;
	catch_up(t);
	if (t->direct)
		return direct_copy(t, to, direct_ptr(from.a), n, false);
	return trap_copy(t, to, from.a, n, false);
}

size_t
copy_to_user_partial(struct task *t, uaddr_t to, const void *from, size_t n)
{
	n = user_range(t, to.a, n);
	if (n == 0)
		return 0;
	catch_up(t);
	if (t->direct)
		return direct_copy(t, direct_ptr(to.a), from, n, true);
	return trap_copy(t, (void *)(uintptr_t)from, to.a, n, true);
}

int
get_user_u32_atomic(struct task *t, uint32_t *v, uaddr_t u)
{
	if (user_range(t, u.a, sizeof(*v)) != sizeof(*v))
		return -EFAULT;
	if (t->direct)
		return uaccess_rep_movsb(v, direct_ptr(u.a), sizeof(*v)) ? -EFAULT : 0;
	return t->k->trap->copy_from(t, v, u.a, sizeof(*v)) == sizeof(*v) ? 0 : -EFAULT;
}

int
copy_from_user(struct task *t, void *to, uaddr_t from, size_t n)
{
	return copy_from_user_partial(t, to, from, n) == n ? 0 : -EFAULT;
}

int
copy_to_user(struct task *t, uaddr_t to, const void *from, size_t n)
{
	return copy_to_user_partial(t, to, from, n) == n ? 0 : -EFAULT;
}

size_t
clear_user_partial(struct task *t, uaddr_t to, size_t n)
{
	size_t done = 0;

	while (done < n) {
		size_t chunk = MIN(n - done, PAGE_SIZE - ((to.a + done) & (PAGE_SIZE - 1)));
		size_t got = copy_to_user_partial(t, uaddr_add(to, done), zero_page, chunk);

		done += got;
		if (got < chunk)
			break;
	}
	return done;
}

int
clear_user(struct task *t, uaddr_t to, size_t n)
{
	return clear_user_partial(t, to, n) == n ? 0 : -EFAULT;
}

/* Strings are read in pieces that end at a page's end, so that what lies behind the NUL need not be mapped. */
static size_t
string_chunk(uint64_t addr, size_t done, size_t room)
{
	size_t to_page_end = PAGE_SIZE - (addr & (PAGE_SIZE - 1));

	return MIN(room, done == 0 ? MIN(to_page_end, (size_t)256) : to_page_end);
}

int64_t
strncpy_from_user(struct task *t, char *dst, uaddr_t src, size_t n)
{
	size_t done = 0;

	while (done < n) {
		size_t chunk = string_chunk(src.a + done, done, n - done);
		size_t got = copy_from_user_partial(t, dst + done, uaddr_add(src, done), chunk);
		const char *nul = memchr(dst + done, 0, got);

		if (nul)
			return nul - dst;
		if (got < chunk)
			return -EFAULT;
		done += got;
	}
	return -ENAMETOOLONG;
}

int64_t
strnlen_user(struct task *t, uaddr_t src, uint64_t max)
{
	char buf[256];
	uint64_t done = 0;

	while (done <= max) {
		size_t chunk = MIN(sizeof(buf), PAGE_SIZE - ((src.a + done) & (PAGE_SIZE - 1)));
		size_t got = copy_from_user_partial(t, buf, uaddr_add(src, done), chunk);
		const char *nul = memchr(buf, 0, got);

		if (nul) {
			done += (uint64_t)(nul - buf);
			return done <= max ? (int64_t)done : -E2BIG;
		}
		if (got < chunk)
			return -EFAULT;
		done += got;
	}
	return -E2BIG;
}

int
user_cmpxchg32(struct task *t, uaddr_t u, uint32_t *expected, uint32_t desired)
{
	if ((u.a & 3) != 0 || user_range(t, u.a, 4) != 4)
		return -EFAULT;
	if (t->direct)
		return uaccess_cmpxchg32(direct_ptr(u.a), expected, desired);
	return t->k->trap->cmpxchg32(t, u.a, expected, desired);
}

bool
access_ok(struct task *t, uaddr_t u, uint64_t n)
{
	return n == 0 ? u.a <= TASK_SIZE_MAX : user_range(t, u.a, n) == n;
}

size_t
access_process_vm(struct task *t, struct task *other, uint64_t addr, void *buf, size_t n, bool write)
{
	if (other->mm == t->mm)
		return write ? copy_to_user_partial(t, UADDR(addr), buf, n) : copy_from_user_partial(t, buf, UADDR(addr), n);
	n = user_range(t, addr, n); /* kernel memory is at the same place in every process */
	if (n == 0)
		return 0;
	return write ? t->k->trap->copy_to_other(other, addr, buf, n) : t->k->trap->copy_from_other(other, buf, addr, n);
}
