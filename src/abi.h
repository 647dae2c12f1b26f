/* SPDX-License-Identifier: MIT
 *
 * Structures of the kernel's interface where libc's are others.
 */
#ifndef STEAD_SRC_ABI_H
#define STEAD_SRC_ABI_H

#include <stdint.h>

struct abi_sigaction {
	uint64_t handler, flags, restorer, mask;
};

struct abi_termios {
	uint32_t iflag, oflag, cflag, lflag;
	unsigned char line, cc[19];
};

#endif
