// SPDX-License-Identifier: Apache-2.0
// printf in a kernel: a call of the host out of a running wave, through memory both see and a signal that
// the kernel raises. One work-item at a time, so that the order is known. What it prints is judged by who
// reads it.
#include "hip_test.hpp"

static __global__ void say(int number)
{
    printf("a kernel says %d and %s, %.3f\n", number, number % 2 ? "odd" : "even", number / 8.0);
}

int main()
{
    begin("printing");
    for (int i = 0; i < 3; i++) {
        LAUNCH(say, dim3(1), dim3(1), i);
        HIP(hipDeviceSynchronize());
    }
    return finish();
}
