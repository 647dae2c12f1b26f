/* SPDX-License-Identifier: MIT
 *
 * Two events that stand at one place, compared field by field.
 */
#include "src/diff/pair.h"

#include <string.h>

#include "src/diff/text.h"

void
note_difference(struct pass *p, size_t step, const struct event *a, const struct event *b, const char *what, char *left,
		char *right)
{
	const struct event *e = a ? a : b;
	struct difference *d;

	p->t->differences++;
	if (!p->c)
		return;
	d = difference_add(p->c, p->t->path,
			   e->type == EVENT_CALL     ? "call"
			   : e->type == EVENT_SIGNAL ? "signal"
						     : "end",
			   text_name(e), what, left, right);
	d->a = a;
	d->b = b;
	d->step = step;
}

/* The same lines in another order. */
static bool
same_lines(const struct field *a, const struct field *b)
{
	uint64_t sum[2] = { 0, 0 };

	if (a->kind != b->kind || a->kind != FIELD_BYTES || a->len != b->len || a->len != a->kept)
		return false;
	for (int side = 0; side < 2; side++) {
		const unsigned char *p = side ? b->bytes : a->bytes, *end = p + a->len, *nl;

		for (; p < end; p = nl + 1) {
			nl = memchr(p, '\n', (size_t)(end - p));
			nl = nl ? nl : end;
			sum[side] += digest(p, (size_t)(nl - p)) * 0x9e3779b97f4a7c15ULL;
		}
	}
	return sum[0] == sum[1];
}

static bool
is_user_address(uint64_t v)
{
	return v >= 0x500000000000 && v < 0x800000000000;
}

/* Equal but for words that are addresses of the program on both sides. */
static bool
same_but_addresses(const struct field *a, const struct field *b)
{
	uint64_t wa, wb;
	uint32_t i;

	if (a->kind != b->kind || a->kind != FIELD_BYTES || a->len != b->len || a->len != a->kept)
		return false;
	for (i = 0; i + 8 <= a->len; i += 8) {
		memcpy(&wa, a->bytes + i, 8);
		memcpy(&wb, b->bytes + i, 8);
		if (wa != wb && !(is_user_address(wa) && is_user_address(wb)))
			return false;
	}
	return memcmp(a->bytes + i, b->bytes + i, a->len - i) == 0;
}

/* Parts of two directories that are in another order: other entries. */
static bool
other_part(const struct event *a, const struct event *b)
{
	return a->partial && b->partial && a->order && b->order && a->order != b->order && a->nr == b->nr && a->result > 0 &&
	       b->result > 0;
}

/* @report: note_difference each difference; else only say whether there is one. */
int
compare_pair(struct pass *p, size_t step, const struct event *a, const struct event *b, bool report)
{
	unsigned int n = a->nfields > b->nfields ? a->nfields : b->nfields;
	int used = RULE_NONE, rule;
	bool other = other_part(a, b);

	for (unsigned int i = 0; i < n; i++) {
		const struct field *fa = i < a->nfields ? &a->fields[i] : NULL, *fb = i < b->nfields ? &b->fields[i] : NULL;

		if (fa && fb && (rule = rule_field(fa, p->t->ra, fb, p->rb)) >= 0) {
			used = rule != RULE_NONE ? rule : used;
			continue;
		}
		if (fa && fb && same_but_addresses(fa, fb)) {
			used = RULE_ADDRESS;
			continue;
		}
		if ((other && (fa ? fa : fb)->out) || (p->order_differs && fa && fb && same_lines(fa, fb))) {
			used = RULE_DIRECTORY_ORDER;
			continue;
		}
		if ((fa && fa->varies) || (!fa && a->result_varies)) {
			used = RULE_NATIVE_VARIES;
			continue;
		}
		used = RULE_DIFFERENT;
		if (!report)
			return used;
		note_difference(p, step, a, b,
				fa   ? fa->name
				: fb ? fb->name
				     : "",
				fa ? text_field_string(fa, p->t->ra) : NULL, fb ? text_field_string(fb, p->rb) : NULL);
		if (!fa || !fb || strcmp(fa->name, fb->name) != 0)
			break; /* the rest does not match either */
	}
	rule = rule_result(a, p->t->ra, b, p->rb);
	if (rule == RULE_DIFFERENT && (a->result_varies || other))
		rule = other ? RULE_DIRECTORY_ORDER : RULE_NATIVE_VARIES;
	if (rule == RULE_DIFFERENT && report)
		note_difference(p, step, a, b, "result", text_result_string(a, p->t->ra), text_result_string(b, p->rb));
	if (rule == RULE_DIFFERENT)
		return rule;
	if (used == RULE_NONE && (a->merged != b->merged))
		used = a->order ? RULE_DIRECTORY_ORDER : RULE_RESTART;
	return used == RULE_NONE ? rule : used;
}

/* The number of a descriptor says how many others were open just then. */
bool
same_but_descriptors(const struct event *a, const struct run *ra, const struct event *b, const struct run *rb)
{
	if (a->hash == b->hash)
		return true;
	if (a->type != EVENT_CALL || b->type != EVENT_CALL || a->nr != b->nr || a->nfields != b->nfields)
		return false;
	for (unsigned int i = 0; i < a->nfields; i++)
		if (!(a->fields[i].kind == FIELD_FD && b->fields[i].kind == FIELD_FD) &&
		    rule_field(&a->fields[i], ra, &b->fields[i], rb) < 0)
			return false;
	if (a->result_kind == FIELD_FD && b->result_kind == FIELD_FD && a->result >= 0 && b->result >= 0)
		return true;
	return rule_result(a, ra, b, rb) >= 0;
}
