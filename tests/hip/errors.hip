// SPDX-License-Identifier: Apache-2.0
// What goes wrong, one kind for each run: errors KIND. The script that runs it judges how it ends.
//   arguments  calls and launches that HIP itself refuses, each with its error; ends well
//   address    a kernel writes where nothing is: the program is aborted and told the address
//   freed      the same, after hipFree and a use of what was freed, through an address far from every other
//   trap       a kernel traps: aborted
//   illegal    a kernel runs into an instruction that does not exist: aborted
//   endless    a kernel never ends: somebody has to kill the program
#include "hip_test.hpp"

static __global__ void store(int *at, int value) { at[threadIdx.x] = value; }
static __global__ void trap(const int *when)
{
    if (*when) __builtin_trap();
}
static __global__ void illegal(int *out)
{
    *out = 1;
    asm volatile(".long 0xbe80ff80"); // SOP1 with an opcode that GCN does not have
}
static __global__ void wait_for(volatile int *flag)
{
    while (!*flag) {}
}

static void arguments()
{
    int *at;
    hipModule_t module;
    HIP(hipMalloc((void **)&at, 4096));
    HIP_FAILS(hipSetDevice(7), hipErrorInvalidDevice);
    HIP_FAILS(hipMalloc(nullptr, 4096), hipErrorInvalidValue);
    HIP_FAILS(hipMemcpy(at, nullptr, 16, hipMemcpyHostToDevice), hipErrorInvalidValue);
    HIP_FAILS(hipMemcpy(at, &module, 8192, hipMemcpyHostToDevice), hipErrorInvalidValue);
    HIP_FAILS(hipModuleLoad(&module, "/no/such/file"), hipErrorFileNotFound);
    HIP_FAILS(hipModuleLoadData(&module, "no code object"), hipErrorInvalidKernelFile);
    hipLaunchKernelGGL(store, dim3(1), dim3(2048), 0, 0, at, 1);
    HIP_FAILS(hipGetLastError(), hipErrorInvalidConfiguration);
    hipLaunchKernelGGL(store, dim3(0), dim3(64), 0, 0, at, 1);
    HIP_FAILS(hipGetLastError(), hipErrorInvalidValue);
    hipLaunchKernelGGL(store, dim3(1), dim3(64), 1 << 20, 0, at, 1);
    HIP_FAILS(hipGetLastError(), hipErrorOutOfMemory);

    // After all of that the device is as good as before.
    std::vector<int> values(64);
    LAUNCH(store, dim3(1), dim3(64), at, 42);
    HIP(hipMemcpy(values.data(), at, 64 * sizeof(int), hipMemcpyDeviceToHost));
    same("value", values, std::vector<int>(64, 42));
    HIP(hipFree(at));
}

int main(int argc, char **argv)
{
    begin("errors");
    const char *kind = argc > 1 ? argv[1] : "arguments";
    if (strcmp(kind, "arguments") == 0) {
        arguments();
        return finish();
    }
    device<int> one(std::vector<int>{ 1 }), zero(std::vector<int>{ 0 });
    if (strcmp(kind, "address") == 0)
        hipLaunchKernelGGL(store, dim3(1), dim3(64), 0, 0, (int *)0x123456789000, 1);
    else if (strcmp(kind, "freed") == 0) {
        int *at;
        HIP(hipMalloc((void **)&at, 64 << 20)); // large enough to have a mapping of its own
        HIP(hipFree(at));
        hipLaunchKernelGGL(store, dim3(1), dim3(64), 0, 0, at + (1 << 20), 1);
    } else if (strcmp(kind, "trap") == 0)
        hipLaunchKernelGGL(trap, dim3(1), dim3(64), 0, 0, (const int *)one.at);
    else if (strcmp(kind, "illegal") == 0)
        hipLaunchKernelGGL(illegal, dim3(1), dim3(1), 0, 0, one.at);
    else if (strcmp(kind, "endless") == 0) {
        hipLaunchKernelGGL(wait_for, dim3(1), dim3(64), 0, 0, (volatile int *)zero.at);
        HIP(hipGetLastError());
        printf("errors: the kernel runs\n");
        fflush(stdout);
    } else
        FAIL("what is %s?", kind);
    HIP(hipDeviceSynchronize());
    printf("errors: nothing happened\n");
    return 1;
}
