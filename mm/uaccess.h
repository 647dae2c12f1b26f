/* SPDX-License-Identifier: MIT
 *
 * User memory. The only way to it: a uaddr_t cannot be dereferenced. No check comes before a copy: the copy says -EFAULT.
 * Kernel ranges (arena, image) are refused by address. Under the remote trap a copy costs a host call (about 1 us), so read
 * whole structures, once, and never look twice at memory another thread may change.
 */
#ifndef STEAD_MM_UACCESS_H
#define STEAD_MM_UACCESS_H

#include "kernel/errno.h"
#include "kernel/types.h"

struct task;

#define TASK_SIZE_MAX 0x7ffffffff000UL

/**
 * copy_from_user(), copy_to_user() - all of it, or -EFAULT (then an unknown part was copied)
 * @t: the current task
 * @to: destination
 * @from: source
 * @n: bytes
 *
 * Context: may sleep (page faults: mmap_lock may be taken, so no lock of RANK_MM or later is held).
 * Return: 0, -EFAULT.
 */
int copy_from_user(struct task *t, void *to, uaddr_t from, size_t n) __must_check;
int copy_to_user(struct task *t, uaddr_t to, const void *from, size_t n) __must_check;

/**
 * copy_from_user_partial(), copy_to_user_partial() - as much as can be
 * @t: the current task
 * @to: destination
 * @from: source
 * @n: bytes
 *
 * Return: bytes copied; less than @n means a fault there.
 */
size_t copy_from_user_partial(struct task *t, void *to, uaddr_t from, size_t n) __must_check;
size_t copy_to_user_partial(struct task *t, uaddr_t to, const void *from, size_t n) __must_check;

/**
 * clear_user() - zeros
 * @t: the current task
 * @to: destination
 * @n: bytes
 *
 * Return: 0, -EFAULT.
 */
int clear_user(struct task *t, uaddr_t to, size_t n) __must_check;

/**
 * clear_user_partial() - zeros, as much as can be
 * @t: the current task
 * @to: destination
 * @n: bytes
 *
 * Return: bytes cleared; less than @n means a fault there.
 */
size_t clear_user_partial(struct task *t, uaddr_t to, size_t n) __must_check;

/**
 * access_ok() - could a range be user memory at all? Only for calls that promise -EFAULT before they do anything
 * @t: the current task
 * @u: its start
 * @n: bytes
 *
 * Return: false beyond TASK_SIZE_MAX and in kernel ranges.
 */
bool access_ok(struct task *t, uaddr_t u, uint64_t n) __must_check;

/**
 * access_process_vm() - copy from or to the memory of any task: /proc/PID/mem, process_vm_readv(2)
 * @t: the current task
 * @other: with a reference; may be @t
 * @addr: in @other's address space; kernel memory is refused as an unmapped page
 * @buf: kernel memory
 * @n: bytes
 * @write: to @other
 *
 * Context: the caller has checked ptrace_may_access() and that @other still has the address space that is meant. May sleep.
 * Return: bytes copied; fewer than @n if the next one cannot be.
 */
size_t access_process_vm(struct task *t, struct task *other, uint64_t addr, void *buf, size_t n, bool write) __must_check;

/**
 * strncpy_from_user() - a string with its NUL
 * @t: the current task
 * @dst: room for @n bytes
 * @src: the string
 * @n: bytes of @dst
 *
 * Return: its length without the NUL, -EFAULT, or -ENAMETOOLONG when no NUL is in the first @n bytes.
 */
int64_t strncpy_from_user(struct task *t, char *dst, uaddr_t src, size_t n) __must_check;

/**
 * strnlen_user() - length of a string without its NUL
 * @t: the current task
 * @src: the string
 * @max: look no further
 *
 * Return: length, -EFAULT, or -E2BIG beyond @max.
 */
int64_t strnlen_user(struct task *t, uaddr_t src, uint64_t max) __must_check;

/**
 * get_user_u32_atomic() - read a word without mending a fault, so with any lock held
 * @t: the current task
 * @v: set
 * @u: the word
 *
 * Return: 0, -EFAULT (try copy_from_user() without locks before that is believed).
 */
int get_user_u32_atomic(struct task *t, uint32_t *v, uaddr_t u) __must_check;

/**
 * user_cmpxchg32() - compare and exchange a word of the program atomically against its other threads
 * @t: the current task
 * @u: aligned to 4
 * @expected: the old value looked for; set to what was found
 * @desired: the new value
 *
 * Return: 0 (look whether *@expected changed), -EFAULT.
 */
int user_cmpxchg32(struct task *t, uaddr_t u, uint32_t *expected, uint32_t desired) __must_check;

/* Size from the object: copy_in(t, &k, u), copy_out(t, u, &k). */
#define copy_in(t, kp, u)  copy_from_user((t), (kp), (u), sizeof(*(kp)))
#define copy_out(t, u, kp) copy_to_user((t), (u), (kp), sizeof(*(kp)))

static inline uaddr_t
uaddr_add(uaddr_t u, uint64_t n)
{
	return (uaddr_t){ u.a + n };
}

static inline bool
uaddr_null(uaddr_t u)
{
	return u.a == 0;
}

static inline int __must_check
get_user_u32(struct task *t, uint32_t *v, uaddr_t u)
{
	return copy_from_user(t, v, u, sizeof(*v));
}

static inline int __must_check
get_user_u64(struct task *t, uint64_t *v, uaddr_t u)
{
	return copy_from_user(t, v, u, sizeof(*v));
}

static inline int __must_check
put_user_u32(struct task *t, uint32_t v, uaddr_t u)
{
	return copy_to_user(t, u, &v, sizeof(v));
}

static inline int __must_check
put_user_u64(struct task *t, uint64_t v, uaddr_t u)
{
	return copy_to_user(t, u, &v, sizeof(v));
}

/* Where a read puts and a write takes its bytes: user memory in one or more pieces, or kernel memory. */
struct iovec_k {
	uint64_t base, len;
};

#define UIO_FASTIOV 8
#ifndef UIO_MAXIOV
#define UIO_MAXIOV 1024
#endif
#define MAX_RW_COUNT 0x7ffff000UL

struct iov_iter {
	struct task *t;	 /* whose memory; NULL: kernel memory */
	const struct iovec_k *iov;
	unsigned int nr;
	size_t off;	 /* into iov[0] */
	size_t count;	 /* bytes left */
	struct iovec_k one; /* iov of a single buffer */
};

/**
 * iov_iter_user(), iov_iter_kernel() - over a single buffer
 * @it: filled
 * @t: the current task
 * @u: user address
 * @p: kernel address
 * @n: bytes
 */
void iov_iter_user(struct iov_iter *it, struct task *t, uaddr_t u, size_t n);
void iov_iter_kernel(struct iov_iter *it, void *p, size_t n);

/**
 * import_iovec() - read an array of struct iovec
 * @t: the current task
 * @it: filled
 * @u: the array
 * @nr: how many
 * @fast: room for UIO_FASTIOV
 * @heap: set to kmalloc'ed memory the caller frees with kfree, or NULL
 *
 * Return: total bytes (cut at MAX_RW_COUNT), -EINVAL, -EFAULT, -ENOMEM.
 */
int64_t import_iovec(struct task *t, struct iov_iter *it, uaddr_t u, uint64_t nr, struct iovec_k *fast,
		     struct iovec_k **heap) __must_check;

/**
 * copy_to_iter(), copy_from_iter() - move bytes and advance
 * @p: kernel memory
 * @n: bytes
 * @it: where
 *
 * Return: bytes moved; less than @n means a fault or the end of @it.
 */
size_t copy_to_iter(const void *p, size_t n, struct iov_iter *it) __must_check;
size_t copy_from_iter(void *p, size_t n, struct iov_iter *it) __must_check;

/**
 * iov_iter_zero() - zeros into @it
 * @n: bytes
 * @it: where
 *
 * Return: bytes moved.
 */
size_t iov_iter_zero(size_t n, struct iov_iter *it) __must_check;

/**
 * iov_iter_advance(), iov_iter_revert() - move without copying
 * @it: where
 * @n: bytes, not more than are left, or were done
 */
void iov_iter_advance(struct iov_iter *it, size_t n);
void iov_iter_revert(struct iov_iter *it, size_t n);

#endif
