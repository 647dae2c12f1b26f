/* SPDX-License-Identifier: MIT
 *
 * Where the kernel itself is mapped in the program's process (resident, and while a program is loaded), no host call may touch
 * its ranges: they are left out of unmapping, advice and locks. A program may still map PROT_NONE over them, as sanitizers do to
 * keep ranges free: that is what they are to it anyway. Anything else there fails with -ENOMEM.
 *
 * The host side of a vma: one host mapping for anonymous memory, one for each piece that a file's f_op->mmap names, and
 * PROT_NONE in place of the pages past the end of file (mm/fault.c answers or mends faults there).
 */
#include <linux/mman.h>
#include <asm/unistd.h>

#include "kernel/errno.h"
#include "mm/internal.h"
#include "mm/text.h"
#include "trap/host.h"
#include "trap/trap.h"
#include "vfs/fs.h"

/* May a call that is made on both sides of a kernel range leave that range out? */
static bool
may_leave_out(long nr, const uint64_t a[6])
{
	switch (nr) {
	case __NR_munmap:
	case __NR_madvise:
	case __NR_mlock:
	case __NR_munlock:
		return true;
	case __NR_mprotect:
		return a[2] == PROT_NONE;
	case __NR_mmap:
		return a[2] == PROT_NONE && (a[3] & MAP_ANONYMOUS);
	default:
		return false;
	}
}

/* @a[0], @a[1] touch the kernel range [@lo, @hi): make the call below and above it. */
static int64_t
host_around(struct task *t, long nr, const uint64_t a[6], uint64_t lo, uint64_t hi)
{
	uint64_t end = a[0] + a[1];
	int64_t ret = 0;

	if (!may_leave_out(nr, a))
		return -ENOMEM;
	if (a[0] < lo)
		ret = mm_host(t, nr, a[0], lo - a[0], a[2], a[3], a[4], a[5]);
	if (ret >= 0 && end > hi)
		ret = mm_host(t, nr, hi, end - hi, a[2], a[3], a[4], a[5]);
	return ret < 0 || nr != __NR_mmap ? ret : (int64_t)a[0];
}

int64_t
mm_host(struct task *t, long nr, uint64_t a, uint64_t b, uint64_t c, uint64_t d, uint64_t e, uint64_t f)
{
	const uint64_t args[6] = { a, b, c, d, e, f };
	uint64_t lo, hi;

	if (!t->direct)
		return t->k->trap->mm_call(t, nr, args);
	if (unlikely(range_reserved(t, a, a + b, &lo, &hi)))
		return host_around(t, nr, args, lo, hi);
	return host_call(nr, a, b, c, d, e, f);
}

/* Where text is vetted, memory becomes executable by faults (mm/text.c), or here if there is a vetted copy of the file. */
static uint32_t
without_exec(struct task *t, uint32_t prot)
{
	if (!(prot & PROT_EXEC) || !t->direct || !t->k->vet_text)
		return prot;
	return (prot & ~(uint32_t)PROT_EXEC) | PROT_READ;
}

static int64_t
host_mmap(struct task *t, uint64_t start, uint64_t len, uint32_t prot, uint32_t flags, hfd_t fd, uint64_t off)
{
	struct mmap_source src = { .fd = fd, .off = off, .len = len };
	const struct text_entry *copy = NULL;
	int64_t ret;

	flags |= MAP_FIXED | (fd.fd < 0 ? MAP_ANONYMOUS : 0);
	if ((prot & PROT_EXEC) && t->direct && t->k->text) {
		if (!(prot & PROT_WRITE) && (flags & MAP_TYPE) == MAP_PRIVATE)
			copy = text_source(t, start, len, &src);
		prot = copy ? text_first_prot(copy) : without_exec(t, prot);
	}
	ret = mm_host(t, __NR_mmap, start, len, prot, flags, (uint64_t)(int64_t)src.fd.fd, src.off);
	if (ret >= 0 && copy)
		text_allow(t, start, copy);
	return ret;
}

uint32_t
vma_host_prot(uint32_t vm_flags)
{
	return (vm_flags & VM_READ ? PROT_READ : 0) | (vm_flags & VM_WRITE ? PROT_WRITE : 0) |
	       (vm_flags & VM_EXEC ? PROT_EXEC : 0);
}

/* madvise(2) settings that the host has to keep: its fork obeys them by itself. */
static void
reapply_advice(struct task *t, const struct vma *v, uint64_t start, uint64_t len)
{
	if (v->flags & VM_DONTCOPY)
		ignore_err(mm_host(t, __NR_madvise, start, len, MADV_DONTFORK, 0, 0, 0), "valid range just mapped");
	if (v->flags & VM_WIPEONFORK)
		ignore_err(mm_host(t, __NR_madvise, start, len, MADV_WIPEONFORK, 0, 0, 0), "valid range just mapped");
}

static int
map_file_pieces(struct task *t, struct vma *v, uint64_t start, uint64_t end, uint32_t host_flags)
{
	uint32_t type = v->flags & VM_MAYSHARE ? MAP_SHARED : MAP_PRIVATE;
	bool to_end = end == v->end;
	int64_t ret;

	while (start < end) {
		struct mmap_source src = { .fd = HFD_NONE };
		uint64_t n;

		ret = v->file->f_op->mmap(t, v->file, vma_pgoff_at(v, start), end - start, v->flags, &src);
		if (ret)
			return (int)ret;
		if (src.len == 0)
			break;
		if (src.fd.fd < 0 && type == MAP_SHARED)
			return -ENODEV;
		n = MIN(ALIGN_UP(src.len, PAGE_SIZE), end - start);
		ret = host_mmap(t, start, n, vma_host_prot(v->flags), type | host_flags, src.fd, src.off);
		if (ret < 0)
			return (int)ret;
		if (src.fd.fd >= 0 && src.fd.fd != t->k->arena_fd.fd)
			v->flags |= VM_HOSTFILE;
		start += n;
	}
	if (to_end || start < end)
		v->backed_end = start;
	if (start == end)
		return 0;
	ret = host_mmap(t, start, end - start, PROT_NONE, MAP_PRIVATE | MAP_NORESERVE, HFD_NONE, 0);
	return ret < 0 ? (int)ret : 0;
}

int
vma_map_host(struct task *t, struct vma *v, uint64_t start, uint64_t end, uint32_t host_flags)
{
	int64_t ret;

	if (v->file) {
		ret = map_file_pieces(t, v, start, end, host_flags);
	} else {
		ret = host_mmap(t, start, end - start, vma_host_prot(v->flags), MAP_PRIVATE | host_flags, HFD_NONE, 0);
		if (end == v->end)
			v->backed_end = end;
	}
	if (ret < 0)
		return (int)ret;
	reapply_advice(t, v, start, end - start);
	return 0;
}

int
vma_unmap_host(struct task *t, uint64_t start, uint64_t end)
{
	struct mm *mm = t->mm;
	struct vma *first = find_vma_intersection(mm, start, end), *v, *last = first;

	if (!first)
		return 0;
	for (v = first; v && v->start < end; v = vma_next(mm, v))
		last = v;
	start = MAX(start, first->start);
	end = MIN(end, last->end);
	return (int)mm_host(t, __NR_munmap, start, end - start, 0, 0, 0, 0);
}

int
vma_protect_host(struct task *t, struct vma *v, uint64_t start, uint64_t end, uint32_t vm_flags)
{
	uint32_t prot = vma_host_prot(vm_flags);

	end = MIN(end, v->backed_end);
	if (start >= end)
		return 0;
	return (int)mm_host(t, __NR_mprotect, start, end - start, without_exec(t, prot), 0, 0, 0);
}
