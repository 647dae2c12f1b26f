/* SPDX-License-Identifier: MIT
 *
 * A tree of files as text, and its comparison. What depends on the file system is not compared: sizes and link counts of
 * directories, block counts, access and change times. Inode numbers serve to find links only.
 */
#include "src/diff/tree.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "src/diff/record.h"

#define ENTRY_FIELDS 13
#define TIME_SLACK   50000000 /* ns: file times come from a clock that ticks */

static void
put_escaped(FILE *f, const char *s, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if ((unsigned char)s[i] <= ' ' || s[i] == '\\' || (unsigned char)s[i] >= 127)
			fprintf(f, "\\%03o", (unsigned char)s[i]);
		else
			fputc(s[i], f);
	}
}

static int
compare_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static bool
xattr_counts(const char *name)
{
	return strncmp(name, "user.", 5) == 0 || strcmp(name, "security.capability") == 0 ||
	       strncmp(name, "system.posix_acl", 16) == 0;
}

static void
write_xattrs(FILE *f, const char *path)
{
	char names[4096], value[4096], *list[256] = { NULL }, *name;
	ssize_t n = llistxattr(path, names, sizeof(names)), len;
	size_t count = 0;

	for (name = names; n > 0 && name < names + n && count < 256; name += strlen(name) + 1)
		if (xattr_counts(name))
			list[count++] = name;
	qsort(list, count, sizeof(*list), compare_text);
	if (!count)
		fputc('-', f);
	for (size_t i = 0; i < count; i++) {
		len = lgetxattr(path, list[i], value, sizeof(value));
		if (i)
			fputc(',', f);
		put_escaped(f, list[i], strlen(list[i]));
		fputc('=', f);
		put_escaped(f, value, len > 0 ? (size_t)len : 0);
	}
}

static void
write_content(FILE *f, const char *path, const struct stat *st)
{
	static char buf[65536];
	uint64_t d = 0;
	ssize_t n;
	int fd;

	if (S_ISLNK(st->st_mode)) {
		n = readlink(path, buf, sizeof(buf));
		put_escaped(f, n > 0 ? buf : "?", n > 0 ? (size_t)n : 1);
		return;
	}
	if (!S_ISREG(st->st_mode)) {
		fputc('-', f);
		return;
	}
	fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	while (fd >= 0 && (n = read(fd, buf, sizeof(buf))) > 0)
		d = digest_join(d, digest(buf, (size_t)n), (uint64_t)n);
	if (fd < 0)
		fputc('?', f);
	else
		fprintf(f, "%016llx", (unsigned long long)d);
	if (fd >= 0)
		close(fd);
}

static void
write_entry(FILE *f, const char *path, const char *name, const struct stat *st)
{
	static const char types[16] = { 0, 'p', 'c', 0, 'd', 0, 'b', 0, 'f', 0, 'l', 0, 's' };
	char type = types[st->st_mode >> 12 & 15];

	put_escaped(f, name, strlen(name));
	fprintf(f, " %c %o %u %u %llu %llu %llu %llu %llu %llu ", type ? type : '?', st->st_mode & 07777, st->st_uid,
		st->st_gid, (unsigned long long)st->st_nlink, (unsigned long long)st->st_size,
		(unsigned long long)st->st_rdev, (unsigned long long)st->st_dev, (unsigned long long)st->st_ino,
		(unsigned long long)st->st_mtim.tv_sec * 1000000000 + (unsigned long long)st->st_mtim.tv_nsec);
	write_content(f, path, st);
	fputc(' ', f);
	write_xattrs(f, path);
	fputc('\n', f);
}

/* @root_len: where the names inside the tree begin. */
static void
write_below(FILE *f, const char *path, size_t root_len, dev_t dev)
{
	DIR *d = opendir(path);
	struct dirent *e;
	struct stat st;
	char *full;

	while (d && (e = readdir(d))) {
		if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
			continue;
		if (asprintf(&full, "%s/%s", path, e->d_name) < 0)
			break;
		if (lstat(full, &st) == 0) {
			write_entry(f, full, full + root_len + 1, &st);
			if (S_ISDIR(st.st_mode) && st.st_dev == dev)
				write_below(f, full, root_len, dev);
		}
		free(full);
	}
	if (d)
		closedir(d);
}

void
tree_write(const char *dir, FILE *f)
{
	size_t len = strlen(dir);
	struct stat st;

	while (len > 0 && dir[len - 1] == '/')
		len--;
	if (lstat(dir, &st) < 0)
		return;
	write_entry(f, dir, ".", &st);
	if (S_ISDIR(st.st_mode))
		write_below(f, dir, len, st.st_dev);
}

static bool
parse_entry(char *line, struct tree_entry *e)
{
	char *w[ENTRY_FIELDS], *save = NULL;
	unsigned int n = 0;

	for (char *p = strtok_r(line, " ", &save); p && n < ENTRY_FIELDS; p = strtok_r(NULL, " ", &save))
		w[n++] = p;
	if (n != ENTRY_FIELDS)
		return false;
	*e = (struct tree_entry){ .path = w[0],
				  .type = w[1][0],
				  .mode = (uint32_t)strtoul(w[2], NULL, 8),
				  .uid = (uint32_t)strtoul(w[3], NULL, 10),
				  .gid = (uint32_t)strtoul(w[4], NULL, 10),
				  .nlink = strtoull(w[5], NULL, 10),
				  .size = strtoull(w[6], NULL, 10),
				  .rdev = strtoull(w[7], NULL, 10),
				  .dev = strtoull(w[8], NULL, 10),
				  .ino = strtoull(w[9], NULL, 10),
				  .mtime = strtoull(w[10], NULL, 10),
				  .content = w[11],
				  .xattrs = w[12] };
	return true;
}

static int
by_path(const void *a, const void *b)
{
	return strcmp(((const struct tree_entry *)a)->path, ((const struct tree_entry *)b)->path);
}

/* Names of one file: each points to the first. */
static void
find_links(struct tree *t)
{
	for (size_t i = 0; i < t->n; i++) {
		if (t->entries[i].nlink < 2 || t->entries[i].type == 'd' || t->entries[i].linked)
			continue;
		for (size_t j = i + 1; j < t->n; j++)
			if (t->entries[j].ino == t->entries[i].ino && t->entries[j].dev == t->entries[i].dev)
				t->entries[j].linked = t->entries[i].path;
	}
}

struct tree *
tree_read(const char *text, size_t len)
{
	struct tree *t = must_alloc(sizeof(*t));
	char *copy = must_alloc(len + 1), *save = NULL;
	size_t lines = 1;

	memcpy(copy, text, len);
	for (size_t i = 0; i < len; i++)
		lines += text[i] == '\n';
	t->entries = must_alloc(lines * sizeof(*t->entries));
	for (char *line = strtok_r(copy, "\n", &save); line; line = strtok_r(NULL, "\n", &save))
		if (parse_entry(line, &t->entries[t->n]))
			t->n++;
	qsort(t->entries, t->n, sizeof(*t->entries), by_path);
	find_links(t);
	return t;
}

static bool
same_time(uint64_t l, struct tree_window lw, uint64_t r, struct tree_window rw)
{
	return l == r || (l + TIME_SLACK >= lw.start && l <= lw.end + TIME_SLACK && r + TIME_SLACK >= rw.start &&
			  r <= rw.end + TIME_SLACK);
}

struct comparison {
	tree_difference_fn *fn;
	void *ctx;
	const char *path;
	size_t count;
};

static void
numbers(struct comparison *c, const char *what, const char *format, uint64_t l, uint64_t r)
{
	char a[40], b[40];

	c->count++;
	if (l == r)
		return;
	snprintf(a, sizeof(a), *format == 'o' ? "%#llo" : "%llu", (unsigned long long)l);
	snprintf(b, sizeof(b), *format == 'o' ? "%#llo" : "%llu", (unsigned long long)r);
	c->fn(c->ctx, c->path, what, a, b);
}

static void
texts(struct comparison *c, const char *what, const char *l, const char *r)
{
	c->count++;
	if (strcmp(l, r) != 0)
		c->fn(c->ctx, c->path, what, l, r);
}

static void
compare_entry(struct comparison *c, const struct tree_entry *l, struct tree_window lw, const struct tree_entry *r,
	      struct tree_window rw)
{
	char a[2] = { l->type, 0 }, b[2] = { r->type, 0 };

	c->path = l->path;
	texts(c, "type", a, b);
	if (l->type != r->type)
		return;
	if (l->type != 'l')
		numbers(c, "mode", "o", l->mode, r->mode);
	numbers(c, "owner", "u", l->uid, r->uid);
	numbers(c, "group", "u", l->gid, r->gid);
	texts(c, "xattrs", l->xattrs, r->xattrs);
	c->count++;
	if (!same_time(l->mtime, lw, r->mtime, rw))
		numbers(c, "mtime", "u", l->mtime, r->mtime);
	if (l->type == 'd')
		return;
	numbers(c, "links", "u", l->nlink, r->nlink);
	numbers(c, "size", "u", l->size, r->size);
	if (l->type == 'c' || l->type == 'b')
		numbers(c, "device", "u", l->rdev, r->rdev);
	texts(c, l->type == 'l' ? "target" : "content", l->content, r->content);
	texts(c, "same file as", l->linked ? l->linked : "(none)", r->linked ? r->linked : "(none)");
}

size_t
tree_compare(const struct tree *l, struct tree_window lw, const struct tree *r, struct tree_window rw,
	     tree_difference_fn *fn, void *ctx)
{
	struct comparison c = { .fn = fn, .ctx = ctx };
	size_t i = 0, j = 0;
	int order;

	while (i < l->n || j < r->n) {
		order = i == l->n ? 1 : j == r->n ? -1 : strcmp(l->entries[i].path, r->entries[j].path);
		if (order == 0) {
			compare_entry(&c, &l->entries[i++], lw, &r->entries[j++], rw);
		} else if (order < 0) {
			c.count++;
			fn(ctx, l->entries[i++].path, "there", "yes", NULL);
		} else {
			c.count++;
			fn(ctx, r->entries[j++].path, "there", NULL, "yes");
		}
	}
	return c.count;
}
