/* SPDX-License-Identifier: MIT
 *
 * Descriptor tables.
 *
 * Changes hold file_lock. fget() takes no lock: it reads table and slot, takes a reference if the count is not zero (memory of
 * files is type-stable), and looks at table and slot again; if they are the same the file was open at that moment. For this to be
 * sound a table that was outgrown stays allocated until the whole files_struct goes: altogether less than the newest one.
 *
 * fdget() borrows the table's own reference when nobody else can close the descriptor: only the current task uses the table.
 */
#include <asm/resource.h>
#include <linux/close_range.h>
#include <linux/fcntl.h>

#include "kernel/task.h"
#include "vfs/internal.h"

#define NR_OPEN_DEFAULT 64u
#define WORD_BITS	64u

struct fdtable {
	unsigned int max_fds; /* a multiple of 64 */
	struct file **fd;
	uint64_t *open_fds, *close_on_exec, *full; /* full: one bit a word of open_fds */
	struct fdtable *prev;
};

static bool
test_bit(const uint64_t *w, unsigned int i)
{
	return (w[i / WORD_BITS] >> (i % WORD_BITS)) & 1;
}

static void
assign_bit(uint64_t *w, unsigned int i, bool on)
{
	uint64_t bit = 1ULL << (i % WORD_BITS);

	if (on)
		w[i / WORD_BITS] |= bit;
	else
		w[i / WORD_BITS] &= ~bit;
}

static struct fdtable *
alloc_fdtable(struct kernel *k, unsigned int max)
{
	size_t words = max / WORD_BITS, full_words = (words + WORD_BITS - 1) / WORD_BITS;
	struct fdtable *fdt = kzalloc(k, sizeof(*fdt) + max * sizeof(struct file *) + (2 * words + full_words) * 8);

	if (!fdt)
		return NULL;
	fdt->max_fds = max;
	fdt->fd = (struct file **)(fdt + 1);
	fdt->open_fds = (uint64_t *)(fdt->fd + max);
	fdt->close_on_exec = fdt->open_fds + words;
	fdt->full = fdt->close_on_exec + words;
	return fdt;
}

static void
copy_fdtable(struct fdtable *to, const struct fdtable *from, unsigned int n)
{
	size_t words = n / WORD_BITS;

	memcpy(to->fd, from->fd, n * sizeof(struct file *));
	memcpy(to->open_fds, from->open_fds, words * 8);
	memcpy(to->close_on_exec, from->close_on_exec, words * 8);
	for (size_t i = 0; i < words; i++)
		assign_bit(to->full, (unsigned int)i, to->open_fds[i] == UINT64_MAX);
}

static void
mark_open(struct fdtable *fdt, unsigned int fd, bool cloexec)
{
	assign_bit(fdt->open_fds, fd, true);
	assign_bit(fdt->close_on_exec, fd, cloexec);
	if (fdt->open_fds[fd / WORD_BITS] == UINT64_MAX)
		assign_bit(fdt->full, fd / WORD_BITS, true);
}

static void
mark_free(struct fdtable *fdt, unsigned int fd)
{
	assign_bit(fdt->open_fds, fd, false);
	assign_bit(fdt->close_on_exec, fd, false);
	assign_bit(fdt->full, fd / WORD_BITS, false);
}

/* The first free descriptor at or above @start; max_fds if there is none. */
static unsigned int
find_free(const struct fdtable *fdt, unsigned int start)
{
	unsigned int words = fdt->max_fds / WORD_BITS, w = start / WORD_BITS;
	uint64_t bits;

	if (start >= fdt->max_fds)
		return start;
	bits = ~fdt->open_fds[w] & (UINT64_MAX << (start % WORD_BITS));
	while (!bits) {
		if (++w >= words)
			return fdt->max_fds;
		if (w % WORD_BITS == 0 && fdt->full[w / WORD_BITS] == UINT64_MAX) {
			w += WORD_BITS - 1;
			continue;
		}
		bits = ~fdt->open_fds[w];
	}
	return w * WORD_BITS + (unsigned int)__builtin_ctzll(bits);
}

/* file_lock is held. Room for descriptor @nr. */
static int
expand_files(struct files_struct *files, unsigned int nr)
{
	struct fdtable *old = files->fdt, *fdt;
	unsigned int max = old->max_fds;

	if (nr < max)
		return 0;
	if (nr >= files->k->vfs->nr_open)
		return -EMFILE;
	while (max <= nr)
		max *= 2;
	fdt = alloc_fdtable(files->k, max);
	if (!fdt)
		return -ENOMEM;
	copy_fdtable(fdt, old, old->max_fds);
	fdt->prev = old;
	__atomic_store_n(&files->fdt, fdt, __ATOMIC_RELEASE);
	return 0;
}

/* file_lock is held. */
static int
alloc_fd(struct files_struct *files, unsigned int start, uint64_t end, bool cloexec)
{
	unsigned int fd = MAX(start, (unsigned int)files->next_fd);
	int err;

	fd = find_free(files->fdt, fd);
	if (fd >= end)
		return -EMFILE;
	err = expand_files(files, fd);
	if (err)
		return err;
	if (start <= (unsigned int)files->next_fd)
		files->next_fd = (int)fd + 1;
	mark_open(files->fdt, fd, cloexec);
	return (int)fd;
}

int
get_unused_fd_from(struct task *t, int start, uint32_t flags)
{
	struct files_struct *files = t->files;
	mutex_guard(&files->file_lock);

	return alloc_fd(files, (unsigned int)start, rlimit(t, RLIMIT_NOFILE), (flags & O_CLOEXEC) != 0);
}

static void
__put_unused_fd(struct files_struct *files, unsigned int fd)
{
	mark_free(files->fdt, fd);
	if (fd < (unsigned int)files->next_fd)
		files->next_fd = (int)fd;
}

void
put_unused_fd(struct task *t, int fd)
{
	mutex_guard(&t->files->file_lock);

	__put_unused_fd(t->files, (unsigned int)fd);
}

void
fd_install(struct task *t, int fd, struct file *file)
{
	struct files_struct *files = t->files;
	mutex_guard(&files->file_lock);

	__atomic_store_n(&files->fdt->fd[fd], file, __ATOMIC_RELEASE);
}

int
fd_install_pair(struct task *t, struct file *const files[2], uint32_t flags, uaddr_t u)
{
	int32_t fd[2];
	int err;

	err = fd[0] = get_unused_fd_flags(t, flags);
	if (err < 0)
		goto put_files;
	err = fd[1] = get_unused_fd_flags(t, flags);
	if (err < 0)
		goto put_fd0;
	err = copy_out(t, u, &fd);
	if (err)
		goto put_fd1;
	fd_install(t, fd[0], files[0]);
	fd_install(t, fd[1], files[1]);
	return 0;
put_fd1:
	put_unused_fd(t, fd[1]);
put_fd0:
	put_unused_fd(t, fd[0]);
put_files:
	fput(t, files[0]);
	fput(t, files[1]);
	return err;
}

/* With a reference. */
static struct file *
files_get(struct files_struct *files, unsigned int fd)
{
	for (;;) {
		struct fdtable *fdt = __atomic_load_n(&files->fdt, __ATOMIC_ACQUIRE);
		struct file *f;

		if (fd >= fdt->max_fds)
			return NULL;
		f = __atomic_load_n(&fdt->fd[fd], __ATOMIC_ACQUIRE);
		if (!f)
			return NULL;
		if (!refcount_inc_not_zero(&f->f_count))
			continue; /* being closed: the slot is empty, or another file's, by now */
		__atomic_thread_fence(__ATOMIC_SEQ_CST);
		if (likely(__atomic_load_n(&files->fdt, __ATOMIC_ACQUIRE) == fdt &&
			   __atomic_load_n(&fdt->fd[fd], __ATOMIC_ACQUIRE) == f))
			return f;
		fput(NULL, f);
	}
}

struct file *
fget_raw(struct task *t, int fd)
{
	return files_get(t->files, (unsigned int)fd);
}

struct file *
fget(struct task *t, int fd)
{
	struct file *f = files_get(t->files, (unsigned int)fd);

	if (f && unlikely(f->f_mode & FMODE_PATH)) {
		fput(t, f);
		return NULL;
	}
	return f;
}

struct fd
fdget_raw(struct task *t, int fd)
{
	struct files_struct *files = t->files;

	if (likely(refcount_read(&files->count) == 1)) {
		struct fdtable *fdt = files->fdt;

		return (struct fd){ (unsigned int)fd < fdt->max_fds ? fdt->fd[(unsigned int)fd] : NULL, false };
	}
	return (struct fd){ files_get(files, (unsigned int)fd), true };
}

struct fd
fdget(struct task *t, int fd)
{
	struct fd f = fdget_raw(t, fd);

	if (f.file && unlikely(f.file->f_mode & FMODE_PATH)) {
		fdput(t, f);
		f.file = NULL;
	}
	return f;
}

void
fdput(struct task *t, struct fd f)
{
	if (f.put && f.file)
		fput(t, f.file);
}

/* file_lock is held. Empties a slot and frees the number; the table's reference is the caller's. */
static struct file *
take_fd(struct files_struct *files, unsigned int fd)
{
	struct fdtable *fdt = files->fdt;
	struct file *f;

	if (fd >= fdt->max_fds)
		return NULL;
	f = fdt->fd[fd];
	if (f) {
		__atomic_store_n(&fdt->fd[fd], NULL, __ATOMIC_SEQ_CST);
		__put_unused_fd(files, fd);
	}
	return f;
}

int
close_fd(struct task *t, int fd)
{
	struct files_struct *files = t->files;
	struct file *f;

	mutex_lock(&files->file_lock);
	f = take_fd(files, (unsigned int)fd);
	mutex_unlock(&files->file_lock);
	return f ? filp_close(t, f, files) : -EBADF;
}

/* The first open descriptor in [@fd, @last], or UINT32_MAX. file_lock is held. */
static unsigned int
next_open(const struct fdtable *fdt, unsigned int fd, unsigned int last)
{
	for (; fd < fdt->max_fds && fd <= last; fd++) {
		uint64_t bits = fdt->open_fds[fd / WORD_BITS] >> (fd % WORD_BITS);

		if (bits) {
			fd += (unsigned int)__builtin_ctzll(bits);
			return fd <= last ? fd : UINT32_MAX;
		}
		fd |= WORD_BITS - 1;
	}
	return UINT32_MAX;
}

static void
range_cloexec(struct files_struct *files, unsigned int first, unsigned int last)
{
	mutex_guard(&files->file_lock);

	for (unsigned int fd = next_open(files->fdt, first, last); fd != UINT32_MAX; fd = next_open(files->fdt, fd + 1, last))
		assign_bit(files->fdt->close_on_exec, fd, true);
}

static void
range_close(struct task *t, struct files_struct *files, unsigned int first, unsigned int last)
{
	unsigned int fd = first;

	for (;;) {
		struct file *f;

		mutex_lock(&files->file_lock);
		fd = next_open(files->fdt, fd, last);
		f = fd == UINT32_MAX ? NULL : take_fd(files, fd);
		mutex_unlock(&files->file_lock);
		if (fd == UINT32_MAX)
			return;
		if (f)
			ignore_err(filp_close(t, f, files), "close_range(2) does not report it");
		fd++;
	}
}

int
close_fd_range(struct task *t, unsigned int first, unsigned int last, unsigned int flags)
{
	if (flags & ~(unsigned int)(CLOSE_RANGE_UNSHARE | CLOSE_RANGE_CLOEXEC))
		return -EINVAL;
	if (first > last)
		return -EINVAL;
	if ((flags & CLOSE_RANGE_UNSHARE) && refcount_read(&t->files->count) > 1) {
		int err = unshare_files(t);

		if (err)
			return err;
	}
	if (flags & CLOSE_RANGE_CLOEXEC)
		range_cloexec(t->files, first, last);
	else
		range_close(t, t->files, first, last);
	return 0;
}

/**
 * do_dup2() - dup2 and dup3
 * @t: the current task
 * @oldfd: open
 * @newfd: not @oldfd
 * @flags: O_CLOEXEC
 *
 * Return: @newfd, -EBADF, -EBUSY (being opened by another thread), -EMFILE, -ENOMEM.
 */
int
do_dup2(struct task *t, int oldfd, int newfd, uint32_t flags)
{
	struct files_struct *files = t->files;
	unsigned int nfd = (unsigned int)newfd;
	struct file *f, *tofree;
	struct fdtable *fdt;
	int err;

	if (nfd >= rlimit(t, RLIMIT_NOFILE))
		return -EBADF;
	f = fget_raw(t, oldfd);
	mutex_lock(&files->file_lock);
	err = expand_files(files, nfd);
	if (!f || err) {
		mutex_unlock(&files->file_lock);
		fput(t, f);
		return !f || err == -EMFILE ? -EBADF : err;
	}
	fdt = files->fdt;
	tofree = fdt->fd[nfd];
	if (!tofree && test_bit(fdt->open_fds, nfd)) {
		mutex_unlock(&files->file_lock);
		fput(t, f);
		return -EBUSY;
	}
	__atomic_store_n(&fdt->fd[nfd], f, __ATOMIC_SEQ_CST);
	mark_open(fdt, nfd, (flags & O_CLOEXEC) != 0);
	mutex_unlock(&files->file_lock);
	if (tofree)
		ignore_err(filp_close(t, tofree, files), "dup2(2) does not report it");
	return newfd;
}

void
set_close_on_exec(struct task *t, int fd, bool on)
{
	struct files_struct *files = t->files;
	mutex_guard(&files->file_lock);

	if ((unsigned int)fd < files->fdt->max_fds && test_bit(files->fdt->open_fds, (unsigned int)fd))
		assign_bit(files->fdt->close_on_exec, (unsigned int)fd, on);
}

bool
get_close_on_exec(struct task *t, int fd)
{
	struct files_struct *files = t->files;
	mutex_guard(&files->file_lock);

	return (unsigned int)fd < files->fdt->max_fds && test_bit(files->fdt->close_on_exec, (unsigned int)fd);
}

void
do_close_on_exec(struct task *t)
{
	struct files_struct *files = t->files;

	for (unsigned int w = 0; w < files->fdt->max_fds / WORD_BITS; w++) {
		uint64_t bits;

		mutex_lock(&files->file_lock);
		bits = files->fdt->close_on_exec[w] & files->fdt->open_fds[w];
		files->fdt->close_on_exec[w] = 0;
		mutex_unlock(&files->file_lock);
		for (; bits; bits &= bits - 1) {
			struct file *f;

			mutex_lock(&files->file_lock);
			f = take_fd(files, w * WORD_BITS + (unsigned int)__builtin_ctzll(bits));
			mutex_unlock(&files->file_lock);
			if (f)
				ignore_err(filp_close(t, f, files), "execve(2) does not report it");
		}
	}
}

static struct files_struct *
files_alloc_size(struct kernel *k, unsigned int max)
{
	struct files_struct *files = kmalloc(k, sizeof(*files));

	if (!files)
		return NULL;
	*files = (struct files_struct){ .k = k };
	refcount_set(&files->count, 1);
	mutex_init(&files->file_lock, RANK_FILES);
	files->fdt = alloc_fdtable(k, max);
	if (!files->fdt) {
		kfree(k, files);
		return NULL;
	}
	return files;
}

struct files_struct *
files_alloc(struct kernel *k)
{
	return files_alloc_size(k, NR_OPEN_DEFAULT);
}

unsigned int
files_max_fds(struct task *t)
{
	return __atomic_load_n(&t->files->fdt, __ATOMIC_ACQUIRE)->max_fds;
}

/* Room for all open descriptors below @max_fds. */
static unsigned int
table_size(const struct fdtable *fdt, unsigned int max_fds)
{
	unsigned int n = fdt->max_fds / WORD_BITS, size = NR_OPEN_DEFAULT;

	while (n > 0 && !fdt->open_fds[n - 1])
		n--;
	n = MIN(n * WORD_BITS, ALIGN_UP(MIN(max_fds, fdt->max_fds), WORD_BITS));
	while (size < n)
		size *= 2;
	return size;
}

/**
 * dup_files() - a copy of a table for a new process
 * @old: the table
 * @max_fds: descriptors from here on are left out; UINT32_MAX for all
 *
 * Return: the copy, or ERR_PTR(-ENOMEM).
 */
struct files_struct *
dup_files(struct files_struct *old, unsigned int max_fds)
{
	struct files_struct *new;
	unsigned int size, n;

	mutex_lock(&old->file_lock);
	size = table_size(old->fdt, max_fds);
	mutex_unlock(&old->file_lock);
	for (;;) {
		new = files_alloc_size(old->k, size);
		if (!new)
			return ERR_PTR(-ENOMEM);
		mutex_lock(&old->file_lock);
		if (table_size(old->fdt, max_fds) <= size)
			break;
		size = table_size(old->fdt, max_fds);
		mutex_unlock(&old->file_lock);
		kfree(old->k, new->fdt);
		kfree(old->k, new);
	}
	n = MIN(size, old->fdt->max_fds);
	copy_fdtable(new->fdt, old->fdt, n);
	new->next_fd = old->next_fd;
	for (unsigned int fd = 0; fd < n; fd++) {
		struct file *f = new->fdt->fd[fd];

		if (f && fd < max_fds) {
			get_file(f);
		} else if (f || test_bit(new->fdt->open_fds, fd)) { /* a number reserved by an open in another thread stays there */
			new->fdt->fd[fd] = NULL;
			__put_unused_fd(new, fd);
		}
	}
	mutex_unlock(&old->file_lock);
	return new;
}

/**
 * put_files_struct() - drop a reference to a table; the last one closes everything
 * @t: the current task, or NULL
 * @files: the table, or NULL
 */
void
put_files_struct(struct task *t, struct files_struct *files)
{
	struct fdtable *fdt;

	if (!files || !refcount_dec_and_test(&files->count))
		return;
	for (unsigned int fd = 0; fd < files->fdt->max_fds; fd++) {
		struct file *f = files->fdt->fd[fd];

		if (!files->fdt->open_fds[fd / WORD_BITS]) {
			fd |= WORD_BITS - 1;
			continue;
		}
		if (f) {
			__atomic_store_n(&files->fdt->fd[fd], NULL, __ATOMIC_SEQ_CST);
			ignore_err(filp_close(t, f, files), "exit(2) does not report it");
		}
	}
	while ((fdt = files->fdt)) {
		files->fdt = fdt->prev;
		kfree(files->k, fdt);
	}
	kfree(files->k, files);
}

int
unshare_files(struct task *t)
{
	struct files_struct *old = t->files, *new;

	if (refcount_read(&old->count) == 1)
		return 0;
	new = dup_files(old, UINT32_MAX);
	if (IS_ERR(new))
		return (int)PTR_ERR(new);
	mutex_lock(&t->alloc_lock);
	t->files = new;
	mutex_unlock(&t->alloc_lock);
	put_files_struct(t, old);
	return 0;
}

struct file *
fget_task(struct task *other, int fd)
{
	mutex_guard(&other->alloc_lock);

	return other->files ? files_get(other->files, (unsigned int)fd) : NULL;
}

int
next_fd_task(struct task *other, int fd)
{
	struct files_struct *files;
	int ret = -1;

	mutex_lock(&other->alloc_lock);
	files = other->files;
	if (files) {
		struct fdtable *fdt = __atomic_load_n(&files->fdt, __ATOMIC_ACQUIRE);

		for (unsigned int i = fd < 0 ? 0 : (unsigned int)fd; i < fdt->max_fds; i++) {
			if (__atomic_load_n(&fdt->fd[i], __ATOMIC_ACQUIRE)) {
				ret = (int)i;
				break;
			}
		}
	}
	mutex_unlock(&other->alloc_lock);
	return ret;
}

unsigned int
fd_size_task(struct task *other)
{
	unsigned int n = 0;

	mutex_lock(&other->alloc_lock);
	if (other->files)
		n = __atomic_load_n(&other->files->fdt, __ATOMIC_ACQUIRE)->max_fds;
	mutex_unlock(&other->alloc_lock);
	return n;
}

bool
close_on_exec_task(struct task *other, int fd)
{
	bool ret = false;

	mutex_lock(&other->alloc_lock);
	if (other->files) {
		struct fdtable *fdt = __atomic_load_n(&other->files->fdt, __ATOMIC_ACQUIRE);

		if ((unsigned int)fd < fdt->max_fds)
			ret = test_bit(fdt->close_on_exec, (unsigned int)fd);
	}
	mutex_unlock(&other->alloc_lock);
	return ret;
}
