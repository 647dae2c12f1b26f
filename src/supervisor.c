/* SPDX-License-Identifier: MIT
 *
 * The supervisor: boots the kernel, starts its own threads (timers, readiness and signals, terminal), runs the first program
 * under a trap, and takes everything down when it has ended.
 */
#include "src/supervisor.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysinfo.h>
#include <unistd.h>

#include "kernel/inject.h"
#include "kernel/kernel.h"
#include "kernel/missing.h"
#include "kernel/task.h"
#include "src/boot-files.h"
#include "src/commands.h"
#include "src/doctor.h"
#include "src/inherit.h"
#include "src/options.h"
#include "src/program-path.h"
#include "src/readiness.h"
#include "src/run-errors.h"
#include "src/super-ops.h"
#include "src/terminal.h"
#include "src/trace/kernel.h"
#include "src/trace/look.h"
#include "trap/remote/remote.h"
#include "trap/resident/boot.h"
#include "vfs/fdtable.h"
#include "vfs/namei.h"

#define ARENA_SIZE (256UL << 30) /* address space, sparse */

extern const char __executable_start[], _end[];

static void
set_params(struct kernel *k, const struct run_options *opt)
{
	struct kernel_params *p = &k->params;
	struct sysinfo si;
	gid_t groups[ARRAY_SIZE(p->groups)];
	int n;

	sysinfo(&si);
	p->aslr = !opt->no_aslr;
	p->trace = opt->hooks != NULL;
	p->watch = p->trace || opt->inject;
	p->report_missing = opt->report_missing;
	p->debug_log = opt->debug_log;
	p->memory = opt->memory ? opt->memory : (uint64_t)si.totalram * si.mem_unit;
	inherit_params(p);
	p->uid = opt->have_uid ? opt->uid : geteuid();
	p->gid = opt->have_uid ? opt->gid : getegid();
	n = opt->have_uid ? 0 : getgroups(ARRAY_SIZE(groups), groups);
	for (int i = 0; i < n; i++)
		p->groups[p->ngroups++] = groups[i];
	if (opt->hostname)
		snprintf(p->hostname, sizeof(p->hostname), "%s", opt->hostname);
	else
		gethostname(p->hostname, sizeof(p->hostname) - 1);
	k->boot_time_ns = ktime_get();
	k->image_start = ALIGN_DOWN((uintptr_t)__executable_start, PAGE_SIZE);
	k->image_end = ALIGN_UP((uintptr_t)_end, PAGE_SIZE);
}

static void *
timer_thread(void *arg)
{
	ktimers_run(arg);
	return NULL;
}

static const int passed_on[] = { SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2, SIGALRM, SIGCONT, SIGWINCH, SIGTSTP };

/* Signals that somebody sends to the stead command are meant for the program. */
static bool
take_signal(struct kernel *k, int sig)
{
	if (sig == SIGCHLD) { /* from now on waitpid(2) tells */
		resident_start_reaper(k);
		return false;
	}
	if (sig == SIGWINCH)
		terminal_resized(k);
	else
		ignore_err(send_sig_info(sig, SEND_SIG_PRIV, k->main_task, PIDTYPE_TGID, NULL), "it has ended");
	return true;
}

static void
block_signals(void)
{
	sigset_t set;

	sigemptyset(&set);
	for (size_t i = 0; i < ARRAY_SIZE(passed_on); i++)
		sigaddset(&set, passed_on[i]);
	sigaddset(&set, SIGCHLD);
	sigaddset(&set, SIGPIPE);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
}

static int
start_threads(struct kernel *k)
{
	sigset_t set;
	pthread_t th;
	int err;

	sigemptyset(&set);
	for (size_t i = 0; i < ARRAY_SIZE(passed_on); i++)
		sigaddset(&set, passed_on[i]);
	if (k->resident)
		sigaddset(&set, SIGCHLD);
	err = readiness_start(k, &set, take_signal);
	if (err < 0 || k->resident) /* resident_run() waits there, and starts what is wanted */
		return err;
	err = readiness_start_thread();
	return err < 0 ? err : -pthread_create(&th, NULL, timer_thread, k);
}

/* The one of them that will be executed, for the trace. */
static const char *
found_program(struct task *t, const struct run_options *opt)
{
	const char **list = program_candidates(opt->argv[0], opt->envp);
	struct path path;

	for (size_t i = 0; list[i]; i++) {
		if (kern_path(t, list[i], LOOKUP_FOLLOW, &path) == 0) {
			path_put(t, &path);
			return list[i];
		}
	}
	return opt->argv[0];
}

static int
set_inject(struct kernel *k, const struct inject_rules *rules)
{
	struct inject_rules *r;

	if (!rules)
		return 0;
	r = kmalloc(k, sizeof(*r));
	if (!r)
		return -ENOMEM;
	memcpy(r, rules, sizeof(*r));
	k->inject = r;
	return 0;
}

static int
boot(struct kernel **out, const struct run_options *opt)
{
	enum run_trap trap = opt->trap == RUN_TRAP_AUTO ? doctor_choose() : opt->trap;
	bool resident = trap == RUN_TRAP_RESIDENT || trap == RUN_TRAP_UNPROTECTED;
	struct kernel *k;
	int err = arena_create(ARENA_SIZE, &k);

	if (err < 0)
		return run_error("make the arena", err);
	set_params(k, opt);
	k->trap = resident ? &resident_trap_ops : &remote_trap_ops;
	k->super = resident ? &resident_super : &supervisor_ops;
	err = resident ? resident_prepare(k) : 0;
	if (err == 0)
		err = kernel_init(k);
	if (err == 0)
		err = set_inject(k, opt->inject);
	if (err < 0)
		return run_error("boot", err);
	err = resident ? resident_boot(k, trap == RUN_TRAP_RESIDENT) : remote_boot(k);
	if (err == -ECANCELED)
		return -EXIT_STEAD_FAILED; /* and it was said why */
	if (err < 0)
		return run_error("start the trap; stead doctor says what this host lacks", err);
	k->init_task = create_init_task(k);
	k->main_task = IS_ERR(k->init_task) ? k->init_task : create_main_task(k);
	if (IS_ERR(k->main_task))
		return run_error("make the first task", (int)PTR_ERR(k->main_task));
	k->main_task->files = files_alloc(k);
	k->main_task->fs = fs_alloc(k);
	if (!k->main_task->files || !k->main_task->fs)
		return run_error("boot", -ENOMEM);
	inherit_task(k->main_task);
	*out = k;
	return boot_files(k, opt);
}

static void
write_report(struct kernel *k, FILE *f)
{
	report_missing(k->missing->count, MISSING_MAX, f);
	if (f != stderr)
		fclose(f);
}

int
supervisor_run(const struct run_options *opt)
{
	FILE *report = stderr;
	struct kernel *k = NULL;
	int status, err;

	if (opt->report_file)
		report = fopen(opt->report_file, "we");
	if (!report) {
		fprintf(stderr, "stead run: --report-missing=%s: %s\n", opt->report_file, strerror(errno));
		return -EXIT_STEAD_FAILED;
	}
	inherit_note();
	block_signals();
	err = boot(&k, opt);
	if (err < 0)
		return err;
	if (opt->hooks)
		trace_start(opt->hooks, guest_peek, guest_look, found_program(k->main_task, opt), opt->argv, opt->envp);
	err = terminal_start(k);
	if (err == 0)
		err = start_threads(k);
	if (err < 0)
		return run_error("start threads", err);
	err = k->resident ? resident_started(k) : remote_started();
	if (err < 0)
		return run_error("start the trap; stead doctor says what this host lacks", err);
	if (k->resident)
		status = resident_run(k, program_candidates(opt->argv[0], opt->envp), (const char *const *)opt->argv,
				      (const char *const *)opt->envp, &err, &supervisor_ops);
	else
		status = remote_run(k, program_candidates(opt->argv[0], opt->envp), (const char *const *)opt->argv,
				    (const char *const *)opt->envp, &err);
	terminal_restore();
	if (opt->hooks)
		trace_stop();
	if (err < 0)
		return run_error_exec(opt, err);
	if (opt->report_missing)
		write_report(k, report);
	return status;
}
