"""Profile: which operators a training step spends its time in."""
import logging

import numpy as np
import pytest
from helpers import rows

from gluonfr.data import ArrayLoader
from gluonfr.loss import get_loss
from gluonfr.model_zoo import get_model
from gluonfr.train import Profile, fit
from gluonfr.train.callbacks.profile import REST, table


def train(*callbacks, epochs=1):
    """Ten steps an epoch; returns the weights."""
    random = np.random.RandomState(0)
    data = random.uniform(0, 1, (20, 1, 28, 28)).astype('float32'), random.randint(0, 10, 20)
    net = get_model('lenetplus', need_cls_layer=True, classes=10)
    fit(net, get_loss('softmax'), ArrayLoader(*data, 2), epochs=epochs, initializer='xavier',
        optimizer_params={'learning_rate': 0.01}, callbacks=callbacks)
    return [param.data().asnumpy() for param in net.collect_params().values()]


def test_it_measures_and_changes_nothing(tmp_path, caplog):
    with caplog.at_level(logging.INFO, 'gluonfr'):
        weights = train(Profile(str(tmp_path / 'new'), steps=4, skip=3))
    for found, want in zip(weights, train()):
        assert found.tobytes() == want.tobytes()
    found = {row['operator']: row for row in rows(tmp_path / 'new' / 'profile.csv')}
    assert float(found['Convolution']['calls_per_step']) == 6 + 2 * 6  # a PReLU is two of them
    assert float(found['_backward_Convolution']['ms_per_step']) > 0 and REST in found
    assert abs(sum(float(row['percent']) for row in found.values()) - 100) < 0.5
    assert '4 steps of' in caplog.text and '_backward_Convolution' in caplog.text
    assert '"name": "Convolution"' in (tmp_path / 'new' / 'profile.json').read_text()


def test_a_short_training_is_measured_as_far_as_it_goes(tmp_path, caplog):
    train(Profile(str(tmp_path / 'a'), steps=100, skip=8))
    assert float(next(row for row in rows(tmp_path / 'a' / 'profile.csv')
                      if row['operator'] == 'Convolution')['calls_per_step']) == 18
    train(Profile(str(tmp_path / 'b'), skip=11))
    assert 'no profile: the training had 10 steps, the profile begins after 11' in caplog.text
    assert not (tmp_path / 'b').exists()


@pytest.mark.parametrize('arguments', [{'steps': 0}, {'skip': 0}, {'steps': 1.5}])
def test_refused(arguments):
    with pytest.raises((ValueError, TypeError), match='Profile: {} must be'.format(*arguments)):
        Profile('x', **arguments)


def test_table():
    found = table({'a': {'Count': 4, 'Total': 6.0}, 'b': {'Count': 2, 'Total': 30.0}}, 0.040, 2)
    assert [row['operator'] for row in found] == ['b', 'a', REST]
    assert [row['ms_per_step'] for row in found] == [15, 3, 2]
    assert [row['percent'] for row in found] == [75, 15, 10]
    assert table({'a': {'Count': 1, 'Total': 50.0}}, 0.040, 1)[-1]['ms_per_step'] == 0  # side by side
