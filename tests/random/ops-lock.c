/* SPDX-License-Identifier: MIT
 *
 * Locks of files. None of them waits.
 */
#include <sys/file.h>

#include "random.h"
#include "rules.h"

static void
pick_lock(struct op *o, int fd, struct flock *l)
{
	struct stat st;

	*l = (struct flock){
		.l_type = (short[]){ F_RDLCK, F_WRLCK, F_UNLCK }[pick(o, 3)],
		.l_whence = (short[]){ SEEK_SET, SEEK_SET, SEEK_CUR, SEEK_END }[pick(o, 4)],
		.l_start = (off_t[]){ 0, 1, 5, 10, 20, -5 }[pick(o, 6)],
		.l_len = (off_t[]){ 0, 1, 5, 10, 100, -3 }[pick(o, 6)],
	};
	if (l->l_whence == SEEK_END && fstat(fd, &st) == 0 && S_ISDIR(st.st_mode) && rule(RULE_DIR_SIZE))
		l->l_whence = SEEK_SET;
	say(o, " type=%d %d+%lld n=%lld", l->l_type, l->l_whence, (long long)l->l_start, (long long)l->l_len);
}

static void
op_setlk(struct proc *p, struct op *o)
{
	int fd = pick_fd(p, o), cmd = pick(o, 3) ? F_SETLK : F_OFD_SETLK;
	struct flock l;

	pick_lock(o, fd, &l);
	say(o, " %d", cmd);
	say_result(o, fcntl(fd, cmd, &l));
}

static void
op_getlk(struct proc *p, struct op *o)
{
	int fd = pick_fd(p, o), cmd = pick(o, 3) ? F_GETLK : F_OFD_GETLK;
	struct flock l;

	pick_lock(o, fd, &l);
	say(o, " %d", cmd);
	if (say_result(o, fcntl(fd, cmd, &l)) < 0)
		return;
	say(o, " type=%d", l.l_type);
	if (l.l_type != F_UNLCK)
		say(o, " %lld+%lld by %s", (long long)l.l_start, (long long)l.l_len,
		    l.l_pid == p->shared->pid[0] ? "A" : l.l_pid == p->shared->pid[1] ? "B" : l.l_pid == -1 ? "-" : "?");
}

static void
op_flock(struct proc *p, struct op *o)
{
	static const int what[] = { LOCK_SH, LOCK_EX, LOCK_UN, 0 };
	int fd = pick_fd(p, o), w = what[pick(o, pick(o, 10) ? 3 : 4)] | LOCK_NB;

	say(o, " %d", w);
	say_result(o, flock(fd, w));
}

const struct op_kind lock_ops[] = {
	{ "setlk", 12, op_setlk },
	{ "getlk", 8, op_getlk },
	{ "flock", 6, op_flock },
	{ NULL, 0, NULL },
};
