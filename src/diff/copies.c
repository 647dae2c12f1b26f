/* SPDX-License-Identifier: MIT
 *
 * Copies that the native side's overlay refuses.
 */
#include "src/diff/copies.h"

#include <errno.h>
#include <linux/fs.h>
#include <sys/syscall.h>

static bool
is_clone(const struct event *e)
{
	uint64_t cmd = event_value(e, "cmd", 0);

	return e->nr == SYS_ioctl && (cmd == FICLONE || cmd == FICLONERANGE);
}

/* What a program copies with, instead. */
static bool
copies_otherwise(const struct event *e)
{
	switch (e->nr) {
	case SYS_read:
	case SYS_write:
	case SYS_pread64:
	case SYS_pwrite64:
	case SYS_sendfile:
	case SYS_copy_file_range:
	case SYS_lseek:
	case SYS_fadvise64:
	case SYS_brk:
	case SYS_mmap:
	case SYS_munmap:
		return e->type == EVENT_CALL;
	default:
		return false;
	}
}

static bool
is_unmapping(const struct event *e, uint64_t addr)
{
	return e->type == EVENT_CALL && e->nr == SYS_munmap && event_value(e, "addr", 0) <= addr &&
	       addr < event_value(e, "addr", 0) + event_value(e, "length", 0);
}

/* From a step at which one side could copy and the other not, to the close of what it copied to; and the buffer's end. */
static void
excuse_copy(struct task_comparison *t, size_t i)
{
	const uint64_t out = event_value(&t->a->events[t->al.steps[i].a], "fd_out", UINT64_MAX);
	uint64_t buffer = 0;
	bool closed = false;

	for (; i < t->al.n; i++) {
		const struct event *a = step_native(t, i), *b = step_stead(t, i);

		closed |= a && a->type == EVENT_CALL && a->nr == SYS_close && event_value(a, "fd", UINT64_MAX) == out;
		if (t->outcome[i] != RULE_DIFFERENT)
			continue;
		if (closed ? buffer && a && !b && is_unmapping(a, buffer)
			   : (!a || copies_otherwise(a)) && (!b || copies_otherwise(b)))
			t->outcome[i] = RULE_FILE_SYSTEM;
		if (!closed && a && !b && a->nr == SYS_mmap)
			buffer = (uint64_t)a->result;
		else if (closed && t->outcome[i] == RULE_FILE_SYSTEM)
			return;
	}
}

void
excuse_copies(struct task_comparison *t)
{
	for (size_t i = 0; i < t->al.n; i++) {
		const struct event *a = step_native(t, i), *b = step_stead(t, i);

		if (!a || !b || a->type != EVENT_CALL || a->nr != b->nr || a->result != -EXDEV ||
		    t->outcome[i] != RULE_DIFFERENT)
			continue;
		if (is_clone(a) && is_clone(b) && b->result == -EOPNOTSUPP)
			t->outcome[i] = RULE_FILE_SYSTEM;
		else if (a->nr == SYS_copy_file_range && b->result >= 0)
			excuse_copy(t, i);
	}
}
