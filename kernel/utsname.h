/* SPDX-License-Identifier: MIT
 *
 * What the kernel calls itself: uname(2), /proc/version, /proc/sys/kernel. The release is the Linux whose interfaces are meant.
 */
#ifndef STEAD_KERNEL_UTSNAME_H
#define STEAD_KERNEL_UTSNAME_H

#define UTS_SYSNAME    "Linux"
#define UTS_RELEASE    "6.1.0"
#define UTS_VERSION    "#1 SMP PREEMPT_DYNAMIC stead 0.1"
#define UTS_MACHINE    "x86_64"
#define UTS_DOMAINNAME "(none)"

#endif
