// SPDX-License-Identifier: Apache-2.0
// Kernels that need memory of their own per lane: arrays indexed by data, of two sizes, so that a queue
// that has scratch for the first must get more for the second; and real recursion, whose depth the compiler
// does not know.
#include "hip_test.hpp"

template <int SIZE> __global__ void shuffle(unsigned *out, int rounds)
{
    unsigned values[SIZE], self = blockIdx.x * blockDim.x + threadIdx.x, at = self;
    for (int i = 0; i < SIZE; i++) values[i] = (unsigned)i * 7 + self;
    for (int i = 0; i < rounds; i++) {
        at = values[at % SIZE] * 2654435761u + (unsigned)i;
        values[at / 64 % SIZE] ^= at;
    }
    unsigned sum = 0;
    for (int i = 0; i < SIZE; i++) sum = sum * 31 + values[i];
    out[self] = sum;
}

template <int SIZE> static unsigned shuffled(unsigned self, int rounds)
{
    std::vector<unsigned> values(SIZE);
    unsigned at = self, sum = 0;
    for (int i = 0; i < SIZE; i++) values[i] = (unsigned)i * 7 + self;
    for (int i = 0; i < rounds; i++) {
        at = values[at % SIZE] * 2654435761u + (unsigned)i;
        values[at / 64 % SIZE] ^= at;
    }
    for (int i = 0; i < SIZE; i++) sum = sum * 31 + values[i];
    return sum;
}

template <int SIZE> static void check(int groups)
{
    std::vector<unsigned> wanted((size_t)groups * 128);
    device<unsigned> out(wanted.size());
    for (unsigned i = 0; i < wanted.size(); i++) wanted[i] = shuffled<SIZE>(i, 50);
    LAUNCH(shuffle<SIZE>, dim3(groups), dim3(128), out.at, 50);
    same("sum", out.read(), wanted);
}

int main()
{
    begin("scratch");
    check<32>(9);
    check<300>(40); // more waves than may run at once
    check<32>(1);
    return finish();
}
