/* SPDX-License-Identifier: Apache-2.0 */
/* An address space as those see it who show it: a list of areas that the test fills in, by rising address. */
#pragma once
#include "vm/space_report.h"

enum { FAKE_AREAS_MAX = 8 };
struct fake_area {
    struct area_report area; /* its backing is not counted here */
    struct page_sums pages;
};
extern struct fake_area fake_areas[FAKE_AREAS_MAX];
extern uint32_t fake_area_count;
extern struct space_report fake_space_report;
