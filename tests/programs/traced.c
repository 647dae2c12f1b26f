/* SPDX-License-Identifier: MIT
 *
 * Makes calls with all sorts of arguments, for tests/programs/check-trace: the same on every kernel, from the first prctl() on.
 * With an argument, another thread executes another program.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <mqueue.h>
#include <poll.h>
#include <pthread.h>
#include <pty.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/msg.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/select.h>
#include <sys/sem.h>
#include <sys/sendfile.h>
#include <sys/shm.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

static void
handler(int sig)
{
}

static void
files(void)
{
	struct iovec iov[2] = { { (void *)"one\n", 4 }, { (void *)"t\"wo\1" "2\177\n", 8 } };
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 1, .l_len = 2 };
	struct timespec times[2] = { { 1000000000, 5 }, { 0, UTIME_OMIT } };
	char buf[100];
	struct stat st;
	off_t at = 2;
	int fd = open("traced-file", O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0640), to;

	writev(fd, iov, 2);
	pread(fd, buf, sizeof(buf), 1);
	lseek(fd, -2, SEEK_END);
	read(fd, buf, 10);
	ftruncate(fd, 100);
	fchmod(fd, 04711);
	stat("traced-file", &st);
	fstat(fd, &st);
	stat("/dev/null", &st);
	fcntl(fd, F_SETLK, &lock);
	fcntl(fd, F_GETLK, &lock);
	fcntl(fd, F_GETFL);
	fcntl(fd, F_GETFD);
	fcntl(fd, F_SETFD, 0);
	fcntl(fd, F_SETFL, O_APPEND | O_NONBLOCK);
	flock(fd, LOCK_EX | LOCK_NB);
	futimens(fd, times);
	to = open("traced-copy", O_WRONLY | O_CREAT | O_TRUNC, 0600);
	sendfile(to, fd, &at, 5);
	rename("traced-copy", "traced-other");
	syscall(SYS_faccessat2, AT_FDCWD, "traced-other", X_OK, AT_EACCESS);
	access("traced-copy", F_OK);
	unlink("traced-other");
	unlinkat(AT_FDCWD, "traced-file", 0);
	umask(027);
	umask(022);
	open("/nonexistent/traced", O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
	mknod("/nonexistent/traced", S_IFCHR | 0600, 0x123);
	mknod("/nonexistent/traced", S_IFIFO | 0600, 0);
	close(to);
	close(fd);
	close(99);
}

static void
messages(void)
{
	char control[CMSG_SPACE(sizeof(int))] = { 0 }, name[128], buf[64];
	struct iovec iov = { (void *)"hi", 2 }, in = { buf, sizeof(buf) };
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof(control) };
	struct msghdr r = { .msg_name = name, .msg_namelen = sizeof(name), .msg_iov = &in, .msg_iovlen = 1,
			    .msg_control = control, .msg_controllen = sizeof(control) };
	struct cmsghdr *c = CMSG_FIRSTHDR(&m);
	struct sockaddr_un un = { AF_UNIX, "/nonexistent/socket" };
	socklen_t len = sizeof(un);
	int sv[2], one = 1, s;

	socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sv);
	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(c), &sv[0], sizeof(int));
	sendmsg(sv[0], &m, MSG_NOSIGNAL);
	recvmsg(sv[1], &r, MSG_CMSG_CLOEXEC);
	recvmsg(sv[1], &r, MSG_DONTWAIT);
	setsockopt(sv[0], SOL_SOCKET, SO_PASSCRED, &one, sizeof(one));
	len = sizeof(one);
	getsockopt(sv[0], SOL_SOCKET, SO_TYPE, &one, &len);
	connect(sv[0], (struct sockaddr *)&un, sizeof(un));
	s = socket(AF_UNIX, SOCK_DGRAM, 0);
	memcpy(un.sun_path, "\0traced", 7);
	bind(s, (struct sockaddr *)&un, 2 + 7);
	len = sizeof(un);
	getsockname(s, (struct sockaddr *)&un, &len);
	sendto(sv[0], "abc", 3, MSG_DONTWAIT, NULL, 0);
	recvfrom(sv[1], buf, 10, MSG_PEEK, NULL, NULL);
	shutdown(sv[0], SHUT_RDWR);
	close(s);
}

static void
readiness(void)
{
	struct epoll_event ev = { EPOLLOUT | EPOLLET, { .u64 = 0x123456789 } }, out[4];
	struct timespec ts = { 1, 0 };
	struct pollfd p[2];
	fd_set r, w;
	sigset_t set;
	int ep = epoll_create1(EPOLL_CLOEXEC), e = eventfd(1, EFD_NONBLOCK), sfd;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigaddset(&set, SIGRTMIN + 3);
	epoll_ctl(ep, EPOLL_CTL_ADD, e, &ev);
	epoll_wait(ep, out, 4, 0);
	epoll_ctl(ep, EPOLL_CTL_DEL, e, NULL);
	p[0] = (struct pollfd){ e, POLLIN | POLLOUT, 0 };
	p[1] = (struct pollfd){ -1, POLLIN, 0 };
	poll(p, 2, 0);
	poll(NULL, 0, 1);
	FD_ZERO(&r);
	FD_ZERO(&w);
	FD_SET(ep, &r);
	FD_SET(e, &w);
	syscall(SYS_pselect6, e + 1, &r, &w, NULL, NULL, NULL);
	ts.tv_sec = 0;
	FD_ZERO(&r);
	syscall(SYS_pselect6, e + 1, &r, NULL, NULL, &ts, NULL);
	syscall(SYS_ppoll, p, 1, NULL, &set, 8);
	sfd = signalfd(-1, &set, SFD_CLOEXEC);
	close(sfd);
	close(e);
	close(ep);
}

static void
signals(void)
{
	struct sigaction sa = { .sa_handler = handler, .sa_flags = SA_RESTART | SA_SIGINFO };
	struct itimerspec it = { { 0, 0 }, { 0, 1000 } };
	struct sigevent ev = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR2, .sigev_value.sival_int = 9 };
	union sigval v = { .sival_int = 7 };
	sigset_t set;
	timer_t timer;

	sigaction(SIGUSR1, &sa, NULL);
	sigaction(SIGUSR2, &sa, NULL);
	sigaction(SIGRTMIN + 1, &sa, NULL);
	kill(getpid(), SIGUSR1);
	sigqueue(getpid(), SIGRTMIN + 1, v);
	sigfillset(&set);
	sigprocmask(SIG_BLOCK, &set, NULL);
	timer_create(CLOCK_MONOTONIC, &ev, &timer);
	timer_settime(timer, 0, &it, NULL);
	sigemptyset(&set);
	sigaddset(&set, SIGUSR2);
	while (sigtimedwait(&set, NULL, &(struct timespec){ 10, 0 }) < 0)
		;
	timer_delete(timer);
	kill(getpid(), SIGCHLD); /* ignored by default: seen all the same */
	sigemptyset(&set);
	sigprocmask(SIG_SETMASK, &set, NULL);
}

static void
children(void)
{
	volatile int *volatile nowhere = (volatile int *)16;
	siginfo_t si;
	int status;
	pid_t pid = fork();

	if (pid == 0)
		*nowhere = 1;
	waitpid(pid, &status, 0);
	pid = fork();
	if (pid == 0) {
		raise(SIGSTOP);
		_exit(5);
	}
	waitpid(pid, &status, WUNTRACED);
	kill(pid, SIGCONT);
	memset(&si, 0, sizeof(si));
	waitid(P_PID, (id_t)pid, &si, WEXITED | WNOWAIT);
	wait4(pid, &status, 0, NULL);
	wait4(-1, &status, WNOHANG, NULL);
	pid = vfork();
	if (pid == 0) {
		execl("/bin/true", "true", "a\"rg\n", NULL);
		_exit(127);
	}
	waitpid(pid, &status, 0);
}

static void *
exec_from_thread(void *arg)
{
	execl("/bin/true", "true", NULL);
	return NULL;
}

/* execve by a thread that is not the leader. */
static int
threads(void)
{
	pthread_t th;

	pthread_create(&th, NULL, exec_from_thread, NULL);
	pthread_join(th, NULL);
	return 1;
}

static void
various(void)
{
	struct rlimit rl = { 1024, 4096 };
	struct winsize ws = { 24, 80, 1, 2 };
	struct termios t;
	char name[16];
	int m, s, n;
	void *p;

	p = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	mprotect(p, 4096, PROT_NONE);
	madvise(p, 8192, MADV_DONTNEED);
	p = mremap(p, 8192, 4096, MREMAP_MAYMOVE);
	munmap(p, 4096);
	prctl(PR_SET_NAME, "traced-name");
	prctl(PR_GET_NAME, name);
	prctl(PR_GET_DUMPABLE);
	prctl(PR_SET_PDEATHSIG, 0);
	getrlimit(RLIMIT_CORE, &rl);
	setpriority(PRIO_PROCESS, 0, 0);
	syscall(SYS_clock_gettime, 99, NULL);
	syscall(SYS_futex, &n, FUTEX_WAKE_PRIVATE, 1);
	syscall(SYS_futex, &n, FUTEX_WAIT_BITSET, 77, NULL, NULL, FUTEX_BITSET_MATCH_ANY);
	syscall(SYS_getdents64, 99, NULL, 10);
	syscall(9999, 1, 2, 3);
	if (openpty(&m, &s, NULL, NULL, NULL) < 0)
		return;
	ioctl(m, TIOCSWINSZ, &ws);
	ioctl(s, TIOCGWINSZ, &ws);
	tcgetattr(s, &t);
	ioctl(m, FIONREAD, &n);
	ioctl(s, TIOCGPGRP, &n);
	ioctl(s, _IOC(_IOC_READ, 'z', 3, 4), &n);
	ioctl(99, TCFLSH, TCIOFLUSH);
	close(s);
	close(m);
}

/* Objects that are not there: ids and the limits of a machine would not be the same everywhere. */
static void
ipc(void)
{
	struct sembuf ops[] = { { 0, 1, SEM_UNDO }, { 3, -2, IPC_NOWAIT } };
	struct timespec ts = { 1, 5 }, past = { 1, 0 };
	struct mq_attr attr = { .mq_flags = O_NONBLOCK, .mq_maxmsg = 5, .mq_msgsize = 77 };
	struct sigevent ev = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1 };
	struct {
		long type;
		char text[50];
	} m = { 7, "a message that is longer than what is shown of it" };
	char name[61];

	memset(name, 'n', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	shmget(0x57ead031, 4096, 0600);
	shmget(IPC_PRIVATE, 0, IPC_CREAT | IPC_EXCL | 0640);
	shmat(-1, NULL, SHM_RDONLY);
	shmat(-1, NULL, SHM_RND | SHM_REMAP | SHM_EXEC);
	shmdt((void *)4096);
	shmctl(-1, IPC_STAT, NULL);
	shmctl(-1, IPC_RMID, NULL);
	shmctl(-1, 77, NULL);
	semget(0x57ead031, 3, 0);
	semget(IPC_PRIVATE, -1, IPC_CREAT | 0600);
	syscall(SYS_semop, -1, ops, 2);
	semtimedop(-1, ops, 1, &ts);
	semop(-1, NULL, 1);
	semctl(-1, 2, SETVAL, 5);
	semctl(-1, 2, GETALL, NULL);
	semctl(-1, 0, SEM_STAT, NULL);
	msgget(0x57ead031, 0);
	msgsnd(-1, &m, 50, IPC_NOWAIT);
	msgsnd(-1, NULL, 50, 0);
	msgrcv(-1, &m, 50, -3, MSG_NOERROR | MSG_EXCEPT);
	msgctl(-1, IPC_RMID, NULL);
	syscall(SYS_mq_open, name, O_RDONLY);
	syscall(SYS_mq_open, "a/b", O_RDWR | O_CREAT | O_NONBLOCK, 0600, &attr);
	syscall(SYS_mq_unlink, name);
	syscall(SYS_mq_timedsend, -1, "text", 4, 5, &past);
	syscall(SYS_mq_timedreceive, -1, name, 60, NULL, &past);
	syscall(SYS_mq_notify, -1, &ev);
	syscall(SYS_mq_getsetattr, -1, &attr, NULL);
}

int
main(int argc, char **argv)
{
	if (argc > 1)
		return threads();
	prctl(PR_SET_NAME, "traced-begin");
	files();
	messages();
	readiness();
	signals();
	children();
	various();
	ipc();
	kill(getpid(), SIGTERM);
	return 1;
}
