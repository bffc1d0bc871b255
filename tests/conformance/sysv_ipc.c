/* SPDX-License-Identifier: Apache-2.0 */
/* System V semaphores, messages and shared memory: what is refused, what blocks, what ends with a process. */
#include "tests/conformance/tasks.h"

#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/shm.h>

enum { KEY = 0x436b0000 }; /* and the process's number: nobody else's */

static int key;
static char *bad;

static long control(int set, int number, int operation, long argument)
{
    return syscall(SYS_semctl, set, number, operation, argument);
}
static long value_of(int set, int number) { return control(set, number, GETVAL, 0); }
static long step(int set, int number, int change, int flags)
{
    struct sembuf one = { (unsigned short)number, (short)change, (short)flags };
    return semop(set, &one, 1);
}
static void show_values(const char *what, int set, int count)
{
    char text[80] = "";
    for (int i = 0; i < count; i++) {
        char one[16];
        snprintf(one, sizeof one, " %ld", value_of(set, i));
        strcat(text, one);
    }
    tell(what, "%s", text);
}

/* ---- semaphores ---- */

static void sets(void)
{
    CASE("none yet", semget(key, 1, 0));
    CASE("no semaphores", semget(key, 0, IPC_CREAT));
    CASE("less than none", semget(key, -1, IPC_CREAT));
    CASE("too many", semget(key, 32001, IPC_CREAT));
    int set = semget(key, 3, IPC_CREAT | IPC_EXCL | 0640);
    HOLDS("made", set >= 0);
    HOLDS("found", semget(key, 3, 0) == set);
    HOLDS("found, of any size", semget(key, 0, 0) == set);
    HOLDS("found, smaller", semget(key, 2, IPC_CREAT) == set);
    CASE("found, larger", semget(key, 4, 0));
    CASE("exclusively", semget(key, 3, IPC_CREAT | IPC_EXCL));
    int other = semget(IPC_PRIVATE, 1, 0600), third = semget(IPC_PRIVATE, 1, 0600);
    HOLDS("private ones differ", other >= 0 && third >= 0 && other != third);
    struct semid_ds ds;
    memset(&ds, 0xee, sizeof ds);
    CASE("stat", control(set, 0, IPC_STAT, (long)&ds));
    tell("it", "%o, %ld semaphores, operated %d", ds.sem_perm.mode, (long)ds.sem_nsems, (int)ds.sem_otime);
    HOLDS("changed lately", ds.sem_ctime > 1000000000);
    HOLDS("its key", ds.sem_perm.__key == key);
    HOLDS("its owner", ds.sem_perm.uid == geteuid() && ds.sem_perm.cuid == geteuid());
    ds.sem_perm.mode = 07604;
    CASE("set", control(set, 0, IPC_SET, (long)&ds));
    control(set, 0, IPC_STAT, (long)&ds);
    tell("mode", "%o", ds.sem_perm.mode);
    CASE("set from a bad address", control(set, 0, IPC_SET, (long)bad));
    CASE("stat to a bad address", control(set, 0, IPC_STAT, (long)bad));
    CASE("unknown operation", control(set, 0, 99, 0));
    CASE("no such set", control(0x7fffffff, 0, IPC_STAT, (long)&ds));
    CASE("set -1", control(-1, 0, IPC_STAT, (long)&ds));
    struct seminfo info;
    HOLDS("limits", control(0, 0, IPC_INFO, (long)&info) >= 0);
    tell("they are", "%d %d %d %d", info.semmsl, info.semmni, info.semopm, info.semvmx);
    CASE("removed", control(other, 0, IPC_RMID, 0));
    CASE("removed twice", control(other, 0, IPC_RMID, 0) == -1 && (errno == EINVAL || errno == EIDRM));
    control(third, 0, IPC_RMID, 0);
    CASE("the first", control(set, 0, IPC_RMID, 0));
    CASE("by its key", semget(key, 0, 0));
}

static void values(void)
{
    int set = semget(IPC_PRIVATE, 3, 0600);
    unsigned short all[3] = { 1, 2, 3 };
    show_values("fresh", set, 3);
    CASE("set one", control(set, 1, SETVAL, 7));
    CASE("too large", control(set, 1, SETVAL, 32768));
    CASE("below 0", control(set, 1, SETVAL, -1));
    CASE("no such number", control(set, 3, SETVAL, 1));
    CASE("number -1", control(set, -1, GETVAL, 0));
    CASE("set all", control(set, 0, SETALL, (long)all));
    show_values("all", set, 3);
    memset(all, 0, sizeof all);
    CASE("get all", control(set, 0, GETALL, (long)all));
    tell("they are", "%d %d %d", all[0], all[1], all[2]);
    all[1] = 40000;
    CASE("one too large", control(set, 0, SETALL, (long)all));
    CASE("from a bad address", control(set, 0, SETALL, (long)bad));
    show_values("unchanged", set, 3);
    HOLDS("who", control(set, 0, GETPID, 0) == getpid());
    CASE("nobody waits", control(set, 0, GETNCNT, 0) + control(set, 0, GETZCNT, 0));

    CASE("no steps", semop(set, NULL, 0));
    struct sembuf steps[501] = { { 0, -1, 0 }, { 1, -1, 0 }, { 2, -4, IPC_NOWAIT } };
    CASE("too many steps", semop(set, steps, 501));
    CASE("bad address", semop(set, (void *)bad, 1));
    CASE("all or nothing", semop(set, steps, 3));
    show_values("nothing", set, 3);
    steps[2].sem_op = -3;
    CASE("all", semop(set, steps, 3));
    show_values("all", set, 3);
    CASE("number too high", step(set, 3, 1, 0));
    CASE("not to be had", step(set, 0, -1, IPC_NOWAIT));
    CASE("is zero", step(set, 0, 0, IPC_NOWAIT));
    CASE("is not zero", step(set, 1, 0, IPC_NOWAIT));
    CASE("to the end", step(set, 0, 32767, 0));
    CASE("beyond", step(set, 0, 1, 0));
    struct sembuf both[2] = { { 1, -1, 0 }, { 1, 0, 0 } };
    CASE("the same one twice", semop(set, both, 2));
    show_values("now", set, 3);
    struct timespec soon = { 0, 5 * MS }, odd = { 0, 1000000000 };
    struct sembuf one = { 2, -1, 0 };
    CASE("for a while", semtimedop(set, &one, 1, &soon));
    CASE("for an odd time", semtimedop(set, &one, 1, &odd));
    control(set, 0, IPC_RMID, 0);
    CASE("gone", step(set, 0, 1, 0) == -1 && (errno == EINVAL || errno == EIDRM));
}

static int set_id;
static long take_one(void *number)
{
    long result = step(set_id, (int)(intptr_t)number, -1, 0);
    return result < 0 ? -errno : result;
}
static long wait_for_zero(void *unused)
{
    (void)unused;
    long result = step(set_id, 1, 0, 0);
    return result < 0 ? -errno : result;
}
static void wait_for_count(int operation, int number, long count)
{
    for (int i = 0; i < LONG_MS && control(set_id, number, operation, 0) != count; i++) pause_ms(1);
    CASE("so many wait", control(set_id, number, operation, 0));
}
static void waiting(void)
{
    struct worker w[3];
    set_id = semget(IPC_PRIVATE, 2, 0600);
    start_worker(&w[0], take_one, (void *)0);
    wait_for_count(GETNCNT, 0, 1);
    CASE("give", step(set_id, 0, 1, 0));
    CASE("taken", join_worker(&w[0]));
    CASE("value", value_of(set_id, 0));
    for (int i = 0; i < 3; i++) start_worker(&w[i], take_one, (void *)0);
    wait_for_count(GETNCNT, 0, 3);
    CASE("set", control(set_id, 0, SETVAL, 3));
    CASE("all have one", join_worker(&w[0]) + join_worker(&w[1]) + join_worker(&w[2]));
    control(set_id, 1, SETVAL, 2);
    start_worker(&w[0], wait_for_zero, NULL);
    wait_for_count(GETZCNT, 1, 1);
    step(set_id, 1, -1, 0);
    CASE("not yet", control(set_id, 1, GETZCNT, 0));
    step(set_id, 1, -1, 0);
    CASE("zero", join_worker(&w[0]));
    start_worker(&w[0], take_one, (void *)1);
    wait_for_count(GETNCNT, 1, 1);
    CASE("removed", control(set_id, 0, IPC_RMID, 0));
    tell("who waited", "%s", error_name((int)-join_worker(&w[0])));
}

static int child_undoes(void *unused)
{
    (void)unused;
    step(set_id, 0, -2, SEM_UNDO);
    step(set_id, 1, 3, SEM_UNDO);
    step(set_id, 1, 1, 0);
    return 0;
}
static int child_is_reset(void *unused)
{
    (void)unused;
    step(set_id, 0, -2, SEM_UNDO);
    control(set_id, 0, SETVAL, 9);
    return 0;
}
static int child_dies(void *unused)
{
    (void)unused;
    step(set_id, 0, -1, SEM_UNDO);
    raise(SIGKILL);
    return 0;
}
static void undoing(void)
{
    set_id = semget(IPC_PRIVATE, 2, 0600);
    control(set_id, 0, SETVAL, 5);
    CHILD("a child", child_undoes, NULL);
    show_values("undone", set_id, 2);
    CHILD("a child whose semaphore is set", child_is_reset, NULL);
    show_values("forgotten", set_id, 2);
    CHILD("a child that dies", child_dies, NULL);
    show_values("undone", set_id, 2);
    control(set_id, 0, IPC_RMID, 0);
}

/* ---- messages ---- */

struct note {
    long type;
    char text[64];
};
static int queue;
static long put(long type, const char *text, int flags)
{
    struct note n = { .type = type };
    strcpy(n.text, text);
    return msgsnd(queue, &n, strlen(text), flags);
}
static void take(const char *what, size_t bytes, long type, int flags)
{
    struct note n = { 0 };
    long count = msgrcv(queue, &n, bytes, type, flags | IPC_NOWAIT);
    if (count < 0)
        tell(what, "%s", error_name(errno));
    else
        tell(what, "%ld of type %ld: %s", count, n.type, n.text);
}

static long receive(void *type)
{
    struct note n = { 0 };
    long count = msgrcv(queue, &n, sizeof n.text, (intptr_t)type, 0);
    return count < 0 ? -errno : count * 100 + n.type;
}
static long send_big(void *unused)
{
    (void)unused;
    struct {
        long type;
        char bytes[8192];
    } big = { .type = 1 };
    long result = msgsnd(queue, &big, sizeof big.bytes, 0);
    return result < 0 ? -errno : result;
}

static void messages(void)
{
    struct msqid_ds ds;
    struct worker w;
    CASE("none yet", msgget(key, 0));
    queue = msgget(key, IPC_CREAT | 0600);
    HOLDS("made", queue >= 0);
    HOLDS("found", msgget(key, 0) == queue);
    CASE("exclusively", msgget(key, IPC_CREAT | IPC_EXCL));
    CASE("type 0", put(0, "x", 0));
    CASE("type -1", put(-1, "x", 0));
    CASE("too long", msgsnd(queue, bad - 4096, 8193, 0));
    CASE("bad address", msgsnd(queue, bad, 1, 0));
    CASE("bad bytes", msgsnd(queue, bad - 8, 1, 0));
    CASE("no such queue", msgsnd(-1, &(struct note){ 1, "" }, 0, 0));
    take("nothing there", 64, 0, 0);
    CASE("send", put(3, "three", 0));
    CASE("send", put(1, "one", 0));
    CASE("send", put(2, "two", 0));
    CASE("send", put(3, "drei", 0));
    CASE("send nothing", put(5, "", 0));
    memset(&ds, 0xee, sizeof ds);
    CASE("stat", msgctl(queue, IPC_STAT, &ds));
    tell("it", "%ld messages, %ld of %ld bytes, %o", (long)ds.msg_qnum, (long)ds.__msg_cbytes,
         (long)ds.msg_qbytes, ds.msg_perm.mode);
    HOLDS("sent by", ds.msg_lspid == getpid() && ds.msg_lrpid == 0);
    take("the first", 64, 0, 0);
    take("the next of type 3", 64, 3, 0);
    take("no other of type 3", 64, 3, 0);
    take("the lowest up to 2", 64, -2, 0);
    take("not of type 2", 64, 2, MSG_EXCEPT);
    take("too short", 2, 2, 0);
    take("cut short", 2, 2, MSG_NOERROR);
    take("nothing left", 64, 0, 0);
    HOLDS("received by", msgctl(queue, IPC_STAT, &ds) == 0 && ds.msg_lrpid == getpid());
    ds.msg_qbytes = 100;
    CASE("less room", msgctl(queue, IPC_SET, &ds));
    CASE("fits", put(1, "0123456789012345678901234567890123456789", 0));
    CASE("fits", put(1, "0123456789012345678901234567890123456789", 0));
    CASE("does not", put(1, "0123456789012345678901234567890123456789", IPC_NOWAIT));
    ds.msg_qbytes = 16384;
    msgctl(queue, IPC_SET, &ds);
    take("one", 64, 0, 0);
    take("the other", 64, 0, 0);

    start_worker(&w, receive, (void *)7);
    pause_ms(5);
    put(6, "other", 0);
    put(7, "wanted", 0);
    CASE("a thread waits for its type", join_worker(&w));
    take("the other", 64, 0, 0);
    send_big(NULL);
    send_big(NULL);
    start_worker(&w, send_big, NULL);
    pause_ms(5);
    HOLDS("full", !w.is_done);
    take("makes room", 10, 0, MSG_NOERROR);
    CASE("sent", join_worker(&w));
    start_worker(&w, receive, (void *)9);
    pause_ms(5);
    CASE("removed", msgctl(queue, IPC_RMID, NULL));
    tell("who waited", "%s", error_name((int)-join_worker(&w)));
    CASE("gone", msgget(key, 0));
}

/* ---- shared memory ---- */

static void show_segment(const char *what, int id)
{
    struct shmid_ds ds;
    if (shmctl(id, IPC_STAT, &ds) != 0)
        tell(what, "%s", errno == EIDRM || errno == EINVAL ? "gone" : error_name(errno));
    else
        tell(what, "%ld bytes, attached %ld, %o", (long)ds.shm_segsz, (long)ds.shm_nattch, ds.shm_perm.mode);
}

static int segment;
static char *place;
static int child_attached(void *unused)
{
    (void)unused;
    show_segment("in a child", segment);
    place[1] = 'c';
    CASE("detached there", shmdt(place));
    show_segment("after that", segment);
    fflush(stdout);
    return 0;
}
static int child_leaves(void *unused)
{
    (void)unused;
    return place[0] == 'p' ? 0 : 1;
}

static void segments(void)
{
    CASE("none yet", shmget(key, 4096, 0));
    CASE("no bytes", shmget(key, 0, IPC_CREAT));
    CASE("too many", shmget(key, SIZE_MAX, IPC_CREAT));
    segment = shmget(key, 10000, IPC_CREAT | 0600);
    HOLDS("made", segment >= 0);
    HOLDS("found", shmget(key, 0, 0) == segment);
    HOLDS("found, smaller", shmget(key, 5000, 0) == segment);
    CASE("found, larger", shmget(key, 10001, 0));
    CASE("exclusively", shmget(key, 10000, IPC_CREAT | IPC_EXCL));
    show_segment("fresh", segment);
    place = shmat(segment, NULL, 0);
    HOLDS("attached", place != (void *)-1);
    CASE("zeros", place[0] | place[9999] | place[12287]);
    place[0] = 'p';
    char *again = shmat(segment, NULL, SHM_RDONLY);
    CASE("twice", again[0]);
    show_segment("twice", segment);
    CASE("read only", read(open("/dev/zero", O_RDONLY), again, 1));
    CASE("detached", shmdt(again));
    CASE("detached twice", shmdt(again));
    CASE("not its start", shmdt(place + 4096));
    CASE("odd", shmdt(place + 1));
    show_segment("once", segment);
    CASE("odd place", shmat(segment, place + 1, 0) == (void *)-1 ? -1 : 0);
    CASE("taken place", shmat(segment, place, 0) == (void *)-1 ? -1 : 0);
    CASE("nowhere, replacing", shmat(segment, NULL, SHM_REMAP) == (void *)-1 ? -1 : 0);
    HOLDS("replacing", shmat(segment, place, SHM_REMAP) == place);
    show_segment("replaced", segment);
    HOLDS("rounded", shmat(segment, place + 17, SHM_RND | SHM_REMAP) == place);
    CASE("what was in it", place[0]);
    CASE("no such segment", shmat(-1, NULL, 0) == (void *)-1 ? -1 : 0);
    CHILD("a child", child_attached, NULL);
    CASE("what it wrote", place[1]);
    CHILD("a child that ends", child_leaves, NULL);
    show_segment("after children", segment);
    CASE("split", mprotect(place + 4096, 4096, PROT_READ));
    show_segment("in three parts", segment);
    CASE("joined", mprotect(place + 4096, 4096, PROT_READ | PROT_WRITE));
    CASE("a hole", munmap(place + 4096, 4096));
    show_segment("in two parts", segment);
    CASE("detached with a hole", shmdt(place));
    show_segment("not attached", segment);
    place = shmat(segment, NULL, 0);
    CASE("it is all there", place[0] == 'p' && place[1] == 'c');
    CASE("locked", shmctl(segment, SHM_LOCK, NULL));
    show_segment("locked", segment);
    CASE("unlocked", shmctl(segment, SHM_UNLOCK, NULL));
    CASE("unknown operation", shmctl(segment, 99, NULL));
    struct shminfo info;
    HOLDS("limits", shmctl(0, IPC_INFO, (struct shmid_ds *)&info) >= 0);
    tell("they are", "%ld %ld", (long)info.shmmin, (long)info.shmmni);
    CASE("removed while attached", shmctl(segment, IPC_RMID, NULL));
    show_segment("still there", segment);
    CASE("not by its key", shmget(key, 0, 0));
    CASE("its bytes", place[0]);
    again = shmat(segment, NULL, 0);
    HOLDS("attached by its number", again != (void *)-1);
    CASE("the first", shmdt(place));
    CASE("the second", shmdt(again));
    show_segment("after the last", segment);
    segment = shmget(IPC_PRIVATE, 1, 0600);
    CASE("removed, not attached", shmctl(segment, IPC_RMID, NULL));
    show_segment("at once", segment);
}

int main(int argc, char **argv)
{
    begin_cases(argc, argv);
    key = KEY + (getpid() & 0xffff);
    bad = map_bad();
    sets();
    values();
    waiting();
    undoing();
    messages();
    segments();
    return end_cases();
}
