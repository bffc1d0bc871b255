/* SPDX-License-Identifier: Apache-2.0 */
/* What flows in and out of a program: `streams echo|slow|out BYTES|both|words`. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

static int echo(size_t piece, long pause_ns)
{
    static char bytes[65536];
    ssize_t count;
    while ((count = read(0, bytes, piece)) > 0) {
        if (pause_ns) nanosleep(&(struct timespec){ 0, pause_ns }, NULL);
        for (ssize_t done = 0; done < count;) {
            ssize_t now = write(1, bytes + done, (size_t)(count - done));
            if (now <= 0) return 2;
            done += now;
        }
    }
    return count < 0;
}

static int out(long bytes)
{
    for (long i = 0; i < bytes; i++) putchar((int)((unsigned long)i * 2654435761u >> 24 & 0xff));
    return 0;
}

static int both(void)
{
    for (int i = 0; i < 1000; i++) {
        printf("out %d\n", i);
        fprintf(stderr, "err %d\n", i);
    }
    return 0;
}

/* Every byte that came, each string ended by a newline that cannot be taken for its own. */
static int words(char **argv)
{
    for (; *argv; argv++) printf("argument %zu:%s;\n", strlen(*argv), *argv);
    for (char **at = environ; *at; at++) printf("variable %zu:%s;\n", strlen(*at), *at);
    return 0;
}

int main(int argc, char **argv)
{
    if (argc < 2) return 100;
    if (!strcmp(argv[1], "echo")) return echo(65536, 0);
    if (!strcmp(argv[1], "slow")) return echo(8192, 5000000);
    if (!strcmp(argv[1], "out") && argc > 2) return out(atol(argv[2]));
    if (!strcmp(argv[1], "both")) return both();
    if (!strcmp(argv[1], "words")) return words(argv + 2);
    return 101;
}
