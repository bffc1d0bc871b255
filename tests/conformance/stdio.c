/* SPDX-License-Identifier: Apache-2.0 */
/* The C library's streams: formats, buffers, positions, and input at its end. */
#include "tests/conformance/conformance.h"

#include <limits.h>
#include <stddef.h>
#include <wchar.h>

static void integers(void)
{
    printf("[%d] [%5d] [%-5d] [%05d] [%+d] [% d] [%.3d] [%8.3d]\n", 42, 42, 42, 42, 42, 42, 7, 7);
    printf("[%i] [%u] [%x] [%X] [%#x] [%o] [%#o]\n", -1, -1u, 255, 255, 255, 8, 8);
    printf("[%hhd] [%hd] [%ld] [%lld] [%jd] [%zd] [%td]\n", (char)-1, (short)-2, -3l, -4ll, (intmax_t)-5,
           (ssize_t)-6, (ptrdiff_t)-7);
    printf("[%d] [%d] [%ld] [%lu]\n", INT_MIN, INT_MAX, LONG_MIN, ULONG_MAX);
    printf("[%*d] [%-*d] [%.*d]\n", 6, 1, 6, 2, 3, 3);
    printf("[%2$s %1$s]\n", "second", "first");
    printf("[%c] [%5c] [%-5c] [%%] [%s] [%10s] [%-10s] [%.2s]\n", 'x', 'y', 'z', "text", "right", "left",
           "cut");
    printf("[%p] [%s]\n", (void *)0x1234, "");
    int count;
    printf("counted%n ", &count);
    printf("%d\n", count);
}

static void floats(void)
{
    static const double values[] = { 0.0,        -0.0,  1.0,    1.5, 0.1, 1e10,   1e-10,
                                     123456.789, 1e300, 5e-324, 2.5, 3.5, 1.0 / 3 };
    for (size_t i = 0; i < sizeof values / sizeof *values; i++)
        printf("%f %.0f %e %g %a %.3f %10.2e|\n", values[i], values[i], values[i], values[i], values[i],
               values[i], values[i]);
    printf("%f %F %e %g\n", 1.0 / 0.0, -1.0 / 0.0, 1.0 / 0.0, -1.0 / 0.0);
    printf("%.20f %.17g %.40g\n", 0.1, 0.1, 0.1);
    printf("%Lf %Lg %La\n", 1.25L, 1e4000L, 3.0L);
}

static void scanning(void)
{
    int a, b;
    unsigned x;
    double d;
    char word[16], set[16];
    printf("%d", sscanf("12 -7 0xff 2.5e3 word", "%d %d %x %lf %15s", &a, &b, &x, &d, word));
    printf(" %d %d %u %g %s\n", a, b, x, d, word);
    printf("%d %s\n", sscanf("abc123", "%15[a-z]%d", set, &a), set);
    printf("%d\n", sscanf("zzz", "%d", &a));
    printf("%d\n", sscanf("", "%d", &a));
    printf("%ld %ld %lu\n", strtol("0x7fz", NULL, 0), strtol("077", NULL, 0), strtoul("-1", NULL, 10));
    errno = 0;
    printf("%ld", strtol("99999999999999999999", NULL, 10));
    printf(" %s\n", error_name(errno));
    printf("%a %a %a %a\n", strtod("1e400", NULL), strtod("0x1.8p3", NULL),
           strtod("nan", NULL) != 0 ? 1.0 : 0.0, strtod("2.2250738585072011e-308", NULL));
}

static void streams(void)
{
    char line[64];
    FILE *f = fopen("stream", "w+");
    CHECK(fopen("none", "r") == NULL && errno == ENOENT);
    for (int i = 0; i < 10000; i++) fprintf(f, "line %d\n", i);
    SHOW(ftell(f));
    SHOW(fseek(f, 0, SEEK_SET));
    int lines = 0;
    while (fgets(line, sizeof line, f)) lines++;
    printf("%d lines, the last is %s", lines, line);
    SHOW(feof(f) != 0);
    SHOW(fseek(f, -7, SEEK_END));
    SHOW(fgetc(f));
    SHOW(ungetc('Z', f));
    SHOW(fgetc(f));
    SHOW(fseek(f, -1, SEEK_SET));
    SHOW(fseek(f, 100, SEEK_SET));
    SHOW(fputs("HERE", f) >= 0);
    SHOW(fflush(f));
    SHOW(fseek(f, 98, SEEK_SET));
    SHOW(fread(line, 1, 8, f));
    printf("%.8s\n", line);
    SHOW(fclose(f));
    f = fopen("stream", "a");
    fputs("appended", f);
    SHOW(ftell(f));
    fclose(f);
    f = fopen("stream", "r");
    SHOW(fputc('x', f));
    SHOW(ferror(f) != 0);
    SHOW(setvbuf(f, NULL, _IONBF, 0));
    SHOW(fgetc(f));
    f = freopen("stream", "w", f);
    SHOW(f != NULL);
    fclose(f);
    CHECK(fopen("stream", "wx") == NULL && errno == EEXIST);
    char *text = NULL;
    size_t bytes = 0;
    f = open_memstream(&text, &bytes);
    fprintf(f, "in memory %d", 5);
    fclose(f);
    printf("%s, %zu\n", text, bytes);
    free(text);
    f = fmemopen((char[]){ "some text" }, 9, "r");
    SHOW(fscanf(f, "%*s %63s", line));
    printf("%s\n", line);
    fclose(f);
    f = tmpfile();
    if (f) {
        SHOW(fwrite(line, 1, 5, f));
        rewind(f);
        SHOW(fread(line, 1, 64, f));
        fclose(f);
    }
    char name[] = "made-XXXXXX";
    int fd = mkstemp(name);
    SHOW(fd >= 0);
    SHOW(unlink(name));
    close(fd);
    SHOW(remove("stream"));
    SHOW(remove("stream"));
}

static void standard(void)
{
    char *line = NULL;
    size_t room = 0;
    SHOW(getchar());
    SHOW(feof(stdin) != 0);
    SHOW(getline(&line, &room, stdin));
    SHOW(fileno(stdin));
    SHOW(isatty(0));
    SHOW(isatty(1));
    SHOW(isatty(99));
    free(line);
    fflush(stdout);
    fprintf(stderr, "to standard error\n");
    puts("after standard error");
    char buffer[BUFSIZ];
    setvbuf(stdout, buffer, _IOFBF, sizeof buffer);
    for (int i = 0; i < 3000; i++) printf("%d ", i);
    putchar('\n');
    dprintf(1, "written past the buffer\n");
    fflush(stdout);
    setvbuf(stdout, NULL, _IONBF, 0);
    printf("no buffer");
    putchar('\n');
    wchar_t wide[8];
    printf("%d ", swprintf(wide, 8, L"%d", 77));
    printf("%ls\n", wide);
}

int main(int argc, char **argv)
{
    work_in(argc, argv);
    integers();
    floats();
    scanning();
    streams();
    standard();
    return 0;
}
