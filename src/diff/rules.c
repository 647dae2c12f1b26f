/* SPDX-License-Identifier: MIT
 *
 * Rules for values. Rules for sequences of calls are applied by canon.c and compare.c; their text is here too.
 */
#include "src/diff/rules.h"

#include <string.h>

#define TIME_SLACK 50000000 /* ns: file times come from a clock that ticks */

const struct rule_text rule_texts[NRULES] = {
	[RULE_NONE] = { "equal", "equal as it is" },
	[RULE_PID] = { "pid", "a pid or tid is replaced by its task's birth path (0.2: the third child of the first task); "
			      "one that is no task of the run "
			      "is compared as it is" },
	[RULE_ADDRESS] = { "address", "an address equals any other that is not NULL; NULL equals NULL only; in buffers, "
				      "words of 8 bytes that are addresses on both sides; names in /proc/PID/map_files" },
	[RULE_DESCRIPTOR] = { "descriptor", "where a process has had threads: a descriptor's number, if it is the same "
					    "task's n-th; elsewhere it is the lowest free one and has to be equal" },
	[RULE_INODE] = { "inode",
			 "an inode number equals any other that is not 0; hard links are compared in the tree of files" },
	[RULE_DEVICE] = { "device", "the number of the device that holds a file; not that of a device file" },
	[RULE_TIME] = { "time", "a time of day within one run equals any within the other; before or after it must be equal "
				"to the ns; an access time within the run equals any" },
	[RULE_CLOCK] = { "clock", "what a clock said, and what was left of a timeout" },
	[RULE_CPU_TIME] = { "cpu-time", "CPU time, page faults, context switches and resident memory" },
	[RULE_RANDOM] = { "random",
			  "bytes of getrandom(2), and how often it is called: programs try again with other names" },
	[RULE_FILE_SYSTEM] = { "file-system",
			       "what a file system says of itself: block sizes and counts, its type, attributes it "
			       "supports, birth times; of directories the size, the number of links and the change time; "
			       "and whether it copies from one file to another, which the native side's overlay does not "
			       "(EXDEV), with the calls that copy instead" },
	[RULE_MACHINE] = { "machine", "memory sizes, load, the kernel's release and version, the length of its CPU masks, "
				      "limits that follow from memory" },
	[RULE_COOKIE] = { "cookie", "a number that only its maker understands: mount ids, positions in directories, epoll "
				    "data, futex values, timer overruns" },
	[RULE_PROC] = { "proc", "what is read from /proc and /sys describes the machine: that it can be read is compared, "
				"not what it says" },
	[RULE_DIRECTORY_ORDER] = { "directory-order", "entries of a directory are compared sorted, over all calls that read "
						      "it; where the order did differ, the calls a task makes for each "
						      "entry, and lines of output, may come in another order and with other "
						      "descriptors, and what reads a part of it gets another part" },
	[RULE_RESTART] = { "restart", "a call that a signal interrupted and the kernel restarted is one call" },
	[RULE_SIGNAL_POSITION] = { "signal-position", "a signal from elsewhere may come at any point of a task; what its "
						      "handler does is compared apart, in order" },
	[RULE_SCHEDULING] = { "scheduling",
			      "how often tasks meet: calls of futex(2), sched_yield(2), how often and when polls look (but "
			      "for errors and ends that they find), waits that found nothing, rounds of a loop that waits, "
			      "which child a wait for any gave, how often SIGCHLD came, how many standard signals from "
			      "elsewhere became one, and how far a task got that was killed or whose process ended" },
	[RULE_THREAD_STACK] = { "thread-stack",
				"how often stacks of threads are made and given back (mmap with MAP_STACK, and what is done "
				"to such memory): libc takes that of a thread that has ended, if there is one" },
	[RULE_STREAM] = { "stream-chunks",
			  "how the bytes of a pipe, socket or terminal were cut into reads and writes; all bytes together "
			  "are compared, of splice(2) how many; and in which order messages of several tasks came, if each "
			  "was read as it was written: those of one task are compared in order" },
	[RULE_ABSENT] = { "absent", "a call that syscalls/table says is absent gives ENOSYS, as in a kernel built without "
				    "it; and POSIX ACLs EOPNOTSUPP; what the program does next is compared" },
	[RULE_NATIVE_VARIES] = { "native-varies", "native runs differ from each other here" },
};

void
rules_list(FILE *f)
{
	for (int i = 1; i < NRULES; i++) {
		const char *s = rule_texts[i].text;
		int column = fprintf(f, "%-16s", rule_texts[i].name);

		while (*s) {
			int word = (int)strcspn(s, " ");

			if (column + 1 + word > 100)
				column = fprintf(f, "\n%-16s", "") - 1;
			column += fprintf(f, " %.*s", word, s);
			s += word + (s[word] == ' ');
		}
		fputc('\n', f);
	}
}

const char *
rule_pid_name(const struct run *run, int64_t pid)
{
	for (size_t i = 0; i < run->ntasks && pid > 0; i++)
		if (run->tasks[i].tid == pid)
			return run->tasks[i].path;
	return NULL;
}

static int
same_pid(int64_t a, const struct run *ra, int64_t b, const struct run *rb)
{
	const char *na, *nb;

	if (a < -1 && b < -1)
		return same_pid(-a, ra, -b, rb);
	na = rule_pid_name(ra, a);
	nb = rule_pid_name(rb, b);
	if (!na && !nb)
		return a == b ? RULE_NONE : RULE_DIFFERENT;
	if (!na || !nb || strcmp(na, nb) != 0)
		return RULE_DIFFERENT;
	return a == b ? RULE_NONE : RULE_PID;
}

static bool
in_run(uint64_t t, const struct run *r)
{
	return t + TIME_SLACK >= r->wall_start && t <= r->wall_end + TIME_SLACK;
}

static int
by_rule(bool same, enum rule rule, bool equal)
{
	return equal ? RULE_NONE : same ? (int)rule : RULE_DIFFERENT;
}

static int
rule_value(unsigned int kind, uint64_t a, const struct run *ra, uint64_t b, const struct run *rb)
{
	switch (kind) {
	case FIELD_PID:
		return same_pid((int64_t)a, ra, (int64_t)b, rb);
	case FIELD_ADDRESS:
		return by_rule(!a == !b, RULE_ADDRESS, a == b);
	case FIELD_INODE:
		return by_rule(!a == !b, RULE_INODE, a == b);
	case FIELD_DEVICE:
		return by_rule(true, RULE_DEVICE, a == b);
	case FIELD_WALL:
		return by_rule(in_run(a, ra) && in_run(b, rb), RULE_TIME, a == b);
	case FIELD_CLOCK:
		return by_rule(true, RULE_CLOCK, a == b);
	case FIELD_CPU:
		return by_rule(true, RULE_CPU_TIME, a == b);
	case FIELD_FS:
		return by_rule(true, RULE_FILE_SYSTEM, a == b);
	case FIELD_MACHINE:
		return by_rule(true, RULE_MACHINE, a == b);
	case FIELD_COOKIE:
		return by_rule(true, RULE_COOKIE, a == b);
	default:
		return a == b ? RULE_NONE : RULE_DIFFERENT;
	}
}

static bool
is_bytes(const struct field *f)
{
	return f->kind == FIELD_STRING || f->kind == FIELD_BYTES || f->kind == FIELD_RANDOM;
}

/* Whether an access is noted is up to how a file system is mounted. */
static bool
is_atime(const struct field *f)
{
	size_t n = strlen(f->name);

	return n >= 5 && strcmp(f->name + n - 5, "atime") == 0;
}

int
rule_field(const struct field *a, const struct run *ra, const struct field *b, const struct run *rb)
{
	if (a->kind != b->kind || strcmp(a->name, b->name) != 0)
		return RULE_DIFFERENT;
	if (a->kind == FIELD_FD && a->digest && a->digest == b->digest)
		return by_rule(true, RULE_DESCRIPTOR, a->value == b->value);
	if (a->kind == FIELD_WALL && is_atime(a) && (in_run(a->value, ra) || in_run(b->value, rb)))
		return by_rule(true, RULE_TIME, a->value == b->value);
	if (!is_bytes(a))
		return rule_value(a->kind, a->value, ra, b->value, rb);
	if (a->len == b->len && a->digest == b->digest)
		return RULE_NONE;
	return a->kind == FIELD_RANDOM && a->len == b->len ? RULE_RANDOM : RULE_DIFFERENT;
}

static bool
failed(const struct event *e)
{
	return e->result < 0 && e->result >= -4095;
}

int
rule_result(const struct event *a, const struct run *ra, const struct event *b, const struct run *rb)
{
	if (a->returned != b->returned)
		return RULE_DIFFERENT;
	if (failed(a) || failed(b) || a->result_kind != b->result_kind)
		return a->result == b->result ? RULE_NONE : RULE_DIFFERENT;
	if (a->result_kind == FIELD_FD && a->origin && a->origin == b->origin)
		return by_rule(true, RULE_DESCRIPTOR, a->result == b->result);
	return rule_value(a->result_kind, (uint64_t)a->result, ra, (uint64_t)b->result, rb);
}

static uint64_t
mix(uint64_t h, uint64_t v)
{
	h = (h ^ v) * 0x9e3779b97f4a7c15ULL;
	return h ^ h >> 29;
}

static uint64_t
hash_pid(int64_t pid, const struct run *run)
{
	const char *name = rule_pid_name(run, pid < -1 ? -pid : pid);

	return name ? digest(name, strlen(name)) + (pid < 0) : (uint64_t)pid;
}

uint64_t
rule_hash(const struct field *f, const struct run *run)
{
	uint64_t h = mix(f->kind, digest(f->name, strlen(f->name)));

	if (f->kind == FIELD_RANDOM)
		return mix(h, f->len);
	if (is_bytes(f))
		return mix(mix(h, f->len), f->digest);
	if (f->kind == FIELD_PID)
		return mix(h, hash_pid((int64_t)f->value, run));
	if (f->kind == FIELD_FD)
		return mix(h, f->digest ? f->digest : f->value);
	if (f->kind == FIELD_ADDRESS || f->kind == FIELD_INODE)
		return mix(h, f->value != 0);
	if (f->kind == FIELD_WALL && is_atime(f))
		return h;
	if (f->kind == FIELD_WALL)
		return mix(h, in_run(f->value, run) ? 1 : f->value);
	if (f->kind > FIELD_ADDRESS)
		return h;
	return mix(h, f->value);
}
