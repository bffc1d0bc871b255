#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Run files of CPython's own regression tests, each in a process of its own, and print a line per test case:
its name, and ok, skipped, failed, or crashed. A file that does not end in time, or ends otherwise than by
itself, has a line too. The same runner runs on every system that is compared.

Usage: python_tests.py [--timeout SECONDS] [--trace FILE] [--list FILE KIND | NAME...]

--timeout SECONDS  for each file (120)
--trace FILE       where the tests' own output and their failures go (/dev/null)
--list FILE        the names are those of that KIND, or of the kind both, in the file's lines: KIND NAME REASON
NAME is a file's, as test_os. Of test_os,+File*,-FileTests.test_x the cases File* are run, but for the last.
"""
import argparse
import faulthandler
import fnmatch
import importlib
import os
import signal
import subprocess
import sys
import tempfile
import time
import unittest

ORDERLY = 0


def short(name):
    """unittest's name of a case, or of the class or module whose set-up failed."""
    if ' (' in name:  # setUpClass (test.test_os.FileTests)
        what, _, where = name.partition(' (')
        return f'{short(where.rstrip(")"))}.{what}'
    return name.removeprefix('test.')


class Lines(unittest.TestResult):
    """Says how each case ended, as soon as it has."""

    def __init__(self, file, output):
        super().__init__()
        self.file, self.output, self.how = file, output, 'ok'

    def say(self, test, how):
        name = short(test.id())
        if not name.startswith(self.file + '.'):  # a case of another file, which this one takes in
            name = f'{self.file}.{name}'
        self.output.write(f'{name} {how}\n')
        self.output.flush()

    def startTest(self, test):
        super().startTest(test)
        self.how, self.started = 'ok', time.monotonic()
        print('=====', test.id(), flush=True)

    def stopTest(self, test):
        print('-----', test.id(), self.how, f'{time.monotonic() - self.started:.1f} s', flush=True)
        self.say(test, self.how)
        super().stopTest(test)

    def trace(self, test, error):
        print(self._exc_info_to_string(error, test), flush=True)
        self.how = 'failed'
        if not isinstance(test, unittest.TestCase):  # a class's or a module's set-up, which is not started
            self.say(test, 'failed')

    def addError(self, test, error):
        self.trace(test, error)

    def addFailure(self, test, error):
        self.trace(test, error)

    def addSubTest(self, test, subtest, error):
        if error:
            print(subtest)
            self.trace(test, error)

    def addUnexpectedSuccess(self, test):
        self.how = 'failed'

    def addSkip(self, test, reason):
        print('skipped:', reason)
        if self.how == 'ok':
            self.how = 'skipped'
        if not isinstance(test, unittest.TestCase):
            self.say(test, 'skipped')


def is_wanted(case, patterns):
    """Of a name without its file's, and +PATTERN or -PATTERN."""
    chosen = [p[1:] for p in patterns if p[0] == '+']
    left_out = [p[1:] for p in patterns if p[0] == '-']
    return (not chosen or any(fnmatch.fnmatch(case, p) for p in chosen)) and not any(fnmatch.fnmatch(case, p) for p in left_out)


def keep(part, name, patterns):
    """What is wanted of a suite. Classes stay together, for their set-up."""
    kept = []
    for each in part:
        if isinstance(each, unittest.TestSuite):
            kept.append(keep(each, name, patterns))
        elif is_wanted(short(each.id()).removeprefix(name + '.'), patterns):
            kept.append(each)
    return type(part)(kept)


def run_file(name, patterns, output):
    """All cases of one file, in this process."""
    from test import support
    from test.support import os_helper
    support.use_resources, support.verbose = [], 0  # nothing that needs a network, gigabytes or minutes
    with os_helper.temp_cwd(f'{name}.{os.getpid()}'):
        try:
            module = importlib.import_module(f'test.{name}')
        except unittest.SkipTest as reason:
            print(reason)
            output.write(f'{name} skipped\n')
            return
        keep(unittest.TestLoader().loadTestsFromModule(module), name, patterns).run(Lines(name, output))


def in_child(words, seconds):
    """This file again, for one NAME; what ends a process that does not come to its end."""
    faulthandler.dump_traceback_later(seconds, exit=True)
    with open(int(words[1]), 'w') as output:
        run_file(words[0], words[2:], output)
    faulthandler.cancel_dump_traceback_later()


def main():
    parser = argparse.ArgumentParser(usage=__doc__, add_help=False)
    parser.add_argument('--timeout', type=float, default=120)
    parser.add_argument('--trace', default='/dev/null')
    parser.add_argument('--in-child', action='store_true')
    parser.add_argument('--list')
    parser.add_argument('names', nargs='+')
    options = parser.parse_args()
    if options.in_child:
        return in_child(options.names, options.timeout)
    for word in names_of_kind(options.list, options.names[0]) if options.list else options.names:
        name, *patterns = word.split(',')
        run_apart(name, patterns, options)


def names_of_kind(path, kind):
    with open(path) as lines:
        rows = [line.split() for line in lines if line.strip() and not line.startswith('#')]
    return [name for of_kind, name, *_ in rows if of_kind in (kind, 'both')]


def run_apart(name, patterns, options):
    """One file in a child. Its lines go through a file, of which the end does not wait for processes that the tests
    have left behind, as a pipe's would."""
    started = time.monotonic()
    with open(options.trace, 'ab') as trace, tempfile.TemporaryFile() as lines:
        child = subprocess.Popen(
            [sys.executable, os.path.abspath(__file__), '--in-child', '--timeout', str(options.timeout), '--', name,
             str(lines.fileno()), *patterns],
            stdin=subprocess.DEVNULL, stdout=trace, stderr=trace, pass_fds=[lines.fileno()], start_new_session=True)
        try:
            status = child.wait(options.timeout + 30)
        except subprocess.TimeoutExpired:
            child.kill()
            status = child.wait()
        try:
            os.killpg(child.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        lines.seek(0)
        sys.stdout.write(lines.read().decode())
    if status != ORDERLY:
        print(f'{name} crashed')
    sys.stdout.flush()
    print(f'{name}: {time.monotonic() - started:.1f} s, status {status}', file=sys.stderr, flush=True)


if __name__ == '__main__':
    main()
