/* SPDX-License-Identifier: Apache-2.0 */
/* ck: the front door. One subcommand per line of `commands`. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "host/ck/options.h"
#include "host/ck/pack.h"
#include "host/ck/report.h"
#include "host/ck/run.h"
#include "host/ck/status.h"

static const char general_help[] =
    "usage: ck COMMAND ...\n"
    "\n"
    "  ck run [OPTIONS] [--] PROGRAM [ARGS...]      run a Linux program in a machine of its own\n"
    "  ck build --rootfs PATH -o FILE.cpio  pack a root file system for ck run --rootfs\n"
    "  ck help [COMMAND]                            this text, or a command's\n"
    "  ck --version\n";

static const char run_help[] =
    "usage: ck run [OPTIONS] [--] PROGRAM [ARGS...]\n"
    "       ck run [OPTIONS] --rootfs IMAGE\n"
    "\n"
    "Boots CloudKernel under QEMU and runs PROGRAM there. Its standard input, output, error and exit status\n"
    "are ck's own. PROGRAM is a path inside --rootfs, or without --rootfs a file of this machine\n"
    "(an x86-64 Linux program, linked statically). An OCI image says itself what it runs; PROGRAM and ARGS\n"
    "take the place of its entry point and command.\n"
    "\n"
    "  --rootfs PATH       root file system: a folder; a .tar or newc .cpio, plain or packed with gzip or "
    "zstd (cpio:\n"
    "                      lz4, too); an OCI image layout, as a folder or tar, PATH:NAME for one of its "
    "images\n"
    "  --memory SIZE       the machine's memory, root file system included, such as 64M or 2G (default: what "
    "that\n"
    "                      takes, and 512M)\n"
    "  --memory-limit SIZE what the container may have of it, programs, files and kernel objects (default: "
    "all)\n"
    "  --cpus N            CPUs of the machine (default 1)\n"
    "  -e, --env K[=V]     a variable for the program; without =V, the value it has here\n"
    "  -u, --user U[:G]    whom the program runs as, names or numbers (default: the image's, or root)\n"
    "  -w, --workdir DIR   where the program begins (default: the image's, or /)\n"
    "  --env-file FILE     one such variable a line\n"
    "  --net user          a network card; the program reaches what this machine reaches\n"
    "  --net tap=NAME[,ADDR/PREFIX[,gw=ADDR]]  a card on the interface NAME; without an address, by DHCP\n"
    "  --net none          no card (default, unless -p is given)\n"
    "  -p, --publish [ADDR:]PORT:GUEST_PORT[/udp]  a port here (of 127.0.0.1 unless given; 0: a free one, "
    "which\n"
    "                      is named on standard error) leads to the program's; gives --net user\n"
    "  --dns ADDR          the server that knows names (default: the network's)\n"
    "  --hostname NAME     the machine's name\n"
    "  --gpu KIND[,vram=SIZE]  a GPU that this machine plays: gfx900, with 4G of memory unless given\n"
    "  -t, --tty           the program has a terminal: this one, or if stdin is none, its bytes\n"
    "  --machine KIND      microvm (default) or q35\n"
    "  --icount            count: time is instructions, two runs are the same (with the same input at hand)\n"
    "  --stats             at the end: what the program used, its system calls, and what is not supported of "
    "them\n"
    "  --timeout SECONDS   stop the machine after that time\n"
    "  --log FILE          the kernel's log to FILE\n"
    "  -v, --verbose       the kernel's log to standard error\n"
    "  --qemu 'ARGS'       more arguments for QEMU, cut into words as a shell does\n"
    "\n"
    "INT, TERM, HUP and QUIT are passed to the program; the second one stops the machine.\n"
    "\n"
    "Exit status: the program's own; 128+N when signal N ended it; or, with a line on standard error,\n"
    "  120   the kernel failed: a panic, or a machine that reset itself\n"
    "  124   --timeout was reached\n"
    "  125   ck, QEMU or the channel to the machine failed; wrong usage\n"
    "  126   PROGRAM cannot be executed\n"
    "  127   PROGRAM was not found\n"
    "\n"
    "Environment: CK_KERNEL, the kernel (default: kernel.elf beside ck); CK_QEMU, the program to run as "
    "QEMU;\n"
    "CK_CKDEV, the one that plays the GPU (default: ckdev beside ck).\n";

static const char build_help[] =
    "usage: ck build --rootfs PATH -o FILE.cpio\n"
    "\n"
    "Packs a root file system into a newc cpio archive whose file data lies on page boundaries, so that the\n"
    "kernel maps it without copying. `ck run --rootfs FILE.cpio` then starts without packing.\n";

static int print(const char *text)
{
    if (write_all(STDOUT_FILENO, text, strlen(text))) return 0;
    report_errno("cannot write to standard output");
    return STATUS_CK_FAILED;
}

static int command_run(int count, char *const *arguments)
{
    struct run_options options;
    if (!run_options_parse(&options, count, arguments)) return STATUS_CK_FAILED;
    int status = options.wants_help ? print(run_help) : run_program(&options);
    run_options_free(&options);
    return status;
}

static int command_build(int count, char *const *arguments)
{
    const char *rootfs = NULL, *output = NULL;
    struct option_cursor cursor = { .count = count, .arguments = arguments };
    for (const char *name; (name = option_next(&cursor));) {
        if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0) return print(build_help);
        bool is_rootfs = strcmp(name, "--rootfs") == 0;
        if (!is_rootfs && strcmp(name, "-o") != 0 && strcmp(name, "--output") != 0) {
            report("build: unknown option %s; see ck build --help", name);
            return STATUS_CK_FAILED;
        }
        const char *value = option_value(&cursor);
        if (!value) return STATUS_CK_FAILED;
        *(is_rootfs ? &rootfs : &output) = value;
    }
    if (cursor.at != count || !rootfs || !output) {
        report("build: wants --rootfs DIR|FILE.tar and -o FILE.cpio, and nothing else");
        return STATUS_CK_FAILED;
    }
    return pack_to_file(rootfs, output) ? 0 : STATUS_CK_FAILED;
}

static int command_help(int count, char *const *arguments)
{
    if (count == 0) return print(general_help);
    if (strcmp(arguments[0], "run") == 0) return print(run_help);
    if (strcmp(arguments[0], "build") == 0) return print(build_help);
    report("help: there is no command %s", arguments[0]);
    return STATUS_CK_FAILED;
}

static const struct command {
    const char *name;
    int (*run)(int count, char *const *arguments);
} commands[] = { { "run", command_run },
                 { "build", command_build },
                 { "help", command_help },
                 { "--help", command_help },
                 { "-h", command_help } };

int main(int argc, char **argv)
{
    if (argc < 2) {
        (void)write_all(STDERR_FILENO, general_help, strlen(general_help));
        return STATUS_CK_FAILED;
    }
    if (strcmp(argv[1], "--version") == 0) return print("ck 0.1.0 (CloudKernel)\n");
    for (size_t i = 0; i < ARRAY_LENGTH(commands); i++)
        if (strcmp(argv[1], commands[i].name) == 0) return commands[i].run(argc - 2, argv + 2);
    report("there is no command %s; see ck --help", argv[1]);
    return STATUS_CK_FAILED;
}

NORETURN void assert_failed(const char *expression, const char *file, int line)
{
    report("%s:%d: this should be true: %s", file, line, expression);
    abort();
}
