/* SPDX-License-Identifier: MIT
 *
 * /proc as programs use it: one's own process and others, and the machine.
 */
#include <dirent.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/sysinfo.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <sys/utsname.h>

#include "tests/guest/guest.h"

static char text[256 << 10];

static const char *
slurp(const char *path)
{
	int fd = open(path, O_RDONLY);
	ssize_t n;
	size_t have = 0;

	if (fd < 0)
		guest_fail(__FILE__, __LINE__, "%s: %s", path, strerror(errno));
	while ((n = read(fd, text + have, sizeof(text) - 1 - have)) > 0)
		have += (size_t)n;
	CHECK(n == 0);
	text[have] = '\0';
	close(fd);
	return text;
}

/* The value of a line "Name:\tvalue" of a file. */
static const char *
field(const char *path, const char *name)
{
	static char value[256];
	const char *p = slurp(path);
	size_t n = strlen(name);

	for (; p; p = strchr(p, '\n') ? strchr(p, '\n') + 1 : NULL) {
		if (strncmp(p, name, n) == 0 && p[n] == ':') {
			p += n + 1;
			while (*p == ' ' || *p == '\t')
				p++;
			snprintf(value, sizeof(value), "%.*s", (int)strcspn(p, "\n"), p);
			return value;
		}
	}
	guest_fail(__FILE__, __LINE__, "%s has no %s", path, name);
}

static const char *
link_of(const char *path)
{
	static char to[PATH_MAX];
	ssize_t n = readlink(path, to, sizeof(to) - 1);

	if (n < 0)
		guest_fail(__FILE__, __LINE__, "readlink %s: %s", path, strerror(errno));
	to[n] = '\0';
	return to;
}

static void
self_is_the_caller(void)
{
	char want[32], path[64];

	snprintf(want, sizeof(want), "%d", getpid());
	CHECK_STR(link_of("/proc/self"), want);
	snprintf(want, sizeof(want), "%d/task/%d", getpid(), gettid());
	CHECK_STR(link_of("/proc/thread-self"), want);
	CHECK_STR(link_of("/proc/self/exe"), guest_self);
	CHECK_STR(link_of("/proc/self/root"), "/");
	CHECK_EQ(chdir("/usr/lib"), 0);
	CHECK_STR(link_of("/proc/self/cwd"), "/usr/lib");
	snprintf(path, sizeof(path), "/proc/%d/cwd/..", getpid());
	CHECK_EQ(chdir(path), 0);
	CHECK_STR(link_of("/proc/self/cwd"), "/usr");
}

static void
stat_line(void)
{
	char comm[64], state;
	int pid, ppid, pgrp, session;

	prctl(PR_SET_NAME, "a (b) c");
	CHECK_EQ(sscanf(slurp("/proc/self/stat"), "%d (%63[^\n]", &pid, comm), 2);
	CHECK_EQ(pid, getpid());
	CHECK(strncmp(comm, "a (b) c) ", 9) == 0);
	CHECK_EQ(sscanf(comm + 9, "%c %d %d %d", &state, &ppid, &pgrp, &session), 4);
	CHECK(state == 'R' && ppid == getppid() && pgrp == getpgrp() && session == getsid(0));
	CHECK_STR(slurp("/proc/self/comm"), "a (b) c\n");
}

static void
stat_has_all_fields(void)
{
	const char *p = strrchr(slurp("/proc/self/stat"), ')');
	int n = 2;

	for (; *p; p++)
		n += *p == ' ';
	CHECK_EQ(n, 52);
}

static void
status_fields(void)
{
	char want[64];
	sigset_t s;

	snprintf(want, sizeof(want), "%d", getpid());
	CHECK_STR(field("/proc/self/status", "Pid"), want);
	CHECK_STR(field("/proc/self/status", "Tgid"), want);
	snprintf(want, sizeof(want), "%d", getppid());
	CHECK_STR(field("/proc/self/status", "PPid"), want);
	snprintf(want, sizeof(want), "%d\t%d\t%d\t%d", getuid(), geteuid(), geteuid(), geteuid());
	CHECK_STR(field("/proc/self/status", "Uid"), want);
	CHECK_STR(field("/proc/self/status", "State"), "R (running)");
	CHECK_STR(field("/proc/self/status", "Threads"), "1");
	signal(SIGUSR1, SIG_IGN);
	sigemptyset(&s);
	sigaddset(&s, SIGUSR2);
	sigprocmask(SIG_BLOCK, &s, NULL);
	raise(SIGUSR2);
	CHECK_EQ(strtoull(field("/proc/self/status", "SigIgn"), NULL, 16) & 0xfff, 0x200); /* some are inherited */
	CHECK_STR(field("/proc/self/status", "SigBlk"), "0000000000000800");
	CHECK_STR(field("/proc/self/status", "SigPnd"), "0000000000000800");
	CHECK(atoi(field("/proc/self/status", "VmRSS")) > 100);
	CHECK(atoi(field("/proc/self/status", "VmSize")) > 1000);
	field("/proc/self/status", "CapEff");
	field("/proc/self/status", "Groups");
	field("/proc/self/status", "NoNewPrivs");
}

static void
command_line_and_environment(void)
{
	int p[2];
	char buf[512];
	ssize_t n;

	CHECK_EQ(pipe(p), 0);
	if (guest_fork() == 0) {
		char *argv[] = { "cat", "/proc/self/cmdline", "/proc/self/environ", NULL }, *envp[] = { "A=1", "B=2", NULL };

		dup2(p[1], 1);
		execve("/bin/cat", argv, envp);
		_exit(1);
	}
	CHECK_EXITS(-1, 0);
	n = read(p[0], buf, sizeof(buf));
	CHECK_EQ(n, 4 + 19 + 19 + 8);
	CHECK(memcmp(buf, "cat\0/proc/self/cmdline\0/proc/self/environ\0A=1\0B=2\0", (size_t)n) == 0);
}

static void
descriptors(void)
{
	DIR *d;
	struct dirent *e;
	char seen[1024] = { 0 }, path[64];
	int fd = open("/usr", O_RDONLY), p[2], n = 0;

	CHECK_EQ(dup2(fd, 100), 100);
	CHECK_EQ(pipe(p), 0);
	d = opendir("/proc/self/fd");
	CHECK(d != NULL);
	while ((e = readdir(d))) {
		if (e->d_name[0] == '.')
			continue;
		n = atoi(e->d_name);
		CHECK(n >= 0 && n < 1024);
		seen[n] = 1;
	}
	closedir(d);
	CHECK(seen[0] && seen[1] && seen[2] && seen[fd] && seen[100] && seen[p[0]] && !seen[101]);
	CHECK_STR(link_of("/proc/self/fd/100"), "/usr");
	snprintf(path, sizeof(path), "/proc/self/fd/%d", p[0]);
	CHECK(strncmp(link_of(path), "pipe:[", 6) == 0);
	CHECK_EQ(lseek(fd, 0, SEEK_SET), 0);
	CHECK_STR(field("/proc/self/fdinfo/100", "pos"), "0");
	CHECK(strstr(field("/proc/self/fdinfo/100", "flags"), "0") != NULL);
}

static void
other_processes_appear_and_vanish(void)
{
	char path[64];
	pid_t pid = guest_fork();
	DIR *d;
	struct dirent *e;
	int found = 0, me = 0, self = getpid();

	if (pid == 0) {
		prctl(PR_SET_NAME, "the-child");
		for (;;)
			pause();
	}
	guest_await_sleep(pid);
	snprintf(path, sizeof(path), "/proc/%d/comm", pid);
	CHECK_STR(slurp(path), "the-child\n");
	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	CHECK_STR(field(path, "State"), "S (sleeping)");
	d = opendir("/proc");
	while ((e = readdir(d))) {
		found += atoi(e->d_name) == pid;
		me += atoi(e->d_name) == self;
	}
	closedir(d);
	CHECK(found == 1 && me == 1);
	kill(pid, SIGSTOP);
	guest_sleep_ms(50);
	CHECK(strchr("Tt", *field(path, "State"))); /* t: it is traced */
	kill(pid, SIGKILL);
	guest_sleep_ms(50);
	CHECK_STR(field(path, "State"), "Z (zombie)");
	CHECK_KILLED(pid, SIGKILL);
	CHECK_ERR(open(path, O_RDONLY), ENOENT);
}

static void
an_open_file_of_a_dead_process(void)
{
	char path[64], buf[64];
	pid_t pid = guest_fork();
	int fd;

	if (pid == 0) {
		for (;;)
			pause();
	}
	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	fd = open(path, O_RDONLY);
	CHECK(fd >= 0);
	kill(pid, SIGKILL);
	CHECK_KILLED(pid, SIGKILL);
	CHECK_ERR(read(fd, buf, sizeof(buf)), ESRCH);
}

static void *
sleeper(void *arg)
{
	for (;;)
		pause();
	return NULL;
}

static void
threads_are_listed(void)
{
	pthread_t th[3];
	DIR *d;
	struct dirent *e;
	int i, n = 0;

	for (i = 0; i < 3; i++)
		pthread_create(&th[i], NULL, sleeper, NULL);
	d = opendir("/proc/self/task");
	CHECK(d != NULL);
	while ((e = readdir(d)))
		n += e->d_name[0] != '.';
	CHECK_EQ(n, 4);
	CHECK_STR(field("/proc/self/status", "Threads"), "4");
}

static void
maps(void)
{
	const char *m = slurp("/proc/self/maps");

	CHECK(strstr(m, guest_self) != NULL);
	CHECK(strstr(m, "libc.so.6") != NULL);
	CHECK(strstr(m, "[stack]") != NULL);
	CHECK(strstr(m, "[vdso]") != NULL);
	CHECK(strstr(m, " r-xp ") != NULL);
	CHECK(strstr(slurp("/proc/self/smaps"), "Rss:") != NULL);
	CHECK(strtoul(slurp("/proc/self/statm"), NULL, 10) > 100);
}

static void
memory_of_a_process(void)
{
	static char word[8] = "before";
	int fd = open("/proc/self/mem", O_RDWR);
	char buf[8] = "";

	CHECK(fd >= 0);
	CHECK_EQ(pread(fd, buf, 7, (off_t)(uintptr_t)word), 7);
	CHECK_STR(buf, "before");
	CHECK_EQ(pwrite(fd, "after!", 7, (off_t)(uintptr_t)word), 7);
	CHECK_STR(*(char (*volatile)[8]) & word, "after!");
	CHECK_ERR(pread(fd, buf, 7, 8), EIO);
}

static void
limits_file(void)
{
	struct rlimit rl = { 123, 456 };

	CHECK_EQ(setrlimit(RLIMIT_NOFILE, &rl), 0);
	CHECK(strstr(slurp("/proc/self/limits"), "Max open files            123                  456                  files") != NULL);
}

static void
the_machine(void)
{
	struct sysinfo si;
	double up;
	long total;

	CHECK_EQ(sysinfo(&si), 0);
	total = atol(field("/proc/meminfo", "MemTotal"));
	CHECK(labs(total - (long)(si.totalram * si.mem_unit / 1024)) < 1024);
	CHECK(atol(field("/proc/meminfo", "MemFree")) <= total);
	CHECK(atol(field("/proc/meminfo", "MemAvailable")) <= total);
	CHECK_EQ(sscanf(slurp("/proc/uptime"), "%lf", &up), 1);
	CHECK(up >= 0);
	CHECK(strncmp(slurp("/proc/version"), "Linux version ", 14) == 0);
	CHECK(strncmp(slurp("/proc/stat"), "cpu  ", 5) == 0);
	CHECK(strchr(slurp("/proc/loadavg"), '/') != NULL);
	CHECK(strstr(slurp("/proc/filesystems"), "tmpfs") != NULL);
	CHECK(strstr(slurp("/proc/mounts"), " / ") != NULL);
	CHECK(strstr(slurp("/proc/self/mountinfo"), " /proc ") != NULL);
	CHECK_STR(link_of("/proc/mounts"), "self/mounts");
}

static void
processors(void)
{
	const char *p = slurp("/proc/cpuinfo");
	int n = 0;

	for (; (p = strstr(p, "processor\t:")); p++)
		n++;
	CHECK_EQ(n, sysconf(_SC_NPROCESSORS_ONLN));
	field("/proc/cpuinfo", "model name\t");
}

static void
kernel_settings(void)
{
	struct utsname u;
	char want[80];

	CHECK_EQ(uname(&u), 0);
	snprintf(want, sizeof(want), "%s\n", u.nodename);
	CHECK_STR(slurp("/proc/sys/kernel/hostname"), want);
	snprintf(want, sizeof(want), "%s\n", u.release);
	CHECK_STR(slurp("/proc/sys/kernel/osrelease"), want);
	CHECK_STR(slurp("/proc/sys/kernel/ostype"), "Linux\n");
	CHECK(atoi(slurp("/proc/sys/kernel/pid_max")) >= 32768);
	slurp("/proc/sys/vm/overcommit_memory");
	CHECK(atol(slurp("/proc/sys/fs/file-max")) > 1000);
	CHECK_EQ(strlen(slurp("/proc/sys/kernel/random/boot_id")), 37);
}

static void
comm_can_be_written(void)
{
	int fd = open("/proc/self/comm", O_RDWR);
	char name[16];

	CHECK_EQ(write(fd, "renamed\n", 8), 8);
	prctl(PR_GET_NAME, name);
	CHECK_STR(name, "renamed\n"); /* all that was written */
	CHECK_EQ(write(fd, "a name of more than fifteen", 27), 27);
	prctl(PR_GET_NAME, name);
	CHECK_STR(name, "a name of more ");
}

static void
oom_score_adj(void)
{
	int fd = open("/proc/self/oom_score_adj", O_RDWR);

	CHECK(fd >= 0);
	CHECK_EQ(write(fd, "500\n", 4), 4);
	CHECK_STR(slurp("/proc/self/oom_score_adj"), "500\n");
	CHECK_ERR(write(fd, "2000\n", 5), EINVAL);
}

static void
reading_piecewise(void)
{
	char whole[8192], part[8192];
	int fd;
	size_t n = strlen(slurp("/proc/self/maps")), have = 0;

	CHECK(n < sizeof(whole));
	memcpy(whole, text, n);
	fd = open("/proc/self/maps", O_RDONLY);
	while (read(fd, part + have, 7) > 0)
		have = (size_t)lseek(fd, 0, SEEK_CUR);
	CHECK(have > n / 2);
	CHECK_EQ(pread(fd, part, 10, 5), 10);
}

static void
nothing_else_is_there(void)
{
	CHECK_ERR(open("/proc/nothing", O_RDONLY), ENOENT);
	CHECK_ERR(open("/proc/999999", O_RDONLY), ENOENT);
	CHECK_ERR(open("/proc/self/nothing", O_RDONLY), ENOENT);
	CHECK(mkdir("/proc/new", 0700) == -1);
	CHECK(unlink("/proc/uptime") == -1);
}

/* Is there a line of /proc/locks about this process's file, and what it says from the kind on. */
static bool
lock_line(const struct stat *st, const char *kind, const char *type, int pid, const char *range)
{
	char want[200];

	snprintf(want, sizeof(want), "%-6s ADVISORY  %s %d %02x:%02x:%lu %s\n", kind, type, pid, major(st->st_dev), minor(st->st_dev),
		 (unsigned long)st->st_ino, range);
	return strstr(slurp("/proc/locks"), want) != NULL;
}

/* In a file of /dev/shm: on some disks st_dev is not what is shown there. */
static void
locks(void)
{
	char name[] = "/dev/shm/locks.XXXXXX";
	struct flock fl = { .l_type = F_WRLCK, .l_start = 5, .l_len = 10 };
	int fd = mkstemp(name), other = open(name, O_RDWR);
	struct stat st;
	char info[64] = "";
	int pid;

	CHECK(fd >= 0 && other >= 0);
	CHECK(readlink("/proc/self", info, sizeof(info)) > 0); /* who we are there, even if /proc is of another pid namespace */
	pid = atoi(info);
	unlink(name);
	CHECK_EQ(fstat(fd, &st), 0);
	CHECK_EQ(fcntl(fd, F_SETLK, &fl), 0);
	CHECK_EQ(flock(fd, LOCK_SH), 0);
	fl = (struct flock){ .l_type = F_RDLCK, .l_start = 100 };
	CHECK_EQ(fcntl(other, F_OFD_SETLK, &fl), 0);
	CHECK(lock_line(&st, "POSIX", "WRITE", pid, "5 14"));
	CHECK(lock_line(&st, "FLOCK", "READ", pid, "0 EOF"));
	CHECK(lock_line(&st, "OFDLCK", "READ", -1, "100 EOF"));
	snprintf(info, sizeof(info), "/proc/self/fdinfo/%d", fd);
	CHECK(strstr(slurp(info), "lock:\t1: FLOCK  ADVISORY  READ ") != NULL);
	CHECK(strstr(slurp(info), "POSIX  ADVISORY  WRITE ") != NULL);
	CHECK(strstr(slurp(info), "OFDLCK") == NULL);
	close(fd);
	CHECK(!lock_line(&st, "POSIX", "WRITE", pid, "5 14"));
	CHECK(!lock_line(&st, "FLOCK", "READ", pid, "0 EOF"));
	CHECK(lock_line(&st, "OFDLCK", "READ", -1, "100 EOF"));
}

/* The line of /proc/net/unix about a socket, its references, flags, type, state and path; "" if there is none. */
static const char *
unix_line(int fd)
{
	static char line[256];
	struct stat st;
	const char *p;
	unsigned int refs, flags, type, state;
	unsigned long ino;
	int n = 0;

	CHECK_EQ(fstat(fd, &st), 0);
	line[0] = '\0';
	for (p = strchr(slurp("/proc/net/unix"), '\n') + 1; *p; p = strchr(p, '\n') + 1) {
		CHECK_EQ(sscanf(p, "%*x: %x 00000000 %x %x %x %lu%n", &refs, &flags, &type, &state, &ino, &n), 5);
		if (ino == st.st_ino)
			snprintf(line, sizeof(line), "%u %x %u %u%.*s", refs, flags, type, state, (int)strcspn(p + n, "\n"), p + n);
	}
	return line;
}

static void
unix_sockets(void)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	int s[2], l, c, d, n;
	char want[160];

	guest_tmpdir();
	CHECK_EQ(strncmp(slurp("/proc/net/unix"), "Num       RefCount Protocol Flags    Type St Inode Path\n", 52), 0);
	CHECK_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, s), 0);
	CHECK_STR(unix_line(s[0]), "3 0 1 3");
	close(s[1]);
	l = socket(AF_UNIX, SOCK_STREAM, 0);
	CHECK_STR(unix_line(l), "2 0 1 1");
	n = snprintf(a.sun_path + 1, sizeof(a.sun_path) - 1, "guest%cproc%d", 0, getpid());
	CHECK_EQ(bind(l, (struct sockaddr *)&a, (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + (size_t)n)), 0);
	CHECK_EQ(listen(l, 1), 0);
	snprintf(want, sizeof(want), "2 10000 1 1 @guest@proc%d", getpid());
	CHECK_STR(unix_line(l), want);
	c = socket(AF_UNIX, SOCK_STREAM, 0);
	CHECK_EQ(connect(c, (struct sockaddr *)&a, (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + (size_t)n)), 0);
	CHECK_STR(unix_line(c), "3 0 1 3");
	snprintf(want, sizeof(want), " 0001 02     0 @guest@proc%d\n", getpid());
	CHECK(strstr(slurp("/proc/net/unix"), want) != NULL);
	s[0] = accept(l, NULL, NULL);
	snprintf(want, sizeof(want), "3 0 1 3 @guest@proc%d", getpid());
	CHECK_STR(unix_line(s[0]), want);
	d = socket(AF_UNIX, SOCK_DGRAM, 0);
	strcpy(a.sun_path, "name");
	CHECK_EQ(bind(d, (struct sockaddr *)&a, sizeof(a)), 0);
	CHECK_STR(unix_line(d), "2 0 2 1 name");
	CHECK_STR(unix_line(socket(AF_UNIX, SOCK_SEQPACKET, 0)), "2 0 5 1");
	CHECK_STR(link_of("/proc/net"), "self/net");
}

static void
map_files(void)
{
	char path[160], want[96];
	char *p;
	struct stat a, b;
	int fd, found = 0;
	DIR *d;
	struct dirent *e;

	guest_tmpdir();
	fd = open("mapped", O_RDWR | O_CREAT, 0600);
	CHECK_EQ(ftruncate(fd, 8192), 0);
	p = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	CHECK(p != MAP_FAILED);
	snprintf(want, sizeof(want), "%lx-%lx", (unsigned long)p, (unsigned long)p + 8192);
	snprintf(path, sizeof(path), "/proc/self/map_files/%s", want);
	CHECK_EQ(lstat(path, &a), 0);
	CHECK(a.st_mode == (S_IFLNK | 0600) && a.st_size == 64);
	CHECK(strcmp(strrchr(link_of(path), '/'), "/mapped") == 0);
	if (stat(path, &b) == 0) { /* it takes a privilege */
		CHECK_EQ(fstat(fd, &a), 0);
		CHECK(a.st_ino == b.st_ino && a.st_size == b.st_size);
	}
	d = opendir("/proc/self/map_files");
	CHECK(d != NULL);
	while ((e = readdir(d)))
		found += strcmp(e->d_name, want) == 0 && e->d_type == DT_LNK;
	CHECK_EQ(found, 1);
	CHECK_ERR(lstat("/proc/self/map_files/1000-2000", &a), ENOENT);
	CHECK_ERR(lstat("/proc/self/map_files/junk", &a), ENOENT);
	CHECK_EQ(munmap(p, 4096), 0);
	CHECK_ERR(lstat(path, &a), ENOENT);
}

int
main(int argc, char **argv)
{
	static const struct guest_case cases[] = {
		T(locks),
		T(self_is_the_caller), T(stat_line), T(stat_has_all_fields), T(status_fields), T(command_line_and_environment),
		T(descriptors), T(other_processes_appear_and_vanish), T(an_open_file_of_a_dead_process), T(threads_are_listed),
		T(maps), T(memory_of_a_process), T(limits_file), T(the_machine), T(processors), T(kernel_settings),
		T(comm_can_be_written), T(oom_score_adj), T(reading_piecewise), T(nothing_else_is_there), T(unix_sockets), T(map_files),
	};

	return guest_main(argc, argv, cases, ARRAY_SIZE(cases));
}
