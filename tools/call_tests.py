# SPDX-License-Identifier: Apache-2.0
"""abi/syscalls.def read by scripts, and which program of tests/conformance makes which call.

A program makes a call when its text, without comments and strings, names the number (SYS_mmap, __NR_mmap) or
calls the function of a C library that leads there, or a macro that makes the number: VARY(mmap, ...). Headers
count for whoever includes them.
"""
import collections
import functools
import pathlib
import re
import sys

Call = collections.namedtuple('Call', 'number name status note')
STATUSES = ('SUPPORTED', 'PARTIAL', 'REFUSED')
ROW = re.compile(r'^SYSCALL\(\s*(\d+)\s*,\s*(\w+)\s*,\s*(\w+)\s*,\s*"([^"]*)"\s*\)')
PROGRAMS = pathlib.Path('tests/conformance')
NOT_CODE = re.compile(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.S)
INCLUDE = re.compile(r'^\s*#\s*include\s+"([^"]+)"', re.M)
NUMBER_OR_CALL = re.compile(r'\b(?:SYS|__NR)_(\w+)|\b([A-Za-z_]\w*) *\((?:(?<=[A-Z]\()(\w+),)?')

# Functions of a C library that have another name than the call.
FUNCTIONS = {
    'clone': ('pthread_create',), 'exit_group': ('_exit',), 'fadvise64': ('posix_fadvise',), 'getcpu': ('sched_getcpu',),
    'getdents64': ('readdir',), 'newfstatat': ('fstatat',), 'nanosleep': ('usleep',), 'pread64': ('pread',),
    'prlimit64': ('prlimit',), 'pselect6': ('pselect',), 'pwrite64': ('pwrite',), 'rt_sigaction': ('sigaction',),
    'rt_sigpending': ('sigpending',), 'rt_sigprocmask': ('sigprocmask', 'pthread_sigmask'),
    'rt_sigqueueinfo': ('sigqueue',), 'rt_sigsuspend': ('sigsuspend',), 'umount2': ('umount',),
    'rt_sigtimedwait': ('sigtimedwait', 'sigwaitinfo', 'sigwait'), 'wait4': ('waitpid', 'wait', 'wait3'),
}


def read_calls(path):
    calls, numbers = [], set()
    for line_number, line in enumerate(pathlib.Path(path).read_text().splitlines(), 1):
        if not line.startswith('SYSCALL'):
            continue
        match = ROW.match(line)
        if not match or match[3] not in STATUSES:
            sys.exit(f'{path}:{line_number}: not SYSCALL(number, name, {"|".join(STATUSES)}, "note"): {line}')
        call = Call(int(match[1]), *match.groups()[1:])
        if call.number in numbers:
            sys.exit(f'{path}:{line_number}: number {call.number} appears twice')
        numbers.add(call.number)
        calls.append(call)
    if not calls:
        sys.exit(f'{path}: no rows')
    return sorted(calls)


@functools.cache
def words_of(path):
    """What a program and the headers beside it name: calls by number, and functions."""
    text = path.read_text()
    words = {word for found in NUMBER_OR_CALL.findall(NOT_CODE.sub(' ', text)) for word in found}
    for name in INCLUDE.findall(text):
        header = PROGRAMS / pathlib.Path(name).name
        if header.exists() and header.name != 'conformance.h':
            words |= words_of(header)
    return words


def programs_by_call(calls):
    texts = {path.stem: words_of(path) for path in sorted(PROGRAMS.glob('*.c'))}
    tests = {}
    for call in calls:
        wanted = {call.name, *FUNCTIONS.get(call.name, ())}
        tests[call.name] = [name for name, words in texts.items() if words & wanted]
    return tests
