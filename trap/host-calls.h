/* SPDX-License-Identifier: MIT
 *
 * Every host system call that kernel code may make in a guest process of the resident trap, one a line, with the rules its arguments
 * obey; its seccomp filter is made from this list (trap/resident/filter.c). Include with the macros of these lines defined.
 *
 * HOST_CALL(name, rules...): a process that breaks a rule, or makes a call that is not here, is killed. Rules, with arguments from 0:
 *   ONE_OF(arg, values...)  the argument is one of these
 *   WITHIN(arg, mask)       no bit outside of this mask
 *   NOT_ALL(arg, mask)      not all bits of this mask at once
 * HOST_ANYWHERE(name): any arguments, and made at any instruction, the program's included. Of such a call the host keeps in a table that
 * it may be made, and asks no filter: what sleeps and wakes does it twice as often as programs do, so each fifth part of a call counts.
 * It must give nothing to a program that has got past dispatch, and nothing to somebody who has the kernel: no effect but on the calling
 * thread, and memory only as the thread's own keys let it.
 * HOST_WRITE(name): changes files by name or by a descriptor that may be O_PATH. There is something to change only where the user has
 * given a writable --bind; else the answer is EROFS.
 *
 * Calls of the supervisor alone (before it forks, or when asked) need no line. The only calls that take a path are openat2, statx,
 * getxattrat, listxattrat and readlinkat, and those of HOST_WRITE; Landlock keeps openat2 and some of the last to the roots given.
 */
/* threads and processes */
HOST_CALL(clone, ONE_OF(0, HOST_CLONE_PROCESS, HOST_CLONE_PROCESS | CLONE_VM, HOST_CLONE_THREAD))
HOST_CALL(exit)
HOST_CALL(exit_group)
HOST_CALL(futex, ONE_OF(1, 1 /* FUTEX_WAKE */, 9 /* FUTEX_WAIT_BITSET */))
/* By number they do what futex(2) does above, without the rest of it. Wake-ups for no reason are nothing to any sleeper of the kernel. */
HOST_ANYWHERE(futex_wait)
HOST_ANYWHERE(futex_wake)
HOST_CALL(getcpu)
HOST_CALL(getppid)
HOST_CALL(gettid)
HOST_CALL(membarrier, ONE_OF(0, 0 /* MEMBARRIER_CMD_QUERY */, 1 /* MEMBARRIER_CMD_GLOBAL */,
			     32 /* MEMBARRIER_CMD_PRIVATE_EXPEDITED_SYNC_CORE */, 64 /* its _REGISTER_ */))
HOST_CALL(prctl, ONE_OF(0, 1 /* PR_SET_PDEATHSIG */, 59 /* PR_SET_SYSCALL_USER_DISPATCH */), ONE_OF(1, 1 /* on */, 9 /* SIGKILL */),
	  ONE_OF(2, 0), ONE_OF(3, 0))
HOST_CALL(process_vm_readv, ONE_OF(5, 0))
HOST_CALL(process_vm_writev, ONE_OF(5, 0))
HOST_CALL(rt_sigprocmask)
HOST_CALL(rt_sigreturn)
HOST_ANYWHERE(sched_yield)
HOST_CALL(sigaltstack)
HOST_CALL(tgkill, ONE_OF(2, 40 /* KICK_SIGNAL */))
/* memory */
HOST_CALL(fallocate)
HOST_CALL(madvise, WITHIN(2, 31)) /* MADV_HWPOISON and MADV_SOFT_OFFLINE are above */
HOST_CALL(mincore)
HOST_CALL(mlock)
HOST_CALL(mmap, WITHIN(2, 7), NOT_ALL(2, 6))
HOST_CALL(mprotect, WITHIN(2, 7), NOT_ALL(2, 6))
HOST_CALL(mremap, WITHIN(3, 7))
HOST_CALL(munlock)
HOST_CALL(munmap)
/* clocks, numbers */
HOST_CALL(adjtimex)
HOST_CALL(clock_getres)
HOST_ANYWHERE(clock_gettime)
HOST_CALL(getrandom)
HOST_ANYWHERE(getrusage)
HOST_CALL(sysinfo)
/* files, by descriptor */
HOST_CALL(close)
HOST_CALL(fcntl, ONE_OF(1, 3 /* F_GETFL */, 1030 /* F_DUPFD_CLOEXEC */))
HOST_CALL(fdatasync)
HOST_CALL(fgetxattr)
HOST_CALL(flistxattr)
HOST_CALL(fstatfs)
HOST_CALL(fsync)
HOST_CALL(ftruncate)
HOST_CALL(getdents64)
HOST_CALL(ioctl, ONE_OF(1, 0x541b /* FIONREAD */))
HOST_CALL(lseek)
HOST_CALL(poll)
HOST_CALL(pread64)
HOST_CALL(preadv2)
HOST_CALL(pwrite64)
HOST_CALL(pwritev2)
HOST_CALL(read)
HOST_CALL(write)
/* files, by name */
HOST_CALL(openat2)
HOST_CALL(getxattrat, WITHIN(2, 0x100)) /* AT_SYMLINK_NOFOLLOW */
HOST_CALL(listxattrat, WITHIN(2, 0x100))
HOST_CALL(readlinkat)
HOST_CALL(statx, WITHIN(2, 0x1900)) /* AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT | AT_EMPTY_PATH */
HOST_WRITE(fchmod)
HOST_WRITE(fchmodat2)
HOST_WRITE(fchown)
HOST_WRITE(fchownat)
HOST_WRITE(fremovexattr)
HOST_WRITE(fsetxattr)
HOST_WRITE(linkat)
HOST_WRITE(mkdirat)
HOST_WRITE(mknodat)
HOST_WRITE(removexattrat)
HOST_WRITE(renameat2)
HOST_WRITE(setxattrat)
HOST_WRITE(symlinkat)
HOST_WRITE(unlinkat)
HOST_WRITE(utimensat)
