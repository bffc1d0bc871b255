#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Where the bytes of the kernel are: by section, by folder, and the largest pieces.

Usage: size.py MAP ELF LIMIT  (the linker's map, the stripped kernel, bytes it may have)

What one object contributes is what the linker's map says was kept of it, so code that is never called
does not appear.
"""
import collections
import pathlib
import re
import sys

SECTIONS = ('.text', '.rodata', '.data', '.bss')
LARGEST = 12

# " .text.name    0xaddress    0xsize    file", in one line or, when the name is long, in two.
PIECE = re.compile(r'^ (\S+)(?:\n)?\s+0x[0-9a-f]{16}\s+0x([0-9a-f]+) (\S+)$', re.M)
OUTPUT = re.compile(r'^(\.\S+)\s+0x[0-9a-f]+\s+0x([0-9a-f]+)', re.M)
FILL = re.compile(r'^ \*fill\*\s+0x[0-9a-f]+\s+0x([0-9a-f]+)', re.M)


def folder_of(path):
    """build/kernel/release-gcc/kernel/mm/frame.o -> kernel/mm"""
    parts = pathlib.PurePath(path).parts
    inside = next(i for i, part in enumerate(parts) if part.startswith('release-')) + 1
    return '/'.join(parts[inside:-1]) or {'symbols.o': 'symbol names'}[parts[-1]]


def sections(text):
    """Each output section's name, bytes, and its part of the map."""
    starts = list(OUTPUT.finditer(text))
    for start, following in zip(starts, starts[1:] + [None]):
        if start[1] in SECTIONS:
            yield start[1], int(start[2], 16), text[start.end():following.start() if following else len(text)]


def main():
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    text = pathlib.Path(sys.argv[1]).read_text().split('Linker script and memory map')[1]
    limit = int(sys.argv[3])
    folders = collections.defaultdict(collections.Counter)
    pieces, totals = collections.Counter(), {}
    for section, total, part in sections(text):
        totals[section] = total
        for name, size, path in PIECE.findall(part):
            folders[folder_of(path)][section] += int(size, 16)
            pieces[name, path.rpartition('release-')[2].partition('/')[2]] += int(size, 16)
        # Alignment, and the ends of the pages that permissions are given by.
        folders['(between them)'][section] += total - sum(f[section] for f in folders.values())

    def line(name, sizes):
        file = sum(sizes[s] for s in SECTIONS[:3])
        print(f'{name:<28}' + ''.join(f'{sizes[s]:>9,}' for s in SECTIONS) + f'{file:>10,}')

    print(f'{"":<28}' + ''.join(f'{s:>9}' for s in SECTIONS) + f'{"in file":>10}')
    for name in sorted(folders, key=lambda name: -sum(folders[name][s] for s in SECTIONS[:3])):
        line(name, folders[name])
    line('all', collections.Counter(totals))

    print('\nthe largest pieces in the file')
    in_file = [(size, key) for key, size in pieces.items() if not key[0].startswith('.bss')]
    for size, (name, path) in sorted(in_file, key=lambda item: (-item[0], item[1]))[:LARGEST]:
        print(f'{size:>9,}  {name}  {path}')

    size = pathlib.Path(sys.argv[2]).stat().st_size
    distance = f'{limit - size:,} to spare' if size <= limit else f'{size - limit:,} TOO MANY'
    print(f'\n{sys.argv[2]}, stripped: {size:,} bytes of {limit:,}: {distance}')


if __name__ == '__main__':
    main()
