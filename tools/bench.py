#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Every figure this project publishes, with the command that gives it. Two runs print the same.

Usage: bench.py [--markdown] BUILD  (from the root, after everything it runs was built)

Instructions are counted by `ck run --icount`: docs/decisions/0006-counting-instructions.md. Where
`make bench-peer` has built the peer, the same programs run on that Linux too, and a row with a counterpart
there shows its figure and how many times ours it is: docs/decisions/0009-the-peer.md. The exit status is 1
when something could not be measured or two runs of one thing differ, and 0 otherwise, whether targets are
reached or not.
"""
import os
import pathlib
import shlex
import subprocess
import sys
import tempfile

MIB = 1 << 20
TIMEOUT_S = 300
LETTERS = 'abcdefghijklmnopqrstuvwxyz'

MEMORY_STEP = 64 << 10  # of the search for the least memory
PEER_MEMORY_STEP = MIB
OPERATIONS_MEMORY = '1G'  # with less than 512 MiB the peer has no huge pages
# The peer measures the rate of its timer for 100 ms, which are 108 million instructions, unless it has none.
PEER_WITHOUT_WAIT = ('--append', 'noapictimer')

# What was set out to be reached.
BOOT_TARGET, BOOT_GOAL, BOOT_RATIO_TARGET = 100_000, 75_000, 1.05
SYSCALL_TARGET = 38
ELF_TARGET = 128 << 10
MEMORY_TARGET = 4 * MIB


class Failure(Exception):
    pass


def number(n):
    return f'{n:,}'


def fraction(n):
    return f'{n:.3f}'


def kib(n):
    return f'{n / 1024:,.0f} KiB'


def times(n):
    return f'{n:,.0f}' if n >= 100 else f'{n:.1f}' if n >= 10 else f'{n:.2f}'


class Ours:
    """A machine with our kernel, counting."""

    def __init__(self, build):
        self.build = build

    def command(self, *arguments, options=()):
        return [f'{self.build}/ck', 'run', '--icount', *options, *arguments]


class Peer:
    """The same machine with Linux."""

    def __init__(self, build):
        self.kernel = f'{build}/peer/vmlinux'
        self.is_built = os.path.exists(self.kernel)

    def command(self, *arguments, options=()):
        return ['tools/peer/run_linux.py', *options, self.kernel, *arguments]


class Bench:
    def __init__(self, build):
        self.build = build
        self.ours, self.peer = Ours(build), Peer(build)
        self.rows = []           # (figure, value, the peer's, their ratio, target, letter), or a heading
        self.commands = []       # in order of their letters
        self.peer_commands = {}  # by letter: those that gave its counterparts
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

    def whole_machine(self, machine, *arguments, options=()):
        """The command, what the program prints, and all instructions from reset to the end."""
        result = self.work / 'count'
        plugin = f'-plugin {self.build}/bench/qemu_count.so,out='
        command = machine.command(*arguments, options=['--qemu', plugin + 'FILE', *options])
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

    def row(self, figure, value, command, target='', reached=None, form=number, peer=None):
        """`peer`: the same figure there and its command, or None."""
        line = shlex.join(command)
        if line not in self.commands:
            self.commands.append(line)
        letter = LETTERS[self.commands.index(line)]
        if reached is not None:
            target += ', reached' if reached else ', MISSED'
        theirs, ratio = '', ''
        if peer:
            theirs, ratio = form(peer[0]), times(peer[0] / value) if value else ''
            self.peer_commands.setdefault(letter, []).append(shlex.join(peer[1]))
        self.rows.append((figure, form(value), theirs, ratio, target, letter))

    def columns(self, row):
        return row if self.peer.is_built else (*row[:2], *row[4:])

    def command_lines(self, form):
        for letter, line in zip(LETTERS, self.commands):
            yield form.format(letter, line)
            for peer_line in dict.fromkeys(self.peer_commands.get(letter, ())):
                yield form.format(letter + ', peer', peer_line)

    def text(self):
        def line(*row):
            widths = ('<46', '>12', '>14', '>9', '<35', '')
            return '  '.join(f'{cell:{width}}' for cell, width in zip(self.columns(row), self.columns(widths)))

        yield line('figure', 'value', 'peer', 'peer/ours', 'target', 'command')
        for row in self.rows:
            yield f'\n{row}' if isinstance(row, str) else line('  ' + row[0], *row[1:5], f'({row[5]})')
        yield ''
        yield from self.command_lines('({}) {}')
        yield f'\nck starts QEMU for (a) as:\n{self.qemu}'
        if not self.peer.is_built:
            yield '\nThere is no peer to compare with: `make bench-peer` builds it.'

    def markdown(self):
        def line(*cells):
            return '| ' + ' | '.join(cells) + ' |'

        yield line(*self.columns(('figure', 'value', 'peer', 'peer/ours', 'target', 'command')))
        yield line(*self.columns(('---', '---:', '---:', '---:', '---', '---')))
        for row in self.rows:
            yield line(*self.columns((f'**{row}**', '', '', '', '', '') if isinstance(row, str) else row))
        yield ''
        yield from self.command_lines('- ({}) `{}`')


def first_figures(output):
    """ "boot N syscall N free N" of bench/first.c, and "boot N" of the peer without a program."""
    words = output.split()
    return dict(zip(words[::2], map(int, words[1::2])))


class First:
    """bench/first.c in one size of memory: its command and its figures."""

    def __init__(self, bench, machine, memory):
        self.command = machine.command(bench.guest('first'), options=('--memory', memory))
        self.figures = first_figures(bench.run(self.command))


def peer_boot(bench, memory, *options):
    """There the first instruction of ring 3 is that of its init program, so nothing else runs."""
    if not bench.peer.is_built:
        return None
    command = bench.peer.command(options=('--memory', memory, *options))
    return first_figures(bench.run(command))['boot'], command


def boot(bench):
    bench.heading('Boot: instructions from reset to the first one in ring 3, firmware included')
    small, big = (First(bench, bench.ours, memory) for memory in ('128M', '8G'))
    count, big_count = small.figures['boot'], big.figures['boot']
    ratio = big_count / count
    bench.row('128 MiB', count, small.command, f'<= {BOOT_TARGET:,}, goal {BOOT_GOAL:,}', count <= BOOT_TARGET,
              peer=peer_boot(bench, '128M'))
    bench.row('8 GiB', big_count, big.command, peer=peer_boot(bench, '8G'))
    bench.row('8 GiB / 128 MiB', ratio, big.command, f'<= {BOOT_RATIO_TARGET}', ratio <= BOOT_RATIO_TARGET, fraction)
    if bench.peer.is_built:
        bench.row('128 MiB, the peer not waiting for its timer', count, small.command,
                  peer=peer_boot(bench, '128M', *PEER_WITHOUT_WAIT))
    bench.qemu = bench.qemu_command(small.command)
    return small, First(bench, bench.peer, '128M') if bench.peer.is_built else None


def operations(bench, first, peer_first):
    bench.heading('System calls and faults: instructions, from ring 3 and back')
    bench.row('null system call (getppid)', first.figures['syscall'], first.command, f'<= {SYSCALL_TARGET}',
              first.figures['syscall'] <= SYSCALL_TARGET,
              peer=peer_first and (peer_first.figures['syscall'], peer_first.command))

    def costs(command):
        return {name: int(cost) for name, cost in (line.split('\t') for line in bench.run(command).splitlines())}

    program, options = bench.guest('operations.musl'), ('--memory', OPERATIONS_MEMORY)
    command, peer_command = (machine.command(program, options=options) for machine in (bench.ours, bench.peer))
    ours = costs(command)
    theirs = costs(peer_command) if bench.peer.is_built else None

    def row(figure, cost_in):
        bench.row(figure, cost_in(ours), command, peer=theirs and (cost_in(theirs), peer_command))

    for name in ours:
        if not name.startswith('zeroing'):
            row(name, lambda costs: costs[name])
        if name.startswith('page fault'):
            zeroing = 'zeroing ' + name.removeprefix('page fault, ')
            row('  of it zeroing, 8 bytes an instruction', lambda costs: costs[zeroing])
            row('  the rest', lambda costs: costs[name] - costs[zeroing])


def whole_programs(bench):
    bench.heading('Whole machines: instructions from reset to the end')
    for kind, how in ('musl', 'musl, static'), ('glibc', 'glibc, static'), ('pie', 'glibc, static-PIE'):
        program = bench.guest('hello.' + kind)
        command, _, count = bench.whole_machine(bench.ours, program)
        peer = None
        if bench.peer.is_built:
            peer_command, _, peer_count = bench.whole_machine(bench.peer, program)
            peer = peer_count, peer_command
        bench.row('hello, ' + how, count, command, peer=peer)


def demo(bench):
    arguments = ['/bin/llama', '--model', '/model', '--tokens', '32', '--no-stats']
    options = ['--rootfs', f'{bench.build}/demo/root.cpio']
    (command, text, count), (_, again_text, again_count) = (
        bench.whole_machine(bench.ours, *arguments, options=options) for _ in range(2))
    peer = None
    if bench.peer.is_built:
        peer_command, peer_text, peer_count = bench.whole_machine(bench.peer, *arguments, options=options)
        if peer_text != text:
            raise Failure(f'{shlex.join(peer_command)}: writes another text than {shlex.join(command)}')
        peer = peer_count, peer_command
    is_same = (text, count) == (again_text, again_count)
    bench.row('the demonstration, 32 tokens, first run', count, command, peer=peer)
    bench.row('  second run', again_count, command, 'same count, same text', is_same)
    return is_same


def least_memory(machine, program, enough, step, *options):
    """The least memory in which hello runs, and the command for it."""

    def command(memory):
        return machine.command(program, options=('--timeout', '5', '--memory', f'{memory >> 10}K', *options))

    def runs(memory):
        done = subprocess.run(command(memory), stdin=subprocess.DEVNULL, capture_output=True, timeout=TIMEOUT_S)
        return done.returncode == 0 and done.stdout.startswith(b'hello from')

    if not runs(enough):
        raise Failure(f'{shlex.join(command(enough))}: does not run')
    too_little = MIB
    while enough - too_little > step:
        middle = (too_little + enough) // 2 // step * step
        if runs(middle):
            enough = middle
        else:
            too_little = middle
    return enough, command(enough)


def memory_and_size(bench, first, peer_first):
    bench.heading('Memory and size')
    least, command = least_memory(bench.ours, bench.guest('hello.musl'), 2 * MEMORY_TARGET, MEMORY_STEP)
    peer = None
    if bench.peer.is_built:
        peer = least_memory(bench.peer, bench.guest('hello.musl'), 64 * MIB, PEER_MEMORY_STEP,
                            *PEER_WITHOUT_WAIT)
    bench.row('the least memory for hello', least, command, '<= 4 MiB', least <= MEMORY_TARGET, kib, peer)
    bench.row('not free at 128 MiB, all included', 128 * MIB - first.figures['free'], first.command, form=kib,
              peer=peer_first and (128 * MIB - peer_first.figures['free'], peer_first.command))

    def size_of(path):
        return pathlib.Path(path).stat().st_size, ['stat', '-c', '%s', path]

    size, command = size_of(f'{bench.build}/kernel.elf')
    bench.row('the kernel, ELF, stripped', size, command, f'<= {ELF_TARGET:,} bytes', size <= ELF_TARGET,
              peer=size_of(bench.peer.kernel) if bench.peer.is_built else None)


def main():
    arguments = sys.argv[1:]
    is_markdown = arguments[:1] == ['--markdown']
    if len(arguments) != 1 + is_markdown:
        sys.exit(__doc__)
    bench = Bench(arguments[-1])
    try:
        first, peer_first = boot(bench)
        operations(bench, first, peer_first)
        whole_programs(bench)
        is_same = demo(bench)
        memory_and_size(bench, first, peer_first)
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
