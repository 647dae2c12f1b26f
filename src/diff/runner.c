/* SPDX-License-Identifier: MIT
 *
 * One run of the program: a child of ours becomes the recorder of a native run or the supervisor of an instance of stead; standard
 * output and error are pipes that we empty, standard input is what ours was. Records go to a memory file.
 */
#include "src/diff/runner.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "src/diff/inside.h"
#include "src/diff/recorder.h"
#include "src/diff/sandbox.h"
#include "src/diff/tree.h"
#include "kernel/inject.h"
#include "src/host-tracer.h"
#include "src/supervisor.h"

extern char **environ;

struct channel {
	int fd; /* our end, or -1 */
	unsigned char *data;
	size_t n, cap;
};

struct side_run {
	const struct runner *r;
	enum runner_side side;
	struct inside_options inside;
	int records;
	int pipes[3][2]; /* standard input, output, error */
	pid_t pid;
	struct channel out[2], in;
};

static uint64_t
now(clockid_t clock)
{
	struct timespec ts;

	clock_gettime(clock, &ts);
	return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

void
runner_input(struct runner *r)
{
	struct stat st;
	ssize_t n = 1;

	if (fstat(0, &st) < 0 || !(S_ISFIFO(st.st_mode) || S_ISSOCK(st.st_mode)))
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
open_channels(struct side_run *s)
{
	int fd;

	for (int i = 0; i < 3; i++) {
		if (i == 0 && !s->r->have_input) {
			s->pipes[0][0] = reopen_input();
			s->pipes[0][1] = -1;
			continue;
		}
		if (pipe2(s->pipes[i], O_CLOEXEC) < 0)
			return -1;
	}
	s->in.fd = s->pipes[0][1];
	s->out[0].fd = s->pipes[1][0];
	s->out[1].fd = s->pipes[2][0];
	for (int i = 0; i < 3; i++) {
		fd = i == 0 ? s->in.fd : s->out[i - 1].fd;
		if (fd >= 0)
			fcntl(fd, F_SETFL, O_NONBLOCK);
	}
	return 0;
}

static void
move_fds(struct side_run *s)
{
	dup2(s->pipes[0][0], 0);
	dup2(s->pipes[1][1], 1);
	dup2(s->pipes[2][1], 2);
	for (int i = 0; i < 3; i++) {
		for (int end = 0; end < 2; end++)
			if (s->pipes[i][end] > 2)
				close(s->pipes[i][end]);
	}
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
				 .argc = argc,
				 .argv = argv };
	int status = supervisor_run(&o);

	if (status < 0)
		return -status;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
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

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	setsid();
	move_fds(s);
	close_range(3, ~0U, CLOSE_RANGE_CLOEXEC); /* stead passes on the first three; so do we */
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
	rec.init_first = s->inside.where == INSIDE_NAMESPACES;
	status = s->side == RUNNER_NATIVE ? run_native(s, argv, &hooks) : run_stead(s, argv, argc, &hooks);
	fflush(f);
	_exit(status);
}

static void
drain(struct channel *c)
{
	ssize_t n;

	if (c->n + 65536 > c->cap) {
		c->cap = 2 * c->cap + 65536;
		c->data = realloc(c->data, c->cap);
		if (!c->data)
			abort();
	}
	n = read(c->fd, c->data + c->n, c->cap - c->n);
	if (n > 0) {
		c->n += (size_t)n;
	} else if (n == 0 || errno != EAGAIN) {
		close(c->fd);
		c->fd = -1;
	}
}

static void
feed(struct side_run *s)
{
	ssize_t n = write(s->in.fd, s->r->input + s->in.n, s->r->input_len - s->in.n);

	if (n > 0)
		s->in.n += (size_t)n;
	if ((n < 0 && errno != EAGAIN) || s->in.n == s->r->input_len) {
		close(s->in.fd);
		s->in.fd = -1;
	}
}

/* Until both outputs are closed: their last holder is the child or something that it started. */
static bool
exchange(struct side_run *s)
{
	uint64_t end = now(CLOCK_MONOTONIC) + (uint64_t)s->r->timeout * 1000000000, at;
	struct pollfd p[3];

	while (s->out[0].fd >= 0 || s->out[1].fd >= 0) {
		at = now(CLOCK_MONOTONIC);
		p[0] = (struct pollfd){ .fd = s->out[0].fd, .events = POLLIN };
		p[1] = (struct pollfd){ .fd = s->out[1].fd, .events = POLLIN };
		p[2] = (struct pollfd){ .fd = s->in.fd, .events = POLLOUT };
		if (at >= end || (poll(p, 3, (int)((end - at) / 1000000) + 1) < 0 && errno != EINTR))
			return false;
		for (int i = 0; i < 2; i++)
			if (s->out[i].fd >= 0 && p[i].revents)
				drain(&s->out[i]);
		if (s->in.fd >= 0 && p[2].revents)
			feed(s);
	}
	return true;
}

static void
close_channels(struct side_run *s)
{
	for (int i = 0; i < 2; i++)
		if (s->out[i].fd >= 0)
			close(s->out[i].fd);
	if (s->in.fd >= 0)
		close(s->in.fd);
	close(s->records);
}

/* What the side itself said when it could not run the program. */
static const char *
why(const struct side_run *s, const char *otherwise)
{
	char *text;

	if (!s->out[1].n)
		return otherwise;
	if (asprintf(&text, "%.*s", (int)strcspn((char *)s->out[1].data, "\n"), (char *)s->out[1].data) < 0)
		return otherwise;
	return text;
}

static void
collect(struct side_run *s, struct run *run, bool in_time)
{
	const char *tree;
	size_t tree_len;

	for (int i = 0; i < 2; i++) {
		s->out[i].data = realloc(s->out[i].data, s->out[i].n + 1);
		s->out[i].data[s->out[i].n] = '\0';
	}
	if (!in_time)
		run->failure = "it did not end in time (--timeout)";
	else if (inside_split(s->out[0].data, &s->out[0].n, s->inside.mark, &run->status, &tree, &tree_len) < 0)
		run->failure = why(s, "it ended without a report");
	else
		run->tree = tree_read(tree, tree_len);
	for (int i = 0; i < 2; i++) {
		run->out[i] = s->out[i].data;
		run->out_len[i] = s->out[i].n;
	}
	if (!run->failure && run_load(s->records, run) < 0)
		run->failure = "its record is not complete";
}

struct run *
runner_run(const struct runner *r, enum runner_side side)
{
	struct run *run = must_alloc(sizeof(*run));
	struct side_run s = { .r = r, .side = side, .inside.linger = r->linger, .inside.tree = r->tree, .inside.setup = r->setup };
	unsigned char random[16];
	bool in_time;
	int status;

	run->label = side == RUNNER_NATIVE ? "native" : "stead";
	s.inside.aslr = r->aslr;
	s.inside.where = side == RUNNER_STEAD ? INSIDE_STEAD : r->sandbox ? INSIDE_NAMESPACES : INSIDE_HOST;
	s.out[0].fd = s.out[1].fd = s.in.fd = -1;
	if (getrandom(random, sizeof(random), 0) != sizeof(random))
		abort();
	for (int i = 0; i < 16; i++)
		sprintf(s.inside.mark + 2 * i, "%02x", random[i]);
	s.records = memfd_create("records", MFD_CLOEXEC);
	if (s.records < 0 || open_channels(&s) < 0 || (r->copy_of && tree_copy(r->copy_of, r->tree) < 0)) {
		run->failure = "no room for pipes, records or a copy of the tree";
		return run;
	}
	run->wall_start = r->started ? r->started : now(CLOCK_REALTIME);
	s.pid = fork();
	if (s.pid == 0)
		child(&s);
	close(s.pipes[0][0]);
	close(s.pipes[1][1]);
	close(s.pipes[2][1]);
	in_time = s.pid > 0 && exchange(&s);
	if (!in_time && s.pid > 0)
		kill(s.pid, SIGKILL);
	while (s.pid > 0 && waitpid(s.pid, &status, 0) < 0 && errno == EINTR)
		;
	run->wall_end = now(CLOCK_REALTIME);
	collect(&s, run, in_time);
	close_channels(&s);
	return run;
}
