/* SPDX-License-Identifier: Apache-2.0 */
/* The vDSO as it was linked, alone in its page: programs see the rest of it too. */
    .section .vdso, "a"
    .balign 4096
    .global vdso_image
vdso_image:
    .incbin "vdso.so"
    .balign 4096
