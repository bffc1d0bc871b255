/* SPDX-License-Identifier: Apache-2.0 */
#include "process/signal_fpu.h"

#include "abi/linux/fpu.h"
#include "arch/usercopy.h"
#include "core/lock_order.h"
#include "sched/thread.h"
#include "vm/layout.h"
#include "vm/usercopy.h"

_Static_assert(SIGNAL_FPU_ALIGN == FPU_AREA_ALIGN, "the frame holds an area");
_Static_assert(sizeof(struct linux_fpx_sw_bytes) + FPU_HEADER_BYTES == (size_t)FPU_HEAD_BYTES,
               "as much as the CPU leaves alone, and the header");

static struct fpu *current_fpu(void) { return &percpu_current()->fpu; }

uint32_t signal_stack_bytes_min(void) { return fpu_signal_stack_bytes_min(&fpu_layout, SIGNAL_FRAME_BYTES); }

/* What all frames with the same components have in common. */
struct image {
    uint32_t bytes; /* with the mark behind it; 0: not filled in yet */
    struct {
        struct linux_fpx_sw_bytes software;
        uint8_t header[FPU_HEADER_BYTES];
    } head;
};
static struct image images[2]; /* of threads without and with what has to be asked for */

/* Two CPUs may do it at the same time, with the same result. */
static NOINLINE void fill_in(struct image *image, uint32_t features)
{
    uint32_t bytes = fpu_signal_bytes(&fpu_layout, features);
    if (fpu_layout.way != FPU_BY_FXSAVE) {
        image->head.software = (struct linux_fpx_sw_bytes){
            .magic1 = LINUX_FP_XSTATE_MAGIC1,
            .extended_size = bytes,
            .xfeatures = features,
            .xstate_size = fpu_bytes_of(&fpu_layout, features),
        };
    }
    __atomic_store_n(&image->bytes, bytes, __ATOMIC_RELEASE);
}

static const struct image *image_of(const struct fpu *fpu)
{
    struct image *image = images;
    if (unlikely(fpu->in_use & fpu_layout.on_request)) image++;
    if (unlikely(!__atomic_load_n(&image->bytes, __ATOMIC_ACQUIRE))) fill_in(image, fpu_features_of(fpu));
    return image;
}

uint32_t signal_fpu_bytes(void) { return image_of(current_fpu())->bytes; }

/* The copies in arch/ do not know what is user space, nor who may sleep. */
static bool is_good_place(const struct image *image, uaddr_t frame)
{
    if (CONFIG_DEBUG) lock_order_expect_may_sleep("touching user memory");
    return is_user_range(frame.raw, image->bytes);
}

err_t signal_fpu_save(uaddr_t frame)
{
    struct fpu *fpu = current_fpu();
    const struct image *image = image_of(fpu);
    if (!is_good_place(image, frame)) return ERR_FAULT;
    if (!fpu_save_to_user(fpu, (void *)frame.raw, (const uint8_t *)&image->head, LINUX_FP_XSTATE_MAGIC2))
        return ERR_FAULT;
    fpu_clear(fpu);
    return OK;
}

/* What of the state the frame holds. A program that copied only the 512 bytes of old, or made them itself, gets
 * those loaded. [linux arch/x86/kernel/fpu/signal.c] */
static err_t find_components(const struct image *image, uaddr_t frame, uint64_t *components)
{
    const struct linux_fpx_sw_bytes *whole = &image->head.software;
    struct linux_fpx_sw_bytes software;
    uint32_t mark;
    *components = FPU_LEGACY_IMAGE;
    if (fpu_layout.way == FPU_BY_FXSAVE) return OK;
    err_t e = user_copy_in(&software, UADDR(frame.raw + LINUX_FPX_SW_OFFSET),
                           offsetof(struct linux_fpx_sw_bytes, padding));
    if (failed(e)) return e;
    bool is_whole = software.magic1 == LINUX_FP_XSTATE_MAGIC1 &&
                    software.xstate_size >= FPU_LEGACY_BYTES + FPU_HEADER_BYTES &&
                    software.xstate_size <= whole->xstate_size &&
                    software.xstate_size <= software.extended_size;
    if (!is_whole) return OK;
    if (arch_user_read_u32(&mark, (const void *)(frame.raw + software.xstate_size))) return ERR_FAULT;
    if (mark == LINUX_FP_XSTATE_MAGIC2) *components = software.xfeatures & whole->xfeatures;
    return OK;
}

err_t signal_fpu_load(uaddr_t frame)
{
    struct fpu *fpu = current_fpu();
    const struct image *image = image_of(fpu);
    uint64_t components;
    bool is_good = frame.raw && is_good_place(image, frame);
    if (likely(is_good) && fpu_load_saved_from_user(fpu, (const void *)frame.raw,
                                                    (const uint8_t *)&image->head, LINUX_FP_XSTATE_MAGIC2))
        return OK;
    if (!is_good || failed(find_components(image, frame, &components))) {
        fpu_clear(fpu);
        return frame.raw ? ERR_FAULT : OK;
    }
    return fpu_load_from_user(fpu, (const void *)frame.raw, components) ? OK : ERR_FAULT;
}
