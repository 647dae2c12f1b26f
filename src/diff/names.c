/* SPDX-License-Identifier: MIT
 *
 * Names of tasks, from the calls that give them.
 */
#include "src/diff/names.h"

#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#define NAME_BYTES 256
#define NAMES_SEEN 16 /* of one task */

/* The name that a call gives its task: its length, 0 for none. */
static size_t
name_given(const struct event *e, const char **name)
{
	bool exec = e->nr == SYS_execve || e->nr == SYS_execveat;
	const struct field *f;
	const char *slash;

	if (e->type != EVENT_CALL || (e->returned && e->result != 0))
		return 0;
	if (!exec && (e->nr != SYS_prctl || !e->returned || event_value(e, "option", 0) != PR_SET_NAME))
		return 0;
	f = field_by_name(e, exec ? "path" : "name");
	if (!f || !f->bytes)
		return 0;
	*name = (const char *)f->bytes;
	slash = exec ? memrchr(f->bytes, '/', f->kept) : NULL;
	if (slash)
		*name = slash + 1;
	return strnlen(*name, f->kept - (size_t)(*name - (const char *)f->bytes));
}

/* The task at the first @n bytes of a path. */
static const struct rtask *
task_at(const struct run *run, const char *path, size_t n)
{
	for (size_t i = 0; run && i < run->ntasks; i++)
		if (run->tasks[i].path && strncmp(run->tasks[i].path, path, n) == 0 && run->tasks[i].path[n] == '\0')
			return &run->tasks[i];
	return NULL;
}

struct seen {
	char names[NAMES_SEEN][NAME_BYTES];
	unsigned int n;
};

static bool
is_new(struct seen *s, const char *name)
{
	for (unsigned int i = 0; i < s->n; i++)
		if (strcmp(s->names[i], name) == 0)
			return false;
	if (s->n == NAMES_SEEN)
		return false;
	strcpy(s->names[s->n++], name);
	return true;
}

/* By names of the one ancestor whose path is the first @n bytes. */
static bool
names_below(const struct comparison *c, const char *path, size_t n, bool (*each)(void *ctx, const char *name), void *ctx)
{
	struct seen seen = { .n = 0 };
	char text[NAME_BYTES];
	const char *name;

	for (size_t i = 0; i <= c->nnatives; i++) {
		const struct rtask *t = task_at(i < c->nnatives ? c->natives[i] : c->stead, path, n);

		for (size_t j = t ? t->nevents : 0; j-- > 0;) {
			size_t len = name_given(&t->events[j], &name);

			if (!len || (size_t)snprintf(text, sizeof(text), "%.*s%s", (int)len, name, path + n) >= sizeof(text))
				continue;
			if (is_new(&seen, text) && each(ctx, text))
				return true;
		}
	}
	return false;
}

bool
names_of_task(const struct comparison *c, const char *path, bool (*each)(void *ctx, const char *name), void *ctx)
{
	size_t n = strcspn(path, " "); /* without "in SIGCHLD" */

	while (n > 0) {
		if (names_below(c, path, n, each, ctx))
			return true;
		while (n > 0 && path[--n] != '.')
			;
	}
	return false;
}

static bool
fits(void *pattern, const char *name)
{
	return fnmatch(pattern, name, 0) == 0;
}

bool
name_matches(const struct comparison *c, const char *path, const char *pattern)
{
	char *p = strdup(pattern);
	bool yes;

	if (!p)
		abort();
	yes = fits(p, path) || names_of_task(c, path, fits, p);
	free(p);
	return yes;
}

struct names_list {
	FILE *f;
	const char *path;
	unsigned int n;
};

/* The program's own name says nothing about a task below. */
static bool
add_name(void *ctx, const char *name)
{
	struct names_list *l = ctx;
	size_t n = strlen(name), below = strlen(l->path) - 1;

	if (below && n > below && strcmp(name + n - below, l->path + 1) == 0)
		return true;
	fprintf(l->f, "%s%s", l->n++ ? ", " : " (", name);
	return false;
}

char *
names_text(const struct comparison *c, const char *path)
{
	struct names_list l = { .path = path };
	char *text = NULL;
	size_t size;

	l.f = open_memstream(&text, &size);
	if (!l.f)
		abort();
	names_of_task(c, path, add_name, &l);
	fputs(l.n ? ")" : "", l.f);
	fclose(l.f);
	return text;
}
