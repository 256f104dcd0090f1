"""A small net and images, and its embeddings one by one."""

import mxnet as mx
import numpy as np
from mxnet import nd

from gluonfr.data.normalize import normalize
from gluonfr.model_zoo import InputSpec, get_model

SPEC = InputSpec((28, 28), (100.0,), (50.0,), 'grey', 2)


def images(count, size=28, seed=0):
    return np.random.RandomState(seed).randint(0, 256, (count, size, size, 3)).astype('uint8')


def lenet(ctx=None, **arguments):
    """A small net with weights that are not the start values of others."""
    net = get_model('lenetplus', **arguments)
    net.initialize(mx.init.Uniform(0.3), ctx=ctx)
    return net


class FaceDataset:
    """The dataset protocol over images in memory."""

    def __init__(self, data, paths=None):
        self._data = data
        if paths:
            self.paths = paths

    def __len__(self):
        return len(self._data)

    def read(self, i):
        return self._data[i], i


def by_hand(net, data, spec, flip):
    """Embeddings of length 1, image by image."""
    rows = []
    for image in data:
        outs = []
        for view in [image] if flip == 'none' else [image, image[:, ::-1]]:
            out = net(nd.array(normalize(view[None], spec)))
            outs.append((out[0] if isinstance(out, tuple) else out).asnumpy()[0])
        row = np.sum(outs, axis=0) if flip == 'sum' else np.concatenate(outs)
        rows.append(row / np.linalg.norm(row))
    return np.stack(rows)
