# SPDX-License-Identifier: Apache-2.0
"""What memory costs: the rows of bench/memory_costs.c, and those of the allocators below the calls.

Both kernels clear what they give to a program, 8 bytes an instruction there and 32 here, which says nothing
about an operating system. So clearing has rows of its own. Ours is what the pool of cleared blocks saves; the
peer's is what a program needs for the same, since it has no such pool."""
import re

from bench.machines import Failure
from bench.table import fraction, percent, tenths

POOL = ', from the pool'
CLEARING = 'clearing 64 MiB, 8 bytes an instruction'
CLEARED_BYTES = 64 << 20
LEAVES = 'leaves of 256 MiB'
LEAVES_TARGET = 256 // 2

# What the program calls it, and the most it may cost.
CALLS = (
    ('mmap and munmap 4 KiB, untouched, beside its like', 600),
    ('mmap and munmap 4 KiB, untouched, alone', 600),
    ('brk up and down 4 KiB, untouched', None),
    ('mlock 64 MiB that are there', None),
    ('munmap 64 MiB that are there', None),
    ('page fault, 4 KiB', 900),
)
# What is cleared ahead of time or on the spot: the most from the pool; with the clearing counted, how many times
# more the peer shall need; and of how many bytes.
CLEARED = (
    ('page fault, 2 MiB', 60, None, 2 << 20),
    ('mmap 64 MiB, populated', 3500, 4, CLEARED_BYTES),
)
# By pages of 4 KiB.
TOUCHES = (
    ('touching every page of 1.5 MiB', 384),
    ('touching every page of 2 MiB', 512),
    ('touching every page of 64 MiB', 16384),
    ('touching every page of 64 MiB' + POOL, 16384),
)

BLOCK_TARGET, BLOCK_RATIO_TARGET, WHOLE_TARGET = 40, 0.5, 99.5


def operations(table, costs):
    """`costs`: of both machines, bench.figures.Costs."""
    table.heading('Memory: instructions, from ring 3 and back')
    for name, most in CALLS:
        if most is None:
            costs.row(table, name, lambda of: of[name])
        else:
            costs.row(table, name, lambda of: of[name], f'<= {most:,}', costs.ours[name] <= most)
    for case in CLEARED:
        cleared_rows(table, costs, *case)
    for name, pages in TOUCHES:
        costs.row(table, name + ', each', lambda of: of[name] / pages, form=tenths)
    if LEAVES in costs.ours:
        costs.row(table, 'page-table leaves of a buffer of 256 MiB', lambda of: of[LEAVES], f'{LEAVES_TARGET}',
                  costs.ours[LEAVES] == LEAVES_TARGET)


def cleared_rows(table, costs, name, most, least_ratio, size):
    pooled = name + POOL

    def clearing(of):
        return of[name] - of[pooled] if of is costs.ours else of[CLEARING] * size // CLEARED_BYTES

    costs.row(table, pooled, lambda of: of[pooled], f'<= {most:,}', costs.ours[pooled] <= most)
    if least_ratio:
        is_reached = costs.theirs and costs.theirs[name] >= least_ratio * costs.ours[name]
        costs.row(table, name + ', cleared then', lambda of: of[name], f'ratio >= {least_ratio}', is_reached)
    else:
        costs.row(table, name + ', cleared then', lambda of: of[name])
    costs.row(table, '  of it clearing', clearing)
    costs.row(table, '  the rest', lambda of: of[name] - clearing(of))


def found(pattern, output):
    """The numbers of the first line, or of each, that matches."""
    matches = re.findall(pattern, output)
    if not matches:
        raise Failure(f'make bench-frames does not print "{pattern}":\n{output}')
    return [tuple(map(float, match)) for match in matches]


def allocators(table, machines):
    table.heading('Frames inside the kernel: instructions, call and return included, beside a plain buddy system')
    command, output = machines.run_make('bench-frames')
    block, busy = found(r'2 MiB allocate \+ free: (\d+) alone, (\d+) at', output)[0]
    # The buddy with the fewest sizes, which has the least to do.
    buddy_block, buddy_busy = found(r'the same, buddy with .*: (\d+) alone, (\d+) at', output)[0]
    frame, buddy_frame = found(r'4 KiB allocate \+ free: (\d+); buddy: (\d+)', output)[0]
    shares = found(r'seed \d+: whole blocks are ([\d.]+) % of free memory; buddy: ([\d.]+) %', output)

    def count(figure, value, **more):
        table.row(figure, int(value), command, **more)

    def share_of(figure, value, buddy, **more):
        table.row(figure, value / buddy, command, form=fraction, **more)

    count('2 MiB block, allocate and free', block, target=f'<= {BLOCK_TARGET}', is_reached=block <= BLOCK_TARGET)
    count('  the buddy', buddy_block)
    share_of("  ours / the buddy's", block, buddy_block, target=f'<= {BLOCK_RATIO_TARGET}',
             is_reached=block / buddy_block <= BLOCK_RATIO_TARGET)
    count('the same at 90 % fill, any block', busy)
    count('  the buddy', buddy_busy)
    count('4 KiB frame, allocate and free', frame)
    count('  the buddy', buddy_frame)
    least, buddy_least = (min(column) for column in zip(*shares))
    table.row(f'free memory in whole 2 MiB blocks, worst of {len(shares)} seeds', least, command,
              f'>= {WHOLE_TARGET} %', least >= WHOLE_TARGET, percent)
    table.row('  the buddy', buddy_least, command, form=percent)
