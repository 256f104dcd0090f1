"""From images to embeddings with a trained net, the one way that evaluation, the command line and users share."""
import zlib

import mxnet as mx
import numpy as np
from mxnet import nd
from tqdm import tqdm

from ..data.image_loader import ImageLoader
from ..metrics.scores import FLIPS
from ..model_zoo.spec import InputSpec
from ..utils.check import check_choice, check_int
from ..utils.precision import is_half

__all__ = ['Embedder']


class Embedder:
    """Embeds images of any number with one net: decoding, normalisation, flip and L2 in one place.

    Parameters
    ----------
    net : Block
        x (B, C, H, W) -> embedding (B, D), or (embedding, pred). Of a `FrBase` with a class layer only the features
        run; a float16 net gets float16 images.
    spec : InputSpec or None
        Size, colour order and normalisation of the input; None takes ``net.input_spec``.
    batch_size : int
        Images a step, >= 1. A short last batch is filled up, so that all steps have one size.
    flip : {'none', 'sum', 'concat'}
        'sum' adds the embeddings of image and mirror image, 'concat' puts them side by side (2 D).
    normalize : bool
        Scale each embedding to length 1, after the flip.
    ctx : Context or None
        Where to compute; None for where the net is.

    Raises
    ------
    ValueError
        For a net without input spec, images of another size than it says, or embeddings that are not finite.
    """

    def __init__(self, net, spec=None, *, batch_size=64, flip='none', normalize=True, ctx=None):
        self.spec = spec or getattr(net, 'input_spec', None)
        if not isinstance(self.spec, InputSpec):
            raise ValueError('Embedder: {} has no input_spec: give spec=InputSpec(...).'.format(type(net).__name__))
        self.net = net
        self.batch_size = check_int('Embedder', 'batch_size', batch_size, 1)
        self.flip = check_choice('Embedder', 'flip', flip, FLIPS)
        self.normalize = normalize
        self._ctx = ctx

    def __call__(self, images, progress=False):
        """Embed images.

        Parameters
        ----------
        images : sequence
            uint8 (H, W, 3) RGB arrays, an array (N, H, W, 3), or a dataset with ``read(i) -> (image, label)`` such as
            `RecordDataset` and `FolderDataset`.
        progress : bool or str
            Show a progress bar, with this text.

        Returns
        -------
        numpy.ndarray, float32, (N, D), or (N, 2 D) with flip 'concat'
        """
        parts = [part for _, part in self.batches(images, progress=progress)]
        if parts:
            return np.concatenate(parts)
        width = (self.spec.embedding_size or 0) * (2 if self.flip == 'concat' else 1)
        return np.zeros((0, width), 'float32')

    def batches(self, images, start=0, progress=False):
        """Yield (position of the first image, embeddings (b, D)) batch by batch, from image `start` on.

        What was embedded already can be left out by `start`: a multiple of the batch size, or all images.
        """
        dataset = _Images(images, self.spec.size)
        count = len(dataset)
        check_int('Embedder', 'start', start, 0, count)
        if start % self.batch_size and start < count:
            raise ValueError('Embedder: start must be a multiple of batch_size {}, got {}.'.format(
                self.batch_size, start))
        if start == count:
            return
        size = min(self.batch_size, count)
        loader = ImageLoader(dataset, size, last_batch='pad', spec=self.spec)
        with tqdm(total=count, initial=start, unit='image', disable=not progress,
                  desc=progress if isinstance(progress, str) else 'embed') as bar:
            for x, _ in loader.batches(0, start // size):
                embeddings = self._finish(self._embed(x), start)[:count - start]
                yield start, embeddings
                start += len(embeddings)
                bar.update(len(embeddings))

    def fingerprint(self):
        """A number that changes with the weights, to tell whether saved embeddings are this net's."""
        value = 0
        for param in self.net.collect_params().values():
            value = zlib.crc32(param.data(param.list_ctx()[0]).asnumpy().tobytes(), value)
        return value

    def _embed(self, x):
        # asked anew each time: between two calls the net may have been trained on, or moved
        net = self.net.features if getattr(self.net, 'need_cls_layer', False) else self.net
        contexts = (param.list_ctx()[0] for param in net.collect_params().values())
        x = x.as_in_context(self._ctx or next(contexts, x.context))
        x = x.astype('float16') if is_half(net) else x
        views = [x] if self.flip == 'none' else [x, nd.flip(x, axis=3)]
        with mx.autograd.pause():
            outs = [net(view) for view in views]
        outs = [out[0] if isinstance(out, (tuple, list)) else out for out in outs]
        outs = [out.asnumpy().astype('float32', copy=False) for out in outs]
        if self.flip == 'sum':
            return outs[0] + outs[1]
        return outs[0] if self.flip == 'none' else np.concatenate(outs, axis=1)

    def _finish(self, embeddings, begin):
        bad = ~np.isfinite(embeddings).all(axis=1)
        if bad.any():
            raise ValueError('Embedder: embeddings must be finite, got NaN or infinity for image {}. Were the weights '
                             'loaded, and is the normalisation that of the training?'.format(
                                 begin + int(np.argmax(bad))))
        if not self.normalize:
            return embeddings
        return embeddings / np.maximum(np.linalg.norm(embeddings, axis=1, keepdims=True), 1e-12)


class _Images:
    """Images in memory, or a dataset, whose size is checked with a message that names the file if there is one."""

    def __init__(self, images, size):
        self._images, self._size = images, size
        self._read = getattr(images, 'read', None) or (lambda i: (images[i], 0))

    def __len__(self):
        return len(self._images)

    def read(self, i):
        """Image `i` and its label."""
        image, label = self._read(i)
        if np.shape(image) != self._size + (3,):
            paths = getattr(self._images, 'paths', None)
            raise ValueError('Embedder: images must be RGB of shape {}, got {} for image {}. Bring faces to the size '
                             'and place that the net was trained with.'.format(
                                 self._size + (3,), np.shape(image), paths[i] if paths else i))
        return image, label
