/* SPDX-License-Identifier: MIT
 *
 * Arguments of calls as fields. Memory is read once. Before a call what goes in is read; after it, what came out, unless it
 * failed: the contents are then unspecified.
 */
#include "src/diff/capture.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "src/decode.h"
#include "src/diff/structs.h"
#include "src/trace/mem.h"

#define BUFFER_MAX (64u << 20)
#define ITEMS_MAX  4096

enum field_kind
capture_result_kind(uint32_t nr, const uint64_t args[6])
{
	switch (nr) {
	case SYS_mmap:
	case SYS_mremap:
	case SYS_brk:
	case SYS_shmat:
		return FIELD_ADDRESS;
	case SYS_clone:
	case SYS_clone3:
	case SYS_fork:
	case SYS_vfork:
	case SYS_wait4:
	case SYS_getpid:
	case SYS_getppid:
	case SYS_gettid:
	case SYS_getpgrp:
	case SYS_getpgid:
	case SYS_getsid:
	case SYS_setsid:
	case SYS_set_tid_address:
		return FIELD_PID;
	case SYS_time:
	case SYS_times:
		return FIELD_CLOCK;
	case SYS_sched_getaffinity:
		return FIELD_MACHINE;
	case SYS_rt_sigreturn: /* what the interrupted call gave, seen before */
	case SYS_kcmp:
		return FIELD_COOKIE;
	case SYS_fcntl:
		return args[1] == F_GETOWN				  ? FIELD_PID
		       : args[1] == F_DUPFD || args[1] == F_DUPFD_CLOEXEC ? FIELD_FD
									  : FIELD_INT;
	case SYS_open:
	case SYS_openat:
	case SYS_openat2:
	case SYS_creat:
	case SYS_dup:
	case SYS_dup2:
	case SYS_dup3:
	case SYS_socket:
	case SYS_accept:
	case SYS_accept4:
	case SYS_eventfd:
	case SYS_eventfd2:
	case SYS_epoll_create:
	case SYS_epoll_create1:
	case SYS_timerfd_create:
	case SYS_signalfd:
	case SYS_signalfd4:
	case SYS_memfd_create:
	case SYS_pidfd_open:
	case SYS_mq_open:
		return FIELD_FD;
	default:
		return capture_ipc_result(nr, args);
	}
}

void
capture_buffer(const struct capture *c, const char *label, enum field_kind kind, uint64_t addr, uint64_t len, bool out)
{
	size_t n = len < BUFFER_MAX ? (size_t)len : BUFFER_MAX, got;
	unsigned char *buf;

	if (!addr || !n) {
		record_value(c->r, label, "", FIELD_ADDRESS, out, addr);
		return;
	}
	buf = malloc(n);
	got = buf ? c->m->peek(c->m->ctx, addr, buf, n) : 0;
	if (got)
		record_bytes(c->r, label, kind, out, buf, got);
	else
		record_value(c->r, label, "", FIELD_ADDRESS, out, addr);
	free(buf);
}

void
capture_iov(const struct capture *c, const char *label, uint64_t addr, uint64_t count, uint64_t limit, bool out)
{
	unsigned char *buf = NULL, *more;
	uint64_t iov[2];
	size_t have = 0, n;

	for (uint64_t i = 0; i < count && i < 1024 && have < limit; i++) {
		if (c->m->peek(c->m->ctx, addr + 16 * i, iov, 16) != 16 || (int64_t)iov[1] < 0) /* it is refused */
			break;
		n = iov[1] < limit - have ? iov[1] : limit - have;
		n = n < BUFFER_MAX - have ? n : BUFFER_MAX - have;
		more = realloc(buf, have + n + 1);
		if (!more)
			break;
		buf = more;
		have += c->m->peek(c->m->ctx, iov[0], buf + have, n);
	}
	record_bytes(c->r, label, FIELD_BYTES, out, buf ? buf : (unsigned char *)"", have);
	free(buf);
}

static void
capture_string(const struct capture *c, const char *label, uint64_t addr, bool out)
{
	char buf[4096];
	size_t got = addr ? trace_mem_string(c->m, addr, buf, sizeof(buf)) : 0;

	if (got)
		record_bytes(c->r, label, FIELD_STRING, out, buf, strnlen(buf, got));
	else
		record_value(c->r, label, "", FIELD_ADDRESS, out, addr);
}

static void
capture_strings(const struct capture *c, const char *label, uint64_t addr)
{
	char name[64];
	uint64_t p;

	for (unsigned int i = 0; addr && i < ITEMS_MAX; i++) {
		if (c->m->peek(c->m->ctx, addr + 8ull * i, &p, 8) != 8 || !p)
			break;
		snprintf(name, sizeof(name), "%s[%u]", label, i);
		capture_string(c, name, p, false);
	}
}

/* Limits whose defaults follow from the size of memory. */
static bool
is_default_limit(uint64_t resource)
{
	return resource == RLIMIT_NPROC || resource == RLIMIT_SIGPENDING;
}

/* What the kernel says of time left or time now is a clock's, not a duration that somebody chose. */
static enum field_kind
kind_of(const struct struct_field *f, bool out, uint32_t nr, const uint64_t *args, mode_t type)
{
	if (S_ISDIR(type) && (strcmp(f->name, "size") == 0 || strcmp(f->name, "nlink") == 0))
		return FIELD_FS;
	if (S_ISDIR(type) && strcmp(f->name, "ctime") == 0) /* of an overlay's root it is when that was made */
		return FIELD_FS;
	if ((S_ISCHR(type) || S_ISBLK(type)) && f->kind == FIELD_WALL) /* each side has its own /dev */
		return FIELD_FS;
	if (out &&
	    ((nr == SYS_prlimit64 && is_default_limit(args[1])) || (nr == SYS_getrlimit && is_default_limit(args[0]))))
		return FIELD_MACHINE;
	if (nr == SYS_pipe || nr == SYS_pipe2 || nr == SYS_socketpair)
		return FIELD_FD;
	if (f->kind == FIELD_DURATION && out)
		return nr == SYS_clock_getres ? FIELD_DURATION : FIELD_CLOCK;
	return f->kind;
}

/* The type of the file that a stat or statx describes, or 0. */
static mode_t
file_type(const struct struct_layout *l, const unsigned char *raw)
{
	for (unsigned int i = 0; i < l->nfields && strncmp(l->decode, "stat", 4) == 0; i++)
		if (strcmp(l->fields[i].name, "mode") == 0)
			return (mode_t)struct_value(&l->fields[i], raw) & S_IFMT;
	return 0;
}

/* What statx(2) gives beyond what was asked for is the file system's choice. */
static bool
is_asked_for(const struct capture *c, const char *name)
{
	static const struct {
		const char *name;
		unsigned int bit;
	} bits[] = { { "mode", STATX_TYPE | STATX_MODE },
		     { "nlink", STATX_NLINK },
		     { "uid", STATX_UID },
		     { "gid", STATX_GID },
		     { "atime", STATX_ATIME },
		     { "mtime", STATX_MTIME },
		     { "ctime", STATX_CTIME },
		     { "ino", STATX_INO },
		     { "size", STATX_SIZE } };

	for (size_t i = 0; i < sizeof(bits) / sizeof(bits[0]); i++)
		if (strcmp(bits[i].name, name) == 0)
			return c->args[3] & bits[i].bit;
	return true;
}

static void
capture_fields(const struct capture *c, const char *label, const struct struct_layout *l, const unsigned char *raw, bool out)
{
	mode_t type = file_type(l, raw);
	const struct struct_field *f;
	char name[96];

	for (unsigned int i = 0; i < l->nfields; i++) {
		f = &l->fields[i];
		snprintf(name, sizeof(name), "%s%s%s", label, *label && *f->name ? "." : "", f->name);
		if (f->size == SIZE_TEXT && f->kind == FIELD_STRING)
			record_bytes(c->r, name, FIELD_STRING, out, raw + f->offset,
				     strnlen((const char *)raw + f->offset, 65));
		else if (f->size == SIZE_TEXT)
			record_value(c->r, name, "", (enum field_kind)f->kind, out, raw[f->offset] != 0);
		else if (c->nr == SYS_statx && !is_asked_for(c, f->name))
			record_value(c->r, name, f->decode, FIELD_FS, out, struct_value(f, raw));
		else if (c->nr == SYS_statx && strcmp(f->name, "mask") == 0)
			record_value(c->r, name, f->decode, FIELD_HEX, out,
				     struct_value(f, raw) & c->args[3] & STATX_BASIC_STATS);
		else
			record_value(c->r, name, f->decode, kind_of(f, out, c->nr, c->args, type), out,
				     struct_value(f, raw));
	}
}

void
capture_struct(const struct capture *c, const char *label, const char *decode, uint64_t addr, uint64_t count, bool out)
{
	const struct struct_layout *l = struct_layout(decode);
	unsigned char raw[512];
	char name[64];

	if (!addr || !l || l->size > sizeof(raw)) {
		record_value(c->r, label, "", FIELD_ADDRESS, out, addr);
		return;
	}
	for (uint64_t i = 0; i < count && i < ITEMS_MAX; i++) {
		memset(raw, 0, sizeof(raw));
		if (c->m->peek(c->m->ctx, addr + i * l->size, raw, l->size) == 0) {
			record_value(c->r, label, "", FIELD_ADDRESS, out, addr);
			break;
		}
		snprintf(name, sizeof(name), count == 1 ? "%s" : "%s[%llu]", label, (unsigned long long)i);
		capture_fields(c, name, l, raw, out);
	}
}

static void
capture_number(const struct capture *c, const char *name, const struct arg_type *t, uint64_t v)
{
	size_t n = strlen(t->decode);
	enum field_kind kind = FIELD_INT;

	if (strcmp(t->base, "int") == 0 || strcmp(t->base, "fd") == 0 || strcmp(t->base, "dirfd") == 0 ||
	    strcmp(t->base, "pid") == 0)
		v = (uint64_t)(int64_t)(int32_t)v;
	else if (strcmp(t->base, "uint") == 0)
		v = (uint32_t)v;
	if (strcmp(t->base, "pid") == 0)
		kind = FIELD_PID;
	else if (strcmp(t->base, "fd") == 0 || strcmp(t->base, "dirfd") == 0)
		kind = FIELD_FD;
	else if (strcmp(t->decode, "addr") == 0 || strcmp(t->decode, "newaddr") == 0)
		kind = FIELD_ADDRESS;
	else if (strcmp(t->decode, "hex") == 0)
		kind = v > 65535 && strcmp(t->base, "ulong") == 0 ? FIELD_ADDRESS : FIELD_HEX;
	else if (strcmp(t->decode, "mode") == 0 || strcmp(t->decode, "filemode") == 0)
		kind = FIELD_OCTAL;
	else if (strcmp(t->decode, "sig") == 0)
		kind = FIELD_SIGNAL;
	else if (strcmp(t->decode, "ioctl") == 0 || strcmp(t->decode, "dev") == 0)
		kind = FIELD_HEX;
	else if (n)
		kind = t->decode[n - 1] == '*' || t->decode[0] == '*' ? FIELD_FLAGS : FIELD_ENUM;
	else if (strcmp(t->base, "uint") == 0 || strcmp(t->base, "size") == 0 || strcmp(t->base, "ulong") == 0)
		kind = FIELD_UINT;
	record_value(c->r, name, strcmp(t->base, "dirfd") == 0 ? "dirfd" : t->decode, kind, false, v);
}

static void
capture_pointer(const struct capture *c, const struct syscall_desc *d, const struct arg_type *t, unsigned int i)
{
	const char *name = d->args[i].name;
	bool out = c->done;
	uint64_t a = c->args[i], count;

	if (strcmp(t->base, "ptr") == 0) {
		if (!c->done)
			record_value(c->r, name, "", FIELD_ADDRESS, false, a);
		return;
	}
	if (c->done ? !t->out || c->result < 0 : t->out && !t->in)
		return;
	count = arg_type_count(t, d, c->args, c->done ? c->result : 0);
	if ((int64_t)count < 0)
		count = 0; /* an error: nothing is read */
	if (strcmp(t->base, "path") == 0 || strcmp(t->base, "str") == 0)
		capture_string(c, name, a, out);
	else if (strcmp(t->base, "strv") == 0)
		capture_strings(c, name, a);
	else if (strcmp(t->base, "buf") == 0)
		capture_buffer(c, name, c->nr == SYS_getrandom ? FIELD_RANDOM : FIELD_BYTES, a, count, out);
	else if (strcmp(t->base, "iov") == 0)
		capture_iov(c, name, a, count, out ? (uint64_t)c->result : UINT64_MAX, out);
	else if (!capture_special(c, name, t->decode, a, count, out))
		capture_struct(c, name, t->decode, a, count, out);
}

/* open(2)'s mode is not looked at unless a file may be made; @i is not the first. */
static bool
not_looked_at(const struct capture *c, const struct syscall_desc *d, unsigned int i)
{
	return strcmp(d->args[i].type, "uint.mode") == 0 && strstr(d->args[i - 1].type, ".O_*") &&
	       !(c->args[i - 1] & O_CREAT) && (c->args[i - 1] & O_TMPFILE) != O_TMPFILE;
}

void
capture_call(const struct capture *c)
{
	const struct syscall_desc *d = syscall_desc(c->nr);
	static const char *const names[] = { "a1", "a2", "a3", "a4", "a5", "a6" };
	struct arg_type t;

	for (unsigned int i = 0; !d && !c->done && i < 6; i++)
		record_value(c->r, names[i], "", FIELD_COOKIE, false, c->args[i]);
	for (unsigned int i = 0; d && i < d->nargs; i++) {
		if (capture_pointed(c, i) || (i > 0 && not_looked_at(c, d, i)))
			continue;
		arg_type_split(d->args[i].type, &t);
		if (arg_type_is_pointer(&t))
			capture_pointer(c, d, &t, i);
		else if (!c->done)
			capture_number(c, d->args[i].name, &t, c->args[i]);
	}
}
