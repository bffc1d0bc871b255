/* SPDX-License-Identifier: Apache-2.0 */
/* The smallest program anybody writes; its status is its first argument. */
#include <stdio.h>
#include <stdlib.h>

int main(int argc, char **argv)
{
    printf("hello from %s\n", argv[0]);
    return argc > 1 ? atoi(argv[1]) : 0;
}
