/* SPDX-License-Identifier: MIT
 *
 * Kernel memory: read, written, unmapped, mapped over, given as an argument: rows 10 to 13, 21.
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

/* Every advice, protection and way to move, on and over kernel memory. */
static int
every_memory_call(void)
{
	char *own = mmap(NULL, 1 << 20, 3, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int shm = (int)syscall(SYS_shmget, 0, 8192, 01600);

	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		unsigned long at = places[i], around = at - 8192;

		for (int advice = 0; advice < 120; advice++) {
			madvise((void *)at, 4096, advice);
			madvise((void *)around, 65536, advice);
		}
		for (int prot = 0; prot < 8; prot++) {
			mprotect((void *)around, 65536, prot | 0x01000000);
			mprotect((void *)around, 65536, prot | 0x02000000);
			syscall(SYS_pkey_mprotect, around, 65536, prot, -1);
			syscall(SYS_pkey_mprotect, around, 65536, prot, 0);
		}
		for (int flags = 0; flags < 8; flags++) {
			mremap((void *)at, 4096, 4096, flags, own + 65536);
			mremap(own, 8192, 8192, flags, (void *)at);
			mremap((void *)at, 0, 4096, flags, own + 65536);
			mremap(own, 4096, 1UL << 44, flags, (void *)(at & ~0xfffUL));
		}
		for (int flags = 1; flags < 4; flags++) {
			mmap((void *)around, 65536, 3, flags | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
			mmap((void *)around, 65536, 3, flags | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
			mmap((void *)around, 65536, 3, flags | MAP_ANONYMOUS | MAP_GROWSDOWN | MAP_FIXED, -1, 0);
		}
		brk((void *)(at + 4096));
		if (shm >= 0)
			syscall(SYS_shmat, shm, at, 040000 /* SHM_REMAP */);
		msync((void *)at, 4096, MS_SYNC | MS_INVALIDATE);
		munlock((void *)at, 4096);
		syscall(SYS_mbind, at, 4096, 0, NULL, 0, 2);
		syscall(SYS_move_pages, 0, 1, &at, NULL, NULL, 0);
		syscall(462, at, 4096, 0);
		syscall(SYS_process_madvise, -1, &at, 1, 4, 0);
	}
	syscall(SYS_shmctl, shm, 0, NULL);
	munmap(NULL, (1UL << 47) - 4096);
	return ESCAPED; /* this very code was unmapped */
}

/* From another process: ptrace, its files in /proc, its descriptors. */
static int
through_a_child(void)
{
	int pidfd, fd, seen = 0;
	char name[64], c;
	sigset_t set;
	pid_t pid;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigprocmask(SIG_BLOCK, &set, NULL);
	pid = fork();

	if (pid == 0) {
		kill(getppid(), SIGUSR1);
		for (;;)
			pause();
	}
	sigwaitinfo(&set, NULL); /* it is there */
	for (size_t i = 0; i < 4; i++) {
		struct iovec local = { &c, 1 }, remote = { (void *)places[i], 1 };

		seen |= process_vm_readv(pid, &local, 1, &remote, 1, 0) > 0 || process_vm_writev(pid, &local, 1, &remote, 1, 0) > 0;
	}
	snprintf(name, sizeof(name), "/proc/%d/mem", pid);
	fd = open(name, O_RDWR);
	for (size_t i = 0; fd >= 0 && i < 4; i++)
		seen |= pread(fd, &c, 1, (off_t)places[i]) > 0 || pwrite(fd, &c, 1, (off_t)places[i]) > 0;
	if (syscall(SYS_ptrace, 16 /* ATTACH */, pid, 0, 0) == 0) {
		waitpid(pid, NULL, 0);
		for (size_t i = 0; i < 4; i++) {
			unsigned long word;

			seen |= syscall(SYS_ptrace, 1 /* PEEKTEXT */, pid, places[i], &word) == 0;
			seen |= syscall(SYS_ptrace, 4 /* POKETEXT */, pid, places[i], 0) == 0;
		}
	}
	pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	for (int n = 3; pidfd >= 0 && n < 64; n++)
		seen |= syscall(SYS_pidfd_getfd, pidfd, n, 0) >= 0;
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	snprintf(name, sizeof(name), "/proc/self/map_files/%lx-%lx", ARENA, ARENA + 0x4000000000);
	return seen || open(name, O_RDONLY) >= 0 ? ESCAPED : CONTAINED;
}

/* Calls that hand memory to somebody else. */
static int
proxies(void)
{
	int p[2];
	char c;

	if (pipe(p) != 0)
		return CONTAINED;
	for (size_t i = 0; i < 4; i++) {
		struct iovec v = { (void *)places[i], 1 };

		if (vmsplice(p[1], &v, 1, SPLICE_F_NONBLOCK) > 0 || vmsplice(p[1], &v, 1, SPLICE_F_NONBLOCK | SPLICE_F_GIFT) > 0)
			return ESCAPED;
		if (write(p[1], "x", 1) != 1 || vmsplice(p[0], &v, 1, SPLICE_F_NONBLOCK) > 0)
			return ESCAPED;
		if (read(p[0], &c, 1) != 1)
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

/* A child's memory is reached by other ways than one's own, and kernel memory is at the same place in it. */
static int
memory_of_a_child(void)
{
	pid_t child = fork();
	char name[40], c = 0;
	int fd, ret = CONTAINED;

	if (child == 0)
		for (;;)
			pause();
	snprintf(name, sizeof(name), "/proc/%d/mem", child);
	fd = open(name, O_RDWR);
	for (size_t i = 0; i < 4; i++) {
		struct iovec local = { &c, 1 }, remote = { (void *)places[i], 1 };

		if (fd >= 0 && (pread(fd, &c, 1, (off_t)places[i]) > 0 || pwrite(fd, &c, 1, (off_t)places[i]) > 0))
			ret = ESCAPED;
		if (process_vm_readv(child, &local, 1, &remote, 1, 0) > 0 || process_vm_writev(child, &local, 1, &remote, 1, 0) > 0)
			ret = ESCAPED;
	}
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	return ret;
}

int
main(int argc, char **argv)
{
	arguments(argc, argv);
	A_KEYS(read_arena);
	A_KEYS(write_arena);
	A_KEYS(write_selector);
	A_KEYS(jump_to_arena);
	A_KEYS(map_over_kernel_memory);
	A_LIVES(unmap_kernel_memory);
	A(every_memory_call);
	A_LIVES(kernel_addresses_as_arguments);
	A_LIVES(through_a_child);
	A_LIVES(proxies);
	A_LIVES(proc_self_mem);
	A_LIVES(memory_of_a_child);
	return escaped;
}
