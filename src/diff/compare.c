/* SPDX-License-Identifier: MIT
 *
 * Runs as a whole: what native runs teach, which tasks belong together, output, status and the tree of files.
 */
#include "src/diff/compare.h"

#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>

#include "src/diff/chance.h"
#include "src/diff/streams.h"
#include "src/diff/text.h"
#include "src/diff/tree.h"

struct difference *
difference_add(struct comparison *c, const char *task, const char *where, const char *call, const char *what, char *left,
	       char *right)
{
	const char *parts[] = { task ? task : "", where, call, what, left ? left : "", right ? right : "" };
	struct difference *d;
	uint64_t key = 0;

	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		key = key * 0x100000001b3ULL ^ digest(parts[i], strlen(parts[i]));
	if (c->ndifferences == c->cap) {
		c->cap = 2 * c->cap + 32;
		c->differences = realloc(c->differences, c->cap * sizeof(*d));
		if (!c->differences)
			abort();
	}
	d = &c->differences[c->ndifferences++];
	*d = (struct difference){
		.task = task, .where = where, .call = call, .what = what, .left = left, .right = right, .key = key
	};
	return d;
}

static void
learn_pair(struct event *a, const struct run *ra, const struct event *b, const struct run *rb)
{
	unsigned int n = a->nfields < b->nfields ? a->nfields : b->nfields;

	for (unsigned int i = 0; i < n; i++)
		if (rule_field(&a->fields[i], ra, &b->fields[i], rb) == RULE_DIFFERENT)
			a->fields[i].varies = true;
	for (unsigned int i = n; i < a->nfields; i++)
		a->fields[i].varies = true;
	if (rule_result(a, ra, b, rb) == RULE_DIFFERENT || a->nfields != b->nfields)
		a->result_varies = true;
}

static void
learn_task(struct rtask *t, const struct run *run, const struct rtask *o, const struct run *other)
{
	struct alignment al;
	bool gap = false;

	align(t->events, t->nevents, o->events, o->nevents, &al);
	for (size_t i = 0; i < al.n; i++) {
		struct event *a = al.steps[i].a != ALIGN_NONE ? &t->events[al.steps[i].a] : NULL;

		if (!a) {
			gap = true;
			continue;
		}
		a->gap |= gap;
		gap = false;
		if (al.steps[i].b == ALIGN_NONE)
			a->absent = true;
		else
			learn_pair(a, run, &o->events[al.steps[i].b], other);
	}
	t->gap_end |= gap;
	free(al.steps);
	stream_learn(t, o);
}

void
compare_learn(struct run **runs, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		for (size_t j = 0; j < n; j++) {
			for (size_t k = 0; i != j && k < runs[i]->ntasks; k++) {
				struct rtask *t = &runs[i]->tasks[k];
				struct rtask *o = t->path ? run_task_by_path(runs[j], t->path) : NULL;

				if (o)
					learn_task(t, runs[i], o, runs[j]);
				else
					t->absent = true;
			}
		}
	}
}

/* Did a task of both list the same directory with its entries in another order? */
static bool
orders_differ(const struct run *x, const struct run *y)
{
	uint64_t seen[256];
	size_t n = 0;

	for (size_t i = 0; i < x->ntasks; i++)
		for (size_t j = 0; j < x->tasks[i].nevents; j++)
			if (x->tasks[i].events[j].order && n < 256)
				seen[n++] = x->tasks[i].events[j].order;
	for (size_t i = 0; i < y->ntasks; i++) {
		for (size_t j = 0; j < y->tasks[i].nevents; j++) {
			uint64_t order = y->tasks[i].events[j].order;
			size_t k = 0;

			while (k < n && seen[k] != order)
				k++;
			if (order && k == n && n < 256)
				return true;
		}
	}
	return n == 256;
}

static void
count_task(struct comparison *c, const struct task_comparison *t)
{
	for (size_t i = 0; i < t->al.n; i++) {
		const struct align_step s = t->al.steps[i];
		const struct event *e = s.a != ALIGN_NONE ? &t->a->events[s.a] : &t->b->events[s.b];

		if (t->outcome[i] > 0)
			c->rule_used[t->outcome[i]]++;
		if (e->type != EVENT_CALL)
			continue;
		c->compared++;
		if (t->unreached[i])
			c->unreached++;
		else if (t->outcome[i] == RULE_NONE)
			c->equal++;
		else if (t->outcome[i] > 0)
			c->by_rule++;
		else
			c->different++;
	}
}

static size_t
calls_of(const struct rtask *t)
{
	size_t n = 0;

	for (size_t i = 0; i < t->nevents; i++)
		n += t->events[i].type == EVENT_CALL;
	return n;
}

/* Signals without a handler, to a task that was killed on both sides: whether they came before that is chance. */
static bool
came_late(const struct comparison *c, const struct rtask *t)
{
	char *path = strdup(t->path);
	const struct rtask *a, *b;

	if (!path)
		abort();
	path[strcspn(path, " ")] = '\0';
	a = run_task_by_path(c->natives[0], path);
	b = run_task_by_path(c->stead, path);
	free(path);
	return t->handler && calls_of(t) == 0 && a && b && ended_by_another(a) && ended_by_another(b);
}

/* A task of one side alone. */
static void
lonely_task(struct comparison *c, const struct rtask *t, bool native)
{
	size_t n = calls_of(t);
	char *text;

	if (t->handler && (strstr(t->path, " in SIGCHLD") || t->nevents == 0 || came_late(c, t))) {
		c->by_rule += n;
		c->rule_used[RULE_SCHEDULING]++;
	} else {
		c->unreached += n;
		if (asprintf(&text, "%zu calls", n) < 0)
			abort();
		difference_add(c, t->path, "task", t->handler ? "signal" : "task", native ? "is missing" : "is too much",
			       native ? text : NULL, native ? NULL : text);
	}
	c->compared += n;
}

/* The native run in which the task is most like stead's. */
static void
compare_by_path(struct comparison *c, const char *path)
{
	struct task_comparison *best = &c->tasks[c->ntasks], one;
	struct rtask *b = run_task_by_path(c->stead, path), *a;
	bool always = true, found = false;

	for (size_t i = 0; i < c->nnatives; i++) {
		a = run_task_by_path(c->natives[i], path);
		always &= a != NULL;
		if (!a || !b)
			continue;
		one = (struct task_comparison){ .path = path, .ra = c->natives[i], .a = a, .b = b };
		compare_task(&one, c->stead, NULL, orders_differ(c->natives[i], c->stead));
		if (!found || one.differences < best->differences)
			*best = one;
		found = true;
		if (!one.differences)
			break;
	}
	if (found) {
		a = run_task_by_path(best->ra, path);
		one = (struct task_comparison){ .path = path, .ra = best->ra, .a = a, .b = b };
		compare_task(&one, c->stead, c, orders_differ(best->ra, c->stead));
		*best = one;
		c->ntasks++;
		count_task(c, best);
	} else if (b) {
		lonely_task(c, b, false);
	} else if (always) {
		lonely_task(c, run_task_by_path(c->natives[0], path), true);
	} else {
		c->rule_used[RULE_NATIVE_VARIES]++;
	}
}

static int
by_order(const void *x, const void *y)
{
	return strverscmp(*(const char *const *)x, *(const char *const *)y);
}

static void
compare_tasks(struct comparison *c)
{
	size_t most = c->stead->ntasks, n = 0;
	const char **paths;

	for (size_t i = 0; i < c->nnatives; i++)
		most += c->natives[i]->ntasks;
	paths = must_alloc(most * sizeof(*paths));
	c->tasks = must_alloc((most + 1) * sizeof(*c->tasks));
	for (size_t i = 0; i <= c->nnatives; i++) {
		const struct run *r = i < c->nnatives ? c->natives[i] : c->stead;

		for (size_t j = 0; j < r->ntasks; j++)
			if (r->tasks[j].path && strcmp(r->tasks[j].path, "start") != 0)
				paths[n++] = r->tasks[j].path;
	}
	qsort(paths, n, sizeof(*paths), by_order);
	for (size_t i = 0; i < n && !(c->stop && *c->stop); i++)
		if (i == 0 || strcmp(paths[i], paths[i - 1]) != 0)
			compare_by_path(c, paths[i]);
}

struct lines {
	const char **line;
	size_t *len, n;
};

static struct lines
split_lines(const unsigned char *text, size_t n)
{
	struct lines l = { NULL, NULL, 0 };
	const char *p = (const char *)text, *end = p + n, *nl;
	size_t count = 1;

	for (size_t i = 0; i < n; i++)
		count += text[i] == '\n';
	l.line = must_alloc(count * sizeof(*l.line));
	l.len = must_alloc(count * sizeof(*l.len));
	while (p < end) {
		nl = memchr(p, '\n', (size_t)(end - p));
		l.line[l.n] = p;
		l.len[l.n++] = nl ? (size_t)(nl - p) : (size_t)(end - p);
		p = nl ? nl + 1 : end;
	}
	return l;
}

static bool
same_line(const struct lines *x, const struct lines *y, size_t i)
{
	return i < x->n && i < y->n && x->len[i] == y->len[i] && memcmp(x->line[i], y->line[i], x->len[i]) == 0;
}

/* A sum over lines: equal for the same lines in any order. */
static uint64_t
line_sum(const struct lines *l)
{
	uint64_t sum = l->n;

	for (size_t i = 0; i < l->n; i++)
		sum += digest(l->line[i], l->len[i]) * 0x9e3779b97f4a7c15ULL;
	return sum;
}

static char *
line_text(const struct lines *l, size_t i)
{
	char *text = NULL;

	if (i < l->n && asprintf(&text, "%.*s", (int)(l->len[i] < 300 ? l->len[i] : 300), l->line[i]) < 0)
		abort();
	return text;
}

static bool
same_rest(const struct run *x, const struct run *y, unsigned int which)
{
	return x->out_rest[which] == y->out_rest[which] && x->out_digest[which] == y->out_digest[which];
}

static bool
same_output(const struct run *x, const struct run *y, unsigned int which)
{
	return x->out_len[which] == y->out_len[which] && memcmp(x->out[which], y->out[which], x->out_len[which]) == 0 &&
	       same_rest(x, y, which);
}

/* Behind what was kept of the output. */
static void
compare_rest(struct comparison *c, const char *name, unsigned int which, bool natives_differ)
{
	char *left, *right;

	if (natives_differ || same_rest(c->natives[0], c->stead, which))
		return;
	if (asprintf(&left, "%llu bytes, digest %016llx", (unsigned long long)c->natives[0]->out_rest[which],
		     (unsigned long long)c->natives[0]->out_digest[which]) < 0 ||
	    asprintf(&right, "%llu bytes, digest %016llx", (unsigned long long)c->stead->out_rest[which],
		     (unsigned long long)c->stead->out_digest[which]) < 0)
		abort();
	difference_add(c, NULL, name, "", "what follows the first 16 MiB", left, right);
}

static void
compare_output(struct comparison *c, unsigned int which)
{
	static const char *const names[] = { "standard output", "standard error" };
	struct lines s, *n = must_alloc(c->nnatives * sizeof(*n));
	bool natives_differ = false;
	char *what;

	for (size_t i = 0; i < c->nnatives; i++) {
		if (same_output(c->natives[i], c->stead, which))
			return;
		natives_differ |= !same_output(c->natives[i], c->natives[0], which);
	}
	s = split_lines(c->stead->out[which], c->stead->out_len[which]);
	for (size_t i = 0; i < c->nnatives; i++)
		n[i] = split_lines(c->natives[i]->out[which], c->natives[i]->out_len[which]);
	if ((natives_differ || orders_differ(c->natives[0], c->stead)) && line_sum(&n[0]) == line_sum(&s)) {
		c->rule_used[natives_differ ? RULE_NATIVE_VARIES : RULE_DIRECTORY_ORDER]++;
		return;
	}
	for (size_t i = 0; i < n[0].n || i < s.n; i++) {
		bool varies = false;

		for (size_t k = 1; k < c->nnatives; k++)
			varies |= !same_line(&n[0], &n[k], i);
		if (same_line(&n[0], &s, i))
			continue;
		if (varies) {
			c->rule_used[RULE_NATIVE_VARIES]++;
			continue;
		}
		if (asprintf(&what, "line %zu", i + 1) < 0)
			abort();
		difference_add(c, NULL, names[which], "", what, line_text(&n[0], i), line_text(&s, i));
		return;
	}
	compare_rest(c, names[which], which, natives_differ);
}

/* Paths and properties of the tree in which native runs differ. */
struct tree_learned {
	uint64_t *keys;
	size_t n;
	struct comparison *c;
};

static uint64_t
tree_key(const char *path, const char *what)
{
	return digest(path, strlen(path)) * 31 + digest(what, strlen(what));
}

static void
learn_tree(void *ctx, const char *path, const char *what, const char *left, const char *right)
{
	struct tree_learned *l = ctx;

	l->keys = realloc(l->keys, (l->n + 1) * sizeof(*l->keys));
	if (!l->keys)
		abort();
	l->keys[l->n++] = tree_key(path, what);
}

static void
tree_difference(void *ctx, const char *path, const char *what, const char *left, const char *right)
{
	struct tree_learned *l = ctx;

	for (size_t i = 0; i < l->n; i++) {
		if (l->keys[i] == tree_key(path, what)) {
			l->c->rule_used[RULE_NATIVE_VARIES]++;
			return;
		}
	}
	difference_add(l->c, NULL, "tree", strdup(path), what, left ? strdup(left) : NULL, right ? strdup(right) : NULL);
}

static struct tree_window
window(const struct run *r)
{
	return (struct tree_window){ r->wall_start, r->wall_end };
}

static void
compare_trees(struct comparison *c)
{
	struct tree_learned l = { NULL, 0, c };

	for (size_t i = 1; i < c->nnatives; i++)
		tree_compare(c->natives[0]->tree, window(c->natives[0]), c->natives[i]->tree, window(c->natives[i]),
			     learn_tree, &l);
	c->tree_compared = tree_compare(c->natives[0]->tree, window(c->natives[0]), c->stead->tree, window(c->stead),
					tree_difference, &l);
	free(l.keys);
}

static void
compare_status(struct comparison *c)
{
	struct event a = { .type = EVENT_END }, b = { .type = EVENT_END, .result = c->stead->status };

	for (size_t i = 0; i < c->nnatives; i++)
		if (c->natives[i]->status == c->stead->status)
			return;
	a.result = c->natives[0]->status;
	difference_add(c, NULL, "exit status", "", "status", text_result_string(&a, c->natives[0]),
		       text_result_string(&b, c->stead));
}

void
compare_runs(struct comparison *c)
{
	compare_tasks(c);
	compare_status(c);
	compare_output(c, 0);
	compare_output(c, 1);
	compare_trees(c);
}
