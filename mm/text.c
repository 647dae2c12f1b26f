/* SPDX-License-Identifier: MIT
 *
 * Executable memory under the resident trap: what a protection key cannot stop is the program's own wrpkru, xrstor or wrgsbase.
 *
 * The rules, all under mmap_lock, which every task of the address space shares:
 * - Host memory is never writable and executable at once, whatever the vma allows. A vma with VM_EXEC is mapped without execute; a
 *   fetch that faults makes pages executable, a write that faults makes a page writable and takes execute away again.
 * - Before pages become executable they lose write access, are made private to the address space (anonymous memory is; pages of a file
 *   are copied, since others may write the file), and every byte offset of them is looked at, with the bytes of both neighbours. A page
 *   that takes part in a match stays without execute: running it is SIGSEGV.
 * - Whatever changes pages behind that (mremap, madvise that drops pages, mprotect) takes execute away first; the next fetch vets again.
 * - Text of host files comes from copies in the arena that nobody can write, vetted once (text_source()).
 *
 * Left out: a shared mapping that is executed shows its pages as they were when they were first executed there; a program that writes
 * code through one mapping of a file and runs it through another sees old code. An instruction that writes to its own page never ends.
 */
#include <linux/mman.h>
#include <asm/unistd.h>

#include "kernel/errno.h"
#include "mm/internal.h"
#include "mm/text.h"
#include "mm/uaccess-direct.h"

#define VET_MAX (256 * PAGE_SIZE)

/* mmap_lock is held: no fault is mended. Returns the bytes read. */
static size_t
peek(void *to, uint64_t from, size_t n)
{
	return n - uaccess_rep_movsb(to, (const void *)(uintptr_t)from, n);
}

static int
host_protect(struct task *t, uint64_t start, uint64_t end, uint32_t prot)
{
	return (int)mm_host(t, __NR_mprotect, start, end - start, prot, 0, 0, 0);
}

/* The neighbours' bytes around @buf, a copy of [@start, @start + @n): what cannot be read cannot be executed either. */
static void
read_context(uint8_t *buf, uint64_t start, uint64_t n)
{
	if (peek(buf - TEXT_CONTEXT, start - TEXT_CONTEXT, TEXT_CONTEXT) < TEXT_CONTEXT)
		memset(buf - TEXT_CONTEXT, 0, TEXT_CONTEXT);
	if (peek(buf + n, start + n, TEXT_CONTEXT) < TEXT_CONTEXT)
		memset(buf + n, 0, TEXT_CONTEXT);
}

/* [@start, @start + @n) is readable only, and private. Give execute to pages without a match; is the one of @addr among them? */
static bool
allow_pages(struct task *t, uint64_t start, uint64_t n, uint8_t *buf, uint64_t addr)
{
	uint64_t pos, clean = 0; /* [clean, pos): not yet executable */
	bool good = false;

	if (peek(buf, start, n) < n)
		return false;
	read_context(buf, start, n);
	for (pos = 0; pos <= n; pos += PAGE_SIZE) {
		if (pos < n && text_is_clean(buf + pos, PAGE_SIZE)) {
			good |= addr - start - pos < PAGE_SIZE;
			continue;
		}
		if (pos > clean && host_protect(t, start + clean, start + pos, PROT_READ | PROT_EXEC))
			return false;
		clean = pos + PAGE_SIZE;
		if (pos < n)
			printk(t->k, "the page at %lx of process %d is not executed: it holds wrpkru, xrstor or wrgsbase",
			       (unsigned long)(start + pos), (int)t->tgid);
	}
	return good;
}

/* Private, vetted pages in place of those of a file: prepared beside, then moved over. */
static int
copy_pages(struct task *t, uint64_t start, uint64_t n, uint8_t *buf)
{
	int64_t tmp = get_unmapped_area(t, 0, n, 0), ret;

	if (tmp < 0)
		return (int)tmp;
	if (peek(buf, start, n) < n)
		return -EFAULT;
	read_context(buf, start, n);
	text_rewrite(t->k, buf, n);
	ret = mm_host(t, __NR_mmap, (uint64_t)tmp, n, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE,
		      (uint64_t)-1, 0);
	if (ret < 0)
		return (int)ret;
	if (uaccess_rep_movsb((void *)(uintptr_t)tmp, buf, n))
		ret = -EFAULT;
	if (ret >= 0)
		ret = host_protect(t, (uint64_t)tmp, (uint64_t)tmp + n, PROT_READ);
	if (ret >= 0)
		ret = mm_host(t, __NR_mremap, (uint64_t)tmp, n, n, MREMAP_MAYMOVE | MREMAP_FIXED, start, 0);
	if (ret < 0)
		ignore_err(mm_host(t, __NR_munmap, (uint64_t)tmp, n, 0, 0, 0, 0), "nothing else to do");
	return ret < 0 ? (int)ret : 0;
}

static bool
vet(struct task *t, struct vma *v, uint64_t addr)
{
	uint64_t page = ALIGN_DOWN(addr, PAGE_SIZE), start = page, n = PAGE_SIZE;
	uint64_t npages;
	uint8_t *buf;
	bool good = false;

	if (!(v->flags & VM_WRITE)) {
		start = MAX(v->start, ALIGN_DOWN(addr, VET_MAX));
		n = MIN(MIN(v->end, v->backed_end), ALIGN_DOWN(addr, VET_MAX) + VET_MAX) - start;
	}
	npages = n / PAGE_SIZE + 2;
	buf = page_alloc(t->k, npages, 1);
	if (!buf)
		return false;
	if (v->file && copy_pages(t, start, n, buf + PAGE_SIZE)) {
		start = page; /* pages that cannot be read, past the end of file */
		n = PAGE_SIZE;
		if (copy_pages(t, start, n, buf + PAGE_SIZE))
			goto out;
	}
	if (host_protect(t, start, start + n, PROT_READ) == 0)
		good = allow_pages(t, start, n, buf + PAGE_SIZE, addr);
out:
	page_free(t->k, buf, npages);
	return good;
}

static bool
make_writable(struct task *t, struct vma *v, uint64_t page)
{
	if (v->file && (v->flags & VM_MAYSHARE)) /* the page executed was a copy */
		return vma_map_host(t, v, page, page + PAGE_SIZE, 0) == 0;
	return host_protect(t, page, page + PAGE_SIZE, PROT_READ | PROT_WRITE) == 0;
}

bool
text_fault(struct task *t, struct vma *v, uint64_t addr, unsigned int access)
{
	if (access == MM_FAULT_WRITE)
		return make_writable(t, v, ALIGN_DOWN(addr, PAGE_SIZE));
	return access == MM_FAULT_EXEC && vet(t, v, addr);
}

int
text_revoke(struct task *t, struct vma *v, uint64_t start, uint64_t end)
{
	end = MIN(end, v->backed_end);
	if (!t->k->vet_text || !t->direct || !(v->flags & VM_EXEC) || start >= end)
		return 0;
	return host_protect(t, start, end, PROT_READ);
}
