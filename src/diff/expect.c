/* SPDX-License-Identifier: MIT
 *
 * Known differences, each with its reason.
 */
#include "src/diff/expect.h"

#include <errno.h>
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#include "src/diff/names.h"
#include "src/diff/text.h"

struct expectation {
	char *text, *task, *call, *what, *reason;
	unsigned int line;
	bool met;
};

struct expectations {
	struct expectation *list;
	size_t n;
};

/* "6.13" as a number that can be compared, or 0. */
static unsigned int
release_number(const char *text)
{
	unsigned int major, minor;

	return sscanf(text, "%u.%u", &major, &minor) == 2 ? major << 16 | minor : 0;
}

/* Is @word a condition, "host<6.13" or "host>=6.13"? */
static bool
is_condition(const char *word)
{
	return word && (strncmp(word, "host<", 5) == 0 || strncmp(word, "host>=", 6) == 0);
}

/* Return: 1 if it holds for this host, 0 if not, -1 if it is none. */
static int
condition_holds(const char *word)
{
	bool less = word[4] == '<';
	unsigned int wanted = release_number(word + (less ? 5 : 6));
	struct utsname u;

	if (!wanted || uname(&u) < 0)
		return -1;
	return less ? release_number(u.release) < wanted : release_number(u.release) >= wanted;
}

/* Return: 1 if the line counts here, 0 if not, -1 if it is wrong. */
static int
parse_line(struct expectation *e, char *line)
{
	char *save = NULL, *colon;
	int counts = 1;

	e->text = strdup(line);
	e->task = strtok_r(line, " \t", &save);
	if (is_condition(e->task)) {
		counts = condition_holds(e->task);
		e->task = strtok_r(NULL, " \t", &save);
	}
	e->call = strtok_r(NULL, " \t", &save);
	e->what = strtok_r(NULL, " \t", &save);
	colon = strtok_r(NULL, " \t", &save);
	e->reason = strtok_r(NULL, "", &save);
	return e->reason && strcmp(colon, ":") == 0 && strspn(e->reason, " \t") < strlen(e->reason) ? counts : -1;
}

int
expect_read(const char *file, struct expectations **out)
{
	struct expectations *x = must_alloc(sizeof(*x));
	FILE *f = fopen(file, "re");
	unsigned int number = 0;
	char *line = NULL;
	size_t cap = 0;
	int counts;

	if (!f) {
		fprintf(stderr, "stead diff: --expect=%s: %s\n", file, strerror(errno));
		return -1;
	}
	while (getline(&line, &cap, f) > 0) {
		number++;
		line[strcspn(line, "\n")] = '\0';
		if (line[0] == '#' || line[strspn(line, " \t")] == '\0')
			continue;
		x->list = realloc(x->list, (x->n + 1) * sizeof(*x->list));
		if (!x->list)
			abort();
		memset(&x->list[x->n], 0, sizeof(*x->list));
		x->list[x->n].line = number;
		counts = parse_line(&x->list[x->n], strdup(line));
		if (counts < 0) {
			fprintf(stderr, "stead diff: %s:%u: write [host<X.Y|host>=X.Y] TASK CALL WHAT : REASON\n", file,
				number);
			fclose(f);
			return -1;
		}
		x->n += (size_t)counts;
	}
	free(line);
	fclose(f);
	*out = x;
	return 0;
}

static const char *
call_of(const struct difference *d)
{
	if (strcmp(d->where, "exit status") == 0)
		return "status";
	if (strcmp(d->where, "standard output") == 0)
		return "stdout";
	return strcmp(d->where, "standard error") == 0 ? "stderr" : d->call;
}

static const struct run *
native_run_of(const struct comparison *c, const struct difference *d)
{
	for (size_t i = 0; i < c->ntasks; i++)
		if (strcmp(c->tasks[i].path, d->task) == 0)
			return c->tasks[i].ra;
	return NULL;
}

static bool
text_matches(const char *pattern, const struct event *e, const struct run *run)
{
	struct trace_buf *b;
	bool yes;

	if (!e || !run)
		return false;
	b = must_alloc(sizeof(*b));
	text_event(b, e, run);
	b->text[b->n] = '\0';
	yes = fnmatch(pattern, b->text, 0) == 0;
	free(b);
	return yes;
}

/* By its name; with a parenthesis by what the report shows of it, on one of the sides. */
static bool
call_matches(const char *pattern, const struct difference *d, const struct comparison *c)
{
	if (!strchr(pattern, '(') || !d->task)
		return fnmatch(pattern, call_of(d), 0) == 0;
	return text_matches(pattern, d->a, native_run_of(c, d)) || text_matches(pattern, d->b, c->stead);
}

/* With an equals sign by both values, too. */
static bool
what_matches(const char *pattern, const struct difference *d)
{
	char *text;
	bool yes;

	if (!strchr(pattern, '='))
		return fnmatch(pattern, d->what, 0) == 0;
	if (asprintf(&text, "%s=%s|%s", d->what, d->left ? d->left : "(nothing)", d->right ? d->right : "(nothing)") < 0)
		abort();
	yes = fnmatch(pattern, text, 0) == 0;
	free(text);
	return yes;
}

static bool
is_of(const char *pattern, const struct difference *d, const struct comparison *c)
{
	return d->task ? name_matches(c, d->task, pattern) : fnmatch(pattern, "-", 0) == 0;
}

size_t
expect_apply(struct expectations *x, struct comparison *c, struct unmet **unmet)
{
	size_t n = 0;

	*unmet = must_alloc((x ? x->n : 0) * sizeof(**unmet));
	for (size_t i = 0; x && i < x->n; i++) {
		struct expectation *e = &x->list[i];

		for (size_t j = 0; j < c->ndifferences; j++) {
			struct difference *d = &c->differences[j];

			if (!what_matches(e->what, d) || !call_matches(e->call, d, c) || !is_of(e->task, d, c))
				continue;
			d->reason = d->reason ? d->reason : e->reason;
			e->met = true;
		}
		if (!e->met)
			(*unmet)[n++] = (struct unmet){ e->text, e->line };
	}
	return n;
}
