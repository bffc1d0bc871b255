#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Run one program on a peer's Linux as `ck run --icount` runs it on ours, or `ck run --cpus N`.

Usage: run_linux.py [OPTION...] KERNEL [PROGRAM [ARGUMENT...]]

--memory SIZE      of the machine, as QEMU writes it (512M)
--rootfs ARCHIVE   a newc archive, as `ck build` writes it; PROGRAM is then a path in it
--cpus N           processors; with more than one they run at the same time, and nothing is counted
--no-count         one processor, and nothing is counted either: as `ck run`
--machine NAME     microvm, or q35, which has PCI
--modules FOLDER   modules to be loaded first, in the order that the file `order` there has
--env NAME=VALUE   a variable of the program; there are no others
--port HOST:GUEST  a virtio network card (q35), on which a TCP port of this host leads to one of the program
--timeout SECONDS  of real time (300)
--log FILE         for what Linux's console said
--append WORDS     more for Linux's command line
--qemu WORDS       more for QEMU's

The program's output, error output and exit status are passed on; RDTSC counts its instructions. Without
PROGRAM it prints "boot N", the count at the first instruction of ring 3. What can be said of the program
otherwise has the exit statuses of ck: 120 a panic, 124 time ran out, 125 a failure of this script or of
QEMU, 126 and 127 a program that cannot be started, 128 + n a signal.

The init program lies beside KERNEL. CK_QEMU names another QEMU.
"""
import argparse
import os
import pathlib
import shlex
import signal
import subprocess
import sys
import tempfile

PANIC, TIMED_OUT, FAILED, CANNOT_RUN, NOT_THERE, SIGNAL = 120, 124, 125, 126, 127, 128
ENOENT = 2

# No console messages, which cost instructions, but those of a panic; and a panic ends the machine.
KERNEL_WORDS = 'console=ttyS0 loglevel=1 panic=-1 reboot=t init_on_alloc=0 rdinit=/peer/init'
FOLDERS = ('dev', 'proc', 'sys', 'tmp', 'peer')


class Failure(Exception):
    """What went wrong, and the exit status that says so."""

    def __init__(self, status, text):
        super().__init__(text)
        self.status = status


def cpio(entries):
    """A newc archive of (name, mode, content); the same entries give the same bytes. Linux unpacks what
    stands in a row, so another archive may follow."""
    archive = bytearray()

    def pad():
        archive.extend(bytes(-len(archive) % 4))

    for number, (name, mode, content) in enumerate([*entries, ('TRAILER!!!', 0, b'')], 1):
        name = name.encode() + b'\0'
        fields = (number, mode, 0, 0, 1, 0, len(content), 0, 0, 0, 0, len(name), 0)
        archive += b'070701' + b''.join(b'%08X' % field for field in fields) + name
        pad()
        archive += content
        pad()
    return archive


def initial_files(init, options):
    directory, executable, plain = 0o040755, 0o100755, 0o100644
    entries = [(name, directory, b'') for name in FOLDERS]
    entries.append(('peer/init', executable, init.read_bytes()))
    words, rootfs = [], b''
    if options.rootfs:
        words, rootfs = [options.program, *options.arguments], pathlib.Path(options.rootfs).read_bytes()
    elif options.program:
        name = os.path.basename(options.program)
        if name in FOLDERS:
            raise Failure(FAILED, f'{options.program}: the name is taken in the root file system')
        entries.append((name, executable, pathlib.Path(options.program).read_bytes()))
        words = ['/' + name, *options.arguments]
    for name, strings in (('words', words), ('environment', options.env)):
        entries.append((f'peer/{name}', plain, b''.join(os.fsencode(string) + b'\0' for string in strings)))
    if options.modules:
        entries.append(('peer/modules', directory, b''))
        entries += [(f'peer/modules/{file.name}', plain, file.read_bytes()) for file in sorted(options.modules.iterdir())]
    return cpio(entries) + rootfs


def machine_arguments(options, folder):
    """As host/ck/machine.c has them with --icount; tests/e2e/peer_test.sh compares."""
    machine = {'microvm': 'microvm,x-option-roms=off,auto-kernel-cmdline=off', 'q35': 'q35'}[options.machine]
    parallel = ['-accel', 'tcg,thread=multi'] if options.cpus > 1 else ['-accel', 'tcg']
    forwards = ''.join(f',hostfwd=tcp:127.0.0.1:{host}-:{guest}' for host, guest in map(lambda p: p.split(':'), options.port))
    network = ['-netdev', f'user,id=net{forwards}', '-device', 'virtio-net-pci,netdev=net,romfile='] if forwards else []
    counting = ['-accel', 'tcg', '-icount', 'shift=0,sleep=off', '-rtc', 'base=2024-01-01,clock=vm']
    return [
        os.environ.get('CK_QEMU') or 'qemu-system-x86_64',
        '-M', machine,
        '-nodefaults', '-no-user-config', '-no-reboot', '-display', 'none',
        *(counting if options.cpus == 1 and options.count else parallel), '-seed', '1',
        '-cpu', 'max,-erms,-fsrm,-rdrand,-rdseed',
        '-smp', str(options.cpus), '-m', options.memory,
        '-initrd', f'{folder}/initrd', '-kernel', str(options.kernel), '-append', f'{KERNEL_WORDS} {options.append}'.strip(),
        '-chardev', f'file,id=console,path={folder}/console',
        '-device', 'isa-serial,chardev=console,iobase=0x3f8,irq=4,index=0',
        '-chardev', f'file,id=channel,path={folder}/channel',
        '-device', 'isa-serial,chardev=channel,iobase=0x2f8,irq=3,index=1',
        '-device', 'isa-debug-exit,iobase=0xf4,iosize=4',
        '-global', 'virtio-mmio.force-legacy=false', *network, *shlex.split(options.qemu),
    ]


def run_machine(arguments, timeout):
    machine = subprocess.Popen(arguments, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                               text=True, errors='replace')

    def end(number, _frame):
        machine.terminate()  # in order, so that a plugin can write what it has counted
        machine.wait()
        raise Failure(SIGNAL + number, f'ended by {signal.Signals(number).name}')

    signal.signal(signal.SIGTERM, end)
    try:
        _, said = machine.communicate(timeout=timeout)
    except subprocess.TimeoutExpired:
        machine.kill()
        machine.wait()
        raise Failure(TIMED_OUT, f'Linux did not end within {timeout:g} seconds') from None
    if machine.returncode != 0:
        reason, *_registers = said.splitlines() or ['it did not say why']
        raise Failure(FAILED, f'QEMU ended with status {machine.returncode}: {reason}')


def parse_report(channel, console):
    """The report of tools/peer/init.c: (boot, how, number, output, error output)."""
    line, _, rest = channel.partition(b'\n')
    words = line.split()
    if len(words) != 6 or words[0] != b'peer':
        last = console.decode(errors='replace').strip()
        raise Failure(PANIC, f'Linux ended without a report; its console: {last or "nothing"}')
    boot, number, out_bytes, err_bytes = (int(words[i]) for i in (1, 3, 4, 5))
    if len(rest) != out_bytes + err_bytes:
        raise Failure(PANIC, f'the report has {len(rest)} bytes of output, not {out_bytes} + {err_bytes}')
    return boot, words[2].decode(), number, rest[:out_bytes], rest[out_bytes:]


def exit_status(how, number, program):
    if how == 'exec':
        raise Failure(NOT_THERE if number == ENOENT else CANNOT_RUN, f'{program}: {os.strerror(number)}')
    return SIGNAL + number if how == 'signal' else number


def run(options):
    init = options.kernel.parent / 'init'
    with tempfile.TemporaryDirectory(prefix='peer.') as name:
        folder = pathlib.Path(name)
        (folder / 'initrd').write_bytes(initial_files(init, options))
        for port in ('console', 'channel'):
            (folder / port).touch()
        try:
            run_machine(machine_arguments(options, folder), options.timeout)
        finally:
            if options.log:
                options.log.write_bytes((folder / 'console').read_bytes())
        report = parse_report((folder / 'channel').read_bytes(), (folder / 'console').read_bytes())
    boot, how, number, out, err = report
    if how == 'none':
        print('boot', boot)
        return 0
    sys.stdout.buffer.write(out)
    sys.stderr.buffer.write(err)
    return exit_status(how, number, options.program)


def main():
    parser = argparse.ArgumentParser(usage=__doc__, add_help=False)
    parser.add_argument('--memory', default='512M')
    parser.add_argument('--cpus', type=int, default=1)
    parser.add_argument('--rootfs')
    parser.add_argument('--no-count', dest='count', action='store_false')
    parser.add_argument('--machine', choices=('microvm', 'q35'), default='microvm')
    parser.add_argument('--modules', type=pathlib.Path)
    parser.add_argument('--env', action='append', default=[])
    parser.add_argument('--port', action='append', default=[])
    parser.add_argument('--timeout', type=float, default=300)
    parser.add_argument('--log', type=pathlib.Path)
    parser.add_argument('--append', default='')
    parser.add_argument('--qemu', default='')
    parser.add_argument('kernel', type=pathlib.Path)
    parser.add_argument('program', nargs='?')
    parser.add_argument('arguments', nargs=argparse.REMAINDER)
    options = parser.parse_args()
    if options.rootfs and not options.program:
        parser.error('--rootfs needs a program')
    try:
        status = run(options)
    except (Failure, OSError) as error:
        print(f'run_linux: {error}', file=sys.stderr)
        status = error.status if isinstance(error, Failure) else FAILED
    sys.exit(status)


main()
