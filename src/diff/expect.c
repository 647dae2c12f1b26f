/* SPDX-License-Identifier: MIT
 *
 * Known differences, each with its reason.
 */
#include "src/diff/expect.h"

#include <errno.h>
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

struct expectation {
	char *text, *task, *call, *what, *reason;
	unsigned int line;
	bool met;
};

struct expectations {
	struct expectation *list;
	size_t n;
};

static int
parse_line(struct expectation *e, char *line)
{
	char *save = NULL, *colon;

	e->text = strdup(line);
	e->task = strtok_r(line, " \t", &save);
	e->call = strtok_r(NULL, " \t", &save);
	e->what = strtok_r(NULL, " \t", &save);
	colon = strtok_r(NULL, " \t", &save);
	e->reason = strtok_r(NULL, "", &save);
	return e->reason && strcmp(colon, ":") == 0 && strspn(e->reason, " \t") < strlen(e->reason) ? 0 : -1;
}

int
expect_read(const char *file, struct expectations **out)
{
	struct expectations *x = must_alloc(sizeof(*x));
	FILE *f = fopen(file, "re");
	unsigned int number = 0;
	char *line = NULL;
	size_t cap = 0;

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
		if (parse_line(&x->list[x->n++], strdup(line)) < 0) {
			fprintf(stderr, "stead diff: %s:%u: write TASK CALL WHAT : REASON\n", file, number);
			fclose(f);
			return -1;
		}
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

size_t
expect_apply(struct expectations *x, struct comparison *c, struct unmet **unmet)
{
	size_t n = 0;

	*unmet = must_alloc((x ? x->n : 0) * sizeof(**unmet));
	for (size_t i = 0; x && i < x->n; i++) {
		struct expectation *e = &x->list[i];

		for (size_t j = 0; j < c->ndifferences; j++) {
			struct difference *d = &c->differences[j];

			if (fnmatch(e->task, d->task ? d->task : "-", 0) != 0 || fnmatch(e->call, call_of(d), 0) != 0 || fnmatch(e->what, d->what, 0) != 0)
				continue;
			d->reason = d->reason ? d->reason : e->reason;
			e->met = true;
		}
		if (!e->met)
			(*unmet)[n++] = (struct unmet){ e->text, e->line };
	}
	return n;
}
