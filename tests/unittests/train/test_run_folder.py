"""The folder of a run: its recipe and its card. What may lie in it is tested with the commands."""
import json

from train_cases import train

from gluonfr.deploy import read_card
from gluonfr.model_zoo import InputSpec
from gluonfr.train import Checkpoint
from gluonfr.train.run_folder import changed_recipe, write_recipe, write_run_card


def test_what_differs_from_the_recipe_of_a_run(tmp_path):
    recipe = {'lr': 0.1, 'lr_steps': (2, 3), 'plot_every': 1, 'index_sha256': 'ab', 'gone': 1}
    assert changed_recipe(str(tmp_path), recipe) == {}, 'there is none'
    write_recipe(str(tmp_path), recipe)
    assert json.loads((tmp_path / 'recipe.json').read_text())['lr_steps'] == [2, 3]
    assert changed_recipe(str(tmp_path), recipe) == {}, 'a tuple is a list in JSON'
    now = {'lr': 0.2, 'lr_steps': [2], 'plot_every': 2, 'files_sha256': 'cd', 'new': None}
    assert changed_recipe(str(tmp_path), now, free=['plot_every']) == {
        'lr': (0.1, 0.2), 'lr_steps': ([2, 3], [2]), 'index_sha256': ('ab', None)}


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
