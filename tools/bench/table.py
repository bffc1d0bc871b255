# SPDX-License-Identifier: Apache-2.0
"""The table of figures: a row each, the targets, the commands that gave them, as text or as Markdown."""
import shlex

LETTERS = 'abcdefghijklmnopqrstuvwxyz'
HEAD = ('figure', 'CloudKernel', 'Linux', 'ratio', 'target', 'reached', 'command')
PEER_COLUMNS = (2, 3)


def number(n):
    return f'{n:,}'


def fraction(n):
    return f'{n:.3f}'


def tenths(n):
    return f'{n:,.1f}'


def percent(n):
    return f'{n:.3f} %'


def kib(n):
    return f'{n / 1024:,.0f} KiB'


def times(n):
    return f'{n:,.0f}' if n >= 100 else f'{n:.1f}' if n >= 10 else f'{n:.2f}'


class Table:
    def __init__(self, has_peer):
        self.has_peer = has_peer
        self.rows = []           # cells, or the text of a heading
        self.missed = []         # the figures whose targets were not reached
        self.commands = []       # in order of their letters
        self.peer_commands = {}  # by letter: those that gave its counterparts

    def heading(self, text):
        self.rows.append(text)

    def row(self, figure, value, command, target='', is_reached=None, form=number, peer=None):
        """`peer`: the same figure there and its command, or None."""
        letter = self._letter(shlex.join(command))
        theirs, ratio = '', ''
        if peer:
            theirs, ratio = form(peer[0]), times(peer[0] / value) if value else ''
            self.peer_commands.setdefault(letter, []).append(shlex.join(peer[1]))
        if is_reached is False:
            self.missed.append(figure.strip())
        reached = '' if is_reached is None else 'yes' if is_reached else 'NO'
        self.rows.append((figure, form(value), theirs, ratio, target, reached, letter))

    def row_at_most(self, figure, value, command, most, **more):
        limit = number(most) if isinstance(most, int) else str(most)
        self.row(figure, value, command, f'<= {limit}', value <= most, **more)

    def _letter(self, line):
        if line not in self.commands:
            self.commands.append(line)
        return LETTERS[self.commands.index(line)]

    def _columns(self, cells):
        if self.has_peer:
            return cells
        return tuple(cell for i, cell in enumerate(cells) if i not in PEER_COLUMNS)

    def _command_lines(self, form):
        for letter, line in zip(LETTERS, self.commands):
            yield form.format(letter, line)
            for peer_line in dict.fromkeys(self.peer_commands.get(letter, ())):
                yield form.format(letter + ', peer', peer_line)

    def text(self):
        def line(*cells):
            widths = ('<50', '>12', '>14', '>9', '<26', '<8', '')
            return '  '.join(f'{cell:{width}}' for cell, width in zip(self._columns(cells), self._columns(widths)))

        yield line(*HEAD)
        for row in self.rows:
            yield f'\n{row}' if isinstance(row, str) else line('  ' + row[0], *row[1:6], f'({row[6]})')
        yield ''
        yield from self._command_lines('({}) {}')
        if self.missed:
            yield '\nNot reached: ' + '; '.join(self.missed)

    def markdown(self):
        def line(*cells):
            return '| ' + ' | '.join(self._columns(cells)) + ' |'

        yield line(*HEAD)
        yield line('---', '---:', '---:', '---:', '---', '---', '---')
        for row in self.rows:
            yield line(*((f'**{row}**', *[''] * (len(HEAD) - 1)) if isinstance(row, str) else row))
        yield ''
        yield from self._command_lines('- ({}) `{}`')
