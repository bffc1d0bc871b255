#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Compare how the cases of CPython's tests ended with how they ended on Linux, and print TAP, a line for each file.

Usage: compare_python.py GOT RECORDS DEVIATIONS LIST KIND

GOT holds what python_tests.py printed for that KIND of files of LIST, RECORDS is a folder with what it printed on Linux, by file, and each line of
DEVIATIONS says which case ends otherwise here, how, and why; a * in it stands for any part of the names of Linux's
cases, all of which then end so. That list is exact: what is in it and ends as on Linux is as wrong as what is not and
does not.
"""
import fnmatch
import pathlib
import sys

import python_tests


def read_cases(text):
    """{file: {case: how}}; a file's own line has the case ''."""
    files = {}
    for line in text.splitlines():
        case, _, how = line.rpartition(' ')
        name, _, rest = case.partition('.')
        files.setdefault(name, {})[rest] = how
    return files


def read_deviations(text):
    """{file: {case: how}}"""
    found = {}
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.startswith('#'):
            continue
        case, how, *reason = line.split(None, 2)
        if not reason:
            sys.exit(f'deviation {number} has no reason')
        name, _, rest = case.partition('.')
        found.setdefault(name, {})[rest] = how
    return found


def problems(name, got, linux, deviations):
    wanted = dict(linux)
    for case, how in deviations:
        if wanted.get(case) == how:
            yield f'{case}: listed as a deviation, but {how} is what Linux says'
        wanted[case] = how
    for case in sorted({*wanted, *got}):
        mine, theirs = got.get(case, 'absent'), wanted.get(case, 'absent')
        if mine != theirs:
            yield f'{case or "the file"}: {mine}, not {theirs}'


def expanded(deviations, linux):
    """(case, how) of each, a pattern's being Linux's cases."""
    for case, how in deviations.items():
        cases = fnmatch.filter(linux, case) if '*' in case else [case]
        yield from ((each, how) for each in cases or [case])


def chosen(cases, patterns):
    return {case: how for case, how in cases.items() if python_tests.is_wanted(case, patterns)}


def main():
    got = read_cases(pathlib.Path(sys.argv[1]).read_text())
    deviations = read_deviations(pathlib.Path(sys.argv[3]).read_text())
    words = python_tests.names_of_kind(sys.argv[4], sys.argv[5])
    failures = 0
    for number, word in enumerate(words, 1):
        name, *patterns = word.split(',')
        record = pathlib.Path(sys.argv[2], f'{name}.txt')
        linux = read_cases(record.read_text()).get(name, {}) if record.exists() else {}
        listed = chosen(dict(expanded(deviations.get(name, {}), linux)), patterns)
        wrong = list(problems(name, got.get(name, {}), chosen(linux, patterns), listed.items()))
        failures += bool(wrong)
        but = f', but for {len(listed)} that are listed' if listed else ''
        print(f'{"not " if wrong else ""}ok {number} - {name}: {len(got.get(name, {}))} cases end as on Linux{but}')
        for line in wrong:
            print('#', line)
    print(f'1..{len(words)}')
    sys.exit(failures > 0)


main()
