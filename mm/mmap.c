/* SPDX-License-Identifier: MIT
 *
 * mmap(2) and munmap(2). A mapping is checked, placed, put over what was there (one MAP_FIXED host call, so that other threads
 * never see a hole), then entered into the tree.
 *
 * MAP_HUGETLB is refused as by a kernel without huge pages in a pool; MAP_SYNC as on a file system without DAX.
 */
#include <linux/fcntl.h>
#include <linux/mman.h>
#include <linux/personality.h>
#include <linux/stat.h>
#include <asm/unistd.h>

#include "kernel/errno.h"
#include "mm/internal.h"
#include "mm/text.h"
#include "vfs/fdtable.h"

#ifndef MAP_ABOVE4G
#define MAP_ABOVE4G 0x80
#endif
#define MAP_HUGE_SIZES ((21u << MAP_HUGE_SHIFT) | (30u << MAP_HUGE_SHIFT))
#define LEGACY_MAP_MASK                                                                                                   \
	(MAP_SHARED | MAP_PRIVATE | MAP_FIXED | MAP_ANONYMOUS | MAP_DENYWRITE | MAP_EXECUTABLE | 0x4000000u |              \
	 MAP_GROWSDOWN | MAP_LOCKED | MAP_NORESERVE | MAP_POPULATE | MAP_NONBLOCK | MAP_STACK | MAP_HUGETLB | MAP_32BIT |   \
	 MAP_ABOVE4G | MAP_HUGE_SIZES)

struct map_request {
	struct file *file;
	uint64_t addr, len, pgoff;
	uint32_t prot, flags, vm_flags;
	bool read_only; /* shared memory by way of a file that was not opened for writing */
	const char *name;
};

int
munmap_locked(struct task *t, uint64_t start, uint64_t end, bool host, struct list_head *gone)
{
	struct mm *mm = t->mm;
	struct vma *v = find_vma_intersection(mm, start, end), *next;
	int err;

	if (!v)
		return 0;
	mm->actor = t->tgid;
	err = vma_isolate(mm, start, end);
	if (err)
		return err;
	if (host) {
		err = vma_unmap_host(t, start, end);
		if (err)
			return err;
	}
	for (v = find_vma_intersection(mm, start, end); v && v->start < end; v = next) {
		next = vma_next(mm, v);
		vm_stat_account(mm, v->flags, -(int64_t)vma_pages(v));
		if (v->flags & VM_LOCKED)
			mm->locked_vm -= vma_pages(v);
		if (v->flags & VM_SPECIAL)
			__atomic_store_n(&mm->vdso_touched, true, __ATOMIC_RELEASE);
		vma_remove(mm, v);
		list_add_tail(&v->list, gone);
	}
	return 0;
}

int
do_munmap(struct task *t, uint64_t addr, uint64_t len)
{
	struct list_head gone;
	struct vma *v;
	int err;

	if ((addr & ~PAGE_MASK) || addr > TASK_SIZE_MAX || len > TASK_SIZE_MAX - addr)
		return -EINVAL;
	len = ALIGN_UP(len, PAGE_SIZE);
	if (len == 0)
		return -EINVAL;
	INIT_LIST_HEAD(&gone);
	mutex_lock(&t->mm->mmap_lock);
	err = munmap_locked(t, addr, addr + len, true, &gone);
	if (t->k->text)
		list_for_each_entry(v, &gone, list)
			text_unmapped(t, v, &gone);
	mutex_unlock(&t->mm->mmap_lock);
	vma_free_list(&gone);
	return err;
}

static bool
file_noexec(const struct file *file)
{
	return file->f_path.mnt && (file->f_path.mnt->mnt_flags & MNT_NOEXEC);
}

/* Seals of memfds (fcntl(2), F_ADD_SEALS) on a shared mapping. */
static int
check_seals(struct map_request *rq)
{
	uint32_t seals = rq->file->f_inode ? rq->file->f_inode->i_seals : 0;

	if (!(seals & (F_SEAL_WRITE | F_SEAL_FUTURE_WRITE)) || !(rq->vm_flags & VM_SHARED))
		return 0;
	if (rq->vm_flags & VM_WRITE)
		return -EPERM;
	rq->vm_flags &= ~VM_MAYWRITE;
	return 0;
}

static int
check_file(struct map_request *rq)
{
	struct file *file = rq->file;

	switch (rq->flags & MAP_TYPE) {
	case MAP_SHARED:
		rq->flags &= LEGACY_MAP_MASK;
		__attribute__((fallthrough));
	case MAP_SHARED_VALIDATE:
		if (rq->flags & ~LEGACY_MAP_MASK)
			return -EOPNOTSUPP;
		if ((rq->prot & PROT_WRITE) && !(file->f_mode & FMODE_WRITE))
			return -EACCES;
		if (file->f_inode && (file->f_inode->i_flags & S_APPEND) && (file->f_mode & FMODE_WRITE))
			return -EACCES;
		rq->vm_flags |= VM_SHARED | VM_MAYSHARE;
		if (!(file->f_mode & FMODE_WRITE))
			rq->vm_flags &= ~(VM_MAYWRITE | VM_SHARED);
		break;
	case MAP_PRIVATE:
		break;
	default:
		return -EINVAL;
	}
	if (!(file->f_mode & FMODE_READ))
		return -EACCES;
	if (file_noexec(file)) {
		if (rq->vm_flags & VM_EXEC)
			return -EPERM;
		rq->vm_flags &= ~VM_MAYEXEC;
	}
	if (!file->f_op->mmap)
		return -ENODEV;
	if (rq->vm_flags & VM_GROWSDOWN)
		return -EINVAL;
	return check_seals(rq);
}

static int
check_anonymous(struct map_request *rq)
{
	switch (rq->flags & MAP_TYPE) {
	case MAP_SHARED:
		if (rq->vm_flags & VM_GROWSDOWN)
			return -EINVAL;
		rq->pgoff = 0;
		rq->vm_flags |= VM_SHARED | VM_MAYSHARE;
		if (rq->read_only)
			rq->vm_flags &= ~(VM_MAYWRITE | VM_SHARED);
		return 0;
	case MAP_PRIVATE:
		rq->pgoff = rq->addr >> PAGE_SHIFT;
		return 0;
	default:
		return -EINVAL;
	}
}

static uint32_t
calc_vm_flags(uint32_t prot, uint32_t flags)
{
	return (prot & PROT_READ ? VM_READ : 0) | (prot & PROT_WRITE ? VM_WRITE : 0) | (prot & PROT_EXEC ? VM_EXEC : 0) |
	       (flags & MAP_GROWSDOWN ? VM_GROWSDOWN : 0) | (flags & MAP_LOCKED ? VM_LOCKED : 0) |
	       (flags & MAP_NORESERVE ? VM_NORESERVE : 0) | VM_MAY_ALL;
}

/* What needs no lock, in the order in which Linux finds errors. */
static int
check_request(struct task *t, struct map_request *rq)
{
	if (rq->len == 0)
		return -EINVAL;
	if ((rq->prot & PROT_READ) && (t->personality & READ_IMPLIES_EXEC) && !(rq->file && file_noexec(rq->file)))
		rq->prot |= PROT_EXEC;
	if (rq->flags & MAP_FIXED_NOREPLACE)
		rq->flags |= MAP_FIXED;
	if (!(rq->flags & MAP_FIXED)) {
		rq->addr &= PAGE_MASK;
		if (rq->addr && rq->addr < MMAP_MIN_ADDR)
			rq->addr = MMAP_MIN_ADDR;
	}
	rq->len = ALIGN_UP(rq->len, PAGE_SIZE);
	if (rq->len == 0)
		return -ENOMEM;
	if (rq->pgoff + (rq->len >> PAGE_SHIFT) < rq->pgoff)
		return -EOVERFLOW;
	return 0;
}

/* Enter the mapping; the old ones are out of the tree and the range is mapped on the host. */
static struct vma *
make_vma(struct mm *mm, const struct map_request *rq)
{
	struct vma *v = vma_alloc(mm);

	if (!v)
		return NULL;
	v->start = rq->addr;
	v->end = v->backed_end = rq->addr + rq->len;
	v->flags = rq->vm_flags;
	v->pgoff = rq->pgoff;
	v->name = rq->name;
	v->file = rq->file;
	if (v->file)
		get_file(v->file);
	return v;
}

static uint32_t
populate_flags(const struct map_request *rq)
{
	uint32_t f = rq->flags & MAP_NORESERVE;

	if ((rq->vm_flags & VM_LOCKED) || (rq->flags & (MAP_POPULATE | MAP_NONBLOCK)) == MAP_POPULATE)
		f |= MAP_POPULATE;
	return f;
}

static int
map_region(struct task *t, struct map_request *rq, struct list_head *gone)
{
	struct mm *mm = t->mm;
	uint64_t end = rq->addr + rq->len, npages = rq->len >> PAGE_SHIFT;
	struct vma *v;
	int err;

	if (!may_expand_vm(t, rq->vm_flags, npages) &&
	    !may_expand_vm(t, rq->vm_flags, npages - count_vma_pages_range(mm, rq->addr, end)))
		return -ENOMEM;
	v = make_vma(mm, rq);
	if (!v)
		return -ENOMEM;
	err = munmap_locked(t, rq->addr, end, false, gone);
	if (err) {
		list_add_tail(&v->list, gone);
		return err;
	}
	err = vma_map_host(t, v, v->start, v->end, populate_flags(rq));
	if (err) {
		/* What was there is gone from the tree, as in Linux; make the host agree. */
		ignore_err(mm_host(t, __NR_munmap, rq->addr, rq->len, 0, 0, 0, 0), "nothing else to do");
		list_add_tail(&v->list, gone);
		return err;
	}
	vma_insert(mm, v);
	vm_stat_account(mm, v->flags, (int64_t)npages);
	if (v->flags & VM_LOCKED) {
		mm->locked_vm += npages;
		mm_populate(t, v->start, v->end, v->flags);
	}
	vma_merge(mm, v, gone);
	return 0;
}

/* An image of a file, placed by us, gets room for trampolines below. */
static uint64_t
text_gap(const struct task *t, const struct map_request *rq)
{
	bool image = rq->file && (rq->flags & MAP_TYPE) == MAP_PRIVATE && !rq->addr && !(rq->flags & (MAP_FIXED | MAP_FIXED_NOREPLACE));

	return image && t->k->text ? MM_TEXT_GAP : 0;
}

static int64_t
mmap_locked(struct task *t, struct map_request *rq, struct list_head *gone)
{
	struct mm *mm = t->mm;
	uint64_t gap;
	int64_t ret;

	if (mm->map_count > READ_ONCE(t->k->max_map_count))
		return -ENOMEM;
	gap = text_gap(t, rq);
	ret = get_unmapped_area(t, rq->addr, rq->len + gap, rq->flags);
	if (ret < 0)
		return ret;
	rq->addr = (uint64_t)ret + gap;
	if ((rq->flags & MAP_FIXED_NOREPLACE) && find_vma_intersection(mm, rq->addr, rq->addr + rq->len))
		return -EEXIST;
	rq->vm_flags |= calc_vm_flags(rq->prot, rq->flags) | mm->def_flags;
	if ((rq->flags & MAP_LOCKED) && !can_do_mlock(t))
		return -EPERM;
	if (!mlock_future_ok(t, rq->vm_flags, rq->len))
		return -EAGAIN;
	ret = rq->file && rq->name != shm_name ? check_file(rq) : check_anonymous(rq);
	if (ret)
		return ret;
	if (map_deny_write_exec(mm, rq->vm_flags, rq->vm_flags))
		return -EACCES;
	if ((rq->vm_flags & (VM_NORESERVE | VM_SHARED | VM_WRITE)) == VM_WRITE)
		rq->vm_flags |= VM_ACCOUNT;
	ret = map_region(t, rq, gone);
	return ret ? ret : (int64_t)rq->addr;
}

/* Shared anonymous memory, and MAP_SHARED of /dev/zero, which is the same thing. */
static bool
wants_shm(struct task *t, const struct map_request *rq)
{
	struct mmap_source src = { .fd = HFD_NONE };
	struct file *f = rq->file;

	if (!f)
		return (rq->flags & MAP_TYPE) == MAP_SHARED;
	if ((rq->flags & MAP_TYPE) != MAP_SHARED && ((rq->flags & MAP_TYPE) != MAP_SHARED_VALIDATE || (rq->flags & ~LEGACY_MAP_MASK)))
		return false;
	if (!f->f_inode || (f->f_inode->i_mode & S_IFMT) != S_IFCHR || !f->f_op->mmap || !(f->f_mode & FMODE_READ))
		return false;
	if ((rq->prot & PROT_WRITE) && !(f->f_mode & FMODE_WRITE))
		return false;
	return f->f_op->mmap(t, f, rq->pgoff, rq->len, VM_READ, &src) == 0 && src.len && src.fd.fd < 0;
}

int64_t
do_mmap(struct task *t, struct file *file, uint64_t addr, uint64_t len, uint32_t prot, uint32_t flags, uint64_t pgoff)
{
	struct map_request rq = { .file = file, .addr = addr, .len = len, .pgoff = pgoff, .prot = prot, .flags = flags };
	struct list_head gone;
	struct file *shm = NULL;
	int64_t ret = check_request(t, &rq);

	if (ret)
		return ret;
	if (wants_shm(t, &rq)) {
		rq.read_only = file && !(file->f_mode & FMODE_WRITE);
		shm = shm_file(t, rq.len);
		if (IS_ERR(shm))
			return PTR_ERR(shm);
		rq.file = shm;
		rq.name = shm_name;
		rq.flags = (rq.flags & ~(uint32_t)MAP_TYPE) | MAP_SHARED;
	}
	INIT_LIST_HEAD(&gone);
	mutex_lock(&t->mm->mmap_lock);
	t->mm->actor = t->tgid;
	ret = mmap_locked(t, &rq, &gone);
	mutex_unlock(&t->mm->mmap_lock);
	vma_free_list(&gone);
	if (shm)
		fput(t, shm);
	return ret;
}
