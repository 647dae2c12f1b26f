/* SPDX-License-Identifier: MIT
 *
 * Equal calls at other places, where directories came in another order.
 */
#include "src/diff/moved.h"

#include "src/diff/pair.h"

/* Find each different native event's equal elsewhere on stead's side, in number of descriptors too (@exactly) or but for
 * those. */
static void
match_moved(struct pass *p, bool exactly)
{
	struct task_comparison *t = p->t;

	for (size_t i = 0; i < t->al.n; i++) {
		const struct event *a = step_native(t, i);

		if (!a || t->outcome[i] != RULE_DIFFERENT || (t->moved[i] & 1))
			continue;
		for (size_t j = 0; j < t->al.n; j++) {
			const struct event *b = step_stead(t, j);

			if (!b || (t->moved[j] & 2) || t->outcome[j] != RULE_DIFFERENT || a->nr != b->nr ||
			    (exactly && i == j))
				continue;
			if (exactly ? a->hash != b->hash : !same_but_descriptors(a, t->ra, b, p->rb))
				continue;
			t->moved[i] |= 1;
			t->moved[j] |= 2;
			break;
		}
	}
}

/* Where directories came in another order, equal calls may stand at different places. */
void
excuse_moved(struct pass *p)
{
	struct task_comparison *t = p->t;

	if (!p->order_differs)
		return;
	match_moved(p, true);
	match_moved(p, false);
	for (size_t i = 0; i < t->al.n; i++) {
		unsigned int needed = (t->al.steps[i].a != ALIGN_NONE ? 1u : 0) | (t->al.steps[i].b != ALIGN_NONE ? 2u : 0);

		if (t->outcome[i] == RULE_DIFFERENT && (t->moved[i] & needed) == needed)
			t->outcome[i] = RULE_DIRECTORY_ORDER;
	}
}
