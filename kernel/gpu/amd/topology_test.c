/* SPDX-License-Identifier: Apache-2.0 */
/* What ROCm reads of /sys, /proc and the render node, to the byte where it compares. */
#include "abi/linux/amdgpu.h"
#include "abi/linux/drm.h"
#include "abi/linux/kfd.h"
#include "abi/linux/stat.h"
#include "gpu/amd/kfd_gpu.h"
#include "syscall/sys_file.h"
#include "syscall/sys_path.h"
#include "tests/fakes/fake_gpu.h"
#include "tests/fakes/fake_kfd.h"
#include "tests/harness/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NODES "/sys/devices/virtual/kfd/kfd/topology/nodes"

static char text[8192];

static const char *read_all(const char *path)
{
    int64_t fd = sys_open(A(path), 0, 0);
    EXPECT(fd >= 0);
    int64_t bytes = sys_read(A(fd), A(text), sizeof(text) - 1);
    text[bytes < 0 ? 0 : bytes] = '\0';
    sys_close(A(fd));
    return text;
}

/* Of a file of lines "name value". */
static uint64_t value_of(const char *path, const char *name)
{
    char key[64];
    snprintf(key, sizeof(key), "%s ", name);
    read_all(path);
    const char *at = text;
    while (at && strncmp(at, key, strlen(key))) at = strchr(at, '\n') ? strchr(at, '\n') + 1 : NULL;
    EXPECT(at);
    return at ? strtoull(at + strlen(key), NULL, 10) : 0;
}

TEST(the_topology_has_a_node_for_the_cpu_and_one_for_the_gpu)
{
    fake_kfd_start(false);
    EXPECT_STR(read_all("/sys/class/kfd/kfd/topology/generation_id"), "1\n");
    EXPECT_STR(read_all("/sys/devices/virtual/kfd/kfd/topology/system_properties"),
               "platform_oem 0\nplatform_id 0\nplatform_rev 0\n");
    EXPECT_STR(read_all(NODES "/0/gpu_id"), "0\n");
    char id[16];
    snprintf(id, sizeof(id), "%u\n", KFD_GPU_ID_BASE);
    EXPECT_STR(read_all(NODES "/1/gpu_id"), id);
    EXPECT_STR(read_all(NODES "/1/name"), "vega10\n");
    EXPECT(sys_open(A(NODES "/2/gpu_id"), 0, 0) < 0);
    fake_kfd_stop();
}

TEST(properties_of_nodes_are_those_of_the_gpu)
{
    static const struct {
        const char *name;
        uint64_t value;
    } expected[] = {
        { "cpu_cores_count", 0 },
        { "simd_count", 32 },
        { "mem_banks_count", 1 },
        { "caches_count", 2 },
        { "io_links_count", 1 },
        { "capability", 0x22c0 },
        { "wave_front_size", 64 },
        { "lds_size_in_kb", 64 },
        { "array_count", 4 },
        { "cu_per_simd_array", 2 },
        { "simd_per_cu", 4 },
        { "max_slots_scratch_cu", 32 },
        { "vendor_id", 4098 },
        { "device_id", 26751 },
        { "gfx_target_version", 90000 },
        { "drm_render_minor", 128 },
        { "num_sdma_engines", 2 },
        { "num_gws", 0 },
        { "hive_id", 0 },
        { "simd_id_base", 2147487744 },
        { "num_cp_queues", 24 },
    };
    fake_kfd_start(false);
    for (size_t i = 0; i < ARRAY_LENGTH(expected); i++)
        EXPECT_EQ(value_of(NODES "/1/properties", expected[i].name), expected[i].value);
    EXPECT(value_of(NODES "/0/properties", "cpu_cores_count") > 0);
    EXPECT_EQ(value_of(NODES "/0/properties", "simd_count"), 0);
    EXPECT_EQ(value_of(NODES "/0/properties", "io_links_count"), 0);
    /* Nothing but words and numbers: ROCm would stop there. */
    const char *line = read_all(NODES "/1/properties");
    for (; *line; line = strchr(line, '\n') + 1) {
        char name[64];
        unsigned long long value;
        EXPECT_EQ(sscanf(line, "%63s %llu\n", name, &value), 2);
    }
    fake_kfd_stop();
}

TEST(banks_caches_and_links_are_as_many_as_the_properties_say)
{
    fake_kfd_start(false);
    EXPECT_EQ(value_of(NODES "/1/mem_banks/0/properties", "heap_type"), 2);
    EXPECT_EQ(value_of(NODES "/1/mem_banks/0/properties", "size_in_bytes"), FAKE_GPU_VRAM_BYTES);
    EXPECT_EQ(value_of(NODES "/0/mem_banks/0/properties", "heap_type"), 0);
    EXPECT_EQ(value_of(NODES "/1/caches/0/properties", "level"), 1);
    EXPECT_EQ(value_of(NODES "/1/caches/1/properties", "type"), 9);
    const char *map = strstr(read_all(NODES "/1/caches/1/properties"), "sibling_map 1,0,");
    EXPECT(map && !strchr(map, '\n')[1]); /* the last line */
    EXPECT(sys_open(A(NODES "/1/caches/2"), 0, 0) < 0);
    EXPECT(sys_open(A(NODES "/0/io_links/0"), 0, 0) < 0);
    EXPECT_EQ(value_of(NODES "/1/io_links/0/properties", "weight"), 20);
    EXPECT_EQ(value_of(NODES "/1/io_links/0/properties", "node_from"), 1);
    EXPECT_EQ(value_of(NODES "/1/io_links/0/properties", "node_to"), 0);
    EXPECT(sys_open(A(NODES "/1/io_links/1"), 0, 0) < 0);
    uint64_t cpu_caches = value_of(NODES "/0/properties", "caches_count");
    char path[128];
    for (uint64_t i = 0; i < cpu_caches; i++) {
        snprintf(path, sizeof(path), NODES "/0/caches/%u/properties", (unsigned)i);
        EXPECT(value_of(path, "level") > 0);
    }
    fake_kfd_stop();
}

TEST(render_nodes_have_names_in_dev_and_sys)
{
    struct linux_stat stat;
    fake_kfd_start(false);
    EXPECT_EQ(sys_stat(A("/dev/dri/renderD128"), A(&stat)), 0);
    EXPECT_EQ(stat.st_rdev, linux_makedev(226, 128));
    EXPECT_EQ(stat.st_mode, LINUX_S_IFCHR | 0666);
    EXPECT_EQ(sys_stat(A("/dev/dri"), A(&stat)), 0);
    EXPECT_EQ(stat.st_mode, LINUX_S_IFDIR | 0755);
    EXPECT_EQ(sys_stat(A("/sys/dev/char/226:128/device/drm"), A(&stat)), 0);
    EXPECT_EQ(stat.st_mode, LINUX_S_IFDIR | 0555);
    EXPECT_STR(read_all("/sys/class/drm/renderD128/dev"), "226:128\n");
    EXPECT_STR(read_all("/sys/class/drm/renderD128/device/vendor"), "0x1002\n");
    EXPECT_STR(read_all("/sys/class/drm/renderD128/uevent"),
               "MAJOR=226\nMINOR=128\nDEVNAME=dri/renderD128\nDEVTYPE=drm_minor\n");
    EXPECT(strstr(read_all("/proc/devices"), "\n226 drm\n235 kfd\n\nBlock devices:\n"));
    EXPECT_STR(read_all("/proc/modules"), "amdgpu 1 0 - Live 0x0000000000000000\n");
    fake_kfd_stop();
}

/* ---- the render node ---- */

TEST(the_driver_behind_a_render_node_tells_its_name)
{
    char name[4] = "xxx", date[16] = "", desc[16] = "";
    struct linux_drm_version v = {
        .name_len = 3, .name = A(name), .date_len = 15, .date = A(date), .desc_len = 15, .desc = A(desc)
    };
    fake_kfd_start(false);
    EXPECT_EQ(sys_ioctl(A(fake_render), 0xc0406400, A(&v)), 0);
    EXPECT_EQ(v.version_major, 3);
    EXPECT_EQ(v.name_len, 6);
    EXPECT_STR(name, "amd");
    EXPECT_STR(desc, "AMD GPU");
    v = (struct linux_drm_version){ 0 };
    EXPECT_EQ(sys_ioctl(A(fake_render), 0xc0406400, A(&v)), 0);
    EXPECT_EQ(v.name_len, 6);
    EXPECT_EQ(sys_ioctl(A(fake_render), 0xc0406405, A(&v)), ERR_ACCESS.code);
    EXPECT_EQ(sys_ioctl(A(fake_render), 0xc0406444, A(&v)), ERR_INVALID.code);
    EXPECT_EQ(sys_ioctl(A(fake_render), 0xc04064ff, A(&v)), ERR_INVALID.code);
    fake_kfd_stop();
}

static int64_t query(uint32_t number, void *to, uint32_t bytes, uint32_t first)
{
    struct linux_amdgpu_info q = { .return_pointer = A(to), .return_size = bytes, .query = number };
    q.read_mmr_reg.dword_offset = first;
    q.read_mmr_reg.count = 1;
    return sys_ioctl(A(fake_render), 0x40206445, A(&q));
}

TEST(queries_of_the_render_node_are_answered_as_far_as_there_is_room)
{
    uint32_t word = 0;
    struct linux_amdgpu_info_device device;
    fake_kfd_start(false);
    EXPECT_EQ(query(0x00, &word, 4, 0), 0);
    EXPECT_EQ(word, 1);
    EXPECT_EQ(query(0x15, &word, 4, 0x263e), 0);
    EXPECT_EQ(word, KFD_GB_ADDR_CONFIG);
    EXPECT_EQ(query(0x15, &word, 4, 0x1234), ERR_INVALID.code);
    memset(&device, 0xff, sizeof(device));
    EXPECT_EQ(query(0x16, &device, sizeof(device), 0), 0);
    EXPECT_EQ(device.device_id, 0x687f);
    EXPECT_EQ(device.family, LINUX_AMDGPU_FAMILY_AI);
    EXPECT_EQ(device.cu_active_number, 8);
    EXPECT_EQ(device.cu_bitmap[3][0], 3);
    EXPECT_EQ(device.cu_bitmap[0][1], 0);
    memset(&device, 0xff, sizeof(device));
    EXPECT_EQ(query(0x16, &device, 4, 0), 0);
    EXPECT_EQ(device.chip_rev, UINT32_MAX);
    EXPECT_EQ(query(0x16, NULL, 4, 0), ERR_INVALID.code);
    EXPECT_EQ(query(0x16, &device, 0, 0), ERR_INVALID.code);
    EXPECT_EQ(query(0x99, &word, 4, 0), ERR_INVALID.code);
    fake_kfd_stop();
}
