/* SPDX-License-Identifier: MIT
 *
 * Operations on the data of open files.
 */
#include <linux/falloc.h>
#include <sys/resource.h>
#include <sys/sendfile.h>
#include <sys/uio.h>

#include "random.h"
#include "rules.h"

static void
say_data(struct op *o, long n, const char *buf)
{
	if (say_result(o, n) > 0)
		say(o, " %08x", hash(buf, (size_t)n));
}

static bool
is_dir(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 && S_ISDIR(st.st_mode);
}

static void
op_read(struct proc *p, struct op *o)
{
	int fd = pick_fd(p, o);
	size_t n = pick_length(o);

	say_data(o, read(fd, p->buf, n), p->buf);
}

static void
op_write(struct proc *p, struct op *o)
{
	int fd = pick_fd(p, o);
	size_t n = pick_length(o);

	fill(o, p->buf, n);
	say_result(o, write(fd, p->buf, n));
}

static void
op_pread(struct proc *p, struct op *o)
{
	int fd = pick_fd(p, o);
	off_t at = pick_offset(o);
	size_t n = pick_length(o);

	say_data(o, pread(fd, p->buf, n, at), p->buf);
}

static void
op_pwrite(struct proc *p, struct op *o)
{
	int fd = pick_fd(p, o);
	off_t at = pick_offset(o);
	size_t n = pick_length(o);

	fill(o, p->buf, n);
	say_result(o, pwrite(fd, p->buf, n, at));
}

static int
pick_vector(struct proc *p, struct op *o, struct iovec *iov)
{
	int n = 1 + (int)pick(o, 4);
	char *at = p->buf;

	for (int i = 0; i < n; i++) {
		iov[i] = (struct iovec){ at, (size_t[]){ 0, 1, 100, 4096, 5000, 12000 }[pick(o, 6)] };
		say(o, " %zu", iov[i].iov_len);
		at += iov[i].iov_len;
	}
	fill(o, p->buf, (size_t)(at - p->buf));
	return n;
}

static void
op_preadv2(struct proc *p, struct op *o)
{
	int fd = pick_fd(p, o), n;
	struct iovec iov[4];
	off_t at = pick_offset(o);

	n = pick_vector(p, o, iov);
	if (pick(o, 4) == 0)
		at = -1;
	say_data(o, preadv2(fd, iov, n, at, 0), p->buf);
}

static void
op_pwritev2(struct proc *p, struct op *o)
{
	static const int flags[] = { 0, RWF_APPEND, RWF_DSYNC, RWF_SYNC, RWF_APPEND | RWF_DSYNC, 0x4000000 };
	int fd = pick_fd(p, o), n, f;
	struct iovec iov[4];
	off_t at = pick_offset(o);

	n = pick_vector(p, o, iov);
	f = flags[pick(o, 6)];
	if (pick(o, 4) == 0)
		at = -1;
	say(o, " 0x%x", f);
	say_result(o, pwritev2(fd, iov, n, at, f));
}

static void
op_lseek(struct proc *p, struct op *o)
{
	int fd = pick_fd(p, o), whence = (int)pick(o, 6);
	off_t at = pick_offset(o);

	if (pick(o, 4) == 0)
		at = -at;
	say(o, " whence=%d", whence);
	if (is_dir(fd)) {
		say(o, " directory");
		return;
	}
	if ((whence == SEEK_DATA || whence == SEEK_HOLE) && ((o->maps && rule(RULE_MAPPED_HOLES)) || lacks("holes"))) {
		say(o, " not done");
		return;
	}
	say_result(o, lseek(fd, at, whence));
}

static void
op_ftruncate(struct proc *p, struct op *o)
{
	int fd = pick_fd(p, o);

	say_result(o, ftruncate(fd, pick_offset(o)));
}

static void
op_fallocate(struct proc *p, struct op *o)
{
	static const struct {
		int mode;
		const char *word;
	} modes[] = {
		{ 0, "allocate" },
		{ FALLOC_FL_KEEP_SIZE, "allocate" },
		{ FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, "punch" },
		{ FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, "punch" },
		{ FALLOC_FL_ZERO_RANGE, "zero" },
		{ FALLOC_FL_ZERO_RANGE | FALLOC_FL_KEEP_SIZE, "zero" },
		{ FALLOC_FL_COLLAPSE_RANGE, "collapse" },
		{ FALLOC_FL_INSERT_RANGE, "insert" },
		{ FALLOC_FL_PUNCH_HOLE, "" },
		{ 0x800, "" },
	};
	int fd = pick_fd(p, o);
	unsigned int m = pick(o, ARRAY_SIZE(modes));
	off_t at = pick_offset(o);
	size_t n = pick_length(o);

	if (modes[m].mode & (FALLOC_FL_COLLAPSE_RANGE | FALLOC_FL_INSERT_RANGE))
		at &= ~4095ll, n &= ~4095ull;
	say(o, " mode=%x", modes[m].mode);
	if (at > 1ll << 32 || lacks(modes[m].word)) {
		say(o, " not done");
		return;
	}
	say_result(o, fallocate(fd, modes[m].mode, at, (off_t)n));
}

static void
op_fsync(struct proc *p, struct op *o)
{
	int fd = pick_fd(p, o);

	say_result(o, pick(o, 2) ? fsync(fd) : fdatasync(fd));
}

static void
op_copy(struct proc *p, struct op *o)
{
	int in = pick_fd(p, o), out = pick_fd(p, o);
	off_t from = pick_offset(o), to = pick_offset(o);
	bool use_from = pick(o, 2), use_to = pick(o, 2);
	size_t n = pick_length(o);
	long ret = copy_file_range(in, use_from ? &from : NULL, out, use_to ? &to : NULL, n, 0);

	if (say_result(o, ret) >= 0)
		say(o, " %lld %lld", use_from ? (long long)from : -1, use_to ? (long long)to : -1);
}

static void
op_sendfile(struct proc *p, struct op *o)
{
	int in = pick_fd(p, o), out = pick_fd(p, o);
	off_t from = pick_offset(o);
	bool use_from = pick(o, 2);
	size_t n = pick_length(o);
	long ret;

	if (to_itself(o, in, out))
		return;
	ret = sendfile(out, in, use_from ? &from : NULL, n);
	if (say_result(o, ret) >= 0 && use_from)
		say(o, " %lld", (long long)from);
}

/* Through the process's pipe, which is empty afterwards. */
static void
op_splice(struct proc *p, struct op *o)
{
	int in = pick_fd(p, o), out = pick_fd(p, o);
	off_t from = pick_offset(o), to = pick_offset(o);
	size_t n = pick_length(o);
	long ret;

	if (n > 16384)
		n = 16384;
	if (to_itself(o, in, out))
		return;
	ret = splice(in, pick(o, 2) ? &from : NULL, p->pipe[1], NULL, n, SPLICE_F_NONBLOCK);
	if (say_result(o, ret) <= 0)
		return;
	say(o, " %lld", (long long)from);
	if (pick(o, 3)) {
		ret = splice(p->pipe[0], NULL, out, pick(o, 2) ? &to : NULL, n, SPLICE_F_NONBLOCK);
		say_result(o, ret);
		say(o, " %lld", (long long)to);
	}
	ret = read(p->pipe[0], p->buf, BUF_SIZE);
	say_data(o, ret, p->buf);
}

static void
op_limit(struct proc *p, struct op *o)
{
	struct rlimit r = { RLIM_INFINITY, RLIM_INFINITY };

	if (lacks("limit"))
		return;
	if (pick(o, 3) == 0)
		r.rlim_cur = 0x100000 + pick(o, 5000);
	say(o, " %lld", (long long)r.rlim_cur);
	say_result(o, setrlimit(RLIMIT_FSIZE, &r));
}

static void
op_setfl(struct proc *p, struct op *o)
{
	int fd = pick_fd(p, o), flags = O_NONBLOCK | (pick(o, 2) ? O_APPEND : 0);

	say(o, " 0%o", flags);
	say_result(o, fcntl(fd, F_SETFL, flags));
	say(o, " 0%o", fcntl(fd, F_GETFL) & (O_ACCMODE | O_APPEND | O_PATH | O_SYNC | O_DIRECTORY | O_NOFOLLOW | O_TRUNC | O_CREAT | O_EXCL));
}

const struct op_kind data_ops[] = {
	{ "read", 14, op_read },	 { "write", 24, op_write },	    { "pread", 12, op_pread },	     { "pwrite", 24, op_pwrite },
	{ "preadv2", 6, op_preadv2 },	 { "pwritev2", 8, op_pwritev2 },    { "lseek", 20, op_lseek },	     { "ftruncate", 14, op_ftruncate },
	{ "fallocate", 16, op_fallocate }, { "fsync", 2, op_fsync },	    { "copy_file_range", 8, op_copy }, { "sendfile", 6, op_sendfile },
	{ "splice", 6, op_splice },	 { "limit", 2, op_limit },	    { "setfl", 4, op_setfl },	     { NULL, 0, NULL },
};
