/* SPDX-License-Identifier: Apache-2.0 */
/* What a program costs from its start to its end, in counted instructions: program_cost TIMES PROGRAM [ARGUMENT...].
 * Each time it is started anew by fork and execve, with our environment, and waited for; between those two readings of
 * the counter lie its own instructions and all that the kernel did for it. Its output goes to /dev/null, its errors to
 * ours. Prints a line "run<TAB>count" for each; the first finds cold caches. */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench/measure.h"

static void run(char **words)
{
    pid_t pid = fork();
    if (pid == 0) {
        int null_fd = open("/dev/null", O_WRONLY);
        if (null_fd >= 0 && dup2(null_fd, STDOUT_FILENO) >= 0) execvp(words[0], words);
        perror(words[0]);
        _exit(127);
    }
    int status;
    if (pid < 0 || waitpid(pid, &status, 0) != pid || status != 0) {
        fprintf(stderr, "program_cost: %s: status %#x, %m\n", words[0], (unsigned)status);
        exit(1);
    }
}

int main(int argc, char **argv)
{
    int times = argc > 2 ? atoi(argv[1]) : 0;
    if (times < 1) {
        fputs("usage: program_cost TIMES PROGRAM [ARGUMENT...]\n", stderr);
        return 2;
    }
    for (int i = 0; i < times; i++) {
        uint64_t before = tsc();
        run(argv + 2);
        printf("run\t%llu\n", (unsigned long long)(tsc() - before));
    }
    return 0;
}
