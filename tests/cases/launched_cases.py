"""`gluonfr launch` as tests start it."""
import json
import os
import signal
import subprocess
import sys
import time

from helpers import ROOT, environ

SCRIPT = str(ROOT / 'tests' / 'cases' / 'launched.py')


class Launched:
    """`gluonfr launch` at work, and the processes it has."""

    def __init__(self, folder, *words, workers=2, options=()):
        self.folder, self.workers = folder, workers
        self._err = (folder / 'err.txt').open('w+b')
        self.process = subprocess.Popen(
            [sys.executable, '-m', 'gluonfr', 'launch', '-n', str(workers), *map(str, options), '--',
             *map(str, words)], env=environ(), stderr=self._err, stdout=subprocess.PIPE)

    def wait_until_up(self):
        self.wait(lambda: all((self.folder / 'pid-{}.json'.format(n)).exists() for n in range(self.workers)))

    def wait(self, ready):
        """Until something is so, which must come before it ends."""
        until = time.monotonic() + 120
        while not ready():
            assert self.process.poll() is None and time.monotonic() < until, self.said()
            time.sleep(0.02)

    def pid(self, number):
        return json.loads((self.folder / 'pid-{}.json'.format(number)).read_text())

    def children(self):
        """{number of a process: its role}."""
        found = {}
        for name in filter(str.isdigit, os.listdir('/proc')):
            try:
                with open('/proc/{}/environ'.format(name), 'rb') as file:
                    given = dict(part.split(b'=', 1) for part in file.read().split(b'\0') if b'=' in part)
            except OSError:
                continue
            if given.get(b'GLUONFR_LAUNCHER') == str(self.process.pid).encode():
                found[int(name)] = given[b'DMLC_ROLE'].decode()
        return found

    def end(self, seconds=60):
        """(exit status, what it said on its standard error), when it and all its processes have ended."""
        out, _ = self.process.communicate(timeout=seconds)
        until = time.monotonic() + 5
        while self.children() and time.monotonic() < until:
            time.sleep(0.02)
        left = self.children()
        for number in left:
            os.kill(number, signal.SIGKILL)
        assert not left, left
        self.out = out.decode()
        return self.process.returncode, self.said()

    def said(self):
        self._err.seek(0)
        return self._err.read().decode()
