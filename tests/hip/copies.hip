// SPDX-License-Identifier: Apache-2.0
// Copies in every direction and of many sizes and alignments: from and to pageable, pinned and registered
// memory, within the device, rows of a rectangle, and each of them asynchronous too. Bytes around the
// copied ones must not change.
#include "hip_test.hpp"

#define ROOM (6 << 20)

enum host_kind { PAGEABLE, PINNED, REGISTERED };

struct host_memory {
    host_kind kind;
    uint8_t *at;
    explicit host_memory(host_kind k) : kind(k)
    {
        if (kind == PINNED) {
            HIP(hipHostMalloc((void **)&at, ROOM, hipHostMallocDefault));
            return;
        }
        at = (uint8_t *)malloc(ROOM); // not aligned to a page: registration has to cope
        if (!at) FAIL("no memory");
        if (kind == REGISTERED) HIP(hipHostRegister(at, ROOM, hipHostRegisterDefault));
    }
    ~host_memory()
    {
        if (kind == PINNED) HIP(hipHostFree(at));
        if (kind == REGISTERED) HIP(hipHostUnregister(at));
        if (kind != PINNED) free(at);
    }
};

static void fill(uint8_t *at, size_t bytes, uint64_t seed)
{
    struct random random = { seed };
    for (size_t i = 0; i < bytes; i++) at[i] = (uint8_t)random.next();
}

static void copy(void *to, const void *from, size_t bytes, hipMemcpyKind kind, hipStream_t stream)
{
    if (!stream) {
        HIP(hipMemcpy(to, from, bytes, kind));
    } else {
        HIP(hipMemcpyAsync(to, from, bytes, kind, stream));
        HIP(hipStreamSynchronize(stream));
    }
}

// There, within the device, and back; `wanted` is what the host's memory must then hold.
static void round_trip(host_kind kind, size_t bytes, size_t from, size_t to, hipStream_t stream)
{
    host_memory host(kind);
    device<uint8_t> a(ROOM), b(ROOM);
    std::vector<uint8_t> wanted(ROOM), zeros(ROOM);
    fill(host.at, ROOM, bytes + from);
    HIP(hipMemcpy(a.at, zeros.data(), ROOM, hipMemcpyHostToDevice));
    HIP(hipMemcpy(b.at, zeros.data(), ROOM, hipMemcpyHostToDevice));
    copy(a.at + to, host.at + from, bytes, hipMemcpyHostToDevice, stream);
    copy(b.at + from, a.at + to, bytes, hipMemcpyDeviceToDevice, stream);
    memcpy(&wanted[from], host.at + from, bytes);
    same("within the device", b.read(), wanted);
    wanted.assign(host.at, host.at + ROOM);
    memmove(&wanted[to], &wanted[from], bytes);
    copy(host.at + to, b.at + from, bytes, hipMemcpyDeviceToHost, stream);
    same("back on the host", std::vector<uint8_t>(host.at, host.at + ROOM), wanted);
}

// Rows of 300 bytes out of rows of 512, into rows of 1024.
static void rectangle(hipStream_t stream)
{
    const size_t width = 300, height = 70, from = 512, to = 1024;
    std::vector<uint8_t> in(from * height), wanted(to * height), out(to * height);
    fill(in.data(), in.size(), 99);
    device<uint8_t> there(std::vector<uint8_t>(to * height));
    for (size_t y = 0; y < height; y++) memcpy(&wanted[y * to + 8], &in[y * from + 4], width);
    if (stream) {
        HIP(hipMemcpy2DAsync(there.at + 8, to, &in[4], from, width, height, hipMemcpyHostToDevice, stream));
        HIP(hipStreamSynchronize(stream));
    } else {
        HIP(hipMemcpy2D(there.at + 8, to, &in[4], from, width, height, hipMemcpyHostToDevice));
    }
    same("rectangle", there.read(), wanted);
    HIP(hipMemcpy2D(out.data() + 8, to, there.at + 8, to, width, height, hipMemcpyDeviceToHost));
    same("rectangle back", out, wanted);
}

int main()
{
    begin("copies");
    hipStream_t stream;
    HIP(hipStreamCreate(&stream));
    for (hipStream_t s : { (hipStream_t) nullptr, stream })
        for (host_kind kind : { PAGEABLE, PINNED, REGISTERED }) {
            round_trip(kind, 1, 5, 9, s);
            round_trip(kind, 4099, 4095, 8192, s);
            round_trip(kind, 70000, 3, 100000, s);
            round_trip(kind, (2 << 20) + 12, 64, 3 << 20, s); // more than HIP's staging buffer
        }
    rectangle(nullptr);
    rectangle(stream);
    HIP(hipStreamDestroy(stream));
    return finish();
}
