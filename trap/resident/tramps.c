/* SPDX-License-Identifier: MIT
 *
 * Trampolines in address spaces: a region of TRAMPS_SIZE just below the first byte of the image that they belong to, at the same distance
 * from its text in every process. It moves with the text, and goes with the last of it.
 */
#include <linux/mman.h>
#include <asm/unistd.h>

#include "kernel/errno.h"
#include "mm/internal.h"
#include "mm/text.h"
#include "mm/uaccess-direct.h"
#include "trap/resident/patch.h"
#include "trap/resident/tramps.h"

#define IMAGE_VMAS 32 /* of one image, one after another */

static const char tramps_name[] = "[stead]";

/* What begins on one side of a border and ends on the other; what cannot be read cannot be executed either. */
static bool
border_is_clean(const uint8_t *left, const uint8_t *right)
{
	uint8_t w[6 * TEXT_CONTEXT];

	memset(w, 0, sizeof(w));
	if (uaccess_rep_movsb(w + TEXT_CONTEXT, left, 2 * TEXT_CONTEXT))
		memset(w + TEXT_CONTEXT, 0, 2 * TEXT_CONTEXT);
	if (uaccess_rep_movsb(w + 3 * TEXT_CONTEXT, right, 2 * TEXT_CONTEXT))
		memset(w + 3 * TEXT_CONTEXT, 0, 2 * TEXT_CONTEXT);
	return text_is_clean(w + 3 * TEXT_CONTEXT, 0);
}

bool
text_ends_are_clean(const uint8_t *text, uint64_t start, uint64_t len)
{
	const uint8_t *at = (const uint8_t *)(uintptr_t)start;

	return border_is_clean(at - 2 * TEXT_CONTEXT, text) && border_is_clean(text + len - 2 * TEXT_CONTEXT, at + len);
}

/*
 * Where trampolines of an image go: at the same distance from its text in every process. 0: there is no room, or nobody would follow them:
 * a static program that maps text of files loads or translates another program (valgrind, an emulator). It keeps account of what is where
 * itself, and would take a jump to what it has not mapped for a fault of that program.
 */
uint64_t
tramps_place(struct task *t, uint64_t start, uint64_t off)
{
	uint64_t addr = start - off - TRAMPS_SIZE, lo, hi;

	if (t->mm->static_image || start < off + TRAMPS_SIZE + 65536 || range_reserved(t, addr, addr + TRAMPS_SIZE, &lo, &hi) ||
	    find_vma_intersection(t->mm, addr, addr + TRAMPS_SIZE))
		return 0;
	return addr;
}

int
tramps_map(struct task *t, uint64_t addr, const uint8_t *tramps)
{
	uint64_t off = arena_offset(tramps);
	int64_t ret;

	if (t->k->vet_text && !text_ends_are_clean(tramps, addr, TRAMPS_SIZE))
		return -EACCES;
	ret = mm_host(t, __NR_mmap, addr, TRAMPS_SIZE, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_FIXED, (uint64_t)(int64_t)t->k->arena_fd.fd,
		      off);
	if (ret >= 0)
		ret = map_special(t, addr, TRAMPS_SIZE, VM_READ | VM_EXEC | VM_MAYREAD | VM_MAYEXEC | VM_DONTDUMP, tramps_name);
	if (ret >= 0)
		find_vma(t->mm, addr)->pgoff = off >> PAGE_SHIFT;
	return ret < 0 ? (int)ret : 0;
}

/* The trampolines of the image that @addr belongs to, if it is mapped as a whole; NULL. */
static struct vma *
tramps_of(struct mm *mm, uint64_t base)
{
	struct vma *v = base > TRAMPS_SIZE ? find_vma(mm, base - TRAMPS_SIZE) : NULL;

	return v && v->name == tramps_name && v->start == base - TRAMPS_SIZE && v->end == base ? v : NULL;
}

/* Where the file's first byte would be. */
static uint64_t
image_base(const struct vma *v, uint64_t addr)
{
	return addr - (vma_pgoff_at(v, addr) << PAGE_SHIFT);
}

int
text_moved(struct task *t, struct vma *v, uint64_t from, struct vma *nv)
{
	const struct vma *tv = tramps_of(t->mm, image_base(v, from));
	uint64_t base, place;

	if (!tv || !(v->flags & VM_EXEC) || !v->file)
		return 0;
	base = image_base(nv, nv->start);
	place = tramps_place(t, base, 0);
	if (place && !(nv->start < base && nv->end > place))
		return tramps_map(t, place, (const uint8_t *)ARENA_BASE + (tv->pgoff << PAGE_SHIFT));
	return vma_map_host(t, nv, nv->start, nv->backed_end, 0);
}

void
text_unmapped(struct task *t, const struct vma *v, struct list_head *gone)
{
	uint64_t base = image_base(v, v->start);
	struct vma *u;

	if (!(v->flags & VM_EXEC) || !v->file || !tramps_of(t->mm, base))
		return;
	u = find_vma(t->mm, base);
	for (int i = 0; u && i < IMAGE_VMAS; i++, u = vma_next(t->mm, u))
		if (u->file && (u->flags & VM_EXEC) && image_base(u, u->start) == base)
			return;
	ignore_err(munmap_locked(t, base - TRAMPS_SIZE, base, true, gone), "they are of no use, and do no harm");
}

uint64_t
text_origin(struct task *t, uint64_t rip, bool *entered)
{
	const struct vma *v;
	int64_t place;

	*entered = false;
	mutex_guard(&t->mm->mmap_lock);
	v = find_vma(t->mm, rip);
	if (!v || rip < v->start || v->name != tramps_name || v->end - v->start != TRAMPS_SIZE)
		return rip;
	place = patch_origin((const uint8_t *)(uintptr_t)v->start, TRAMPS_SIZE, rip - v->start, entered);
	return place ? v->start + (uint64_t)place : rip;
}

