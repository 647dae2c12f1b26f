/* SPDX-License-Identifier: MIT
 *
 * mremap(2). Pages move by the host's mremap; new pages at the end are mapped as any. One of our vmas may be several host
 * mappings (a file in pieces, memory that the host could not join), which the host refuses to move in one call: then it is
 * moved in halves.
 *
 * Left out: Linux 6.17's moving of several vmas at once.
 */
#include <linux/mman.h>
#include <asm/unistd.h>

#include "kernel/errno.h"
#include "mm/internal.h"
#include "mm/text.h"
#include "mm/uaccess.h"
#include "vfs/fdtable.h"

struct remap {
	uint64_t addr, old_len, new_len, new_addr;
	uint32_t flags;
	struct vma *v;
};

static int64_t
host_move(struct task *t, uint64_t from, uint64_t len, uint64_t to, uint32_t flags)
{
	uint64_t half, lo, hi;
	int64_t ret;

	if (range_reserved(t, to, to + len, &lo, &hi))
		return -ENOMEM;
	ret = mm_host(t, __NR_mremap, from, len, len, flags, to, 0);
	if (ret != -EFAULT || len <= PAGE_SIZE)
		return ret < 0 ? ret : 0;
	half = ALIGN_UP(len / 2, PAGE_SIZE);
	ret = host_move(t, from, half, to, flags);
	return ret ? ret : host_move(t, from + half, len - half, to + half, flags);
}

/* May the vma get the new size? */
static int
check_resize(struct task *t, const struct remap *r)
{
	struct vma *v = r->v;
	uint64_t more, pgoff;

	if (r->old_len == 0 && !(v->flags & (VM_SHARED | VM_MAYSHARE)))
		return -EINVAL;
	if ((v->flags & VM_SPECIAL) && (r->flags & MREMAP_DONTUNMAP))
		return -EINVAL;
	if (r->old_len > v->end - r->addr)
		return -EFAULT;
	if (r->new_len == r->old_len)
		return 0;
	pgoff = vma_pgoff_at(v, r->addr);
	if (pgoff + (r->new_len >> PAGE_SHIFT) < pgoff)
		return -EINVAL;
	if (v->flags & VM_SPECIAL)
		return -EFAULT;
	more = r->new_len - r->old_len;
	if (!mlock_future_ok(t, v->flags, more))
		return -EAGAIN;
	return may_expand_vm(t, v->flags, more >> PAGE_SHIFT) ? 0 : -ENOMEM;
}

/* The pages from @from to the end of @v, which has just become longer. */
static int
map_tail(struct task *t, struct vma *v, uint64_t from)
{
	if (v->file)
		from = MIN(from, v->backed_end);
	return vma_map_host(t, v, from, v->end, v->flags & VM_NORESERVE ? MAP_NORESERVE : 0);
}

static void
account_growth(struct task *t, struct vma *v, uint64_t from, uint64_t to)
{
	uint64_t npages = (to - from) >> PAGE_SHIFT;

	vm_stat_account(t->mm, v->flags, (int64_t)npages);
	if (v->flags & VM_LOCKED) {
		t->mm->locked_vm += npages;
		mm_populate(t, from, to, v->flags);
	}
}

static bool
expandable(struct task *t, const struct vma *v, uint64_t delta)
{
	struct vma *next = find_vma(t->mm, v->end);
	uint64_t lo, hi;

	if (v->end + delta < v->end || v->end + delta > TASK_SIZE_MAX)
		return false;
	return (!next || v->end + delta <= vma_start_gap(next)) && !range_reserved(t, v->end, v->end + delta, &lo, &hi);
}

static int64_t
expand_in_place(struct task *t, struct remap *r, struct list_head *gone)
{
	struct mm *mm = t->mm;
	struct vma *v = r->v;
	uint64_t end = v->end, backed = v->backed_end, delta = r->new_len - r->old_len;
	int err;

	vma_resize(mm, v, v->start, end + delta);
	err = map_tail(t, v, end);
	if (err) {
		ignore_err(mm_host(t, __NR_munmap, end, delta, 0, 0, 0, 0), "nothing else to do");
		v->backed_end = MIN(backed, end);
		vma_resize(mm, v, v->start, end);
		return err;
	}
	account_growth(t, v, end, end + delta);
	vma_merge(mm, v, gone);
	return (int64_t)r->addr;
}

/* A vma for the new place; not in the tree yet. */
static struct vma *
moved_vma(struct mm *mm, const struct remap *r)
{
	struct vma *nv = vma_alloc(mm), *v = r->v;

	if (!nv)
		return NULL;
	nv->start = r->new_addr;
	nv->end = r->new_addr + r->new_len;
	nv->flags = v->flags;
	nv->name = v->name;
	nv->file = v->file;
	nv->pgoff = v->file || (v->flags & VM_SPECIAL) ? vma_pgoff_at(v, r->addr) : r->new_addr >> PAGE_SHIFT;
	if (nv->file)
		get_file(nv->file);
	nv->cut_pgoff = __atomic_load_n(&v->cut_pgoff, __ATOMIC_RELAXED);
	nv->backed_end = r->new_addr + MIN(MAX(v->backed_end, r->addr) - r->addr, r->old_len);
	return nv;
}

/* Host side of a move: the pages, then what is new at the end. */
static int64_t
move_host(struct task *t, struct remap *r, struct vma *nv)
{
	int64_t ret = r->old_len ? text_revoke(t, r->v, r->addr, r->addr + r->old_len) : 0;

	if (r->old_len && !ret)
		ret = host_move(t, r->addr, r->old_len, r->new_addr,
				MREMAP_MAYMOVE | MREMAP_FIXED | (r->flags & MREMAP_DONTUNMAP));
	if (r->old_len && !ret && t->k->text)
		ret = text_moved(t, r->v, r->addr, nv);
	if (!ret && r->new_len > r->old_len)
		ret = map_tail(t, nv, r->new_addr + r->old_len);
	return ret;
}

/* DONTUNMAP leaves an empty mapping behind, no longer locked. */
static int
leave_old(struct task *t, struct remap *r, struct list_head *gone)
{
	struct mm *mm = t->mm;
	struct vma *v;

	if (!(r->flags & MREMAP_DONTUNMAP))
		return munmap_locked(t, r->addr, r->addr + r->old_len, false, gone);
	v = find_vma(mm, r->addr);
	if (v->flags & VM_LOCKED)
		mm->locked_vm -= vma_pages(v);
	v->flags &= ~(VM_LOCKED | VM_LOCKONFAULT);
	return 0;
}

static int64_t
move_vma(struct task *t, struct remap *r, struct list_head *gone)
{
	struct mm *mm = t->mm;
	struct vma *nv;
	int64_t ret;

	if ((uint64_t)mm->map_count + 3 >= READ_ONCE(t->k->max_map_count))
		return -ENOMEM;
	if (r->old_len) {
		ret = vma_isolate(mm, r->addr, r->addr + r->old_len);
		if (ret)
			return ret;
		r->v = find_vma(mm, r->addr);
	}
	nv = moved_vma(mm, r);
	if (!nv)
		return -ENOMEM;
	ret = move_host(t, r, nv);
	if (ret) {
		ignore_err(mm_host(t, __NR_munmap, r->new_addr, r->new_len, 0, 0, 0, 0), "nothing else to do");
		list_add_tail(&nv->list, gone);
		return ret;
	}
	vma_insert(mm, nv); /* first: a file that counts its vmas must not see the last one go */
	if (r->old_len)
		ignore_err(leave_old(t, r, gone), "isolated above: nothing to split");
	if (r->old_len && t->k->text && !(r->flags & MREMAP_DONTUNMAP))
		text_unmapped(t, r->v, gone);
	if (nv->flags & VM_SPECIAL)
		__atomic_store_n(&mm->vdso_touched, true, __ATOMIC_RELEASE);
	if (nv->flags & VM_SPECIAL && mm->vdso >= r->addr && mm->vdso < r->addr + r->old_len)
		mm->vdso += r->new_addr - r->addr;
	account_growth(t, nv, nv->start, nv->end);
	vma_merge(mm, nv, gone);
	if (r->flags & MREMAP_DONTUNMAP)
		vma_merge(mm, find_vma(mm, r->addr), gone); /* it was isolated for the move alone */
	return (int64_t)r->new_addr;
}

static int64_t
remap_to(struct task *t, struct remap *r, struct list_head *gone)
{
	int64_t ret;

	if ((r->new_addr & ~PAGE_MASK) || r->new_len > TASK_SIZE_MAX || r->new_addr > TASK_SIZE_MAX - r->new_len)
		return -EINVAL;
	if (r->addr + r->old_len > r->new_addr && r->new_addr + r->new_len > r->addr)
		return -EINVAL;
	if (r->flags & MREMAP_FIXED) {
		ret = get_unmapped_area(t, r->new_addr, r->new_len, MAP_FIXED);
		if (ret < 0)
			return ret;
		ret = munmap_locked(t, r->new_addr, r->new_addr + r->new_len, true, gone);
		if (ret)
			return ret;
	}
	if (r->old_len > r->new_len) {
		ret = munmap_locked(t, r->addr + r->new_len, r->addr + r->old_len, true, gone);
		if (ret)
			return ret;
		r->old_len = r->new_len;
	}
	r->v = find_vma_intersection(t->mm, r->addr, r->addr + 1);
	if (!r->v)
		return -EFAULT;
	ret = check_resize(t, r);
	if (ret)
		return ret;
	if ((r->flags & MREMAP_DONTUNMAP) && !may_expand_vm(t, r->v->flags, r->old_len >> PAGE_SHIFT))
		return -ENOMEM;
	if (!(r->flags & MREMAP_FIXED)) {
		ret = get_unmapped_area(t, r->new_addr, r->new_len, 0);
		if (ret < 0)
			return ret;
		r->new_addr = (uint64_t)ret;
	}
	return move_vma(t, r, gone);
}

static int64_t
remap_locked(struct task *t, struct remap *r, struct list_head *gone)
{
	struct mm *mm = t->mm;
	int64_t ret;

	r->v = find_vma_intersection(mm, r->addr, r->addr + 1);
	if (!r->v)
		return -EFAULT;
	if (r->flags & (MREMAP_FIXED | MREMAP_DONTUNMAP))
		return remap_to(t, r, gone);
	if (r->old_len >= r->new_len) {
		if (r->old_len > r->new_len) {
			ret = munmap_locked(t, r->addr + r->new_len, r->addr + r->old_len, true, gone);
			if (ret)
				return ret;
		}
		return (int64_t)r->addr;
	}
	ret = check_resize(t, r);
	if (ret)
		return ret;
	if (r->old_len == r->v->end - r->addr && expandable(t, r->v, r->new_len - r->old_len))
		return expand_in_place(t, r, gone);
	if (!(r->flags & MREMAP_MAYMOVE))
		return -ENOMEM;
	ret = get_unmapped_area(t, 0, r->new_len, 0);
	if (ret < 0)
		return ret;
	r->new_addr = (uint64_t)ret;
	return move_vma(t, r, gone);
}

int64_t
do_mremap(struct task *t, uint64_t old, uint64_t old_len, uint64_t new_len, uint32_t flags, uint64_t new_addr)
{
	struct remap r = { .addr = old, .new_addr = new_addr, .flags = flags };
	struct list_head gone;
	int64_t ret;

	r.old_len = ALIGN_UP(old_len, PAGE_SIZE);
	r.new_len = ALIGN_UP(new_len, PAGE_SIZE);
	if (flags & ~(uint32_t)(MREMAP_MAYMOVE | MREMAP_FIXED | MREMAP_DONTUNMAP))
		return -EINVAL;
	if ((flags & (MREMAP_FIXED | MREMAP_DONTUNMAP)) && !(flags & MREMAP_MAYMOVE))
		return -EINVAL;
	if ((flags & MREMAP_DONTUNMAP) && old_len != new_len)
		return -EINVAL;
	if ((old & ~PAGE_MASK) || r.new_len == 0 || r.new_len > TASK_SIZE_MAX || old > TASK_SIZE_MAX || r.old_len > TASK_SIZE_MAX - old)
		return -EINVAL;
	INIT_LIST_HEAD(&gone);
	mutex_lock(&t->mm->mmap_lock);
	t->mm->actor = t->tgid;
	ret = remap_locked(t, &r, &gone);
	mutex_unlock(&t->mm->mmap_lock);
	vma_free_list(&gone);
	return ret;
}
