/* SPDX-License-Identifier: Apache-2.0 */
/* Stacks for handlers: when they are used, when they may change, who has one. */
#include "tests/conformance/tasks.h"

#include <setjmp.h>
#include <sys/auxv.h>
#include <sys/resource.h>
#include <ucontext.h>

enum { BYTES = 65536, AUTODISARM = 1u << 31 };

static char memory[BYTES] __attribute__((aligned(4096))), other[BYTES] __attribute__((aligned(4096)));
static sigjmp_buf back;

static bool is_inside(const char *stack, const void *at) { return (uintptr_t)at - (uintptr_t)stack < BYTES; }
static long set(void *at, size_t bytes, int flags)
{
    stack_t stack = { .ss_sp = at, .ss_size = bytes, .ss_flags = flags };
    return syscall(SYS_sigaltstack, &stack, NULL);
}
static const char *now_text(void)
{
    static char text[80];
    stack_t now;
    syscall(SYS_sigaltstack, NULL, &now);
    snprintf(text, sizeof text, "%s, %zu bytes, flags %x",
             now.ss_sp == memory  ? "ours"
             : now.ss_sp == other ? "the other"
             : now.ss_sp == NULL  ? "none"
                                  : "another",
             now.ss_size, (unsigned)now.ss_flags);
    return text;
}

static void look(int signal, siginfo_t *info, void *context)
{
    ucontext_t *c = context;
    char here;
    (void)signal;
    tell("  handler on", "%s",
         is_inside(memory, &here)  ? "ours"
         : is_inside(other, &here) ? "the other"
                                   : "the thread's");
    tell("  its siginfo and context too", "%d %d", is_inside(memory, info), is_inside(memory, context));
    tell("  sigaltstack says", "%s", now_text());
    tell("  the context says", "%s, %zu bytes, flags %x", c->uc_stack.ss_sp == memory ? "ours" : "not ours",
         c->uc_stack.ss_size, (unsigned)c->uc_stack.ss_flags);
    CASE("  another now", set(other, BYTES, 0));
    CASE("  none now", set(NULL, 0, SS_DISABLE));
}
static _Atomic int depth;
static void nest(int signal, siginfo_t *info, void *context)
{
    static char *outer;
    char here;
    (void)info;
    (void)context;
    if (++depth == 1) {
        outer = &here;
        raise(signal);
    } else {
        tell("  a second handler", "%s",
             is_inside(memory, &here) && &here < outer ? "goes on below" : "ELSEWHERE");
    }
    depth--;
}
static void leave(int signal)
{
    (void)signal;
    siglongjmp(back, 1);
}

static void uses(void)
{
    tell("at first", "%s", now_text());
    catch_info(SIGUSR1, look, SA_ONSTACK);
    printf("without one\n");
    raise(SIGUSR1);
    set(NULL, 0, SS_DISABLE);
    CASE("set", set(memory, BYTES, 0));
    tell("now", "%s", now_text());
    raise(SIGUSR1);
    tell("after", "%s", now_text());
    catch_info(SIGUSR1, look, 0);
    printf("without SA_ONSTACK\n");
    raise(SIGUSR1);
    set(memory, BYTES, 0);
    catch_info(SIGUSR1, nest, SA_ONSTACK | SA_NODEFER);
    raise(SIGUSR1);
    catch_with(SIGUSR1, leave, SA_ONSTACK);
    if (sigsetjmp(back, 1) == 0) raise(SIGUSR1);
    tell("left by a jump", "%s", now_text());
    catch_info(SIGUSR1, look, SA_ONSTACK);
    CASE("disarmed by itself", set(memory, BYTES, (int)AUTODISARM));
    tell("now", "%s", now_text());
    raise(SIGUSR1);
    tell("after", "%s", now_text());
    CASE("off", set(NULL, 0, SS_DISABLE));
    tell("now", "%s", now_text());
}

static void refused(void)
{
    char *bad = map_bad();
    CASE("too small", set(memory, 2047, 0));
    CASE("small enough", set(memory, 2048, 0));
    CASE("an unknown flag", set(memory, BYTES, 8));
    CASE("SS_ONSTACK", set(memory, BYTES, SS_ONSTACK));
    tell("now", "%s", now_text());
    CASE("both", set(memory, BYTES, SS_ONSTACK | SS_DISABLE));
    CASE("off, whatever the size", set(memory, 1, SS_DISABLE));
    tell("now", "%s", now_text());
    CASE("one that cannot be read", syscall(SYS_sigaltstack, bad, NULL));
    CASE("one that cannot be told", syscall(SYS_sigaltstack, NULL, bad));
    HOLDS("the least size is told", getauxval(AT_MINSIGSTKSZ) >= 1024 && getauxval(AT_MINSIGSTKSZ) < 65536);
    HOLDS("a frame fits in it", getauxval(AT_MINSIGSTKSZ) >= sizeof(ucontext_t));
}

static long tell_stack(void *argument)
{
    strcpy(argument, now_text());
    return 0;
}
static int tell_stack_child(void *argument)
{
    strcpy(argument, now_text());
    return 0;
}
static int exec_child(void *argument)
{
    char *const words[] = { argument, (char *)".", (char *)"stack", NULL };
    execv(argument, words);
    return 9;
}
static void overflow_handler(int signal, siginfo_t *info, void *context)
{
    char here;
    (void)signal;
    (void)info;
    (void)context;
    _exit(is_inside(memory, &here) ? 7 : 8);
}
static void recurse(volatile char *above)
{
    volatile char here[1000];
    here[0] = *above;
    if (above) recurse(here);
    here[1] = 1;
}
static int overflow(void *argument)
{
    struct rlimit small = { 256 << 10, 256 << 10 };
    char start = 0;
    (void)argument;
    setrlimit(RLIMIT_STACK, &small);
    set(memory, BYTES, 0);
    catch_info(SIGSEGV, overflow_handler, SA_ONSTACK);
    recurse(&start);
    return 1;
}
static void inherited(char *program)
{
    static struct worker worker;
    char *text = map_shared(4096);
    set(memory, BYTES, 0);
    start_worker(&worker, tell_stack, text);
    join_worker(&worker);
    tell("a thread has", "%s", text);
    CHILD("a child", tell_stack_child, text);
    tell("has", "%s", text);
    CHILD("exec", exec_child, program);
    case_count++;
    CHILD("a stack that overflows", overflow, NULL);
    set(NULL, 0, SS_DISABLE);
}

int main(int argc, char **argv)
{
    if (argc > 2 && !strcmp(argv[2], "stack")) {
        tell("after exec", "%s", now_text());
        return 3;
    }
    begin_cases(argc, argv);
    uses();
    refused();
    inherited(argv[0]);
    return end_cases();
}
