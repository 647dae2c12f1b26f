/* SPDX-License-Identifier: MIT
 *
 * The table of tracees of a program on the host's kernel, and their memory and descriptors as hooks see them.
 */
#include "src/host-tracee.h"

#include <fcntl.h>
#include <linux/ptrace.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/uio.h>
#include <unistd.h>

long
host_ptrace(long request, pid_t tid, uintptr_t addr, uintptr_t data)
{
	return syscall(SYS_ptrace, request, tid, addr, data);
}

static size_t
peek(void *ctx, uint64_t addr, void *buf, size_t n)
{
	const struct tracee *e = ctx;
	struct iovec to = { buf, n }, from = { (void *)(uintptr_t)addr, n };
	ssize_t got = process_vm_readv(e->t.tid, &to, 1, &from, 1, 0);

	return got < 0 ? 0 : (size_t)got;
}

static bool
look(void *ctx, int fd, struct trace_fd *out)
{
	const struct tracee *e = ctx;
	char link[64];
	struct stat st;
	ssize_t n;

	if (fd == AT_FDCWD)
		snprintf(link, sizeof(link), "/proc/%d/cwd", e->t.tid);
	else
		snprintf(link, sizeof(link), "/proc/%d/fd/%d", e->t.tid, fd);
	n = readlink(link, out->path, sizeof(out->path) - 1);
	if (n < 0 || stat(link, &st) < 0)
		return false;
	out->path[n] = '\0';
	out->mode = st.st_mode;
	out->major = major(st.st_rdev);
	out->minor = minor(st.st_rdev);
	return true;
}

struct tracee *
tracee_find(struct host_tracer *h, pid_t tid)
{
	struct tracee *e;

	for (e = h->tracees[tid % TRACEE_BUCKETS]; e; e = e->next) {
		if (e->t.tid == tid)
			return e;
	}
	return NULL;
}

void
tracee_insert(struct host_tracer *h, struct tracee *e)
{
	e->next = h->tracees[e->t.tid % TRACEE_BUCKETS];
	h->tracees[e->t.tid % TRACEE_BUCKETS] = e;
}

void
tracee_unlink(struct host_tracer *h, struct tracee *e)
{
	struct tracee **p = &h->tracees[e->t.tid % TRACEE_BUCKETS];

	while (*p != e)
		p = &(*p)->next;
	*p = e->next;
}

struct tracee *
tracee_add(struct host_tracer *h, pid_t tid)
{
	struct tracee *e = calloc(1, sizeof(*e));

	if (!e)
		abort();
	e->t = (struct traced){ .tid = tid, .tgid = tid, .mem = { e, peek, look } };
	tracee_insert(h, e);
	return e;
}

void
tracee_remove(struct host_tracer *h, struct tracee *e)
{
	tracee_unlink(h, e);
	if (e->held)
		h->held--;
	if (e->wake)
		h->delayed--;
	free(e->inject);
	free(e);
}

void
tracee_free_all(struct host_tracer *h)
{
	unsigned int i;

	for (i = 0; i < TRACEE_BUCKETS; i++) {
		while (h->tracees[i])
			tracee_remove(h, h->tracees[i]);
	}
}

void
tracee_go_on(struct tracee *e, int sig)
{
	host_ptrace(PTRACE_SYSCALL, e->t.tid, 0, (uintptr_t)sig);
}
