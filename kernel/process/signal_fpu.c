/* SPDX-License-Identifier: Apache-2.0 */
#include "process/signal_fpu.h"

#include "abi/linux/fpu.h"
#include "core/lock_order.h"
#include "sched/thread.h"
#include "vm/layout.h"
#include "vm/usercopy.h"

_Static_assert(SIGNAL_FPU_ALIGN == FPU_AREA_ALIGN, "the frame holds an area");
_Static_assert(sizeof(struct linux_fpx_sw_bytes) == (size_t)FPU_SOFTWARE_BYTES,
               "as much as the CPU leaves alone");

static struct fpu *current_fpu(void) { return &thread_current()->fpu; }

uint32_t signal_stack_bytes_min(void) { return fpu_signal_stack_bytes_min(&fpu_layout, SIGNAL_FRAME_BYTES); }

uint32_t signal_fpu_bytes(void) { return fpu_signal_bytes(&fpu_layout, fpu_features_of(current_fpu())); }

/* The copies in arch/ do not know what is user space, nor who may sleep. */
static bool is_good_place(uaddr_t frame)
{
    if (CONFIG_DEBUG) lock_order_expect_may_sleep("touching user memory");
    return is_user_range(frame.raw, signal_fpu_bytes());
}

err_t signal_fpu_save(uaddr_t frame)
{
    struct fpu *fpu = current_fpu();
    struct linux_fpx_sw_bytes software = { 0 };
    if (fpu_layout.way != FPU_BY_FXSAVE) {
        software.magic1 = LINUX_FP_XSTATE_MAGIC1;
        software.extended_size = signal_fpu_bytes();
        software.xfeatures = fpu_features_of(fpu);
        software.xstate_size = fpu_bytes_of(&fpu_layout, fpu_features_of(fpu));
    }
    if (!is_good_place(frame)) return ERR_FAULT;
    if (!fpu_save_to_user(fpu, (void *)frame.raw, (const uint8_t *)&software, LINUX_FP_XSTATE_MAGIC2))
        return ERR_FAULT;
    fpu_clear(fpu);
    return OK;
}

/* What of the state the frame holds. A program that copied only the 512 bytes of old, or made them itself, gets
 * those loaded. [linux arch/x86/kernel/fpu/signal.c] */
static err_t find_components(uaddr_t frame, uint64_t *components)
{
    struct linux_fpx_sw_bytes software;
    uint32_t mark;
    *components = FPU_LEGACY_IMAGE;
    if (fpu_layout.way == FPU_BY_FXSAVE) return OK;
    err_t e = user_copy_in(&software, UADDR(frame.raw + LINUX_FPX_SW_OFFSET), sizeof(software));
    if (failed(e)) return e;
    bool is_whole = software.magic1 == LINUX_FP_XSTATE_MAGIC1 &&
                    software.xstate_size >= FPU_LEGACY_BYTES + FPU_HEADER_BYTES &&
                    software.xstate_size <= fpu_bytes_of(&fpu_layout, fpu_features_of(current_fpu())) &&
                    software.xstate_size <= software.extended_size;
    if (!is_whole) return OK;
    e = user_copy_in(&mark, UADDR(frame.raw + software.xstate_size), sizeof(mark));
    if (!failed(e) && mark == LINUX_FP_XSTATE_MAGIC2)
        *components = software.xfeatures & fpu_features_of(current_fpu());
    return e;
}

err_t signal_fpu_load(uaddr_t frame)
{
    struct fpu *fpu = current_fpu();
    uint64_t components;
    bool is_done = !frame.raw;
    if (is_done || !is_good_place(frame) || failed(find_components(frame, &components)))
        fpu_clear(fpu);
    else
        is_done = fpu_load_from_user(fpu, (const void *)frame.raw, components);
    return is_done ? OK : ERR_FAULT;
}
