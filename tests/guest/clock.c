/* SPDX-License-Identifier: MIT
 *
 * Errors, limits and corners of clocks, sleeping and timers. Raw calls where the C library looks at arguments itself.
 */
#include <sys/timex.h>
#include <sys/times.h>

#include "tests/guest/guest.h"

#define BAD ((void *)guest_bad_address())

static volatile sig_atomic_t hits;

static void
hit(int sig)
{
	(void)sig;
	hits++;
}

static void
catch(int sig, int flags)
{
	struct sigaction sa = { .sa_handler = hit, .sa_flags = flags };

	CHECK_EQ(sigaction(sig, &sa, NULL), 0);
}

static void
clock_ids(void)
{
	static const int ids[] = { -1, 3, 8, 9, 10, 11, 12, 16, 1000, INT_MAX, INT_MIN, -5, -6, -7, -8 };
	struct timespec ts;

	for (size_t i = 0; i < ARRAY_SIZE(ids); i++) {
		long a, b, c;

		errno = 0;
		a = syscall(SYS_clock_gettime, ids[i], &ts) ? -errno : 0;
		errno = 0;
		b = syscall(SYS_clock_getres, ids[i], &ts) ? -errno : 0;
		errno = 0;
		c = syscall(SYS_clock_settime, ids[i], &ts) ? -errno : 0;
		/* whether there is an alarm clock depends on the machine's hardware */
		if (ids[i] != 8 && ids[i] != 9)
			printf("%d: gettime %ld getres %ld settime %ld\n", ids[i], a, b, c);
		else
			CHECK(a == b); /* there is one, or there is none */
	}
	for (int id = 0; id < 12; id++)
		if (id != 8 && id != 9 && id != 10)
			CHECK_EQ(syscall(SYS_clock_getres, id, NULL), 0);
	CHECK_ERR(syscall(SYS_clock_gettime, CLOCK_MONOTONIC, BAD), EFAULT);
	CHECK_ERR(syscall(SYS_clock_getres, CLOCK_MONOTONIC, BAD), EFAULT);
	CHECK_EQ(syscall(SYS_clock_getres, CLOCK_MONOTONIC, &ts), 0);
	CHECK_EQ(ts.tv_nsec, 1);
	CHECK_EQ(syscall(SYS_clock_getres, CLOCK_THREAD_CPUTIME_ID, &ts), 0);
	CHECK_EQ(ts.tv_nsec, 1);
}

static void
setting_clocks(void)
{
	struct timespec ts = { -1, 0 };
	struct timeval tv = { 0, 2000000 };

	CHECK_ERR(clock_settime(CLOCK_MONOTONIC, &ts), EINVAL);
	CHECK_ERR(clock_settime(CLOCK_BOOTTIME, &ts), EINVAL);
	CHECK_ERR(syscall(SYS_clock_settime, CLOCK_REALTIME, BAD), EFAULT);
	CHECK_ERR(clock_settime(CLOCK_REALTIME, &ts), EINVAL);
	CHECK_ERR(syscall(SYS_settimeofday, &tv, NULL), EINVAL);
	CHECK_ERR(syscall(SYS_settimeofday, BAD, NULL), EFAULT);
}

static void
sleep_errors(void)
{
	struct timespec ts = { 0, 1000000000 }, rest;

	CHECK_ERR(syscall(SYS_nanosleep, &ts, NULL), EINVAL);
	ts.tv_nsec = -1;
	CHECK_ERR(syscall(SYS_nanosleep, &ts, NULL), EINVAL);
	ts = (struct timespec){ -1, 5 };
	CHECK_ERR(syscall(SYS_nanosleep, &ts, &rest), EINVAL);
	CHECK_ERR(syscall(SYS_nanosleep, BAD, NULL), EFAULT);
	CHECK_ERR(syscall(SYS_nanosleep, NULL, NULL), EFAULT);
	ts = (struct timespec){ 0, 1 };
	CHECK_EQ(syscall(SYS_nanosleep, &ts, BAD), 0); /* nothing is left: nothing is written */
	CHECK_ERR(syscall(SYS_clock_nanosleep, CLOCK_THREAD_CPUTIME_ID, 0, &ts, NULL), EOPNOTSUPP);
	CHECK_ERR(syscall(SYS_clock_nanosleep, CLOCK_MONOTONIC_RAW, 0, &ts, NULL), EOPNOTSUPP);
	CHECK_ERR(syscall(SYS_clock_nanosleep, CLOCK_REALTIME_COARSE, 0, &ts, NULL), EOPNOTSUPP);
	CHECK_ERR(syscall(SYS_clock_nanosleep, 1000, 0, &ts, NULL), EINVAL);
	CHECK_ERR(syscall(SYS_clock_nanosleep, 1000, 0, BAD, NULL), EINVAL);
	CHECK_ERR(syscall(SYS_clock_nanosleep, CLOCK_MONOTONIC, 0, BAD, NULL), EFAULT);
	CHECK_EQ(syscall(SYS_clock_nanosleep, CLOCK_MONOTONIC, TIMER_ABSTIME | 0x100, &ts, NULL), 0);
	CHECK_EQ(syscall(SYS_clock_nanosleep, CLOCK_TAI, 0, &ts, NULL), 0);
	CHECK_EQ(syscall(SYS_clock_nanosleep, CLOCK_BOOTTIME, TIMER_ABSTIME, &ts, NULL), 0);
}

static long
ms_since(long start)
{
	return guest_ms() - start;
}

static void
sleep_interrupted(void)
{
	struct itimerval it = { { 0, 0 }, { 0, 50000 } };
	struct timespec ts = { 1, 0 }, rest = { 7, 7 };
	long start = guest_ms();

	catch(SIGALRM, SA_RESTART);
	CHECK_EQ(setitimer(ITIMER_REAL, &it, NULL), 0);
	CHECK_ERR(nanosleep(&ts, &rest), EINTR); /* SA_RESTART or not */
	CHECK_EQ(rest.tv_sec, 0);
	CHECK(rest.tv_nsec > 700000000 && rest.tv_nsec <= 960000000);
	CHECK(ms_since(start) < 900);
	CHECK_EQ(setitimer(ITIMER_REAL, &it, NULL), 0);
	CHECK_ERR(syscall(SYS_nanosleep, &ts, BAD), EFAULT);

	/* An absolute sleep: nothing is written, and SA_RESTART has no effect either (it is ERESTARTNOHAND). */
	CHECK_EQ(clock_gettime(CLOCK_MONOTONIC, &ts), 0);
	ts.tv_sec++;
	rest = (struct timespec){ 7, 7 };
	CHECK_EQ(setitimer(ITIMER_REAL, &it, NULL), 0);
	CHECK_EQ(clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &ts, &rest), EINTR);
	CHECK_EQ(rest.tv_sec, 7);
	CHECK_EQ(hits, 3);
}

/* A stop and SIGCONT without a handler do not shorten or lengthen a sleep. */
static void
sleep_over_a_stop(void)
{
	long start = guest_ms();
	pid_t pid = guest_fork();

	if (pid == 0) {
		struct timespec ts = { 0, 400000000 }, rest;

		_exit(nanosleep(&ts, &rest) == 0 ? 0 : 1);
	}
	guest_sleep_ms(100);
	kill(pid, SIGSTOP);
	guest_sleep_ms(100);
	kill(pid, SIGCONT);
	CHECK_EXITS(pid, 0);
	CHECK(ms_since(start) >= 400);
	CHECK(ms_since(start) < 800);
}

static void
itimer_errors(void)
{
	struct itimerval it = { { 0, 0 }, { 0, 1000000 } }, old;

	CHECK_ERR(setitimer(ITIMER_REAL, &it, NULL), EINVAL);
	it.it_value.tv_usec = -1;
	CHECK_ERR(setitimer(ITIMER_REAL, &it, NULL), EINVAL);
	it = (struct itimerval){ { 0, 2000000 }, { 0, 0 } };
	CHECK_ERR(setitimer(ITIMER_REAL, &it, NULL), EINVAL);
	it = (struct itimerval){ { 0, 0 }, { -1, 0 } };
	CHECK_ERR(setitimer(ITIMER_REAL, &it, NULL), EINVAL);
	it = (struct itimerval){ { 0, 0 }, { 0, 0 } };
	CHECK_ERR(syscall(SYS_setitimer, 3, &it, NULL), EINVAL);
	CHECK_ERR(syscall(SYS_setitimer, -1, &it, NULL), EINVAL);
	CHECK_ERR(syscall(SYS_getitimer, 3, &old), EINVAL);
	CHECK_ERR(syscall(SYS_setitimer, ITIMER_REAL, BAD, NULL), EFAULT);
	CHECK_ERR(syscall(SYS_getitimer, ITIMER_REAL, BAD), EFAULT);
	it.it_value.tv_sec = 100;
	it.it_interval.tv_sec = 3;
	CHECK_ERR(syscall(SYS_setitimer, ITIMER_REAL, &it, BAD), EFAULT);
	CHECK_EQ(getitimer(ITIMER_REAL, &old), 0);
	CHECK(old.it_value.tv_sec == 99 || old.it_value.tv_sec == 100); /* it was set all the same */
	CHECK_EQ(old.it_interval.tv_sec, 3);
	CHECK_EQ(alarm(0), 100);
	CHECK_EQ(getitimer(ITIMER_REAL, &old), 0);
	CHECK_EQ(old.it_value.tv_sec | old.it_value.tv_usec | old.it_interval.tv_sec, 0);
	it.it_value.tv_sec = LONG_MAX;
	CHECK_EQ(setitimer(ITIMER_REAL, &it, NULL), 0);
	CHECK_EQ(alarm(UINT_MAX) > 1000000, 1);
	CHECK_EQ(alarm(0), UINT_MAX);
}

static void
alarm_rounds(void)
{
	struct itimerval it = { { 0, 0 }, { 0, 300000 } };

	CHECK_EQ(setitimer(ITIMER_REAL, &it, NULL), 0);
	CHECK_EQ(alarm(0), 1); /* never 0 for one that is armed */
	it.it_value = (struct timeval){ 5, 300000 };
	CHECK_EQ(setitimer(ITIMER_REAL, &it, NULL), 0);
	CHECK_EQ(alarm(0), 5);
	it.it_value = (struct timeval){ 5, 900000 };
	CHECK_EQ(setitimer(ITIMER_REAL, &it, NULL), 0);
	CHECK_EQ(alarm(0), 6);
}

static void
itimer_survives_exec_not_fork(void)
{
	struct itimerval it = { { 0, 0 }, { 100, 0 } };
	pid_t pid;

	CHECK_EQ(setitimer(ITIMER_REAL, &it, NULL), 0);
	pid = guest_fork();
	if (pid == 0)
		_exit(alarm(0) == 0 ? 0 : 1);
	CHECK_EXITS(pid, 0);
	pid = guest_fork();
	if (pid == 0) {
		setitimer(ITIMER_REAL, &it, NULL);
		execl(guest_self, guest_self, "alarm_left", (char *)NULL);
		_exit(9);
	}
	CHECK_EXITS(pid, 0);
}

static void
alarm_left(void)
{
	unsigned int left = alarm(0);

	/* run by itself there is none, run by the case above there is; a busy machine may take some of it to get here */
	CHECK(left == 0 || (left > GUEST_CASE_SECONDS / 2 && left <= 100));
}

/* A period far too short to be lived must not keep anybody from running. */
static void
tiny_periods(void)
{
	struct itimerval it = { { 0, 1 }, { 0, 1 } };
	struct itimerspec its = { { 0, 1 }, { 0, 1 } };
	struct sigevent ev = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1 };
	timer_t id;

	signal(SIGALRM, SIG_IGN);
	signal(SIGUSR1, SIG_IGN);
	CHECK_EQ(setitimer(ITIMER_REAL, &it, NULL), 0);
	CHECK_EQ(timer_create(CLOCK_MONOTONIC, &ev, &id), 0);
	CHECK_EQ(timer_settime(id, 0, &its, NULL), 0);
	guest_sleep_ms(100);
	CHECK_EQ(timer_delete(id), 0);
	it = (struct itimerval){ { 0, 0 }, { 0, 0 } };
	CHECK_EQ(setitimer(ITIMER_REAL, &it, NULL), 0);
}

struct ktimer_id {
	int id;
};

static long
raw_create(int clock, struct sigevent *ev, int *id)
{
	return syscall(SYS_timer_create, clock, ev, id);
}

static void
timer_errors(void)
{
	struct sigevent ev = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = 65 };
	struct itimerspec its = { { 0, 0 }, { 1, 0 } };
	int id = -1;

	CHECK_ERR(raw_create(CLOCK_MONOTONIC, &ev, &id), EINVAL);
	ev.sigev_signo = 0;
	CHECK_ERR(raw_create(CLOCK_MONOTONIC, &ev, &id), EINVAL);
	ev.sigev_signo = SIGUSR1;
	ev.sigev_notify = 3;
	CHECK_ERR(raw_create(CLOCK_MONOTONIC, &ev, &id), EINVAL);
	ev.sigev_notify = SIGEV_THREAD_ID;
	ev._sigev_un._tid = getppid();
	CHECK_ERR(raw_create(CLOCK_MONOTONIC, &ev, &id), EINVAL);
	ev.sigev_notify = SIGEV_NONE;
	ev.sigev_signo = 1000; /* not looked at */
	CHECK_ERR(raw_create(1000, &ev, &id), EINVAL);
	CHECK_ERR(raw_create(CLOCK_MONOTONIC_RAW, &ev, &id), EOPNOTSUPP);
	CHECK_ERR(raw_create(CLOCK_MONOTONIC_COARSE, &ev, &id), EOPNOTSUPP);
	CHECK_ERR(raw_create(CLOCK_MONOTONIC, BAD, &id), EFAULT);
	CHECK_ERR(raw_create(CLOCK_MONOTONIC, &ev, BAD), EFAULT);
	CHECK_EQ(raw_create(CLOCK_MONOTONIC, &ev, &id), 0);
	CHECK_EQ(id, 5); /* those whose event or address was no good had one each */

	CHECK_ERR(syscall(SYS_timer_settime, id + 1, 0, &its, NULL), EINVAL);
	CHECK_ERR(syscall(SYS_timer_settime, -1, 0, &its, NULL), EINVAL);
	CHECK_ERR(syscall(SYS_timer_settime, id, 0, NULL, NULL), EINVAL);
	CHECK_ERR(syscall(SYS_timer_settime, id, 0, BAD, NULL), EFAULT);
	its.it_value.tv_nsec = 1000000000;
	CHECK_ERR(syscall(SYS_timer_settime, id, 0, &its, NULL), EINVAL);
	its.it_value.tv_nsec = 0;
	its.it_interval.tv_nsec = -1;
	CHECK_ERR(syscall(SYS_timer_settime, id, 0, &its, NULL), EINVAL);
	CHECK_ERR(syscall(SYS_timer_gettime, id + 1, &its), EINVAL);
	CHECK_ERR(syscall(SYS_timer_gettime, id, BAD), EFAULT);
	CHECK_ERR(syscall(SYS_timer_getoverrun, id + 1), EINVAL);
	CHECK_EQ(syscall(SYS_timer_getoverrun, id), 0);
	CHECK_ERR(syscall(SYS_timer_delete, id + 1), EINVAL);
	CHECK_EQ(syscall(SYS_timer_delete, id), 0);
	CHECK_ERR(syscall(SYS_timer_delete, id), EINVAL);
}

static void
timer_that_says_nothing(void)
{
	struct sigevent ev = { .sigev_notify = SIGEV_NONE };
	struct itimerspec its = { { 0, 0 }, { 0, 30000000 } }, now;
	timer_t id;

	CHECK_EQ(timer_create(CLOCK_MONOTONIC, &ev, &id), 0);
	CHECK_EQ(timer_gettime(id, &now), 0);
	CHECK_EQ(now.it_value.tv_sec | now.it_value.tv_nsec, 0);
	CHECK_EQ(timer_settime(id, 0, &its, NULL), 0);
	CHECK_EQ(timer_gettime(id, &now), 0);
	CHECK(now.it_value.tv_nsec > 0 && now.it_value.tv_nsec <= 30000000);
	guest_sleep_ms(60);
	CHECK_EQ(timer_gettime(id, &now), 0);
	CHECK_EQ(now.it_value.tv_sec | now.it_value.tv_nsec, 0);
	its.it_interval.tv_sec = 1000;
	CHECK_EQ(timer_settime(id, 0, &its, &now), 0);
	CHECK_EQ(now.it_value.tv_nsec, 0);
	guest_sleep_ms(60);
	CHECK_EQ(timer_gettime(id, &now), 0); /* it goes on */
	CHECK(now.it_value.tv_sec == 999);
	CHECK_EQ(now.it_interval.tv_sec, 1000);
	CHECK_EQ(timer_getoverrun(id), 0);
}

static void
timer_deleted_while_pending(void)
{
	struct sigevent ev = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1 };
	struct itimerspec its = { { 0, 0 }, { 0, 1 } };
	struct timespec none = { 0, 0 };
	sigset_t set;
	timer_t id;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigprocmask(SIG_BLOCK, &set, NULL);
	for (int i = 0; i < 50; i++) {
		CHECK_EQ(timer_create(CLOCK_REALTIME, &ev, &id), 0);
		CHECK_EQ(timer_settime(id, 0, &its, NULL), 0);
		guest_sleep_ms(1);
		CHECK_EQ(timer_delete(id), 0);
		while (sigtimedwait(&set, NULL, &none) > 0)
			;
	}
	sigpending(&set);
	CHECK_EQ(sigismember(&set, SIGUSR1), 0);
}

static void
timers_end_with_exec_and_are_limited(void)
{
	struct sigevent ev = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1 };
	struct rlimit rl = { 5, 5 };
	int n = 0, id, err;

	CHECK_EQ(setrlimit(RLIMIT_SIGPENDING, &rl), 0);
	if (geteuid() == 0) /* they are counted for each user: be one that nobody else is, if there are others */
		n = setuid(100000 + (uid_t)getpid());
	n = 0;
	while (raw_create(CLOCK_MONOTONIC, &ev, &id) == 0 && n < 100)
		n++;
	err = errno;
	CHECK(n <= 5);
	CHECK_EQ(err, EAGAIN);
}

static void
overrun_of_a_blocked_signal(void)
{
	struct sigevent ev = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGRTMIN, .sigev_value.sival_int = 42 };
	struct itimerspec its = { { 0, 10000000 }, { 0, 10000000 } }, off = { { 0, 0 }, { 0, 0 } };
	siginfo_t si;
	sigset_t set;
	timer_t id;

	sigemptyset(&set);
	sigaddset(&set, SIGRTMIN);
	sigprocmask(SIG_BLOCK, &set, NULL);
	CHECK_EQ(timer_create(CLOCK_MONOTONIC, &ev, &id), 0);
	CHECK_EQ(timer_settime(id, 0, &its, NULL), 0);
	guest_sleep_ms(205);
	CHECK_EQ(sigwaitinfo(&set, &si), SIGRTMIN);
	CHECK_EQ(si.si_code, SI_TIMER);
	CHECK_EQ(si.si_value.sival_int, 42);
	CHECK(si.si_overrun >= 17 && si.si_overrun <= 30);
	CHECK_EQ(timer_getoverrun(id), si.si_overrun);
	CHECK_EQ(timer_settime(id, 0, &off, NULL), 0);
}

static void *
create_and_delete(void *arg)
{
	struct sigevent ev = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1 };
	struct itimerspec its = { { 0, 50000 }, { 0, 50000 } };

	(void)arg;
	for (int i = 0; i < 300; i++) {
		timer_t id;

		if (timer_create(CLOCK_MONOTONIC, &ev, &id) != 0 || timer_settime(id, 0, &its, NULL) != 0 || timer_delete(id) != 0)
			return (void *)1;
	}
	return NULL;
}

static void
timers_of_many_threads(void)
{
	pthread_t th[4];
	void *ret;

	catch(SIGUSR1, SA_RESTART);
	for (size_t i = 0; i < ARRAY_SIZE(th); i++)
		CHECK_EQ(pthread_create(&th[i], NULL, create_and_delete, NULL), 0);
	for (size_t i = 0; i < ARRAY_SIZE(th); i++) {
		CHECK_EQ(pthread_join(th[i], &ret), 0);
		CHECK_EQ((long)ret, 0);
	}
}

static void
adjtimex_reads(void)
{
	struct timex tx = { .modes = 0 };

	CHECK(adjtimex(&tx) >= 0);
	CHECK(tx.tick >= 9000 && tx.tick <= 11000);
	CHECK(llabs((long long)tx.time.tv_sec - (long long)time(NULL)) <= 1);
	CHECK_ERR(syscall(SYS_adjtimex, BAD), EFAULT);
	tx.modes = 0;
	CHECK(syscall(SYS_clock_adjtime, CLOCK_REALTIME, &tx) >= 0);
	tx.modes = 0;
	CHECK_ERR(syscall(SYS_clock_adjtime, CLOCK_MONOTONIC, &tx), EOPNOTSUPP);
	CHECK_ERR(syscall(SYS_clock_adjtime, 1000, &tx), EINVAL);
}

static void
times_add_up(void)
{
	struct tms before, after;
	clock_t a, b;
	pid_t pid;

	a = times(&before);
	CHECK(a > 0);
	pid = guest_fork();
	if (pid == 0) {
		for (volatile long i = 0; i < 150000000; i++)
			;
		_exit(0);
	}
	guest_wait(pid);
	b = times(&after);
	CHECK(b > a);
	CHECK(after.tms_cutime + after.tms_cstime > before.tms_cutime + before.tms_cstime);
	CHECK(after.tms_cutime + after.tms_cstime <= before.tms_cutime + before.tms_cstime + 2 * (b - a) + 10);
	CHECK_EQ(times(NULL) >= b, 1);
	CHECK_ERR(syscall(SYS_times, BAD), EFAULT);
	CHECK_ERR(syscall(SYS_gettimeofday, BAD, NULL), EFAULT);
	CHECK_ERR(syscall(SYS_time, BAD), EFAULT);
	CHECK(llabs((long long)syscall(SYS_time, NULL) - (long long)time(NULL)) <= 1);
}

#define BURNT_NS 30000000L

static long
clock_ns(clockid_t id)
{
	struct timespec ts = { 0, 0 };

	clock_gettime(id, &ts);
	return ts.tv_sec * 1000000000L + ts.tv_nsec;
}

static void *
burn_as_thread(void *arg)
{
	long start = clock_ns(CLOCK_THREAD_CPUTIME_ID);

	while (clock_ns(CLOCK_THREAD_CPUTIME_ID) < start + BURNT_NS)
		for (volatile long i = 0; i < 100000; i++)
			;
	return arg;
}

static long
usage_ns(int who)
{
	struct rusage ru;

	CHECK_EQ(getrusage(who, &ru), 0);
	return (ru.ru_utime.tv_sec + ru.ru_stime.tv_sec) * 1000000000L + (ru.ru_utime.tv_usec + ru.ru_stime.tv_usec) * 1000L;
}

static void
burn_in_threads(void)
{
	pthread_t th;

	for (int i = 0; i < 2; i++) {
		CHECK_EQ(pthread_create(&th, NULL, burn_as_thread, NULL), 0);
		CHECK_EQ(pthread_join(th, NULL), 0);
	}
}

/* A new program of the same process has what the old one used. */
static bool
has_burnt(void)
{
	return usage_ns(RUSAGE_SELF) >= 2 * BURNT_NS - 1000 && clock_ns(CLOCK_PROCESS_CPUTIME_ID) >= 2 * BURNT_NS;
}

static void
time_of_dead_threads(void)
{
	long before = usage_ns(RUSAGE_CHILDREN), seen = 0, mine, start;
	pid_t pid;

	burn_in_threads();
	for (int i = 0; i < 100; i++) {
		CHECK(usage_ns(RUSAGE_SELF) >= seen);
		seen = usage_ns(RUSAGE_SELF);
	}
	CHECK(has_burnt());
	mine = usage_ns(RUSAGE_THREAD); /* however much that is, the others' is not in it */
	CHECK(usage_ns(RUSAGE_SELF) >= mine + 2 * BURNT_NS - 2000);
	start = clock_ns(CLOCK_MONOTONIC);
	pid = guest_fork();
	if (pid == 0) {
		long used = usage_ns(RUSAGE_SELF);

		CHECK(used < clock_ns(CLOCK_MONOTONIC) - start + BURNT_NS); /* one thread, from the fork on */
		burn_in_threads();
		_exit(!has_burnt());
	}
	CHECK_EXITS(pid, 0);
	CHECK(usage_ns(RUSAGE_CHILDREN) >= before + 2 * BURNT_NS - 1000);
}

static void
time_of_dead_threads_is_kept_by_exec(void)
{
	long before = usage_ns(RUSAGE_CHILDREN);
	pid_t pid = guest_fork();

	if (pid == 0) {
		burn_in_threads();
		execl(guest_self, guest_self, "has_burnt", (char *)NULL);
		_exit(50);
	}
	CHECK_EXITS(pid, 0);
	CHECK(usage_ns(RUSAGE_CHILDREN) >= before + 2 * BURNT_NS - 1000);
}

int
main(int argc, char **argv)
{
	static const struct guest_case cases[] = {
		T(clock_ids), T(setting_clocks), T(sleep_errors), T(sleep_interrupted), T(sleep_over_a_stop), T(itimer_errors),
		T(alarm_rounds), T(itimer_survives_exec_not_fork), T(alarm_left), T(tiny_periods), T(timer_errors),
		T(timer_that_says_nothing), T(timer_deleted_while_pending), T(timers_end_with_exec_and_are_limited),
		T(overrun_of_a_blocked_signal), T(timers_of_many_threads), T(adjtimex_reads), T(times_add_up), T(time_of_dead_threads),
		T(time_of_dead_threads_is_kept_by_exec),
	};

	if (argc > 1 && strcmp(argv[1], "has_burnt") == 0)
		return !has_burnt();
	return guest_main(argc, argv, cases, ARRAY_SIZE(cases));
}
