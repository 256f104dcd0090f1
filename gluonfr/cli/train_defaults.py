"""Options of `gluonfr train` that follow from the data where they are not given."""
import logging

__all__ = ['BATCH', 'LR', 'fill_batch', 'fill_warmups']

BATCH, LR = 128, 0.1
BATCHES, SMALLEST = 4, 8  # batches an epoch that a set should give; a BatchNorm over less than 8 images is noise
WARMUPS = {'warmup': ('--warmup', 100, 10), 'margin_warmup': ('--margin-warmup', 500, 4)}
log = logging.getLogger('gluonfr')


def fill_batch(args, images):
    """Set --batch-size and --lr where they were not given: 128 and 0.1, in a small set less of both, and say so."""
    chosen = args.batch_size is None
    if chosen:
        fitting = 1 << max(images // BATCHES, 1).bit_length() - 1
        grouped = args.sampler.startswith('pk:')  # which says the batch itself
        args.batch_size = BATCH if grouped else min(BATCH, max(fitting, SMALLEST), images)
    said = ['--batch-size {}'.format(args.batch_size)]
    if args.lr is None:
        args.lr = LR * args.batch_size / BATCH if chosen else LR
        said.append('--lr {:g}'.format(args.lr))
    if chosen and args.batch_size < BATCH:
        log.info('default for %d images: %s', images, ' '.join(said))


def fill_warmups(args, steps):
    """Set --warmup and --margin-warmup where they are 'auto', and say so; a margin that will not be reached, too."""
    said = []
    for name, (option, most, share) in WARMUPS.items():
        if getattr(args, name) == 'auto':
            setattr(args, name, min(most, steps // share))
            said.append('{} {}'.format(option, getattr(args, name)))
    if said:
        log.info('auto, for %d steps: %s', steps, ' '.join(said))
    if args.margin_warmup > steps:
        log.warning('--margin-warmup %d is longer than the run of %d steps: the margin ends at %.0f %% of its value',
                    args.margin_warmup, steps, 100 * steps / args.margin_warmup)
