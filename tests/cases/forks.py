"""Processes that tests kill: forks of one that has imported gluonfr, so that each begins at once."""
import multiprocessing
import os
import resource
import runpy
import signal
import sys
import time

from gluonfr import cli

FORKS = multiprocessing.get_context('forkserver')
FORKS.set_forkserver_preload(['gluonfr.cli.train', 'gluonfr.deploy', 'gluonfr.convert', 'forks'])


class Fork:
    """A process that runs a function.

    Parameters
    ----------
    said : Path
        A file for its output.
    function : callable
        Of a module, so that it can be named; its result is the exit status.
    arguments
        Its arguments.
    """

    def __init__(self, said, function, *arguments):
        said.write_bytes(b'')
        self._said, self.process = said, FORKS.Process(target=_run, args=(str(said), function) + arguments)
        self.process.start()

    def said(self):
        """Its output so far."""
        return self._said.read_text(encoding='utf-8')

    def wait_for(self, ready):
        """Wait until ready() is true, which must come before the process ends."""
        deadline = time.time() + 200
        while not ready() and self.process.is_alive() and time.time() < deadline:
            time.sleep(0.002)
        assert self.process.is_alive(), self.said()

    def end(self):
        """Its exit status, negative for a signal, when it has ended."""
        self.process.join(300)
        return self.process.exitcode

    def kill(self):
        """SIGKILL, which must find it alive."""
        self.process.kill()
        assert self.end() == -signal.SIGKILL, self.said()


def run_command(words, longest_file=None):
    """`gluonfr` with these words, able to write no longer file, as on a full disk."""
    if longest_file:
        resource.setrlimit(resource.RLIMIT_FSIZE, (longest_file,) * 2)
    return cli.main([str(word) for word in words])


def run_unheard(words, also_errors):
    """`gluonfr` with these words, whose output, and with `also_errors` its errors, goes to a pipe that nobody reads."""
    reader, writer = os.pipe()
    os.close(reader)
    os.dup2(writer, 1)
    if also_errors:
        os.dup2(writer, 2)
    return cli.main([str(word) for word in words])


def run_script(path, words):
    """`python path words`."""
    sys.argv = [str(path), *map(str, words)]
    sys.path.insert(0, os.path.dirname(sys.argv[0]))
    runpy.run_path(sys.argv[0], run_name='__main__')


def _run(said, function, *arguments):
    file = os.open(said, os.O_WRONLY | os.O_APPEND)
    os.dup2(file, 1)
    os.dup2(file, 2)
    try:
        status = function(*arguments)
    except SystemExit as end:
        status = end.code
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status or 0)
