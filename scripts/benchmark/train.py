"""Time training steps: gluonfr beside PyTorch, and beside the same net with Gluon's own PReLU.

    python scripts/benchmark/train.py --quick                 # two short rounds
    python scripts/benchmark/train.py --save                  # and write resources/results/benchmark-train.csv
    python scripts/benchmark/train.py --only mobilefacenet --neighbour

A step is what a training does with one batch of 112x112 images that lies in memory: net, ArcFace over 1,000 classes,
backward, SGD with momentum 0.9 and weight decay 5e-4, float32. gluonfr runs it by `gluonfr.train.fit`, with head and
loss of `gluonfr train --loss arcface`, so its time holds all that users get: the counting of hits, the checks, the
running loss. PyTorch runs the bare step of the usual loop, with its fused SGD and as many threads as there are cores,
in the memory format channels_last and in its default one. The nets have equally many learned values, or the script
stops. "Gluon's PReLU" is gluonfr's loop again, with `mxnet.gluon.nn.PReLU` and as many threads as MXNet takes by
itself: half the processors.

The tasks in bfloat16 set the layers' precision, `fit(precision='bfloat16')`, beside float32 and beside PyTorch's
autocast. They say something of the processor that they run on: its instruction sets stand in each row.
"""
import os

import numpy as np
from bench import BenchError, Contestant, Task, cores, logical_processors, main
from gluonfr.compat import instruction_sets  # bench has found this checkout
from peers import CLASSES, SGD, half_the_processors, torch_train, training_batch, with_gluon_prelu

PYTORCH = ('torch',)


def gluonfr_train(link, network, batch, steps, gluon_prelu=False, loader=None, precision='float32'):
    """Rounds of `steps` steps of `fit` in a precision, on one cached batch or on what loader(spec) gives."""
    import gluonfr
    import mxnet as mx
    from gluonfr.loss import LOSSES, fill_arguments
    from gluonfr.model_zoo import get_model
    from gluonfr.train import Callback, fit

    def make():
        return get_model(network, need_cls_layer=False)

    net = with_gluon_prelu(make) if gluon_prelu else make()
    size = net.input_spec.embedding_size
    loss = LOSSES.create('arcface', **fill_arguments('arcface', {}, classes=CLASSES, embedding_size=size))
    head = gluonfr.nn.get_head(loss.head, CLASSES, size)
    params = list(net.collect_params().values()) + list(head.collect_params().values())
    info = {'threads': os.environ['OMP_NUM_THREADS'],
            'learned': int(sum(np.prod(param.shape) for param in params if param.grad_req != 'null'))}

    class Rounds(Callback):
        """Two steps to warm up; then waits for each round."""

        left, warm = 2, False

        def on_step_end(self, state):
            self.left -= 1
            if self.left:
                return
            mx.nd.waitall()
            if self.warm:
                link.done()
            else:
                link.ready(gluonfr, mx, np, **info)
            self.left, self.warm = steps, True
            if not link.go():
                state.request_stop('there are no more rounds')

    x, label = training_batch(batch)
    data = loader(net.input_spec) if loader else Cached(mx.nd.array(x), mx.nd.array(label, dtype='int32'))
    fit(net, loss, data, head=head, epochs=10 ** 9, callbacks=[Rounds()], precision=precision, optimizer='sgd',
        optimizer_params={'learning_rate': SGD['lr'], 'momentum': SGD['momentum'], 'wd': SGD['weight_decay']})


class Cached:
    """One batch, again and again."""

    def __init__(self, *batch):
        self._batch = batch

    def batches(self, epoch, start):
        """Batches without end."""
        while True:
            yield self._batch


def same_net(infos):
    """Check that all have equally many learned values."""
    counts = {name: info['learned'] for name, info in infos.items()}
    if len(set(counts.values())) > 1:
        raise BenchError('the nets must have equally many learned values, got {}.'.format(counts))


def contestants(network, batch, steps, goal):
    """gluonfr, and PyTorch in both memory formats."""
    ours = {'network': network, 'batch': batch, 'steps': steps}
    theirs = dict(ours, cores=cores())
    return [Contestant('gluonfr', 'gluonfr', ours),
            Contestant('PyTorch, channels_last', 'torch', theirs, goal=goal, needs=PYTORCH),
            Contestant('PyTorch, contiguous', 'torch', dict(theirs, channels_last=False), needs=PYTORCH)]


def in_bfloat16(network, batch, steps, goal_with_amx=1.0):
    """gluonfr and PyTorch in bfloat16, beside both in float32."""
    goal = goal_with_amx if 'amx_bf16' in instruction_sets() else 1.0
    ours = {'network': network, 'batch': batch, 'steps': steps}
    theirs = dict(ours, cores=cores())
    return [Contestant('gluonfr, bfloat16', 'gluonfr', dict(ours, precision='bfloat16')),
            Contestant('gluonfr, float32', 'gluonfr', ours, goal=goal),
            Contestant('PyTorch, channels_last, bfloat16', 'torch', dict(theirs, bfloat16=True), goal=1.0,
                       needs=PYTORCH),
            Contestant('PyTorch, channels_last, float32', 'torch', theirs, needs=PYTORCH)]


def tasks(args):
    """The two nets in float32, and in bfloat16."""
    small, large = args.batch or 32, args.batch or 16
    steps = args.steps or (3 if args.quick else 6)
    plain = Contestant("Gluon's PReLU, MXNet's threads", 'gluonfr', goal=5.0, settings={
        'network': 'mobilefacenet', 'batch': small, 'steps': args.steps or 1 + steps // 6, 'gluon_prelu': True},
        environ=half_the_processors(logical_processors()))
    title = 'train {} + ArcFace, 1,000 classes, batches of {}'
    return {
        'mobilefacenet': Task(title.format('MobileFaceNet 128-d', small), small,
                              contestants('mobilefacenet', small, steps, 2.0) + [plain], check=same_net),
        'iresnet50': Task(title.format('IResNet-50 512-d', large), large,
                          contestants('iresnet50', large, args.steps or steps // 3, 1.4), check=same_net),
        'mobilefacenet-bfloat16': Task(title.format('MobileFaceNet 128-d', small) + ', bfloat16', small,
                                       in_bfloat16('mobilefacenet', small, steps), check=same_net),
        'iresnet50-bfloat16': Task(title.format('IResNet-50 512-d', large) + ', bfloat16', large,
                                   in_bfloat16('iresnet50', large, args.steps or steps // 3, 1.6), check=same_net)}


WORKERS = {'gluonfr': gluonfr_train, 'torch': torch_train}

if __name__ == '__main__':
    main(__file__, __doc__, tasks, WORKERS)
