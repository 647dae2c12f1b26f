/* SPDX-License-Identifier: MIT
 *
 * One run of the program: a child of ours becomes the recorder of a native run or the supervisor of an instance of stead;
 * standard output and error are pipes that we empty, standard input is what ours was. Records go to a memory file.
 */
#include "src/diff/runner.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "src/clock.h"
#include "src/diff/exchange.h"
#include "src/diff/inside.h"
#include "src/diff/recorder.h"
#include "src/diff/sandbox.h"
#include "src/diff/tree.h"
#include "kernel/inject.h"
#include "src/host-tracer.h"
#include "src/supervisor.h"

extern char **environ;

#define RECORDS_FULL 121 /* exit status of a side that has done too much to be kept */

struct side_run {
	const struct runner *r;
	enum runner_side side;
	struct inside_options inside;
	int records;
	int pipes[4][2]; /* standard input, output, error, the report; first the end of the side */
	uint64_t *activity; /* shared with the side */
	pid_t pid;
	struct exchange x;
};

void
runner_input(struct runner *r)
{
	struct stat st;
	ssize_t n = 1;

	r->have_input = r->tty;
	if (fstat(0, &st) < 0 || isatty(0) || !(r->tty || S_ISFIFO(st.st_mode) || S_ISSOCK(st.st_mode)))
		return;
	r->have_input = true;
	while (n > 0) {
		r->input = realloc(r->input, r->input_len + 65536);
		if (!r->input)
			abort();
		n = read(0, r->input + r->input_len, 65536);
		r->input_len += n > 0 ? (size_t)n : 0;
	}
}

/* Another open file of what our standard input is, so that each run reads it from the same place. */
static int
reopen_input(void)
{
	int flags = fcntl(0, F_GETFL), fd = -1;

	if (flags >= 0 && !isatty(0) && !(flags & O_PATH))
		fd = open("/proc/self/fd/0", (flags & (O_ACCMODE | O_APPEND | O_NONBLOCK)) | O_NOCTTY | O_CLOEXEC);
	if (fd >= 0)
		lseek(fd, lseek(0, 0, SEEK_CUR), SEEK_SET);
	return fd >= 0 ? fd : open("/dev/null", O_RDONLY | O_CLOEXEC);
}

static int
pipe_to_us(int ends[2])
{
	int p[2];

	if (pipe2(p, O_CLOEXEC) < 0)
		return -1;
	ends[0] = p[1];
	ends[1] = p[0];
	return 0;
}

static int
open_channels(struct side_run *s)
{
	if (!s->r->have_input) {
		s->pipes[0][0] = reopen_input();
		s->pipes[0][1] = -1;
	} else if (pipe2(s->pipes[0], O_CLOEXEC) < 0) {
		return -1;
	}
	for (int i = 1; i < 4; i++)
		if (pipe_to_us(s->pipes[i]) < 0)
			return -1;
	s->x = (struct exchange){ .out = { { .fd = s->pipes[1][1], .limit = OUTPUT_KEPT },
					   { .fd = s->pipes[2][1], .limit = OUTPUT_KEPT } },
				  .report = { .fd = s->pipes[3][1], .limit = REPORT_MAX },
				  .in = s->pipes[0][1],
				  .tty = s->r->tty,
				  .input = s->r->input,
				  .input_len = s->r->input_len,
				  .activity = s->activity };
	for (int i = 0; i < 4; i++)
		if (s->pipes[i][1] >= 0)
			fcntl(s->pipes[i][1], F_SETFL, O_NONBLOCK);
	return 0;
}

/* The side's ends become 0 to 3; what else is open is closed by execve(2). */
static void
move_fds(struct side_run *s)
{
	int high[5];

	for (int i = 0; i < 5; i++)
		high[i] = fcntl(i < 4 ? s->pipes[i][0] : s->records, F_DUPFD_CLOEXEC, 100);
	s->records = high[4];
	for (int i = 0; i < 4; i++)
		dup2(high[i], i);
	for (int fd = INSIDE_REPORT + 1; fd < 100; fd++)
		close(fd);
	for (int i = 0; i < 4; i++)
		close(high[i]);
	close_range(INSIDE_REPORT + 1, ~0U, CLOSE_RANGE_CLOEXEC);
}

static int
run_native(struct side_run *s, char **argv, struct trace_hooks *hooks)
{
	struct host_trace_options o = { .follow = true, .end_with_first = true, .inject = s->r->inject };
	int status;

	if (s->r->sandbox && sandbox_enter(s->r->work) < 0)
		return EXIT_STEAD_FAILED;
	status = host_trace(argv, environ, &o, hooks);
	if (status >= 0)
		return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
	fprintf(stderr, "stead diff: cannot run and trace a program natively: %s\n", strerror(-status));
	return EXIT_STEAD_FAILED;
}

static int
run_stead(struct side_run *s, char **argv, int argc, struct trace_hooks *hooks)
{
	struct run_options o = { .trap = s->r->trap,
				 .root = "/",
				 .envp = environ,
				 .cwd = s->r->cwd,
				 .no_aslr = !s->r->aslr,
				 .hooks = hooks,
				 .inject = s->r->inject,
				 .fds = INSIDE_REPORT + 1,
				 .argc = argc,
				 .argv = argv };
	int status = supervisor_run(&o);

	if (status < 0)
		return -status;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static void
records_full(void)
{
	_exit(RECORDS_FULL); /* everything that runs goes with us */
}

static void __attribute__((noreturn))
child(struct side_run *s)
{
	char self[4096], **argv;
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);
	struct trace_hooks hooks;
	struct recorder rec;
	int status, argc = 0;
	FILE *f;
	static const int stops[] = { SIGHUP, SIGINT, SIGTERM };
	struct sigaction sa;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (size_t i = 0; i < sizeof(stops) / sizeof(stops[0]); i++)
		if (sigaction(stops[i], NULL, &sa) == 0 && sa.sa_handler != SIG_IGN)
			signal(stops[i], SIG_DFL);
	setsid();
	move_fds(s);
	f = fdopen(s->records, "w");
	if (n < 0 || !f || chdir(s->r->cwd) < 0) {
		dprintf(2, "stead diff: cannot start in %s: %s\n", s->r->cwd, strerror(errno));
		_exit(EXIT_STEAD_FAILED);
	}
	self[n] = '\0';
	setvbuf(f, NULL, _IOFBF, 1 << 16);
	argv = inside_argv(self, &s->inside, s->r->argc, s->r->argv);
	while (argv[argc])
		argc++;
	if (s->r->inject)
		s->r->inject->spare = s->inside.where == INSIDE_NAMESPACES ? 2 : 1;
	recorder_init(&rec, f, s->side == RUNNER_NATIVE, &hooks);
	rec.sink.activity = s->activity;
	rec.sink.full = records_full;
	rec.init_first = s->inside.where == INSIDE_NAMESPACES;
	status = s->side == RUNNER_NATIVE ? run_native(s, argv, &hooks) : run_stead(s, argv, argc, &hooks);
	fflush(f);
	_exit(status);
}

/* What the side itself said when it could not run the program. */
static const char *
why(const struct side_run *s, const char *otherwise)
{
	const struct channel *c = &s->x.out[1];
	char *text;

	if (!c->n || asprintf(&text, "%.*s", (int)strcspn((char *)c->data, "\r\n"), (char *)c->data) < 0)
		return otherwise;
	return text;
}

static const char *
failure(const struct side_run *s, const struct run *run, enum exchange_end end, int status)
{
	if (end == EXCHANGE_LATE)
		return "it did not end in time (--timeout)";
	if (end == EXCHANGE_INTERRUPTED)
		return "interrupted";
	if (WIFEXITED(status) && WEXITSTATUS(status) == RECORDS_FULL)
		return "it makes more calls than can be kept";
	if (s->x.report.rest)
		return "it makes more files than can be compared; choose with --tree=DIR, or --tree=none";
	return run->tree ? NULL : why(s, "it ended without a report");
}

static void
collect(struct side_run *s, struct run *run, enum exchange_end end, int status)
{
	struct channel *c;
	char *text;

	for (int i = 0; i < 2; i++) {
		c = &s->x.out[i];
		c->data = realloc(c->data, c->n + 1);
		c->data[c->n] = '\0';
		run->out[i] = c->data;
		run->out_len[i] = c->n;
		run->out_rest[i] = c->rest;
		run->out_digest[i] = c->rest_digest;
	}
	text = (char *)s->x.report.data;
	if (text) {
		text[s->x.report.n] = '\0';
		run->status = atoi(text);
		text += strcspn(text, "\n");
		if (*text == '\n')
			run->tree = tree_read(text + 1, strlen(text + 1));
	}
	free(s->x.report.data);
	run->failure = failure(s, run, end, status);
	if (!run->failure && run_load(s->records, run) < 0)
		run->failure = "its record is not complete";
}

struct run *
runner_run(const struct runner *r, enum runner_side side)
{
	struct run *run = must_alloc(sizeof(*run));
	struct side_run s = {
		.r = r, .side = side, .inside.linger = r->linger, .inside.tree = r->tree, .inside.setup = r->setup
	};
	enum exchange_end end = EXCHANGE_DONE;
	int status = 0;

	run->label = side == RUNNER_NATIVE ? "native" : "stead";
	s.inside.aslr = r->aslr;
	s.inside.tty = r->tty ? r->size : "-";
	s.inside.where = side == RUNNER_STEAD ? INSIDE_STEAD : r->sandbox ? INSIDE_NAMESPACES : INSIDE_HOST;
	s.activity = mmap(NULL, sizeof(*s.activity), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	s.records = memfd_create("records", MFD_CLOEXEC);
	if (s.activity == MAP_FAILED || s.records < 0 || open_channels(&s) < 0 ||
	    (r->copy_of && tree_copy(r->copy_of, r->tree) < 0)) {
		run->failure = "no room for pipes, records or a copy of the tree";
		return run;
	}
	run->wall_start = r->started ? r->started : clock_ns(CLOCK_REALTIME);
	s.pid = fork();
	if (s.pid == 0)
		child(&s);
	for (int i = 0; i < 4; i++)
		close(s.pipes[i][0]);
	if (s.pid > 0)
		end = exchange_run(&s.x, r->timeout);
	if (end != EXCHANGE_DONE && s.pid > 0)
		kill(s.pid, SIGKILL);
	while (s.pid > 0 && waitpid(s.pid, &status, 0) < 0 && errno == EINTR)
		;
	run->wall_end = clock_ns(CLOCK_REALTIME);
	collect(&s, run, end, status);
	exchange_close(&s.x);
	close(s.records);
	munmap(s.activity, sizeof(*s.activity));
	return run;
}
