/* SPDX-License-Identifier: Apache-2.0 */
/* Render nodes in /dev/dri and /sys. libdrm goes from the number of the open file by /sys/dev/char to the device's
 * directory, and knows a render node by a directory `drm` there. */
#include "abi/linux/drm.h"
#include "abi/linux/stat.h"
#include "fs/devfs.h"
#include "fs/made.h"
#include "fs/text_file.h"
#include "gpu/amd/kfd.h"
#include "gpu/amd/render_tree.h"
#include "lib/format.h"

#define TABLE(name, rows_) \
    static const struct made_table name = { .rows = (rows_), .count = ARRAY_LENGTH(rows_) }

/* ---- /sys/devices/virtual/drm/renderDN: a subject's number is N ---- */

static const struct kfd_gpu *gpu_of(const struct text *text)
{
    return kfd_gpu_at(text->node->subject.number - LINUX_DRM_RENDER_MINOR);
}

static void write_dev(struct text *text, uint64_t *cursor)
{
    if (!(*cursor)++) text_add(text, "%u:%u\n", LINUX_DRM_MAJOR, gpu_of(text)->minor);
}
static void write_uevent(struct text *text, uint64_t *cursor)
{
    if ((*cursor)++) return;
    uint32_t minor = gpu_of(text)->minor;
    text_add(text, "MAJOR=%u\nMINOR=%u\nDEVNAME=dri/renderD%u\nDEVTYPE=drm_minor\n", LINUX_DRM_MAJOR, minor,
             minor);
}
static void write_vendor(struct text *text, uint64_t *cursor)
{
    if (!(*cursor)++) text_add(text, "0x%04x\n", gpu_of(text)->device->identity.vendor);
}
static void write_device(struct text *text, uint64_t *cursor)
{
    if (!(*cursor)++) text_add(text, "0x%04x\n", gpu_of(text)->device->identity.device);
}
static const struct text_source dev_text = { .write = write_dev }, uevent_text = { .write = write_uevent },
                                vendor_text = { .write = write_vendor },
                                device_text = { .write = write_device };

static const struct made_table drm_table = { .count = 0 };
static const struct made_row device_rows[] = {
    MADE_FILE("vendor", 0444, &vendor_text, 0),
    MADE_FILE("device", 0444, &device_text, 0),
    MADE_FILE("revision", 0444, &text_constant, "0x00\n"),
    MADE_DIRECTORY("drm", 0555, &drm_table),
};
TABLE(device_table, device_rows);
static const struct made_row node_rows[] = {
    MADE_FILE("dev", 0444, &dev_text, 0),
    MADE_FILE("uevent", 0444, &uevent_text, 0),
    MADE_DIRECTORY("device", 0555, &device_table),
    MADE_SYMLINK("subsystem", "../../../../class/drm"),
};
TABLE(node_table, node_rows);

static bool find_node(const struct made_subject *parent, uint32_t number, struct made_subject *child)
{
    (void)parent;
    *child = (struct made_subject){ .number = number };
    return number - LINUX_DRM_RENDER_MINOR < kfd_gpu_count();
}
static bool next_node(const struct made_subject *parent, uint32_t from, uint32_t *number)
{
    (void)parent;
    *number = MAX(from, (uint32_t)LINUX_DRM_RENDER_MINOR);
    return *number - LINUX_DRM_RENDER_MINOR < kfd_gpu_count();
}
static const struct made_series nodes = { "renderD", find_node, next_node,
                                          MADE_DIRECTORY("", 0555, &node_table) };
static const struct made_table nodes_table = { .series = &nodes };
static const struct made_row virtual_rows[] = { MADE_DIRECTORY("drm", 0555, &nodes_table) };
static struct made_addition in_virtual = { "sys/devices/virtual", virtual_rows, ARRAY_LENGTH(virtual_rows),
                                           NULL };

/* ---- names that lead there, one of each kind for a GPU ---- */

enum { NAME_BYTES = 16, PATH_BYTES = 40 };
static struct names {
    char device[NAME_BYTES], number[NAME_BYTES], path[PATH_BYTES];
} names[GPU_DEVICES_MAX];
static struct char_device devices[GPU_DEVICES_MAX];
static struct made_row class_rows[GPU_DEVICES_MAX], char_rows[GPU_DEVICES_MAX];

static struct made_table char_table = { .rows = char_rows };
static const struct made_row dev_rows[] = { MADE_DIRECTORY("char", 0555, &char_table) };
static struct made_addition in_class = { "sys/class/drm", class_rows, 0, NULL };
static struct made_addition in_dev = { "sys/dev", dev_rows, ARRAY_LENGTH(dev_rows), NULL };

static void add_names(uint32_t i)
{
    const struct kfd_gpu *gpu = kfd_gpu_at(i);
    struct names *n = &names[i];
    format_string(n->device, sizeof(n->device), "renderD%u", gpu->minor);
    format_string(n->number, sizeof(n->number), "%u:%u", LINUX_DRM_MAJOR, gpu->minor);
    format_string(n->path, sizeof(n->path), "../../devices/virtual/drm/renderD%u", gpu->minor);
    class_rows[i] = (struct made_row)MADE_SYMLINK(n->device, n->path);
    char_rows[i] = (struct made_row)MADE_SYMLINK(n->number, n->path);
    devices[i] = (struct char_device){
        .name = n->device,
        .directory = "dri",
        .number = linux_makedev(LINUX_DRM_MAJOR, gpu->minor),
        .permissions = 0666,
        .ops = &render_ops,
        .context = (void *)gpu,
    };
    devfs_add(&devices[i]);
}

void render_tree_init(void)
{
    for (uint32_t i = 0; i < kfd_gpu_count(); i++) add_names(i);
    in_class.count = char_table.count = kfd_gpu_count();
    made_add(&in_virtual);
    made_add(&in_class);
    made_add(&in_dev);
}
