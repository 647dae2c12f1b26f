/* SPDX-License-Identifier: MIT
 *
 * Structures in system calls' arguments as text. The layouts are those of the kernel's interface, which is that of the
 * host's headers on this architecture; where libc has another idea (sigaction) the kernel's is written out.
 */
#include <linux/capability.h>
#include <linux/openat2.h>
#include <linux/sched.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/sysinfo.h>
#include <sys/time.h>
#include <sys/times.h>
#include <sys/timex.h>
#include <sys/utsname.h>
#include <time.h>
#include <utime.h>

#include "src/abi.h"
#include "src/trace/ipc.h"
#include "src/trace/names.h"
#include "src/trace/structs.h"

static void
print_int(struct trace_buf *b, const struct trace_mem *m, const void *raw)
{
	int v;

	memcpy(&v, raw, sizeof(v));
	trace_printf(b, "%d", v);
}

static void
print_uint(struct trace_buf *b, const struct trace_mem *m, const void *raw)
{
	unsigned int v;

	memcpy(&v, raw, sizeof(v));
	trace_printf(b, "%u", v);
}

static void
print_long(struct trace_buf *b, const struct trace_mem *m, const void *raw)
{
	long long v;

	memcpy(&v, raw, sizeof(v));
	trace_printf(b, "%lld", v);
}

static void
print_pointer(struct trace_buf *b, const struct trace_mem *m, const void *raw)
{
	uint64_t v;

	memcpy(&v, raw, sizeof(v));
	trace_print_address(b, v);
}

static void
print_id(struct trace_buf *b, const struct trace_mem *m, const void *raw)
{
	unsigned int v;

	memcpy(&v, raw, sizeof(v));
	trace_printf(b, v == UINT32_MAX ? "-1" : "%u", v);
}

static void
print_ulong(struct trace_buf *b, const struct trace_mem *m, const void *raw)
{
	unsigned long long v;

	memcpy(&v, raw, sizeof(v));
	trace_printf(b, "%llu", v);
}

static void
print_sched_param(struct trace_buf *b, const struct trace_mem *m, const void *raw)
{
	trace_printf(b, "[");
	print_int(b, m, raw);
	trace_printf(b, "]");
}

static const struct trace_struct structs[] = {
	{ "int", sizeof(int), false, true, print_int },
	{ "uint", sizeof(int), false, true, print_uint },
	{ "id", sizeof(int), false, true, print_id },
	{ "addrlen", sizeof(int), false, true, print_int },
	{ "long", sizeof(long), false, true, print_long },
	{ "ulong", sizeof(long), false, true, print_ulong },
	{ "pointer", sizeof(long), false, true, print_pointer },
	{ "off", sizeof(long), false, true, print_long },
	{ "timespec", sizeof(struct timespec), false, false, trace_print_timespec },
	{ "remaining", sizeof(struct timespec), false, false, trace_print_timespec },
	{ "utimespec", sizeof(struct timespec), false, false, trace_print_utimespec },
	{ "timeval", sizeof(struct timeval), false, false, trace_print_timeval },
	{ "utimeval", sizeof(struct timeval), false, false, trace_print_utimeval },
	{ "itimerspec", sizeof(struct itimerspec), false, false, trace_print_itimerspec },
	{ "itimerval", sizeof(struct itimerval), false, false, trace_print_itimerval },
	{ "utimbuf", sizeof(struct utimbuf), false, false, trace_print_utimbuf },
	{ "timezone", sizeof(struct timezone), false, false, trace_print_timezone },
	{ "tms", sizeof(struct tms), false, false, trace_print_tms },
	{ "timex", sizeof(struct timex), false, false, trace_print_timex },
	{ "sigset", 8, false, false, trace_print_sigset },
	{ "sigset8", 8, false, false, trace_print_sigset },
	{ "sigaction", sizeof(struct abi_sigaction), false, false, trace_print_sigaction },
	{ "siginfo", sizeof(siginfo_t), false, false, trace_print_siginfo },
	{ "stack", sizeof(stack_t), false, false, trace_print_stack },
	{ "sigevent", sizeof(struct sigevent), true, false, trace_print_sigevent },
	{ "stat", sizeof(struct stat), false, false, trace_print_stat },
	{ "statx", sizeof(struct statx), false, false, trace_print_statx },
	{ "statfs", sizeof(struct statfs), false, false, trace_print_statfs },
	{ "rlimit", sizeof(struct rlimit), false, false, trace_print_rlimit },
	{ "rusage", sizeof(struct rusage), false, false, trace_print_rusage },
	{ "waitrusage", sizeof(struct rusage), false, false, trace_print_rusage },
	{ "wstatus", sizeof(int), false, false, trace_print_waitstatus },
	{ "waitstatus", sizeof(int), false, false, trace_print_waitstatus },
	{ "utsname", sizeof(struct utsname), false, false, trace_print_utsname },
	{ "sysinfo", sizeof(struct sysinfo), false, false, trace_print_sysinfo },
	{ "pollfd", sizeof(struct pollfd), false, false, trace_print_pollfd },
	{ "epoll_event", sizeof(struct epoll_event), false, false, trace_print_epoll_event },
	{ "open_how", sizeof(struct open_how), true, false, trace_print_open_how },
	{ "clone_args", sizeof(struct clone_args), true, false, trace_print_clone_args },
	{ "sched_param", sizeof(int), false, false, print_sched_param },
	{ "sched_attr", 56, true, false, trace_print_sched_attr },
	{ "caphdr", sizeof(struct __user_cap_header_struct), false, false, trace_print_caphdr },
	{ "capdata", 2 * sizeof(struct __user_cap_data_struct), true, false, trace_print_capdata },
	{ "cpumask", 32, true, false, trace_print_cpumask },
	{ "futex_waitv", 24, false, false, trace_print_futex_waitv },
	{ "sembuf", 6, false, false, trace_print_sembuf },
	{ "mq_attr", 64, false, false, trace_print_mq_attr },
	{ "mq_create", 64, false, false, trace_print_mq_create },
};

const struct trace_struct *
trace_struct(const char *decode)
{
	size_t i;

	for (i = 0; i < sizeof(structs) / sizeof(structs[0]); i++) {
		if (strcmp(structs[i].decode, decode) == 0)
			return &structs[i];
	}
	return NULL;
}
