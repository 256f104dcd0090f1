"""Options of `gluonfr enrol` and `gluonfr gallery`."""
from .common import SEVERAL, add_command, add_faces, add_net, user_path

__all__ = ['add_commands']


def add_commands(commands):
    """Add both commands."""
    parser = add_command(commands, 'enrol', 'enrol people by their photographs, for search', """
examples:
  gluonfr enrol outputs/gallery --people PEOPLE --net outputs/mine-run
  gluonfr enrol outputs/gallery "Anna Nagy" NEW.jpg OTHER.jpg
  gluonfr search outputs/gallery PHOTO.jpg
  gluonfr gallery list outputs/gallery

The first call makes the folder GALLERY, which remembers network, --flip, --precision, --engine and how faces are
found: later calls, and `gluonfr search`, may leave these options out. Another network, precision or flip is refused. A
photograph of several faces is refused, too, unless --several says which one counts. Each person has one template, the
mean of all photos. An enrolment adds to the files and rewrites nothing; a killed one leaves the gallery as it was, and
the same command continues. Photos are read where they lie, and are not copied.""", 'enrol:enrol')
    parser.add_argument('gallery', type=user_path, metavar='GALLERY', help='folder of the gallery')
    parser.add_argument('name', nargs='?', metavar='NAME', help='who is on the photos, in any script')
    parser.add_argument('photos', nargs='*', type=user_path, metavar='PHOTO', help='photos, or folders of photos')
    parser.add_argument('--people', type=user_path, metavar='DATA',
                        help='many people at once: a folder with a folder of photos for each, a .npz of `gluonfr '
                             'embed`, or another gallery')
    parser.add_argument('--out', type=user_path, metavar='FILE',
                        help='also write what came of each photo to this csv file')
    add_net(parser, '--net')
    add_faces(parser)
    for action in parser._actions:
        if action.dest == 'several':
            action.default = None
            action.help = 'which face counts where a photo shows several: {} (default refuse)'.format(
                ', '.join(kind for kind in SEVERAL if kind != 'all'))
    parser.add_argument('--no-progress', action='store_true', help='no progress bar')

    parser = add_command(commands, 'gallery', 'list who is enrolled in a gallery, or remove somebody', """
examples:
  gluonfr gallery list outputs/gallery
  gluonfr gallery remove outputs/gallery "Anna Nagy" """.rstrip(), 'enrol:run_list')
    kinds = parser.add_subparsers(dest='kind', metavar='KIND', required=True)
    listed = add_command(kinds, 'list', 'list people, and the photos of those who are named', """
examples:
  gluonfr gallery list outputs/gallery
  gluonfr gallery list outputs/gallery "Anna Nagy"

Beside each photo stands its cosine to the template: one far below the others may show somebody else.""",
                         'enrol:run_list')
    removed = add_command(kinds, 'remove', 'remove people, and erase their embeddings', """
example:
  gluonfr gallery remove outputs/gallery "Anna Nagy"

Names and paths of photos stay readable in GALLERY/journal.txt. `gluonfr enrol NEW --people GALLERY` makes a gallery of
those who are left, without any trace of the others.""", 'enrol:run_remove')
    for kind in (listed, removed):
        kind.add_argument('gallery', type=user_path, metavar='GALLERY', help='folder of the gallery')
    listed.add_argument('names', nargs='*', metavar='NAME', help='only these people, with their photos')
    removed.add_argument('names', nargs='+', metavar='NAME', help='who is removed')
