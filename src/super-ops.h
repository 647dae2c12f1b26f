/* SPDX-License-Identifier: MIT
 *
 * What the kernel asks of its supervisor, answered in the supervisor itself.
 */
#ifndef STEAD_SRC_SUPER_OPS_H
#define STEAD_SRC_SUPER_OPS_H

struct super_ops;

extern const struct super_ops supervisor_ops;

#endif
