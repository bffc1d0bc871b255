// SPDX-License-Identifier: Apache-2.0
// Events: recorded ones come after the work before them, the time between two is that of the work between,
// more work takes longer, and a query says "not ready" or "done" but never blocks.
#include "hip_test.hpp"

#define LARGE 1500000

static __global__ void turn(unsigned *value, int times)
{
    unsigned x = *value;
    for (int i = 0; i < times; i++) x = x * 1664525u + 1013904223u;
    *value = x;
}

// The milliseconds a launch takes, as the device's timestamps have it.
static float measure(unsigned *value, int times)
{
    hipEvent_t start, stop;
    float elapsed_ms = -1;
    HIP(hipEventCreate(&start));
    HIP(hipEventCreate(&stop));
    HIP(hipEventRecord(start, 0));
    LAUNCH(turn, dim3(1), dim3(1), value, times);
    HIP(hipEventRecord(stop, 0));
    hipError_t early = hipEventQuery(stop);
    if (early != hipSuccess && early != hipErrorNotReady) FAIL("query: %s", hipGetErrorString(early));
    (void)hipGetLastError();
    HIP(hipEventSynchronize(stop));
    HIP(hipEventQuery(stop));
    HIP(hipEventElapsedTime(&elapsed_ms, start, stop));
    HIP(hipEventDestroy(start));
    HIP(hipEventDestroy(stop));
    return elapsed_ms;
}

int main()
{
    begin("events");
    device<unsigned> value(std::vector<unsigned>{ 1 });
    unsigned wanted = 1;
    (void)measure(value.at, 1); // the first launch loads the code
    float small_ms = measure(value.at, 1), large_ms = measure(value.at, LARGE);
    for (int i = 0; i < LARGE + 2; i++) wanted = wanted * 1664525u + 1013904223u;
    same("value", value.read(), { wanted });
    if (!(small_ms >= 0)) FAIL("a launch took %g ms", small_ms);
    if (!(large_ms > 0 && large_ms < 60000)) FAIL("a long launch took %g ms", large_ms);
    if (!(large_ms > small_ms)) FAIL("a long launch took %g ms, a short one %g ms", large_ms, small_ms);
    return finish();
}
