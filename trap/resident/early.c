/* SPDX-License-Identifier: MIT
 *
 * Text that the first program will most likely run, copied into the text cache while the rest boots: that of the C library and the loader of
 * the command itself, if the program's root shows the same files. A wrong guess costs a millisecond of another CPU.
 *
 * The thread lives while the spawner is made, as a copy of this process which is rid of all that was mapped before (spawn_prepare()): so the
 * thread maps nothing and has no use for the heap.
 */
#include <fcntl.h>
#include <link.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "kernel/kernel.h"
#include "mm/text.h"
#include "trap/resident/boot.h"

#define FILES 2

static struct {
	struct kernel *k;
	int root;
	unsigned int n;
	struct early_text {
		int fd;
		uint64_t off, len;
		void *mapped;
	} file[FILES];
} early;

static void
add_text(const char *path, const ElfW(Phdr) *ph)
{
	struct early_text *x = &early.file[early.n];
	struct stat inside, outside;

	if (early.n == FILES || path[0] != '/' || fstatat(early.root, path + 1, &inside, 0) < 0)
		return;
	x->off = ALIGN_DOWN(ph->p_offset, PAGE_SIZE);
	x->len = ALIGN_UP(ph->p_offset + ph->p_filesz, PAGE_SIZE) - x->off;
	x->fd = open(path, O_RDONLY | O_CLOEXEC);
	if (x->fd < 0)
		return;
	if (fstat(x->fd, &outside) == 0 && outside.st_dev == inside.st_dev && outside.st_ino == inside.st_ino) {
		x->mapped = mmap(NULL, x->len, PROT_READ, MAP_PRIVATE, x->fd, (off_t)x->off);
		if (x->mapped != MAP_FAILED) {
			early.n++;
			return;
		}
	}
	close(x->fd);
}

/* The loader comes last, and is wanted first. */
static int
look_at(struct dl_phdr_info *info, size_t size, void *arg)
{
	bool loader = info->dlpi_addr == getauxval(AT_BASE);
	const ElfW(Phdr) *text = NULL;

	for (int i = 0; i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *ph = &info->dlpi_phdr[i];

		if (ph->p_type != PT_LOAD || !(ph->p_flags & PF_X))
			continue;
		if (loader || (uintptr_t)abort - info->dlpi_addr - ph->p_vaddr < ph->p_filesz)
			text = ph;
	}
	if (text && info->dlpi_name)
		add_text(info->dlpi_name, text);
	return 0;
}

static void *
early_thread(void *arg)
{
	for (unsigned int i = early.n; i-- > 0;) {
		const struct early_text *x = &early.file[i];

		text_prepare(early.k, HFD(x->fd), x->off, x->len, x->mapped);
		close(x->fd);
	}
	return NULL;
}

void
resident_prepare_text(struct kernel *k, int root)
{
	pthread_t th;

	early.k = k;
	early.root = root;
	dl_iterate_phdr(look_at, NULL);
	if (early.n > 0 && pthread_create(&th, NULL, early_thread, NULL) == 0)
		pthread_detach(th);
}
