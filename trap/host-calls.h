/* SPDX-License-Identifier: MIT
 *
 * Every host system call kernel code makes, one a line; the allow-list of the resident trap's seccomp filter is made from it.
 * Include with HOST_CALL(name) defined.
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
HOST_CALL(write)
HOST_CALL(adjtimex)
HOST_CALL(clock_getres)
HOST_CALL(getcpu)
HOST_CALL(getrandom)
HOST_CALL(sysinfo)
