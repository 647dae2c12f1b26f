/* SPDX-License-Identifier: MIT
 *
 * Instructions that kernel text may hold, since they are followed by a check: each is noted in a table, and the start-up scan
 * (trap/resident/scan.c) refuses to run with keys if their bytes are anywhere else. rdpkru does no harm; it is noted since it has to be found
 * where there are no keys (trap/resident/boot.c).
 */
#ifndef STEAD_TRAP_RESIDENT_VETTED_H
#define STEAD_TRAP_RESIDENT_VETTED_H

#define VETTED(insn) "771:	" insn "\n	.pushsection kvetted, \"a\"\n	.long 771b - .\n	.popsection\n"

#endif
