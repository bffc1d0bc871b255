/* SPDX-License-Identifier: Apache-2.0 */
/* Pending: areas that grow downward. Missing: growth on a touch below MAP_GROWSDOWN areas, by Linux's
 * rules: up to the stack limit, not closer to the mapping below than 256 pages; mprotect of the area
 * around with PROT_GROWSDOWN. */
#include "tests/conformance/mm_window.h"

#include <sys/resource.h>

enum { STACK = ANON | MAP_FIXED | MAP_GROWSDOWN, GAP = 256 };

/* Four pages on either side of the edge; looking at a page below the area touches it. */
static void show_edge(const char *text, size_t edge) { show_pages(text, page_at(edge - 4), 8); }

int main(int argc, char **argv)
{
    window_open(argc, argv);

    begin_case("a touch below");
    PLACE(sys_mmap(page_at(8000), 4 * PAGE, RW, STACK, -1, 0));
    show_edge("before", 8000);
    CHECK(page_mark(page_at(7999), 1));
    show_edge("one page", 7999);
    CHECK(page_mark(page_at(7900), 2));
    show_edge("many pages", 7900);
    SHOW(sys_munmap(page_at(7000), 2000 * PAGE));

    begin_case("a mapping below keeps its distance");
    window_fill(5000, 1);
    PLACE(sys_mmap(page_at(5000 + GAP + 10), 4 * PAGE, RW, STACK, -1, 0));
    CHECK(page_mark(page_at(5000 + GAP + 5), 1));
    CHECK(page_mark(page_at(5000 + GAP + 1), 1));
    CHECK(page_mark(page_at(5000 + GAP), 1));
    CHECK(page_mark(page_at(5000 + GAP / 2), 1));

    begin_case("no access below is no distance");
    sys_mmap(page_at(6000), PAGE, PROT_NONE, ANON | MAP_FIXED, -1, 0);
    PLACE(sys_mmap(page_at(6010), 4 * PAGE, RW, STACK, -1, 0));
    CHECK(page_mark(page_at(6001), 1));
    CHECK(page_mark(page_at(6000), 1));

    begin_case("hints stay away from the gap");
    PLACE(sys_mmap(page_at(4000), 4 * PAGE, RW, STACK, -1, 0));
    PLACE(sys_mmap(page_at(4000 - GAP), PAGE, RW, ANON, -1, 0));
    PLACE(sys_mmap(page_at(4000 - GAP - 1), PAGE, RW, ANON, -1, 0));
    PLACE(sys_mmap(page_at(4004), PAGE, RW, ANON, -1, 0));

    begin_case("the limit");
    struct rlimit limit = { 16 * PAGE, 16 * PAGE };
    PLACE(sys_mmap(page_at(3000), PAGE, RW, STACK, -1, 0));
    SHOW(setrlimit(RLIMIT_STACK, &limit));
    CHECK(page_mark(page_at(3000 - 15), 1));
    CHECK(page_mark(page_at(3000 - 16), 1));

    begin_case("protection of the whole growing area");
    PLACE(sys_mmap(page_at(2000), 4 * PAGE, RW, STACK, -1, 0));
    SHOW(sys_mprotect(page_at(2002), PAGE, PROT_READ | PROT_GROWSDOWN));
    show_pages("pages", page_at(2000), 4);
    printf("# %d cases\n", case_count);
    return 0;
}
