/* SPDX-License-Identifier: MIT
 *
 * Threads as programs see them: identity, what they share, their signals, their ends.
 */
#include <sys/prctl.h>

#include "tests/guest/guest.h"

static void *
tids(void *arg)
{
	pid_t *out = arg;

	out[0] = getpid();
	out[1] = gettid();
	return NULL;
}

static void
identity(void)
{
	pthread_t th;
	pid_t ids[2];

	CHECK_EQ(gettid(), getpid());
	pthread_create(&th, NULL, tids, ids);
	pthread_join(th, NULL);
	CHECK_EQ(ids[0], getpid());
	CHECK(ids[1] != getpid() && ids[1] > 0);
}

static __thread int tls = 5;

static void *
tls_thread(void *arg)
{
	int old = tls;

	tls = (int)(intptr_t)arg;
	usleep(1000);
	return (void *)(intptr_t)(old == 5 && tls == (int)(intptr_t)arg);
}

static void
thread_local_storage(void)
{
	pthread_t th[10];
	void *ret;
	int i;

	for (i = 0; i < 10; i++)
		pthread_create(&th[i], NULL, tls_thread, (void *)(intptr_t)(i + 100));
	for (i = 0; i < 10; i++) {
		pthread_join(th[i], &ret);
		CHECK_EQ((intptr_t)ret, 1);
	}
	CHECK_EQ(tls, 5);
}

static void *
share_thread(void *arg)
{
	umask(0123);
	if (chdir("/usr") != 0)
		return (void *)1;
	return (void *)(intptr_t)open("/dev/null", O_RDONLY);
}

static void
files_and_cwd_are_shared(void)
{
	char buf[64];
	pthread_t th;
	void *fd;

	pthread_create(&th, NULL, share_thread, NULL);
	pthread_join(th, &fd);
	CHECK_EQ(fcntl((int)(intptr_t)fd, F_GETFD), 0);
	CHECK_STR(getcwd(buf, sizeof(buf)), "/usr");
	CHECK_EQ(umask(0), 0123);
}

static volatile int hits;

static void
hit(int sig)
{
	hits++;
}

static void *
mask_thread(void *arg)
{
	sigset_t s;

	pthread_sigmask(SIG_SETMASK, NULL, &s);
	if (!sigismember(&s, SIGUSR1))
		return (void *)1;
	sigemptyset(&s);
	sigaddset(&s, SIGUSR2);
	pthread_sigmask(SIG_SETMASK, &s, NULL);
	return NULL;
}

static void
masks_are_ones_own_and_inherited(void)
{
	sigset_t s;
	pthread_t th;
	void *ret;

	sigemptyset(&s);
	sigaddset(&s, SIGUSR1);
	pthread_sigmask(SIG_BLOCK, &s, NULL);
	pthread_create(&th, NULL, mask_thread, NULL);
	pthread_join(th, &ret);
	CHECK(ret == NULL);
	pthread_sigmask(SIG_SETMASK, NULL, &s);
	CHECK(sigismember(&s, SIGUSR1) && !sigismember(&s, SIGUSR2));
}

static void *
altstack_thread(void *arg)
{
	stack_t ss;

	return (void *)(intptr_t)(sigaltstack(NULL, &ss) != 0 || ss.ss_flags != SS_DISABLE);
}

static void
alternate_stacks_are_not_inherited(void)
{
	stack_t ss = { .ss_sp = malloc(65536), .ss_size = 65536 };
	pthread_t th;
	void *ret;

	sigaltstack(&ss, NULL);
	pthread_create(&th, NULL, altstack_thread, NULL);
	pthread_join(th, &ret);
	CHECK(ret == NULL);
}

static volatile pid_t hit_tid;

static void
note(int sig)
{
	hit_tid = gettid();
	hits++;
}

static volatile pid_t wait_tid;

static void *
wait_for_hit(void *arg)
{
	wait_tid = gettid();
	while (!hits)
		usleep(500);
	return NULL;
}

static void
pthread_kill_reaches_that_thread(void)
{
	pthread_t th;

	signal(SIGUSR1, note);
	pthread_create(&th, NULL, wait_for_hit, NULL);
	while (!wait_tid)
		usleep(500);
	CHECK_EQ(pthread_kill(th, SIGUSR1), 0);
	pthread_join(th, NULL);
	CHECK_EQ(hit_tid, wait_tid);
}

static void *
sleep_thread(void *arg)
{
	for (;;)
		pause();
	return NULL;
}

static void *
spin_cancel_thread(void *arg)
{
	pthread_setcanceltype(PTHREAD_CANCEL_ASYNCHRONOUS, NULL);
	for (;;)
		__asm__ volatile("pause");
	return NULL;
}

static void
cancellation(void)
{
	pthread_t th;
	void *ret;
	int p[2];

	pthread_create(&th, NULL, sleep_thread, NULL);
	guest_sleep_ms(20);
	CHECK_EQ(pthread_cancel(th), 0);
	CHECK_EQ(pthread_join(th, &ret), 0);
	CHECK(ret == PTHREAD_CANCELED);
	pthread_create(&th, NULL, spin_cancel_thread, NULL);
	guest_sleep_ms(20);
	CHECK_EQ(pthread_cancel(th), 0);
	CHECK_EQ(pthread_join(th, &ret), 0);
	CHECK(ret == PTHREAD_CANCELED);
	CHECK_EQ(pipe(p), 0);
}

static void *
name_thread(void *arg)
{
	char name[16];

	prctl(PR_SET_NAME, "a-thread-name-too-long");
	prctl(PR_GET_NAME, name);
	return (void *)(intptr_t)strcmp(name, "a-thread-name-t");
}

static void
names(void)
{
	char before[16], after[16];
	pthread_t th;
	void *ret;

	prctl(PR_GET_NAME, before);
	pthread_create(&th, NULL, name_thread, NULL);
	pthread_join(th, &ret);
	CHECK(ret == NULL);
	prctl(PR_GET_NAME, after);
	CHECK_STR(after, before);
	pthread_create(&th, NULL, sleep_thread, NULL);
	CHECK_EQ(pthread_setname_np(th, "other"), 0);
	CHECK_EQ(pthread_getname_np(th, after, sizeof(after)), 0);
	CHECK_STR(after, "other");
}

static void *
detached(void *arg)
{
	__atomic_add_fetch(&hits, 1, __ATOMIC_SEQ_CST);
	return NULL;
}

static void
detached_threads_clean_up(void)
{
	pthread_attr_t attr;
	pthread_t th;
	int i;
	long end = guest_ms() + 5000;

	pthread_attr_init(&attr);
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	for (i = 0; i < 200; i++) {
		CHECK_EQ(pthread_create(&th, &attr, detached, NULL), 0);
		if (i % 20 == 19)
			usleep(1000);
	}
	while (hits < 200 && guest_ms() < end)
		usleep(1000);
	CHECK_EQ(hits, 200);
}

static void *
main_exits_thread(void *arg)
{
	guest_sleep_ms(50);
	_exit(31);
}

static void
main_thread_may_leave(void)
{
	pid_t pid = guest_fork();

	if (pid == 0) {
		pthread_t th;

		pthread_create(&th, NULL, main_exits_thread, NULL);
		pthread_exit(NULL);
	}
	CHECK_EXITS(pid, 31);
}

static void
only_the_forking_thread_survives(void)
{
	pthread_t th;
	pid_t pid;

	pthread_create(&th, NULL, sleep_thread, NULL);
	guest_sleep_ms(10);
	pid = guest_fork();
	if (pid == 0)
		_exit(pthread_kill(th, 0) == ESRCH || syscall(SYS_tgkill, getpid(), getpid(), 0) == 0 ? getpid() != gettid() : 9);
	CHECK_EXITS(pid, 0);
}

static void *
fork_thread(void *arg)
{
	pid_t pid = fork();
	int status;

	if (pid == 0)
		_exit(gettid() == getpid() ? 12 : 1);
	return (void *)(intptr_t)(waitpid(pid, &status, 0) == pid ? WEXITSTATUS(status) : -1);
}

static void
fork_from_a_thread(void)
{
	pthread_t th;
	void *ret;

	pthread_create(&th, NULL, fork_thread, NULL);
	pthread_join(th, &ret);
	CHECK_EQ((intptr_t)ret, 12);
}

static void
set_tid_address_returns_the_tid(void)
{
	static int word;

	CHECK_EQ(syscall(SYS_set_tid_address, &word), gettid());
}

static void *
limit_stack(void *arg)
{
	volatile char buf[1 << 20];

	buf[0] = buf[sizeof(buf) - 1] = 1;
	return (void *)(intptr_t)buf[0];
}

static void
large_stacks(void)
{
	pthread_attr_t attr;
	pthread_t th;
	void *ret;

	pthread_attr_init(&attr);
	CHECK_EQ(pthread_attr_setstacksize(&attr, 64 << 20), 0);
	CHECK_EQ(pthread_create(&th, &attr, limit_stack, NULL), 0);
	pthread_join(th, &ret);
	CHECK_EQ((intptr_t)ret, 1);
}

static void
a_signal_storm_between_threads(void)
{
	pthread_t th;
	int i;

	signal(SIGUSR2, hit);
	wait_tid = 0;
	pthread_create(&th, NULL, sleep_thread, NULL);
	for (i = 0; i < 1000; i++)
		CHECK_EQ(pthread_kill(th, SIGUSR2), 0);
	while (hits == 0) /* one that is never delivered runs into the case's time limit */
		guest_sleep_ms(1);
}

int
main(int argc, char **argv)
{
	static const struct guest_case cases[] = {
		T(identity), T(thread_local_storage), T(files_and_cwd_are_shared), T(masks_are_ones_own_and_inherited),
		T(alternate_stacks_are_not_inherited), T(pthread_kill_reaches_that_thread), T(cancellation), T(names),
		T(detached_threads_clean_up), T(main_thread_may_leave), T(only_the_forking_thread_survives), T(fork_from_a_thread),
		T(set_tid_address_returns_the_tid), T(large_stacks), T(a_signal_storm_between_threads),
	};

	return guest_main(argc, argv, cases, ARRAY_SIZE(cases));
}
