/* SPDX-License-Identifier: Apache-2.0 */
/* timerfd(2): a file that becomes readable when a time is reached, once or again and again; a read says how
 * often that has happened since the last one. No clock can be set, so TFD_TIMER_CANCEL_ON_SET has nothing to
 * cancel. */
#pragma once
#include "lib/base.h"

struct file;

/* In ns. As settime is given it, `value` is from now or a time of the clock; as gettime tells it, from now. */
struct timerfd_setting {
    uint64_t value;    /* the next expiration; 0: none */
    uint64_t interval; /* between those that follow; 0: none follow */
};

/* `is_realtime`: by the clock that counts since 1970. ERR_NO_MEMORY. */
err_t timerfd_open(bool is_realtime, uint32_t flags, struct file **out);

/* Both also tell what was left, `was` and `now`. ERR_INVALID: not such a file. */
err_t timerfd_set(struct file *file, bool is_absolute, const struct timerfd_setting *wanted,
                  struct timerfd_setting *was);
err_t timerfd_get(struct file *file, struct timerfd_setting *now);
