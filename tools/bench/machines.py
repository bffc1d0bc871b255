# SPDX-License-Identifier: Apache-2.0
"""Running programs on both kernels, counted."""
import os
import pathlib
import shlex
import subprocess
import tempfile

TIMEOUT_S = 1000


class Failure(Exception):
    pass


class Ours:
    """A machine with our kernel, counting."""

    def __init__(self, build):
        self.build = build

    def command(self, *arguments, options=()):
        return [f'{self.build}/ck', 'run', '--icount', *options, *arguments]


class Peer:
    """The same machine with Linux, built for one processor or for several."""

    def __init__(self, build, folder='peer'):
        self.kernel = f'{build}/{folder}/vmlinux'
        self.is_built = os.path.exists(self.kernel)

    def command(self, *arguments, options=()):
        return ['tools/peer/run_linux.py', *options, self.kernel, *arguments]


class Machines:
    def __init__(self, build):
        self.build = build
        self.ours, self.peer = Ours(build), Peer(build)
        self.peer_smp = Peer(build, 'peer-smp')
        self.work = pathlib.Path(tempfile.mkdtemp())

    def close(self):
        for path in self.work.iterdir():
            path.unlink()
        self.work.rmdir()

    def guest(self, name):
        return f'{self.build}/guest/{name}'

    def run(self, command, **environment):
        """What the command prints; it must succeed and say nothing on standard error."""
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, timeout=TIMEOUT_S,
                              env={**os.environ, **environment})
        if done.returncode or done.stderr:
            raise Failure(f'{shlex.join(command)}: status {done.returncode}: {done.stderr.decode(errors="replace")}')
        return done.stdout.decode()

    def run_make(self, target):
        """The command, and what it prints, be its tests passed or not."""
        environment = {name: value for name, value in os.environ.items() if name not in ('MAKEFLAGS', 'MAKELEVEL')}
        command = ['make', '-s', target]
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, timeout=TIMEOUT_S,
                              env=environment)
        return command, done.stdout.decode(errors='replace')

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
