/* SPDX-License-Identifier: MIT
 *
 * The life of an address space. Users are tasks: with the last, all vmas and files go (the host's memory goes with the host
 * process). A count keeps the struct for those that only look.
 */
#include "kernel/errno.h"
#include "mm/internal.h"
#include "vfs/fdtable.h"
#include "vfs/namei.h"

int
mm_init(struct kernel *k)
{
	k->mm = kzalloc(k, sizeof(*k->mm));
	if (!k->mm)
		return -ENOMEM;
	kmem_cache_init(k, &k->mm->mm_cache, "mm", sizeof(struct mm), 0);
	kmem_cache_init(k, &k->mm->vma_cache, "vma", sizeof(struct vma), 0);
	kmem_cache_init(k, &k->mm->shm_cache, "shm", 3 * sizeof(uint64_t), 0);
	k->max_map_count = MAX_MAP_COUNT;
	return 0;
}

struct mm *
mm_alloc(struct kernel *k)
{
	struct mm *mm = kmem_cache_zalloc(&k->mm->mm_cache);

	if (!mm)
		return NULL;
	refcount_set(&mm->users, 1);
	refcount_set(&mm->count, 1);
	mm->k = k;
	mutex_init(&mm->mmap_lock, RANK_MM);
	INIT_LIST_HEAD(&mm->vmas);
	INIT_LIST_HEAD(&mm->stale);
	mm->dumpable = true;
	return mm;
}

void
mmget(struct mm *mm)
{
	refcount_inc(&mm->users);
}

bool
mmget_not_zero(struct mm *mm)
{
	return refcount_inc_not_zero(&mm->users);
}

void
mmgrab(struct mm *mm)
{
	refcount_inc(&mm->count);
}

void
mmdrop(struct mm *mm)
{
	if (refcount_dec_and_test(&mm->count))
		kmem_cache_free(&mm->k->mm->mm_cache, mm);
}

static void
take_vmas(struct mm *mm, struct list_head *gone)
{
	struct vma *v, *n;

	list_for_each_entry_safe(v, n, &mm->vmas, list) {
		vma_remove(mm, v);
		list_add_tail(&v->list, gone);
	}
	mm->total_vm = mm->locked_vm = mm->data_vm = mm->exec_vm = mm->stack_vm = 0;
}

static void
drop_vmas(struct mm *mm)
{
	struct list_head gone;

	INIT_LIST_HEAD(&gone);
	mutex_lock(&mm->mmap_lock);
	take_vmas(mm, &gone);
	mutex_unlock(&mm->mmap_lock);
	vma_free_list(&gone);
}

void
mmput(struct mm *mm)
{
	if (!refcount_dec_and_test(&mm->users))
		return;
	drop_vmas(mm);
	if (mm->exe_file) {
		allow_write_access(mm->exe_file);
		fput(NULL, mm->exe_file);
	}
	mm->exe_file = NULL;
	mmdrop(mm);
}

void
set_mm_exe_file(struct mm *mm, struct file *file)
{
	ignore_err(deny_write_access(file->f_inode), "writers are denied already: nobody can have come in between");
	get_file(file);
	mm->exe_file = file;
}

static void
copy_settings(struct mm *mm, const struct mm *old)
{
	mm->mmap_base = old->mmap_base;
	mm->mmap_legacy_base = old->mmap_legacy_base;
	mm->bottom_up = old->bottom_up;
	mm->start_code = old->start_code;
	mm->end_code = old->end_code;
	mm->start_data = old->start_data;
	mm->end_data = old->end_data;
	mm->start_brk = old->start_brk;
	mm->brk = old->brk;
	mm->start_stack = old->start_stack;
	mm->arg_start = old->arg_start;
	mm->arg_end = old->arg_end;
	mm->env_start = old->env_start;
	mm->env_end = old->env_end;
	memcpy(mm->saved_auxv, old->saved_auxv, sizeof(mm->saved_auxv));
	mm->dumpable = old->dumpable;
	mm->mdwe = inherited_mdwe(old);
	mm->membarriers = __atomic_load_n(&old->membarriers, __ATOMIC_SEQ_CST);
	mm->vdso = old->vdso;
	mm->static_image = old->static_image;
	mm->vdso_touched = old->vdso_touched;
	if (old->exe_file)
		set_mm_exe_file(mm, old->exe_file);
}

/* Locks on memory are not inherited (mlock(2)). */
static int
copy_vma(struct mm *mm, const struct vma *from)
{
	struct vma *v = vma_alloc(mm);

	if (!v)
		return -ENOMEM;
	v->start = from->start;
	v->end = from->end;
	v->flags = from->flags & ~(VM_LOCKED | VM_LOCKONFAULT);
	v->pgoff = from->pgoff;
	v->file = from->file;
	if (v->file)
		get_file(v->file);
	v->name = from->name;
	v->backed_end = from->backed_end;
	vma_insert(mm, v);
	vma_inherit_cut(v, from);
	vm_stat_account(mm, v->flags, (int64_t)vma_pages(v));
	return 0;
}

/* Both are locked, or @mm is nobody else's yet. */
static int
copy_vmas(struct mm *mm, struct mm *old)
{
	struct vma *v;

	mm->fork_seq = old->seq;
	list_for_each_entry(v, &old->vmas, list) {
		int err = v->flags & VM_DONTCOPY ? 0 : copy_vma(mm, v);

		if ((v->flags & VM_DONTCOPY) && (v->flags & VM_SPECIAL))
			mm->vdso_touched = true;
		if (err)
			return err;
	}
	return 0;
}

struct mm *
dup_mm(struct task *t, struct mm *old)
{
	struct mm *mm = mm_alloc(t->k);
	int err;

	if (!mm)
		return ERR_PTR(-ENOMEM);
	mutex_lock(&old->mmap_lock);
	mm->actor = t->tgid;
	copy_settings(mm, old);
	err = copy_vmas(mm, old);
	mm->cut = READ_ONCE(old->cut);
	mutex_unlock(&old->mmap_lock);
	if (err) {
		mmput(mm);
		return ERR_PTR(err);
	}
	return mm;
}

int
mm_clone_begin(struct task *t, struct task *child) __no_thread_safety
{
	struct mm *old = t->mm, *mm = child->mm;
	struct vma *v;
	int err = 0;

	mutex_lock(&old->mmap_lock);
	if (mm->fork_seq != old->seq) {
		mutex_lock_nested(&mm->mmap_lock);
		take_vmas(mm, &old->stale);
		list_for_each_entry(v, &old->stale, list)
			v->mm = old; /* the child may be gone before they are */
		mm->actor = t->tgid;
		err = copy_vmas(mm, old);
		mm->actor = child->tgid;
		mm->brk = old->brk;
		mutex_unlock(&mm->mmap_lock);
	}
	if (READ_ONCE(old->cut)) {
		WRITE_ONCE(mm->cut, true);
		set_bits(&child->work, WORK_MM);
	}
	if (err)
		mm_clone_end(t);
	return err;
}

void
mm_clone_end(struct task *t) __no_thread_safety
{
	struct list_head stale;

	INIT_LIST_HEAD(&stale);
	list_splice_tail_init(&t->mm->stale, &stale);
	mutex_unlock(&t->mm->mmap_lock);
	vma_free_list(&stale);
}
