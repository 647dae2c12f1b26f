/* SPDX-License-Identifier: MIT
 *
 * Segments of shared memory, and where they are attached. A segment is a file of the tmpfs that memfds are on; each attach opens it
 * anew, as a file with operations of its own that count the vmas it is in: fork, exec, exit, munmap(2) and mremap(2) attach and
 * detach without knowing. Such a file keeps the segment, so that the last detach of one that is marked for removal can take it out
 * of the table under mmap_lock, and its memory goes later, with the file.
 *
 * Locks: mmap_lock, then ids->lock, which protects all of a segment.
 * Left out: huge pages (EINVAL, as from a kernel without them), shm_rmid_forced.
 */
#include <linux/fcntl.h>
#include <linux/ipc.h>
#include <linux/mman.h>

#include "ipc/shm.h"
#include "kernel/cred.h"
#include "kernel/task.h"
#include "mm/internal.h"
#include "mm/text.h"
#include "vfs/fdtable.h"
#include "vfs/namei.h"
#include "vfs/tmpfs/tmpfs.h"

static struct shmid_kernel *
SHM(struct kern_ipc_perm *ipcp)
{
	return container_of(ipcp, struct shmid_kernel, perm);
}

void
shm_free(struct kern_ipc_perm *ipcp)
{
	struct shmid_kernel *shp = SHM(ipcp);
	struct kernel *k = ipcp->ids->k;

	shm_unlock(shp);
	fput(NULL, shp->file);
	kfree(k, shp);
}

void
shm_destroy(struct shmid_kernel *shp)
{
	struct ipc_namespace *ns = shp->perm.ids->k->ipc;

	ns->shm_tot -= ALIGN_UP(shp->segsz, PAGE_SIZE) >> PAGE_SHIFT;
	ipc_rmid(&shp->perm);
}

/* One attach less. True: the segment has left the table, and the table's reference is the caller's. */
static bool
detach(struct shmid_kernel *shp)
{
	if (--shp->nattch != 0 || !(shp->perm.mode & SHM_DEST) || shp->perm.deleted)
		return false;
	shm_destroy(shp);
	return true;
}

/* The file of an attach */

static void
shm_vma_open(const struct vma *v)
{
	struct shmid_kernel *shp = v->file->private_data;
	mutex_guard(&shp->perm.ids->lock);

	shp->atime = ipc_seconds();
	shp->lpid = v->mm->actor;
	shp->nattch++;
}

static void
shm_vma_close(const struct vma *v)
{
	struct shmid_kernel *shp = v->file->private_data;
	struct ipc_ids *ids = shp->perm.ids;
	bool gone;

	mutex_lock(&ids->lock);
	shp->dtime = ipc_seconds();
	shp->lpid = v->mm->actor;
	gone = detach(shp);
	mutex_unlock(&ids->lock);
	if (gone)
		ipc_put(&shp->perm); /* not the last: the file has one */
}

static int
shm_mmap(struct task *t, struct file *file, uint64_t pgoff, uint64_t len, uint32_t vm_flags, struct mmap_source *src)
{
	struct shmid_kernel *shp = file->private_data;
	int err;

	/* remap_file_pages(2) of the last attach has just taken that away. */
	if (__atomic_load_n(&shp->perm.deleted, __ATOMIC_ACQUIRE))
		return -EINVAL;
	err = tmpfs_file_fops.mmap(t, shp->file, pgoff, len, vm_flags, src);
	return err == -ENOSPC ? -ENOMEM : err;
}

/* MADV_REMOVE */
static int64_t
shm_fallocate(struct task *t, struct file *file, int mode, int64_t off, int64_t len)
{
	struct shmid_kernel *shp = file->private_data;

	return tmpfs_file_fops.fallocate(t, shp->file, mode, off, len);
}

static int
shm_fsync(struct task *t __unused, struct file *file __unused, int64_t start __unused, int64_t end __unused, int datasync __unused)
{
	return 0;
}

static void
shm_release(struct task *t __unused, struct inode *inode __unused, struct file *file)
{
	struct shmid_kernel *shp = file->private_data;

	ipc_put(&shp->perm);
}

static const struct file_operations shm_attach_fops = {
	.release = shm_release,
	.mmap = shm_mmap,
	.fallocate = shm_fallocate,
	.fsync = shm_fsync,
	.vma_open = shm_vma_open,
	.vma_close = shm_vma_close,
};

/* shmget(2) */

/* As Linux without overcommitment beyond reason: nobody gets more than all memory. */
static bool
could_ever_fit(const struct kernel *k, uint64_t npages)
{
	uint64_t all = k->arena_size / 4 * 3;

	if (k->params.memory)
		all = MIN(all, k->params.memory);
	return npages <= all >> PAGE_SHIFT;
}

/* A segment that nobody knows; its memory comes when it is attached. */
static struct shmid_kernel *
new_segment(struct task *t, int32_t key, uint64_t size, int flags)
{
	struct kernel *k = t->k;
	struct shmid_kernel *shp;
	char name[16];

	if (!could_ever_fit(k, ALIGN_UP(size, PAGE_SIZE) >> PAGE_SHIFT))
		return ERR_PTR(-ENOMEM);
	shp = kzalloc(k, sizeof(*shp));
	if (!shp)
		return ERR_PTR(-ENOMEM);
	(void)ksnprintf(name, sizeof(name), "SYSV%08x", (uint32_t)key);
	shp->file = shmem_file_setup(t, name, 0777);
	if (IS_ERR(shp->file)) {
		int64_t err = PTR_ERR(shp->file);

		kfree(k, shp);
		return ERR_PTR(err);
	}
	shp->file->f_inode->i_size = (int64_t)size;
	ipc_init_perm(t, &shp->perm, &k->ipc->shm, key, flags);
	shp->segsz = size;
	shp->cpid = t->tgid;
	shp->ctime = ipc_seconds();
	return shp;
}

static int
check_size(const struct ipc_namespace *ns, uint64_t size)
{
	uint64_t npages = (size + PAGE_SIZE - 1) >> PAGE_SHIFT;

	if (size < SHMMIN || size > READ_ONCE(ns->shm_ctlmax))
		return -EINVAL;
	if (npages << PAGE_SHIFT < size)
		return -ENOSPC;
	if (ns->shm_tot + npages < ns->shm_tot || ns->shm_tot + npages > READ_ONCE(ns->shm_ctlall))
		return -ENOSPC;
	return 0;
}

static int
more_checks(const struct kern_ipc_perm *ipcp, uint64_t size)
{
	return container_of(ipcp, const struct shmid_kernel, perm)->segsz < size ? -EINVAL : 0;
}

static int
find_segment(struct task *t, int32_t key, uint64_t size, int flags)
{
	if (key == IPC_PRIVATE)
		return -EAGAIN;
	return ipc_find_key(t, &t->k->ipc->shm, key, flags, more_checks, size);
}

/* ids->lock is held, and dropped while the segment is made: somebody else may then have been faster. */
static int
create(struct task *t, int32_t key, uint64_t size, int flags) __no_thread_safety
{
	struct ipc_namespace *ns = t->k->ipc;
	struct shmid_kernel *shp;
	int ret = check_size(ns, size);

	if (ret)
		return ret;
	if (flags & K_SHM_HUGETLB)
		return -EINVAL;
	mutex_unlock(&ns->shm.lock);
	shp = new_segment(t, key, size, flags);
	mutex_lock(&ns->shm.lock);
	if (IS_ERR(shp))
		return (int)PTR_ERR(shp);
	ret = find_segment(t, key, size, flags);
	if (ret == -EAGAIN)
		ret = check_size(ns, size);
	else
		goto drop;
	if (!ret)
		ret = ipc_addid(&shp->perm, READ_ONCE(ns->shm_ctlmni));
	if (ret < 0)
		goto drop;
	shp->file->f_inode->i_ino = (uint64_t)ret; /* as /proc/PID/maps shows it */
	ns->shm_tot += ALIGN_UP(size, PAGE_SIZE) >> PAGE_SHIFT;
	return ret;

drop:
	mutex_unlock(&ns->shm.lock);
	ipc_put(&shp->perm);
	mutex_lock(&ns->shm.lock);
	return ret;
}

int64_t
ksys_shmget(struct task *t, int32_t key, uint64_t size, int flags)
{
	struct ipc_ids *ids = &t->k->ipc->shm;
	int ret;

	mutex_lock(&ids->lock);
	ret = find_segment(t, key, size, flags);
	if (ret == -EAGAIN)
		ret = create(t, key, size, flags);
	mutex_unlock(&ids->lock);
	return ret;
}

/* shmat(2) */

struct attach {
	uint64_t addr;
	uint32_t prot, map_flags, acc_mode, open_flags;
};

static int
check_attach(struct attach *a, int flags)
{
	if (a->addr) {
		if (a->addr & ~PAGE_MASK) {
			if (!(flags & K_SHM_RND))
				return -EINVAL;
			a->addr &= PAGE_MASK;
			if (!a->addr && (flags & K_SHM_REMAP))
				return -EINVAL;
		}
		a->map_flags |= flags & K_SHM_REMAP ? MAP_FIXED : MAP_FIXED_NOREPLACE;
	} else if (flags & K_SHM_REMAP) {
		return -EINVAL;
	}
	a->prot = PROT_READ;
	a->acc_mode = IPC_RUGO;
	a->open_flags = O_RDONLY;
	if (!(flags & K_SHM_RDONLY)) {
		a->prot |= PROT_WRITE;
		a->acc_mode |= IPC_WUGO;
		a->open_flags = O_RDWR;
	}
	if (flags & K_SHM_EXEC) {
		a->prot |= PROT_EXEC;
		a->acc_mode |= IPC_XUGO;
	}
	return 0;
}

/* Open a segment for an attach: counted as one until attach_done(). */
static struct file *
open_segment(struct task *t, struct shmid_kernel *shp, const struct attach *a)
{
	struct ipc_ids *ids = shp->perm.ids;
	struct file *file;
	bool gone;

	mutex_lock(&ids->lock);
	gone = shp->perm.deleted;
	if (!gone)
		shp->nattch++;
	mutex_unlock(&ids->lock);
	if (gone)
		return ERR_PTR(-EIDRM);
	file = alloc_file_clone(t, shp->file, a->open_flags, &shm_attach_fops);
	if (!IS_ERR(file)) {
		ipc_get(&shp->perm);
		file->private_data = shp;
	}
	return file;
}

static void
attach_done(struct shmid_kernel *shp)
{
	struct ipc_ids *ids = shp->perm.ids;
	bool gone;

	mutex_lock(&ids->lock);
	gone = detach(shp);
	mutex_unlock(&ids->lock);
	if (gone)
		ipc_put(&shp->perm);
}

static int64_t
attach(struct task *t, struct shmid_kernel *shp, const struct attach *a)
{
	struct file *file = open_segment(t, shp, a);
	int64_t ret;

	if (PTR_ERR(file) == -EIDRM)
		return -EIDRM;
	if (IS_ERR(file)) {
		ret = PTR_ERR(file);
	} else if ((a->map_flags & MAP_FIXED_NOREPLACE) && a->addr + shp->segsz < a->addr) {
		ret = -EINVAL;
	} else {
		ret = do_mmap(t, file, a->addr, shp->segsz, a->prot, MAP_SHARED | a->map_flags, 0);
		if (ret == -EEXIST)
			ret = -EINVAL;
	}
	if (!IS_ERR(file))
		fput(t, file);
	attach_done(shp);
	return ret;
}

int64_t
ksys_shmat(struct task *t, int id, uint64_t addr, int flags)
{
	struct attach a = { .addr = addr };
	struct kern_ipc_perm *ipcp;
	int64_t ret;

	if (id < 0)
		return -EINVAL;
	ret = check_attach(&a, flags);
	if (ret)
		return ret;
	ipcp = ipc_obtain(&t->k->ipc->shm, id);
	if (IS_ERR(ipcp))
		return PTR_ERR(ipcp);
	ret = ipcperms(t, ipcp, a.acc_mode);
	if (!ret)
		ret = attach(t, SHM(ipcp), &a);
	ipc_put(ipcp);
	return ret;
}

/* shmdt(2) */

/* Is it a part of an attach that would begin at @addr? */
static bool
belongs(const struct vma *v, uint64_t addr)
{
	return v->file && v->file->f_op == &shm_attach_fops && (v->start - addr) >> PAGE_SHIFT == v->pgoff;
}

/*
 * The first vma that belongs to an attach at @addr tells which segment, and how far; then all of its others go, whatever is mapped
 * between them.
 */
static int64_t
detach_locked(struct task *t, uint64_t addr, struct list_head *gone)
{
	struct mm *mm = t->mm;
	struct vma *v = find_vma(mm, addr), *next;
	struct file *file = NULL;
	uint64_t size = 0;
	int err = -EINVAL;

	for (; v && (!file || v->end - addr <= size); v = next) {
		next = vma_next(mm, v);
		if (!belongs(v, addr) || (file && v->file != file))
			continue;
		if (!file) {
			file = v->file; /* kept by @gone */
			size = ALIGN_UP((uint64_t)file->f_inode->i_size, PAGE_SIZE);
		}
		err = munmap_locked(t, v->start, v->end, true, gone);
		if (err)
			break;
	}
	return err;
}

int64_t
ksys_shmdt(struct task *t, uint64_t addr)
{
	struct list_head gone;
	struct vma *v;
	int64_t ret;

	if (addr & ~PAGE_MASK)
		return -EINVAL;
	INIT_LIST_HEAD(&gone);
	mutex_lock(&t->mm->mmap_lock);
	ret = detach_locked(t, addr, &gone);
	if (t->k->text)
		list_for_each_entry(v, &gone, list)
			text_unmapped(t, v, &gone);
	mutex_unlock(&t->mm->mmap_lock);
	vma_free_list(&gone);
	return ret;
}
