"""Standard output and standard error that a command can do without."""
import os
import sys
from contextlib import contextmanager, suppress
from typing import Any, Callable, Iterator, TextIO, Type

from ..utils.messages import printable

__all__ = ['lasting_streams']


@contextmanager
def lasting_streams() -> Iterator[None]:
    """Have a command finish its work where nobody reads what it says: `gluonfr train ... | head`.

    What goes to a pipe that is closed is dropped from then on; on standard error, where progress is shown, so is what
    cannot be written for any other reason. Standard output gets control characters, which names may hold, as Python
    writes them; on standard error bars need theirs. Meanwhile `sys.stdout` and `sys.stderr` are stand-ins of their own.
    """
    before = sys.stdout, sys.stderr
    sys.stdout, sys.stderr = _lasting(sys.stdout, BrokenPipeError, printable), _lasting(sys.stderr, OSError, str)
    try:
        yield
    finally:
        for stream in filter(None, (sys.stdout, sys.stderr)):
            with suppress(OSError):  # of a file that cannot be written; it was said
                stream.flush()
        sys.stdout, sys.stderr = before


def _lasting(stream, ignored, form) -> Any:
    return stream and _Lasting(stream, ignored, form)


class _Lasting:
    """A stream that drops what it cannot write for reasons of one kind, and gives text its form."""

    def __init__(self, stream: TextIO, ignored: Type[OSError], form: Callable[[str], str]):
        self._stream, self._ignored, self._form = stream, ignored, form

    def __getattr__(self, name):
        return getattr(self._stream, name)

    def write(self, text):
        """As of the stream."""
        try:
            return self._stream.write(self._form(text))
        except self._ignored as error:
            self._leave(error)
            return len(text)

    def flush(self):
        """As of the stream."""
        try:
            self._stream.flush()
        except self._ignored as error:
            self._leave(error)

    def _leave(self, error):
        """Let what the stream still holds, and what follows, go nowhere."""
        if isinstance(error, BrokenPipeError):
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, self._stream.fileno())
            os.close(nowhere)
