/* SPDX-License-Identifier: MIT
 *
 * errno values, with the four in-kernel restart codes that never reach a program (signal(7), "Interruption of system calls").
 */
#ifndef STEAD_KERNEL_ERRNO_H
#define STEAD_KERNEL_ERRNO_H

#include <asm/errno.h>

#define ERESTARTSYS	      512 /* restart if the handler has SA_RESTART or there is none, else EINTR */
#define ERESTARTNOINTR	      513 /* always restart */
#define ERESTARTNOHAND	      514 /* restart only if no handler ran */
#define ENOIOCTLCMD	      515 /* an ioctl handler does not know the command: becomes ENOTTY */
#define ERESTART_RESTARTBLOCK 516 /* restart by restart_syscall(2) if no handler ran, else EINTR */

#endif
