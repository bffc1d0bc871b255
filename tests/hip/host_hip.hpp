// SPDX-License-Identifier: Apache-2.0
// HIP on the host, as far as the programs of tests/hip use it, in place of hip/hip_runtime.h: so that their
// kernels and references are checked against each other on a machine without a GPU. It is no model of the
// device: groups run one after the other, the threads of a group are coroutines that change places at
// barriers, memory of the device is memory of the host, and streams are empty as soon as they are filled.
#pragma once
#include <ucontext.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <functional>
#include <type_traits>
#include <vector>

using std::max;
using std::min;

#define __global__
#define __device__
#define __host__
#define __shared__ static
#define __launch_bounds__(...)
#define __forceinline__ inline
#define warpSize        64

struct dim3 {
    unsigned x, y, z;
    dim3(unsigned x_ = 1, unsigned y_ = 1, unsigned z_ = 1) : x(x_), y(y_), z(z_) {}
};

namespace hip_host
{

constexpr size_t stack_bytes = 256 << 10;

struct thread {
    ucontext_t context;
    dim3 index;
    bool ended;
    std::vector<char> stack;
};

struct group {
    std::vector<thread> threads;
    std::vector<uint64_t> lanes; // what each thread shows to the others of its wave
    std::function<void()> kernel;
    ucontext_t scheduler;
    size_t running;
    dim3 block, grid, index;
    std::vector<char> dynamic;
};

inline group *now;

inline void change_places() { swapcontext(&now->threads[now->running].context, &now->scheduler); }

inline void thread_main()
{
    now->kernel();
    now->threads[now->running].ended = true;
    change_places();
}

// All threads run to their next barrier or shuffle in turn: every one of them has then reached it.
inline void run_group(group &g)
{
    for (thread &t : g.threads) {
        t.ended = false;
        getcontext(&t.context);
        t.context.uc_stack.ss_sp = t.stack.data();
        t.context.uc_stack.ss_size = t.stack.size();
        t.context.uc_link = nullptr;
        makecontext(&t.context, thread_main, 0);
    }
    for (size_t left = g.threads.size(); left > 0;) {
        for (g.running = 0; g.running < g.threads.size(); g.running++) {
            thread &t = g.threads[g.running];
            if (t.ended) continue;
            swapcontext(&g.scheduler, &t.context);
            left -= t.ended;
        }
    }
}

inline void launch(dim3 grid, dim3 block, size_t dynamic, std::function<void()> kernel)
{
    group g;
    g.threads = std::vector<thread>((size_t)block.x * block.y * block.z);
    g.lanes.resize(g.threads.size());
    g.kernel = std::move(kernel);
    g.block = block, g.grid = grid;
    g.dynamic.resize(dynamic);
    for (size_t i = 0; i < g.threads.size(); i++) {
        g.threads[i].stack.resize(stack_bytes);
        g.threads[i].index = dim3(i % block.x, i / block.x % block.y, i / block.x / block.y);
    }
    now = &g;
    for (unsigned z = 0; z < grid.z; z++)
        for (unsigned y = 0; y < grid.y; y++)
            for (unsigned x = 0; x < grid.x; x++) {
                g.index = dim3(x, y, z);
                run_group(g);
            }
    now = nullptr;
}

// The arguments are copied at the launch, as the device's are.
template <typename... Parameters, typename... Arguments>
void call(void (*kernel)(Parameters...), dim3 grid, dim3 block, size_t dynamic, Arguments... arguments)
{
    launch(grid, block, dynamic, [=] { kernel(arguments...); });
}

inline int lane() { return (int)(now->running % 64); }

// Show a value to the wave and take that of another lane: two turns, so that nobody overwrites what is
// still to be read.
template <typename T> T exchange(T value, int from)
{
    size_t self = now->running, wave = self / 64 * 64, other = wave + (size_t)(from & 63);
    memcpy(&now->lanes[self], &value, sizeof(T));
    change_places();
    T result = value;
    if (other < now->lanes.size()) memcpy(&result, &now->lanes[other], sizeof(T));
    change_places();
    return result;
}

} // namespace hip_host

#define threadIdx                      (hip_host::now->threads[hip_host::now->running].index)
#define blockIdx                       (hip_host::now->index)
#define blockDim                       (hip_host::now->block)
#define gridDim                        (hip_host::now->grid)
#define HIP_DYNAMIC_SHARED(type, name) type *name = (type *)hip_host::now->dynamic.data();
#define hipLaunchKernelGGL(kernel, grid, block, shared, stream, ...) \
    ((void)(stream), hip_host::call(kernel, grid, block, shared, __VA_ARGS__))

inline void __syncthreads() { hip_host::change_places(); }
inline void __threadfence() {}
template <typename T> T __shfl(T value, int from) { return hip_host::exchange(value, from); }
template <typename T> T __shfl_xor(T value, int mask)
{
    return hip_host::exchange(value, hip_host::lane() ^ mask);
}
template <typename T> T __shfl_up(T value, int by)
{
    return hip_host::exchange(value, hip_host::lane() < by ? hip_host::lane() : hip_host::lane() - by);
}
template <typename T> T __shfl_down(T value, int by)
{
    return hip_host::exchange(value, hip_host::lane() + by > 63 ? hip_host::lane() : hip_host::lane() + by);
}
inline uint64_t __ballot(int condition)
{
    uint64_t mask = 0;
    for (int i = 0; i < 64; i++) {
        int theirs = hip_host::exchange(condition != 0, i);
        if (hip_host::now->running / 64 * 64 + (size_t)i < hip_host::now->threads.size())
            mask |= (uint64_t)theirs << i;
    }
    return mask;
}
inline float __uint_as_float(unsigned bits)
{
    float value;
    return memcpy(&value, &bits, 4), value;
}
inline unsigned __float_as_uint(float value)
{
    unsigned bits;
    return memcpy(&bits, &value, 4), bits;
}

template <typename T> T atomicAdd(T *at, std::type_identity_t<T> value)
{
    T old = *at;
    return *at = old + value, old;
}
template <typename T> T atomicSub(T *at, std::type_identity_t<T> value)
{
    T old = *at;
    return *at = old - value, old;
}
template <typename T> T atomicMin(T *at, std::type_identity_t<T> value)
{
    T old = *at;
    return *at = min(old, value), old;
}
template <typename T> T atomicMax(T *at, std::type_identity_t<T> value)
{
    T old = *at;
    return *at = max(old, value), old;
}
template <typename T> T atomicAnd(T *at, std::type_identity_t<T> value)
{
    T old = *at;
    return *at = old & value, old;
}
template <typename T> T atomicOr(T *at, std::type_identity_t<T> value)
{
    T old = *at;
    return *at = old | value, old;
}
template <typename T> T atomicXor(T *at, std::type_identity_t<T> value)
{
    T old = *at;
    return *at = old ^ value, old;
}
template <typename T> T atomicExch(T *at, std::type_identity_t<T> value)
{
    T old = *at;
    return *at = value, old;
}
template <typename T> T atomicCAS(T *at, std::type_identity_t<T> compare, std::type_identity_t<T> value)
{
    T old = *at;
    if (old == compare) *at = value;
    return old;
}

// ---- the calls of the host side ----
enum hipError_t { hipSuccess, hipErrorInvalidValue = 1, hipErrorOutOfMemory = 2, hipErrorNotReady = 600 };
enum hipMemcpyKind {
    hipMemcpyHostToHost,
    hipMemcpyHostToDevice,
    hipMemcpyDeviceToHost,
    hipMemcpyDeviceToDevice,
    hipMemcpyDefault
};
struct hip_host_stream {
};
struct hip_host_event {
    double at_ms;
};
typedef hip_host_stream *hipStream_t;
typedef hip_host_event *hipEvent_t;

#define hipHostMallocDefault   0
#define hipHostRegisterDefault 0
#define hipStreamNonBlocking   1

inline const char *hipGetErrorString(hipError_t status)
{
    return status == hipSuccess ? "no error" : "error";
}
inline hipError_t hipGetLastError() { return hipSuccess; }
inline hipError_t hipGetDeviceCount(int *count) { return *count = 1, hipSuccess; }
struct hipDeviceProp_t {
    char gcnArchName[256];
    int multiProcessorCount;
};
inline hipError_t hipGetDeviceProperties(hipDeviceProp_t *properties, int)
{
    return *properties = { "none: HIP on the processor", 1 }, hipSuccess;
}
inline hipError_t hipDeviceSynchronize() { return hipSuccess; }
inline hipError_t hipMalloc(void **at, size_t bytes)
{
    *at = bytes && bytes < (size_t)16 << 30 ? malloc(bytes) : nullptr;
    return !bytes || *at ? hipSuccess : hipErrorOutOfMemory;
}
template <typename T> hipError_t hipMalloc(T **at, size_t bytes) { return hipMalloc((void **)at, bytes); }
inline hipError_t hipFree(void *at) { return free(at), hipSuccess; }
inline hipError_t hipHostMalloc(void **at, size_t bytes, unsigned = 0) { return hipMalloc(at, bytes); }
inline hipError_t hipHostFree(void *at) { return hipFree(at); }
inline hipError_t hipHostRegister(void *, size_t, unsigned) { return hipSuccess; }
inline hipError_t hipHostUnregister(void *) { return hipSuccess; }
inline hipError_t hipHostGetDevicePointer(void **out, void *at, unsigned) { return *out = at, hipSuccess; }
inline hipError_t hipMemcpy(void *to, const void *from, size_t bytes, hipMemcpyKind)
{
    return memmove(to, from, bytes), hipSuccess;
}
inline hipError_t hipMemcpyAsync(void *to, const void *from, size_t bytes, hipMemcpyKind kind, hipStream_t)
{
    return hipMemcpy(to, from, bytes, kind);
}
inline hipError_t hipMemcpy2D(void *to, size_t to_pitch, const void *from, size_t from_pitch, size_t width,
                              size_t height, hipMemcpyKind)
{
    for (size_t y = 0; y < height; y++)
        memmove((char *)to + y * to_pitch, (const char *)from + y * from_pitch, width);
    return hipSuccess;
}
inline hipError_t hipMemcpy2DAsync(void *to, size_t to_pitch, const void *from, size_t from_pitch,
                                   size_t width, size_t height, hipMemcpyKind kind, hipStream_t)
{
    return hipMemcpy2D(to, to_pitch, from, from_pitch, width, height, kind);
}
inline hipError_t hipMemset(void *at, int value, size_t bytes)
{
    return memset(at, value, bytes), hipSuccess;
}
inline hipError_t hipMemsetAsync(void *at, int value, size_t bytes, hipStream_t)
{
    return hipMemset(at, value, bytes);
}
typedef void *hipDeviceptr_t;
inline hipError_t hipMemsetD16(hipDeviceptr_t at, unsigned short value, size_t count)
{
    return std::fill_n((unsigned short *)at, count, value), hipSuccess;
}
inline hipError_t hipMemsetD32(hipDeviceptr_t at, int value, size_t count)
{
    return std::fill_n((int *)at, count, value), hipSuccess;
}
inline hipError_t hipStreamCreate(hipStream_t *stream) { return *stream = new hip_host_stream, hipSuccess; }
inline hipError_t hipStreamCreateWithFlags(hipStream_t *stream, unsigned) { return hipStreamCreate(stream); }
inline hipError_t hipStreamDestroy(hipStream_t stream) { return delete stream, hipSuccess; }
inline hipError_t hipStreamSynchronize(hipStream_t) { return hipSuccess; }
inline hipError_t hipStreamQuery(hipStream_t) { return hipSuccess; }
inline hipError_t hipStreamWaitEvent(hipStream_t, hipEvent_t, unsigned) { return hipSuccess; }
inline hipError_t hipEventCreate(hipEvent_t *event) { return *event = new hip_host_event{ 0 }, hipSuccess; }
inline hipError_t hipEventDestroy(hipEvent_t event) { return delete event, hipSuccess; }
inline hipError_t hipEventRecord(hipEvent_t event, hipStream_t = nullptr)
{
    timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return event->at_ms = (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6, hipSuccess;
}
inline hipError_t hipEventSynchronize(hipEvent_t) { return hipSuccess; }
inline hipError_t hipEventQuery(hipEvent_t) { return hipSuccess; }
inline hipError_t hipEventElapsedTime(float *ms, hipEvent_t start, hipEvent_t stop)
{
    return *ms = (float)(stop->at_ms - start->at_ms), hipSuccess;
}
