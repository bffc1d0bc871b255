/* SPDX-License-Identifier: Apache-2.0 */
/* Robust lists: what becomes of the locks of a thread or process that ends while it holds them. */
#include "tests/conformance/tasks.h"

#include <stddef.h>

/* In shared memory, so that they outlive whoever holds them. */
struct lock {
    struct robust_list link;
    _Atomic int word;
};
struct locks {
    struct robust_list_head head;
    struct lock locks[4];
    _Atomic int ready;
};
static struct locks *locks;

enum { SOMEBODY = 0x3fffff };

/* The list holds all four in a ring; the words are set by the test. */
static void make_list(void)
{
    memset((void *)locks, 0, sizeof *locks);
    locks->head.futex_offset = offsetof(struct lock, word) - offsetof(struct lock, link);
    struct robust_list *last = &locks->head.list;
    for (int i = 0; i < 4; i++) last = last->next = &locks->locks[i].link;
    last->next = &locks->head.list;
}
static long register_list(void)
{
    return raw_call(SYS_set_robust_list, (long)&locks->head, sizeof locks->head, 0, 0);
}
static const char *words_text(void)
{
    static char text[200];
    char *end = text;
    for (int i = 0; i < 4; i++) {
        unsigned value = (unsigned)locks->locks[i].word;
        unsigned owner = value & FUTEX_TID_MASK;
        end += sprintf(end, "%s%s%s%s", i ? "; " : "",
                       owner == 0          ? "nobody's"
                       : owner == SOMEBODY ? "somebody's"
                                           : "still owned",
                       value & FUTEX_OWNER_DIED ? ", died" : "", value & FUTEX_WAITERS ? ", waiters" : "");
    }
    return text;
}

static int hold_and_end(void *argument)
{
    int self = getpid(), how = (int)(long)argument;
    if (register_list() != 0) return 9;
    locks->locks[0].word = self;
    locks->locks[1].word = self | (int)FUTEX_WAITERS;
    locks->locks[2].word = SOMEBODY;
    locks->ready = 1;
    if (how == 1) raise(SIGKILL);
    if (how == 2) raise(SIGSEGV);
    if (how == 3) raw_call(SYS_exit, 3, 0, 0, 0);
    if (how == 4) { /* what is being locked or unlocked */
        locks->head.list.next = &locks->head.list;
        locks->head.list_op_pending = &locks->locks[0].link;
    }
    if (how == 5) locks->locks[0].link.next = (struct robust_list *)16; /* the list breaks off */
    if (how == 6) locks->head.futex_offset++;                           /* odd words */
    return 0;
}
static void ends_of_processes(void)
{
    static const char *const ways[] = { "exit",         "SIGKILL",       "SIGSEGV",  "the thread's exit",
                                        "pending only", "a broken list", "odd words" };
    for (long how = 0; how < 7; how++) {
        make_list();
        int status = run_child(hold_and_end, (void *)how);
        tell(ways[how], "%s: %s", status_text(status), words_text());
    }
}

static int hold_and_sleep(void *argument)
{
    (void)argument;
    register_list();
    locks->locks[0].word = getpid();
    locks->ready = 1;
    pause_ms(LONG_MS);
    return 0;
}
static void waiters(void)
{
    make_list();
    pid_t pid = start_child(hold_and_sleep, NULL);
    becomes(&locks->ready, 1);
    locks->locks[0].word |= (int)FUTEX_WAITERS;
    int seen = locks->locks[0].word;
    kill(pid, SIGKILL);
    struct timespec t = { 10, 0 };
    long result = futex(&locks->locks[0].word, FUTEX_WAIT, seen, &t, NULL, 0);
    tell("who waits is woken", "%s", result == 0 || errno == EAGAIN ? "yes" : "NO");
    tell("it finds", "%s; %s", words_text(), status_text(wait_soon(pid, 0)));
}

static int exec_with_lock(void *argument)
{
    char *const words[] = { argument, (char *)".", (char *)"exec", NULL };
    register_list();
    locks->locks[0].word = getpid();
    execv(argument, words);
    return 9;
}

static long thread_ends(void *argument)
{
    (void)argument;
    register_list();
    locks->locks[0].word = locks->locks[1].word = thread_id();
    return 0;
}
static void ends_of_threads(void)
{
    static struct worker worker;
    make_list();
    start_worker(&worker, thread_ends, NULL);
    join_worker(&worker);
    /* The C library takes the list out of the kernel's hands or leaves it; the words tell. */
    tell("by the C library", "%s", words_text());
}

static void calls(void)
{
    struct robust_list_head *head = NULL, ours;
    size_t length = 0;
    CASE("a wrong size", syscall(SYS_set_robust_list, &ours, sizeof ours - 1));
    CASE("another", syscall(SYS_set_robust_list, &ours, sizeof ours + 8));
    CASE("size 0", syscall(SYS_set_robust_list, &ours, 0));
    CASE("set", syscall(SYS_set_robust_list, &ours, sizeof ours));
    CASE("got", syscall(SYS_get_robust_list, 0, &head, &length));
    HOLDS("it is the one", head == &ours && length == sizeof ours);
    CASE("by number", syscall(SYS_get_robust_list, getpid(), &head, &length));
    CASE("of nobody", syscall(SYS_get_robust_list, 0x3fffffff, &head, &length));
    CASE("to nowhere", syscall(SYS_get_robust_list, 0, NULL, &length));
    CASE("nothing", syscall(SYS_set_robust_list, NULL, sizeof ours));
}
static int child_has_list(void *argument)
{
    struct robust_list_head *head = argument;
    size_t length = 0;
    if (syscall(SYS_get_robust_list, 0, &head, &length) != 0) return 9;
    return head == &locks->head;
}

/* ---- by the C library ---- */

static pthread_mutex_t *mutex;

static int lock_and_die(void *argument)
{
    (void)argument;
    return pthread_mutex_lock(mutex) == 0 ? 5 : 6;
}
static long lock_and_return(void *argument)
{
    (void)argument;
    return pthread_mutex_lock(mutex);
}
static void mutexes(void)
{
    static struct worker worker;
    pthread_mutexattr_t kind;
    mutex = map_shared(4096);
    pthread_mutexattr_init(&kind);
    tell("robust", "%d", pthread_mutexattr_setrobust(&kind, PTHREAD_MUTEX_ROBUST));
    tell("shared", "%d", pthread_mutexattr_setpshared(&kind, PTHREAD_PROCESS_SHARED));
    tell("made", "%d", pthread_mutex_init(mutex, &kind));
    CHILD("a child dies with it", lock_and_die, NULL);
    tell("its parent gets it", "%s", error_name(pthread_mutex_lock(mutex)));
    tell("made consistent", "%d", pthread_mutex_consistent(mutex));
    tell("unlocked", "%d", pthread_mutex_unlock(mutex));
    tell("as new", "%d", pthread_mutex_lock(mutex));
    tell("unlocked", "%d", pthread_mutex_unlock(mutex));
    start_worker(&worker, lock_and_return, NULL);
    tell("a thread ends with it", "%ld", join_worker(&worker));
    tell("another gets it", "%s", error_name(pthread_mutex_lock(mutex)));
    tell("and unlocks it as it is", "%d", pthread_mutex_unlock(mutex));
    tell("it is lost", "%s", error_name(pthread_mutex_lock(mutex)));
}

int main(int argc, char **argv)
{
    if (argc > 2 && !strcmp(argv[2], "exec")) return 4;
    begin_cases(argc, argv);
    locks = map_shared(sizeof *locks);
    ends_of_processes();
    waiters();
    make_list();
    CHILD("exec", exec_with_lock, argv[0]);
    tell("ends it, too", "%s", words_text());
    ends_of_threads();
    mutexes();
    make_list();
    register_list();
    CHILD("a child has no list of its parent's", child_has_list, NULL);
    calls();
    return end_cases();
}
