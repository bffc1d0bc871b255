#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Small rules that keep the tree tidy. Silent when all of them hold.

Usage: check_tidy.py  (from the root)

Each rule is a function that yields 'file:line: what is wrong'. Lengths are a ratchet: what is longer
than the limit stands in tools/tidy_allow.txt with its length and a reason, and may only shrink.
"""
import pathlib
import re
import subprocess
import sys

FILE_LINES_MAX = 500
FUNCTION_LINES_MAX = 70
TEST_FACTOR = 1.5  # cases are tables
ALLOW_LIST = pathlib.Path('tools/tidy_allow.txt')

C_ENDINGS = ('.c', '.h', '.S')
SOURCE_ENDINGS = C_ENDINGS + ('.def', '.py', '.sh', '.ld', '.mk', '.gdb')
TEXT_ENDINGS = SOURCE_ENDINGS + ('.md', '.txt', '.cfg')
LICENCE = 'SPDX-License-Identifier: Apache-2.0'
NOTES_TO_SELF = re.compile(r'\b(' + '|'.join(['TO' + 'DO', 'FIX' + 'ME', 'X' * 3, 'HA' + 'CK']) + r')\b')

# Where the preprocessor may choose. Elsewhere choices are made at run time, see STYLE.md.
CONDITIONAL = re.compile(r'\s*#\s*(?:if|ifdef|ifndef|elif)\b(.*)')
CONDITIONAL_HOME = 'lib/base.h'
FEATURE_TEST = '_GNU_SOURCE'  # a question of the C library, in programs
# Where a file may be included from, besides its own folder.
INCLUDE_PATHS = [pathlib.PurePath(path) for path in ('.', 'kernel')]
OUTSIDE_USERS = ('lib/include/', 'kernel/net/lwip/', 'tests/harness/include/')  # headers for sources that are fetched
HOSTED = '__STDC_HOSTED__'
HOSTED_PLACES = ('lib/', 'kernel/mm/direct_map.h', 'kernel/arch/io.h', 'kernel/arch/percpu.h', 'kernel/arch/usercopy.h',
                 'kernel/process/current.h')


def files_of_tree():
    """Everything git tracks or would track, with its text."""
    listed = subprocess.run(['git', 'ls-files', '--cached', '--others', '--exclude-standard'],
                            check=True, capture_output=True, text=True).stdout.split('\n')
    tree = {}
    for name in sorted(set(filter(None, listed))):
        path = pathlib.Path(name)
        if path.is_file() and (path.suffix in TEXT_ENDINGS or path.name in ('Makefile', 'LAYERS')):
            tree[name] = path.read_text(errors='replace')
    return tree


def all_files():
    """Names of all files and folders, text or not, for links."""
    listed = subprocess.run(['git', 'ls-files', '--cached', '--others', '--exclude-standard'],
                            check=True, capture_output=True, text=True).stdout.split('\n')
    names = {name for name in listed if name and pathlib.Path(name).exists()}
    return names | {str(parent) for name in names for parent in pathlib.PurePath(name).parents}


def is_c(name):
    return name.endswith(C_ENDINGS)


def licence(name, text):
    first_lines = text.split('\n')[:2] if text.startswith('#!') else text.split('\n')[:1]
    if name.endswith(SOURCE_ENDINGS) or name == 'Makefile':
        if not any(LICENCE in line for line in first_lines):
            yield f'{name}:1: the first line is not "{LICENCE}"'


def blanks(name, text):
    for number, line in enumerate(text.split('\n'), 1):
        if line != line.rstrip():
            yield f'{name}:{number}: blank at the end of the line'
        if '\t' in line and (is_c(name) or name.endswith('.py')):
            yield f'{name}:{number}: tab'
    if not text.endswith('\n') or text.endswith('\n\n'):
        yield f'{name}: does not end with exactly one line end'


def notes_to_self(name, text):
    for number, line in enumerate(text.split('\n'), 1):
        if match := NOTES_TO_SELF.search(line):
            yield f'{name}:{number}: {match[0]}: do it now, or open an issue'


def conditionals(name, text):
    if not is_c(name) or name == CONDITIONAL_HOME:
        return
    for number, line in enumerate(text.split('\n'), 1):
        match = CONDITIONAL.match(line)
        if not match or FEATURE_TEST in match[1] and not name.startswith('kernel/'):
            continue
        if not (HOSTED in match[1] and name.startswith(HOSTED_PLACES)):
            yield f'{name}:{number}: {line.strip()}: the preprocessor chooses only in {CONDITIONAL_HOME}'


def functions(text):
    """(name, first line, lines) of each function: clang-format leaves its braces in column one."""
    start, name = None, None
    lines = text.split('\n')
    for number, line in enumerate(lines, 1):
        if line == '{' and start is None:
            head = number - 1
            while head > 1 and lines[head - 1] and not lines[head - 1][0].isalpha():
                head -= 1
            start, name = head, re.search(r'^TEST\((\w+)|(\w+)\s*\(', lines[head - 1])
        elif line == '}' and start is not None:
            if name:
                yield name[1] or name[2], start, number - start + 1
            start = None


def read_allow_list():
    """{'path' or 'path:function': length}; each line is KEY LENGTH REASON."""
    allowed = {}
    for line in ALLOW_LIST.read_text().splitlines():
        if line and not line.startswith('#'):
            key, length, _reason = line.split(maxsplit=2)
            allowed[key] = int(length)
    return allowed


def lengths(tree):
    allowed, seen = read_allow_list(), set()

    def judge(key, where, length, limit):
        if key in allowed:
            seen.add(key)
            if length <= limit:
                yield f'{where}: is short enough now; take {key} out of {ALLOW_LIST}'
            elif length < allowed[key]:
                yield f'{where}: has shrunk to {length} lines; say so in {ALLOW_LIST}'
        if length > allowed.get(key, limit):
            yield f'{where}: {key} has {length} lines, at most {allowed.get(key, limit)} are allowed'

    for name, text in tree.items():
        if not is_c(name):
            continue
        factor = TEST_FACTOR if name.endswith(('_test.c', '_ktest.c')) else 1
        yield from judge(name, name, text.count('\n'), int(factor * FILE_LINES_MAX))
        if name.endswith('.S'):
            continue
        for function, line, length in functions(text):
            yield from judge(f'{name}:{function}', f'{name}:{line}', length, int(factor * FUNCTION_LINES_MAX))
    for key in allowed.keys() - seen:
        yield f'{ALLOW_LIST}: {key} is not in the tree'


def dead_headers(tree):
    included = set()
    for name, text in tree.items():
        for include in re.findall(r'^\s*#\s*include\s+["<]([^">]+)[">]', text, re.M):
            for base in (pathlib.PurePath(name).parent, *INCLUDE_PATHS):
                included.add(str(base / include))
    for name in tree:
        if name.endswith(('.h', '.def')) and name not in included and not name.startswith(OUTSIDE_USERS):
            yield f'{name}: nobody includes it'


def dead_sources(tree):
    """A C file is built when some rule of the Makefile names it, or its object in any build folder."""
    database = subprocess.run(['make', '--no-print-directory', '--dry-run', '--print-data-base', 'help'],
                              capture_output=True, text=True).stdout
    built = set()
    for word in set(re.findall(r'[\w./-]+\.(?:c|S|o)\b', database)):
        parts = word.removesuffix('.o').split('/')
        built.update('/'.join(parts[i:]) for i in range(len(parts)))
    for name in tree:
        if name.endswith(('.c', '.S')) and not built & {name, name.removesuffix('.c')}:
            yield f'{name}: no rule builds it'


def links(tree):
    """A path in backquotes in a document, or a document named in a comment, exists."""
    names = all_files()
    tops = {name.split('/')[0] for name in names} | {
        name.split('/')[1] for name in names if name.startswith('kernel/')}

    def exists(path):
        path = path.rstrip('/')
        for candidate in (path, 'kernel/' + path):
            if candidate in names:
                return True
            if '*' in candidate and any(pathlib.PurePath(name).match(candidate) for name in names):
                return True
        return False

    for name, text in tree.items():
        pattern = r'`([\w.*/-]+/[\w.*/-]*)`' if name.endswith('.md') else r'\b(docs/[\w/-]+\.md)\b'
        for number, line in enumerate(text.split('\n'), 1):
            for path in re.findall(pattern, line):
                if path.split('/')[0] in tops and not exists(path):
                    yield f'{name}:{number}: {path} does not exist'


def source_tags(tree):
    """A manual cited in a comment, [intel-sdm3 4.5], has its edition in docs/hardware.md."""
    known = set(re.findall(r'\[([a-z][\w.-]*)\]', tree.get('docs/hardware.md', '')))
    for name, text in tree.items():
        if not (is_c(name) and name.startswith(('kernel/', 'lib/', 'abi/', 'host/'))):
            continue
        for number, line in enumerate(text.split('\n'), 1):
            for tag in re.findall(r'\[([a-z][a-z0-9]*-[\w.-]+)(?: [^\]]*)?\]', line):
                if tag not in known:
                    yield f'{name}:{number}: [{tag}] is not in docs/hardware.md'


def main():
    tree = files_of_tree()
    problems = []
    for rule in (licence, blanks, notes_to_self, conditionals):
        for name, text in tree.items():
            problems += rule(name, text)
    for rule in (lengths, dead_headers, dead_sources, links, source_tags):
        problems += rule(tree)
    print(*problems, sep='\n', end='\n' if problems else '')
    sys.exit(bool(problems))


main()
