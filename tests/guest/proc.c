/* SPDX-License-Identifier: MIT
 *
 * /proc: what the files of a process say of it, links, what can be written, who may look, and what is left of the dead.
 */
#include <dirent.h>
#include <poll.h>
#include <stdarg.h>
#include <sys/auxv.h>
#include <sys/prctl.h>
#include <sys/sysinfo.h>
#include <sys/utsname.h>

#include "tests/guest/guest.h"

static char text[1 << 20];

/* The whole of a file into text[], as a string; its length or -errno. */
static ssize_t
slurp(const char *fmt, ...)
{
	char path[PATH_MAX];
	ssize_t n, all = 0;
	va_list ap;
	int fd;

	va_start(ap, fmt);
	vsnprintf(path, sizeof(path), fmt, ap);
	va_end(ap);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	while ((n = read(fd, text + all, sizeof(text) - 1 - (size_t)all)) > 0)
		all += n;
	if (n < 0)
		all = -errno;
	else
		text[all] = '\0';
	close(fd);
	return all;
}

/* The value behind "NAME:" of the lines in text[]. */
static const char *
field(const char *name)
{
	static char value[4096];
	char *p = text;
	size_t n = strlen(name);

	for (; p && *p; p = strchr(p, '\n') ? strchr(p, '\n') + 1 : NULL) {
		if (strncmp(p, name, n) == 0 && p[n] == ':') {
			p += n + 1;
			p += strspn(p, " \t");
			n = strcspn(p, "\n");
			memcpy(value, p, n);
			value[n] = '\0';
			return value;
		}
	}
	guest_fail(__FILE__, __LINE__, "no field %s", name);
}

static const char *
linkof(const char *fmt, ...)
{
	static char target[PATH_MAX];
	char path[PATH_MAX];
	va_list ap;
	ssize_t n;

	va_start(ap, fmt);
	vsnprintf(path, sizeof(path), fmt, ap);
	va_end(ap);
	n = readlink(path, target, sizeof(target) - 1);
	if (n < 0)
		snprintf(target, sizeof(target), "errno %d", errno);
	else
		target[n] = '\0';
	return target;
}

static void
self_and_thread_self(void)
{
	char want[64];

	snprintf(want, sizeof(want), "%d", getpid());
	CHECK_STR(linkof("/proc/self"), want);
	snprintf(want, sizeof(want), "%d/task/%d", getpid(), gettid());
	CHECK_STR(linkof("/proc/thread-self"), want);
	CHECK(slurp("/proc/thread-self/stat") > 0);
	CHECK_EQ(atoi(text), gettid());
}

static void
stat_line(void)
{
	long long v[60];
	int n = 0;
	char *p;

	prctl(PR_SET_NAME, "a) (b\n\\");
	CHECK(slurp("/proc/self/stat") > 0);
	p = strrchr(text, ')');
	*p = '\0';
	CHECK_STR(strchr(text, '('), "(a) (b\n\\");
	CHECK_EQ(p[2], 'R');
	for (p += 4; *p && *p != '\n' && n < 60; n++)
		v[n] = strtoll(p, &p, 10);
	CHECK_EQ(n, 49); /* from ppid on */
	CHECK_EQ(v[0], getppid());
	CHECK_EQ(v[1], getpgrp());
	CHECK_EQ(v[2], getsid(0));
	CHECK_EQ(v[14], 20 + 0);  /* priority */
	CHECK_EQ(v[16], 1);	  /* threads */
	CHECK(v[19] > 1 << 20);	  /* vsize */
	CHECK(v[20] > 10);	  /* rss */
	CHECK((unsigned long)v[22] < (unsigned long)(uintptr_t)stat_line && (unsigned long)v[23] > (unsigned long)(uintptr_t)stat_line);
	CHECK(v[24] != 0);	  /* stack */
	CHECK_EQ(v[34], SIGCHLD);
}

static void
status_lines(void)
{
	char want[100];
	sigset_t set;

	prctl(PR_SET_NAME, "a\n\\");
	umask(027);
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigaddset(&set, SIGRTMIN + 5);
	sigprocmask(SIG_BLOCK, &set, NULL);
	signal(SIGUSR2, SIG_IGN);
	kill(getpid(), SIGUSR1);
	CHECK(slurp("/proc/self/status") > 0);
	CHECK_STR(field("Name"), "a\\n\\\\");
	CHECK_STR(field("Umask"), "0027");
	CHECK_STR(field("State"), "R (running)");
	CHECK_EQ(atoi(field("Pid")), getpid());
	CHECK_EQ(atoi(field("Tgid")), getpid());
	CHECK_EQ(atoi(field("PPid")), getppid());
	CHECK_STR(field("TracerPid"), "0");
	snprintf(want, sizeof(want), "%d\t%d\t%d\t%d", getuid(), geteuid(), geteuid(), geteuid());
	CHECK_STR(field("Uid"), want);
	CHECK_STR(field("Threads"), "1");
	snprintf(want, sizeof(want), "%016lx", 1ul << (SIGUSR1 - 1) | 1ul << (SIGRTMIN + 5 - 1));
	CHECK_STR(field("SigBlk"), want);
	snprintf(want, sizeof(want), "%016lx", 1ul << (SIGUSR1 - 1));
	CHECK_STR(field("ShdPnd"), want);
	CHECK_STR(field("SigPnd"), "0000000000000000");
	CHECK_EQ(strtoul(field("SigIgn"), NULL, 16) >> (SIGUSR2 - 1) & 1, 1);
	CHECK(atol(field("VmSize")) > 1000);
	CHECK(atol(field("VmRSS")) > 100);
	CHECK(atol(field("VmPeak")) >= atol(field("VmSize")));
	CHECK(strtoul(field("Cpus_allowed"), NULL, 16) != 0);
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	CHECK(slurp("/proc/self/status") > 0);
	CHECK_STR(field("NoNewPrivs"), "1");
}

static void
maps_lines(void)
{
	uintptr_t where = (uintptr_t)maps_lines, stack = (uintptr_t)&where;
	char *m = mmap(NULL, 3 * 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0), *line, *save;
	bool text_seen = false, stack_seen = false, hole_seen = false;
	char self[PATH_MAX];

	CHECK(m != MAP_FAILED && mprotect(m + 4096, 4096, PROT_NONE) == 0);
	snprintf(self, sizeof(self), "%s", guest_self);
	CHECK(slurp("/proc/self/maps") > 0);
	for (line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		unsigned long start, end, off, ino;
		unsigned int major, minor;
		char perms[5], name[PATH_MAX] = "";

		CHECK(sscanf(line, "%lx-%lx %4s %lx %x:%x %lu %4095[^\n]", &start, &end, perms, &off, &major, &minor, &ino, name) >= 7);
		CHECK(start < end && start % 4096 == 0 && end % 4096 == 0);
		if (where >= start && where < end) {
			text_seen = true;
			CHECK_STR(perms, "r-xp");
			CHECK_STR(name, self);
			CHECK(ino != 0);
		}
		if (stack >= start && stack < end) {
			stack_seen = true;
			CHECK_STR(perms, "rw-p");
			CHECK_STR(name, "[stack]");
		}
		if ((uintptr_t)m + 4096 == start) {
			hole_seen = true;
			CHECK_EQ(end - start, 4096);
			CHECK_STR(perms, "---s");
		}
	}
	CHECK(text_seen && stack_seen && hole_seen);
	CHECK(slurp("/proc/self/smaps") > 0);
	CHECK(strstr(text, "VmFlags: ") && strstr(text, "\nSize: "));
	CHECK(slurp("/proc/self/smaps_rollup") > 0);
	CHECK(strstr(text, "[rollup]\n"));
}

static void
links_lead_to_objects(void)
{
	char buf[64], *dir = get_current_dir_name();
	struct stat a, b;
	int fd, fd2, p[2];

	CHECK_STR(linkof("/proc/self/exe"), guest_self);
	CHECK_STR(linkof("/proc/self/root"), "/");
	CHECK(stat("/proc/self/exe", &a) == 0 && stat(guest_self, &b) == 0);
	CHECK_EQ(a.st_ino, b.st_ino);
	free(dir);
	guest_tmpdir();
	CHECK_STR(linkof("/proc/self/cwd"), getcwd(buf, sizeof(buf)));
	fd = open("file", O_RDWR | O_CREAT, 0600);
	CHECK(fd >= 0 && write(fd, "hello", 5) == 5);
	CHECK(unlink("file") == 0);
	CHECK(strstr(linkof("/proc/self/fd/%d", fd), "/file (deleted)"));
	snprintf(buf, sizeof(buf), "/proc/self/fd/%d", fd);
	fd2 = open(buf, O_RDONLY); /* the name is gone, the file is not */
	CHECK(fd2 >= 0 && read(fd2, buf, 10) == 5 && memcmp(buf, "hello", 5) == 0);
	CHECK(lstat("/proc/self/fd/0", &a) == 0 && S_ISLNK(a.st_mode));
	CHECK_EQ(pipe(p), 0);
	CHECK(strncmp(linkof("/proc/self/fd/%d", p[0]), "pipe:[", 6) == 0);
	snprintf(buf, sizeof(buf), "/proc/self/fd/%d", p[0]);
	CHECK(lstat(buf, &a) == 0);
	CHECK_EQ(a.st_mode, S_IFLNK | 0500);
	CHECK_EQ(a.st_size, 64);
	fd2 = open(buf, O_WRONLY); /* a pipe's other end by the name of this one */
	CHECK(fd2 >= 0 && write(fd2, "x", 1) == 1 && read(p[0], buf, 1) == 1);
	CHECK_STR(linkof("/proc/self/fd/999"), "errno 2");
	CHECK_STR(linkof("/proc/self/fd/01"), "errno 2");
}

static void
fdinfo_lines(void)
{
	char buf[64];
	int fd;

	guest_tmpdir();
	fd = open("file", O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	CHECK(fd >= 0 && write(fd, "hello", 5) == 5 && lseek(fd, 3, SEEK_SET) == 3);
	CHECK(slurp("/proc/self/fdinfo/%d", fd) > 0);
	CHECK_STR(field("pos"), "3");
	snprintf(buf, sizeof(buf), "0%o", O_RDWR | O_APPEND | O_CLOEXEC | 0100000);
	CHECK_STR(field("flags"), buf);
	CHECK(atoi(field("mnt_id")) > 0);
	CHECK_EQ(slurp("/proc/self/fdinfo/%d", 999), -ENOENT);
}

static int
count_dir(const char *path, const char *wanted)
{
	DIR *d = opendir(path);
	struct dirent *e;
	int n = 0;
	bool found = false;

	CHECK(d != NULL);
	while ((e = readdir(d)) != NULL) {
		n += e->d_name[0] != '.';
		found |= strcmp(e->d_name, wanted) == 0;
	}
	closedir(d);
	return found ? n : -n;
}

static void *
sleeper(void *arg)
{
	*(int *)arg = gettid();
	for (;;)
		pause();
	return NULL;
}

static void
directories(void)
{
	static volatile int tid;
	char name[20], path[64];
	pthread_t th;
	struct stat st;
	int fd;

	snprintf(name, sizeof(name), "%d", getpid());
	CHECK(count_dir("/proc", name) > 0);
	CHECK_EQ(count_dir("/proc/self/task", name), 1);
	CHECK_EQ(pthread_create(&th, NULL, sleeper, (void *)&tid), 0);
	while (!tid)
		guest_sleep_ms(1);
	snprintf(name, sizeof(name), "%d", tid);
	CHECK_EQ(count_dir("/proc/self/task", name), 2);
	CHECK(stat("/proc/self/task", &st) == 0);
	CHECK_EQ(st.st_nlink, 4);
	CHECK(count_dir("/proc", name) < 0); /* not listed, but there */
	snprintf(path, sizeof(path), "/proc/%d/status", tid);
	CHECK(slurp("%s", path) > 0);
	CHECK_EQ(atoi(field("Tgid")), getpid());
	CHECK_STR(field("Threads"), "2");
	fd = dup2(open("/dev/null", O_RDONLY), 77);
	CHECK_EQ(fd, 77);
	CHECK(count_dir("/proc/self/fd", "77") > 3);
	CHECK(count_dir("/proc/self/fdinfo", "77") > 3);
	CHECK_ERR(mkdir("/proc/self/x", 0777), ENOENT);
	CHECK_ERR(unlink("/proc/self/stat"), EPERM);
	CHECK_ERR(open("/proc/4194305", O_RDONLY), ENOENT);
	CHECK_ERR(open("/proc/0", O_RDONLY), ENOENT);
	CHECK_ERR(open("/proc/self/stat/x", O_RDONLY), ENOTDIR);
}

static void
arguments_and_environment(void)
{
	char want[PATH_MAX], *p;
	ssize_t n;

	n = slurp("/proc/self/cmdline");
	CHECK(n > 0 && text[n - 1] == '\0');
	CHECK(strstr(text, "proc"));
	if (guest_fork() == 0) {
		char *argv[] = { "/bin/cat", "/proc/self/environ", NULL }, *envp[] = { "A=1", "B=two", NULL };
		int fd = open("/tmp", O_TMPFILE | O_RDWR, 0600);

		CHECK(fd >= 0 && dup2(fd, 1) == 1);
		if (guest_fork() == 0) {
			execve("/bin/cat", argv, envp);
			_exit(1);
		}
		CHECK_EXITS(-1, 0);
		n = pread(fd, want, sizeof(want), 0);
		CHECK_EQ(n, 10);
		CHECK_EQ(memcmp(want, "A=1\0B=two", 10), 0);
		_exit(0);
	}
	CHECK_EXITS(-1, 0);
	n = slurp("/proc/self/auxv");
	CHECK(n >= 32 && n % 16 == 0);
	for (p = text; *(unsigned long *)(void *)p; p += 16)
		if (*(unsigned long *)(void *)p == AT_RANDOM)
			CHECK_EQ(((unsigned long *)(void *)p)[1], getauxval(AT_RANDOM));
	CHECK_EQ(p + 16 - text, n);
}

static void
memory_by_name(void)
{
	volatile int x = 41;
	int fd = open("/proc/self/mem", O_RDWR), y = 0;
	char *page = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	pid_t pid;
	int p[2];

	CHECK(fd >= 0);
	CHECK_EQ(pread(fd, &y, sizeof(y), (off_t)(uintptr_t)&x), sizeof(y));
	CHECK_EQ(y, 41);
	y = 42;
	CHECK_EQ(pwrite(fd, &y, sizeof(y), (off_t)(uintptr_t)&x), sizeof(y));
	CHECK_EQ(x, 42);
	CHECK_ERR(pread(fd, &y, sizeof(y), 8), EIO);
	munmap(page + 4096, 4096);
	CHECK_EQ(pread(fd, text, 200, (off_t)(uintptr_t)(page + 4000)), 96);
	CHECK_EQ(lseek(fd, (off_t)(uintptr_t)page, SEEK_SET), (off_t)(uintptr_t)page);
	CHECK_ERR(lseek(fd, 0, SEEK_END), EINVAL);
	CHECK_EQ(read(fd, text, 10), 10);
	close(fd);
	CHECK_EQ(pipe(p), 0);
	pid = guest_fork();
	if (pid == 0) {
		x = 43;
		CHECK_EQ(write(p[1], "r", 1), 1);
		pause();
		_exit(x == 44 ? 7 : 8);
	}
	CHECK_EQ(read(p[0], text, 1), 1);
	snprintf(text, 64, "/proc/%d/mem", pid);
	fd = open(text, O_RDWR);
	CHECK(fd >= 0);
	CHECK_EQ(pread(fd, &y, sizeof(y), (off_t)(uintptr_t)&x), sizeof(y));
	CHECK_EQ(y, 43);
	kill(pid, SIGKILL);
	CHECK_KILLED(pid, SIGKILL);
	CHECK_EQ(pread(fd, &y, sizeof(y), (off_t)(uintptr_t)&x), 0); /* the memory is gone */
}

static int
put(const char *path, const char *s)
{
	int fd = open(path, O_WRONLY), ret = 0;

	if (fd < 0)
		return -errno;
	if (write(fd, s, strlen(s)) < 0)
		ret = -errno;
	close(fd);
	return ret;
}

static void
what_can_be_written(void)
{
	char name[16];

	CHECK_EQ(put("/proc/self/comm", "a long name that is cut\n"), 0);
	prctl(PR_GET_NAME, name);
	CHECK_STR(name, "a long name tha");
	CHECK(slurp("/proc/self/comm") > 0);
	CHECK_STR(text, "a long name tha\n");
	CHECK_EQ(put("/proc/self/oom_score_adj", "500"), 0);
	CHECK(slurp("/proc/self/oom_score_adj") > 0);
	CHECK_STR(text, "500\n");
	CHECK_EQ(put("/proc/self/oom_score_adj", "1001"), -EINVAL);
	CHECK_EQ(put("/proc/self/oom_score_adj", "x"), -EINVAL);
	CHECK_EQ(put("/proc/self/timerslack_ns", "123456"), 0);
	CHECK_EQ(prctl(PR_GET_TIMERSLACK), 123456);
	CHECK_EQ(put("/proc/uptime", "x"), geteuid() == 0 ? -EIO : -EACCES);
}

/* A child's files while it sleeps, when it is a zombie, and when it is gone. */
static void
the_dead(void)
{
	int held, statm, dir;
	char path[64];
	pid_t pid = guest_fork();

	if (pid == 0) {
		pause();
		_exit(0);
	}
	guest_await_sleep(pid);
	CHECK_EQ(guest_state(pid), 'S');
	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	held = open(path, O_RDONLY);
	snprintf(path, sizeof(path), "/proc/%d/statm", pid);
	statm = open(path, O_RDONLY);
	snprintf(path, sizeof(path), "/proc/%d", pid);
	dir = open(path, O_RDONLY | O_DIRECTORY);
	CHECK(held >= 0 && statm >= 0 && dir >= 0);
	kill(pid, SIGKILL);
	while (guest_state(pid) != 'Z')
		guest_sleep_ms(1);
	CHECK_EQ(slurp("/proc/%d/cmdline", pid), 0);
	CHECK_EQ(slurp("/proc/%d/maps", pid), 0);
	CHECK_EQ(read(statm, text, 100), 14);
	CHECK_EQ(memcmp(text, "0 0 0 0 0 0 0\n", 14), 0);
	CHECK_STR(linkof("/proc/%d/exe", pid), "errno 2");
	CHECK_STR(linkof("/proc/%d/cwd", pid), "errno 2");
	CHECK(slurp("/proc/%d/status", pid) > 0);
	CHECK_STR(field("State"), "Z (zombie)");
	CHECK(!strstr(text, "VmSize"));
	CHECK_KILLED(pid, SIGKILL);
	CHECK_ERR(read(held, text, 100), ESRCH);
	CHECK_ERR(openat(dir, "stat", O_RDONLY), ESRCH);
	CHECK_ERR(open(path, O_RDONLY), ENOENT);
}

static void
who_may_look(void)
{
	char path[64];
	struct stat st;
	pid_t victim;

	if (geteuid() != 0)
		return;
	victim = guest_fork();
	if (victim == 0) {
		pause();
		_exit(0);
	}
	if (guest_fork() == 0) {
		CHECK(setgid(65534) == 0 && setuid(65534) == 0);
		snprintf(path, sizeof(path), "/proc/%d/environ", victim);
		CHECK_ERR(open(path, O_RDONLY), EACCES);
		snprintf(path, sizeof(path), "/proc/%d/maps", victim);
		CHECK_ERR(open(path, O_RDONLY), EACCES);
		snprintf(path, sizeof(path), "/proc/%d/mem", victim);
		CHECK_ERR(open(path, O_RDONLY), EACCES);
		CHECK_STR(linkof("/proc/%d/exe", victim), "errno 13");
		CHECK_STR(linkof("/proc/%d/fd/0", victim), "errno 13");
		CHECK(slurp("/proc/%d/stat", victim) > 0);
		CHECK(slurp("/proc/%d/cmdline", victim) > 0);
		CHECK(stat("/proc/self/stat", &st) == 0);
		CHECK_EQ(st.st_uid, 0); /* not dumpable since setuid: root's */
		CHECK(stat("/proc/self", &st) == 0);
		CHECK_EQ(st.st_uid, 65534);
		CHECK(slurp("/proc/self/environ") >= 0 || errno == EACCES);
		prctl(PR_SET_DUMPABLE, 1);
		CHECK(stat("/proc/self/stat", &st) == 0);
		CHECK_EQ(st.st_uid, 65534);
		_exit(0);
	}
	CHECK_EXITS(-1, 0);
	kill(victim, SIGKILL);
	guest_wait(victim);
}

static void
reading_in_pieces(void)
{
	char piece[7], all[8192];
	int fd = open("/proc/self/limits", O_RDONLY);
	ssize_t n, got = 0, whole = slurp("/proc/self/limits");

	CHECK(whole > 0 && fd >= 0);
	while ((n = read(fd, piece, sizeof(piece))) > 0) {
		memcpy(all + got, piece, (size_t)n);
		got += n;
	}
	CHECK_EQ(got, whole);
	CHECK_EQ(memcmp(all, text, (size_t)got), 0);
	CHECK_EQ(lseek(fd, 10, SEEK_SET), 10);
	CHECK_EQ(read(fd, piece, 5), 5);
	CHECK_EQ(memcmp(piece, text + 10, 5), 0);
	CHECK_EQ(pread(fd, piece, 5, 20), 5);
	CHECK_EQ(memcmp(piece, text + 20, 5), 0);
	CHECK_EQ(pread(fd, piece, 5, whole), 0);
}

static void
about_the_system(void)
{
	struct utsname u;
	struct sysinfo si;
	struct timespec ts;
	char want[300];
	double up, idle;

	uname(&u);
	CHECK(slurp("/proc/sys/kernel/osrelease") > 0);
	snprintf(want, sizeof(want), "%s\n", u.release);
	CHECK_STR(text, want);
	CHECK(slurp("/proc/sys/kernel/hostname") > 0);
	snprintf(want, sizeof(want), "%s\n", u.nodename);
	CHECK_STR(text, want);
	CHECK(slurp("/proc/version") > 0);
	snprintf(want, sizeof(want), "%s version %s ", u.sysname, u.release);
	CHECK_EQ(strncmp(text, want, strlen(want)), 0);
	CHECK(slurp("/proc/uptime") > 0);
	CHECK_EQ(sscanf(text, "%lf %lf", &up, &idle), 2);
	clock_gettime(CLOCK_BOOTTIME, &ts);
	CHECK((double)ts.tv_sec - up < 5 && up - (double)ts.tv_sec < 5);
	sysinfo(&si);
	CHECK(slurp("/proc/meminfo") > 0);
	CHECK_EQ(atol(field("MemTotal")), (long)(si.totalram * si.mem_unit >> 10));
	CHECK(atol(field("MemFree")) <= atol(field("MemTotal")));
	CHECK(atol(field("MemAvailable")) > 0);
	CHECK(slurp("/proc/stat") > 0);
	CHECK_EQ(strncmp(text, "cpu  ", 5), 0);
	CHECK(strstr(text, "\nbtime "));
	CHECK(strstr(text, "\nprocesses "));
	CHECK(slurp("/proc/cpuinfo") > 0);
	CHECK(strstr(text, "\nflags\t\t: "));
	CHECK(slurp("/proc/loadavg") > 0);
	CHECK(strchr(text, '/'));
	CHECK(slurp("/proc/filesystems") > 0);
	CHECK(strstr(text, "nodev\tproc\n") && strstr(text, "nodev\ttmpfs\n"));
	CHECK(slurp("/proc/mounts") > 0);
	CHECK(strstr(text, " /proc proc "));
	CHECK(slurp("/proc/self/mountinfo") > 0);
	CHECK(strstr(text, " / /proc "));
	CHECK(slurp("/proc/sys/kernel/random/boot_id") == 37);
	CHECK(slurp("/proc/sys/kernel/random/uuid") == 37);
	CHECK_EQ(text[14], '4');
	CHECK(slurp("/proc/sys/kernel/pid_max") > 0 && atoi(text) >= 32768);
	CHECK_ERR(open("/proc/sys/kernel/osrelease", O_WRONLY), EACCES); /* nobody: not even root */
}

static void
poll_of_a_text(void)
{
	struct pollfd p = { open("/proc/self/stat", O_RDONLY), POLLIN | POLLPRI, 0 };

	CHECK_EQ(poll(&p, 1, 0), 1);
	CHECK_EQ(p.revents, POLLIN);
	p.fd = open("/proc/self/mounts", O_RDONLY);
	p.events = POLLPRI;
	CHECK_EQ(poll(&p, 1, 0), 0);
}

/* Readers, while what they read comes and goes. */
static void
a_crowd_that_dies(void)
{
	pid_t readers[3];
	long end = guest_ms() + 1500;

	for (int i = 0; i < 3; i++) {
		readers[i] = guest_fork();
		if (readers[i] == 0) {
			while (guest_ms() < end) {
				DIR *d = opendir("/proc");
				struct dirent *e;

				while ((e = readdir(d)) != NULL) {
					if (e->d_name[0] < '1' || e->d_name[0] > '9')
						continue;
					(void)slurp("/proc/%s/stat", e->d_name);
					(void)slurp("/proc/%s/maps", e->d_name);
					(void)slurp("/proc/%s/cmdline", e->d_name);
					(void)linkof("/proc/%s/fd/1", e->d_name);
					(void)slurp("/proc/%s/task/%s/status", e->d_name, e->d_name);
				}
				closedir(d);
			}
			_exit(0);
		}
	}
	while (guest_ms() < end) {
		pid_t pid = guest_fork();

		if (pid == 0) {
			char *argv[] = { "true", NULL };

			if (guest_ms() % 2)
				execv("/bin/true", argv);
			_exit(0);
		}
		guest_wait(pid);
	}
	for (int i = 0; i < 3; i++)
		CHECK_EXITS(readers[i], 0);
}

int
main(int argc, char **argv)
{
	static const struct guest_case cases[] = {
		T(self_and_thread_self), T(stat_line), T(status_lines), T(maps_lines), T(links_lead_to_objects), T(fdinfo_lines),
		T(directories), T(arguments_and_environment), T(memory_by_name), T(what_can_be_written), T(the_dead),
		T(who_may_look), T(reading_in_pieces), T(about_the_system), T(poll_of_a_text), T(a_crowd_that_dies),
	};

	return guest_main(argc, argv, cases, ARRAY_SIZE(cases));
}
