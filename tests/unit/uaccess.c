/* SPDX-License-Identifier: MIT
 *
 * Copies to and from user memory in the task's own process, with faults at every byte, and the vectors built on them. The fault
 * handler here does what the resident trap's does.
 */
#include <criterion/criterion.h>

#include <signal.h>
#include <sys/mman.h>
#include <ucontext.h>

#include "kernel/kernel.h"
#include "kernel/task.h"
#include "mm/uaccess-direct.h"
#include "mm/uaccess.h"

static void
on_fault(int sig, siginfo_t *info, void *context)
{
	ucontext_t *uc = context;
	uint64_t to = uaccess_fixup((uint64_t)uc->uc_mcontext.gregs[REG_RIP]);

	if (to == 0)
		_exit(70);
	uc->uc_mcontext.gregs[REG_RIP] = (greg_t)to;
}

static struct kernel kernel;
static struct task task;

/* Two pages: the first can be used, the second cannot. */
static char *
setup(void)
{
	struct sigaction sa = { .sa_sigaction = on_fault, .sa_flags = SA_SIGINFO };
	char *p = mmap(NULL, 2 * PAGE_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	cr_assert(p != MAP_FAILED);
	cr_assert_eq(mprotect(p + PAGE_SIZE, PAGE_SIZE, PROT_NONE), 0);
	sigaction(SIGSEGV, &sa, NULL);
	kernel.arena_size = 1UL << 30;
	task.k = &kernel;
	task.direct = true;
	return p;
}

static uaddr_t
at(const void *p)
{
	return UADDR(p);
}

Test(uaccess, a_fault_says_how_far_the_copy_came)
{
	char *end = setup() + PAGE_SIZE, buf[64];

	for (size_t n = 0; n <= sizeof(buf); n++) {
		memset(end - n, (int)n, n);
		cr_assert_eq(copy_from_user_partial(&task, buf, at(end - n), sizeof(buf)), n);
		cr_assert_eq(memcmp(buf, end - n, n), 0);
		cr_assert_eq(copy_to_user_partial(&task, at(end - n), buf, sizeof(buf)), n);
		cr_assert_eq(clear_user_partial(&task, at(end - n), sizeof(buf)), n);
	}
	cr_assert_eq(copy_from_user(&task, buf, at(end - 8), 8), 0);
	cr_assert_eq(copy_from_user(&task, buf, at(end - 8), 9), -EFAULT);
	cr_assert_eq(copy_to_user(&task, at(end), buf, 1), -EFAULT);
	cr_assert_eq(copy_to_user(&task, at(end), buf, 0), 0);
	cr_assert_eq(clear_user(&task, at(end - 1), 2), -EFAULT);
}

Test(uaccess, strings_end_before_a_hole)
{
	char *end = setup() + PAGE_SIZE, buf[PAGE_SIZE];

	memset(end - PAGE_SIZE, 'x', PAGE_SIZE);
	end[-1] = 0;
	for (size_t n = 0; n < PAGE_SIZE; n += 5) {
		cr_assert_eq(strncpy_from_user(&task, buf, at(end - 1 - n), sizeof(buf)), (int64_t)n);
		cr_assert_eq(strlen(buf), n);
		cr_assert_eq(strnlen_user(&task, at(end - 1 - n), PAGE_SIZE), (int64_t)n);
	}
	cr_assert_eq(strncpy_from_user(&task, buf, at(end - 11), 10), -ENAMETOOLONG);
	cr_assert_eq(strncpy_from_user(&task, buf, at(end - 11), 11), 10);
	cr_assert_eq(strnlen_user(&task, at(end - 11), 9), -E2BIG);
	cr_assert_eq(strnlen_user(&task, at(end - 11), 10), 10);
	end[-1] = 'x';
	cr_assert_eq(strncpy_from_user(&task, buf, at(end - 11), sizeof(buf)), -EFAULT);
	cr_assert_eq(strnlen_user(&task, at(end - 11), 100), -EFAULT);
	cr_assert_eq(strncpy_from_user(&task, buf, UNULL, sizeof(buf)), -EFAULT);
}

Test(uaccess, kernel_ranges_are_refused)
{
	uint64_t v = 1;

	setup();
	kernel.image_start = 0x10000000;
	kernel.image_end = 0x10002000;
	cr_assert_not(access_ok(&task, UADDR(ARENA_BASE), 8));
	cr_assert_not(access_ok(&task, UADDR(ARENA_BASE - 1), 2));
	cr_assert_not(access_ok(&task, UADDR(ARENA_BASE + kernel.arena_size - 1), 1));
	cr_assert_not(access_ok(&task, UADDR(0x10001fff), 1));
	cr_assert_not(access_ok(&task, UADDR(0x0fffffff), 2));
	cr_assert_not(access_ok(&task, UADDR(0), 1UL << 46));
	cr_assert(access_ok(&task, UADDR(0x10002000), 8));
	cr_assert(access_ok(&task, UADDR(ARENA_BASE - 8), 8));
	cr_assert_not(access_ok(&task, UADDR(TASK_SIZE_MAX - 7), 8));
	cr_assert_not(access_ok(&task, UADDR(UINT64_MAX), 8));
	cr_assert_eq(copy_to_user(&task, UADDR(ARENA_BASE), &v, 8), -EFAULT);
	cr_assert_eq(copy_from_user(&task, &v, UADDR(TASK_SIZE_MAX), 1), -EFAULT);
	cr_assert_eq(copy_from_user(&task, &v, UADDR(UINT64_MAX - 3), 8), -EFAULT);
	/* a process that the kernel is not mapped in has nothing to protect */
	task.direct = false;
	cr_assert(access_ok(&task, UADDR(ARENA_BASE), 8));
}

Test(uaccess, compare_and_exchange)
{
	char *p = setup();
	uint32_t *word = (uint32_t *)p, expected = 5;

	*word = 5;
	cr_assert_eq(user_cmpxchg32(&task, at(word), &expected, 6), 0);
	cr_assert_eq(expected, 5);
	cr_assert_eq(*word, 6);
	cr_assert_eq(user_cmpxchg32(&task, at(word), &expected, 7), 0);
	cr_assert_eq(expected, 6);
	cr_assert_eq(*word, 6);
	cr_assert_eq(user_cmpxchg32(&task, at(p + PAGE_SIZE), &expected, 7), -EFAULT);
	cr_assert_eq(user_cmpxchg32(&task, at(p + 1), &expected, 7), -EFAULT);
	cr_assert_eq(get_user_u32_atomic(&task, &expected, at(p + PAGE_SIZE - 2)), -EFAULT);
}

Test(iov_iter, moves_over_pieces)
{
	char a[5] = "abcd", b[3] = "ef", c[9] = "ghijklmn", out[32] = { 0 };
	const struct iovec_k iov[] = { { (uintptr_t)a, 4 }, { 0, 0 }, { (uintptr_t)b, 2 }, { (uintptr_t)c, 8 } };
	struct iov_iter it = { .iov = iov, .nr = 4, .count = 14 };

	cr_assert_eq(copy_from_iter(out, 3, &it), 3);
	cr_assert_eq(copy_from_iter(out + 3, 5, &it), 5);
	cr_assert_eq(it.count, 6);
	cr_assert_str_eq(out, "abcdefgh");
	iov_iter_revert(&it, 7);
	memset(out, 0, sizeof(out));
	cr_assert_eq(copy_from_iter(out, 100, &it), 13);
	cr_assert_str_eq(out, "bcdefghijklmn");
	cr_assert_eq(copy_from_iter(out, 1, &it), 0);
	iov_iter_revert(&it, 14);
	iov_iter_advance(&it, 6);
	cr_assert_eq(copy_to_iter("GH", 2, &it), 2);
	cr_assert_eq(c[0], 'G');
	cr_assert_eq(iov_iter_zero(100, &it), 6);
	cr_assert_eq(c[2] | c[7], 0);
}

Test(iov_iter, stops_at_a_fault)
{
	char *end = setup() + PAGE_SIZE, buf[16] = "0123456789";
	const struct iovec_k iov[] = { { (uintptr_t)end - 3, 8 }, { (uintptr_t)end - 10, 4 } };
	struct iov_iter it = { .t = &task, .iov = iov, .nr = 2, .count = 12 };

	cr_assert_eq(copy_to_iter(buf, 10, &it), 3);
	cr_assert_eq(it.count, 9);
	cr_assert_eq(memcmp(end - 3, "012", 3), 0);
}

Test(iov_iter, import_checks_lengths)
{
	char *end = setup() + PAGE_SIZE;
	struct iovec_k fast[UIO_FASTIOV], *heap, *u = (struct iovec_k *)(end - 3 * sizeof(*u));
	struct iov_iter it;

	u[0] = (struct iovec_k){ 4096, 10 };
	u[1] = (struct iovec_k){ 8192, MAX_RW_COUNT };
	u[2] = (struct iovec_k){ 12288, 10 };
	cr_assert_eq(import_iovec(&task, &it, at(u), 3, fast, &heap), (int64_t)MAX_RW_COUNT);
	cr_assert_eq(fast[1].len, MAX_RW_COUNT - 10);
	cr_assert_eq(fast[2].len, 0);
	cr_assert_null(heap);
	cr_assert_eq(import_iovec(&task, &it, at(u), 4, fast, &heap), -EFAULT);
	cr_assert_eq(import_iovec(&task, &it, at(u), UIO_MAXIOV + 1, fast, &heap), -EINVAL);
	cr_assert_eq(import_iovec(&task, &it, at(u), 0, fast, &heap), 0);
	u[1].len = 1UL << 63;
	cr_assert_eq(import_iovec(&task, &it, at(u), 3, fast, &heap), -EINVAL);
	u[1] = (struct iovec_k){ TASK_SIZE_MAX, 1 };
	cr_assert_eq(import_iovec(&task, &it, at(u), 3, fast, &heap), -EFAULT);
}
