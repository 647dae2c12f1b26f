/* SPDX-License-Identifier: MIT
 *
 * siginfo_t between the kernel and programs. A program's is 128 bytes, of which the kernel knows the first 48: a code that it knows
 * says all it has to there, and with any other the rest has to be zero, so that nothing is lost on the way.
 */
#include <asm/siginfo.h>
#include <asm/signal.h>

#include "kernel/signal.h"
#include "mm/uaccess.h"

#define KERNEL_SIGINFO 48

/* Codes of these signals have meanings of their own. Up to which? 0: of this signal they have not. */
static int
specific_codes(int sig)
{
	static const uint8_t limit[] = {
		[SIGILL] = NSIGILL,   [SIGFPE] = NSIGFPE,   [SIGSEGV] = NSIGSEGV, [SIGBUS] = NSIGBUS,
		[SIGTRAP] = NSIGTRAP, [SIGCHLD] = NSIGCHLD, [SIGPOLL] = NSIGPOLL, [SIGSYS] = NSIGSYS,
	};

	return sig > 0 && (size_t)sig < sizeof(limit) ? limit[sig] : 0;
}

static bool
known_siginfo_layout(int sig, int code)
{
	int limit = specific_codes(sig);

	if (code == SI_KERNEL)
		return true;
	if (code > SI_USER)
		return code <= (limit ? limit : NSIGPOLL);
	return code >= SI_DETHREAD || code == SI_ASYNCNL;
}

int
copy_siginfo_to_user(struct task *t, uaddr_t u, const struct k_siginfo *info)
{
	return copy_out(t, u, info);
}

int
copy_siginfo_from_user(struct task *t, struct k_siginfo *info, uaddr_t u, int sig)
{
	uint8_t rest[sizeof(*info) - KERNEL_SIGINFO];
	size_t i;

	memset(info, 0, sizeof(*info));
	if (copy_from_user(t, info, u, KERNEL_SIGINFO))
		return -EFAULT;
	if (sig >= 0)
		info->si_signo = sig;
	if (known_siginfo_layout(info->si_signo, info->si_code))
		return 0;
	if (copy_in(t, &rest, UADDR(u.a + KERNEL_SIGINFO)))
		return -EFAULT;
	for (i = 0; i < sizeof(rest); i++)
		if (rest[i])
			return -E2BIG;
	return 0;
}
