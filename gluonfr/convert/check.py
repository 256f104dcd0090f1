"""Whether a network gives the embeddings of what it came from, or of what it became."""
import numpy as np
from mxnet import nd

from ..data.image import resize
from ..data.normalize import check_spec, normalize
from ..data.opening import open_dataset
from ..data.synthetic import SyntheticFaces
from ..deploy.images import Images
from ..graph.convert_error import ConvertError
from ..metrics.scores import FLIPS
from ..utils.check import check_choice
from ..utils.precision import is_half
from ..utils.vectors import unit_rows

__all__ = ['Reference', 'check_equal', 'check_runs', 'drawn_faces', 'given_images']

TOLERANCE = 1e-4  # largest difference of two embeddings of length 1, in any of their values
MOST = 64  # of the given images


def _noise(size, count=4, seed=0):
    """Images of noise, uint8 (N, H, W, 3)."""
    return np.random.RandomState(seed).randint(0, 256, (count,) + tuple(size) + (3,)).astype('uint8')


def drawn_faces(size, count):
    """Drawn faces of different people, uint8 (N, H, W, 3)."""
    faces = SyntheticFaces(count, 1, size=max(32, *size))
    return np.stack([resize(faces.read(i)[0], size) for i in range(count)])


def given_images(images, size):
    """Up to 64 images from a place or a sequence, uint8 (N, H, W, 3).

    Raises
    ------
    ValueError
        They are not of that size, or there are none.
    """
    if isinstance(images, str):
        images = open_dataset(images)
    images = Images(images, size)
    if not len(images):
        raise ValueError('convert: images must be at least one, got none.')
    return np.stack([images.read(i)[0] for i in np.unique(np.linspace(0, len(images) - 1, MOST).astype(int))])


def check_equal(native, original, images=None):
    """Compare a network with its source.

    Parameters
    ----------
    native : HybridBlock
        With input_spec; it runs as in training, but in inference, layer by layer.
    original : Embedder or None
        Of the source, with normalize=True; None if it cannot run here.
    images : uint8 array (N, H, W, 3), or None
        To compare on, besides four images of noise and four drawn faces.

    Returns
    -------
    dict or None
        For the card: max_abs_diff, of the embeddings at length 1, and images, on what.

    Raises
    ------
    ConvertError
        They differ by more than 1e-4, or embeddings are not finite.
    """
    size = native.input_spec.size
    parts = [_noise(size), drawn_faces(size, 4)] + ([] if images is None else [images])
    worst = 0.0
    for part in parts:
        rows = [native(nd.array(normalize(image[None], native.input_spec))).asnumpy() for image in part]
        ours = np.concatenate(rows)
        if not np.isfinite(ours).all():
            raise ConvertError('embeddings are not finite after the conversion: are the weights damaged, and is spec '
                               'the input of this network?')
        if original is not None:
            ours = unit_rows(ours)
            theirs = original(part)
            if theirs.shape != ours.shape:
                raise ConvertError('embeddings must be {} values, got {} from the source.'.format(
                    ours.shape[1], theirs.shape[1]))
            worst = max(worst, float(np.abs(ours - theirs).max()))
    if original is None:
        return None
    if worst > TOLERANCE:
        raise ConvertError('embeddings of the source and after the conversion differ by {:.3g}; at most {:g} is '
                           'allowed.'.format(worst, TOLERANCE))
    kinds = ['4 of noise', '4 drawn faces'] + (['{} given'.format(len(images))] if images is not None else [])
    return {'max_abs_diff': worst, 'images': kinds}


def check_runs(original, images=None):
    """Raise a ConvertError unless a source gives finite embeddings."""
    size = original.spec.size
    try:
        for part in [_noise(size), drawn_faces(size, 4)] + ([] if images is None else [images]):
            original(part)
    except ValueError as error:
        raise ConvertError('the source cannot embed: {}'.format(error)) from error


class Reference:
    """What a network makes of random images, to compare the exported one with."""

    def __init__(self, owner, net, normalise=False, flip='none', l2=False, spec=None):
        self.spec = check_spec(owner, spec or getattr(net, 'input_spec', None))
        check_choice(owner, 'flip', flip, FLIPS)
        if is_half(net):
            raise ValueError("{}: the network must be float32, got float16. Say net.cast('float32').".format(owner))
        self._owner, self._net, self._normalise, self._flip, self._l2 = owner, net, normalise, flip, l2
        params = list(net.collect_params().values())
        if not params:
            raise ValueError('{}: the network must have weights in MXNet, {} has none.'.format(
                owner, type(net).__name__))
        self._ctx = params[0].list_ctx()[0]
        self._embed(np.zeros((1,) + self.spec.shape, 'float32'))  # fixes shapes that were left to the first batch

    def compare(self, run, count=3):
        """Run another implementation on `count` images; returns the largest difference, if it may be so large."""
        levels = np.random.RandomState(0).randint(0, 256, (count,) + self.spec.shape).astype('float32')
        mean, std = (np.array(values, 'float32').reshape(-1, 1, 1) for values in (self.spec.mean, self.spec.std))
        x = (levels - mean) / std
        views = [self._embed(view) for view in ([x] if self._flip == 'none' else [x, x[..., ::-1]])]
        wanted = np.concatenate(views, axis=1) if self._flip == 'concat' else sum(views)
        found = run(levels if self._normalise else x)
        if found.shape != wanted.shape:
            raise ConvertError('{}: embeddings must be {}, got {}.'.format(self._owner, wanted.shape, found.shape))
        difference = float(np.abs(unit_rows(wanted) - (found if self._l2 else unit_rows(found))).max())
        if not difference <= TOLERANCE:
            raise ConvertError('{}: embeddings must be those of the network within {:g}, got a difference of {:.3g}: '
                               'nothing is written. A network that is not trained can amplify rounding so much.'.format(
                                   self._owner, TOLERANCE, difference))
        return difference

    def _embed(self, x):
        out = self._net(nd.array(x, self._ctx))
        return (out[0] if isinstance(out, (tuple, list)) else out).asnumpy()
