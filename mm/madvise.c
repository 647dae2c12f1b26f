/* SPDX-License-Identifier: MIT
 *
 * madvise(2). Advice about the content of memory is the host's to follow, vma by vma and never outside of them; advice about fork
 * is kept on the vma and given to the host, whose fork does it; advice about dumps, huge pages and reading ahead is kept.
 *
 * Holes in the range do not stop it: the rest is done, and -ENOMEM is the result. Left out, as in a kernel built without them:
 * memory failure injection (MADV_HWPOISON, MADV_SOFT_OFFLINE) and guard regions. MADV_MERGEABLE only sets its flag.
 */
#include <linux/falloc.h>
#include <linux/mman.h>
#include <asm/unistd.h>

#include "kernel/errno.h"
#include "mm/internal.h"
#include "mm/text.h"
#include "vfs/fdtable.h"

#ifndef MADV_DONTNEED_LOCKED
#define MADV_DONTNEED_LOCKED 24
#endif
#ifndef MADV_COLLAPSE
#define MADV_COLLAPSE 25
#endif

/* Advice that only changes flags of a vma. */
struct flag_advice {
	int advice;
	uint32_t set, clear;
	bool host;
};

static const struct flag_advice flag_advices[] = {
	{ MADV_NORMAL, 0, VM_SEQ_READ | VM_RAND_READ, false },
	{ MADV_RANDOM, VM_RAND_READ, VM_SEQ_READ, false },
	{ MADV_SEQUENTIAL, VM_SEQ_READ, VM_RAND_READ, false },
	{ MADV_DONTFORK, VM_DONTCOPY, 0, true },
	{ MADV_DOFORK, 0, VM_DONTCOPY, true },
	{ MADV_WIPEONFORK, VM_WIPEONFORK, 0, true },
	{ MADV_KEEPONFORK, 0, VM_WIPEONFORK, true },
	{ MADV_DONTDUMP, VM_DONTDUMP, 0, false },
	{ MADV_DODUMP, 0, VM_DONTDUMP, false },
	{ MADV_MERGEABLE, VM_MERGEABLE, 0, false },
	{ MADV_UNMERGEABLE, 0, VM_MERGEABLE, false },
	{ MADV_HUGEPAGE, VM_HUGEPAGE, VM_NOHUGEPAGE, true },
	{ MADV_NOHUGEPAGE, VM_NOHUGEPAGE, VM_HUGEPAGE, true },
};

static const struct flag_advice *
find_flag_advice(int advice)
{
	for (size_t i = 0; i < ARRAY_SIZE(flag_advices); i++)
		if (flag_advices[i].advice == advice)
			return &flag_advices[i];
	return NULL;
}

static bool
advice_valid(int advice)
{
	switch (advice) {
	case MADV_WILLNEED:
	case MADV_DONTNEED:
	case MADV_DONTNEED_LOCKED:
	case MADV_FREE:
	case MADV_REMOVE:
	case MADV_COLD:
	case MADV_PAGEOUT:
	case MADV_POPULATE_READ:
	case MADV_POPULATE_WRITE:
	case MADV_COLLAPSE:
		return true;
	default:
		return find_flag_advice(advice) != NULL;
	}
}

static int
host_advice(struct task *t, uint64_t start, uint64_t end, int advice)
{
	return (int)mm_host(t, __NR_madvise, start, end - start, (uint64_t)advice, 0, 0, 0);
}

static int
advise_flags(struct task *t, struct vma **vp, uint64_t start, uint64_t end, const struct flag_advice *fa, struct list_head *gone)
{
	struct vma *v = *vp;
	uint32_t flags = (v->flags & ~fa->clear) | fa->set;
	int err;

	if (fa->advice == MADV_WIPEONFORK && (v->file || (v->flags & VM_SHARED)))
		return -EINVAL;
	if ((v->flags & VM_SPECIAL) && (fa->advice == MADV_DODUMP || fa->advice == MADV_DOFORK))
		return -EINVAL;
	if (flags == v->flags)
		return 0;
	err = vma_isolate(t->mm, start, end);
	if (err)
		return err;
	v = find_vma(t->mm, start);
	if (fa->host) {
		err = host_advice(t, start, end, fa->advice);
		/* a host without huge pages: the flag alone, as madvise(2) promises nothing */
		if (err && fa->advice != MADV_HUGEPAGE && fa->advice != MADV_NOHUGEPAGE)
			return err;
	}
	v->flags = flags;
	t->mm->seq++;
	*vp = vma_merge(t->mm, v, gone);
	return 0;
}

/* What the host does to the pages of a vma. */
static int
advise_pages(struct task *t, struct vma *v, uint64_t start, uint64_t end, int advice)
{
	int err;

	switch (advice) {
	case MADV_DONTNEED:
	case MADV_COLD:
	case MADV_PAGEOUT:
		if (v->flags & VM_LOCKED)
			return -EINVAL;
		break;
	case MADV_FREE:
		if (v->file || (v->flags & (VM_SHARED | VM_SPECIAL)))
			return -EINVAL;
		break;
	default:
		break;
	}
	if (v->flags & VM_SPECIAL)
		return advice == MADV_WILLNEED || advice == MADV_DONTNEED_LOCKED ? 0 : -EINVAL;
	if (advice == MADV_DONTNEED_LOCKED)
		advice = v->flags & VM_LOCKED ? MADV_DONTNEED_LOCKED : MADV_DONTNEED;
	err = advice == MADV_WILLNEED || advice == MADV_POPULATE_READ ? 0 : text_revoke(t, v, start, end);
	if (!err)
		err = host_advice(t, start, end, advice);
	if (advice == MADV_WILLNEED || advice == MADV_COLD || advice == MADV_PAGEOUT)
		return 0; /* hints: the host may not have the means */
	return err;
}

/* A hole in the file, made without mmap_lock: the range is looked at anew afterwards, so nothing of it is used. */
static int
remove_pages(struct task *t, struct vma *v, uint64_t start, uint64_t end) __no_thread_safety
{
	struct mm *mm = t->mm;
	struct file *file = v->file;
	int64_t err, off = (int64_t)(vma_pgoff_at(v, start) << PAGE_SHIFT);

	if ((v->flags & VM_LOCKED) || !file)
		return -EINVAL;
	if ((v->flags & (VM_SHARED | VM_MAYWRITE)) != (VM_SHARED | VM_MAYWRITE))
		return -EACCES;
	if (!file->f_op->fallocate)
		return -EOPNOTSUPP;
	get_file(file);
	mutex_unlock(&mm->mmap_lock);
	err = file->f_op->fallocate(t, file, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, off, (int64_t)(end - start));
	fput(t, file);
	mutex_lock(&mm->mmap_lock);
	return (int)err;
}

static int
advise_one(struct task *t, struct vma *v, uint64_t start, uint64_t end, int advice, struct list_head *gone)
{
	const struct flag_advice *fa = find_flag_advice(advice);

	if (fa)
		return advise_flags(t, &v, start, end, fa, gone);
	if (advice == MADV_REMOVE)
		return remove_pages(t, v, start, end);
	return advise_pages(t, v, start, end, advice);
}

/* A thread's stack and its guard, say. */
static bool
is_plain(const struct vma *v)
{
	return !v->file && !(v->flags & (VM_SHARED | VM_SPECIAL | VM_LOCKED | VM_EXEC));
}

/* The end of what lies in [.., @end) of @v and of vmas that follow it without a gap, where one host call drops the pages of all. */
static uint64_t
end_of_run(struct task *t, struct vma *v, uint64_t end, int advice)
{
	struct vma *next;

	if ((advice != MADV_DONTNEED && advice != MADV_FREE) || !is_plain(v))
		return MIN(v->end, end);
	while (v->end < end && (next = vma_next(t->mm, v)) != NULL && next->start == v->end && is_plain(next))
		v = next;
	return MIN(v->end, end);
}

static int
advise_range(struct task *t, uint64_t start, uint64_t end, int advice, struct list_head *gone)
{
	bool hole = false, populate = advice == MADV_POPULATE_READ || advice == MADV_POPULATE_WRITE;

	while (start < end) {
		struct vma *v = find_vma(t->mm, start);
		uint64_t to;
		int err;

		if (!v || v->start >= end)
			return -ENOMEM;
		if (v->start > start) {
			if (populate)
				return -ENOMEM;
			hole = true;
			start = v->start;
		}
		to = end_of_run(t, v, end, advice);
		err = advise_one(t, v, start, to, advice, gone);
		if (err)
			return err;
		start = to;
	}
	return hole ? -ENOMEM : 0;
}

int
do_madvise(struct task *t, uint64_t start, uint64_t len, int advice)
{
	struct list_head gone;
	int err;

	if (!advice_valid(advice) || (start & ~PAGE_MASK))
		return -EINVAL;
	if (len && ALIGN_UP(len, PAGE_SIZE) == 0)
		return -EINVAL;
	len = ALIGN_UP(len, PAGE_SIZE);
	if (start + len < start)
		return -EINVAL;
	if (len == 0)
		return 0;
	INIT_LIST_HEAD(&gone);
	mutex_lock(&t->mm->mmap_lock);
	err = advise_range(t, start, start + len, advice, &gone);
	mutex_unlock(&t->mm->mmap_lock);
	vma_free_list(&gone);
	return err;
}
