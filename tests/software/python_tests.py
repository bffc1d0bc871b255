#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Run files of CPython's own regression tests, each in a process of its own, and print a line per test case:
its name, and ok, skipped, failed, or crashed. A file that does not end in time, or ends otherwise than by
itself, has a line too. The same runner runs on every system that is compared.

Usage: python_tests.py [--timeout SECONDS] [--trace FILE] [--match PATTERN] NAME...

--timeout SECONDS  for each file (120)
--trace FILE       where the tests' own output and their failures go (/dev/null)
--match PATTERN    only cases whose names match, as fnmatch does
NAME is a file's, as test_os, or with cases that are left out: test_os,-FileTests.test_x
"""
import argparse
import faulthandler
import fnmatch
import importlib
import os
import signal
import subprocess
import sys
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

    def __init__(self, output):
        super().__init__()
        self.output, self.how = output, 'ok'

    def say(self, test, how):
        self.output.write(f'{short(test.id())} {how}\n')
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


def cases_of(suite):
    for part in suite:
        if isinstance(part, unittest.TestSuite):
            yield from cases_of(part)
        else:
            yield part


def run_file(name, left_out, match, output):
    """All cases of one file, in this process."""
    from test import support
    from test.support import os_helper
    support.use_resources, support.verbose = [], 0  # nothing that needs a network, gigabytes or minutes
    try:
        module = importlib.import_module(f'test.{name}')
    except unittest.SkipTest as reason:
        print(reason)
        output.write(f'{name} skipped\n')
        return
    suite = unittest.TestLoader().loadTestsFromModule(module)

    def is_wanted(case):
        place = short(case.id()).removeprefix(name + '.')
        return fnmatch.fnmatch(place, match) and not any(fnmatch.fnmatch(place, pattern) for pattern in left_out)

    def keep(part):
        kept = [keep(p) if isinstance(p, unittest.TestSuite) else p for p in part
                if isinstance(p, unittest.TestSuite) or is_wanted(p)]
        return type(part)(kept)  # classes stay together, for their set-up

    with os_helper.temp_cwd(f'{name}.{os.getpid()}'):
        keep(suite).run(Lines(output))


def in_child(words, seconds):
    """This file again, for one NAME; what ends a process that does not come to its end."""
    faulthandler.dump_traceback_later(seconds, exit=True)
    with open(int(words[1]), 'w') as output:
        run_file(words[0], words[3:], words[2], output)
        output.flush()
        faulthandler.cancel_dump_traceback_later()
        output.write('\n')  # the end


def main():
    parser = argparse.ArgumentParser(usage=__doc__, add_help=False)
    parser.add_argument('--timeout', type=float, default=120)
    parser.add_argument('--trace', default='/dev/null')
    parser.add_argument('--match', default='*')
    parser.add_argument('--in-child', action='store_true')
    parser.add_argument('names', nargs='+')
    options = parser.parse_args()
    if options.in_child:
        return in_child(options.names, options.timeout)
    for word in options.names:
        name, *left_out = word.split(',-')
        run_apart(name, left_out, options)


def run_apart(name, left_out, options):
    """One file in a child, whose lines are passed on."""
    started = time.monotonic()
    read_end, write_end = os.pipe()
    with open(options.trace, 'ab') as trace:
        child = subprocess.Popen(
            [sys.executable, os.path.abspath(__file__), '--in-child', '--timeout', str(options.timeout), '--', name,
             str(write_end), options.match, *left_out],
            stdin=subprocess.DEVNULL, stdout=trace, stderr=trace, pass_fds=[write_end], start_new_session=True)
    os.close(write_end)
    ended = False
    with open(read_end) as lines:
        for line in lines:
            if line == '\n':
                ended = True
                break  # whatever the tests left running may hold the pipe
            sys.stdout.write(line)
            sys.stdout.flush()
    try:
        status = child.wait(30)
    except subprocess.TimeoutExpired:
        child.kill()
        status = child.wait()
    try:
        os.killpg(child.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass
    if not ended or status != ORDERLY:
        print(f'{name} crashed', flush=True)
    print(f'{name}: {time.monotonic() - started:.1f} s, status {status}', file=sys.stderr, flush=True)


if __name__ == '__main__':
    main()
