#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes the kernel's own symbol table as assembly. Usage: nm -n KERNEL | make_symbols.py > symbols.S
Only code is listed, and code comes before the table in the image, so linking the table in moves
none of the addresses it holds."""
import sys

start, text_end, functions = None, None, []
for line in sys.stdin:
    address, kind, name = line.split()
    address = int(address, 16)
    if name == 'kernel_start': start = address
    if name == 'kernel_text_end': text_end = address
    if kind in 'tTwW': functions.append((address, name))

functions = [(a, n) for a, n in functions if start <= a < text_end and n not in ('kernel_start', 'kernel_text_end')]
unique = {}
for address, name in functions: unique.setdefault(address, name)

offset = 0
print('    .section .symbols, "a"\n    .balign 8')
print(f'    .long {len(unique)}')
for address, name in sorted(unique.items()):
    print(f'    .long {address - start}, {offset}')
    offset += len(name) + 1
for _, name in sorted(unique.items()): print(f'    .asciz "{name}"')
print('    .section .note.GNU-stack, "", @progbits')
