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
#include <sys/timex.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <time.h>
#include <utime.h>

#include "src/trace-names.h"
#include "src/trace-structs.h"

struct k_stat_user {
	uint64_t dev, ino, nlink;
	uint32_t mode, uid, gid, pad;
	uint64_t rdev;
	int64_t size, blksize, blocks;
	uint64_t times[6];
};

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

void
trace_format_mode(struct trace_buf *b, unsigned int mode)
{
	static const struct const_name types[] = {
		{ S_IFREG, "S_IFREG" }, { S_IFDIR, "S_IFDIR" }, { S_IFLNK, "S_IFLNK" },	  { S_IFCHR, "S_IFCHR" },
		{ S_IFBLK, "S_IFBLK" }, { S_IFIFO, "S_IFIFO" }, { S_IFSOCK, "S_IFSOCK" },
	};
	static const struct const_name bits[] = { { S_ISUID, "S_ISUID" }, { S_ISGID, "S_ISGID" }, { S_ISVTX, "S_ISVTX" } };
	unsigned int rest = mode;
	size_t i;

	for (i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		if ((mode & S_IFMT) == types[i].value) {
			trace_printf(b, "%s|", types[i].name);
			rest &= ~(unsigned int)S_IFMT;
		}
	}
	for (i = 0; i < sizeof(bits) / sizeof(bits[0]) && rest != mode; i++) {
		if (mode & bits[i].value) {
			trace_printf(b, "%s|", bits[i].name);
			rest &= ~(unsigned int)bits[i].value;
		}
	}
	trace_printf(b, "%#03o", rest);
}

static void
print_stat_time(struct trace_buf *b, const char *name, const uint64_t ns[2])
{
	time_t t = (time_t)ns[0];
	char text[64];
	struct tm tm;

	trace_printf(b, ", st_%s=%lld", name, (long long)ns[0]);
	if (!localtime_r(&t, &tm) || !strftime(text, sizeof(text), "%FT%T", &tm))
		return;
	trace_printf(b, ns[1] ? " /* %s.%09llu" : " /* %s", text, (unsigned long long)ns[1]);
	if (strftime(text, sizeof(text), "%z", &tm))
		trace_printf(b, "%s */, st_%s_nsec=%llu", text, name, (unsigned long long)ns[1]);
}

static void
print_rest_of_stat(struct trace_buf *b, const struct k_stat_user *st)
{
	trace_printf(b, ", st_nlink=%llu, st_uid=%u, st_gid=%u, st_blksize=%lld, st_blocks=%lld", (unsigned long long)st->nlink, st->uid, st->gid,
		     (long long)st->blksize, (long long)st->blocks);
	if ((st->mode & S_IFMT) == S_IFCHR || (st->mode & S_IFMT) == S_IFBLK)
		trace_printf(b, ", st_rdev=makedev(%#x, %#x)", major(st->rdev), minor(st->rdev));
	else
		trace_printf(b, ", st_size=%lld", (long long)st->size);
	print_stat_time(b, "atime", &st->times[0]);
	print_stat_time(b, "mtime", &st->times[2]);
	print_stat_time(b, "ctime", &st->times[4]);
	trace_printf(b, "}");
}

static void
print_stat(struct trace_buf *b, const struct trace_mem *m, const void *raw)
{
	const struct k_stat_user *st = raw;

	trace_printf(b, "{");
	if (b->verbose)
		trace_printf(b, "st_dev=makedev(%#x, %#x), st_ino=%llu, ", major(st->dev), minor(st->dev), (unsigned long long)st->ino);
	trace_printf(b, "st_mode=");
	trace_format_mode(b, st->mode);
	if (b->verbose) {
		print_rest_of_stat(b, st);
		return;
	}
	if ((st->mode & S_IFMT) == S_IFCHR || (st->mode & S_IFMT) == S_IFBLK)
		trace_printf(b, ", st_rdev=makedev(%#x, %#x), ...}", major(st->rdev), minor(st->rdev));
	else
		trace_printf(b, ", st_size=%llu, ...}", (unsigned long long)st->size);
}

static void
print_statx(struct trace_buf *b, const struct trace_mem *m, const void *raw)
{
	const struct statx *st = raw;

	trace_printf(b, "{stx_mask=");
	trace_print_flags(b, "STATX_*", st->stx_mask);
	trace_printf(b, ", stx_attributes=");
	trace_print_flags(b, "STATX_ATTR_*", st->stx_attributes);
	trace_printf(b, ", stx_mode=");
	trace_format_mode(b, st->stx_mode);
	trace_printf(b, ", stx_size=%llu, ...}", (unsigned long long)st->stx_size);
}

static void
print_statfs(struct trace_buf *b, const struct trace_mem *m, const void *raw)
{
	const struct statfs *s = raw;

	trace_printf(b, "{f_type=");
	if (const_name(const_table("FSMAGIC_"), (uint64_t)s->f_type))
		trace_print_enum(b, "FSMAGIC_", (uint64_t)s->f_type);
	else
		trace_printf(b, "%#lx", (unsigned long)s->f_type);
	trace_printf(b, ", f_bsize=%lu, f_blocks=%lu, f_bfree=%lu, f_bavail=%lu, f_files=%lu, f_ffree=%lu", (unsigned long)s->f_bsize,
		     (unsigned long)s->f_blocks, (unsigned long)s->f_bfree, (unsigned long)s->f_bavail, (unsigned long)s->f_files,
		     (unsigned long)s->f_ffree);
	trace_printf(b, ", f_fsid={val=[%#x, %#x]}, f_namelen=%lu, f_frsize=%lu", (unsigned int)s->f_fsid.__val[0],
		     (unsigned int)s->f_fsid.__val[1], (unsigned long)s->f_namelen, (unsigned long)s->f_frsize);
	if (s->f_flags) {
		trace_printf(b, ", f_flags=");
		trace_print_flags(b, "ST_*", (uint64_t)s->f_flags);
	}
	trace_printf(b, "}");
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
	trace_print_timeval(b, m, &r->ru_utime);
	trace_printf(b, ", ru_stime=");
	trace_print_timeval(b, m, &r->ru_stime);
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

	trace_printf(b, "{sysname=");
	trace_print_quoted(b, u->sysname, strnlen(u->sysname, 64));
	trace_printf(b, ", nodename=");
	trace_print_quoted(b, u->nodename, strnlen(u->nodename, 64));
	trace_printf(b, ", ...}");
}

static void
print_sysinfo(struct trace_buf *b, const struct trace_mem *m, const void *raw)
{
	const struct sysinfo *s = raw;

	trace_printf(b, "{uptime=%lu, loads=[%lu, %lu, %lu], totalram=%lu, freeram=%lu, sharedram=%lu, bufferram=%lu",
		     (unsigned long)s->uptime, s->loads[0], s->loads[1], s->loads[2], s->totalram, s->freeram, s->sharedram,
		     s->bufferram);
	trace_printf(b, ", totalswap=%lu, freeswap=%lu, procs=%u, totalhigh=%lu, freehigh=%lu, mem_unit=%u}", s->totalswap,
		     s->freeswap, s->procs, s->totalhigh, s->freehigh, s->mem_unit);
}

static void
print_pollfd(struct trace_buf *b, const struct trace_mem *m, const void *raw)
{
	const struct pollfd *p = raw;

	trace_printf(b, "{fd=");
	trace_print_fd(b, m, p->fd);
	if (p->fd >= 0) {
		trace_printf(b, ", events=");
		trace_print_flags(b, "POLLEV_*", (uint16_t)p->events);
	}
	trace_printf(b, "}");
}

#define FDSET_SHOWN (1u << 16)

/* How many bytes of a set can be read, and are in use. */
static size_t
read_fdset(const struct trace_call *c, uint64_t addr, int n, unsigned char *bits, size_t room)
{
	size_t want;

	if (n < 0 || !addr)
		return 0;
	want = ((size_t)n + 63) / 64 * 8;
	if (want > room)
		want = room;
	return trace_peek(c, addr, bits, want) ? want : 0;
}

bool
trace_fdset_empty(const struct trace_call *c, uint64_t addr, int n)
{
	unsigned char bits[FDSET_SHOWN / 8];
	int fd, max = (int)read_fdset(c, addr, n, bits, sizeof(bits)) * 8;

	for (fd = 0; fd < n && fd < max; fd++) {
		if (bits[fd / 8] & 1 << fd % 8)
			return false;
	}
	return true;
}

void
trace_format_fdset(struct trace_buf *b, const struct trace_call *c, uint64_t addr, int n)
{
	unsigned char bits[FDSET_SHOWN / 8];
	int fd, max = (int)read_fdset(c, addr, n, bits, sizeof(bits)) * 8;
	const char *sep = "";

	if (!addr || n <= 0 || max == 0) {
		trace_print_address(b, addr);
		return;
	}
	trace_printf(b, "[");
	for (fd = 0; fd < n && fd < max; fd++) {
		if (!(bits[fd / 8] & 1 << fd % 8))
			continue;
		trace_printf(b, "%s", sep);
		trace_print_fd(b, c->m, fd);
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
	trace_print_flags(b, "EPOLLEV_*", ev.events);
	trace_printf(b, ", data={u32=%u, u64=%llu}}", ev.data.u32, (unsigned long long)ev.data.u64);
}

static void
print_open_how(struct trace_buf *b, const struct trace_mem *m, const void *raw)
{
	const struct open_how *h = raw;

	trace_printf(b, "{flags=");
	trace_print_flags(b, "O_*", h->flags);
	if (h->mode || (h->flags & (O_CREAT | (O_TMPFILE & ~O_DIRECTORY))))
		trace_printf(b, ", mode=%#03llo", (unsigned long long)h->mode);
	trace_printf(b, ", resolve=");
	trace_print_flags(b, "RESOLVE_*", h->resolve);
	trace_printf(b, "}");
}

static void
print_clone_args(struct trace_buf *b, const struct trace_mem *m, const void *raw)
{
	const struct clone_args *a = raw;

	trace_printf(b, "{flags=");
	trace_print_flags(b, "CLONE_*", a->flags);
	if (a->flags & CLONE_PIDFD)
		trace_printf(b, ", pidfd=%#llx", (unsigned long long)a->pidfd);
	if (a->flags & (CLONE_CHILD_SETTID | CLONE_CHILD_CLEARTID))
		trace_printf(b, ", child_tid=%#llx", (unsigned long long)a->child_tid);
	if (a->flags & CLONE_PARENT_SETTID)
		trace_printf(b, ", parent_tid=%#llx", (unsigned long long)a->parent_tid);
	trace_printf(b, ", exit_signal=");
	trace_format_signal(b, (int)a->exit_signal);
	trace_printf(b, ", stack=");
	trace_print_address(b, a->stack);
	trace_printf(b, ", stack_size=%#llx", (unsigned long long)a->stack_size);
	if (a->flags & CLONE_SETTLS)
		trace_printf(b, ", tls=%#llx", (unsigned long long)a->tls);
	if (a->set_tid || a->set_tid_size)
		trace_printf(b, ", set_tid=%#llx, set_tid_size=%llu", (unsigned long long)a->set_tid,
			     (unsigned long long)a->set_tid_size);
	if (a->flags & CLONE_INTO_CGROUP)
		trace_printf(b, ", cgroup=%llu", (unsigned long long)a->cgroup);
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

	trace_printf(b, "{version=");
	trace_print_enum(b, "_LINUX_CAPABILITY_VERSION_", h->version);
	trace_printf(b, ", pid=%d}", h->pid);
}

static void
print_caps(struct trace_buf *b, uint64_t caps)
{
	const struct const_table *t = const_table("CAP_");
	const char *sep = "";
	unsigned int i;

	if (!caps)
		trace_printf(b, "0");
	for (i = 0; i < 64; i++) {
		if (!(caps & 1ull << i))
			continue;
		if (const_name(t, i))
			trace_printf(b, "%s1<<%s", sep, const_name(t, i));
		else
			trace_printf(b, "%s1<<%u", sep, i);
		sep = "|";
	}
}

/* Two of them: the second has the upper halves. */
static void
print_capdata(struct trace_buf *b, const struct trace_mem *m, const void *raw)
{
	const struct __user_cap_data_struct *d = raw;

	trace_printf(b, "{effective=");
	print_caps(b, d[0].effective | (uint64_t)d[1].effective << 32);
	trace_printf(b, ", permitted=");
	print_caps(b, d[0].permitted | (uint64_t)d[1].permitted << 32);
	trace_printf(b, ", inheritable=");
	print_caps(b, d[0].inheritable | (uint64_t)d[1].inheritable << 32);
	trace_printf(b, "}");
}

static void
print_sched_attr(struct trace_buf *b, const struct trace_mem *m, const void *raw)
{
	const struct {
		uint32_t size, policy;
		uint64_t flags;
		int32_t nice;
		uint32_t priority;
		uint64_t runtime, deadline, period;
		uint32_t util_min, util_max;
	} *a = raw;

	trace_printf(b, "{size=%u, sched_policy=", a->size);
	trace_print_enum(b, "SCHED_", a->policy);
	trace_printf(b, ", sched_flags=");
	trace_print_flags(b, "SCHED_FLAG_*", a->flags);
	trace_printf(b, ", sched_nice=%d, sched_priority=%u, sched_runtime=%llu, sched_deadline=%llu, sched_period=%llu", a->nice,
		     a->priority, (unsigned long long)a->runtime, (unsigned long long)a->deadline, (unsigned long long)a->period);
	if (a->size >= 56)
		trace_printf(b, ", sched_util_min=%u, sched_util_max=%u", a->util_min, a->util_max);
	trace_printf(b, "}");
}

static void
print_futex_waitv(struct trace_buf *b, const struct trace_mem *m, const void *raw)
{
	const struct {
		uint64_t val, uaddr;
		uint32_t flags, reserved;
	} *w = raw;

	trace_printf(b, "{val=%#llx, uaddr=", (unsigned long long)w->val);
	trace_print_address(b, w->uaddr);
	trace_printf(b, ", flags=");
	trace_print_flags(b, "FUTEX2_*", w->flags);
	trace_printf(b, w->reserved ? ", __reserved=%#x}" : "}", w->reserved);
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
	{ "sigaction", 32, false, false, trace_print_sigaction },
	{ "siginfo", sizeof(siginfo_t), false, false, trace_print_siginfo },
	{ "stack", sizeof(stack_t), false, false, trace_print_stack },
	{ "sigevent", sizeof(struct sigevent), true, false, trace_print_sigevent },
	{ "stat", sizeof(struct k_stat_user), false, false, print_stat },
	{ "statx", sizeof(struct statx), false, false, print_statx },
	{ "statfs", sizeof(struct statfs), false, false, print_statfs },
	{ "rlimit", sizeof(struct rlimit), false, false, print_rlimit },
	{ "rusage", sizeof(struct rusage), false, false, print_rusage },
	{ "waitrusage", sizeof(struct rusage), false, false, print_rusage },
	{ "wstatus", sizeof(int), false, false, print_waitstatus },
	{ "waitstatus", sizeof(int), false, false, print_waitstatus },
	{ "utsname", sizeof(struct utsname), false, false, print_utsname },
	{ "sysinfo", sizeof(struct sysinfo), false, false, print_sysinfo },
	{ "pollfd", sizeof(struct pollfd), false, false, print_pollfd },
	{ "epoll_event", sizeof(struct epoll_event), false, false, print_epoll_event },
	{ "open_how", sizeof(struct open_how), true, false, print_open_how },
	{ "clone_args", sizeof(struct clone_args), true, false, print_clone_args },
	{ "sched_param", sizeof(int), false, false, print_sched_param },
	{ "sched_attr", 56, true, false, print_sched_attr },
	{ "caphdr", sizeof(struct __user_cap_header_struct), false, false, print_caphdr },
	{ "capdata", 2 * sizeof(struct __user_cap_data_struct), true, false, print_capdata },
	{ "cpumask", 32, true, false, print_cpumask },
	{ "futex_waitv", 24, false, false, print_futex_waitv },
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
