/* SPDX-License-Identifier: MIT
 *
 * /proc/PID/maps, smaps, smaps_rollup: the vma tree as text. The whole text is made under mmap_lock, so it is one state of the
 * address space; user memory is not touched meanwhile.
 *
 * How many pages of a mapping are in memory is the host's knowledge and not asked for: Rss and its parts are those of the whole
 * process, shared out to no mapping, so smaps shows sizes and flags only.
 */
#include <linux/stat.h>

#include "kernel/errno.h"
#include "mm/mm.h"
#include "vfs/namei.h"
#include "vfs/proc/proc.h"

static uint32_t
dev_major(uint64_t dev)
{
	return (uint32_t)(dev >> 8 & 0xfff);
}

static uint32_t
dev_minor(uint64_t dev)
{
	return (uint32_t)((dev & 0xff) | (dev >> 12 & 0xfff00));
}

static void
show_header(struct proc_seq *m, uint64_t start, uint64_t end, uint32_t flags, uint64_t pgoff, uint64_t dev, uint64_t ino)
{
	seq_printf(m, "%08lx-%08lx %c%c%c%c %08lx %02x:%02x %lu ", start, end, flags & VM_READ ? 'r' : '-',
		   flags & VM_WRITE ? 'w' : '-', flags & VM_EXEC ? 'x' : '-', flags & VM_MAYSHARE ? 's' : 'p', pgoff, dev_major(dev),
		   dev_minor(dev), ino);
}

/* Names begin at a column of their own. */
static void
pad_name(struct proc_seq *m, size_t line)
{
	const size_t column = 25 + sizeof(void *) * 6 - 1;

	do
		seq_puts(m, " ");
	while (m->len - line <= column);
}

static const char *
vma_name(const struct mm *mm, const struct vma *v)
{
	if (v->name)
		return v->name;
	if (v->file)
		return NULL;
	if (v->start < mm->brk && v->end > mm->start_brk)
		return "[heap]";
	if (v->start <= mm->start_stack && v->end >= mm->start_stack)
		return "[stack]";
	return NULL;
}

static void
show_vma(struct proc_seq *m, const struct mm *mm, const struct vma *v)
{
	const char *name = vma_name(mm, v);
	size_t line = m->len;
	uint64_t dev = 0, ino = 0, off = 0;

	if (v->file) {
		dev = v->file->f_inode->i_sb->s_dev;
		ino = v->file->f_inode->i_ino;
		off = v->pgoff << PAGE_SHIFT;
	}
	show_header(m, v->start, v->end, v->flags, off, dev, ino);
	if (name) {
		pad_name(m, line);
		seq_puts(m, name);
	} else if (v->file) {
		pad_name(m, line);
		seq_path(m, &v->file->f_path, "\n");
	}
	seq_puts(m, "\n");
}

static int
for_each_vma(struct proc_seq *m, void (*fn)(struct proc_seq *m, const struct mm *mm, const struct vma *v, void *arg), void *arg)
{
	struct mm *mm = proc_task_mm(m->task);
	struct vma *v;

	if (!mm)
		return 0;
	mutex_lock(&mm->mmap_lock);
	list_for_each_entry(v, &mm->vmas, list)
		fn(m, mm, v, arg);
	mutex_unlock(&mm->mmap_lock);
	mmput(mm);
	return 0;
}

static void
maps_vma(struct proc_seq *m, const struct mm *mm, const struct vma *v, void *arg __unused)
{
	show_vma(m, mm, v);
}

int
proc_pid_maps(struct proc_seq *m)
{
	return for_each_vma(m, maps_vma, NULL);
}

static const char *const smap_fields[] = {
	"Rss:            ", "Pss:            ", "Pss_Dirty:      ", "Shared_Clean:   ", "Shared_Dirty:   ", "Private_Clean:  ",
	"Private_Dirty:  ", "Referenced:     ", "Anonymous:      ", "LazyFree:       ", "AnonHugePages:  ", "ShmemPmdMapped: ",
	"FilePmdMapped:  ", "Shared_Hugetlb: ", "Private_Hugetlb:", "Swap:           ", "SwapPss:        ", "Locked:         ",
};

static void
show_fields(struct proc_seq *m)
{
	for (size_t i = 0; i < ARRAY_SIZE(smap_fields); i++)
		seq_printf(m, "%s%8u kB\n", smap_fields[i], 0u);
}

static void
show_vm_flags(struct proc_seq *m, uint32_t flags)
{
	static const struct {
		uint32_t flag;
		char name[4];
	} names[] = {
		{ VM_READ, "rd " },	  { VM_WRITE, "wr " },	   { VM_EXEC, "ex " },	     { VM_SHARED, "sh " },
		{ VM_MAYREAD, "mr " },	  { VM_MAYWRITE, "mw " },  { VM_MAYEXEC, "me " },    { VM_MAYSHARE, "ms " },
		{ VM_GROWSDOWN, "gd " },  { VM_LOCKED, "lo " },	   { VM_SEQ_READ, "sr " },   { VM_RAND_READ, "rr " },
		{ VM_DONTCOPY, "dc " },	  { VM_SPECIAL, "de " },   { VM_ACCOUNT, "ac " },   { VM_NORESERVE, "nr " },
		{ VM_WIPEONFORK, "wf " }, { VM_DONTDUMP, "dd " },  { VM_HUGEPAGE, "hg " },  { VM_NOHUGEPAGE, "nh " },
		{ VM_MERGEABLE, "mg " },
	};

	seq_puts(m, "VmFlags: ");
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (flags & names[i].flag)
			seq_puts(m, names[i].name);
	seq_puts(m, "\n");
}

static void
smaps_vma(struct proc_seq *m, const struct mm *mm, const struct vma *v, void *arg __unused)
{
	show_vma(m, mm, v);
	seq_printf(m, "Size:           %8lu kB\n", (v->end - v->start) >> 10);
	seq_printf(m, "KernelPageSize: %8lu kB\nMMUPageSize:    %8lu kB\n", PAGE_SIZE >> 10, PAGE_SIZE >> 10);
	show_fields(m);
	seq_puts(m, "THPeligible:    0\n");
	show_vm_flags(m, v->flags);
}

int
proc_pid_smaps(struct proc_seq *m)
{
	return for_each_vma(m, smaps_vma, NULL);
}

struct span {
	uint64_t start, end;
};

static void
rollup_vma(struct proc_seq *m __unused, const struct mm *mm __unused, const struct vma *v, void *arg)
{
	struct span *s = arg;

	if (!s->end)
		s->start = v->start;
	s->end = v->end;
}

int
proc_pid_smaps_rollup(struct proc_seq *m)
{
	struct span s = { 0, 0 };
	size_t line;

	(void)for_each_vma(m, rollup_vma, &s);
	if (!s.end)
		return -ESRCH;
	line = m->len;
	show_header(m, s.start, s.end, 0, 0, 0, 0);
	pad_name(m, line);
	seq_puts(m, "[rollup]\n");
	show_fields(m);
	return 0;
}
