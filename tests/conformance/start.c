/* SPDX-License-Identifier: Apache-2.0 */
/* What a program finds when it starts: arguments, environment, auxiliary vector, descriptors. */
#include "tests/conformance/conformance.h"

#include <elf.h>
#include <fcntl.h>
#include <sys/auxv.h>

extern char **environ;

static void arguments(int argc, char **argv)
{
    printf("%d arguments\n", argc);
    for (int i = 2; i < argc; i++) printf("[%s]\n", argv[i]);
    CHECK(argv[argc] == NULL);
    int count = 0;
    while (environ[count]) count++;
    printf("%d variables\n", count);
    for (int i = 0; i < count; i++) printf("[%s]\n", environ[i]);
    CHECK(getenv("HOME") != NULL);
    CHECK(getenv("NOT_THERE") == NULL);
    SHOW(setenv("NEW", "value", 1));
    printf("%s\n", getenv("NEW"));
    CHECK(environ[count] == NULL || count > 0);
    /* The strings follow each other in one block, which some programs rewrite for `ps`. */
    for (int i = 0; i + 1 < argc; i++) CHECK(argv[i] + strlen(argv[i]) + 1 == argv[i + 1]);
}

/* As the kernel wrote it: a C library may put another word in the place of AT_HWCAP. */
static unsigned long hwcap_of(char **environment)
{
    while (*environment) environment++;
    const Elf64_auxv_t *at = (const Elf64_auxv_t *)(environment + 1);
    while (at->a_type != AT_NULL && at->a_type != AT_HWCAP) at++;
    return at->a_type == AT_HWCAP ? at->a_un.a_val : 0;
}

static void auxiliary(unsigned long hwcap)
{
    SHOW(getauxval(AT_PAGESZ));
    SHOW(getauxval(AT_CLKTCK));
    SHOW(getauxval(AT_PHENT));
    CHECK(getauxval(AT_PHNUM) > 0 && getauxval(AT_PHDR) != 0);
    CHECK(getauxval(AT_ENTRY) != 0);
    SHOW(getauxval(AT_BASE));
    SHOW(getauxval(AT_FLAGS));
    SHOW(getauxval(AT_SECURE));
    CHECK(getauxval(AT_UID) == getuid() && getauxval(AT_EUID) == geteuid());
    CHECK(getauxval(AT_GID) == getgid() && getauxval(AT_EGID) == getegid());
    CHECK(getauxval(AT_RANDOM) != 0);
    CHECK(strstr((const char *)getauxval(AT_EXECFN), "start") != NULL);
    CHECK(strcmp((const char *)getauxval(AT_PLATFORM), "x86_64") == 0);
    CHECK((hwcap & 0x07000000) == 0x07000000); /* FXSR, SSE, SSE2: bits 24 to 26 of CPUID 1 EDX */

    const Elf64_Phdr *headers = (const Elf64_Phdr *)getauxval(AT_PHDR);
    int loads = 0, executable = 0, both = 0;
    for (unsigned long i = 0; i < getauxval(AT_PHNUM); i++) {
        if (headers[i].p_type != PT_LOAD) continue;
        loads++;
        executable += headers[i].p_flags & PF_X ? 1 : 0;
        both += (headers[i].p_flags & (PF_X | PF_W)) == (PF_X | PF_W);
    }
    CHECK(loads > 1);
    printf("%d executable, %d writable too\n", executable, both);
}

static int initialized = 5, cleared;
static const char read_only[] = "constant";
static int constructed;
__attribute__((constructor)) static void construct(void) { constructed = 1; }
static void at_end(void) { puts("at exit"); }
__attribute__((destructor)) static void destruct(void) { puts("destructor"); }

static void memory(void)
{
    static char large[3 << 20];
    printf("%d %d %s %d\n", initialized, cleared, read_only, constructed);
    bool clean = true;
    for (size_t i = 0; i < sizeof large; i++) clean = clean && !large[i];
    CHECK(clean);
    uintptr_t stack;
    __asm__ volatile("mov %%rsp, %0" : "=r"(stack));
    CHECK(stack % 8 == 0);
    uint64_t flags;
    __asm__ volatile("pushfq; pop %0" : "=r"(flags));
    CHECK((flags & 0x400) == 0); /* the direction flag */
    uint32_t mxcsr;
    uint16_t control;
    __asm__ volatile("stmxcsr %0" : "=m"(mxcsr));
    __asm__ volatile("fnstcw %0" : "=m"(control));
    printf("mxcsr %x, x87 control %x\n", mxcsr & ~0x3fu, control);
}

static void descriptors(void)
{
    for (int fd = 0; fd < 4; fd++) {
        struct stat st;
        if (fstat(fd, &st) != 0)
            printf("%d: %s\n", fd, error_name(errno));
        else
            printf("%d: type %o, access %d\n", fd, st.st_mode & S_IFMT, fcntl(fd, F_GETFL) & O_ACCMODE);
    }
}

/* The length is its own, so that even a kernel that allows it does no harm. */
static void own_file(void)
{
    static const char path[] = "/proc/self/exe";
    struct stat st;
    SHOW(stat(path, &st));
    SHOW(open(path, O_RDWR));
    SHOW(open(path, O_WRONLY));
    SHOW(truncate(path, st.st_size));
    int fd = open(path, O_RDONLY);
    SHOW(ftruncate(fd, st.st_size));
    close(fd);
}

int main(int argc, char **argv)
{
    unsigned long hwcap = hwcap_of(environ);
    work_in(argc, argv);
    arguments(argc, argv);
    auxiliary(hwcap);
    memory();
    descriptors();
    own_file();
    atexit(at_end);
    return 3;
}
