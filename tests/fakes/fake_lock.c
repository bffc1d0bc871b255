/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/fakes/fake_lock.h"

#include <stdio.h>
#include <stdlib.h>

#include "core/lock.h"

enum { HELD_MAX = 16 };
static struct spinlock *held[HELD_MAX];
static uint32_t held_count;

static void misuse(const char *what)
{
    fprintf(stderr, "spin lock %s\n", what);
    abort();
}

void spin_lock(struct spinlock *lock) NO_THREAD_SAFETY_ANALYSIS
{
    if (lock->held) misuse("taken twice");
    if (held_count == HELD_MAX) misuse("nesting too deep");
    lock->held = 1;
    held[held_count++] = lock;
}

void spin_unlock(struct spinlock *lock) NO_THREAD_SAFETY_ANALYSIS
{
    if (!lock->held || held_count == 0 || held[held_count - 1] != lock) misuse("released out of order");
    lock->held = 0;
    held_count--;
}

void spin_lock_nested_off(struct spinlock *lock) { spin_lock(lock); }

bool spin_is_lost(const struct spinlock *lock UNUSED) { return false; }

void fake_lock_drop_all(void)
{
    while (held_count) held[--held_count]->held = 0;
}

uint32_t fake_lock_held_count(void) { return held_count; }
