// SPDX-License-Identifier: Apache-2.0
// The sum of squares of a vector, as one writes it for CUDA; sum_of_squares.hip is the same for HIP, and
// docs/hip.md says what differs. Prints one line.
#include <hip/hip_runtime.h>

#include <cstdio>
#include <cstdlib>
#include <vector>

#define THREADS 256

static void check(hipError_t status, const char *what)
{
    if (status == hipSuccess) return;
    printf("sum_of_squares: %s: %s\n", what, hipGetErrorString(status));
    exit(1);
}

// Each block adds up its part in shared memory, then adds that to the total.
__global__ void sum_squares(const int *in, int count, unsigned long long *total)
{
    __shared__ unsigned long long parts[THREADS];
    unsigned long long mine = 0;
    for (int i = blockIdx.x * THREADS + threadIdx.x; i < count; i += gridDim.x * THREADS)
        mine += (unsigned long long)((long long)in[i] * in[i]);
    parts[threadIdx.x] = mine;
    __syncthreads();
    for (unsigned half = THREADS / 2; half > 0; half /= 2) {
        if (threadIdx.x < half) parts[threadIdx.x] += parts[threadIdx.x + half];
        __syncthreads();
    }
    if (threadIdx.x == 0) atomicAdd(total, parts[0]);
}

int main()
{
    const int count = 100000;
    const size_t bytes = count * sizeof(int);
    std::vector<int> in(count);
    unsigned long long wanted = 0, got = 0;
    for (int i = 0; i < count; i++) {
        in[i] = i * 7 % 2003 - 1000;
        wanted += (unsigned long long)(in[i] * in[i]);
    }

    int *device_in;
    unsigned long long *device_total;
    hipStream_t stream;
    hipEvent_t start, stop;
    float elapsed_ms = -1;
    check(hipStreamCreate(&stream), "a stream");
    check(hipEventCreate(&start), "an event");
    check(hipEventCreate(&stop), "an event");
    check(hipMalloc((void **)&device_in, bytes), "memory");
    check(hipMalloc((void **)&device_total, sizeof(got)), "memory");
    check(hipMemcpyAsync(device_in, in.data(), bytes, hipMemcpyHostToDevice, stream), "the vector");
    check(hipMemsetAsync(device_total, 0, sizeof(got), stream), "zero");

    check(hipEventRecord(start, stream), "the start");
    sum_squares<<<32, THREADS, 0, stream>>>(device_in, count, device_total);
    check(hipGetLastError(), "the launch");
    check(hipEventRecord(stop, stream), "the end");

    check(hipMemcpyAsync(&got, device_total, sizeof(got), hipMemcpyDeviceToHost, stream), "the sum");
    check(hipStreamSynchronize(stream), "the stream");
    check(hipEventElapsedTime(&elapsed_ms, start, stop), "the time");
    check(hipFree(device_in), "memory");
    check(hipFree(device_total), "memory");
    check(hipEventDestroy(start), "an event");
    check(hipEventDestroy(stop), "an event");
    check(hipStreamDestroy(stream), "a stream");

    if (got != wanted || !(elapsed_ms >= 0)) {
        printf("sum_of_squares: the sum is %llu, should be %llu; it took %g ms\n", got, wanted, elapsed_ms);
        return 1;
    }
    printf("sum_of_squares ok\n");
    return 0;
}
