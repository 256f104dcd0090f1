"""Options of `gluonfr embed`."""
from .common import add_command, add_faces, add_net, on_error, user_path

__all__ = ['add_commands']


def add_commands(commands):
    """Add the command."""
    parser = add_command(commands, 'embed', 'write the embeddings of faces to a file', """
example:
  gluonfr embed outputs/mine-run PEOPLE --out outputs/people.npz --flip sum
  gluonfr embed outputs/mine-run PHOTOS --out outputs/photos.npz --detect yunet --on-error skip

DATA is a folder of people (person/image.jpg) or of images, an image, a list file (path<TAB>label) or a train.rec.
outputs/people.npz then holds `embeddings` (N, D), each of length 1, `labels` (N,), -1 if unknown, and `names`
(N,): paths, or keys of a rec. `classes` has the names of the people by label, if there are any, and `net` describes the
network and its input, so that only comparable embeddings are compared. With --out outputs/people.npy the file has only
the embeddings, and people.txt in the same folder the names.
Without --detect or --landmarks the images must be aligned faces of the size that the network takes. With them,
photos.faces.csv has the result for each photograph, the .npz also has `landmarks` (N, 5, 2), and a photograph without
a face is treated like a damaged one.
If interrupted, the same command continues with the images that are missing.""", 'embed:embed')
    add_net(parser)
    parser.add_argument('data', type=user_path, metavar='DATA',
                        help='a folder of people or of images, an image, a list file or a rec')
    parser.add_argument('--out', type=user_path, required=True, metavar='FILE',
                        help='file for the embeddings, .npz or .npy')
    parser.add_argument('--plot', type=user_path, metavar='FILE',
                        help='draw the embeddings of the first ten people into this PNG file')
    on_error(parser)
    parser.add_argument('--no-progress', action='store_true', help='no progress bar')
    add_faces(parser)
