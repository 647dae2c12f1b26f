/* SPDX-License-Identifier: MIT
 *
 * Signals: actions, masks, pending and queued signals, siginfo, what a process's signal interrupts. Stacks and frames of handlers are in
 * signal-stack.c and signal-context.c.
 */
#include <sys/mman.h>

#include "tests/guest/guest.h"

#define MAX_SEEN 64
static volatile int nseen;
static volatile int seen_sig[MAX_SEEN];
static volatile siginfo_t seen_si[MAX_SEEN];

static void
record(int sig, siginfo_t *si, void *uc)
{
	int n = nseen;

	if (n < MAX_SEEN) {
		seen_sig[n] = sig;
		if (si)
			seen_si[n] = *si;
		nseen = n + 1;
	}
}

static void
record_plain(int sig)
{
	record(sig, NULL, NULL);
}

static void
catch_with(int sig, int flags, sigset_t *mask)
{
	struct sigaction sa = { .sa_sigaction = record, .sa_flags = flags | SA_SIGINFO };

	if (mask)
		sa.sa_mask = *mask;
	CHECK_EQ(sigaction(sig, &sa, NULL), 0);
}

static sigset_t
set_of(int a, int b)
{
	sigset_t s;

	sigemptyset(&s);
	if (a)
		sigaddset(&s, a);
	if (b)
		sigaddset(&s, b);
	return s;
}

static void
handler_runs_before_kill_returns(void)
{
	catch_with(SIGUSR1, 0, NULL);
	CHECK_EQ(kill(getpid(), SIGUSR1), 0);
	CHECK_EQ(nseen, 1);
	CHECK_EQ(seen_sig[0], SIGUSR1);
}

static void
siginfo_of_kill(void)
{
	catch_with(SIGUSR1, 0, NULL);
	kill(getpid(), SIGUSR1);
	CHECK_EQ(seen_si[0].si_signo, SIGUSR1);
	CHECK_EQ(seen_si[0].si_code, SI_USER);
	CHECK_EQ(seen_si[0].si_pid, getpid());
	CHECK_EQ(seen_si[0].si_uid, getuid());
	CHECK_EQ(seen_si[0].si_errno, 0);
}

static void
siginfo_of_tgkill(void)
{
	catch_with(SIGUSR1, 0, NULL);
	CHECK_EQ(syscall(SYS_tgkill, getpid(), gettid(), SIGUSR1), 0);
	CHECK_EQ(seen_si[0].si_code, SI_TKILL);
	CHECK_EQ(seen_si[0].si_pid, getpid());
	CHECK_EQ(syscall(SYS_tkill, gettid(), SIGUSR1), 0);
	CHECK_EQ(nseen, 2);
}

static void
siginfo_of_sigqueue(void)
{
	union sigval v = { .sival_ptr = (void *)0x123456789abcdef0 };

	catch_with(SIGRTMIN + 1, 0, NULL);
	CHECK_EQ(sigqueue(getpid(), SIGRTMIN + 1, v), 0);
	CHECK_EQ(seen_si[0].si_code, SI_QUEUE);
	CHECK(seen_si[0].si_value.sival_ptr == v.sival_ptr);
	CHECK_EQ(seen_si[0].si_pid, getpid());
}

/* A code the kernel does not know may not come with bytes it would not keep; those it knows lose theirs. */
static void
siginfo_beyond_what_is_kept(void)
{
	static const struct {
		int sig, code, err;
	} cases[] = {
		{ SIGUSR2, SI_ASYNCNL, 0 }, { SIGUSR2, -61, E2BIG }, { SIGUSR2, -8, E2BIG },  { SIGUSR2, SI_DETHREAD, 0 },
		{ SIGUSR2, 6, 0 },	    { SIGUSR2, 7, E2BIG },   { SIGUSR2, SI_KERNEL, 0 }, { SIGCHLD, 6, 0 },
		{ SIGCHLD, 7, E2BIG },	    { SIGSYS, 1, 0 },	     { SIGILL, 8, 0 },	      { SIGTRAP, 1000, E2BIG },
	};
	int fd = (int)syscall(SYS_pidfd_open, getpid(), 0);
	siginfo_t si, *edge;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		int sig = cases[i].sig;

		catch_with(sig, 0, NULL);
		nseen = 0;
		memset(&si, 0x11, sizeof(si));
		si.si_signo = sig;
		si.si_code = cases[i].code;
		errno = 0;
		syscall(SYS_rt_sigqueueinfo, getpid(), sig, &si);
		CHECK_EQ(errno, cases[i].err);
		CHECK_EQ(nseen, cases[i].err ? 0 : 1);
		CHECK(cases[i].err || ((char *)&seen_si[0])[48] == 0);
		errno = 0;
		syscall(SYS_rt_tgsigqueueinfo, getpid(), gettid(), sig, &si);
		CHECK_EQ(errno, cases[i].err);
		errno = 0;
		syscall(SYS_pidfd_send_signal, fd, sig, &si, 0);
		CHECK_EQ(errno, cases[i].err);
	}
	edge = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	CHECK_EQ(munmap((char *)edge + 4096, 4096), 0);
	edge = (siginfo_t *)((char *)edge + 4096 - 48); /* nothing behind what is kept */
	memset(edge, 0, 48);
	edge->si_code = SI_QUEUE;
	CHECK_EQ(syscall(SYS_rt_sigqueueinfo, getpid(), SIGUSR2, edge), 0);
	edge->si_code = -61;
	CHECK_ERR(syscall(SYS_rt_sigqueueinfo, getpid(), SIGUSR2, edge), EFAULT);
}

static void
raw_sigqueueinfo(void)
{
	siginfo_t si = { .si_code = -60 };
	pid_t pid;

	catch_with(SIGUSR2, 0, NULL);
	si.si_pid = 4242;
	si.si_value.sival_int = 99;
	CHECK_EQ(syscall(SYS_rt_sigqueueinfo, getpid(), SIGUSR2, &si), 0);
	CHECK_EQ(seen_si[0].si_code, -60);
	CHECK_EQ(seen_si[0].si_pid, 4242);
	CHECK_EQ(seen_si[0].si_value.sival_int, 99);
	CHECK_EQ(syscall(SYS_rt_tgsigqueueinfo, getpid(), gettid(), SIGUSR2, &si), 0);
	CHECK_EQ(nseen, 2);
	si.si_code = SI_USER; /* not to others: only the kernel speaks so */
	pid = guest_fork();
	if (pid == 0) {
		errno = 0;
		_exit(syscall(SYS_rt_sigqueueinfo, getppid(), SIGUSR2, &si) == -1 && errno == EPERM ? 0 : 1);
	}
	CHECK_EXITS(pid, 0);
}

static void
invalid_arguments(void)
{
	struct sigaction sa = { .sa_handler = SIG_IGN };
	sigset_t s = set_of(SIGUSR1, 0);

	CHECK_ERR(sigaction(SIGKILL, &sa, NULL), EINVAL);
	CHECK_ERR(sigaction(SIGSTOP, &sa, NULL), EINVAL);
	CHECK_ERR(sigaction(0, &sa, NULL), EINVAL);
	CHECK_ERR(sigaction(65, &sa, NULL), EINVAL);
	CHECK_ERR(syscall(SYS_rt_sigaction, SIGUSR1, NULL, NULL, 4), EINVAL);
	CHECK_ERR(syscall(SYS_rt_sigaction, SIGUSR1, 8, NULL, 8), EFAULT);
	CHECK_EQ(syscall(SYS_rt_sigaction, SIGKILL, NULL, NULL, 8), 0);
	CHECK_ERR(syscall(SYS_rt_sigprocmask, 7, &s, NULL, 8), EINVAL);
	CHECK_ERR(syscall(SYS_rt_sigprocmask, SIG_BLOCK, &s, NULL, 16), EINVAL);
	CHECK_EQ(syscall(SYS_rt_sigprocmask, 7, NULL, &s, 8), 0);
	CHECK_ERR(kill(getpid(), 65), EINVAL);
	CHECK_ERR(kill(getpid(), -1), EINVAL);
	CHECK_EQ(kill(getpid(), 0), 0);
	CHECK_ERR(kill(0x3ffffff, 0), ESRCH);
	CHECK_ERR(syscall(SYS_tgkill, getpid(), 0x3ffffff, 0), ESRCH);
	CHECK_ERR(syscall(SYS_tgkill, 1, gettid(), 0), ESRCH);
	CHECK_ERR(syscall(SYS_tgkill, 0, gettid(), 0), EINVAL);
	CHECK_ERR(syscall(SYS_tkill, -1, 0), EINVAL);
}

static void
mask_and_pending(void)
{
	sigset_t s = set_of(SIGUSR1, SIGUSR2), old, pend;

	catch_with(SIGUSR1, 0, NULL);
	CHECK_EQ(sigprocmask(SIG_BLOCK, &s, &old), 0);
	CHECK(!sigismember(&old, SIGUSR1));
	raise(SIGUSR1);
	raise(SIGUSR1);
	CHECK_EQ(nseen, 0);
	sigpending(&pend);
	CHECK(sigismember(&pend, SIGUSR1) && !sigismember(&pend, SIGUSR2));
	CHECK_EQ(sigprocmask(SIG_SETMASK, &old, &s), 0);
	CHECK(sigismember(&s, SIGUSR1));
	CHECK_EQ(nseen, 1); /* a standard signal is pending once */
}

static void
kill_and_stop_cannot_be_blocked(void)
{
	sigset_t s;

	sigfillset(&s);
	CHECK_EQ(syscall(SYS_rt_sigprocmask, SIG_SETMASK, "\xff\xff\xff\xff\xff\xff\xff\xff", NULL, 8), 0);
	sigprocmask(SIG_SETMASK, NULL, &s);
	CHECK(!sigismember(&s, SIGKILL) && !sigismember(&s, SIGSTOP));
	CHECK(sigismember(&s, SIGTERM));
}

static void
realtime_signals_queue_in_order(void)
{
	sigset_t s;
	union sigval v;
	int i, rt = SIGRTMIN;

	sigfillset(&s);
	sigprocmask(SIG_BLOCK, &s, NULL);
	for (i = 0; i < 4; i++)
		catch_with(rt + i, 0, &s);
	for (i = 0; i < 12; i++) {
		v.sival_int = i;
		CHECK_EQ(sigqueue(getpid(), rt + 3 - i % 4, v), 0);
	}
	sigprocmask(SIG_UNBLOCK, &s, NULL);
	CHECK_EQ(nseen, 12);
	for (i = 0; i < 12; i++) {
		/* Handlers of one delivery nest, the mask is full: lowest number first, first in first out. */
		CHECK_EQ(seen_sig[i], rt + i / 3);
		CHECK_EQ(seen_si[i].si_value.sival_int, 3 - i / 3 + i % 3 * 4);
	}
}

static void
unmasked_handlers_nest_in_reverse(void)
{
	sigset_t s = set_of(SIGUSR1, SIGUSR2);

	catch_with(SIGUSR1, 0, NULL);
	catch_with(SIGUSR2, 0, NULL);
	sigprocmask(SIG_BLOCK, &s, NULL);
	raise(SIGUSR2);
	raise(SIGUSR1);
	sigprocmask(SIG_UNBLOCK, &s, NULL);
	CHECK_EQ(nseen, 2);
	CHECK_EQ(seen_sig[0], SIGUSR2); /* SIGUSR1's frame was made first, SIGUSR2's on top of it */
	CHECK_EQ(seen_sig[1], SIGUSR1);
}

static void
thread_directed_before_shared(void)
{
	sigset_t s = set_of(SIGUSR1, SIGUSR2);
	siginfo_t si;

	sigprocmask(SIG_BLOCK, &s, NULL);
	kill(getpid(), SIGUSR1);
	syscall(SYS_tgkill, getpid(), gettid(), SIGUSR2);
	CHECK_EQ(sigwaitinfo(&s, &si), SIGUSR2);
	CHECK_EQ(sigwaitinfo(&s, &si), SIGUSR1);
}

static volatile int depth, max_depth, entries;

static void
reenter(int sig)
{
	sigset_t now;

	if (++depth > max_depth)
		max_depth = depth;
	sigprocmask(SIG_SETMASK, NULL, &now);
	nseen = sigismember(&now, SIGUSR1);
	if (++entries < 3)
		raise(SIGUSR1);
	depth--;
}

static void
blocked_during_its_handler(void)
{
	struct sigaction sa = { .sa_handler = reenter };

	sigaction(SIGUSR1, &sa, NULL);
	raise(SIGUSR1);
	CHECK_EQ(nseen, 1);
	CHECK_EQ(entries, 3);
	CHECK_EQ(max_depth, 1); /* delivered after each return, never nested */
}

static void
nodefer_nests(void)
{
	struct sigaction sa = { .sa_handler = reenter, .sa_flags = SA_NODEFER };

	sigaction(SIGUSR1, &sa, NULL);
	raise(SIGUSR1);
	CHECK_EQ(max_depth, 3);
	CHECK_EQ(nseen, 0);
}

static void
resethand(void)
{
	struct sigaction sa;
	pid_t pid;

	catch_with(SIGUSR1, SA_RESETHAND, NULL);
	raise(SIGUSR1);
	CHECK_EQ(nseen, 1);
	sigaction(SIGUSR1, NULL, &sa);
	CHECK(sa.sa_handler == SIG_DFL);
	pid = guest_fork();
	if (pid == 0) {
		raise(SIGUSR1);
		_exit(0);
	}
	CHECK_KILLED(pid, SIGUSR1);
}

static void
action_is_given_back(void)
{
	struct sigaction sa = { .sa_handler = record_plain, .sa_flags = SA_RESTART | SA_NODEFER }, old;

	sa.sa_mask = set_of(SIGHUP, SIGRTMAX);
	sigaction(SIGUSR1, &sa, NULL);
	CHECK_EQ(sigaction(SIGUSR1, NULL, &old), 0);
	CHECK(old.sa_handler == record_plain);
	CHECK_EQ(old.sa_flags & (SA_RESTART | SA_NODEFER | SA_SIGINFO | SA_ONSTACK), SA_RESTART | SA_NODEFER);
	CHECK(sigismember(&old.sa_mask, SIGHUP) && sigismember(&old.sa_mask, SIGRTMAX) && !sigismember(&old.sa_mask, SIGINT));
}

static sigset_t mask_in_handler;

static void
note_mask(int sig)
{
	sigprocmask(SIG_SETMASK, NULL, &mask_in_handler);
}

static void
mask_in_the_handler_and_after(void)
{
	struct sigaction sa = { .sa_handler = note_mask };
	sigset_t s = set_of(SIGTERM, 0), now;

	sa.sa_mask = set_of(SIGUSR2, 0);
	sigaction(SIGUSR1, &sa, NULL);
	sigprocmask(SIG_SETMASK, &s, NULL);
	raise(SIGUSR1);
	CHECK(sigismember(&mask_in_handler, SIGUSR1) && sigismember(&mask_in_handler, SIGUSR2) &&
	      sigismember(&mask_in_handler, SIGTERM) && !sigismember(&mask_in_handler, SIGHUP));
	sigprocmask(SIG_SETMASK, NULL, &now);
	CHECK(!sigismember(&now, SIGUSR1) && sigismember(&now, SIGTERM));
}

static void
sigsuspend_swaps_the_mask(void)
{
	sigset_t block = set_of(SIGUSR1, SIGUSR2), wait_mask, now;

	catch_with(SIGUSR1, 0, NULL);
	sigprocmask(SIG_BLOCK, &block, NULL);
	raise(SIGUSR1);
	sigemptyset(&wait_mask);
	sigaddset(&wait_mask, SIGUSR2);
	CHECK_ERR(sigsuspend(&wait_mask), EINTR);
	CHECK_EQ(nseen, 1);
	sigprocmask(SIG_SETMASK, NULL, &now);
	CHECK(sigismember(&now, SIGUSR1));
}

static void
sigsuspend_waits(void)
{
	sigset_t empty;
	pid_t me = getpid(), pid;

	catch_with(SIGUSR1, 0, NULL);
	sigemptyset(&empty);
	pid = guest_fork();
	if (pid == 0) {
		guest_await_sleep(me);
		_exit(kill(me, SIGUSR1));
	}
	CHECK_ERR(sigsuspend(&empty), EINTR);
	CHECK_EQ(seen_si[0].si_pid, pid);
	CHECK_EXITS(pid, 0);
}

static void
sigwaitinfo_takes_a_pending_signal(void)
{
	sigset_t s = set_of(SIGUSR1, SIGRTMIN);
	struct timespec zero = { 0, 0 }, some = { 0, 20000000 }, bad = { 0, 1000000000 };
	siginfo_t si;
	union sigval v = { .sival_int = 31 };
	long start;

	sigprocmask(SIG_BLOCK, &s, NULL);
	CHECK_ERR(sigtimedwait(&s, &si, &zero), EAGAIN);
	CHECK_ERR(sigtimedwait(&s, &si, &bad), EINVAL);
	sigqueue(getpid(), SIGRTMIN, v);
	CHECK_EQ(sigwaitinfo(&s, &si), SIGRTMIN);
	CHECK_EQ(si.si_value.sival_int, 31);
	start = guest_ms();
	CHECK_ERR(sigtimedwait(&s, &si, &some), EAGAIN);
	CHECK(guest_ms() - start >= 19);
}

static void
sigtimedwait_is_interrupted_by_others(void)
{
	sigset_t s = set_of(SIGUSR1, 0);
	pid_t me = getpid(), pid;

	catch_with(SIGUSR2, SA_RESTART, NULL);
	sigprocmask(SIG_BLOCK, &s, NULL);
	pid = guest_fork();
	if (pid == 0) {
		guest_await_sleep(me);
		_exit(kill(me, SIGUSR2));
	}
	CHECK_ERR(sigwaitinfo(&s, NULL), EINTR);
	CHECK_EXITS(pid, 0);
}

static void
ignored_signals_vanish(void)
{
	sigset_t s = set_of(SIGUSR1, 0), pend;

	signal(SIGUSR1, SIG_IGN);
	raise(SIGUSR1);
	sigprocmask(SIG_BLOCK, &s, NULL);
	signal(SIGUSR1, SIG_DFL);
	raise(SIGUSR1);
	sigpending(&pend);
	CHECK(sigismember(&pend, SIGUSR1));
	signal(SIGUSR1, SIG_IGN); /* discards what is pending, blocked or not */
	sigpending(&pend);
	CHECK(!sigismember(&pend, SIGUSR1));
	signal(SIGCHLD, SIG_DFL);
	raise(SIGCHLD);
	raise(SIGWINCH);
	raise(SIGURG);
	raise(SIGCONT);
}

static void
kill_reaches_a_group(void)
{
	pid_t a, b;

	a = guest_fork();
	if (a == 0) {
		setpgid(0, 0);
		for (;;)
			pause();
	}
	setpgid(a, a);
	b = guest_fork();
	if (b == 0) {
		setpgid(0, a);
		for (;;)
			pause();
	}
	setpgid(b, a);
	CHECK_EQ(kill(-a, SIGTERM), 0);
	CHECK_KILLED(a, SIGTERM);
	CHECK_KILLED(b, SIGTERM);
	CHECK_ERR(kill(-a, SIGTERM), ESRCH);
}

static void *
count_thread(void *arg)
{
	sigset_t s = set_of(SIGUSR1, 0);

	pthread_sigmask(SIG_UNBLOCK, &s, NULL);
	while (nseen == 0)
		usleep(1000);
	return (void *)(intptr_t)gettid();
}

static volatile pid_t handler_tid;

static void
note_tid(int sig)
{
	handler_tid = gettid();
	nseen = 1;
}

static void
process_signal_goes_to_a_thread_that_wants_it(void)
{
	sigset_t s = set_of(SIGUSR1, 0);
	pthread_t th;
	void *ret;

	signal(SIGUSR1, note_tid);
	pthread_sigmask(SIG_BLOCK, &s, NULL);
	pthread_create(&th, NULL, count_thread, NULL);
	guest_sleep_ms(20);
	kill(getpid(), SIGUSR1);
	pthread_join(th, &ret);
	CHECK_EQ(handler_tid, (intptr_t)ret);
	CHECK(handler_tid != getpid());
}

static void
queue_limit_is_eagain(void)
{
	struct rlimit rl = { 10, 10 };
	sigset_t s = set_of(SIGRTMIN, 0);
	union sigval v = { 0 };
	int i, ok = 0;

	sigprocmask(SIG_BLOCK, &s, NULL);
	CHECK_EQ(setrlimit(RLIMIT_SIGPENDING, &rl), 0);
	if (geteuid() == 0) /* what is pending is counted for each user: be one that nobody else is, if there are others */
		i = setuid(100000 + (uid_t)getpid());
	for (i = 0; i < 30; i++) {
		if (sigqueue(getpid(), SIGRTMIN, v) == 0)
			ok++;
		else
			CHECK_EQ(errno, EAGAIN);
	}
	CHECK(ok <= 10);
	CHECK_EQ(kill(getpid(), SIGRTMIN), 0); /* kill() never fails for that */
}

static void
sa_restorer_is_used(void)
{
	struct {
		void *handler;
		unsigned long flags;
		void *restorer;
		unsigned long mask;
	} k;

	signal(SIGUSR1, record_plain);
	CHECK_EQ(syscall(SYS_rt_sigaction, SIGUSR1, NULL, &k, 8), 0);
	CHECK(k.flags & 0x04000000);
	CHECK(k.restorer != NULL);
	CHECK(k.handler == (void *)(uintptr_t)record_plain);
}

int
main(int argc, char **argv)
{
	static const struct guest_case cases[] = {
		T(handler_runs_before_kill_returns), T(siginfo_of_kill), T(siginfo_of_tgkill),
		T(siginfo_of_sigqueue), T(raw_sigqueueinfo), T(siginfo_beyond_what_is_kept), T(invalid_arguments), T(mask_and_pending),
		T(kill_and_stop_cannot_be_blocked), T(realtime_signals_queue_in_order),
		T(unmasked_handlers_nest_in_reverse), T(thread_directed_before_shared),
		T(blocked_during_its_handler), T(nodefer_nests), T(resethand), T(action_is_given_back),
		T(mask_in_the_handler_and_after), T(sigsuspend_swaps_the_mask), T(sigsuspend_waits),
		T(sigwaitinfo_takes_a_pending_signal), T(sigtimedwait_is_interrupted_by_others),
		T(ignored_signals_vanish), T(kill_reaches_a_group),
		T(process_signal_goes_to_a_thread_that_wants_it), T(queue_limit_is_eagain), T(sa_restorer_is_used),
	};

	return guest_main(argc, argv, cases, ARRAY_SIZE(cases));
}
