/* SPDX-License-Identifier: Apache-2.0 */
/* futex: what is refused, how long a wait lasts, who is woken, and what WAKE_OP makes of a word. */
#include "tests/conformance/sleepers.h"

static char *bad; /* a page that nobody may touch */
static _Atomic int *bad_word, *odd_word, *kernel_word;
static _Atomic int word, other;

static void waits_refused(void)
{
    static const struct timespec soon = { 0, MS }, none = { 0, 0 }, negative = { -1, 0 },
                                 too_fine = { 0, 1000000000 }, too_fine_too = { 0, -1 };
    static const int scopes[] = { 0, PRIVATE };
    for (int i = 0; i < 2; i++) {
        int scope = scopes[i];
        printf("-- %s\n", scope ? "private" : "shared");
        word = 5;
        CASE("wait, another value", futex(&word, FUTEX_WAIT | scope, 4, NULL, NULL, 0));
        CASE("wait, its sign counts", futex(&word, FUTEX_WAIT | scope, -5, &soon, NULL, 0));
        CASE("wait, no time", futex(&word, FUTEX_WAIT | scope, 5, &none, NULL, 0));
        CASE("wait, some time", futex(&word, FUTEX_WAIT | scope, 5, &soon, NULL, 0));
        CASE("wait, a negative time", futex(&word, FUTEX_WAIT | scope, 5, &negative, NULL, 0));
        CASE("wait, a second of nanoseconds", futex(&word, FUTEX_WAIT | scope, 5, &too_fine, NULL, 0));
        CASE("wait, negative nanoseconds", futex(&word, FUTEX_WAIT | scope, 5, &too_fine_too, NULL, 0));
        CASE("wait, the time cannot be read",
             futex(&word, FUTEX_WAIT | scope, 5, (const struct timespec *)bad, NULL, 0));
        CASE("wait, that and an odd address",
             futex(odd_word, FUTEX_WAIT | scope, 5, (const struct timespec *)bad, NULL, 0));
        CASE("wait, bad time and another value", futex(&word, FUTEX_WAIT | scope, 4, &too_fine, NULL, 0));
        CASE("wait, an odd address", futex(odd_word, FUTEX_WAIT | scope, 5, &soon, NULL, 0));
        CASE("wait, no access", futex(bad_word, FUTEX_WAIT | scope, 5, &soon, NULL, 0));
        CASE("wait, nowhere", futex(NULL, FUTEX_WAIT | scope, 5, &soon, NULL, 0));
        CASE("wait, in the kernel", futex(kernel_word, FUTEX_WAIT | scope, 5, &soon, NULL, 0));
        CASE("wait, no bits", futex(&word, FUTEX_WAIT_BITSET | scope, 5, &soon, NULL, 0));
        CASE("wait, no bits and another value", futex(&word, FUTEX_WAIT_BITSET | scope, 4, NULL, NULL, 0));
        CASE("wait, some bits and another value", futex(&word, FUTEX_WAIT_BITSET | scope, 4, NULL, NULL, 6));
    }
    CASE("wait by the other clock", futex(&word, FUTEX_WAIT | FUTEX_CLOCK_REALTIME, 5, &none, NULL, 0));
}

static void others_refused(void)
{
    static const int scopes[] = { 0, PRIVATE };
    for (int i = 0; i < 2; i++) {
        int scope = scopes[i];
        printf("-- %s\n", scope ? "private" : "shared");
        CASE("wake nobody", futex(&word, FUTEX_WAKE | scope, 1, NULL, NULL, 0));
        CASE("wake, an odd address", futex(odd_word, FUTEX_WAKE | scope, 1, NULL, NULL, 0));
        CASE("wake, no access", futex(bad_word, FUTEX_WAKE | scope, 1, NULL, NULL, 0));
        CASE("wake, in the kernel", futex(kernel_word, FUTEX_WAKE | scope, 1, NULL, NULL, 0));
        CASE("wake, no bits", futex(&word, FUTEX_WAKE_BITSET | scope, 1, NULL, NULL, 0));
        CASE("requeue nobody", futex2(&word, FUTEX_REQUEUE | scope, 1, 1, &other, 0));
        CASE("requeue, an odd address", futex2(&word, FUTEX_REQUEUE | scope, 1, 1, odd_word, 0));
        CASE("requeue, a negative count", futex2(&word, FUTEX_REQUEUE | scope, -1, 1, &other, 0));
        CASE("requeue, another negative count", futex2(&word, FUTEX_REQUEUE | scope, 1, -1, &other, 0));
        CASE("requeue, another value", futex2(&word, FUTEX_CMP_REQUEUE | scope, 1, 1, &other, 77));
        CASE("requeue, the value", futex2(&word, FUTEX_CMP_REQUEUE | scope, 1, 1, &other, 5));
        CASE("requeue, no access", futex2(bad_word, FUTEX_CMP_REQUEUE | scope, 1, 1, &other, 5));
        CASE("requeue to the kernel", futex2(&word, FUTEX_REQUEUE | scope, 1, 1, kernel_word, 0));
        CASE("wake-op, no access", futex2(&word, FUTEX_WAKE_OP | scope, 1, 1, bad_word, 0));
        CASE("wake-op, an odd address", futex2(&word, FUTEX_WAKE_OP | scope, 1, 1, odd_word, 0));
        CASE("wake-op, no such operation", futex2(&word, FUTEX_WAKE_OP | scope, 1, 1, &other, 5u << 28));
        CASE("wake-op, no such comparison", futex2(&word, FUTEX_WAKE_OP | scope, 1, 1, &other, 6u << 24));
    }
    CASE("wake by a clock", futex(&word, FUTEX_WAKE | FUTEX_CLOCK_REALTIME, 1, NULL, NULL, 0));
    CASE("an operation that is gone", futex(&word, 2, 1, NULL, NULL, 0));
    CASE("one that never was", futex(&word, 14, 1, NULL, NULL, 0));
    CASE("nor this", futex(&word, 127, 1, NULL, NULL, 0));
}

static void timeouts(void)
{
    static const struct {
        const char *name;
        int clock, flag;
    } clocks[] = { { "monotonic", CLOCK_MONOTONIC, 0 },
                   { "realtime", CLOCK_REALTIME, FUTEX_CLOCK_REALTIME } };
    word = 0;
    int64_t before = now_ns(CLOCK_MONOTONIC);
    struct timespec t = { 0, 20 * MS };
    CASE("wait 20 ms", futex(&word, FUTEX_WAIT | PRIVATE, 0, &t, NULL, 0));
    HOLDS("they have passed", now_ns(CLOCK_MONOTONIC) - before >= 20 * MS);
    for (int i = 0; i < 2; i++) {
        int op = FUTEX_WAIT_BITSET | PRIVATE | clocks[i].flag;
        printf("-- %s\n", clocks[i].name);
        t = (struct timespec){ 1, 0 };
        CASE("a moment long past", futex(&word, op, 0, &t, NULL, 1));
        t = (struct timespec){ 0, 0 };
        CASE("the first moment", futex(&word, op, 0, &t, NULL, 1));
        t = after_ms(clocks[i].clock, 20);
        CASE("a moment to come", futex(&word, op, 0, &t, NULL, 1));
        int64_t until = t.tv_sec * 1000000000ll + t.tv_nsec;
        HOLDS("it has come", now_ns(clocks[i].clock) >= until);
        t = (struct timespec){ 1, -1 };
        CASE("no moment", futex(&word, op, 0, &t, NULL, 1));
    }
}

static void waking(void)
{
    long count;
    add_sleepers(3, &word);
    CASE("wake one of three", count = futex(&word, FUTEX_WAKE | PRIVATE, 1, NULL, NULL, 0));
    tell("the first", "%s", awake(count));
    CASE("of another scope", futex(&word, FUTEX_WAKE, 1, NULL, NULL, 0));
    CASE("one word further", futex(&word + 1, FUTEX_WAKE | PRIVATE, 1, NULL, NULL, 0));
    CASE("as many as there are", futex(&word, FUTEX_WAKE | PRIVATE, INT32_MAX, NULL, NULL, 0));
    tell("woken in all", "%d", end_sleepers());

    add_sleepers(3, &word);
    CASE("wake two", count = futex(&word, FUTEX_WAKE | PRIVATE, 2, NULL, NULL, 0));
    tell("the first two", "%s", awake(count));
    CASE("the last", futex(&word, FUTEX_WAKE | PRIVATE, 2, NULL, NULL, 0));
    CASE("nobody more", futex(&word, FUTEX_WAKE | PRIVATE, 2, NULL, NULL, 0));
    tell("woken in all", "%d", end_sleepers());

    add_sleeper(&word, 1, PRIVATE);
    add_sleeper(&word, 2, PRIVATE);
    add_sleeper(&word, 6, PRIVATE);
    CASE("bit 3 wakes nobody", futex(&word, FUTEX_WAKE_BITSET | PRIVATE, 9, NULL, NULL, 8));
    CASE("bit 2 wakes one", count = futex(&word, FUTEX_WAKE_BITSET | PRIVATE, 9, NULL, NULL, 4));
    tell("the one that has it", "%s", awake(count));
    CASE("bits 0 and 1, at most one", count = futex(&word, FUTEX_WAKE_BITSET | PRIVATE, 1, NULL, NULL, 3));
    tell("the first", "%s", awake(1 + count));
    CASE("any bit by a plain wake", futex(&word, FUTEX_WAKE | PRIVATE, 9, NULL, NULL, 0));
    tell("woken in all", "%d", end_sleepers());
}

static void requeueing(void)
{
    long count;
    add_sleepers(4, &word);
    CASE("wake one, move two", count = futex2(&word, FUTEX_CMP_REQUEUE | PRIVATE, 1, 2, &other, 0));
    tell("awake", "%s", awake(count - 2));
    CASE("those who stayed", futex(&word, FUTEX_WAKE | PRIVATE, 9, NULL, NULL, 0));
    tell("awake", "%s", awake(2));
    CASE("the first who moved", futex(&other, FUTEX_WAKE | PRIVATE, 1, NULL, NULL, 0));
    tell("awake", "%s", awake(3));
    CASE("the second", futex(&other, FUTEX_WAKE | PRIVATE, 9, NULL, NULL, 0));
    tell("woken in all", "%d", end_sleepers());

    add_sleepers(3, &word);
    CASE("requeue counts the woken", futex2(&word, FUTEX_REQUEUE | PRIVATE, 1, 9, &other, 0));
    CASE("they are all there", futex(&other, FUTEX_WAKE | PRIVATE, 9, NULL, NULL, 0));
    tell("woken in all", "%d", end_sleepers());

    add_sleepers(2, &word);
    CASE("another value moves nobody", futex2(&word, FUTEX_CMP_REQUEUE | PRIVATE, 1, 9, &other, 1));
    CASE("nobody is there", futex(&other, FUTEX_WAKE | PRIVATE, 9, NULL, NULL, 0));
    CASE("to where they are", futex2(&word, FUTEX_CMP_REQUEUE | PRIVATE, 0, 9, &word, 0));
    CASE("they are there still", futex(&word, FUTEX_WAKE | PRIVATE, 9, NULL, NULL, 0));
    tell("woken in all", "%d", end_sleepers());
}

static void operations(void)
{
    static const struct {
        const char *name;
        int op, argument, before;
    } changes[] = {
        { "set 7", FUTEX_OP_SET, 7, 100 },
        { "set -1", FUTEX_OP_SET, 0xfff, 100 },
        { "set the largest", FUTEX_OP_SET, 0x7ff, 100 },
        { "add 7", FUTEX_OP_ADD, 7, 100 },
        { "add -1", FUTEX_OP_ADD, 0xfff, 0 },
        { "or 6", FUTEX_OP_OR, 6, 8 },
        { "and not 6", FUTEX_OP_ANDN, 6, 15 },
        { "exclusive or 6", FUTEX_OP_XOR, 6, 3 },
        { "set bit 4", FUTEX_OP_SET | FUTEX_OP_OPARG_SHIFT, 4, 3 },
        { "add bit 31", FUTEX_OP_ADD | FUTEX_OP_OPARG_SHIFT, 31, 3 },
        { "or bit 4", FUTEX_OP_OR | FUTEX_OP_OPARG_SHIFT, 4, 3 },
        { "not bit 1", FUTEX_OP_ANDN | FUTEX_OP_OPARG_SHIFT, 1, 3 },
        { "turn bit 1", FUTEX_OP_XOR | FUTEX_OP_OPARG_SHIFT, 1, 3 },
    };
    for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
        other = changes[i].before;
        long result = futex2(&word, FUTEX_WAKE_OP | PRIVATE, 1, 1, &other,
                             FUTEX_OP(changes[i].op, changes[i].argument, FUTEX_OP_CMP_EQ, 2000));
        tell(changes[i].name, "%ld, %d to %d", result, changes[i].before, other);
    }
    static const char *const comparisons[] = { "=", "not =", "<", "<=", ">", ">=" };
    static const int values[] = { 4, 5, 6 };
    for (unsigned c = 0; c < 6; c++)
        for (int i = 0; i < 3; i++) {
            char name[40];
            snprintf(name, sizeof name, "wake-op when 5 is %s %d", comparisons[c], values[i]);
            other = 5;
            add_sleepers(1, &word);
            add_sleepers(1, &other);
            long result = futex2(&word, FUTEX_WAKE_OP | PRIVATE, 1, 1, &other,
                                 FUTEX_OP(FUTEX_OP_SET, 9, c, (unsigned)values[i]));
            tell(name, "%ld, now %d, awake %s", result, other, awake(result));
            futex(&other, FUTEX_WAKE | PRIVATE, 9, NULL, NULL, 0);
            end_sleepers();
        }
    other = -2;
    CASE("what is compared has a sign", futex2(&word, FUTEX_WAKE_OP | PRIVATE, 1, 1, &other,
                                               FUTEX_OP(FUTEX_OP_ADD, 1, FUTEX_OP_CMP_LT, 0xfff)));
}

int main(int argc, char **argv)
{
    begin_cases(argc, argv);
    bad = map_bad();
    bad_word = (_Atomic int *)bad;
    odd_word = (_Atomic int *)((char *)&word + 1);
    kernel_word = (_Atomic int *)0xffff800000000000;
    waits_refused();
    others_refused();
    timeouts();
    word = 0;
    waking();
    requeueing();
    operations();
    return end_cases();
}
