/* SPDX-License-Identifier: Apache-2.0 */
/* Scripts: which lines name an interpreter, what it is given, scripts upon scripts, descriptors; and how much a
 * program may be given at all. The interpreter is this program, by a short name. */
#include "tests/conformance/tasks.h"

#include <sys/auxv.h>
#include <sys/prctl.h>
#include <sys/resource.h>

static char *program;
static char *const environment[] = { (char *)"AS_INTERPRETER=1", NULL };

static int show_what_came(int argc, char **argv)
{
    char name[20] = "";
    prctl(PR_GET_NAME, name);
    printf("   ");
    for (int i = 0; i < argc; i++) {
        size_t length = strlen(argv[i]);
        if (length < 300)
            printf(" <%s>", argv[i]);
        else
            printf(" <%.20s... %zu bytes>", argv[i], length);
    }
    const char *path = (const char *)getauxval(AT_EXECFN);
    /* Of a file without a path, newer kernels tell another name. */
    printf("; AT_EXECFN %s, name %s\n", path, strncmp(path, "/dev/fd/", 8) ? name : "not compared");
    fflush(stdout);
    return 7;
}

static int exec_path(void *path)
{
    execve(path, (char *const[]){ (char *)"given", (char *)"one", (char *)"two words", NULL }, environment);
    printf("    %s\n", error_name(errno));
    fflush(stdout);
    return 1;
}
static void make(const char *name, const void *bytes, size_t count, mode_t mode)
{
    int fd = open(name, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    if (fd < 0 || write(fd, bytes, count) != (ssize_t)count || fchmod(fd, mode) != 0) give_up(name);
    close(fd);
}
static void make_text(const char *name, const char *text) { make(name, text, strlen(text), 0755); }

static void run_bytes(const char *what, const void *bytes, size_t count)
{
    make("script", bytes, count, 0755);
    CHILD(what, exec_path, (void *)"./script");
}
static void run_text(const char *what, const char *text) { run_bytes(what, text, strlen(text)); }

static void lines(void)
{
    run_text("an interpreter", "#!./i\necho\n");
    run_text("an argument", "#!./i -e\n");
    run_text("an argument with blanks", "#!./i -S a\tb   c\n");
    run_text("blanks around", "#! \t ./i \t -e \t \n");
    run_text("blanks behind", "#!./i   \n");
    run_text("no newline", "#!./i");
    run_text("no newline, an argument", "#!./i x");
    run_text("nothing", "#!");
    run_text("an empty line", "#!\n./i\n");
    run_text("a line of blanks", "#! \t \n./i\n");
    run_text("a carriage return", "#!./i\r\n");
    run_text("a space before", " #!./i\n");
    run_text("half of it", "#");
    run_text("another letter", "#?./i\n");
    run_text("not there", "#!./nowhere\n");
    run_text("a folder", "#!.\n");
    run_text("a file without x", "#!./plain\n");
    run_text("a text", "#!./text\n");
    run_text("a loop of links", "#!./loop\n");
    run_text("by PATH", "#!i\n");
    run_bytes("a zero behind the path", "#!./i\0 -e\n", 10);
    run_bytes("a zero in the argument", "#!./i -e\0f\n", 11);
    run_bytes("zeros alone", "#!\0\0\0\0", 6);
}

static void long_lines(void)
{
    char text[600];
    static const int lengths[] = { 252, 253, 254, 255, 256, 257, 300 };
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
        char what[60];
        int length = lengths[i];
        memset(text, 'x', sizeof text);
        memcpy(text, "#!./i ", 6);
        text[length] = '\n';
        snprintf(what, sizeof what, "an argument up to byte %d", length);
        run_bytes(what, text, (size_t)length + 20);
        memset(text, '/', sizeof text);
        memcpy(text, "#!.", 3);
        text[length - 1] = 'i';
        text[length] = '\n';
        snprintf(what, sizeof what, "a path up to byte %d", length);
        run_bytes(what, text, (size_t)length + 1);
        text[length] = ' ';
        snprintf(what, sizeof what, "a path up to byte %d, no newline", length);
        run_bytes(what, text, sizeof text);
    }
    memset(text, ' ', sizeof text);
    memcpy(text, "#!", 2);
    memcpy(text + 240, "./i\n", 4);
    run_bytes("a path after many blanks", text, sizeof text);
    memset(text + 240, ' ', 4);
    run_bytes("nothing but blanks", text, sizeof text);
}

static void nested(void)
{
    char name[20], text[60];
    make_text("s0", "#!./i deep\n");
    for (int i = 1; i < 7; i++) {
        snprintf(name, sizeof name, "s%d", i);
        snprintf(text, sizeof text, "#!./s%d arg%d\n", i - 1, i);
        make_text(name, text);
        snprintf(name, sizeof name, "./s%d", i);
        CHILD(name, exec_path, name);
    }
    make_text("self", "#!./self\n");
    CHILD("a script that is its own interpreter", exec_path, (void *)"./self");
}

static int without_words(void *path)
{
    syscall(SYS_execve, path, NULL, environment);
    return 1;
}
static void modes(void)
{
    make("script", "#!./i\n", 6, 0644);
    CHILD("a script without x", exec_path, (void *)"./script");
    make("script", "#!./i\n", 6, 0111);
    CHILD("a script that may only be executed", exec_path, (void *)"./script");
    chmod("script", 0755);
    if (symlink("script", "link") != 0) give_up("a link");
    CHILD("a link to a script", exec_path, (void *)"./link");
    CHILD("no words", without_words, (void *)"./script");
    int fd = open("script", O_RDWR);
    CHILD("a script that is open for writing", exec_path, (void *)"./script");
    close(fd);
}

/* ---- by descriptor ---- */

struct at {
    int fd, flags;
    const char *path;
};
static int exec_at(void *argument)
{
    struct at *at = argument;
    syscall(SYS_execveat, at->fd, at->path, (char *const[]){ (char *)"given", (char *)"one", NULL },
            environment, at->flags);
    printf("    %s\n", error_name(errno));
    fflush(stdout);
    return 1;
}
static void descriptors(void)
{
    int folder = open(".", O_RDONLY | O_DIRECTORY), closing = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int script = open("script", O_RDONLY), marked = open("script", O_RDONLY | O_CLOEXEC);
    CHILD("a name below a folder", exec_at, (&(struct at){ folder, 0, "script" }));
    CHILD("below one that closes", exec_at, (&(struct at){ closing, 0, "script" }));
    CHILD("a descriptor that closes", exec_at, (&(struct at){ marked, AT_EMPTY_PATH, "" }));
    CHILD("a link that shall not be followed", exec_at,
          (&(struct at){ AT_FDCWD, AT_SYMLINK_NOFOLLOW, "link" }));
    CHILD("a path, whatever the descriptor", exec_at, (&(struct at){ 99, 0, "/nowhere" }));
    CHILD("an empty path", exec_at, (&(struct at){ script, 0, "" }));
    close(folder);
    close(closing);
    close(script);
    close(marked);
}

/* ---- how much ---- */

struct amount {
    int words, bytes, stack_kib;
};
static int exec_much(void *argument)
{
    struct amount *a = argument;
    char **words = calloc((size_t)a->words + 2, sizeof *words), *word = malloc((size_t)a->bytes + 1);
    struct rlimit limit = { (rlim_t)a->stack_kib << 10, RLIM_INFINITY };
    if (!words || !word) give_up("memory");
    memset(word, 'w', (size_t)a->bytes);
    word[a->bytes] = 0;
    words[0] = program;
    for (int i = 0; i < a->words; i++) words[i + 1] = word;
    if (setrlimit(RLIMIT_STACK, &limit) != 0) return 99;
    execve(program, words, (char *const[]){ (char *)"COUNT_ONLY=1", NULL });
    return errno == E2BIG ? 20 : 21;
}
static void amounts(void)
{
    static const struct amount rows[] = {
        { 15, 131000, 8192 }, { 16, 131000, 8192 },  { 17, 131000, 8192 },  { 1, 131071, 8192 },
        { 1, 131072, 8192 },  { 47, 131000, 65536 }, { 49, 131000, 65536 }, { 100000, 3, 8192 },
        { 170000, 3, 8192 },  { 190000, 3, 8192 },   { 7, 131000, 4096 },   { 9, 131000, 4096 },
        { 100, 1200, 256 },   { 100, 1400, 256 },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char what[80];
        struct amount a = rows[i];
        snprintf(what, sizeof what, "%d words of %d bytes, a stack of %d KiB", a.words, a.bytes, a.stack_kib);
        CHILD(what, exec_much, &a);
    }
}

int main(int argc, char **argv)
{
    if (getenv("AS_INTERPRETER")) return show_what_came(argc, argv);
    if (getenv("COUNT_ONLY")) return 30 + argc % 7;
    program = argv[0];
    begin_cases(argc, argv);
    if (symlink(program, "i") != 0 || symlink("loop", "loop") != 0) give_up("links");
    make("plain", "no program", 10, 0644);
    make_text("text", "no program");
    lines();
    long_lines();
    nested();
    modes();
    descriptors();
    amounts();
    return end_cases();
}
