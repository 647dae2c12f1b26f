/* SPDX-License-Identifier: MIT
 *
 * exec: argv and envp. The strings are copied once into one growing block, argv first, and counted against the limits as Linux
 * counts them: strings and pointers together at most a quarter of RLIMIT_STACK, never less than ARG_MAX, never more than 6 MiB.
 *
 * A copy from another process costs a host call, so user memory is read by whole pages through a window: the strings of a
 * program are usually neighbours. A byte is used from one copy only.
 */
#include <linux/limits.h>

#include "kernel/binprm.h"
#include "kernel/errno.h"
#include "mm/uaccess.h"

#define STK_LIM	      (8UL << 20)
#define POINTERS_READ 128
#define STRINGS_FIRST 4096UL

struct window {
	struct task *t;
	uint64_t base;
	size_t len; /* bytes of @bytes that are there; 0: nothing was read */
	char bytes[PAGE_SIZE];
};

static int
strings_reserve(struct linux_binprm *bprm, size_t more)
{
	struct kernel *k = bprm->t->k;
	size_t need = bprm->strings_len + more, size = MAX(bprm->strings_size, STRINGS_FIRST);
	char *p;

	if (need > bprm->strings_max)
		return -E2BIG;
	if (need <= bprm->strings_size)
		return 0;
	while (size < need)
		size *= 2;
	p = kmalloc(k, size);
	if (!p)
		return -ENOMEM;
	memcpy(p, bprm->strings, bprm->strings_len);
	kfree(k, bprm->strings);
	bprm->strings = p;
	bprm->strings_size = size;
	return 0;
}

static int
strings_add(struct linux_binprm *bprm, const char *s, size_t n)
{
	int err = strings_reserve(bprm, n);

	if (err)
		return err;
	memcpy(bprm->strings + bprm->strings_len, s, n);
	bprm->strings_len += n;
	return 0;
}

/* The bytes there are in the window from @addr on; -EFAULT if none. */
static int
window_at(struct window *w, uint64_t addr, const char **p, size_t *n)
{
	if (!w->len || addr < w->base || addr >= w->base + w->len) {
		w->base = ALIGN_DOWN(addr, PAGE_SIZE);
		w->len = copy_from_user_partial(w->t, w->bytes, UADDR(w->base), PAGE_SIZE);
		if (addr - w->base >= w->len) {
			w->len = 0;
			return -EFAULT;
		}
	}
	*p = w->bytes + (addr - w->base);
	*n = w->len - (addr - w->base);
	return 0;
}

static int
copy_one_user(struct linux_binprm *bprm, struct window *w, uint64_t addr)
{
	size_t total = 0;

	for (;;) {
		const char *p, *nul;
		size_t n, use;
		int err = window_at(w, addr + total, &p, &n);

		if (err)
			return err;
		nul = memchr(p, 0, n);
		use = nul ? (size_t)(nul - p) + 1 : n;
		total += use;
		if (total > MAX_ARG_STRLEN)
			return -E2BIG;
		err = strings_add(bprm, p, use);
		if (err)
			return err;
		if (nul)
			return 0;
	}
}

static int
copy_user_array(struct linux_binprm *bprm, struct window *w, uaddr_t array, int *count)
{
	uint64_t ptrs[POINTERS_READ];
	size_t have = 0, i = 0;

	if (uaddr_null(array))
		return 0;
	for (;;) {
		int err;

		if (i == have) {
			have = copy_from_user_partial(bprm->t, ptrs, array, sizeof(ptrs)) / sizeof(ptrs[0]);
			if (have == 0)
				return -EFAULT;
			array = uaddr_add(array, have * sizeof(ptrs[0]));
			i = 0;
			if (fatal_signal_pending(bprm->t))
				return -ERESTARTNOHAND;
		}
		if (ptrs[i] == 0)
			return 0;
		err = copy_one_user(bprm, w, ptrs[i++]);
		if (err)
			return err;
		/* A pointer takes room too, whatever it points to. */
		if (++*count == INT32_MAX || bprm->strings_max < sizeof(uint64_t))
			return -E2BIG;
		bprm->strings_max -= sizeof(uint64_t);
		if (bprm->strings_len > bprm->strings_max)
			return -E2BIG;
	}
}

static int
copy_kernel_array(struct linux_binprm *bprm, const char *const *array, int *count)
{
	for (; array && *array; array++) {
		size_t n = strlen(*array) + 1;
		int err = n > MAX_ARG_STRLEN ? -E2BIG : strings_add(bprm, *array, n);

		if (err)
			return err;
		++*count;
	}
	return 0;
}

static int
copy_array(struct linux_binprm *bprm, struct window *w, const struct user_arg_ptr *from, int *count)
{
	return from->is_kernel ? copy_kernel_array(bprm, from->kernel, count) : copy_user_array(bprm, w, from->user, count);
}

/* Room for strings: pointers are taken off as they are seen, one of argv and the file name at once. */
static int
strings_limit(struct linux_binprm *bprm)
{
	uint64_t limit = MIN(STK_LIM / 4 * 3, bprm->rlim_stack / 4), name = strlen(bprm->filename) + 1;

	limit = MAX(limit, (uint64_t)ARG_MAX);
	if (name > MAX_ARG_STRLEN || name + sizeof(uint64_t) >= limit)
		return -E2BIG;
	bprm->strings_max = limit - name;
	return 0;
}

int
bprm_copy_strings(struct linux_binprm *bprm, const struct user_arg_ptr *argv, const struct user_arg_ptr *envp)
{
	struct kernel *k = bprm->t->k;
	struct window *w;
	int err = strings_limit(bprm);

	if (err)
		return err;
	w = kmalloc(k, sizeof(*w));
	if (!w)
		return -ENOMEM;
	w->t = bprm->t;
	w->len = 0;
	err = copy_array(bprm, w, argv, &bprm->argc);
	if (!err && bprm->argc == 0) {
		err = strings_add(bprm, "", 1);
		bprm->argc = 1;
	}
	bprm->arg_len = bprm->strings_len;
	if (!err)
		err = copy_array(bprm, w, envp, &bprm->envc);
	kfree(k, w);
	return err;
}

int
bprm_replace_arg0(struct linux_binprm *bprm, const char *const *s, int n)
{
	size_t old = strnlen(bprm->strings, bprm->arg_len) + 1, add = 0, at = 0;
	int err;

	for (int i = 0; i < n; i++)
		add += strlen(s[i]) + 1;
	err = strings_reserve(bprm, add);
	if (err)
		return err;
	memmove(bprm->strings + add, bprm->strings + old, bprm->strings_len - old);
	for (int i = 0; i < n; i++) {
		size_t len = strlen(s[i]) + 1;

		memcpy(bprm->strings + at, s[i], len);
		at += len;
	}
	bprm->strings_len += add - old;
	bprm->arg_len += add - old;
	bprm->argc += n - 1;
	return 0;
}
