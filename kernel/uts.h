/* SPDX-License-Identifier: MIT
 *
 * What uname(2) and /proc/version say. The release is that of the Linux whose behaviour is followed.
 */
#ifndef STEAD_KERNEL_UTS_H
#define STEAD_KERNEL_UTS_H

#define UTS_NAME_MAX 64
#define UTS_SYSNAME  "Linux"
#define UTS_MINOR    12
#define UTS_RELEASE  "6.12.0-stead"
#define UTS_VERSION  "#1 SMP PREEMPT_DYNAMIC stead 0.1"
#define UTS_MACHINE  "x86_64"

#endif
