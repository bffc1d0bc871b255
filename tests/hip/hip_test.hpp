// SPDX-License-Identifier: Apache-2.0
// What the programs of tests/hip share. Each computes something on the device and compares it with a plain
// C reference on the host: integers exactly, floats exactly too where both sides round the same operations
// in the same order (the programs are compiled with -ffp-contract=off, so a multiply-add is fused only
// where fmaf() says so), and within a stated bound where the device's library computes a function (expf,
// sinf) its own way. A program prints one line, "NAME ok" or the first difference, and ends with 0 or 1.
#pragma once
#include <hip/hip_runtime.h>

#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

static const char *test_name;
inline void (*test_give_up)(int status) = exit; // together.cpp goes on with the next program

#define FAIL(...) \
    (printf("%s: ", test_name), printf(__VA_ARGS__), printf("\n"), fflush(stdout), test_give_up(1))

// A call that must succeed.
#define HIP(call)                                                                                        \
    do {                                                                                                 \
        hipError_t status_ = (call);                                                                     \
        if (status_ != hipSuccess) FAIL("line %d: %s: %s", __LINE__, #call, hipGetErrorString(status_)); \
    } while (0)

// A call that must fail in this way.
#define HIP_FAILS(call, wanted)                                                                        \
    do {                                                                                               \
        hipError_t status_ = (call);                                                                   \
        if (status_ != (wanted)) FAIL("line %d: %s: %s", __LINE__, #call, hipGetErrorString(status_)); \
        (void)hipGetLastError();                                                                       \
    } while (0)

// Launch and look whether it was taken; what the kernel does is seen when its result is waited for.
#define LAUNCH(kernel, grid, block, ...)                            \
    do {                                                            \
        hipLaunchKernelGGL(kernel, grid, block, 0, 0, __VA_ARGS__); \
        HIP(hipGetLastError());                                     \
    } while (0)

static void begin(const char *name)
{
    test_name = name;
    int count = 0;
    hipError_t status = hipGetDeviceCount(&count);
    if (status != hipSuccess || count == 0) FAIL("no device: %s", hipGetErrorString(status));
}

[[maybe_unused]] static int finish()
{
    HIP(hipDeviceSynchronize());
    printf("%s ok\n", test_name);
    return 0;
}

// The same numbers on every machine.
struct random {
    uint64_t state;
    uint32_t next()
    {
        state = state * 6364136223846793005ull + 1442695040888963407ull;
        return (uint32_t)(state >> 33);
    }
    // Multiples of 1/1024 from -1 to just below 1: exact in float, so sums of few of them are exact.
    float real() { return ((int)(next() % 2048) - 1024) / 1024.0f; }
};

template <typename T> struct device {
    T *at;
    size_t count;
    explicit device(size_t n) : count(n) { HIP(hipMalloc((void **)&at, n * sizeof(T))); }
    explicit device(const std::vector<T> &from) : device(from.size())
    {
        HIP(hipMemcpy(at, from.data(), count * sizeof(T), hipMemcpyHostToDevice));
    }
    device(const device &) = delete;
    ~device() { (void)hipFree(at); }
    std::vector<T> read() const
    {
        std::vector<T> out(count);
        HIP(hipMemcpy(out.data(), at, count * sizeof(T), hipMemcpyDeviceToHost));
        return out;
    }
};

template <typename T>
[[maybe_unused]] static void same(const char *what, const std::vector<T> &got, const std::vector<T> &wanted)
{
    for (size_t i = 0; i < wanted.size(); i++)
        if (memcmp(&got[i], &wanted[i], sizeof(T)) != 0)
            FAIL("%s[%zu] is %.9g, should be %.9g", what, i, (double)got[i], (double)wanted[i]);
}

// |got - wanted| <= bound * max(1, |wanted|): the bound is absolute below 1 and relative above.
[[maybe_unused]] static void near(const char *what, const std::vector<float> &got,
                                  const std::vector<float> &wanted, double bound)
{
    for (size_t i = 0; i < wanted.size(); i++) {
        double most = bound * std::fmax(1.0, std::fabs((double)wanted[i]));
        if (!(std::fabs((double)got[i] - wanted[i]) <= most))
            FAIL("%s[%zu] is %.9g, should be %.9g within %.3g", what, i, got[i], wanted[i], most);
    }
}

[[maybe_unused]] static std::vector<float> reals(size_t count, uint64_t seed)
{
    struct random random = { seed };
    std::vector<float> out(count);
    for (float &value : out) value = random.real();
    return out;
}
