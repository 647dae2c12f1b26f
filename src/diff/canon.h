/* SPDX-License-Identifier: MIT
 *
 * Brings a run into a form in which two runs can be compared: what the order of things happens to be is taken out.
 */
#ifndef STEAD_SRC_DIFF_CANON_H
#define STEAD_SRC_DIFF_CANON_H

#include "src/diff/record.h"

/**
 * canonicalise() - sort, merge and set apart
 * @run: changed: what comes before the program's execve is gone; restarted calls and reads of one directory are one call;
 *	handlers of signals from elsewhere are tasks of their own, named "0.1 in SIGCHLD"; hashes are set
 */
void canonicalise(struct run *run);

/**
 * follow_descriptors() - find what each call's descriptors are, and which signals have handlers
 * @run: events are sorted within each task; marked
 */
void follow_descriptors(struct run *run);

#endif
