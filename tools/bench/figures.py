# SPDX-License-Identifier: Apache-2.0
"""The figures and their targets, section by section; those of memory, of threads, of Debian's
programs, of servers and of GPUs are in memory.py, threads.py, programs.py, servers.py and gpu.py."""
import pathlib
import shlex
import subprocess

from bench import gpu, memory, programs, servers, threads
from bench.machines import TIMEOUT_S, Failure
from bench.table import fraction, kib, number

MIB = 1 << 20
MEMORY_STEP = 64 << 10  # of the search for the least memory
PEER_MEMORY_STEP = MIB
OPERATIONS_MEMORY = '1G'  # with less than 512 MiB the peer has no huge pages
# The peer measures the rate of its timer for 100 ms, which are 108 million instructions, unless it has none.
PEER_WITHOUT_WAIT = ('--append', 'noapictimer')

# What was set out to be reached.
BOOT_TARGET, BOOT_GOAL, BOOT_RATIO_TARGET = 100_000, 75_000, 1.05
SYSCALL_TARGET = 38
ELF_TARGET = 128 << 10
LEAST_MEMORY_TARGET = 4 * MIB


def first_figures(output):
    """ "boot N syscall N free N" of bench/first.c, and "boot N" of the peer without a program."""
    words = output.split()
    return dict(zip(words[::2], map(int, words[1::2])))


class First:
    """bench/first.c in one size of memory: its command and its figures."""

    def __init__(self, machines, machine, memory_size):
        self.command = machine.command(machines.guest('first'), options=('--memory', memory_size))
        self.figures = first_figures(machines.run(self.command))


class Costs:
    """A program that prints lines "name<TAB>count", on both machines."""

    def __init__(self, machines, name):
        program, options = machines.guest(name), ('--memory', OPERATIONS_MEMORY)
        self.command, self.peer_command = (machine.command(program, options=options)
                                           for machine in (machines.ours, machines.peer))
        self.ours = self._run(machines, self.command)
        self.theirs = self._run(machines, self.peer_command) if machines.peer.is_built else None

    @staticmethod
    def _run(machines, command):
        return {name: int(cost) for name, cost in (line.split('\t') for line in machines.run(command).splitlines())}

    def row(self, table, figure, value_of, target='', is_reached=None, form=number):
        """`value_of`: from the counts of either machine."""
        table.row(figure, value_of(self.ours), self.command, target, is_reached, form,
                  self.theirs and (value_of(self.theirs), self.peer_command))


def peer_boot(machines, memory_size, *options):
    """There the first instruction of ring 3 is that of its init program, so nothing else runs."""
    if not machines.peer.is_built:
        return None
    command = machines.peer.command(options=('--memory', memory_size, *options))
    return first_figures(machines.run(command))['boot'], command


def boot(table, machines, small):
    table.heading('Boot: instructions from reset to the first one in ring 3, firmware included')
    big = First(machines, machines.ours, '8G')
    count, big_count = small.figures['boot'], big.figures['boot']
    table.row('128 MiB', count, small.command, f'<= {BOOT_TARGET:,}, goal {BOOT_GOAL:,}', count <= BOOT_TARGET,
              peer=peer_boot(machines, '128M'))
    table.row('8 GiB', big_count, big.command, peer=peer_boot(machines, '8G'))
    table.row_at_most('8 GiB / 128 MiB', big_count / count, big.command, BOOT_RATIO_TARGET, form=fraction)
    if machines.peer.is_built:
        table.row('128 MiB, the peer not waiting for its timer', count, small.command,
                  peer=peer_boot(machines, '128M', *PEER_WITHOUT_WAIT))


def null_call(table, first, peer_first):
    table.heading('System calls: instructions, from ring 3 and back')
    table.row_at_most('null system call (getppid)', first.figures['syscall'], first.command, SYSCALL_TARGET,
                      peer=peer_first and (peer_first.figures['syscall'], peer_first.command))


def operations(table, costs):
    for name in costs.ours:
        costs.row(table, name, lambda of: of[name])


def whole_programs(table, machines):
    table.heading('Whole machines: instructions from reset to the end')
    for kind, how in ('musl', 'musl, static'), ('glibc', 'glibc, static'), ('pie', 'glibc, static-PIE'):
        program = machines.guest('hello.' + kind)
        command, _, count = machines.whole_machine(machines.ours, program)
        peer = None
        if machines.peer.is_built:
            peer_command, _, peer_count = machines.whole_machine(machines.peer, program)
            peer = peer_count, peer_command
        table.row('hello, ' + how, count, command, peer=peer)


def demo(table, machines):
    """Whether two runs were the same."""
    arguments = ['/bin/llama', '--model', '/model', '--tokens', '32', '--no-stats']
    options = ['--rootfs', f'{machines.build}/demo/root.cpio']
    (command, text, count), (_, again_text, again_count) = (
        machines.whole_machine(machines.ours, *arguments, options=options) for _ in range(2))
    peer = None
    if machines.peer.is_built:
        peer_command, peer_text, peer_count = machines.whole_machine(machines.peer, *arguments, options=options)
        if peer_text != text:
            raise Failure(f'{shlex.join(peer_command)}: writes another text than {shlex.join(command)}')
        peer = peer_count, peer_command
    is_same = (text, count) == (again_text, again_count)
    table.row('the demonstration, 32 tokens, first run', count, command, peer=peer)
    table.row('  second run', again_count, command, 'same count, same text', is_same)
    return is_same


def least_memory(machine, program, enough, step, *options):
    """The least memory in which hello runs, and the command for it."""

    def command(size):
        return machine.command(program, options=('--timeout', '5', '--memory', f'{size >> 10}K', *options))

    def runs(size):
        done = subprocess.run(command(size), stdin=subprocess.DEVNULL, capture_output=True, timeout=TIMEOUT_S)
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


def sizes(table, machines, first, peer_first):
    table.heading('Size')
    least, command = least_memory(machines.ours, machines.guest('hello.musl'), 2 * LEAST_MEMORY_TARGET, MEMORY_STEP)
    peer = None
    if machines.peer.is_built:
        peer = least_memory(machines.peer, machines.guest('hello.musl'), 64 * MIB, PEER_MEMORY_STEP,
                            *PEER_WITHOUT_WAIT)
    table.row('the least memory for hello', least, command, '<= 4 MiB', least <= LEAST_MEMORY_TARGET, kib, peer)
    table.row('not free at 128 MiB, all included', 128 * MIB - first.figures['free'], first.command, form=kib,
              peer=peer_first and (128 * MIB - peer_first.figures['free'], peer_first.command))

    def size_of(path):
        return pathlib.Path(path).stat().st_size, ['stat', '-c', '%s', path]

    size, command = size_of(f'{machines.build}/kernel.elf')
    table.row('the kernel, ELF, stripped', size, command, f'<= {ELF_TARGET:,} bytes', size <= ELF_TARGET,
              peer=size_of(machines.peer.kernel) if machines.peer.is_built else None)


def measure_all(table, machines):
    """How ck starts QEMU for the first command, and whether two runs of one thing were the same."""
    first = First(machines, machines.ours, '128M')
    peer_first = First(machines, machines.peer, '128M') if machines.peer.is_built else None
    boot(table, machines, first)
    null_call(table, first, peer_first)
    operations(table, Costs(machines, 'operations.musl'))
    threads.operations(table, Costs(machines, 'thread_costs.musl'))
    threads.quiet_loops(table, machines)
    memory.operations(table, Costs(machines, 'memory_costs.musl'))
    memory.allocators(table, machines)
    whole_programs(table, machines)
    is_same = demo(table, machines)
    servers.rows(table, machines)
    gpu.rows(table, machines)
    sizes(table, machines, first, peer_first)
    programs.costs(table, machines)
    return machines.qemu_command(first.command), is_same
