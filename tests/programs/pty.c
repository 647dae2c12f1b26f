/* SPDX-License-Identifier: MIT
 *
 * Plays a user at a terminal: runs a command (an interactive bash) under a pseudo terminal, types, and looks at what appears.
 * Usage: pty COMMAND [ARGUMENT]...   for example: pty stead run -- bash --norc --noprofile -i
 */
#include <errno.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define STEP_MS 15000

static int master;
static pid_t child;
static char screen[1 << 20]; /* all that appeared */
static size_t have, seen;    /* how much, and up to where it was looked at */
static int passed, failed;

static long
now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static void __attribute__((noreturn))
give_up(const char *step, const char *wanted)
{
	printf("FAIL %s: no \"%s\" within %d s\n--- the screen, from where it was last looked at:\n%s\n---\n", step, wanted,
	       STEP_MS / 1000, screen + seen);
	printf("RESULT: %d passed, %d failed, 0 skipped\n", passed, failed + 1);
	kill(child, SIGKILL);
	exit(1);
}

/* Wait until @text appears after what was looked at, and take it. */
static void
expect(const char *step, const char *text)
{
	long end = now_ms() + STEP_MS;
	struct pollfd p = { .fd = master, .events = POLLIN };
	char *at;
	ssize_t n;

	for (;;) {
		at = strstr(screen + seen, text);
		if (at) {
			seen = (size_t)(at - screen) + strlen(text);
			return;
		}
		if (now_ms() > end || have >= sizeof(screen) - 4096)
			give_up(step, text);
		if (poll(&p, 1, 100) <= 0)
			continue;
		n = read(master, screen + have, 4000);
		if (n <= 0)
			give_up(step, text);
		have += (size_t)n;
		screen[have] = '\0';
	}
}

static void
type(const char *text)
{
	if (write(master, text, strlen(text)) < 0)
		perror("write");
}

static void
ok(const char *step)
{
	printf("ok %s\n", step);
	fflush(stdout);
	passed++;
}

static void
prompt(const char *step)
{
	expect(step, "READY> ");
	ok(step);
}

static void
resize(unsigned short rows, unsigned short cols)
{
	struct winsize ws = { .ws_row = rows, .ws_col = cols };

	ioctl(master, TIOCSWINSZ, &ws);
}

static void
short_sleep(void)
{
	usleep(300000);
}

static void
sizes_and_names(void)
{
	type("stty size\n");
	expect("window size", "\n40 100");
	prompt("window size");
	resize(30, 90);
	type("stty size; echo $LINES $COLUMNS\n");
	expect("resized", "\n30 90");
	prompt("resized");
	type("tty | grep -c ^/dev/; test -t 0 && test -t 1 && echo is-a-$((1 + 1))-terminal\n");
	expect("tty", "is-a-2-terminal");
	prompt("tty");
}

static void
interrupting(void)
{
	type("sleep 100; echo after-$?\n");
	short_sleep();
	type("\003");
	prompt("Ctrl-C ends a program");
	type("echo status-$?\n");
	expect("status after Ctrl-C", "status-130");
	prompt("status after Ctrl-C");
	type("not finished\003");
	prompt("Ctrl-C at the prompt");
	type("sleep 100 | sleep 100 | cat\n");
	short_sleep();
	type("\003");
	prompt("Ctrl-C ends a pipeline");
	type("(trap 'echo got-INT' INT; sleep 100; echo after-trap)\n");
	short_sleep();
	type("\003");
	expect("Ctrl-C and a trap", "got-INT");
	expect("Ctrl-C and a trap", "after-trap");
	prompt("Ctrl-C and a trap");
	type("sleep 100\n");
	short_sleep();
	type("\034");
	expect("Ctrl-\\", "Quit");
	prompt("Ctrl-\\");
}

static void
job_control(void)
{
	type("sleep 100\n");
	short_sleep();
	type("\032");
	expect("Ctrl-Z", "Stopped");
	prompt("Ctrl-Z");
	type("jobs\n");
	expect("jobs", "Stopped");
	expect("jobs", "sleep 100");
	prompt("jobs");
	type("fg\n");
	expect("fg", "sleep 100\r\n");
	short_sleep();
	type("\003");
	prompt("fg and Ctrl-C");
	type("cat | tr a-z A-Z\n");
	short_sleep();
	type("\032");
	expect("Ctrl-Z of a pipeline", "Stopped");
	prompt("Ctrl-Z of a pipeline");
	type("bg; sleep 0.3; fg\n"); /* cat reads in the background: stopped by SIGTTIN */
	expect("bg and fg", "tr a-z A-Z\r\n");
	expect("bg and fg", "tr a-z A-Z\r\n");
	short_sleep();
	type("hello\n");
	expect("a pipeline reads the terminal", "HELLO");
	type("\004");
	prompt("a pipeline reads the terminal");
	type("sleep 0.4 & wait; echo waited-$((2 + 3))\n");
	expect("background job", "waited-5");
	prompt("background job");
	type("stty tostop; (sleep 0.2; echo from-background) & sleep 0.6; jobs; stty -tostop; fg\n");
	expect("stty tostop", "Stopped");
	expect("stty tostop", "from-background");
	prompt("stty tostop");
}

static void
line_editing(void)
{
	type("cat\n");
	short_sleep();
	type("abX\177c\n"); /* erase */
	expect("erase", "abc\r\n");
	type("wrong line\025right\n"); /* kill */
	expect("kill line", "right\r\nright\r\n");
	type("no newline\004\004");
	expect("end of file without a newline", "no newlineno newline");
	prompt("line discipline");
	type("stty -echo; read x; stty echo; echo \"got-$x\"\n");
	short_sleep();
	type("secret\n");
	expect("no echo", "got-secret");
	prompt("no echo");
	type("read -n1 -s k; echo \"key-$k\"\n");
	short_sleep();
	type("q");
	expect("one key", "key-q");
	prompt("one key");
	type("stty -a | grep -c icanon\n");
	expect("stty -a", "1");
	prompt("stty -a");
}

static void
inner_terminals(void)
{
	type("script -qec 'tty; echo inner-$((3 * 4))' /dev/null\n");
	expect("a terminal inside", "inner-12");
	prompt("a terminal inside");
}

int
main(int argc, char **argv)
{
	struct winsize ws = { .ws_row = 40, .ws_col = 100 };
	int status;

	if (argc < 2)
		return 2;
	setenv("PS1", "READY> ", 1);
	setenv("TERM", "dumb", 1);
	setenv("HISTFILE", "/dev/null", 1);
	unsetenv("PROMPT_COMMAND");
	child = forkpty(&master, NULL, NULL, &ws);
	if (child < 0)
		return 2;
	if (child == 0) {
		execvp(argv[1], argv + 1);
		perror(argv[1]);
		_exit(127);
	}
	prompt("first prompt");
	type("bind 'set enable-bracketed-paste off'; set +o emacs; PS1='READY'\"> \"\n");
	prompt("second prompt");
	sizes_and_names();
	interrupting();
	job_control();
	line_editing();
	inner_terminals();
	type("exit 3\n");
	while (read(master, screen, sizeof(screen) - 1) > 0)
		;
	if (waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 3) {
		ok("exit status");
	} else {
		printf("FAIL exit status: wait status is %#x\n", status);
		failed++;
	}
	printf("RESULT: %d passed, %d failed, 0 skipped\n", passed, failed);
	return failed != 0;
}
