// SPDX-License-Identifier: Apache-2.0
// Grids and groups of three dimensions, sizes that divide nothing, the largest group, LDS whose size the
// launch gives, and many arguments of many types: each work-item writes who it is.
#include "hip_test.hpp"

struct mixed {
    char small;
    double large;
    short pair[3];
};

static __global__ void write(unsigned long long *out, char a, mixed b, short c, double d, int width,
                             int height)
{
    int x = blockIdx.x * blockDim.x + threadIdx.x, y = blockIdx.y * blockDim.y + threadIdx.y;
    int z = blockIdx.z * blockDim.z + threadIdx.z;
    unsigned long long self = ((unsigned long long)blockIdx.z << 40) + (blockIdx.y << 20) + blockIdx.x;
    out[((size_t)z * height + y) * width + x] = self * 1000003 + threadIdx.z * 10007 + threadIdx.y * 101 +
                                                threadIdx.x + a + b.small + (int)b.large + b.pair[2] + c +
                                                (int)d;
}

static __global__ void reverse(int *values)
{
    HIP_DYNAMIC_SHARED(int, shared)
    shared[threadIdx.x] = values[blockIdx.x * blockDim.x + threadIdx.x];
    __syncthreads();
    values[blockIdx.x * blockDim.x + threadIdx.x] = shared[blockDim.x - 1 - threadIdx.x];
}

static void check(dim3 grid, dim3 block)
{
    mixed b = { 3, 1000.5, { 1, 2, 30 } };
    int width = grid.x * block.x, height = grid.y * block.y, depth = grid.z * block.z;
    std::vector<unsigned long long> wanted((size_t)width * height * depth);
    for (int z = 0; z < depth; z++)
        for (int y = 0; y < height; y++)
            for (int x = 0; x < width; x++) {
                unsigned long long self =
                    ((unsigned long long)(z / block.z) << 40) + (y / block.y << 20) + x / block.x;
                wanted[((size_t)z * height + y) * width + x] = self * 1000003 + z % block.z * 10007 +
                                                               y % block.y * 101 + x % block.x + 7 + 3 +
                                                               1000 + 30 - 5 + 42;
            }
    device<unsigned long long> out(wanted.size());
    LAUNCH(write, grid, block, out.at, (char)7, b, (short)-5, 42.9, width, height);
    same("item", out.read(), wanted);
}

int main()
{
    begin("grids");
    check(dim3(3, 2, 2), dim3(5, 3, 7));
    check(dim3(1, 1, 1), dim3(1024));
    check(dim3(7, 1, 5), dim3(1, 64, 2));
    std::vector<int> values(3 * 500), wanted(values.size());
    for (int i = 0; i < 1500; i++) values[i] = i, wanted[i] = i / 500 * 500 + 499 - i % 500;
    device<int> there(values);
    hipLaunchKernelGGL(reverse, dim3(3), dim3(500), 500 * sizeof(int), 0, there.at);
    HIP(hipGetLastError());
    same("reversed", there.read(), wanted);
    return finish();
}
