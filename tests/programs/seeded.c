/* SPDX-License-Identifier: MIT
 *
 * One mode for each fault of kernel/seeded.h: the shortest program that meets it. Usage: seeded MODE..., in an empty directory. Each
 * of several modes has a child and a directory of its own.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

static int fds[2];

static void
errno_mode(void)
{
	if (pipe(fds) == 0)
		printf("%d\n", (int)lseek(fds[0], 0, SEEK_CUR));
}

static void
nlink_mode(void)
{
	struct stat st;

	close(open("a", O_CREAT | O_WRONLY, 0644));
	if (link("a", "b") == 0 && link("a", "c") == 0 && stat("a", &st) == 0)
		printf("%d\n", (int)st.st_size);
}

/* Were read(2) restarted, the second signal's byte would end it. */
static void
on_alarm(int sig)
{
	static int times;

	if (++times == 2 && write(fds[1], "x", 1) < 0)
		_exit(1);
}

static void
eintr_mode(void)
{
	struct sigaction sa = { .sa_handler = on_alarm };
	struct itimerval twice = { { 0, 300000 }, { 0, 300000 } };
	char c;

	if (pipe(fds) < 0 || sigaction(SIGALRM, &sa, NULL) < 0 || setitimer(ITIMER_REAL, &twice, NULL) < 0)
		return;
	if (read(fds[0], &c, 1) < 0 && errno == EINTR)
		puts("interrupted");
}

static void
short_mode(void)
{
	static char buf[10000];
	int fd = open("f", O_CREAT | O_RDWR, 0644);

	memset(buf, 'x', sizeof(buf));
	if (write(fd, buf, sizeof(buf)) == (ssize_t)sizeof(buf))
		printf("%d\n", pread(fd, buf, 8000, 100) > 0);
}

static void
on_fault(int sig, siginfo_t *info, void *context)
{
	_exit(info->si_signo == SIGSEGV ? 0 : 1);
}

static void
siginfo_mode(void)
{
	struct sigaction sa = { .sa_sigaction = on_fault, .sa_flags = SA_SIGINFO };
	char *p = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	sigaction(SIGSEGV, &sa, NULL);
	*(volatile char *)p = 1;
}

static void
dirent_mode(void)
{
	DIR *d;
	int n = 0;

	if (symlink("nowhere", "link") < 0 || !(d = opendir(".")))
		return;
	while (readdir(d))
		n++;
	printf("%d\n", n);
}

/* Waits in the parent, so that modes come one after another. */
static bool
in_child(const char *mode)
{
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (pid == 0)
		return mkdir(mode, 0755) == 0 && chdir(mode) == 0 ? true : (_exit(1), false);
	waitpid(pid, NULL, 0);
	return false;
}

int
main(int argc, char **argv)
{
	static const struct {
		const char *name;
		void (*fn)(void);
	} modes[] = { { "errno", errno_mode }, { "nlink", nlink_mode },	    { "eintr", eintr_mode },
		      { "short", short_mode }, { "siginfo", siginfo_mode }, { "dirent", dirent_mode } };

	for (int arg = 1; arg < argc; arg++) {
		if (argc > 2 && !in_child(argv[arg]))
			continue;
		for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++)
			if (strcmp(argv[arg], modes[i].name) == 0)
				modes[i].fn();
		return 0;
	}
	return 0;
}
