/* SPDX-License-Identifier: MIT
 *
 * Death by each fatal signal, and by exits of all kinds: what the parent is told.
 */
#include "tests/guest/guest.h"

static void
no_core(void)
{
	struct rlimit rl = { 0, 0 };

	setrlimit(RLIMIT_CORE, &rl);
}

static const int fatal[] = {
	SIGHUP, SIGINT, SIGQUIT, SIGILL, SIGTRAP, SIGABRT, SIGBUS, SIGFPE, SIGKILL, SIGUSR1, SIGSEGV, SIGUSR2, SIGPIPE, SIGALRM,
	SIGTERM, SIGSTKFLT, SIGXCPU, SIGXFSZ, SIGVTALRM, SIGPROF, SIGIO, SIGPWR, SIGSYS, 34, 35, 50, 64,
};

static void
sent_by_the_parent(void)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(fatal); i++) {
		pid_t pid = guest_fork();

		if (pid == 0) {
			no_core();
			for (;;)
				pause();
		}
		guest_sleep_ms(2);
		CHECK_EQ(kill(pid, fatal[i]), 0);
		CHECK_KILLED(pid, fatal[i]);
	}
}

static void
sent_to_oneself(void)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(fatal); i++) {
		pid_t pid = guest_fork();

		if (pid == 0) {
			no_core();
			kill(getpid(), fatal[i]);
			_exit(0);
		}
		CHECK_KILLED(pid, fatal[i]);
	}
}

static void
while_computing(void)
{
	static const int some[] = { SIGKILL, SIGTERM, SIGSEGV };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(some); i++) {
		pid_t pid = guest_fork();

		if (pid == 0) {
			no_core();
			for (;;)
				__asm__ volatile("pause");
		}
		guest_sleep_ms(20);
		CHECK_EQ(kill(pid, some[i]), 0);
		CHECK_KILLED(pid, some[i]);
	}
}

static void
harmless_signals(void)
{
	static const int harmless[] = { SIGCHLD, SIGCONT, SIGURG, SIGWINCH };
	pid_t pid = guest_fork();
	size_t i;

	if (pid == 0) {
		for (;;)
			pause();
	}
	for (i = 0; i < ARRAY_SIZE(harmless); i++)
		CHECK_EQ(kill(pid, harmless[i]), 0);
	guest_sleep_ms(20);
	CHECK_EQ(waitpid(pid, NULL, WNOHANG), 0);
	kill(pid, SIGKILL);
	CHECK_KILLED(pid, SIGKILL);
}

static void
abort_raises_sigabrt(void)
{
	pid_t pid = guest_fork();

	if (pid == 0) {
		no_core();
		signal(SIGABRT, SIG_IGN);
		abort();
	}
	CHECK_KILLED(pid, SIGABRT);
}

static void *
spin(void *arg)
{
	for (;;)
		__asm__ volatile("pause");
	return NULL;
}

static void *
sleep_forever(void *arg)
{
	for (;;)
		pause();
	return NULL;
}

static void *
exit_from_thread(void *arg)
{
	exit((int)(intptr_t)arg);
}

/* Two that spin and two that sleep, for ever. */
static void
start_threads(void)
{
	pthread_t th;

	for (int i = 0; i < 4; i++)
		pthread_create(&th, NULL, i & 1 ? spin : sleep_forever, NULL);
}

static void
a_signal_kills_all_threads(void)
{
	pid_t pid = guest_fork();

	if (pid == 0) {
		start_threads();
		for (;;)
			pause();
	}
	guest_sleep_ms(50);
	kill(pid, SIGTERM);
	CHECK_KILLED(pid, SIGTERM);
}

static void
exit_ends_all_threads(void)
{
	pid_t pid = guest_fork();

	if (pid == 0) {
		start_threads();
		_exit(41);
	}
	CHECK_EXITS(pid, 41);
}

static void
exit_from_another_thread(void)
{
	pid_t pid = guest_fork();

	if (pid == 0) {
		pthread_t th;

		pthread_create(&th, NULL, exit_from_thread, (void *)42);
		for (;;)
			pause();
	}
	CHECK_EXITS(pid, 42);
}

static void *
raw_exit_later(void *arg)
{
	guest_sleep_ms(50);
	syscall(SYS_exit, 9);
	return NULL;
}

static void
exit_of_the_last_thread_decides(void)
{
	pid_t pid = guest_fork();

	if (pid == 0) {
		pthread_t th;

		pthread_create(&th, NULL, raw_exit_later, NULL);
		syscall(SYS_exit, 8);
	}
	CHECK_EXITS(pid, 9); /* of the thread that ended last, since Linux 5.17 */
}

static void
leader_gone_process_alive(void)
{
	int p[2];
	pid_t pid;
	char c;

	CHECK_EQ(pipe(p), 0);
	pid = guest_fork();
	if (pid == 0) {
		pthread_t th;

		pthread_create(&th, NULL, sleep_forever, NULL);
		CHECK_EQ(write(p[1], "x", 1), 1);
		syscall(SYS_exit, 0);
	}
	CHECK_EQ(read(p[0], &c, 1), 1);
	guest_sleep_ms(50);
	CHECK_EQ(waitpid(pid, NULL, WNOHANG), 0);
	CHECK_EQ(guest_state(pid), 'Z');
	CHECK_EQ(kill(pid, SIGTERM), 0);
	CHECK_KILLED(pid, SIGTERM);
}

static void
sigpipe_kills_a_writer(void)
{
	pid_t pid = guest_fork();

	if (pid == 0) {
		int p[2];

		if (pipe(p) != 0 || close(p[0]) != 0)
			_exit(1);
		if (write(p[1], "x", 1) >= 0)
			_exit(2);
		_exit(0);
	}
	CHECK_KILLED(pid, SIGPIPE);
}

static void
kill_in_a_blocking_call(void)
{
	int p[2];
	pid_t pid;

	CHECK_EQ(pipe(p), 0);
	pid = guest_fork();
	if (pid == 0) {
		char c;

		_exit(read(p[0], &c, 1) == 1);
	}
	guest_await_sleep(pid);
	kill(pid, SIGKILL);
	CHECK_KILLED(pid, SIGKILL);
}

static void
kill_of_a_stopped_process(void)
{
	pid_t pid = guest_fork();
	int status;

	if (pid == 0) {
		for (;;)
			pause();
	}
	kill(pid, SIGSTOP);
	CHECK_EQ(waitpid(pid, &status, WUNTRACED), pid);
	kill(pid, SIGTERM); /* waits for the continuation */
	guest_sleep_ms(30);
	CHECK_EQ(waitpid(pid, &status, WNOHANG), 0);
	kill(pid, SIGKILL);
	CHECK_KILLED(pid, SIGKILL);
}

static void
atexit_and_flush(void)
{
	int p[2];
	char buf[16] = "";
	pid_t pid;

	CHECK_EQ(pipe(p), 0);
	pid = guest_fork();
	if (pid == 0) {
		dup2(p[1], 1);
		setvbuf(stdout, NULL, _IOFBF, 4096);
		printf("flushed");
		exit(0);
	}
	CHECK_EXITS(pid, 0);
	CHECK_EQ(read(p[0], buf, sizeof(buf)), 7);
	CHECK_STR(buf, "flushed");
}

int
main(int argc, char **argv)
{
	static const struct guest_case cases[] = {
		T(sent_by_the_parent), T(sent_to_oneself), T(while_computing), T(harmless_signals), T(abort_raises_sigabrt),
		T(a_signal_kills_all_threads), T(exit_ends_all_threads), T(exit_from_another_thread),
		T(exit_of_the_last_thread_decides), T(leader_gone_process_alive), T(sigpipe_kills_a_writer),
		T(kill_in_a_blocking_call), T(kill_of_a_stopped_process), T(atexit_and_flush),
	};

	return guest_main(argc, argv, cases, ARRAY_SIZE(cases));
}
