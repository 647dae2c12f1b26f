/* SPDX-License-Identifier: MIT
 *
 * Equal calls at other places, where directories came in another order.
 */
#ifndef STEAD_SRC_DIFF_MOVED_H
#define STEAD_SRC_DIFF_MOVED_H

#include "src/diff/pass.h"

/**
 * excuse_moved() - let calls pass whose equal stands at another place
 * @p: the task, judged; nothing is done if its directories did not come in another order
 */
void excuse_moved(struct pass *p);

#endif
