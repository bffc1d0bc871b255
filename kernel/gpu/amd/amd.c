/* SPDX-License-Identifier: Apache-2.0 */
#include "gpu/amd/amd.h"

#include "abi/linux/stat.h"
#include "fs/devfs.h"
#include "gpu/amd/kfd.h"
#include "gpu/amd/render_tree.h"
#include "procfs/procfs.h"

static const struct char_device kfd_device = {
    .name = "kfd",
    .number = 235 << 8, /* linux_makedev(KFD_CHAR_MAJOR, 0) */
    .permissions = 0666,
    .ops = &kfd_ops,
};
_Static_assert(KFD_CHAR_MAJOR == 235, "the number above");

/* rocminfo looks for the module, as lsmod shows it. */
static struct proc_line module = { "amdgpu 1 0 - Live 0x0000000000000000\n", NULL };
static struct proc_line drm_number = { "226 drm\n", NULL }, kfd_number = { "235 kfd\n", NULL };

void gpu_amd_init(void)
{
    if (!kfd_gpu_find_all()) return;
    devfs_add(&kfd_device);
    topology_init();
    render_tree_init();
    procfs_add_module(&module);
    procfs_add_device(&drm_number);
    procfs_add_device(&kfd_number);
}
