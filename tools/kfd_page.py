# SPDX-License-Identifier: Apache-2.0
"""docs/kfd.md from abi/kfd_ioctls.def and abi/drm_ioctls.def, for tools/make_docs.py."""
import errno
import pathlib
import re
import sys

KFD_LIST, DRM_LIST = 'abi/kfd_ioctls.def', 'abi/drm_ioctls.def'

# kind, number, name, the words up to the note, the note
ROW = re.compile(r'^(KFD_CALL|KFD_REFUSED|DRM_CALL|DRM_REFUSED|AMDGPU_QUERY)\((0x\w+), (\w+), ([^"]*), "([^"]*)"\)$')
ERRNO = re.compile(r'^ERR\((\w+),\s*(\d+),')


def rows(path):
    for number, line in enumerate(pathlib.Path(path).read_text().splitlines(), 1):
        if not re.match(r'[A-Z]+_[A-Z]+\(', line):
            continue
        match = ROW.match(line)
        if not match:
            sys.exit(f'{path}:{number}: not a row: {line}')
        kind, code, name, words, note = match.groups()
        yield kind, int(code, 16), name, [word.strip() for word in words.split(',')], note


def errors():
    """Linux's names of the errors that refusals give."""
    numbers = {}
    for line in pathlib.Path('abi/errors.def').read_text().splitlines():
        match = ERRNO.match(line)
        if match:
            numbers[match[1]] = int(match[2])
    return {name: errno.errorcode[number] for name, number in numbers.items()}


def table(chosen, names, number_format):
    yield '| number | name | status | note |'
    yield '|---|---|---|---|'
    for kind, code, name, words, note in chosen:
        if kind.endswith('_REFUSED'):
            status = f'`{names[words[-1]]}`'
        else:
            status = words[-1].lower()
        yield f'| {number_format.format(code)} | {name} | {status} | {note} |'


def page():
    names = errors()
    kfd, drm = list(rows(KFD_LIST)), list(rows(DRM_LIST))
    served = sum(row[0] == 'KFD_CALL' for row in kfd)
    yield '# AMD\'s kernel interface'
    yield ''
    yield f'Made from `{KFD_LIST}` and `{DRM_LIST}` by `tools/make_docs.py`; change those, not this page.'
    yield 'What ROCm makes of these requests is in `docs/kfd-clients.md`; the code is `kernel/gpu/amd/`. The files, and'
    yield 'all that /sys and /proc say of them, are there only where a GPU is.'
    yield ''
    yield 'A status in capitals is the error that a refused request gives, Linux\'s own; `ck run --stats` counts these.'
    yield 'A number that is not listed gives `EINVAL` and is counted as well.'
    yield ''
    yield '## /dev/kfd'
    yield ''
    yield f'Version 1.11, as of Linux 6.1: {served} of {len(kfd)} requests are served.'
    yield ''
    yield from table(kfd, names, '{:#04x}')
    yield ''
    yield 'What a process has belongs to its address space. Another one, a child\'s for instance, gets `EBADF` from every'
    yield 'request and `EINVAL` from mmap, and inherits no doorbells. It goes with the last descriptor; where a child has'
    yield 'kept one, with the next open of /dev/kfd by anybody, once nobody runs in the address space any more. A GPU that'
    yield 'was lost comes back by an open, too.'
    yield ''
    yield '## /dev/dri/renderD128 and on'
    yield ''
    yield 'One for each GPU. It is mapped at the offsets that ALLOC_MEMORY_OF_GPU tells.'
    yield ''
    yield from table([row for row in drm if row[0].startswith('DRM')], names, '{:#04x}')
    yield ''
    yield 'AMDGPU_INFO answers these queries:'
    yield ''
    yield from table([row for row in drm if row[0] == 'AMDGPU_QUERY'], names, '{:#04x}')
