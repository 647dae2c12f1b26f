/* SPDX-License-Identifier: MIT
 *
 * futex(2) in all its forms, robust lists, clear_child_tid, and the locks of libc built on them, in and between processes.
 */
#include <linux/futex.h>
#include <semaphore.h>

#include "tests/guest/guest.h"

static long
futex(void *u, int op, uint32_t val, const void *timeout, void *u2, uint32_t val3)
{
	return syscall(SYS_futex, u, op, val, timeout, u2, val3);
}

static uint32_t *
shared_words(void)
{
	return mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
}

static void
wait_with_another_value(void)
{
	uint32_t w = 5;

	CHECK_ERR(futex(&w, FUTEX_WAIT, 4, NULL, NULL, 0), EAGAIN);
	CHECK_ERR(futex(&w, FUTEX_WAIT_PRIVATE, 4, NULL, NULL, 0), EAGAIN);
	CHECK_EQ(futex(&w, FUTEX_WAKE, 1, NULL, NULL, 0), 0);
}

static void
bad_arguments(void)
{
	uint32_t w[2] = { 0, 0 };
	struct timespec bad = { 0, 1000000000 }, neg = { -1, 0 };

	CHECK_ERR(futex((char *)w + 1, FUTEX_WAIT, 0, NULL, NULL, 0), EINVAL);
	CHECK_ERR(futex((char *)w + 1, FUTEX_WAKE, 1, NULL, NULL, 0), EINVAL);
	CHECK_ERR(futex(guest_bad_address(), FUTEX_WAIT, 0, NULL, NULL, 0), EFAULT);
	CHECK_ERR(futex(w, FUTEX_WAIT, 0, &bad, NULL, 0), EINVAL);
	CHECK_ERR(futex(w, FUTEX_WAIT, 0, &neg, NULL, 0), EINVAL);
	CHECK_ERR(futex(w, FUTEX_WAIT, 0, guest_bad_address(), NULL, 0), EFAULT);
	CHECK_ERR(futex(w, 99, 0, NULL, NULL, 0), ENOSYS);
	CHECK_ERR(futex(w, FUTEX_WAIT_BITSET, 0, NULL, NULL, 0), EINVAL);
	CHECK_ERR(futex(w, FUTEX_WAKE_BITSET, 1, NULL, NULL, 0), EINVAL);
}

static void
relative_timeout(void)
{
	uint32_t w = 0;
	struct timespec ts = { 0, 30000000 };
	long start = guest_ms();

	CHECK_ERR(futex(&w, FUTEX_WAIT_PRIVATE, 0, &ts, NULL, 0), ETIMEDOUT);
	CHECK(guest_ms() - start >= 29);
	ts.tv_nsec = 0;
	CHECK_ERR(futex(&w, FUTEX_WAIT, 0, &ts, NULL, 0), ETIMEDOUT);
}

static void
absolute_timeouts(void)
{
	uint32_t w = 0;
	struct timespec ts;
	long start = guest_ms();

	clock_gettime(CLOCK_MONOTONIC, &ts);
	ts.tv_nsec += 30000000;
	if (ts.tv_nsec >= 1000000000) {
		ts.tv_sec++;
		ts.tv_nsec -= 1000000000;
	}
	CHECK_ERR(futex(&w, FUTEX_WAIT_BITSET_PRIVATE, 0, &ts, NULL, ~0u), ETIMEDOUT);
	CHECK(guest_ms() - start >= 29);
	CHECK_ERR(futex(&w, FUTEX_WAIT_BITSET, 0, &ts, NULL, ~0u), ETIMEDOUT); /* past */
	clock_gettime(CLOCK_REALTIME, &ts);
	CHECK_ERR(futex(&w, FUTEX_WAIT_BITSET | FUTEX_CLOCK_REALTIME, 0, &ts, NULL, ~0u), ETIMEDOUT);
	ts.tv_sec += 1000;
	w = 1;
	CHECK_ERR(futex(&w, FUTEX_WAIT_BITSET | FUTEX_CLOCK_REALTIME, 0, &ts, NULL, ~0u), EAGAIN);
}

struct waiter {
	pthread_t th;
	uint32_t *w;
	uint32_t val, bits;
	long ret;
	int err;
	volatile pid_t tid;
	volatile int done;
};

static void *
wait_thread(void *arg)
{
	struct waiter *a = arg;

	a->tid = gettid();
	a->ret = futex(a->w, a->bits ? FUTEX_WAIT_BITSET_PRIVATE : FUTEX_WAIT_PRIVATE, a->val, NULL, NULL, a->bits);
	a->err = errno;
	__atomic_store_n(&a->done, 1, __ATOMIC_SEQ_CST);
	return NULL;
}

static void
start_waiter(struct waiter *a, uint32_t *w, uint32_t bits)
{
	memset(a, 0, sizeof(*a));
	a->w = w;
	a->val = *w;
	a->bits = bits;
	CHECK_EQ(pthread_create(&a->th, NULL, wait_thread, a), 0);
	while (!a->tid)
		usleep(500);
	guest_await_sleep(a->tid);
}

static void
end_waiter(struct waiter *a)
{
	pthread_join(a->th, NULL);
	CHECK_EQ(a->ret, 0);
}

static void
wake_wakes_as_many_as_asked(void)
{
	struct waiter a[4];
	uint32_t w = 0;
	int i, done;

	for (i = 0; i < 4; i++)
		start_waiter(&a[i], &w, 0);
	CHECK_EQ(futex(&w, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0), 1);
	CHECK_EQ(futex(&w, FUTEX_WAKE_PRIVATE, 2, NULL, NULL, 0), 2);
	do {
		guest_sleep_ms(1);
		for (i = done = 0; i < 4; i++)
			done += a[i].done;
	} while (done < 3);
	CHECK_EQ(futex(&w, FUTEX_WAKE_PRIVATE, INT_MAX, NULL, NULL, 0), 1);
	for (i = 0; i < 4; i++)
		end_waiter(&a[i]);
	CHECK_EQ(futex(&w, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0), 0);
}

static void
waiters_are_woken_in_order(void)
{
	struct waiter a[3];
	uint32_t w = 0;
	int i;

	for (i = 0; i < 3; i++)
		start_waiter(&a[i], &w, 0);
	for (i = 0; i < 3; i++) {
		CHECK_EQ(futex(&w, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0), 1);
		end_waiter(&a[i]);
	}
}

static void
bitsets_choose(void)
{
	struct waiter a[2];
	uint32_t w = 0;

	start_waiter(&a[0], &w, 1);
	start_waiter(&a[1], &w, 2);
	CHECK_EQ(futex(&w, FUTEX_WAKE_BITSET_PRIVATE, INT_MAX, NULL, NULL, 4), 0);
	CHECK_EQ(futex(&w, FUTEX_WAKE_BITSET_PRIVATE, INT_MAX, NULL, NULL, 2), 1);
	end_waiter(&a[1]);
	CHECK_EQ(a[0].done, 0);
	CHECK_EQ(futex(&w, FUTEX_WAKE_PRIVATE, INT_MAX, NULL, NULL, 0), 1);
	end_waiter(&a[0]);
}

static void
requeue(void)
{
	struct waiter a[3];
	uint32_t w[2] = { 0, 0 };
	int i;

	for (i = 0; i < 3; i++)
		start_waiter(&a[i], &w[0], 0);
	CHECK_ERR(futex(&w[0], FUTEX_CMP_REQUEUE_PRIVATE, 1, (void *)10, &w[1], 7), EAGAIN);
	CHECK_EQ(futex(&w[0], FUTEX_CMP_REQUEUE_PRIVATE, 1, (void *)1, &w[1], 0), 2); /* woken and requeued */
	CHECK_EQ(futex(&w[0], FUTEX_REQUEUE_PRIVATE, 0, (void *)10, &w[1], 0), 1);
	CHECK_EQ(futex(&w[0], FUTEX_WAKE_PRIVATE, 10, NULL, NULL, 0), 0);
	CHECK_EQ(futex(&w[1], FUTEX_WAKE_PRIVATE, 10, NULL, NULL, 0), 2);
	for (i = 0; i < 3; i++)
		end_waiter(&a[i]);
}

static void
wake_op(void)
{
	struct waiter a[2];
	uint32_t w[2] = { 0, 10 };

	start_waiter(&a[0], &w[0], 0);
	start_waiter(&a[1], &w[1], 0);
	/* w[1] += 5, old == 11? No: only the first is woken. */
	CHECK_EQ(futex(&w[0], FUTEX_WAKE_OP_PRIVATE, 1, (void *)1, &w[1], FUTEX_OP(FUTEX_OP_ADD, 5, FUTEX_OP_CMP_EQ, 11)), 1);
	CHECK_EQ(w[1], 15);
	CHECK_EQ(futex(&w[0], FUTEX_WAKE_OP_PRIVATE, 1, (void *)1, &w[1], FUTEX_OP(FUTEX_OP_SET, 3, FUTEX_OP_CMP_GT, 11)), 1);
	CHECK_EQ(w[1], 3);
	CHECK_EQ(futex(&w[0], FUTEX_WAKE_OP_PRIVATE, 1, (void *)1, &w[1], FUTEX_OP(FUTEX_OP_XOR, 1, FUTEX_OP_CMP_LT, 1)), 0);
	CHECK_EQ(w[1], 2);
	CHECK_EQ(futex(&w[0], FUTEX_WAKE_OP_PRIVATE, 1, (void *)1, &w[1],
		       FUTEX_OP((FUTEX_OP_OR | FUTEX_OP_OPARG_SHIFT), 4, FUTEX_OP_CMP_NE, 2)), 0);
	CHECK_EQ(w[1], 18);
	end_waiter(&a[0]);
	end_waiter(&a[1]);
}

static void
shared_between_processes(void)
{
	uint32_t *w = shared_words();
	pid_t pid = guest_fork();
	long end = guest_ms() + 5000, n;

	if (pid == 0)
		_exit(futex(w, FUTEX_WAIT, 0, NULL, NULL, 0) == 0 ? 3 : 1);
	while ((n = futex(w, FUTEX_WAKE, 1, NULL, NULL, 0)) == 0 && guest_ms() < end)
		usleep(1000);
	CHECK_EQ(n, 1);
	CHECK_EXITS(pid, 3);
}

static void
shared_through_a_file_at_two_addresses(void)
{
	uint32_t *a, *b;
	struct waiter wt;
	int fd;

	guest_tmpdir();
	fd = open("f", O_RDWR | O_CREAT, 0600);
	CHECK_EQ(ftruncate(fd, 8192), 0);
	a = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	b = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 4096);
	memset(&wt, 0, sizeof(wt));
	start_waiter(&wt, &a[1024], 0); /* private: another key */
	CHECK_EQ(futex(b, FUTEX_WAKE, 1, NULL, NULL, 0), 0);
	CHECK_EQ(futex(&a[1024], FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0), 1);
	end_waiter(&wt);
	if (guest_fork() == 0)
		_exit(futex(&a[1024], FUTEX_WAIT, 0, NULL, NULL, 0) == 0 ? 3 : 1);
	while (futex(b, FUTEX_WAKE, 1, NULL, NULL, 0) == 0)
		usleep(1000);
	CHECK_EXITS(-1, 3);
}

static void
private_is_private_after_fork(void)
{
	static uint32_t w;
	struct waiter wt;
	pid_t pid;

	start_waiter(&wt, &w, 0);
	pid = guest_fork();
	if (pid == 0)
		_exit(futex(&w, FUTEX_WAKE, 1, NULL, NULL, 0) == 0 ? 0 : 1);
	CHECK_EXITS(pid, 0);
	CHECK_EQ(futex(&w, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0), 1);
	end_waiter(&wt);
}

static void *
exit_thread(void *arg)
{
	return NULL;
}

static void
join_waits_for_clear_child_tid(void)
{
	pthread_t th;
	int i;

	for (i = 0; i < 200; i++) {
		CHECK_EQ(pthread_create(&th, NULL, exit_thread, NULL), 0);
		CHECK_EQ(pthread_join(th, NULL), 0);
	}
}

/* Robust lists */

struct robust_word {
	struct robust_list list;
	uint32_t word;
};

static void
robust_list_marks_the_dead_owner(void)
{
	struct {
		struct robust_list_head head;
		struct robust_word lock[2];
	} *r = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pid_t pid = guest_fork();

	if (pid == 0) {
		r->head.futex_offset = offsetof(struct robust_word, word);
		r->head.list.next = &r->lock[0].list;
		r->lock[0].list.next = &r->head.list;
		r->head.list_op_pending = &r->lock[1].list;
		r->lock[0].word = (uint32_t)gettid() | FUTEX_WAITERS;
		r->lock[1].word = (uint32_t)gettid();
		if (syscall(SYS_set_robust_list, &r->head, sizeof(r->head)) != 0)
			_exit(1);
		usleep(50000);
		kill(getpid(), SIGKILL);
	}
	while (!(r->lock[0].word & FUTEX_WAITERS))
		usleep(1000);
	while (!(r->lock[0].word & FUTEX_OWNER_DIED))
		futex(&r->lock[0].word, FUTEX_WAIT, r->lock[0].word, NULL, NULL, 0);
	CHECK_EQ(r->lock[0].word, FUTEX_OWNER_DIED | FUTEX_WAITERS);
	CHECK_KILLED(pid, SIGKILL);
	CHECK_EQ(r->lock[1].word, FUTEX_OWNER_DIED);
}

static void
robust_list_calls(void)
{
	void *head = NULL;
	size_t len = 0;

	CHECK_ERR(syscall(SYS_set_robust_list, NULL, 3), EINVAL);
	CHECK_EQ(syscall(SYS_get_robust_list, 0, &head, &len), 0);
	CHECK_EQ(len, sizeof(struct robust_list_head));
	CHECK(head != NULL);
	CHECK_ERR(syscall(SYS_get_robust_list, 0x3ffffff, &head, &len), ESRCH);
}

static void
robust_mutex_of_libc(void)
{
	pthread_mutex_t *m = (pthread_mutex_t *)shared_words();
	pthread_mutexattr_t attr;
	pid_t pid;

	pthread_mutexattr_init(&attr);
	pthread_mutexattr_setpshared(&attr, PTHREAD_PROCESS_SHARED);
	pthread_mutexattr_setrobust(&attr, PTHREAD_MUTEX_ROBUST);
	pthread_mutex_init(m, &attr);
	pid = guest_fork();
	if (pid == 0) {
		pthread_mutex_lock(m);
		_exit(0);
	}
	CHECK_EXITS(pid, 0);
	CHECK_EQ(pthread_mutex_lock(m), EOWNERDEAD);
	CHECK_EQ(pthread_mutex_consistent(m), 0);
	CHECK_EQ(pthread_mutex_unlock(m), 0);
	CHECK_EQ(pthread_mutex_lock(m), 0);
}

/* libc's locks under load */

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t cond = PTHREAD_COND_INITIALIZER;
static long counter;

static void *
lock_many_times(void *arg)
{
	int i;

	for (i = 0; i < 2000; i++) {
		pthread_mutex_lock(&mutex);
		counter++;
		pthread_mutex_unlock(&mutex);
	}
	return NULL;
}

static void
mutex_under_contention(void)
{
	pthread_t th[8];
	int i;

	for (i = 0; i < 8; i++)
		pthread_create(&th[i], NULL, lock_many_times, NULL);
	for (i = 0; i < 8; i++)
		pthread_join(th[i], NULL);
	CHECK_EQ(counter, 16000);
}

static void *
ping(void *arg)
{
	int me = (int)(intptr_t)arg, i;

	for (i = 0; i < 500; i++) {
		pthread_mutex_lock(&mutex);
		while (counter % 2 != me)
			pthread_cond_wait(&cond, &mutex);
		counter++;
		pthread_cond_broadcast(&cond);
		pthread_mutex_unlock(&mutex);
	}
	return NULL;
}

static void
condition_variable_ping_pong(void)
{
	pthread_t th[2];
	int i;

	for (i = 0; i < 2; i++)
		pthread_create(&th[i], NULL, ping, (void *)(intptr_t)i);
	for (i = 0; i < 2; i++)
		pthread_join(th[i], NULL);
	CHECK_EQ(counter, 1000);
}

static void
condition_timeout(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	ts.tv_nsec += 20000000;
	if (ts.tv_nsec >= 1000000000) {
		ts.tv_sec++;
		ts.tv_nsec -= 1000000000;
	}
	pthread_mutex_lock(&mutex);
	CHECK_EQ(pthread_cond_timedwait(&cond, &mutex, &ts), ETIMEDOUT);
	CHECK_EQ(pthread_mutex_unlock(&mutex), 0);
}

static pthread_barrier_t barrier;

static void *
barrier_thread(void *arg)
{
	int i, serial = 0;

	for (i = 0; i < 100; i++)
		serial += pthread_barrier_wait(&barrier) == PTHREAD_BARRIER_SERIAL_THREAD;
	return (void *)(intptr_t)serial;
}

static void
barriers(void)
{
	pthread_t th[5];
	long serial = 0;
	void *ret;
	int i;

	pthread_barrier_init(&barrier, NULL, 5);
	for (i = 0; i < 5; i++)
		pthread_create(&th[i], NULL, barrier_thread, NULL);
	for (i = 0; i < 5; i++) {
		pthread_join(th[i], &ret);
		serial += (intptr_t)ret;
	}
	CHECK_EQ(serial, 100);
}

static void
process_shared_semaphores(void)
{
	sem_t *s = (sem_t *)shared_words();
	pid_t pid;
	int i;

	sem_init(&s[0], 1, 0);
	sem_init(&s[1], 1, 0);
	pid = guest_fork();
	if (pid == 0) {
		for (i = 0; i < 300; i++) {
			sem_wait(&s[0]);
			sem_post(&s[1]);
		}
		_exit(0);
	}
	for (i = 0; i < 300; i++) {
		sem_post(&s[0]);
		sem_wait(&s[1]);
	}
	CHECK_EXITS(pid, 0);
}

static void
process_shared_mutex_and_condition(void)
{
	struct {
		pthread_mutex_t m;
		pthread_cond_t c;
		int turn;
	} *s = (void *)shared_words();
	pthread_mutexattr_t ma;
	pthread_condattr_t ca;
	pid_t pid;
	int i, me;

	pthread_mutexattr_init(&ma);
	pthread_mutexattr_setpshared(&ma, PTHREAD_PROCESS_SHARED);
	pthread_mutex_init(&s->m, &ma);
	pthread_condattr_init(&ca);
	pthread_condattr_setpshared(&ca, PTHREAD_PROCESS_SHARED);
	pthread_cond_init(&s->c, &ca);
	pid = guest_fork();
	me = pid == 0;
	for (i = 0; i < 200; i++) {
		pthread_mutex_lock(&s->m);
		while (s->turn % 2 != me)
			pthread_cond_wait(&s->c, &s->m);
		s->turn++;
		pthread_cond_signal(&s->c);
		pthread_mutex_unlock(&s->m);
	}
	if (pid == 0)
		_exit(0);
	CHECK_EXITS(pid, 0);
	CHECK_EQ(s->turn, 400);
}

static void
priority_inheritance_mutex(void)
{
	pthread_mutexattr_t ma;
	pthread_mutex_t m;
	pthread_t th[4];
	int i;

	pthread_mutexattr_init(&ma);
	pthread_mutexattr_setprotocol(&ma, PTHREAD_PRIO_INHERIT);
	pthread_mutex_init(&m, &ma);
	CHECK_EQ(pthread_mutex_lock(&m), 0);
	CHECK_EQ(pthread_mutex_unlock(&m), 0);
	mutex = m;
	for (i = 0; i < 4; i++)
		pthread_create(&th[i], NULL, lock_many_times, NULL);
	for (i = 0; i < 4; i++)
		pthread_join(th[i], NULL);
	CHECK_EQ(counter, 8000);
}

static void
waitv(void)
{
	struct futex_waitv v[2];
	uint32_t *w = shared_words();
	struct timespec ts;
	pid_t pid;
	long n;

	memset(v, 0, sizeof(v));
	v[0].uaddr = (uintptr_t)&w[0];
	v[1].uaddr = (uintptr_t)&w[1];
	v[0].flags = v[1].flags = FUTEX_32;
	clock_gettime(CLOCK_MONOTONIC, &ts);
	CHECK_ERR(syscall(SYS_futex_waitv, v, 2, 0, &ts, CLOCK_MONOTONIC), ETIMEDOUT);
	w[1] = 1;
	CHECK_ERR(syscall(SYS_futex_waitv, v, 2, 0, NULL, CLOCK_MONOTONIC), EAGAIN);
	w[1] = 0;
	CHECK_ERR(syscall(SYS_futex_waitv, v, 0, 0, NULL, CLOCK_MONOTONIC), EINVAL);
	pid = guest_fork();
	if (pid == 0)
		_exit(syscall(SYS_futex_waitv, v, 2, 0, NULL, CLOCK_MONOTONIC) == 1 ? 4 : 1);
	while ((n = futex(&w[1], FUTEX_WAKE, 1, NULL, NULL, 0)) == 0)
		usleep(1000);
	CHECK_EXITS(pid, 4);
}

/* A word whose page the file no longer has: a shared key needs the page, a private one the value alone. */
static void
word_truncated_away(void)
{
	uint32_t *p;
	int fd;

	guest_tmpdir();
	fd = open("f", O_RDWR | O_CREAT, 0600);
	CHECK_EQ(ftruncate(fd, 8192), 0);
	p = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	CHECK(p != MAP_FAILED);
	p[1024] = 1;
	CHECK_ERR(futex(&p[1024], FUTEX_WAIT, 0, NULL, NULL, 0), EAGAIN);
	CHECK_EQ(ftruncate(fd, 4096), 0);
	CHECK_ERR(futex(&p[1024], FUTEX_WAIT, 0, NULL, NULL, 0), EFAULT);
	CHECK_ERR(futex(&p[1024], FUTEX_WAIT_PRIVATE, 0, NULL, NULL, 0), EFAULT);
	CHECK_ERR(futex(&p[1024], FUTEX_WAKE, 1, NULL, NULL, 0), EFAULT);
	CHECK_EQ(futex(&p[1024], FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0), 0);
	CHECK_EQ(ftruncate(fd, 8192), 0);
	CHECK_EQ(futex(&p[1024], FUTEX_WAKE, 1, NULL, NULL, 0), 0);
	CHECK_ERR(futex(&p[1024], FUTEX_WAIT, 1, NULL, NULL, 0), EAGAIN);
}

int
main(int argc, char **argv)
{
	static const struct guest_case cases[] = {
		T(wait_with_another_value), T(bad_arguments), T(relative_timeout), T(absolute_timeouts),
		T(wake_wakes_as_many_as_asked), T(waiters_are_woken_in_order), T(bitsets_choose), T(requeue), T(wake_op),
		T(shared_between_processes), T(shared_through_a_file_at_two_addresses), T(private_is_private_after_fork),
		T(join_waits_for_clear_child_tid), T(robust_list_marks_the_dead_owner), T(robust_list_calls),
		T(robust_mutex_of_libc), T(mutex_under_contention), T(condition_variable_ping_pong), T(condition_timeout),
		T(barriers), T(process_shared_semaphores), T(process_shared_mutex_and_condition), T(priority_inheritance_mutex),
		T(waitv), T(word_truncated_away),
	};

	return guest_main(argc, argv, cases, ARRAY_SIZE(cases));
}
