"""A training that fills a folder, from Python."""
import json

import numpy as np
import pytest

from gluonfr.data.loading import ArrayLoader
from gluonfr.deploy import read_card
from gluonfr.loss import get_loss
from gluonfr.model_zoo import get_model
from gluonfr.nn import get_head
from gluonfr.train.in_folder import train_in_folder
from gluonfr.train.run_folder import OtherRecipe

pytest.importorskip('tensorboardX', reason='pip install tensorboardX')


def test_a_training_fills_its_folder_and_goes_on(tmp_path):
    def train(steps, lr=0.1, **more):
        images = np.random.RandomState(0).randint(0, 255, (12, 28, 28, 1), dtype=np.uint8)
        return train_in_folder(
            str(tmp_path / 'a'), get_model('lenetplus'), get_loss('softmax'), ArrayLoader(
                images, np.arange(12) % 3, 4, shuffle=True), head=get_head('dense', 3, 2), recipe={'lr': lr},
            steps=steps, epochs=1, log_every=1, title='digits', header='begun', progress=False,
            card=dict(model='lenetplus', arguments={}, command='python mine.py', data={'images': 12}), **more)

    assert train(1).step == 1 and train(2, resume=True).step == 2
    files = {path.name for path in (tmp_path / 'a').iterdir()}
    assert files >= {'log.txt', 'steps.csv', 'metrics.csv', 'curves.png', 'tensorboard', 'checkpoint', 'recipe.json',
                     'card.json'}
    card = read_card(str(tmp_path / 'a' / 'card.json'))[0]
    assert (card['command'], card['data'], card['step']) == ('python mine.py', {'images': 12}, 2)
    assert json.loads((tmp_path / 'a' / 'recipe.json').read_text()) == {'lr': 0.1}
    assert (tmp_path / 'a' / 'log.txt').read_text().startswith('begun\n')
    with pytest.raises(ValueError, match='holds a run already'):
        train(2)
    with pytest.raises(OtherRecipe):
        train(2, lr=0.2, resume=True)
