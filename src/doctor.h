/* SPDX-License-Identifier: MIT
 *
 * What this host can do, found out by trying.
 */
#ifndef STEAD_SRC_DOCTOR_H
#define STEAD_SRC_DOCTOR_H

#include <stdbool.h>

#include "src/options.h"

/**
 * doctor_can() - can this host run a trap?
 * @trap: RUN_TRAP_RESIDENT or RUN_TRAP_REMOTE
 * @why: the first thing that is missing, a static string; untouched when nothing is
 *
 * Probes in child processes; takes a few milliseconds for the resident trap.
 * Return: true if it can.
 */
bool doctor_can(enum run_trap trap, const char **why);

/**
 * doctor_choose() - the trap that --trap=auto takes
 *
 * Return: RUN_TRAP_RESIDENT if this host can run it and no flaw of the processor is known that goes past it, else
 * RUN_TRAP_REMOTE. One child process at most; on a host without protection keys, none.
 */
enum run_trap doctor_choose(void);

#endif
