#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Write the documents that are made from lists: DIR/linux-abi.md from abi/syscalls.def and the programs
of tests/conformance, DIR/kfd.md from the lists of AMD's requests, DIR/gfx9.md from the software GPU's table.

Usage: make_docs.py DIR  (from the root; DIR is docs, or elsewhere to compare)
"""
import pathlib
import re
import sys
import textwrap

sys.dont_write_bytecode = True
import gfx9_page
import kfd_page
from call_tests import programs_by_call, read_calls
from refused_groups import GROUPS, NOT_YET

LIST = 'abi/syscalls.def'
PROGRAMS_SHOWN = 3
MEANING = {
    'SUPPORTED': 'does what Linux does, as far as programs can tell',
    'PARTIAL': 'the note says what is there or what is missing; what is missing fails with an error',
    'REFUSED': 'returns `ENOSYS` and is counted by name',
}


def page(calls, tests):
    yield '# Linux system calls'
    yield ''
    yield f'Made from `{LIST}` and `tests/conformance` by `tools/make_docs.py`; change those, not this page.'
    yield 'Numbers are those of Linux on x86-64. A number that is not listed returns `ENOSYS`. `ck run --stats`'
    yield 'lists what a program asked for in vain.'
    yield ''
    yield '| status | calls | meaning |'
    yield '|---|---|---|'
    for status, meaning in MEANING.items():
        yield f'| {status.lower()} | {sum(call.status == status for call in calls)} | {meaning} |'
    yield from served(calls, tests, 'SUPPORTED', 'Supported', with_note=False)
    yield from served(calls, tests, 'PARTIAL', 'Partial', with_note=True)
    yield from refused([call for call in calls if call.status == 'REFUSED'])


def served(calls, tests, status, title, with_note):
    chosen = [call for call in calls if call.status == status]
    untested = [call.name for call in chosen if not tests[call.name]]
    yield ''
    yield f'## {title}'
    yield ''
    yield from paragraph(f'No program of `tests/conformance` makes {listing(untested)}.' if untested else
                         'Each is made by a program of `tests/conformance`, whose output equals that on Linux.')
    yield ''
    yield '| number | call | note | tested by |' if with_note else '| number | call | tested by |'
    yield '|---|---|---|---|' if with_note else '|---|---|---|'
    for call in chosen:
        note = f' {call.note.replace("|", "&#124;")} |' if with_note else ''
        yield f'| {call.number} | {call.name} |{note} {shown(tests[call.name])} |'


def shown(programs):
    return ', '.join(programs[:PROGRAMS_SHOWN]) + (', ...' if len(programs) > PROGRAMS_SHOWN else '')


def refused(calls):
    yield ''
    yield '## Refused'
    left = {call.name: call for call in calls}
    for title, why, names in GROUPS:
        group = [left.pop(name) for name in names.split() if name in left]
        yield from refused_group(title, why, group)
    yield from refused_group(*NOT_YET, list(left.values()))


def refused_group(title, why, calls):
    if calls:
        yield ''
        yield from paragraph(f'**{title}**: {why}. ' + ', '.join(f'{c.name} ({c.number})' for c in calls) + '.')
        for call in calls:
            if call.note:
                yield f'- {call.name}: {call.note}'


def listing(names):
    return names[0] if len(names) == 1 else ', '.join(names[:-1]) + ' or ' + names[-1]


def paragraph(text):
    yield textwrap.fill(text, 110, break_long_words=False, break_on_hyphens=False)


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    calls = read_calls(LIST)
    text = '\n'.join(page(calls, programs_by_call(calls))) + '\n'
    (pathlib.Path(sys.argv[1]) / 'linux-abi.md').write_text(text)
    (pathlib.Path(sys.argv[1]) / 'kfd.md').write_text('\n'.join(kfd_page.page()) + '\n')
    (pathlib.Path(sys.argv[1]) / 'gfx9.md').write_text('\n'.join(gfx9_page.page()) + '\n')


main()
