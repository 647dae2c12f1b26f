/* SPDX-License-Identifier: MIT */
#include "tests/unit/env.h"

#include "kernel/init.h"

#define MS 1000000LL

struct timer {
	struct ktimer tm;
	int64_t ran;
	uint32_t count;
	int64_t period;
	uint32_t busy_us;
};

static struct kernel *k;
static pthread_t thread;

static void *
timer_thread(void *arg __unused)
{
	ktimers_run(k);
	return NULL;
}

static void
init(void)
{
	k = test_arena();
	cr_assert_eq(timers_init(k), 0);
	pthread_create(&thread, NULL, timer_thread, NULL);
}

static void
fini(void)
{
	__atomic_store_n(&k->dying, 1, __ATOMIC_SEQ_CST);
	ktimers_poke(k);
	pthread_join(thread, NULL);
}

TestSuite(ktimer, .init = init, .fini = fini, .timeout = 60);

static void
fire(struct kernel *kk, struct ktimer *tm)
{
	struct timer *t = container_of(tm, struct timer, tm);

	t->ran = ktime_get();
	if (t->busy_us)
		usleep(t->busy_us);
	__atomic_add_fetch(&t->count, 1, __ATOMIC_SEQ_CST);
	if (t->period)
		ktimer_start(kk, tm, tm->expires + t->period);
}

static uint32_t
count(struct timer *t)
{
	return __atomic_load_n(&t->count, __ATOMIC_SEQ_CST);
}

static struct timer *
new_timer(void)
{
	struct timer *t = kzalloc(k, sizeof(*t));

	ktimer_init(&t->tm, fire);
	return t;
}

Test(ktimer, runs_once_and_not_early)
{
	struct timer *t = new_timer();
	int64_t at = ktime_get() + 10 * MS, when;

	ktimer_start(k, &t->tm, at);
	cr_assert(ktimer_active(k, &t->tm, &when));
	cr_assert_eq(when, at);
	usleep(40000);
	cr_assert_eq(count(t), 1);
	cr_assert_geq(t->ran, at);
	cr_assert_not(ktimer_cancel(k, &t->tm));
}

Test(ktimer, an_earlier_one_wakes_the_thread)
{
	struct timer *late = new_timer(), *early = new_timer();

	ktimer_start(k, &late->tm, ktime_get() + 3600000 * MS);
	usleep(5000);
	ktimer_start(k, &early->tm, ktime_get() + 5 * MS);
	usleep(40000);
	cr_assert_eq(count(early), 1);
	cr_assert_eq(count(late), 0);
	cr_assert(ktimer_cancel(k, &late->tm));
	cr_assert_not(ktimer_cancel(k, &late->tm));
}

Test(ktimer, re_arming_moves_it)
{
	struct timer *t = new_timer();

	ktimer_start(k, &t->tm, ktime_get() + 5 * MS);
	ktimer_start(k, &t->tm, ktime_get() + 3600000 * MS);
	usleep(20000);
	cr_assert_eq(count(t), 0);
	ktimer_start(k, &t->tm, ktime_get() - 1);
	usleep(20000);
	cr_assert_eq(count(t), 1);
}

Test(ktimer, cancel_waits_for_the_function)
{
	struct timer *t = new_timer();

	t->busy_us = 50000;
	t->period = 1;
	ktimer_start(k, &t->tm, ktime_get());
	usleep(10000);
	cr_assert_eq(ktimer_try_to_cancel(k, &t->tm), -EBUSY);
	ktimer_wait_running(k, &t->tm);
	cr_assert_geq(count(t), 1);
	ktimer_cancel(k, &t->tm);
	uint32_t n = count(t);
	usleep(120000);
	cr_assert_eq(count(t), n, "it was armed again by its function, and cancelled nevertheless");
}

Test(ktimer, order_of_many)
{
	enum { N = 2000 };
	static struct timer *t[N];
	int64_t base = ktime_get() + 30 * MS;
	unsigned int seed = 1;

	for (int i = 0; i < N; i++) {
		t[i] = new_timer();
		ktimer_start(k, &t[i]->tm, base + rand_r(&seed) % 1000 * 20000LL);
	}
	for (int i = 0; i < N; i += 3) /* holes */
		cr_assert(ktimer_cancel(k, &t[i]->tm));
	usleep(150000);
	for (int i = 0; i < N; i++) {
		cr_assert_eq(count(t[i]), i % 3 ? 1 : 0);
		if (i % 3)
			cr_assert_geq(t[i]->ran, t[i]->tm.expires);
		for (int j = 1; j < 5 && i % 3; j++) {
			int o = (i + j * 37) % N;

			if (o % 3 && t[o]->tm.expires > t[i]->tm.expires)
				cr_assert_geq(t[o]->ran, t[i]->ran);
		}
	}
}

static void *
churn(void *arg __unused)
{
	unsigned int seed = (unsigned int)gettid();
	struct timer *t[16];

	for (int i = 0; i < 16; i++)
		t[i] = new_timer();
	for (int r = 0; r < 20000; r++) {
		struct timer *x = t[rand_r(&seed) % 16];

		if (rand_r(&seed) % 3)
			ktimer_start(k, &x->tm, ktime_get() + rand_r(&seed) % 200000);
		else
			ktimer_cancel(k, &x->tm);
	}
	for (int i = 0; i < 16; i++) {
		uint32_t n;

		ktimer_cancel(k, &t[i]->tm);
		n = count(t[i]);
		usleep(100);
		cr_assert_eq(count(t[i]), n);
	}
	return NULL;
}

Test(ktimer, churn_by_threads)
{
	pthread_t th[3];

	for (int i = 0; i < 3; i++)
		pthread_create(&th[i], NULL, churn, NULL);
	for (int i = 0; i < 3; i++)
		pthread_join(th[i], NULL);
}

Test(ktimer, periods)
{
	uint64_t missed = 0;

	cr_assert_eq(next_period(100, 10, 100, &missed), 110);
	cr_assert_eq(missed, 0);
	cr_assert_eq(next_period(100, 10, 109, &missed), 110);
	cr_assert_eq(missed, 0);
	cr_assert_eq(next_period(100, 10, 135, &missed), 140);
	cr_assert_eq(missed, 3);
	cr_assert_eq(next_period(100, INT64_MAX, 200, &missed), INT64_MAX);
}
