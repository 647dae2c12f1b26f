/* SPDX-License-Identifier: MIT
 *
 * Every host system call kernel code makes, one a line; the allow-list of the resident trap's seccomp filter is made from it.
 * Include with the macro of these lines defined.
 */
HOST_CALL(clock_gettime)
HOST_CALL(close)
HOST_CALL(exit_group)
HOST_CALL(fallocate)
HOST_CALL(futex)
HOST_CALL(getpid)
HOST_CALL(getrandom)
HOST_CALL(gettid)
HOST_CALL(kill)
HOST_CALL(madvise)
HOST_CALL(membarrier)
HOST_CALL(mincore)
HOST_CALL(mlock)
HOST_CALL(mmap)
HOST_CALL(mprotect)
HOST_CALL(mremap)
HOST_CALL(munlock)
HOST_CALL(munmap)
HOST_CALL(sched_yield)
HOST_CALL(write)
