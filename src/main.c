/* SPDX-License-Identifier: MIT
 *
 * The stead command: picks the subcommand.
 */
#include <stdio.h>
#include <string.h>

int
main(int argc, char **argv)
{
	if (argc > 1 && strcmp(argv[1], "--version") == 0) {
		puts("stead 0.1");
		return 0;
	}
	fputs("stead: no subcommand; try: stead run -- PROGRAM\n", stderr);
	return 125;
}
