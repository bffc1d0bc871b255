/* SPDX-License-Identifier: Apache-2.0 */
/* Futexes that know their owner, as the C libraries use them for mutexes with priority inheritance; and futexes
 * in memory that two processes or two mappings share. */
#include "tests/conformance/sleepers.h"

enum { OWNER = FUTEX_TID_MASK };

static _Atomic int lock;

/* Whose lock it is, and what else the word says. */
static const char *lock_text(_Atomic int *word, int ours, int theirs)
{
    static char text[60];
    int value = *word, owner = value & OWNER;
    snprintf(text, sizeof text, "%s%s%s",
             owner == 0        ? "free"
             : owner == ours   ? "ours"
             : owner == theirs ? "theirs"
                               : "somebody's",
             (unsigned)value & FUTEX_WAITERS ? ", waiters" : "",
             value & FUTEX_OWNER_DIED ? ", its owner died" : "");
    return text;
}
static long lock_pi(_Atomic int *word, const struct timespec *until)
{
    return futex(word, FUTEX_LOCK_PI | PRIVATE, 0, until, NULL, 0);
}
static long trylock_pi(_Atomic int *word)
{
    return futex(word, FUTEX_TRYLOCK_PI | PRIVATE, 0, NULL, NULL, 0);
}
static long unlock_pi(_Atomic int *word) { return futex(word, FUTEX_UNLOCK_PI | PRIVATE, 0, NULL, NULL, 0); }

static void alone(void)
{
    int ours = getpid();
    struct timespec past = { 1, 0 }, too_fine = { 1, 1000000000 };
    lock = 0;
    CASE("lock what is free", lock_pi(&lock, NULL));
    tell("the lock", "%s", lock_text(&lock, ours, -1));
    CASE("lock it again", lock_pi(&lock, NULL));
    CASE("try it again", trylock_pi(&lock));
    CASE("unlock", unlock_pi(&lock));
    tell("the lock", "%s", lock_text(&lock, ours, -1));
    CASE("unlock what is free", unlock_pi(&lock));
    CASE("try what is free", trylock_pi(&lock));
    CASE("unlock", unlock_pi(&lock));
    lock = 0x3ffffff;
    CASE("lock what nobody's is", lock_pi(&lock, &past));
    CASE("unlock another's", unlock_pi(&lock));
    CASE("no time", lock_pi(&lock, &too_fine));
    CASE("an odd address", lock_pi((_Atomic int *)((char *)&lock + 1), NULL));
    CASE("unlock at an odd address", unlock_pi((_Atomic int *)((char *)&lock + 1)));
    CASE("no memory", lock_pi(NULL, NULL));
    CASE("unlock in no memory", unlock_pi(NULL));
    lock = FUTEX_OWNER_DIED;
    CASE("lock what a dead one left", lock_pi(&lock, NULL));
    tell("the lock", "%s", lock_text(&lock, ours, -1));
    lock = 0;
}

struct holder {
    _Atomic int step, has_it, may_go;
};
/* Takes the lock, holds it until it may go. */
static long hold(void *argument)
{
    struct holder *h = argument;
    struct timespec until = after_ms(CLOCK_REALTIME, LONG_MS);
    long result = lock_pi(&lock, &until);
    h->has_it = result == 0 ? 1 : -errno;
    becomes(&h->may_go, 1);
    return result == 0 ? unlock_pi(&lock) : result;
}

static void between_threads(void)
{
    static struct worker worker;
    static struct holder holder;
    int ours = getpid();
    struct timespec soon = after_ms(CLOCK_REALTIME, 20);
    lock = 0;
    start_worker(&worker, hold, &holder);
    becomes(&holder.has_it, 1);
    tell("another has it", "%s", lock_text(&lock, ours, worker.tid));
    CASE("try what is taken", trylock_pi(&lock));
    CASE("lock it until soon", lock_pi(&lock, &soon));
    CASE("lock it until long ago", lock_pi(&lock, &(struct timespec){ 1, 0 }));
    CASE("unlock another's", unlock_pi(&lock));
    holder.may_go = 1;
    soon = after_ms(CLOCK_REALTIME, LONG_MS);
    CASE("lock it until it is free", lock_pi(&lock, &soon));
    CASE("the other's unlock", join_worker(&worker));
    HOLDS("it is ours", (lock & OWNER) == ours);

    holder = (struct holder){ 0 };
    start_worker(&worker, hold, &holder);
    for (int i = 0; i < LONG_MS && !((unsigned)lock & FUTEX_WAITERS); i++) pause_ms(1);
    tell("another waits", "%s", lock_text(&lock, ours, worker.tid));
    CASE("unlock hands it over", unlock_pi(&lock));
    becomes(&holder.has_it, 1);
    HOLDS("it is theirs", (lock & OWNER) == worker.tid);
    CASE("unlock what was ours", unlock_pi(&lock));
    holder.may_go = 1;
    CASE("the other's unlock", join_worker(&worker));
    HOLDS("it is nobody's", (lock & OWNER) == 0);
}

static long wait_plainly(void *argument)
{
    struct timespec limit = { 0, 100 * MS };
    return futex(&lock, FUTEX_WAIT | PRIVATE, *(int *)argument, &limit, NULL, 0) == 0 ? 0 : -errno;
}

/* Somebody waits on the word as if it were any other, behind who waits for its owner. */
static void two_kinds_of_waiters(void)
{
    static struct worker worker, plain;
    static struct holder holder;
    lock = 0;
    holder = (struct holder){ 0 };
    CASE("lock", lock_pi(&lock, NULL));
    start_worker(&worker, hold, &holder);
    for (int i = 0; i < LONG_MS && !((unsigned)lock & FUTEX_WAITERS); i++) pause_ms(1);
    pause_ms(10);
    int value = lock;
    start_worker(&plain, wait_plainly, &value);
    pause_ms(20);
    CASE("wake one", futex(&lock, FUTEX_WAKE | PRIVATE, 1, NULL, NULL, 0));
    CASE("wake all", futex(&lock, FUTEX_WAKE | PRIVATE, INT32_MAX, NULL, NULL, 0));
    CASE("unlock hands it over", unlock_pi(&lock));
    becomes(&holder.has_it, 1);
    HOLDS("it is theirs", (lock & OWNER) == worker.tid);
    tell("the other wait", "%s", error_name((int)-join_worker(&plain)));
    holder.may_go = 1;
    CASE("the owner's unlock", join_worker(&worker));
}

static void by_the_library(void)
{
    static pthread_mutex_t mutex;
    pthread_mutexattr_t kind;
    pthread_mutexattr_init(&kind);
    tell("protocol", "%s", error_name(pthread_mutexattr_setprotocol(&kind, PTHREAD_PRIO_INHERIT)));
    tell("made", "%s", error_name(pthread_mutex_init(&mutex, &kind)));
    tell("locked", "%d", pthread_mutex_lock(&mutex));
    tell("tried", "%s", error_name(pthread_mutex_trylock(&mutex)));
    tell("unlocked", "%d", pthread_mutex_unlock(&mutex));
}

/* ---- sharing ---- */

static int wait_shared(void *argument)
{
    _Atomic int *words = shared->words;
    struct timespec until = after_ms(CLOCK_MONOTONIC, LONG_MS);
    int op = FUTEX_WAIT_BITSET | (argument ? PRIVATE : 0);
    if (argument) until = after_ms(CLOCK_MONOTONIC, 100);
    return futex(&words[0], op, 0, &until, NULL, 1) == 0 ? 1 : errno == ETIMEDOUT ? 2 : 3;
}
static int wake_parent(void *argument)
{
    (void)argument;
    for (int i = 0; i < LONG_MS; i++) {
        if (futex(&shared->words[1], FUTEX_WAKE, 1, NULL, NULL, 0) == 1) return 1;
        pause_ms(1);
    }
    return 2;
}
static bool wakes_soon(_Atomic int *word, int scope)
{
    for (int i = 0; i < LONG_MS; i++) {
        if (futex(word, FUTEX_WAKE | scope, 1, NULL, NULL, 0) == 1) return true;
        pause_ms(1);
    }
    return false;
}

static void between_processes(void)
{
    shared->words[0] = shared->words[1] = 0;
    pid_t pid = start_child(wait_shared, NULL);
    HOLDS("a child is woken", wakes_soon(&shared->words[0], 0));
    tell("it says", "%s", status_text(wait_soon(pid, 0)));
    pid = start_child(wake_parent, NULL);
    struct timespec t = { 10, 0 };
    CASE("a child wakes its parent", futex(&shared->words[1], FUTEX_WAIT, 0, &t, NULL, 0));
    tell("it says", "%s", status_text(wait_soon(pid, 0)));
    pid = start_child(wait_shared, shared);
    int woken = 0;
    for (int i = 0; i < 20; i++, pause_ms(1))
        woken += futex(&shared->words[0], FUTEX_WAKE | PRIVATE, 1, NULL, NULL, 0) == 1;
    tell("a child's private wait", "%d woken", woken);
    tell("it says", "%s", status_text(wait_soon(pid, 0)));
}

/* The same file at two addresses. */
static void two_mappings(void)
{
    int fd = open("word", O_RDWR | O_CREAT, 0644);
    if (ftruncate(fd, 4096) != 0) give_up("a file");
    _Atomic int *a = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0),
                *b = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (a == MAP_FAILED || b == MAP_FAILED) give_up("mappings");
    add_sleeper(a, FUTEX_BITSET_MATCH_ANY, 0);
    CASE("privately by the other address", futex(b, FUTEX_WAKE | PRIVATE, 1, NULL, NULL, 0));
    CASE("another word", futex(b + 1, FUTEX_WAKE, 1, NULL, NULL, 0));
    CASE("by the other address", futex(b, FUTEX_WAKE, 1, NULL, NULL, 0));
    tell("woken in all", "%d", end_sleepers());
    add_sleeper(a, FUTEX_BITSET_MATCH_ANY, 0);
    munmap(a, 4096);
    CASE("when the first is gone", futex(b, FUTEX_WAKE, 1, NULL, NULL, 0));
    tell("woken in all", "%d", end_sleepers());
    b[0] = 4;
    CASE("read only, a value",
         futex(mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0), FUTEX_WAIT, 5, NULL, NULL, 0));
    close(fd);
    unlink("word");
    _Atomic int *c = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    add_sleeper(c, FUTEX_BITSET_MATCH_ANY, 0);
    CASE("private memory by a shared wake", futex(c, FUTEX_WAKE, 1, NULL, NULL, 0));
    tell("woken in all", "%d", end_sleepers());
}

int main(int argc, char **argv)
{
    begin_cases(argc, argv);
    shared = map_shared(sizeof *shared);
    alone();
    between_threads();
    two_kinds_of_waiters();
    by_the_library();
    between_processes();
    two_mappings();
    return end_cases();
}
