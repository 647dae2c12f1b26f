/* SPDX-License-Identifier: MIT
 *
 * The vmas of an address space: an AA tree by address and a list in the same order. Each node knows the free bytes before it
 * (up to its guard gap) and the most of any node below it, so that a free place is found without looking at every vma.
 *
 * mm->mmap_lock is held throughout. A file's i_mmap list has its own lock (a leaf).
 */
#include "kernel/errno.h"
#include "mm/internal.h"
#include "vfs/fdtable.h"

struct vma *
vma_alloc(struct mm *mm)
{
	struct vma *v = kmem_cache_zalloc(&mm->k->mm->vma_cache);

	if (v) {
		v->mm = mm;
		v->cut_pgoff = UINT64_MAX;
		INIT_LIST_HEAD(&v->list);
		INIT_LIST_HEAD(&v->i_mmap);
	}
	return v;
}

void
vma_free(struct vma *v)
{
	struct kernel *k = v->mm->k;

	if (v->file)
		fput(NULL, v->file);
	kmem_cache_free(&k->mm->vma_cache, v);
}

void
vma_free_list(struct list_head *gone)
{
	struct vma *v, *n;

	list_for_each_entry_safe(v, n, gone, list) {
		list_del(&v->list);
		vma_free(v);
	}
}

static void
link_file(struct vma *v)
{
	struct inode *inode = v->file ? v->file->f_inode : NULL;

	if (!inode)
		return;
	mutex_lock(&inode->i_mmap_lock);
	list_add_tail(&v->i_mmap, &inode->i_mmap);
	mutex_unlock(&inode->i_mmap_lock);
	if (v->file->f_op->vma_open)
		v->file->f_op->vma_open(v);
}

static void
unlink_file(struct vma *v)
{
	struct inode *inode = v->file ? v->file->f_inode : NULL;

	if (!inode)
		return;
	mutex_lock(&inode->i_mmap_lock);
	list_del_init(&v->i_mmap);
	mutex_unlock(&inode->i_mmap_lock);
	if (v->file->f_op->vma_close)
		v->file->f_op->vma_close(v);
}

struct vma *
vma_next(struct mm *mm, struct vma *v)
{
	return v->list.next == &mm->vmas ? NULL : list_entry(v->list.next, struct vma, list);
}

struct vma *
vma_prev(struct mm *mm, struct vma *v)
{
	return v->list.prev == &mm->vmas ? NULL : list_entry(v->list.prev, struct vma, list);
}

/* Tree. Levels: a left child is one below its parent, a right child at most on its level, a right grandchild one below. */

static uint64_t
gap_max_of(const struct vma *n)
{
	return n ? n->gap_max : 0;
}

static void
update(struct vma *n)
{
	n->gap_max = MAX(n->gap, MAX(gap_max_of(n->left), gap_max_of(n->right)));
}

static struct vma *
skew(struct vma *n)
{
	struct vma *l;

	if (!n || !n->left || n->left->level != n->level)
		return n;
	l = n->left;
	n->left = l->right;
	l->right = n;
	update(n);
	update(l);
	return l;
}

static struct vma *
split(struct vma *n)
{
	struct vma *r;

	if (!n || !n->right || !n->right->right || n->right->right->level != n->level)
		return n;
	r = n->right;
	n->right = r->left;
	r->left = n;
	r->level++;
	update(n);
	update(r);
	return r;
}

static struct vma *
tree_insert(struct vma *n, struct vma *v)
{
	if (!n) {
		v->left = v->right = NULL;
		v->level = 1;
		update(v);
		return v;
	}
	if (v->start < n->start)
		n->left = tree_insert(n->left, v);
	else
		n->right = tree_insert(n->right, v);
	update(n);
	return split(skew(n));
}

static struct vma *
rebalance(struct vma *n)
{
	int level = MIN(n->left ? n->left->level : 0, n->right ? n->right->level : 0) + 1;

	if (level < n->level) {
		n->level = level;
		if (n->right && n->right->level > level)
			n->right->level = level;
	}
	update(n);
	n = skew(n);
	n->right = skew(n->right);
	if (n->right)
		n->right->right = skew(n->right->right);
	n = split(n);
	n->right = split(n->right);
	return n;
}

static struct vma *tree_erase(struct vma *n, struct vma *v);

/* @v is at the top: its nearest neighbour in the tree takes its place. */
static struct vma *
tree_replace(struct vma *v)
{
	struct vma *s;

	if (v->left) {
		for (s = v->left; s->right; s = s->right)
			;
		v->left = tree_erase(v->left, s);
	} else if (v->right) {
		for (s = v->right; s->left; s = s->left)
			;
		v->right = tree_erase(v->right, s);
	} else {
		return NULL;
	}
	s->left = v->left;
	s->right = v->right;
	s->level = v->level;
	return s;
}

static struct vma *
tree_erase(struct vma *n, struct vma *v)
{
	if (v->start < n->start)
		n->left = tree_erase(n->left, v);
	else if (v->start > n->start)
		n->right = tree_erase(n->right, v);
	else
		n = tree_replace(n);
	return n ? rebalance(n) : NULL;
}

/* Bring gap_max up to date from @v to the root. */
static void
tree_refresh(struct vma *n, const struct vma *v)
{
	if (v->start < n->start)
		tree_refresh(n->left, v);
	else if (v->start > n->start)
		tree_refresh(n->right, v);
	update(n);
}

static uint64_t
gap_before(struct mm *mm, struct vma *v)
{
	struct vma *prev = vma_prev(mm, v);
	uint64_t lo = prev ? prev->end : 0, hi = vma_start_gap(v);

	return hi > lo ? hi - lo : 0;
}

static void
refresh_gap(struct mm *mm, struct vma *v)
{
	uint64_t gap;

	if (!v)
		return;
	gap = gap_before(mm, v);
	if (gap != v->gap || v->gap_max < gap) {
		v->gap = gap;
		tree_refresh(mm->root, v);
	}
}

struct vma *
find_vma(struct mm *mm, uint64_t addr)
{
	struct vma *n = mm->root, *best = NULL;

	while (n) {
		if (n->end > addr) {
			best = n;
			n = n->start <= addr ? NULL : n->left;
		} else {
			n = n->right;
		}
	}
	return best;
}

struct vma *
find_vma_intersection(struct mm *mm, uint64_t start, uint64_t end)
{
	struct vma *v = find_vma(mm, start);

	return v && v->start < end ? v : NULL;
}

static void
insert_only(struct mm *mm, struct vma *v)
{
	struct vma *next = find_vma(mm, v->start);

	list_add_tail(&v->list, next ? &next->list : &mm->vmas);
	v->gap = gap_before(mm, v);
	mm->root = tree_insert(mm->root, v);
	mm->map_count++;
	mm->seq++;
	refresh_gap(mm, next);
}

static void
remove_only(struct mm *mm, struct vma *v)
{
	struct vma *next = vma_next(mm, v);

	mm->root = tree_erase(mm->root, v);
	list_del_init(&v->list);
	mm->map_count--;
	mm->seq++;
	refresh_gap(mm, next);
}

void
vma_insert(struct mm *mm, struct vma *v)
{
	insert_only(mm, v);
	link_file(v);
}

void
vma_remove(struct mm *mm, struct vma *v)
{
	unlink_file(v);
	remove_only(mm, v);
}

void
vma_resize(struct mm *mm, struct vma *v, uint64_t start, uint64_t end)
{
	/* Between its neighbours, so its place in the tree stays. */
	v->start = start;
	v->end = end;
	mm->seq++;
	refresh_gap(mm, v);
	refresh_gap(mm, vma_next(mm, v));
}

int
vma_split(struct mm *mm, struct vma *v, uint64_t at)
{
	struct vma *hi;
	uint64_t backed = v->backed_end;

	if (mm->map_count >= READ_ONCE(mm->k->max_map_count))
		return -ENOMEM;
	hi = vma_alloc(mm);
	if (!hi)
		return -ENOMEM;
	hi->start = at;
	hi->end = v->end;
	hi->flags = v->flags;
	hi->pgoff = vma_pgoff_at(v, at);
	hi->name = v->name;
	hi->backed_end = MAX(backed, at);
	hi->file = v->file;
	if (hi->file)
		get_file(hi->file);
	v->backed_end = MIN(backed, at);
	vma_resize(mm, v, v->start, at);
	vma_insert(mm, hi);
	vma_inherit_cut(hi, v);
	return 0;
}

int
vma_isolate(struct mm *mm, uint64_t start, uint64_t end)
{
	struct vma *v = find_vma(mm, start);
	int err;

	if (v && v->start < start) {
		err = vma_split(mm, v, start);
		if (err)
			return err;
	}
	v = find_vma(mm, end);
	if (v && v->start < end)
		return vma_split(mm, v, end);
	return 0;
}

static bool
can_merge(const struct vma *lo, const struct vma *hi)
{
	return lo && hi && lo->end == hi->start && lo->flags == hi->flags && !(lo->flags & VM_SPECIAL) && lo->file == hi->file &&
	       lo->name == hi->name && lo->backed_end == lo->end && vma_pgoff_at(lo, lo->end) == hi->pgoff &&
	       !(lo->file && lo->file->f_op->vma_close); /* each is counted */
}

/* @hi is taken into @lo. */
static void
absorb(struct mm *mm, struct vma *lo, struct vma *hi, struct list_head *gone)
{
	uint64_t end = hi->end;

	lo->backed_end = hi->backed_end;
	vma_inherit_cut(lo, hi);
	vma_remove(mm, hi);
	list_add_tail(&hi->list, gone);
	vma_resize(mm, lo, lo->start, end);
}

struct vma *
vma_merge(struct mm *mm, struct vma *v, struct list_head *gone)
{
	struct vma *prev = vma_prev(mm, v), *next;

	if (can_merge(prev, v)) {
		absorb(mm, prev, v, gone);
		v = prev;
	}
	next = vma_next(mm, v);
	if (can_merge(v, next))
		absorb(mm, v, next, gone);
	return v;
}

/* The free bytes before @n, cut to [low, high). */
static bool
clip_gap(const struct vma *n, uint64_t low, uint64_t high, uint64_t *lo, uint64_t *hi)
{
	*hi = vma_start_gap(n);
	*lo = MAX(*hi - n->gap, low);
	*hi = MIN(*hi, high);
	return *lo < *hi;
}

static uint64_t
fit_high(uint64_t lo, uint64_t hi, uint64_t len, uint64_t align)
{
	uint64_t addr;

	if (hi < lo || hi - lo < len)
		return 0;
	addr = ALIGN_DOWN(hi - len, align);
	return addr >= lo ? addr : 0;
}

static uint64_t
fit_low(uint64_t lo, uint64_t hi, uint64_t len, uint64_t align)
{
	uint64_t addr = ALIGN_UP(lo, align);

	return addr >= lo && addr <= hi && hi - addr >= len ? addr : 0;
}

static uint64_t
topdown(const struct vma *n, uint64_t len, uint64_t low, uint64_t high, uint64_t align)
{
	uint64_t addr = 0, lo, hi;

	if (!n || n->gap_max < len)
		return 0;
	if (n->end < high)
		addr = topdown(n->right, len, low, high, align);
	if (addr == 0 && n->gap >= len && clip_gap(n, low, high, &lo, &hi))
		addr = fit_high(lo, hi, len, align);
	if (addr == 0 && n->start > low)
		addr = topdown(n->left, len, low, high, align);
	return addr;
}

static uint64_t
bottomup(const struct vma *n, uint64_t len, uint64_t low, uint64_t high, uint64_t align)
{
	uint64_t addr = 0, lo, hi;

	if (!n || n->gap_max < len)
		return 0;
	if (n->start > low)
		addr = bottomup(n->left, len, low, high, align);
	if (addr == 0 && n->gap >= len && clip_gap(n, low, high, &lo, &hi))
		addr = fit_low(lo, hi, len, align);
	if (addr == 0 && n->end < high)
		addr = bottomup(n->right, len, low, high, align);
	return addr;
}

static uint64_t
last_end(struct mm *mm)
{
	return list_empty(&mm->vmas) ? 0 : list_last_entry(&mm->vmas, struct vma, list)->end;
}

uint64_t
vma_gap_topdown(struct mm *mm, uint64_t len, uint64_t low, uint64_t high, uint64_t align)
{
	uint64_t addr = fit_high(MAX(last_end(mm), low), high, len, align);

	return addr ? addr : topdown(mm->root, len, low, high, align);
}

uint64_t
vma_gap_bottomup(struct mm *mm, uint64_t len, uint64_t low, uint64_t high, uint64_t align)
{
	uint64_t addr = bottomup(mm->root, len, low, high, align);

	return addr ? addr : fit_low(MAX(last_end(mm), low), high, len, align);
}
