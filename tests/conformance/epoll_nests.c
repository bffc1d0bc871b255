/* SPDX-License-Identifier: Apache-2.0 */
/* Epolls that watch epolls: how many ways there may be from a file upwards, and what many of them cost. */
#include "tests/conformance/epolls.h"

#include <sys/resource.h>

/* How many epolls one more step away from a file there may be. */
static void ways(void)
{
    enum { MANY = 520 };
    struct rlimit limit;
    int fd = new_event(0), middle = new_epoll(), tops[MANY], count = 0;
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max < 2048 ? limit.rlim_max : 2048;
    setrlimit(RLIMIT_NOFILE, &limit);
    watch(middle, fd, EPOLLIN, 1);
    for (int i = 0; i < MANY; i++) tops[i] = new_epoll();
    while (count < MANY && watch(tops[count], middle, EPOLLIN, 2) == 0) count++;
    CASE("too many ways", watch(tops[MANY - 1], middle, EPOLLIN, 2));
    CASE("so many are possible", count);
    CASE("an epoll of nothing", watch(tops[MANY - 1], tops[MANY - 2], EPOLLIN, 2));
    close(tops[0]);
    CASE("one is gone", watch(tops[MANY - 1], middle, EPOLLIN, 2));
    for (int i = 1; i < MANY; i++) close(tops[i]);
    close(middle);
    close(fd);
}

/* Layers of epolls, each of which watches all of the next layer: many ways, few epolls. */
static void layers(void)
{
    enum { LAYERS = 5, WIDE = 40 };
    int eps[LAYERS][WIDE], refused = 0;
    int64_t before = now_ns(CLOCK_MONOTONIC);
    for (int l = 0; l < LAYERS; l++)
        for (int i = 0; i < WIDE; i++) eps[l][i] = new_epoll();
    for (int l = LAYERS - 1; l > 0; l--)
        for (int i = 0; i < WIDE * WIDE; i++)
            refused += watch(eps[l][i / WIDE], eps[l - 1][i % WIDE], EPOLLIN, 1) != 0;
    CASE("layers", refused);
    HOLDS("looked at in time", now_ns(CLOCK_MONOTONIC) - before < (int64_t)3000 * MS);
    for (int l = 0; l < LAYERS; l++)
        for (int i = 0; i < WIDE; i++) close(eps[l][i]);
}

int main(int argc, char **argv)
{
    begin_cases(argc, argv);
    ways();
    layers();
    return end_cases();
}
