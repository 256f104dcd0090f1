"""A disk that is full for a while: the training goes on, and nothing of its log is lost."""
import logging
import re
import resource

import pytest
from helpers import rows
from train_cases import assert_identical, events, train, values

from gluonfr.train import Callback, CSVLog, LogLine, RunLog, StepCSV, TensorBoard

pytest.importorskip('tensorboardX', reason='pip install tensorboardX')
STEPS = 12  # of 6 an epoch
FILES = 'steps.csv', 'metrics.csv', 'line.txt', 'log.txt', 'tensorboard'


class Full(Callback):
    """No file can be written after a step, until after another one."""
    order = -4

    def __init__(self, first, last):
        self.first, self.last = first, last

    def on_step_end(self, state):
        if state.step == self.first:
            resource.setrlimit(resource.RLIMIT_FSIZE, (0, resource.getrlimit(resource.RLIMIT_FSIZE)[1]))
        elif state.step == self.last:
            make_room()

    def on_train_end(self, state):
        make_room()


def make_room():
    limit = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))


def run(folder, *more):
    folder.mkdir()
    log = RunLog(str(folder / 'log.txt'))
    try:
        with log.writing():
            return train(epochs=2, callbacks=[
                log, StepCSV(str(folder / 'steps.csv'), 1), CSVLog(str(folder / 'metrics.csv')),
                LogLine(1, str(folder / 'line.txt')), TensorBoard(str(folder / 'tensorboard'), 1), *more])
    finally:
        make_room()


def told(folder):
    """What the files say, without times and without what is said of the disk."""
    tables = [[{name: value for name, value in row.items() if 'second' not in name}
               for row in rows(folder / name)] for name in FILES[:2]]
    lines = [[re.sub(r'\S+ images/s.*|seconds \S+ images_per_second \S+', '', line)
              for line in (folder / name).read_text().splitlines() if str(folder) not in line] for name in FILES[2:4]]
    points = [point for point in events(folder / 'tensorboard') if 'images' not in point[0]]
    return tables, lines, points


@pytest.fixture(scope='module')
def whole(tmp_path_factory):
    folder = tmp_path_factory.mktemp('whole') / 'run'
    return values(run(folder)), told(folder)


@pytest.mark.parametrize('first, last', [(2, 4), (3, 11), (9, 100)], ids=['within', 'over an epoch', 'to the end'])
def test_a_full_disk_neither_stops_a_training_nor_holes_its_log(tmp_path, whole, first, last, caplog):
    with caplog.at_level(logging.INFO, 'gluonfr'):
        state = run(tmp_path / 'run', Full(first, last))
    assert state.step == STEPS
    assert_identical(values(state), whole[0])
    assert told(tmp_path / 'run') == whole[1]
    for name in FILES:
        said = [message for message in caplog.messages if str(tmp_path / 'run' / name) in message]
        if said or name != 'metrics.csv':  # which is written at the end of an epoch alone
            assert re.search('cannot be written: File too large. The training goes on', said[0]), name
            assert said[1].endswith('is written again') and len(said) == 2, said
