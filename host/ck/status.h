/* SPDX-License-Identifier: Apache-2.0 */
/* What `ck run` itself exits with when the program did not choose the status. A program may exit with
 * the same numbers; ck then prints nothing, while each of these comes with a line on stderr. */
#pragma once

enum {
    STATUS_KERNEL_FAILED = 120,  /* panic, or a machine that reset itself */
    STATUS_TIMED_OUT = 124,      /* --timeout */
    STATUS_CK_FAILED = 125,      /* bad usage, bad files, QEMU, the channel */
    STATUS_CANNOT_EXECUTE = 126, /* the program is there but cannot be run */
    STATUS_NOT_FOUND = 127,      /* the program is not there */
    STATUS_SIGNAL_BASE = 128,    /* plus the signal's number */
};
