/* SPDX-License-Identifier: MIT
 *
 * Sessions, process groups and job control as far as it needs no terminal.
 */
#include "tests/guest/guest.h"

static void
setsid_makes_a_session(void)
{
	pid_t pid = guest_fork();

	if (pid == 0) {
		pid_t me = getpid();

		_exit(setsid() == me && getsid(0) == me && getpgrp() == me && getpgid(0) == me ? 0 : 1);
	}
	CHECK_EXITS(pid, 0);
}

static void
setsid_of_a_group_leader_fails(void)
{
	pid_t pid = guest_fork();

	if (pid == 0) {
		setpgid(0, 0);
		_exit(setsid() == -1 && errno == EPERM ? 0 : 1);
	}
	CHECK_EXITS(pid, 0);
}

static void
groups_and_sessions_are_inherited(void)
{
	pid_t pgrp = getpgrp(), sid = getsid(0), pid = guest_fork();

	if (pid == 0)
		_exit(getpgrp() == pgrp && getsid(0) == sid ? 0 : 1);
	CHECK_EXITS(pid, 0);
}

static void
setpgid_rules(void)
{
	int p[2];
	char c;
	pid_t pid, other;

	CHECK_EQ(pipe(p), 0);
	pid = guest_fork();
	if (pid == 0) {
		setsid();
		if (write(p[1], "x", 1) != 1)
			_exit(1);
		for (;;)
			pause();
	}
	other = guest_fork();
	if (other == 0) {
		for (;;)
			pause();
	}
	CHECK_EQ(read(p[0], &c, 1), 1);
	CHECK_ERR(setpgid(pid, 0), EPERM); /* in another session */
	CHECK_ERR(setpgid(0, -5), EINVAL);
	CHECK_ERR(setpgid(-1, 0), EINVAL);
	CHECK_ERR(setpgid(1, 0), ESRCH);
	CHECK_ERR(setpgid(other, pid), EPERM);	/* a group of another session */
	CHECK_ERR(setpgid(other, 0x3ffffff), EPERM);
	CHECK_EQ(setpgid(other, other), 0);
	CHECK_EQ(getpgid(other), other);
	CHECK_EQ(setpgid(other, getpgrp()), 0);
	CHECK_EQ(getpgid(other), getpgrp());
	CHECK_ERR(getpgid(0x3ffffff), ESRCH);
	CHECK_ERR(getsid(0x3ffffff), ESRCH);
	CHECK_EQ(getsid(pid), pid);
	kill(pid, SIGKILL);
	kill(other, SIGKILL);
	guest_wait(pid);
	guest_wait(other);
}

static void
setpgid_after_exec_is_eacces(void)
{
	pid_t pid;
	int p[2];
	char c;

	CHECK_EQ(pipe(p), 0);
	pid = guest_fork();
	if (pid == 0) {
		dup2(p[1], 1);
		execl("/bin/sh", "sh", "-c", "echo; sleep 30", (char *)NULL);
		_exit(1);
	}
	CHECK_EQ(read(p[0], &c, 1), 1);
	CHECK_ERR(setpgid(pid, pid), EACCES);
	kill(pid, SIGKILL);
	CHECK_KILLED(pid, SIGKILL);
}

static volatile int handled[65];

static void
count(int sig)
{
	handled[sig]++;
}

/* A group becomes orphaned with a stopped member: SIGHUP, then SIGCONT. */
static void
newly_orphaned_group_is_hung_up(void)
{
	int p[2];
	pid_t pid, child = 0;
	char c = 0;

	CHECK_EQ(pipe(p), 0);
	pid = guest_fork();
	if (pid == 0) {
		if (setsid() < 0)
			_exit(1);
		child = fork();
		if (child == 0) {
			setpgid(0, 0);
			signal(SIGHUP, count);
			signal(SIGCONT, count);
			raise(SIGSTOP);
			c = (char)(handled[SIGHUP] * 10 + handled[SIGCONT]);
			if (write(p[1], &c, 1) != 1)
				_exit(1);
			_exit(0);
		}
		waitpid(child, NULL, WUNTRACED);
		_exit(0); /* the group's last link to another group of its session */
	}
	close(p[1]);
	CHECK_EXITS(pid, 0);
	CHECK_EQ(read(p[0], &c, 1), 1);
	CHECK_EQ(c, 11);
}

static void
terminal_stops_are_ignored_in_orphaned_groups(void)
{
	pid_t pid = guest_fork();

	if (pid == 0) {
		pid_t inner;

		setsid();
		inner = fork();
		if (inner == 0) {
			setsid(); /* orphaned: no parent in the session */
			raise(SIGTSTP);
			raise(SIGTTIN);
			raise(SIGTTOU);
			_exit(7);
		}
		_exit(WEXITSTATUS(guest_wait(inner)));
	}
	CHECK_EXITS(pid, 7);
}

static void
stop_signals_stop(void)
{
	static const int stops[] = { SIGSTOP, SIGTSTP, SIGTTIN, SIGTTOU };
	pid_t pid;
	size_t i;
	int status;

	setsid();
	pid = guest_fork();
	if (pid == 0) {
		setpgid(0, 0);
		for (;;)
			pause();
	}
	setpgid(pid, pid);
	for (i = 0; i < ARRAY_SIZE(stops); i++) {
		CHECK_EQ(kill(pid, stops[i]), 0);
		CHECK_EQ(waitpid(pid, &status, WUNTRACED), pid);
		CHECK(WIFSTOPPED(status));
		CHECK_EQ(WSTOPSIG(status), stops[i]);
		CHECK_EQ(kill(pid, SIGCONT), 0);
		CHECK_EQ(waitpid(pid, &status, WCONTINUED), pid);
		CHECK(WIFCONTINUED(status));
	}
	kill(pid, SIGKILL);
	CHECK_KILLED(pid, SIGKILL);
}

static void
cont_discards_stops_and_stop_discards_cont(void)
{
	sigset_t s, pend;

	sigemptyset(&s);
	sigaddset(&s, SIGTSTP);
	sigaddset(&s, SIGCONT);
	sigprocmask(SIG_BLOCK, &s, NULL);
	signal(SIGCONT, count);
	raise(SIGTSTP);
	sigpending(&pend);
	CHECK(sigismember(&pend, SIGTSTP));
	raise(SIGCONT);
	sigpending(&pend);
	CHECK(!sigismember(&pend, SIGTSTP) && sigismember(&pend, SIGCONT));
	raise(SIGTSTP);
	sigpending(&pend);
	CHECK(sigismember(&pend, SIGTSTP) && !sigismember(&pend, SIGCONT));
	raise(SIGCONT);
}

static void
cont_continues_even_when_blocked_or_ignored(void)
{
	pid_t pid = guest_fork();
	int status;
	sigset_t s;

	if (pid == 0) {
		sigfillset(&s);
		sigprocmask(SIG_SETMASK, &s, NULL);
		signal(SIGCONT, SIG_IGN);
		raise(SIGSTOP);
		_exit(5);
	}
	CHECK_EQ(waitpid(pid, &status, WUNTRACED), pid);
	CHECK(WIFSTOPPED(status));
	kill(pid, SIGCONT);
	CHECK_EXITS(pid, 5);
}

static void *
tick(void *arg)
{
	volatile long *n = arg;

	for (;;) {
		++*n;
		usleep(1000);
	}
	return NULL;
}

static void
a_stop_stops_every_thread(void)
{
	volatile long *n = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pid_t pid = guest_fork();
	long seen;
	int status;

	if (pid == 0) {
		pthread_t th;

		pthread_create(&th, NULL, tick, (void *)n);
		tick((void *)(n + 8));
	}
	while (n[0] < 3 || n[8] < 3)
		usleep(1000);
	kill(pid, SIGSTOP);
	CHECK_EQ(waitpid(pid, &status, WUNTRACED), pid);
	seen = n[0] + n[8];
	guest_sleep_ms(50);
	CHECK_EQ(n[0] + n[8], seen);
	kill(pid, SIGCONT);
	while (n[0] + n[8] < seen + 4)
		usleep(1000);
	kill(pid, SIGKILL);
	CHECK_KILLED(pid, SIGKILL);
}

static void
kill_minus_one_and_zero(void)
{
	pid_t pid = guest_fork(), a;

	if (pid == 0) {
		setpgid(0, 0);
		a = fork();
		if (a == 0) {
			for (;;)
				pause();
		}
		signal(SIGTERM, SIG_IGN);
		kill(0, SIGTERM);
		_exit(WTERMSIG(guest_wait(a)));
	}
	CHECK_EXITS(pid, SIGTERM);
}

int
main(int argc, char **argv)
{
	static const struct guest_case cases[] = {
		T(setsid_makes_a_session), T(setsid_of_a_group_leader_fails), T(groups_and_sessions_are_inherited),
		T(setpgid_rules), T(setpgid_after_exec_is_eacces), T(newly_orphaned_group_is_hung_up),
		T(terminal_stops_are_ignored_in_orphaned_groups), T(stop_signals_stop),
		T(cont_discards_stops_and_stop_discards_cont), T(cont_continues_even_when_blocked_or_ignored),
		T(a_stop_stops_every_thread), T(kill_minus_one_and_zero),
	};

	return guest_main(argc, argv, cases, ARRAY_SIZE(cases));
}
