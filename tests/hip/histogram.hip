// SPDX-License-Identifier: Apache-2.0
// How often each byte occurs: atomics in LDS for each group, then in memory; most values fall on few bytes.
#include "hip_test.hpp"

static __global__ void count_bytes(const uint8_t *in, int count, unsigned *totals)
{
    __shared__ unsigned mine[256];
    mine[threadIdx.x] = 0;
    __syncthreads();
    for (int i = blockIdx.x * 256 + threadIdx.x; i < count; i += gridDim.x * 256) atomicAdd(&mine[in[i]], 1);
    __syncthreads();
    if (mine[threadIdx.x]) atomicAdd(&totals[threadIdx.x], mine[threadIdx.x]);
}

int main()
{
    begin("histogram");
    int count = 150001;
    struct random random = { 13 };
    std::vector<uint8_t> in(count);
    std::vector<unsigned> wanted(256);
    for (uint8_t &byte : in) {
        byte = (uint8_t)(random.next() % 3 ? random.next() % 4 : random.next());
        wanted[byte]++;
    }
    device<uint8_t> din(in);
    device<unsigned> totals(std::vector<unsigned>(256));
    LAUNCH(count_bytes, dim3(16), dim3(256), din.at, count, totals.at);
    same("byte", totals.read(), wanted);
    return finish();
}
