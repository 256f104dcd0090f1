"""Damaged and hostile files for each reader of gluonfr: what a child process reads, with little memory and time.

By hand, for more seeds: PYTHONPATH=. python tests/cases/fuzz_cases.py READER:FIRST:LAST ...
"""
import json
import os
import random
import re
import resource
import signal
import sys
import tempfile
import traceback
import warnings

from fuzz_readers import READERS

MEMORY = 3 << 29  # bytes that a reader may take besides what the process has
SECONDS = 20  # of one file


def sentence(error):
    """What is wrong with an error that the command would print; '' if nothing is."""
    if not isinstance(error, (ValueError, OSError)):
        return 'of the kind {}'.format(type(error).__name__)
    text = str(error)
    return 'of several lines' if '\n' in text else 'of {:,} characters'.format(len(text)) if len(text) > 2000 else \
        '' if len(text) > 10 else 'without words'


def run_reader(name, seeds, out):
    """Read a spoilt file for each seed in this process, and write (results, refused, faults) as JSON."""
    warnings.simplefilter('ignore')
    with tempfile.TemporaryDirectory() as folder:
        run = READERS[name](folder)
        used = int(re.search(r'VmSize:\s+(\d+)', open('/proc/self/status').read()).group(1)) << 10
        resource.setrlimit(resource.RLIMIT_AS, (used + MEMORY, used + MEMORY))
        found = {'read': 0, 'refused': 0, 'faults': []}
        for seed in seeds:
            os.write(out, b'%d\n' % seed)  # so that it is known which one killed the process
            signal.alarm(SECONDS)
            try:
                run(random.Random(seed))
                found['read'] += 1
            except BaseException as error:  # all of them are looked at
                wrong = sentence(error)
                found['refused'] += 1
                if wrong:
                    found['faults'].append('{} {}: an error {}: {}'.format(
                        name, seed, wrong, ''.join(traceback.format_exception(type(error), error,
                                                                              error.__traceback__))[-1500:]))
            signal.alarm(0)
    os.write(out, json.dumps(found).encode() + b'\n')


def fork_reader(name, seeds):
    """`run_reader` in a child process; what became of it, with the seed that killed it if one did."""
    start, end = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(start)
        quiet = os.open(os.devnull, os.O_WRONLY)
        os.dup2(quiet, 1), os.dup2(quiet, 2)
        try:
            run_reader(name, seeds, end)
            os._exit(0)
        except BaseException:
            os.write(end, json.dumps({'read': 0, 'refused': 0, 'faults': [traceback.format_exc()]}).encode() + b'\n')
            os._exit(1)
    os.close(end)
    with os.fdopen(start, 'rb') as stream:
        lines = stream.read().splitlines()
    status = os.waitpid(child, 0)[1]
    if lines and lines[-1].startswith(b'{'):
        return json.loads(lines[-1].decode())
    seed = lines[-1].decode() if lines else 'none'
    return {'read': 0, 'refused': 0, 'last': int(seed) if lines else None,
            'faults': ['{} {}: the process ended with status {} (signal {})'.format(name, seed, status, status & 127)]}


def main(jobs):
    """Run jobs READER:FIRST:LAST and print what came of each, a line of JSON."""
    for job in jobs:
        name, first, last = job.split(':')
        at, last = int(first), int(last)
        total = {'reader': name, 'read': 0, 'refused': 0, 'faults': []}
        while at < last:
            told = fork_reader(name, range(at, last))
            for key in ('read', 'refused', 'faults'):
                total[key] += told[key]
            at = told['last'] + 1 if told.get('last') is not None else last
        print(json.dumps(total), flush=True)


if __name__ == '__main__':
    main(sys.argv[1:])
