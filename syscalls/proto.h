/* SPDX-License-Identifier: MIT
 *
 * Prototypes of all sys_ functions, made from syscalls/table: a definition that does not fit its row does not compile.
 */
#ifndef STEAD_SYSCALLS_PROTO_H
#define STEAD_SYSCALLS_PROTO_H

#include "kernel/types.h"

struct task;

#include "syscalls/gen/proto.h"

#endif
