/* SPDX-License-Identifier: MIT
 *
 * Operations on mapped files. What a program writes past the end of a file in its last page is nobody's, so that is left alone.
 */
#include <setjmp.h>
#include <signal.h>
#include <sys/mman.h>

#include "random.h"

#define PAGE 4096

static sigjmp_buf caught;

static void
on_sigbus(int sig)
{
	siglongjmp(caught, sig);
}

static void
drop(struct mapping *m)
{
	if (!m->p)
		return;
	munmap(m->p, m->len);
	close(m->fd);
	*m = (struct mapping){ 0 };
}

/* In Linux's overlayfs a file that was mapped before its first change shows its old data there for ever: see that it is changed. */
static bool
is_changed(int fd)
{
	struct stat st;

	return !lacks("lower-maps") || (fstat(fd, &st) == 0 && fchmod(fd, st.st_mode & 07777) == 0);
}

static void
op_mmap(struct proc *p, struct op *o)
{
	struct mapping *m = &p->map[pick(o, N_MAPS)];
	int fd = pick_fd(p, o), share = pick(o, 3) ? MAP_SHARED : MAP_PRIVATE;
	int prot = (int[]){ PROT_READ | PROT_WRITE, PROT_READ | PROT_WRITE, PROT_READ, PROT_WRITE }[pick(o, 4)];
	off_t off = (off_t)pick(o, 5) * PAGE;
	size_t len = (1 + pick(o, 6)) * PAGE - (pick(o, 3) ? 0 : 100);
	char *got;

	if (!o->maps)
		return;
	say(o, " %s prot=%d @%lld n=%zu", share == MAP_SHARED ? "shared" : "private", prot, (long long)off, len);
	drop(m);
	if (!is_changed(fd)) {
		say(o, " not done");
		return;
	}
	got = mmap(NULL, len, prot, share, fd, off);
	say_result(o, got == MAP_FAILED ? -1 : 0);
	if (got == MAP_FAILED)
		return;
	*m = (struct mapping){ got, len, off, fcntl(fd, F_DUPFD_CLOEXEC, 0), (prot & PROT_WRITE) != 0, (prot & PROT_READ) != 0 };
}

static struct mapping *
pick_mapping(struct proc *p, struct op *o)
{
	unsigned int n = pick(o, N_MAPS), end = n + N_MAPS;

	while (n < end && !p->map[n % N_MAPS].p)
		n++;
	say(o, " map%u", n % N_MAPS);
	return &p->map[n % N_MAPS];
}

/* A part of a mapping that lies whole in one page: inside the file, or beyond its last page (where SIGBUS waits). */
static char *
pick_part(struct op *o, const struct mapping *m, size_t *n)
{
	size_t at = pick(o, 6) * (size_t)PAGE + (size_t[]){ 0, 1, 100, 4000 }[pick(o, 4)];
	struct stat st;
	off_t pos;

	*n = (size_t[]){ 1, 8, 96, 4096 }[pick(o, 4)];
	*n = *n < PAGE - at % PAGE ? *n : PAGE - at % PAGE;
	say(o, " +%zu n=%zu", at, *n);
	if (!m->p || at + *n > m->len || fstat(m->fd, &st) != 0)
		return NULL;
	pos = m->off + (off_t)at;
	if (pos + (off_t)*n > st.st_size && pos < (st.st_size + PAGE - 1) / PAGE * PAGE)
		return NULL;
	return m->p + at;
}

static void
catch_sigbus(void (*handler)(int))
{
	struct sigaction sa = { .sa_handler = handler, .sa_flags = SA_NODEFER };

	sigaction(SIGBUS, &sa, NULL);
}

static void
op_map_read(struct proc *p, struct op *o)
{
	struct mapping *m = pick_mapping(p, o);
	size_t n;
	char *at = pick_part(o, m, &n);

	if (!at || !m->readable)
		return;
	catch_sigbus(on_sigbus);
	if (sigsetjmp(caught, 0) == 0) {
		memcpy(p->buf, at, n);
		say(o, " = %08x", hash(p->buf, n));
	} else {
		say(o, " = SIGBUS");
	}
	catch_sigbus(SIG_DFL);
}

static void
op_map_write(struct proc *p, struct op *o)
{
	struct mapping *m = pick_mapping(p, o);
	size_t n;
	char *at = pick_part(o, m, &n);

	if (!at || !m->writable)
		return;
	fill(o, p->buf, n);
	catch_sigbus(on_sigbus);
	if (sigsetjmp(caught, 0) == 0) {
		memcpy(at, p->buf, n);
		say(o, " = written");
	} else {
		say(o, " = SIGBUS");
	}
	catch_sigbus(SIG_DFL);
}

static bool
past_end(const struct mapping *m, const char *at)
{
	struct stat st;

	return fstat(m->fd, &st) != 0 || m->off + (at - m->p) >= st.st_size;
}

/* The kernel reads and writes a mapping. */
static void
op_map_io(struct proc *p, struct op *o)
{
	struct mapping *m = pick_mapping(p, o);
	int fd = pick_fd(p, o);
	bool in = pick(o, 2);
	off_t pos = pick_offset(o);
	size_t n;
	char *at = pick_part(o, m, &n);

	if (!at || !(in ? m->writable : m->readable))
		return;
	if (to_itself(o, m->fd, fd) || (!in && lacks("faulting-writes") && past_end(m, at)))
		return;
	say_result(o, in ? pread(fd, at, n, pos) : pwrite(fd, at, n, pos));
}

static void
op_msync(struct proc *p, struct op *o)
{
	struct mapping *m = pick_mapping(p, o);

	if (m->p)
		say_result(o, msync(m->p, m->len, pick(o, 2) ? MS_SYNC : MS_ASYNC));
}

static void
op_munmap(struct proc *p, struct op *o)
{
	drop(pick_mapping(p, o));
}

static void
op_madvise(struct proc *p, struct op *o)
{
	static const int advice[] = { MADV_DONTNEED, MADV_WILLNEED, MADV_NORMAL, MADV_SEQUENTIAL };
	struct mapping *m = pick_mapping(p, o);
	int a = advice[pick(o, 4)];

	say(o, " %d", a);
	if (m->p)
		say_result(o, madvise(m->p, m->len, a));
}

const struct op_kind map_ops[] = {
	{ "mmap", 10, op_mmap },	{ "mapread", 20, op_map_read },	  { "mapwrite", 20, op_map_write }, { "mapio", 8, op_map_io },
	{ "msync", 3, op_msync },	{ "munmap", 3, op_munmap },	  { "madvise", 3, op_madvise },	    { NULL, 0, NULL },
};
