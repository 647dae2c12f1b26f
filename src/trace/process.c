/* SPDX-License-Identifier: MIT
 *
 * What processes are and may, as text: limits, use, how they ended, clone3(2)'s arguments, scheduling, capabilities; and
 * what the system says of itself.
 */
#include <linux/capability.h>
#include <linux/sched.h>
#include <stdint.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/sysinfo.h>
#include <sys/utsname.h>
#include <sys/wait.h>

#include "src/trace/names.h"
#include "src/trace/structs.h"

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

void
trace_print_rlimit(struct trace_buf *b, const struct trace_mem *m, const void *raw)
{
	const struct rlimit *r = raw;

	trace_printf(b, "{rlim_cur=");
	print_rlim(b, r->rlim_cur);
	trace_printf(b, ", rlim_max=");
	print_rlim(b, r->rlim_max);
	trace_printf(b, "}");
}

void
trace_print_rusage(struct trace_buf *b, const struct trace_mem *m, const void *raw)
{
	const struct rusage *r = raw;

	trace_printf(b, "{ru_utime=");
	trace_print_timeval(b, m, &r->ru_utime);
	trace_printf(b, ", ru_stime=");
	trace_print_timeval(b, m, &r->ru_stime);
	trace_printf(b, ", ...}");
}

void
trace_print_waitstatus(struct trace_buf *b, const struct trace_mem *m, const void *raw)
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

void
trace_print_clone_args(struct trace_buf *b, const struct trace_mem *m, const void *raw)
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

void
trace_print_sched_attr(struct trace_buf *b, const struct trace_mem *m, const void *raw)
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
	trace_printf(b, ", sched_nice=%d, sched_priority=%u, sched_runtime=%llu, sched_deadline=%llu, sched_period=%llu",
		     a->nice, a->priority, (unsigned long long)a->runtime, (unsigned long long)a->deadline,
		     (unsigned long long)a->period);
	if (a->size >= 56)
		trace_printf(b, ", sched_util_min=%u, sched_util_max=%u", a->util_min, a->util_max);
	trace_printf(b, "}");
}

void
trace_print_cpumask(struct trace_buf *b, const struct trace_mem *m, const void *raw)
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

void
trace_print_caphdr(struct trace_buf *b, const struct trace_mem *m, const void *raw)
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
void
trace_print_capdata(struct trace_buf *b, const struct trace_mem *m, const void *raw)
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

void
trace_print_utsname(struct trace_buf *b, const struct trace_mem *m, const void *raw)
{
	const struct utsname *u = raw;

	trace_printf(b, "{sysname=");
	trace_print_quoted(b, u->sysname, strnlen(u->sysname, 64));
	trace_printf(b, ", nodename=");
	trace_print_quoted(b, u->nodename, strnlen(u->nodename, 64));
	trace_printf(b, ", ...}");
}

void
trace_print_sysinfo(struct trace_buf *b, const struct trace_mem *m, const void *raw)
{
	const struct sysinfo *s = raw;

	trace_printf(b, "{uptime=%lu, loads=[%lu, %lu, %lu], totalram=%lu, freeram=%lu, sharedram=%lu, bufferram=%lu",
		     (unsigned long)s->uptime, s->loads[0], s->loads[1], s->loads[2], s->totalram, s->freeram, s->sharedram,
		     s->bufferram);
	trace_printf(b, ", totalswap=%lu, freeswap=%lu, procs=%u, totalhigh=%lu, freehigh=%lu, mem_unit=%u}", s->totalswap,
		     s->freeswap, s->procs, s->totalhigh, s->freehigh, s->mem_unit);
}
