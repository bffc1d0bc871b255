// SPDX-License-Identifier: Apache-2.0
// The sum of squares of a vector, as one writes it for CUDA; sum_of_squares.hip is the same for HIP, and
// docs/hip.md says what differs. Prints one line.
#include <cuda_runtime.h>

#include <cstdio>
#include <cstdlib>
#include <vector>

#define THREADS 256

static void check(cudaError_t status, const char *what)
{
    if (status == cudaSuccess) return;
    printf("sum_of_squares: %s: %s\n", what, cudaGetErrorString(status));
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
    cudaStream_t stream;
    cudaEvent_t start, stop;
    float elapsed_ms = -1;
    check(cudaStreamCreate(&stream), "a stream");
    check(cudaEventCreate(&start), "an event");
    check(cudaEventCreate(&stop), "an event");
    check(cudaMalloc((void **)&device_in, bytes), "memory");
    check(cudaMalloc((void **)&device_total, sizeof(got)), "memory");
    check(cudaMemcpyAsync(device_in, in.data(), bytes, cudaMemcpyHostToDevice, stream), "the vector");
    check(cudaMemsetAsync(device_total, 0, sizeof(got), stream), "zero");

    check(cudaEventRecord(start, stream), "the start");
    sum_squares<<<32, THREADS, 0, stream>>>(device_in, count, device_total);
    check(cudaGetLastError(), "the launch");
    check(cudaEventRecord(stop, stream), "the end");

    check(cudaMemcpyAsync(&got, device_total, sizeof(got), cudaMemcpyDeviceToHost, stream), "the sum");
    check(cudaStreamSynchronize(stream), "the stream");
    check(cudaEventElapsedTime(&elapsed_ms, start, stop), "the time");
    check(cudaFree(device_in), "memory");
    check(cudaFree(device_total), "memory");
    check(cudaEventDestroy(start), "an event");
    check(cudaEventDestroy(stop), "an event");
    check(cudaStreamDestroy(stream), "a stream");

    if (got != wanted || !(elapsed_ms >= 0)) {
        printf("sum_of_squares: the sum is %llu, should be %llu; it took %g ms\n", got, wanted, elapsed_ms);
        return 1;
    }
    printf("sum_of_squares ok\n");
    return 0;
}
