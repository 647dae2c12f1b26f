/* SPDX-License-Identifier: MIT
 *
 * Signals in structures: sets, actions, siginfo, events.
 */
#include <signal.h>
#include <stdint.h>
#include <string.h>

#include "src/abi.h"
#include "src/decode.h"
#include "src/trace/format.h"
#include "src/trace/names.h"
#include "src/trace/structs.h"

#define K_SA_RESTORER 0x04000000

/* Names without SIG; what is longer than half the set is printed as what is not in it, as strace does. */
static void
print_mask(struct trace_buf *b, uint64_t mask)
{
	const char *sep = "";
	bool inverted = __builtin_popcountll(mask) >= 64 * 2 / 3;
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

void
trace_print_sigset(struct trace_buf *b, const struct trace_mem *m, const void *raw)
{
	uint64_t mask;

	memcpy(&mask, raw, sizeof(mask));
	print_mask(b, mask);
}

void
trace_print_sigaction(struct trace_buf *b, const struct trace_mem *m, const void *raw)
{
	const struct abi_sigaction *sa = raw;

	trace_printf(b, "{sa_handler=");
	if (sa->handler <= 1)
		trace_printf(b, sa->handler ? "SIG_IGN" : "SIG_DFL");
	else if (sa->handler == UINT64_MAX)
		trace_printf(b, "SIG_ERR");
	else
		trace_printf(b, "%#llx", (unsigned long long)sa->handler);
	trace_printf(b, ", sa_mask=");
	print_mask(b, sa->mask);
	trace_printf(b, ", sa_flags=");
	trace_print_flags(b, "SA_*", sa->flags);
	if (sa->flags & K_SA_RESTORER) {
		trace_printf(b, ", sa_restorer=");
		trace_print_address(b, sa->restorer);
	}
	trace_printf(b, "}");
}

/* si_code above 0 means something else for each signal. */
static const char *
code_decode(int sig)
{
	switch (sig) {
	case SIGCHLD:
		return "CLD_";
	case SIGSEGV:
		return "SEGV_";
	case SIGBUS:
		return "BUS_";
	case SIGILL:
		return "ILL_";
	case SIGFPE:
		return "FPE_";
	case SIGTRAP:
		return "TRAP_";
	case SIGIO:
		return "POLL_";
	case SIGSYS:
		return "SYS_";
	}
	return NULL;
}

static void
print_code(struct trace_buf *b, int sig, int code)
{
	const char *decode = code > 0 && code < 0x80 ? code_decode(sig) : NULL;
	const char *name = const_name(const_table(decode ? decode : "SI_"), (uint32_t)code);

	if (name)
		trace_printf(b, "%s", name);
	else
		trace_printf(b, "%#x", code);
}

static void
print_sent(struct trace_buf *b, const siginfo_t *si)
{
	switch (si->si_code) {
	case SI_USER:
	case SI_TKILL:
		trace_printf(b, ", si_pid=%d, si_uid=%u", si->si_pid, si->si_uid);
		return;
	case SI_TIMER:
		trace_printf(b, ", si_timerid=%#x, si_overrun=%d", si->si_timerid, si->si_overrun);
		break;
	default:
		trace_printf(b, ", si_pid=%d, si_uid=%u", si->si_pid, si->si_uid);
	}
	if (si->si_ptr)
		trace_printf(b, ", si_int=%d, si_ptr=%p", si->si_int, si->si_ptr);
}

static void
print_ticks(struct trace_buf *b, const char *name, unsigned long ticks)
{
	trace_printf(b, ", %s=%lu", name, ticks);
	if (ticks)
		trace_printf(b, " /* %lu.%02lu s */", ticks / 100, ticks % 100);
}

static void
print_from_kernel(struct trace_buf *b, const siginfo_t *si)
{
	const struct syscall_desc *d;

	switch (si->si_signo) {
	case SIGCHLD:
		trace_printf(b, ", si_pid=%d, si_uid=%u, si_status=", si->si_pid, si->si_uid);
		if (si->si_code == CLD_EXITED)
			trace_printf(b, "%d", si->si_status);
		else
			trace_format_signal(b, si->si_status);
		print_ticks(b, "si_utime", (unsigned long)si->si_utime);
		print_ticks(b, "si_stime", (unsigned long)si->si_stime);
		break;
	case SIGSEGV:
	case SIGBUS:
	case SIGILL:
	case SIGFPE:
	case SIGTRAP:
		trace_printf(b, ", si_addr=");
		trace_print_address(b, (uintptr_t)si->si_addr);
		break;
	case SIGIO:
		trace_printf(b, ", si_band=%ld, si_fd=%d", si->si_band, si->si_fd);
		break;
	case SIGSYS:
		d = syscall_desc((uint64_t)si->si_syscall);
		trace_printf(b, ", si_call_addr=");
		trace_print_address(b, (uintptr_t)si->si_call_addr);
		if (d)
			trace_printf(b, ", si_syscall=__NR_%s", d->name);
		else
			trace_printf(b, ", si_syscall=%#x", (unsigned int)si->si_syscall);
		trace_printf(b, ", si_arch=AUDIT_ARCH_X86_64");
		break;
	default:
		if (si->si_pid || si->si_uid)
			trace_printf(b, ", si_pid=%d, si_uid=%u", si->si_pid, si->si_uid);
		if (si->si_ptr)
			trace_printf(b, ", si_int=%d, si_ptr=%p", si->si_int, si->si_ptr);
	}
}

void
trace_print_siginfo(struct trace_buf *b, const struct trace_mem *m, const void *raw)
{
	const siginfo_t *si = raw;

	if (si->si_signo == 0) {
		trace_printf(b, "{}");
		return;
	}
	trace_printf(b, "{si_signo=");
	trace_format_signal(b, si->si_signo);
	trace_printf(b, ", si_code=");
	print_code(b, si->si_signo, si->si_code);
	if (si->si_errno)
		trace_printf(b, ", si_errno=%d", si->si_errno);
	if (si->si_code <= 0)
		print_sent(b, si);
	else if (si->si_code != SI_KERNEL)
		print_from_kernel(b, si);
	trace_printf(b, "}");
}

void
trace_print_stack(struct trace_buf *b, const struct trace_mem *m, const void *raw)
{
	const stack_t *ss = raw;

	trace_printf(b, "{ss_sp=");
	trace_print_address(b, (uintptr_t)ss->ss_sp);
	trace_printf(b, ", ss_flags=");
	trace_print_flags(b, "SS_*", (uint32_t)ss->ss_flags);
	trace_printf(b, ", ss_size=%zu}", ss->ss_size);
}

void
trace_print_sigevent(struct trace_buf *b, const struct trace_mem *m, const void *raw)
{
	const struct sigevent *ev = raw;
	int tid;

	trace_printf(b, "{");
	if (ev->sigev_value.sival_ptr)
		trace_printf(b, "sigev_value={sival_int=%d, sival_ptr=%p}, ", ev->sigev_value.sival_int,
			     ev->sigev_value.sival_ptr);
	trace_printf(b, "sigev_signo=");
	trace_format_signal(b, ev->sigev_signo);
	trace_printf(b, ", sigev_notify=");
	trace_print_enum(b, "SIGEV_", (uint32_t)ev->sigev_notify);
	if (ev->sigev_notify == SIGEV_THREAD_ID) {
		memcpy(&tid, (const char *)raw + 16, sizeof(tid));
		trace_printf(b, ", sigev_notify_thread_id=%d", tid);
	}
	trace_printf(b, "}");
}
