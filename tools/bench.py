#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Every figure this project publishes, with the command that gives it. Two runs print the same.

Usage: bench.py [--markdown] BUILD  (from the root, after everything it runs was built)

Instructions are counted by `ck run --icount`: docs/decisions/0006-counting-instructions.md. The exit
status is 1 when something could not be measured or two runs of one thing differ, and 0 otherwise,
whether targets are reached or not.
"""
import os
import pathlib
import shlex
import subprocess
import sys
import tempfile

MIB = 1 << 20
TIMEOUT_S = 300
MEMORY_STEP = 64 << 10  # of the search for the least memory

# What was set out to be reached.
BOOT_TARGET, BOOT_GOAL, BOOT_RATIO_TARGET = 100_000, 75_000, 1.05
SYSCALL_TARGET = 38
ELF_TARGET = 128 << 10
MEMORY_TARGET = 4 * MIB


class Failure(Exception):
    pass


class Bench:
    def __init__(self, build):
        self.build = build
        self.rows = []      # (figure, value, target, letter of its command) or a heading
        self.commands = []  # in order of their letters
        self.work = pathlib.Path(tempfile.mkdtemp())
        self.qemu = None

    # ---- running ----

    def guest(self, name):
        return f'{self.build}/guest/{name}'

    def run(self, command, **environment):
        """What the command prints; it must succeed and say nothing on standard error."""
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, timeout=TIMEOUT_S,
                              env={**os.environ, **environment})
        if done.returncode or done.stderr:
            raise Failure(f'{shlex.join(command)}: status {done.returncode}: {done.stderr.decode(errors="replace")}')
        return done.stdout.decode()

    def counted(self, *arguments):
        """A counted run of `ck`: its command, and what the program prints."""
        command = [f'{self.build}/ck', 'run', '--icount', *arguments]
        return command, self.run(command)

    def whole_machine(self, *arguments):
        """The command, what the program prints, and all instructions from reset to the end."""
        result = self.work / 'count'
        plugin = f'-plugin {self.build}/bench/qemu_count.so,out='
        command = [f'{self.build}/ck', 'run', '--icount', '--qemu', plugin + 'FILE', *arguments]
        output = self.run([word.replace(plugin + 'FILE', plugin + str(result)) for word in command])
        return command, output, int(result.read_text())

    def qemu_command(self, command):
        """How ck starts QEMU for a command: a stand-in writes down its arguments."""
        spy, seen = self.work / 'qemu', self.work / 'arguments'
        spy.write_text(f'#!/bin/bash\nprintf "%s\\0" "$@" >{seen}\nexec qemu-system-x86_64 "$@"\n')
        spy.chmod(0o755)
        self.run(command, CK_QEMU=str(spy))
        words = seen.read_bytes().decode().split('\0')[:-1]
        return 'qemu-system-x86_64 ' + shlex.join(words).replace(os.getcwd() + '/', '')

    # ---- the table ----

    def heading(self, text):
        self.rows.append(text)

    def row(self, figure, value, command, target='', reached=None):
        line = shlex.join(command)
        if line not in self.commands:
            self.commands.append(line)
        if reached is not None:
            target += ', reached' if reached else ', MISSED'
        self.rows.append((figure, value, target, 'abcdefghijklmnopqrstuvwxyz'[self.commands.index(line)]))

    def text(self):
        yield f'{"figure":<46} {"value":>12}  {"target":<35} command'
        for row in self.rows:
            if isinstance(row, str):
                yield f'\n{row}'
            else:
                yield f'  {row[0]:<44} {row[1]:>12}  {row[2]:<35} ({row[3]})'
        yield ''
        yield from (f'({letter}) {line}' for letter, line in zip('abcdefghijklmnopqrstuvwxyz', self.commands))
        yield f'\nck starts QEMU for (a) as:\n{self.qemu}'

    def markdown(self):
        yield '| figure | value | target | command |'
        yield '|---|---:|---|---|'
        for row in self.rows:
            yield f'| **{row}** | | | |' if isinstance(row, str) else '| ' + ' | '.join(row) + ' |'
        yield ''
        yield from (f'- ({letter}) `{line}`' for letter, line in zip('abcdefghijklmnopqrstuvwxyz', self.commands))


def number(n):
    return f'{n:,}'


def kib(n):
    return f'{n / 1024:,.0f} KiB'


def first_figures(output):
    """ "boot N syscall N free N" of bench/first.c."""
    words = output.split()
    return dict(zip(words[::2], map(int, words[1::2])))


def boot(bench):
    bench.heading('Boot: instructions from reset to the first one in ring 3, firmware included')
    command, output = bench.counted('--memory', '128M', bench.guest('first'))
    big_command, big_output = bench.counted('--memory', '8G', bench.guest('first'))
    small, big = first_figures(output), first_figures(big_output)
    ratio = big['boot'] / small['boot']
    bench.row('128 MiB', number(small['boot']), command, f'<= {BOOT_TARGET:,}, goal {BOOT_GOAL:,}', small['boot'] <= BOOT_TARGET)
    bench.row('8 GiB', number(big['boot']), big_command)
    bench.row('8 GiB / 128 MiB', f'{ratio:.3f}', big_command, f'<= {BOOT_RATIO_TARGET}', ratio <= BOOT_RATIO_TARGET)

    bench.qemu = bench.qemu_command(command)

    bench.heading('System calls and faults: instructions, from ring 3 and back')
    bench.row('null system call (getppid)', number(small['syscall']), command, f'<= {SYSCALL_TARGET}',
              small['syscall'] <= SYSCALL_TARGET)
    return command, small


def operations(bench):
    command, output = bench.counted(bench.guest('operations.musl'))
    costs = dict(line.split('\t') for line in output.splitlines())
    for name, cost in costs.items():
        if not name.startswith('zeroing'):
            bench.row(name, number(int(cost)), command)
        if name.startswith('page fault'):
            size = name.removeprefix('page fault, ')
            zeroing = int(costs[f'zeroing {size}'])
            bench.row('  of it zeroing, 8 bytes an instruction', number(zeroing), command)
            bench.row('  the rest', number(int(cost) - zeroing), command)


def whole_programs(bench):
    bench.heading('Whole machines: instructions from reset to the end')
    for kind, how in ('musl', 'musl, static'), ('glibc', 'glibc, static'), ('pie', 'glibc, static-PIE'):
        command, _, count = bench.whole_machine(bench.guest('hello.' + kind))
        bench.row('hello, ' + how, number(count), command)


def demo(bench):
    arguments = ['--rootfs', f'{bench.build}/demo/root.cpio', '/bin/llama', '--model', '/model', '--tokens', '32',
                 '--no-stats']
    (command, text, count), (_, again_text, again_count) = (bench.whole_machine(*arguments) for _ in range(2))
    is_same = (text, count) == (again_text, again_count)
    bench.row('the demonstration, 32 tokens, first run', number(count), command)
    bench.row('  second run', number(again_count), command, 'same count, same text', is_same)
    return is_same


def hello_in(bench, memory):
    return [f'{bench.build}/ck', 'run', '--icount', '--timeout', '5', '--memory', f'{memory >> 10}K',
            bench.guest('hello.musl')]


def runs(command):
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, timeout=TIMEOUT_S)
    return done.returncode == 0 and done.stdout.startswith(b'hello from')


def memory_and_size(bench, first_command, first):
    bench.heading('Memory and size')
    too_little, enough = MIB, 2 * MEMORY_TARGET
    if not runs(hello_in(bench, enough)):
        raise Failure(f'hello does not run in {enough // MIB} MiB')
    while enough - too_little > MEMORY_STEP:
        middle = (too_little + enough) // 2 // MEMORY_STEP * MEMORY_STEP
        if runs(hello_in(bench, middle)):
            enough = middle
        else:
            too_little = middle
    bench.row('the least memory for hello, by 64 KiB', kib(enough), hello_in(bench, enough), '<= 4 MiB',
              enough <= MEMORY_TARGET)
    bench.row('not free at 128 MiB, all included', kib(128 * MIB - first['free']), first_command)
    kernel = f'{bench.build}/kernel.elf'
    size = pathlib.Path(kernel).stat().st_size
    bench.row('the kernel, ELF, stripped', number(size), ['stat', '-c', '%s', kernel], f'<= {ELF_TARGET:,} bytes',
              size <= ELF_TARGET)


def main():
    arguments = sys.argv[1:]
    is_markdown = arguments[:1] == ['--markdown']
    if len(arguments) != 1 + is_markdown:
        sys.exit(__doc__)
    bench = Bench(arguments[-1])
    try:
        first_command, first = boot(bench)
        operations(bench)
        whole_programs(bench)
        is_same = demo(bench)
        memory_and_size(bench, first_command, first)
    except (Failure, subprocess.TimeoutExpired) as error:
        sys.exit(f'bench: {error}')
    finally:
        for path in bench.work.iterdir():
            path.unlink()
        bench.work.rmdir()
    print('\n'.join(bench.markdown() if is_markdown else bench.text()))
    sys.exit(0 if is_same else 'bench: two runs of the demonstration differ')


if __name__ == '__main__':
    main()
