#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Write the documents that are made from lists: DIR/syscalls.md from abi/syscalls.def.

Usage: make_docs.py DIR  (from the root; DIR is docs, or elsewhere to compare)
"""
import pathlib
import re
import sys
import textwrap

LIST = pathlib.Path('abi/syscalls.def')
ROW = re.compile(r'^SYSCALL\(\s*(\d+)\s*,\s*(\w+)\s*,\s*(\w+)\s*,\s*"([^"]*)"\s*\)')
MEANING = {
    'SUPPORTED': 'does what Linux does, as far as programs can tell',
    'PARTIAL': 'the note says what is there or what is missing; what is missing fails with an error',
    'REFUSED': 'returns `ENOSYS` and is counted by name; a note says what it waits for',
}


def read_rows():
    rows, numbers = [], set()
    for line_number, line in enumerate(LIST.read_text().splitlines(), 1):
        if not line.startswith('SYSCALL'):
            continue
        match = ROW.match(line)
        if not match or match[3] not in MEANING:
            sys.exit(f'{LIST}:{line_number}: not SYSCALL(number, name, '
                     f'{"|".join(MEANING)}, "note"): {line}')
        number, name, status, note = int(match[1]), match[2], match[3], match[4]
        if number in numbers:
            sys.exit(f'{LIST}:{line_number}: number {number} appears twice')
        numbers.add(number)
        rows.append((number, name, status, note))
    if not rows:
        sys.exit(f'{LIST}: no rows')
    return sorted(rows)


def syscalls_page(rows):
    yield '# System calls'
    yield ''
    yield f'Made from `{LIST}` by `tools/make_docs.py`; change the list, not this page. Numbers are those'
    yield 'of Linux on x86-64. A number that is not listed returns `ENOSYS`.'
    yield ''
    yield '| status | calls | meaning |'
    yield '|---|---|---|'
    for status, meaning in MEANING.items():
        count = sum(row[2] == status for row in rows)
        yield f'| {status.lower()} | {count} | {meaning} |'
    for status in MEANING:
        chosen = [row for row in rows if row[2] == status]
        if not chosen:
            continue
        yield ''
        yield f'## {status.capitalize()}'
        yield from without_notes([row for row in chosen if not row[3]])
        yield from with_notes([row for row in chosen if row[3]])


def without_notes(rows):
    if rows:
        yield ''
        text = ', '.join(f'{name} ({number})' for number, name, _, _ in rows) + '.'
        yield textwrap.fill(text, 110, break_long_words=False, break_on_hyphens=False)


def with_notes(rows):
    if rows:
        yield ''
        yield '| number | call | note |'
        yield '|---|---|---|'
        for number, name, _, note in rows:
            yield f'| {number} | {name} | {note.replace("|", "&#124;")} |'


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    page = '\n'.join(syscalls_page(read_rows())) + '\n'
    (pathlib.Path(sys.argv[1]) / 'syscalls.md').write_text(page)


main()
