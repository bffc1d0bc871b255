# SPDX-License-Identifier: Apache-2.0
"""docs/gfx9.md: which of gfx900's instructions the engine has, from its table."""
import pathlib
import re
import textwrap

TABLE = 'host/ckdev/gfx9/instructions.def'
ROW = re.compile(r'^(INST|ACT)\((\w+), (\d+), (\w+), (\w+), (\w+), (\w+), (\w+), (.*?), (.*)\)$')
ENCODINGS = {
    'SOP1': 'scalar, one operand', 'SOP2': 'scalar, two operands', 'SOPC': 'scalar comparisons',
    'SOPK': 'scalar, with a constant', 'SOPP': 'program control', 'SMEM': 'scalar memory',
    'VOP1': 'vector, one operand', 'VOP2': 'vector, two operands', 'VOPC': 'vector comparisons',
    'VOP3': 'vector, three operands or more bits', 'VOP3P': 'packed halves', 'DS': 'work-group memory and lane exchange',
    'FLAT': 'flat_, global_ and scratch_ memory', 'MUBUF': 'buffers', 'MTBUF': 'buffers with a format',
}
ABOUT = """\
Made from `host/ckdev/gfx9/instructions.def` by `tools/make_docs.py`; change that, not this page. The same rows are
compiled into the decoder, the executor and the tests. Rows of VOP1, VOP2 and VOPC also stand for their VOP3, SDWA and
DPP forms. An instruction that is refused, or not listed (exports, images, interpolation), ends its dispatch with an
error that names it."""
TESTED = """\
Each row that is in is held to a scalar model, with random operands, special values, EXEC masks and modes; for memory
also with unaligned, negative and forbidden addresses. A model says which rows it takes (`tests/gfx9/rows.h`), and
`host/ckdev/gfx9/rows_test.c` fails for a row that none takes, by name. So a row cannot be added without its test.

| rows | model | test, in `host/ckdev/gfx9` |
|---|---|---|
| VOP1, VOP2, VOPC, VOP3, VOP3P | the row's meaning, compiled once more for one lane; forms and modifiers done plainly | `model_test.c` |
| vector, between lanes | the manual's words, lane by lane | `cross_lane_rows_test.c` |
| SOP1, SOP2, SOPC, SOPK | the row's meaning on a copy of the wave | `scalar_test.c` |
| SOPP | by name: branches, ends, waits, messages, traps | `control_rows_test.c` |
| SMEM | by name, byte by byte | `smem_rows_test.c` |
| DS | by name, byte by byte; swizzle and permute as the manual has them | `lds_rows_test.c` |
| FLAT as flat_, global_, scratch_ | by name, byte by byte | `flat_rows_test.c` |
| MUBUF | by name, byte by byte | `buffer_rows_test.c` |

Models of memory go by the mnemonic alone (`tests/gfx9/mnemonic.c`) and not by the table's types and flags, so those are
tested too; that a mnemonic belongs to its opcode and operands, LLVM's disassembler says over random words of every
encoding and compiled kernels (`disassemble_test.c`). After each instruction all registers, all memory and the error are
compared. Meanings, which the models of the vector and scalar unit have from the table as the engine does, are held to
numbers from the manual, each to one at least, and comparisons to their names (`meaning_test.c`,
`scalar_numbers_test.c`); whole kernels are held to the same in C (`kernels_test.c`)."""
DEVIATIONS = """\
- Reciprocals, square roots and their inverses are correctly rounded, 2^x and log2 within 1 ulp; the card promises
  1 ulp of each, so low bits may differ. Sines are exact at quarter turns.
- What an invalid operation gives is a positive quiet NaN; an operand that is the negative one without payload comes
  out positive too.
- Exceptions are not recorded: `TRAPSTS` keeps what was written to it.
- Register numbers of pairs and quads are taken from an aligned one on, as LLVM prints them.
- Beyond the end of LDS or a buffer reads give 0 and writes are dropped, also of an element that begins inside. A
  buffer's scalar offset does not count. A private address beyond the wave's part is a fault.
- Atomics fault where memory is not aligned to them; in LDS and private memory they need not be aligned.
- Active lanes access memory in their order, so of two that store to one place the higher one wins.
- `s_waitcnt`, `s_nop`, `s_setprio` and cache control do nothing: memory is in order."""


def page():
    rows = [match.groups() for match in map(ROW.match, pathlib.Path(TABLE).read_text().splitlines()) if match]
    refused = [row for row in rows if row[9] == 'REFUSED']
    yield '# Instructions of the software GPU'
    yield ''
    yield from ABOUT.split('\n')
    yield ''
    yield f'{len(rows) - len(refused)} instructions are in, {len(refused)} are known by name and refused.'
    yield ''
    yield '| encoding | what for | in | refused |'
    yield '|---|---|---|---|'
    for encoding, meaning in ENCODINGS.items():
        own = [row for row in rows if row[1] == encoding]
        yield f'| {encoding} | {meaning} | {sum(r not in refused for r in own)} | {sum(r in refused for r in own)} |'
    yield ''
    yield '## How every row is tested'
    yield ''
    yield from TESTED.split('\n')
    yield ''
    yield '## Where it differs from the card'
    yield ''
    yield from DEVIATIONS.split('\n')
    for encoding in ENCODINGS:
        own = [row for row in rows if row[1] == encoding]
        yield ''
        yield f'## {encoding}'
        yield from names('', [row[3] for row in own if row not in refused])
        yield from names('Refused: ', [row[3] for row in own if row in refused])


def names(before, listed):
    if listed:
        yield ''
        yield from textwrap.wrap(before + ', '.join(listed) + '.', 115, break_on_hyphens=False)
