/* SPDX-License-Identifier: MIT
 *
 * Clocks, sleeps, alarms, interval timers, POSIX timers.
 */
#include <sys/times.h>

#include "tests/guest/guest.h"

static volatile int handled;
static volatile siginfo_t last;
static volatile pid_t handled_by;

static void
on_signal(int sig, siginfo_t *si, void *uc)
{
	last = *si;
	handled_by = gettid();
	handled++;
}

static void
catch_signal(int sig)
{
	struct sigaction sa = { .sa_sigaction = on_signal, .sa_flags = SA_SIGINFO };

	sigaction(sig, &sa, NULL);
}

static void
await(int n)
{
	long end = guest_ms() + 5000;

	while (handled < n && guest_ms() < end)
		usleep(500);
	CHECK(handled >= n);
}

static void
burn_ms(long ms)
{
	struct timespec ts;
	long end;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
	end = ts.tv_sec * 1000 + ts.tv_nsec / 1000000 + ms;
	do {
		volatile int i;

		for (i = 0; i < 100000; i++)
			;
		clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
	} while (ts.tv_sec * 1000 + ts.tv_nsec / 1000000 < end);
}

static void
clocks_exist_and_advance(void)
{
	static const clockid_t clocks[] = {
		CLOCK_REALTIME, CLOCK_MONOTONIC, CLOCK_PROCESS_CPUTIME_ID, CLOCK_THREAD_CPUTIME_ID, CLOCK_MONOTONIC_RAW,
		CLOCK_REALTIME_COARSE, CLOCK_MONOTONIC_COARSE, CLOCK_BOOTTIME, CLOCK_TAI,
	};
	struct timespec a, b;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(clocks); i++) {
		CHECK_EQ(syscall(SYS_clock_gettime, clocks[i], &a), 0);
		CHECK(a.tv_nsec >= 0 && a.tv_nsec < 1000000000);
		burn_ms(12);
		CHECK_EQ(syscall(SYS_clock_gettime, clocks[i], &b), 0);
		CHECK(b.tv_sec > a.tv_sec || (b.tv_sec == a.tv_sec && b.tv_nsec > a.tv_nsec));
		CHECK_EQ(clock_getres(clocks[i], &b), 0);
		CHECK(b.tv_sec == 0 && b.tv_nsec > 0 && b.tv_nsec <= 10000000);
	}
	CHECK_ERR(syscall(SYS_clock_gettime, 99, &a), EINVAL);
	CHECK_ERR(syscall(SYS_clock_getres, 99, &a), EINVAL);
	CHECK_ERR(syscall(SYS_clock_settime, CLOCK_MONOTONIC, &a), EINVAL);
	CHECK_EQ(syscall(SYS_clock_getres, CLOCK_MONOTONIC, NULL), 0);
}

static void
the_vdso_and_the_call_agree(void)
{
	struct timespec a, b, c;
	struct timeval tv;
	int i;

	for (i = 0; i < 100; i++) {
		syscall(SYS_clock_gettime, CLOCK_MONOTONIC, &a);
		clock_gettime(CLOCK_MONOTONIC, &b);
		syscall(SYS_clock_gettime, CLOCK_MONOTONIC, &c);
		CHECK(a.tv_sec * 1000000000l + a.tv_nsec <= b.tv_sec * 1000000000l + b.tv_nsec);
		CHECK(b.tv_sec * 1000000000l + b.tv_nsec <= c.tv_sec * 1000000000l + c.tv_nsec);
	}
	CHECK_EQ(syscall(SYS_gettimeofday, &tv, NULL), 0);
	clock_gettime(CLOCK_REALTIME, &a);
	CHECK(labs(a.tv_sec - tv.tv_sec) <= 1);
	CHECK(labs(syscall(SYS_time, NULL) - a.tv_sec) <= 1);
}

static void
cpu_clocks_measure_cpu(void)
{
	struct timespec a, b;
	struct tms t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &a);
	guest_sleep_ms(50);
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &b);
	CHECK((b.tv_sec - a.tv_sec) * 1000 + (b.tv_nsec - a.tv_nsec) / 1000000 < 40);
	burn_ms(30);
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &a);
	CHECK((a.tv_sec - b.tv_sec) * 1000 + (a.tv_nsec - b.tv_nsec) / 1000000 >= 29);
	CHECK(times(&t) != (clock_t)-1);
	CHECK(t.tms_utime + t.tms_stime >= 1);
}

static void
sleeps(void)
{
	struct timespec ts = { 0, 20000000 }, bad = { 0, -1 };
	long start = guest_ms();

	CHECK_EQ(nanosleep(&ts, NULL), 0);
	CHECK(guest_ms() - start >= 19);
	CHECK_ERR(nanosleep(&bad, NULL), EINVAL);
	bad.tv_nsec = 1000000000;
	CHECK_ERR(nanosleep(&bad, NULL), EINVAL);
	CHECK_ERR(syscall(SYS_nanosleep, 8, NULL), EFAULT);
	CHECK_EQ(clock_nanosleep(99, 0, &ts, NULL), EINVAL);
	CHECK_EQ(clock_nanosleep(CLOCK_REALTIME, 0, &ts, NULL), 0);
	clock_gettime(CLOCK_MONOTONIC, &ts);
	CHECK_EQ(clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &ts, NULL), 0);
	clock_gettime(CLOCK_MONOTONIC, &ts);
	ts.tv_sec += (ts.tv_nsec + 30000000) / 1000000000;
	ts.tv_nsec = (ts.tv_nsec + 30000000) % 1000000000;
	CHECK_EQ(clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &ts, NULL), 0);
	CHECK(guest_ms() >= ts.tv_sec * 1000 + ts.tv_nsec / 1000000);
	ts = (struct timespec){ 0, 10000000 };
	CHECK_EQ(clock_nanosleep(CLOCK_BOOTTIME, 0, &ts, NULL), 0);
}

static void
many_sleepers_wake_in_time(void)
{
	pid_t pids[20];
	int i;

	for (i = 0; i < 20; i++) {
		pids[i] = guest_fork();
		if (pids[i] == 0) {
			long start = guest_ms(), took;

			guest_sleep_ms(50 + i * 5);
			took = guest_ms() - start;
			_exit(took >= 49 + i * 5 && took < 2000 + i * 5 ? 0 : 1);
		}
	}
	for (i = 0; i < 20; i++)
		CHECK_EXITS(pids[i], 0);
}

static void
alarm_rings(void)
{
	long start = guest_ms();

	catch_signal(SIGALRM);
	CHECK_EQ(alarm(1) > 0, 1); /* the harness has one running */
	CHECK_EQ(alarm(1), 1);
	pause();
	CHECK(guest_ms() - start >= 990);
	CHECK_EQ(handled, 1);
	CHECK_EQ(last.si_code, SI_KERNEL);
	CHECK_EQ(alarm(0), 0);
}

static void
itimer_real(void)
{
	struct itimerval it = { { 0, 20000 }, { 0, 10000 } }, late = { { 0, 20000 }, { 100, 0 } }, got;

	catch_signal(SIGALRM);
	CHECK_EQ(setitimer(ITIMER_REAL, &late, NULL), 0);
	CHECK_EQ(getitimer(ITIMER_REAL, &got), 0);
	CHECK(got.it_interval.tv_usec == 20000 && got.it_value.tv_sec >= 90 && got.it_value.tv_sec <= 100);
	CHECK_EQ(setitimer(ITIMER_REAL, &it, NULL), 0);
	await(4);
	memset(&it, 0, sizeof(it));
	CHECK_EQ(setitimer(ITIMER_REAL, &it, &got), 0);
	CHECK_EQ(got.it_interval.tv_usec, 20000);
	it.it_value.tv_usec = 1000000;
	CHECK_ERR(setitimer(ITIMER_REAL, &it, NULL), EINVAL);
	CHECK_ERR(setitimer((enum __itimer_which)9, &got, NULL), EINVAL);
}

static void
itimer_virtual_and_prof(void)
{
	struct itimerval it = { { 0, 0 }, { 0, 20000 } };

	catch_signal(SIGVTALRM);
	catch_signal(SIGPROF);
	CHECK_EQ(setitimer(ITIMER_VIRTUAL, &it, NULL), 0);
	guest_sleep_ms(60);
	CHECK_EQ(handled, 0); /* counts only while computing */
	burn_ms(200);
	CHECK_EQ(handled, 1);
	CHECK_EQ(last.si_signo, SIGVTALRM);
	CHECK_EQ(setitimer(ITIMER_PROF, &it, NULL), 0);
	burn_ms(200);
	CHECK_EQ(handled, 2);
	CHECK_EQ(last.si_signo, SIGPROF);
}

static void
posix_timer_with_signal(void)
{
	struct sigevent ev = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGRTMIN + 2 };
	struct itimerspec it = { { 0, 10000000 }, { 0, 5000000 } }, got;
	timer_t id;

	ev.sigev_value.sival_int = 77;
	catch_signal(SIGRTMIN + 2);
	CHECK_EQ(timer_create(CLOCK_MONOTONIC, &ev, &id), 0);
	CHECK_EQ(timer_gettime(id, &got), 0);
	CHECK(got.it_value.tv_nsec == 0 && got.it_value.tv_sec == 0);
	CHECK_EQ(timer_settime(id, 0, &it, NULL), 0);
	await(3);
	CHECK_EQ(last.si_code, SI_TIMER);
	CHECK_EQ(last.si_value.sival_int, 77);
	CHECK_EQ(timer_gettime(id, &got), 0);
	CHECK_EQ(got.it_interval.tv_nsec, 10000000);
	CHECK_EQ(timer_delete(id), 0);
	CHECK_ERR(timer_gettime(id, &got), EINVAL);
}

static void
posix_timer_overrun(void)
{
	struct sigevent ev = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1 };
	struct itimerspec it = { { 0, 1000000 }, { 0, 1000000 } };
	sigset_t set;
	siginfo_t si;
	timer_t id;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigprocmask(SIG_BLOCK, &set, NULL);
	CHECK_EQ(timer_create(CLOCK_MONOTONIC, &ev, &id), 0);
	CHECK_EQ(timer_settime(id, 0, &it, NULL), 0);
	guest_sleep_ms(50);
	CHECK_EQ(sigwaitinfo(&set, &si), SIGUSR1);
	CHECK_EQ(si.si_code, SI_TIMER);
	CHECK(si.si_overrun >= 30 && si.si_overrun < 5000);
	CHECK_EQ(timer_getoverrun(id), si.si_overrun);
	timer_delete(id);
}

static volatile pid_t target_tid;
static volatile int target_stop;

static void *
target_thread(void *arg)
{
	target_tid = gettid();
	while (!target_stop)
		usleep(1000);
	return NULL;
}

#ifndef sigev_notify_thread_id
#define sigev_notify_thread_id _sigev_un._tid
#endif

static void
posix_timer_to_a_thread(void)
{
	struct sigevent ev = { .sigev_notify = SIGEV_THREAD_ID, .sigev_signo = SIGUSR1 };
	struct itimerspec it = { { 0, 0 }, { 0, 5000000 } };
	pthread_t th;
	timer_t id;

	catch_signal(SIGUSR1);
	pthread_create(&th, NULL, target_thread, NULL);
	while (!target_tid)
		usleep(500);
	ev.sigev_notify_thread_id = target_tid;
	CHECK_EQ(timer_create(CLOCK_MONOTONIC, &ev, &id), 0);
	CHECK_EQ(timer_settime(id, 0, &it, NULL), 0);
	await(1);
	CHECK_EQ(handled_by, target_tid);
	target_stop = 1;
	pthread_join(th, NULL);
	ev.sigev_notify_thread_id = 1;
	CHECK_ERR(timer_create(CLOCK_MONOTONIC, &ev, &id), EINVAL);
}

static void
notify_function(union sigval v)
{
	handled = v.sival_int;
}

static void
posix_timer_with_thread_and_none(void)
{
	struct sigevent ev = { .sigev_notify = SIGEV_THREAD };
	struct itimerspec it = { { 0, 0 }, { 0, 5000000 } }, got;
	timer_t id;
	long end = guest_ms() + 5000;

	ev.sigev_notify_function = notify_function;
	ev.sigev_value.sival_int = 31;
	CHECK_EQ(timer_create(CLOCK_REALTIME, &ev, &id), 0);
	CHECK_EQ(timer_settime(id, 0, &it, NULL), 0);
	while (handled != 31 && guest_ms() < end)
		usleep(1000);
	CHECK_EQ(handled, 31);
	timer_delete(id);
	ev.sigev_notify = SIGEV_NONE;
	CHECK_EQ(timer_create(CLOCK_MONOTONIC, &ev, &id), 0);
	it.it_value.tv_sec = 100;
	CHECK_EQ(timer_settime(id, 0, &it, NULL), 0);
	CHECK_EQ(timer_gettime(id, &got), 0);
	CHECK(got.it_value.tv_sec >= 99);
	ev.sigev_notify = SIGEV_SIGNAL;
	ev.sigev_signo = SIGUSR1;
	CHECK_EQ(timer_create(CLOCK_MONOTONIC, &ev, &id), 0);
	CHECK_EQ(timer_settime(id, 0, &it, NULL), 0);
	it = (struct itimerspec){ .it_interval.tv_sec = 7 };
	CHECK_EQ(timer_settime(id, 0, &it, NULL), 0);
	CHECK_EQ(timer_gettime(id, &got), 0);
	CHECK(got.it_value.tv_sec == 0 && got.it_interval.tv_sec == 0); /* a timer that is stopped forgets its interval */
}

static void
posix_timer_default_event_and_absolute_time(void)
{
	struct itimerspec it = { { 0, 0 }, { 0, 0 } };
	timer_t id;

	catch_signal(SIGALRM);
	CHECK_EQ(timer_create(CLOCK_MONOTONIC, NULL, &id), 0);
	clock_gettime(CLOCK_MONOTONIC, &it.it_value);
	CHECK_EQ(timer_settime(id, TIMER_ABSTIME, &it, NULL), 0); /* past: at once */
	await(1);
	CHECK_EQ(last.si_signo, SIGALRM);
	it.it_value.tv_nsec = 2000000000;
	CHECK_ERR(timer_settime(id, 0, &it, NULL), EINVAL);
	CHECK_ERR(timer_create(99, NULL, &id), EINVAL);
}

static void
cpu_timer(void)
{
	struct sigevent ev = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1 };
	struct itimerspec it = { { 0, 0 }, { 0, 30000000 } };
	timer_t id;

	catch_signal(SIGUSR1);
	CHECK_EQ(timer_create(CLOCK_PROCESS_CPUTIME_ID, &ev, &id), 0);
	CHECK_EQ(timer_settime(id, 0, &it, NULL), 0);
	guest_sleep_ms(60);
	CHECK_EQ(handled, 0);
	burn_ms(200);
	CHECK_EQ(handled, 1);
}

static void
timers_are_not_inherited(void)
{
	struct itimerspec it = { { 0, 0 }, { 100, 0 } };
	timer_t id;
	pid_t pid;

	CHECK_EQ(timer_create(CLOCK_MONOTONIC, NULL, &id), 0);
	CHECK_EQ(timer_settime(id, 0, &it, NULL), 0);
	pid = guest_fork();
	if (pid == 0)
		_exit(timer_gettime(id, &it) == -1 && errno == EINVAL ? 0 : 1);
	CHECK_EXITS(pid, 0);
}

static void
cpu_clock_of_another_process(void)
{
	clockid_t id;
	struct timespec ts;
	pid_t pid = guest_fork();

	if (pid == 0) {
		burn_ms(50);
		for (;;)
			pause();
	}
	guest_sleep_ms(20);
	guest_await_sleep(pid);
	CHECK_EQ(clock_getcpuclockid(pid, &id), 0);
	CHECK_EQ(clock_gettime(id, &ts), 0);
	CHECK(ts.tv_sec > 0 || ts.tv_nsec >= 40000000);
	kill(pid, SIGKILL);
	guest_wait(pid);
	CHECK_EQ(clock_getcpuclockid(0x3ffffff, &id), ESRCH);
}

int
main(int argc, char **argv)
{
	static const struct guest_case cases[] = {
		T(clocks_exist_and_advance), T(the_vdso_and_the_call_agree), T(cpu_clocks_measure_cpu), T(sleeps),
		T(many_sleepers_wake_in_time), T(alarm_rings), T(itimer_real), T(itimer_virtual_and_prof),
		T(posix_timer_with_signal), T(posix_timer_overrun), T(posix_timer_to_a_thread),
		T(posix_timer_with_thread_and_none), T(posix_timer_default_event_and_absolute_time), T(cpu_timer),
		T(timers_are_not_inherited), T(cpu_clock_of_another_process),
	};

	return guest_main(argc, argv, cases, ARRAY_SIZE(cases));
}
