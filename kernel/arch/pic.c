/* SPDX-License-Identifier: Apache-2.0 */
/* 8259A: four initialisation words each, then the mask. [intel-8259a] */
#include "arch/pic.h"

#include "arch/io.h"

enum {
    PIC_MASTER_COMMAND = 0x20,
    PIC_MASTER_DATA = 0x21,
    PIC_SLAVE_COMMAND = 0xa0,
    PIC_SLAVE_DATA = 0xa1,

    ICW1_INIT_WITH_ICW4 = 0x11,
    ICW3_MASTER_SLAVE_ON_IR2 = 1 << 2,
    ICW3_SLAVE_IDENTITY = 2,
    ICW4_8086_MODE = 0x01,
};

static void pic_init(uint16_t command, uint16_t data, uint8_t first_vector, uint8_t cascade)
{
    port_write8(command, ICW1_INIT_WITH_ICW4);
    port_write8(data, first_vector);
    port_write8(data, cascade);
    port_write8(data, ICW4_8086_MODE);
    port_write8(data, 0xff);
}

void pic_mask_all(uint8_t first_vector)
{
    pic_init(PIC_MASTER_COMMAND, PIC_MASTER_DATA, first_vector, ICW3_MASTER_SLAVE_ON_IR2);
    pic_init(PIC_SLAVE_COMMAND, PIC_SLAVE_DATA, first_vector + 8, ICW3_SLAVE_IDENTITY);
}
