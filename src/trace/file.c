/* SPDX-License-Identifier: MIT
 *
 * What files and file systems are, as text. libc's struct stat is the kernel's on this architecture.
 */
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/sysmacros.h>
#include <time.h>

#include "src/trace/names.h"
#include "src/trace/structs.h"

void
trace_format_mode(struct trace_buf *b, unsigned int mode)
{
	static const struct const_name types[] = {
		{ S_IFREG, "S_IFREG" }, { S_IFDIR, "S_IFDIR" }, { S_IFLNK, "S_IFLNK" },	  { S_IFCHR, "S_IFCHR" },
		{ S_IFBLK, "S_IFBLK" }, { S_IFIFO, "S_IFIFO" }, { S_IFSOCK, "S_IFSOCK" },
	};
	static const struct const_name bits[] = { { S_ISUID, "S_ISUID" }, { S_ISGID, "S_ISGID" }, { S_ISVTX, "S_ISVTX" } };
	unsigned int rest = mode;
	size_t i;

	for (i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		if ((mode & S_IFMT) == types[i].value) {
			trace_printf(b, "%s|", types[i].name);
			rest &= ~(unsigned int)S_IFMT;
		}
	}
	for (i = 0; i < sizeof(bits) / sizeof(bits[0]) && rest != mode; i++) {
		if (mode & bits[i].value) {
			trace_printf(b, "%s|", bits[i].name);
			rest &= ~(unsigned int)bits[i].value;
		}
	}
	trace_printf(b, "%#03o", rest);
}

static void
print_stat_time(struct trace_buf *b, const char *name, const struct timespec *ts)
{
	char text[64];
	struct tm tm;

	trace_printf(b, ", st_%s=%lld", name, (long long)ts->tv_sec);
	if (!localtime_r(&ts->tv_sec, &tm) || !strftime(text, sizeof(text), "%FT%T", &tm))
		return;
	trace_printf(b, ts->tv_nsec ? " /* %s.%09ld" : " /* %s", text, ts->tv_nsec);
	if (strftime(text, sizeof(text), "%z", &tm))
		trace_printf(b, "%s */, st_%s_nsec=%ld", text, name, ts->tv_nsec);
}

static void
print_rest_of_stat(struct trace_buf *b, const struct stat *st)
{
	trace_printf(b, ", st_nlink=%lu, st_uid=%u, st_gid=%u, st_blksize=%ld, st_blocks=%ld", st->st_nlink, st->st_uid,
		     st->st_gid, st->st_blksize, st->st_blocks);
	if ((st->st_mode & S_IFMT) == S_IFCHR || (st->st_mode & S_IFMT) == S_IFBLK)
		trace_printf(b, ", st_rdev=makedev(%#x, %#x)", major(st->st_rdev), minor(st->st_rdev));
	else
		trace_printf(b, ", st_size=%ld", st->st_size);
	print_stat_time(b, "atime", &st->st_atim);
	print_stat_time(b, "mtime", &st->st_mtim);
	print_stat_time(b, "ctime", &st->st_ctim);
	trace_printf(b, "}");
}

void
trace_print_stat(struct trace_buf *b, const struct trace_mem *m, const void *raw)
{
	const struct stat *st = raw;

	trace_printf(b, "{");
	if (b->verbose)
		trace_printf(b, "st_dev=makedev(%#x, %#x), st_ino=%lu, ", major(st->st_dev), minor(st->st_dev), st->st_ino);
	trace_printf(b, "st_mode=");
	trace_format_mode(b, st->st_mode);
	if (b->verbose) {
		print_rest_of_stat(b, st);
		return;
	}
	if ((st->st_mode & S_IFMT) == S_IFCHR || (st->st_mode & S_IFMT) == S_IFBLK)
		trace_printf(b, ", st_rdev=makedev(%#x, %#x), ...}", major(st->st_rdev), minor(st->st_rdev));
	else
		trace_printf(b, ", st_size=%lu, ...}", (unsigned long)st->st_size);
}

void
trace_print_statx(struct trace_buf *b, const struct trace_mem *m, const void *raw)
{
	const struct statx *st = raw;

	trace_printf(b, "{stx_mask=");
	trace_print_flags(b, "STATX_*", st->stx_mask);
	trace_printf(b, ", stx_attributes=");
	trace_print_flags(b, "STATX_ATTR_*", st->stx_attributes);
	trace_printf(b, ", stx_mode=");
	trace_format_mode(b, st->stx_mode);
	trace_printf(b, ", stx_size=%llu, ...}", (unsigned long long)st->stx_size);
}

void
trace_print_statfs(struct trace_buf *b, const struct trace_mem *m, const void *raw)
{
	const struct statfs *s = raw;

	trace_printf(b, "{f_type=");
	if (const_name(const_table("FSMAGIC_"), (uint64_t)s->f_type))
		trace_print_enum(b, "FSMAGIC_", (uint64_t)s->f_type);
	else
		trace_printf(b, "%#lx", (unsigned long)s->f_type);
	trace_printf(b, ", f_bsize=%lu, f_blocks=%lu, f_bfree=%lu, f_bavail=%lu, f_files=%lu, f_ffree=%lu",
		     (unsigned long)s->f_bsize, (unsigned long)s->f_blocks, (unsigned long)s->f_bfree,
		     (unsigned long)s->f_bavail, (unsigned long)s->f_files, (unsigned long)s->f_ffree);
	trace_printf(b, ", f_fsid={val=[%#x, %#x]}, f_namelen=%lu, f_frsize=%lu", (unsigned int)s->f_fsid.__val[0],
		     (unsigned int)s->f_fsid.__val[1], (unsigned long)s->f_namelen, (unsigned long)s->f_frsize);
	if (s->f_flags) {
		trace_printf(b, ", f_flags=");
		trace_print_flags(b, "ST_*", (uint64_t)s->f_flags);
	}
	trace_printf(b, "}");
}

void
trace_print_open_how(struct trace_buf *b, const struct trace_mem *m, const void *raw)
{
	const struct open_how *h = raw;

	trace_printf(b, "{flags=");
	trace_print_flags(b, "O_*", h->flags);
	if (h->mode || (h->flags & (O_CREAT | (O_TMPFILE & ~O_DIRECTORY))))
		trace_printf(b, ", mode=%#03llo", (unsigned long long)h->mode);
	trace_printf(b, ", resolve=");
	trace_print_flags(b, "RESOLVE_*", h->resolve);
	trace_printf(b, "}");
}
