"""People drawn by a program, and a small network with a card, for tests of fine-tuning."""
import hashlib
import os

import mxnet as mx

from gluonfr.data import SyntheticFaces, encode
from gluonfr.finetune import finetune
from gluonfr.model_zoo import get_model
from gluonfr.model_zoo.card_file import write_card

ARGUMENTS = {'blocks': [1, 0, 0, 0], 'input_size': 32, 'embedding_size': 16}
QUICK = {'epochs': 2, 'folds': 2, 'lr': 0.05, 'batch_size': 8}


def write_people(folder, people=6, images=4, seed=0):
    """A folder with a folder of images of 32 x 32 pixels for each person."""
    faces = SyntheticFaces(people, images, seed=seed, size=32)
    for i in range(len(faces)):
        image, label = faces.read(i)
        path = folder / 'p{}'.format(label) / '{}.png'.format(i % images)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(encode(image, '.png'))
    return folder


def write_start(folder, seed=0):
    """A folder with a network that was never trained, and its card."""
    folder.mkdir(parents=True, exist_ok=True)
    net = get_model('mobilefacenet', **ARGUMENTS)
    mx.random.seed(seed)
    net.initialize()
    net(mx.nd.zeros((1, 3, 32, 32)))
    net.save_parameters(str(folder / 'net.params'))
    write_card(str(folder / 'card.json'), str(folder / 'net.params'), 'mobilefacenet', ARGUMENTS, net.input_spec,
               licence='mine')
    return folder


def tune(people, start, out, **options):
    """`finetune` for a moment."""
    return finetune(str(people), str(start), str(out), **{**QUICK, **options})


def hashes(folder):
    """{path: SHA-256} of all files below a folder."""
    return {os.path.relpath(os.path.join(root, name), str(folder)): hashlib.sha256(
        open(os.path.join(root, name), 'rb').read()).hexdigest() for root, _, names in os.walk(str(folder))
        for name in names}
