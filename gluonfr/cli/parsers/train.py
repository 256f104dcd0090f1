"""Options of `gluonfr train`."""
from .common import FLIPS, add_command, natural, on_error, positive, user_path

__all__ = ['add_commands', 'add_options']

EXAMPLE = """
examples:
  gluonfr train --dataset emore --network mobilefacenet --loss arcface \\
      --loss-args m=0.5 s=64 easy_margin=False --batch-size 512 --lr 0.1 --lr-steps 100000 140000 160000 \\
      --eval lfw agedb_30 --gpus 0,1 --out outputs/arc
  gluonfr train --dataset PEOPLE --network mobilefacenet --loss softmax --epochs 10 --out outputs/mine-run
  gluonfr train --dataset PEOPLE --network mobilefacenet --loss arcface \\
      --loss-args m=0.3 s=10 easy_margin=False --finetune outputs/mine-run --epochs 10 --lr 0.01 \\
      --out outputs/mine-arcface
  gluonfr train --dataset PEOPLE --network mobilefacenet --loss arcface --teacher w600k_r50 --distill 50 \\
      --ema 0.999 --accumulate 2 --out outputs/mine-pupil

  gluonfr train --dataset HUGE --network iresnet50 --loss cosface --sample-rate 0.1 --out outputs/huge

--out gets log.txt, steps.csv, metrics.csv, verify.csv, curves.png, report.html, tensorboard/, checkpoint/ (best and
newest) and the card of the network: `gluonfr verify outputs/mine-run --data lfw`. The same command with --resume
continues exactly.
On Ctrl-C or a lost connection a checkpoint is saved first."""


def add_commands(commands):
    """Add the command."""
    add_options(add_command(commands, 'train', 'train a face-recognition network', EXAMPLE, 'train:train'))


def natural_or_auto(text):
    """An int >= 0 or 'auto', for argparse."""
    return text if text == 'auto' else natural(text)


def add_options(parser):
    """Add them, in groups."""
    data = parser.add_argument_group('data')
    data.add_argument('--dataset', type=user_path, required=True, metavar='NAME|DIR|FILE',
                      help='a set in --root (emore, ms1m, vgg or a folder that `gluonfr pack` made), a folder with '
                           'train.rec, a folder of people, or a list file')
    data.add_argument('--root', type=user_path, metavar='DIR',
                      help='folder of the sets (default ~/.mxnet/datasets/face)')
    data.add_argument('--data-iter', choices=('gluon', 'dali'), default='gluon',
                      help='what decodes and augments the images (default gluon)')
    data.add_argument('--augment', default='mirror', metavar='A,B',
                      help="augmentations: mirror,crop,photometric,... or none (default 'mirror')")
    data.add_argument('--sampler', default='shuffle', metavar='KIND',
                      help="shuffle; balanced: every person equally often; pk:PxK: P people with K images each, for "
                           "losses "
                           'over pairs (default shuffle)')
    data.add_argument('--batch-size', type=positive, metavar='N',
                      help='total of all GPUs (default 128, or less if that gives fewer than four batches per epoch)')
    on_error(data)
    data.add_argument('--workers', type=natural, metavar='N', help='decoding threads (default: by the number of cores)')

    model = parser.add_argument_group('network and loss')
    model.add_argument('--network', default='mobilefacenet', metavar='NAME',
                       help='a network of `gluonfr models` (default mobilefacenet)')
    model.add_argument('--network-args', nargs='+', default=[], metavar='KEY=VALUE',
                       help='arguments of the network, such as use_se=True')
    model.add_argument('--embedding-size', type=positive, metavar='D',
                       help="length of the embeddings (default: that of the network)")
    model.add_argument('--loss', default='arcface', metavar='NAME',
                       help='a loss of `gluonfr losses`, or several with + between them, such as '
                            'arcface+ringloss:lamda=0.01 (default arcface)')
    model.add_argument('--loss-args', nargs='+', default=[], metavar='KEY=VALUE',
                       help='arguments of the loss, such as m=0.3 s=32')
    model.add_argument('--sample-rate', type=float, metavar='X',
                       help='score all people of a batch and a sample of the others, this share of all, in (0, 1]: for '
                            'sets of hundreds of thousands (default: all, see `gluonfr plan`)')
    model.add_argument('--num-sample', type=positive, metavar='N', help='the number of people to score, instead')
    model.add_argument('--filter-negatives', type=float, metavar='COS',
                       help='with --sample-rate or --num-sample: leave out the other people nearer to an image than '
                            'this cosine, such as 0.4, who may be the same person under another label')
    model.add_argument('--margin-warmup', type=natural_or_auto, default=0, metavar='STEPS|auto',
                       help='let the margin grow from 0 in so many steps; auto: a quarter of the run, at most 500 '
                            '(default 0)')
    model.add_argument('--class-shards', action='store_true',
                       help='divide the class centres between the workers of `gluonfr launch`, for more classes than '
                            'one machine holds, with --sample-rate or --num-sample of each part; for losses of the '
                            'ArcFace and CosFace families')
    model.add_argument('--finetune', type=user_path, metavar='RUN|FILE|NAME',
                       help='start from these weights of the same network: a run, a card, a checkpoint, a .params '
                            'file, or '
                            'the name of pretrained weights (`gluonfr models`)')
    model.add_argument('--freeze', nargs='+', default=[], metavar='PATTERN',
                       help='layers that keep the weights of --finetune: backbone for the whole network, or regular '
                            r'expressions for the beginnings of names, such as net/features\.[0-5]\.')
    model.add_argument('--teacher', type=user_path, metavar='NET',
                       help='distil this network: the embeddings follow those that it has of the same augmented '
                            'images; the folder or card of a training or of `gluonfr convert`, an .onnx, or the name '
                            'of pretrained weights, of any embedding size')
    model.add_argument('--distill', type=float, default=1.0, metavar='X',
                       help='factor of the distance from the teacher in the loss: 1 - cosine, or with embeddings of '
                            'another size the squared difference of the cosines within a batch, which wants a factor '
                            'of 10 to 100 (default 1)')
    model.add_argument('--dtype', choices=('float32', 'float16'), default='float32', help='float16 needs GPUs')
    model.add_argument('--precision', choices=('float32', 'bfloat16'), default='float32',
                       help='what the layers compute in on the CPU, with float32 weights: bfloat16 is faster on '
                            'processors with AMX or avx512_bf16 (default float32)')

    steps = parser.add_argument_group('optimizer and schedule')
    steps.add_argument('--epochs', type=positive, default=None, metavar='N',
                       help='default 20, or as many as --steps takes')
    steps.add_argument('--steps', type=positive, metavar='N', help='stop after so many updates')
    steps.add_argument('--optimizer', default='sgd', metavar='NAME',
                       help='sgd, adam, nag or another of MXNet (default sgd)')
    steps.add_argument('--lr', type=float, metavar='X',
                       help='learning rate after the warm-up (default 0.1; with a default batch below 128, less in '
                            'proportion)')
    steps.add_argument('--lr-mode', choices=('step', 'cosine', 'poly'), metavar='MODE',
                       help='step, cosine or poly (default: step if --lr-steps are given, else cosine)')
    steps.add_argument('--lr-steps', type=int, nargs='+', default=[], metavar='STEP',
                       help='steps at which the rate is multiplied by --lr-factor')
    steps.add_argument('--lr-factor', type=float, default=0.1, metavar='X', help='for --lr-steps (default 0.1)')
    steps.add_argument('--warmup', type=natural_or_auto, default=0, metavar='STEPS|auto',
                       help='let the rate grow from 0 in so many steps; auto: a tenth of the run, at most 100 '
                            '(default 0)')
    steps.add_argument('--accumulate', type=positive, default=1, metavar='N',
                       help='batches to an update, as if they were one batch (but for BatchNorm): for batches that the '
                            'memory does not hold; all steps are updates (default 1)')
    steps.add_argument('--layer-decay', type=float, metavar='X',
                       help='learning rates of the stages of the network, each X times that of the stage behind it, '
                            'such as 0.8 for --finetune (default: all alike)')
    steps.add_argument('--lr-mult', nargs='+', default=[], metavar='PATTERN=FACTOR',
                       help='factors of the learning rate, by regular expressions for the beginnings of names as for '
                            '--freeze, such as net/=0.1; the last that matches counts')
    steps.add_argument('--ema', type=float, metavar='X',
                       help='average the weights over the updates with this decay, such as 0.999; the average is '
                            'verified, and goes into the card (default: none)')
    steps.add_argument('--wd', type=float, default=5e-4, metavar='X', help='weight decay (default 5e-4)')
    steps.add_argument('--momentum', type=float, default=0.9, metavar='X', help='of sgd and nag (default 0.9)')
    steps.add_argument('--clip', type=float, metavar='X', help='largest norm of the gradient (default: none)')
    steps.add_argument('--auto', action='store_true',
                       help='where the loss becomes NaN or infinite, go back to the last checkpoint (--save-every) and '
                            'on with half the learning rate, up to 5 times')

    run = parser.add_argument_group('run')
    run.add_argument('--out', type=user_path, required=True, metavar='DIR',
                     help='folder for this run: new, empty, or with a run to --resume or to --overwrite')
    again = run.add_mutually_exclusive_group()
    again.add_argument('--resume', action='store_true', help='continue the run in --out, if there is one')
    again.add_argument('--overwrite', action='store_true', help='replace the run in --out')
    run.add_argument('--eval', nargs='+', default=[], type=user_path, metavar='SET',
                     help='verification sets: names in --root such as lfw,agedb_30, or .bin files')
    run.add_argument('--eval-every', type=positive, metavar='STEPS', help='default: at the end of each epoch')
    run.add_argument('--eval-flip', choices=FLIPS, default='none',
                     help='how the mirror image is used: sum, concat or none (default none)')
    run.add_argument('--eval-folds', type=positive, metavar='N',
                     help='folds of the cross-validation (default 10, or fewer if there are not enough pairs)')
    run.add_argument('--log-every', type=positive, metavar='STEPS',
                     help='default 50, or a tenth of a run that is shorter than 500')
    run.add_argument('--save-every', type=positive, metavar='STEPS',
                     help='also save a checkpoint every so many steps, not only after each epoch')
    run.add_argument('--gpus', default='', metavar='0,1', help='GPUs to train on (default: the CPU)')
    run.add_argument('--seed', type=natural, default=0,
                     help='random seed of weights, order and augmentation (default 0)')
    run.add_argument('--profile', action='store_true',
                     help='measure 20 steps, operator by operator, into profile.csv and a time line, profile.json')
    run.add_argument('--no-report', action='store_true',
                     help='no report.html; it comes with gluonfr[report], anew at each verification')
    run.add_argument('--no-progress', action='store_true', help='no progress bar, only log lines')
