"""Options of `gluonfr cluster`."""
from .common import add_command, add_faces, add_net, positive, user_path

__all__ = ['add_commands']


def add_commands(commands):
    """Add the command."""
    parser = add_command(commands, 'cluster', 'group faces without names by person', """
examples:
  gluonfr cluster PHOTOS --net w600k_mbf --detect yunet --several all --out outputs/groups
  gluonfr cluster FACES --net w600k_mbf --out outputs/groups --threshold 0.4
  gluonfr pack folder outputs/groups/people --out outputs/mine
  gluonfr embed w600k_mbf outputs/groups/people --out outputs/people.npz

PHOTOS is a folder of photographs, with --detect; FACES one of aligned faces, or a rec. Nothing in it is changed. OUT
gets:
  groups.html   the groups as pictures, the largest first
  names.csv     a line for each group: write names into the last column, and give the same command again
  groups.csv    a line for each image: its group, or why it is in none
  people/       a folder for each group, by its name or as group-001, with links to the images, or the faces that were
                cut out: `gluonfr pack folder` and `gluonfr embed` take it

A name goes with the example in its line, so it stays when photographs are added; groups of one name become one person.
Groups are joined as long as the mean cosine between them reaches the threshold: what the card of NET advises
(`gluonfr evaluate --advise --write-card`), else measured on the images, and said. Relatives can look like one person;
one person, as a child and grown up, like two. If interrupted, the same command continues.""", 'cluster:cluster')
    parser.add_argument('data', type=user_path, metavar='PHOTOS', help='a folder of photographs or faces, or a rec')
    parser.add_argument('--out', type=user_path, required=True, metavar='DIR', help='folder for the groups')
    add_net(parser, '--net', required=True)
    parser.add_argument('--threshold', type=float, metavar='COSINE',
                        help='mean cosine from which on two groups are one (default: that of the card, else measured)')
    parser.add_argument('--min-images', type=positive, default=2, metavar='N',
                        help='faces that a group must have; the others are alone (default 2)')
    parser.add_argument('--no-progress', action='store_true', help='no progress bar')
    add_faces(parser)
