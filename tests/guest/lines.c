/* SPDX-License-Identifier: Apache-2.0 */
/* Says what it is told, line by line, until "quit". */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

int main(void)
{
    char line[200];
    printf("terminal: %s\n", isatty(0) && isatty(1) ? "yes" : "no");
    fflush(stdout);
    while (fgets(line, sizeof(line), stdin)) {
        line[strcspn(line, "\n")] = 0;
        if (!strcmp(line, "quit")) return 3;
        printf("got <%s>\n", line);
        fflush(stdout);
    }
    return 4;
}
