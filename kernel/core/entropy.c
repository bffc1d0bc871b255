/* SPDX-License-Identifier: Apache-2.0 */
#include "core/entropy.h"

#include "arch/cpu.h"
#include "arch/features.h"
#include "core/lock.h"
#include "lib/random.h"

enum { RDRAND_RETRIES = 10 }; /* [intel-sdm1 7.3.17.1] */

static struct spinlock entropy_lock = SPINLOCK_INIT;
static struct random generator GUARDED_BY(entropy_lock);
static bool is_seeded GUARDED_BY(entropy_lock);

static uint64_t hardware_random(void)
{
    uint64_t value = 0;
    uint8_t good = 0;
    for (int i = 0; i < RDRAND_RETRIES && !good; i++) {
        if (cpu_features.rdseed)
            __asm__ volatile("rdseed %0; setc %1" : "=r"(value), "=qm"(good) : : "cc");
        else if (cpu_features.rdrand)
            __asm__ volatile("rdrand %0; setc %1" : "=r"(value), "=qm"(good) : : "cc");
        else
            break;
    }
    return good ? value : 0;
}

static void seed_locked(void) REQUIRES(entropy_lock)
{
    uint64_t seed[RANDOM_KEY_BYTES / sizeof(uint64_t)]; /* more would only cost a block to fold it in */
    for (size_t i = 0; i < ARRAY_LENGTH(seed); i++) seed[i] = hardware_random() ^ tsc_read();
    random_init(&generator, seed, sizeof(seed));
    is_seeded = true;
}

void entropy_read(void *out, size_t bytes)
{
    spin_lock(&entropy_lock);
    if (!is_seeded) seed_locked();
    random_read(&generator, out, bytes);
    spin_unlock(&entropy_lock);
}

uint64_t entropy_u64(void)
{
    uint64_t value;
    entropy_read(&value, sizeof(value));
    return value;
}

void entropy_mix(const void *bytes, size_t count)
{
    spin_lock(&entropy_lock);
    if (!is_seeded) seed_locked();
    random_mix(&generator, bytes, count);
    spin_unlock(&entropy_lock);
}

extern uint64_t __stack_chk_guard;
void entropy_renew_stack_guard(void)
{
    /* A zero low byte stops string functions from reading or writing past it. */
    __stack_chk_guard = entropy_u64() & ~0xffull;
}
