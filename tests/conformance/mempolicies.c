/* SPDX-License-Identifier: Apache-2.0 */
/* Memory policies on a machine of one node: what may be set, what is told of it, what is refused. */
#include "tests/conformance/tasks.h"

#include <linux/mempolicy.h>

enum { HOME_NODE = 450 }; /* set_mempolicy_home_node, which musl does not name */

static long set(int mode, unsigned long *nodes, unsigned long count)
{
    return syscall(SYS_set_mempolicy, mode, nodes, count);
}
static void show_own(const char *what)
{
    int mode = -1;
    unsigned long nodes = ~0ul;
    long result = syscall(SYS_get_mempolicy, &mode, &nodes, 64, NULL, 0);
    tell(what, "%ld %#x %lx", result, mode, nodes);
}
static void own(void)
{
    unsigned long none = 0, first = 1, second = 2, both = 3, far[32] = { 1 };
    static const struct {
        const char *what;
        int mode;
        unsigned long nodes;
    } rows[] = {
        { "default", MPOL_DEFAULT, 0 },
        { "default with a node", MPOL_DEFAULT, 1 },
        { "preferred", MPOL_PREFERRED, 1 },
        { "preferred, none", MPOL_PREFERRED, 0 },
        { "preferred, one that is not", MPOL_PREFERRED, 2 },
        { "bind", MPOL_BIND, 1 },
        { "bind, two", MPOL_BIND, 3 },
        { "bind, none", MPOL_BIND, 0 },
        { "bind, one that is not", MPOL_BIND, 2 },
        { "interleave", MPOL_INTERLEAVE, 1 },
        { "interleave, none", MPOL_INTERLEAVE, 0 },
        { "local", MPOL_LOCAL, 0 },
        { "local with a node", MPOL_LOCAL, 1 },
        { "preferred, many", MPOL_PREFERRED_MANY, 1 },
        { "a mode that is none", 77, 1 },
        { "static and relative", MPOL_BIND | MPOL_F_STATIC_NODES | MPOL_F_RELATIVE_NODES, 1 },
        { "bind, static", MPOL_BIND | MPOL_F_STATIC_NODES, 1 },
        { "bind, relative", MPOL_BIND | MPOL_F_RELATIVE_NODES, 1 },
        { "local, static", MPOL_LOCAL | MPOL_F_STATIC_NODES, 0 },
        { "preferred, static, none", MPOL_PREFERRED | MPOL_F_STATIC_NODES, 0 },
        { "preferred, balancing", MPOL_PREFERRED | (1 << 13), 1 },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        unsigned long nodes = rows[i].nodes;
        CASE(rows[i].what, set(rows[i].mode, &nodes, 64));
        show_own("    is");
    }
    CASE("default", set(MPOL_DEFAULT, NULL, 0));
    CASE("bind without a set", set(MPOL_BIND, NULL, 64));
    CASE("a set of one bit less", set(MPOL_BIND, &first, 1));
    CASE("of one", set(MPOL_BIND, &first, 2));
    CASE("of the second's", set(MPOL_BIND, &both, 2));
    CASE("a set that cannot be read", set(MPOL_BIND, (unsigned long *)map_bad(), 64));
    CASE("a set that is too large", set(MPOL_BIND, &first, 40000));
    CASE("a wide set", set(MPOL_BIND, far, 1025));
    far[31] = 1ul << 62;
    CASE("with a node far away", set(MPOL_BIND, far, 2048));
    CASE("default", set(MPOL_DEFAULT, &none, 64));
    (void)second;
}
static void asked(void)
{
    int mode = -1;
    static int touched;
    unsigned long nodes[32];
    touched = 1;
    CASE("what is allowed", syscall(SYS_get_mempolicy, NULL, nodes, 1024, NULL, MPOL_F_MEMS_ALLOWED));
    tell("it", "%lx", nodes[0]);
    CASE("with an address",
         syscall(SYS_get_mempolicy, NULL, nodes, 1024, NULL, MPOL_F_MEMS_ALLOWED | MPOL_F_ADDR));
    CASE("of an address", syscall(SYS_get_mempolicy, &mode, NULL, 0, &touched, MPOL_F_ADDR));
    tell("it", "%d", mode);
    CASE("its node", syscall(SYS_get_mempolicy, &mode, NULL, 0, &touched, MPOL_F_ADDR | MPOL_F_NODE));
    tell("it", "%d", mode);
    CASE("of nothing mapped", syscall(SYS_get_mempolicy, &mode, NULL, 0, 0x10000, MPOL_F_ADDR));
    CASE("an address without a flag", syscall(SYS_get_mempolicy, &mode, NULL, 0, &touched, 0));
    CASE("the next node", syscall(SYS_get_mempolicy, &mode, NULL, 0, NULL, MPOL_F_NODE));
    unsigned long first = 1;
    set(MPOL_INTERLEAVE, &first, 64);
    CASE("of an interleaving", syscall(SYS_get_mempolicy, &mode, NULL, 0, NULL, MPOL_F_NODE));
    tell("it", "%d", mode);
    set(MPOL_DEFAULT, NULL, 0);
    CASE("an unknown flag", syscall(SYS_get_mempolicy, &mode, NULL, 0, NULL, 8));
    CASE("where it cannot be written", syscall(SYS_get_mempolicy, map_bad(), NULL, 0, NULL, 0));
    CASE("nor the set", syscall(SYS_get_mempolicy, NULL, map_bad(), 64, NULL, 0));
}
static void ranges(void)
{
    unsigned long first = 1, second = 2;
    char *at = mmap(NULL, 16384, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CASE("bind", syscall(SYS_mbind, at, 16384, MPOL_BIND, &first, 64, 0));
    CASE("elsewhere", syscall(SYS_mbind, at, 16384, MPOL_BIND, &second, 64, 0));
    CASE("and move", syscall(SYS_mbind, at, 16384, MPOL_BIND, &first, 64, MPOL_MF_MOVE | MPOL_MF_STRICT));
    CASE("default", syscall(SYS_mbind, at, 16384, MPOL_DEFAULT, NULL, 0, 0));
    CASE("not aligned", syscall(SYS_mbind, at + 1, 4096, MPOL_BIND, &first, 64, 0));
    CASE("nothing", syscall(SYS_mbind, at, 0, MPOL_BIND, &first, 64, 0));
    CASE("round the end", syscall(SYS_mbind, at, -8192L, MPOL_BIND, &first, 64, 0));
    CASE("an unknown flag", syscall(SYS_mbind, at, 4096, MPOL_BIND, &first, 64, 64));
    munmap(at + 4096, 4096);
    CASE("a hole", syscall(SYS_mbind, at, 16384, MPOL_BIND, &first, 64, 0));
    CASE("no home", syscall(HOME_NODE, at, 4096, 0, 1));
    CASE("a home that is not", syscall(HOME_NODE, at, 4096, 9, 0));
    CASE("of nothing", syscall(HOME_NODE, at, 0, 0, 0));
    CASE("not aligned", syscall(HOME_NODE, at + 1, 4096, 0, 0));
}
static void pages(void)
{
    unsigned long first = 1, second = 2, none = 0;
    char *at = mmap(NULL, 16384, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    void *list[4] = { at, at + 4096, (void *)0x10000, at + 100 };
    int nodes[4] = { 0, 0, 0, 0 }, status[4] = { 9, 9, 9, 9 };
    madvise(at, 16384, MADV_NOHUGEPAGE);
    at[0] = 1;
    CASE("where pages are", syscall(SYS_move_pages, 0, 4, list, NULL, status, 0));
    tell("they", "%d %d %d %d", status[0], status[1], status[2], status[3]);
    CASE("of nobody", syscall(SYS_move_pages, 99999, 4, list, NULL, status, 0));
    CASE("an unknown flag", syscall(SYS_move_pages, 0, 4, list, NULL, status, 8));
    CASE("no pages", syscall(SYS_move_pages, 0, 0, NULL, NULL, NULL, 0));
    CASE("a list that cannot be read", syscall(SYS_move_pages, 0, 1, map_bad(), NULL, status, 0));
    CASE("a page to its node", syscall(SYS_move_pages, 0, 1, list, nodes, status, MPOL_MF_MOVE));
    tell("it", "%d", status[0]);
    nodes[0] = 5;
    CASE("to one that is not", syscall(SYS_move_pages, 0, 1, list, nodes, status, MPOL_MF_MOVE));
    CASE("all pages", syscall(SYS_migrate_pages, 0, 64, &first, &first));
    CASE("to nowhere", syscall(SYS_migrate_pages, 0, 64, &first, &none));
    CASE("to what is not", syscall(SYS_migrate_pages, 0, 64, &first, &second));
    CASE("of nobody", syscall(SYS_migrate_pages, 99999, 64, &first, &first));
    CASE("a set that cannot be read", syscall(SYS_migrate_pages, 0, 64, map_bad(), &first));
}

int main(int argc, char **argv)
{
    begin_cases(argc, argv);
    own();
    asked();
    ranges();
    pages();
    return end_cases();
}
