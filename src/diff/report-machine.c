/* SPDX-License-Identifier: MIT
 *
 * The reports for machines: JSON, and JUnit's XML.
 */
#include "src/diff/report.h"

#include <string.h>

#include "src/diff/names.h"

static void
json_text(FILE *f, const char *s)
{
	if (!s) {
		fputs("null", f);
		return;
	}
	fputc('"', f);
	for (; *s; s++) {
		if (*s == '"' || *s == '\\')
			fprintf(f, "\\%c", *s);
		else if ((unsigned char)*s < 32 || (unsigned char)*s > 126)
			fprintf(f, "\\u%04x", (unsigned char)*s);
		else
			fputc(*s, f);
	}
	fputc('"', f);
}

static void
json_member(FILE *f, const char *name, const char *value, bool last)
{
	fprintf(f, "\"%s\": ", name);
	json_text(f, value);
	if (!last)
		fputs(", ", f);
}

struct json_list {
	FILE *f;
	const char *sep;
};

static bool
json_name(void *ctx, const char *name)
{
	struct json_list *l = ctx;

	fputs(l->sep, l->f);
	json_text(l->f, name);
	l->sep = ", ";
	return false;
}

static void
json_differences(FILE *f, const struct comparison *c)
{
	const char *sep = "";

	for (size_t i = 0; i < c->ndifferences; i++) {
		const struct difference *d = &c->differences[i];

		fprintf(f, "%s\n    { ", sep);
		json_member(f, "task", d->task, false);
		fputs("\"names\": [", f);
		if (d->task)
			names_of_task(c, d->task, json_name, &(struct json_list){ f, "" });
		fputs("], ", f);
		json_member(f, "where", d->where, false);
		json_member(f, "call", d->call, false);
		json_member(f, "what", d->what, false);
		json_member(f, "native", d->left, false);
		json_member(f, "stead", d->right, false);
		json_member(f, "expected", d->reason, false);
		fprintf(f, "\"event\": %zu, \"steady\": %s }", d->step + 1, d->unsteady ? "false" : "true");
		sep = ",";
	}
}

void
report_json(const struct report_options *o, const struct comparison *c, const struct unmet *unmet, size_t nunmet)
{
	FILE *f = o->f;
	const char *sep = "";

	fputs("{\n  ", f);
	json_member(f, "program", o->program, false);
	fprintf(f, "\"equal\": %s,\n", report_unexpected(c) || nunmet ? "false" : "true");
	fprintf(f,
		"  \"calls\": { \"compared\": %zu, \"equal\": %zu, \"by_rule\": %zu, \"different\": %zu, \"not_reached\": "
		"%zu },\n",
		c->compared, c->equal, c->by_rule, c->different, c->unreached);
	fprintf(f, "  \"tasks\": %zu, \"files\": %zu, \"native_runs\": %zu, \"seconds\": %.3f,\n  \"rules\": {", c->ntasks,
		c->tree_compared, c->nnatives, o->seconds);
	for (int i = 1; i < NRULES; i++) {
		if (!c->rule_used[i])
			continue;
		fprintf(f, "%s \"%s\": %zu", sep, rule_texts[i].name, c->rule_used[i]);
		sep = ",";
	}
	fputs(" },\n  \"differences\": [", f);
	json_differences(f, c);
	fputs("\n  ],\n  \"unmet\": [", f);
	for (size_t i = 0; i < nunmet; i++) {
		fputs(i ? ", " : " ", f);
		json_text(f, unmet[i].text);
	}
	fputs(" ]\n}\n", f);
}

static void
xml_text(FILE *f, const char *s)
{
	for (; s && *s; s++) {
		if (*s == '<' || *s == '>' || *s == '&' || *s == '"')
			fprintf(f, "&#%d;", *s);
		else if ((unsigned char)*s < 32 && *s != '\n' && *s != '\t')
			fprintf(f, "\\%03o", (unsigned char)*s);
		else
			fputc((unsigned char)*s < 127 ? *s : '?', f);
	}
}

/* One test case a task, and one each for the rest: output, status, tree. */
static void
junit_case(const struct report_options *o, const struct comparison *c, const char *name, const char *task, const char *where)
{
	bool open = false;

	fputs("    <testcase classname=\"stead diff\" name=\"", o->f);
	xml_text(o->f, name);
	fputs("\"", o->f);
	for (size_t i = 0; i < c->ndifferences; i++) {
		const struct difference *d = &c->differences[i];

		if (d->reason || d->unsteady ||
		    (task ? !d->task || strcmp(d->task, task) != 0 : d->task || !where || strcmp(d->where, where) != 0))
			continue;
		if (!open)
			fputs("><failure message=\"differs\">", o->f);
		open = true;
		xml_text(o->f, d->call);
		fputs(" ", o->f);
		xml_text(o->f, d->what);
		fputs(": native ", o->f);
		xml_text(o->f, d->left ? d->left : "(nothing)");
		fputs(", stead ", o->f);
		xml_text(o->f, d->right ? d->right : "(nothing)");
		fputs("\n", o->f);
	}
	fputs(open ? "</failure></testcase>\n" : "/>\n", o->f);
}

void
report_junit(const struct report_options *o, const struct comparison *c, const struct unmet *unmet, size_t nunmet)
{
	static const char *const rest[] = { "exit status", "standard output", "standard error", "tree" };
	FILE *f = o->f;
	size_t failed = 0;
	bool bad;

	for (size_t i = 0; i < c->ntasks + 4; i++) {
		bad = false;
		for (size_t j = 0; j < c->ndifferences && !bad; j++) {
			const struct difference *d = &c->differences[j];

			if (!d->reason && !d->unsteady)
				bad = i < c->ntasks ? d->task && strcmp(d->task, c->tasks[i].path) == 0
						    : !d->task && strcmp(d->where, rest[i - c->ntasks]) == 0;
		}
		failed += bad;
	}
	fprintf(f, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n  <testsuite name=\"");
	xml_text(f, o->program);
	fprintf(f, "\" tests=\"%zu\" failures=\"%zu\" time=\"%.3f\">\n", c->ntasks + 4 + nunmet, failed + nunmet,
		o->seconds);
	for (size_t i = 0; i < c->ntasks; i++)
		junit_case(o, c, c->tasks[i].path, c->tasks[i].path, NULL);
	for (size_t i = 0; i < 4; i++)
		junit_case(o, c, rest[i], NULL, rest[i]);
	for (size_t i = 0; i < nunmet; i++) {
		fputs("    <testcase classname=\"stead diff\" name=\"expected\"><failure message=\"is not there any more\">",
		      f);
		xml_text(f, unmet[i].text);
		fputs("</failure></testcase>\n", f);
	}
	fputs("  </testsuite>\n</testsuites>\n", f);
}
