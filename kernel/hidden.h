/* SPDX-License-Identifier: MIT
 *
 * Put before every kernel source by the build: nothing of the kernel is reached through the image's GOT, which guest processes lack.
 */
#pragma GCC visibility push(hidden)
