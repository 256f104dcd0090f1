"""The folder of a run: its recipe and its card. What may lie in it is tested with the commands."""
import json
from contextlib import nullcontext

import pytest
from train_cases import train

from gluonfr.deploy import read_card
from gluonfr.model_zoo import InputSpec
from gluonfr.train import Checkpoint
from gluonfr.train.run_folder import OtherRecipe, begin_run, write_run_card


def test_what_differs_from_the_recipe_of_a_run(tmp_path):
    def begin(recipe):
        begin_run(str(tmp_path), recipe, ['checkpoint', 'recipe.json'], resume=True, free=['plot_every'])

    recipe = {'lr': 0.1, 'lr_steps': (2, 3), 'plot_every': 1, 'index_sha256': 'ab', 'gone': 1}
    begin(recipe)  # there is none
    assert json.loads((tmp_path / 'recipe.json').read_text())['lr_steps'] == [2, 3]
    (tmp_path / 'checkpoint').mkdir()
    for name in ('checkpoint/last.params', 'card.json'):
        (tmp_path / name).write_text('')
    begin(recipe)  # a tuple is a list in JSON
    assert not (tmp_path / 'card.json').exists()
    with pytest.raises(OtherRecipe, match=r"got another lr \(0.1 then, 0.2 now\), lr_steps") as e:
        begin({'lr': 0.2, 'lr_steps': [2], 'plot_every': 2, 'files_sha256': 'cd', 'new': None})
    assert e.value.changed == {'lr': (0.1, 0.2), 'lr_steps': ([2, 3], [2]), 'index_sha256': ('ab', None)}
    assert 'new' not in json.loads((tmp_path / 'recipe.json').read_text())
    begin({'lr': 0.1, 'lr_steps': [2, 3], 'plot_every': 2, 'index_sha256': 'ab', 'new': None})
    assert 'new' in json.loads((tmp_path / 'recipe.json').read_text())


SETTINGS = {'lr': 0.1, 'loss': 'softmax', 'seed': 0, 'epochs': 3}


@pytest.mark.parametrize('said, is_ours', [(SETTINGS, True), ({'lr': 1, 'loss': 'x', 'newer': 1}, True),
                                           ({'lr': 1, 'cake': 2}, False), ([], False), ({}, False)])
@pytest.mark.parametrize('options', [{}, {'resume': True}, {'overwrite': True}])
def test_a_file_called_recipe_makes_no_run(tmp_path, said, is_ours, options):
    """One of ours, killed before its first checkpoint, is begun anew; versions say more and less in it."""
    (tmp_path / 'recipe.json').write_text(json.dumps(said))
    (tmp_path / 'tensorboard').mkdir()
    (tmp_path / 'tensorboard' / 'a').write_text('mine')
    with nullcontext() if is_ours else pytest.raises(ValueError, match='must be a new or empty folder, or that of'):
        begin_run(str(tmp_path), SETTINGS, ['tensorboard', 'recipe.json'], **options)
    assert (tmp_path / 'tensorboard').exists() is not is_ours


def test_the_card_has_the_best_weights_or_the_last(tmp_path):
    rows = 'step,set,acc,pca\n6,lfw,0.5,\n12,lfw,0.25,0\n12,b,1,0\n'
    for best, name, step, metrics in (
            (None, 'last', 12, {'lfw': dict(step=12, set='lfw', acc=0.25, pca=0),
                                'b': dict(step=12, set='b', acc=1, pca=0)}),
            ('loss', 'best', 6, {'lfw': dict(step=6, set='lfw', acc=0.5, pca=None)})):
        folder = tmp_path / name
        saved = Checkpoint(str(folder / 'checkpoint'), monitor=best, mode='max')  # the first epoch has the larger loss
        state = train(callbacks=[saved])
        (folder / 'verify.csv').write_text(rows)
        path = write_run_card(str(folder), state, model='lenetplus', arguments={}, spec=InputSpec(), command='a b',
                              data={'images': 90})
        card, weights, _ = read_card(path)
        assert weights == str(folder / 'checkpoint' / '{}.params'.format(name)) and card['step'] == step
        assert card['metrics'] == metrics and (card['command'], card['data']) == ('a b', {'images': 90})
