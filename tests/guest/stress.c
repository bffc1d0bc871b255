/* SPDX-License-Identifier: Apache-2.0 */
/* Threads, processes and signals for as long as one likes: stress SECONDS [SEED [LANES]]. Each lane is a process
 * that does one thing after the other, in an order that its seed gives, and checks what came out. Their parent
 * stops them now and then and lets them go on. At the end it says how many rounds there were, what was wrong and
 * how much less memory is free than after a first round. Ends with 1 when something was wrong.
 *
 * A lane that says nothing any more is ended by SIGABRT after a minute without a round, and is wrong. */
#include "tests/guest/stress_works.h"

enum { LANES_MAX = 8, SILENCE_S = 60, TROUBLE_TURNS = 7 };

/* What the lanes tell their parent. */
static struct {
    _Atomic long rounds[LANES_MAX];
    _Atomic int work[LANES_MAX]; /* what a lane does now */
} *board;

/* ---- lanes ---- */

static const struct {
    const char *name;
    bool (*work)(void);
} works[] = {
    { "mutexes", mutexes },
    { "conditions", conditions },
    { "barriers", barriers },
    { "short threads", short_threads },
    { "memory", memory },
    { "priorities", priorities },
    { "cancelling", cancelling },
    { "interrupted sums", interrupted_sums },
    { "queued values", queued_values },
    { "timers", timers },
    { "forks", forks },
    { "execs", execs },
    { "killed groups", killed_groups },
    { "killed forks", killed_forks },
    { "pipes", pipes },
    { "event counts", event_counts },
    { "identities", identities },
};
enum { WORKS = sizeof works / sizeof *works };

static int lane(int self, int64_t until)
{
    bool is_first = true; /* each thing once, in order */
    for (int turn = 0; is_first || now_ms() < until; turn++) {
        int work = is_first ? turn : (int)roll(WORKS);
        board->work[self] = work;
        if (!works[work].work()) {
            printf("lane %d, round %d: %s: WRONG (errno %d)\n", self, turn, works[work].name, errno);
            fflush(stdout);
            return 1;
        }
        board->rounds[self]++;
        if (turn == WORKS - 1) is_first = false;
        if (until == 0 && !is_first) break;
    }
    return 0;
}
static pid_t start_lane(int self, uint64_t seed, int64_t until)
{
    fflush(stdout);
    pid_t pid = fork();
    if (pid < 0) exit(2);
    if (pid == 0) {
        dice = seed * 977 + (uint64_t)self;
        roll(2);
        _exit(lane(self, until));
    }
    return pid;
}
static long free_kib(void)
{
    struct sysinfo info;
    sysinfo(&info);
    return (long)(info.freeram * info.mem_unit >> 10);
}

/* Waits for all lanes; how many were wrong. */
static int watch(pid_t *pids, int count)
{
    long seen[LANES_MAX] = { 0 };
    int64_t heard[LANES_MAX];
    int wrong = 0, left = count;
    for (int i = 0; i < count; i++) heard[i] = now_ms();
    while (left > 0) {
        pause_us(20000 + roll(100000));
        for (int i = 0; i < count; i++) {
            int status = 0;
            if (pids[i] && waitpid(pids[i], &status, WNOHANG) == pids[i]) {
                if (WIFSIGNALED(status))
                    printf("lane %d: %s: signal %d\n", i, works[board->work[i]].name, WTERMSIG(status));
                wrong += status != 0;
                pids[i] = 0;
                left--;
            } else if (pids[i] && board->rounds[i] != seen[i]) {
                seen[i] = board->rounds[i];
                heard[i] = now_ms();
            } else if (pids[i] && now_ms() - heard[i] > SILENCE_S * 1000) {
                kill(pids[i], SIGABRT);
                heard[i] = INT64_MAX / 2;
            }
        }
        int victim = (int)roll((unsigned)count * TROUBLE_TURNS);
        if (victim < count && pids[victim]) {
            kill(pids[victim], SIGSTOP);
            pause_us(roll(5000));
            kill(pids[victim], SIGCONT);
        }
    }
    return wrong;
}

int main(int argc, char **argv)
{
    pid_t pids[LANES_MAX];
    program = argv[0];
    if (argc == 3 && !strcmp(argv[1], "leaf")) return leaf(argv[2]);
    int seconds = argc > 1 ? atoi(argv[1]) : 5, lanes = argc > 3 ? atoi(argv[3]) : 3;
    uint64_t seed = argc > 2 ? strtoull(argv[2], NULL, 10) : 1;
    if (seconds < 0 || lanes < 1 || lanes > LANES_MAX) return 2;
    board = mmap(NULL, sizeof *board, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (board == MAP_FAILED) return 2;
    dice = seed;
    pids[0] = start_lane(0, seed, 0);
    int wrong = watch(pids, 1);
    long before = free_kib(), rounds = 0;
    if (!wrong) {
        for (int i = 0; i < lanes; i++) pids[i] = start_lane(i, seed, now_ms() + seconds * 1000ll);
        wrong = watch(pids, lanes);
    }
    for (int i = 0; i < lanes; i++) rounds += board->rounds[i];
    printf("%ld rounds, %d wrong, %ld KiB less are free\n", rounds, wrong, before - free_kib());
    return wrong ? 1 : 0;
}
