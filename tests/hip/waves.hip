// SPDX-License-Identifier: Apache-2.0
// What lanes of a wave do apart and together: branches and loops of different length, early returns,
// ballots, shuffles of every kind, in waves that are full and waves that are not.
#include "hip_test.hpp"

static __global__ void collatz(unsigned *steps, int count)
{
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i >= count) return;
    unsigned long long value = i + 1;
    unsigned taken = 0;
    while (value != 1) {
        if (value & 1)
            value = 3 * value + 1;
        else
            value >>= 1;
        if (++taken == 1000) break;
    }
    steps[i] = taken;
}

static __global__ void lanes(const int *in, unsigned long long *ballots, int *shuffles)
{
    int i = threadIdx.x, mine = in[i];
    ballots[i] = __ballot(mine % 3 == 0);
    shuffles[4 * i] = __shfl(mine, (i * 5 + 3) & 63);
    shuffles[4 * i + 1] = __shfl_up(mine, 7);
    shuffles[4 * i + 2] = __shfl_down(mine, 9);
    shuffles[4 * i + 3] = __shfl_xor(mine, 33);
}

int main()
{
    begin("waves");
    int count = 1000;
    std::vector<unsigned> steps(count);
    for (int i = 0; i < count; i++)
        for (unsigned long long value = i + 1; value != 1; steps[i]++)
            value = value & 1 ? 3 * value + 1 : value >> 1;
    device<unsigned> dsteps(count);
    LAUNCH(collatz, dim3((count + 191) / 192), dim3(192), dsteps.at, count);
    same("steps", dsteps.read(), steps);

    struct random random = { 17 };
    std::vector<int> in(64), shuffles(256);
    std::vector<unsigned long long> ballots(64);
    unsigned long long mask = 0;
    for (int i = 0; i < 64; i++)
        in[i] = (int)random.next(), mask |= (unsigned long long)(in[i] % 3 == 0) << i;
    for (int i = 0; i < 64; i++) {
        ballots[i] = mask;
        shuffles[4 * i] = in[(i * 5 + 3) & 63];
        shuffles[4 * i + 1] = in[i < 7 ? i : i - 7];
        shuffles[4 * i + 2] = in[i + 9 > 63 ? i : i + 9];
        shuffles[4 * i + 3] = in[i ^ 33];
    }
    device<int> din(in), dshuffles(256);
    device<unsigned long long> dballots(64);
    LAUNCH(lanes, dim3(1), dim3(64), (const int *)din.at, dballots.at, dshuffles.at);
    same("ballot", dballots.read(), ballots);
    same("shuffle", dshuffles.read(), shuffles);
    return finish();
}
