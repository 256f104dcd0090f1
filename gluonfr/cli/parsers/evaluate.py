"""Options of `gluonfr evaluate`."""
from .common import add_command, add_faces, add_net, natural, positive, user_path

__all__ = ['add_commands']


def add_commands(commands):
    """Add the command."""
    parser = add_command(commands, 'evaluate', 'measure a network, embeddings or scores on any data', """
examples:
  gluonfr evaluate outputs/mine-run --data lfw.bin --out outputs/lfw
  gluonfr evaluate outputs/mine-run --data PEOPLE --out outputs/people --advise 1e-3 --write-card
  gluonfr evaluate outputs/mine-run --data PEOPLE --groups groups.csv --quality norm --out outputs/groups
  gluonfr evaluate outputs/mine-run --data PHOTOS --detect yunet --out outputs/photos
  gluonfr evaluate NEW OLD --data PEOPLE --out outputs/both
  gluonfr evaluate NEW --data PEOPLE --against outputs/old --out outputs/new
  gluonfr evaluate --data embeddings.npz --protocol pairs --far 1e-4 1e-3 --out outputs/mine
  gluonfr evaluate --data scores.csv --out outputs/anybody
  gluonfr evaluate outputs/mine-run --data GALLERY --probes PROBES --out outputs/search
  gluonfr evaluate outputs/mine-run --data PEOPLE --distractors OTHERS --out outputs/million
  gluonfr evaluate outputs/mine-run --data IJBC --out outputs/ijbc

DATA is one of:
  FILE.bin, FILE.xz      pairs as InsightFace packs them; or the name of such a set in --root (lfw, cfp_fp, xqlfw, ...)
  a folder of people     person/image.jpg, aligned; with --detect photographs; also a list path<TAB>label, or a .rec
  a list of pairs        path path 1 or 0; or as LFW's pairs.txt; --root is the folder of the images
  FILE.npz               embeddings with people, labels or names, as `gluonfr embed` writes them; or pairs: first,
                         second, same; or scores: score, same, group
  FILE.csv               scores: the first line names the columns score, same, and if known group, first and
                         second (the people)
  a folder of IJB        with meta/ijbc_face_tid_mid.txt and others, and images, --features or --scores
  a folder of TinyFace   with Gallery_Match, Probe and Gallery_Distractor

Protocols (--protocol; without it those that fit the data):
  kfold           accuracy over folds: the threshold is chosen on the other folds
  pairs           the share of genuine pairs accepted (TAR) at false accept rates (FAR) of 1e-6 to 0.1
  identification  is the first found the right one (rank-1, rank-5), and is an unknown face refused (DIR at FPIR)
  distractors     rank-1 among ever more faces of others
  groups          pairs by group of people, and how far the groups lie apart
  quality         errors when the worst images are refused
  templates       pairs of templates of several images (IJB-B, IJB-C)

A number that the data cannot show is not printed, and a sentence says so. OUT.json has everything, with the command
that repeats it and hashes of data and weights; OUT.npz has the scores. With several NET the files are OUT-NET.json.
An image that cannot be read is left out and listed.""", 'evaluate:evaluate')
    add_net(parser, nargs='*')
    parser.add_argument('--data', type=user_path, required=True, metavar='DATA', help='what to measure on: see below')
    parser.add_argument('--out', type=user_path, required=True, metavar='OUT',
                        help='the result is written to OUT.json and OUT.npz')
    parser.add_argument('--protocol', nargs='+', dest='protocols', metavar='NAME',
                        help='what to measure (default: what fits the data)')
    parser.add_argument('--far', nargs='+', type=float, dest='fars', metavar='X',
                        help='false accept rates at which to measure the TAR')
    parser.add_argument('--fpir', nargs='+', type=float, dest='fpirs', metavar='X',
                        help='false positive identification rates at which to measure the DIR of identification')
    parser.add_argument('--nfolds', type=positive, metavar='N',
                        help='folds of kfold (default 10, or fewer where there are few people or pairs)')
    parser.add_argument('--protocol-args', nargs='+', default=[], metavar='KEY=VALUE',
                        help='other arguments of the protocols')
    group = parser.add_argument_group('data')
    group.add_argument('--root', type=user_path, metavar='DIR',
                       help='folder of the sets that have names (default ~/.mxnet/datasets/face), or of the images of '
                            'a list of pairs')
    group.add_argument('--probes', type=user_path, metavar='DATA',
                       help='search these people in DATA, the gallery; one who is not in it should be refused')
    group.add_argument('--distractors', type=user_path, metavar='DATA',
                       help='faces of others, images or embeddings, among whom the people of DATA are searched')
    group.add_argument('--noise', nargs='+', type=user_path, default=[], metavar='FILE',
                       help='lists of images of both that are left out, such as those of MegaFace')
    group.add_argument('--features', type=user_path, metavar='FILE',
                       help='embeddings in place of NET, a .npy or .npz in the order of the images')
    group.add_argument('--scores', type=user_path, metavar='FILE',
                       help='scores of the pairs of a folder of IJB in their order, in place of NET')
    group.add_argument('--groups', type=user_path, metavar='FILE',
                       help='group of each image or person: lines of image or person, and group')
    group.add_argument('--quality', metavar='WHAT',
                       help='quality of images, higher is better: norm (length of the embedding), a file of image and '
                            'number, or a column of the .npz')
    group.add_argument('--stretch', action='store_true', help='stretch images to the size that the network takes')
    group.add_argument('--most-pairs', type=positive, metavar='N',
                       help='compare all pairs of people up to N, and a sample of 10,000,000 of more (default '
                            '1,000,000,000)')
    group.add_argument('--unknown', type=float, metavar='SHARE',
                       help='share of the people whom the gallery does not know (default: those with one image)')
    group.add_argument('--seed', type=natural, default=0, metavar='N', help='of what is drawn (default 0)')
    group = parser.add_argument_group('beside the numbers')
    group.add_argument('--advise', nargs='+', type=float, default=[], metavar='FMR',
                       help='thresholds at which about this share of pairs of two people is taken for one person')
    group.add_argument('--write-card', action='store_true',
                       help='write the first of these into the card of NET: compare and search then use it')
    group.add_argument('--train-data', type=user_path, metavar='DATA',
                       help='what NET was trained on: look for people and images that are in both')
    group.add_argument('--against', type=user_path, metavar='RESULT',
                       help='compare with an earlier result on the same data')
    group.add_argument('--hardest', type=natural, default=24, metavar='N',
                       help='hardest pairs of each kind that are kept (default 24)')
    group.add_argument('--no-faces', action='store_true', help='keep no small pictures of them')
    group.add_argument('--report', type=user_path, metavar='FILE',
                       help='show the results, and that of --against, as a page, too: one .html file (needs '
                            'gluonfr[report])')
    group.add_argument('--map', choices=('pca', 'tsne', 'umap', 'none'), default='pca',
                       help='how embeddings are brought to the plane (default pca)')
    group.add_argument('--no-progress', action='store_true', help='no progress bar')
    add_faces(parser)
