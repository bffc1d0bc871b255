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
compiled into the decoder, the executor and the scalar model it is tested against (`host/ckdev/gfx9/model_test.c`);
`host/ckdev/gfx9/disassemble_test.c` compares decoding with LLVM's disassembler. Rows of VOP1, VOP2 and VOPC also
stand for their VOP3, SDWA and DPP forms. An instruction that is refused, or not listed (exports, images,
interpolation), ends its dispatch with an error that names it."""
DEVIATIONS = """\
- Reciprocals, square roots and their inverses are correctly rounded, 2^x and log2 within 1 ulp; the card promises
  1 ulp of each, so low bits may differ. Sines are exact at quarter turns.
- What an invalid operation gives is a positive quiet NaN; an operand that is the negative one without payload comes
  out positive too.
- Exceptions are not recorded: `TRAPSTS` keeps what was written to it.
- Register numbers of pairs and quads are taken from an aligned one on, as LLVM prints them.
- Beyond the end of LDS reads give 0 and writes are dropped. A private address beyond the wave's part is a fault.
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
