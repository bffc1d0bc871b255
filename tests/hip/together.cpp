// SPDX-License-Identifier: Apache-2.0
// Most programs of this folder in one process, one after the other. HIP compiles kernels of its own anew in every
// process, which an emulated processor takes seconds for; what is judged here is not that.
// Each program is compiled with main renamed to main_NAME; PROGRAMS lists them as PROGRAM(NAME).
// Usage: together NAME...
#include <cstdio>
#include <cstdlib>
#include <cstring>

#define PROGRAM(name) int main_##name();
PROGRAMS
#undef PROGRAM

extern void (*test_give_up)(int status);

struct program {
    const char *name;
    int (*main)();
};

static const program programs[] = {
#define PROGRAM(name) { #name, main_##name },
    PROGRAMS
#undef PROGRAM
};

// The destructors of a program that gives up run, so that the next one finds the device's memory free.
static void give_up(int status) { throw status; }

static int run(const char *name)
{
    for (const program &p : programs) {
        if (strcmp(p.name, name) != 0) continue;
        try {
            return p.main();
        } catch (int status) {
            return status;
        }
    }
    printf("%s: no such program\n", name);
    return 2;
}

int main(int argc, char **argv)
{
    int failed = 0;
    test_give_up = give_up;
    for (int i = 1; i < argc; i++) {
        printf("== %s\n", argv[i]);
        fflush(stdout);
        int status = run(argv[i]);
        printf("== ended %d\n", status);
        fflush(stdout);
        failed += status != 0;
    }
    return failed ? 1 : 0;
}
