/* SPDX-License-Identifier: MIT
 *
 * Looking out for a wake-up before going to sleep.
 */
#ifndef STEAD_TRAP_RESIDENT_SPIN_H
#define STEAD_TRAP_RESIDENT_SPIN_H

#include "kernel/types.h"

struct task;

/**
 * resident_spin() - trap_ops.spin
 * @t: the current task, t->spin.limit is not 0
 *
 * Context: the caller holds no lock. Takes t->spin.limit cycles at most, a few microseconds.
 */
void resident_spin(struct task *t);

/**
 * spin_before_sleep() - what spin_after_sleep() is to be told
 * @t: the current task
 *
 * Return: the time, if it is worth asking for; else 0.
 */
uint64_t spin_before_sleep(struct task *t);

/**
 * spin_after_sleep() - decide whether to look out next time
 * @t: the current task, which somebody has woken
 * @since: from spin_before_sleep()
 */
void spin_after_sleep(struct task *t, uint64_t since);

/**
 * spin_note_waker() - before a task is woken: on which CPU that is done
 * @t: the task
 */
void spin_note_waker(struct task *t);

/**
 * spin_init() - start anew
 * @t: the task, which does not sleep now
 */
void spin_init(struct task *t);

#endif
