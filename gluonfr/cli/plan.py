"""`gluonfr plan`: what a training with many people takes, and which class layer to give it."""
from ..scale import advise, make_plan, measure_rates
from ..utils.check import check_number
from ..utils.system import machine_memory
from .listing import print_table

__all__ = ['plan']

COLUMNS = ('class layer', 'scored a step', 'memory, GB', 'checkpoint, GB', 'class layer, s', 'step, s')


def plan(args):
    """Print a line for each class layer, and the advice."""
    if args.memory is not None:
        check_number('--memory', 'memory', args.memory, 0, low_open=True)
    rates = measure_rates()
    choices = make_plan(args.classes, args.network, args.batch_size, rates=rates, embedding_size=args.embedding_size,
                        workers=args.workers, sample_rate=args.sample_rate, num_sample=args.num_sample)
    memory = machine_memory() if args.memory is None else args.memory * 1e9
    if memory is None:
        raise ValueError('--memory must be given here, as this system does not tell how much there is.')
    print_table([COLUMNS] + [row(choice) for choice in choices])
    print('with {:,.0f} GFLOP/s and {:,.0f} GB/s, as this machine has now'.format(*rates))
    if args.workers > 1:
        print('in each of {:,} processes; sharded is --class-shards of `gluonfr launch`, and sampled this with '
              '--num-sample'.format(args.workers))
    print(advise(choices, memory, args.workers))


def row(choice):
    """A class layer's cells under COLUMNS."""
    return (choice.head, '{:,}'.format(choice.scored), '{:,.1f}'.format(choice.memory / 1e9),
            '{:,.1f}'.format(choice.checkpoint / 1e9), '{:.3g}'.format(choice.head_seconds),
            '{:.3g}'.format(choice.step_seconds))
