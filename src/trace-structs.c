/* SPDX-License-Identifier: MIT
 *
 * Structures in system calls' arguments as text. The layouts are those of the kernel's interface, which is that of the host's
 * headers on this architecture; where libc has another idea (stat, sigaction) the kernel's is written out here.
 */
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/openat2.h>
#include <linux/sched.h>
#include <linux/stat.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/statfs.h>
#include <sys/sysinfo.h>
#include <sys/sysmacros.h>
#include <sys/time.h>
#include <sys/times.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <time.h>
#include <utime.h>

#include "src/trace-names.h"
#include "src/trace-structs.h"

struct k_sigaction_user {
	uint64_t handler, flags, restorer, mask;
};

struct k_stat_user {
	uint64_t dev, ino, nlink;
	uint32_t mode, uid, gid, pad;
	uint64_t rdev;
	int64_t size, blksize, blocks;
	uint64_t times[6];
};

static void
print_enum(struct trace_buf *b, const char *decode, uint64_t v)
{
	const struct const_table *t = const_table(decode);
	const char *name = t ? const_name(t, v) : NULL;

	if (name)
		trace_printf(b, "%s", name);
	else
		trace_printf(b, "%#llx", (unsigned long long)v);
}

static void
print_set(struct trace_buf *b, const char *decode, uint64_t v)
{
	const struct const_table *t = const_table(decode);
	const char *sep = "";
	unsigned int i;

	for (i = 0; t && i < t->count; i++) {
		if (!t->names[i].value || (v & t->names[i].value) != t->names[i].value)
			continue;
		trace_printf(b, "%s%s", sep, t->names[i].name);
		v &= ~t->names[i].value;
		sep = "|";
	}
	if (v || !*sep)
		trace_printf(b, v ? "%s%#llx" : "%s%llx", sep, (unsigned long long)v);
}

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
print_timespec(struct trace_buf *b, const struct trace_mem *m, const void *raw)
{
	const struct timespec *ts = raw;

	if (ts->tv_nsec == UTIME_NOW || ts->tv_nsec == UTIME_OMIT)
		trace_printf(b, ts->tv_nsec == UTIME_NOW ? "UTIME_NOW" : "UTIME_OMIT");
	else
		trace_printf(b, "{tv_sec=%lld, tv_nsec=%ld}", (long long)ts->tv_sec, ts->tv_nsec);
}

static void
print_timeval(struct trace_buf *b, const struct trace_mem *m, const void *raw)
{
	const struct timeval *tv = raw;

	trace_printf(b, "{tv_sec=%lld, tv_usec=%ld}", (long long)tv->tv_sec, (long)tv->tv_usec);
}

static void
print_itimerspec(struct trace_buf *b, const struct trace_mem *m, const void *raw)
{
	const struct itimerspec *it = raw;

	trace_printf(b, "{it_interval=");
	print_timespec(b, m, &it->it_interval);
	trace_printf(b, ", it_value=");
	print_timespec(b, m, &it->it_value);
	trace_printf(b, "}");
}

static void
print_itimerval(struct trace_buf *b, const struct trace_mem *m, const void *raw)
{
	const struct itimerval *it = raw;

	trace_printf(b, "{it_interval=");
	print_timeval(b, m, &it->it_interval);
	trace_printf(b, ", it_value=");
	print_timeval(b, m, &it->it_value);
	trace_printf(b, "}");
}

static void
print_utimbuf(struct trace_buf *b, const struct trace_mem *m, const void *raw)
{
	const struct utimbuf *u = raw;

	trace_printf(b, "{actime=%lld, modtime=%lld}", (long long)u->actime, (long long)u->modtime);
}

static void
print_timezone(struct trace_buf *b, const struct trace_mem *m, const void *raw)
{
	const struct timezone *tz = raw;

	trace_printf(b, "{tz_minuteswest=%d, tz_dsttime=%d}", tz->tz_minuteswest, tz->tz_dsttime);
}

static void
print_tms(struct trace_buf *b, const struct trace_mem *m, const void *raw)
{
	const struct tms *t = raw;

	trace_printf(b, "{tms_utime=%ld, tms_stime=%ld, tms_cutime=%ld, tms_cstime=%ld}", t->tms_utime, t->tms_stime, t->tms_cutime,
		     t->tms_cstime);
}

/* Names without SIG; what is longer than half the set is printed as what is not in it, as strace does. */
static void
print_mask(struct trace_buf *b, uint64_t mask)
{
	const char *sep = "";
	bool inverted = __builtin_popcountll(mask) > 32;
	const char *name;
	int sig;

	if (inverted)
		mask = ~mask;
	trace_printf(b, inverted ? "~[" : "[");
	for (sig = 1; sig <= 64; sig++) {
		if (!(mask & 1ull << (sig - 1)))
			continue;
		name = signal_name(sig);
		if (name)
			trace_printf(b, "%s%s", sep, name + 3);
		else if (sig == 32)
			trace_printf(b, "%sRTMIN", sep);
		else
			trace_printf(b, "%sRT_%d", sep, sig - 32);
		sep = " ";
	}
	trace_printf(b, "]");
}

static void
print_sigset(struct trace_buf *b, const struct trace_mem *m, const void *raw)
{
	uint64_t mask;

	memcpy(&mask, raw, sizeof(mask));
	print_mask(b, mask);
}

static void
print_sigaction(struct trace_buf *b, const struct trace_mem *m, const void *raw)
{
	const struct k_sigaction_user *sa = raw;

	trace_printf(b, "{sa_handler=");
	if (sa->handler <= 1)
		trace_printf(b, sa->handler ? "SIG_IGN" : "SIG_DFL");
	else
		trace_printf(b, "%#llx", (unsigned long long)sa->handler);
	trace_printf(b, ", sa_mask=");
	print_mask(b, sa->mask);
	trace_printf(b, ", sa_flags=");
	print_set(b, "SA_*", sa->flags);
	if (sa->flags & 0x04000000)
		trace_printf(b, ", sa_restorer=%#llx", (unsigned long long)sa->restorer);
	trace_printf(b, "}");
}

static void
print_siginfo(struct trace_buf *b, const struct trace_mem *m, const void *raw)
{
	const siginfo_t *si = raw;

	trace_printf(b, "{si_signo=");
	trace_format_signal(b, si->si_signo);
	trace_printf(b, ", si_code=%d", si->si_code);
	if (si->si_signo == SIGCHLD)
		trace_printf(b, ", si_pid=%d, si_uid=%u, si_status=%d", si->si_pid, si->si_uid, si->si_status);
	else if (si->si_code <= 0)
		trace_printf(b, ", si_pid=%d, si_uid=%u", si->si_pid, si->si_uid);
	trace_printf(b, "}");
}

static void
print_stack(struct trace_buf *b, const struct trace_mem *m, const void *raw)
{
	const stack_t *ss = raw;

	trace_printf(b, "{ss_sp=%p, ss_flags=%#x, ss_size=%zu}", ss->ss_sp, ss->ss_flags, ss->ss_size);
}

static void
print_mode(struct trace_buf *b, unsigned int mode)
{
	static const struct {
		unsigned int type;
		const char *name;
	} types[] = { { S_IFREG, "S_IFREG" }, { S_IFDIR, "S_IFDIR" }, { S_IFLNK, "S_IFLNK" }, { S_IFCHR, "S_IFCHR" },
		      { S_IFBLK, "S_IFBLK" }, { S_IFIFO, "S_IFIFO" }, { S_IFSOCK, "S_IFSOCK" } };
	size_t i;

	for (i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		if ((mode & S_IFMT) == types[i].type)
			trace_printf(b, "%s|", types[i].name);
	}
	trace_printf(b, "%#03o", mode & 07777);
}

static void
print_stat(struct trace_buf *b, const struct trace_mem *m, const void *raw)
{
	const struct k_stat_user *st = raw;

	trace_printf(b, "{st_mode=");
	print_mode(b, st->mode);
	if ((st->mode & S_IFMT) == S_IFCHR || (st->mode & S_IFMT) == S_IFBLK)
		trace_printf(b, ", st_rdev=makedev(%#x, %#x), ...}", major(st->rdev), minor(st->rdev));
	else
		trace_printf(b, ", st_size=%lld, ...}", (long long)st->size);
}

static void
print_statx(struct trace_buf *b, const struct trace_mem *m, const void *raw)
{
	const struct statx *st = raw;

	trace_printf(b, "{stx_mask=");
	print_set(b, "STATX_*", st->stx_mask);
	trace_printf(b, ", stx_mode=");
	print_mode(b, st->stx_mode);
	trace_printf(b, ", stx_size=%llu, ...}", (unsigned long long)st->stx_size);
}

static void
print_statfs(struct trace_buf *b, const struct trace_mem *m, const void *raw)
{
	const struct statfs *s = raw;

	trace_printf(b, "{f_type=%#lx, f_bsize=%ld, f_blocks=%lu, f_bfree=%lu, ...}", (unsigned long)s->f_type, (long)s->f_bsize,
		     (unsigned long)s->f_blocks, (unsigned long)s->f_bfree);
}

static void
print_rlim(struct trace_buf *b, rlim_t v)
{
	if (v == RLIM_INFINITY)
		trace_printf(b, "RLIM64_INFINITY");
	else if (v && v % 1024 == 0)
		trace_printf(b, "%llu*1024", (unsigned long long)v / 1024);
	else
		trace_printf(b, "%llu", (unsigned long long)v);
}

static void
print_rlimit(struct trace_buf *b, const struct trace_mem *m, const void *raw)
{
	const struct rlimit *r = raw;

	trace_printf(b, "{rlim_cur=");
	print_rlim(b, r->rlim_cur);
	trace_printf(b, ", rlim_max=");
	print_rlim(b, r->rlim_max);
	trace_printf(b, "}");
}

static void
print_rusage(struct trace_buf *b, const struct trace_mem *m, const void *raw)
{
	const struct rusage *r = raw;

	trace_printf(b, "{ru_utime=");
	print_timeval(b, m, &r->ru_utime);
	trace_printf(b, ", ru_stime=");
	print_timeval(b, m, &r->ru_stime);
	trace_printf(b, ", ...}");
}

static void
print_waitstatus(struct trace_buf *b, const struct trace_mem *m, const void *raw)
{
	int s;

	memcpy(&s, raw, sizeof(s));
	if (WIFEXITED(s)) {
		trace_printf(b, "[{WIFEXITED(s) && WEXITSTATUS(s) == %d}]", WEXITSTATUS(s));
	} else if (WIFSIGNALED(s)) {
		trace_printf(b, "[{WIFSIGNALED(s) && WTERMSIG(s) == ");
		trace_format_signal(b, WTERMSIG(s));
		trace_printf(b, WCOREDUMP(s) ? " && WCOREDUMP(s)}]" : "}]");
	} else if (WIFSTOPPED(s)) {
		trace_printf(b, "[{WIFSTOPPED(s) && WSTOPSIG(s) == ");
		trace_format_signal(b, WSTOPSIG(s));
		trace_printf(b, "}]");
	} else {
		trace_printf(b, WIFCONTINUED(s) ? "[{WIFCONTINUED(s)}]" : "[%#x]", s);
	}
}

static void
print_utsname(struct trace_buf *b, const struct trace_mem *m, const void *raw)
{
	const struct utsname *u = raw;

	trace_printf(b, "{sysname=\"%.64s\", nodename=\"%.64s\", ...}", u->sysname, u->nodename);
}

static void
print_sysinfo(struct trace_buf *b, const struct trace_mem *m, const void *raw)
{
	const struct sysinfo *s = raw;

	trace_printf(b, "{uptime=%ld, totalram=%lu, freeram=%lu, procs=%u, ...}", s->uptime, s->totalram, s->freeram, s->procs);
}

static void
print_pollfd(struct trace_buf *b, const struct trace_mem *m, const void *raw)
{
	const struct pollfd *p = raw;

	trace_printf(b, "{fd=%d, events=", p->fd);
	print_set(b, "POLLEV_*", (unsigned short)p->events);
	if (p->revents) {
		trace_printf(b, ", revents=");
		print_set(b, "POLLEV_*", (unsigned short)p->revents);
	}
	trace_printf(b, "}");
}

static void
print_fdset(struct trace_buf *b, const struct trace_mem *m, const void *raw)
{
	const unsigned char *bits = raw;
	const char *sep = "";
	int fd;

	trace_printf(b, "[");
	for (fd = 0; fd < 1024; fd++) {
		if (!(bits[fd / 8] & 1 << fd % 8))
			continue;
		trace_printf(b, "%s%d", sep, fd);
		sep = " ";
	}
	trace_printf(b, "]");
}

static void
print_epoll_event(struct trace_buf *b, const struct trace_mem *m, const void *raw)
{
	struct epoll_event ev;

	memcpy(&ev, raw, sizeof(ev));
	trace_printf(b, "{events=");
	print_set(b, "EPOLLEV_*", ev.events);
	trace_printf(b, ", data=%#llx}", (unsigned long long)ev.data.u64);
}

static void
print_open_how(struct trace_buf *b, const struct trace_mem *m, const void *raw)
{
	const struct open_how *h = raw;

	trace_printf(b, "{flags=");
	print_set(b, "O_*", h->flags);
	trace_printf(b, ", mode=%#03llo, resolve=%#llx}", (unsigned long long)h->mode, (unsigned long long)h->resolve);
}

static void
print_clone_args(struct trace_buf *b, const struct trace_mem *m, const void *raw)
{
	const struct clone_args *a = raw;

	trace_printf(b, "{flags=");
	print_set(b, "CLONE_*", a->flags);
	trace_printf(b, ", exit_signal=");
	if (a->exit_signal)
		trace_format_signal(b, (int)a->exit_signal);
	else
		trace_printf(b, "0");
	trace_printf(b, ", stack=%#llx, stack_size=%#llx", (unsigned long long)a->stack, (unsigned long long)a->stack_size);
	if (a->tls)
		trace_printf(b, ", tls=%#llx", (unsigned long long)a->tls);
	trace_printf(b, "}");
}

static void
print_sched_param(struct trace_buf *b, const struct trace_mem *m, const void *raw)
{
	trace_printf(b, "[");
	print_int(b, m, raw);
	trace_printf(b, "]");
}

static void
print_caphdr(struct trace_buf *b, const struct trace_mem *m, const void *raw)
{
	const struct __user_cap_header_struct *h = raw;

	trace_printf(b, "{version=%#x, pid=%d}", h->version, h->pid);
}

static void
print_capdata(struct trace_buf *b, const struct trace_mem *m, const void *raw)
{
	const struct __user_cap_data_struct *d = raw;

	trace_printf(b, "{effective=%#x, permitted=%#x, inheritable=%#x}", d->effective, d->permitted, d->inheritable);
}

static void
print_cpumask(struct trace_buf *b, const struct trace_mem *m, const void *raw)
{
	const unsigned char *bits = raw;
	const char *sep = "";
	int cpu;

	trace_printf(b, "[");
	for (cpu = 0; cpu < 256; cpu++) {
		if (!(bits[cpu / 8] & 1 << cpu % 8))
			continue;
		trace_printf(b, "%s%d", sep, cpu);
		sep = " ";
	}
	trace_printf(b, "]");
}

static void
print_sigevent(struct trace_buf *b, const struct trace_mem *m, const void *raw)
{
	const struct sigevent *ev = raw;

	trace_printf(b, "{sigev_value=%p, sigev_signo=", ev->sigev_value.sival_ptr);
	trace_format_signal(b, ev->sigev_signo);
	trace_printf(b, ", sigev_notify=%d}", ev->sigev_notify);
}

static void
print_sockaddr(struct trace_buf *b, const struct trace_mem *m, const void *raw)
{
	uint16_t family;

	memcpy(&family, raw, sizeof(family));
	trace_printf(b, "{sa_family=");
	print_enum(b, "AF_", family);
	if (family == 1)
		trace_printf(b, ", sun_path=\"%.100s\"", (const char *)raw + 2);
	trace_printf(b, "}");
}

static const struct trace_struct structs[] = {
	{ "int", sizeof(int), false, print_int },
	{ "uint", sizeof(int), false, print_uint },
	{ "long", sizeof(long), false, print_long },
	{ "ulong", sizeof(long), false, print_long },
	{ "off", sizeof(long), false, print_long },
	{ "timespec", sizeof(struct timespec), false, print_timespec },
	{ "timeval", sizeof(struct timeval), false, print_timeval },
	{ "itimerspec", sizeof(struct itimerspec), false, print_itimerspec },
	{ "itimerval", sizeof(struct itimerval), false, print_itimerval },
	{ "utimbuf", sizeof(struct utimbuf), false, print_utimbuf },
	{ "timezone", sizeof(struct timezone), false, print_timezone },
	{ "tms", sizeof(struct tms), false, print_tms },
	{ "sigset", 8, false, print_sigset },
	{ "sigaction", sizeof(struct k_sigaction_user), false, print_sigaction },
	{ "siginfo", sizeof(siginfo_t), false, print_siginfo },
	{ "stack", sizeof(stack_t), false, print_stack },
	{ "stat", sizeof(struct k_stat_user), false, print_stat },
	{ "statx", sizeof(struct statx), false, print_statx },
	{ "statfs", sizeof(struct statfs), false, print_statfs },
	{ "rlimit", sizeof(struct rlimit), false, print_rlimit },
	{ "rusage", sizeof(struct rusage), false, print_rusage },
	{ "waitstatus", sizeof(int), false, print_waitstatus },
	{ "utsname", sizeof(struct utsname), false, print_utsname },
	{ "sysinfo", sizeof(struct sysinfo), false, print_sysinfo },
	{ "pollfd", sizeof(struct pollfd), false, print_pollfd },
	{ "fdset", 128, true, print_fdset },
	{ "epoll_event", sizeof(struct epoll_event), false, print_epoll_event },
	{ "open_how", sizeof(struct open_how), true, print_open_how },
	{ "clone_args", sizeof(struct clone_args), true, print_clone_args },
	{ "sched_param", sizeof(int), false, print_sched_param },
	{ "caphdr", sizeof(struct __user_cap_header_struct), false, print_caphdr },
	{ "capdata", sizeof(struct __user_cap_data_struct), false, print_capdata },
	{ "cpumask", 32, true, print_cpumask },
	{ "sigevent", sizeof(struct sigevent), true, print_sigevent },
	{ "sockaddr", 110, true, print_sockaddr },
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
