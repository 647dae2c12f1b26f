/* SPDX-License-Identifier: MIT
 *
 * Our structures of the system call interface against those of the C library and of the kernel's uapi headers. All of it is
 * checked by the compiler.
 */
#include <criterion/criterion.h>
#include <linux/futex.h>
#include <linux/sched.h>
#include <signal.h>
#include <stddef.h>
#include <sys/reg.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <time.h>

#undef PAGE_SIZE
#undef PAGE_MASK

#include "kernel/posix-timers.h"
#include "kernel/signal.h"
#include "kernel/task.h"
#include "mm/uaccess.h"

#define SAME_SIZE(ours, theirs) _Static_assert(sizeof(ours) == sizeof(theirs), #ours " and " #theirs " differ in size")
#define SAME(ours, a, theirs, b)                                                                                          \
	_Static_assert(offsetof(ours, a) == offsetof(theirs, b), #ours "." #a " is not where " #theirs "." #b " is");   \
	_Static_assert(sizeof(((ours *)0)->a) == sizeof(((theirs *)0)->b), #ours "." #a " has another size")

SAME_SIZE(struct k_timespec, struct timespec);
SAME(struct k_timespec, tv_sec, struct timespec, tv_sec);
SAME(struct k_timespec, tv_nsec, struct timespec, tv_nsec);
SAME_SIZE(struct k_timeval, struct timeval);
SAME(struct k_timeval, tv_usec, struct timeval, tv_usec);

SAME_SIZE(struct k_siginfo, siginfo_t);
SAME(struct k_siginfo, si_signo, siginfo_t, si_signo);
SAME(struct k_siginfo, si_errno, siginfo_t, si_errno);
SAME(struct k_siginfo, si_code, siginfo_t, si_code);
SAME(struct k_siginfo, kill.pid, siginfo_t, si_pid);
SAME(struct k_siginfo, kill.uid, siginfo_t, si_uid);
SAME(struct k_siginfo, timer.tid, siginfo_t, si_timerid);
SAME(struct k_siginfo, timer.overrun, siginfo_t, si_overrun);
SAME(struct k_siginfo, timer.value, siginfo_t, si_value);
SAME(struct k_siginfo, rt.pid, siginfo_t, si_pid);
SAME(struct k_siginfo, rt.uid, siginfo_t, si_uid);
SAME(struct k_siginfo, rt.value, siginfo_t, si_value);
SAME(struct k_siginfo, chld.pid, siginfo_t, si_pid);
SAME(struct k_siginfo, chld.status, siginfo_t, si_status);
SAME(struct k_siginfo, chld.utime, siginfo_t, si_utime);
SAME(struct k_siginfo, chld.stime, siginfo_t, si_stime);
SAME(struct k_siginfo, fault.addr, siginfo_t, si_addr);
SAME(struct k_siginfo, fault.addr_lsb, siginfo_t, si_addr_lsb);
SAME(struct k_siginfo, fault.lower, siginfo_t, si_lower);
SAME(struct k_siginfo, fault.upper, siginfo_t, si_upper);
SAME(struct k_siginfo, poll.band, siginfo_t, si_band);
SAME(struct k_siginfo, poll.fd, siginfo_t, si_fd);
SAME(struct k_siginfo, sys.call_addr, siginfo_t, si_call_addr);
SAME(struct k_siginfo, sys.syscall, siginfo_t, si_syscall);
SAME(struct k_siginfo, sys.arch, siginfo_t, si_arch);

SAME_SIZE(struct k_sigevent, struct sigevent);
SAME(struct k_sigevent, value, struct sigevent, sigev_value);
SAME(struct k_sigevent, signo, struct sigevent, sigev_signo);
SAME(struct k_sigevent, notify, struct sigevent, sigev_notify);
SAME(struct k_sigevent, tid, struct sigevent, _sigev_un._tid);
_Static_assert(K_SIGEV_SIGNAL == SIGEV_SIGNAL && K_SIGEV_NONE == SIGEV_NONE && K_SIGEV_THREAD == SIGEV_THREAD &&
		       K_SIGEV_THREAD_ID == SIGEV_THREAD_ID,
	       "SIGEV_*");

SAME_SIZE(struct iovec_k, struct iovec);
SAME(struct iovec_k, base, struct iovec, iov_base);
SAME(struct iovec_k, len, struct iovec, iov_len);
SAME_SIZE(struct rlimit64_k, struct rlimit64);
SAME(struct rlimit64_k, cur, struct rlimit64, rlim_cur);
SAME(struct rlimit64_k, max, struct rlimit64, rlim_max);
_Static_assert(K_RLIM_NLIMITS == RLIM_NLIMITS, "RLIM_NLIMITS");

SAME_SIZE(struct pt_regs, struct user_regs_struct);
#define REG(r) SAME(struct pt_regs, r, struct user_regs_struct, r)
REG(r15);
REG(r14);
REG(r13);
REG(r12);
REG(rbp);
REG(rbx);
REG(r11);
REG(r10);
REG(r9);
REG(r8);
REG(rax);
REG(rcx);
REG(rdx);
REG(rsi);
REG(rdi);
REG(orig_rax);
REG(rip);
REG(cs);
REG(eflags);
REG(rsp);
REG(ss);
REG(fs_base);
REG(gs_base);
REG(ds);
REG(es);
REG(fs);
REG(gs);

Test(abi, the_compiler_has_checked_it)
{
}
