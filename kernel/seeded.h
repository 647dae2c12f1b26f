/* SPDX-License-Identifier: MIT
 *
 * Faults on purpose. They are compiled into tests/stead-seeded only, which shows that the tests of the kernel's behaviour can fail:
 * `stead diff` has to find each of them (tests/programs/check-seeded). What differs is said where the macro is used.
 */
#ifndef STEAD_KERNEL_SEEDED_H
#define STEAD_KERNEL_SEEDED_H

#ifdef SEED_FAULT
#define SEEDED(right, wrong) (wrong)
#else
#define SEEDED(right, wrong) (right)
#endif

#endif
