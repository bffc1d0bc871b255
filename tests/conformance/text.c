/* SPDX-License-Identifier: Apache-2.0 */
/* Strings, characters and the plain locale, with lengths and alignments that vector code trips over. */
#include "tests/conformance/conformance.h"

#include <ctype.h>
#include <fnmatch.h>
#include <glob.h>
#include <libgen.h>
#include <locale.h>
#include <regex.h>
#include <sys/mman.h>
#include <wchar.h>
#include <wctype.h>

/* Strings that end at the last byte before an unmapped page: reading on would be deadly. */
static void at_the_edge(void)
{
    char *page = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    munmap(page + 4096, 4096);
    size_t sum = 0, found = 0, same = 0;
    for (size_t length = 0; length < 200; length++) {
        char *s = page + 4096 - length - 1, copy[256];
        memset(s, 'a', length);
        s[length] = 0;
        if (length) s[length / 2] = 'b';
        sum += strlen(s);
        found += strchr(s, 'b') == s + length / 2 && memchr(s, 'b', length) == strchr(s, 'b');
        strcpy(copy, s);
        same += strcmp(copy, s) == 0 && memcmp(copy, s, length + 1) == 0 && strrchr(s, 'b') == strchr(s, 'b');
        sum += strnlen(s, 1000) + strspn(s, "ab") + strcspn(s, "b");
    }
    printf("%zu %zu %zu\n", sum, found, same);
    munmap(page, 4096);
}

static void moving(void)
{
    static unsigned char bytes[4096], expected[4096];
    bool good = true;
    for (size_t from = 0; from < 64; from += 7)
        for (size_t to = 0; to < 64; to += 5)
            for (size_t length = 0; length < 2000; length = length * 2 + 1) {
                for (size_t i = 0; i < sizeof bytes; i++)
                    bytes[i] = expected[i] = (unsigned char)(i * 7 + (i >> 8));
                for (size_t i = 0; i < length; i++)
                    expected[to + i] = (unsigned char)((from + i) * 7 + ((from + i) >> 8));
                memmove(bytes + to, bytes + from, length);
                good = good && memcmp(bytes, expected, sizeof bytes) == 0;
            }
    CHECK(good);
    memset(bytes, 0, sizeof bytes);
    for (size_t i = 0; i < 100; i++) memset(bytes + i * 11, (int)i, i % 11);
    uint32_t hash = 0;
    for (size_t i = 0; i < sizeof bytes; i++) hash = hash * 31 + bytes[i];
    printf("%08x\n", hash);
}

static void searching(void)
{
    char text[] = "one, two;three  four", *rest = text, *save = NULL;
    for (char *word = strtok_r(text, ",; ", &save); word; word = strtok_r(NULL, ",; ", &save))
        printf("[%s]", word);
    printf("%s\n", rest);
    printf("%s %s %s\n", strstr("a needle in hay", "needle"), strpbrk("path/to.file", "./"),
           strstr("x", "y") ? "found" : "none");
    printf("%d %d %d\n", strcasecmp("HeLLo", "hEllO"), strncmp("abcd", "abxx", 2), strcoll("a", "b") < 0);
    char path[] = "/usr/lib/x.so";
    printf("%s\n", basename(path));
    printf("%d %d %d\n", fnmatch("*.c", "file.c", 0), fnmatch("[a-c]?", "bz", 0),
           fnmatch("*", "a/b", FNM_PATHNAME) != 0);
    regex_t regex;
    regmatch_t match[3];
    CHECK(regcomp(&regex, "([a-z]+)=([0-9]+)", REG_EXTENDED) == 0);
    const char *subject = "  key=4711;";
    if (regexec(&regex, subject, 3, match, 0) == 0)
        printf("%.*s -> %.*s\n", (int)(match[1].rm_eo - match[1].rm_so), subject + match[1].rm_so,
               (int)(match[2].rm_eo - match[2].rm_so), subject + match[2].rm_so);
    regfree(&regex);
    fclose(fopen("x1.txt", "w"));
    fclose(fopen("x2.txt", "w"));
    glob_t found;
    SHOW(glob("x*.txt", 0, NULL, &found));
    for (size_t i = 0; i < found.gl_pathc; i++) printf("%s ", found.gl_pathv[i]);
    globfree(&found);
    printf("\n");
}

static void characters(void)
{
    uint32_t hash = 0;
    for (int c = 0; c < 256; c++) {
        const bool is[] = { isalpha(c), isdigit(c), isspace(c), ispunct(c),
                            isupper(c), isprint(c), iscntrl(c), isxdigit(c) };
        for (size_t i = 0; i < sizeof is; i++) hash = hash * 31 + is[i];
        hash = hash * 31 + (uint32_t)toupper(c);
    }
    printf("%08x\n", hash);
    printf("%s %s\n", setlocale(LC_ALL, NULL), setlocale(LC_ALL, "") ? "set" : "not set");
    printf("%s\n", localeconv()->decimal_point);
    wchar_t wide[32];
    size_t count = mbstowcs(wide, "h\xc3\xa9llo", 32);
    if (count == (size_t)-1)
        printf("%s\n", error_name(errno));
    else
        printf("%zu %x\n", count, (unsigned)wide[1]);
    printf("%d %d\n", iswalpha(L'x') != 0, wcscmp(L"abc", L"abd") < 0);
}

static void numbers(void)
{
    printf("%d %ld %lld %g\n", atoi("  -12x"), atol("123456789012"), atoll("-9223372036854775808"),
           atof("1e-3"));
    div_t d = div(-7, 2);
    printf("%d %d %d\n", d.quot, d.rem, abs(-5));
    char *end = NULL;
    unsigned long octal = strtoul("777abc", &end, 8);
    printf("%lu %s\n", octal, end);
    printf("%.17g %.17g %.17g\n", strtod("0.1", NULL), strtod("123456789012345678", NULL),
           strtod("1e23", NULL));
    char text[64];
    volatile size_t room = 8;
    int wanted = snprintf(text, room, "%s", "truncated here");
    printf("%s %d %d\n", text, wanted, snprintf(NULL, 0, "%d", 12345));
}

int main(int argc, char **argv)
{
    work_in(argc, argv);
    at_the_edge();
    moving();
    searching();
    characters();
    numbers();
    return 0;
}
