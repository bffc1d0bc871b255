/* SPDX-License-Identifier: Apache-2.0 */
/* prctl, arch_prctl and personality: what is kept, what new programs and children have of it, what is refused. */
#include "tests/conformance/tasks.h"

#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/utsname.h>

static long arch_prctl(int option, unsigned long value) { return syscall(SYS_arch_prctl, option, value); }
static long raw_prctl(long option, long a, long b, long c, long d)
{
    return syscall(SYS_prctl, option, a, b, c, d);
}

static void of_thread(void)
{
    char name[20] = "";
    int *address = NULL;
    static int place;
    CASE("a name", raw_prctl(PR_SET_NAME, (long)"a name that is too long", 0, 0, 0));
    raw_prctl(PR_GET_NAME, (long)name, 0, 0, 0);
    tell("is cut", "%s", name);
    CASE("a name that cannot be read", raw_prctl(PR_SET_NAME, (long)map_bad(), 0, 0, 0));
    CASE("nor written", raw_prctl(PR_GET_NAME, (long)map_bad(), 0, 0, 0));
    syscall(SYS_set_tid_address, &place);
    CASE("where the number is cleared", raw_prctl(PR_GET_TID_ADDRESS, (long)&address, 0, 0, 0));
    HOLDS("there", address == &place);
    CASE("slack", raw_prctl(PR_GET_TIMERSLACK, 0, 0, 0, 0));
    CASE("another", raw_prctl(PR_SET_TIMERSLACK, 12345, 0, 0, 0));
    CASE("is kept", raw_prctl(PR_GET_TIMERSLACK, 0, 0, 0, 0));
    CASE("none", raw_prctl(PR_SET_TIMERSLACK, 0, 0, 0, 0));
    CASE("is the first again", raw_prctl(PR_GET_TIMERSLACK, 0, 0, 0, 0));
    CASE("filters", raw_prctl(PR_GET_SECCOMP, 0, 0, 0, 0));
    CASE("no new privileges", raw_prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0));
    CASE("asked with more", raw_prctl(PR_GET_NO_NEW_PRIVS, 1, 0, 0, 0));
    CASE("set to 0", raw_prctl(PR_SET_NO_NEW_PRIVS, 0, 0, 0, 0));
    CASE("set with more", raw_prctl(PR_SET_NO_NEW_PRIVS, 1, 1, 0, 0));
    CASE("set", raw_prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
    CASE("no new privileges", raw_prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0));
}
static void of_process(void)
{
    int value = 9;
    CASE("dumpable", raw_prctl(PR_GET_DUMPABLE, 0, 0, 0, 0));
    CASE("not", raw_prctl(PR_SET_DUMPABLE, 0, 0, 0, 0));
    CASE("dumpable", raw_prctl(PR_GET_DUMPABLE, 0, 0, 0, 0));
    CASE("by root alone", raw_prctl(PR_SET_DUMPABLE, 2, 0, 0, 0));
    CASE("again", raw_prctl(PR_SET_DUMPABLE, 1, 0, 0, 0));
    CASE("a signal at the parent's end", raw_prctl(PR_SET_PDEATHSIG, 10, 0, 0, 0));
    CASE("no such signal", raw_prctl(PR_SET_PDEATHSIG, 65, 0, 0, 0));
    CASE("a negative one", raw_prctl(PR_SET_PDEATHSIG, -1, 0, 0, 0));
    CASE("asked", raw_prctl(PR_GET_PDEATHSIG, (long)&value, 0, 0, 0));
    tell("it", "%d", value);
    CASE("adopts", raw_prctl(PR_SET_CHILD_SUBREAPER, 5, 0, 0, 0));
    CASE("asked", raw_prctl(PR_GET_CHILD_SUBREAPER, (long)&value, 0, 0, 0));
    tell("it", "%d", value);
    CASE("where it cannot be written", raw_prctl(PR_GET_CHILD_SUBREAPER, (long)map_bad(), 0, 0, 0));
    CASE("huge pages", raw_prctl(PR_GET_THP_DISABLE, 0, 0, 0, 0));
    CASE("no huge pages, with more", raw_prctl(PR_SET_THP_DISABLE, 1, 0, 1, 0));
    CASE("no huge pages", raw_prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0));
    CASE("huge pages", raw_prctl(PR_GET_THP_DISABLE, 0, 0, 0, 0));
    CASE("asked with more", raw_prctl(PR_GET_THP_DISABLE, 0, 1, 0, 0));
    CASE("huge pages again", raw_prctl(PR_SET_THP_DISABLE, 0, 0, 0, 0));
}
static int of_child(void *argument)
{
    (void)argument;
    return (int)(raw_prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) + 2 * raw_prctl(PR_GET_THP_DISABLE, 0, 0, 0, 0) +
                 4 * (raw_prctl(PR_GET_TIMERSLACK, 0, 0, 0, 0) == 777) +
                 8 * (personality(0xffffffff) == ADDR_NO_RANDOMIZE));
}
static void inherited(void)
{
    raw_prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
    raw_prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0);
    raw_prctl(PR_SET_TIMERSLACK, 777, 0, 0, 0);
    personality(ADDR_NO_RANDOMIZE);
    CHILD("a child", of_child, NULL);
    personality(0);
    raw_prctl(PR_SET_TIMERSLACK, 0, 0, 0, 0);
    raw_prctl(PR_SET_THP_DISABLE, 0, 0, 0, 0);
    raw_prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
}
static void of_processor(void)
{
    int value = 9;
    unsigned long word = 0;
    CASE("the time stamp counter", raw_prctl(PR_GET_TSC, (long)&value, 0, 0, 0));
    tell("it", "%d", value);
    CASE("it works", raw_prctl(PR_SET_TSC, PR_TSC_ENABLE, 0, 0, 0));
    CASE("no such way", raw_prctl(PR_SET_TSC, 7, 0, 0, 0));
    CASE("timing", raw_prctl(PR_GET_TIMING, 0, 0, 0, 0));
    CASE("statistical", raw_prctl(PR_SET_TIMING, 0, 0, 0, 0));
    CASE("exact", raw_prctl(PR_SET_TIMING, 1, 0, 0, 0));
    CASE("machine checks", raw_prctl(PR_MCE_KILL_GET, 0, 0, 0, 0));
    CASE("asked with more", raw_prctl(PR_MCE_KILL_GET, 0, 1, 0, 0));
    CASE("alignment", raw_prctl(PR_GET_UNALIGN, (long)&value, 0, 0, 0));
    CASE("byte order", raw_prctl(PR_GET_ENDIAN, (long)&value, 0, 0, 0));
    CASE("emulation", raw_prctl(PR_GET_FPEMU, (long)&value, 0, 0, 0));
    CASE("exceptions", raw_prctl(PR_GET_FPEXC, (long)&value, 0, 0, 0));
    CASE("no such option", raw_prctl(123456, 0, 0, 0, 0));
    CASE("a base", arch_prctl(0x1002 + 1, (unsigned long)&word));
    HOLDS("of the C library", word != 0);
    CASE("a base of the kernel", arch_prctl(0x1001, 0xffff800000000000));
    CASE("where it cannot be written", arch_prctl(0x1003, (unsigned long)map_bad()));
    CASE("CPUID works", arch_prctl(0x1011, 0));
    CASE("no such option", arch_prctl(0x7777, 0));
}

/* ---- personality ---- */

static char *program;
static int run_again(void *flags)
{
    personality((unsigned long)flags);
    execl(program, program, ".", "again", (char *)NULL);
    return 99;
}
static int again(void)
{
    static int data;
    int local;
    unsigned flags = (unsigned)personality(0xffffffff);
    bool is_fixed = flags & ADDR_NO_RANDOMIZE;
    char *mapped = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    printf("    %#x; the stack near its top: %s; mapped high: %s\n", flags,
           !is_fixed || (uintptr_t)&local > 0x7ffffff00000 ? "yes" : "NO",
           mapped > (char *)&data ? "yes" : "NO");
    fflush(stdout);
    return 5;
}
static void personalities(void)
{
    struct utsname name;
    CASE("asked", personality(0xffffffff));
    CASE("addresses that stay", personality(ADDR_NO_RANDOMIZE));
    CASE("asked", personality(0xffffffff));
    CASE("an old machine", personality(PER_LINUX32));
    uname(&name);
    tell("is called", "%s", name.machine);
    CASE("back", personality(PER_LINUX));
    uname(&name);
    tell("is called", "%s", name.machine);
    CHILD("a program with addresses that stay", run_again, (void *)(long)ADDR_NO_RANDOMIZE);
    CHILD("a program whose reads may execute", run_again, (void *)(long)READ_IMPLIES_EXEC);
    personality(READ_IMPLIES_EXEC);
    /* A return that only may be read. */
    char *code = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    code[0] = (char)0xc3;
    mprotect(code, 4096, PROT_READ);
    ((void (*)(void))(uintptr_t)code)();
    HOLDS("what may be read may be executed", true);
    personality(0);
}

int main(int argc, char **argv)
{
    program = argv[0];
    if (argc > 2 && !strcmp(argv[2], "again")) return again();
    begin_cases(argc, argv);
    of_thread();
    of_process();
    inherited();
    of_processor();
    personalities();
    return end_cases();
}
