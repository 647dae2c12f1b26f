/* SPDX-License-Identifier: MIT
 *
 * execve and execveat: errors for every malformed file, scripts, what survives, exec from threads.
 */
#include <elf.h>
#include <sys/prctl.h>

#include "tests/guest/guest.h"

extern char **environ;

/* This program run again as `exec --helper WHAT ...` answers on stdout or by its exit status. */
static int
helper(int argc, char **argv)
{
	const char *what = argv[2];
	struct sigaction sa;
	sigset_t set;
	int i;

	if (strcmp(what, "exit") == 0)
		return atoi(argv[3]);
	if (strcmp(what, "args") == 0) {
		for (i = 0; i < argc; i++)
			printf("[%s]", argv[i]);
		for (i = 0; environ[i]; i++)
			printf("{%s}", environ[i]);
		return 0;
	}
	if (strcmp(what, "signals") == 0) {
		sigaction(SIGUSR1, NULL, &sa);
		if (sa.sa_handler != SIG_DFL)
			return 1;
		sigaction(SIGUSR2, NULL, &sa);
		if (sa.sa_handler != SIG_IGN)
			return 2;
		sigprocmask(SIG_SETMASK, NULL, &set);
		if (!sigismember(&set, SIGTERM) || sigismember(&set, SIGHUP))
			return 3;
		sigpending(&set);
		return sigismember(&set, SIGTERM) ? 0 : 4;
	}
	if (strcmp(what, "fd") == 0)
		return fcntl(atoi(argv[3]), F_GETFD) >= 0;
	if (strcmp(what, "altstack") == 0) {
		stack_t ss;

		return sigaltstack(NULL, &ss) == 0 && ss.ss_flags == SS_DISABLE ? 0 : 1;
	}
	if (strcmp(what, "comm") == 0) {
		char name[16];

		prctl(PR_GET_NAME, name);
		fputs(name, stdout);
		return 0;
	}
	if (strcmp(what, "alarm") == 0)
		return alarm(0) > 0 ? 0 : 1;
	if (strcmp(what, "ids") == 0)
		return getpid() == atoi(argv[3]) && gettid() == getpid() ? 0 : 1;
	return 99;
}

/* Run a program with its output in @out; returns the wait status. */
static int
run(char *out, size_t n, const char *path, char *const argv[], char *const envp[])
{
	int p[2];
	ssize_t got;
	size_t have = 0;
	pid_t pid;

	CHECK_EQ(pipe(p), 0);
	pid = guest_fork();
	if (pid == 0) {
		dup2(p[1], 1);
		close(p[0]);
		close(p[1]);
		execve(path, argv, envp);
		_exit(100 + (errno & 0x7f));
	}
	close(p[1]);
	while (have < n - 1 && (got = read(p[0], out + have, n - 1 - have)) > 0)
		have += (size_t)got;
	out[have] = '\0';
	close(p[0]);
	return guest_wait(pid);
}

static int
exec_errno(const char *path)
{
	char *argv[] = { "x", "--helper", "exit", "0", NULL };
	int p[2], err = 0;
	pid_t pid;

	CHECK_EQ(pipe2(p, O_CLOEXEC), 0);
	pid = guest_fork();
	if (pid == 0) {
		execve(path, argv, environ);
		err = errno;
		if (write(p[1], &err, sizeof(err)) != sizeof(err))
			_exit(1);
		_exit(0);
	}
	close(p[1]);
	if (read(p[0], &err, sizeof(err)) != sizeof(err))
		err = 0;
	close(p[0]);
	guest_wait(pid);
	return err;
}

static void
make_file(const char *path, const char *text, mode_t mode)
{
	guest_write_file(path, text, strlen(text), mode);
}

static void
errors_of_the_path(void)
{
	char longname[5000];

	guest_tmpdir();
	CHECK_EQ(exec_errno("missing"), ENOENT);
	CHECK_EQ(exec_errno(""), ENOENT);
	make_file("plain", "#!/bin/sh\n", 0644);
	CHECK_EQ(exec_errno("plain"), EACCES);
	CHECK_EQ(exec_errno("."), EACCES);
	CHECK_EQ(exec_errno("plain/x"), ENOTDIR);
	CHECK_EQ(symlink("loop", "loop"), 0);
	CHECK_EQ(exec_errno("loop"), ELOOP);
	memset(longname, 'x', sizeof(longname) - 1);
	longname[sizeof(longname) - 1] = '\0';
	CHECK_EQ(exec_errno(longname), ENAMETOOLONG);
	longname[300] = '\0';
	CHECK_EQ(exec_errno(longname), ENAMETOOLONG);
	CHECK_EQ(exec_errno("/dev/null"), EACCES);
	CHECK_ERR(syscall(SYS_execve, 8, NULL, NULL), EFAULT);
	CHECK_ERR(syscall(SYS_execve, "/bin/true", 8, NULL), EFAULT);
}

static void
files_that_are_no_programs(void)
{
	guest_tmpdir();
	make_file("empty", "", 0755);
	CHECK_EQ(exec_errno("empty"), ENOEXEC);
	make_file("text", "echo hello\n", 0755);
	CHECK_EQ(exec_errno("text"), ENOEXEC);
	make_file("short", "\177ELF", 0755);
	CHECK_EQ(exec_errno("short"), ENOEXEC);
	make_file("bang", "#!", 0755);
	CHECK_EQ(exec_errno("bang"), EACCES); /* the interpreter is "", which is the directory */
	make_file("blank", "#!   \n", 0755);
	CHECK_EQ(exec_errno("blank"), ENOEXEC);
	make_file("noint", "#!/nonexistent/interpreter\n", 0755);
	CHECK_EQ(exec_errno("noint"), ENOENT);
	make_file("dir", "#!/usr\n", 0755);
	CHECK_EQ(exec_errno("dir"), EACCES);
}

/* The start of our own file, to be broken in one way after the other. */
static size_t
own_image(char **out)
{
	int fd = open(guest_self, O_RDONLY);
	struct stat st;

	CHECK(fd >= 0);
	CHECK_EQ(fstat(fd, &st), 0);
	*out = malloc((size_t)st.st_size);
	CHECK_EQ(read(fd, *out, (size_t)st.st_size), st.st_size);
	close(fd);
	return (size_t)st.st_size;
}

static Elf64_Phdr *
find_phdr(char *image, uint32_t type)
{
	Elf64_Ehdr *eh = (Elf64_Ehdr *)image;
	Elf64_Phdr *ph = (Elf64_Phdr *)(image + eh->e_phoff);
	int i;

	for (i = 0; i < eh->e_phnum; i++) {
		if (ph[i].p_type == type)
			return &ph[i];
	}
	guest_fail(__FILE__, __LINE__, "no program header of type %u", type);
}

static void
broken_elf_headers(void)
{
	char *image;
	size_t n = own_image(&image);
	Elf64_Ehdr *eh = (Elf64_Ehdr *)image, saved = *eh;

	guest_tmpdir();
	eh->e_machine = EM_ARM;
	guest_write_file("machine", image, n, 0755);
	CHECK_EQ(exec_errno("machine"), ENOEXEC);
	*eh = saved;
	eh->e_type = ET_REL;
	guest_write_file("type", image, n, 0755);
	CHECK_EQ(exec_errno("type"), ENOEXEC);
	*eh = saved;
	eh->e_phentsize = 40;
	guest_write_file("phent", image, n, 0755);
	CHECK_EQ(exec_errno("phent"), ENOEXEC);
	*eh = saved;
	eh->e_phnum = 0;
	guest_write_file("phnum", image, n, 0755);
	CHECK_EQ(exec_errno("phnum"), ENOEXEC);
	*eh = saved;
	eh->e_phoff = n + 4096;
	guest_write_file("phoff", image, n, 0755);
	CHECK(exec_errno("phoff") != 0);
	*eh = saved;
	guest_write_file("cut", image, sizeof(*eh), 0755);
	CHECK(exec_errno("cut") != 0);
}

static void
broken_interpreters(void)
{
	char *image, *interp;
	size_t n = own_image(&image);
	Elf64_Phdr *ph = find_phdr(image, PT_INTERP), saved = *ph;

	guest_tmpdir();
	interp = image + ph->p_offset;
	CHECK(ph->p_filesz > 10);
	strcpy(interp, "/lib/nox");
	ph->p_filesz = 9;
	guest_write_file("missing", image, n, 0755);
	CHECK_EQ(exec_errno("missing"), ENOENT);
	ph->p_filesz = 5; /* not ended by NUL */
	guest_write_file("nonul", image, n, 0755);
	CHECK_EQ(exec_errno("nonul"), ENOEXEC);
	ph->p_filesz = 1;
	guest_write_file("tooshort", image, n, 0755);
	CHECK_EQ(exec_errno("tooshort"), ENOEXEC);
	ph->p_filesz = 5000;
	guest_write_file("toolong", image, n, 0755);
	CHECK_EQ(exec_errno("toolong"), ENOEXEC);
	*ph = saved;
	/* An interpreter that is no ELF file. */
	make_file("/tmp/badi", "this is not an interpreter, but it is long enough to have a whole header in it.......", 0755);
	strcpy(interp, "/tmp/badi");
	ph->p_filesz = 10;
	guest_write_file("badi", image, n, 0755);
	CHECK_EQ(exec_errno("badi"), ELIBBAD);
	make_file("/tmp/badi", "#!/bin/sh\n", 0755);
	CHECK_EQ(exec_errno("badi"), EIO); /* shorter than a header */
	make_file("/tmp/badi", "", 0755);
	CHECK_EQ(exec_errno("badi"), EIO);
	chmod("/tmp/badi", 0644);
	CHECK_EQ(exec_errno("badi"), EACCES);
	unlink("/tmp/badi");
}

static void
a_relative_interpreter_works(void)
{
	char *image, out[100];
	char *argv[] = { "x", "--helper", "exit", "12", NULL };
	size_t n = own_image(&image);
	Elf64_Phdr *ph = find_phdr(image, PT_INTERP);

	guest_tmpdir();
	CHECK_EQ(symlink("/lib64/ld-linux-x86-64.so.2", "ld"), 0);
	strcpy(image + ph->p_offset, "ld");
	ph->p_filesz = 3;
	guest_write_file("prog", image, n, 0755);
	CHECK_EQ(run(out, sizeof(out), "./prog", argv, environ), 12 << 8);
}

static void
a_file_being_written_is_busy(void)
{
	char *image;
	size_t n = own_image(&image);
	int fd;

	guest_tmpdir();
	guest_write_file("prog", image, n, 0755);
	fd = open("prog", O_WRONLY);
	CHECK_EQ(exec_errno("prog"), ETXTBSY);
	close(fd);
	CHECK_EQ(exec_errno("prog"), 0);
}

static void
a_running_file_cannot_be_written(void)
{
	pid_t pid;

	guest_tmpdir();
	CHECK_EQ(system("cp /bin/sleep prog"), 0);
	pid = guest_fork();
	if (pid == 0) {
		execl("./prog", "prog", "30", (char *)NULL);
		_exit(1);
	}
	guest_await_sleep(pid);
	CHECK_ERR(open("prog", O_WRONLY), ETXTBSY);
	CHECK_ERR(open("prog", O_RDWR), ETXTBSY);
	CHECK_ERR(truncate("prog", 0), ETXTBSY);
	CHECK_EQ(unlink("prog"), 0);
	kill(pid, SIGKILL);
	CHECK_KILLED(pid, SIGKILL);
}

static void
arguments_and_environment_arrive(void)
{
	char *argv[] = { "zero", "--helper", "args", "", "a b", "\xff\x01", NULL };
	char *envp[] = { "A=1", "=weird", "", "noequals", NULL };
	char out[400];

	CHECK_EQ(run(out, sizeof(out), guest_self, argv, envp), 0);
	CHECK_STR(out, "[zero][--helper][args][][a b][\xff\x01]{A=1}{=weird}{}{noequals}");
}

static void
no_arguments_gives_one_empty(void)
{
	char *none[] = { NULL };
	char out[100];

	/* Linux 5.18: argv[0] is made to be "". sh then reads its commands from stdin. */
	CHECK_EQ(run(out, sizeof(out), "/bin/true", none, none), 0);
}

static void
too_many_arguments_is_e2big(void)
{
	size_t n = 140000, i;
	char *big = malloc(n), **argv = malloc(200 * sizeof(*argv));

	memset(big, 'x', n - 1);
	big[n - 1] = '\0';
	argv[0] = "x";
	argv[1] = big;
	argv[2] = NULL;
	CHECK_ERR(execve("/bin/true", argv, environ), E2BIG); /* one string over 128 KiB */
	big[100000] = '\0';
	for (i = 1; i < 100; i++)
		argv[i] = big;
	argv[100] = NULL;
	CHECK_ERR(execve("/bin/true", argv, environ), E2BIG); /* all together over a quarter of the stack */
}

static void
long_arguments_arrive(void)
{
	size_t n = 100000;
	char *big = malloc(n + 1), *out = malloc(n + 200);
	char *argv[] = { "x", "--helper", "args", big, NULL }, *envp[] = { NULL };

	memset(big, 'y', n);
	big[n] = '\0';
	CHECK_EQ(run(out, n + 200, guest_self, argv, envp), 0);
	CHECK_EQ(strlen(out), n + 2 + strlen("[x][--helper][args]"));
}

static void
scripts(void)
{
	char out[400];
	char *argv[] = { "ignored", "one", "two", NULL }, *envp[] = { NULL };

	guest_tmpdir();
	make_file("echo", "#!/bin/echo   a b  \nbody", 0755);
	CHECK_EQ(run(out, sizeof(out), "./echo", argv, envp), 0);
	CHECK_STR(out, "a b ./echo one two\n");
	make_file("noarg", "#!/bin/echo", 0755);
	CHECK_EQ(run(out, sizeof(out), "./noarg", argv, envp), 0);
	CHECK_STR(out, "./noarg one two\n");
	make_file("tab", "#! \t/bin/echo\tx\ty \n", 0755);
	CHECK_EQ(run(out, sizeof(out), "./tab", argv, envp), 0);
	CHECK_STR(out, "x\ty ./tab one two\n");
}

static void
nested_scripts(void)
{
	char out[400], name[8], text[64];
	char *argv[] = { "x", "arg", NULL }, *envp[] = { NULL };
	int i;

	guest_tmpdir();
	make_file("s1", "#!/bin/echo one\n", 0755);
	make_file("s2", "#!./s1 two\n", 0755);
	CHECK_EQ(run(out, sizeof(out), "./s2", argv, envp), 0);
	CHECK_STR(out, "one ./s1 two ./s2 arg\n");
	for (i = 3; i <= 8; i++) {
		snprintf(name, sizeof(name), "s%d", i);
		snprintf(text, sizeof(text), "#!./s%d\n", i - 1);
		make_file(name, text, 0755);
	}
	CHECK_EQ(run(out, sizeof(out), "./s5", argv, envp), 0);
	CHECK_EQ(exec_errno("./s7"), ELOOP);
	make_file("self", "#!./self\n", 0755);
	CHECK_EQ(exec_errno("./self"), ELOOP);
}

static void
close_on_exec(void)
{
	char num[16], out[10];
	char *argv[] = { "x", "--helper", "fd", num, NULL };
	int keep = open("/dev/null", O_RDONLY), gone = open("/dev/null", O_RDONLY | O_CLOEXEC);

	snprintf(num, sizeof(num), "%d", keep);
	CHECK_EQ(run(out, sizeof(out), guest_self, argv, environ), 1 << 8);
	snprintf(num, sizeof(num), "%d", gone);
	CHECK_EQ(run(out, sizeof(out), guest_self, argv, environ), 0);
	CHECK_EQ(fcntl(gone, F_GETFD), FD_CLOEXEC);
}

static void
handler(int sig)
{
}

static void
signals_after_exec(void)
{
	char *argv[] = { "x", "--helper", "signals", NULL };
	sigset_t set;

	signal(SIGUSR1, handler);
	signal(SIGUSR2, SIG_IGN);
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigprocmask(SIG_BLOCK, &set, NULL);
	fflush(stdout);
	if (fork() == 0) {
		raise(SIGTERM); /* stays pending across exec */
		execv(guest_self, argv);
		_exit(50);
	}
	CHECK_EXITS(-1, 0);
}

static void
altstack_ends_at_exec(void)
{
	char *argv[] = { "x", "--helper", "altstack", NULL };
	stack_t ss = { .ss_size = 65536, .ss_sp = malloc(65536) };
	char out[10];

	sigaltstack(&ss, NULL);
	CHECK_EQ(run(out, sizeof(out), guest_self, argv, environ), 0);
}

static void
alarm_goes_on(void)
{
	char *argv[] = { "x", "--helper", "alarm", NULL };

	if (guest_fork() == 0) {
		alarm(100);
		execv(guest_self, argv);
		_exit(50);
	}
	CHECK_EXITS(-1, 0);
}

static void
comm_is_the_file_name(void)
{
	char *argv[] = { "something else", "--helper", "comm", NULL };
	char out[100];

	guest_tmpdir();
	CHECK_EQ(symlink(guest_self, "a_name_longer_than_fifteen"), 0);
	CHECK_EQ(run(out, sizeof(out), "./a_name_longer_than_fifteen", argv, environ), 0);
	CHECK_STR(out, "a_name_longer_t");
}

static void *
exec_thread(void *arg)
{
	char num[16];
	char *argv[] = { "x", "--helper", "ids", num, NULL };

	snprintf(num, sizeof(num), "%d", getpid());
	execv(guest_self, argv);
	_exit(51);
}

static void *
idle_thread(void *arg)
{
	for (;;)
		pause();
	return NULL;
}

static void *
busy_thread(void *arg)
{
	for (;;)
		__asm__ volatile("pause");
	return NULL;
}

static void
exec_from_a_thread_that_is_not_leader(void)
{
	int i;

	for (i = 0; i < 5; i++) {
		if (guest_fork() == 0) {
			pthread_t th;

			pthread_create(&th, NULL, idle_thread, NULL);
			pthread_create(&th, NULL, busy_thread, NULL);
			pthread_create(&th, NULL, exec_thread, NULL);
			for (;;)
				pause();
		}
		CHECK_EXITS(-1, 0);
	}
}

static void
exec_from_the_leader_kills_threads(void)
{
	if (guest_fork() == 0) {
		pthread_t th;

		pthread_create(&th, NULL, idle_thread, NULL);
		pthread_create(&th, NULL, busy_thread, NULL);
		exec_thread(NULL);
	}
	CHECK_EXITS(-1, 0);
}

static void
exec_after_the_leader_exited(void)
{
	if (guest_fork() == 0) {
		pthread_t th;

		pthread_create(&th, NULL, exec_thread, NULL);
		syscall(SYS_exit, 0);
	}
	CHECK_EXITS(-1, 0);
}

static void
failed_exec_harms_no_thread(void)
{
	char *argv[] = { "x", NULL };
	pthread_t th;

	pthread_create(&th, NULL, idle_thread, NULL);
	CHECK_ERR(execv("/nonexistent", argv), ENOENT);
	CHECK_EQ(pthread_kill(th, 0), 0);
	CHECK_EQ(pthread_cancel(th), 0);
	CHECK_EQ(pthread_join(th, NULL), 0);
}

static int
execveat_status(int dirfd, const char *path, int flags)
{
	char *argv[] = { "x", "--helper", "exit", "33", NULL };
	pid_t pid = guest_fork();

	if (pid == 0) {
		syscall(SYS_execveat, dirfd, path, argv, environ, flags);
		_exit(100 + errno);
	}
	return WEXITSTATUS(guest_wait(pid));
}

static void
execveat_forms(void)
{
	char dir[PATH_MAX], *base;
	int dirfd, fd;

	strcpy(dir, guest_self);
	base = strrchr(dir, '/');
	*base++ = '\0';
	dirfd = open(dir, O_RDONLY | O_DIRECTORY);
	fd = open(guest_self, O_RDONLY);
	CHECK_EQ(execveat_status(dirfd, base, 0), 33);
	CHECK_EQ(execveat_status(-1, guest_self, 0), 33);
	CHECK_EQ(execveat_status(fd, "", AT_EMPTY_PATH), 33);
	CHECK_EQ(execveat_status(fd, "", 0), 100 + ENOENT);
	CHECK_EQ(execveat_status(-1, base, 0), 100 + EBADF);
	CHECK_EQ(execveat_status(fd, base, 0), 100 + ENOTDIR);
	CHECK_EQ(execveat_status(dirfd, base, 0x4000000), 100 + EINVAL);
	fd = open(guest_self, O_PATH);
	CHECK_EQ(execveat_status(fd, "", AT_EMPTY_PATH), 33);
	guest_tmpdir();
	CHECK_EQ(symlink(guest_self, "link"), 0);
	CHECK_EQ(execveat_status(AT_FDCWD, "link", 0), 33);
	CHECK_EQ(execveat_status(AT_FDCWD, "link", AT_SYMLINK_NOFOLLOW), 100 + ELOOP);
}

static void
fexecve_of_a_script(void)
{
	char *argv[] = { "x", NULL };
	int fd;

	guest_tmpdir();
	make_file("script", "#!/bin/sh\ntest \"$0\" = /dev/fd/9 && exit 21; exit 22\n", 0755);
	fd = open("script", O_RDONLY);
	dup2(fd, 9);
	if (guest_fork() == 0) {
		fexecve(9, argv, environ);
		_exit(1);
	}
	CHECK_EXITS(-1, 21);
	fcntl(9, F_SETFD, FD_CLOEXEC);
	CHECK_ERR(syscall(SYS_execveat, 9, "", argv, environ, AT_EMPTY_PATH), ENOENT);
}

static void
a_pipe_of_execs(void)
{
	int i;

	for (i = 0; i < 50; i++) {
		char *argv[] = { "x", "--helper", "exit", "5", NULL };

		if (guest_fork() == 0) {
			execv(guest_self, argv);
			_exit(50);
		}
		CHECK_EXITS(-1, 5);
	}
}

static void
memory_file(void)
{
	char *argv[] = { "x", "--helper", "exit", "9", NULL };
	char *image;
	size_t n = own_image(&image);
	int fd = memfd_create("prog", 0);

	CHECK(fd >= 0);
	CHECK_EQ(write(fd, image, n), n);
	if (guest_fork() == 0) {
		fexecve(fd, argv, environ);
		_exit(100 + errno);
	}
	CHECK_EXITS(-1, 9);
}

int
main(int argc, char **argv)
{
	static const struct guest_case cases[] = {
		T(errors_of_the_path), T(files_that_are_no_programs), T(broken_elf_headers), T(broken_interpreters),
		T(a_relative_interpreter_works), T(a_file_being_written_is_busy), T(a_running_file_cannot_be_written),
		T(arguments_and_environment_arrive), T(no_arguments_gives_one_empty), T(too_many_arguments_is_e2big),
		T(long_arguments_arrive), T(scripts), T(nested_scripts), T(close_on_exec), T(signals_after_exec),
		T(altstack_ends_at_exec), T(alarm_goes_on), T(comm_is_the_file_name), T(exec_from_a_thread_that_is_not_leader),
		T(exec_from_the_leader_kills_threads), T(exec_after_the_leader_exited), T(failed_exec_harms_no_thread),
		T(execveat_forms), T(fexecve_of_a_script), T(a_pipe_of_execs), T(memory_file),
	};

	if (argc > 2 && strcmp(argv[1], "--helper") == 0)
		return helper(argc, argv);
	return guest_main(argc, argv, cases, ARRAY_SIZE(cases));
}
