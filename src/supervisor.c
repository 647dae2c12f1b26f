/* SPDX-License-Identifier: MIT
 *
 * The supervisor: boots the kernel, starts its own threads (timers, readiness, signals, terminal), runs the first program under
 * a trap, and takes everything down when it has ended.
 */
#include "src/supervisor.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/limits.h>
#include <linux/sched.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysinfo.h>
#include <sys/utsname.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "kernel/inject.h"
#include "kernel/kernel.h"
#include "kernel/missing.h"
#include "kernel/posix-clocks.h"
#include "kernel/task.h"
#include "loader/elf.h"
#include "src/archive.h"
#include "src/commands.h"
#include "src/doctor.h"
#include "src/inherit.h"
#include "src/options.h"
#include "src/readiness.h"
#include "src/terminal.h"
#include "src/trace-look.h"
#include "src/trace.h"
#include "trap/remote/remote.h"
#include "trap/resident/boot.h"
#include "trap/request.h"
#include "vfs/fdtable.h"
#include "vfs/hostfs/hostfs.h"
#include "vfs/namei.h"

#define ARENA_SIZE (256UL << 30) /* address space, sparse */

extern const char __executable_start[], _end[];

static int
super_load_plan(struct kernel *k, hfd_t fd, uint64_t base_off, const void *image, size_t len, struct load_plan *plan)
{
	return elf_load_plan(fd.fd, base_off, image, len, plan);
}

static void __noreturn
super_panic(struct kernel *k, const char *line)
{
	terminal_restore();
	fprintf(stderr, "stead: %s\n", line);
	_exit(EXIT_STEAD_FAILED);
}

static void
super_ended(struct kernel *k)
{
	tracer_stop();
}

/* The second number in /proc/PID/statm. */
static uint64_t
super_rss_pages(struct kernel *k, hpid_t host_tid)
{
	char path[40], buf[128] = "";
	unsigned long resident = 0;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/statm", host_tid.id);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return 0;
	if (read(fd, buf, sizeof(buf) - 1) > 0)
		sscanf(buf, "%*u %lu", &resident);
	close(fd);
	return resident;
}

static void
super_trace_call(struct task *t, uint64_t nr, const uint64_t a[6], const int64_t *result, uint32_t tampered)
{
	if (result)
		trace_exit(t, nr, a, *result, tampered);
	else
		trace_enter(t, nr, a);
}

static void
super_trace_signal(struct task *t, const struct k_siginfo *info)
{
	siginfo_t whole;

	static_assert(sizeof(whole) == sizeof(*info), "both are the kernel's");
	memcpy(&whole, info, sizeof(whole));
	trace_signal(t, &whole);
}

static void
super_trace_new(struct task *t, struct task *parent, uint64_t flags, int exit_signal)
{
	enum trace_how how = flags & CLONE_VFORK ? TRACE_VFORK : exit_signal == SIGCHLD ? TRACE_FORK : TRACE_CLONE;

	trace_new_task(t, parent, how);
}

static bool
super_thread_times(struct kernel *k, hpid_t host_tid, uint64_t out[3])
{
	return proc_thread_times(host_tid.id, out);
}

static int
super_set_affinity(struct kernel *k, hpid_t host_tid, const uint64_t *mask, size_t bytes)
{
	return syscall(SYS_sched_setaffinity, host_tid.id, bytes, mask) < 0 ? -errno : 0;
}

/* The asker is not trusted: only these attributes, and nothing but a name in a directory that it has open. */
static int64_t
super_trusted_xattr(struct kernel *k, const struct hostfs_xattr_call *asked)
{
	struct hostfs_xattr_call c = *asked;
	char name[XATTR_NAME_MAX + 1], file[NAME_MAX + 1];

	snprintf(name, sizeof(name), "%s", c.name);
	snprintf(file, sizeof(file), "%s", c.file ? c.file : "");
	if (strncmp(name, "trusted.", 8) != 0 || c.op == HOSTFS_XATTR_LIST || (c.file && (!*file || strchr(file, '/'))) ||
	    strcmp(file, "..") == 0 || (c.value && c.n > XATTR_SIZE_MAX))
		return -EPERM;
	c.name = name;
	c.file = c.file ? file : NULL;
	return hostfs_xattr(&c);
}

static const struct super_ops super = {
	.trusted_xattr = super_trusted_xattr,
	.load_plan = super_load_plan,
	.rss_pages = super_rss_pages,
	.thread_times = super_thread_times,
	.set_affinity = super_set_affinity,
	.panic = super_panic,
	.ended = super_ended,
	.trace_call = super_trace_call,
	.trace_signal = super_trace_signal,
	.trace_new = super_trace_new,
	.trace_stopped = trace_stopped,
	.trace_gone = trace_gone,
};

static int
fail(const char *what, int err)
{
	fprintf(stderr, "stead run: cannot %s: %s%s\n", what, strerror(-err), inherit_advice(err));
	return -EXIT_STEAD_FAILED;
}

static int
fail_path(const char *option, const char *path, int err)
{
	fprintf(stderr, "stead run: %s=%s: %s%s\n", option, path, strerror(err),
		err == ENOENT || err == ENOTDIR ? ": name something that exists on the host" : inherit_advice(-err));
	return -EXIT_STEAD_FAILED;
}

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

/* A directory of the host, or an archive to be unpacked. */
static int
root_request(const struct run_options *opt, struct archive_job *job, struct mount_request *req)
{
	struct stat st;
	int fd;

	*req = (struct mount_request){ .kind = MOUNT_ROOT_HOST, .dst = "/", .read_only = true, .upper = HFD_NONE, .seal_root = opt->read_only };
	if (stat(opt->root, &st) < 0)
		return fail_path("--root", opt->root, errno);
	fd = open(opt->root, (S_ISDIR(st.st_mode) ? O_PATH | O_DIRECTORY : O_RDONLY) | O_CLOEXEC);
	if (fd < 0)
		return fail_path("--root", opt->root, errno);
	req->host_root = HFD(fd);
	if (S_ISDIR(st.st_mode))
		return 0;
	*job = (struct archive_job){ fd, opt->root };
	req->kind = MOUNT_ROOT_NEW;
	req->host_root = HFD_NONE;
	req->fill = archive_unpack;
	req->fill_arg = job;
	return 0;
}

static int
fail_upper(const char *dir, const char *why)
{
	fprintf(stderr, "stead run: --upper=%s: %s\n", dir, why);
	return -EXIT_STEAD_FAILED;
}

/* The directory that keeps the upper layer: ours alone for this run, and on a file system that can hold what an overlay notes. */
static int
upper_request(const struct run_options *opt, struct mount_request *req)
{
	static const char *const probes[] = { "trusted.overlay.stead", "user.overlay.stead" };
	int fd, i;

	if (!opt->upper)
		return 0;
	if (mkdir(opt->upper, 0700) < 0 && errno != EEXIST)
		return fail_upper(opt->upper, strerror(errno));
	fd = open(opt->upper, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return fail_upper(opt->upper, strerror(errno));
	req->upper = HFD(fd);
	for (i = 0; flock(fd, LOCK_EX | LOCK_NB) < 0 && errno == EWOULDBLOCK && i < 50; i++)
		usleep(20000); /* the processes of a run that was killed may still be dying */
	if (i == 50)
		return fail_upper(opt->upper, "another run uses it; wait for its end");
	for (i = 0; i < 2 && fsetxattr(fd, probes[i], "", 0, 0) < 0; i++)
		if (errno != EPERM && errno != EOPNOTSUPP)
			return fail_upper(opt->upper, strerror(errno));
	if (i == 2)
		return fail_upper(opt->upper, "its file system has no extended attributes; name a directory of another one");
	fremovexattr(fd, probes[i]);
	req->userxattr = i == 1;
	return 0;
}

static int
mount_requests(const struct run_options *opt, struct archive_job *job, struct mount_request *req)
{
	unsigned int n = 1;
	int err = root_request(opt, job, &req[0]);

	if (err == 0)
		err = upper_request(opt, &req[0]);
	if (err < 0)
		return err;
	for (size_t i = 0; i < opt->nmounts; i++) {
		const struct run_mount *m = &opt->mounts[i];

		req[n] = (struct mount_request){ .kind = m->kind == RUN_MOUNT_BIND ? MOUNT_BIND : MOUNT_TMPFS,
						 .dst = m->dst,
						 .read_only = m->read_only,
						 .size = m->size,
						 .host_root = HFD_NONE };
		if (m->kind == RUN_MOUNT_BIND) {
			req[n].host_root = HFD(open(m->src, O_PATH | O_CLOEXEC));
			if (req[n].host_root.fd < 0)
				return fail_path("--bind", m->src, errno);
		}
		n++;
	}
	return (int)n;
}

static int
set_cwd(struct task *t, const struct run_options *opt)
{
	char here[PATH_MAX];
	const char *cwd = opt->cwd ? opt->cwd : getcwd(here, sizeof(here));
	struct path path, old;
	int err;

	if (!cwd)
		return 0;
	err = kern_path(t, cwd, LOOKUP_FOLLOW | LOOKUP_DIRECTORY, &path);
	if (err < 0)
		return opt->cwd ? err : 0;
	old = t->fs->pwd;
	t->fs->pwd = path;
	path_put(t, &old);
	return 0;
}

/* What the mounts show of the host, and /sys, is what guest processes may open. */
static int
start_behind_walls(struct kernel *k, const struct mount_request *req, unsigned int n)
{
	struct wall_root *roots = calloc(n + 2, sizeof(*roots));
	int sys = open("/sys", O_PATH | O_DIRECTORY | O_CLOEXEC), err;
	unsigned int nroots = 0;

	if (!roots)
		return -ENOMEM;
	for (unsigned int i = 0; i < n; i++)
		if (req[i].host_root.fd >= 0)
			roots[nroots++] = (struct wall_root){ req[i].host_root.fd, !req[i].read_only };
	if (req[0].upper.fd >= 0)
		roots[nroots++] = (struct wall_root){ req[0].upper.fd, true };
	if (sys >= 0)
		roots[nroots++] = (struct wall_root){ sys, false };
	err = resident_start(k, roots, nroots);
	if (sys >= 0)
		close(sys);
	free(roots);
	return err;
}

static int
boot_files(struct kernel *k, const struct run_options *opt)
{
	struct mount_request *req = calloc(opt->nmounts + 1, sizeof(*req));
	struct archive_job job = { -1, NULL };
	struct task *t = k->main_task;
	int n, err;

	if (!req)
		return -ENOMEM;
	n = mount_requests(opt, &job, req);
	err = n < 0 ? n : vfs_boot(k, t, req, (unsigned int)n);
	if (err == 0 && k->resident)
		err = start_behind_walls(k, req, (unsigned int)n);
	free(req);
	if (job.fd >= 0)
		close(job.fd);
	if (err == -ECANCELED)
		return -EXIT_STEAD_FAILED; /* likewise */
	if (n < 0)
		return n; /* and it was said why */
	if (err < 0)
		return fail("set up the file system", err);
	err = set_cwd(t, opt);
	if (err < 0) {
		fprintf(stderr, "stead run: --cwd=%s: %s: name a directory that the program sees\n", opt->cwd, strerror(-err));
		return -EXIT_STEAD_FAILED;
	}
	err = inherit_fds(t, opt->fds);
	if (err < 0)
		return fail("pass on open descriptors", err);
	return 0;
}

static void *
timer_thread(void *arg)
{
	ktimers_run(arg);
	return NULL;
}

static const int passed_on[] = { SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2, SIGALRM, SIGCONT, SIGWINCH, SIGTSTP };

/* Signals that somebody sends to the stead command are meant for the program. */
static void *
signal_thread(void *arg)
{
	struct kernel *k = arg;
	sigset_t set;
	int sig;

	sigemptyset(&set);
	for (size_t i = 0; i < ARRAY_SIZE(passed_on); i++)
		sigaddset(&set, passed_on[i]);
	for (;;) {
		if (sigwait(&set, &sig) != 0)
			continue;
		if (sig == SIGWINCH)
			terminal_resized(k);
		else
			ignore_err(send_sig_info(sig, SEND_SIG_PRIV, k->main_task, PIDTYPE_TGID, NULL), "it has ended");
	}
	return NULL;
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
	pthread_t th;
	int err = readiness_start(k);

	if (err == 0)
		err = -pthread_create(&th, NULL, timer_thread, k);
	if (err == 0)
		err = -pthread_create(&th, NULL, signal_thread, k);
	return err;
}

/* Every place execvp(3) would look. */
static const char **
candidates(const struct run_options *opt)
{
	const char *prog = opt->argv[0], *path = "/usr/local/bin:/usr/bin:/bin";
	const char **list = calloc(strlen(prog) + 256, sizeof(*list));
	size_t n = 0;

	if (strchr(prog, '/') || !*prog) {
		list[0] = prog;
		return list;
	}
	for (char **e = opt->envp; *e; e++)
		if (strncmp(*e, "PATH=", 5) == 0)
			path = *e + 5;
	while (n < 255) {
		size_t len = strcspn(path, ":");
		char *full;

		if (asprintf(&full, "%.*s%s%s", (int)len, path, len ? "/" : "./", prog) < 0)
			break;
		list[n++] = full;
		if (!path[len])
			break;
		path += len + 1;
	}
	return list;
}

static int
exec_failed(const struct run_options *opt, int err)
{
	if (err == -ENOENT || err == -ENOTDIR) {
		fprintf(stderr, "stead run: %s: not found; give a path, or a name in PATH\n", opt->argv[0]);
		return -EXIT_NOT_FOUND;
	}
	fprintf(stderr, "stead run: %s: cannot execute: %s\n", opt->argv[0], strerror(-err));
	return -EXIT_NOT_EXECUTABLE;
}

/* The one of them that will be executed, for the trace. */
static const char *
found_program(struct task *t, const struct run_options *opt)
{
	const char **list = candidates(opt);
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
		return fail("make the arena", err);
	set_params(k, opt);
	k->trap = resident ? &resident_trap_ops : &remote_trap_ops;
	k->super = resident ? &resident_super : &super;
	err = resident ? resident_prepare(k) : 0;
	if (err == 0)
		err = kernel_init(k);
	if (err == 0)
		err = set_inject(k, opt->inject);
	if (err < 0)
		return fail("boot", err);
	err = resident ? resident_boot(k, trap == RUN_TRAP_RESIDENT) : remote_boot(k);
	if (err == -ECANCELED)
		return -EXIT_STEAD_FAILED; /* and it was said why */
	if (err < 0)
		return fail("start the trap; stead doctor says what this host lacks", err);
	k->init_task = create_init_task(k);
	k->main_task = IS_ERR(k->init_task) ? k->init_task : create_main_task(k);
	if (IS_ERR(k->main_task))
		return fail("make the first task", (int)PTR_ERR(k->main_task));
	k->main_task->files = files_alloc(k);
	k->main_task->fs = fs_alloc(k);
	if (!k->main_task->files || !k->main_task->fs)
		return fail("boot", -ENOMEM);
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
	struct kernel *k;
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
		return fail("start threads", err);
	if (k->resident)
		status = resident_run(k, candidates(opt), (const char *const *)opt->argv, (const char *const *)opt->envp, &err, &super);
	else
		status = remote_run(k, candidates(opt), (const char *const *)opt->argv, (const char *const *)opt->envp, &err);
	terminal_restore();
	if (opt->hooks)
		trace_stop();
	if (err < 0)
		return exec_failed(opt, err);
	if (opt->report_missing)
		write_report(k, report);
	return status;
}
