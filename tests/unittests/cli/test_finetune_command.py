"""`gluonfr finetune` on photographs of every kind, on nobody, and with networks of every kind."""
import os
import re

import cv2
import mxnet as mx
import numpy as np
import pytest

pytest.importorskip('bokeh')
pytest.importorskip('jinja2')
from align_cases import WHITE, photo, write_yunet  # noqa: E402
from cli_cases import run  # noqa: E402
from finetune_cases import ARGUMENTS, hashes, write_people, write_start  # noqa: E402
from helpers import rows  # noqa: E402
from photo_files import make_photos  # noqa: E402

from gluonfr.data.image import encode  # noqa: E402
from gluonfr.deploy import Embedder, read_card  # noqa: E402
from gluonfr.model_zoo import get_model  # noqa: E402

FEW = ['--epochs', 1, '--folds', 2, '--batch-size', 4, '--no-progress']


def scene(seed, place):
    """A photograph of somebody: a mark, which is found as a face, before a background of its own."""
    image = np.random.RandomState(seed).randint(0, 140, (16, 24, 3)).astype('uint8')
    image = cv2.resize(image, (144, 96), interpolation=cv2.INTER_CUBIC)
    x, y = place
    image[y:y + 8, x:x + 8] = photo(8, 8, [(0, 0, WHITE)])
    return encode(image, '.png')


@pytest.fixture(scope='module')
def place(tmp_path_factory):
    """A network, weights of YuNet that find marks, and people with aligned faces."""
    folder = tmp_path_factory.mktemp('finetune')
    write_start(folder / 'start')
    write_yunet(folder / 'marks.onnx')
    write_people(folder / 'people', people=4, images=3)
    return folder


def finetune(*words, code=0):
    run('finetune', *words, *FEW, code=code)


def detect(place):
    return '--detect', 'yunet', '--detector-model', place / 'marks.onnx'


def test_every_photograph_has_its_row_and_the_folder_stays_as_it_is(place, tmp_path, capsys):
    people, out = tmp_path / 'photos', tmp_path / 'run'
    for person in range(4):
        for i in range(3):
            path = people / 'p{}'.format(person) / '{}.png'.format(i)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(scene(10 * person + i, (40, 40)))
    strange = people / 'Jos\u00e9 \u59d3'
    strange.mkdir()
    expected = {'{}/{}'.format(strange.name, name): status for name, (status, _) in make_photos(strange).items()}
    large = cv2.resize(photo(480, 640, [(40, 56, WHITE)]), None, fx=12, fy=12, interpolation=cv2.INTER_NEAREST)
    (strange / '44 megapixels.jpg').write_bytes(encode(large, '.jpg'))
    expected[strange.name + '/44 megapixels.jpg'] = 'ok'
    (people / 'nobody').mkdir()
    (people / 'link').symlink_to(people / 'p0')
    before = hashes(people)
    finetune(people, '--from', place / 'start', '--out', out, *detect(place))
    said, found = capsys.readouterr().out, {row['photo']: row for row in rows(out / 'photos.csv')}
    assert hashes(people) == before
    for name, status in expected.items():
        if status == 'ok':
            assert found[name]['result'] in ('used', 'left out') and found[name]['person'] == strange.name, name
        else:
            assert found[name]['result'] == status and found[name]['why'], name
    assert {found['p{}/{}.png'.format(person, i)]['result'] for person in range(1, 4) for i in range(3)} == {'used'}
    for i in range(3):  # a link to a folder is another name of its person
        assert {found['{}/{}.png'.format(name, i)]['result'] for name in ('p0', 'link')} == {'used', 'left out'}
    assert found['nobody']['result'] == 'no images' and found[strange.name + '/notes.txt']['result'] == 'ignored'
    copies = [row for row in found.values() if row['result'] == 'left out']
    assert copies and all(re.match('(near )?copy: ', row['why']) for row in copies)
    assert 'files are not used: {} says why of each'.format(out / 'photos.csv') in said
    files = {os.path.relpath(os.path.join(root, name), str(people))
             for root, _, names in os.walk(str(people), followlinks=True) for name in names}
    assert {name for name in files if '.cache' not in name} <= set(found)  # the folder .cache has a row


def test_photographs_of_nobody_are_told_and_have_rows(place, tmp_path, capsys):
    (tmp_path / 'photos' / 'ann').mkdir(parents=True)
    (tmp_path / 'photos' / 'ann' / '1.png').write_bytes(encode(photo(96, 96, []), '.png'))
    finetune(tmp_path / 'photos', '--from', place / 'start', '--out', tmp_path / 'run', *detect(place), code=2)
    assert 'no face was found in the 1 file of' in capsys.readouterr().err
    (row,) = rows(tmp_path / 'run' / 'photos.csv')
    assert (row['photo'], row['person'], row['result']) == ('ann/1.png', 'ann', 'no-face')


@pytest.mark.parametrize('people, images, said', [
    (1, 4, '1 person with two images cannot show'), (6, 1, '0 people with two images cannot show'),
    (2, 2, '2 people with two images cannot show')])
def test_too_few_people_keep_the_start(place, tmp_path, capsys, people, images, said):
    write_people(tmp_path / 'people', people, images)
    run('finetune', tmp_path / 'people', '--from', place / 'start', '--out', tmp_path / 'run', '--no-progress')
    assert said in capsys.readouterr().out and read_card(str(tmp_path / 'run' / 'card.json'))[0]['kept'] == 'start'
    assert len(rows(tmp_path / 'run' / 'photos.csv')) == people * images


def test_images_of_another_size_are_refused_with_a_row_each_or_stretched(place, tmp_path, capsys):
    for person in range(4):
        for i in range(2):
            path = tmp_path / 'people' / 'p{}'.format(person) / '{}.png'.format(i)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(scene(10 * person + i, (40, 40)))
    words = tmp_path / 'people', '--from', place / 'start', '--out', tmp_path / 'run'
    finetune(*words, code=2)
    assert 'no image can be used' in capsys.readouterr().err
    assert {row['result'] for row in rows(tmp_path / 'run' / 'photos.csv')} == {'left out'}
    finetune(*words, '--stretch')
    assert {row['result'] for row in rows(tmp_path / 'run' / 'photos.csv')} == {'used'}


def test_a_symbol_is_converted_on_the_way(place, tmp_path):
    net = get_model('mobilefacenet', **ARGUMENTS)
    mx.random.seed(0)
    net.initialize()
    net.hybridize()
    net(mx.nd.zeros((1, 3, 32, 32)))
    net.export(str(tmp_path / 'published'))
    finetune(place / 'people', '--from', tmp_path / 'published-symbol.json', '--out', tmp_path / 'run')
    card = read_card(str(tmp_path / 'run' / 'card.json'))[0]
    assert card['model'] == 'mobilefacenet' and card['source']['file'] == 'published-symbol.json'
    images = np.random.RandomState(0).randint(0, 256, (2, 32, 32, 3)).astype('uint8')
    start = Embedder(str(tmp_path / 'run' / 'start'))(images)
    assert np.allclose(start, Embedder(net, get_model('mobilefacenet', **ARGUMENTS).input_spec)(images), atol=1e-4)


def test_what_does_not_train_is_refused_by_name(place, tmp_path, capsys):
    from photo_cases import write_plain_net
    pytest.importorskip('onnx')
    folder = tmp_path / 'graph'
    folder.mkdir()
    write_plain_net(folder)
    finetune(place / 'people', '--from', folder, '--out', tmp_path / 'run', code=2)
    assert '--from: a network must train to be fine-tuned, got' in capsys.readouterr().err
    finetune(place / 'people', '--from', tmp_path / 'gone', '--out', tmp_path / 'run', code=2)
    assert 'there is no folder' in capsys.readouterr().err
    finetune(tmp_path / 'gone', '--from', place / 'start', '--out', tmp_path / 'new', code=2)
    assert 'there is no file or folder' in capsys.readouterr().err and not (tmp_path / 'new').exists()


def test_another_folder_and_a_place_among_the_photographs_are_refused(place, tmp_path, capsys):
    (tmp_path / 'thesis.txt').write_text('mine')
    finetune(place / 'people', '--from', place / 'start', '--out', tmp_path, code=2)
    assert 'which holds thesis.txt' in capsys.readouterr().err
    finetune(place / 'people', '--from', place / 'start', '--out', place / 'people' / 'run', code=2)
    assert '--out must not lie among the photographs' in capsys.readouterr().err
    assert not (place / 'people' / 'run').exists()


def test_a_training_that_diverges_says_which_options_help(place, tmp_path, capsys):
    words = place / 'people', '--from', place / 'start', '--out', tmp_path / 'run'
    run('finetune', *words, '--lr', 1e30, '--epochs', 4, '--no-progress', code=2)
    said = capsys.readouterr().err
    assert said.startswith('gluonfr finetune: ') and 'at step' in said and 'a lower --lr, --scale or --margin' in said
    finetune(*words, '--several', 'all', *detect(place), code=2)
    assert '--several all would take whoever stands beside' in capsys.readouterr().err


def test_overwrite_begins_anew(place, tmp_path, capsys):
    words = place / 'people', '--from', place / 'start', '--out', tmp_path / 'run'
    finetune(*words)
    finetune(*words, '--seed', 1, code=2)
    assert 'begun with another seed. Give another folder, or --overwrite' in capsys.readouterr().err
    finetune(*words, '--seed', 1, '--overwrite')
    assert read_card(str(tmp_path / 'run' / 'card.json'))[0]['people'] == 4


@pytest.mark.parametrize('names', [['report.html', 'net.params'], ['align/1.png'], ['recipe.json', 'work/a']])
def test_overwrite_leaves_a_folder_alone_that_is_no_run(place, tmp_path, names, capsys):
    for name in names + ['.a.1.tmp']:
        (tmp_path / 'run' / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / 'run' / name).write_text('{}')
    before = hashes(tmp_path / 'run')
    finetune(place / 'people', '--from', place / 'start', '--out', tmp_path / 'run', '--overwrite', code=2)
    assert '--out must be a new or empty folder, or that of a fine-tuning' in capsys.readouterr().err
    assert hashes(tmp_path / 'run') == before


def test_search_and_evaluate_take_the_run_with_its_threshold(place, tmp_path, capsys):
    write_people(tmp_path / 'people', people=6, images=5)
    finetune(tmp_path / 'people', '--from', place / 'start', '--out', tmp_path / 'run')
    threshold = read_card(str(tmp_path / 'run' / 'card.json'))[0]['advice'][0]['threshold']
    run('enrol', tmp_path / 'gallery', '--people', tmp_path / 'people', '--net', tmp_path / 'run', '--no-progress')
    capsys.readouterr()
    run('search', tmp_path / 'gallery', tmp_path / 'people' / 'p0' / '0.png', '--no-progress')
    assert '{:.4f}'.format(threshold) in capsys.readouterr().out
    run('evaluate', tmp_path / 'run', '--data', tmp_path / 'people', '--out', tmp_path / 'result', '--no-progress')
