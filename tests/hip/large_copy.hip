// SPDX-License-Identifier: Apache-2.0
// 64 MiB from the host to the device, out of pinned, registered and pageable memory; a kernel checks every
// word there.
#include "hip_test.hpp"

#define BYTES (64u << 20)

static __global__ void check(const unsigned *words, unsigned count, unsigned seed, unsigned *right)
{
    unsigned mine = 0;
    for (unsigned i = blockIdx.x * blockDim.x + threadIdx.x; i < count; i += gridDim.x * blockDim.x)
        mine += words[i] == i * 2654435761u + seed;
    atomicAdd(right, mine);
}

static void copy(unsigned *host, unsigned seed)
{
    unsigned count = BYTES / sizeof(unsigned);
    for (unsigned i = 0; i < count; i++) host[i] = i * 2654435761u + seed;
    device<unsigned> there(count), right(std::vector<unsigned>{ 0 });
    HIP(hipMemcpy(there.at, host, BYTES, hipMemcpyHostToDevice));
    LAUNCH(check, dim3(64), dim3(256), (const unsigned *)there.at, count, seed, right.at);
    same("right words", right.read(), { count });
}

int main()
{
    begin("large_copy");
    unsigned *pinned, *plain = (unsigned *)malloc(BYTES);
    if (!plain) FAIL("no memory");
    HIP(hipHostMalloc((void **)&pinned, BYTES, hipHostMallocDefault));
    copy(pinned, 1);
    HIP(hipHostFree(pinned));
    copy(plain, 2);
    HIP(hipHostRegister(plain, BYTES, hipHostRegisterDefault));
    copy(plain, 3);
    HIP(hipHostUnregister(plain));
    free(plain);
    return finish();
}
