/* SPDX-License-Identifier: MIT
 *
 * Four threads with five children each, that meet at locks, pipes and waits as chance has it. What it does is always the same, in
 * which order never is: stead diff has to find it equal every time.
 */
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define THREADS	 4
#define CHILDREN 5

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_barrier_t barrier;
static int total;

static void
child(int n, int out)
{
	char name[32], line[64];
	int fd, len;

	snprintf(name, sizeof(name), "child-%d", n);
	fd = open(name, O_CREAT | O_RDWR | O_EXCL, 0640);
	for (int i = 0; i < 10; i++) {
		len = snprintf(line, sizeof(line), "%d: line %d\n", n, i);
		if (write(fd, line, (size_t)len) != len)
			_exit(1);
	}
	if (n % 2)
		ftruncate(fd, 40);
	close(fd);
	if (write(out, &n, sizeof(n)) != sizeof(n))
		_exit(1);
	if (n % 7 == 3)
		raise(SIGTERM);
	_exit(n);
}

static void *
thread(void *arg)
{
	int me = (int)(long)arg, fds[2], n, status, sum = 0;
	pid_t pids[CHILDREN];

	if (pipe2(fds, O_CLOEXEC) < 0)
		exit(1);
	pthread_barrier_wait(&barrier);
	for (int i = 0; i < CHILDREN; i++) {
		pids[i] = fork();
		if (pids[i] == 0)
			child(me * CHILDREN + i, fds[1]);
	}
	close(fds[1]);
	for (int i = 0; i < CHILDREN; i++)
		if (read(fds[0], &n, sizeof(n)) == sizeof(n))
			sum += n;
	for (int i = 0; i < CHILDREN; i++)
		if (waitpid(pids[i], &status, 0) == pids[i])
			sum += WIFEXITED(status) ? WEXITSTATUS(status) : 1000;
	close(fds[0]);
	for (int i = 0; i < 200; i++) {
		pthread_mutex_lock(&lock);
		total += i == 0 ? sum : 1;
		pthread_mutex_unlock(&lock);
	}
	pthread_barrier_wait(&barrier);
	return NULL;
}

int
main(void)
{
	pthread_t t[THREADS];

	pthread_barrier_init(&barrier, NULL, THREADS);
	for (long i = 0; i < THREADS; i++)
		pthread_create(&t[i], NULL, thread, (void *)i);
	for (int i = 0; i < THREADS; i++)
		pthread_join(t[i], NULL);
	printf("%d\n", total);
	return 0;
}
