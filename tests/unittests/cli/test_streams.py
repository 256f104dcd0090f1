"""`gluonfr ... | head`: a command whose output nobody reads does its work all the same."""
import io
import os
import sys

import pytest
from cli_cases import TINY
from forks import Fork, run_unheard

from gluonfr.cli.streams import lasting_streams


@pytest.mark.parametrize('words, made, also_errors', [
    ('train --dataset DATA --steps 3 --no-report --out OUT ' + ' '.join(TINY[:-2]), 'OUT/card.json', True),
    ('embed RUN DATA/people --out OUT.npz', 'OUT.npz', False),
    ('pack folder DATA/people --out OUT', 'OUT/train.rec', True),
    ('verify RUN --data DATA/val.bin --folds 2 --csv OUT.csv', 'OUT.csv', True),
    ('evaluate RUN --data DATA/val.bin --out OUT', 'OUT.json', False), ('models', None, False),
    ('train --help', None, True)],
    ids=lambda value: value.split()[0] if isinstance(value, str) else value)
def test_the_work_is_done(trained, data, tmp_path, words, made, also_errors):
    for mark, place in (('DATA', data), ('RUN', trained), ('OUT', tmp_path / 'out')):
        words, made = words.replace(mark, str(place)), made and made.replace(mark, str(place))
    process = Fork(tmp_path / 'said.txt', run_unheard, words.split(), also_errors)
    assert process.end() == 0, process.said()
    assert made is None or os.path.isfile(made)
    assert 'Error' not in process.said() and 'Exception' not in process.said(), process.said()


def test_errors_count_as_before(tmp_path):
    assert Fork(tmp_path / 'said.txt', run_unheard, ['embed', 'nowhere', 'x', '--out', 'e.npz'], True).end() == 2


class Full(io.StringIO):
    def write(self, text):
        raise OSError(28, 'No space left on device')

    def flush(self):
        self.write('')


def test_what_is_shown_of_progress_stops_no_command(monkeypatch):
    monkeypatch.setattr(sys, 'stderr', Full())
    monkeypatch.setattr(sys, 'stdout', Full())
    with lasting_streams():
        print('50 %', file=sys.stderr, flush=True)
        with pytest.raises(OSError, match='No space left'):  # a result
            print('0.5', flush=True)
    assert isinstance(sys.stdout, Full) and isinstance(sys.stderr, Full)
    monkeypatch.undo()


def test_without_streams(monkeypatch):
    monkeypatch.setattr(sys, 'stdout', None)
    with lasting_streams():
        assert sys.stdout is None
