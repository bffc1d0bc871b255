/* SPDX-License-Identifier: Apache-2.0 */
/* Each call of calls.def with arguments that make sense, then with every value of each argument's kind in its place,
 * then with random values in all places; every one in a process of its own, in a folder of its own, with every
 * register watched. */
#include "tests/conformance/call_surroundings.h"
#include "tests/conformance/watched_call.h"

#include <sys/wait.h>

enum { RANDOM_CASES = 8 };

static const struct left_out {
    const char *call;
    int argument;
    const char *value;
} left_out[] = {
#define LEFT_OUT(call, argument, value) { #call, argument, value },
#include "tests/conformance/calls.def"
#undef LEFT_OUT
};

static bool is_left_out(const struct call *call, const size_t choices[CALL_ARGUMENTS])
{
    for (size_t i = 0; i < sizeof left_out / sizeof *left_out; i++) {
        const struct left_out *l = &left_out[i];
        const char *value = call->kinds[l->argument].values[choices[l->argument]].name;
        if (!strcmp(l->call, call->name) && !strcmp(l->value, value)) return true;
    }
    return false;
}

/* ---- cases ---- */

static int cases, broken;

/* The child's last words. They are shared memory, because a call may close any descriptor. */
static struct outcome {
    long result;
    bool is_kept;
} *said;
enum { NOTHING_SAID = -1000000 };

static void run_child(const struct call *call, const uint64_t arguments[CALL_ARGUMENTS])
{
    char name[32];
    snprintf(name, sizeof name, "case%d", cases);
    make_files(name);
    make_other_descriptors();
    alarm(10);
    bool is_kept;
    long result = watched_call(call->number, arguments, &is_kept);
    *said = (struct outcome){ result, is_kept };
    _exit(0);
}

static void print_outcome(const struct call *call, int status)
{
    if (status)
        printf("ended with status %#x\n", (unsigned)status);
    else if (said->result < 0 && said->result > -4096)
        printf("%s\n", error_name((int)-said->result));
    else if (said->result >= 0 && call->print == DONE)
        printf("done\n");
    else
        printf("%ld\n", said->result);
    if (!status && !said->is_kept) broken++, printf("a register changed\n");
}

static void run_case(const struct call *call, const size_t choices[CALL_ARGUMENTS])
{
    uint64_t arguments[CALL_ARGUMENTS];
    if (is_left_out(call, choices)) return;
    *said = (struct outcome){ .result = NOTHING_SAID };
    printf("%s(", call->name);
    for (int i = 0; i < CALL_ARGUMENTS; i++) {
        const struct value *v = &call->kinds[i].values[choices[i]];
        arguments[i] = v->value;
        if (call->kinds[i].values != ZERO) printf("%s%s", i ? ", " : "", v->name);
    }
    printf("): ");
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) run_child(call, arguments);
    int status = 0;
    MUST(waitpid(child, &status, 0) == child);
    cases++;
    print_outcome(call, status);
}

static uint32_t pick(size_t below)
{
    static uint64_t state = 1;
    state = state * 6364136223846793005ull + 1442695040888963407ull; /* Knuth's MMIX */
    return (uint32_t)((state >> 33) % below);
}

static void run_call(const struct call *call)
{
    size_t choices[CALL_ARGUMENTS] = { 0 };
    run_case(call, choices);
    for (int i = 0; i < CALL_ARGUMENTS; i++) {
        for (choices[i] = 1; choices[i] < call->kinds[i].count; choices[i]++) run_case(call, choices);
        choices[i] = 0;
    }
    for (int turn = 0; turn < RANDOM_CASES; turn++) {
        for (int i = 0; i < CALL_ARGUMENTS; i++) choices[i] = pick(call->kinds[i].count);
        run_case(call, choices);
    }
}

int main(int argc, char **argv)
{
    work_in(argc, argv);
    map_window(MAP_PRIVATE);
    said = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    MUST(said != MAP_FAILED);
    for (size_t i = 0; i < sizeof calls / sizeof *calls; i++) run_call(&calls[i]);
    printf("calls that changed a register: %d\n# %d cases\n", broken, cases);
    return 0;
}
