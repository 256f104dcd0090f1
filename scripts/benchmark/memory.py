"""Peak memory of training: gluonfr beside PyTorch.

    python scripts/benchmark/memory.py --quick
    python scripts/benchmark/memory.py --save                 # and write resources/results/benchmark-memory.csv

What is measured is the largest resident set (`ru_maxrss`) of a process that imports its libraries, builds net, head and
optimizer and makes a few steps of train.py: libraries, weights, gradients, momentum and activations together. Every
round is a new process.
"""
from bench import Contestant, Task, cores, main
from train import PYTORCH, WORKERS, same_net


def tasks(args):
    """Two nets, and two sizes of batch."""
    sizes = [('mobilefacenet', args.batch or 32), ('mobilefacenet', 2 * (args.batch or 32)),
             ('iresnet50', args.batch or 16)]
    return {'{}-{}'.format(network, batch): task(network, batch, args.steps or (1 if args.quick else 3))
            for network, batch in sizes}


def task(network, batch, steps):
    """One net at one size of batch."""
    ours = {'network': network, 'batch': batch, 'steps': steps}
    return Task('peak memory of training {}, batches of {}'.format(network, batch), batch, [
        Contestant('gluonfr', 'gluonfr', ours),
        Contestant('PyTorch, channels_last', 'torch', dict(ours, cores=cores()), 'memory', 1.1, needs=PYTORCH)],
        fresh=True, check=same_net)


if __name__ == '__main__':
    main(__file__, __doc__, tasks, WORKERS, rounds=3, quick_rounds=1, neighbour=False)
