// SPDX-License-Identifier: Apache-2.0
// The code object that module.hip loads: compiled alone, with hipcc --genco.
#include <hip/hip_runtime.h>

__device__ int factor = 3;
__constant__ int table[4] = { 10, 20, 30, 40 };

extern "C" __global__ void scale(int *values, int count)
{
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i < count) values[i] = values[i] * factor + table[i % 4];
}
