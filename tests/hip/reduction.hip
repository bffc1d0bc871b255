// SPDX-License-Identifier: Apache-2.0
// Sum, smallest and largest of many integers: shuffles within a wave, LDS between waves, atomics between
// groups.
#include "hip_test.hpp"

#define THREADS 256

static __global__ void reduce(const int *in, int count, unsigned long long *sum, int *least, int *most)
{
    __shared__ long long sums[THREADS / 64];
    long long mine = 0;
    int low = INT32_MAX, high = INT32_MIN;
    for (int i = blockIdx.x * THREADS + threadIdx.x; i < count; i += gridDim.x * THREADS) {
        mine += in[i];
        low = min(low, in[i]), high = max(high, in[i]);
    }
    for (int distance = 32; distance > 0; distance /= 2) {
        mine += __shfl_down(mine, distance);
        low = min(low, __shfl_down(low, distance)), high = max(high, __shfl_down(high, distance));
    }
    if (threadIdx.x % 64 == 0) {
        sums[threadIdx.x / 64] = mine;
        atomicMin(least, low), atomicMax(most, high);
    }
    __syncthreads();
    if (threadIdx.x == 0) atomicAdd(sum, (unsigned long long)(sums[0] + sums[1] + sums[2] + sums[3]));
}

int main()
{
    begin("reduction");
    int count = 200001;
    struct random random = { 12 };
    std::vector<int> in(count);
    long long sum = 0;
    int least = INT32_MAX, most = INT32_MIN;
    for (int &value : in) {
        value = (int)(random.next() ^ random.next() << 16);
        sum += value;
        least = std::min(least, value), most = std::max(most, value);
    }
    device<int> din(in), dleast(std::vector<int>{ INT32_MAX }), dmost(std::vector<int>{ INT32_MIN });
    device<unsigned long long> dsum(std::vector<unsigned long long>{ 0 });
    LAUNCH(reduce, dim3(20), dim3(THREADS), din.at, count, dsum.at, dleast.at, dmost.at);
    same("sum", dsum.read(), { (unsigned long long)sum });
    same("least", dleast.read(), { least });
    same("most", dmost.read(), { most });
    return finish();
}
