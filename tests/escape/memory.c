/* SPDX-License-Identifier: MIT
 *
 * Kernel memory: read, written, unmapped, mapped over, given as an argument: rows 10, 11, 13, 21.
 */
#include <sys/uio.h>

#include "escape.h"

static const unsigned long places[] = { ARENA, ARENA + 0x1000, ARENA + 0x100000, SELECT };

static int read_arena(void) { return *(volatile char *)ARENA, ESCAPED; }
static int write_arena(void) { return *(volatile char *)ARENA = 0, ESCAPED; }
static int write_selector(void) { return *(volatile char *)SELECT = 0, ESCAPED; }
static int jump_to_arena(void) { return call((void *)(ARENA + 0x1000)), ESCAPED; }

static int
map_over_kernel_memory(void)
{
	for (size_t i = 0; i < 4; i++) {
		void *p = mmap((void *)places[i], 4096, 3, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);

		if (p != MAP_FAILED) /* nothing of the kernel is there: then it is memory as any */
			*(volatile char *)p = 1;
	}
	return getppid() > 0 ? CONTAINED : ESCAPED;
}

static int
unmap_kernel_memory(void)
{
	for (size_t i = 0; i < 4; i++) {
		munmap((void *)places[i], 4096);
		mprotect((void *)places[i], 4096, 7);
		madvise((void *)places[i], 4096, MADV_DONTNEED);
		madvise((void *)places[i], 4096, MADV_REMOVE);
		mremap((void *)places[i], 4096, 8192, MREMAP_MAYMOVE);
		syscall(SYS_remap_file_pages, places[i], 4096, 0, 0, 0);
		mlock((void *)places[i], 4096);
	}
	munmap((void *)ARENA, 1UL << 40);
	return getppid() > 0 ? CONTAINED : ESCAPED;
}

static int
kernel_addresses_as_arguments(void)
{
	char buf[64];
	int fds[2];

	if (pipe(fds) != 0)
		return CONTAINED;
	for (size_t i = 0; i < 4; i++) {
		struct iovec local = { buf, 8 }, remote = { (void *)places[i], 8 };

		if (write(fds[1], (void *)places[i], 8) > 0 || process_vm_readv(getpid(), &local, 1, &remote, 1, 0) > 0 ||
		    process_vm_writev(getpid(), &local, 1, &remote, 1, 0) > 0)
			return ESCAPED;
		if (write(fds[1], buf, 8) != 8 || read(fds[0], (void *)places[i], 8) > 0 || read(fds[0], buf, 8) != 8)
			return ESCAPED;
		if (syscall(SYS_getcwd, places[i], 64) > 0 || syscall(SYS_clock_gettime, 1, places[i]) == 0)
			return ESCAPED;
	}
	return CONTAINED;
}

static int
proc_self_mem(void)
{
	int fd = open("/proc/self/mem", O_RDWR);
	char c = 0;

	for (size_t i = 0; fd >= 0 && i < 4; i++)
		if (pread(fd, &c, 1, (off_t)places[i]) > 0 || pwrite(fd, &c, 1, (off_t)places[i]) > 0)
			return ESCAPED;
	return CONTAINED;
}

int
main(void)
{
	A(read_arena);
	A(write_arena);
	A(write_selector);
	A(jump_to_arena);
	A(map_over_kernel_memory);
	A(unmap_kernel_memory);
	A(kernel_addresses_as_arguments);
	A(proc_self_mem);
	return escaped;
}
