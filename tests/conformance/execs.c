/* SPDX-License-Identifier: Apache-2.0 */
/* execve: what the new program is given, what it keeps, what is refused; from a thread among others, too. The
 * program runs itself again with a word that says what to look at. */
#include "tests/conformance/raw_clone.h"

#include <sys/auxv.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/time.h>

static char *program;
static char here[300];

/* Runs this program again in a child: its status. */
struct words {
    char *const *arguments, *const *environment;
    void (*before)(void);
};
static int exec_words(void *argument)
{
    struct words *w = argument;
    if (w->before) w->before();
    execve(program, w->arguments, w->environment);
    return 90 + (errno == E2BIG) + 2 * (errno == EFAULT) + 4 * (errno == ENOMEM);
}
static char *const no_environment[] = { NULL };
static void again(const char *what, const char *mode, void (*before)(void))
{
    char *const arguments[] = { program, (char *)".", (char *)mode, NULL };
    CHILD(what, exec_words, (&(struct words){ arguments, no_environment, before }));
}

/* ---- in the new program ---- */

static int show_words(int argc, char **argv, char **environment)
{
    int count = 0;
    printf("%d words:", argc);
    for (int i = 3; i < argc; i++) printf(" <%s>", argv[i]);
    for (; environment[count]; count++) printf(" {%s}", environment[count]);
    printf("; the last is NULL: %d\n", argv[argc] == NULL);
    HOLDS("AT_EXECFN is the file", !strcmp((char *)getauxval(AT_EXECFN), argv[0]));
    return 40 + count;
}
static int show_files(void)
{
    int open_count = 0;
    for (int fd = 3; fd < 64; fd++) open_count += fcntl(fd, F_GETFD) >= 0;
    return 50 + open_count;
}
static int show_state(void)
{
    struct sigaction ignored, caught;
    struct rlimit limit;
    struct itimerval timer;
    char name[20] = "";
    int signal_at_end = -1;
    sigaction(SIGUSR1, NULL, &ignored);
    sigaction(SIGUSR2, NULL, &caught);
    getrlimit(RLIMIT_NOFILE, &limit);
    getitimer(ITIMER_REAL, &timer);
    prctl(PR_GET_NAME, name);
    prctl(PR_GET_PDEATHSIG, &signal_at_end);
    tell("ignored and caught", "%d %d", ignored.sa_handler == SIG_IGN, caught.sa_handler == SIG_DFL);
    tell("the mask", "%jx", (uintmax_t)raw_mask());
    tell("a limit, the umask", "%ld %o", (long)limit.rlim_cur, umask(0));
    HOLDS("the alarm goes on", timer.it_value.tv_sec > 100);
    tell("the name begins anew", "%s", strcmp(name, "before") ? "yes" : "NO");
    tell("the signal at the parent's end", "%d", signal_at_end);
    int id = 0;
    struct itimerspec left;
    CASE("a timer", syscall(SYS_timer_gettime, id, &left));
    HOLDS("one thread", thread_id() == getpid());
    return 60;
}
static int second_main(int argc, char **argv, char **environment)
{
    if (!strcmp(argv[2], "words")) return show_words(argc, argv, environment);
    if (!strcmp(argv[2], "files")) return show_files();
    if (!strcmp(argv[2], "state")) return show_state();
    if (!strcmp(argv[2], "pid")) return atoi(argv[3]) == getpid() && thread_id() == getpid() ? 71 : 72;
    if (!strcmp(argv[2], "alive")) return 70;
    if (!strcmp(argv[2], "count")) return argc - 3 > 1000 ? 80 + argc % 10 : 79;
    return 97;
}

/* ---- before ---- */

static void open_files(void)
{
    open("/dev/null", O_RDONLY);
    open("/dev/null", O_RDONLY | O_CLOEXEC);
    fcntl(open("/dev/null", O_RDONLY), F_SETFD, FD_CLOEXEC);
    fcntl(open("/dev/null", O_RDONLY | O_CLOEXEC), F_SETFD, 0);
    dup(open("/dev/null", O_RDONLY | O_CLOEXEC));
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) _exit(99);
}
static void handler(int signal) { (void)signal; }
static void change_state(void)
{
    int id;
    struct sigevent quiet = { .sigev_notify = SIGEV_NONE };
    signal(SIGUSR1, SIG_IGN);
    catch_with(SIGUSR2, handler, 0);
    block(SIGTERM);
    setrlimit(RLIMIT_NOFILE, &(struct rlimit){ 150, 1024 });
    umask(037);
    alarm(1000);
    prctl(PR_SET_NAME, "before");
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    syscall(SYS_timer_create, CLOCK_MONOTONIC, &quiet, &id);
}

static void given(void)
{
    char *const arguments[] = { program,         (char *)".", (char *)"words", (char *)"", (char *)"a b",
                                (char *)"\\\"'", NULL };
    char *const environment[] = { (char *)"A=1", (char *)"EMPTY=", (char *)"no sign", (char *)"A=2", NULL };
    struct words w = { arguments, environment, NULL };
    CHILD("words and variables", exec_words, &w);
    case_count++;
    again("descriptors that stay", "files", open_files);
    again("what else stays", "state", change_state);
    case_count += 8;
    CHILD("again and again", exec_words,
          (&(struct words){ (char *const[]){ program, (char *)".", (char *)"alive", NULL }, no_environment,
                            NULL }));
}

static void sizes(void)
{
    enum { MANY = 5000, LONG = 100000 };
    static char *many[MANY + 4], long_word[LONG];
    many[0] = program;
    many[1] = (char *)".";
    many[2] = (char *)"count";
    for (int i = 3; i < MANY + 3; i++) many[i] = (char *)"word";
    CHILD("5,000 words", exec_words, (&(struct words){ many, no_environment, NULL }));
    memset(long_word, 'x', LONG - 1);
    char *const one_long[] = { program, (char *)".", (char *)"alive", long_word, NULL };
    CHILD("a word of 100,000 bytes", exec_words, (&(struct words){ one_long, no_environment, NULL }));
    char *huge = malloc(131072 + 1);
    memset(huge, 'x', 131072);
    huge[131072] = 0;
    char *const too_long[] = { program, (char *)".", (char *)"alive", huge, NULL };
    CHILD("one of 131,072", exec_words, (&(struct words){ too_long, no_environment, NULL }));
    huge[131071] = 0;
    CHILD("one byte less", exec_words, (&(struct words){ too_long, no_environment, NULL }));
    for (int i = 3; i < MANY + 3; i++) many[i] = long_word;
    CHILD("500 MB of words", exec_words, (&(struct words){ many, no_environment, NULL }));
    char *const bad_words[] = { program, (char *)".", (char *)"alive", map_bad(), NULL };
    CHILD("a word that cannot be read", exec_words, (&(struct words){ bad_words, no_environment, NULL }));
    free(huge);
}

static long try(const char *path)
{
    return execve(path, (char *const[]){ (char *)path, NULL }, no_environment);
}
static void make_file(const char *name, const char *text, mode_t mode)
{
    int fd = open(name, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    if (fd < 0 || write(fd, text, strlen(text)) < 0 || fchmod(fd, mode) != 0) give_up(name);
    close(fd);
}
static void refused(void)
{
    char path[400];
    mkdir("folder", 0755);
    make_file("text", "just text", 0755);
    make_file("empty", "", 0755);
    make_file("plain", "just text", 0644);
    make_file("short", "\177ELF", 0755);
    if (symlink("loop", "loop") != 0 || symlink("nothing", "dangling") != 0) give_up("links");
    static const char *const names[] = { "absent", "folder", "text",     "empty",  "plain",
                                         "short",  "loop",   "dangling", "text/x", "" };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        CASE(names[i][0] ? names[i] : "no name", try(names[i]));
    CASE("/dev/null", try("/dev/null"));
    CASE("a path that cannot be read", syscall(SYS_execve, map_bad(), NULL, NULL));
    CASE("no path", syscall(SYS_execve, NULL, NULL, NULL));
    CASE("words that cannot be read", syscall(SYS_execve, program, map_bad(), NULL));
    CASE("variables that cannot be read", syscall(SYS_execve, program, NULL, map_bad()));
    memset(path, 'x', sizeof path);
    path[300] = 0;
    CASE("a name of 300 bytes", try(path));
    CASE("execveat, no such flag", syscall(SYS_execveat, AT_FDCWD, program, NULL, NULL, 1));
    CASE("execveat, no such descriptor", syscall(SYS_execveat, 99, "x", NULL, NULL, 0));
    CASE("execveat, nothing", syscall(SYS_execveat, AT_FDCWD, "", NULL, NULL, 0));
    unlink("loop");
    unlink("dangling");
    unlink("text");
    unlink("empty");
    unlink("plain");
    unlink("short");
    rmdir("folder");
}
static int by_descriptor(void *argument)
{
    int fd = open(program, O_RDONLY | O_CLOEXEC);
    char *const arguments[] = { program, (char *)".", (char *)"alive", NULL };
    (void)argument;
    syscall(SYS_execveat, fd, "", arguments, no_environment, AT_EMPTY_PATH);
    return 96;
}
static int by_link(void *argument)
{
    char *const arguments[] = { program, (char *)".", (char *)"alive", NULL };
    (void)argument;
    execve("/proc/self/exe", arguments, no_environment);
    return 96;
}
static long exec_with_shared_files(void *argument)
{
    char *const arguments[] = { program, (char *)".", (char *)"files", NULL };
    (void)argument;
    execve(program, arguments, no_environment);
    return 96;
}
static void shared_files(void)
{
    int marked = fcntl(1, F_DUPFD_CLOEXEC, 20);
    long pid = raw_clone(CLONE_FILES | SIGCHLD, NULL, NULL, NULL, NULL, exec_with_shared_files, NULL);
    tell("descriptors shared until then", "%s", status_text(wait_soon((pid_t)pid, 0)));
    HOLDS("stay open for the other", fcntl(marked, F_GETFD) == FD_CLOEXEC);
    close(marked);
}
static void other_ways(void)
{
    CHILD("execveat of a descriptor", by_descriptor, NULL);
    CHILD("/proc/self/exe", by_link, NULL);
}

/* ---- from a thread ---- */

static long sleep_long(void *argument)
{
    (void)argument;
    pause_ms(LONG_MS);
    return 0;
}
static long spin(void *argument)
{
    (void)argument;
    while (!shared->words[1]) {}
    return 0;
}
static long exec_in_thread(void *argument)
{
    char pid[20];
    char *const arguments[] = { program, (char *)".", (char *)"pid", pid, NULL };
    (void)argument;
    snprintf(pid, sizeof pid, "%d", getpid());
    execve(program, arguments, no_environment);
    return 0;
}
static int exec_among_threads(void *argument)
{
    static struct worker workers[4];
    for (int i = 0; i < 3; i++) start_worker(&workers[i], i == 2 && argument ? spin : sleep_long, NULL);
    start_worker(&workers[3], exec_in_thread, NULL);
    pause_ms(LONG_MS);
    return 95;
}
static int exec_by_the_first(void *argument)
{
    static struct worker workers[2];
    for (int i = 0; i < 2; i++) start_worker(&workers[i], argument ? spin : sleep_long, NULL);
    exec_in_thread(NULL);
    return 95;
}
static int failed_exec_in_thread(void *argument)
{
    static struct worker worker;
    (void)argument;
    start_worker(&worker, sleep_long, NULL);
    try("/nowhere");
    return syscall(SYS_tgkill, getpid(), worker.tid, 0) == 0 ? 73 : 74;
}
static void threads(void)
{
    CHILD("a thread becomes the process", exec_among_threads, NULL);
    CHILD("while another runs", exec_among_threads, shared);
    CHILD("the first thread, others sleep", exec_by_the_first, NULL);
    CHILD("and run", exec_by_the_first, shared);
    CHILD("an exec that fails leaves them alone", failed_exec_in_thread, NULL);
}

int main(int argc, char **argv, char **environment)
{
    static const char *const modes[] = { "words", "files", "state", "pid", "alive", "count" };
    for (size_t i = 0; argc > 2 && i < sizeof modes / sizeof *modes; i++)
        if (!strcmp(argv[2], modes[i])) {
            setvbuf(stdout, NULL, _IOLBF, 4096);
            return second_main(argc, argv, environment);
        }
    begin_cases(argc, argv);
    if (!getcwd(here, sizeof here)) give_up("here");
    program = argv[0];
    shared = map_shared(sizeof *shared);
    given();
    sizes();
    refused();
    other_ways();
    shared_files();
    threads();
    return end_cases();
}
