/* SPDX-License-Identifier: MIT
 *
 * The report for people.
 */
#include "src/diff/report.h"

#include <stdlib.h>
#include <string.h>

#include "src/diff/names.h"
#include "src/diff/text.h"

#define RED    "\033[31m"
#define GREEN  "\033[32m"
#define YELLOW "\033[33m"
#define BOLD   "\033[1m"

static const char *
paint(const struct report_options *o, const char *color)
{
	return o->color ? color : "";
}

static const char *
plain(const struct report_options *o)
{
	return o->color ? "\033[0m" : "";
}

size_t
report_unexpected(const struct comparison *c)
{
	size_t n = 0;

	for (size_t i = 0; i < c->ndifferences; i++)
		n += !c->differences[i].reason && !c->differences[i].unsteady;
	return n;
}

static char *
event_line(const struct event *e, const struct run *run)
{
	struct trace_buf *b = must_alloc(sizeof(*b));
	char *text;

	if (e)
		text_event(b, e, run);
	text = must_alloc(b->n + 1);
	memcpy(text, b->text, b->n);
	free(b);
	return text;
}

/* Both sides of one step, cut to half the width each. */
static void
side_by_side(const struct report_options *o, const struct task_comparison *t, const struct run *stead, size_t i)
{
	int half = (int)(o->width > 50 ? (o->width - 5) / 2 : 22);
	const struct align_step s = t->al.steps[i];
	const struct event *a = s.a != ALIGN_NONE ? &t->a->events[s.a] : NULL,
			   *b = s.b != ALIGN_NONE ? &t->b->events[s.b] : NULL;
	char *l = event_line(a, t->ra), *r = event_line(b, stead);
	bool different = t->outcome[i] == RULE_DIFFERENT;

	fprintf(o->f, "%s%c %-*.*s%s%c %-.*s%s\n", different ? paint(o, RED) : "", different ? '!' : ' ', half, half, l,
		(int)strlen(l) > half ? "~" : " ", different ? '|' : ' ', half, r, different ? plain(o) : "");
	free(l);
	free(r);
}

static const char *
or_nothing(const char *s)
{
	return s ? s : "(nothing)";
}

static void
report_value(const struct report_options *o, const struct difference *d)
{
	fprintf(o->f, "  %s%s %s%s\n    native: %s\n    stead:  %s\n", paint(o, BOLD), d->call, d->what, plain(o),
		or_nothing(d->left), or_nothing(d->right));
}

static const struct task_comparison *
task_of(const struct comparison *c, const struct difference *d)
{
	for (size_t i = 0; i < c->ntasks && d->task; i++)
		if (strcmp(c->tasks[i].path, d->task) == 0)
			return &c->tasks[i];
	return NULL;
}

static size_t
others_of(const struct comparison *c, const struct difference *d)
{
	size_t n = 0;

	for (size_t i = 0; i < c->ndifferences; i++)
		n += c->differences[i].task && strcmp(c->differences[i].task, d->task) == 0 &&
		     c->differences[i].step != d->step && !c->differences[i].reason && !c->differences[i].unsteady;
	return n;
}

/* The first difference of a task, with what is around it. */
static void
report_call(const struct report_options *o, const struct comparison *c, const struct difference *d)
{
	const struct task_comparison *t = task_of(c, d);
	size_t from, to, others = others_of(c, d);
	char *names = names_text(c, d->task);

	fprintf(o->f, "%stask %s%s differs first here, at its event %zu:%s\n", paint(o, BOLD), d->task, names, d->step + 1,
		plain(o));
	free(names);
	if (!t)
		return;
	from = d->step > o->context ? d->step - o->context : 0;
	to = d->step + o->context + 1 < t->al.n ? d->step + o->context + 1 : t->al.n;
	fprintf(o->f, "  %-*s %s\n", (int)(o->width > 50 ? (o->width - 5) / 2 : 22) + 1, "native", "stead");
	for (size_t i = from; i < to; i++)
		side_by_side(o, t, c->stead, i);
	for (size_t i = 0; i < c->ndifferences; i++) {
		const struct difference *same = &c->differences[i];

		if (same->task && strcmp(same->task, d->task) == 0 && same->step == d->step && !same->reason)
			report_value(o, same);
	}
	if (others)
		fprintf(o->f, "  and %zu more difference%s behind it\n", others, others == 1 ? "" : "s");
	fputc('\n', o->f);
}

static bool
task_reported(const struct comparison *c, size_t i)
{
	for (size_t j = 0; j < i; j++)
		if (c->differences[j].task && strcmp(c->differences[j].task, c->differences[i].task) == 0 &&
		    !c->differences[j].reason && !c->differences[j].unsteady)
			return true;
	return false;
}

static void
report_lonely_task(const struct report_options *o, const struct comparison *c, const struct difference *d)
{
	char *names = names_text(c, d->task);

	fprintf(o->f, "%stask %s%s %s%s: native %s, stead %s\n\n", paint(o, BOLD), d->task, names, d->what, plain(o),
		or_nothing(d->left), or_nothing(d->right));
	free(names);
}

static void
report_all(const struct report_options *o, const struct comparison *c)
{
	for (size_t i = 0; i < c->ndifferences; i++) {
		const struct difference *d = &c->differences[i];

		if (d->reason || d->unsteady || (d->task && task_reported(c, i)))
			continue;
		if (d->task && (d->a || d->b)) {
			report_call(o, c, d);
		} else if (d->task) {
			report_lonely_task(o, c, d);
		} else {
			fprintf(o->f, "%s%s differs:%s\n", paint(o, BOLD), d->where, plain(o));
			report_value(o, d);
			fputc('\n', o->f);
		}
	}
}

static void
report_rules(const struct report_options *o, const struct comparison *c)
{
	const char *sep = "  rules used: ";

	for (int i = 1; i < NRULES; i++) {
		if (!c->rule_used[i])
			continue;
		fprintf(o->f, "%s%s %zu", sep, rule_texts[i].name, c->rule_used[i]);
		sep = ", ";
	}
	if (*sep == ',')
		fputc('\n', o->f);
}

void
report_text(const struct report_options *o, const struct comparison *c, const struct unmet *unmet, size_t nunmet)
{
	size_t unexpected = report_unexpected(c), expected = 0, unsteady = 0;

	report_all(o, c);
	for (size_t i = 0; i < c->ndifferences; i++) {
		expected += c->differences[i].reason != NULL;
		unsteady += c->differences[i].unsteady && !c->differences[i].reason;
	}
	for (size_t i = 0; i < nunmet; i++)
		fprintf(o->f, "%sexpected, and not there any more%s (line %u): %s\n", paint(o, RED), plain(o), unmet[i].line,
			unmet[i].text);
	fprintf(o->f,
		"%s%s%s: %zu calls of %zu tasks compared: %zu equal, %zu equal by rule, %zu different, %zu not reached",
		unexpected || nunmet ? paint(o, RED) : paint(o, GREEN), unexpected || nunmet ? "different" : "equal",
		plain(o), c->compared, c->ntasks, c->equal, c->by_rule, c->different, c->unreached);
	fprintf(o->f, "; %zu properties of files; %zu native run%s; %.1f s\n", c->tree_compared, c->nnatives,
		c->nnatives == 1 ? "" : "s", o->seconds);
	report_rules(o, c);
	if (expected)
		fprintf(o->f, "  %zu difference%s expected\n", expected, expected == 1 ? "" : "s");
	if (unsteady)
		fprintf(o->f, "  %s%zu difference%s in one run of stead and not in the next%s\n", paint(o, YELLOW), unsteady,
			unsteady == 1 ? "" : "s", plain(o));
}
