/* SPDX-License-Identifier: MIT
 *
 * Many processes at once whose threads start others, exec, exit, and are shot at, stopped and continued: nothing hangs, and nothing is
 * left.
 */
#include <criterion/criterion.h>

#include <signal.h>
#include <stdlib.h>
#include <unistd.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <linux/sched.h>

#include "kernel/pidfd.h"
#include "mm/uaccess.h"
#include "syscalls/proto.h"
#include "tests/unit/world.h"

static void
prog_chaos_thread(struct task *t, uint64_t seed)
{
	for (int i = 0; i < 20; i++) {
		unsigned int r = (unsigned int)(seed = seed * 6364136223846793005ULL + 1442695040888963407ULL) >> 28 & 15;
		int status;

		switch (r) {
		case 0:
			if (!CALL(t, de_thread(t)))
				cr_assert(thread_group_leader(t) && t->pid == t->tgid);
			break;
		case 1:
			CALL(t, sys_exit(t, 1));
			break;
		case 2:
			CALL(t, sys_exit_group(t, 2));
			break;
		case 3:
		case 4:
		case 5:
			spawn(t, prog_chaos_thread, seed, THREAD);
			break;
		case 6:
			spawn(t, prog_chaos_thread, seed, 0);
			break;
		case 7:
			wait4_(t, -1, &status, WNOHANG | WUNTRACED | WCONTINUED);
			break;
		case 8:
			CALL(t, sys_tgkill(t, t->tgid, t->pid, SIGUSR1));
			break;
		case 9:
			CALL(t, sys_kill(t, t->tgid, SIGURG));
			break;
		default:
			usleep(100);
		}
	}
}

static void
nothing(struct task *t, int sig, struct k_siginfo *info)
{
}

static void
main_chaos(struct task *t, uint64_t seed)
{
	static const int sigs[] = { SIGSTOP, SIGCONT, SIGCONT, SIGTERM, SIGKILL, SIGUSR1, SIGSEGV, SIGCONT };
	int status;

	on_signal(t, SIGUSR1, (uintptr_t)nothing, SA_SIGINFO_ | SA_RESTART_);
	CALL(t, sys_prctl(t, PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0));
	for (int i = 0; i < 60; i++) {
		int64_t pid = spawn(t, prog_chaos_thread, seed + (uint64_t)i * 77, 0);

		cr_assert(pid > 0 || pid == -EAGAIN, "%ld", (long)pid);
		for (int j = 0; j < 8; j++) {
			usleep((unsigned int)(random() % 300));
			CALL(t, sys_kill(t, (int)pid, sigs[random() % 8]));
		}
		while (wait4_(t, -1, &status, WNOHANG) > 0)
			;
	}
	/* all that are left are ours: stopped ones too */
	for (;;) {
		int64_t r;

		CALL(t, sys_kill(t, -1, SIGKILL));
		r = wait4_(t, -1, &status, WNOHANG);
		if (r < 0)
			break;
		if (r == 0)
			usleep(500);
	}
}

Test(chaos, everything, .timeout = 60)
{
	const char *seed = getenv("CHAOS_SEED"); /* another run than the usual one */

	srandom(seed ? (unsigned int)atoi(seed) : 1);
	world_run(main_chaos, (uint64_t)random());
	check_empty();
	cr_expect(list_empty(&K->init_task->children));
}
