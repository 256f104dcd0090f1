"""People drawn by a program, and a small network with a card, for tests of fine-tuning."""
import hashlib
import os
from unittest import mock

import mxnet as mx

from gluonfr.data import SyntheticFaces, encode
from gluonfr.finetune import finetune, judging, run
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


def tune(people, start, out, keep=False, **options):
    """`finetune` for a moment; with `keep` the new network is kept, whatever it is like."""
    def judge(*arguments):
        verdict = judging.judge(*arguments)
        return verdict._replace(keep_new=True) if keep else verdict

    with mock.patch.object(run, 'judge', judge):
        return finetune(str(people), str(start), str(out), **{**QUICK, **options})


def killed_at(name, people, start, out):
    """`tune` in a process of its own that ends at once where a file of this name is about to get its place."""
    replace = os.replace

    def place(source, target):
        if str(target).endswith(name):
            os._exit(9)
        replace(source, target)

    os.replace = place
    tune(people, start, out, keep=True)


def hashes(folder):
    """{path: SHA-256 of the file, or where a link leads} of all below a folder."""
    found = {}
    for root, _, names in os.walk(str(folder)):
        for path in (os.path.join(root, name) for name in names):
            if os.path.islink(path):
                found[os.path.relpath(path, str(folder))] = os.readlink(path)
                continue
            with open(path, 'rb') as file:
                found[os.path.relpath(path, str(folder))] = hashlib.sha256(file.read()).hexdigest()
    return found
