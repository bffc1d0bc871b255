# SPDX-License-Identifier: Apache-2.0
"""What programs of Debian's cost from their start to their end, on our kernel and on Debian's cloud kernel.

bench/program_cost.c starts each several times; the last run counts, which finds its files in memory on either.
"""
import os

from bench.table import number

# The peer has its root file system twice, packed and unpacked.
PROGRAMS = (
    # figure, root of tools/roots.txt, runs, program, target, our memory, the peer's
    ("CPython's start: python3 -c pass", 'python', 3, ('/usr/bin/python3', '-c', 'pass'), 0.9, '1G', '2G'),
    ('PyTorch: tests/software/torch_gpt.py', 'torch', 2, ('/usr/bin/python3', '/root/torch_gpt.py'), 1.0, '6G', '10G'),
)
ENVIRONMENT = ('--env', 'PATH=/usr/bin', '--env', 'HOME=/root', '--env', 'LANG=C.UTF-8', '--env', 'PYTHONWARNINGS=ignore')
CLOUD_MACHINE = ('--machine', 'q35', '--modules')


class Cloud:
    """Debian's cloud kernel, of `make cloud-peer`."""

    def __init__(self, build):
        self.kernel, self.modules = f'{build}/cloud/vmlinuz', f'{build}/cloud/modules'
        self.is_built = os.path.exists(self.kernel) and os.path.exists(f'{build}/cloud/init')

    def command(self, *arguments, options=()):
        return ['tools/peer/run_linux.py', *CLOUD_MACHINE, self.modules, *options, self.kernel, *arguments]


def last_count(machines, command):
    """Of lines "run<TAB>count"."""
    return int(machines.run(command).split()[-1])


def costs(table, machines, programs=PROGRAMS):
    cloud = Cloud(machines.build)
    table.heading("Debian's programs: instructions from start to end, their files in memory")
    for figure, root, runs, words, target, memory, peer_memory in programs:
        options = ('--rootfs', f'{machines.build}/bench/{root}.cpio', *ENVIRONMENT)
        arguments = ('/bench/program_cost', str(runs), *words)
        command = machines.ours.command(*arguments, options=('--memory', memory, *options))
        ours = last_count(machines, command)
        if not cloud.is_built:
            table.row(figure, ours, command, f'<= {target} of the peer')
            continue
        peer_command = cloud.command(*arguments, options=('--memory', peer_memory, '--timeout', '900', *options))
        theirs = last_count(machines, peer_command)
        table.row(figure, ours, command, f'<= {target} of the peer', ours <= target * theirs, number, (theirs, peer_command))
