// SPDX-License-Identifier: Apache-2.0
// Work in one stream is ordered: each of 20 launches builds on the one before. Several streams go on side
// by side, and one that waits for an event of another sees what that one did. More streams than a device
// has queues.
#include "hip_test.hpp"

#define COUNT   5000
#define STREAMS 6

static __global__ void step(unsigned *values, unsigned with)
{
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i < COUNT) values[i] = values[i] * 1664525u + with;
}

static __global__ void mix(unsigned *to, const unsigned *from)
{
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i < COUNT) to[i] ^= from[i];
}

int main()
{
    begin("streams");
    dim3 grid((COUNT + 127) / 128), block(128);
    hipStream_t streams[STREAMS];
    hipEvent_t done;
    std::vector<unsigned> start(COUNT), wanted[STREAMS];
    for (unsigned i = 0; i < COUNT; i++) start[i] = i;
    std::vector<device<unsigned> *> values;
    for (int s = 0; s < STREAMS; s++) {
        HIP(s % 2 ? hipStreamCreate(&streams[s])
                  : hipStreamCreateWithFlags(&streams[s], hipStreamNonBlocking));
        values.push_back(new device<unsigned>(start));
        wanted[s] = start;
    }
    HIP(hipEventCreate(&done));

    for (unsigned round = 0; round < 20; round++)
        for (unsigned s = 0; s < STREAMS; s++) {
            hipLaunchKernelGGL(step, grid, block, 0, streams[s], values[s]->at, s * 100 + round);
            for (unsigned &value : wanted[s]) value = value * 1664525u + s * 100 + round;
        }
    HIP(hipGetLastError());

    HIP(hipEventRecord(done, streams[1]));
    HIP(hipStreamWaitEvent(streams[0], done, 0));
    hipLaunchKernelGGL(mix, grid, block, 0, streams[0], values[0]->at, (const unsigned *)values[1]->at);
    for (int i = 0; i < COUNT; i++) wanted[0][i] ^= wanted[1][i];

    for (int s = 0; s < STREAMS; s++) {
        HIP(hipStreamSynchronize(streams[s]));
        HIP(hipStreamQuery(streams[s]));
        same("value", values[s]->read(), wanted[s]);
        HIP(hipStreamDestroy(streams[s]));
        delete values[s];
    }
    HIP(hipEventDestroy(done));
    return finish();
}
