/* SPDX-License-Identifier: Apache-2.0 */
/* An engine that runs programs of its own kind: words of 64 bits at the kernel's address. What a device does around an
 * engine is tested with it, without code of a GPU. */
#pragma once
#include "lib/base.h"

enum fake_gfx9_word {
    FAKE_GFX9_END,
    FAKE_GFX9_COUNT,     /* address: add 1 */
    FAKE_GFX9_STORE,     /* address, value: each group stores value + its number behind the one before */
    FAKE_GFX9_WAIT,      /* address, value: until that is there */
    FAKE_GFX9_SPIN,      /* for ever */
    FAKE_GFX9_ILLEGAL,   /* an instruction that is none */
    FAKE_GFX9_TRAP,      /* number */
    FAKE_GFX9_INTERRUPT, /* m0 */
};
