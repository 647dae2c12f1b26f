/* SPDX-License-Identifier: MIT
 *
 * Readiness of host descriptors. Each registration watches a duplicate of the descriptor of its own, since epoll takes a
 * descriptor only once; the duplicate's number is its slot. Signals come through a descriptor, too: a thread more is dear at
 * start-up.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "kernel/kernel.h"
#include "src/readiness.h"

static int epfd = -1;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct host_poll **slots; /* by descriptor; under lock, as is every use of what is in it */
static size_t nslots;

static struct {
	struct kernel *k;
	sigset_t set;
	bool (*fn)(struct kernel *k, int sig);
	int fd;
} signals;

static void
take_signals(void)
{
	struct signalfd_siginfo si;

	while (read(signals.fd, &si, sizeof(si)) == (ssize_t)sizeof(si)) {
		if (signals.fn(signals.k, (int)si.ssi_signo))
			continue;
		sigdelset(&signals.set, (int)si.ssi_signo);
		signalfd(signals.fd, &signals.set, 0);
	}
}

static void
wake_slot(int slot, uint32_t events)
{
	pthread_mutex_lock(&lock);
	if ((size_t)slot < nslots && slots[slot])
		wake_up_poll(slots[slot]->wq, events);
	pthread_mutex_unlock(&lock);
}

void
readiness_wait(int ms)
{
	struct epoll_event ev[32];
	int n = epoll_wait(epfd, ev, 32, ms);

	for (int i = 0; i < n; i++) {
		if (ev[i].data.fd == signals.fd)
			take_signals();
		else
			wake_slot(ev[i].data.fd, ev[i].events);
	}
}

static void *
readiness_thread(void *arg)
{
	for (;;)
		readiness_wait(-1);
	return NULL;
}

int
readiness_start(struct kernel *k, const sigset_t *set, bool (*on_signal)(struct kernel *k, int sig))
{
	struct epoll_event ev = { .events = EPOLLIN };

	epfd = epoll_create1(EPOLL_CLOEXEC);
	if (epfd < 0)
		return -errno;
	signals.k = k;
	signals.set = *set;
	signals.fn = on_signal;
	ev.data.fd = signals.fd = signalfd(-1, set, SFD_NONBLOCK | SFD_CLOEXEC);
	return signals.fd < 0 || epoll_ctl(epfd, EPOLL_CTL_ADD, signals.fd, &ev) < 0 ? -errno : 0;
}

int
readiness_start_thread(void)
{
	pthread_t th;
	int err = pthread_create(&th, NULL, readiness_thread, NULL);

	if (err == 0)
		pthread_detach(th);
	return -err;
}

int
readiness_add_bell(hfd_t fd)
{
	struct epoll_event ev = { .events = EPOLLIN | EPOLLET, .data.fd = fd.fd };

	return epoll_ctl(epfd, EPOLL_CTL_ADD, fd.fd, &ev) < 0 ? -errno : 0;
}

static bool
make_room(int fd)
{
	size_t want = ((size_t)fd + 64) & ~(size_t)63;
	struct host_poll **p;

	if ((size_t)fd < nslots)
		return true;
	p = realloc(slots, want * sizeof(*slots));
	if (!p)
		return false;
	for (size_t i = nslots; i < want; i++)
		p[i] = NULL;
	slots = p;
	nslots = want;
	return true;
}

void
readiness_add(hfd_t fd, struct host_poll *hp)
{
	struct epoll_event ev = { .events = hp->events | EPOLLONESHOT };
	int dupfd = fcntl(fd.fd, F_DUPFD_CLOEXEC, 3);

	hp->slot = -1;
	if (dupfd < 0) {
		wake_up_poll(hp->wq, hp->events);
		return;
	}
	ev.data.fd = dupfd;
	pthread_mutex_lock(&lock);
	if (make_room(dupfd)) {
		slots[dupfd] = hp;
		hp->slot = dupfd;
		dupfd = -1;
	}
	pthread_mutex_unlock(&lock);
	if (dupfd >= 0)
		close(dupfd);
	else if (epoll_ctl(epfd, EPOLL_CTL_ADD, hp->slot, &ev) == 0)
		return;
	wake_up_poll(hp->wq, hp->events);
}

void
readiness_del(struct host_poll *hp)
{
	if (hp->slot < 0)
		return;
	pthread_mutex_lock(&lock);
	slots[hp->slot] = NULL;
	pthread_mutex_unlock(&lock);
	epoll_ctl(epfd, EPOLL_CTL_DEL, hp->slot, NULL);
	close(hp->slot);
	hp->slot = -1;
}
