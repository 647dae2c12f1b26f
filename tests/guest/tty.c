/* SPDX-License-Identifier: MIT
 *
 * Terminals: the line discipline flag by flag, flow control, packet mode, job control and hangup, on pseudo terminals.
 *
 * The line discipline is given input and what comes out at both ends is printed: natively and under stead it must be the same.
 */
#include <ctype.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <termios.h>

#include "tests/guest/guest.h"

#ifndef IUTF8
#define IUTF8 040000
#endif

static int master, slave;

static void
open_pair(void)
{
	int n;

	master = open("/dev/ptmx", O_RDWR | O_NOCTTY);
	CHECK(master >= 0);
	n = 0;
	CHECK_EQ(ioctl(master, TIOCSPTLCK, &n), 0);
	slave = open(ptsname(master), O_RDWR | O_NOCTTY);
	CHECK(slave >= 0);
}

/* What is there to read, once nothing has come for a while. */
static int
drain(int fd, char *buf, int size)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	int n = 0, got;

	while (n < size && poll(&p, 1, 30) == 1 && (p.revents & POLLIN) && (got = (int)read(fd, buf + n, (size_t)(size - n))) > 0)
		n += got;
	return n;
}

static void
show(const char *what, const char *buf, int n)
{
	printf("  %s \"", what);
	for (int i = 0; i < n; i++)
		printf(isprint((unsigned char)buf[i]) && buf[i] != '\\' ? "%c" : "\\%03o", (unsigned char)buf[i]);
	printf("\"\n");
}

struct change {
	const char *name;
	tcflag_t iset, iclear, oset, oclear, lset, lclear;
	int cc, value; /* one control character */
	const char *in;	 /* typed at the master */
	const char *out; /* written to the slave */
};

static const struct change changes[] = {
	{ .name = "line", .in = "abc\n" },
	{ .name = "unfinished", .in = "part" },
	{ .name = "erase", .in = "part\177\177X\n" },
	{ .name = "word erase", .in = "hello big, world\27\27W\n" },
	{ .name = "word erase marks", .in = "a_b c--  \27x\n" },
	{ .name = "kill", .in = "garbage\25ok\n" },
	{ .name = "control characters", .in = "a\1b\33\n" },
	{ .name = "erased control", .in = "a\1\177b\n" },
	{ .name = "erased tab", .in = "ab\tc\177\177d\n" },
	{ .name = "erased tabs", .in = "a\t\1\tc\177\177\177\177\177x\n" },
	{ .name = "erase behind output", .out = "prompt> ", .in = "x\ty\177\177z\n" },
	{ .name = "nothing to erase", .in = "\177\27\25x\n" },
	{ .name = "literal next", .in = "a\26\3b\26\177\n" },
	{ .name = "reprint", .in = "abc\22d\n" },
	{ .name = "end of file", .in = "abc\4" },
	{ .name = "end of file inside", .in = "abc\4def\n" },
	{ .name = "two lines", .in = "one\ntwo\n" },
	{ .name = "carriage return", .in = "a\rb\n" },
	{ .name = "inlcr", .iset = INLCR, .iclear = ICRNL, .in = "a\nb\rc\4" },
	{ .name = "igncr", .iset = IGNCR, .in = "a\rb\n" },
	{ .name = "istrip", .iset = ISTRIP, .in = "a\341b\n" },
	{ .name = "iuclc", .iset = IUCLC, .in = "aBC\n" },
	{ .name = "parmrk", .iset = PARMRK, .in = "a\377b\n" },
	{ .name = "utf8 erase", .iset = IUTF8, .in = "a\303\251\344\270\255\177\177x\n" },
	{ .name = "bytes erase", .in = "a\303\251\177x\n" },
	{ .name = "no echo", .lclear = ECHO, .in = "secret\n" },
	{ .name = "echonl", .lset = ECHONL, .lclear = ECHO, .in = "secret\n" },
	{ .name = "no echoctl", .lclear = ECHOCTL, .in = "a\1\177b\n" },
	{ .name = "no echoke", .lclear = ECHOKE, .in = "abc\25d\n" },
	{ .name = "no echok", .lclear = ECHOK | ECHOKE, .in = "abc\25d\n" },
	{ .name = "no echoe", .lclear = ECHOE, .in = "abc\177d\n" },
	{ .name = "echoprt", .lset = ECHOPRT, .in = "abc\177\177d\n" },
	{ .name = "echoprt all", .lset = ECHOPRT, .in = "abc\177\177\177\177d\n" },
	{ .name = "no iexten", .lclear = IEXTEN, .in = "ab cd\27\26\22\n" },
	{ .name = "eol", .cc = VEOL, .value = '!', .in = "ab!cd\n" },
	{ .name = "eol2", .cc = VEOL2, .value = '?', .in = "ab?cd\n" },
	{ .name = "no isig", .lclear = ISIG, .in = "a\3b\34\32\n" },
	{ .name = "interrupt flushes", .in = "abc\3d\n" },
	{ .name = "noflsh", .lset = NOFLSH, .in = "abc\3d\n" },
	{ .name = "start and stop", .in = "ab\23cd\21ef\n" },
	{ .name = "ixany", .iset = IXANY, .in = "ab\23cd\n" },
	{ .name = "no ixon", .iclear = IXON, .in = "ab\23\21\n" },
	{ .name = "onlcr", .out = "a\nb\n" },
	{ .name = "no opost", .oclear = OPOST, .out = "a\nb\tc\n" },
	{ .name = "tab3", .oset = TAB3, .out = "a\tb\n\tc\rdefghijk\te\b\tf" },
	{ .name = "ocrnl", .oset = OCRNL, .oclear = ONLCR, .out = "ab\rcd\n" },
	{ .name = "onocr", .oset = ONOCR, .out = "\rab\rcd\n" },
	{ .name = "onlret", .oset = ONLRET | TAB3, .oclear = ONLCR, .out = "ab\n\tc" },
	{ .name = "olcuc", .oset = OLCUC, .out = "abC\n" },
	{ .name = "raw", .iclear = ICRNL | IXON, .oclear = OPOST, .lclear = ICANON | ECHO | ISIG | IEXTEN, .in = "a\r\3\4\23\n" },
	{ .name = "raw echo", .lclear = ICANON, .in = "a\1\177\n" },
};

static void
line_discipline(void)
{
	open_pair();
	for (size_t i = 0; i < ARRAY_SIZE(changes); i++) {
		const struct change *c = &changes[i];
		struct termios old, tio;
		char buf[256];
		int n;

		CHECK_EQ(tcgetattr(slave, &old), 0);
		tio = old;
		tio.c_iflag = (tio.c_iflag & ~c->iclear) | c->iset;
		tio.c_oflag = (tio.c_oflag & ~c->oclear) | c->oset;
		tio.c_lflag = (tio.c_lflag & ~c->lclear) | c->lset;
		if (c->value)
			tio.c_cc[c->cc] = (cc_t)c->value;
		CHECK_EQ(tcsetattr(slave, TCSAFLUSH, &tio), 0);
		printf("%s\n", c->name);
		if (c->out)
			CHECK_EQ(write(slave, c->out, strlen(c->out)), (long)strlen(c->out));
		if (c->in)
			CHECK_EQ(write(master, c->in, strlen(c->in)), (long)strlen(c->in));
		/* The host moves input on from a work queue. */
		for (int tries = n = 0; n == 0 && tries < 20; tries++) {
			guest_sleep_ms(10);
			CHECK_EQ(ioctl(slave, FIONREAD, &n), 0);
		}
		printf("  %d to read\n", n);
		fcntl(slave, F_SETFL, O_RDWR | O_NONBLOCK);
		while ((n = (int)read(slave, buf, sizeof(buf))) >= 0) {
			show("read", buf, n);
			if (n == 0 && (tio.c_lflag & ICANON) == 0)
				break;
		}
		fcntl(slave, F_SETFL, O_RDWR);
		n = drain(master, buf, sizeof(buf));
		show("shown", buf, n);
		CHECK_EQ(tcsetattr(slave, TCSAFLUSH, &old), 0);
		tcflow(slave, TCOON);
		if (write(slave, "\n", 1) != 1)
			guest_fail(__FILE__, __LINE__, "newline");
		drain(master, buf, sizeof(buf));
	}
}

static void
settings(void)
{
	struct winsize ws = { 25, 80, 1, 2 }, got;
	struct termios tio;
	struct stat st;
	int n;

	open_pair();
	CHECK(isatty(slave) && isatty(master));
	CHECK_EQ(tcgetattr(slave, &tio), 0);
	printf("%o %o %o %o\n", tio.c_iflag, tio.c_oflag, tio.c_cflag, tio.c_lflag);
	show("cc", (char *)tio.c_cc, VEOL2 + 1);
	CHECK_EQ(cfgetospeed(&tio), B38400);
	cfsetspeed(&tio, B115200);
	tio.c_cflag |= PARENB;
	CHECK_EQ(tcsetattr(master, TCSANOW, &tio), 0); /* the slave's, by the master */
	CHECK_EQ(tcgetattr(slave, &tio), 0);
	CHECK_EQ(cfgetospeed(&tio), B115200);
	CHECK((tio.c_cflag & (PARENB | CSIZE)) == CS8);
	CHECK_EQ(ioctl(master, TIOCSWINSZ, &ws), 0);
	CHECK_EQ(ioctl(slave, TIOCGWINSZ, &got), 0);
	CHECK(memcmp(&ws, &got, sizeof(ws)) == 0);
	CHECK_EQ(fstat(slave, &st), 0);
	CHECK_EQ(st.st_rdev >> 8, 136);
	CHECK(S_ISCHR(st.st_mode) && st.st_uid == geteuid());
	CHECK_EQ(ioctl(slave, TIOCGETD, &n), 0);
	CHECK_EQ(n, 0);
	CHECK_ERR(ioctl(slave, 0x1234, 0), ENOTTY);
	CHECK_ERR(tcgetattr(open("/dev/null", O_RDWR), &tio), ENOTTY);
	CHECK_ERR(ioctl(slave, TCGETS, 8), EFAULT);
	CHECK_ERR(lseek(slave, 0, SEEK_SET), ESPIPE);
	CHECK_ERR(ioctl(slave, TCFLSH, 9), EINVAL);
	CHECK_ERR(tcgetpgrp(slave), ENOTTY); /* not our terminal */
	CHECK_EQ(tcdrain(slave), 0);
	CHECK_EQ(tcsendbreak(slave, 0), 0);
	n = 1;
	CHECK_EQ(ioctl(master, TIOCSPTLCK, &n), 0);
	CHECK_ERR(open(ptsname(master), O_RDWR | O_NOCTTY), EIO);
	n = ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
	CHECK(n >= 0 || errno == EIO || errno == EINVAL);
}

static void
noncanonical_reads(void)
{
	struct termios tio;
	char buf[16];
	long start;
	pid_t pid;

	open_pair();
	tcgetattr(slave, &tio);
	cfmakeraw(&tio);
	tio.c_cc[VMIN] = 0;
	tio.c_cc[VTIME] = 1;
	CHECK_EQ(tcsetattr(slave, TCSANOW, &tio), 0);
	start = guest_ms();
	CHECK_EQ(read(slave, buf, 16), 0);
	CHECK(guest_ms() - start >= 95);
	tio.c_cc[VTIME] = 0;
	CHECK_EQ(tcsetattr(slave, TCSANOW, &tio), 0);
	CHECK_EQ(read(slave, buf, 16), 0);
	tio.c_cc[VMIN] = 5;
	CHECK_EQ(tcsetattr(slave, TCSANOW, &tio), 0);
	CHECK_EQ(write(master, "abc", 3), 3);
	guest_sleep_ms(20);
	CHECK_EQ(poll(&(struct pollfd){ .fd = slave, .events = POLLIN }, 1, 0), 0);
	pid = guest_fork();
	if (pid == 0) {
		guest_sleep_ms(30);
		_exit(write(master, "defgh", 5) != 5);
	}
	CHECK(read(slave, buf, 16) >= 5);
	CHECK_EXITS(pid, 0);
	tcflush(slave, TCIFLUSH);
	tio.c_cc[VTIME] = 1;
	CHECK_EQ(tcsetattr(slave, TCSANOW, &tio), 0);
	CHECK_EQ(write(master, "ab", 2), 2);
	CHECK_EQ(read(slave, buf, 16), 2); /* the time between bytes ran out */
}

static void
long_line(void)
{
	static char buf[10000];
	int n;

	open_pair();
	memset(buf, 'x', sizeof(buf));
	fcntl(master, F_SETFL, O_RDWR | O_NONBLOCK);
	for (int i = 0; i < 50; i++) {
		ssize_t got = write(master, buf, 100);

		CHECK(got == 100 || (got == -1 && errno == EAGAIN));
		drain(master, buf + 5000, 5000);
	}
	CHECK_EQ(poll(&(struct pollfd){ .fd = slave, .events = POLLIN }, 1, 0), 0);
	CHECK_EQ(write(master, "\n", 1), 1);
	guest_sleep_ms(20);
	n = (int)read(slave, buf, sizeof(buf));
	CHECK_EQ(n, 4096);
	CHECK_EQ(buf[n - 1], '\n');
}

/* The next packet, however long it takes. */
static int
packet(char *buf, int size)
{
	CHECK_EQ(poll(&(struct pollfd){ .fd = master, .events = POLLIN | POLLPRI }, 1, -1), 1);
	return (int)read(master, buf, (size_t)size);
}

static void
packet_mode(void)
{
	int on = 1;
	char buf[64];
	struct termios tio;

	open_pair();
	CHECK_EQ(ioctl(master, TIOCPKT, &on), 0);
	CHECK_EQ(write(slave, "data", 4), 4);
	show("data", buf, packet(buf, 64));
	CHECK_EQ(tcflush(slave, TCIFLUSH), 0);
	CHECK_EQ(poll(&(struct pollfd){ .fd = master, .events = POLLPRI }, 1, -1), 1);
	show("flush", buf, packet(buf, 64));
	CHECK_EQ(write(master, "\23", 1), 1);
	show("stop", buf, packet(buf, 64));
	CHECK_EQ(write(master, "\21", 1), 1);
	show("start", buf, packet(buf, 64));
	tcgetattr(slave, &tio);
	tio.c_iflag &= ~(tcflag_t)IXON;
	CHECK_EQ(tcsetattr(slave, TCSANOW, &tio), 0);
	show("nostop", buf, packet(buf, 64));
	tio.c_iflag |= IXON;
	CHECK_EQ(tcsetattr(slave, TCSANOW, &tio), 0);
	show("dostop", buf, packet(buf, 64));
	show("rest", buf, drain(master, buf, 64));
}

static void
closing(void)
{
	struct pollfd p = { .events = POLLIN | POLLOUT };
	char buf[64], name[64];
	struct stat st;

	open_pair();
	strcpy(name, ptsname(master));
	CHECK_EQ(write(slave, "last words", 10), 10);
	close(slave);
	guest_sleep_ms(20);
	p.fd = master;
	CHECK_EQ(poll(&p, 1, 0), 1);
	CHECK_EQ(p.revents, POLLIN | POLLOUT | POLLHUP);
	CHECK_EQ(read(master, buf, 64), 10);
	CHECK_ERR(read(master, buf, 64), EIO);
	slave = open(name, O_RDWR | O_NOCTTY);
	CHECK(slave >= 0);
	CHECK_EQ(poll(&p, 1, 0), 1);
	CHECK_EQ(p.revents, POLLOUT);
	close(master);
	p.fd = slave;
	CHECK_EQ(poll(&p, 1, 0), 1);
	CHECK_EQ(p.revents, POLLIN | POLLOUT | POLLHUP | POLLERR);
	CHECK_EQ(read(slave, buf, 64), 0);
	CHECK_ERR(write(slave, "x", 1), EIO);
	CHECK_ERR(ioctl(slave, TCGETS, buf), EIO);
	CHECK_ERR(stat(name, &st), ENOENT);
}

/* ---- job control: the child is a session leader on the slave ---- */

static void
expect(const char *word)
{
	static char buf[4096];
	static int n;
	long end = guest_ms() + 20000;
	char *found;

	while (!(found = memmem(buf, (size_t)n, word, strlen(word))) && guest_ms() < end)
		n += drain(master, buf + n, (int)sizeof(buf) - n);
	if (!found)
		guest_fail(__FILE__, __LINE__, "no \"%s\" in \"%.*s\"", word, n, buf);
	n -= (int)(found - buf) + (int)strlen(word);
	memmove(buf, found + strlen(word), (size_t)n);
}

static void
say(const char *word)
{
	if (write(slave, word, strlen(word)) != (ssize_t)strlen(word))
		_exit(9);
}

static void
on_signal(int sig)
{
	if (sig == SIGHUP)
		_exit(write(slave, "<HUP>", 5) == 5 ? 17 : 18); /* 18: it is gone */
	say(sig == SIGINT ? "<INT>" : sig == SIGWINCH ? "<WINCH>" : "<QUIT>");
}

static pid_t
start_session(void (*fn)(void))
{
	pid_t pid;

	open_pair();
	pid = guest_fork();
	if (pid)
		return pid;
	close(master);
	if (setsid() < 0 || ioctl(slave, TIOCSCTTY, 0) != 0 || tcgetpgrp(slave) != getpid() || tcgetsid(slave) != getpid())
		_exit(8);
	signal(SIGINT, on_signal);
	signal(SIGWINCH, on_signal);
	signal(SIGQUIT, on_signal);
	signal(SIGHUP, on_signal);
	fn();
	_exit(0);
}

static void
leader_waits(void)
{
	int fd = open("/dev/tty", O_RDWR);

	say(fd >= 0 && isatty(fd) ? "<devtty>" : "<no devtty>");
	for (;;)
		pause();
}

static void
signals_from_the_terminal(void)
{
	struct winsize ws = { 3, 4, 0, 0 };
	pid_t pid = start_session(leader_waits);

	expect("<devtty>");
	CHECK_EQ(write(master, "\3", 1), 1);
	expect("^C");
	expect("<INT>");
	CHECK_EQ(write(master, "\34", 1), 1);
	expect("<QUIT>");
	CHECK_EQ(ioctl(master, TIOCSWINSZ, &ws), 0);
	expect("<WINCH>");
	CHECK_EQ(tcgetpgrp(master), pid);
	close(slave);
	close(master);
	CHECK_EXITS(pid, 18);
}

static void
leader_with_background(void)
{
	int status;
	pid_t pid = fork();
	char c;

	if (pid == 0) {
		setpgid(0, 0);
		_exit(read(slave, &c, 1) != 1);
	}
	waitpid(pid, &status, WUNTRACED);
	say(WIFSTOPPED(status) && WSTOPSIG(status) == SIGTTIN ? "<ttin>" : "<not stopped>");
	signal(SIGTTOU, SIG_IGN);
	tcsetpgrp(slave, pid);
	kill(-pid, SIGCONT);
	say(tcgetpgrp(slave) == pid ? "<fg>" : "<not fg>");
	waitpid(pid, &status, 0);
	signal(SIGTTOU, SIG_DFL);
	say(status == 0 ? "<read>" : "<not read>");
	/* Now we are in the background ourselves, of an orphaned group: no stop, an error. */
	say(read(slave, &c, 1) == -1 && errno == EIO ? "<eio>" : "<not eio>");
}

static void
background_reads_stop(void)
{
	pid_t pid = start_session(leader_with_background);

	expect("<ttin>");
	expect("<fg>");
	CHECK_EQ(write(master, "line\n", 5), 5);
	expect("<read>");
	expect("<eio>");
	CHECK_EXITS(pid, 0);
}

static void
leader_with_tostop(void)
{
	struct termios tio;
	int status;
	pid_t pid;

	tcgetattr(slave, &tio);
	tio.c_lflag |= TOSTOP;
	tcsetattr(slave, TCSANOW, &tio);
	pid = fork();
	if (pid == 0) {
		setpgid(0, 0);
		say("<background>");
		_exit(0);
	}
	waitpid(pid, &status, WUNTRACED);
	say(WIFSTOPPED(status) && WSTOPSIG(status) == SIGTTOU ? "<ttou>" : "<not stopped>");
	tcsetpgrp(slave, pid);
	kill(pid, SIGCONT);
	waitpid(pid, &status, 0);
}

static void
background_writes_stop_with_tostop(void)
{
	pid_t pid = start_session(leader_with_tostop);

	expect("<ttou>");
	expect("<background>");
	CHECK_EXITS(pid, 0);
}

static void
leader_leaves_a_child(void)
{
	int said[2];
	char c;

	if (pipe(said) < 0)
		_exit(7);
	if (fork() == 0) {
		say("<child>");
		if (write(said[1], "", 1) != 1)
			_exit(6);
		pause(); /* the handler does not come back */
		_exit(0);
	}
	if (read(said[0], &c, 1) != 1)
		_exit(5);
}

static void
the_end_of_a_session_hangs_up(void)
{
	pid_t pid = start_session(leader_leaves_a_child);

	expect("<child>");
	CHECK_EXITS(pid, 0);
	expect("<HUP>");
}

static siginfo_t hangup, go_on;

static void
note_signal(int sig, siginfo_t *info, void *context)
{
	*(sig == SIGHUP ? &hangup : &go_on) = *info;
}

static void
leader_gives_up(void)
{
	struct sigaction sa = { .sa_sigaction = note_signal, .sa_flags = SA_SIGINFO };

	sigaction(SIGHUP, &sa, NULL);
	sigaction(SIGCONT, &sa, NULL);
	say(ioctl(slave, TIOCNOTTY) == 0 ? "<given up>" : "<not given up>");
	say(hangup.si_code == SI_USER && hangup.si_pid == getpid() && go_on.si_code == SI_USER ? "<by itself>" : "<by another>");
	say(open("/dev/tty", O_RDWR) == -1 && errno == ENXIO ? "<none>" : "<one>");
	say(ioctl(slave, TIOCNOTTY) == -1 && errno == ENOTTY ? "<notty>" : "<tty>");
	/* The first terminal a leader opens becomes its own. */
	say(open(ttyname(slave), O_RDWR) >= 0 && open("/dev/tty", O_RDWR) >= 0 ? "<again>" : "<not again>");
}

static void
giving_the_terminal_up(void)
{
	pid_t pid = start_session(leader_gives_up);

	expect("<given up>");
	expect("<by itself>");
	expect("<none>");
	expect("<notty>");
	expect("<again>");
	CHECK_EXITS(pid, 0);
}

int
main(int argc, char **argv)
{
	static const struct guest_case cases[] = {
		T(line_discipline), T(settings), T(noncanonical_reads), T(long_line), T(packet_mode), T(closing),
		T(signals_from_the_terminal), T(background_reads_stop), T(background_writes_stop_with_tostop),
		T(the_end_of_a_session_hangs_up), T(giving_the_terminal_up),
	};

	return guest_main(argc, argv, cases, ARRAY_SIZE(cases));
}
