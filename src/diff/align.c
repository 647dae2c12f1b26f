/* SPDX-License-Identifier: MIT
 *
 * Alignment: equal ends are cut off, events that occur once on both sides (by hash, in the longest common order) are
 * anchors, and what lies between anchors is paired for the greatest similarity by dynamic programming. A stretch too long
 * for that is walked with a window.
 */
#include "src/diff/align.h"

#include <stdlib.h>
#include <string.h>

#define CELLS_MAX  4000000
#define WINDOW	   200
#define SAME_SCORE 16

struct aligner {
	const struct event *a, *b;
	struct alignment *out;
	size_t cap;
};

static void
step(struct aligner *al, size_t a, size_t b)
{
	if (al->out->n == al->cap) {
		al->cap = 2 * al->cap + 64;
		al->out->steps = realloc(al->out->steps, al->cap * sizeof(*al->out->steps));
		if (!al->out->steps)
			abort();
	}
	al->out->steps[al->out->n++] = (struct align_step){ a, b };
}

static bool
same(const struct aligner *al, size_t i, size_t j)
{
	return al->a[i].hash == al->b[j].hash;
}

/* 0: cannot be paired. */
static unsigned int
similarity(const struct event *x, const struct event *y)
{
	unsigned int n = x->nfields < y->nfields ? x->nfields : y->nfields,
		     more = x->nfields > y->nfields ? x->nfields : y->nfields;
	unsigned int equal = 0;

	if (x->hash == y->hash)
		return SAME_SCORE;
	if (x->type != y->type || x->nr != y->nr)
		return 0;
	n = n < 12 ? n : 12;
	more = more < 12 ? more : 12;
	for (unsigned int i = 0; i < n; i++)
		equal += x->fields[i].value == y->fields[i].value && x->fields[i].digest == y->fields[i].digest &&
			 x->fields[i].len == y->fields[i].len;
	return 2 + (x->result == y->result) * 2 + (more ? 8 * equal / more : 4);
}

static void
align_cells(struct aligner *al, size_t a0, size_t a1, size_t b0, size_t b1)
{
	size_t w = b1 - b0 + 1, h = a1 - a0 + 1, i, j;
	uint32_t *best = must_alloc(w * h * sizeof(*best));
	unsigned int s;

	for (i = h - 1; i-- > 0;) {
		for (j = w - 1; j-- > 0;) {
			uint32_t down = best[(i + 1) * w + j], right = best[i * w + j + 1], v = down > right ? down : right;

			s = similarity(&al->a[a0 + i], &al->b[b0 + j]);
			if (s && best[(i + 1) * w + j + 1] + s > v)
				v = best[(i + 1) * w + j + 1] + s;
			best[i * w + j] = v;
		}
	}
	for (i = j = 0; i + 1 < h || j + 1 < w;) {
		s = i + 1 < h && j + 1 < w ? similarity(&al->a[a0 + i], &al->b[b0 + j]) : 0;
		if (s && best[i * w + j] == best[(i + 1) * w + j + 1] + s)
			step(al, a0 + i++, b0 + j++);
		else if (i + 1 < h && (j + 1 >= w || best[i * w + j] == best[(i + 1) * w + j]))
			step(al, a0 + i++, ALIGN_NONE);
		else
			step(al, ALIGN_NONE, b0 + j++);
	}
	free(best);
}

/* Too long for cells: take the nearest pair of equal hashes within a window, again and again. */
static void
align_walk(struct aligner *al, size_t a0, size_t a1, size_t b0, size_t b1)
{
	while (a0 < a1 && b0 < b1) {
		size_t d, i, found = 0;

		for (d = 0; d < WINDOW && !found; d++) {
			for (i = 0; i <= d && !found; i++) {
				if (a0 + i < a1 && b0 + d - i < b1 && same(al, a0 + i, b0 + d - i)) {
					for (size_t k = 0; k < i; k++)
						step(al, a0++, ALIGN_NONE);
					for (size_t k = 0; k < d - i; k++)
						step(al, ALIGN_NONE, b0++);
					step(al, a0++, b0++);
					found = 1;
				}
			}
		}
		if (found)
			continue;
		if (similarity(&al->a[a0], &al->b[b0]))
			step(al, a0++, b0++);
		else
			step(al, a0++, ALIGN_NONE);
	}
	while (a0 < a1)
		step(al, a0++, ALIGN_NONE);
	while (b0 < b1)
		step(al, ALIGN_NONE, b0++);
}

static void
align_between(struct aligner *al, size_t a0, size_t a1, size_t b0, size_t b1)
{
	size_t a_end, b_end;

	while (a0 < a1 && b0 < b1 && same(al, a0, b0))
		step(al, a0++, b0++);
	a_end = a1;
	b_end = b1;
	while (a1 > a0 && b1 > b0 && same(al, a1 - 1, b1 - 1)) {
		a1--;
		b1--;
	}
	if (a0 == a1 || b0 == b1 || (a1 - a0) <= CELLS_MAX / (b1 - b0))
		align_cells(al, a0, a1, b0, b1);
	else
		align_walk(al, a0, a1, b0, b1);
	while (a1 < a_end && b1 < b_end)
		step(al, a1++, b1++);
}

struct occurrence {
	uint64_t hash;
	size_t at;
};

static int
by_hash(const void *x, const void *y)
{
	const struct occurrence *p = x, *q = y;

	return p->hash < q->hash ? -1 : p->hash > q->hash ? 1 : p->at < q->at ? -1 : p->at > q->at;
}

static int
by_a(const void *x, const void *y)
{
	const struct align_step *p = x, *q = y;

	return p->a < q->a ? -1 : p->a > q->a;
}

/* Those that occur once. */
static size_t
unique(const struct event *e, size_t n, struct occurrence *o)
{
	size_t out = 0;

	for (size_t i = 0; i < n; i++)
		o[i] = (struct occurrence){ e[i].hash, i };
	qsort(o, n, sizeof(*o), by_hash);
	for (size_t i = 0; i < n; i++)
		if ((i == 0 || o[i - 1].hash != o[i].hash) && (i + 1 == n || o[i + 1].hash != o[i].hash))
			o[out++] = o[i];
	return out;
}

/* The longest run of pairs (sorted by a) that rises in b too; their number. */
static size_t
rising(struct align_step *p, size_t n)
{
	size_t *tails = must_alloc(n * sizeof(*tails)), *before = must_alloc(n * sizeof(*before)), len = 0, lo, hi, at;
	struct align_step *kept = must_alloc(n * sizeof(*kept));

	for (size_t i = 0; i < n; i++) {
		for (lo = 0, hi = len; lo < hi;) {
			size_t mid = (lo + hi) / 2;

			if (p[tails[mid]].b < p[i].b)
				lo = mid + 1;
			else
				hi = mid;
		}
		before[i] = lo ? tails[lo - 1] : ALIGN_NONE;
		tails[lo] = i;
		len = lo == len ? len + 1 : len;
	}
	at = len ? tails[len - 1] : ALIGN_NONE;
	for (size_t i = len; i-- > 0; at = before[at])
		kept[i] = p[at];
	memcpy(p, kept, len * sizeof(*p));
	free(tails);
	free(before);
	free(kept);
	return len;
}

static size_t
anchors(const struct event *a, size_t na, const struct event *b, size_t nb, struct align_step *p)
{
	struct occurrence *oa = must_alloc(na * sizeof(*oa)), *ob = must_alloc(nb * sizeof(*ob));
	size_t ua = unique(a, na, oa), ub = unique(b, nb, ob), n = 0, i = 0, j = 0;

	while (i < ua && j < ub) {
		if (oa[i].hash == ob[j].hash)
			p[n++] = (struct align_step){ oa[i++].at, ob[j++].at };
		else if (oa[i].hash < ob[j].hash)
			i++;
		else
			j++;
	}
	free(oa);
	free(ob);
	qsort(p, n, sizeof(*p), by_a);
	return rising(p, n);
}

void
align(const struct event *a, size_t na, const struct event *b, size_t nb, struct alignment *out)
{
	struct aligner al = { .a = a, .b = b, .out = out };
	struct align_step *p = must_alloc((na < nb ? na : nb) * sizeof(*p));
	size_t n = anchors(a, na, b, nb, p), a0 = 0, b0 = 0;

	*out = (struct alignment){ NULL, 0 };
	for (size_t i = 0; i < n; i++) {
		align_between(&al, a0, p[i].a, b0, p[i].b);
		step(&al, p[i].a, p[i].b);
		a0 = p[i].a + 1;
		b0 = p[i].b + 1;
	}
	align_between(&al, a0, na, b0, nb);
	free(p);
}
