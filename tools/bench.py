#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Every figure this project publishes, with the command that gives it. Two runs print the same.

Usage: bench.py [--markdown] BUILD  (from the root, after everything it runs was built)

Instructions are counted by `ck run --icount`: docs/decisions/0006-counting-instructions.md. Where
`make bench-peer` has built the peer, the same programs run on that Linux too, and a row with a counterpart
there shows its figure and how many times ours it is: docs/decisions/0009-the-peer.md. What is compared with Debian's
cloud kernel has one where `make cloud-peer` has fetched it. The exit status is 1
when something could not be measured or two runs of one thing differ, and 0 otherwise, whether targets are
reached or not.
"""
import subprocess
import sys

sys.dont_write_bytecode = True  # the source tree is never written to

from bench import programs
from bench.figures import measure_all
from bench.machines import Failure, Machines
from bench.table import Table


def main():
    arguments = sys.argv[1:]
    is_markdown = arguments[:1] == ['--markdown']
    if len(arguments) != 1 + is_markdown:
        sys.exit(__doc__)
    machines = Machines(arguments[-1])
    table = Table(machines.peer.is_built or programs.Cloud(machines.build).is_built)
    try:
        qemu, is_same = measure_all(table, machines)
    except (Failure, subprocess.TimeoutExpired) as error:
        sys.exit(f'bench: {error}')
    finally:
        machines.close()
    print('\n'.join(table.markdown() if is_markdown else table.text()))
    if not is_markdown:
        print(f'\nck starts QEMU for (a) as:\n{qemu}')
        if not machines.peer.is_built:
            print('\nThere is no peer to compare with: `make bench-peer` builds it.')
    sys.exit(0 if is_same else 'bench: two runs of the demonstration differ')


if __name__ == '__main__':
    main()
