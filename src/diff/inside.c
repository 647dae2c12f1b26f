/* SPDX-License-Identifier: MIT
 *
 * The process that starts the program on each side of a comparison.
 */
#include "src/diff/inside.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "src/diff/record.h"
#include "src/diff/relay.h"
#include "src/diff/setup.h"
#include "src/diff/tree.h"
#include "src/options.h"

#define CAPABILITIES 64

static const char *const protections[] = { "symlinks", "hardlinks", "regular", "fifos" };

#define PROTECTIONS (sizeof(protections) / sizeof(protections[0]))

/* The settings fs.protected_*, a digit each in the order of the table: those of the host's are not the kernel's defaults. */
static unsigned int
read_protections(void)
{
	unsigned int digits = 0;
	char path[64], c;
	FILE *f;

	for (size_t i = 0; i < PROTECTIONS; i++) {
		snprintf(path, sizeof(path), "/proc/sys/fs/protected_%s", protections[i]);
		f = fopen(path, "re");
		c = f && fread(&c, 1, 1, f) == 1 ? c : '0';
		if (f)
			fclose(f);
		digits = digits * 10 + (unsigned int)(c - '0') % 10;
	}
	return digits;
}

static void
write_protections(unsigned int digits)
{
	char path[64];
	FILE *f;

	for (size_t i = PROTECTIONS; i-- > 0; digits /= 10) {
		snprintf(path, sizeof(path), "/proc/sys/fs/protected_%s", protections[i]);
		f = fopen(path, "we");
		if (f)
			fprintf(f, "%u\n", digits % 10);
		if (f)
			fclose(f);
	}
}

/* Our own limits, bounding set and settings: a new instance of stead begins with the kernel's defaults. */
static char *
limits_text(bool aslr)
{
	char *text = must_alloc((RLIM_NLIMITS + 2) * 44);
	uint64_t bounding = 0;
	struct rlimit r;

	for (int i = 0; i < CAPABILITIES; i++)
		if (prctl(PR_CAPBSET_READ, i) == 1)
			bounding |= 1ULL << i;
	sprintf(text, "%lu:%d:%u,", bounding, aslr, read_protections());
	for (int i = 0; i < RLIM_NLIMITS; i++) {
		if (getrlimit(i, &r) == 0)
			sprintf(text + strlen(text), "%lu:%lu,", r.rlim_cur, r.rlim_max);
	}
	return text;
}

static void
set_limits(const char *text, bool is_stead)
{
	struct rlimit r;
	uint64_t bounding;
	unsigned int digits;
	int aslr;

	if (sscanf(text, "%lu:%d:%u", &bounding, &aslr, &digits) == 3) {
		if (is_stead)
			write_protections(digits);
		for (int i = 0; i < CAPABILITIES; i++)
			if (!(bounding & 1ULL << i))
				prctl(PR_CAPBSET_DROP, i);
		if (!aslr)
			personality(ADDR_NO_RANDOMIZE);
	}
	text += strcspn(text, ",") + 1;
	for (int i = 0; *text && i < RLIM_NLIMITS; i++) {
		if (sscanf(text, "%lu:%lu", &r.rlim_cur, &r.rlim_max) == 2)
			setrlimit(i, &r);
		text += strcspn(text, ",");
		text += *text == ',';
	}
}

char **
inside_argv(const char *self, const struct inside_options *o, int argc, char **argv)
{
	char **v;
	static const char *const where[] = {
		[INSIDE_STEAD] = "stead", [INSIDE_NAMESPACES] = "proc", [INSIDE_HOST] = "host"
	};
	size_t n = 0, nsetup = 0;

	while (o->setup[nsetup])
		nsetup++;
	v = must_alloc(((size_t)argc + nsetup + 9) * sizeof(*v));
	v[n++] = (char *)(uintptr_t)self;
	v[n++] = (char *)(uintptr_t)"diff";
	v[n++] = (char *)(uintptr_t)INSIDE_WORD;
	v[n++] = (char *)(uintptr_t)o->tty;
	v[n++] = (char *)(uintptr_t)where[o->where];
	if (asprintf(&v[n++], "%d", o->linger) < 0)
		abort();
	v[n++] = limits_text(o->aslr);
	v[n++] = (char *)(uintptr_t)o->tree;
	memcpy(v + n, o->setup, nsetup * sizeof(*v));
	n += nsetup;
	for (int i = 0; i < argc; i++)
		v[n++] = argv[i];
	return v;
}

/* A process of the program's ended, or none is left. */
static pid_t
reap(int *status, bool wait)
{
	pid_t pid;

	do
		pid = waitpid(-1, status, wait ? 0 : WNOHANG);
	while (pid < 0 && errno == EINTR);
	return pid;
}

/* Lets some time pass, in which the terminal is served. */
static void
pass_time(struct relay *tty)
{
	struct timespec tick = { 0, 10000000 };

	if (tty)
		relay_step(tty, 10);
	else
		nanosleep(&tick, NULL);
}

static int
wait_for(pid_t program, int linger, bool alone, struct relay *tty)
{
	int status = 0, other, left;
	pid_t pid;

	while ((pid = reap(&other, !tty)) != program && pid >= 0)
		if (tty)
			pass_time(tty);
	status = other;
	for (left = linger * 100; left > 0 && (pid = reap(&other, false)) >= 0; left -= pid == 0)
		if (pid == 0)
			pass_time(tty);
	if (alone && left == 0) {
		kill(-1, SIGKILL);
		while (reap(&other, true) > 0)
			;
	}
	while (tty && relay_step(tty, 0))
		;
	return status;
}

static void
report(int status, const char *dir)
{
	FILE *f = fdopen(INSIDE_REPORT, "w");

	if (!f)
		return;
	fprintf(f, "%d\n", status);
	if (*dir)
		tree_write(dir, f);
	fclose(f);
}

/* The first process of stead is 2, and 1 is the kernel's: be that, so that all have the same numbers on both sides. Returns
 * in 2. */
static int
be_init(void)
{
	int status;
	pid_t pid;

	if (unshare(CLONE_NEWNS) < 0 || mount("proc", "/proc", "proc", 0, NULL) < 0)
		return -1;
	/* Terminals have numbers from 0 on, as on stead; where that cannot be had, they have the host's. */
	if (mount("devpts", "/dev/pts", "devpts", MS_NOSUID | MS_NOEXEC, "newinstance,gid=5,mode=620,ptmxmode=666") < 0)
		errno = 0;
	pid = fork();
	if (pid <= 0)
		return pid;
	while (waitpid(-1, &status, 0) != pid)
		;
	_exit(0);
}

int
inside_main(int argc, char **argv)
{
	const char *dir, *limits, *size;
	struct relay relay = { .master = -1 }, *tty;
	bool alone, is_stead;
	struct setup_user user = { .set = false };
	int linger;
	pid_t pid;

	if (argc < 8)
		return EXIT_STEAD_FAILED;
	size = argv[1];
	tty = strcmp(size, "-") ? &relay : NULL;
	fcntl(INSIDE_REPORT, F_SETFD, FD_CLOEXEC);
	linger = atoi(argv[3]);
	limits = argv[4];
	dir = argv[5];
	alone = strcmp(argv[2], "host") != 0;
	is_stead = strcmp(argv[2], "stead") == 0;
	if (strcmp(argv[2], "proc") == 0 && be_init() < 0) {
		perror("stead diff: /proc of a new pid namespace");
		return EXIT_STEAD_FAILED;
	}
	argv = setup_apply(argv + 6, &user);
	if (!argv)
		return EXIT_STEAD_FAILED;
	set_limits(limits, is_stead);
	setsid(); /* stead's first process leads a session */
	if (tty && relay_open(tty, size) < 0) {
		perror("stead diff: --tty: a pseudo terminal");
		return EXIT_STEAD_FAILED;
	}
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	pid = fork();
	if (pid == 0) {
		if ((!tty || relay_enter(tty) == 0) && setup_become(&user) == 0)
			execvp(argv[0], argv);
		dprintf(2, "stead diff: %s: %s\n", argv[0], strerror(errno));
		_exit(errno == ENOENT ? EXIT_NOT_FOUND : EXIT_NOT_EXECUTABLE);
	}
	if (pid < 0)
		return EXIT_STEAD_FAILED;
	report(wait_for(pid, linger, alone, tty), dir);
	return 0;
}
