/* SPDX-License-Identifier: MIT
 *
 * Many of everything at once.
 */
#include <poll.h>
#include <sched.h>

#include "tests/guest/guest.h"

extern char **environ;

#define PROCESSES 2000

static void
two_thousand_processes_at_once(void)
{
	static pid_t pids[PROCESSES];
	int up[2], down[2], i, n, sum = 0, alive = 0;
	char c;

	CHECK_EQ(pipe(up), 0);
	CHECK_EQ(pipe(down), 0);
	for (i = 0; i < PROCESSES; i++) {
		pids[i] = guest_fork();
		if (pids[i] == 0) {
			close(down[1]);
			if (write(up[1], "x", 1) != 1)
				_exit(99);
			_exit(read(down[0], &c, 1) == 0 ? i % 50 : 98);
		}
	}
	for (i = 0; i < PROCESSES; i++)
		CHECK_EQ(read(up[0], &c, 1), 1);
	for (i = 0; i < PROCESSES; i++)
		alive += kill(pids[i], 0) == 0;
	CHECK_EQ(alive, PROCESSES);
	close(down[1]);
	for (i = 0; i < PROCESSES; i++) {
		int status;

		CHECK(wait(&status) > 0);
		CHECK(WIFEXITED(status) && WEXITSTATUS(status) < 50);
		sum += WEXITSTATUS(status);
	}
	for (i = n = 0; i < PROCESSES; i++)
		n += i % 50;
	CHECK_EQ(sum, n);
}

#define THREADS 200

static pthread_barrier_t barrier;
static int counters[THREADS];

static void *
barrier_thread(void *arg)
{
	int me = (int)(intptr_t)arg, i;

	for (i = 0; i < 10; i++) {
		pthread_barrier_wait(&barrier);
		counters[me]++;
		sched_yield();
	}
	return (void *)(intptr_t)gettid();
}

static void
two_hundred_threads_at_once(void)
{
	static pthread_t th[THREADS];
	pthread_attr_t attr;
	void *ret;
	int i;

	pthread_barrier_init(&barrier, NULL, THREADS);
	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, 64 << 10);
	for (i = 0; i < THREADS; i++)
		CHECK_EQ(pthread_create(&th[i], &attr, barrier_thread, (void *)(intptr_t)i), 0);
	for (i = 0; i < THREADS; i++) {
		pthread_join(th[i], &ret);
		CHECK((intptr_t)ret > 0);
		CHECK_EQ(counters[i], 10);
	}
}

static volatile int stop;
static volatile long calls;
static long received; /* by the handler, in one thread */
static volatile pid_t target;

static void
count_signal(int sig)
{
	received++;
}

static void *
calling_thread(void *arg)
{
	int fd = open("/dev/null", O_RDWR), p[2];
	struct pollfd pfd = { .fd = fd, .events = POLLIN };
	char c = 0;

	if (pipe(p) != 0)
		return (void *)1;
	target = gettid();
	while (!stop) {
		/* Results must be right however often they are interrupted. */
		if (syscall(SYS_getppid) != getppid() || lseek(fd, 0, SEEK_CUR) != 0)
			return (void *)2;
		if (write(p[1], &c, 1) != 1 || read(p[0], &c, 1) != 1)
			return (void *)3;
		if (poll(&pfd, 1, 0) != 1 && errno != EINTR)
			return (void *)4;
		if (write(fd, &c, 1) != 1)
			return (void *)5;
		calls += 6;
	}
	return NULL;
}

#define SIGNALS 100000

static void
a_hundred_thousand_signals_to_a_calling_thread(void)
{
	struct sigaction sa = { .sa_handler = count_signal, .sa_flags = SA_RESTART };
	union sigval v = { 0 };
	pthread_t th;
	void *ret = (void *)99;
	long i, sent = 0, end;

	sigaction(SIGRTMIN, &sa, NULL);
	CHECK_EQ(pthread_create(&th, NULL, calling_thread, NULL), 0);
	while (!target)
		usleep(1000);
	for (i = 0; i < SIGNALS; i++) {
		siginfo_t si = { .si_code = SI_QUEUE };

		si.si_pid = getpid();
		si.si_value = v;
		while (syscall(SYS_rt_tgsigqueueinfo, getpid(), target, SIGRTMIN, &si) != 0) {
			CHECK_EQ(errno, EAGAIN); /* the queue is full */
			sched_yield();
		}
		sent++;
	}
	CHECK_EQ(sent, SIGNALS);
	end = guest_ms() + 30000;
	while (__atomic_load_n(&received, __ATOMIC_SEQ_CST) < SIGNALS && guest_ms() < end)
		usleep(1000);
	stop = 1;
	pthread_join(th, &ret);
	CHECK(ret == NULL);
	CHECK_EQ(received, SIGNALS);
	CHECK(calls > 0);
}

static void *
forking_thread(void *arg)
{
	intptr_t i, bad = 0;
	int status;

	for (i = 0; i < 20; i++) {
		pid_t pid = fork();

		if (pid == 0) {
			char *p = malloc(1000);

			_exit(p && getpid() == gettid() ? (int)i : 99);
		}
		if (pid < 0 || waitpid(pid, &status, 0) != pid || WEXITSTATUS(status) != i)
			bad++;
	}
	return (void *)bad;
}

static void *
mallocing_thread(void *arg)
{
	while (!stop) {
		char *p = malloc(5000);

		p[100] = 1;
		free(p);
	}
	return NULL;
}

static void
forks_from_a_threaded_program(void)
{
	pthread_t forkers[6], busy[2];
	void *ret;
	int i;

	stop = 0;
	for (i = 0; i < 2; i++)
		CHECK_EQ(pthread_create(&busy[i], NULL, mallocing_thread, NULL), 0);
	for (i = 0; i < 6; i++)
		CHECK_EQ(pthread_create(&forkers[i], NULL, forking_thread, NULL), 0);
	for (i = 0; i < 6; i++) {
		pthread_join(forkers[i], &ret);
		CHECK_EQ((intptr_t)ret, 0);
	}
	stop = 1;
	for (i = 0; i < 2; i++)
		pthread_join(busy[i], NULL);
}

static void *
spawning_thread(void *arg)
{
	char *argv[] = { "true", NULL };
	volatile intptr_t bad = 0;
	int i, status;

	for (i = 0; i < 10; i++) {
		pid_t pid = vfork();

		if (pid == 0) {
			execve("/bin/true", argv, environ);
			_exit(127);
		}
		if (pid < 0 || waitpid(pid, &status, 0) != pid || status != 0)
			bad++;
	}
	return (void *)bad;
}

static void
vfork_and_exec_from_many_threads(void)
{
	pthread_t th[6];
	void *ret;
	int i;

	for (i = 0; i < 6; i++)
		CHECK_EQ(pthread_create(&th[i], NULL, spawning_thread, NULL), 0);
	for (i = 0; i < 6; i++) {
		pthread_join(th[i], &ret);
		CHECK_EQ((intptr_t)ret, 0);
	}
}

static void *
empty_thread(void *arg)
{
	return arg;
}

static void
threads_come_and_go(void)
{
	pthread_t th[8];
	void *ret;
	int i, k;

	for (k = 0; k < 100; k++) {
		for (i = 0; i < 8; i++)
			CHECK_EQ(pthread_create(&th[i], NULL, empty_thread, (void *)(intptr_t)(i + 1)), 0);
		for (i = 0; i < 8; i++) {
			pthread_join(th[i], &ret);
			CHECK_EQ((intptr_t)ret, i + 1);
		}
	}
}

static pthread_mutex_t robust_lock;

static void
ignore_signal(int sig)
{
	(void)sig;
}

/* The kernel gives the lock up, by the robust list. */
static void *
end_with_lock(void *arg)
{
	int err = pthread_mutex_lock(&robust_lock);

	if (err == EOWNERDEAD)
		err = pthread_mutex_consistent(&robust_lock);
	return err ? NULL : arg;
}

static void
threads_end_with_a_lock_under_signals(void)
{
	struct sigaction sa = { .sa_handler = ignore_signal, .sa_flags = SA_RESTART };
	pthread_mutexattr_t attr;
	pthread_t th[8];
	void *ret;
	int i, k;

	CHECK_EQ(sigaction(SIGUSR1, &sa, NULL), 0);
	pthread_mutexattr_init(&attr);
	pthread_mutexattr_setrobust(&attr, PTHREAD_MUTEX_ROBUST);
	CHECK_EQ(pthread_mutex_init(&robust_lock, &attr), 0);
	for (k = 0; k < 20; k++) {
		for (i = 0; i < 8; i++)
			CHECK_EQ(pthread_create(&th[i], NULL, end_with_lock, &robust_lock), 0);
		for (i = 0; i < 8; i++)
			pthread_kill(th[i], SIGUSR1); /* it may have ended */
		for (i = 0; i < 8; i++) {
			pthread_join(th[i], &ret);
			CHECK(ret == &robust_lock);
		}
	}
	CHECK_EQ(pthread_mutex_lock(&robust_lock), EOWNERDEAD);
}

static void
processes_and_signals_in_a_storm(void)
{
	pid_t pids[40];
	int i, k, status, killed = 0;

	for (i = 0; i < 40; i++) {
		pids[i] = guest_fork();
		if (pids[i] == 0) {
			if (i & 1) {
				for (;;)
					__asm__ volatile("pause");
			}
			for (;;)
				sched_yield();
		}
	}
	for (k = 0; k < 5; k++) {
		for (i = 0; i < 40; i++)
			CHECK_EQ(kill(pids[i], k & 1 ? SIGCONT : SIGSTOP), 0);
	}
	for (i = 0; i < 40; i++)
		CHECK_EQ(kill(pids[i], SIGKILL), 0);
	for (i = 0; i < 40; i++) {
		CHECK(wait(&status) > 0);
		killed += WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
	}
	CHECK_EQ(killed, 40);
}

static void
exit_while_threads_call(void)
{
	int k;

	for (k = 0; k < 20; k++) {
		pid_t pid = guest_fork();

		if (pid == 0) {
			pthread_t th[8];
			int i;

			for (i = 0; i < 8; i++)
				pthread_create(&th[i], NULL, i & 1 ? calling_thread : mallocing_thread, NULL);
			usleep(3000);
			_exit(7);
		}
		CHECK_EXITS(pid, 7);
	}
}

static void
a_pipeline_of_a_hundred(void)
{
	int first[2], in, p[2], i;
	char buf[64] = "";

	CHECK_EQ(pipe(first), 0);
	in = first[0];
	for (i = 0; i < 100; i++) {
		CHECK_EQ(pipe(p), 0);
		if (guest_fork() == 0) {
			char c;

			close(first[1]);
			close(p[0]);
			while (read(in, &c, 1) == 1) {
				c++;
				if (write(p[1], &c, 1) != 1)
					_exit(1);
			}
			_exit(0);
		}
		close(in);
		close(p[1]);
		in = p[0];
	}
	CHECK_EQ(write(first[1], "\1\2\3", 3), 3);
	close(first[1]);
	for (i = 0; i < 3; i++)
		CHECK_EQ(read(in, buf + i, 1), 1);
	CHECK(buf[0] == 101 && buf[1] == 102 && buf[2] == 103);
	CHECK_EQ(read(in, buf, 1), 0);
	for (i = 0; i < 100; i++)
		CHECK_EXITS(-1, 0);
}

#define ECHOES 3

static int asked[ECHOES][2], answered[2];
static volatile sig_atomic_t alarms;

static int
echo(void *arg)
{
	const int *from = arg;
	char c;

	while (read(from[0], &c, 1) == 1 && c)
		if (write(answered[1], &c, 1) != 1)
			return 1;
	return 0;
}

static void *
echo_thread(void *arg)
{
	return (void *)(intptr_t)echo(arg);
}

static void
count_alarm(int sig)
{
	alarms++;
}

/*
 * The same sleeper is woken by a thread, by a process with its memory and by one without, in turns of changing length, and by a timer meanwhile:
 * however it was woken before, no wake-up is lost.
 */
static void
woken_from_everywhere(void)
{
	static const char turns[] = "000001000000200000000001200000000000000000000201";
	static char stack[65536] __attribute__((aligned(16)));
	struct itimerval often = { { 0, 700 }, { 0, 700 } }, never = { { 0, 0 }, { 0, 0 } };
	struct sigaction sa = { .sa_handler = count_alarm, .sa_flags = SA_RESTART };
	pid_t pids[2];
	pthread_t th;
	void *ret;
	int i;

	CHECK_EQ(pipe(answered), 0);
	for (i = 0; i < ECHOES; i++)
		CHECK_EQ(pipe(asked[i]), 0);
	CHECK_EQ(pthread_create(&th, NULL, echo_thread, asked[0]), 0);
	pids[0] = guest_fork();
	if (pids[0] == 0)
		_exit(echo(asked[1]));
	pids[1] = clone(echo, stack + sizeof(stack), CLONE_VM | SIGCHLD, asked[2]);
	CHECK(pids[1] > 0);
	CHECK_EQ(sigaction(SIGALRM, &sa, NULL), 0);
	CHECK_EQ(setitimer(ITIMER_REAL, &often, NULL), 0);
	for (i = 0; i < 4000; i++) {
		char c = (char)(1 + i % 100), back = 0;

		CHECK_EQ(write(asked[turns[(size_t)i % (sizeof(turns) - 1)] - '0'][1], &c, 1), 1);
		CHECK_EQ(read(answered[0], &back, 1), 1);
		CHECK_EQ(back, c);
	}
	CHECK_EQ(setitimer(ITIMER_REAL, &never, NULL), 0);
	for (i = 0; i < ECHOES; i++)
		CHECK_EQ(write(asked[i][1], "", 1), 1);
	CHECK_EQ(pthread_join(th, &ret), 0);
	CHECK_EQ((intptr_t)ret, 0);
	for (i = 0; i < 2; i++) {
		int status;

		CHECK_EQ(waitpid(pids[i], &status, 0), pids[i]);
		CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	}
}

int
main(int argc, char **argv)
{
	static const struct guest_case cases[] = {
		T(two_thousand_processes_at_once), T(two_hundred_threads_at_once),
		T(a_hundred_thousand_signals_to_a_calling_thread), T(forks_from_a_threaded_program),
		T(vfork_and_exec_from_many_threads), T(threads_come_and_go), T(threads_end_with_a_lock_under_signals),
		T(processes_and_signals_in_a_storm),
		T(exit_while_threads_call), T(a_pipeline_of_a_hundred), T(woken_from_everywhere),
	};

	return guest_main(argc, argv, cases, ARRAY_SIZE(cases));
}
