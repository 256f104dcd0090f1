"""Options of `gluonfr embed`."""
from .common import add_command, add_faces, add_net, on_error, user_path

__all__ = ['add_commands']


def add_commands(commands):
    """Add the command."""
    parser = add_command(commands, 'embed', 'write the embeddings of faces to a file', """
example:
  gluonfr embed runs/mine people/ --out people.npz --flip sum
  gluonfr embed runs/mine photos/ --out photos.npz --detect yunet --on-error skip

DATA is a folder of people (person/image.jpg) or of images, an image, a list file (path<TAB>label) or a train.rec.
people.npz then holds `embeddings` (N, D), each of length 1, `labels` (N,), -1 where nothing tells them, and `names`
(N,): paths, or keys of a rec; `classes`, the people by label, as far as they have names, and `net`, what the embeddings
must have in common with others. people.npy would hold the embeddings alone, with the names in people.txt beside it.
Without --detect or --landmarks the images must be aligned to the size of the net. With them photos.faces.csv says what
came of each photograph, the .npz also has `landmarks` (N, 5, 2), and a photograph without a face is as a damaged one.
Killed, the same command goes on with the images that are missing.""", 'embed:embed')
    add_net(parser)
    parser.add_argument('data', type=user_path, metavar='DATA',
                        help='a folder of people or of images, an image, a list file or a rec')
    parser.add_argument('--out', type=user_path, required=True, metavar='FILE',
                        help='file of the embeddings, .npz or .npy')
    parser.add_argument('--plot', type=user_path, metavar='FILE',
                        help='draw the embeddings of the first ten people into this PNG file')
    on_error(parser)
    parser.add_argument('--no-progress', action='store_true', help='no progress bar')
    add_faces(parser)
