"""Presets and scripts have the numbers of the documents that they are named after. The numbers stand here, once."""
import importlib.util
import shlex

import pytest
from helpers import ROOT

from gluonfr.cli.parsers import make_parser
from gluonfr.cli.train_hints import hints
from gluonfr.nn import ANGLE_SETTINGS
from gluonfr.train.defaults import choose_numbers
from gluonfr.utils import parse_arguments

# The ring-loss document, MNIST: epochs, lr, lamda; steps, wd, momentum, batch and the epochs from picture to picture.
RING = {'ringloss-finetune': (100, 0.01, 0.1), 'ringloss-scratch': (100, 0.1, 0.1)}
RING_SHARED = {'optimizer': 'sgd', 'lr_mode': 'step', 'lr_steps': [40, 70], 'lr_factor': 0.1, 'wd': 5e-4,
               'momentum': 0.9, 'batch_size': 256, 'plot_every': 5, 'model': 'mnistnet', 'embedding_size': 2,
               'head': 'weight_norm', 'warmup': 0, 'clip': 0, 'circle': 0, 'head_lr': 1}
PRETRAIN_EPOCHS = 10
# The same document, faces: [0.01, 10.0, [60000, 120000, 180000, inf], 0.1, 0.9, 4e-05, 512] in its log; its text
# recommends R from 20.
RING_FACES = {'lamda': 0.01, 'r_init': 20.0, 'lr_steps': [60000, 120000, 180000], 'lr': 0.1, 'momentum': 0.9,
              'wd': 4e-5, 'batch_size': 512}
# The angular document: lr, epochs after which it falls and to which part; SGD, 20 epochs, batches of 128.
SLOW, FAST = (4, 0.5), (5, 0.1)
ANGULAR = {'softmax': (0.01, *FAST), 'L-softmax_v1': (0.001, *SLOW), 'L-softmax_v2': (0.001, *SLOW),
           'A-softmax_v1': (0.001, *SLOW), 'A-softmax_v2': (0.001, *SLOW), 'norm-softmax': (0.001, *FAST),
           'CosFace_v1': (0.01, *FAST), 'CosFace_v2': (0.01, *FAST), 'ArcFace_v1': (0.0001, 5, 0.5),
           'ArcFace_v2': (0.001, *FAST), 'ArcFace_v3': (0.001, *FAST)}
ANGULAR_SHARED = {'optimizer': 'sgd', 'epochs': 20, 'batch_size': 128, 'momentum': 0.9, 'wd': 0, 'lr_mode': 'step',
                  'warmup': 0, 'clip': 5, 'circle': 0, 'head_lr': 1, 'model': 'lenetplus', 'embedding_size': 2}


def load(name):
    """A module of examples/mnist."""
    spec = importlib.util.spec_from_file_location(name, ROOT / 'examples' / 'mnist' / (name + '.py'))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope='module')
def recipes():
    return load('recipe')


def part(recipe, keys):
    return {key: recipe[key] for key in keys}


@pytest.mark.parametrize('source', ['full', 'demo'])
@pytest.mark.parametrize('name', RING)
def test_ring_loss_on_mnist(recipes, name, source):
    recipe = recipes.choose(recipes.load_config(), preset=name, source=source)
    assert part(recipe, RING_SHARED) == RING_SHARED
    assert (recipe['epochs'], recipe['lr'], recipe['loss_args']['lamda']) == RING[name]
    assert recipe['loss_args']['r_init'] == 1
    assert recipe['finetune'] == ('' if name == 'ringloss-scratch' else 'ringloss-pretrain')


def test_softmax_before_ring_loss(recipes):
    recipe = recipes.choose(recipes.load_config(), preset='ringloss-pretrain')
    wanted = {**RING_SHARED, 'lr_steps': [], 'epochs': PRETRAIN_EPOCHS, 'loss': 'softmax', 'lr': 0.01}
    assert part(recipe, wanted) == wanted


@pytest.mark.parametrize('name', ANGLE_SETTINGS)
def test_named_settings_as_their_document_trains_them(recipes, name):
    recipe = recipes.choose(recipes.load_config(), preset=name + '-sgd')
    assert part(recipe, ANGULAR_SHARED) == ANGULAR_SHARED and recipe['lossname'] == name
    lr, step, factor = ANGULAR[name]
    assert (recipe['lr'], recipe['lr_factor']) == (lr, factor)
    assert recipe['lr_steps'] == list(range(step, ANGULAR_SHARED['epochs'], step))


def commands(script):
    """The options of each `gluonfr train` in a script, as the command reads them."""
    text = (ROOT / 'scripts' / script).read_text(encoding='utf-8').replace('\\\n', ' ')
    for line in text.splitlines():
        if line.startswith('run_gluonfr train'):
            words = [word for word in shlex.split(line)[1:] if word not in ('$@', '${common[@]}')]
            yield make_parser().parse_args(words)


def test_ring_loss_on_faces():
    (args,) = commands('mobilefacenet-ringloss.sh')
    said = {**vars(args), **parse_arguments(args.loss_args)}
    assert part(said, RING_FACES) == RING_FACES
    assert (args.network, args.loss, args.optimizer, args.lr_factor) == ('mobilefacenet_ring', 'ringloss', 'sgd', 0.1)


@pytest.mark.parametrize('script', ['mobilefacenet-arcface.sh', 'people-arcface.sh'])
def test_arcface_is_the_papers(script):
    arc = [args for args in commands(script) if args.loss == 'arcface']
    assert arc and all(parse_arguments(args.loss_args)['easy_margin'] is False for args in arc)


def hinted(*words, size=256):
    args = make_parser().parse_args(['train', '--dataset', 'd', '--out', 'o', *words])
    numbers = choose_numbers(10 ** 4, batch_size=args.batch_size, lr=args.lr)
    return hints(network=args.network, embedding_size=size, finetuned=bool(args.finetune), loss=args.loss,
                 loss_arguments=parse_arguments(args.loss_args), margin_warmup=args.margin_warmup,
                 optimizer=args.optimizer, batch_size=numbers.batch_size, lr=numbers.lr, sampler=args.sampler,
                 steps=args.steps or numbers.steps, accumulate=args.accumulate, ema=args.ema,
                 distill=args.distill if args.teacher else None, teacher_size=512)


PAPER = '--loss-args', 'easy_margin=False'


@pytest.mark.parametrize('words, size, expected', [
    (['--loss', 'ringloss:lamda=0.01+arcface'], 256, 'ArcFace has easy_margin=True by default'),
    (['--loss', 'softmax+svxsoftmax'], 256, 'SVXSoftmax has neither margin nor emphasis by default, as in gluonfr 1.0'),
    ([], 256, 'easy_margin=True by default, as in gluonfr 1.0: targets beyond 90 degrees, half of them on a fresh net'),
    ([*PAPER, '--batch-size', '32'], 256, '0.1 is for batches of 128 and more: with --batch-size 32, try --lr 0.025'),
    ([*PAPER, '--batch-size', '32', '--accumulate', '2'], 256, 'with --batch-size 32 --accumulate 2, try --lr 0.05.'),
    ([*PAPER, '--ema', '0.999', '--steps', '500'], 256, 'over about 1,000 steps, and the run has 500: the average '
     'keeps much of its beginning. Try --ema 0.98.'),
    ([*PAPER, '--teacher', 'r50'], 256, 'embeddings of 256 values for the 512 of the teacher, its distance is small'),
    (['--loss', 'supcon'], 256, 'supcon learns from several images of one person in a batch, and shuffle batches'),
    (['--loss', 'softmax+triplet:mining=batch-hard'], 256, 'try --sampler pk:32x4, 4 images each of 32 people'),
    (PAPER, 128, 'a margin is hard to begin with in 128 dimensions: train with --loss softmax first'),
    ([*PAPER, '--network', 'mbf'], 512, '512 dimensions are hard to train for a small network such as mbf'),
])
def test_hints_where_they_apply(words, size, expected):
    (line,) = hinted(*words, size=size)
    assert expected in line


@pytest.mark.parametrize('words, size', [
    (PAPER, 256), (['--loss', 'arcface:easy_margin=False+ringloss:lamda=0.01'], 256),
    (['--loss', 'svxsoftmax:t=1.2'], 256), (['--loss', 'svxsoftmax', '--loss-args', 'm2=0.35'], 256),
    (['--loss', 'cosloss'], 256), (['--loss', 'circlepair', '--sampler', 'pk:32x4'], 256),
    ([*PAPER, '--network', 'iresnet50'], 512), ([*PAPER, '--network', 'iresnet50', '--teacher', 'r50'], 512),
    ([*PAPER, '--teacher', 'r50', '--distill', '50'], 256), ([*PAPER, '--batch-size', '32', '--accumulate', '4'], 256),
    ([*PAPER, '--ema', '0.99', '--steps', '500'], 256),
    ([*PAPER, '--batch-size', '32', '--lr', '0.05'], 256),
    ([*PAPER, '--batch-size', '32', '--optimizer', 'adam'], 256),
    ([*PAPER, '--finetune', 'runs/a'], 128), ([*PAPER, '--margin-warmup', '100'], 128), (['--loss', 'softmax'], 128),
    ([*PAPER, '--network', 'mbf', '--finetune', 'w600k_mbf'], 512),
])
def test_no_hint_where_none_applies(words, size):
    assert hinted(*words, size=size) == []


def test_a_class_layer_with_normalised_weights_only():
    import mxnet as mx
    import numpy as np

    from gluonfr.nn import get_head
    head = get_head('weight_norm', 3, 2)
    head.initialize()
    weight, x = np.array([[3.0, 4], [0, 2], [1, 0]]), np.array([[10.0, 5]])
    head.weight.set_data(mx.nd.array(weight))
    wanted = x @ (weight / np.linalg.norm(weight, axis=1, keepdims=True)).T
    assert np.allclose(head(mx.nd.array(x)).asnumpy(), wanted)


def test_the_net_of_the_ring_loss_document():
    import mxnet as mx
    import numpy as np
    net = load('mnist_net').make_net('mnistnet', 2)
    net.initialize()
    assert net(mx.nd.zeros((2, 1, 28, 28))).shape == (2, 2)
    # 5x5 convolutions of 32 and 64 channels, layers of 128 and 256 units, an embedding without bias
    sizes = [25 * 32 + 32, 25 * 32 * 64 + 64, 1024 * 128 + 128, 128 * 256 + 256, 256 * 2]
    assert sum(int(np.prod(p.shape)) for p in net.collect_params().values()) == sum(sizes)
