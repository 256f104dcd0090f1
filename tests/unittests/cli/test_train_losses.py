"""gluonfr train: losses, samplers and schedules."""
import numpy as np
import pytest
from cli_cases import train
from helpers import rows

from gluonfr.data import RecordDataset
from gluonfr.deploy import Embedder, load_net, read_card
from gluonfr.photos import subcenter_angles

pytest.importorskip('tensorboardX', reason='pip install tensorboardX')


@pytest.mark.parametrize('words', [
    ['--loss', 'triplet', '--loss-args', 'mining=semi-hard', 'margin=0.3', '--sampler', 'pk:3x4'],
    ['--loss', 'rangeloss', '--loss-args', 'alpha=1', 'beta=1', 'top_k=2', 'margin=1', '--sampler', 'pk:3x4'],
    ['--loss', 'lsoftmax', '--sampler', 'balanced', '--augment', 'mirror,crop,photometric,erase'],
    ['--loss', 'cocoloss', '--loss-args', 'alpha=1.0', '--augment', 'none', '--workers', '0'],
    ['--loss', 'arcface', '--loss-args', 'm=0.3', 's=8', '--margin-warmup', '3', '--warmup', '2'],
    ['--loss', 'ringloss', '--loss-args', 'lamda=0.1', 'r_init=5.0', '--lr-steps', '2', '--lr-factor', '0.5'],
    ['--loss', 'arcface:m=0.3,s=8+ringloss:lamda=0.01', '--margin-warmup', '3', '--clip', '1', '--lr', '0.001'],
    ['--loss', 'centerloss', '--loss-args', 'lamda=0.1', '--optimizer', 'adam', '--clip', '1', '--wd', '0'],
    ['--loss', 'dynamicmargin', '--loss-args', 's=8', 'm_max=0.3'],
    ['--loss', 'adaface', '--loss-args', 's=8', 'm=0.2', '--margin-warmup', '3'],
    ['--loss', 'elasticarc:plus=True,s=8,m=0.2'],
    ['--embedding-size', '5', '--network-args', 'prelu_last=True', '--lr-mode', 'poly', '--momentum', '0'],
], ids=lambda words: words[1])
def test_losses_samplers_and_schedules(data, tmp_path, words, capsys):
    train(data, tmp_path, *words, '--epochs', 1, '--log-every', 1)
    said = (tmp_path / 'log.txt').read_text(encoding='utf-8')
    steps = rows(tmp_path / 'steps.csv')
    assert steps and np.isfinite([float(row['loss']) for row in steps]).all()
    (line,) = [line for line in said.splitlines() if ' step 1 ' in line and line.startswith('epoch')]
    assert ('accuracy' in line) == bool(steps[0]['accuracy']) and 'None' not in said
    assert (tmp_path / 'curves.png').stat().st_size > 0
    if 'ringloss' in words:
        radius = [float(row['Radius']) for row in steps]
        assert 4 < radius[0] < 6 and said.count(' Radius ') == len(steps) + 1  # and the line of the epoch
        assert [row['lr'] for row in steps] == ['0.01', '0.005', '0.005', '0.005']
    if 'triplet' in words:
        assert steps[0]['accuracy'] == ''
    if 'arcface' in words:
        assert capsys.readouterr().out.count('hint: ArcFace has easy_margin=True by default') == 1
    card = read_card(str(tmp_path / 'card.json'))[0]
    assert card['params'] == 'checkpoint/last.params' and card['step'] == len(steps) and card['metrics'] == {}


def test_sub_centres_tell_how_far_images_are_from_their_label(data, tmp_path):
    """The lines of docs/howto/own-photos.md."""
    train(data, tmp_path, '--loss', 'subcenterarcface:subcenters=2', '--loss-args', 's=8', 'm=0.2', '--epochs', 1)
    faces = RecordDataset(str(data / 'train.rec'))
    embeddings = Embedder(load_net(str(tmp_path)))(faces)
    weight = np.load(str(tmp_path / 'checkpoint' / 'step-00000004.npz'))['head/weight']
    found = subcenter_angles(weight, embeddings, faces.labels, faces.num_classes)
    assert found.angle.shape == (len(faces),) and set(found.nearest) <= {0, 1} and (found.dominant >= 0).all()
