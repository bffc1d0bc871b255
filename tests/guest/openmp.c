/* SPDX-License-Identifier: Apache-2.0 */
/* A program of GNU's OpenMP, as compilers make it: loops, reductions, barriers, tasks. Each argument is a number of
 * threads; what is computed is checked against what one thread computes. Prints a line for each; ends with 1 when
 * one is wrong. */
#include <omp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

enum { ITEMS = 200000, THREADS_MAX = 64, BARRIERS = 300 };

static uint32_t items[ITEMS];
static int wrong;

static void tell(const char *what, int threads, int is_right)
{
    printf("%s, %d threads: %s\n", what, threads, is_right ? "right" : "WRONG");
    wrong += !is_right;
}
static uint64_t sum_alone(void)
{
    uint64_t sum = 0;
    for (int i = 0; i < ITEMS; i++) sum += items[i];
    return sum;
}

static void sums(int threads)
{
    uint64_t sum = 0, most = 0, wanted = sum_alone();
#pragma omp parallel for num_threads(threads) reduction(+ : sum) reduction(max : most)
    for (int i = 0; i < ITEMS; i++) {
        sum += items[i];
        if (items[i] > most) most = items[i];
    }
    tell("a sum by parts", threads, sum == wanted && most < UINT32_MAX);

    uint64_t total = 0;
    int seen = 0;
#pragma omp parallel num_threads(threads)
    {
        uint64_t part = 0;
#pragma omp for schedule(dynamic, 1000) nowait
        for (int i = 0; i < ITEMS; i++) part += items[i];
#pragma omp critical
        total += part;
#pragma omp atomic
        seen++;
    }
    tell("a sum in pieces as they come", threads, total == wanted && seen == threads);

    double area = 0;
#pragma omp parallel for num_threads(threads) reduction(+ : area) schedule(static)
    for (int i = 0; i < ITEMS; i++) {
        double x = (i + 0.5) / ITEMS;
        area += 4 / (1 + x * x);
    }
    area /= ITEMS;
    tell("an integral", threads, area > 3.14159265 && area < 3.14159266);
}

static void barriers(int threads)
{
    static int turns[THREADS_MAX][16]; /* a cache line each */
    int late = 0;
#pragma omp parallel num_threads(threads) reduction(+ : late)
    {
        int self = omp_get_thread_num();
        turns[self][0] = 0;
#pragma omp barrier
        for (int turn = 1; turn <= BARRIERS; turn++) {
            turns[self][0] = turn;
#pragma omp barrier
            for (int i = 0; i < threads; i++) late += turns[i][0] != turn;
#pragma omp barrier
        }
    }
    tell("a storm of barriers", threads, late == 0);
}

static long fibonacci(int n)
{
    long a, b;
    if (n < 2) return n;
#pragma omp task shared(a) if (n > 12)
    a = fibonacci(n - 1);
#pragma omp task shared(b) if (n > 12)
    b = fibonacci(n - 2);
#pragma omp taskwait
    return a + b;
}

static void others(int threads)
{
    long result = 0;
#pragma omp parallel num_threads(threads)
#pragma omp single
    result = fibonacci(18);
    tell("tasks", threads, result == 2584);

    int last = -1, in_order = 1;
#pragma omp parallel for num_threads(threads) ordered schedule(dynamic)
    for (int i = 0; i < 200; i++) {
#pragma omp ordered
        {
            in_order &= last == i - 1;
            last = i;
        }
    }
    tell("an ordered loop", threads, in_order && last == 199);

    int count = 0;
    omp_lock_t lock;
    omp_init_lock(&lock);
#pragma omp parallel num_threads(threads)
    for (int i = 0; i < 200; i++) {
        omp_set_lock(&lock);
        count++;
        omp_unset_lock(&lock);
    }
    omp_destroy_lock(&lock);
    tell("a lock", threads, count == 200 * threads);

    int regions = 0;
    for (int i = 0; i < 100; i++) {
#pragma omp parallel num_threads(threads) reduction(+ : regions)
        regions++;
    }
    tell("many short regions", threads, regions == 100 * threads);
}

int main(int argc, char **argv)
{
    uint32_t x = 1;
    for (int i = 0; i < ITEMS; i++) items[i] = (x = x * 1664525 + 1013904223) >> 8;
    omp_set_dynamic(0);
    for (int i = 1; i < argc; i++) {
        int threads = atoi(argv[i]);
        if (threads < 1 || threads > THREADS_MAX) return 2;
        sums(threads);
        barriers(threads);
        others(threads);
    }
    return wrong ? 1 : 0;
}
