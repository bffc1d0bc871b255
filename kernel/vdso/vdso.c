/* SPDX-License-Identifier: Apache-2.0 */
#include "vdso/vdso.h"

#include "arch/vdso_image.h"
#include "core/time.h"
#include "lib/string.h"
#include "mm/direct_map.h"
#include "vm/space.h"

/* A page of the kernel's image as a file of that length. It is never freed, so nobody counts who holds it. */
struct image_page {
    struct backing backing;
    struct mapping mapping;
    const void *(*bytes)(void);
};

static void op_hold(struct backing *b) { (void)b; }

static const void *bytes_of(const struct backing *b)
{
    return CONTAINER_OF(b, struct image_page, backing)->bytes();
}

static err_t op_page(struct backing *b, uint64_t index, bool is_shared, struct backing_page *out)
{
    (void)is_shared; /* never */
    if (index) return ERR_IO;
    *out = (struct backing_page){ .frame = image_to_paddr(bytes_of(b)) };
    return OK;
}

static err_t op_read(struct backing *b, uint64_t index, void *out_page)
{
    if (index) return ERR_IO;
    memcpy(out_page, bytes_of(b), PAGE_BYTES);
    return OK;
}

#define OPS(shown) { .name = (shown), .get = op_hold, .put = op_hold, .page = op_page, .read = op_read }
static const struct backing_ops data_ops = OPS("[vvar]"), code_ops = OPS("[vdso]");

static const void *code_bytes(void) { return vdso_image; }

#define IMAGE_PAGE(self, its_ops, its_bytes)                                            \
    {                                                                                   \
        .backing = { &(its_ops), &(self).mapping },                                     \
        .mapping = { .lock = SPINLOCK_INIT, .areas = LIST_INIT((self).mapping.areas) }, \
        .bytes = (its_bytes),                                                           \
    }
static struct image_page data = IMAGE_PAGE(data, data_ops, time_page);
static struct image_page code = IMAGE_PAGE(code, code_ops, code_bytes);

err_t vdso_map(struct space *space, uint64_t *out)
{
    /* Where the first mapping without an address would go, so at as random a place. */
    uint64_t at = space->map_top - VDSO_BYTES, place;
    uint32_t how = SPACE_READ | SPACE_FIXED | SPACE_NO_REPLACE;
    err_t e = space_map(space, at, PAGE_BYTES, how, &data.backing, 0, &place);
    return failed(e) ? e
                     : space_map(space, at + PAGE_BYTES, PAGE_BYTES, how | SPACE_EXEC, &code.backing, 0, out);
}
