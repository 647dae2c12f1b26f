/* SPDX-License-Identifier: MIT
 *
 * Processes of many threads, for somebody on the host to kill: whatever a host thread does at that moment, its task dies by SIGKILL and
 * the rest goes on. Says "ready", reads a line, starts them, says "up", and in the end
 * how many died so.
 */
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sem.h>
#include <sys/wait.h>
#include <unistd.h>

#define PROCESSES 8

static pthread_mutex_t held = PTHREAD_MUTEX_INITIALIZER;
static int fds[2], set;

static void *
blocked(void *arg)
{
	char c;

	while (read(fds[0], &c, 1) < 0)
		;
	return arg;
}

static void *
waiting(void *arg)
{
	pthread_mutex_lock(&held);
	return arg;
}

static void *
running(void *arg)
{
	for (volatile unsigned long n = 0;; n++)
		;
	return arg;
}

static void *
calling(void *arg)
{
	for (;;)
		getppid();
	return arg;
}

static void *
mapping(void *arg)
{
	for (;;)
		munmap(mmap(NULL, 65536, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), 65536);
	return arg;
}

static void *
nothing(void *arg)
{
	return arg;
}

static void *
starting(void *arg)
{
	pthread_t th;

	for (;;)
		if (pthread_create(&th, NULL, nothing, NULL) == 0)
			pthread_join(th, NULL);
	return arg;
}

static void *
forking(void *arg)
{
	for (;;) {
		pid_t pid = fork();

		if (pid == 0)
			_exit(0);
		while (pid > 0 && waitpid(pid, NULL, 0) < 0)
			;
	}
	return arg;
}

/* Waits for what whoever lives on must get. */
static void *
queueing(void *arg)
{
	struct sembuf take = { 0, -1, SEM_UNDO };

	semop(set, &take, 1);
	return arg;
}

static void *
signalling(void *arg)
{
	for (;;)
		raise(SIGUSR1);
	return arg;
}

static void
handler(int sig)
{
	(void)sig;
}

static void *(*const jobs[])(void *) = { blocked, running, mapping, waiting, calling, forking, starting, signalling };
#define JOBS (sizeof(jobs) / sizeof(jobs[0]))

static void
victim(int i, int up)
{
	pthread_t th;

	if (pipe(fds) < 0)
		_exit(1);
	pthread_mutex_lock(&held);
	for (size_t n = 0; n < 4; n++) /* each with other neighbours */
		if (pthread_create(&th, NULL, jobs[((size_t)i + n * 3) % JOBS], NULL) != 0)
			_exit(2);
	if (pthread_create(&th, NULL, queueing, NULL) != 0)
		_exit(2);
	if (write(up, "", 1) != 1)
		_exit(3);
	jobs[i](NULL);
}

int
main(void)
{
	int up[2], status, killed = 0;
	char c;

	signal(SIGUSR1, handler);
	puts("ready");
	fflush(stdout);
	if (!fgets((char[64]){ 0 }, 64, stdin) || pipe(up) < 0)
		return 1;
	set = semget(IPC_PRIVATE, 1, 0600);
	if (set < 0)
		return 1;
	for (int i = 0; i < PROCESSES; i++)
		if (fork() == 0)
			victim(i, up[1]);
	for (int i = 0; i < PROCESSES; i++)
		if (read(up[0], &c, 1) != 1)
			return 1;
	puts("up");
	fflush(stdout);
	while (wait(&status) > 0)
		killed += WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
	if (semop(set, &(struct sembuf){ 0, 1, 0 }, 1) < 0 || semctl(set, 0, GETVAL) != 1 || semctl(set, 0, IPC_RMID) < 0)
		puts("a dead task has taken it");
	printf("%d killed\n", killed);
	return 0;
}
