/* SPDX-License-Identifier: MIT */
#include "tests/unit/env.h"

#define N 4

static struct kernel *k;
static struct wait_queue_head *wq;
static struct task *task[N];
static uint32_t *value;

static void
init(void)
{
	k = test_arena();
	wq = kzalloc(k, sizeof(*wq));
	value = kzalloc(k, 64);
	init_waitqueue_head(wq);
	for (int i = 0; i < N; i++)
		task[i] = test_task(k);
}

TestSuite(waitq, .init = init, .timeout = 60);

static uint32_t
get(void)
{
	return __atomic_load_n(value, __ATOMIC_SEQ_CST);
}

static void
set(uint32_t v)
{
	__atomic_store_n(value, v, __ATOMIC_SEQ_CST);
}

static bool
asleep(const struct task *t)
{
	return __atomic_load_n(&t->state, __ATOMIC_SEQ_CST) != TASK_RUNNING &&
	       __atomic_load_n(&t->sched, __ATOMIC_SEQ_CST) == 1;
}

static void
until_asleep(const struct task *t)
{
	while (!asleep(t))
		usleep(100);
}

Test(waitq, a_deadline)
{
	int64_t start = ktime_get();

	set_current_state(task[0], TASK_UNINTERRUPTIBLE);
	cr_assert_eq(schedule_until(task[0], start + 20000000), -ETIME);
	cr_assert_geq(ktime_get() - start, 20000000);
	cr_assert_eq(task[0]->state, TASK_RUNNING);
	set_current_state(task[0], TASK_INTERRUPTIBLE);
	cr_assert_eq(schedule_until(task[0], -5), -ETIME, "a deadline long past");
}

Test(waitq, woken_before_it_sleeps)
{
	set_current_state(task[0], TASK_INTERRUPTIBLE);
	cr_assert(wake_up_process(task[0]));
	cr_assert_eq(schedule_until(task[0], NO_DEADLINE), 0);
	cr_assert_not(wake_up_process(task[0]), "it runs");
}

Test(waitq, states)
{
	set_current_state(task[0], TASK_STOPPED);
	cr_assert_not(wake_up_state(task[0], 1u << TASK_INTERRUPTIBLE));
	cr_assert(wake_up_state(task[0], 1u << TASK_STOPPED));
	set_current_state(task[0], TASK_INTERRUPTIBLE);
	task[0]->work = WORK_SIGPENDING;
	cr_assert_eq(schedule_until(task[0], NO_DEADLINE), 0, "a signal ends the sleep");
	set_current_state(task[0], TASK_UNINTERRUPTIBLE);
	cr_assert_eq(schedule_until(task[0], 1), -ETIME, "but not this one");
	cr_assert_eq(wait_event_interruptible(task[0], wq, false), -ERESTARTSYS);
	cr_assert(list_empty(&wq->head));
}

/* Each side waits for the other's next number: a lost wake-up hangs. */
static void
ping_pong(struct task *t, uint32_t mine, int rounds)
{
	for (int i = 0; i < rounds; i++) {
		cr_assert_eq(wait_event_interruptible(t, wq, get() % 2 == mine), 0);
		set(get() + 1);
		wake_up(wq);
	}
}

static void *
ping(void *arg __unused)
{
	ping_pong(task[0], 0, 20000);
	return NULL;
}

static void *
pong(void *arg __unused)
{
	ping_pong(task[1], 1, 20000);
	return NULL;
}

Test(waitq, no_wake_up_is_lost_between_threads)
{
	pthread_t th;

	pthread_create(&th, NULL, pong, NULL);
	ping_pong(task[0], 0, 20000);
	pthread_join(th, NULL);
	cr_assert_eq(get(), 40000);
}

Test(waitq, no_wake_up_is_lost_between_processes)
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		on_arena_stack(k, pong, NULL);
		_exit(0);
	}
	on_arena_stack(k, ping, NULL);
	cr_assert_eq(waitpid(pid, &status, 0), pid);
	cr_assert_eq(status, 0);
	cr_assert_eq(get(), 40000);
}

static uint32_t woken;

static void *
exclusive_sleeper(void *arg)
{
	struct task *t = arg;
	struct wait_queue_entry e;

	init_wait(&e, t);
	prepare_to_wait_exclusive(wq, &e, TASK_INTERRUPTIBLE);
	schedule(t);
	finish_wait(wq, &e);
	__atomic_add_fetch(&woken, 1, __ATOMIC_SEQ_CST);
	return NULL;
}

Test(waitq, exclusive_sleepers_wake_one_at_a_time)
{
	pthread_t th[N];

	for (int i = 0; i < N; i++) {
		pthread_create(&th[i], NULL, exclusive_sleeper, task[i]);
		until_asleep(task[i]);
	}
	wake_up(wq);
	pthread_join(th[0], NULL);
	usleep(20000);
	cr_assert_eq(__atomic_load_n(&woken, __ATOMIC_SEQ_CST), 1, "the first that came");
	__wake_up(wq, 2, 0);
	pthread_join(th[1], NULL);
	pthread_join(th[2], NULL);
	cr_assert(asleep(task[3]));
	wake_up_all(wq);
	pthread_join(th[3], NULL);
	cr_assert(list_empty(&wq->head));
}

/* One that does not mean it leaves the sleeper and, if it is exclusive, goes to the next. */
Test(waitq, wake_ups_by_key)
{
	struct wait_queue_entry in, out;

	init_wait_key(&in, task[0], 1);
	init_wait_key(&out, task[1], 4);
	prepare_to_wait_exclusive(wq, &in, TASK_INTERRUPTIBLE);
	prepare_to_wait_exclusive(wq, &out, TASK_INTERRUPTIBLE);
	wake_up_poll(wq, 8);
	cr_assert(task[0]->state == TASK_INTERRUPTIBLE && task[1]->state == TASK_INTERRUPTIBLE);
	wake_up_poll(wq, 4 | 8);
	cr_assert(task[0]->state == TASK_INTERRUPTIBLE && task[1]->state == TASK_RUNNING);
	wake_up_poll(wq, 0);
	cr_assert(task[0]->state == TASK_RUNNING, "no key is any");
	finish_wait(wq, &in);
	finish_wait(wq, &out);
	cr_assert(list_empty(&wq->head));
}

static int calls;

static int
count_call(struct wait_queue_entry *e __unused, uint32_t key)
{
	calls += (int)key;
	return 0;
}

Test(waitq, entries_with_a_function)
{
	struct wait_queue_entry e = { .func = count_call };

	remove_wait_queue(wq, &e);
	add_wait_queue(wq, &e);
	wake_up_poll(wq, 3);
	wake_up_poll(wq, 4);
	remove_wait_queue(wq, &e);
	remove_wait_queue(wq, &e);
	wake_up_poll(wq, 100);
	cr_assert_eq(calls, 7);
}

/* Sleepers that come and go with short deadlines, a waker that never stops: nothing may be left behind. */
static void *
hasty(void *arg)
{
	struct task *t = arg;

	for (int i = 0; i < 3000; i++) {
		struct wait_queue_entry e;

		init_wait(&e, t);
		if (i % 2)
			prepare_to_wait_exclusive(wq, &e, TASK_INTERRUPTIBLE);
		else
			prepare_to_wait(wq, &e, TASK_INTERRUPTIBLE);
		ignore_err(schedule_until(t, deadline_after(i % 7 * 10000)), "either way");
		cr_assert_eq(t->state, TASK_RUNNING);
		finish_wait(wq, &e);
	}
	__atomic_add_fetch(&woken, 1, __ATOMIC_SEQ_CST);
	return NULL;
}

Test(waitq, deadlines_against_wakers)
{
	pthread_t th[N];

	for (int i = 0; i < N; i++)
		pthread_create(&th[i], NULL, hasty, task[i]);
	while (__atomic_load_n(&woken, __ATOMIC_SEQ_CST) < N) {
		wake_up(wq);
		usleep(5);
	}
	for (int i = 0; i < N; i++)
		pthread_join(th[i], NULL);
	cr_assert(list_empty(&wq->head));
}
