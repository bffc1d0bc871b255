// SPDX-License-Identifier: Apache-2.0
// Every atomic of 32 and 64 bits that HIP has for integers, in memory and in LDS, by many groups at once,
// and a float sum by compare and swap. Exact: each result does not depend on the order, and the float sum
// is of integers below 2^24.
#include "hip_test.hpp"

#define GROUPS  24
#define THREADS 128

static __device__ void add_float(float *at, float value)
{
    unsigned *bits = (unsigned *)at, old = *bits, seen;
    do {
        seen = old;
        old = atomicCAS(bits, seen, __float_as_uint(__uint_as_float(seen) + value));
    } while (old != seen);
}

static __global__ void update(unsigned *words, unsigned long long *longs, int *signs, float *sum)
{
    __shared__ unsigned shared[3];
    unsigned self = blockIdx.x * THREADS + threadIdx.x;
    if (threadIdx.x < 3) shared[threadIdx.x] = 0;
    __syncthreads();
    atomicAdd(&shared[0], self), atomicMax(&shared[1], self), atomicOr(&shared[2], 1u << threadIdx.x % 32);
    atomicAdd(&words[0], self), atomicSub(&words[1], self), atomicMin(&words[2], 100000 - self);
    atomicAnd(&words[3], ~(1u << self % 32)), atomicXor(&words[4], self * 2654435761u);
    atomicAdd(&longs[0], (unsigned long long)self << 30),
        atomicMax(&longs[1], (unsigned long long)self << 35);
    atomicMin(&signs[0], -(int)self), atomicMax(&signs[1], (int)self - 5000);
    add_float(sum, (float)(self % 16));
    __syncthreads();
    if (threadIdx.x == 0) {
        atomicAdd(&words[5], shared[0]), atomicMax(&words[6], shared[1]), atomicOr(&words[7], shared[2]);
        atomicExch(&words[8], 4711u);
    }
}

int main()
{
    begin("atomics");
    unsigned count = GROUPS * THREADS;
    std::vector<unsigned> words = { 0, 0, ~0u, ~0u, 0, 0, 0, 0, 0 }, wanted = words;
    std::vector<unsigned long long> longs = { 0, 0 };
    float sum = 0;
    device<unsigned> dwords(words);
    device<unsigned long long> dlongs(longs);
    device<int> dsigns(std::vector<int>{ 0, -1000000 });
    device<float> dsum(std::vector<float>{ 0 });
    for (unsigned self = 0; self < count; self++) {
        wanted[0] += self, wanted[1] -= self, wanted[2] = std::min(wanted[2], 100000 - self);
        wanted[3] &= ~(1u << self % 32), wanted[4] ^= self * 2654435761u;
        wanted[5] += self, wanted[6] = self, wanted[7] = ~0u, wanted[8] = 4711;
        longs[0] += (unsigned long long)self << 30, longs[1] = (unsigned long long)self << 35;
        sum += (float)(self % 16);
    }
    LAUNCH(update, dim3(GROUPS), dim3(THREADS), dwords.at, dlongs.at, dsigns.at, dsum.at);
    same("word", dwords.read(), wanted);
    same("long", dlongs.read(), longs);
    same("sign", dsigns.read(), { -(int)(count - 1), (int)count - 1 - 5000 });
    same("sum", dsum.read(), { sum });
    return finish();
}
