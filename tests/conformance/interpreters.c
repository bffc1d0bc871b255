/* SPDX-License-Identifier: Apache-2.0 */
/* Programs with an interpreter (PT_INTERP): what it is told of the program, where both lie, what is refused and
 * how; and which programs get a stack that can be executed. The programs are made here, of a few instructions. */
#include "tests/conformance/tasks.h"

#include <elf.h>
#include <stddef.h>

/* Looks through the auxiliary vector, then goes on with the program, which ends with edi | 0x40.
 * Bit 0: AT_BASE is where the first byte of this file is. Bit 1: AT_PHDR shows a PT_INTERP first.
 * Bit 2: AT_PHNUM is 4. Bit 3: AT_ENTRY is 0x300 bytes behind the first byte of the program's file. */
__asm__(".pushsection .rodata\n"
        "interpreter_code:\n"
        "    mov (%rsp), %rcx\n"
        "    lea 16(%rsp,%rcx,8), %rsi\n"
        "1:  lodsq\n"
        "    test %rax, %rax\n"
        "    jnz 1b\n"
        "2:  lodsq\n"
        "    mov %rax, %rdx\n"
        "    lodsq\n"
        "    cmp $7, %edx\n"
        "    cmove %rax, %rbp\n"
        "    cmp $9, %edx\n"
        "    cmove %rax, %r12\n"
        "    cmp $3, %edx\n"
        "    cmove %rax, %r13\n"
        "    cmp $5, %edx\n"
        "    cmove %rax, %r14\n"
        "    test %edx, %edx\n"
        "    jnz 2b\n"
        "    xor %edi, %edi\n"
        "    lea interpreter_code(%rip), %rax\n"
        "    sub $0x300, %rax\n"
        "    cmp %rax, %rbp\n"
        "    jne 3f\n"
        "    or $1, %edi\n"
        "3:  cmpl $3, (%r13)\n"
        "    jne 4f\n"
        "    or $2, %edi\n"
        "4:  cmp $4, %r14\n"
        "    jne 5f\n"
        "    or $4, %edi\n"
        "5:  lea -64(%r13), %rax\n"
        "    add $0x300, %rax\n"
        "    cmp %rax, %r12\n"
        "    jne 6f\n"
        "    or $8, %edi\n"
        "6:  jmp *%r12\n"
        "interpreter_code_end:\n"
        "program_code:\n"
        "    or $0x40, %edi\n"
        "    mov $60, %eax\n"
        "    syscall\n"
        "program_code_end:\n"
        /* Puts `push 60; pop rax; syscall` on the stack and goes there. */
        "stack_code:\n"
        "    mov $7, %edi\n"
        "    movabs $0x050f583c6a, %rax\n"
        "    push %rax\n"
        "    jmp *%rsp\n"
        "stack_code_end:\n"
        ".popsection\n");
extern const char interpreter_code[], interpreter_code_end[], program_code[], program_code_end[],
    stack_code[], stack_code_end[];

enum { CODE_AT = 0x300, PATH_AT = 0x200, FILE_BYTES = 0x500, PATH_BYTES = 0x100 };

struct file {
    uint8_t bytes[FILE_BYTES];
};
static Elf64_Ehdr *header_of(struct file *f) { return (Elf64_Ehdr *)f->bytes; }
static Elf64_Phdr *segment_of(struct file *f, int i)
{
    return (Elf64_Phdr *)(f->bytes + sizeof(Elf64_Ehdr)) + i;
}

/* One segment at `base` with everything in it. The second to fourth header are free. */
static void begin(struct file *f, uint16_t type, uint64_t base, const char *code, const char *code_end)
{
    memset(f, 0, sizeof *f);
    memcpy(header_of(f)->e_ident, "\177ELF\2\1\1", 7);
    *header_of(f) = (Elf64_Ehdr){ .e_type = type,
                                  .e_machine = EM_X86_64,
                                  .e_version = 1,
                                  .e_entry = base + CODE_AT,
                                  .e_phoff = sizeof(Elf64_Ehdr),
                                  .e_ehsize = sizeof(Elf64_Ehdr),
                                  .e_phentsize = sizeof(Elf64_Phdr),
                                  .e_phnum = 4 };
    memcpy(header_of(f)->e_ident, "\177ELF\2\1\1", 7);
    *segment_of(f, 1) = (Elf64_Phdr){ .p_type = PT_LOAD,
                                      .p_flags = PF_R | PF_X,
                                      .p_vaddr = base,
                                      .p_filesz = FILE_BYTES,
                                      .p_memsz = FILE_BYTES,
                                      .p_align = 4096 };
    memcpy(f->bytes + CODE_AT, code, (size_t)(code_end - code));
}
static void want(struct file *f, const char *path, size_t bytes)
{
    memcpy(f->bytes + PATH_AT, path, bytes);
    *segment_of(f, 0) = (Elf64_Phdr){ .p_type = PT_INTERP,
                                      .p_flags = PF_R,
                                      .p_offset = PATH_AT,
                                      .p_filesz = bytes,
                                      .p_memsz = bytes,
                                      .p_align = 1 };
}
static void write_file(const char *name, const void *bytes, size_t count)
{
    int fd = open(name, O_WRONLY | O_CREAT | O_TRUNC, 0700);
    if (fd < 0 || write(fd, bytes, count) != (ssize_t)count || fchmod(fd, 0755) != 0) give_up(name);
    close(fd);
}
static int exec_it(void *name)
{
    execve(name, (char *const[]){ name, (char *)"x", NULL }, (char *const[]){ (char *)"A=1", NULL });
    printf("    %s\n", error_name(errno));
    fflush(stdout);
    return 1;
}

/* ---- what works ---- */

static void kinds(void)
{
    struct file f;
    static const struct {
        const char *what;
        uint16_t program, interpreter;
    } rows[] = { { "both where they like", ET_DYN, ET_DYN },
                 { "the program at its place", ET_EXEC, ET_DYN },
                 { "the interpreter at its place", ET_DYN, ET_EXEC },
                 { "both at theirs", ET_EXEC, ET_EXEC } };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        begin(&f, rows[i].program, rows[i].program == ET_EXEC ? 0x400000 : 0, program_code, program_code_end);
        want(&f, "./interp", 9);
        write_file("prog", &f, sizeof f);
        begin(&f, rows[i].interpreter, rows[i].interpreter == ET_EXEC ? 0x10000000 : 0, interpreter_code,
              interpreter_code_end);
        write_file("interp", &f, sizeof f);
        CHILD(rows[i].what, exec_it, (void *)"./prog");
    }
    begin(&f, ET_DYN, 0, program_code, program_code_end);
    write_file("alone", &f, sizeof f);
    CHILD("a program without one", exec_it, (void *)"./alone");
    /* Its own wish for an interpreter is nobody's business. */
    begin(&f, ET_DYN, 0, interpreter_code, interpreter_code_end);
    want(&f, "./nowhere", 10);
    write_file("interp", &f, sizeof f);
    CHILD("an interpreter that wants one", exec_it, (void *)"./prog");
    if (symlink("interp", "link") != 0) give_up("a link");
    begin(&f, ET_DYN, 0, program_code, program_code_end);
    want(&f, "./link", 7);
    write_file("prog", &f, sizeof f);
    CHILD("a link to one", exec_it, (void *)"./prog");
    want(&f, "./link\0/rest", 13);
    write_file("prog", &f, sizeof f);
    CHILD("a path that ends early", exec_it, (void *)"./prog");
}

/* ---- what is refused ---- */

static void refused_paths(void)
{
    static const struct {
        const char *path;
        size_t bytes;
    } rows[] = { { "./nowhere", 10 }, { ".", 2 },  { "./plain", 8 }, { "./loop", 7 },   { "./prog/x", 9 },
                 { "\0\0", 2 },       { "\0", 1 }, { "", 0 },        { "./interp", 8 }, { "./in", 3 } };
    struct file f;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char what[60];
        begin(&f, ET_DYN, 0, program_code, program_code_end);
        want(&f, rows[i].path, rows[i].bytes);
        write_file("prog", &f, sizeof f);
        snprintf(what, sizeof what, "interpreter \"%.*s\", %zu bytes", (int)rows[i].bytes, rows[i].path,
                 rows[i].bytes);
        CHILD(what, exec_it, (void *)"./prog");
    }
    want(&f, "./interp", 9);
    segment_of(&f, 0)->p_offset = 1 << 20;
    write_file("prog", &f, sizeof f);
    segment_of(&f, 0)->p_offset = PATH_AT;
    segment_of(&f, 0)->p_filesz = 5000;
    write_file("prog", &f, sizeof f);
    CHILD("a path of 5,000 bytes", exec_it, (void *)"./prog");
}

static void try_interpreter(const char *what, const void *bytes, size_t count)
{
    write_file("interp", bytes, count);
    CHILD(what, exec_it, (void *)"./prog");
}
static void refused_files(void)
{
    struct file f, good;
    begin(&f, ET_DYN, 0, program_code, program_code_end);
    want(&f, "./interp", 9);
    write_file("prog", &f, sizeof f);
    begin(&good, ET_DYN, 0, interpreter_code, interpreter_code_end);
    try_interpreter("an empty file", "", 0);
    try_interpreter("63 bytes", &good, 63);
    try_interpreter("the header alone", &good, 64);
    memset(f.bytes, '#', sizeof f);
    try_interpreter("a text", &f, sizeof f);
    memcpy(f.bytes, "#!./alone\n", 10);
    try_interpreter("a script", &f, sizeof f);
    f = good;
    header_of(&f)->e_machine = EM_AARCH64;
    try_interpreter("of another processor", &f, sizeof f);
    f = good;
    header_of(&f)->e_phentsize = 55;
    try_interpreter("a wrong size of headers", &f, sizeof f);
    f = good;
    header_of(&f)->e_phnum = 0;
    try_interpreter("no headers", &f, sizeof f);
    f = good;
    header_of(&f)->e_phoff = 1 << 20;
    try_interpreter("headers outside the file", &f, sizeof f);
    f = good;
    f.bytes[1] = 'X';
    try_interpreter("no magic", &f, sizeof f);
    try_interpreter("the good one", &good, sizeof good);
    int fd = open("interp", O_RDWR);
    CHILD("one that is open for writing", exec_it, (void *)"./prog");
    close(fd);
}

/* ---- the stack ---- */

static void stacks(void)
{
    static const struct {
        const char *what;
        uint32_t type, flags;
    } rows[] = { { "a stack to read, write and execute", PT_GNU_STACK, PF_R | PF_W | PF_X },
                 { "a stack to read and write", PT_GNU_STACK, PF_R | PF_W },
                 { "no wish", PT_NULL, 0 } };
    struct file f;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        begin(&f, ET_EXEC, 0x400000, stack_code, stack_code_end);
        segment_of(&f, 2)->p_type = rows[i].type;
        segment_of(&f, 2)->p_flags = rows[i].flags;
        write_file("prog", &f, sizeof f);
        CHILD(rows[i].what, exec_it, (void *)"./prog");
    }
}

int main(int argc, char **argv)
{
    begin_cases(argc, argv);
    if (symlink("loop", "loop") != 0) give_up("a link");
    write_file("plain", "no program", 10);
    chmod("plain", 0644);
    kinds();
    refused_paths();
    refused_files();
    stacks();
    return end_cases();
}
