/* SPDX-License-Identifier: MIT
 *
 * wait4, waitid and what becomes of children: zombies, orphans, automatic reaping, SIGCHLD.
 */
#include <sys/prctl.h>

#include "tests/guest/guest.h"

static pid_t
child_exiting(int code)
{
	pid_t pid = guest_fork();

	if (pid == 0)
		_exit(code);
	return pid;
}

static pid_t
child_pausing(void)
{
	pid_t pid = guest_fork();

	if (pid == 0) {
		for (;;)
			pause();
	}
	return pid;
}

static void
status_of_every_exit_code(void)
{
	static const int codes[] = { 0, 1, 2, 126, 127, 128, 255 };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(codes); i++)
		CHECK_EQ(guest_wait(child_exiting(codes[i])), codes[i] << 8);
	CHECK_EQ(guest_wait(child_exiting(0x1234)), 0x3400);
}

static void
no_children(void)
{
	siginfo_t si;

	CHECK_ERR(wait(NULL), ECHILD);
	CHECK_ERR(waitpid(getpid(), NULL, 0), ECHILD);
	CHECK_ERR(waitpid(1, NULL, WNOHANG), ECHILD);
	CHECK_ERR(waitpid(-getpid(), NULL, 0), ECHILD);
	CHECK_ERR(waitid(P_ALL, 0, &si, WEXITED), ECHILD);
	CHECK_ERR(waitid(P_PID, 0x7ffffff, &si, WEXITED), ECHILD);
}

static void
bad_arguments(void)
{
	siginfo_t si;

	CHECK_ERR(waitpid(-1, NULL, 0x40), EINVAL);
	CHECK_ERR(waitid(P_ALL, 0, &si, 0), EINVAL);
	CHECK_ERR(waitid(P_ALL, 0, &si, WNOHANG), EINVAL);
	CHECK_ERR(waitid((idtype_t)99, 0, &si, WEXITED), EINVAL);
	CHECK_ERR(waitid(P_PID, 0, &si, WEXITED), EINVAL);
	CHECK_ERR(waitid((idtype_t)3, 99, &si, WEXITED), EBADF);
	CHECK_ERR(waitpid((pid_t)INT_MIN, NULL, 0), ESRCH);
	child_exiting(0);
	CHECK_ERR(syscall(SYS_wait4, -1, 8, 0, NULL), EFAULT);
}

static void
wnohang(void)
{
	pid_t pid = child_pausing();
	int status = 77;

	CHECK_EQ(waitpid(pid, &status, WNOHANG), 0);
	CHECK_EQ(status, 77);
	kill(pid, SIGTERM);
	CHECK_KILLED(pid, SIGTERM);
}

static void
waitid_wnohang_zeroes_the_info(void)
{
	pid_t pid = child_pausing();
	siginfo_t si;

	memset(&si, 0xff, sizeof(si));
	CHECK_EQ(waitid(P_PID, (id_t)pid, &si, WEXITED | WNOHANG), 0);
	CHECK_EQ(si.si_pid, 0);
	CHECK_EQ(si.si_signo, 0);
	kill(pid, SIGKILL);
	CHECK_KILLED(pid, SIGKILL);
}

static void
waitid_tells_how(void)
{
	siginfo_t si = { 0 };
	pid_t pid = child_exiting(33);

	CHECK_EQ(waitid(P_PID, (id_t)pid, &si, WEXITED), 0);
	CHECK_EQ(si.si_signo, SIGCHLD);
	CHECK_EQ(si.si_code, CLD_EXITED);
	CHECK_EQ(si.si_status, 33);
	CHECK_EQ(si.si_pid, pid);
	CHECK_EQ(si.si_uid, getuid());
	pid = child_pausing();
	kill(pid, SIGUSR1);
	CHECK_EQ(waitid(P_PID, (id_t)pid, &si, WEXITED), 0);
	CHECK_EQ(si.si_code, CLD_KILLED);
	CHECK_EQ(si.si_status, SIGUSR1);
}

static void
wnowait_leaves_the_zombie(void)
{
	siginfo_t si = { 0 };
	pid_t pid = child_exiting(5);

	CHECK_EQ(waitid(P_ALL, 0, &si, WEXITED | WNOWAIT), 0);
	CHECK_EQ(si.si_pid, pid);
	CHECK_EQ(waitid(P_PID, (id_t)pid, &si, WEXITED | WNOWAIT | WNOHANG), 0);
	CHECK_EQ(si.si_status, 5);
	CHECK_EXITS(pid, 5);
}

static void
zombies_can_be_signalled_until_reaped(void)
{
	pid_t pid = child_exiting(0);
	siginfo_t si;

	CHECK_EQ(waitid(P_PID, (id_t)pid, &si, WEXITED | WNOWAIT), 0);
	CHECK_EQ(guest_state(pid), 'Z');
	CHECK_EQ(kill(pid, 0), 0);
	CHECK_EQ(kill(pid, SIGKILL), 0);
	CHECK_EXITS(pid, 0);
	CHECK_ERR(kill(pid, 0), ESRCH);
}

static void
stopped_and_continued(void)
{
	pid_t pid = child_pausing();
	int status;

	kill(pid, SIGSTOP);
	CHECK_EQ(waitpid(pid, &status, WUNTRACED), pid);
	CHECK(WIFSTOPPED(status));
	CHECK_EQ(WSTOPSIG(status), SIGSTOP);
	CHECK_EQ(waitpid(pid, &status, WUNTRACED | WNOHANG), 0); /* told once */
	CHECK(strchr("Tt", guest_state(pid))); /* t: it is traced */
	kill(pid, SIGCONT);
	CHECK_EQ(waitpid(pid, &status, WCONTINUED), pid);
	CHECK(WIFCONTINUED(status));
	CHECK_EQ(status, 0xffff);
	kill(pid, SIGTERM);
	CHECK_KILLED(pid, SIGTERM);
}

static void
waitid_stopped(void)
{
	pid_t pid = child_pausing();
	siginfo_t si = { 0 };

	kill(pid, SIGSTOP);
	CHECK_EQ(waitid(P_PID, (id_t)pid, &si, WSTOPPED), 0);
	CHECK_EQ(si.si_code, CLD_STOPPED);
	CHECK_EQ(si.si_status, SIGSTOP);
	kill(pid, SIGCONT);
	CHECK_EQ(waitid(P_PID, (id_t)pid, &si, WCONTINUED), 0);
	CHECK_EQ(si.si_code, CLD_CONTINUED);
	CHECK_EQ(si.si_status, SIGCONT);
	kill(pid, SIGKILL);
	CHECK_KILLED(pid, SIGKILL);
}

static void
by_process_group(void)
{
	pid_t a = child_pausing(), b = child_exiting(1);
	siginfo_t si = { 0 };

	CHECK_EQ(setpgid(a, a), 0);
	CHECK_EQ(waitpid(-a, NULL, WNOHANG), 0);
	CHECK_EQ(waitpid(0, NULL, 0), b);
	CHECK_ERR(waitpid(0, NULL, 0), ECHILD);
	kill(-a, SIGINT);
	CHECK_EQ(waitid(P_PGID, (id_t)a, &si, WEXITED), 0);
	CHECK_EQ(si.si_pid, a);
	CHECK_EQ(si.si_status, SIGINT);
}

static void
pgid_zero_of_waitid(void)
{
	pid_t pid = child_exiting(3);
	siginfo_t si = { 0 };

	CHECK_EQ(waitid(P_PGID, 0, &si, WEXITED), 0);
	CHECK_EQ(si.si_pid, pid);
}

static void
rusage_is_filled(void)
{
	struct rusage ru;
	pid_t pid = guest_fork();
	int status;

	if (pid == 0) {
		volatile unsigned long x = 0;
		clock_t end = clock() + CLOCKS_PER_SEC / 20;

		while (clock() < end)
			x++;
		_exit(0);
	}
	memset(&ru, 0xff, sizeof(ru));
	CHECK_EQ(wait4(pid, &status, 0, &ru), pid);
	CHECK(ru.ru_utime.tv_sec * 1000000 + ru.ru_utime.tv_usec + ru.ru_stime.tv_sec * 1000000 + ru.ru_stime.tv_usec >= 20000);
	CHECK(ru.ru_maxrss > 0);
	CHECK_EQ(getrusage(RUSAGE_CHILDREN, &ru), 0);
	CHECK(ru.ru_utime.tv_sec * 1000000 + ru.ru_utime.tv_usec + ru.ru_stime.tv_sec * 1000000 + ru.ru_stime.tv_usec >= 20000);
}

static void
ignored_sigchld_reaps(void)
{
	pid_t pid;
	long end = guest_ms() + 5000;

	signal(SIGCHLD, SIG_IGN);
	pid = child_exiting(0);
	CHECK_ERR(waitpid(pid, NULL, 0), ECHILD); /* waits until it has ended */
	while (kill(pid, 0) == 0 && guest_ms() < end)
		guest_sleep_ms(5);
	CHECK_ERR(kill(pid, 0), ESRCH);
}

static void
nocldwait_reaps(void)
{
	struct sigaction sa = { .sa_handler = SIG_DFL, .sa_flags = SA_NOCLDWAIT };

	sigaction(SIGCHLD, &sa, NULL);
	child_exiting(0);
	child_exiting(1);
	CHECK_ERR(wait(NULL), ECHILD);
}

static volatile siginfo_t last_si;
static volatile int handled;

static void
on_sigchld(int sig, siginfo_t *si, void *uc)
{
	last_si = *si;
	handled++;
}

static void
await_handled(int n)
{
	long end = guest_ms() + 5000;

	while (handled < n && guest_ms() < end)
		guest_sleep_ms(2);
	CHECK_EQ(handled, n);
}

static void
sigchld_carries_the_status(void)
{
	struct sigaction sa = { .sa_sigaction = on_sigchld, .sa_flags = SA_SIGINFO };
	pid_t pid;

	sigaction(SIGCHLD, &sa, NULL);
	pid = child_exiting(44);
	await_handled(1);
	CHECK_EQ(last_si.si_code, CLD_EXITED);
	CHECK_EQ(last_si.si_status, 44);
	CHECK_EQ(last_si.si_pid, pid);
	CHECK_EXITS(pid, 44);
	pid = child_pausing();
	kill(pid, SIGSTOP);
	await_handled(2);
	CHECK_EQ(last_si.si_code, CLD_STOPPED);
	CHECK_EQ(last_si.si_status, SIGSTOP);
	kill(pid, SIGCONT);
	await_handled(3);
	CHECK_EQ(last_si.si_code, CLD_CONTINUED);
	kill(pid, SIGKILL);
	await_handled(4);
	CHECK_EQ(last_si.si_code, CLD_KILLED);
	CHECK_EQ(last_si.si_status, SIGKILL);
	CHECK_KILLED(pid, SIGKILL);
}

static void
nocldstop(void)
{
	struct sigaction sa = { .sa_sigaction = on_sigchld, .sa_flags = SA_SIGINFO | SA_NOCLDSTOP };
	pid_t pid;
	int status;

	sigaction(SIGCHLD, &sa, NULL);
	pid = child_pausing();
	kill(pid, SIGSTOP);
	CHECK_EQ(waitpid(pid, &status, WUNTRACED), pid);
	kill(pid, SIGCONT);
	CHECK_EQ(waitpid(pid, &status, WCONTINUED), pid);
	CHECK_EQ(handled, 0);
	kill(pid, SIGKILL);
	await_handled(1);
}

static void
orphans_go_to_a_subreaper(void)
{
	int p[2];
	pid_t pid, orphan, me = getpid();

	CHECK_EQ(prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0), 0);
	CHECK_EQ(pipe(p), 0);
	pid = guest_fork();
	if (pid == 0) {
		orphan = fork();
		if (orphan == 0) {
			char c;

			close(p[1]);
			if (read(p[0], &c, 1) != 0) /* until the middle one is gone */
				_exit(1);
			while (getppid() != me)
				usleep(1000);
			_exit(12);
		}
		_exit(0);
	}
	CHECK_EXITS(pid, 0);
	close(p[1]);
	CHECK_EXITS(-1, 12);
}

static void
orphans_go_to_init(void)
{
	int p[2], q[2], ppid = -1;
	pid_t pid;

	CHECK_EQ(pipe(p), 0);
	CHECK_EQ(pipe(q), 0);
	pid = guest_fork();
	if (pid == 0) {
		if (fork() == 0) {
			char c;

			close(p[1]);
			if (read(p[0], &c, 1) != 0)
				_exit(1);
			usleep(20000);
			ppid = getppid();
			_exit(write(q[1], &ppid, sizeof(ppid)) != sizeof(ppid));
		}
		_exit(0);
	}
	CHECK_EXITS(pid, 0);
	close(p[1]);
	CHECK_EQ(read(q[0], &ppid, sizeof(ppid)), sizeof(ppid));
	CHECK(ppid > 0 && ppid != getpid() && ppid != pid); /* 1, or a subreaper outside */
}

static void
a_waiting_parent_is_woken_by_any(void)
{
	pid_t pids[5], got;
	int i, status, sum = 0;

	for (i = 0; i < 5; i++) {
		pids[i] = guest_fork();
		if (pids[i] == 0) {
			usleep(10000 * (5 - i));
			_exit(i + 1);
		}
	}
	for (i = 0; i < 5; i++) {
		got = wait(&status);
		CHECK(got > 0);
		CHECK_EQ(pids[WEXITSTATUS(status) - 1], got);
		sum += WEXITSTATUS(status);
	}
	CHECK_EQ(sum, 15);
	CHECK_ERR(wait(NULL), ECHILD);
}

static void *
wait_thread(void *arg)
{
	pid_t pid = *(pid_t *)arg;
	int status = 0;

	return (void *)(intptr_t)(waitpid(pid, &status, 0) == pid ? WEXITSTATUS(status) : -1);
}

static void
any_thread_may_wait(void)
{
	pthread_t th;
	void *ret;
	pid_t pid = guest_fork();

	if (pid == 0) {
		usleep(50000);
		_exit(19);
	}
	CHECK_EQ(pthread_create(&th, NULL, wait_thread, &pid), 0);
	CHECK_EQ(pthread_join(th, &ret), 0);
	CHECK_EQ((intptr_t)ret, 19);
}

static void *
fork_thread(void *arg)
{
	pid_t pid = fork();

	if (pid == 0) {
		usleep(20000);
		_exit(23);
	}
	*(pid_t *)arg = pid;
	return NULL;
}

static void
children_of_a_thread_that_ended(void)
{
	pthread_t th;
	pid_t pid = 0;

	CHECK_EQ(pthread_create(&th, NULL, fork_thread, &pid), 0);
	CHECK_EQ(pthread_join(th, NULL), 0);
	CHECK_EXITS(pid, 23);
}

static void
wnothread_sees_only_ones_own(void)
{
	pthread_t th;
	pid_t pid = 0;

	CHECK_EQ(pthread_create(&th, NULL, fork_thread, &pid), 0);
	CHECK_EQ(pthread_join(th, NULL), 0);
	guest_sleep_ms(20);
	/* The thread is gone, its children are the leader's now. */
	CHECK_EQ(waitpid(pid, NULL, __WNOTHREAD), pid);
}

static void
pdeathsig(void)
{
	int p[2];
	pid_t pid;
	char c = 0;

	CHECK_EQ(pipe(p), 0);
	prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
	pid = guest_fork();
	if (pid == 0) {
		if (fork() == 0) {
			prctl(PR_SET_PDEATHSIG, SIGTERM, 0, 0, 0);
			if (write(p[1], "r", 1) != 1)
				_exit(1);
			for (;;)
				pause();
		}
		_exit(read(p[0], &c, 1) == 1 ? 0 : 1);
	}
	CHECK_EXITS(pid, 0);
	CHECK_KILLED(-1, SIGTERM);
}

int
main(int argc, char **argv)
{
	static const struct guest_case cases[] = {
		T(status_of_every_exit_code), T(no_children), T(bad_arguments), T(wnohang), T(waitid_wnohang_zeroes_the_info),
		T(waitid_tells_how), T(wnowait_leaves_the_zombie), T(zombies_can_be_signalled_until_reaped),
		T(stopped_and_continued), T(waitid_stopped), T(by_process_group), T(pgid_zero_of_waitid), T(rusage_is_filled),
		T(ignored_sigchld_reaps), T(nocldwait_reaps), T(sigchld_carries_the_status), T(nocldstop),
		T(orphans_go_to_a_subreaper), T(orphans_go_to_init), T(a_waiting_parent_is_woken_by_any),
		T(any_thread_may_wait), T(children_of_a_thread_that_ended), T(wnothread_sees_only_ones_own), T(pdeathsig),
	};

	return guest_main(argc, argv, cases, ARRAY_SIZE(cases));
}
