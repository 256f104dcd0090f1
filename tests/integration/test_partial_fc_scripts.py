"""Scripts that measure trainings with many people: rows, what is done again, and the wrong labels."""
import sys
from types import SimpleNamespace

import numpy as np
import pytest
from helpers import ROOT, rows

pytestmark = pytest.mark.mxnet


@pytest.fixture
def script(monkeypatch):
    """A function: name -> the script as a module."""
    monkeypatch.syspath_prepend(str(ROOT / 'scripts'))
    names = []

    def find(name):
        names.append(name)
        return __import__(name)

    yield find
    for name in names + ['leaderboard']:
        sys.modules.pop(name, None)


def test_quality_on_digits_goes_on_where_it_stopped(script, test_data, tmp_path):
    quality = script('partial_fc_quality')
    words = ['mnist', '--root', str(test_data('mnist')), '--images', '48', '--epochs', '1', '--seeds', '0', '--csv',
             str(tmp_path / 'quality.csv')]
    quality.main(words)
    written = rows(tmp_path / 'quality.csv')
    assert [row['run'] for row in written] == ['dense', 'rate-0.3', 'rate-0.1']
    assert all(0 <= float(row['accuracy']) <= 1 and row['command'].endswith('--csv quality.csv') for row in written)
    quality.main(words)
    assert rows(tmp_path / 'quality.csv') == written


def test_a_share_of_the_labels_is_drawn_anew(script):
    labels = np.repeat(np.arange(100), 20)
    clean = SimpleNamespace(labels=labels, num_classes=100, read=lambda index: ('image', labels[index]))
    flipped = script('partial_fc_quality').Flipped(clean, 3)
    assert 0.37 < (flipped.labels != labels).mean() <= 0.4 and set(flipped.labels) <= set(labels)
    assert flipped.read(5) == ('image', flipped.labels[5]) and (labels == np.repeat(np.arange(100), 20)).all()


def test_memory_is_measured_beside_the_formula(script, tmp_path):
    memory = script('training_memory')
    memory.main(['images', '--networks', 'lenetplus', '--csv', str(tmp_path / 'images.csv')])
    image, = rows(tmp_path / 'images.csv')
    assert int(image['image_kib']) < 20000 and int(image['peak_kib']) > 100000  # of so small a network, mostly noise
