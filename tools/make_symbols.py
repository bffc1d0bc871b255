#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes the kernel's own symbol table as assembly. Usage: nm -n KERNEL | make_symbols.py > symbols.S
Only code is listed, and code comes before the table in the image, so linking the table in moves
none of the addresses it holds. kernel/core/symbol.c describes the format and reads it."""
import collections, itertools, sys

FIRST_CHARACTER, LAST_CHARACTER = ord('.'), ord('z')  # what C names and compilers' suffixes are made of
LITERALS = LAST_CHARACTER - FIRST_CHARACTER + 1       # codes 1 to LITERALS; 0 ends a name
PAIRS = 255 - LITERALS                                # the codes that are left stand for two others


def read_functions(lines):
    """The first name at each address between kernel_start and kernel_text_end, sorted."""
    symbols = [(int(address, 16), kind, name) for address, kind, name in map(str.split, lines)]
    bounds = {name: address for address, _, name in symbols if name in ('kernel_start', 'kernel_text_end')}
    start, end = bounds['kernel_start'], bounds['kernel_text_end']
    functions = {}
    for address, kind, name in symbols:
        if kind in 'tTwW' and start <= address < end and name not in bounds:
            functions.setdefault(address - start, name)
    return sorted(functions.items())


def compress(names):
    """Gives a code to the pair of codes that is most frequent, as long as there are codes."""
    texts = [[ord(c) - FIRST_CHARACTER + 1 for c in name] for name in names]
    assert all(1 <= code <= LITERALS for text in texts for code in text), 'a name holds another character'
    pairs = []
    while len(pairs) < PAIRS:
        counts = collections.Counter(itertools.chain.from_iterable(zip(t, t[1:]) for t in texts))
        if not counts: break
        pair = max(counts, key=lambda p: (counts[p], p))
        pairs.append(pair)
        for text in texts:
            i = 0
            while i + 1 < len(text):
                if (text[i], text[i + 1]) == pair: text[i:i + 2] = [LITERALS + len(pairs)]
                i += 1
    return texts, pairs


def directive(kind, values):
    print(f'    {kind} ' + ', '.join(map(str, values)))


functions = read_functions(sys.stdin)
addresses = [address for address, _ in functions]
distances = [b - a for a, b in zip([0] + addresses, addresses)]
assert max(distances) < 1 << 16, 'a function is longer than 64 KiB'
texts, pairs = compress([name for _, name in functions])

print('    .section .symbols, "a"\n    .balign 2')
directive('.short', [len(distances), len(pairs)])
directive('.short', distances)
for pair in pairs: directive('.byte', pair)
for text in texts: directive('.byte', text + [0])
print('    .section .note.GNU-stack, "", @progbits')
