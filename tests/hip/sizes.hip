// SPDX-License-Identifier: Apache-2.0
// Memory of the device in many sizes: each piece can be written from end to end and none overlaps another;
// freed memory comes back; more than the device has is refused, and what was there before lives on.
#include "hip_test.hpp"

static __global__ void mark(uint8_t *at, size_t bytes, uint8_t with)
{
    size_t step = bytes / 64 + 1;
    for (size_t i = threadIdx.x * step; i < bytes && i < (threadIdx.x + 1) * step; i++) at[i] = with;
}

static __global__ void find(const uint8_t *at, size_t bytes, uint8_t wanted, unsigned long long *right)
{
    size_t step = bytes / 64 + 1;
    unsigned long long mine = 0;
    for (size_t i = threadIdx.x * step; i < bytes && i < (threadIdx.x + 1) * step; i++)
        mine += at[i] == wanted;
    atomicAdd(right, mine);
}

int main()
{
    begin("sizes");
    std::vector<size_t> sizes = {
        1, 2, 255, 256, 257, 4095, 4096, 4097, 65536, 100001, (2u << 20) - 1, 2u << 20, (3u << 20) + 5
    };
    std::vector<device<uint8_t> *> pieces;
    device<unsigned long long> right(std::vector<unsigned long long>{ 0 });
    unsigned long long wanted = 0;
    for (int round = 0; round < 2; round++) {
        for (size_t bytes : sizes) pieces.push_back(new device<uint8_t>(bytes));
        for (size_t i = 0; i < sizes.size(); i++)
            LAUNCH(mark, dim3(1), dim3(64), pieces[i]->at, sizes[i], (uint8_t)(i + 1));
        for (size_t i = 0; i < sizes.size(); i++)
            LAUNCH(find, dim3(1), dim3(64), (const uint8_t *)pieces[i]->at, sizes[i], (uint8_t)(i + 1),
                   right.at);
        for (size_t bytes : sizes) wanted += bytes;
        same("right bytes", right.read(), { wanted });
        for (device<uint8_t> *piece : pieces) delete piece;
        pieces.clear();
    }
    device<uint8_t> kept(std::vector<uint8_t>(1000, 77));
    void *huge = nullptr;
    HIP_FAILS(hipMalloc(&huge, (size_t)1 << 46), hipErrorOutOfMemory);
    same("kept", kept.read(), std::vector<uint8_t>(1000, 77));
    for (int i = 0; i < 300; i++) device<uint8_t> again(1 << 20);
    return finish();
}
