/* SPDX-License-Identifier: MIT
 *
 * Shared anonymous memory: an extent of the page pool behind an internal file, so that fork, futexes and /proc treat it as any
 * shared file mapping. The extent is as large as the mapping; the host gives memory to what is touched. All of them together may
 * take three quarters of the arena's addresses: the kernel itself needs the rest.
 */
#include <linux/falloc.h>
#include <linux/fcntl.h>
#include <linux/stat.h>
#include <asm/unistd.h>

#include "kernel/errno.h"
#include "mm/internal.h"
#include "trap/host.h"
#include "vfs/namei.h"

const char shm_name[] = "/dev/zero (deleted)";

struct shm_object {
	struct kernel *k;
	void *pages;
	uint64_t npages;
};

static int
shm_mmap(struct task *t, struct file *file, uint64_t pgoff, uint64_t len, uint32_t vm_flags, struct mmap_source *src)
{
	struct shm_object *shm = file->private_data;

	if (pgoff >= shm->npages) {
		src->len = 0; /* mremap(2) may make a mapping longer than its object: SIGBUS there */
		return 0;
	}
	src->fd = t->k->arena_fd;
	src->off = arena_offset(shm->pages) + (pgoff << PAGE_SHIFT);
	src->len = MIN(len, (shm->npages - pgoff) << PAGE_SHIFT);
	return 0;
}

/* MADV_REMOVE */
static int64_t
shm_fallocate(struct task *t, struct file *file, int mode, int64_t off, int64_t len)
{
	struct shm_object *shm = file->private_data;
	uint64_t size = shm->npages << PAGE_SHIFT;

	if (mode != (FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE))
		return -EOPNOTSUPP;
	if ((uint64_t)off >= size)
		return 0;
	len = MIN(len, (int64_t)(size - (uint64_t)off));
	return host_call4(__NR_fallocate, t->k->arena_fd.fd, mode, arena_offset(shm->pages) + (uint64_t)off, len);
}

static void
shm_free(struct shm_object *shm)
{
	struct kernel *k = shm->k;

	if (shm->pages)
		page_free(k, shm->pages, shm->npages);
	__atomic_sub_fetch(&k->mm->shm_pages, shm->npages, __ATOMIC_RELAXED);
	kmem_cache_free(&k->mm->shm_cache, shm);
}

static struct shm_object *
shm_alloc(struct kernel *k, uint64_t npages)
{
	struct shm_object *shm = kmem_cache_alloc(&k->mm->shm_cache);
	uint64_t most = (k->arena_size >> PAGE_SHIFT) / 4 * 3;

	if (!shm)
		return NULL;
	*shm = (struct shm_object){ .k = k, .npages = npages };
	if (npages <= most && __atomic_add_fetch(&k->mm->shm_pages, npages, __ATOMIC_RELAXED) <= most)
		shm->pages = page_alloc(k, npages, 1);
	else if (npages > most)
		shm->npages = 0; /* nothing was counted */
	if (shm->pages)
		return shm;
	shm_free(shm);
	return NULL;
}

static void
shm_release(struct task *t, struct inode *inode, struct file *file)
{
	shm_free(file->private_data);
}

static const struct file_operations shm_fops = {
	.release = shm_release,
	.mmap = shm_mmap,
	.fallocate = shm_fallocate,
};

struct file *
shm_file(struct task *t, uint64_t len)
{
	struct shm_object *shm = shm_alloc(t->k, len >> PAGE_SHIFT);
	struct file *file;

	if (!shm)
		return ERR_PTR(-ENOMEM);
	file = pseudo_getfile(t, "dev-zero", S_IFREG | 0777, &shm_fops, shm, O_RDWR);
	if (IS_ERR(file))
		shm_free(shm);
	else
		file->f_inode->i_size = (int64_t)(shm->npages << PAGE_SHIFT);
	return file;
}
