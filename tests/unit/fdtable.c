/* SPDX-License-Identifier: MIT
 *
 * Descriptor tables: numbers, growth, flags, and fget() beside close and dup2.
 */
#include "tests/unit/vfs-env.h"

static int
install(struct task *t, struct file *f, int from, uint32_t flags)
{
	int fd = get_unused_fd_from(t, from, flags);

	if (fd >= 0) {
		get_file(f);
		fd_install(t, fd, f);
	}
	return fd;
}

Test(fdtable, lowest_number_first)
{
	struct task *t = vfs_env();
	struct file *f = vfs_test_open(t, "/f", O_CREAT | O_RDWR);

	for (int i = 0; i < 300; i++)
		cr_assert_eq(install(t, f, 0, 0), i);
	cr_expect_eq(refcount_read(&f->f_count), 301);
	cr_expect_eq(close_fd(t, 70), 0);
	cr_expect_eq(close_fd(t, 5), 0);
	cr_expect_eq(close_fd(t, 5), -EBADF);
	cr_expect_eq(install(t, f, 6, 0), 70);
	cr_expect_eq(install(t, f, 0, 0), 5);
	cr_expect_eq(install(t, f, 0, 0), 300);
	cr_expect_eq(close_fd_range(t, 64, 255, 0), 0);
	cr_expect_eq(install(t, f, 0, 0), 64);
	cr_expect_eq(install(t, f, 1000, 0), 1000);
	cr_expect_eq(install(t, f, 1024, 0), -EMFILE);
	put_files_struct(t, t->files);
	cr_expect_eq(refcount_read(&f->f_count), 1);
	fput(t, f);
	cr_expect_eq(t->k->vfs->nr_files, 0);
}

Test(fdtable, full_table)
{
	struct task *t = vfs_env();
	struct file *f = vfs_test_open(t, "/f", O_CREAT | O_RDWR);

	for (int i = 0; i < 1024; i++)
		cr_assert_eq(install(t, f, 0, 0), i);
	cr_expect_eq(install(t, f, 0, 0), -EMFILE);
	cr_expect_eq(do_dup2(t, 0, 1024, 0), -EBADF);
	cr_expect_eq(do_dup2(t, 0, 1023, 0), 1023);
	cr_expect_eq(close_fd(t, 1000), 0);
	cr_expect_eq(install(t, f, 0, 0), 1000);
}

Test(fdtable, close_on_exec)
{
	struct task *t = vfs_env();
	struct file *f = vfs_test_open(t, "/f", O_CREAT | O_RDWR);

	for (int i = 0; i < 200; i++)
		cr_assert_eq(install(t, f, 0, i % 3 ? 0 : O_CLOEXEC), i);
	set_close_on_exec(t, 0, false);
	cr_expect(!get_close_on_exec(t, 0));
	cr_expect(get_close_on_exec(t, 3));
	do_close_on_exec(t);
	for (int i = 0; i < 200; i++) {
		struct file *g = fget(t, i);

		cr_expect_eq(g != NULL, i == 0 || i % 3 != 0, "%d", i);
		fput(t, g);
	}
	cr_expect_eq(do_dup2(t, 1, 1, 0), 1);
	cr_expect_eq(install(t, f, 0, 0), 3);
}

Test(fdtable, copies)
{
	struct task *t = vfs_env();
	struct file *f = vfs_test_open(t, "/f", O_CREAT | O_RDWR);
	struct files_struct *old = t->files, *copy;
	int reserved;

	for (int i = 0; i < 130; i++)
		cr_assert_eq(install(t, f, 0, 0), i);
	reserved = get_unused_fd_flags(t, 0);
	cr_expect_eq(reserved, 130);
	copy = dup_files(old, UINT32_MAX);
	cr_assert(!IS_ERR(copy));
	t->files = copy;
	cr_expect_eq(install(t, f, 0, 0), 130, "a number reserved in the old table is free in the copy");
	t->files = old;
	put_unused_fd(t, reserved);
	put_files_struct(t, copy);
	cr_expect_eq(refcount_read(&f->f_count), 131);
	copy = dup_files(old, 10);
	t->files = copy;
	cr_expect_eq(install(t, f, 0, 0), 10);
	t->files = old;
	put_files_struct(t, copy);
	cr_expect_eq(refcount_read(&f->f_count), 131);
}

/* fget() in one thread, close, dup2 and growth in another: never a file that is gone, and all references come back. */

struct race {
	struct task *t;
	uint32_t stop;
	uint64_t got, wrong;
};

static void *
race_reader(void *arg)
{
	struct race *r = arg;
	unsigned int i = 0;

	while (!__atomic_load_n(&r->stop, __ATOMIC_RELAXED)) {
		struct file *f = fget(r->t, (int)(i++ % 16));

		if (!f)
			continue;
		__atomic_add_fetch(&r->got, 1, __ATOMIC_RELAXED);
		if (refcount_read(&f->f_count) <= 0 || !f->f_inode || !(f->f_mode & FMODE_OPENED))
			__atomic_add_fetch(&r->wrong, 1, __ATOMIC_RELAXED);
		fput(r->t, f);
	}
	return NULL;
}

Test(fdtable, fget_races_with_close, .timeout = 60)
{
	struct task *t = vfs_env();
	struct race r = { .t = t };
	pthread_t th[2];

	refcount_inc(&t->files->count);
	for (int i = 0; i < 2; i++)
		cr_assert_eq(pthread_create(&th[i], NULL, race_reader, &r), 0);
	fd_install(t, get_unused_fd_flags(t, 0), vfs_test_open(t, "/f", O_CREAT | O_RDWR));
	while (!__atomic_load_n(&r.got, __ATOMIC_RELAXED)) /* a loaded host may take its time with them */
		sched_yield();
	for (unsigned int i = 0; i < 60000; i++) {
		int fd = get_unused_fd_flags(t, 0), other = (int)(i * 7 % 16);

		cr_assert_geq(fd, 0);
		fd_install(t, fd, vfs_test_open(t, "/f", O_CREAT | O_RDWR));
		if (i % 3 == 0 && other != fd)
			cr_assert_eq(do_dup2(t, fd, other, 0), other);
		if (i % 4096 == 0)
			cr_assert_eq(do_dup2(t, fd, (int)(60 + i / 64), 0), (int)(60 + i / 64));
		ignore_err(close_fd(t, fd), "dup2 may have been to it");
		if (i % 5 == 0)
			ignore_err(close_fd(t, (int)(i % 16)), "may be closed");
	}
	__atomic_store_n(&r.stop, 1, __ATOMIC_RELAXED);
	for (int i = 0; i < 2; i++)
		pthread_join(th[i], NULL);
	cr_expect_eq(r.wrong, 0);
	cr_expect_gt(r.got, 0);
	cr_assert(!refcount_dec_and_test(&t->files->count));
	put_files_struct(t, t->files);
	cr_expect_eq(t->k->vfs->nr_files, 0, "%u", t->k->vfs->nr_files);
}

Test(fdtable, tables_of_other_tasks)
{
	struct task *t = vfs_env(), *other = vfs_task(t->k);
	struct file *f = vfs_test_open(t, "/f", O_CREAT | O_RDWR), *g;

	cr_expect_eq(install(other, f, 3, 0), 3);
	cr_expect_eq(install(other, f, 9, 0), 9);
	cr_expect_eq(next_fd_task(other, 0), 3);
	cr_expect_eq(next_fd_task(other, 4), 9);
	cr_expect_eq(next_fd_task(other, 10), -1);
	g = fget_task(other, 9);
	cr_expect_eq(g, f);
	fput(t, g);
	cr_expect_null(fget_task(other, 4));
}
