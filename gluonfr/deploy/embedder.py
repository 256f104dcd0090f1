"""From images to embeddings with a trained network, the one way that evaluation, the command line and users share."""
import logging
from collections import deque
from typing import Any, Iterator, Optional, Sequence, Tuple, Union

import numpy as np

from ..align.photos import find_faces
from ..data.input_spec import InputSpec
from ..metrics.scores import FLIPS
from ..utils.check import check_choice, check_int
from ..utils.messages import counted
from ..utils.progress import Bar
from ..utils.types import ArrayLike
from ..utils.vectors import unit_rows
from .engines import ENGINES, PRECISIONS, choose_engine, parse_device
from .images import Images, image_list, normalized_batches, on_host
from .net_files import NetFiles
from .trained_net import TrainedNet

__all__ = ['Embedder']

log = logging.getLogger('gluonfr')


class Embedder:
    """Embeds images of any number with one network: decoding, normalisation, flip and L2 in one place.

    An engine runs a copy of the network that is made for inference, equal to it but for rounding, on all cores of a CPU
    or on a GPU. The copy has the weights that the network had when the Embedder was made: after more training, say
    `update`. It can be called from several threads at once.

    Parameters
    ----------
    net : HybridBlock, str or TrainedNet
        x (B, C, H, W) -> embedding (B, D), or (embedding, pred). Of a `FrBase` with a class layer only the features
        run; a float16 network gets float16 images. A str is what `load_net` takes: a card, the folder of a training, a
        symbol, an ONNX file.
    spec : InputSpec or None
        Size, colour order and normalisation of the input; None takes ``net.input_spec``.
    batch_size : int
        Images decoded together and, on a GPU, computed together, >= 1.
    flip : {'none', 'sum', 'concat'}
        'sum' adds the embeddings of image and mirror image, 'concat' puts them side by side (2 D).
    normalize : bool
        Scale each embedding to length 1, after the flip.
    ctx : Context or None
        Where MXNet computes; None for where the network is.
    precision : {'float32', 'bfloat16', 'int8'}
        Of the layers: faster where the processor has instructions for it, with embeddings that differ a little. The
        engine 'onnxruntime' has no bfloat16; 'int8' of another engine than MXNet is for ONNX files with layers in 8
        bits, which compute so whatever is said here.
    calibration : sequence or None
        For 'int8' by MXNet: images as they will come, of any kind that a call takes; the first 128 count. They say
        which values each layer must be able to tell apart.
    engine : {'auto', 'mxnet', 'onnxruntime', 'openvino'} or None
        What computes. 'auto': the fastest of those installed, by what is measured once for the network, the machine and
        the precision; MXNet where no other is 3 % faster. None: MXNet, whose embeddings are those of earlier versions
        to the bit, and ONNX Runtime for ONNX files and device='cuda'; 'auto' where that is not installed. The first
        time that another engine than MXNet gets a network, its embeddings are compared with MXNet's: they must agree
        within 1e-5.
    device : {'cpu', 'cuda', 'cuda:1', ...} or None
        In place of ctx: a CPU or an NVIDIA GPU. None for where the network is, which for a file is the CPU.

    Attributes
    ----------
    engine, precision, device : str
        What computes, in what, and where.
    spec : InputSpec

    Raises
    ------
    ValueError
        For a network without input spec, images of another size than it says, embeddings that are not finite, or an
        engine that cannot compute here what is asked for.
    ImportError
        What the engine needs is not installed; the message says what to run.

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

    def __init__(self, net: Any, spec: Optional[InputSpec] = None, *, batch_size: int = 64, flip: str = 'none',
                 normalize: bool = True, ctx: Any = None, precision: str = 'float32',
                 calibration: Optional[Sequence] = None, engine: Optional[str] = None, device: Optional[str] = None):
        self._trained = net if isinstance(net, TrainedNet) else TrainedNet(net, ctx, spec)
        self.batch_size = check_int('Embedder', 'batch_size', batch_size, 1)
        self.flip = check_choice('Embedder', 'flip', flip, FLIPS)
        self.normalize = normalize
        check_choice('Embedder', 'precision', precision, PRECISIONS)
        if engine is not None and engine not in ENGINES:
            check_choice('Embedder', 'engine', engine, ['auto'] + ENGINES.names())
        if ctx is not None and device is not None:
            raise ValueError('Embedder: ctx and device must not be given together, got {} and {!r}.'.format(
                ctx, device))
        self._device = None if device is None else parse_device(device)
        self._calibration = calibration
        self.engine, self._engine = choose_engine(engine, self._trained, precision, self._device, calibration)
        self.precision, self.spec = self._engine.precision, self._engine.spec
        self.device = str(self._device or ctx or 'cpu')
        log.debug('engine %s computes in %s on %s', self.engine, self.precision, self.device)
        self._caution = self._trained.caution  # said once, at the first images

    @property
    def net(self) -> Any:
        """The network as a block of MXNet, loaded when it is first asked for."""
        return self._trained.block()

    @property
    def files(self) -> Optional[NetFiles]:
        """Where the network lies, with its card; None of a network in memory."""
        return self._trained.files

    def update(self) -> None:
        """Take the weights that the network has now."""
        self._trained.update()
        self._engine = ENGINES.get(self.engine)(self._trained, self.precision, self._device, self._calibration)

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
            log.warning('%s', self._caution)
            self._caution = None
        batches = normalized_batches(dataset, min(self.batch_size, count), start, self.spec)
        with Bar(total=count, initial=start, unit='image', disable=not progress,
                  desc=progress if isinstance(progress, str) else 'embed') as bar:
            zeros = []
            for part in _one_ahead(map(self._submit, batches)):
                embeddings = self._finish(part(), start)
                zeros += (start + np.flatnonzero(~embeddings.any(axis=1))).tolist()
                yield start, embeddings
                start += len(embeddings)
                bar.update(len(embeddings))
        if zeros:
            log.warning('the embeddings of %s are all zero and like nothing, the first that of image %s. Were the '
                        'weights loaded?', counted(len(zeros), 'image'), dataset.called(zeros[0]))

    def forward(self, x: ArrayLike) -> np.ndarray:
        """Embeddings of images that are normalised already, without flip.

        Parameters
        ----------
        x : numpy.ndarray or NDArray, float32, (B, C, H, W)

        Returns
        -------
        numpy.ndarray, float32, (B, D)
        """
        x = np.asarray(on_host(x), 'float32')
        if x.ndim != 4 or x.shape[1:] != self.spec.shape or not len(x):
            raise ValueError('Embedder.forward: x must be images (B, {}, {}, {}), got {}.'.format(
                *self.spec.shape, x.shape))
        return self._finish(self._engine.submit(x)(), 0)

    def fingerprint(self) -> int:
        """A number that changes with the weights, to tell whether saved embeddings are this network's."""
        return self._trained.fingerprint()

    def _submit(self, x):
        """Start on a batch; returns a function that waits for its embeddings, the flip included."""
        outs = [self._engine.submit(view) for view in ([x] if self.flip == 'none' else [x, x[:, :, :, ::-1]])]
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
        return unit_rows(embeddings)


def _one_ahead(items):
    """Yield what an iterator gives, each item when the next one has been asked for."""
    waiting = deque()
    for item in items:
        waiting.append(item)
        if len(waiting) > 1:
            yield waiting.popleft()
    yield from waiting
