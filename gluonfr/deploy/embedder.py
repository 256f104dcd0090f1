"""From images to embeddings with a trained net, the one way that evaluation, the command line and users share."""
import logging
import zlib
from collections import deque
from typing import Any, Iterator, Optional, Sequence, Tuple, Union

import mxnet as mx
import numpy as np
from mxnet import nd
from mxnet.gluon import HybridBlock
from tqdm import tqdm

from ..align.photos import find_faces
from ..data.loading import ImageLoader
from ..data.normalize import normalize as normalize_images
from ..metrics.scores import FLIPS
from ..model_zoo.spec import InputSpec
from ..utils.check import check_choice, check_int
from ..utils.files import is_path
from ..utils.messages import error_sentence
from ..utils.types import ArrayLike, PathLike
from .images import Images, image_list, on_host
from .inference import PRECISIONS, Runner
from .load import load_net
from .onnx_net import OnnxNet

__all__ = ['Embedder']

MOST_CALIBRATION = 128


class Embedder:
    """Embeds images of any number with one net: decoding, normalisation, flip and L2 in one place.

    It runs a copy of the net that is made for inference (`fuse`), equal to it but for rounding, on all cores of a CPU
    (`Runner`). The copy has the weights that the net had when the Embedder was made: after more training, say
    `update`. It can be called from several threads at once.

    Parameters
    ----------
    net : HybridBlock or str
        x (B, C, H, W) -> embedding (B, D), or (embedding, pred). Of a `FrBase` with a class layer only the features
        run; a float16 net gets float16 images. A str is what `load_net` takes: a card, the folder of a training, a
        symbol.
    spec : InputSpec or None
        Size, colour order and normalisation of the input; None takes ``net.input_spec``.
    batch_size : int
        Images decoded together and, on a GPU, computed together, >= 1.
    flip : {'none', 'sum', 'concat'}
        'sum' adds the embeddings of image and mirror image, 'concat' puts them side by side (2 D).
    normalize : bool
        Scale each embedding to length 1, after the flip.
    ctx : Context or None
        Where to compute; None for where the net is.
    precision : {'float32', 'bfloat16', 'int8'}
        Of the layers, less than float32 on a CPU only: faster where the processor has instructions for it, with
        embeddings that differ a little.
    calibration : sequence or None
        For 'int8': images as they will come, of any kind that a call takes; the first 128 count. They say which values
        each layer must be able to tell apart.

    Raises
    ------
    ValueError
        For a net without input spec, images of another size than it says, or embeddings that are not finite.

    Examples
    --------
    >>> import numpy as np
    >>> from gluonfr.deploy import Embedder
    >>> embedder = Embedder('lenetplus_arcface')  # comes with gluonfr: digits in the plane
    >>> images = np.zeros((3, 28, 28, 3), 'uint8')
    >>> images[1:, 4:24, 13:16] = 255  # a one, twice
    >>> embeddings = embedder(images)
    >>> embeddings.shape
    (3, 2)
    >>> print('{:.3f}'.format(embeddings[1] @ embeddings[2]))  # the cosine: vectors have length 1
    1.000
    """

    def __init__(self, net: Union[HybridBlock, PathLike], spec: Optional[InputSpec] = None, *, batch_size: int = 64,
                 flip: str = 'none', normalize: bool = True, ctx: Optional[mx.Context] = None,
                 precision: str = 'float32', calibration: Optional[Sequence] = None):
        net = load_net(net, ctx=ctx) if is_path(net) else net
        if not isinstance(net, HybridBlock):
            raise TypeError('Embedder: net must be a HybridBlock or what load_net takes, got {}.'.format(
                type(net).__name__))
        self.spec = spec or getattr(net, 'input_spec', None)
        if not isinstance(self.spec, InputSpec):
            raise ValueError('Embedder: {} has no input_spec: give spec=InputSpec(...).'.format(type(net).__name__))
        self.net = net
        self.batch_size = check_int('Embedder', 'batch_size', batch_size, 1)
        self.flip = check_choice('Embedder', 'flip', flip, FLIPS)
        self.normalize = normalize
        self._ctx = ctx
        self.precision = check_choice('Embedder', 'precision', precision, PRECISIONS)
        self._caution = getattr(net, 'caution', None)  # said once, at the first images
        self._calibration = None
        if precision == 'int8':
            if calibration is None or not len(calibration):
                raise ValueError("Embedder: precision 'int8' needs calibration=, some images as they will come.")
            self._calibration = self._normalized(calibration)
        self.update()

    def update(self) -> None:
        """Take the weights that the net has now."""
        net = self.net.features if getattr(self.net, 'need_cls_layer', False) else self.net
        params = list(net.collect_params().values())
        if any(param._deferred_init for param in params):
            net(nd.zeros((1,) + self.spec.shape, ctx=params[0].list_ctx()[0]))
        if isinstance(net, OnnxNet):
            if self.precision != 'float32':
                raise ValueError('Embedder: precision must be float32 for an ONNX model, got {}.'.format(
                    self.precision))
            self._runner = net
        else:
            try:
                self._runner = Runner(net, self.spec.shape, self._ctx, self.precision, self._calibration)
            except mx.MXNetError as error:
                raise ValueError('Embedder: {} does not run on images {}: {}'.format(
                    type(net).__name__, self.spec.shape, error_sentence(error))) from error

    def __call__(self, images: Any, progress: Union[bool, str] = False, *, detect: Any = None) -> np.ndarray:
        """Embed images.

        Parameters
        ----------
        images : sequence, or one image
            uint8 (H, W, 3) RGB arrays, of NumPy or MXNet (`mx.image.imread`), images of Pillow, or paths of image
            files; an array (N, H, W, 3); or a dataset with ``read(i) -> (image, label)`` such as `RecordDataset` and
            `FolderDataset`.
        progress : bool or str
            Show a progress bar, with this text.
        detect : str, Detector, Finder or None
            The images are paths or arrays of photographs: find their faces with this detector ('yunet' or 'mtcnn', see
            `gluonfr.align`), the largest in each, and align them. None: they are aligned already.

        Returns
        -------
        numpy.ndarray, float32, (N, D), or (N, 2 D) with flip 'concat'

        Raises
        ------
        FaceError
            A photograph cannot be read or shows no face; with its path.
        """
        if detect is not None:
            images = find_faces([on_host(photo) for photo in image_list(images)], detect, self.spec.size)
        parts = [part for _, part in self.batches(images, progress=progress)]
        if parts:
            return np.concatenate(parts)
        width = (self.spec.embedding_size or 0) * (2 if self.flip == 'concat' else 1)
        return np.zeros((0, width), 'float32')

    def batches(self, images: Any, start: int = 0,
                progress: Union[bool, str] = False) -> Iterator[Tuple[int, np.ndarray]]:
        """Yield (position of the first image, embeddings (b, D)) batch by batch, from image `start` on.

        What was embedded already can be left out by `start`: a multiple of the batch size, or all images.
        """
        dataset = Images(images, self.spec.size)
        count = len(dataset)
        check_int('Embedder', 'start', start, 0, count)
        if start % self.batch_size and start < count:
            raise ValueError('Embedder: start must be a multiple of batch_size {}, got {}.'.format(
                self.batch_size, start))
        if start == count:
            return
        if self._caution:
            logging.getLogger('gluonfr').warning('%s', self._caution)
            self._caution = None
        size = min(self.batch_size, count)
        loader = ImageLoader(dataset, size, spec=self.spec, workers=0 if count == size else None)
        with tqdm(total=count, initial=start, unit='image', disable=not progress,
                  desc=progress if isinstance(progress, str) else 'embed') as bar:
            for part in _one_ahead(self._submit(x.asnumpy()) for x, _ in loader.batches(0, start // size)):
                embeddings = self._finish(part(), start)
                yield start, embeddings
                start += len(embeddings)
                bar.update(len(embeddings))

    def forward(self, x: ArrayLike) -> np.ndarray:
        """Embeddings of images that are normalised already, without flip.

        Parameters
        ----------
        x : numpy.ndarray or NDArray, float32, (B, C, H, W)

        Returns
        -------
        numpy.ndarray, float32, (B, D)
        """
        x = x.asnumpy() if isinstance(x, nd.NDArray) else np.asarray(x, 'float32')
        if x.ndim != 4 or x.shape[1:] != self.spec.shape or not len(x):
            raise ValueError('Embedder.forward: x must be images (B, {}, {}, {}), got {}.'.format(
                *self.spec.shape, x.shape))
        return self._finish(self._runner.submit(x)(), 0)

    def fingerprint(self) -> int:
        """A number that changes with the weights, to tell whether saved embeddings are this net's."""
        value = self.net.crc if isinstance(self.net, OnnxNet) else 0
        for param in self.net.collect_params().values():
            value = zlib.crc32(param.data(param.list_ctx()[0]).asnumpy().tobytes(), value)
        return value

    def _normalized(self, images):
        """The first images as the net takes them."""
        dataset = Images(images, self.spec.size)
        count = min(MOST_CALIBRATION, len(dataset))
        return normalize_images(np.stack([dataset.read(i)[0] for i in range(count)]), self.spec)

    def _submit(self, x):
        """Start on a batch; returns a function that waits for its embeddings, the flip included."""
        outs = [self._runner.submit(view) for view in ([x] if self.flip == 'none' else [x, x[:, :, :, ::-1]])]
        if self.flip == 'sum':
            return lambda: outs[0]() + outs[1]()
        return lambda: np.concatenate([out() for out in outs], axis=1)

    def _finish(self, embeddings, begin):
        bad = ~np.isfinite(embeddings).all(axis=1)
        if bad.any():
            raise ValueError('Embedder: embeddings must be finite, got NaN or infinity for image {}. Were the weights '
                             'loaded, and is the normalisation that of the training?'.format(
                                 begin + int(np.argmax(bad))))
        if not self.normalize:
            return embeddings
        return embeddings / np.maximum(np.linalg.norm(embeddings, axis=1, keepdims=True), 1e-12)


def _one_ahead(items):
    """Yield what an iterator gives, each item when the next one has been asked for."""
    waiting = deque()
    for item in items:
        waiting.append(item)
        if len(waiting) > 1:
            yield waiting.popleft()
    yield from waiting
