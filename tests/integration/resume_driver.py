"""A small training that test_resume.py kills."""
import os
import time

import gluonfr  # noqa: F401  (before mxnet)
import numpy as np
from mxnet import gluon

from gluonfr.data.loading import ArrayLoader
from gluonfr.loss import get_loss
from gluonfr.nn import PartialFC
from gluonfr.train import Callback, Checkpoint, CSVLog, fit
from gluonfr.utils.lr_scheduler import IterLRScheduler

CLASSES, SIZE, BATCH, SAMPLES, EPOCHS = 4, 3, 16, 180, 4  # 12 batches an epoch, the last of 4 samples
OPTIMIZERS = {'sgd': {'momentum': 0.9, 'wd': 1e-3}, 'adam': {'wd': 1e-3}}
LOSSES = {'softmax': {}, 'cosface': {'classes': CLASSES, 's': 8}, 'ringloss': {'lamda': 0.1},
          'centerloss': {'classes': CLASSES, 'embedding_size': SIZE, 'lamda': 0.1}}


def teacher(x):
    """Two of the six numbers as an embedding: of another size than the network's."""
    return x[:, :2]


OPTIONS = dict(accumulate=2, ema=0.9, teacher=teacher, distill=3, lr_mult={'net/0': 0.5})


class Report(Callback):
    """Tells the parent how far the training is, and leaves it time to strike."""

    def on_step_end(self, state):
        print('step', state.step, flush=True)
        time.sleep(0.01)


def build():
    """Net with running statistics and dropout, and a head."""
    net = gluon.nn.HybridSequential(prefix='net_')
    with net.name_scope():
        net.add(gluon.nn.Dense(8, activation='relu'), gluon.nn.BatchNorm(), gluon.nn.Dropout(0.3),
                gluon.nn.Dense(SIZE))
    return net, gluon.nn.Dense(CLASSES, in_units=SIZE, prefix='head_')


def main(folder, optimizer, loss, options=''):
    """The training; with `options` each step takes two batches, and weights are averaged and taught."""
    random = np.random.RandomState(1)
    label = random.randint(0, CLASSES, SAMPLES)
    data = random.rand(SAMPLES, 6).astype('float32') + np.eye(6, dtype='float32')[label]
    net, head = build()
    if loss == 'cosface':
        head = PartialFC(CLASSES, SIZE, num_sample=3)  # of batches with more classes and, the last, with fewer
    schedule = IterLRScheduler('cosine', 0.05 if optimizer == 'sgd' else 0.01, 48, warmup_iters=5)
    state = fit(net, get_loss(loss, **LOSSES[loss]), ArrayLoader(data, label, BATCH, shuffle=True, seed=3), head=head,
                epochs=2 * EPOCHS if options else EPOCHS, optimizer=optimizer,
                optimizer_params=OPTIMIZERS[optimizer], lr_scheduler=schedule,
                clip_gradient=1.0, seed=7, resume='auto', **(OPTIONS if options else {}),
                callbacks=[Report(), CSVLog(os.path.join(folder, 'log.csv')),
                           Checkpoint(folder, every_steps=3, keep=2, monitor='loss', mode='min')])
    print('end', state.step)

