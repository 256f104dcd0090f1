"""Drawn people as files of 28 x 28 pixels, and a small network with a card, for tests of gluonfr.tune."""
import mxnet as mx

from gluonfr.data import SyntheticFaces
from gluonfr.data.image import encode, resize
from gluonfr.model_zoo import get_model
from gluonfr.model_zoo.card_file import write_card

# a search that does not look at the clock
SHORT = dict(losses=['arcface', 'cosloss', 'softmax'], candidates=4, rungs=2, epochs=2, finetune_steps=2, folds=2)


def make_people(folder, people=8, images=4, side=28):
    """A folder of people p0, p1, ... of drawn faces."""
    faces = SyntheticFaces(people, images, seed=1, size=32)
    for i in range(len(faces)):
        image, label = faces.read(i)
        path = folder / 'p{}'.format(label) / '{}.png'.format(i % images)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(encode(resize(image, (side, side)), '.png'))
    return folder


def make_net(folder, size=8):
    """A folder with a card and random weights of LeNet++."""
    folder.mkdir()
    mx.random.seed(0)
    net = get_model('lenetplus', embedding_size=size)
    net.initialize(mx.init.Xavier())
    net(mx.nd.zeros((1,) + net.input_spec.shape))
    net.save_parameters(str(folder / 'net.params'))
    write_card(str(folder / 'card.json'), str(folder / 'net.params'), 'lenetplus', {'embedding_size': size},
               net.input_spec)
    return folder
