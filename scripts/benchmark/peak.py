"""How near nets come to the machine's own peak: their arithmetic beside that of a large matrix product.

    python scripts/benchmark/peak.py --quick
    python scripts/benchmark/peak.py --save                   # and write resources/results/benchmark-peak.csv

Every row says how many thousand million operations a second are done, a multiplication and an addition counting as two.
The product of two matrices of 4096 x 4096 is computed by MXNet's FullyConnected and, where it is installed, by PyTorch.
Nets count with the multiply-adds of their layers, in training with three times as many: forward, and the gradients of
inputs and of weights.
"""
import os

import numpy as np
from bench import Contestant, Task, cores, main, once
from embed import gluonfr_embed, write_weights
from train import PYTORCH, gluonfr_train

SIDE = 4096
# multiply-adds of an image of 112 x 112, as `count_macs` gives them
MACS = {'mobilefacenet': 220965376, 'iresnet50': 6309330944}


def mxnet_product(link, side, steps):
    """y = x w by oneDNN, as a dense layer has it."""
    import gluonfr
    import mxnet as mx
    x, w = (mx.nd.random.uniform(shape=(side, side)) for _ in range(2))

    def step():
        mx.nd.FullyConnected(x, w, no_bias=True, num_hidden=side).wait_to_read()

    step()
    link.rounds(step, steps, (gluonfr, mx, np), threads=os.environ['OMP_NUM_THREADS'])


def torch_product(link, side, steps, cores):
    """The same by PyTorch."""
    import torch
    torch.set_num_threads(cores)
    x, w = (torch.rand(side, side) for _ in range(2))
    with torch.inference_mode():
        x @ w
        link.rounds(lambda: x @ w, steps, (torch, np), threads=cores)


def tasks(args):
    """One table."""
    def path(name):
        return os.path.join(args.work, name)

    def prepare():
        for network in MACS:
            once(__file__, 'weights', network=network, path=path(network + '.npz'))
        for batch in (32, 16):
            np.save(path('{}.npy'.format(batch)),
                    np.random.RandomState(0).randint(0, 256, (batch, 112, 112, 3)).astype('uint8'))

    def contestant(name, worker, macs, needs=(), **settings):
        return Contestant(name, worker, settings, 'gflops', needs=needs, gflop=2 * macs / 1e9)

    listed = [contestant('matrix product', 'product', SIDE ** 3, side=SIDE, steps=2),
              contestant('matrix product, PyTorch', 'torch', SIDE ** 3, PYTORCH, side=SIDE, steps=2, cores=cores())]
    for network, batch, steps in (('mobilefacenet', 32, 6), ('iresnet50', 16, 2)):
        macs, ours = batch * MACS[network], {'network': network, 'batch': batch, 'steps': steps}
        listed += [contestant('embed ' + network, 'embed', macs, weights=path(network + '.npz'),
                              inputs=path('{}.npy'.format(batch)), outputs=path('out.npy'), **ours),
                   contestant('train ' + network, 'train', 3 * macs, **ours)]
    return {'peak': Task('arithmetic of nets beside large matrix products', 1, listed, prepare=prepare)}


WORKERS = {'product': mxnet_product, 'torch': torch_product, 'embed': gluonfr_embed, 'train': gluonfr_train,
           'weights': write_weights}

if __name__ == '__main__':
    main(__file__, __doc__, tasks, WORKERS)
