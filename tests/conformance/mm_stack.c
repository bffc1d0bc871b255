/* SPDX-License-Identifier: Apache-2.0 */
/* Areas that grow downward: how far, how close to others, and the first stack of the program. */
#include "tests/conformance/mm_window.h"

#include <sys/resource.h>

enum { STACK = ANON | MAP_FIXED | MAP_GROWSDOWN, GAP = 256 };

/* Four pages on either side of the edge; looking at a page below the area touches it. */
static void show_edge(const char *text, size_t edge) { show_pages(text, page_at(edge - 4), 8); }

static int depth_of(int deep, volatile char *above)
{
    volatile char frame[PAGE];
    frame[0] = above[0];
    return deep ? 1 + depth_of(deep - 1, frame) : frame[0] == 'x';
}

static void growing(void)
{
    begin_case("a touch below");
    PLACE(sys_mmap(page_at(8000), 4 * PAGE, RW, STACK, -1, 0));
    show_edge("before", 8000);
    SHOW(page_mark(page_at(7999), 1));
    show_edge("one page", 7999);
    SHOW(page_mark(page_at(7900), 2));
    show_edge("many pages", 7900);
    SHOW(sys_munmap(page_at(7000), 2000 * PAGE));

    begin_case("a mapping below keeps its distance");
    window_fill(5000, 1);
    PLACE(sys_mmap(page_at(5000 + GAP + 10), 4 * PAGE, RW, STACK, -1, 0));
    SHOW(page_mark(page_at(5000 + GAP + 5), 1));
    SHOW(page_mark(page_at(5000 + GAP + 1), 1));
    SHOW(page_mark(page_at(5000 + GAP), 1));
    SHOW(page_mark(page_at(5000 + GAP / 2), 1));

    begin_case("no access below is no distance");
    sys_mmap(page_at(6000), PAGE, PROT_NONE, ANON | MAP_FIXED, -1, 0);
    PLACE(sys_mmap(page_at(6010), 4 * PAGE, RW, STACK, -1, 0));
    SHOW(page_mark(page_at(6001), 1));
    SHOW(page_mark(page_at(6000), 1));

    begin_case("a place the kernel chooses keeps its distance too");
    void *p = sys_mmap(NULL, PAGE, RW, ANON | MAP_GROWSDOWN, -1, 0);
    void *q = sys_mmap(NULL, PAGE, RW, ANON, -1, 0);
    CHECK(q < p ? (char *)p - (char *)q > GAP * PAGE : true);
    sys_munmap(p, PAGE);
    sys_munmap(q, PAGE);
}

static void limits(void)
{
    begin_case("the first stack");
    volatile char bottom = 'x';
    struct rlimit limit = { 8 * MIB, RLIM_INFINITY };
    setrlimit(RLIMIT_STACK, &limit);
    printf("%d\n", depth_of(1500, &bottom));
    CHECK(page_access((void *)((uintptr_t)&bottom - 7 * MIB)) == 'w');
    CHECK(page_access((void *)((uintptr_t)&bottom - 9 * MIB)) == '.');

    begin_case("hints stay away from the gap");
    PLACE(sys_mmap(page_at(4000), 4 * PAGE, RW, STACK, -1, 0));
    PLACE(sys_mmap(page_at(4000 - GAP), PAGE, RW, ANON, -1, 0));
    PLACE(sys_mmap(page_at(4000 - GAP - 1), PAGE, RW, ANON, -1, 0));
    PLACE(sys_mmap(page_at(4004), PAGE, RW, ANON, -1, 0));

    begin_case("the limit");
    limit.rlim_cur = 16 * PAGE;
    PLACE(sys_mmap(page_at(3000), PAGE, RW, STACK, -1, 0));
    SHOW(setrlimit(RLIMIT_STACK, &limit));
    SHOW(page_mark(page_at(3000 - 15), 1));
    SHOW(page_mark(page_at(3000 - 16), 1));

    begin_case("protection of the whole growing area");
    PLACE(sys_mmap(page_at(2000), 4 * PAGE, RW, STACK, -1, 0));
    SHOW(sys_mprotect(page_at(2002), PAGE, PROT_READ | PROT_GROWSDOWN));
    show_pages("pages", page_at(2000), 4);
    SHOW(sys_mprotect(page_at(1990), 11 * PAGE, RW | PROT_GROWSDOWN));
    SHOW(sys_mprotect(page_at(1990), 10 * PAGE, RW | PROT_GROWSDOWN));
    show_pages("pages", page_at(2000), 4);
}

int main(int argc, char **argv)
{
    window_open(argc, argv);
    growing();
    limits();
    printf("# %d cases\n", case_count);
    return 0;
}
